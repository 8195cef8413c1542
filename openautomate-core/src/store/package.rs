//! Packages and versions.

use async_trait::async_trait;

use crate::domain::{Package, PackageVersion};
use crate::error::Result;
use crate::id::{PackageId, VersionId};
use crate::query::{Page, PageRequest};

/// Reads packages. Every method fails with `Unavailable` if the database does not answer, and in no other
/// way.
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait PackageStore {
    /// The package with this id, deleted or not.
    async fn package(&self, id: PackageId) -> Result<Option<Package>>;
    /// The package with this name that is not deleted, without regard to ASCII case.
    async fn package_by_name(&self, name: &str) -> Result<Option<Package>>;
    /// Packages that are not deleted, newest first.
    async fn packages(&self, page: PageRequest) -> Result<Page<Package>>;
    /// The version with this id.
    async fn version(&self, id: VersionId) -> Result<Option<PackageVersion>>;
    /// The version of a package with this number, without regard to ASCII case.
    async fn version_by_number(&self, package: PackageId, number: &str) -> Result<Option<PackageVersion>>;
    /// The active version of a package.
    async fn active_version(&self, package: PackageId) -> Result<Option<PackageVersion>>;
    /// The versions of a package, newest first.
    async fn versions(&self, package: PackageId, page: PageRequest) -> Result<Page<PackageVersion>>;
}
