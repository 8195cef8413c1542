//! Writing and deleting assets.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::changes::{Changes, Record, Write};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{
    AllowedPackage, Asset, AssetFile, AssetFormat, AssetKind, check_description, check_file_name, check_name,
};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AssetId, EnvironmentId};
use crate::permission::{Access, Permission};
use crate::secret::Secret;
use crate::vault::{Sealed, Vault};

/// The largest value in bytes.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

/// The most packages that an asset may name.
const MAX_PACKAGES: usize = 100;

/// Which packages may read an asset from now on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AssetReaders {
    /// As before; every package, if it is a new one.
    #[default]
    AsBefore,
    /// Every package that runs in its environment.
    Every,
    /// Those with these names, and no others.
    Packages(Vec<String>),
}

impl AssetReaders {
    fn validate(&self) -> Result<()> {
        match self {
            Self::Packages(names) if names.len() > MAX_PACKAGES => Err(Error::invalid_field(
                "allowedPackages",
                format!("names more than {MAX_PACKAGES} packages"),
            )),
            _ => Ok(()),
        }
    }

    async fn resolve(
        &self,
        context: &CommandContext<'_>,
        before: Option<&Asset>,
    ) -> Result<Option<Vec<AllowedPackage>>> {
        let names = match self {
            Self::AsBefore => return Ok(before.and_then(|asset| asset.allowed_packages.clone())),
            Self::Every => return Ok(None),
            Self::Packages(names) => names,
        };
        let mut allowed: Vec<AllowedPackage> = Vec::with_capacity(names.len());
        for name in names {
            let package = context.store.package_by_name(name).await?.ok_or_else(|| {
                Error::invalid_field("allowedPackages", "names a package that is not there")
            })?;
            if allowed.iter().all(|known| known.id != package.id) {
                allowed.push(AllowedPackage { id: package.id, name: package.name });
            }
        }
        Ok(Some(allowed))
    }
}

/// How the audit names them.
fn readers(allowed: Option<&[AllowedPackage]>) -> Value {
    allowed.map_or(Value::Null, |allowed| allowed.iter().map(|package| package.name.as_str()).collect())
}

/// What the value of a credential must be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Credential {
    username: String,
    password: String,
}

/// Writes an asset: a new one, or a new value of the one with this name.
#[derive(Clone, Debug)]
pub struct PutAsset {
    /// Where it holds; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
    /// The name.
    pub name: String,
    /// Whether people may read it back. It can't become plain once it is secret.
    pub kind: AssetKind,
    /// What the value is.
    pub format: AssetFormat,
    /// The value.
    pub value: Secret<String>,
    /// What it is for.
    pub description: String,
    /// Which packages may read it.
    pub readers: AssetReaders,
    /// Whether an asset with this name is a conflict, rather than given a new value.
    pub create_only: bool,
}

