//! `backup`: a whole installation, while its server goes on.
//!
//! The order is what makes it whole. First a snapshot of the database, then the blobs that *its* rows name, then the keys.
//! Blobs never change, and a row never names one before it is written, so every blob that the snapshot names was there
//! when it was made. One may be gone when it is to be copied, because it was collected meanwhile; but collection takes the
//! row out of use before it removes the blob, so a later snapshot does not name it. Hence, if one is gone that the server's
//! database no longer names: of an uploaded file the row in the snapshot is taken out of use alike; of anything else a new
//! snapshot is taken, and what it names beyond the old one is copied. Keys come last, since a key is in its file before
//! anything is sealed with it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use clap::Args;
use futures_util::TryStreamExt as _;
use indicatif::ProgressBar;
use openautomate_core::blob::{BlobKey, BlobStore, ObjectBlobStore};
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::package::archive::Limits;
use openautomate_core::package::index::PackageIndex;
use openautomate_http::{create_private_dir, create_private_file};
use openautomate_store::StoreOptions;
use openautomate_store::maintenance::{Database, FileKind, KeptVersion, remove_files, snapshot};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use uuid::Uuid;

use crate::blobs::BlobArgs;
use crate::data_dir::DataDir;
use crate::database::DatabaseArgs;
use crate::manifest::{DATABASE, ListWriter, Manifest};
use crate::progress;
use crate::staging::Staging;

const PAGE: u32 = 500;
/// How often a snapshot is taken anew because something was collected meanwhile.
const SNAPSHOTS: u32 = 10;

#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The folder to make; it must not be there yet, or be empty.
    #[arg(long)]
    to: PathBuf,
    /// The data folder.
    #[arg(long, env = "OPENAUTOMATE_DATA_DIR", default_value = "openautomate-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    blobs: BlobArgs,
    /// Puts the keys into it: then it is all that a restore takes, and whoever can read it can read every secret. By
    /// default they are left out, to be kept apart; without a copy of them the values of assets are lost.
    #[arg(long)]
    with_keys: bool,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Makes a backup. Exits with 1 if the installation lacks content that its database names; the backup is made all the
