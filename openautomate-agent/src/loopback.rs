//! The API on this machine that bots of the original template speak to: assets, status, log. Off by default.
//!
//! Its requests carry no token, so any process and any browser on the machine may send them. Therefore:
//! - A request counts only if the kernel says that a process of a run of this agent holds the other end of its
//!   connection. It then speaks for that run and for no other; anybody else gets 403.
//! - It listens on the loopback only, takes no request for another host (DNS rebinding), and none from a
//!   browser.
//! - Connections, headers, bodies and the time of each are bounded.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use openautomate_core::domain::Lease;
use openautomate_core::runner::process::{KNOWS_CLIENTS, Mark, mark_of_client};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::agent::Inner;
use crate::attempt::Attempt;
use crate::error::{Error, Result};

mod route;

/// The port of the original agent; bots have it in their settings.
pub const DEFAULT_PORT: u16 = 8080;

/// Connections at once, of one run and of all strangers together; a further one is closed.
const MAX_CONNECTIONS: usize = 16;
/// How many clients are looked up at once. That takes milliseconds; who comes then waits to be accepted.
const MAX_LOOKUPS: usize = 4;
const MAX_HEADERS: usize = 50;
/// Of the head of a request, in bytes.
const MAX_HEAD: usize = 16 * 1024;
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than the server may take for an asset.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(45);
/// After an error of accepting, as when no descriptors are left.
const REST: Duration = Duration::from_millis(100);

/// The sockets of the API, bound and not yet served.
#[derive(Debug)]
pub(crate) struct Loopback {
    listeners: Vec<StdListener>,
    port: u16,
}

impl Loopback {
    /// Binds `127.0.0.1` and, where there is one, `::1`: bots say `localhost`, and a stranger on the other
    /// address would get what is meant for the agent. Port 0 takes a free one.
    pub(crate) fn bind(port: u16) -> Result<Self> {
        if !KNOWS_CLIENTS {
            let why = io::Error::new(
                io::ErrorKind::Unsupported,
                "on this system it can't be told which run asks; run such bots on Linux",
            );
            return Err(Error::Loopback { port, source: why });
        }
        let failed = |source| Error::Loopback { port, source };
        let first = listener(Ipv4Addr::LOCALHOST.into(), port).map_err(failed)?;
        let port = first.local_addr().map_err(failed)?.port();
        let mut listeners = vec![first];
        match listener(Ipv6Addr::LOCALHOST.into(), port) {
            Ok(second) => listeners.push(second),
            Err(source) if source.kind() == io::ErrorKind::AddrInUse => {
                return Err(Error::Loopback { port, source });
            }
            // This machine has no IPv6.
            Err(_) => {}
        }
        Ok(Self { listeners, port })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Serves until it is dropped.
    pub(crate) async fn serve(&self, agent: &Arc<Inner>) {
        let places = Places::default();
        let listening = self.listeners.iter().filter_map(|listener| {
            let copied = listener.try_clone().and_then(TcpListener::from_std);
            copied.inspect_err(|error| tracing::error!(%error, "the loopback API can't be served")).ok()
        });
        let serving = listening.map(|listener| listen(listener, agent, &places));
        futures_util::future::join_all(serving).await;
    }
}

fn listener(ip: IpAddr, port: u16) -> io::Result<StdListener> {
    let listener = StdListener::bind((ip, port))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Who has how many connections; `None` are the strangers.
#[derive(Clone, Debug, Default)]
struct Places(Arc<Mutex<HashMap<Option<Lease>, usize>>>);

impl Places {
    fn all(&self) -> MutexGuard<'_, HashMap<Option<Lease>, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, so that neither a run nor a stranger can take all of them.
    fn take(&self, whose: Option<Lease>) -> Option<Place> {
        let mut all = self.all();
        let count = all.entry(whose).or_default();
        if *count >= MAX_CONNECTIONS {
            return None;
        }
        *count += 1;
        Some(Place { places: self.clone(), whose })
    }
}

struct Place {
    places: Places,
    whose: Option<Lease>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.places.all();
        if let Some(count) = all.get_mut(&self.whose) {
            *count -= 1;
            if *count == 0 {
                all.remove(&self.whose);
            }
        }
    }
}

async fn listen(listener: TcpListener, agent: &Arc<Inner>, places: &Places) {
    let lookups = Arc::new(Semaphore::new(MAX_LOOKUPS));
    // Dropped with the agent, and all connections with it.
    let mut connections = JoinSet::new();
    loop {
        let Ok(lookup) = Arc::clone(&lookups).acquire_owned().await else { return };
        let accepted = loop {
            tokio::select! {
                accepted = listener.accept() => break accepted,
                Some(_) = connections.join_next() => {}
            }
        };
        match accepted {
            Ok((stream, client)) => {
                let (agent, places) = (Arc::clone(agent), places.clone());
                connections.spawn(async move {
                    let asker = asker(&stream, client, &agent).await;
                    drop(lookup);
                    let Some(_place) = places.take(asker.as_ref().map(|attempt| attempt.lease)) else {
                        return;
                    };
                    let served = tokio::time::timeout(CONNECTION_TIMEOUT, serve(stream, asker, agent)).await;
                    if served.is_err() {
                        tracing::debug!(%client, "a connection to the loopback API took too long");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection to the loopback API can't be taken");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// The running attempt whose process holds the other end.
async fn asker(stream: &TcpStream, client: SocketAddr, agent: &Inner) -> Option<Arc<Attempt>> {
    let found = mark_of_client(client, stream.local_addr().ok()?).await?;
    let mut attempts = agent.attempts().into_iter();
    attempts.find(|attempt| Mark::of(attempt.lease) == found && attempt.takes_slot())
}

/// Serves one request. Each has a connection of its own, so that its client is looked up anew.
async fn serve(stream: TcpStream, asker: Option<Arc<Attempt>>, agent: Arc<Inner>) {
    let Ok(server) = stream.local_addr() else { return };
    let answer = service_fn(|request| {
        let (agent, asker) = (Arc::clone(&agent), asker.clone());
        async move {
            Ok::<_, std::convert::Infallible>(route::answer(request, server.port(), asker, &agent).await)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEAD)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a request to the loopback API came to nothing");
    }
}
