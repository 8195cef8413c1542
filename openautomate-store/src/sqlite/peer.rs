//! Peers: one process owns the file, so there are none.

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::SqliteStore;
use crate::driver::Pool;
use openautomate_core::changes::Event;
use openautomate_core::error::Result;
use openautomate_core::store::PeerStore;

#[async_trait]
impl<P: Pool> PeerStore for SqliteStore<P> {
    fn announce(&self, _: &Event) {}

    async fn peer_events(&self) -> Result<Option<broadcast::Receiver<Event>>> {
        Ok(None)
    }
}
