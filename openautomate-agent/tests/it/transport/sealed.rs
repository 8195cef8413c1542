//! What others see of the secrets that runs read: who ends TLS, who passes messages on, who listens.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use openautomate_agent::{Identity, WebSocketTransport, enrol};
use openautomate_core::command::asset::{AssetReaders, PutAsset, PutAssetFile};
use openautomate_core::credential::SESSION_CONTEXT;
use openautomate_core::domain::{
    AssetFormat, AssetKind, ExecutionState, Lease, RunError, RunResult, RunStatus,
};
use openautomate_core::error::ErrorKind;
use openautomate_core::id::{AgentId, AssetId, ExecutionId};
use openautomate_core::orchestrator::Settings;
use openautomate_core::runner::{Job, RunControl, RunEvent};
use openautomate_core::sealing::{SealingKeys, SealingPurpose};
use openautomate_core::secret::Secret;
use openautomate_core::transport::message::{CallAnswer, RunCall};
use openautomate_core::transport::{
    AgentMessage, Hello, PROTOCOL_VERSION, ServerMessage, Transport as _, Welcome,
};
use serde_json::{Map, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::serve;
use crate::place::Place;

const SECRETS: usize = 200;
/// How many each run reads.
const EACH: usize = 20;
/// With each secret that a run reads, what masks it is made anew: for a busy machine that is much.
const PATIENCE: Duration = Duration::from_secs(240);
const FILE: &str = "certificate";

/// Every byte that went by, each direction of each connection for itself.
type Seen = Arc<Mutex<Vec<Vec<u8>>>>;

/// What was seen since the last time.
fn taken(seen: &Seen) -> Vec<u8> {
    seen.lock().unwrap().iter_mut().flat_map(std::mem::take).collect()
}

/// Passes connections on to a server and keeps what goes by.
async fn tap(server: SocketAddr) -> (SocketAddr, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Seen::default();
    let keeps = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (near, _) = listener.accept().await.unwrap();
            let far = TcpStream::connect(server).await.unwrap();
            let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
            tokio::spawn(copied(near_in, far_out, Arc::clone(&keeps)));
            tokio::spawn(copied(far_in, near_out, Arc::clone(&keeps)));
        }
    });
    (address, seen)
}

async fn copied(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, seen: Seen) {
    let number = {
        let mut seen = seen.lock().unwrap();
        seen.push(Vec::new());
        seen.len() - 1
    };
    let mut piece = vec![0; 64 * 1024];
    while let Ok(count) = from.read(&mut piece).await {
        // Kept before it goes on: what has arrived was seen.
        seen.lock().unwrap()[number].extend_from_slice(&piece[..count]);
        if count == 0 || to.write_all(&piece[..count]).await.is_err() {
            break;
        }
    }
    // The other side may be gone.
    let _ = to.shutdown().await;
}

/// Secrets of all sorts: plain letters, what JSON escapes, several lines, other alphabets.
fn canaries() -> Vec<String> {
    let tails = ["", "\"quoted\\", "\nsecond line\tand more", "äöü€中文😀", "+/=&?%20"];
    let made = |n: usize| format!("canary-{n}-{}{}", uuid::Uuid::new_v4().simple(), tails[n % tails.len()]);
    (0..SECRETS).map(made).collect()
}

/// As JSON has it that escapes all but ASCII.
fn ascii_json(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap();
    let escaped = |c: char| match c {
        c if c.is_ascii() => c.to_string(),
        c => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    };
    json.trim_matches('"').chars().map(escaped).collect()
}

/// Which of the secrets show in what was seen, raw, in base64, in hex, or as JSON has them.
fn hits<'a>(seen: &[u8], secrets: impl IntoIterator<Item = &'a String>) -> Vec<String> {
    let seen = String::from_utf8_lossy(seen);
    let shows = |secret: &&String| {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let forms = [
            (*secret).clone(),
            STANDARD.encode(secret).trim_end_matches('=').to_owned(),
            URL_SAFE_NO_PAD.encode(secret),
            hex.to_uppercase(),
            hex,
            serde_json::to_string(secret).unwrap().trim_matches('"').to_owned(),
            ascii_json(secret),
        ];
        forms.iter().any(|form| seen.contains(form))
    };
    secrets.into_iter().filter(shows).cloned().collect()
}

