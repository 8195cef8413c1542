//! Serving a router on a socket: by plain HTTP or by TLS, and against clients that take their time.
//!
//! A client that says nothing holds a connection, and nothing else: each handshake and each request runs in a task of its
//! own, so nobody waits for another one's. What a client may take its time for is bounded by [`ListenOptions`].

mod certificate;
mod patience;
mod self_signed;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use self::patience::Patience;
use crate::middleware::Secured;

pub use certificate::{CertificateFiles, ServerCertificate, TlsError};
pub use self_signed::self_signed_files;

/// The pause after a connection could not be taken because the process has no room for it.
const PAUSE: Duration = Duration::from_secs(1);
/// Room for the head of a request, and for what goes out at once.
const BUFFER: usize = 64 * 1024;

/// What clients may take.
#[derive(Clone, Copy, Debug)]
pub struct ListenOptions {
    /// How long a client may take for the TLS handshake, and again until its first request has come whole but for its
    /// body. Default: 10 seconds (RELIABILITY 7.5).
    pub patience: Duration,
    /// How long a connection may wait for its next request. Default: two minutes, longer than clients keep one, so
    /// that it is they who close it.
    pub idle: Duration,
    /// How long a client may take nothing of what is sent to it. Default: 30 seconds.
    pub stall: Duration,
    /// How many connections there may be; more wait until one ends. Default: 20,000.
    pub connections: usize,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(10),
            idle: Duration::from_secs(120),
            stall: Duration::from_secs(30),
            connections: 20_000,
        }
    }
}

/// Serves a router until `stop` is cancelled, and then what is under way to its end. With `tls`, by TLS alone.
///
/// Requests carry the client's address, as by axum's `into_make_service_with_connect_info::<SocketAddr>()`.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    tls: Option<Arc<ServerConfig>>,
    options: ListenOptions,
    stop: CancellationToken,
) {
    let door = Door { app, tls: tls.map(TlsAcceptor::from), options, stop: stop.clone() };
    let room = Arc::new(Semaphore::new(options.connections));
    let tasks = TaskTracker::new();
    loop {
        let taken = tokio::select! {
            taken = take(&listener, &room) => taken,
            () = stop.cancelled() => break,
        };
        let Some((stream, address, place)) = taken else { continue };
        let door = door.clone();
        tasks.spawn(async move {
            door.let_in(stream, address).await;
            drop(place);
        });
    }
    drop(listener);
    tasks.close();
    tasks.wait().await;
}

/// The next connection, and its place; `None` if there was one that can't be had.
async fn take(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let place = Arc::clone(room).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, address)) => {
            // A small message must not wait for the acknowledgement of the one before, which may take 40 ms.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "a connection sends small messages late");
            }
            Some((stream, address, place))
        }
        Err(error) => {
            use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
            if !matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset) {
                tracing::error!(%error, "no connection can be taken; raise the limit of open files if it lasts");
                tokio::time::sleep(PAUSE).await;
            }
            None
        }
    }
}

#[derive(Clone)]
struct Door {
    app: Router,
    tls: Option<TlsAcceptor>,
    options: ListenOptions,
    stop: CancellationToken,
}

impl Door {
    async fn let_in(self, stream: TcpStream, address: SocketAddr) {
        let stream = Patience::new(stream, self.options.stall);
        let Some(tls) = self.tls.clone() else { return self.speak(stream, address, None).await };
        match tokio::time::timeout(self.options.patience, tls.accept(stream)).await {
            Ok(Ok(stream)) => {
                let certified = stream.get_ref().1.peer_certificates().is_some();
                self.speak(stream, address, Some(Secured { client_certified: certified })).await;
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, client = %shown(address), "a client speaks no TLS of ours");
            }
            Err(_) => tracing::debug!(client = %shown(address), "a client is too slow for TLS"),
        }
    }

    async fn speak<S>(self, stream: S, address: SocketAddr, secured: Option<Secured>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let asked = Arc::new(AtomicBool::new(false));
        let (app, seen) = (self.app, Arc::clone(&asked));
        let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
            seen.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(ConnectInfo(address));
            if let Some(secured) = secured {
                request.extensions_mut().insert(secured);
            }
            app.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.options.idle)
            .max_buf_size(BUFFER)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        let first = tokio::time::sleep(self.options.patience);
        tokio::pin!(first);
        let (mut is_first, mut is_stopping) = (true, false);
        let served = loop {
            tokio::select! {
                served = &mut connection => break served,
                () = &mut first, if is_first => {
                    if !asked.load(Ordering::Relaxed) {
                        return tracing::debug!(client = %shown(address), "a client asked nothing in time");
                    }
                    is_first = false;
                }
                () = self.stop.cancelled(), if !is_stopping => {
                    connection.as_mut().graceful_shutdown();
                    is_stopping = true;
                }
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, client = %shown(address), "a connection ended before its time");
        }
    }
}

fn shown(address: SocketAddr) -> IpAddr {
    address.ip().to_canonical()
}
