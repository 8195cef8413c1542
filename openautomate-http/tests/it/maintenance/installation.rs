//! A server with a package, files, assets and executions.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::changes::{Changes, Record};
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::conformance::store::sample;
use openautomate_core::orchestrator::Settings;
use openautomate_core::service::LogArchiver;
use openautomate_core::store::{
    ClaimRequest, CommitStore as _, FinishAttempt, IdentityStore as _, LeaseStore as _, LogStore as _,
};
use openautomate_core::vault::Vault;
use openautomate_store::StoreOptions;
use openautomate_store::sqlx::SqliteStore;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::binary::{Running, program, start, terminate};
use crate::server::{PASSWORD, read, text, zip};

/// A data folder that a server was started on.
pub(super) struct Installation {
    pub(super) dir: TempDir,
}

/// A server that runs, and somebody who is signed in.
pub(super) struct Serving {
    running: Running,
    pub(super) client: Client,
    pub(super) token: String,
}

const MANIFEST: &str =
    "[project]\nname = \"pay\"\nversion = \"VERSION\"\n[tool.openautomate]\nentrypoint = \"main:run\"\n";
const SOURCE: &str = "from pathlib import Path\n\ndef run(invoice: Path = None, n: int = 0):\n    pass\n";

impl Installation {
    pub(super) fn new() -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self { dir: tempfile::tempdir().unwrap() }
    }

    pub(super) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Starts the server and fills it.
    pub(super) async fn filled(&self) -> Serving {
        let serving = serve(&self.data(), |_| {}).await;
        serving.fill().await;
        serving
    }
}

/// Starts a server with its first administrator.
pub(super) async fn serve(data: &Path, change: impl FnOnce(&mut Command)) -> Serving {
    let running = start(data, |command| {
        command
            .env("OPENAUTOMATE_ADMIN_USERNAME", "admin")
            .env("OPENAUTOMATE_ADMIN_EMAIL", "a@example.org")
            .env("OPENAUTOMATE_ADMIN_PASSWORD", PASSWORD);
        change(command);
    });
    let client = Client::new();
    let login = json!({"username": "admin", "password": PASSWORD});
    let session = client.post(format!("{}/api/auth/login", running.url)).json(&login).send().await.unwrap();
    let token = text(&read(session, 200).await["accessToken"]);
    Serving { running, client, token }
}

impl Serving {
    pub(super) fn post(&self, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.running.url)).bearer_auth(&self.token)
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let request = self.client.get(format!("{}{path}", self.running.url)).bearer_auth(&self.token);
        read(request.send().await.unwrap(), 200).await
    }

    pub(super) async fn delete(&self, path: &str) {
        let request = self.client.delete(format!("{}{path}", self.running.url)).bearer_auth(&self.token);
        assert_eq!(request.send().await.unwrap().status(), 204);
    }

    pub(super) async fn publish(&self, package: &str, version: &str, content: &str) {
        let manifest = MANIFEST.replace("VERSION", version);
        let archive = zip(&[("pyproject.toml", &manifest), ("main.py", SOURCE), ("data.txt", content)]);
        let request = self.post(&format!("/api/packages/{package}/versions"));
        let request = request.header("content-type", "application/zip").body(archive);
        read(request.send().await.unwrap(), 201).await;
    }

    pub(super) async fn upload(&self, content: Vec<u8>) -> String {
        let request = self.post("/api/files?name=invoice.pdf").header("content-type", "application/pdf");
        text(&read(request.body(content).send().await.unwrap(), 201).await["id"])
    }

    /// Enqueues, and says which id was acknowledged.
    pub(super) async fn enqueue(&self, inputs: Value) -> String {
        let body = json!({"packageName": "pay", "inputs": inputs});
        text(&read(self.post("/api/executions").json(&body).send().await.unwrap(), 201).await["id"])
    }

    async fn fill(&self) {
        let package =
            read(self.post("/api/packages").json(&json!({"name": "pay"})).send().await.unwrap(), 201).await;
        self.publish(&text(&package["id"]), "1.0.0", &"content ".repeat(50_000)).await;
        let asset = json!({"name": "password", "kind": "secret", "value": "hunter2-hunter2"});
        read(self.post("/api/assets").json(&asset).send().await.unwrap(), 201).await;
        let content =
            self.client.put(format!("{}/api/assets/file?name=cert&fileName=client.pfx", self.running.url));
        let content = content.bearer_auth(&self.token).body("a certificate");
        read(content.send().await.unwrap(), 200).await;
        let hook = json!({"name": "orders", "packageId": package["id"], "source": {"kind": "webhook", "style": "github"}});
        read(self.post("/api/triggers").json(&hook).send().await.unwrap(), 201).await;
        let enrolment = json!({"password": PASSWORD});
        read(self.post("/api/auth/totp").json(&enrolment).send().await.unwrap(), 201).await;
        let file = self.upload(b"an invoice".to_vec()).await;
        self.enqueue(json!({"invoice": file})).await;
        self.enqueue(json!({"n": 7})).await;
    }

    pub(super) fn stop(self) {
        terminate(self.running);
    }

    pub(super) fn kill(mut self) {
        self.running.child.kill().unwrap();
        self.running.child.wait().unwrap();
    }
}

