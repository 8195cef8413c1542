//! Secrets that came by environment variables: nobody finds them there once the server has begun.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::json;

use crate::binary::{start, terminate};
use crate::server::{PASSWORD, read};

const KEY: &str = "3c0f8ed1d0a5b1f2937c46e85d4a91b07e6f15c2a8937d50e4b1f6a2c8d9e073";
/// A variable of each, and what must not be seen.
const SECRETS: [(&str, &str); 4] = [
    ("OPENAUTOMATE_DATABASE_PASSWORD", "canary-of-the-database"),
    ("OPENAUTOMATE_NATS_PASSWORD", "canary-of-nats"),
    ("OPENAUTOMATE_OIDC_CLIENT_SECRET", "canary-of-oidc"),
    ("OPENAUTOMATE_ADMIN_PASSWORD", PASSWORD),
];

fn with_secrets(command: &mut Command) {
    command.envs(SECRETS).env("OPENAUTOMATE_ADMIN_USERNAME", "admin");
    command.env("OPENAUTOMATE_ADMIN_EMAIL", "a@example.org").env("OPENAUTOMATE_REGISTRATION", "closed");
}

fn assert_clean(text: &str, what: &str) {
    for secret in SECRETS.iter().map(|(_, value)| *value).chain([KEY]) {
        assert!(!text.contains(secret), "{what} shows {secret}");
    }
}

async fn signs_in(url: &str) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let login = json!({"username": "admin", "password": PASSWORD});
    let answer =
        reqwest::Client::new().post(format!("{url}/api/auth/login")).json(&login).send().await.unwrap();
    read(answer, 200).await;
}

#[tokio::test]
async fn the_system_shows_none_of_a_running_server() {
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), |command| {
        with_secrets(command);
        command.env("OPENAUTOMATE_VAULT_KEY", format!("7 {KEY}"));
    });
    // They were read.
    signs_in(&running.url).await;
    assert!(!dir.path().join("keys/vault.key").exists());
    let shown = std::fs::read(format!("/proc/{}/environ", running.child.id())).unwrap();
    let shown = String::from_utf8_lossy(&shown).into_owned();
    assert_clean(&shown, "/proc/PID/environ");
    assert!(shown.contains("OPENAUTOMATE_REGISTRATION=closed"), "what is no secret is left alone: {shown}");
    let log = terminate(running);
    assert_clean(&log, "the log");
}

#[tokio::test]
async fn a_program_that_the_server_starts_gets_none() {
    let dir = tempfile::tempdir().unwrap();
    let (tool, seen) = (dir.path().join("kms"), dir.path().join("seen"));
    // What it was started with, and what its parent shows.
    let script = format!(
        "#!/bin/sh\nenv > {0}\ntr '\\0' '\\n' < /proc/$PPID/environ >> {0}\necho '7 {KEY}'\n",
        seen.display()
    );
    std::fs::write(&tool, script).unwrap();
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o700)).unwrap();
    let running = start(&dir.path().join("data"), |command| {
        with_secrets(command);
        command.env("KMS_ADDRESS", "https://kms.example.org").arg("--vault-key-command").arg(&tool);
    });
    let seen = std::fs::read_to_string(&seen).unwrap();
    assert_clean(&seen, "the environment of the command");
    assert!(seen.contains("KMS_ADDRESS=https://kms.example.org"), "what it needs itself it gets: {seen}");
    for (name, _) in SECRETS {
        assert!(!seen.contains(&format!("{name}=canary")), "{name}");
    }
    signs_in(&running.url).await;
    terminate(running);
}
