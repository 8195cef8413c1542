//! U2: what can't be audited does not happen. The real server can't write a byte more into any file; everything that
//! changes something is refused and changes nothing; what reads goes on; and with room again everything works, without
//! a restart.

mod calls;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection};

use crate::binary::{Running, program, start, terminate};
use crate::server::{PASSWORD, read, text};
use calls::{Call, ELSEWHERE, calls};

/// Somebody who talks to the program.
#[derive(Clone, Debug)]
pub(super) struct Api {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Api {
    async fn new(url: &str) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let bare = Self { client: reqwest::Client::new(), url: url.to_owned(), token: String::new() };
        bare.signed_in("admin", PASSWORD).await
    }

    pub(super) async fn signed_in(&self, username: &str, password: &str) -> Self {
        let login = json!({"username": username, "password": password});
        let session = self.request(Method::POST, "/api/auth/login").json(&login).send().await.unwrap();
        Self { token: text(&read(session, 200).await["accessToken"]), ..self.clone() }
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url));
        if self.token.is_empty() { request } else { request.bearer_auth(&self.token) }
    }

    async fn get(&self, path: &str) -> Response {
        self.request(Method::GET, path).send().await.unwrap()
    }

    /// Makes something.
    pub(super) async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.request(Method::POST, path).json(&body).send().await.unwrap();
        let status = answer.status().as_u16();
        assert!((200..300).contains(&status), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap_or_default()
    }
}

/// How large a file may be that the server writes to, from now on.
fn limit(running: &Running, bytes: &str) {
    let pid = running.child.id().to_string();
    let fsize = format!("--fsize={bytes}:unlimited");
    let done = Command::new("prlimit").args(["--pid", &pid, &fsize]).output().expect("prlimit of util-linux");
    assert!(done.status.success(), "{done:?}");
}

async fn connect(data: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(data.join("openautomate.db"))
        .read_only(true)
        .connect()
        .await
        .unwrap()
}

/// Every row of every table.
async fn rows(data: &Path) -> BTreeMap<String, Vec<String>> {
    let mut connection = connect(data).await;
    let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    assert!(tables.len() > 20, "{tables:?}");
    let mut all = BTreeMap::new();
    for table in tables {
        let columns = format!("SELECT quote(name) FROM pragma_table_info('{table}')");
        let columns: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(columns)).fetch_all(&mut connection).await.unwrap();
        let row = columns
            .iter()
            .map(|name| format!("quote(\"{}\")", name.trim_matches('\'')))
            .collect::<Vec<_>>()
            .join(" || ',' || ");
        let select = format!("SELECT {row} FROM \"{table}\" ORDER BY 1");
        let found: Vec<String> =
            sqlx::query_scalar(AssertSqlSafe(select)).fetch_all(&mut connection).await.unwrap();
        all.insert(table, found);
    }
    all
}

/// Waits until every entry of the audit is sealed: then nobody writes unless asked.
async fn sealed(data: &Path) {
    let mut connection = connect(data).await;
    let open = "SELECT count(*) FROM audit_entries WHERE sequence IS NULL";
    let all_sealed = async {
        while sqlx::query_scalar::<_, i64>(open).fetch_one(&mut connection).await.unwrap() > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), all_sealed).await.expect("the audit is sealed");
}

/// What lies beside the database.
fn files(folder: &Path) -> BTreeSet<(String, u64)> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.path().display().to_string();
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else if !name.contains("openautomate.db") {
            found.insert((name, entry.metadata().unwrap().len()));
        }
    }
    found
}

/// Every operation of the document that is not just a look.
fn operations() -> BTreeSet<String> {
    let document = serde_json::to_value(openautomate_http::document()).unwrap();
    let mut all = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys().filter(|method| *method != "get") {
            all.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    all
}

/// What is wrong with an answer to something that can't be written.
async fn not_refused(call: &Call) -> Option<String> {
    let answer = call.send().await;
    let (status, wait) = (answer.status().as_u16(), answer.headers().get("retry-after").cloned());
    let body = answer.text().await.unwrap();
    let problem: Value = serde_json::from_str(&body).unwrap_or_default();
    let is_right = status == 503 && wait.is_some() && problem["kind"] == "unavailable";
    (!is_right).then(|| format!("{}: {status}, Retry-After {wait:?}: {body}", call.operation))
}

#[tokio::test]
async fn a_disk_that_is_full_refuses_what_changes_something_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let running = start(&data, |command| {
        command.args(["--max-public-requests", "100000"]);
        command.env("OPENAUTOMATE_ADMIN_USERNAME", "admin").env("OPENAUTOMATE_ADMIN_PASSWORD", PASSWORD);
        command.env("OPENAUTOMATE_ADMIN_EMAIL", "a@example.org").env("RUST_LOG", "off");
    });
    let admin = Api::new(&running.url).await;
    let calls = calls(&admin).await;
    assert!(calls.len() >= 70, "{}", calls.len());
    // Each operation is tried here, or it is said why not.
    let mut named: BTreeSet<String> = calls.iter().map(|call| call.operation.clone()).collect();
    named.extend(ELSEWHERE.iter().map(|(operation, _)| (*operation).to_owned()));
    let missing: Vec<String> = operations().difference(&named).cloned().collect();
    assert!(missing.is_empty(), "not tried: {missing:?}");

    sealed(&data).await;
    let (before, files_before) = (rows(&data).await, files(&data));
    limit(&running, "0");
    let mut failures = Vec::new();
    // Twice: what failed once must not be half done.
    for _ in 0..2 {
        for call in &calls {
            failures.extend(not_refused(call).await);
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
    for path in [
        "/api/auth/me",
        "/api/packages",
        "/api/executions",
        "/api/schedules",
        "/api/triggers",
        "/api/agents",
        "/api/queues",
        "/api/assets",
        "/api/users",
        "/api/audit",
        "/api/environments",
        "/healthz",
    ] {
        assert_eq!(admin.get(path).await.status(), 200, "{path}");
    }
    let after = rows(&data).await;
    for (table, rows) in &before {
        assert!(after[table] == *rows, "{table} changed");
    }
    assert_eq!(files(&data), files_before);

    // There is room again: the same calls, one after the other, as if nothing had been.
    limit(&running, "unlimited");
    let mut failures = Vec::new();
    for call in &calls {
        let answer = call.send().await;
        let status = answer.status().as_u16();
        if !(200..300).contains(&status) {
            failures.push(format!("{}: {status} {}", call.operation, answer.text().await.unwrap()));
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
    sealed(&data).await;
    terminate(running);
    let verified = program().args(["audit", "verify", "--json", "--data-dir"]).arg(&data).output().unwrap();
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert!(verified.status.success() && report["ok"] == true, "{report}");
    let entries = before["audit_entries"].len() as u64;
    assert!(report["verified"].as_u64().unwrap() >= entries + 60, "{entries} before, {report}");
}
