//! The server program itself, as a process.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::server::{PASSWORD, read, text};

pub(crate) struct Running {
    pub(crate) child: Child,
    lines: Vec<String>,
    url: String,
}

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openautomate-server"));
    for (name, _) in
        std::env::vars().filter(|(name, _)| name.starts_with("OPENAUTOMATE_") || name == "RUST_LOG")
    {
        command.env_remove(name);
    }
    command
}

#[allow(clippy::zombie_processes, reason = "whoever starts it ends it; a failing test may leave it")]
pub(crate) fn start(data: &Path, change: impl FnOnce(&mut Command)) -> Running {
    let mut command = program();
    command
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    change(&mut command);
    let mut child = command.spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "it ended: {lines:?}");
        let line = line.trim_end().to_owned();
        lines.push(line.clone());
        if let Some(url) = line.strip_prefix("listening on ") {
            return Running { child, lines, url: url.to_owned() };
        }
    }
}

pub(crate) fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().last().unwrap().to_owned();
    assert!(line.starts_with("error: "), "{text}");
    line
}

#[cfg(unix)]
fn terminate(mut running: Running) -> String {
    let pid = running.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let status = running.child.wait().unwrap();
    let mut log = String::new();
    running.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert_eq!(status.code(), Some(0), "{log}");
    log
}

#[cfg(unix)]
#[tokio::test]
async fn set_up_stop_and_start_again() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let running = start(&data, |_| {});
    let token = running.lines.iter().find_map(|line| line.split_once("/setup#token=")).unwrap().1.to_owned();
    let client = reqwest::Client::new();
    let post = |url: &str, path: &str, body: Value| client.post(format!("{url}{path}")).json(&body).send();
    let account = json!({"username": "admin", "email": "a@example.org", "password": PASSWORD, "invitationToken": token});
    let made = read(post(&running.url, "/api/auth/register", account).await.unwrap(), 201).await;
    assert_eq!(made["roles"], json!(["Administrator"]));
    let login = json!({"username": "admin", "password": PASSWORD});
    let session = read(post(&running.url, "/api/auth/login", login).await.unwrap(), 200).await;

    // A second one on the same data folder is refused.
    let second =
        program().args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data).output().unwrap();
    refused(&second);
    // So is one on the same port.
    let port = running.url.strip_prefix("http://").unwrap();
    let other = dir.path().join("other");
    let taken = program().args(["serve", "--listen", port, "--data-dir"]).arg(&other).output().unwrap();
    assert!(refused(&taken).contains("port"));
    let log = terminate(running);
    assert!(!log.contains(&token) && !log.contains(PASSWORD), "{log}");

    // It knows everybody again, and the token of before is still good.
    let running = start(&data, |_| {});
    assert!(running.lines.iter().all(|line| !line.contains("setup")), "{:?}", running.lines);
    let me = client.get(format!("{}/api/auth/me", running.url)).bearer_auth(text(&session["accessToken"]));
    assert_eq!(read(me.send().await.unwrap(), 200).await["username"], "admin");
    terminate(running);

    let verified = program().args(["audit", "verify", "--json", "--data-dir"]).arg(&data).output().unwrap();
    assert!(verified.status.success());
    let report: Value = serde_json::from_slice(&verified.stdout).unwrap();
    assert_eq!(report["ok"], true);
    assert_eq!(report["head"]["sequence"], report["verified"]);
    use std::os::unix::fs::PermissionsExt as _;
    for (path, mode) in [(".", 0o700), ("keys", 0o700), ("keys/jwt.pem", 0o600), ("keys/vault.key", 0o600)] {
        let found = std::fs::metadata(data.join(path)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{path}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_environment_makes_the_first_administrator() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), |command| {
        command
            .env("OPENAUTOMATE_ADMIN_USERNAME", "root-admin")
            .env("OPENAUTOMATE_ADMIN_EMAIL", "r@example.org");
        command.env("OPENAUTOMATE_ADMIN_PASSWORD", PASSWORD).env("OPENAUTOMATE_REGISTRATION", "open");
    });
    assert_eq!(running.lines.len(), 1);
    let client = reqwest::Client::new();
    let login = json!({"username": "root-admin", "password": PASSWORD});
    read(client.post(format!("{}/api/auth/login", running.url)).json(&login).send().await.unwrap(), 200)
        .await;
    let free = json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD});
    read(client.post(format!("{}/api/auth/register", running.url)).json(&free).send().await.unwrap(), 201)
        .await;
    terminate(running);
}

/// A schema of the test server (see the tests of openautomate-store) that is dropped afterwards.
struct Schema(String);

