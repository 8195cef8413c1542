//! Files as inputs: uploaded, named by inputs, deleted.

use std::time::Duration;

use futures_util::StreamExt as _;
use openautomate_core::domain::Role;
use openautomate_core::orchestrator::Settings;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::fake_agent::FakeAgent;
use crate::server::{Person, TestServer, problem, read, text, zip};

const SOURCE: &str = "
from pathlib import Path

def run(invoice: Path, more: list[Path] = []):
    pass
";

async fn upload(server: &TestServer, token: &str, name: &str, content: &[u8]) -> Response {
    let url = format!("{}/api/files", server.url);
    let url = reqwest::Url::parse_with_params(&url, [("name", name)]).unwrap();
    let request = server.client.post(url).bearer_auth(token);
    request.header("content-type", "application/pdf").body(content.to_vec()).send().await.unwrap()
}

pub(crate) async fn uploaded(server: &TestServer, person: &Person, name: &str) -> String {
    text(&read(upload(server, &person.token, name, b"content").await, 201).await["id"])
}

async fn get(server: &TestServer, person: &Person, path: &str) -> Response {
    server.get(path, &person.token).send().await.unwrap()
}

async fn delete(server: &TestServer, person: &Person, id: &str) -> Response {
    let request = server.request(Method::DELETE, &format!("/api/files/{id}")).bearer_auth(&person.token);
    request.send().await.unwrap()
}

pub(crate) async fn deployed(server: &TestServer, admin: &Person) -> String {
    let manifest =
        "[project]\nname = \"pay\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main:run\"\n";
    let package = server.post("/api/packages", &admin.token, &json!({"name": "pay"})).send().await.unwrap();
    let id = text(&read(package, 201).await["id"]);
    let archive = zip(&[("pyproject.toml", manifest), ("main.py", SOURCE)]);
    read(server.publish(&admin.token, &id, archive).await, 201).await;
    id
}

pub(crate) async fn enqueue(server: &TestServer, person: &Person, package: &str, inputs: Value) -> Response {
    let body = json!({"packageId": package, "inputs": inputs});
    server.post("/api/executions", &person.token, &body).send().await.unwrap()
}

#[tokio::test]
async fn a_file_is_uploaded_shown_downloaded_and_deleted() {
    let server = TestServer::start().await;
    let person = server.person("dora", Role::Developer).await;
    let response = upload(&server, &person.token, "Überweisung \"7\".pdf", b"content").await;
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let file = read(response, 201).await;
    assert_eq!(location, format!("/api/files/{}", text(&file["id"])));
    assert_eq!((&file["size"], &file["contentType"]), (&json!(7), &json!("application/pdf")));
    assert_eq!(file["sha256"], "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73");
    assert_eq!(file["createdById"], person.id);
    let time = |name: &str| text(&file[name]).parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert_eq!(time("expiresAt") - time("createdAt"), chrono::TimeDelta::hours(24));
    assert_eq!(read(get(&server, &person, &location).await, 200).await, file);
    let content = get(&server, &person, &format!("{location}/content")).await;
    assert!(content.headers()["content-disposition"].to_str().unwrap().starts_with("attachment; "));
    assert_eq!(content.headers()["content-length"], "7");
    assert_eq!(content.bytes().await.unwrap(), "content");
    let id = text(&file["id"]);
    assert_eq!(delete(&server, &person, &id).await.status(), 204);
    problem(delete(&server, &person, &id).await, 404).await;
    problem(get(&server, &person, &location).await, 404).await;
    problem(get(&server, &person, &format!("{location}/content")).await, 404).await;
    assert_eq!(blobs(&server), 0, "the content is gone too");
    let admin = server.admin().await;
    for action in ["file.upload", "file.delete"] {
        let list = read(get(&server, &admin, &format!("/api/audit?action={action}")).await, 200).await;
        assert_eq!(list["items"][0]["objectId"], json!(id), "{list}");
    }
}