#[async_trait]
impl Command for PutAsset {
    type Output = Asset;
    const NAME: &'static str = "asset.put";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteAssets)
    }

    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_description("description", &self.description)?;
        self.readers.validate()?;
        if self.value.expose().len() > MAX_VALUE_BYTES {
            return Err(Error::invalid_field("value", format!("is longer than {MAX_VALUE_BYTES} bytes")));
        }
        match self.format {
            AssetFormat::Text => Ok(()),
            // The errors of the reader may quote the value.
            AssetFormat::Json => serde_json::from_str::<serde::de::IgnoredAny>(self.value.expose())
                .map(drop)
                .map_err(|_| Error::invalid_field("value", "is not well-formed JSON")),
            AssetFormat::Credential if self.kind == AssetKind::Plain => {
                Err(Error::invalid_field("kind", "is plain, and a credential is always secret; say secret"))
            }
            AssetFormat::File => {
                Err(Error::invalid_field("format", "is file; send the file to /api/assets/file"))
            }
            AssetFormat::Credential => serde_json::from_str::<Credential>(self.value.expose())
                .ok()
                .filter(|held| !held.username.is_empty() && !held.password.is_empty())
                .map(drop)
                .ok_or_else(|| Error::invalid_field("value", "is no object of a username and a password")),
        }
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Asset>> {
        let environment = context.environment(self.environment_id).await?;
        let existing = context.store.asset_by_name(environment.id, &self.name).await?;
        if self.create_only && existing.is_some() {
            let message = "an asset with this name exists in the environment; PUT replaces its value";
            return Err(Error::conflict("name.taken", message));
        }
        if existing.as_ref().is_some_and(|old| old.kind == AssetKind::Secret && self.kind == AssetKind::Plain)
        {
            return Err(Error::conflict(
                "asset.secret",
                "a secret asset can't become a plain one; delete it and make a new one",
            ));
        }
        let (id, created_at, next_revision) = existing.as_ref().map_or_else(
            || (AssetId::new(), context.now, 0),
            |old| (old.id, old.created_at, old.revision + 1),
        );
        let aad = binding(id, environment.id, next_revision);
        let sealed = context.vault.seal(self.value.expose().as_bytes(), &aad)?;
        let had_file = existing.as_ref().is_some_and(|old| old.file.is_some());
        let mut asset = Asset {
            id,
            environment_id: environment.id,
            name: existing.as_ref().map_or_else(|| self.name.clone(), |old| old.name.clone()),
            kind: self.kind,
            format: self.format,
            file: None,
            allowed_packages: self.readers.resolve(context, existing.as_ref()).await?,
            description: self.description.clone(),
            sealed: sealed.to_bytes(),
            updated_by: context.user_id()?,
            created_at,
            updated_at: context.now,
            revision: existing.as_ref().map_or(0, |old| old.revision),
        };
        let record = Record::Asset(asset.clone());
        let mut changes =
            if existing.is_some() { Changes::none().update(record) } else { Changes::none().insert(record) };
        if had_file {
            changes.writes.push(Write::SealAssetContent { id, sealed: None });
        }
        let detail = json!({
            "name": asset.name,
            "environment": environment.name,
            "kind": asset.kind,
            "format": asset.format,
            "allowedPackages": readers(asset.allowed_packages.as_deref()),
        });
        asset.revision = next_revision;
        Ok(Decision::new(changes.audited(context.audit("asset", id, detail)), asset))
    }
}

/// What the seal of a value is bound to: a sealed value that is moved to another row does not open.
pub(crate) fn binding(id: AssetId, environment: EnvironmentId, revision: i64) -> Vec<u8> {
    [b"openautomate-asset-v1".as_slice(), id.as_bytes(), environment.as_bytes(), &revision.to_be_bytes()]
        .concat()
}

/// The value of an asset as it is stored now.
///
/// # Errors
/// `Internal` if the value was altered or the key is another one.
pub(crate) fn open(vault: &Vault, asset: &Asset) -> Result<Secret<String>> {
    let sealed = Sealed::from_bytes(&asset.sealed)?;
    let bytes = vault.open(&sealed, &binding(asset.id, asset.environment_id, asset.revision))?;
    let text = String::from_utf8(bytes.expose().clone());
    text.map(Secret::new).map_err(|_| Error::internal("asset.encoding", "the asset's value is no text"))
}

/// The largest file in bytes.
pub const MAX_FILE_BYTES: usize = 10 * 1024 * 1024;

/// Writes an asset that is a file: a new one, or new content of the one with this name. It is always secret.
#[derive(Clone, Debug)]
pub struct PutAssetFile {
    /// Where it holds; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
    /// The name.
    pub name: String,
    /// The name of the file, by which a run finds it in its folder.
    pub file_name: String,
    /// The content.
    pub content: Secret<Vec<u8>>,
    /// What it is for.
    pub description: String,
    /// Which packages may read it.
    pub readers: AssetReaders,
    /// Whether an asset with this name is a conflict, rather than given new content.
    pub create_only: bool,
}