impl Schema {
    fn new() -> Self {
        Self(format!("test_{}", uuid::Uuid::new_v4().simple()))
    }

    fn server() -> String {
        std::env::var("OPENAUTOMATE_TEST_POSTGRES")
            .unwrap_or_else(|_| "postgres://postgres@127.0.0.1:5432/postgres".to_owned())
    }

    fn address(&self) -> String {
        format!("{}?schema={}", Self::server(), self.0)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let statement =
            format!("SET client_min_messages = warning; DROP SCHEMA IF EXISTS {} CASCADE", self.0);
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                use sqlx::Connection as _;
                let mut connection = sqlx::PgConnection::connect(&Self::server()).await.unwrap();
                sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
            });
        });
        assert!(dropped.join().is_ok() || std::thread::panicking(), "the schema {} is left behind", self.0);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn two_servers_share_a_postgresql_database() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (dir, schema) = (tempfile::tempdir().unwrap(), Schema::new());
    let with_database = |command: &mut Command| {
        command
            .env("OPENAUTOMATE_DATABASE", schema.address())
            .env("OPENAUTOMATE_ADMIN_USERNAME", "admin")
            .env("OPENAUTOMATE_ADMIN_EMAIL", "a@example.org")
            .env("OPENAUTOMATE_ADMIN_PASSWORD", PASSWORD);
    };
    let (first, second) = (start(dir.path(), with_database), start(dir.path(), with_database));
    let client = reqwest::Client::new();
    let login = json!({"username": "admin", "password": PASSWORD});
    let session = client.post(format!("{}/api/auth/login", first.url)).json(&login).send().await.unwrap();
    let token = text(&read(session, 200).await["accessToken"]);
    let me = client.get(format!("{}/api/auth/me", second.url)).bearer_auth(token).send().await.unwrap();
    assert_eq!(read(me, 200).await["username"], "admin");
    assert!(!dir.path().join("openautomate.db").exists());
    let verify =
        program().args(["audit", "verify"]).env("OPENAUTOMATE_DATABASE", schema.address()).output().unwrap();
    assert!(verify.status.success(), "{verify:?}");
    for running in [first, second] {
        assert!(!terminate(running).contains(PASSWORD));
    }
}

#[test]
fn a_password_of_the_database_is_not_shown() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let output = program().args(args).arg("--data-dir").arg(dir.path().join("d")).output().unwrap();
        let all = [&output.stdout[..], &output.stderr[..]].concat();
        assert!(!String::from_utf8_lossy(&all).contains("hunter2"));
        refused(&output)
    };
    let named = run(&["--database", "postgres://ada:hunter2@127.0.0.1:1/oa"]);
    assert!(named.contains("OPENAUTOMATE_DATABASE_PASSWORD"), "{named}");
    let file = dir.path().join("password");
    std::fs::write(&file, "hunter2\n").unwrap();
    let unreached = run(&[
        "--database",
        "postgres://ada@127.0.0.1:1/oa",
        "--database-password-file",
        file.to_str().unwrap(),
    ]);
    assert!(unreached.contains("can't be reached"), "{unreached}");
}

#[test]
fn mistakes_are_told_in_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let run =
        |args: &[&str]| program().args(args).arg("--data-dir").arg(dir.path().join("d")).output().unwrap();
    assert!(refused(&run(&["--listen", "0.0.0.0:0"])).contains("--behind-proxy"));
    assert!(refused(&run(&["audit", "verify"])).contains("no database"));
    assert!(!dir.path().join("d").exists());
    std::fs::create_dir(dir.path().join("d")).unwrap();
    std::fs::write(dir.path().join("d/openautomate.db"), "this is no database, it is only text".repeat(100))
        .unwrap();
    refused(&run(&["--listen", "127.0.0.1:0"]));
    let half = program()
        .args(["--listen", "127.0.0.1:0", "--data-dir"])
        .arg(dir.path().join("e"))
        .env("OPENAUTOMATE_ADMIN_USERNAME", "admin")
        .output()
        .unwrap();
    assert!(refused(&half).contains("OPENAUTOMATE_ADMIN_PASSWORD"));
}

#[test]
fn it_tells_its_version_and_its_api() {
    let version = program().arg("version").output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&version.stdout).trim(),
        format!("openautomate-server {}", env!("CARGO_PKG_VERSION"))
    );
    let document = program().arg("openapi").output().unwrap();
    let document: Value = serde_json::from_slice(&document.stdout).unwrap();
    assert_eq!(document["info"]["title"], "OpenAutomate");
}
