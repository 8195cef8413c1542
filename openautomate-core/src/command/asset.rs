//! Writing and deleting assets.

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::json;

use crate::changes::{Changes, Record, Write};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Asset, AssetFormat, AssetKind, check_description, check_name};
use crate::error::{Error, Result};
use crate::id::{AssetId, EnvironmentId};
use crate::permission::{Access, Permission};
use crate::secret::Secret;
use crate::vault::{Sealed, Vault};

/// The largest value in bytes.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

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
        let mut asset = Asset {
            id,
            environment_id: environment.id,
            name: existing.as_ref().map_or_else(|| self.name.clone(), |old| old.name.clone()),
            kind: self.kind,
            format: self.format,
            description: self.description.clone(),
            sealed: sealed.to_bytes(),
            updated_by: context.user_id()?,
            created_at,
            updated_at: context.now,
            revision: existing.as_ref().map_or(0, |old| old.revision),
        };
        let record = Record::Asset(asset.clone());
        let changes =
            if existing.is_some() { Changes::none().update(record) } else { Changes::none().insert(record) };
        let detail = json!({"name": asset.name, "environment": environment.name, "kind": asset.kind, "format": asset.format});
        asset.revision = next_revision;
        Ok(Decision::new(changes.audited(context.audit("asset", id, detail)), asset))
    }
}

/// What the seal of a value is bound to: a sealed value that is moved to another row does not open.
fn binding(id: AssetId, environment: EnvironmentId, revision: i64) -> Vec<u8> {
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

/// Checks that the stored value of an asset opens with the keys of the vault, and gives nothing of it away.
///
/// # Errors
/// `Internal` if the value was altered or the key is another one.
pub fn check_opens(vault: &Vault, asset: &Asset) -> Result<()> {
    open(vault, asset).map(drop)
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
        let asset = context.store.asset(self.id).await?.ok_or_else(|| Error::not_found("asset", self.id))?;
        let mut changes = Changes::none();
        changes.writes.push(Write::DeleteAsset { id: asset.id, revision: asset.revision });
        let entry = context.audit("asset", asset.id, json!({"name": asset.name}));
        Ok(Decision::new(changes.audited(entry), ()))
    }
}
