//! Packages and versions.

use async_trait::async_trait;
use openautomate_core::domain::{Deployment, Package, PackageVersion, Rollout};
use openautomate_core::error::Result;
use openautomate_core::id::{EnvironmentId, PackageId, RolloutId, VersionId};
use openautomate_core::query::{Page, PageRequest, RolloutFilter};
use openautomate_core::store::PackageStore;

use super::search::searchable;
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Columns, Word, query};
use crate::error::{Error, Result as RowResult};
use crate::table::{all, one, page};

#[async_trait]
impl<P: PostgresDriver> PackageStore for PostgresStore<P> {
    async fn package(&self, id: PackageId) -> Result<Option<Package>> {
        Ok(one(query("SELECT * FROM packages WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn package_by_name(&self, name: &str) -> Result<Option<Package>> {
        const SELECT: &str =
            "SELECT * FROM packages WHERE lower(name) = lower($1 COLLATE \"C\") AND deleted_at IS NULL";
        Ok(one(query(SELECT).bind(searchable(name)), &self.pool).await?)
    }

    async fn packages(&self, request: PageRequest) -> Result<Page<Package>> {
        const SELECT: &str =
            "SELECT * FROM packages WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2";
        Ok(page(query(SELECT), request, &self.pool).await?)
    }

    async fn version(&self, id: VersionId) -> Result<Option<PackageVersion>> {
        const SELECT: &str = "SELECT * FROM package_versions WHERE id = $1";
        Ok(one(query(SELECT).bind(id.as_uuid()), &self.pool).await?)
    }

    async fn version_by_number(&self, package: PackageId, number: &str) -> Result<Option<PackageVersion>> {
        const SELECT: &str = "SELECT * FROM package_versions
            WHERE package_id = $1 AND lower(version_number) = lower($2 COLLATE \"C\")";
        Ok(one(query(SELECT).bind(package.as_uuid()).bind(searchable(number)), &self.pool).await?)
    }

    async fn active_version(
        &self,
        package: PackageId,
        environment: EnvironmentId,
    ) -> Result<Option<PackageVersion>> {
        const SELECT: &str = "SELECT * FROM package_versions WHERE id = (
            SELECT version_id FROM deployments WHERE package_id = $1 AND environment_id = $2)";
        let select = query(SELECT).bind(package.as_uuid()).bind(environment.as_uuid());
        Ok(one(select, &self.pool).await?)
    }

    async fn deployment(&self, package: PackageId, environment: EnvironmentId) -> Result<Option<Deployment>> {
        const SELECT: &str = "SELECT * FROM deployments WHERE package_id = $1 AND environment_id = $2";
        let select = query(SELECT).bind(package.as_uuid()).bind(environment.as_uuid());
        Ok(one(select, &self.pool).await?)
    }

    async fn deployments(&self, package: PackageId) -> Result<Vec<Deployment>> {
        const SELECT: &str = "SELECT * FROM deployments WHERE package_id = $1 ORDER BY id";
        Ok(all(query(SELECT).bind(package.as_uuid()), &self.pool).await?)
    }

    async fn deployments_in(
        &self,
        environment: EnvironmentId,
        request: PageRequest,
    ) -> Result<Page<Deployment>> {
        const SELECT: &str = "SELECT d.* FROM deployments d JOIN packages p ON p.id = d.package_id
            WHERE d.environment_id = $1 AND p.deleted_at IS NULL AND d.id < $2 ORDER BY d.id DESC LIMIT $3";
        Ok(page(query(SELECT).bind(environment.as_uuid()), request, &self.pool).await?)
    }

    async fn rollout(&self, id: RolloutId) -> Result<Option<Rollout>> {
        Ok(one(query("SELECT * FROM rollouts WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn rollouts(&self, filter: &RolloutFilter, request: PageRequest) -> Result<Page<Rollout>> {
        const SELECT: &str = "SELECT * FROM rollouts WHERE package_id = coalesce($1, package_id)
            AND environment_id = coalesce($2, environment_id) AND version_id = coalesce($3, version_id)
            AND state = coalesce($4, state) AND id < $5 ORDER BY id DESC LIMIT $6";
        let select = query(SELECT)
            .bind(filter.package_id.as_ref().map(PackageId::as_uuid))
            .bind(filter.environment_id.as_ref().map(EnvironmentId::as_uuid))
            .bind(filter.version_id.as_ref().map(VersionId::as_uuid))
            .bind(filter.state.as_ref().map(Word));
        Ok(page(select, request, &self.pool).await?)
    }

    async fn versions(&self, package: PackageId, request: PageRequest) -> Result<Page<PackageVersion>> {
        const SELECT: &str =
            "SELECT * FROM package_versions WHERE package_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        Ok(page(query(SELECT).bind(package.as_uuid()), request, &self.pool).await?)
    }

    async fn digests(&self, after: Option<&str>, limit: u32) -> Result<Vec<String>> {
        const SELECT: &str =
            "SELECT DISTINCT digest FROM package_versions WHERE digest > $1 ORDER BY digest LIMIT $2";
        let select = query(SELECT).bind(after.unwrap_or_default()).bind(i64::from(limit));
        let rows = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(|row| Columns::of(row, "digest").get("digest")).collect::<RowResult<_>>()?)
    }
}
