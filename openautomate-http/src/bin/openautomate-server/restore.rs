//! `restore`: an installation out of a backup.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail, ensure};
use clap::Args;
use openautomate_http::{create_private_dir, create_private_file};
use openautomate_store::StoreOptions;
use openautomate_store::maintenance::migration_status;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::manifest::{DATABASE, Manifest};
use crate::progress;
use crate::staging::Staging;

const PART: usize = 256 * 1024;

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The folder of the backup.
    #[arg(long)]
    from: PathBuf,
    /// The data folder to make; it must not be there yet, or be empty.
    #[arg(long)]
    data_dir: PathBuf,
    /// The folder of the keys, for a backup that holds none.
    #[arg(long)]
    keys: Option<PathBuf>,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Restores a backup. Every file is compared with its hash while it is copied, and the data folder has its name only
/// after the last of them is on disk.
pub(crate) async fn restore(args: &RestoreArgs) -> anyhow::Result<ExitCode> {
    let manifest = Manifest::read(&args.from)?;
    if !manifest.keys && args.keys.is_none() {
        bail!("the backup holds no keys; give the folder with them by --keys");
    }
    let staging = Staging::begin(&args.data_dir)?;
    let folder = staging.path().to_owned();
    create_private_dir(&folder.join("keys"))?;
    copy_files(args, &manifest, &folder)?;
    if let Some(keys) = args.keys.as_deref().filter(|_| !manifest.keys) {
        copy_keys(keys, &folder)?;
    }
    check_database(&folder).await?;
    staging.finish()?;
    tell(args, &manifest)?;
    Ok(ExitCode::SUCCESS)
}

fn copy_files(args: &RestoreArgs, manifest: &Manifest, folder: &Path) -> anyhow::Result<()> {
    let bar = progress::bytes_of(manifest.bytes, "restoring");
    let (mut files, mut bytes) = (0, 0);
    for listed in Manifest::listed(&args.from)? {
        let listed = listed?;
        let (sha256, size) = copy_file(&args.from.join(&listed.path), &folder.join(&listed.path), &bar)?;
        ensure!(sha256 == listed.sha256, "{} of the backup was altered: its hash differs", listed.path);
        files += 1;
        bytes += size;
    }
    bar.finish_and_clear();
    ensure!(
        files == manifest.files && bytes == manifest.bytes,
        "the backup has {files} files of {bytes} bytes and should have {} of {}",
        manifest.files,
        manifest.bytes
    );
    ensure!(folder.join(DATABASE).is_file(), "the backup holds no database");
    Ok(())
}

/// Copies a file to disk; gives its hash and size.
fn copy_file(from: &Path, to: &Path, bar: &indicatif::ProgressBar) -> anyhow::Result<(String, u64)> {
    let unread = || format!("{} can't be read", from.display());
    let mut source = std::fs::File::open(from).with_context(unread)?;
    create_private_dir(to.parent().context("a file lies in no folder")?)?;
    let mut target = create_private_file(to).with_context(|| format!("{} can't be made", to.display()))?;
    let (mut hash, mut bytes, mut part) = (Sha256::new(), 0, vec![0; PART]);
    loop {
        let count = source.read(&mut part).with_context(unread)?;
        if count == 0 {
            break;
        }
        hash.update(&part[..count]);
        target.write_all(&part[..count])?;
        bytes += count as u64;
        bar.inc(count as u64);
    }
    target.sync_all()?;
    Ok((hex::encode(hash.finalize()), bytes))
}

fn copy_keys(from: &Path, folder: &Path) -> anyhow::Result<()> {
    let hidden = indicatif::ProgressBar::hidden();
    // The keys of a vault may come from elsewhere.
    let names = ["vault.key", "package.key", "jwt.pem"].into_iter();
    for name in names.filter(|name| *name != "vault.key" || from.join(name).exists()) {
        copy_file(&from.join(name), &folder.join("keys").join(name), &hidden)?;
    }
    Ok(())
}

/// Refuses what this version could not start with.
async fn check_database(folder: &Path) -> anyhow::Result<()> {
    let path = folder.join(DATABASE);
    let address = path.to_str().context("the path of the data folder is no UTF-8; choose another")?;
    migration_status(address, &StoreOptions::default()).await?.check()?;
    for beside in ["-wal", "-shm"] {
        // SQLite may leave these, empty, beside what it only read.
        let _ = std::fs::remove_file(folder.join(format!("{DATABASE}{beside}")));
    }
    Ok(())
}

fn tell(args: &RestoreArgs, manifest: &Manifest) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let place = args.data_dir.display();
    if args.json {
        writeln!(
            out,
            "{}",
            json!({"dataDir": place.to_string(), "files": manifest.files, "bytes": manifest.bytes,
            "startedAt": manifest.started_at, "version": manifest.version})
        )?;
    } else {
        writeln!(out, "ok: {} files of {} in {place}", manifest.files, manifest.started_at)?;
        writeln!(out, "next: openautomate-server doctor --deep --data-dir {place}; then start the server")?;
    }
    Ok(())
}
