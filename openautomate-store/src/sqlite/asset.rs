//! Assets.

use async_trait::async_trait;
use openautomate_core::domain::Asset;
use openautomate_core::error::Result;
use openautomate_core::id::{AssetId, EnvironmentId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::AssetStore;

use super::SqliteStore;
use crate::driver::{Pool, query};
use crate::record::asset_content;
use crate::table::{one, page};

#[async_trait]
impl<P: Pool> AssetStore for SqliteStore<P> {
    async fn asset(&self, id: AssetId) -> Result<Option<Asset>> {
        Ok(one(query("SELECT * FROM assets WHERE id = ?").bind(id.as_uuid()), &self.readers).await?)
    }

    async fn asset_content(&self, id: AssetId) -> Result<Option<Vec<u8>>> {
        Ok(asset_content(id, &self.readers).await?)
    }

    async fn asset_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<Asset>> {
        const SELECT: &str = "SELECT * FROM assets WHERE environment_id = ? AND name = ?";
        Ok(one(query(SELECT).bind(environment.as_uuid()).bind(name), &self.readers).await?)
    }

    async fn assets(&self, environment: Option<EnvironmentId>, request: PageRequest) -> Result<Page<Asset>> {
        const OF_ALL: &str = "SELECT * FROM assets WHERE id < ? ORDER BY id DESC LIMIT ? + 0";
        const OF_ENVIRONMENT: &str =
            "SELECT * FROM assets WHERE environment_id = ? AND id < ? ORDER BY id DESC LIMIT ? + 0";
        let statement = match environment {
            Some(environment) => query(OF_ENVIRONMENT).bind(environment.as_uuid()),
            None => query(OF_ALL),
        };
        Ok(page(statement, request, &self.readers).await?)
    }
}
