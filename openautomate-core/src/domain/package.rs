//! Packages and their immutable versions.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{PackageId, UserId, VersionId};
use crate::package::manifest::Manifest;

/// An automation package: a name under which versions are published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Package {
    /// The id.
    pub id: PackageId,
    /// The name, unique without regard to case among those not deleted.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Who made it.
    pub creator_id: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it, or one of its versions, was last changed.
    pub updated_at: Timestamp,
    /// When it was deleted; the row stays, since executions name it.
    pub deleted_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

/// One version of a package. Its content never changes; only `is_active` does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageVersion {
    /// The id.
    pub id: VersionId,
    /// Of which package.
    pub package_id: PackageId,
    /// The SemVer number, unique in its package for ever.
    pub version_number: String,
    /// SHA-256 of the archive in hex; names its blob.
    pub digest: String,
    /// The size of the archive in bytes.
    pub size: u64,
    /// What the archive says of itself.
    pub manifest: Manifest,
    /// Whether executions that name no version take this one; at most one of a package is active.
    pub is_active: bool,
    /// Who published it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Raised with each change.
    pub revision: i64,
}
