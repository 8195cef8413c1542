//! Peers: clones share their data in one process, and that process' events reach all of it.

use async_trait::async_trait;
use tokio::sync::broadcast;

use super::MemoryStore;
use crate::changes::Event;
use crate::error::Result;
use crate::store::PeerStore;

#[async_trait]
impl PeerStore for MemoryStore {
    fn announce(&self, _: &Event) {}

    async fn peer_events(&self) -> Result<Option<broadcast::Receiver<Event>>> {
        Ok(None)
    }
}
