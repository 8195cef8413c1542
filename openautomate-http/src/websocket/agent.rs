//! The transport to agents over a WebSocket: one JSON message each text frame, and nothing known of what
//! they mean.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::WebSocketUpgrade;
use axum::extract::ws::{Message, WebSocket};
use axum::response::Response;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use openautomate_core::ErrorKind;
use openautomate_core::domain::Agent;
use openautomate_core::sealing::LineProof;
use openautomate_core::transport::{AgentMessage, ServerMessage, link};
use tokio::sync::{mpsc, oneshot};

use crate::state::AppState;

/// Small, since a server holds thousands of connections that say little.
const BUFFER: usize = 4_096;
/// Assignments and log chunks are the largest messages.
const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// Upgrades the request of an agent whose identity is settled, by what `proof` tells of.
pub(crate) fn accept(upgrade: WebSocketUpgrade, state: AppState, agent: Agent, proof: LineProof) -> Response {
    upgrade
        .read_buffer_size(BUFFER)
        .write_buffer_size(BUFFER)
        .max_message_size(MAX_MESSAGE)
        .max_frame_size(MAX_MESSAGE)
        .on_upgrade(move |socket| {
            let tasks = state.options().tasks.clone();
            tasks.track_future(serve(socket, state, agent, proof))
        })
}

/// Moves messages between the socket and the orchestrator until either ends.
async fn serve(socket: WebSocket, state: AppState, agent: Agent, proof: LineProof) {
    let (sink, stream) = socket.split();
    let (ours, mut theirs) = link();
    theirs.proof = Some(proof);
    let say = theirs.sender.clone();
    let options = state.options();
    let reading = read(stream, ours.sender, say, options.silence_limit);
    let (over, is_over) = oneshot::channel::<()>();
    let session = async {
        // Dropped when the session ends, however it ends.
        let _over = over;
        let serving = state.orchestrator().serve(agent, theirs);
        tokio::pin!(serving, reading);
        tokio::select! {
            () = &mut serving => {}
            // Its last messages are still handled.
            () = &mut reading => serving.await,
        }
    };
    tokio::join!(session, write(sink, ours.receiver, is_over, (options.ping_every, options.send_limit)));
}

async fn read(
    mut stream: SplitStream<WebSocket>,
    sender: mpsc::Sender<AgentMessage>,
    say: mpsc::Sender<ServerMessage>,
    silence_limit: Duration,
) {
    // A timeout is a dead line: the agent answers pings.
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(silence_limit, stream.next()).await {
        let message = match frame {
            Message::Text(text) => serde_json::from_str::<AgentMessage>(&text).ok(),
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Close(_) => return,
            Message::Binary(_) => None,
        };
        let Some(message) = message else {
            let bye = ServerMessage::Bye {
                kind: ErrorKind::Invalid,
                message: "a message could not be read; install the agent of this server's release".to_owned(),
            };
            // If nobody takes it any more, the connection is ending anyway.
            let _ = say.try_send(bye);
            return;
        };
        if sender.send(message).await.is_err() {
            return;
        }
    }
}

async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut receiver: mpsc::Receiver<ServerMessage>,
    mut is_over: oneshot::Receiver<()>,
    (ping_every, send_limit): (Duration, Duration),
) {
    let mut pings = tokio::time::interval(ping_every);
    pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    pings.reset();
    loop {
        let frame = tokio::select! {
            // What was said before the end still goes out; then the receiver gives `None`.
            _ = &mut is_over, if !receiver.is_closed() => {
                receiver.close();
                continue;
            }
            message = receiver.recv() => match message.map(|message| serde_json::to_string(&message)) {
                Some(Ok(text)) => Message::Text(text.into()),
                Some(Err(error)) => {
                    tracing::error!(%error, "a message to an agent can't be written");
                    break;
                }
                None => break,
            },
            _ = pings.tick() => Message::Ping(Bytes::new()),
        };
        if !matches!(tokio::time::timeout(send_limit, sink.send(frame)).await, Ok(Ok(()))) {
            return;
        }
    }
    // The line may be gone already.
    let _ = tokio::time::timeout(send_limit, sink.close()).await;
}
