use std::time::Duration;

use hmac::{Hmac, Mac as _};
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::domain::{RunError, RunResult, RunStatus};
use openautomate_core::orchestrator::Settings;
use openautomate_http::RateLimit;
use reqwest::{Method, RequestBuilder};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, problem, read, text};

pub(crate) fn signature(secret: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

struct Hook<'a> {
    server: &'a TestServer,
    path: String,
    secret: String,
}

impl Hook<'_> {
    fn unsigned(&self, body: &str) -> RequestBuilder {
        let request = self.server.request(Method::POST, &self.path);
        request.header("content-type", "application/json").body(body.to_owned())
    }

    fn signed(&self, body: &str) -> RequestBuilder {
        let time = SystemClock.now().timestamp();
        self.unsigned(body)
            .header("x-openautomate-timestamp", time)
            .header("x-openautomate-signature", signature(&self.secret, &format!("{time}.{body}")))
    }
}

async fn hook<'a>(server: &'a TestServer, token: &str, package: &str, style: &str) -> (Hook<'a>, Value) {
    let body = json!({
        "name": "orders", "packageId": package, "source": {"kind": "webhook", "style": style},
        "mapping": {"name": "/customer/name", "extra": "/extra"},
    });
    let made = read(server.post("/api/triggers", token, &body).send().await.unwrap(), 201).await;
    let hook = Hook { server, path: text(&made["hookPath"]), secret: text(&made["secret"]) };
    (hook, made)
}