async fn put(place: &Place, values: &[String], file: &str) -> AssetId {
    for (n, value) in values.iter().enumerate() {
        let command = PutAsset {
            format: AssetFormat::Text,
            environment_id: None,
            name: format!("canary-{n}"),
            kind: AssetKind::Secret,
            value: Secret::new(value.clone()),
            description: String::new(),
            readers: AssetReaders::AsBefore,
            create_only: false,
        };
        place.orchestrator.execute(&place.admin, command).await.unwrap();
    }
    let command = PutAssetFile {
        environment_id: None,
        name: FILE.into(),
        file_name: "client.pem".into(),
        content: Secret::new(file.as_bytes().to_vec()),
        description: String::new(),
        readers: AssetReaders::AsBefore,
        create_only: false,
    };
    place.orchestrator.execute(&place.admin, command).await.unwrap().id
}

async fn read(control: &RunControl, name: String) -> Result<String, RunError> {
    let (reply, answer) = oneshot::channel();
    control.events.send(RunEvent::Secret { name, reply }).await.unwrap();
    let value = answer.await.unwrap();
    value.map(|value| value.expose().clone()).map_err(|error| RunError::new(error.code(), error.to_string()))
}

async fn read_file(control: &RunControl) -> Result<String, RunError> {
    let (reply, answer) = oneshot::channel();
    let call = RunCall::AssetFile { name: FILE.into() };
    control.events.send(RunEvent::Call { call, reply }).await.unwrap();
    match answer.await.unwrap() {
        Ok(CallAnswer::AssetFile { path: Some(path), .. }) => Ok(std::fs::read_to_string(path).unwrap()),
        other => Err(RunError::new("NoFile", format!("{other:?}"))),
    }
}

/// What the runs read, one block of secrets each, and the file.
#[derive(Default)]
struct Reads {
    next: AtomicUsize,
    values: Mutex<BTreeMap<usize, String>>,
    files: Mutex<Vec<String>>,
}

impl Reads {
    async fn block(&self, _: Job, control: RunControl) -> RunResult {
        let first = self.next.fetch_add(EACH, Ordering::SeqCst);
        let all = async {
            for n in first..first + EACH {
                let value = read(&control, format!("canary-{n}")).await?;
                self.values.lock().unwrap().insert(n, value);
            }
            let content = read_file(&control).await?;
            self.files.lock().unwrap().push(content);
            Ok(())
        };
        match all.await {
            Ok(()) => RunResult::succeeded(Map::new()),
            Err(error) => RunResult::ended(RunStatus::Failed, error),
        }
    }
}

/// Has an agent read every secret; what it heard the server say, inside TLS.
async fn read_by_agent(
    place: &Place,
    transport: WebSocketTransport,
    is_old: bool,
    (values, file): (&[String], &str),
) -> Vec<u8> {
    let (transport, heard) = Place::overheard(Arc::new(transport), is_old);
    let reads = Arc::new(Reads::default());
    let reading = Arc::clone(&reads);
    let agent = place.agent(transport, move |job, control| {
        let reads = Arc::clone(&reading);
        async move { reads.block(job, control).await }
    });
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { agent.run(stop).await }
    });
    let mut executions: Vec<ExecutionId> = Vec::new();
    for _ in 0..SECRETS / EACH {
        executions.push(place.enqueue().await);
    }
    for execution in executions {
        let ended = place.reaches_within(PATIENCE, execution, ExecutionState::Succeeded).await;
        assert_eq!(ended.error, None);
    }
    stop.cancel();
    running.await.unwrap();
    let read: Vec<String> = std::mem::take(&mut *reads.values.lock().unwrap()).into_values().collect();
    assert!(read == values, "the runs read what was written");
    assert!(reads.files.lock().unwrap().iter().all(|read| read == file));
    std::mem::take(&mut *heard.lock().unwrap())
}

