//! Peers: one process owns the file, so there are none.

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::SqliteStore;
use openautomate_core::changes::Event;
use openautomate_core::error::Result;
use openautomate_core::store::PeerStore;

#[async_trait]
impl PeerStore for SqliteStore {
    fn announce(&self, _: &Event) {}

    async fn peer_events(&self) -> Result<Option<broadcast::Receiver<Event>>> {
        Ok(None)
    }
}
