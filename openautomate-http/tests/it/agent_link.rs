use ed25519_dalek::SigningKey;
use futures_util::SinkExt as _;
use openautomate_core::ErrorKind;
use openautomate_core::domain::{Lease, RunResult};
use openautomate_core::package::archive::Limits;
use openautomate_core::package::chunk::{self, ChunkHash};
use openautomate_core::package::index::PackageIndex;
use openautomate_core::package::signature::Statement;
use openautomate_core::transport::{AgentMessage, ServerMessage};
use reqwest::Method;
use serde_json::{Map, json};
use tokio_tungstenite::tungstenite::Message;

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, archive, problem, read, text};

#[tokio::test]
async fn an_agent_enrols_once_and_signs_in_by_its_key() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let registered = json!({"name": "bot", "machineName": "m", "ipAddress": "10.0.0.1"});
    let registered =
        read(server.post("/api/agents/register", &admin.token, &registered).send().await.unwrap(), 201).await;
    let request = json!({"agentId": registered["id"], "expiresInSeconds": 60});
    let made =
        read(server.post("/api/agents/enrolment-tokens", &admin.token, &request).send().await.unwrap(), 201)
            .await;
    let (token, key) = (text(&made["token"]), SigningKey::from_bytes(&[3; 32]));
    problem(FakeAgent::try_enrol(&server, "oa_enrol_nonsense", &key, "bot").await, 401).await;
    let enrolled = read(FakeAgent::try_enrol(&server, &token, &key, "bot").await, 201).await;
    assert_eq!(enrolled["agentId"], registered["id"]);
    problem(FakeAgent::try_enrol(&server, &token, &key, "bot").await, 401).await;

    let mut agent = FakeAgent { id: text(&registered["id"]), key, token: String::new() };
    let challenge = agent.challenge(&server).await;
    let stranger = SigningKey::from_bytes(&[4; 32]);
    problem(agent.answer(&server, &challenge, &stranger).await, 401).await;
    read(agent.answer(&server, &challenge, &agent.key).await, 200).await;
    // A challenge is answered once.
    problem(agent.answer(&server, &challenge, &agent.key).await, 401).await;
    agent.sign_in(&server).await;

    // Strangers get a challenge too, and nothing for it.
    let unknown = FakeAgent { id: uuid::Uuid::now_v7().to_string(), key: stranger, token: String::new() };
    let challenge = unknown.challenge(&server).await;
    let refused = problem(unknown.answer(&server, &challenge, &unknown.key).await, 401).await;
    assert!(!text(&refused["detail"]).contains(&unknown.id));
    // A challenge is no token, an agent's token no person's, and the other way round.
    assert_eq!(agent.open(&server, &challenge).await.err(), Some(401));
    assert_eq!(agent.open(&server, &admin.token).await.err(), Some(401));
    problem(server.get("/api/agents", &agent.token).send().await.unwrap(), 401).await;
    // An agent speaks for itself alone.
    let other = FakeAgent::enrol(&server, &admin.token, "other").await;
    assert_eq!(agent.open(&server, &other.token).await.err(), Some(403));
    // A disabled or deleted agent is out at once.
    let path = format!("/api/agents/{}", agent.id);
    read(server.put(&path, &admin.token, &json!({"status": "Disabled"})).send().await.unwrap(), 200).await;
    assert_eq!(agent.open(&server, &agent.token).await.err(), Some(403));
    assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    assert_eq!(agent.open(&server, &agent.token).await.err(), Some(401));
}

