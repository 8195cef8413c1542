//! The transport over HTTP and WebSocket.

use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Bytes, BytesMut};
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::stream::BoxStream;
use futures_util::{SinkExt as _, StreamExt as _, TryStreamExt as _};
use openautomate_core::credential::SESSION_CONTEXT;
use openautomate_core::domain::Lease;
use openautomate_core::error::{Error as CoreError, ErrorKind, Result as CoreResult};
use openautomate_core::id::FileId;
use openautomate_core::package::chunk::ChunkHash;
use openautomate_core::package::index;
use openautomate_core::transport::{
    AgentLink, ArtifactUpload, PackageGrant, ServerLink, ServerMessage, Transport, chunk_frames, link,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode};
use rustls::ClientConfig;
use rustls_platform_verifier::ConfigVerifierExt as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::sync::{Mutex, Notify};
use tokio_tungstenite::Connector;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_util::codec::FramedRead;
use tokio_util::io::StreamReader;

use crate::error::{Error, Result};
use crate::identity::Identity;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The server says something at least each 20 seconds, if only a ping.
const SILENCE: Duration = Duration::from_secs(60);
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// Reaches a server over HTTP and WebSocket, as the agent of an identity.
#[derive(Debug)]
pub struct WebSocketTransport {
    identity: Identity,
    key: Arc<SigningKey>,
    token: Mutex<Option<String>>,
}

impl WebSocketTransport {
    /// The transport of an identity that was loaded with its key.
    ///
    /// # Errors
    /// [`Error::Address`] if the address is no good.
    pub fn new(identity: Identity, key: SigningKey) -> Result<Self> {
        checked_address(&identity.server, identity.allow_plain_http)?;
        Ok(Self { identity, key: Arc::new(key), token: Mutex::new(None) })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/agents/{}/{path}", self.identity.server, self.identity.agent_id)
    }

    /// Where a part of a version is fetched.
    fn package_url(&self, grant: PackageGrant, part: &str) -> String {
        match grant {
            PackageGrant::Lease(lease) => {
                self.url(&format!("leases/{}/{}/package/{part}", lease.execution, lease.epoch))
            }
            PackageGrant::Deployment(version) => self.url(&format!("deployments/{version}/package/{part}")),
        }
    }

    /// The access token; a new one if there is none, or if `refused` is the one there is.
    async fn token(&self, refused: Option<&str>) -> CoreResult<String> {
        #[derive(Deserialize)]
        struct Challenge {
            challenge: String,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Token {
            access_token: String,
        }
        let mut token = self.token.lock().await;
        if let Some(token) = token.as_deref().filter(|token| Some(*token) != refused) {
            return Ok(token.to_owned());
        }
        let Challenge { challenge } = post_core(&self.url("challenge"), &json!({})).await?;
        let signature = self.key.sign([SESSION_CONTEXT, &challenge].concat().as_bytes());
        let answer = json!({
            "challenge": challenge,
            "signature": URL_SAFE_NO_PAD.encode(signature.to_bytes()),
        });
        let made: Token = post_core(&self.url("token"), &answer).await?;
        Ok(token.insert(made.access_token).clone())
    }

    /// Does a request with the token; once more with a new one if it was refused.
    async fn with_token<T, F>(&self, request: impl Fn(String) -> F) -> CoreResult<T>
    where
        F: Future<Output = CoreResult<T>>,
    {
        let token = self.token(None).await?;
        match request(token.clone()).await {
            Err(error) if error.kind() == ErrorKind::Unauthenticated => {
                request(self.token(Some(&token)).await?).await
            }
            other => other,
        }
    }
}

#[async_trait]
impl Transport for WebSocketTransport {
    async fn connect(&self) -> CoreResult<AgentLink> {
        let url = self.url("connect").replacen("http", "ws", 1);
        self.with_token(|token| connect(url.clone(), token)).await
    }

    async fn fetch_index(&self, grant: PackageGrant) -> CoreResult<Bytes> {
        let url = self.package_url(grant, "index");
        self.with_token(|token| async {
            let response = checked(clients()?.requests.get(&url).bearer_auth(token).send().await).await?;
            let read = response.bytes_stream().map_err(std::io::Error::other);
            let mut read = StreamReader::new(read).take(index::MAX_BYTES as u64 + 1);
            let mut bytes = Vec::new();
            read.read_to_end(&mut bytes).await.map_err(|error| unreachable(&error))?;
            Ok(bytes.into())
        })
        .await
    }

