//! What belongs to an installation beside its database: keys, and the content that rows name.

use std::collections::HashSet;
use std::path::Path;

use futures_util::TryStreamExt as _;
use openautomate_core::blob::{BlobKey, BlobStore};
use openautomate_core::package::archive::Limits;
use openautomate_core::package::chunk::{self, ChunkHash, MAX_PACKED_BYTES};
use openautomate_core::package::index::{self, PackageIndex};
use openautomate_core::package::signature::{PackageSigner, Statement};
use openautomate_core::service::check_opens;
use openautomate_core::store::SealedKind;
use openautomate_core::vault::Vault;
use openautomate_http::JwtKeys;
use openautomate_store::maintenance::{Check, Database, FileKind, KeptVersion};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::blobs::BlobArgs;
use crate::data_dir::DataDir;
use crate::vault_key::VaultKeyArgs;

const PAGE: u32 = 500;
/// How many files that are assets are looked at at once: each may have 10 MiB.
const FILES: u32 = 4;
const COPY: &str = "put it back from a backup, or restore the whole backup elsewhere and take it from there";

/// Checks the keys and the blobs. With `deep` the content of every blob is read.
pub(crate) async fn check(
    data: &DataDir,
    blobs: &BlobArgs,
    vault_key: &VaultKeyArgs,
    database: &mut Database,
    deep: bool,
) -> anyhow::Result<Vec<Check>> {
    let (keys, vault, signer) = keys(data, vault_key).await;
    let mut checks = vec![private(&data.keys()), keys];
    let known = known_keys(database, vault.as_ref()).await?;
    // With another key nothing opens, which says no more.
    let opened = known.is_ok().then_some(vault.as_ref()).flatten();
    checks.push(known);
    checks.push(sealed(database, opened).await?);
    // A local folder would be made if it were not there.
    let is_there = !blobs.is_in_data_dir() || data.blobs().is_dir();
    let blobs = if is_there { Some(blobs.open(data).await?) } else { None };
    let content = Content { blobs: blobs.as_ref().map(|blobs| blobs as &dyn BlobStore), deep };
    checks.extend(content.versions(database, signer.as_ref()).await?);
    checks.push(content.files(database, FileKind::Artifact).await?);
    checks.push(content.files(database, FileKind::Input).await?);
    checks.push(content.files(database, FileKind::Object).await?);
    checks.push(content.files(database, FileKind::Log).await?);
    Ok(checks)
}

fn private(keys: &Path) -> Check {
    let mut open = Vec::new();
    let files = std::fs::read_dir(keys).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in files.chain([keys.to_owned()]).filter(|path| is_open_to_others(path)) {
        open.push(path.display().to_string());
    }
    Check::new(
        "keys.private",
        "nobody but the user of the server may read the keys",
        "take the rights away (chmod go= on the file), and think about who may have read it",
        open,
    )
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
}

// The access list of the folder decides; it is not looked at.
#[cfg(not(unix))]
fn is_open_to_others(_path: &Path) -> bool {
    false
}

/// The keys are read as a server would, but never made.
async fn keys(data: &DataDir, vault_key: &VaultKeyArgs) -> (Check, Option<Vault>, Option<PackageSigner>) {
    let mut wrong = Vec::new();
    let mut read = |path: &Path, read: &mut dyn FnMut(&Path) -> openautomate_core::Result<()>| {
        let told = if path.is_file() {
            read(path).err().map(|error| error.message().to_owned())
        } else {
            Some(format!("{} is not there", path.display()))
        };
        wrong.extend(told);
    };
    let mut signer = None;
    read(&data.package_key(), &mut |path| PackageSigner::load(path).map(|loaded| signer = loaded));
    read(&data.jwt_key(), &mut |path| JwtKeys::load(path).map(drop));
    let vault = match vault_key.existing(data).await {
        Ok(vault) => Some(vault),
        Err(error) => {
            wrong.push(format!("{error:#}"));
            None
        }
    };
    let check = Check::new(
        "keys.readable",
        "the keys of the vault, of packages and of tokens are there and can be read",
        "put the key back from a backup: a new one can't open what the old one sealed",
        wrong,
    );
    (check, vault, signer)
}

