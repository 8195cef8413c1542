//! How requests get to the server: straight, or by way of a NATS. What is asked is the same.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use openautomate_core::error::{Error as CoreError, ErrorKind, Result as CoreResult};
#[cfg(feature = "nats")]
use openautomate_core::package::signature::PublicKey;
#[cfg(feature = "nats")]
use openautomate_core::transport::nats::NatsSettings;
use openautomate_core::transport::{AgentLink, ServerLink, ServerMessage, link};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use rustls::ClientConfig;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{Connector, WebSocketStream};

use crate::error::{Error, Result};
use crate::server_trust::{ClientCertificate, ServerTrust, WRONG_KEY};

#[cfg(feature = "nats")]
mod nats;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The server says something at least each 20 seconds, if only a ping.
pub(crate) const SILENCE: Duration = Duration::from_secs(60);
const MAX_MESSAGE: usize = 16 * 1024 * 1024;
/// The code of the error that what answers does not show what the server has to.
pub(crate) const WRONG_CERTIFICATE: &str = "server.certificate";

/// The code of the error that the server does not take the certificate that this agent shows.
pub(crate) const OWN_CERTIFICATE: &str = "agent.certificate";

/// A way to a server.
#[derive(Debug)]
pub(crate) enum Way {
    /// Straight, to this address.
    Straight {
        /// The address.
        address: String,
        /// How HTTP is spoken with it, if it is known by something else than the machine's certificates.
        clients: Option<Box<Clients>>,
    },
    /// By way of a NATS.
    #[cfg(feature = "nats")]
    Nats(Box<nats::NatsWay>),
}

impl Way {
    /// Straight to an address, to a server that shows what it has to.
    pub(crate) fn straight(
        address: &str,
        allow_plain_http: bool,
        trust: &ServerTrust,
        client: Option<&ClientCertificate>,
    ) -> Result<Self> {
        let address = checked_address(address, allow_plain_http)?;
        if trust.is_the_machines() && client.is_none() {
            return Ok(Self::Straight { address, clients: None });
        }
        if !address.starts_with("https:") {
            return Err(Error::Address(format!(
                "{address} is plain HTTP, in which no server can show its key; give an address with https"
            )));
        }
        let clients = Clients::new(trust.tls(client)?).ok_or_else(no_tls)?;
        Ok(Self::Straight { address, clients: Some(Box::new(clients)) })
    }

    /// By way of a NATS to a server that has one of these keys. `who` stands in subjects.
    #[cfg(feature = "nats")]
    pub(crate) fn by_nats(settings: NatsSettings, keys: &[PublicKey], who: &str) -> Result<Self> {
        Ok(Self::Nats(Box::new(nats::NatsWay::new(settings, keys, who)?)))
    }

    /// What URLs begin with.
    pub(crate) fn base(&self) -> &str {
        match self {
            Self::Straight { address, .. } => address,
            #[cfg(feature = "nats")]
            Self::Nats(_) => nats::BASE,
        }
    }

    /// How HTTP is spoken on this way.
    pub(crate) fn clients(&self) -> CoreResult<&Clients> {
        match self {
            Self::Straight { clients: Some(clients), .. } => Ok(clients),
            _ => clients(),
        }
    }

    /// Sends a request; gives the answer unless it is a refusal.
    pub(crate) async fn send(&self, request: RequestBuilder) -> CoreResult<Response> {
        match self {
            Self::Straight { .. } => {
                checked(request.send().await.map_err(|error| unreachable(&error))?).await
            }
            #[cfg(feature = "nats")]
            Self::Nats(nats) => match tokio::time::timeout(SILENCE, nats.send(request)).await {
                Ok(answer) => checked(answer?).await,
                Err(silence) => Err(unreachable(&silence)),
            },
        }
    }

    /// Sends a request that may take as long as it takes.
    pub(crate) async fn upload(&self, request: RequestBuilder) -> CoreResult<Response> {
        match self {
            Self::Straight { .. } => self.send(request).await,
            #[cfg(feature = "nats")]
            Self::Nats(nats) => checked(nats.send(request).await?).await,
        }
    }

    /// Posts JSON for JSON.
    pub(crate) async fn post<T: DeserializeOwned>(&self, url: &str, body: &impl Serialize) -> CoreResult<T> {
        let response = self.send(self.clients()?.requests.post(url).json(body)).await?;
        response.json().await.map_err(|error| unreachable(&error))
    }

    /// Opens a WebSocket, and moves messages through it from then on.
    pub(crate) async fn connect(&self, url: String, token: String) -> CoreResult<AgentLink> {
        let invalid = |error: WsError| {
            CoreError::invalid("server.address", "the server's address is no good").with_source(error)
        };
        let mut request = url.into_client_request().map_err(invalid)?;
        let bearer = format!("Bearer {token}").parse();
        let bearer =
            bearer.map_err(|_| CoreError::unauthenticated("the server gave a token that is none"))?;
        request.headers_mut().insert("Authorization", bearer);
        let (ours, theirs) = link();
        let connecting = self.open(request, theirs);
        match tokio::time::timeout(CONNECT_TIMEOUT, connecting).await {
            Ok(connected) => connected.map(|()| ours),
            Err(_) => Err(CoreError::unavailable("server.unreachable", "the server does not answer")),
        }
    }

