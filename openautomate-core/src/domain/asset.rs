//! Assets: values that automations read by name, plain or secret, one set an environment.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{AssetId, EnvironmentId, PackageId, UserId};

/// Whether people may read the value back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AssetKind {
    /// Shown by the API.
    Plain,
    /// Write-only: only an agent with a live lease reads it.
    Secret,
}

/// What a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AssetFormat {
    /// Any text.
    #[default]
    Text,
    /// JSON text.
    Json,
    /// A user name and a password: a JSON object of `username` and `password`. Always secret.
    Credential,
    /// A file of any bytes. Always secret; a run gets it as a path.
    File,
}

/// What is known of an asset that is a file, beside its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetFile {
    /// Its name: a plain file name, by which a run finds it in its folder.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A package that may read an asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedPackage {
    /// Which. It decides: another package that takes the name later may not.
    pub id: PackageId,
    /// Its name when the asset was written.
    pub name: String,
}

impl Asset {
    /// Whether executions of a package may read it.
    #[must_use]
    pub fn is_open_to(&self, package: PackageId) -> bool {
        let allowed = self.allowed_packages.as_deref();
        allowed.is_none_or(|allowed| allowed.iter().any(|allowed| allowed.id == package))
    }
}

/// An asset. The value of either kind is kept sealed (`crate::vault`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Asset {
    /// The id.
    pub id: AssetId,
    /// Where it holds.
    pub environment_id: EnvironmentId,
    /// The name, unique in its environment.
    pub name: String,
    /// Whether people may read it.
    pub kind: AssetKind,
    /// What the value is.
    pub format: AssetFormat,
    /// The file, if that is its format.
    pub file: Option<AssetFile>,
    /// The packages whose executions may read it; all of the environment without.
    pub allowed_packages: Option<Vec<AllowedPackage>>,
    /// What it is for.
    pub description: String,
    /// The sealed value (`crate::vault::Sealed::to_bytes`); of a file the SHA-256 of its content, which is kept apart.
    /// Never serialized.
    #[serde(skip)]
    pub sealed: Vec<u8>,
    /// Who wrote it last.
    pub updated_by: UserId,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was written last.
    pub updated_at: Timestamp,
    /// Raised with each change; it is bound into the seal.
    pub revision: i64,
}
