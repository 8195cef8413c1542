//! What ends on one server ends on the others: two servers on one PostgreSQL database.

use std::time::{Duration, Instant};

use openautomate_core::changes::{Changes, Record};
use openautomate_core::domain::{Agent, AgentStatus, Role};
use openautomate_core::orchestrator::Settings;
use openautomate_core::transport::AgentMessage;
use serde_json::json;

use crate::binary::Schema;
use crate::fake_agent::{Connection, FakeAgent};
use crate::server::{PASSWORD, Person, TestServer, problem, read, text};

/// The promise.
const WITHIN: Duration = Duration::from_secs(5);

async fn two_servers(schema: &Schema) -> (TestServer, TestServer) {
    let dir = tempfile::tempdir().unwrap();
    let first = TestServer::on(&schema.address(), dir, Settings::default(), |_| {}).await;
    let second = first.beside(&schema.address()).await;
    (first, second)
}

/// A log that a person follows, until it ends.
async fn follow(server: &TestServer, path: &str, person: &Person) -> reqwest::Response {
    let live = server.get(&format!("{path}?follow=true"), &person.token).send().await.unwrap();
    assert_eq!(live.status(), 200);
    live
}

/// Waits for the end of a stream, which must be no proper one: nobody takes what came for the whole.
async fn is_cut_off(mut live: reqwest::Response) {
    loop {
        match live.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the stream ended as if it were whole"),
            Err(_) => return,
        }
    }
}

#[tokio::test]
async fn what_a_person_has_open_ends_on_every_server() {
    let schema = Schema::new();
    let (here, there) = two_servers(&schema).await;
    let admin = here.admin().await;
    let package = here.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&here, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&there, Vec::new()).await;
    let made = here.post("/api/executions", &admin.token, &json!({"packageId": package}));
    let path = format!("/api/executions/{}/logs", text(&read(made.send().await.unwrap(), 201).await["id"]));
    let lease = connection.take().await.lease;
    connection.send(&AgentMessage::Started { lease }).await;
    connection.log(lease, 1, "one").await;

    let names = ["leaves", "changes_password", "is_demoted", "is_disabled", "is_deleted", "is_reused"];
    let mut people = Vec::new();
    for name in names {
        people.push(here.person(name, Role::Developer).await);
    }
    // Each follows the log on the other server, and so does somebody whom nothing happens to.
    let mut streams = Vec::new();
    for person in &people {
        streams.push(follow(&there, &path, person).await);
    }
    let mut untouched = follow(&there, &path, &admin).await;
    assert!(untouched.chunk().await.unwrap().is_some());

    let [leaves, changes, demoted, disabled, deleted, reused] = &people[..] else { panic!() };
    // Traded twice with time between, a refresh token is a stolen one. The grace is over for the sake of the test.
    let refresh = json!({"refreshToken": reused.refresh});
    read(here.request(reqwest::Method::POST, "/api/auth/refresh").json(&refresh).send().await.unwrap(), 200)
        .await;
    let store = here.orchestrator.store();
    let session = store.sessions_of(reused.id.parse().unwrap()).await.unwrap().remove(0);
    let rotated_at = session.rotated_at - chrono::TimeDelta::seconds(60);
    let aged = Record::Session(openautomate_core::domain::Session { rotated_at, ..session });
    store.commit(Changes::none().update(aged)).await.unwrap();

    let begun = Instant::now();
    let status = |answer: reqwest::Response| answer.status().as_u16();
    let ended = here.post("/api/auth/logout", &leaves.token, &json!({})).send().await.unwrap();
    assert_eq!(status(ended), 204);
    let passwords = json!({"currentPassword": PASSWORD, "newPassword": "another horse battery"});
    let changed = here.post("/api/auth/password", &changes.token, &passwords).send().await.unwrap();
    assert_eq!(status(changed), 204);
    for (person, change) in [(demoted, json!({"roles": ["Viewer"]})), (disabled, json!({"disabled": true}))] {
        let path = format!("/api/users/{}", person.id);
        assert_eq!(status(here.put(&path, &admin.token, &change).send().await.unwrap()), 200);
    }
    let path = format!("/api/users/{}", deleted.id);
    assert_eq!(status(here.delete(&path, &admin.token).send().await.unwrap()), 204);
    let reuse = here.request(reqwest::Method::POST, "/api/auth/refresh").json(&refresh).send().await.unwrap();
    problem(reuse, 401).await;

    // A request is refused at once, by the server that was not told.
    for person in &people {
        problem(there.get("/api/auth/me", &person.token).send().await.unwrap(), 401).await;
    }
    for stream in streams {
        is_cut_off(stream).await;
    }
    assert!(begun.elapsed() < WITHIN, "after {:?}", begun.elapsed());
    connection.log(lease, 2, "two").await;
    assert!(untouched.chunk().await.unwrap().is_some(), "nobody else is cut off");
}

