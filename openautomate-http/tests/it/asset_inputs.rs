//! Inputs that name assets: whoever triggers, schedules or has something triggered learns at once that the package may not
//! read one, and not by a run that fails.

use openautomate_core::clock::{Clock as _, SystemClock};
use reqwest::Response;
use serde_json::{Value, json};

use crate::server::{TestServer, problem, read, text, zip};
use crate::triggers::signature;

const SOURCE: &str = r"
from openautomate import Secret

def run(login: Secret, more: list[Secret] | None = None, number: int = 0):
    pass
";

const REFUSED: &str = "may not read";

struct Shop {
    server: TestServer,
    token: String,
    package: String,
}

impl Shop {
    /// A package that takes secrets, and assets: one that it may read, one for another package, one for nobody.
    async fn open() -> Self {
        let server = TestServer::start().await;
        let token = server.admin().await.token;
        let made = server.post("/api/packages", &token, &json!({"name": "pay"})).send().await.unwrap();
        let package = text(&read(made, 201).await["id"]);
        let manifest = "[project]\nname = \"pay\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main:run\"\n";
        let archive = zip(&[("pyproject.toml", manifest), ("main.py", SOURCE)]);
        read(server.publish(&token, &package, archive).await, 201).await;
        server.package(&token, "other").await;
        let shop = Self { server, token, package };
        for (name, packages) in [
            ("open", Value::Null),
            ("own", json!(["PAY"])),
            ("foreign", json!(["other"])),
            ("closed", json!([])),
        ] {
            shop.asset(name, packages).await;
        }
        shop
    }

    async fn asset(&self, name: &str, packages: Value) {
        let mut asset = json!({"name": name, "kind": "secret", "value": "hunter2-hunter2"});
        if !packages.is_null() {
            asset["allowedPackages"] = packages;
        }
        let put = self.server.put("/api/assets", &self.token, &asset).send().await.unwrap();
        assert!(put.status().is_success(), "{}", put.text().await.unwrap());
    }

    async fn post(&self, path: &str, body: Value) -> Response {
        self.server.post(path, &self.token, &body).send().await.unwrap()
    }

    async fn executions(&self) -> usize {
        let list = self.server.get("/api/executions", &self.token).send().await.unwrap();
        read(list, 200).await["items"].as_array().unwrap().len()
    }
}

/// An answer that refuses these fields, each since the package may not read the asset.
async fn refused(answer: Response, fields: &[&str]) {
    let told = problem(answer, 422).await;
    let errors = told["errors"].as_array().unwrap();
    let named: Vec<String> = errors.iter().map(|error| text(&error["field"])).collect();
    assert_eq!(named, fields, "{told}");
    assert!(errors.iter().all(|error| text(&error["message"]).contains(REFUSED)), "{told}");
    assert!(!told.to_string().contains("hunter2"), "{told}");
}

#[tokio::test]
async fn an_execution_is_refused_by_field() {
    let shop = Shop::open().await;
    let enqueue = async |inputs: Value| {
        shop.post("/api/executions", json!({"packageId": shop.package, "inputs": inputs})).await
    };
    for name in ["foreign", "closed"] {
        refused(enqueue(json!({"login": name})).await, &["inputs.login"]).await;
    }
    let several = json!({"login": "foreign", "more": ["open", "closed", "own"]});
    refused(enqueue(several).await, &["inputs.login", "inputs.more[1]"]).await;
    let missing = problem(enqueue(json!({"login": "nothing"})).await, 422).await;
    assert!(text(&missing["detail"]).contains("names no asset"), "{missing}");
    let item = |name: &str| json!({"packageId": shop.package, "inputs": {"login": name}});
    let bulk = json!({"items": [item("open"), item("foreign")]});
    refused(shop.post("/api/executions/bulk", bulk).await, &["items[1].inputs.login"]).await;
    assert_eq!(shop.executions().await, 0);
    for name in ["open", "own"] {
        read(enqueue(json!({"login": name})).await, 201).await;
    }
    // Once the asset names the package it is taken, and no more once it does not.
    shop.asset("foreign", json!(["other", "pay"])).await;
    let made = read(enqueue(json!({"login": "foreign"})).await, 201).await;
    shop.asset("foreign", json!(["other"])).await;
    refused(enqueue(json!({"login": "foreign"})).await, &["inputs.login"]).await;
    let path = format!("/api/executions/{}", text(&made["id"]));
    read(shop.post(&format!("{path}/cancel"), json!({})).await, 202).await;
    let retry = shop.post(&format!("{path}/retry"), json!({"inputs": {"login": "closed"}})).await;
    refused(retry, &["inputs.login"]).await;
}

#[tokio::test]
async fn a_schedule_is_refused_when_it_is_saved() {
    let shop = Shop::open().await;
    let body = |name: &str| json!({"name": "s", "packageId": shop.package, "cronExpression": "0 0 1 1 *", "inputs": {"login": name}});
    refused(shop.post("/api/schedules", body("foreign")).await, &["inputs.login"]).await;
    let made = read(shop.post("/api/schedules", body("own")).await, 201).await;
    let path = format!("/api/schedules/{}", text(&made["id"]));
    let changed = shop.server.put(&path, &shop.token, &body("closed")).send().await.unwrap();
    refused(changed, &["inputs.login"]).await;
    let shown = read(shop.server.get(&path, &shop.token).send().await.unwrap(), 200).await;
    assert_eq!((&shown["inputs"], &shown["revision"]), (&json!({"login": "own"}), &made["revision"]));
}

#[tokio::test]
async fn a_trigger_is_refused_when_it_is_saved_and_when_it_fires() {
    let shop = Shop::open().await;
    let body = |name: &str| {
        json!({"name": "orders", "packageId": shop.package, "source": {"kind": "webhook", "style": "timestamped"},
            "inputs": {"login": name}, "mapping": {"more": "/logins"}})
    };
    refused(shop.post("/api/triggers", body("foreign")).await, &["inputs.login"]).await;
    let made = read(shop.post("/api/triggers", body("own")).await, 201).await;
    let path = format!("/api/triggers/{}", text(&made["id"]));
    let changed = shop.server.put(&path, &shop.token, &body("closed")).send().await.unwrap();
    refused(changed, &["inputs.login"]).await;
    // What a sender names is looked at when it comes; whoever sends is not told what is there.
    let send = async |logins: Value| {
        let (body, time) = (json!({"logins": logins}).to_string(), SystemClock.now().timestamp());
        let signed = signature(&text(&made["secret"]), &format!("{time}.{body}"));
        let request = shop.server.request(reqwest::Method::POST, &text(&made["hookPath"]));
        let request = request.header("content-type", "application/json");
        let request = request.header("x-openautomate-timestamp", time);
        request.header("x-openautomate-signature", signed).body(body).send().await.unwrap()
    };
    let of_foreign = problem(send(json!(["open", "foreign"])).await, 422).await;
    let of_missing = problem(send(json!(["open", "nothing"])).await, 422).await;
    assert_eq!((&of_foreign["field"], &of_foreign["detail"]), (&of_missing["field"], &of_missing["detail"]));
    assert_eq!(of_foreign["field"], "inputs.more[1]");
    assert_eq!(shop.executions().await, 0);
    read(send(json!(["open", "own"])).await, 202).await;
    // It is one for others by now.
    shop.asset("own", json!(["other"])).await;
    problem(send(json!(["open"])).await, 422).await;
    assert_eq!(shop.executions().await, 1);
}
