//! What servers on the same data tell each other by way of NATS, beside what the store carries.
//!
//! NATS is believed in nothing here either. An announcement is sealed (XChaCha20-Poly1305) with a key made of the
//! vault's, which servers on the same data share, so nobody else can read one, make one or change one; it names its
//! server, its number and its time, so that one that is said again counts once, and an old one not at all. What does not
//! open costs the time to find that out, and no read. A server that has the key is trusted with hints and nothing more:
//! whoever acts on one looks into the store first, or does what a read would undo, and how many are passed on in a second
//! is bounded; beyond that "look for yourselves" stands for them.
//!
//! An announcement that is lost shows by the number of the next one; those who wait are told then that something was
//! missed. The slow polls find what even that does not tell.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_nats::Subscriber;
use async_trait::async_trait;
use futures_util::StreamExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::{broadcast, mpsc};
use uuid::Uuid;

use super::{NatsLine, NatsSettings};
use crate::changes::Event;
use crate::clock::{Clock, SystemClock, Timestamp};
use crate::error::Result;
use crate::store::PeerStore;
use crate::vault::PeerKey;

/// How many events wait to be announced; what finds no room is told as missed.
const WAITING: usize = 8_192;
/// So many are sealed together.
const AT_ONCE: usize = 512;
/// A larger message is none of ours: an event has less than 300 bytes.
const MAX_MESSAGE: usize = 256 * 1024;
/// How many events a slow subscriber may lag behind before it misses some.
const HEARD: usize = 4_096;
/// How many events are passed on in a second.
const PER_SECOND: u32 = 20_000;
/// An announcement that is older, or comes from so far in the future, is not believed: the clocks of servers agree
/// better.
const FRESH: Duration = Duration::from_secs(60);
/// So many servers are told apart; beyond, all are forgotten and begin anew.
const MAX_SERVERS: usize = 1_024;
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// This server's voice and ear on a NATS. It connects by itself, again and again, until it is dropped.
pub struct NatsPeers {
    announcements: mpsc::Sender<Event>,
    overflown: Arc<AtomicBool>,
    heard: broadcast::Sender<Event>,
}

impl fmt::Debug for NatsPeers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsPeers").finish_non_exhaustive()
    }
}

impl NatsPeers {
    /// Begins to speak and to hear as soon as NATS is reached. Announcements until then are told as missed.
    ///
    /// # Errors
    /// `Invalid` if the settings are no good.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start(settings: NatsSettings, key: PeerKey) -> Result<Self> {
        settings.check()?;
        let (announcements, waiting) = mpsc::channel(WAITING);
        let (overflown, heard) = (Arc::new(AtomicBool::new(false)), broadcast::Sender::new(HEARD));
        let seal =
            Arc::new(Seal { key, subject: format!("{}.peers", settings.prefix), server: Uuid::new_v4() });
        let peers = Self { announcements, overflown: Arc::clone(&overflown), heard: heard.clone() };
        let voice = Voice { seal: Arc::clone(&seal), overflown, number: 0 };
        let ear = Ear { seal, heard, servers: HashMap::new(), second: (Instant::now(), 0) };
        tokio::spawn(run(settings, waiting, voice, ear));
        Ok(peers)
    }
}

#[async_trait]
impl PeerStore for NatsPeers {
    fn announce(&self, event: &Event) {
        if self.announcements.try_send(event.clone()).is_err() {
            self.overflown.store(true, Ordering::Relaxed);
        }
    }

    async fn peer_events(&self) -> Result<Option<broadcast::Receiver<Event>>> {
        Ok(Some(self.heard.subscribe()))
    }
}

/// Until whoever announces is gone.
async fn run(settings: NatsSettings, mut waiting: mpsc::Receiver<Event>, mut voice: Voice, mut ear: Ear) {
    let mut pause = FIRST_PAUSE;
    let line = loop {
        let opening = async {
            let line = NatsLine::open(&settings).await?;
            let messages =
                line.client.subscribe(voice.seal.subject.clone()).await.map_err(super::unreachable)?;
            Ok::<_, crate::Error>((line, messages))
        };
        match tokio::select! { opened = opening => opened, () = voice.waste(&mut waiting) => return } {
            Ok(opened) => break opened,
            Err(error) => tracing::warn!(%error, "other servers are not heard by way of NATS; trying again"),
        }
        tokio::select! { () = tokio::time::sleep(pause) => {}, () = voice.waste(&mut waiting) => return }
        pause = (pause * 2).min(LONGEST_PAUSE);
    };
    // From here on the line comes back by itself, and its subscription with it.
    let (line, messages) = line;
    tracing::info!("other servers are heard by way of NATS");
    tokio::select! {
        () = voice.speak(&line, &mut waiting) => {}
        () = ear.hear(&line, messages) => {}
    }
}

/// An announcement, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Announcement {
    server: Uuid,
    /// 1, 2, 3 … of one server.
    number: u64,
    at: Timestamp,
    /// A newer server may tell of what this one does not know.
    events: Vec<Value>,
}

struct Seal {
    key: PeerKey,
    subject: String,
    server: Uuid,
}

