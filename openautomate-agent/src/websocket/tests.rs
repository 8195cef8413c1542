use std::sync::Mutex as StdMutex;

use futures_util::SinkExt as _;
use openautomate_core::id::{AgentId, ExecutionId};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

use super::*;
use crate::way::{checked_address, refused};

/// What was asked of a fake server.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Method and target.
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn has(&self, header: &str) -> bool {
        self.head.to_ascii_lowercase().contains(&header.to_ascii_lowercase())
    }
}

/// What a fake server answers.
#[derive(Debug)]
pub(crate) struct Answer(u16, Vec<u8>);

impl Answer {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self(status, body.to_string().into_bytes())
    }

    pub(crate) fn problem(status: u16, code: &str, detail: &str) -> Self {
        Self::json(status, &json!({"code": code, "detail": detail, "status": status}))
    }
}

/// A server of one answer a connection, on this machine.
#[derive(Debug)]
pub(crate) struct Fake {
    pub(crate) address: String,
    requests: Arc<StdMutex<Vec<Request>>>,
}

impl Fake {
    pub(crate) fn start(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(StdMutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let listener = TcpListener::from_std(listener).unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut stream = stream;
                let Some(request) = read(&mut stream).await else { continue };
                let Answer(status, body) = answer(&request);
                kept.lock().unwrap().push(request);
                let head = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[head.as_bytes(), &body].concat()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self { address, requests }
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let mut body = bytes.split_off(end + 4);
    while body.len() < length.unwrap_or_default() {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    let line = head.lines().next()?.trim_end_matches(" HTTP/1.1").to_owned();
    Some(Request { line, head, body })
}

fn grant() -> PackageGrant {
    PackageGrant::Lease(lease())
}

fn lease() -> Lease {
    Lease { execution: ExecutionId::new(), epoch: 2 }
}

fn transport(server: &str) -> WebSocketTransport {
    let identity = Identity {
        server: server.to_owned(),
        agent_id: AgentId::new(),
        name: "bot".into(),
        allow_plain_http: false,
        package_keys: Vec::new(),
        server_keys: Vec::new(),
        server_trust: crate::server_trust::ServerTrust::default(),
    };
    WebSocketTransport::new(identity, SigningKey::from_bytes(&[7; 32])).unwrap()
}

/// Signs an agent in with token-1, token-2 …, and answers the rest by `other`.
fn signing_in(
    other: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> impl Fn(&Request) -> Answer + Send + Sync + 'static {
    let given = std::sync::atomic::AtomicU32::new(0);
    move |request| {
        if request.line.ends_with("/challenge") {
            return Answer::json(200, &json!({"challenge": "c"}));
        }
        if request.line.ends_with("/token") {
            let number = given.fetch_add(1, std::sync::atomic::Ordering::SeqCst) + 1;
            return Answer::json(200, &json!({"accessToken": format!("token-{number}"), "expiresIn": 900}));
        }
        other(request)
    }
}

#[test]
fn plain_http_stays_on_the_machine() {
    for good in ["http://127.0.0.1:8080", "http://localhost", "http://[::1]:1", "https://example.org/"] {
        assert!(checked_address(good, false).is_ok(), "{good}");
    }
    for bad in ["http://example.org", "ftp://127.0.0.1", "nonsense", "http://10.0.0.1"] {
        assert!(checked_address(bad, false).is_err(), "{bad}");
    }
    assert!(checked_address("http://10.0.0.1", true).is_ok());
}

#[test]
fn every_status_has_its_kind() {
    let body = br#"{"code":"lease.stale","detail":"x"}"#;
    assert_eq!(refused(409, Some(body)).kind(), ErrorKind::StaleLease);
    let table = [
        (400, ErrorKind::Invalid),
        (401, ErrorKind::Unauthenticated),
        (403, ErrorKind::Forbidden),
        (404, ErrorKind::NotFound),
        (409, ErrorKind::Conflict),
        (413, ErrorKind::QuotaExceeded),
        (422, ErrorKind::Invalid),
        (429, ErrorKind::Unavailable),
        (302, ErrorKind::Unavailable),
        (500, ErrorKind::Unavailable),
        (503, ErrorKind::Unavailable),
    ];
    for (status, kind) in table {
        assert_eq!(refused(status, Some(b"<html>")).kind(), kind, "{status}");
    }
}

#[tokio::test]
async fn a_token_that_ran_out_is_replaced_once() {
    let fake = Fake::start(signing_in(|request| {
        if request.has("Bearer token-2") {
            Answer(200, b"the index".to_vec())
        } else {
            Answer::problem(401, "access.unauthenticated", "ran out")
        }
    }));
    let transport = transport(&fake.address);
    assert_eq!(transport.fetch_index(grant()).await.unwrap(), "the index");
    let answer: Value = serde_json::from_slice(&fake.requests()[1].body).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(answer["signature"].as_str().unwrap()).unwrap();
    let signature = ed25519_dalek::Signature::from_bytes(&signature.try_into().unwrap());
    let key = SigningKey::from_bytes(&[7; 32]).verifying_key();
    ed25519_dalek::Verifier::verify(&key, b"openautomate-agent-v1\nc", &signature).unwrap();
}

#[tokio::test]
async fn a_token_is_not_asked_for_again_and_again() {
    let fake = Fake::start(signing_in(|_| Answer::problem(401, "access.unauthenticated", "no")));
    let refused = transport(&fake.address).fetch_index(grant()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
    assert_eq!(fake.requests().iter().filter(|request| request.line.ends_with("/token")).count(), 2);
}

#[tokio::test]
async fn chunks_come_one_by_one_and_an_answer_that_ends_early_is_no_end() {
    let fake = Fake::start(signing_in(|request| {
        let asked: Value = serde_json::from_slice(&request.body).unwrap();
        let frames: &[u8] = match asked["hashes"].as_array().unwrap().len() {
            1 => b"\0\0\0\x03one",
            2 => b"\0\0\0\x03one\0\0\0\x03tw",
            _ => b"\xff\0\0\0one",
        };
        Answer(200, frames.to_vec())
    }));
    let transport = transport(&fake.address);
    let version = openautomate_core::id::VersionId::new();
    let hashes = [ChunkHash::of(b"one"), ChunkHash::of(b"two"), ChunkHash::of(b"three")];
    let one = transport.fetch_chunks(PackageGrant::Deployment(version), &hashes[..1]).await.unwrap();
    let one: Vec<_> = one.map(|chunk| chunk.unwrap()).collect().await;
    assert_eq!(one, ["one"]);
    let asked = fake.requests().pop().unwrap();
    assert!(asked.line.ends_with(&format!("/deployments/{version}/package/chunks")), "{}", asked.line);
    for some in [2, 3] {
        let broken = transport.fetch_chunks(grant(), &hashes[..some]).await.unwrap();
        let last = broken.collect::<Vec<_>>().await.pop().unwrap();
        assert_eq!(last.unwrap_err().kind(), ErrorKind::Unavailable);
    }
}

#[tokio::test]
async fn an_index_that_never_ends_is_cut() {
    let fake = Fake::start(signing_in(|_| Answer(200, vec![b' '; index::MAX_BYTES + 1000])));
    let cut = transport(&fake.address).fetch_index(grant()).await.unwrap();
    assert_eq!(cut.len(), index::MAX_BYTES + 1);
}

#[tokio::test]
async fn an_artifact_is_sent_whole_with_its_name_and_type() {
    let fake = Fake::start(signing_in(|_| Answer(201, Vec::new())));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let content = vec![b'x'; 300_000];
    std::fs::write(&path, &content).unwrap();
    let lease = lease();
    let upload = ArtifactUpload { lease, name: "a b&c=ä.csv".into(), content_type: "text/csv".into(), path };
    transport(&fake.address).put_artifact(upload).await.unwrap();
    let request = fake.requests().pop().unwrap();
    let place = format!("/leases/{}/2/artifacts?name=a+b%26c%3D%C3%A4.csv", lease.execution);
    assert!(request.line.starts_with("PUT ") && request.line.ends_with(&place), "{}", request.line);
    assert!(request.has("content-type: text/csv") && request.has("Bearer token-1"));
    assert_eq!(request.body, content);
}

#[tokio::test]
async fn a_token_follows_no_redirect() {
    let fake = Fake::start(signing_in(|_| Answer(307, Vec::new())));
    let error = transport(&fake.address).fetch_index(grant()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn an_upload_ends_when_nothing_moves_and_not_before() {
    let limit = Duration::from_millis(200);
    let (moved, silence) = silence(limit);
    let began = tokio::time::Instant::now();
    let mover = async {
        for _ in 0..10 {
            tokio::time::sleep(limit / 10).await;
            moved.notify_one();
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        error = silence => assert_eq!(error.kind(), ErrorKind::Unavailable),
        () = mover => unreachable!(),
    }
    assert!(began.elapsed() >= limit * 2, "{:?}", began.elapsed());
}

#[tokio::test]
async fn nobody_there_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = transport(&address).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn messages_go_both_ways_over_a_websocket() {
    let signs_in = Fake::start(signing_in(|_| Answer(404, Vec::new())));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    // Signed in at one fake and connected to another: `Way::connect` takes both apart.
    let token = transport(&signs_in.address).token(None).await.unwrap();
    let lease = lease();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut seen = None;
        #[expect(clippy::result_large_err, reason = "the signature is tungstenite's")]
        let accept = |request: &tokio_tungstenite::tungstenite::handshake::server::Request, response| {
            seen = request.headers().get("authorization").cloned();
            Ok(response)
        };
        let mut socket = tokio_tungstenite::accept_hdr_async(stream, accept).await.unwrap();
        assert_eq!(seen.unwrap(), "Bearer token-1");
        let Some(Ok(Message::Text(text))) = socket.next().await else { panic!("no message") };
        let said: AgentMessage = serde_json::from_str(&text).unwrap();
        assert!(matches!(said, AgentMessage::Started { .. }));
        socket.send(Message::text(r#"{"type":"fromTheFuture"}"#)).await.unwrap();
        let answer = serde_json::to_string(&ServerMessage::FinishAck { lease }).unwrap();
        socket.send(Message::text(answer)).await.unwrap();
        socket.close(None).await.unwrap();
    });
    let mut link = transport(&signs_in.address).way.connect(url, token).await.unwrap();
    link.sender.send(AgentMessage::Started { lease }).await.unwrap();
    let heard = link.receiver.recv().await;
    assert!(matches!(heard, Some(ServerMessage::FinishAck { lease: told }) if told == lease), "{heard:?}");
    assert!(link.receiver.recv().await.is_none(), "the end of the connection is not told");
    server.await.unwrap();
}
