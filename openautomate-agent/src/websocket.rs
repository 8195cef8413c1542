//! The transport over HTTP and WebSocket.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::{Bytes, BytesMut};
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryStreamExt as _};
use openautomate_core::credential::SESSION_CONTEXT;
use openautomate_core::domain::{ArrivalOutcome, Lease};
use openautomate_core::error::{Error as CoreError, ErrorKind, Result as CoreResult};
use openautomate_core::id::{AgentRolloutId, AssetId, FileId, ObjectId};
use openautomate_core::package::chunk::ChunkHash;
use openautomate_core::package::index;
use openautomate_core::sealing::{OfferedKeys, SEALED_HEADER, SEALING_HEADER, SealingKeys, SealingPurpose};
use openautomate_core::transport::message::{ObjectInfo, PutCondition};
#[cfg(feature = "nats")]
use openautomate_core::transport::nats::NatsSettings;
use openautomate_core::transport::{
    AgentLink, ArrivedFile, ArtifactUpload, AssetContent, ObjectUpload, PackageGrant, Transport,
    chunk_frames, sealed_frames,
};
use reqwest::Response;
use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::sync::{Mutex, Notify};
use tokio_util::codec::FramedRead;
use tokio_util::io::StreamReader;

use crate::error::Result;
use crate::identity::Identity;
use crate::server_trust::ClientCertificate;
use crate::way::{SILENCE, Way, unreachable};

/// Reaches a server over HTTP and WebSocket, as the agent of an identity.
#[derive(Debug)]
pub struct WebSocketTransport {
    way: Way,
    identity: Identity,
    key: Arc<SigningKey>,
    token: Mutex<Option<String>>,
}

impl WebSocketTransport {
    /// The transport of an identity that was loaded with its key.
    ///
    /// # Errors
    /// [`Error::Address`] if the address is no good.
    ///
    /// [`Error::Address`]: crate::Error::Address
    pub fn new(identity: Identity, key: SigningKey) -> Result<Self> {
        Self::certified(identity, key, None)
    }

    /// As [`new`](Self::new), with a certificate for a server that asks for one.
    ///
    /// # Errors
    /// As of [`new`](Self::new); [`Error::Address`] if the certificate can't be used.
    ///
    /// [`Error::Address`]: crate::Error::Address
    pub fn certified(
        identity: Identity,
        key: SigningKey,
        certificate: Option<&ClientCertificate>,
    ) -> Result<Self> {
        let (trust, plain) = (&identity.server_trust, identity.allow_plain_http);
        let way = Way::straight(&identity.server, plain, trust, certificate)?;
        Ok(Self { way, identity, key: Arc::new(key), token: Mutex::new(None) })
    }

    /// The transport of an identity that was loaded with its key, by way of a NATS.
    ///
    /// # Errors
    /// [`Error::Address`] if the identity knows no key of the server; [`Error::Refused`] if the settings are no
    /// good.
    ///
    /// [`Error::Address`]: crate::Error::Address
    /// [`Error::Refused`]: crate::Error::Refused
    #[cfg(feature = "nats")]
    pub fn by_nats(identity: Identity, key: SigningKey, settings: NatsSettings) -> Result<Self> {
        let way = Way::by_nats(settings, &identity.server_keys, &identity.agent_id.to_string())?;
        Ok(Self { way, identity, key: Arc::new(key), token: Mutex::new(None) })
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/agents/{}/{path}", self.way.base(), self.identity.agent_id)
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
        let Challenge { challenge } = self.way.post(&self.url("challenge"), &json!({})).await?;
        let signature = self.key.sign([SESSION_CONTEXT, &challenge].concat().as_bytes());
        let answer = json!({
            "challenge": challenge,
            "signature": URL_SAFE_NO_PAD.encode(signature.to_bytes()),
        });
        let made: Token = self.way.post(&self.url("token"), &answer).await?;
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

    /// New keys for what is secret, and their offer through a line of this token.
    fn offered(&self, token: &str, purpose: SealingPurpose) -> CoreResult<OfferedKeys> {
        let keys = SealingKeys::generate()?;
        let sign = |text: &[u8]| self.key.sign(text).to_bytes();
        let offer = keys.offer(self.identity.agent_id, token, purpose, sign);
        Ok(OfferedKeys { keys, offer })
    }

    /// Sends a file, for as long as something moves.
    async fn put(
        &self,
        url: &reqwest::Url,
        content_type: &str,
        token: String,
        file: tokio::fs::File,
        size: u64,
    ) -> CoreResult<Response> {
        let (moved, silence) = silence(SILENCE);
        // One that grows meanwhile is kept as long as it was.
        let file = tokio_util::io::ReaderStream::new(file.take(size)).inspect(move |_| moved.notify_one());
        let request = self
            .way
            .clients()?
            .uploads
            .put(url.clone())
            .header("Content-Type", content_type)
            .header("Content-Length", size)
            .bearer_auth(token)
            .body(reqwest::Body::wrap_stream(file));
        tokio::select! {
            sent = self.way.upload(request) => sent,
            error = silence => Err(error),
        }
    }

    /// A content as it comes.
    async fn fetch(&self, url: String) -> CoreResult<BoxStream<'static, CoreResult<Bytes>>> {
        self.with_token(|token| async {
            let response = self.way.send(self.way.clients()?.requests.get(&url).bearer_auth(token)).await?;
            Ok(response.bytes_stream().map_err(|error| unreachable(&error)).boxed())
        })
        .await
    }