/// Whether the keys are those that the database was sealed with.
async fn known_keys(database: &mut Database, vault: Option<&Vault>) -> anyhow::Result<Check> {
    let mut wrong = Vec::new();
    for key in database.vault_keys().await? {
        let Some(vault) = vault.filter(|vault| vault.ring().contains(key.id)) else { continue };
        wrong.extend(vault.check_mark(key.id, &key.mark).err().map(|error| error.message().to_owned()));
    }
    for count in database.sealed_counts().await? {
        if vault.is_none_or(|vault| !vault.ring().contains(count.key_id)) {
            wrong.push(format!("{} values are under key {}, which is not there", count.values, count.key_id));
        }
    }
    Ok(Check::new(
        "vault.keys",
        "every sealed value names a key that is there, and each key is the one that the database was sealed with",
        "put the key back where it was: into keys/vault.key, the environment, or what the command prints",
        wrong,
    ))
}

/// Whether what is sealed opens. Without the right keys nothing would, which is said elsewhere.
async fn sealed(database: &mut Database, vault: Option<&Vault>) -> anyhow::Result<Check> {
    let mut closed = Vec::new();
    if let Some(vault) = vault {
        for kind in SealedKind::ALL {
            let limit = if kind == SealedKind::AssetContent { FILES } else { PAGE };
            let mut after = Uuid::nil();
            loop {
                let page = database.sealed_values(kind, after, limit).await?;
                let Some(last) = page.last() else { break };
                after = last.id;
                let shut = page.iter().filter(|value| check_opens(vault, value).is_err());
                closed.extend(shut.map(|value| named(kind, value.id)));
            }
        }
    }
    Ok(Check::new(
        "vault.opens",
        "the keys of the vault open every value that is sealed: assets, webhooks' secrets, authenticators'",
        "put the key with which it was sealed back into keys/vault.key; or write the asset again, give the webhook a \
         new secret, and reset the person's authenticator",
        closed,
    ))
}

fn named(kind: SealedKind, id: Uuid) -> String {
    match kind {
        SealedKind::Asset => format!("asset {id}"),
        SealedKind::AssetContent => format!("the content of asset {id}"),
        SealedKind::WebhookSecret => format!("webhook {id}"),
        SealedKind::Authenticator => format!("the authenticator of person {id}"),
    }
}

/// Looks into the blob store.
struct Content<'a> {
    blobs: Option<&'a dyn BlobStore>,
    deep: bool,
}

