use reqwest::Method;
use serde_json::json;

use crate::server::{TestServer, problem, read, text};

#[tokio::test]
async fn pages_follow_one_another_without_gap_or_repetition() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for number in 0..7 {
        let body = json!({"name": format!("package-{number}")});
        read(server.post("/api/packages", &admin.token, &body).send().await.unwrap(), 201).await;
    }
    let mut names = Vec::new();
    let mut path = "/api/packages?limit=3".to_owned();
    loop {
        let page = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
        names.extend(page["items"].as_array().unwrap().iter().map(|item| text(&item["name"])));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/packages?limit=3&cursor={next}");
    }
    let wanted: Vec<String> = (0..7).rev().map(|number| format!("package-{number}")).collect();
    assert_eq!(names, wanted);
}

#[tokio::test]
async fn a_repeated_post_works_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body = json!({"name": "p"});
    let post = |key: &str, body: &serde_json::Value| {
        server.post("/api/packages", &admin.token, body).header("idempotency-key", key.to_owned()).send()
    };
    let (first, second) = (post("key-1", &body).await.unwrap(), post("key-1", &body).await.unwrap());
    assert_eq!(read(first, 201).await, read(second, 201).await);
    let other = problem(post("key-1", &json!({"name": "q"})).await.unwrap(), 422).await;
    assert_eq!(other["code"], "idempotency.mismatch");
    problem(post("key-2", &body).await.unwrap(), 409).await;
    problem(post("", &body).await.unwrap(), 422).await;
    // The same key on another path is another request.
    let elsewhere = server.post(
        "/api/agents/register",
        &admin.token,
        &json!({"name": "a", "machineName": "m", "ipAddress": ""}),
    );
    problem(elsewhere.header("idempotency-key", "key-1").send().await.unwrap(), 422).await;
}

#[tokio::test]
async fn many_at_once_with_one_key_make_one_thing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let body = json!({"packageId": package});
    let requests = (0..8).map(|_| {
        let request = server.post("/api/executions", &admin.token, &body).header("idempotency-key", "once");
        async { text(&read(request.send().await.unwrap(), 201).await["id"]) }
    });
    let mut ids = futures_util::future::join_all(requests).await;
    ids.dedup();
    assert_eq!(ids.len(), 1);
    let list = read(server.get("/api/executions", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_known_is_not_sent_again() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let id = server.package(&admin.token, "hello").await;
    let path = format!("/api/packages/{id}");
    let first = server.get(&path, &admin.token).send().await.unwrap();
    let tag = first.headers()["etag"].to_str().unwrap().to_owned();
    let again = server.get(&path, &admin.token).header("if-none-match", tag.clone()).send().await.unwrap();
    assert_eq!(again.status(), 304);
    assert_eq!(again.headers()["etag"].to_str().unwrap(), tag);
    read(server.put(&path, &admin.token, &json!({"description": "new"})).send().await.unwrap(), 200).await;
    let changed = server.get(&path, &admin.token).header("if-none-match", tag).send().await.unwrap();
    assert_eq!(read(changed, 200).await["description"], "new");
    let head = server.request(Method::HEAD, &path).bearer_auth(&admin.token).send().await.unwrap();
    assert_eq!(head.status(), 200);
}
