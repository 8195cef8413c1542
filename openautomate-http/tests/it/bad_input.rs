use reqwest::Method;
use serde_json::json;

use crate::server::{TestServer, archive, problem, read, text, zip};

#[tokio::test]
async fn bodies_that_are_no_good_are_told_why() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let long = "x".repeat(101);
    for (body, status, field) in [
        ("{\"name\": ".to_owned(), 400, None),
        ("nonsense".to_owned(), 400, None),
        (
            r#"{"name": "a", "machineName": "m", "ipAddress": "1.2.3.4", "ownerId": "x"}"#.to_owned(),
            422,
            Some("ownerId"),
        ),
        (r#"{"name": 7, "machineName": "m", "ipAddress": "1.2.3.4"}"#.to_owned(), 422, Some("name")),
        (r#"{"name": "a", "ipAddress": "1.2.3.4"}"#.to_owned(), 422, Some("machineName")),
        (
            r#"{"name": "a", "machineName": "m", "ipAddress": "not an address"}"#.to_owned(),
            422,
            Some("ipAddress"),
        ),
        (format!(r#"{{"name": "{long}", "machineName": "m", "ipAddress": "1.2.3.4"}}"#), 422, Some("name")),
        (
            r#"{"name": "a", "machineName": "m", "ipAddress": "1.2.3.4", "environmentId": "7"}"#.to_owned(),
            422,
            Some("environmentId"),
        ),
        ("[]".to_owned(), 422, Some("body")),
    ] {
        let response = server
            .request(Method::POST, "/api/agents/register")
            .bearer_auth(&admin.token)
            .header("content-type", "application/json")
            .body(body.clone())
            .send()
            .await
            .unwrap();
        let told = problem(response, status).await;
        assert_eq!(told["field"].as_str(), field, "{body}: {told}");
    }
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded"] {
        let request = server.request(Method::POST, "/api/packages").bearer_auth(&admin.token);
        let response = request.header("content-type", kind).body(r#"{"name":"a"}"#).send().await.unwrap();
        problem(response, 415).await;
    }
    let bare = server
        .request(Method::POST, "/api/packages")
        .bearer_auth(&admin.token)
        .body("{}")
        .send()
        .await
        .unwrap();
    problem(bare, 415).await;
}

#[tokio::test]
async fn expressions_zones_and_ids_are_checked() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let unknown = uuid::Uuid::now_v7();
    for (body, field) in [
        (json!({"packageId": package, "cronExpression": "every day"}), "cronExpression"),
        (json!({"packageId": package, "cronExpression": "61 * * * *"}), "cronExpression"),
        (
            json!({"packageId": package, "cronExpression": "* * * * *", "timeZone": "Mars/Olympus"}),
            "timeZone",
        ),
        (json!({"packageId": unknown, "cronExpression": "* * * * *"}), "packageId"),
        (json!({"packageId": package, "cronExpression": "* * * * *", "overlap": "sometimes"}), "overlap"),
        (json!({"packageId": package, "cronExpression": "* * * * *", "maxCatchup": 0}), "maxCatchup"),
    ] {
        let told =
            problem(server.post("/api/schedules", &admin.token, &body).send().await.unwrap(), 422).await;
        assert_eq!(told["field"], field, "{told}");
    }
    let execution = |body: serde_json::Value| server.post("/api/executions", &admin.token, &body).send();
    problem(execution(json!({"packageId": unknown})).await.unwrap(), 404).await;
    for (body, field) in [
        (json!({}), "packageId"),
        (json!({"packageName": "nothing"}), "packageName"),
        (json!({"packageId": package, "packageName": "hello"}), "packageName"),
        (json!({"packageId": package, "agentId": unknown}), "agentId"),
        (json!({"packageId": package, "versionId": unknown}), "versionId"),
        (json!({"packageId": package, "environmentId": unknown}), "environmentId"),
        (json!({"packageId": package, "inputs": [1]}), "inputs"),
        (json!({"packageId": package, "inputs": {"big": "x".repeat(600_000)}}), "inputs"),
        (json!({"packageId": package, "timeoutMs": -1}), "timeoutMs"),
        (json!({"packageId": package, "labels": ["a b"]}), "labels"),
    ] {
        let told = problem(execution(body).await.unwrap(), 422).await;
        assert_eq!(told["field"], field, "{told}");
    }
    for path in ["agents", "packages", "executions", "schedules", "assets", "users"] {
        problem(server.get(&format!("/api/{path}/{unknown}"), &admin.token).send().await.unwrap(), 404).await;
        problem(server.get(&format!("/api/{path}/7"), &admin.token).send().await.unwrap(), 404).await;
    }
    for path in ["logs", "artifacts", "attempts"] {
        let response =
            server.get(&format!("/api/executions/{unknown}/{path}"), &admin.token).send().await.unwrap();
        problem(response, 404).await;
    }
}

#[tokio::test]
async fn archives_are_checked() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package =
        read(server.post("/api/packages", &admin.token, &json!({"name": "p"})).send().await.unwrap(), 201)
            .await;
    let id = text(&package["id"]);
    let pyproject =
        "[project]\nname=\"p\"\nversion=\"1.0.0\"\n[tool.openautomate]\nentrypoint=\"main:run\"\n";
    let cases = [
        ("no zip", b"PK nonsense".to_vec()),
        ("empty", Vec::new()),
        ("half", archive("1.0.0")[..200].to_vec()),
        ("no entry point file", zip(&[("pyproject.toml", pyproject)])),
        ("no such function", zip(&[("pyproject.toml", pyproject), ("main.py", "x = 1\n")])),
        ("no entry point named", zip(&[("readme.txt", "hello")])),
        ("climbing out", zip(&[("pyproject.toml", pyproject), ("../main.py", "def run(): pass\n")])),
    ];
    for (why, bytes) in cases {
        let told = problem(server.publish(&admin.token, &id, bytes).await, 422).await;
        assert!(text(&told["detail"]).len() > 10, "{why}: {told}");
    }
    read(server.publish(&admin.token, &id, archive("1.0.0")).await, 201).await;
    assert_eq!(
        problem(server.publish(&admin.token, &id, archive("1.0.0")).await, 409).await["code"],
        "version.exists"
    );
    let form =
        server.request(Method::POST, &format!("/api/packages/{id}/versions")).bearer_auth(&admin.token);
    problem(
        form.header("content-type", "multipart/form-data; boundary=x").body("x").send().await.unwrap(),
        415,
    )
    .await;
}

#[tokio::test]
async fn queries_are_checked() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for query in [
        "executions?limit=0",
        "executions?limit=201",
        "executions?limit=many",
        "executions?cursor=!!",
        "executions?state=Sleeping",
        "executions?packageId=7",
        "audit?from=yesterday",
        "agents?limit=-1",
    ] {
        problem(server.get(&format!("/api/{query}"), &admin.token).send().await.unwrap(), 422).await;
    }
    read(
        server.get("/api/executions?state=Running,Failed&limit=200", &admin.token).send().await.unwrap(),
        200,
    )
    .await;
}
