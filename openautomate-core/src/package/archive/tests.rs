use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::package::assemble::assemble;
use crate::package::chunk;
use crate::package::loaded::LoadedVersion;

mod builder;
mod evil;

use builder::{File as Packed, Zip};

const TOML: &str =
    "[project]\nname = \"bot\"\nversion = \"1.2\"\n[tool.openautomate]\nentrypoint = \"bot.main:run\"\n";

fn check(bytes: &[u8]) -> Result<Checked> {
    Archive::check(Cursor::new(bytes), &Limits::default())
}

fn script() -> Packed {
    Packed::stored("main.py", b"print('hello')\n")
}

fn names_below(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for item in fs::read_dir(next).unwrap() {
            let path = item.unwrap().path();
            names.push(path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/"));
            if path.is_dir() {
                folders.push(path);
            }
        }
    }
    names.sort();
    names
}

/// What becomes of an archive on an agent: cut into chunks, and put together from them.
fn unpack(bytes: &[u8], dest: &Path) -> Result<Checked> {
    let version = LoadedVersion::of(bytes)?;
    let index = PackageIndex::decode(&version.index, &version.digest, &Limits::default())?;
    assemble(&index, dest, |hash| chunk::unpack(hash, &version.chunks(&[*hash])?[0]))?;
    Ok(version.checked)
}

#[test]
fn a_package_is_checked_and_unpacked() {
    let zip = Zip::of([
        Packed::folder("bot/"),
        Packed::stored("bot/main.py", b"def run():\n    pass\n"),
        Packed::deflated("pyproject.toml", TOML.as_bytes()),
        Packed::stored("bot/tool.sh", b"#!/bin/sh\n").with_mode(0o100_755),
        Packed::folder("empty/"),
    ]);
    let bytes = zip.bytes();
    let checked = check(&bytes).unwrap();
    assert_eq!(checked.manifest.name.as_deref(), Some("bot"));
    assert_eq!(checked.manifest.version.as_ref().unwrap().to_string(), "1.2.0");
    let paths: Vec<&str> = checked.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["bot/main.py", "bot/tool.sh", "pyproject.toml"]);
    assert_eq!(checked.unpacked_bytes, 20 + 10 + TOML.len() as u64);

    let version = LoadedVersion::of(&bytes).unwrap();
    assert_eq!(version.checked, checked);
    let packed_otherwise = Zip::of([
        Packed::deflated("bot/main.py", b"def run():\n    pass\n"),
        Packed::stored("bot/tool.sh", b"#!/bin/sh\n").with_mode(0o100_755),
        Packed::stored("pyproject.toml", TOML.as_bytes()),
    ]);
    assert_eq!(LoadedVersion::of(&packed_otherwise.bytes()).unwrap().digest, version.digest);

    let folder = tempfile::tempdir().unwrap();
    let dest = folder.path().join("bot-1.2.0");
    let unpacked = unpack(&bytes, &dest).unwrap();
    assert_eq!(unpacked, checked);
    assert_eq!(names_below(&dest), ["bot", "bot/main.py", "bot/tool.sh", "pyproject.toml"]);
    assert_eq!(fs::read(dest.join("pyproject.toml")).unwrap(), TOML.as_bytes());
    assert_eq!(names_below(folder.path()).len(), 5, "nothing beside it");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| dest.join(name).metadata().unwrap().permissions().mode() & 0o111;
        assert_eq!(mode("bot/main.py"), 0);
        assert_ne!(mode("bot/tool.sh"), 0);
    }
    let again = unpack(&bytes, &dest).unwrap_err();
    assert_eq!(again.code(), "package.exists");
}

#[test]
fn a_file_on_disk_is_read_as_well() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&Zip::of([script()]).bytes()).unwrap();
    assert!(Archive::check(file, &Limits::default()).is_ok());
}

#[test]
fn plain_scripts_need_no_manifest() {
    let checked =
        check(&Zip::of([Packed::stored("nightly.py", b"x"), Packed::stored("data/a.py", b"")]).bytes());
    let checked = checked.unwrap();
    assert_eq!((checked.manifest.name, checked.manifest.version), (None, None));
    assert_eq!(checked.manifest.entrypoint.as_deref(), Some("nightly.py"));
    let both = check(&Zip::of([Packed::stored("a.py", b""), script()]).bytes()).unwrap();
    assert_eq!(both.manifest.entrypoint.as_deref(), Some("main.py"));
    for files in [vec!["a.py", "b.py"], vec!["a.txt"], vec!["x/main.py"]] {
        let zip = Zip::of(files.into_iter().map(|name| Packed::stored(name, b"")));
        assert_eq!(check(&zip.bytes()).unwrap_err().code(), "package.manifest");
    }
}

#[test]
fn a_packed_outer_folder_is_explained() {
    let error = check(&Zip::of([Packed::stored("bot/pyproject.toml", TOML.as_bytes())]).bytes()).unwrap_err();
    assert!(error.message().contains("bot/pyproject.toml"), "{error}");
}