/// same.
pub(crate) async fn backup(args: &BackupArgs) -> anyhow::Result<ExitCode> {
    args.database.check()?;
    if !args.database.is_in_data_dir() {
        bail!(
            "PostgreSQL is backed up by its own tools: pg_dump --schema NAME for the database, and after it a copy of \
             the folders keys and blobs in the data folder"
        );
    }
    let data = DataDir::existing(&args.data_dir)?;
    let (address, options) = args.database.place(Some(&data))?;
    let staging = Staging::begin(&args.to)?;
    let mut backup = Backup {
        address: address.expose().clone(),
        options,
        blobs: args.blobs.open(&data).await?,
        folder: staging.path().to_owned(),
        list: ListWriter::begin(staging.path())?,
        bar: progress::bytes("backing up"),
        missing: Vec::new(),
        removed: Vec::new(),
    };
    let started_at = backup.database_and_blobs().await?;
    if args.with_keys {
        backup.keys(&data).await?;
    }
    let Backup { list, bar, missing, .. } = backup;
    let manifest = list.finish(started_at, args.with_keys)?;
    staging.finish()?;
    bar.finish_and_clear();
    tell(args, &manifest, &missing)?;
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Backup {
    address: String,
    options: StoreOptions,
    blobs: ObjectBlobStore,
    folder: PathBuf,
    list: ListWriter,
    bar: ProgressBar,
    /// What the installation itself lacks.
    missing: Vec<String>,
    /// Uploaded files that were removed after the snapshot.
    removed: Vec<Uuid>,
}

impl Backup {
    /// The database, and every blob that it names. Gives the moment before which all that was acknowledged is in it.
    async fn database_and_blobs(&mut self) -> anyhow::Result<DateTime<Utc>> {
        let path = self.folder.join(DATABASE);
        for _ in 0..SNAPSHOTS {
            let started_at = SystemClock.now();
            snapshot(&self.address, &self.options, &path).await?;
            make_private(&path)?;
            self.missing.clear();
            if self.named_blobs(&path).await? {
                self.list_file(DATABASE).await?;
                return Ok(started_at);
            }
            tracing::info!("something was collected meanwhile; the database is copied anew");
            std::fs::remove_file(&path)?;
        }
        bail!(
            "content was removed faster than it could be copied, {SNAPSHOTS} times; try again at a quieter time"
        )
    }

    /// Copies what a snapshot names. False if some of it was collected meanwhile.
    async fn named_blobs(&mut self, snapshot: &Path) -> anyhow::Result<bool> {
        self.removed.clear();
        let address = snapshot.to_str().context("the path of the backup is no UTF-8; choose another")?;
        let options = StoreOptions::default();
        let mut named = Database::open(address, &options).await?;
        let mut live = Database::open(&self.address, &self.options).await?;
        let is_whole = self.versions(&mut named, &mut live).await?
            && self.files(FileKind::Artifact, &mut named, &mut live).await?
            && self.files(FileKind::Input, &mut named, &mut live).await?
            && self.files(FileKind::Object, &mut named, &mut live).await?
            && self.files(FileKind::Log, &mut named, &mut live).await?;
        named.close().await;
        live.close().await;
        let is_whole = is_whole
            && (self.removed.is_empty() || remove_files(address, &self.removed, SystemClock.now()).await?);
        for beside in ["-wal", "-shm"] {
            // SQLite may leave these, empty, beside what it only read.
            let _ = std::fs::remove_file(self.folder.join(format!("{DATABASE}{beside}")));
        }
        Ok(is_whole)
    }

    async fn versions(&mut self, named: &mut Database, live: &mut Database) -> anyhow::Result<bool> {
        let mut after = Uuid::nil();
        loop {
            let page = named.versions(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(true) };
            after = *last.id.as_uuid();
            for version in &page {
                let missing = self.version(version).await?;
                if missing.is_empty() {
                    continue;
                }
                live.refresh().await?;
                if !live.names_version(version.id).await? {
                    return Ok(false);
                }
                self.missing.extend(missing);
            }
        }
    }

    /// Copies a version's content; gives what of it is missing.
    async fn version(&mut self, version: &KeptVersion) -> anyhow::Result<Vec<String>> {
        let Ok(key) = BlobKey::index(&version.digest) else {
            return Ok(vec![format!("index of {}", version.id)]);
        };
        if !self.blob(&key).await? {
            return Ok(vec![key.to_string()]);
        }
        let bytes = tokio::fs::read(self.place(&key)).await?;
        let Ok(index) = PackageIndex::decode(&bytes, &version.digest, &Limits::default()) else {
            return Ok(vec![format!("{key} (damaged)")]);
        };
        let mut missing = Vec::new();
        for chunk in index.chunks() {
            let key = BlobKey::chunk(&chunk.hash);
            if !self.blob(&key).await? {
                missing.push(key.to_string());
            }
        }
        Ok(missing)
    }

    async fn files(
        &mut self,
        kind: FileKind,
        named: &mut Database,
        live: &mut Database,
    ) -> anyhow::Result<bool> {
        let mut after = Uuid::nil();
        loop {
            let page = named.files(kind, after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(true) };
            after = last.id;
            for file in &page {
                if self.blob(&file.key).await? {
                    continue;
                }
                live.refresh().await?;
                if !live.names_file(kind, file.id).await? {
                    if kind != FileKind::Input {
                        return Ok(false);
                    }
                    self.removed.push(file.id);
                    continue;
                }
                self.missing.push(file.key.to_string());
            }
        }
    }

    /// Copies a blob, unless it was copied before. False if there is none.
    async fn blob(&mut self, key: &BlobKey) -> anyhow::Result<bool> {
        let place = self.place(key);
        if place.exists() {
            return Ok(true);
        }
        let Some(mut body) = self.blobs.get(key).await? else { return Ok(false) };
        create_private_dir(place.parent().unwrap_or(&self.folder))?;
        let mut file = tokio::fs::File::from_std(create_private_file(&place)?);
        let (mut hash, mut bytes) = (Sha256::new(), 0);
        while let Some(part) = body.stream.try_next().await? {
            hash.update(&part);
            bytes += part.len() as u64;
            file.write_all(&part).await?;
            self.bar.inc(part.len() as u64);
        }
        file.sync_all().await?;
        self.list.add(&format!("blobs/{key}"), &hex::encode(hash.finalize()), bytes)?;
        Ok(true)
    }

    fn place(&self, key: &BlobKey) -> PathBuf {
        self.folder.join("blobs").join(key.as_str())
    }

    async fn keys(&mut self, data: &DataDir) -> anyhow::Result<()> {
        create_private_dir(&self.folder.join("keys"))?;
        for path in [data.vault_key(), data.package_key(), data.jwt_key()] {
            let name = path.file_name().and_then(|name| name.to_str()).context("a key has no name")?;
            let text = match tokio::fs::read(&path).await {
                Ok(text) => text,
                // Made by the first start.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error).with_context(|| format!("{} can't be read", path.display())),
            };
            let listed = format!("keys/{name}");
            let mut file = create_private_file(&self.folder.join(&listed))?;
            file.write_all(&text)?;
            file.sync_all()?;
            self.list_file(&listed).await?;
        }
        Ok(())
    }

    /// Lists a file that was written in one go.
    async fn list_file(&mut self, name: &str) -> anyhow::Result<()> {
        let mut file = std::fs::File::open(self.folder.join(name))?;
        let (hash, bytes) = tokio::task::spawn_blocking(move || -> std::io::Result<_> {
            let mut hash = Sha256::new();
            let bytes = std::io::copy(&mut file, &mut hash)?;
            Ok((hash, bytes))
        })
        .await??;
        self.bar.inc(bytes);
        self.list.add(name, &hex::encode(hash.finalize()), bytes)
    }
}

/// SQLite makes its files as the umask says.
#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

/// The access list of the folder decides.
#[cfg(not(unix))]
fn make_private(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

fn tell(args: &BackupArgs, manifest: &Manifest, missing: &[String]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut told = serde_json::to_value(manifest)?;
        told["path"] = json!(args.to.display().to_string());
        told["missing"] = json!(missing);
        writeln!(out, "{told}")?;
        return Ok(());
    }
    let (files, bytes) = (manifest.files, indicatif::HumanBytes(manifest.bytes));
    writeln!(out, "ok: {files} files, {bytes} in {}", args.to.display())?;
    if manifest.keys {
        writeln!(
            out,
            "it holds the keys: whoever can read it can read every secret; keep it as safe as the server"
        )?;
    } else {
        writeln!(
            out,
            "it holds no keys: keep a copy of {} elsewhere, without which it can't be restored",
            args.data_dir.join("keys").display()
        )?;
    }
    for path in missing {
        writeln!(out, "missing in the installation already: {path}")?;
    }
    Ok(())
}