fn blobs(server: &TestServer) -> usize {
    let files = std::fs::read_dir(server.dir.path().join("blobs/inputs")).into_iter().flatten();
    files.filter(|entry| entry.as_ref().unwrap().file_type().unwrap().is_file()).count()
}

#[tokio::test]
async fn names_that_are_none_are_refused_before_a_byte_is_kept() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for name in ["../x", "a/b", "a\\b", "..", ".", "", "a\nb", " a", &"x".repeat(101), &"x".repeat(8_000)] {
        let refused = problem(upload(&server, &admin.token, name, b"x").await, 422).await;
        assert_eq!(refused["errors"][0]["field"], "name", "{refused}");
    }
    assert_eq!(blobs(&server), 0);
}

#[tokio::test]
async fn too_large_is_refused_with_and_without_a_length() {
    let settings = Settings { max_file_bytes: 1_000_000, ..Settings::default() };
    let server = TestServer::with(settings, |_| {}).await;
    let admin = server.admin().await;
    read(upload(&server, &admin.token, "a", &vec![0; 1_000_000]).await, 201).await;
    problem(upload(&server, &admin.token, "a", &vec![0; 1_000_001]).await, 413).await;
    let chunks = futures_util::stream::iter((0..11).map(|_| Ok::<_, std::io::Error>(vec![0_u8; 100_000])));
    let request = server.request(Method::POST, "/api/files?name=a").bearer_auth(&admin.token);
    let sent = request.body(reqwest::Body::wrap_stream(chunks)).send().await.unwrap();
    problem(sent, 413).await;
    assert_eq!(blobs(&server), 1);
}

#[tokio::test]
async fn who_sends_no_more_is_given_up() {
    let silence = Duration::from_millis(300);
    let server = TestServer::with(Settings::default(), |options| options.silence_limit = silence).await;
    let admin = server.admin().await;
    let stuck = futures_util::stream::once(async { Ok::<_, std::io::Error>("begin") })
        .chain(futures_util::stream::pending());
    let request = server.request(Method::POST, "/api/files?name=a").bearer_auth(&admin.token);
    let sent = request.body(reqwest::Body::wrap_stream(stuck)).send().await.unwrap();
    assert_eq!(problem(sent, 503).await["code"], "blob.interrupted");
    assert_eq!(blobs(&server), 0);
}

#[tokio::test]
async fn a_key_works_once_for_the_same_content() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let send = |content: &'static str| {
        let request = server.request(Method::POST, "/api/files?name=a").bearer_auth(&admin.token);
        request.header("idempotency-key", "k-1").body(content).send()
    };
    let first = read(send("one").await.unwrap(), 201).await;
    assert_eq!(read(send("one").await.unwrap(), 201).await, first);
    assert_eq!(problem(send("two").await.unwrap(), 422).await["code"], "idempotency.mismatch");
    assert_eq!(blobs(&server), 1);
}

#[tokio::test]
async fn a_file_is_its_owners_and_an_administrators() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = deployed(&server, &admin).await;
    let (dora, oscar) =
        (server.person("dora", Role::Developer).await, server.person("oscar", Role::Operator).await);
    let id = uploaded(&server, &dora, "a").await;
    for path in [format!("/api/files/{id}"), format!("/api/files/{id}/content")] {
        problem(get(&server, &oscar, &path).await, 404).await;
        assert_eq!(get(&server, &admin, &path).await.status(), 200);
    }
    problem(delete(&server, &oscar, &id).await, 404).await;
    let foreign = problem(enqueue(&server, &oscar, &package, json!({"invoice": id})).await, 422).await;
    let absent = uuid::Uuid::now_v7().to_string();
    let missing = problem(enqueue(&server, &oscar, &package, json!({"invoice": absent})).await, 422).await;
    assert_eq!(foreign["errors"], missing["errors"], "whether it exists is not told");
    read(enqueue(&server, &dora, &package, json!({"invoice": id})).await, 201).await;
    read(enqueue(&server, &admin, &package, json!({"invoice": id})).await, 201).await;
    let viewer = server.person("vera", Role::Viewer).await;
    problem(upload(&server, &viewer.token, "a", b"x").await, 403).await;
}