async fn enrolled(place: &Place, server: SocketAddr) -> (Identity, SigningKey) {
    let folder = tempfile::tempdir().unwrap();
    let name = Some(format!("bot-{}", AgentId::new()));
    enrol(folder.path(), &format!("http://{server}"), &place.enrolment_token().await, name, false)
        .await
        .unwrap();
    Identity::load(folder.path()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_every_byte_of_the_line_reads_no_secret() {
    let place = Place::new(Settings::default()).await;
    let (values, file) = (canaries(), format!("a file with {}", uuid::Uuid::new_v4()));
    put(&place, &values, &file).await;
    let (server, serving) = serve(place.orchestrator.clone()).await;
    let (address, seen) = tap(server).await;
    let (identity, key) = enrolled(&place, address).await;
    let transport = || WebSocketTransport::new(identity.clone(), key.clone()).unwrap();
    let everything = || values.iter().chain([&file]);

    let heard = read_by_agent(&place, transport(), false, (&values, &file)).await;
    let recorded = taken(&seen);
    assert_eq!(hits(&heard, everything()), [] as [&str; 0]);
    assert_eq!(hits(&recorded, everything()), [] as [&str; 0]);
    assert!(hits(&recorded, [&identity.agent_id.to_string()]).len() == 1, "the recorder hears");

    // The same recorder hears every value that is said to an agent which offers no key.
    let heard = read_by_agent(&place, transport(), true, (&values, &file)).await;
    let recorded = taken(&seen);
    assert_eq!(hits(&heard, &values), values);
    assert_eq!(hits(&recorded, &values), values);
    serving.abort();
}

#[cfg(feature = "nats")]
#[tokio::test(flavor = "multi_thread")]
async fn who_hears_everything_on_nats_hears_no_secret() {
    use futures_util::StreamExt as _;
    use openautomate_core::transport::nats::NatsSettings;

    use super::nats::{Served, enrolled};
    use super::nats_server::NatsServer;

    let place = Place::new(Settings::default()).await;
    let (values, file) = (canaries(), format!("a file with {}", uuid::Uuid::new_v4()));
    put(&place, &values, &file).await;
    let nats = NatsServer::start();
    let listener = async_nats::connect(nats.url()).await.unwrap();
    let mut messages = listener.subscribe(">").await.unwrap();
    listener.flush().await.unwrap();
    let seen = Seen::default();
    let keeps = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Some(message) = messages.next().await {
            let said = [message.subject.as_bytes(), &message.payload].concat();
            keeps.lock().unwrap().push(said);
        }
    });
    let server = Served::start(place.orchestrator.clone(), nats.url());
    let (identity, key) = enrolled(&nats, server.key, &place.enrolment_token().await).await;
    let transport = || {
        let settings = NatsSettings::new(nats.url());
        WebSocketTransport::by_nats(identity.clone(), key.clone(), settings).unwrap()
    };
    let everything = || values.iter().chain([&file]);

    let heard = read_by_agent(&place, transport(), false, (&values, &file)).await;
    // Inside the TLS of the pipe, where whoever ended it would listen.
    assert_eq!(hits(&heard, everything()), [] as [&str; 0]);
    let heard = read_by_agent(&place, transport(), true, (&values, &file)).await;
    assert_eq!(hits(&heard, &values), values);
    // What is said outside of it in clear is heard; what was said before it was recorded before it.
    let marker = "a canary in clear".to_owned();
    listener.publish("other", marker.clone().into()).await.unwrap();
    let recorded = async {
        while hits(&seen.lock().unwrap().concat(), [&marker]).is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), recorded).await.expect("the recorder hears");
    let recorded = taken(&seen);
    assert!(recorded.len() > values.iter().map(String::len).sum(), "the pipes went by");
    assert_eq!(hits(&recorded, [&format!("openautomate.down.{}", identity.agent_id)]).len(), 1);
    assert_eq!(hits(&recorded, everything()), [] as [&str; 0]);
}

