use ed25519_dalek::SigningKey;
use futures_util::SinkExt as _;
use openautomate_core::ErrorKind;
use openautomate_core::domain::{Lease, RunResult};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use reqwest::Method;
use serde_json::{Map, json};
use sha2::{Digest as _, Sha256};
use tokio_tungstenite::tungstenite::Message;

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, problem, read, text};

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
    second.send(&AgentMessage::Heartbeat { leases: Vec::new() }).await;
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
    let archive = server.get(&format!("{}/package", base(&agent, 1)), &agent.token).send().await.unwrap();
    let archive = archive.bytes().await.unwrap();
    assert_eq!(hex::encode(Sha256::digest(&archive)), assignment.package.digest);
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
    let foreign =
        server.get(&format!("{}/package", base(&stranger, 1)), &stranger.token).send().await.unwrap();
    problem(foreign, 409).await;
    let other = server.get(&format!("{}/package", base(&agent, 1)), &stranger.token).send().await.unwrap();
    problem(other, 403).await;

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