impl Seal {
    fn close(&self, announcement: &Announcement) -> Result<Vec<u8>> {
        let message = serde_json::to_vec(announcement).map_err(super::unreachable)?;
        self.key.seal(&message, self.subject.as_bytes())
    }

    fn open(&self, message: &[u8]) -> Option<Announcement> {
        if message.len() > MAX_MESSAGE {
            return None;
        }
        let opened = self.key.open(message, self.subject.as_bytes())?;
        serde_json::from_slice(opened.expose()).ok()
    }
}

struct Voice {
    seal: Arc<Seal>,
    overflown: Arc<AtomicBool>,
    number: u64,
}

impl Voice {
    /// Takes what is announced while nobody can be told, until nobody announces any more.
    async fn waste(&self, waiting: &mut mpsc::Receiver<Event>) {
        while waiting.recv().await.is_some() {
            self.overflown.store(true, Ordering::Relaxed);
        }
    }

    async fn speak(&mut self, line: &NatsLine, waiting: &mut mpsc::Receiver<Event>) {
        let (mut events, mut state) = (Vec::new(), line.line.clone());
        // What was announced before is told as missed.
        state.mark_changed();
        loop {
            tokio::select! {
                count = waiting.recv_many(&mut events, AT_ONCE) => if count == 0 {
                    return;
                },
                changed = state.changed() => match changed {
                    // What was said around a break may be lost, and nobody would know until the next word.
                    Ok(()) => self.overflown.store(true, Ordering::Relaxed),
                    Err(_) => return,
                },
            }
            if !state.borrow().is_up {
                events.clear();
                self.overflown.store(true, Ordering::Relaxed);
                continue;
            }
            if self.overflown.swap(false, Ordering::Relaxed) {
                events.push(Event::EventsMissed);
            }
            self.number += 1;
            let events = Event::merged(events.drain(..));
            let announcement = Announcement {
                server: self.seal.server,
                number: self.number,
                at: SystemClock.now(),
                events: events.iter().filter_map(|event| serde_json::to_value(event).ok()).collect(),
            };
            let sent = match self.seal.close(&announcement) {
                Ok(sealed) => {
                    let sent = line.client.publish(self.seal.subject.clone(), sealed.into()).await;
                    sent.map_err(super::unreachable)
                }
                Err(error) => Err(error),
            };
            if let Err(error) = sent {
                tracing::warn!(%error, "other servers could not be told by way of NATS; they look by themselves");
                self.overflown.store(true, Ordering::Relaxed);
            }
        }
    }
}

struct Ear {
    seal: Arc<Seal>,
    heard: broadcast::Sender<Event>,
    /// The last number of each server.
    servers: HashMap<Uuid, u64>,
    /// When the present second began, and how many events were passed on in it.
    second: (Instant, u32),
}

impl Ear {
    /// Until NATS lets go of us for good.
    async fn hear(&mut self, line: &NatsLine, mut messages: Subscriber) {
        let mut state = line.line.clone();
        // What was announced before is to be looked for.
        self.tell(Event::EventsMissed);
        loop {
            tokio::select! {
                message = messages.next() => match message {
                    Some(message) => self.take(&message.payload, SystemClock.now()),
                    None => return,
                },
                changed = state.changed() => match changed {
                    // Something may have been said while it was broken.
                    Ok(()) if state.borrow_and_update().is_up => self.tell(Event::EventsMissed),
                    Ok(()) => {}
                    Err(_) => return,
                },
            }
        }
    }

    /// Passes on what a message announces, if another server on the same data sent it, now and for the first time.
    fn take(&mut self, message: &[u8], now: Timestamp) {
        let Some(announcement) = self.seal.open(message) else {
            return tracing::debug!("somebody on NATS says what no server on this data does");
        };
        let Announcement { server, number, at, events } = announcement;
        if server == self.seal.server {
            return;
        }
        if (now - at).abs().to_std().is_ok_and(|age| age > FRESH) {
            return tracing::debug!(%server, "an announcement is not of this minute; are the clocks right?");
        }
        if self.servers.len() >= MAX_SERVERS && !self.servers.contains_key(&server) {
            self.servers.clear();
        }
        let last = self.servers.get(&server).copied();
        if last.is_some_and(|last| number <= last) {
            return tracing::debug!(%server, "an announcement came twice");
        }
        self.servers.insert(server, number);
        if last.is_some_and(|last| number > last + 1) {
            self.tell(Event::EventsMissed);
        }
        for event in events.into_iter().filter_map(|event| serde_json::from_value(event).ok()) {
            self.tell(event);
        }
    }

    /// Passes an event on. When a second is full, the one that finds it so stands for all that follow in it.
    fn tell(&mut self, event: Event) {
        if self.second.0.elapsed() >= Duration::from_secs(1) {
            self.second = (Instant::now(), 0);
        }
        self.second.1 = self.second.1.saturating_add(1);
        let event = match self.second.1 {
            count if count < PER_SECOND => event,
            PER_SECOND => Event::EventsMissed,
            _ => return,
        };
        // An error means that nobody listens.
        let _ = self.heard.send(event);
    }
}

#[cfg(test)]
mod tests;
