//! The keys of an installation: rotated beside a server, refused where they are weak, missing or open to others.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use serde_json::{Value, json};

use crate::binary::{Running, program, refused, start, terminate};
use crate::server::{PASSWORD, read, text};

fn administrator(command: &mut std::process::Command) {
    command
        .env("OPENAUTOMATE_ADMIN_USERNAME", "admin")
        .env("OPENAUTOMATE_ADMIN_EMAIL", "a@example.org")
        .env("OPENAUTOMATE_ADMIN_PASSWORD", PASSWORD);
}

async fn log_in(client: &reqwest::Client, running: &Running) -> String {
    let body = json!({"username": "admin", "password": PASSWORD});
    let answer = client.post(format!("{}/api/auth/login", running.url)).json(&body).send().await.unwrap();
    text(&read(answer, 200).await["accessToken"])
}

async fn is_good(client: &reqwest::Client, running: &Running, token: &str) -> bool {
    let me = client.get(format!("{}/api/auth/me", running.url)).bearer_auth(token).send().await.unwrap();
    me.status() == 200
}

fn kid(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    text(&serde_json::from_slice::<Value>(&header).unwrap()["kid"])
}

fn rotate(data: &Path, more: &[&str]) -> Output {
    program().args(["keys", "rotate", "--json", "--data-dir"]).arg(data).args(more).output().unwrap()
}

/// Starts, answers, stops.
async fn starts(data: &Path) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let running = start(data, administrator);
    let health = reqwest::get(format!("{}/healthz", running.url)).await.unwrap();
    assert_eq!(health.status(), 200);
    terminate(running);
}

fn serve(data: &Path) -> Output {
    program().args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data).output().unwrap()
}

#[tokio::test]
async fn keys_are_rotated_beside_a_server() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), administrator);
    let client = reqwest::Client::new();
    let before = log_in(&client, &running).await;
    let rotated = rotate(dir.path(), &[]);
    assert!(rotated.status.success(), "{rotated:?}");
    let rotated: Value = serde_json::from_slice(&rotated.stdout).unwrap();
    assert_eq!(rotated["kept"], json!([kid(&before)]));
    let mode = std::fs::metadata(dir.path().join("keys/jwt.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(is_good(&client, &running, &before).await);

    // A key that others have seen ends at once, which the server sees within seconds.
    let ended = rotate(dir.path(), &["--end-others"]);
    let ended: Value = serde_json::from_slice(&ended.stdout).unwrap();
    assert_eq!(ended["kept"], json!([]));
    let asked = Instant::now();
    while is_good(&client, &running, &before).await {
        assert!(asked.elapsed() < Duration::from_secs(20), "the old key is still believed");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let after = log_in(&client, &running).await;
    assert_eq!(json!(kid(&after)), ended["id"]);
    let audit =
        client.get(format!("{}/api/audit?action=installation.token_keys", running.url)).bearer_auth(&after);
    let audit = read(audit.send().await.unwrap(), 200).await;
    assert_eq!(audit["items"][0]["detail"]["ids"], json!([ended["id"]]), "{audit}");
    let log = terminate(running);
    let key = std::fs::read_to_string(dir.path().join("keys/jwt.pem")).unwrap();
    let secret = key.lines().skip_while(|line| !line.starts_with("-----BEGIN")).nth(1).unwrap();
    assert!(secret.len() > 60 && !log.contains(secret));
    assert!(refused(&rotate(&dir.path().join("none"), &[])).contains("no keys"));
}

#[tokio::test]
async fn a_start_with_a_weak_missing_or_open_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    starts(dir.path()).await;
    let keys = dir.path().join("keys");
    let published = hex::decode("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").unwrap();
    let pem =
        |seed: [u8; 32]| SigningKey::from_bytes(&seed).to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    let weak = "11".repeat(32);
    for (file, text, wanted) in [
        ("jwt.pem", Some(pem([0; 32])), "one byte repeated"),
        ("jwt.pem", Some(pem(published.clone().try_into().unwrap())), "anybody can look up"),
        ("jwt.pem", Some(String::new()), "holds no whole key"),
        (
            "jwt.pem",
            Some("-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n".into()),
            "no Ed25519 key",
        ),
        ("jwt.pem", None, "keys rotate"),
        ("vault.key", Some(format!("1 {weak}\n")), "one byte repeated"),
        (
            "vault.key",
            Some("1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n".into()),
            "counts up or down",
        ),
        ("vault.key", Some(format!("1 {}\n", hex::encode("correct horse battery staple 123"))), "is a text"),
        ("vault.key", Some("1 aabbcc\n".into()), "32 bytes"),
        ("vault.key", Some(String::new()), "no key"),
        ("vault.key", None, "put it back from its copy"),
        ("package.key", Some(URL_SAFE_NO_PAD.encode([7; 32])), "one byte repeated"),
        ("package.key", None, "put them back from a backup"),
    ] {
        let path = keys.join(file);
        let good = std::fs::read(&path).unwrap();
        match &text {
            Some(text) => std::fs::write(&path, text).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let told = refused(&serve(dir.path()));
        assert!(told.contains(wanted) && told.contains(file.split('.').next().unwrap()), "{file}: {told}");
        assert!(text.is_some() || !path.exists(), "no new key is made in its place");
        std::fs::write(&path, good).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    for file in ["jwt.pem", "vault.key", "package.key"] {
        std::fs::set_permissions(keys.join(file), std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(refused(&serve(dir.path())).contains("0600"), "{file}");
        std::fs::set_permissions(keys.join(file), std::fs::Permissions::from_mode(0o600)).unwrap();
    }
    // As it was, it starts; and a new key of the tokens may be had for an old one that is lost.
    starts(dir.path()).await;
    std::fs::remove_file(keys.join("jwt.pem")).unwrap();
    assert!(rotate(dir.path(), &[]).status.success());
    starts(dir.path()).await;
}

#[tokio::test]
async fn an_old_key_is_rotated_by_itself() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    starts(dir.path()).await;
    let path = dir.path().join("keys/jwt.pem");
    let key = std::fs::read_to_string(&path).unwrap();
    let year = key.lines().find_map(|line| line.strip_prefix("# made ")).unwrap()[..4].to_owned();
    let last: u32 = year.parse::<u32>().unwrap() - 1;
    std::fs::write(&path, key.replace(&format!("# made {year}"), &format!("# made {last}"))).unwrap();
    let never = start(dir.path(), |command| {
        command.args(["--rotate-keys-after", "never"]);
    });
    let running =
        |keys: usize| std::fs::read_to_string(&path).unwrap().matches("BEGIN PRIVATE KEY").count() == keys;
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(running(1), "never");
    terminate(never);
    let running_server = start(dir.path(), |_| {});
    let asked = Instant::now();
    while !running(2) {
        assert!(asked.elapsed() < Duration::from_secs(20), "the key of last year is still the only one");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    // Once.
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert!(running(2));
    terminate(running_server);
}
