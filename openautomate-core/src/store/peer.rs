//! What servers on the same data tell each other.

use std::fmt::Debug;

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::changes::Event;
use crate::error::Result;

/// Tells the other servers on the same data what became visible here, and hears it of them.
///
/// It makes things quick, not right: an event may be lost with a connection or with the server that had it, so
/// whoever acts on one also looks by himself now and then. And it is a hint: whoever may write to the database
/// may send one, so what it claims is read before something is done that a read would not undo.
///
/// # Contract
/// - What one server announces after its commit the others hear, in its order, if they asked before
///   (`peer::hears_what_others_announce`). It does not hear itself (`peer::does_not_hear_itself`).
/// - `announce` neither waits nor fails. Of the lines of one log the last word may stand for all.
/// - After a gap subscribers hear [`Event::EventsMissed`], or the channel says that they lag.
/// - A store that no other process can work on has no peers: it takes announcements for nothing and gives
///   `None`.
#[async_trait]
pub trait PeerStore {
    /// Tells the others. Called after the commit, for events that
    /// [concern peers](Event::concerns_peers).
    fn announce(&self, event: &Event);

    /// What the others announce from now on.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn peer_events(&self) -> Result<Option<broadcast::Receiver<Event>>>;
}

/// A line to the other servers beside the store, with the same contract.
pub trait PeerLine: PeerStore + Debug + Send + Sync + 'static {}

impl<T: PeerStore + Debug + Send + Sync + 'static> PeerLine for T {}
