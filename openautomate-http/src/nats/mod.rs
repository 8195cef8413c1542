//! Agents that reach the server by way of NATS: what they speak over a socket, through a pipe, in TLS.
//!
//! [`openautomate_core::transport::nats`] has the line, and what others on the same NATS could do. Only what agents
//! call is served there; people and programs come over HTTP.

mod key;

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::Response;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use openautomate_core::Orchestrator;
use openautomate_core::error::Result;
use openautomate_core::transport::nats::{NatsCall, NatsLine, NatsListener, NatsSettings};
use openautomate_core::transport::pipe::PipeSettings;
use tokio::io::DuplexStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::options::HttpOptions;
use crate::router::agent_router;
use crate::state::AppState;

pub use key::ServerKey;

/// How many callers may be about to prove something at once; the others are asked to come back.
const MAX_HANDSHAKES: usize = 256;
/// How many pipes a server has at most.
const MAX_PIPES: usize = 20_000;
/// How long a handshake may take, and the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long NATS may take for the last bytes.
const FAREWELL: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Serves agents by way of NATS until [`HttpOptions::stop`] is cancelled, and then what is under way to its end: for
/// connected agents that is the end of the orchestrator. A NATS that can't be reached is tried again and again.
///
/// # Errors
/// `Invalid` if the settings are no good, `Internal` if the key can't be used. What happens later is logged.
pub async fn serve(
    orchestrator: Orchestrator,
    options: HttpOptions,
    settings: NatsSettings,
    key: &ServerKey,
) -> Result<()> {
    settings.check()?;
    // What TLS to NATS itself is spoken with; an error means that something is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    // There is no proxy on this way, so what a caller says of its address counts for nothing.
    let options = HttpOptions { behind_proxy: false, ..options };
    // Nor is a certificate asked for: the agent's signature inside this TLS tells who it is.
    #[cfg(feature = "server")]
    let options = HttpOptions { agents_need_certificate: false, ..options };
    let stop = options.stop.clone();
    let pipes = PipeSettings {
        ping_every: options.ping_every,
        silence_limit: options.silence_limit,
        ..PipeSettings::default()
    };
    let gate = Gate {
        tls: TlsAcceptor::from(key.tls()?),
        app: agent_router(AppState::new(orchestrator, options)).layer(map_response(last)),
        pipes,
        stop: stop.clone(),
        tasks: TaskTracker::new(),
        handshakes: Arc::new(Semaphore::new(MAX_HANDSHAKES)),
        room: Arc::new(Semaphore::new(MAX_PIPES)),
    };
    let mut pause = FIRST_PAUSE;
    let mut line = None;
    while !stop.is_cancelled() {
        let listening = async {
            let line = NatsLine::open(&settings).await?;
            Ok::<_, openautomate_core::Error>((line.listen().await?, line))
        };
        let listening = tokio::select! {
            listening = listening => listening,
            () = stop.cancelled() => break,
        };
        match listening {
            Ok((listener, opened)) => {
                tracing::info!("agents are heard by way of NATS");
                pause = FIRST_PAUSE;
                line = Some(opened);
                gate.hear(listener).await;
            }
            Err(error) => {
                tracing::warn!(%error, "no agents are heard by way of NATS; trying again");
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = stop.cancelled() => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
    gate.tasks.close();
    gate.tasks.wait().await;
    if let Some(line) = line {
        // A NATS that is gone takes nothing any more.
        let _ = tokio::time::timeout(FAREWELL, line.flush()).await;
    }
    Ok(())
}

/// Makes an answer the last one of its connection: whoever wants more calls again, and waits for a place with everybody
/// else.
async fn last(mut response: Response) -> Response {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Lets callers in.
#[derive(Clone)]
struct Gate {
    tls: TlsAcceptor,
    app: axum::Router,
    pipes: PipeSettings,
    stop: CancellationToken,
    tasks: TaskTracker,
    handshakes: Arc<Semaphore>,
    room: Arc<Semaphore>,
}

impl Gate {
    /// Hears calls until the stop, or until NATS lets go of us.
    async fn hear(&self, mut listener: NatsListener) {
        loop {
            let call = tokio::select! {
                call = listener.accept() => call,
                () = self.stop.cancelled() => None,
            };
            let Some(call) = call else { return };
            let handshake = Arc::clone(&self.handshakes).try_acquire_owned();
            let room = Arc::clone(&self.room).try_acquire_owned();
            let gate = self.clone();
            let (Ok(handshake), Ok(room)) = (handshake, room) else {
                self.tasks.spawn(async move {
                    if let Err(error) = call.refuse().await {
                        tracing::debug!(%error, "a caller was not told that there is no room");
                    }
                });
                continue;
            };
            self.tasks.spawn(async move {
                if let Err(error) = gate.let_in(call, handshake, room).await {
                    tracing::debug!(%error, "a caller by way of NATS got no connection");
                }
            });
        }
    }

    async fn let_in(
        &self,
        call: NatsCall,
        handshake: OwnedSemaphorePermit,
        room: OwnedSemaphorePermit,
    ) -> Result<()> {
        let (pipe, carried) = call.answer(self.pipes).await?;
        self.tasks.spawn(async move {
            carried.await;
            drop(room);
        });
        self.speak(pipe, handshake).await;
        Ok(())
    }

    /// Serves one request, which may become a WebSocket.
    async fn speak(&self, pipe: DuplexStream, handshake: OwnedSemaphorePermit) {
        let secured = match tokio::time::timeout(PATIENCE, self.tls.accept(pipe)).await {
            Ok(Ok(secured)) => secured,
            Ok(Err(error)) => return tracing::debug!(%error, "a caller by way of NATS speaks no TLS of ours"),
            Err(_) => return tracing::debug!("a caller by way of NATS is too slow"),
        };
        drop(handshake);
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .serve_connection(TokioIo::new(secured), TowerToHyperService::new(self.app.clone()))
            .with_upgrades();
        tokio::pin!(connection);
        let served = tokio::select! {
            served = &mut connection => served,
            () = self.stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection by way of NATS ended before its time");
        }
    }
}
