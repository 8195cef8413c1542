//! What the servers on one schema tell each other, by `NOTIFY` and `LISTEN`.
//!
//! Announcements are gathered by one task and sent together, after the commits that they tell of and not in
//! them: a transaction that notifies holds a lock of the whole database until it is on the disk, so enqueuing
//! would go one by one. What a killed server did not get to announce is found by the slow polls of the others,
//! as is what was said while a connection was lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use openautomate_core::changes::Event;
use openautomate_core::error::Result as CoreResult;
use openautomate_core::store::PeerStore;
use tokio::sync::{Mutex, broadcast, mpsc, oneshot};
use uuid::Uuid;

use super::{Listener as _, PostgresDriver, PostgresStore};
use crate::driver::{Pool, Refusal, query};
use crate::error::{Error, Result};

/// How many events wait to be announced; what finds no room is told as missed.
const WAITING: usize = 8_192;
const AT_ONCE: usize = 1_024;
/// PostgreSQL takes less than 8,000 bytes.
const MAX_PAYLOAD: usize = 7_900;
/// How many events a slow subscriber may lag behind before it misses some.
const HEARD: usize = 4_096;
const REST: Duration = Duration::from_secs(1);

/// This server's voice and ear.
pub(super) struct Peers<P> {
    pool: P,
    channel: Arc<str>,
    /// Tells our own announcements from those of others.
    server: Uuid,
    announcements: mpsc::Sender<Event>,
    overflown: Arc<AtomicBool>,
    heard: broadcast::Sender<Event>,
    /// What keeps the ear open; closed by dropping it.
    ear: Mutex<Option<oneshot::Sender<()>>>,
}

impl<P: PostgresDriver> Peers<P> {
    pub(super) async fn start(pool: &P) -> CoreResult<Self> {
        // By number: a channel's name may be no longer than a schema's. Channels are of the whole database.
        const CHANNEL: &str = "SELECT 'openautomate_' || current_schema()::regnamespace::oid::text AS value";
        let channel: String = query(CHANNEL).fetch_value(pool).await.map_err(Error::from)?;
        let channel: Arc<str> = channel.into();
        let (announcements, waiting) = mpsc::channel(WAITING);
        let overflown = Arc::new(AtomicBool::new(false));
        let server = Uuid::new_v4();
        let voice = Voice {
            pool: pool.clone(),
            channel: Arc::clone(&channel),
            server,
            overflown: Arc::clone(&overflown),
        };
        tokio::spawn(voice.run(waiting));
        let heard = broadcast::Sender::new(HEARD);
        let (pool, ear) = (pool.clone(), Mutex::default());
        Ok(Self { pool, channel, server, announcements, overflown, heard, ear })
    }

    /// Ends the listening.
    pub(super) async fn close(&self) {
        self.ear.lock().await.take();
    }

    /// Begins to listen, unless it does already.
    async fn listen(&self) -> Result<()> {
        let mut ear = self.ear.lock().await;
        // Closed if the listening ended with the connections.
        if ear.as_ref().is_some_and(|open| !open.is_closed()) {
            return Ok(());
        }
        let listener = self.pool.listen(&self.channel).await?;
        let (open, closed) = oneshot::channel();
        let hearing = Hearing {
            pool: self.pool.clone(),
            channel: Arc::clone(&self.channel),
            server: self.server,
            heard: self.heard.clone(),
        };
        tokio::spawn(hearing.run(listener, closed));
        *ear = Some(open);
        Ok(())
    }
}

#[async_trait]
impl<P: PostgresDriver> PeerStore for PostgresStore<P> {
    fn announce(&self, event: &Event) {
        if self.peers.announcements.try_send(event.clone()).is_err() {
            self.peers.overflown.store(true, Ordering::Relaxed);
        }
    }

    async fn peer_events(&self) -> CoreResult<Option<broadcast::Receiver<Event>>> {
        let events = self.peers.heard.subscribe();
        self.peers.listen().await?;
        Ok(Some(events))
    }
}

/// Sends what is announced.
struct Voice<P> {
    pool: P,
    channel: Arc<str>,
    server: Uuid,
    overflown: Arc<AtomicBool>,
}

