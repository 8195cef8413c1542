//! Assets.

use async_trait::async_trait;

use crate::domain::Asset;
use crate::error::Result;
use crate::id::{AssetId, EnvironmentId};
use crate::query::{Page, PageRequest};

/// Reads assets. Every method fails with `Unavailable` if the database does not answer, and in no other way.
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait AssetStore {
    /// The asset with this id.
    async fn asset(&self, id: AssetId) -> Result<Option<Asset>>;
    /// The sealed content of an asset that is a file, as it was last written (`read::asset_contents`).
    async fn asset_content(&self, id: AssetId) -> Result<Option<Vec<u8>>>;
    /// The asset with this name in an environment, without regard to ASCII case.
    async fn asset_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<Asset>>;
    /// Assets, newest first; of one environment, or of all.
    async fn assets(&self, environment: Option<EnvironmentId>, page: PageRequest) -> Result<Page<Asset>>;
}