/// Has an execution leave lines on a data folder that no server uses, and archives them.
pub(super) async fn archive_a_log(data: &Path) {
    let store = SqliteStore::open(data.join("openautomate.db"), StoreOptions::default()).await.unwrap();
    let user = store.user_by_login("admin").await.unwrap().unwrap();
    let environments = store.environments().await.unwrap();
    let environment = environments.into_iter().find(|environment| environment.is_default).unwrap();
    let agent = sample::agent("bot", environment.id, user.id);
    store.commit(Changes::none().insert(Record::Agent(agent.clone()))).await.unwrap();
    let now = SystemClock.now();
    let claim = ClaimRequest {
        agent_id: agent.id,
        environment_id: environment.id,
        labels: Vec::new(),
        os: String::new(),
        python_versions: Vec::new(),
        pool_ids: Vec::new(),
        limit: 1,
        now,
        lease_until: now + TimeDelta::seconds(60),
    };
    let lease = store.claim(claim).await.unwrap()[0].lease().unwrap();
    store.start(lease, agent.id, now).await.unwrap();
    store.append(agent.id, &[sample::chunk(lease, 1, 40)]).await.unwrap();
    let result = sample::succeeded();
    store.finish(FinishAttempt { lease, agent_id: agent.id, result, final_log_seq: 40, now }).await.unwrap();
    let blobs = ObjectBlobStore::local(data.join("blobs")).unwrap();
    let vault = Vault::open_or_create(&data.join("keys/vault.key")).unwrap();
    let settings = Settings { archive_logs_after: Some(Duration::ZERO), ..Settings::default() };
    let orchestrator = Orchestrator::builder(Arc::new(store.clone()), Arc::new(blobs), vault);
    let orchestrator = orchestrator.settings(settings).build().await.unwrap();
    assert_eq!(LogArchiver::new(orchestrator).archive_due().await.unwrap(), 1);
    store.close().await;
}

/// Runs a command on a data folder.
pub(super) fn run(command: &str, data: &Path, more: &[&str]) -> Output {
    program().arg(command).arg("--data-dir").arg(data).args(more).output().unwrap()
}

/// What the doctor finds broken.
pub(super) fn problems(data: &Path, more: &[&str]) -> Vec<String> {
    let output = run("doctor", data, &[&["--json"], more].concat());
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.len() > 30, "{report}");
    let broken: Vec<_> =
        checks.iter().filter(|check| check["found"] != 0).map(|check| text(&check["id"])).collect();
    assert_eq!(output.status.code(), Some(i32::from(!broken.is_empty())));
    assert_eq!(report["ok"], broken.is_empty());
    broken
}

/// Every file of a folder, as a relative path.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in std::fs::read_dir(inner).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}