/// After each way to an end: no request with the key succeeds on either server, and what was open with it is over.
#[tokio::test]
async fn what_is_open_with_a_key_ends_on_every_server() {
    const WITH_KEY: &str = "ReadExecutions";
    let schema = Schema::new();
    let (here, there) = two_servers(&schema).await;
    let admin = here.admin().await;
    let package = here.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&here, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&there, Vec::new()).await;
    let made = here.post("/api/executions", &admin.token, &json!({"packageId": package}));
    let path = format!("/api/executions/{}/logs", text(&read(made.send().await.unwrap(), 201).await["id"]));
    let lease = connection.take().await.lease;
    connection.send(&AgentMessage::Started { lease }).await;
    connection.log(lease, 1, "one").await;

    let reads = here.role(&admin.token, "Reads", &[WITH_KEY]).await;
    let reads_too = here.role(&admin.token, "Reads too", &[WITH_KEY]).await;
    let nothing = here.role(&admin.token, "Little", &["ReadAgents"]).await;
    let mut people = Vec::new();
    for name in ["revoked", "expired", "disabled", "deleted", "demoted"] {
        people.push(here.person_with(name, &[&reads]).await);
    }
    people.push(here.person_with("role-changed", &[&reads_too]).await);
    let mut keys = Vec::new();
    for person in &people {
        keys.push(here.api_key(person, &[WITH_KEY]).await);
    }
    let goes_on = here.api_key(&admin, &[WITH_KEY]).await.1;
    let mut streams = Vec::new();
    for (_, key) in &keys {
        let live = there.get(&format!("{path}?follow=true"), key).send().await.unwrap();
        assert_eq!(live.status(), 200);
        streams.push(live);
    }
    let mut untouched = there.get(&format!("{path}?follow=true"), &goes_on).send().await.unwrap();
    assert!(untouched.chunk().await.unwrap().is_some());

    let begun = Instant::now();
    let status = |answer: reqwest::Response| answer.status().as_u16();
    let put = async |path: String, body: serde_json::Value| {
        let answer = here.put(&path, &admin.token, &body).send().await.unwrap();
        assert_eq!(status(answer), 200);
    };
    let user = |index: usize| format!("/api/users/{}", people[index].id);
    let revoke = here.delete(&format!("/api/api-keys/{}", keys[0].0), &admin.token).send().await.unwrap();
    assert_eq!(status(revoke), 204);
    here.change_key(&keys[1].0, |key| key.expires_at = key.created_at + chrono::TimeDelta::microseconds(1))
        .await;
    put(user(2), json!({"disabled": true})).await;
    assert_eq!(status(here.delete(&user(3), &admin.token).send().await.unwrap()), 204);
    put(user(4), json!({"customRoles": [nothing]})).await;
    put(format!("/api/roles/{reads_too}"), json!({"name": "Reads too", "permissions": ["ReadAgents"]})).await;

    let mut successes = 0;
    for ((_, key), wanted) in keys.iter().zip([401, 401, 401, 401, 403, 403]) {
        for server in [&here, &there] {
            for _ in 0..10 {
                let got = status(server.get("/api/executions", key).send().await.unwrap());
                successes += u32::from(got != wanted);
            }
        }
    }
    assert_eq!(successes, 0, "of 120 requests");
    for stream in streams {
        is_cut_off(stream).await;
    }
    assert!(begun.elapsed() < WITHIN, "after {:?}", begun.elapsed());
    connection.log(lease, 2, "two").await;
    assert!(untouched.chunk().await.unwrap().is_some(), "no other key is cut off");
}