#[tokio::test]
async fn hello_and_welcome_then_the_agent_shows_as_connected() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (first, welcome) = agent.connect(&server, Vec::new()).await;
    assert_eq!(welcome.lease_ttl_ms, 60_000);
    let path = format!("/api/agents/{}", agent.id);
    let shown = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(
        (&shown["connected"], &shown["enrolled"], &shown["slots"]),
        (&json!(true), &json!(true), &json!(2))
    );
    assert_eq!(
        (&shown["facts"]["os"], &shown["facts"]["pythonVersions"]),
        (&json!("linux"), &json!(["3.12.1"]))
    );
    // The next connection takes the place of the one before.
    let mut first = first;
    let (mut second, _) = agent.connect(&server, Vec::new()).await;
    assert!(matches!(first.next().await, Some(ServerMessage::Bye { kind: ErrorKind::Conflict, .. })));
    assert!(first.next().await.is_none());
    second.send(&AgentMessage::Heartbeat { leases: Vec::new(), usage: None }).await;
    assert!(matches!(second.next().await, Some(ServerMessage::Renewed { .. })));
}

#[tokio::test]
async fn a_message_that_can_not_be_read_ends_the_connection() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    for bad in [
        Message::Text("{\"type\":\"dance\"}".into()),
        Message::Text("x".into()),
        Message::Binary(vec![1].into()),
    ] {
        let (mut connection, _) = agent.connect(&server, Vec::new()).await;
        connection.socket.send(bad).await.unwrap();
        let bye = connection.next().await;
        assert!(matches!(bye, Some(ServerMessage::Bye { kind: ErrorKind::Invalid, .. })), "{bye:?}");
        assert!(connection.next().await.is_none());
    }
}

#[tokio::test]
async fn a_shutdown_says_goodbye() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    server.orchestrator.shutdown().await;
    assert!(matches!(connection.next().await, Some(ServerMessage::Bye { kind: ErrorKind::Unavailable, .. })));
    assert!(connection.next().await.is_none());
    server.options.tasks.close();
    server.options.tasks.wait().await;
}

#[tokio::test]
async fn a_lease_opens_its_own_package_and_artifacts_only() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let stranger = FakeAgent::enrol(&server, &admin.token, "stranger").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let made =
        server.post("/api/executions", &admin.token, &json!({"packageId": package})).send().await.unwrap();
    let execution = text(&read(made, 201).await["id"]);
    let assignment = connection.take().await;
    let lease = assignment.lease;
    connection.send(&AgentMessage::Started { lease }).await;

    let base = |agent: &FakeAgent, epoch: u32| format!("/api/agents/{}/leases/{execution}/{epoch}", agent.id);
    let index = |agent: &FakeAgent, epoch: u32| format!("{}/package/index", base(agent, epoch));
    let fetched = server.get(&index(&agent, 1), &agent.token).send().await.unwrap();
    let fetched = fetched.bytes().await.unwrap();
    let decoded = PackageIndex::decode(&fetched, &assignment.package.digest, &Limits::default()).unwrap();
    assert_eq!(
        decoded.files().iter().map(|file| file.path.as_str()).collect::<Vec<_>>(),
        ["main.py", "pyproject.toml"]
    );
    let hash = decoded.chunks()[0].hash;
    let ask = |agent: &FakeAgent, epoch: u32, hashes: &serde_json::Value| {
        let path = format!("{}/package/chunks", base(agent, epoch));
        server.post(&path, &agent.token, &json!({"hashes": hashes})).send()
    };
    let frames = ask(&agent, 1, &json!([hash, hash])).await.unwrap().bytes().await.unwrap();
    let length = u32::from_be_bytes(frames[..4].try_into().unwrap()) as usize;
    assert_eq!(frames.len(), 2 * (4 + length));
    let content = chunk::unpack(&hash, &frames[4..4 + length]).unwrap();
    assert!(content.starts_with(b"def run(") && content.len() as u64 == assignment.package.size);
    problem(ask(&agent, 1, &json!([ChunkHash::of(b"not of this package")])).await.unwrap(), 404).await;
    problem(ask(&agent, 1, &json!(["../../etc/passwd"])).await.unwrap(), 422).await;
    problem(ask(&agent, 1, &json!(vec![hash; 257])).await.unwrap(), 422).await;
    assert_eq!(problem(ask(&agent, 2, &json!([hash])).await.unwrap(), 409).await["code"], "lease.stale");
    let put = |agent: &FakeAgent, epoch: u32, name: &str, content: &'static str| {
        let path = format!("{}/artifacts?name={name}", base(agent, epoch));
        let request = server.request(Method::PUT, &path).bearer_auth(&agent.token);
        request.header("content-type", "text/html").body(content).send()
    };
    read(put(&agent, 1, "report.html", "<script>1</script>").await.unwrap(), 200).await;
    let kept = read(put(&agent, 1, "report.html", "<script>alert(1)</script>").await.unwrap(), 200).await;
    assert_eq!(problem(put(&agent, 2, "late.txt", "x").await.unwrap(), 409).await["kind"], "staleLease");
    assert_eq!(problem(put(&stranger, 1, "x.txt", "x").await.unwrap(), 409).await["kind"], "staleLease");
    problem(put(&agent, 1, "..%2Fx", "x").await.unwrap(), 422).await;
    problem(server.get(&index(&stranger, 1), &stranger.token).send().await.unwrap(), 409).await;
    problem(ask(&stranger, 1, &json!([hash])).await.unwrap(), 409).await;
    problem(server.get(&index(&agent, 1), &stranger.token).send().await.unwrap(), 403).await;

    connection.finish(lease, RunResult::succeeded(Map::new()), 0).await;
    assert_eq!(problem(put(&agent, 1, "after.txt", "x").await.unwrap(), 409).await["code"], "lease.stale");
    let list = read(
        server.get(&format!("/api/executions/{execution}/artifacts"), &admin.token).send().await.unwrap(),
        200,
    )
    .await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let download = server.get(&text(&kept["href"]), &admin.token).send().await.unwrap();
    let headers = download.headers();
    assert_eq!(headers["content-type"], "text/html");
    assert!(headers["content-disposition"].to_str().unwrap().starts_with("attachment;"));
    assert!(headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
    assert_eq!(headers["x-content-type-options"], "nosniff");
    let tag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(tag, format!("\"{}\"", text(&kept["sha256"])));
    assert_eq!(download.text().await.unwrap(), "<script>alert(1)</script>");
    let again =
        server.get(&text(&kept["href"]), &admin.token).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), 304);
}

