//! Assets.

use async_trait::async_trait;
use openautomate_core::domain::Asset;
use openautomate_core::error::Result;
use openautomate_core::id::{AssetId, EnvironmentId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::AssetStore;

use super::SqliteStore;
use super::table::{one, page};

#[async_trait]
impl AssetStore for SqliteStore {
    async fn asset(&self, id: AssetId) -> Result<Option<Asset>> {
        Ok(one(sqlx::query("SELECT * FROM assets WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn asset_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<Asset>> {
        const SELECT: &str = "SELECT * FROM assets WHERE environment_id = ? AND name = ?";
        Ok(one(sqlx::query(SELECT).bind(environment.as_uuid()).bind(name), &self.readers).await?)
    }

    async fn assets(&self, environment: Option<EnvironmentId>, request: PageRequest) -> Result<Page<Asset>> {
        const OF_ALL: &str = "SELECT * FROM assets WHERE id < ? ORDER BY id DESC LIMIT ?";
        const OF_ENVIRONMENT: &str =
            "SELECT * FROM assets WHERE environment_id = ? AND id < ? ORDER BY id DESC LIMIT ?";
        let statement = match environment {
            Some(environment) => sqlx::query(OF_ENVIRONMENT).bind(environment.as_uuid()),
            None => sqlx::query(OF_ALL),
        };
        Ok(page(statement, request, &self.readers).await?)
    }
}