#[async_trait]
impl Command for PutAssetFile {
    type Output = Asset;
    const NAME: &'static str = "asset.put";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteAssets)
    }

    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_file_name("fileName", &self.file_name)?;
        check_description("description", &self.description)?;
        self.readers.validate()?;
        if self.content.expose().len() > MAX_FILE_BYTES {
            return Err(file_too_large());
        }
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Asset>> {
        let environment = context.environment(self.environment_id).await?;
        let existing = context.store.asset_by_name(environment.id, &self.name).await?;
        if self.create_only && existing.is_some() {
            let message =
                "an asset with this name exists in the environment; replace it, or choose another name";
            return Err(Error::conflict("name.taken", message));
        }
        let (id, created_at, next_revision) = existing.as_ref().map_or_else(
            || (AssetId::new(), context.now, 0),
            |old| (old.id, old.created_at, old.revision + 1),
        );
        let content = self.content.expose();
        // The hash is sealed too: that of a short content would give it away.
        let hash = hex::encode(Sha256::digest(content));
        let sealed = context.vault.seal(hash.as_bytes(), &binding(id, environment.id, next_revision))?;
        let sealed_content =
            context.vault.seal(content, &content_binding(id, environment.id, next_revision))?;
        let mut asset = Asset {
            id,
            environment_id: environment.id,
            name: existing.as_ref().map_or_else(|| self.name.clone(), |old| old.name.clone()),
            kind: AssetKind::Secret,
            format: AssetFormat::File,
            file: Some(AssetFile { name: self.file_name.clone(), size: content.len() as u64 }),
            allowed_packages: self.readers.resolve(context, existing.as_ref()).await?,
            description: self.description.clone(),
            sealed: sealed.to_bytes(),
            updated_by: context.user_id()?,
            created_at,
            updated_at: context.now,
            revision: existing.as_ref().map_or(0, |old| old.revision),
        };
        let record = Record::Asset(asset.clone());
        let mut changes =
            if existing.is_some() { Changes::none().update(record) } else { Changes::none().insert(record) };
        changes.writes.push(Write::SealAssetContent { id, sealed: Some(sealed_content.to_bytes()) });
        let detail = json!({
            "name": asset.name,
            "environment": environment.name,
            "kind": asset.kind,
            "format": asset.format,
            "fileName": self.file_name,
            "size": content.len(),
            "allowedPackages": readers(asset.allowed_packages.as_deref()),
        });
        asset.revision = next_revision;
        Ok(Decision::new(changes.audited(context.audit("asset", id, detail)), asset))
    }
}

/// The error of a file that is larger than an asset may be.
#[must_use]
pub fn file_too_large() -> Error {
    let message = format!("the file is larger than the {MAX_FILE_BYTES} bytes that an asset may have");
    Error::new(ErrorKind::QuotaExceeded, "asset.too_large", message)
}

/// What the seal of a content is bound to.
pub(crate) fn content_binding(id: AssetId, environment: EnvironmentId, revision: i64) -> Vec<u8> {
    [
        b"openautomate-asset-content-v1".as_slice(),
        id.as_bytes(),
        environment.as_bytes(),
        &revision.to_be_bytes(),
    ]
    .concat()
}

/// The content of an asset that is a file, as it is stored now.
///
/// # Errors
/// `Internal` if it was altered, is of another write than the row, or the key is another one.
pub(crate) fn open_file(vault: &Vault, asset: &Asset, sealed: &[u8]) -> Result<Secret<Vec<u8>>> {
    let sealed = Sealed::from_bytes(sealed)?;
    vault.open(&sealed, &content_binding(asset.id, asset.environment_id, asset.revision))
}

/// Deletes an asset.
#[derive(Clone, Debug)]
pub struct DeleteAsset {
    /// Which.
    pub id: AssetId,
}

#[async_trait]
impl Command for DeleteAsset {
    type Output = ();
    const NAME: &'static str = "asset.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteAssets)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let missing = || Error::not_found("asset", self.id);
        let asset = context.store.asset(self.id).await?.ok_or_else(missing)?;
        context.allowed_in(asset.environment_id, missing)?;
        let mut changes = Changes::none();
        changes.writes.push(Write::DeleteAsset { id: asset.id, revision: asset.revision });
        let entry = context.audit("asset", asset.id, json!({"name": asset.name}));
        Ok(Decision::new(changes.audited(entry), ()))
    }
}
