//! One key alive on two hosts.

use openautomate_core::domain::{AgentHost, Role};
use openautomate_core::transport::ServerMessage;
use serde_json::json;

use crate::fake_agent::{Connection, FakeAgent};
use crate::server::{TestServer, problem, read};

fn host(instance: &str, name: &str) -> AgentHost {
    AgentHost {
        instance: instance.to_owned(),
        machine: format!("machine of {name}"),
        name: name.to_owned(),
        address: "192.0.2.7".to_owned(),
        ..AgentHost::default()
    }
}

/// Connects from a host that is let in.
async fn let_in(agent: &FakeAgent, server: &TestServer, host: AgentHost) -> Connection {
    let (connection, first) = agent.connect_from(server, Vec::new(), Some(host)).await;
    assert!(matches!(first, Some(ServerMessage::Welcome(_))), "{first:?}");
    connection
}

async fn ends(mut connection: Connection) {
    while connection.next().await.is_some() {}
}

#[tokio::test]
async fn a_key_on_two_hosts_is_shut_out_until_somebody_decides() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let path = format!("/api/agents/{}", agent.id);
    let _one = let_in(&agent, &server, host("1", "pc-1")).await;
    let two = let_in(&agent, &server, host("2", "pc-2")).await;
    // The first one, whose connection was ended by the second's, is alive, and shows it.
    let (three, first) = agent.connect_from(&server, Vec::new(), Some(host("1", "pc-1"))).await;
    let Some(ServerMessage::Bye { message, .. }) = first else { panic!("{first:?}") };
    assert!(message.contains("two hosts"), "{message}");
    tokio::time::timeout(std::time::Duration::from_secs(5), async { (ends(two).await, ends(three).await) })
        .await
        .unwrap();

    // Whatever either asks for next is refused, by the token that was good, too.
    assert_eq!(agent.open(&server, &agent.token).await.unwrap_err(), 403);
    let challenge = agent.challenge(&server).await;
    let refused = problem(agent.answer(&server, &challenge, &agent.key).await, 403).await;
    assert_eq!(refused["code"], "agent.quarantined");

    let shown = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(shown["connected"], false);
    let hosts = shown["quarantine"]["hosts"].as_array().unwrap();
    let names: Vec<_> = hosts.iter().map(|host| &host["machineName"]).collect();
    assert_eq!(names, [&json!("pc-2"), &json!("pc-1")]);
    assert_eq!(hosts[0]["ipAddress"], "192.0.2.7");
    let viewer = server.person("viewer", Role::Viewer).await;
    let shown = read(server.get(&path, &viewer.token).send().await.unwrap(), 200).await;
    assert!(shown["quarantine"]["hosts"][0].get("ipAddress").is_none());

    let release = format!("{path}/release");
    let no_body = json!({});
    problem(server.post(&release, &viewer.token, &no_body).send().await.unwrap(), 403).await;
    let released = read(server.post(&release, &admin.token, &no_body).send().await.unwrap(), 200).await;
    assert!(released["quarantine"].is_null());
    let again = problem(server.post(&release, &admin.token, &no_body).send().await.unwrap(), 409).await;
    assert_eq!(again["code"], "agent.not_quarantined");
    let audit = read(server.get("/api/audit?limit=50", &admin.token).send().await.unwrap(), 200).await;
    let actions: Vec<_> = audit["items"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    for action in ["agent.quarantine", "agent.release"] {
        assert_eq!(actions.iter().filter(|one| ***one == action).count(), 1, "{actions:?}");
    }

    // The next one is let in; should the other come too, and both live, they are found again.
    let one = let_in(&agent, &server, host("1", "pc-1")).await;
    drop(one);
    let _one = let_in(&agent, &server, host("1", "pc-1")).await;
    let _two = let_in(&agent, &server, host("2", "pc-2")).await;
    let (_, first) = agent.connect_from(&server, Vec::new(), Some(host("1", "pc-1"))).await;
    assert!(matches!(first, Some(ServerMessage::Bye { .. })), "{first:?}");
}

#[tokio::test]
async fn restarts_cuts_and_moves_shut_nobody_out() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    // Its connection stays open each time, as a line does that was cut.
    let mut open = Vec::new();
    for (instance, name) in [
        ("1", "pc-1"),
        ("1", "pc-1"),
        ("2", "pc-1"),
        ("3", "pc-1"),
        ("3", "pc-1"),
        ("4", "pc-2"),
        ("5", "pc-2"),
        ("6", "pc-1"),
        ("6", "pc-1"),
    ] {
        open.push(let_in(&agent, &server, host(instance, name)).await);
    }
    // Programs of before say nothing of where they run.
    agent.connect(&server, Vec::new()).await;
    open.push(let_in(&agent, &server, host("7", "pc-2")).await);
    agent.connect(&server, Vec::new()).await;
}