#[tokio::test]
async fn a_stale_lease_is_told_on_the_socket() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let never = Lease { execution: openautomate_core::id::ExecutionId::new(), epoch: 3 };
    let (mut connection, welcome) = agent.connect(&server, vec![never]).await;
    assert_eq!(welcome.stale, [never]);
    connection.send(&AgentMessage::Started { lease: never }).await;
    assert!(matches!(connection.next().await, Some(ServerMessage::Stale { lease }) if lease == never));
}

#[tokio::test]
async fn an_agent_fetches_what_is_deployed_where_it_works_and_nothing_else() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, welcome) = agent.connect(&server, Vec::new()).await;
    let package = server.package(&admin.token, "hello").await;
    let told = connection.prepared().await;
    let statement = Statement::Published {
        package: told.package.id,
        version: &told.package.version_number,
        digest: &told.package.digest,
    };
    statement.verify(&told.package.signature, &welcome.package_keys).unwrap();
    let index = |version: &str| format!("/api/agents/{}/deployments/{version}/package/index", agent.id);
    let first = told.version.to_string();
    let fetched = server.get(&index(&first), &agent.token).send().await.unwrap().bytes().await.unwrap();
    PackageIndex::decode(&fetched, &told.package.digest, &Limits::default()).unwrap();
    problem(server.get(&index(&package), &agent.token).send().await.unwrap(), 404).await;

    // Another takes its place; what is not active any more is not fetched any more.
    read(server.publish(&admin.token, &package, archive("2.0.0")).await, 201).await;
    let second = connection.prepared().await;
    assert_eq!(second.package.version_number, "2.0.0");
    problem(server.get(&index(&first), &agent.token).send().await.unwrap(), 404).await;
    // One that comes later is told of what is there.
    let later = FakeAgent::enrol(&server, &admin.token, "later").await;
    let (mut connection, _) = later.connect(&server, Vec::new()).await;
    assert_eq!(connection.prepared().await.version, second.version);
}
