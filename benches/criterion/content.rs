//! How quickly the content of a package is cut and put together, and how much of it a changed line moves.

use std::collections::HashSet;
use std::error::Error;
use std::hint::black_box;
use std::io::{Cursor, Write as _};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openautomate_core::package::archive::Limits;
use openautomate_core::package::assemble::assemble;
use openautomate_core::package::chunk::unpack;
use openautomate_core::package::index::PackageIndex;
use openautomate_core::package::loaded::LoadedVersion;
use zip::write::SimpleFileOptions;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SIZE: usize = 50 * 1024 * 1024;
const MANIFEST: &str =
    "[project]\nname = \"large\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main.py\"\n";

/// Bytes that neither repeat nor compress.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn zipped(model: &[u8]) -> Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let files: [(&str, &[u8]); 3] =
        [("main.py", b"print()\n"), ("model.bin", model), ("pyproject.toml", MANIFEST.as_bytes())];
    for (name, content) in files {
        zip.start_file(name, options)?;
        zip.write_all(content)?;
    }
    Ok(zip.finish()?.into_inner())
}

fn index_of(version: &LoadedVersion) -> Result<PackageIndex> {
    Ok(PackageIndex::decode(&version.index, &version.digest, &Limits::default())?)
}

/// Prints what an agent that has the one version fetches to have the other.
fn report_moved(old: &[u8], new: &[u8]) -> Result<()> {
    let (old, new) = (LoadedVersion::of(old)?, LoadedVersion::of(new)?);
    let known: HashSet<_> = index_of(&old)?.chunks().iter().map(|chunk| chunk.hash).collect();
    let fresh: Vec<_> = index_of(&new)?.chunks().iter().map(|chunk| chunk.hash).collect();
    let fresh: Vec<_> = fresh.into_iter().filter(|hash| !known.contains(hash)).collect();
    let chunks: usize = new.chunks(&fresh)?.iter().map(bytes::Bytes::len).sum();
    let moved = chunks + new.index.len();
    #[expect(clippy::print_stdout, reason = "the figure that was asked for")]
    {
        let share = moved as f64 / SIZE as f64 * 100.0;
        println!(
            "a changed line in 50 MiB moves {moved} bytes, {share:.2} %: index {}, chunks {chunks}",
            new.index.len()
        );
    }
    Ok(())
}

fn content(criterion: &mut Criterion) -> Result<()> {
    let mut model = noise(SIZE);
    let old = zipped(&model)?;
    model.splice(20_000_000..20_000_016, *b"one line that is longer than the old\n");
    report_moved(&old, &zipped(&model)?)?;
    let version = LoadedVersion::of(&old)?;
    let index = index_of(&version)?;
    let mut group = criterion.benchmark_group("content of 50 MiB");
    group.sample_size(10).throughput(Throughput::Bytes(SIZE as u64));
    group.bench_function("check and cut", |bencher| {
        bencher.iter(|| black_box(LoadedVersion::of(&old).is_ok()));
    });
    let folder = tempfile::tempdir()?;
    group.bench_function("put together", |bencher| {
        bencher.iter(|| {
            let dest = folder.path().join("package");
            let made = assemble(&index, &dest, |hash| unpack(hash, &version.chunks(&[*hash])?[0]));
            assert!(made.is_ok() && std::fs::remove_dir_all(dest).is_ok());
        });
    });
    group.finish();
    Ok(())
}

fn benches(criterion: &mut Criterion) {
    content(criterion).unwrap_or_else(|error| panic!("the content can't be measured: {error}"));
}

criterion_group!(group, benches);
criterion_main!(group);
