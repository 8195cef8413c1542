//! What a version takes, and inputs that it does not.

use serde_json::{Value, json};

use crate::server::{Person, TestServer, problem, read, text, zip};

const SOURCE: &str = r#"
import datetime
from dataclasses import dataclass

from openautomate import Secret

@dataclass
class Invoice:
    total: float
    note: str = ""

def run(invoice: Invoice, due: datetime.date, login: Secret | None = None, tries: int = 3):
    """Pays an invoice.

    Args:
        tries: How often.
    """
"#;

fn archive(version: &str, source: &str) -> Vec<u8> {
    let manifest = format!(
        "[project]\nname = \"pay\"\nversion = \"{version}\"\n[tool.openautomate]\nentrypoint = \"main:run\"\n"
    );
    zip(&[("pyproject.toml", &manifest), ("main.py", source)])
}

async fn published(server: &TestServer, admin: &Person) -> (String, Value) {
    let package = server.post("/api/packages", &admin.token, &json!({"name": "pay"})).send().await.unwrap();
    let id = text(&read(package, 201).await["id"]);
    let version = read(server.publish(&admin.token, &id, archive("1.0.0", SOURCE)).await, 201).await;
    (id, version)
}

#[tokio::test]
async fn a_version_says_what_it_takes() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (id, version) = published(&server, &admin).await;
    let path = format!("/api/packages/{id}/versions");
    let one = format!("{path}/{}", text(&version["id"]));
    let shown = read(server.get(&one, &admin.token).send().await.unwrap(), 200).await;
    let schema = &shown["inputsSchema"];
    assert_eq!(schema["required"], json!(["invoice", "due"]));
    assert_eq!(schema["x-order"], json!(["invoice", "due", "login", "tries"]));
    assert_eq!(schema["description"], "Pays an invoice.");
    let tries = json!({"type": "integer", "default": 3, "title": "Tries", "description": "How often."});
    assert_eq!(schema["properties"]["tries"], tries);
    assert!(shown["manifest"].get("inputs").is_none());
    let list = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert!(list["items"][0].get("inputsSchema").is_none(), "{list}");

    let script =
        [("pyproject.toml", "[project]\nname = \"s\"\nversion = \"1.0.0\"\n"), ("main.py", "print(1)\n")];
    let made = server.post("/api/packages", &admin.token, &json!({"name": "s"})).send().await.unwrap();
    let id = text(&read(made, 201).await["id"]);
    let script = read(server.publish(&admin.token, &id, zip(&script)).await, 201).await;
    assert_eq!(script.get("inputsSchema"), Some(&Value::Null));
}

#[tokio::test]
async fn wrong_inputs_are_refused_by_field_and_nothing_is_written() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (id, _) = published(&server, &admin).await;
    let enqueue = |inputs: Value| {
        server.post("/api/executions", &admin.token, &json!({"packageId": id, "inputs": inputs})).send()
    };
    let invoice = json!({"total": 1.5});
    for (inputs, field) in [
        (json!({}), "inputs.due"),
        (json!({"invoice": invoice, "due": "hunter2"}), "inputs.due"),
        (json!({"invoice": {"total": "hunter2"}, "due": "2026-01-31"}), "inputs.invoice.total"),
        (json!({"invoice": invoice, "due": "2026-01-31", "hurry": "hunter2"}), "inputs.hurry"),
        (json!({"invoice": invoice, "due": "2026-01-31", "login": "hunter2"}), "inputs.login"),
    ] {
        let told = problem(enqueue(inputs).await.unwrap(), 422).await;
        let errors = told["errors"].as_array().unwrap();
        assert!(errors.iter().any(|error| error["field"] == field), "{told}");
        assert_eq!(told["errors"][0]["field"], told["field"]);
        assert_eq!(told["errors"][0]["message"], told["detail"]);
        assert!(!told.to_string().contains("hunter2"), "{told}");
    }
    let several = problem(enqueue(json!({"tries": "x"})).await.unwrap(), 422).await;
    assert_eq!(several["errors"].as_array().unwrap().len(), 3, "{several}");
    let all = read(server.get("/api/executions", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(all["items"], json!([]));
    let audit = read(server.get("/api/audit?limit=200", &admin.token).send().await.unwrap(), 200).await;
    assert!(!audit.to_string().contains("execution.enqueue"), "{audit}");

    let asset = json!({"name": "ERP", "kind": "secret", "value": "hunter2"});
    read(server.post("/api/assets", &admin.token, &asset).send().await.unwrap(), 201).await;
    let good = json!({"invoice": invoice, "due": "2026-01-31", "login": "ERP"});
    let made = read(enqueue(good.clone()).await.unwrap(), 201).await;
    assert_eq!(made["inputs"], good);
}

#[tokio::test]
async fn a_schedule_is_checked_when_it_is_saved() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (id, _) = published(&server, &admin).await;
    let body = |inputs: Value| json!({"name": "s", "packageId": id, "cronExpression": "0 0 1 1 *", "inputs": inputs});
    let create = |inputs| server.post("/api/schedules", &admin.token, &body(inputs)).send();
    let told = problem(create(json!({"due": "2026-01-31"})).await.unwrap(), 422).await;
    assert_eq!(told["field"], "inputs.invoice");
    let good = json!({"invoice": {"total": 1}, "due": "2026-01-31"});
    let made = read(create(good.clone()).await.unwrap(), 201).await;
    let path = format!("/api/schedules/{}", text(&made["id"]));
    let wrong = json!({"invoice": {"total": 1, "tax": 2}, "due": "2026-01-31"});
    let told = problem(server.put(&path, &admin.token, &body(wrong)).send().await.unwrap(), 422).await;
    assert_eq!(told["field"], "inputs.invoice.tax");
}