impl<P: Pool> Voice<P> {
    async fn run(self, mut waiting: mpsc::Receiver<Event>) {
        const NOTIFY: &str = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload";
        let mut events = Vec::new();
        while waiting.recv_many(&mut events, AT_ONCE).await > 0 {
            if self.overflown.swap(false, Ordering::Relaxed) {
                events.push(Event::EventsMissed);
            }
            let payloads = payloads(self.server, Event::merged(events.drain(..)));
            let notify = query(NOTIFY).bind(&*self.channel).bind(payloads);
            match notify.execute(&self.pool).await {
                Ok(_) => {}
                Err(error) if error.refusal() == Refusal::Closed => return,
                Err(error) => {
                    tracing::warn!(%error, "other servers could not be told; they look by themselves");
                    self.overflown.store(true, Ordering::Relaxed);
                }
            }
        }
    }
}

/// As few payloads as hold all events: the server's id, then events in JSON, one a line.
fn payloads(server: Uuid, events: Vec<Event>) -> Vec<String> {
    let mut payloads = Vec::new();
    let mut payload = server.simple().to_string();
    let start = payload.len();
    for event in events {
        let Ok(line) = serde_json::to_string(&event) else { continue };
        if payload.len() + 1 + line.len() > MAX_PAYLOAD {
            let next = payload[..start].to_owned();
            payloads.push(std::mem::replace(&mut payload, next));
        }
        payload.push('\n');
        payload.push_str(&line);
    }
    payloads.push(payload);
    payloads
}

/// Passes on what others announce.
struct Hearing<P> {
    pool: P,
    channel: Arc<str>,
    server: Uuid,
    heard: broadcast::Sender<Event>,
}

impl<P: PostgresDriver> Hearing<P> {
    /// Until the store is dropped or closed.
    async fn run(self, listener: P::Listener, mut closed: oneshot::Receiver<()>) {
        tokio::select! {
            () = self.hear(listener) => {}
            _ = &mut closed => {}
        }
    }

    async fn hear(&self, mut listener: P::Listener) {
        loop {
            match listener.hear().await {
                Ok(Some(payload)) => self.pass_on(&payload),
                // The connection was lost, and there is a new one.
                Ok(None) => self.tell(Event::EventsMissed),
                Err(error) if error.refusal() == Refusal::Closed => return,
                Err(error) => {
                    tracing::warn!(%error, "other servers are not heard; connecting again");
                    drop(listener);
                    let Some(again) = self.connect_again().await else { return };
                    listener = again;
                    self.tell(Event::EventsMissed);
                }
            }
        }
    }

    async fn connect_again(&self) -> Option<P::Listener> {
        loop {
            match self.pool.listen(&self.channel).await {
                Ok(listener) => return Some(listener),
                Err(error) if error.refusal() == Refusal::Closed => return None,
                Err(_) => tokio::time::sleep(REST).await,
            }
        }
    }

    fn pass_on(&self, payload: &str) {
        let mut lines = payload.lines();
        if lines.next().and_then(|id| Uuid::try_parse(id).ok()).is_none_or(|id| id == self.server) {
            return;
        }
        for line in lines {
            // A newer server may tell of what this one does not know.
            if let Ok(event) = serde_json::from_str(line) {
                self.tell(event);
            }
        }
    }

    fn tell(&self, event: Event) {
        // An error means that nobody listens.
        let _ = self.heard.send(event);
    }
}

#[cfg(test)]
mod tests {
    use openautomate_core::id::ExecutionId;

    use super::*;

    #[test]
    fn payloads_are_small_and_whole() {
        let events: Vec<_> =
            (0..500).map(|_| Event::ExecutionPending { execution_id: ExecutionId::new() }).collect();
        let payloads = payloads(Uuid::new_v4(), events.clone());
        assert!(payloads.len() > 2 && payloads.iter().all(|payload| payload.len() <= MAX_PAYLOAD));
        let told = payloads.iter().flat_map(|payload| payload.lines().skip(1));
        let told: Vec<Event> = told.map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(told, events);
    }
}
