use std::time::Duration;

use openautomate_core::domain::{PreparationState, Role};
use openautomate_core::transport::{AgentMessage, PreparationWord};
use serde_json::{Value, json};

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, problem, read, text};

async fn explained(server: &TestServer, token: &str, execution: &Value) -> Value {
    let path = format!("/api/executions/{}/explain", text(&execution["id"]));
    read(server.get(&path, token).send().await.unwrap(), 200).await["reasons"].clone()
}

#[tokio::test]
async fn nothing_is_given_away_while_its_environment_is_paused() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (operator, developer) =
        (server.person("olive", Role::Operator).await, server.person("dev", Role::Developer).await);
    let package = server.package(&admin.token, "hello").await;
    let environments = read(server.get("/api/environments", &admin.token).send().await.unwrap(), 200).await;
    let production =
        environments["items"].as_array().unwrap().iter().find(|one| one["isDefault"] == true).unwrap();
    let path = format!("/api/environments/{}", text(&production["id"]));
    let (pause, resume) = (format!("{path}/pause"), format!("{path}/resume"));
    let post = |path: &str, token: &str, body: Value| server.post(path, token, &body).send();
    for (token, body, status) in [
        (&developer.token, json!({"reason": "mine"}), 403),
        (&operator.token, json!({}), 422),
        (&operator.token, json!({"reason": " "}), 422),
        (&operator.token, json!({"reason": "x".repeat(501)}), 422),
        (&operator.token, json!({"reason": "late", "until": "2020-01-01T00:00:00Z"}), 422),
        (&operator.token, json!({"reason": "stale", "revision": 99}), 412),
    ] {
        problem(post(&pause, token, body).await.unwrap(), status).await;
    }
    let month_end = json!({"reason": "month end", "until": "2099-01-01T00:00:00Z"});
    let paused = read(post(&pause, &operator.token, month_end).await.unwrap(), 200).await;
    assert_eq!(
        (&paused["pause"]["reason"], &paused["pause"]["by"]["name"]),
        (&json!("month end"), &json!("olive"))
    );

    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, welcome) = agent.connect(&server, Vec::new()).await;
    assert!(welcome.hears_preparations);
    connection.free(1, 0).await;
    let waits = post("/api/executions", &admin.token, json!({"packageId": package})).await.unwrap();
    let waits = read(waits, 201).await;
    let early = tokio::time::timeout(Duration::from_millis(500), connection.assigned()).await;
    assert!(early.is_err(), "{early:?}");
    let reasons = explained(&server, &admin.token, &waits).await;
    assert_eq!(
        (&reasons[0]["kind"], &reasons[0]["reason"], &reasons[0]["by"]["name"]),
        (&json!("environmentPaused"), &json!("month end"), &json!("olive"))
    );
    assert!(text(&reasons[0]["message"]).contains("paused by olive until 2099"), "{reasons}");

    problem(post(&resume, &developer.token, json!({})).await.unwrap(), 403).await;
    let resumed = read(post(&resume, &operator.token, json!({})).await.unwrap(), 200).await;
    assert_eq!(resumed["pause"], Value::Null);
    let again = read(post(&resume, &operator.token, json!({})).await.unwrap(), 200).await;
    assert_eq!(again["revision"], resumed["revision"]);
    let given = connection.assigned().await;
    assert_eq!(json!(given.lease.execution), waits["id"]);
    let audit = read(server.get("/api/audit", &admin.token).send().await.unwrap(), 200).await;
    let actions = audit["items"].as_array().unwrap().iter().map(|entry| text(&entry["action"]));
    let actions: Vec<_> =
        actions.filter(|action| action.ends_with("pause") || action.ends_with("resume")).collect();
    assert_eq!(actions, ["environment.resume", "environment.pause"]);
}

#[tokio::test]
async fn how_far_an_agent_is_with_a_version_is_shown_and_explains_what_waits() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let version = connection.prepared().await.version;
    let list = format!("/api/packages/{package}/versions/{version}/agents");
    let items = async || {
        let told = read(server.get(&list, &admin.token).send().await.unwrap(), 200).await;
        told["items"].as_array().unwrap().clone()
    };
    assert_eq!(items().await, Vec::<Value>::new());
    let asked = server.post("/api/executions", &admin.token, &json!({"packageId": package}));
    let execution = read(asked.send().await.unwrap(), 201).await;
    let lease = connection.take().await.lease;
    for (state, reason, words) in [
        (PreparationState::Fetching, None, "is being fetched"),
        (PreparationState::Building, None, "is being made"),
        (PreparationState::Failed, Some("no space left"), "could not be made ready"),
    ] {
        let word = PreparationWord { version, state, reason: reason.map(str::to_owned) };
        let unknown = PreparationWord { version: openautomate_core::id::VersionId::new(), ..word.clone() };
        connection.send(&AgentMessage::Prepared { versions: vec![word, unknown] }).await;
        while items().await.first().is_none_or(|item| item["state"] != json!(state)) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(items().await[0]["reason"], json!(reason));
        let reasons = explained(&server, &admin.token, &execution).await;
        assert_eq!((&reasons[0]["kind"], &reasons[1]["kind"]), (&json!("leased"), &json!("versionNotReady")));
        assert!(text(&reasons[1]["message"]).contains(words), "{reasons}");
    }
    connection.send(&AgentMessage::Started { lease }).await;
    while explained(&server, &admin.token, &execution).await.as_array().unwrap().len() > 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let nothing = format!("/api/packages/{package}/versions/{}/agents", uuid::Uuid::now_v7());
    problem(server.get(&nothing, &admin.token).send().await.unwrap(), 404).await;
}
