//! Packages and their immutable versions.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{PackageId, UserId, VersionId};
use crate::package::manifest::Manifest;
use crate::package::signature::Signed;

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
    /// How many of its executions may be with agents at once in an environment; `None` is no limit.
    #[serde(default)]
    pub max_concurrent: Option<u32>,
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

/// One version of a package. It never changes; where it is the active one, a [`Deployment`](super::Deployment)
/// says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageVersion {
    /// The id.
    pub id: VersionId,
    /// Of which package.
    pub package_id: PackageId,
    /// The SemVer number, unique in its package for ever.
    pub version_number: String,
    /// SHA-256 of the index of its content in hex: the same content has the same, however it was packed.
    pub digest: String,
    /// The bytes of all its files.
    pub size: u64,
    /// What the archive says of itself.
    pub manifest: Manifest,
    /// The repository's signature: this content is this version of this package.
    pub signature: Signed,
    /// An author's signature over the digest, if it came with one.
    pub author: Option<Signed>,
    /// Who published it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Raised with each change.
    pub revision: i64,
}
