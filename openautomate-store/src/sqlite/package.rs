//! Packages and versions.

use async_trait::async_trait;
use openautomate_core::domain::{Deployment, Package, PackageVersion, Rollout};
use openautomate_core::error::Result;
use openautomate_core::id::{EnvironmentId, PackageId, RolloutId, VersionId};
use openautomate_core::query::{Page, PageRequest, RolloutFilter};
use openautomate_core::store::PackageStore;

use super::SqliteStore;
use crate::driver::{Columns, Pool, Word, query};
use crate::error::{Error, Result as RowResult};
use crate::table::{all, one, page};

#[async_trait]
impl<P: Pool> PackageStore for SqliteStore<P> {
    async fn package(&self, id: PackageId) -> Result<Option<Package>> {
        Ok(one(query("SELECT * FROM packages WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn package_by_name(&self, name: &str) -> Result<Option<Package>> {
        const SELECT: &str = "SELECT * FROM packages WHERE name = ? AND deleted_at IS NULL";
        Ok(one(query(SELECT).bind(name), &self.readers).await?)
    }

    async fn packages(&self, request: PageRequest) -> Result<Page<Package>> {
        const SELECT: &str =
            "SELECT * FROM packages WHERE deleted_at IS NULL AND id < ? ORDER BY id DESC LIMIT ? + 0";
        Ok(page(query(SELECT), request, &self.readers).await?)
    }

    async fn version(&self, id: VersionId) -> Result<Option<PackageVersion>> {
        const SELECT: &str = "SELECT * FROM package_versions WHERE id = ?";
        Ok(one(query(SELECT).bind(id.as_uuid()), &self.readers).await?)
    }

    async fn version_by_number(&self, package: PackageId, number: &str) -> Result<Option<PackageVersion>> {
        const SELECT: &str = "SELECT * FROM package_versions WHERE package_id = ? AND version_number = ?";
        Ok(one(query(SELECT).bind(package.as_uuid()).bind(number), &self.readers).await?)
    }

    async fn active_version(
        &self,
        package: PackageId,
        environment: EnvironmentId,
    ) -> Result<Option<PackageVersion>> {
        const SELECT: &str = "SELECT * FROM package_versions WHERE id = (
            SELECT version_id FROM deployments WHERE package_id = ? AND environment_id = ?)";
        let select = query(SELECT).bind(package.as_uuid()).bind(environment.as_uuid());
        Ok(one(select, &self.readers).await?)
    }

    async fn deployment(&self, package: PackageId, environment: EnvironmentId) -> Result<Option<Deployment>> {
        const SELECT: &str = "SELECT * FROM deployments WHERE package_id = ? AND environment_id = ?";
        let select = query(SELECT).bind(package.as_uuid()).bind(environment.as_uuid());
        Ok(one(select, &self.readers).await?)
    }

    async fn deployments(&self, package: PackageId) -> Result<Vec<Deployment>> {
        const SELECT: &str = "SELECT * FROM deployments WHERE package_id = ? ORDER BY id";
        Ok(all(query(SELECT).bind(package.as_uuid()), &self.readers).await?)
    }

    async fn deployments_in(
        &self,
        environment: EnvironmentId,
        request: PageRequest,
    ) -> Result<Page<Deployment>> {
        const SELECT: &str = "SELECT d.* FROM deployments d JOIN packages p ON p.id = d.package_id
            WHERE d.environment_id = ? AND p.deleted_at IS NULL AND d.id < ? ORDER BY d.id DESC LIMIT ? + 0";
        Ok(page(query(SELECT).bind(environment.as_uuid()), request, &self.readers).await?)
    }

    async fn rollout(&self, id: RolloutId) -> Result<Option<Rollout>> {
        Ok(one(query("SELECT * FROM rollouts WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn rollouts(&self, filter: &RolloutFilter, request: PageRequest) -> Result<Page<Rollout>> {
        const SELECT: &str = "SELECT * FROM rollouts WHERE package_id = coalesce(?, package_id)
            AND environment_id = coalesce(?, environment_id) AND version_id = coalesce(?, version_id)
            AND state = coalesce(?, state) AND id < ? ORDER BY id DESC LIMIT ? + 0";
        let select = query(SELECT)
            .bind(filter.package_id.as_ref().map(PackageId::as_uuid))
            .bind(filter.environment_id.as_ref().map(EnvironmentId::as_uuid))
            .bind(filter.version_id.as_ref().map(VersionId::as_uuid))
            .bind(filter.state.as_ref().map(Word));
        Ok(page(select, request, &self.readers).await?)
    }

    async fn versions(&self, package: PackageId, request: PageRequest) -> Result<Page<PackageVersion>> {
        const SELECT: &str =
            "SELECT * FROM package_versions WHERE package_id = ? AND id < ? ORDER BY id DESC LIMIT ? + 0";
        Ok(page(query(SELECT).bind(package.as_uuid()), request, &self.readers).await?)
    }

    async fn digests(&self, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
        const SELECT: &str =
            "SELECT DISTINCT digest FROM package_versions WHERE digest > ? ORDER BY digest LIMIT ? + 0";
        let select = query(SELECT).bind(after.unwrap_or_default()).bind(i64::from(limit));
        let rows = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        Ok(rows.iter().map(|row| Columns::of(row, "digest").get("digest")).collect::<RowResult<_>>()?)
    }
}