    async fn open(&self, request: Request, link: ServerLink) -> CoreResult<()> {
        let config = WebSocketConfig::default()
            .read_buffer_size(4 * 1024)
            .write_buffer_size(4 * 1024)
            .max_message_size(Some(MAX_MESSAGE));
        let opened = match self {
            Self::Straight { .. } => {
                let tls = Some(Connector::Rustls(Arc::clone(&self.clients()?.tls)));
                let opening =
                    tokio_tungstenite::connect_async_tls_with_config(request, Some(config), true, tls);
                opening.await.map(|(socket, _)| drop(tokio::spawn(pump(socket, link))))
            }
            #[cfg(feature = "nats")]
            Self::Nats(nats) => {
                let stream = nats.dial().await?;
                let opening = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
                opening.await.map(|(socket, _)| drop(tokio::spawn(pump(socket, link))))
            }
        };
        opened.map_err(|error| match error {
            WsError::Http(response) => refused(response.status().as_u16(), response.body().as_deref()),
            other => unreachable(&other),
        })
    }
}

/// Moves messages until one side ends. Dropping the link's ends tells the session.
async fn pump<S>(socket: WebSocketStream<S>, ServerLink { sender, mut receiver, .. }: ServerLink)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
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
#[derive(Debug)]
pub(crate) struct Clients {
    pub(crate) requests: Client,
    /// Without a limit on the time to the answer: a large file on a slow line takes long.
    pub(crate) uploads: Client,
    /// One trust in certificates for both, that of the machine: a server may have one of a company's own.
    tls: Arc<ClientConfig>,
}

impl Clients {
    fn new(tls: ClientConfig) -> Option<Self> {
        let base = || {
            let base = Client::builder().connect_timeout(CONNECT_TIMEOUT).no_proxy().redirect(Policy::none());
            base.tls_backend_preconfigured(tls.clone())
        };
        Some(Self {
            requests: base().read_timeout(SILENCE).build().ok()?,
            uploads: base().build().ok()?,
            tls: Arc::new(tls.clone()),
        })
    }
}

/// Those for servers that are known by the machine's certificates.
fn clients() -> CoreResult<&'static Clients> {
    static CLIENTS: OnceLock<Option<Clients>> = OnceLock::new();
    let made = CLIENTS.get_or_init(|| {
        // An error means that one is installed already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Clients::new(ServerTrust::default().tls(None).ok()?)
    });
    made.as_ref().ok_or_else(no_tls)
}

fn no_tls() -> CoreError {
    CoreError::internal("agent.tls", "the machine's TLS can't be used")
}

async fn checked(response: Response) -> CoreResult<Response> {
    if response.status().is_success() {
        return Ok(response);
    }
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap_or_default();
    Err(refused(status, Some(&body)))
}

pub(crate) fn unreachable(error: &(dyn std::error::Error + 'static)) -> CoreError {
    let causes = std::iter::successors(Some(error), |error| error.source());
    let told: Vec<String> = causes.map(ToString::to_string).collect();
    let of_tls =
        told.iter().find(|told| told.contains(WRONG_KEY) || told.contains("invalid peer certificate"));
    if let Some(alert) = told.iter().find_map(|told| of_own_certificate(told)) {
        let message = format!(
            "the server does not take this agent's certificate ({alert}); give one by --tls-client-cert that the \
             authority has signed which the server asks for, and that has not expired"
        );
        return CoreError::unavailable(OWN_CERTIFICATE, message);
    }
    let Some(of_tls) = of_tls else {
        let error = CoreError::unavailable("server.unreachable", "the server can't be reached");
        return error.with_source(told.first().cloned().unwrap_or_default());
    };
    let message = match of_tls.find(WRONG_KEY) {
        Some(at) => format!(
            "{}; somebody is in between, or the server has a new key: compare with --server-pin of its start",
            &of_tls[at..]
        ),
        None => {
            format!("the server's certificate is not trusted ({of_tls}); give --server-pin or --server-ca")
        }
    };
    // Like a server that is away: what runs goes on, and what is to be fetched is fetched later.
    CoreError::unavailable(WRONG_CERTIFICATE, message)
}

/// The alert by which a server refuses a client's certificate (RFC 8446, 6.2), if a text tells of one.
fn of_own_certificate(told: &str) -> Option<&str> {
    const TOLD: &str = "received fatal alert: ";
    const ALERTS: [&str; 8] = [
        "UnknownCA",
        "BadCertificate",
        "UnsupportedCertificate",
        "CertificateRevoked",
        "CertificateExpired",
        "CertificateUnknown",
        "CertificateRequired",
        "DecryptError",
    ];
    let alert = told[told.find(TOLD)? + TOLD.len()..].split(|c: char| !c.is_alphanumeric()).next()?;
    ALERTS.contains(&alert).then_some(alert)
}

/// The error that a problem document (RFC 9457) tells of.
pub(crate) fn refused(status: u16, body: Option<&[u8]>) -> CoreError {
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
        Ok(StatusCode::CONFLICT | StatusCode::PRECONDITION_FAILED) => ErrorKind::Conflict,
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