    async fn fetch_chunks(
        &self,
        grant: PackageGrant,
        hashes: &[ChunkHash],
    ) -> CoreResult<BoxStream<'static, CoreResult<Bytes>>> {
        let url = self.package_url(grant, "chunks");
        let body = json!({"hashes": hashes});
        self.with_token(|token| async {
            let request = clients()?.requests.post(&url).bearer_auth(token).json(&body);
            let response = checked(request.send().await).await?;
            let read = StreamReader::new(response.bytes_stream().map_err(std::io::Error::other));
            let frames = FramedRead::new(read, chunk_frames());
            Ok(frames.map(|frame| frame.map(BytesMut::freeze).map_err(|error| unreachable(&error))).boxed())
        })
        .await
    }

    async fn fetch_file(
        &self,
        lease: Lease,
        file: FileId,
    ) -> CoreResult<BoxStream<'static, CoreResult<Bytes>>> {
        let url = self.url(&format!("leases/{}/{}/files/{file}", lease.execution, lease.epoch));
        self.with_token(|token| async {
            let response = checked(clients()?.requests.get(&url).bearer_auth(token).send().await).await?;
            Ok(response.bytes_stream().map_err(|error| unreachable(&error)).boxed())
        })
        .await
    }

    async fn put_artifact(&self, upload: ArtifactUpload) -> CoreResult<()> {
        let lease = upload.lease;
        let url = self.url(&format!("leases/{}/{}/artifacts", lease.execution, lease.epoch));
        let url = reqwest::Url::parse_with_params(&url, [("name", &upload.name)]).map_err(|error| {
            CoreError::invalid("server.address", "the server's address is no good").with_source(error)
        })?;
        self.with_token(|token| async {
            let (file, size) = open(&upload.path).await?;
            let (moved, silence) = silence(SILENCE);
            // One that grows meanwhile is kept as long as it was.
            let file =
                tokio_util::io::ReaderStream::new(file.take(size)).inspect(move |_| moved.notify_one());
            let request = clients()?
                .uploads
                .put(url.clone())
                .header("Content-Type", &upload.content_type)
                .header("Content-Length", size)
                .bearer_auth(token)
                .body(reqwest::Body::wrap_stream(file));
            tokio::select! {
                sent = request.send() => checked(sent).await.map(drop),
                error = silence => Err(error),
            }
        })
        .await
    }
}

/// A future that ends in an error once nothing moved for `limit`, and what tells it that something did.
fn silence(limit: Duration) -> (Arc<Notify>, impl Future<Output = CoreError>) {
    let moved = Arc::new(Notify::new());
    let watched = Arc::clone(&moved);
    let silence = async move {
        while tokio::time::timeout(limit, watched.notified()).await.is_ok() {}
        CoreError::unavailable("server.unreachable", "the server takes no more of the file")
    };
    (moved, silence)
}

async fn open(path: &Path) -> CoreResult<(tokio::fs::File, u64)> {
    let unreadable = |error: std::io::Error| {
        CoreError::invalid("artifact.unreadable", "the file of the artifact can't be read").with_source(error)
    };
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let size = file.metadata().await.map_err(unreadable)?.len();
    Ok((file, size))
}

async fn connect(url: String, token: String) -> CoreResult<AgentLink> {
    let invalid = |error: WsError| {
        CoreError::invalid("server.address", "the server's address is no good").with_source(error)
    };
    let mut request = url.into_client_request().map_err(invalid)?;
    let bearer = format!("Bearer {token}").parse();
    let bearer = bearer.map_err(|_| CoreError::unauthenticated("the server gave a token that is none"))?;
    request.headers_mut().insert("Authorization", bearer);
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(4 * 1024)
        .max_message_size(Some(MAX_MESSAGE));
    let tls = Connector::Rustls(Arc::clone(&clients()?.tls));
    let connecting = tokio_tungstenite::connect_async_tls_with_config(request, Some(config), true, Some(tls));
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
    let (socket, _) = match connected {
        Ok(Ok(connected)) => connected,
        Ok(Err(WsError::Http(response))) => {
            return Err(refused(response.status().as_u16(), response.body().as_deref()));
        }
        Ok(Err(error)) => return Err(unreachable(&error)),
        Err(_) => return Err(CoreError::unavailable("server.unreachable", "the server does not answer")),
    };
    let (ours, theirs) = link();
    tokio::spawn(pump(socket, theirs));
    Ok(ours)
}

type Socket = tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