/// A token of the agent, as it gets one itself.
async fn token(server: SocketAddr, identity: &Identity, key: &SigningKey) -> String {
    let client = reqwest::Client::new();
    let url = |path: &str| format!("http://{server}/api/agents/{}/{path}", identity.agent_id);
    let asked: serde_json::Value =
        client.post(url("challenge")).json(&json!({})).send().await.unwrap().json().await.unwrap();
    let challenge = asked["challenge"].as_str().unwrap();
    let signature = key.sign([SESSION_CONTEXT, challenge].concat().as_bytes());
    let answer = json!({"challenge": challenge, "signature": URL_SAFE_NO_PAD.encode(signature.to_bytes())});
    let made: serde_json::Value =
        client.post(url("token")).json(&answer).send().await.unwrap().json().await.unwrap();
    made["accessToken"].as_str().unwrap().to_owned()
}

/// Fetches the file as an agent of a release before does; the status, and what came.
async fn fetched(
    server: SocketAddr,
    identity: &Identity,
    key: &SigningKey,
    lease: Lease,
    asset: AssetId,
) -> (u16, String) {
    let url = format!(
        "http://{server}/api/agents/{}/leases/{}/{}/assets/{asset}",
        identity.agent_id, lease.execution, lease.epoch
    );
    let token = token(server, identity, key).await;
    let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
    assert!(answer.headers().get("openautomate-sealed").is_none());
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// A connection of this agent, with or without an offer in its hello.
struct Connected {
    link: openautomate_core::transport::AgentLink,
    welcome: Welcome,
}

impl Connected {
    async fn new(transport: &WebSocketTransport, offers: bool) -> Self {
        let mut link = transport.connect().await.unwrap();
        let facts = openautomate_core::domain::AgentFacts::default();
        let sealing = link.sealing.as_ref().map(|offered| offered.offer.clone()).filter(|_| offers);
        let hello = Hello { protocol: PROTOCOL_VERSION, facts, slots: 1, leases: Vec::new(), sealing };
        link.sender.send(AgentMessage::Hello(hello)).await.unwrap();
        match heard(&mut link).await {
            Some(ServerMessage::Welcome(welcome)) => Self { link, welcome },
            other => panic!("{other:?}"),
        }
    }

    async fn lease(&mut self) -> Lease {
        self.link.sender.send(AgentMessage::Ready { free: 1, ahead: 0, received: 0 }).await.unwrap();
        loop {
            match heard(&mut self.link).await {
                Some(ServerMessage::Assign(assignment)) => return assignment.lease,
                Some(ServerMessage::Prepare(_) | ServerMessage::Watch { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

async fn heard(link: &mut openautomate_core::transport::AgentLink) -> Option<ServerMessage> {
    tokio::time::timeout(Duration::from_secs(20), link.receiver.recv())
        .await
        .expect("the server says something")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_in_clear_is_for_agents_without_a_key_and_can_be_forbidden() {
    for require_sealed_secrets in [false, true] {
        let place = Place::new(Settings { require_sealed_secrets, ..Settings::default() }).await;
        let asset = put(&place, &[], "in-a-file").await;
        let (server, serving) = serve(place.orchestrator.clone()).await;
        let (identity, key) = enrolled(&place, server).await;
        let transport = WebSocketTransport::new(identity.clone(), key.clone()).unwrap();
        let mut old = Connected::new(&transport, false).await;
        assert!(!old.welcome.seals_secrets);
        place.enqueue().await;
        let lease = old.lease().await;
        let (status, content) = fetched(server, &identity, &key, lease, asset).await;
        assert_eq!(status, if require_sealed_secrets { 403 } else { 200 }, "{content}");
        assert_eq!(content.contains("in-a-file"), !require_sealed_secrets);
        // Once it takes secrets sealed, nobody gets one in clear with its token.
        let hello = Hello {
            leases: vec![lease],
            protocol: PROTOCOL_VERSION,
            facts: openautomate_core::domain::AgentFacts::default(),
            slots: 1,
            sealing: None,
        };
        let mut link = transport.connect().await.unwrap();
        let sealing = link.sealing.as_ref().map(|offered| offered.offer.clone());
        link.sender.send(AgentMessage::Hello(Hello { sealing, ..hello })).await.unwrap();
        let welcome = heard(&mut link).await;
        assert!(
            matches!(welcome, Some(ServerMessage::Welcome(Welcome { seals_secrets: true, .. }))),
            "{welcome:?}"
        );
        let (status, content) = fetched(server, &identity, &key, lease, asset).await;
        assert_eq!(status, 403, "{content}");
        assert!(content.contains("asset.unsealed") && !content.contains("in-a-file"), "{content}");
        let sealed = transport.fetch_asset(lease, asset).await.unwrap();
        assert!(sealed.is_end_to_end);
        serving.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_somebody_in_between_put_there_ends_the_connection() {
    let place = Place::new(Settings::default()).await;
    let asset = put(&place, &[], "in-a-file").await;
    let (server, serving) = serve(place.orchestrator.clone()).await;
    let (identity, key) = enrolled(&place, server).await;
    let transport = WebSocketTransport::new(identity.clone(), key.clone()).unwrap();
    // Who is in between sees the agent's token, and has a key of its own.
    let stolen = token(server, &identity, &key).await;
    let foreign = SigningKey::from_bytes(&[7; 32]);
    let keys = SealingKeys::generate().unwrap();
    let forged = |signer: &SigningKey, token: &str, purpose| {
        keys.offer(identity.agent_id, token, purpose, |text| signer.sign(text).to_bytes())
    };
    let connection = SealingPurpose::Connection;
    for (what, offer) in [
        ("signed by another", forged(&foreign, &stolen, connection)),
        ("not signed", keys.offer_in_process()),
        // An old offer of the agent, or one for another of its connections.
        ("of another token", forged(&key, &format!("{stolen}x"), connection)),
    ] {
        let mut link = transport.connect().await.unwrap();
        let facts = openautomate_core::domain::AgentFacts::default();
        let hello =
            Hello { protocol: PROTOCOL_VERSION, facts, slots: 1, leases: Vec::new(), sealing: Some(offer) };
        link.sender.send(AgentMessage::Hello(hello)).await.unwrap();
        match heard(&mut link).await {
            Some(ServerMessage::Bye { kind, message }) => {
                assert_eq!(kind, ErrorKind::Unauthenticated, "{what}");
                assert!(message.contains("not signed by the agent"), "{message}");
            }
            other => panic!("{what}: {other:?}"),
        }
        assert!(heard(&mut link).await.is_none());
    }
    let mut agent = Connected::new(&transport, true).await;
    place.enqueue().await;
    let lease = agent.lease().await;
    let url = format!(
        "http://{server}/api/agents/{}/leases/{}/{}/assets/{asset}",
        identity.agent_id, lease.execution, lease.epoch
    );
    let file = SealingPurpose::AssetFile { lease, asset };
    let another = SealingPurpose::AssetFile { lease, asset: AssetId::new() };
    for (offer, status) in [
        (forged(&foreign, &stolen, file).to_string(), 401),
        (forged(&key, &stolen, connection).to_string(), 401),
        (forged(&key, &stolen, another).to_string(), 401),
        (keys.offer_in_process().to_string(), 401),
        ("nonsense".to_owned(), 401),
        (forged(&key, &stolen, file).to_string(), 200),
    ] {
        let request = reqwest::Client::new().get(&url).bearer_auth(&stolen);
        let answer = request.header("openautomate-sealing", offer).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert!(!answer.text().await.unwrap().contains("in-a-file"));
    }
    serving.abort();
}