/// Commits a change of an agent on a server and announces nothing, as one does that is killed in between.
async fn commit_in_silence(server: &TestServer, id: &str, change: impl FnOnce(&mut Agent)) {
    let store = server.orchestrator.store();
    let mut agent = store.agent(id.parse().unwrap()).await.unwrap().unwrap();
    change(&mut agent);
    store.commit(Changes::none().update(Record::Agent(agent))).await.unwrap();
}

#[tokio::test]
async fn an_agent_is_cut_off_though_no_announcement_comes() {
    let schema = Schema::new();
    let (here, there) = two_servers(&schema).await;
    let admin = here.admin().await;
    let mut agents: Vec<(FakeAgent, Connection)> = Vec::new();
    for name in ["disabled", "deleted", "enrolled-again", "late", "labelled"] {
        let agent = FakeAgent::enrol(&here, &admin.token, name).await;
        let connection = if name == "late" {
            Connection { socket: agent.open(&there, &agent.token).await.unwrap() }
        } else {
            agent.connect(&there, Vec::new()).await.0
        };
        agents.push((agent, connection));
    }
    let begun = Instant::now();
    commit_in_silence(&here, &agents[0].0.id, |agent| agent.status = AgentStatus::Disabled).await;
    commit_in_silence(&here, &agents[1].0.id, |agent| {
        (agent.deleted_at, agent.public_key) = (Some(agent.registered_at), None);
    })
    .await;
    for again in [2, 3] {
        commit_in_silence(&here, &agents[again].0.id, |agent| agent.public_key = Some([7; 32])).await;
    }
    commit_in_silence(&here, &agents[4].0.id, |agent| agent.labels = vec!["gpu".into()]).await;
    let (labelled, mut goes_on) = agents.pop().unwrap();
    // A connection that was proven with the old key and says hello only now.
    let (late, mut late_connection) = agents.pop().unwrap();
    let hello = openautomate_core::transport::Hello {
        protocol: openautomate_core::transport::PROTOCOL_VERSION,
        facts: openautomate_core::domain::AgentFacts::default(),
        slots: 1,
        leases: Vec::new(),
        sealing: None,
    };
    late_connection.send(&AgentMessage::Hello(hello)).await;
    agents.push((late, late_connection));
    for (agent, mut connection) in agents {
        while connection.next().await.is_some() {}
        assert!(begun.elapsed() < WITHIN, "after {:?}", begun.elapsed());
        assert!(matches!(agent.open(&there, &agent.token).await, Err(401 | 403)));
    }
    // What does not end a connection is taken over, too.
    let package = here.package(&admin.token, "hello").await;
    let run = json!({"packageId": package, "labels": ["gpu"]});
    read(here.post("/api/executions", &admin.token, &run).send().await.unwrap(), 201).await;
    goes_on.take().await;
    drop(labelled);
}

#[tokio::test]
async fn several_servers_give_an_account_no_more_tries_than_one() {
    let schema = Schema::new();
    let (here, there) = two_servers(&schema).await;
    let servers = [&here, &there];
    for (server, name) in
        servers.iter().cycle().zip(["admin", "ADMIN", "admin@example.org", "admin", "admin"])
    {
        problem(server.log_in(name, "wrong password").await, 401).await;
    }
    for server in servers {
        let refused = server.log_in("admin", PASSWORD).await;
        assert!(refused.headers().contains_key("retry-after"));
        assert_eq!(problem(refused, 429).await["code"], "login.rate");
    }
    // Nor does a restart begin anew.
    let third = here.beside(&schema.address()).await;
    problem(third.log_in("admin", PASSWORD).await, 429).await;
}