#[tokio::test]
async fn inputs_name_files_that_exist() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = deployed(&server, &admin).await;
    let (one, two) = (uploaded(&server, &admin, "a").await, uploaded(&server, &admin, "b").await);
    let absent = uuid::Uuid::now_v7().to_string();
    let inputs = json!({"invoice": "passwd", "more": [one, absent]});
    let refused = problem(enqueue(&server, &admin, &package, inputs).await, 422).await;
    assert_eq!(refused["errors"][0]["field"], "inputs.invoice");
    let inputs = json!({"invoice": one, "more": [two, absent]});
    let refused = problem(enqueue(&server, &admin, &package, inputs).await, 422).await;
    assert_eq!(refused["errors"][0]["field"], "inputs.more[1]");
    assert!(!refused.to_string().contains(&absent), "the value is told");
    let schedule = json!({"name": "s", "packageId": package, "cronExpression": "0 0 1 1 *"});
    let save = async |inputs: Value| {
        let mut body = schedule.clone();
        body["inputs"] = inputs;
        server.post("/api/schedules", &admin.token, &body).send().await.unwrap()
    };
    let refused = problem(save(json!({"invoice": absent})).await, 422).await;
    assert_eq!(refused["errors"][0]["field"], "inputs.invoice");
    let saved = read(save(json!({"invoice": two})).await, 201).await;
    assert_eq!(problem(delete(&server, &admin, &two).await, 409).await["code"], "file.in_use");
    let path = format!("/api/schedules/{}", text(&saved["id"]));
    let gone = server.request(Method::DELETE, &path).bearer_auth(&admin.token).send().await.unwrap();
    assert!(gone.status().is_success());
    assert_eq!(delete(&server, &admin, &two).await.status(), 204);
    read(enqueue(&server, &admin, &package, json!({"invoice": one})).await, 201).await;
    assert_eq!(problem(delete(&server, &admin, &one).await, 409).await["code"], "file.in_use");
}

#[tokio::test]
async fn an_agent_fetches_what_its_execution_uses_and_nothing_else() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = deployed(&server, &admin).await;
    let (used, other) = (uploaded(&server, &admin, "a").await, uploaded(&server, &admin, "b").await);
    let agent = FakeAgent::enrol(&server, &admin.token, "bot-1").await;
    let (mut connection, _) = agent.connect(&server, vec![]).await;
    read(enqueue(&server, &admin, &package, json!({"invoice": used, "more": [used]})).await, 201).await;
    let assignment = connection.take().await;
    let pointers: Vec<&str> = assignment.files.iter().map(|file| file.pointer.as_str()).collect();
    assert_eq!(pointers, ["/invoice", "/more/0"]);
    assert_eq!((assignment.files[0].name.as_str(), assignment.files[0].size), ("a", 7));
    let lease = assignment.lease;
    let path = |agent: &FakeAgent, epoch: u32, file: &str| {
        format!("/api/agents/{}/leases/{}/{epoch}/files/{file}", agent.id, lease.execution)
    };
    let fetch = async |agent: &FakeAgent, epoch: u32, file: &str| {
        server.get(&path(agent, epoch, file), &agent.token).send().await.unwrap()
    };
    assert_eq!(fetch(&agent, lease.epoch, &used).await.bytes().await.unwrap(), "content");
    problem(fetch(&agent, lease.epoch, &other).await, 404).await;
    problem(fetch(&agent, lease.epoch + 1, &used).await, 409).await;
    let stranger = FakeAgent::enrol(&server, &admin.token, "bot-2").await;
    problem(fetch(&stranger, lease.epoch, &used).await, 409).await;
    problem(server.get(&path(&agent, lease.epoch, &used), &stranger.token).send().await.unwrap(), 403).await;
    problem(server.get(&path(&agent, lease.epoch, &used), &admin.token).send().await.unwrap(), 401).await;
}
