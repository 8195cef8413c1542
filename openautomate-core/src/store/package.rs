//! Packages and versions.

use async_trait::async_trait;

use crate::domain::{Deployment, Package, PackageVersion, Rollout};
use crate::error::Result;
use crate::id::{EnvironmentId, PackageId, RolloutId, VersionId};
use crate::query::{Page, PageRequest, RolloutFilter};

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
    /// The active version of a package in an environment.
    async fn active_version(
        &self,
        package: PackageId,
        environment: EnvironmentId,
    ) -> Result<Option<PackageVersion>>;
    /// Which version of a package is the active one of an environment.
    async fn deployment(&self, package: PackageId, environment: EnvironmentId) -> Result<Option<Deployment>>;
    /// The deployments of a package, oldest first; one an environment at most.
    async fn deployments(&self, package: PackageId) -> Result<Vec<Deployment>>;
    /// The deployments to an environment of packages that are not deleted, the one made first being the last.
    async fn deployments_in(&self, environment: EnvironmentId, page: PageRequest)
    -> Result<Page<Deployment>>;
    /// The rollout with this id.
    async fn rollout(&self, id: RolloutId) -> Result<Option<Rollout>>;
    /// Rollouts, newest first.
    async fn rollouts(&self, filter: &RolloutFilter, page: PageRequest) -> Result<Page<Rollout>>;
    /// The versions of a package, newest first.
    async fn versions(&self, package: PackageId, page: PageRequest) -> Result<Page<PackageVersion>>;
    /// The digests of all versions, of deleted packages too: each once, ascending, those after `after`, at most
    /// `limit`.
    async fn digests(&self, after: Option<&str>, limit: u32) -> Result<Vec<String>>;
}