#[test]
fn the_entry_point_must_be_there() {
    let with = |path: &str, source: &str| {
        let toml = Packed::stored("pyproject.toml", TOML.as_bytes());
        check(&Zip::of([toml, Packed::deflated(path, source.as_bytes())]).bytes())
    };
    for path in ["bot/main.py", "src/bot/main.py", "bot/main/__init__.py"] {
        with(path, "async def run(x: int) -> None: ...").unwrap();
    }
    with("bot/main.py", "from .jobs import run").unwrap();
    let missing = with("bot/other.py", "def run(): ...").unwrap_err();
    assert_eq!(missing.code(), "package.entrypoint");
    assert!(missing.message().contains("bot.main:run"), "{missing}");
    let empty = with("bot/main.py", "def walk(): ...").unwrap_err();
    assert_eq!(empty.code(), "package.entrypoint");
    assert!(empty.message().contains("run"), "{empty}");
}

#[test]
fn data_descriptors_are_read_with_and_without_their_signature() {
    for has_signature in [true, false] {
        let file = Packed::deflated("main.py", b"print('hello')\n").with_descriptor(has_signature);
        check(&Zip::of([file, Packed::stored("a.txt", b"x")]).bytes()).unwrap();
    }
}

#[test]
fn archives_of_the_zip_crate_and_a_comment_are_read() {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("main.py", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(b"print()").unwrap();
    writer.set_comment("of a commit").unwrap();
    check(&writer.finish().unwrap().into_inner()).unwrap();
}

#[test]
fn limits_are_kept() {
    let zip = Zip::of([script(), Packed::stored("a/b.txt", &[7; 100])]).bytes();
    let small = Limits::default();
    for (limits, code) in [
        (Limits { packed_bytes: 50, ..small }, "package.too_large"),
        (Limits { unpacked_bytes: 114, ..small }, "package.too_large"),
        (Limits { entries: 1, ..small }, "package.too_many"),
        (Limits { path_bytes: 6, ..small }, "package.path"),
        (Limits { depth: 1, ..small }, "package.path"),
    ] {
        assert_eq!(Archive::check(Cursor::new(&zip), &limits).unwrap_err().code(), code, "{limits:?}");
    }
    let exact = Limits { packed_bytes: zip.len() as u64, unpacked_bytes: 115, entries: 2, ..small };
    Archive::check(Cursor::new(&zip), &exact).unwrap();
}

#[test]
fn a_failed_write_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let zip = Zip::of([script()]).bytes();
    let error = unpack(&zip, &folder.path().join("no/such")).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Internal, "package.io"));
    assert!(names_below(folder.path()).is_empty());
}

#[test]
fn packing_is_deterministic_and_leaves_out_what_is_made() {
    let make = |order: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        for path in order {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"def run(): ...\n").unwrap();
        }
        fs::write(folder.path().join("pyproject.toml"), TOML).unwrap();
        pack(folder.path()).unwrap()
    };
    let kept = ["bot/main.py", "bot/größe.txt", "tests/test_bot.py", ".env.example"];
    let made = ["bot/__pycache__/main.cpython-312.pyc", ".git/HEAD", ".venv/bin/python", "bot/old.pyc"];
    let one = make(&[kept.as_slice(), &made].concat());
    let two = make(&kept.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(one, two);
    let paths: Vec<String> = check(&one).unwrap().files.into_iter().map(|file| file.path).collect();
    assert_eq!(
        paths,
        [".env.example", "bot/größe.txt", "bot/main.py", "pyproject.toml", "tests/test_bot.py"]
    );
}

#[cfg(unix)]
#[test]
fn packing_refuses_links_and_keeps_the_permission_to_execute() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("tool.sh");
    fs::write(&tool, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(folder.path().join("main.py"), "").unwrap();
    let dest = folder.path().join("out");
    let bytes = pack(folder.path()).unwrap();
    unpack(&bytes, &dest).unwrap();
    assert_ne!(dest.join("tool.sh").metadata().unwrap().permissions().mode() & 0o100, 0);
    assert_eq!(dest.join("main.py").metadata().unwrap().permissions().mode() & 0o111, 0);

    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
    assert_eq!(pack(folder.path()).unwrap_err().code(), "package.kind");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn an_altered_archive_is_refused_or_means_the_same(at in 0_usize..400, value: u8) {
        let zip = Zip::of([script(), Packed::deflated("a/b.txt", b"hello hello hello")]).bytes();
        let mut altered = zip.clone();
        let at = at % altered.len();
        altered[at] = value;
        let folder = tempfile::tempdir().unwrap();
        let dest = folder.path().join("out");
        match unpack(&altered, &dest) {
            // Times and the versions of the format carry no meaning here.
            Ok(_) => {
                prop_assert_eq!(fs::read(dest.join("main.py")).unwrap(), b"print('hello')\n");
                prop_assert_eq!(fs::read(dest.join("a/b.txt")).unwrap(), b"hello hello hello");
            }
            Err(error) => {
                prop_assert_eq!(error.kind(), ErrorKind::Invalid);
                prop_assert!(names_below(folder.path()).is_empty());
            }
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(check(&bytes).unwrap_err().kind(), ErrorKind::Invalid);
    }
}