async fn count(server: &TestServer, token: &str) -> usize {
    let list = read(server.get("/api/executions", token).send().await.unwrap(), 200).await;
    list["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_webhook_makes_one_execution_a_signature() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let (hook, trigger) = hook(&server, &admin.token, &package, "timestamped").await;
    let body = r#"{"customer": {"name": "Ada"}, "else": [1]}"#;
    let request = hook.signed(body);
    let taken = request.try_clone().unwrap().send().await.unwrap();
    let location = taken.headers()["location"].to_str().unwrap().to_owned();
    let answer = read(taken, 202).await;
    let made = read(server.get(&location, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!((&made["id"], &made["inputs"]), (&answer["executionId"], &json!({"name": "Ada"})));
    assert_eq!(made["origin"], json!({"kind": "trigger", "triggerId": trigger["id"]}));
    assert_eq!(problem(request.send().await.unwrap(), 409).await["code"], "webhook.replayed");
    let firings = format!("/api/triggers/{}/firings", text(&trigger["id"]));
    let firings = read(server.get(&firings, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(firings["items"].as_array().unwrap().len(), 1);
    assert_eq!(firings["items"][0]["executionId"], answer["executionId"]);
    let audit = format!("/api/audit?objectId={}", text(&answer["executionId"]));
    let audit = read(server.get(&audit, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(audit["items"][0]["action"], "trigger.webhook");
    assert!(!audit.to_string().contains("Ada"));
    assert_eq!(count(&server, &admin.token).await, 1);
}

#[tokio::test]
async fn a_wrong_webhook_makes_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let (hook, trigger) = hook(&server, &admin.token, &package, "timestamped").await;
    let code = async |request: RequestBuilder, status| {
        text(&problem(request.send().await.unwrap(), status).await["code"])
    };
    assert_eq!(code(hook.unsigned("{}"), 401).await, "webhook.signature");
    let github = hook.unsigned("{}").header("x-hub-signature-256", signature(&hook.secret, "{}"));
    assert_eq!(code(github, 401).await, "webhook.signature");
    let wrong = Hook { secret: "0".repeat(64), path: hook.path.clone(), ..hook };
    assert_eq!(code(wrong.signed("{}"), 401).await, "webhook.signature");
    let hook = Hook { secret: text(&trigger["secret"]), ..wrong };
    let old = SystemClock.now().timestamp() - 301;
    let expired = hook
        .unsigned("{}")
        .header("x-openautomate-timestamp", old)
        .header("x-openautomate-signature", signature(&hook.secret, &format!("{old}.{{}}")));
    assert_eq!(code(expired, 401).await, "webhook.expired");
    assert_eq!(code(hook.signed("{"), 400).await, "request.malformed");
    let form = hook.signed("{}").header("content-type", "text/plain");
    let form = {
        let mut request = form.build().unwrap();
        request.headers_mut().insert("content-type", "text/plain".parse().unwrap());
        server.client.execute(request).await.unwrap()
    };
    assert_eq!(problem(form, 415).await["code"], "request.media_type");
    for size in [300 * 1024, 2 * 1024 * 1024] {
        assert_eq!(code(hook.signed(&format!("\"{}\"", "x".repeat(size))), 413).await, "request.too_large");
    }
    // The entry function takes no such input.
    let misfit = problem(hook.signed(r#"{"extra": 1}"#).send().await.unwrap(), 422).await;
    assert_eq!(misfit["field"], "inputs.extra");
    let elsewhere = Hook { path: format!("/api/hooks/{}", uuid::Uuid::now_v7()), ..hook };
    assert_eq!(code(elsewhere.signed("{}"), 404).await, "resource.not_found");
    assert_eq!(count(&server, &admin.token).await, 0);
}

#[tokio::test]
async fn a_paused_rotated_or_deleted_webhook_takes_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let (mut hook, trigger) = hook(&server, &admin.token, &package, "github").await;
    let path = format!("/api/triggers/{}", text(&trigger["id"]));
    let github = |hook: &Hook<'_>, body: &str| {
        hook.unsigned(body).header("x-hub-signature-256", signature(&hook.secret, body))
    };
    read(github(&hook, "{}").send().await.unwrap(), 202).await;
    let shown = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert!(shown.get("secret").is_none() && !shown.to_string().contains(&hook.secret));
    let pause = json!({
        "name": "orders", "packageId": package, "source": {"kind": "webhook", "style": "github"},
        "isActive": false, "revision": 0,
    });
    read(server.put(&path, &admin.token, &pause).send().await.unwrap(), 200).await;
    problem(server.put(&path, &admin.token, &pause).send().await.unwrap(), 412).await;
    assert_eq!(problem(github(&hook, "[1]").send().await.unwrap(), 409).await["code"], "trigger.inactive");
    let rotated = server.post(&format!("{path}/secret"), &admin.token, &json!({})).send().await.unwrap();
    let old = std::mem::replace(&mut hook.secret, text(&read(rotated, 200).await["secret"]));
    let signed = hook.unsigned("[2]").header("x-hub-signature-256", signature(&old, "[2]"));
    problem(signed.send().await.unwrap(), 401).await;
    let resume =
        json!({"name": "orders", "packageId": package, "source": {"kind": "webhook", "style": "github"}});
    read(server.put(&path, &admin.token, &resume).header("if-match", "\"2\"").send().await.unwrap(), 200)
        .await;
    read(github(&hook, "[3]").send().await.unwrap(), 202).await;
    assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    problem(github(&hook, "[4]").send().await.unwrap(), 404).await;
    problem(server.get(&path, &admin.token).send().await.unwrap(), 404).await;
    assert_eq!(count(&server, &admin.token).await, 2);
}

#[tokio::test]
async fn a_trigger_has_its_own_limit() {
    let server = TestServer::with(Settings::default(), |options| {
        options.hook_requests = RateLimit::new(2, Duration::from_secs(3_600));
        options.behind_proxy = true;
    })
    .await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let (hook, _) = hook(&server, &admin.token, &package, "timestamped").await;
    let from =
        |request: RequestBuilder, address: &str| request.header("x-forwarded-for", address.to_owned()).send();
    // Who has no secret takes nothing from who has it.
    for _ in 0..2 {
        problem(from(hook.unsigned("{}"), "192.0.2.1").await.unwrap(), 401).await;
    }
    let stranger = problem(from(hook.unsigned("{}"), "192.0.2.1").await.unwrap(), 429).await;
    assert_eq!(stranger["code"], "request.rate");
    for (body, address) in [("[1]", "192.0.2.2"), ("[2]", "192.0.2.3")] {
        read(from(hook.signed(body), address).await.unwrap(), 202).await;
    }
    assert_eq!(
        problem(from(hook.signed("[3]"), "192.0.2.4").await.unwrap(), 429).await["code"],
        "webhook.rate"
    );
}

#[tokio::test]
async fn a_trigger_that_would_not_work_is_refused() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let [a, b, c] = [
        server.package(&admin.token, "a").await,
        server.package(&admin.token, "b").await,
        server.package(&admin.token, "c").await,
    ];
    let follow = |source: &str, target: &str, name: &str| json!({"name": name, "packageId": target, "source": {"kind": "executionFinished", "packageId": source}});
    let make = |body: Value| server.post("/api/triggers", &admin.token, &body).send();
    let itself = problem(make(follow(&a, &a, "itself")).await.unwrap(), 422).await;
    assert_eq!(
        (text(&itself["field"]), text(&itself["detail"]).contains("a -> a")),
        ("source.packageId".into(), true)
    );
    read(make(follow(&a, &b, "a to b")).await.unwrap(), 201).await;
    let paused = follow(&b, &c, "b to c").as_object().unwrap().clone();
    let paused: Map<_, _> = paused.into_iter().chain([("isActive".to_owned(), json!(false))]).collect();
    read(make(Value::Object(paused)).await.unwrap(), 201).await;
    let cycle = problem(make(follow(&c, &a, "c to a")).await.unwrap(), 422).await;
    assert!(text(&cycle["detail"]).contains("c -> a -> b -> c"), "{cycle}");
    let unsigned = follow(&a, &c, "a to c");
    for (change, field) in [
        (json!({"mapping": {"x": "outputs"}}), "mapping.x"),
        (json!({"mapping": {"x": "/a~"}}), "mapping.x"),
        (json!({"mapping": {"x": "/a"}, "inputs": {"x": 1}}), "mapping.x"),
        (json!({"name": ""}), "name"),
        (json!({"packageId": uuid::Uuid::now_v7()}), "packageId"),
        (
            json!({"source": {"kind": "executionFinished", "packageId": uuid::Uuid::now_v7()}}),
            "source.packageId",
        ),
        (json!({"source": {"kind": "mail"}}), "source"),
        (json!({"source": {"kind": "webhook", "colour": "red"}}), "source"),
        (json!({"environmentId": uuid::Uuid::now_v7()}), "environmentId"),
    ] {
        let mut body = unsigned.as_object().unwrap().clone();
        body.extend(change.as_object().unwrap().clone());
        let refused = problem(make(Value::Object(body)).await.unwrap(), 422).await;
        assert!(text(&refused["field"]).starts_with(field), "{change}: {refused}");
    }
}

#[tokio::test]
async fn the_end_of_one_package_starts_another() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let first = server.package(&admin.token, "first").await;
    let [on_success, on_failure] = ["second", "alarm"];
    let mut targets = Vec::new();
    for name in [on_success, on_failure] {
        targets.push(server.package(&admin.token, name).await);
    }
    for (target, on, pointer) in
        [(&targets[0], "success", "/outputs/greeting"), (&targets[1], "failure", "/error/message")]
    {
        let body = json!({
            "name": on, "packageId": target, "mapping": {"name": pointer},
            "source": {"kind": "executionFinished", "packageId": first, "on": on},
        });
        read(server.post("/api/triggers", &admin.token, &body).send().await.unwrap(), 201).await;
    }
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let greeting: Map<_, _> = [("greeting".to_owned(), json!("hello Ada"))].into_iter().collect();
    let failed = RunResult::ended(RunStatus::Failed, RunError::new("ValueError", "no total"));
    for (received, (result, package, name)) in
        [(RunResult::succeeded(greeting), &targets[0], "hello Ada"), (failed, &targets[1], "no total")]
            .into_iter()
            .enumerate()
    {
        let body = json!({"packageId": first});
        let made = read(server.post("/api/executions", &admin.token, &body).send().await.unwrap(), 201).await;
        let received = 2 * received as u64;
        connection.free(1, received).await;
        let lease = connection.assigned().await.lease;
        connection.finish(lease, result, 0).await;
        connection.free(1, received + 1).await;
        let next = connection.assigned().await;
        assert_eq!(next.inputs["name"], name);
        let path = format!("/api/executions/{}", next.lease.execution);
        let follower = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
        assert_eq!((&follower["packageId"], &follower["origin"]["after"]), (&json!(package), &made["id"]));
        connection.finish(next.lease, RunResult::succeeded(Map::new()), 0).await;
    }
    assert_eq!(count(&server, &admin.token).await, 4);
}