    /// Sends a file as the body of a PUT.
    async fn send_file(&self, path: &Path, url: reqwest::Url, content_type: &str) -> CoreResult<Response> {
        self.with_token(|token| async {
            let (file, size) = open(path).await?;
            self.put(&url, content_type, token, file, size).await
        })
        .await
    }
}

#[async_trait]
impl Transport for WebSocketTransport {
    async fn connect(&self) -> CoreResult<AgentLink> {
        let url = self.url("connect").replacen("http", "ws", 1);
        self.with_token(|token| async {
            let sealing = self.offered(&token, SealingPurpose::Connection)?;
            let mut link = self.way.connect(url.clone(), token).await?;
            link.sealing = Some(sealing);
            Ok(link)
        })
        .await
    }

    async fn fetch_index(&self, grant: PackageGrant) -> CoreResult<Bytes> {
        let url = self.package_url(grant, "index");
        self.with_token(|token| async {
            let response = self.way.send(self.way.clients()?.requests.get(&url).bearer_auth(token)).await?;
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
            let response =
                self.way.send(self.way.clients()?.requests.post(&url).bearer_auth(token).json(&body)).await?;
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
        self.fetch(self.url(&format!("leases/{}/{}/files/{file}", lease.execution, lease.epoch))).await
    }

    async fn fetch_program(
        &self,
        rollout: AgentRolloutId,
        target: &str,
        from: u64,
    ) -> CoreResult<BoxStream<'static, CoreResult<Bytes>>> {
        self.fetch(self.url(&format!("rollouts/{rollout}/programs/{target}?from={from}"))).await
    }

    async fn fetch_object(
        &self,
        lease: Lease,
        object: ObjectId,
    ) -> CoreResult<BoxStream<'static, CoreResult<Bytes>>> {
        self.fetch(self.url(&format!("leases/{}/{}/objects/{object}", lease.execution, lease.epoch))).await
    }

    async fn fetch_asset(&self, lease: Lease, asset: AssetId) -> CoreResult<AssetContent> {
        let url = self.url(&format!("leases/{}/{}/assets/{asset}", lease.execution, lease.epoch));
        self.with_token(|token| async {
            let OfferedKeys { keys, offer } =
                self.offered(&token, SealingPurpose::AssetFile { lease, asset })?;
            let request = self.way.clients()?.requests.get(&url).bearer_auth(token);
            let response = self.way.send(request.header(SEALING_HEADER, offer.to_string())).await?;
            let is_end_to_end = response.headers().contains_key(SEALED_HEADER);
            let content = response.bytes_stream();
            let stream = if is_end_to_end {
                let read = StreamReader::new(content.map_err(std::io::Error::other));
                let frames = FramedRead::new(read, sealed_frames());
                let frames =
                    frames.map(|frame| frame.map(BytesMut::freeze).map_err(|error| unreachable(&error)));
                keys.open_file(lease, asset, frames.boxed())
            } else {
                content.map_err(|error| unreachable(&error)).boxed()
            };
            Ok(AssetContent { stream, is_end_to_end })
        })
        .await
    }

    async fn put_object(&self, upload: ObjectUpload) -> CoreResult<ObjectInfo> {
        let lease = upload.lease;
        let url = self.url(&format!("leases/{}/{}/objects", lease.execution, lease.epoch));
        let mut url = parsed(&url, [("bucket", &upload.bucket), ("key", &upload.key)])?;
        match &upload.condition {
            PutCondition::Any => {}
            PutCondition::Absent => drop(url.query_pairs_mut().append_pair("ifAbsent", "true")),
            PutCondition::Sha256(sha256) => drop(url.query_pairs_mut().append_pair("ifSha256", sha256)),
        }
        let kept = self.send_file(&upload.path, url, &upload.content_type).await?;
        kept.json().await.map_err(|error| unreachable(&error))
    }

    async fn put_artifact(&self, upload: ArtifactUpload) -> CoreResult<()> {
        let lease = upload.lease;
        let url = self.url(&format!("leases/{}/{}/artifacts", lease.execution, lease.epoch));
        let url = parsed(&url, [("name", &upload.name)])?;
        self.send_file(&upload.path, url, &upload.content_type).await.map(drop)
    }

    async fn put_arrival(&self, file: ArrivedFile) -> CoreResult<ArrivalOutcome> {
        let ArrivedFile { arrival, content } = file;
        let url = self.url(&format!("triggers/{}/files", arrival.trigger));
        let told = [
            ("name", arrival.name.clone()),
            ("size", arrival.size.to_string()),
            ("modifiedUs", arrival.modified_us.to_string()),
        ];
        let url = parsed(&url, told)?;
        self.with_token(|token| async {
            let response = match &content {
                Some(path) => {
                    let (file, size) = open(path).await?;
                    self.put(&url, "application/octet-stream", token, file, size).await?
                }
                None => {
                    self.way.upload(self.way.clients()?.uploads.put(url.clone()).bearer_auth(token)).await?
                }
            };
            response.json().await.map_err(|error| unreachable(&error))
        })
        .await
    }
}

fn parsed<V: AsRef<str>>(
    url: &str,
    params: impl IntoIterator<Item = (&'static str, V)>,
) -> CoreResult<reqwest::Url> {
    reqwest::Url::parse_with_params(url, params).map_err(|error| {
        CoreError::invalid("server.address", "the server's address is no good").with_source(error)
    })
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

#[cfg(test)]
pub(crate) mod tests;