/// Moves messages until one side ends. Dropping the link's ends tells the session.
async fn pump(socket: Socket, ServerLink { sender, mut receiver }: ServerLink) {
    let (mut write, mut read) = socket.split();
    let outward = async {
        while let Some(message) = receiver.recv().await {
            let Ok(text) = serde_json::to_string(&message) else { continue };
            if write.send(Message::text(text)).await.is_err() {
                break;
            }
        }
        // Best effort: the connection may be gone.
        let _ = write.close().await;
    };
    let inward = async {
        while let Ok(Some(Ok(message))) = tokio::time::timeout(SILENCE, read.next()).await {
            let Message::Text(text) = message else { continue };
            match serde_json::from_str::<ServerMessage>(&text) {
                Ok(message) => {
                    if sender.send(message).await.is_err() {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the server said what this agent does not understand");
                }
            }
        }
    };
    tokio::select! {
        () = outward => {}
        () = inward => {}
    }
}

/// How HTTP is spoken. None follows redirects, since a token goes to the server that was enrolled with and to
/// nobody else; none asks a proxy, since the WebSocket can't either.
struct Clients {
    requests: Client,
    /// Without a limit on the time to the answer: a large file on a slow line takes long.
    uploads: Client,
    /// One trust in certificates for both, that of the machine: a server may have one of a company's own.
    tls: Arc<ClientConfig>,
}

fn clients() -> CoreResult<&'static Clients> {
    static CLIENTS: OnceLock<Option<Clients>> = OnceLock::new();
    let made = CLIENTS.get_or_init(|| {
        // An error means that one is installed already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let base = || Client::builder().connect_timeout(CONNECT_TIMEOUT).no_proxy().redirect(Policy::none());
        Some(Clients {
            requests: base().read_timeout(SILENCE).build().ok()?,
            uploads: base().build().ok()?,
            tls: Arc::new(ClientConfig::with_platform_verifier().ok()?),
        })
    });
    made.as_ref().ok_or_else(|| CoreError::internal("agent.tls", "the machine's TLS can't be used"))
}

pub(crate) async fn post<T: DeserializeOwned>(url: &str, body: &impl Serialize) -> Result<T> {
    Ok(post_core(url, body).await?)
}

async fn post_core<T: DeserializeOwned>(url: &str, body: &impl Serialize) -> CoreResult<T> {
    let response = checked(clients()?.requests.post(url).json(body).send().await).await?;
    response.json().await.map_err(|error| unreachable(&error))
}

async fn checked(response: reqwest::Result<Response>) -> CoreResult<Response> {
    let response = response.map_err(|error| unreachable(&error))?;
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap_or_default();
    Err(refused(status, Some(&body)))
}

fn unreachable(error: &(dyn std::error::Error + 'static)) -> CoreError {
    CoreError::unavailable("server.unreachable", "the server can't be reached").with_source(error.to_string())
}

/// The error that a problem document (RFC 9457) tells of.
fn refused(status: u16, body: Option<&[u8]>) -> CoreError {
    #[derive(Default, Deserialize)]
    struct Problem {
        #[serde(default)]
        code: String,
        #[serde(default)]
        detail: String,
    }
    let problem: Problem = body.and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
    let kind = match StatusCode::from_u16(status) {
        _ if problem.code == "lease.stale" => return CoreError::stale_lease(),
        Ok(StatusCode::UNAUTHORIZED) => ErrorKind::Unauthenticated,
        Ok(StatusCode::FORBIDDEN) => ErrorKind::Forbidden,
        Ok(StatusCode::NOT_FOUND) => ErrorKind::NotFound,
        Ok(StatusCode::CONFLICT) => ErrorKind::Conflict,
        Ok(StatusCode::PAYLOAD_TOO_LARGE) => ErrorKind::QuotaExceeded,
        Ok(StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) => ErrorKind::Unavailable,
        Ok(status) if status.is_client_error() => ErrorKind::Invalid,
        _ => ErrorKind::Unavailable,
    };
    let detail =
        if problem.detail.is_empty() { format!("the server answered {status}") } else { problem.detail };
    CoreError::new(kind, "server.refused", detail)
}

/// The address without a slash at its end; plain HTTP only to this machine, unless it is allowed.
pub(crate) fn checked_address(address: &str, allow_plain_http: bool) -> Result<String> {
    let url = reqwest::Url::parse(address)
        .map_err(|_| Error::Address(format!("{address} is no address of the form https://host:port")))?;
    let host = url.host_str().unwrap_or_default();
    let is_here = host == "localhost"
        || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match url.scheme() {
        "https" => {}
        "http" if is_here || allow_plain_http => {}
        "http" => {
            return Err(Error::Address(format!(
                "{address} is plain HTTP to another machine: use https, or say --allow-plain-http if the way is safe"
            )));
        }
        _ => return Err(Error::Address(format!("{address} is neither http nor https"))),
    }
    Ok(address.trim_end_matches('/').to_owned())
}

#[cfg(test)]
pub(crate) mod tests;