impl Content<'_> {
    /// The indexes and chunks of versions, and their signatures.
    async fn versions(
        &self,
        database: &mut Database,
        signer: Option<&PackageSigner>,
    ) -> anyhow::Result<Vec<Check>> {
        let (mut unsigned, mut unindexed, mut unchunked) = (Vec::new(), Vec::new(), Vec::new());
        let (mut seen, mut after) = (HashSet::new(), Uuid::nil());
        loop {
            // Each page is of its own moment: a check of much content must not hold a server's old rows.
            database.refresh().await?;
            let page = database.versions(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = *last.id.as_uuid();
            for version in &page {
                unsigned.extend(signature(version, signer));
                let (index, chunks) = self.version(version, &mut seen).await?;
                if index.is_none() && chunks.is_empty() {
                    continue;
                }
                // Collected meanwhile?
                database.refresh().await?;
                if database.names_version(version.id).await? {
                    unindexed.extend(index);
                    unchunked.extend(chunks);
                }
            }
        }
        Ok(vec![
            Check::new(
                "version.signature",
                "the package key of this installation signed every version",
                "put the right keys/package.key back; agents run nothing that another key signed",
                unsigned,
            ),
            Check::new(
                "blob.index",
                "the index of every version is in the blob store, as it was published",
                COPY,
                unindexed,
            ),
            Check::new(
                "blob.chunk",
                "every chunk of every version is in the blob store, as it was published",
                COPY,
                unchunked,
            ),
        ])
    }

    /// What is wrong with the index of a version, or with its chunks.
    async fn version(
        &self,
        version: &KeptVersion,
        seen: &mut HashSet<ChunkHash>,
    ) -> anyhow::Result<(Option<String>, Vec<String>)> {
        let name = format!("version {} ({})", version.id, version.number);
        let Ok(key) = BlobKey::index(&version.digest) else {
            return Ok((Some(format!("{name} has a digest that is none")), Vec::new()));
        };
        let Some(bytes) = self.read(&key, index::MAX_BYTES).await? else {
            return Ok((Some(format!("{name}: {key} is missing")), Vec::new()));
        };
        let Ok(index) = PackageIndex::decode(&bytes, &version.digest, &Limits::default()) else {
            return Ok((Some(format!("{name}: {key} is another one")), Vec::new()));
        };
        let mut wrong = Vec::new();
        for hash in index.chunks().iter().map(|chunk| chunk.hash) {
            if seen.insert(hash) {
                wrong.extend(self.chunk(&hash).await?.map(|what| format!("{name}: {what}")));
            }
        }
        Ok((None, wrong))
    }

    async fn chunk(&self, hash: &ChunkHash) -> anyhow::Result<Option<String>> {
        let key = BlobKey::chunk(hash);
        if !self.deep {
            let is_there = match self.blobs {
                Some(blobs) => blobs.contains(&key).await?,
                None => false,
            };
            return Ok((!is_there).then(|| format!("{key} is missing")));
        }
        let Some(packed) = self.read(&key, MAX_PACKED_BYTES).await? else {
            return Ok(Some(format!("{key} is missing")));
        };
        Ok(chunk::unpack(hash, &packed).is_err().then(|| format!("{key} is damaged")))
    }

    /// A small blob; cut where it is larger than it may be.
    async fn read(&self, key: &BlobKey, most: usize) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(blobs) = self.blobs else { return Ok(None) };
        let Some(mut body) = blobs.get(key).await? else { return Ok(None) };
        let mut content = Vec::new();
        while let Some(part) = body.stream.try_next().await? {
            content.extend_from_slice(&part);
            if content.len() > most {
                break;
            }
        }
        Ok(Some(content))
    }

    /// The files of executions, those that people uploaded, or archived logs.
    async fn files(&self, database: &mut Database, kind: FileKind) -> anyhow::Result<Check> {
        let (mut wrong, mut after) = (Vec::new(), Uuid::nil());
        loop {
            database.refresh().await?;
            let page = database.files(kind, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            for file in &page {
                let Some(what) = self.file(&file.key, file.size, &file.sha256).await? else { continue };
                database.refresh().await?;
                if database.names_file(kind, file.id).await? {
                    wrong.push(format!("{} {what}", file.key));
                }
            }
        }
        let (id, holds) = match kind {
            FileKind::Artifact => {
                ("blob.artifact", "every file that an execution left is there, in its size")
            }
            FileKind::Input => {
                ("blob.input-file", "every uploaded file that was not removed is there, in its size")
            }
            FileKind::Object => {
                ("blob.object", "the content of every object of a bucket is there, in its size")
            }
            FileKind::Log => ("blob.log", "every archived log is there, in its size"),
        };
        Ok(Check::new(id, holds, COPY, wrong))
    }

    async fn file(&self, key: &BlobKey, size: u64, sha256: &str) -> anyhow::Result<Option<String>> {
        let Some(blobs) = self.blobs else { return Ok(Some("is missing".to_owned())) };
        let Some(mut body) = blobs.get(key).await? else { return Ok(Some("is missing".to_owned())) };
        if body.size != size {
            return Ok(Some(format!("has {} bytes and should have {size}", body.size)));
        }
        if !self.deep {
            return Ok(None);
        }
        let mut hash = Sha256::new();
        while let Some(part) = body.stream.try_next().await? {
            hash.update(&part);
        }
        Ok((hex::encode(hash.finalize()) != sha256).then(|| "is damaged: its hash differs".to_owned()))
    }
}

fn signature(version: &KeptVersion, signer: Option<&PackageSigner>) -> Option<String> {
    // Without a key nothing can be said; that it is missing is said elsewhere.
    let signer = signer?;
    let (number, digest) = (version.number.as_str(), version.digest.as_str());
    let statement = Statement::Published { package: version.package_id, version: number, digest };
    let refused = statement.verify(&version.signature, &[signer.public_key()]).err()?;
    Some(format!("version {} ({number}): {}", version.id, refused.message()))
}
