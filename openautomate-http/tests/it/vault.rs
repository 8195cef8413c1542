//! The keys of the vault: where they come from, what is refused, and a rotation that is killed again and again.

use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use openautomate_core::changes::{Changes, Record};
use openautomate_core::conformance::store::sample::World;
use openautomate_core::domain::{Asset, AssetKind};
use openautomate_core::id::AssetId;
use openautomate_core::store::{SealedKind, Store};
use openautomate_core::vault::Vault;
use openautomate_store::StoreOptions;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::binary::{Running, Schema, program, refused, start, terminate};
use crate::server::{PASSWORD, read, text};

const KEY: &str = "3c0f8ed1d0a5b1f2937c46e85d4a91b07e6f15c2a8937d50e4b1f6a2c8d9e073";
const OTHER: &str = "9d51c07ae2f4486b8a13d7c5f0926e4b3d08a7f16c5be29431f7a08c6d2e5b94";

fn with_admin(command: &mut Command) {
    command.env("OPENAUTOMATE_ADMIN_USERNAME", "admin").env("OPENAUTOMATE_ADMIN_PASSWORD", PASSWORD);
    command.env("OPENAUTOMATE_ADMIN_EMAIL", "a@example.org");
}

/// Ends a server that just started: it hears signals a moment after it listens.
fn stop(running: Running) {
    std::thread::sleep(Duration::from_millis(500));
    terminate(running);
}

/// A server that is expected to refuse to start.
fn serve(data: &Path, change: impl FnOnce(&mut Command)) -> Output {
    let mut command = program();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data);
    change(&mut command);
    command.output().unwrap()
}

async fn put_secret(url: &str, name: &str) {
    let client = reqwest::Client::new();
    let login = json!({"username": "admin", "password": PASSWORD});
    let session = client.post(format!("{url}/api/auth/login")).json(&login).send().await.unwrap();
    let token = text(&read(session, 200).await["accessToken"]);
    let asset = json!({"name": name, "kind": "secret", "value": "open-sesame"});
    let put = client.put(format!("{url}/api/assets")).bearer_auth(token).json(&asset).send().await.unwrap();
    read(put, 200).await;
}

fn vault(arguments: &[&str], data: &Path) -> Output {
    program().arg("vault").args(arguments).arg("--data-dir").arg(data).output().unwrap()
}

fn status(data: &Path, change: impl FnOnce(&mut Command)) -> Value {
    let mut command = program();
    command.args(["vault", "status", "--json", "--data-dir"]).arg(data);
    change(&mut command);
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[tokio::test]
async fn a_missing_weak_open_or_other_key_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;

    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), with_admin);
    put_secret(&running.url, "erp").await;
    terminate(running);
    let path = dir.path().join("keys/vault.key");
    let good = std::fs::read_to_string(&path).unwrap();
    let write = |text: &str| {
        let _ = std::fs::remove_file(&path);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    std::fs::remove_file(&path).unwrap();
    assert!(refused(&serve(dir.path(), |_| {})).contains("is not there"));
    assert!(!path.exists(), "no other key is made");
    for (text, why) in [
        (String::new(), "holds no key"),
        ("1 changeme".to_owned(), "64 hex digits"),
        (format!("1 {}", &KEY[..62]), "not 32 bytes"),
        (format!("1 {}", "00".repeat(32)), "one byte repeated"),
        (format!("1 {}", "ff".repeat(32)), "one byte repeated"),
        (format!("1 {}", hex::encode((0..32).collect::<Vec<u8>>())), "counts up"),
        (format!("1 {}", hex::encode("this is my very own secret key!!")), "is a text"),
        ("1 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8".to_owned(), "common word"),
        (format!("1 {KEY}"), "another one"),
        (format!("2 {KEY}"), "sealed with key 1"),
    ] {
        write(&text);
        let line = refused(&serve(dir.path(), |_| {}));
        assert!(line.contains(why), "{why}: {line}");
        assert!(!line.contains(KEY) && !line.contains("changeme"), "{line}");
    }
    write(&good);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert!(refused(&serve(dir.path(), |_| {})).contains("other users"));
    write(&good);
    stop(start(dir.path(), |_| {}));
}

#[tokio::test]
async fn keys_come_from_the_environment_or_a_command() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let by_environment = |command: &mut Command| {
        command.env("OPENAUTOMATE_VAULT_KEY", format!("7 {KEY}"));
    };
    let running = start(dir.path(), |command| {
        with_admin(command);
        by_environment(command);
    });
    put_secret(&running.url, "erp").await;
    terminate(running);
    assert!(!dir.path().join("keys/vault.key").exists());
    let known = status(dir.path(), by_environment);
    assert_eq!((&known["current"], &known["keys"][0]["values"]), (&json!(7), &json!(1)));
    // Without it nothing starts, and no key is made.
    assert!(refused(&serve(dir.path(), |_| {})).contains("is not there"));
    assert!(!dir.path().join("keys/vault.key").exists());
    let doctor = program()
        .args(["doctor", "--data-dir"])
        .arg(dir.path())
        .env("OPENAUTOMATE_VAULT_KEY", format!("7 {KEY}"))
        .output()
        .unwrap();
    assert!(doctor.status.success(), "{doctor:?}");

    // A command: no shell, so what looks like one is an argument.
    let tool = dir.path().join("kms");
    let script = format!("#!/bin/sh\n[ \"$1\" = get ] && [ \"$2\" = 'a b;$(id)' ] && echo '7 {KEY}'\n");
    let make = |text: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(&tool, text).unwrap();
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o700)).unwrap();
    };
    make(&script);
    let by_command = |command: &mut Command| {
        command.arg("--vault-key-command").arg(&tool).args(["get", "a b;$(id)"]);
    };
    stop(start(dir.path(), by_command));
    let both = serve(dir.path(), |command| {
        by_environment(command);
        by_command(command);
    });
    assert!(refused(&both).contains("not both"));
    make("#!/bin/sh\necho broken >&2\nexit 3\n");
    assert!(refused(&serve(dir.path(), by_command)).contains("failed"));
    make("#!/bin/sh\necho changeme\n");
    let line = refused(&serve(dir.path(), by_command));
    assert!(
        line.contains("what the command of the vault key printed") && !line.contains("changeme"),
        "{line}"
    );
    make("#!/bin/sh\nexec sleep 60\n");
    assert!(refused(&serve(dir.path(), by_command)).contains("longer than 10 seconds"));
    // Such keys are rotated where they come from.
    let two = format!("7 {KEY}\n8 {OTHER}");
    let mut rotate = program();
    rotate.args(["vault", "rotate", "--data-dir"]).arg(dir.path()).env("OPENAUTOMATE_VAULT_KEY", &two);
    assert!(refused(&rotate.output().unwrap()).contains("--continue"));
    let done = rotate.arg("--continue").output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let known = status(dir.path(), |command| {
        command.env("OPENAUTOMATE_VAULT_KEY", &two);
    });
    assert_eq!((&known["current"], &known["remaining"]), (&json!(8), &json!(0)));
}

/// A store that this process had open a moment ago lets go of its file when its threads have ended.
async fn open(address: &str) -> std::sync::Arc<dyn Store> {
    for _ in 0..200 {
        match openautomate_store::connect(address, StoreOptions::default()).await {
            Err(error) if error.code() == "store.in_use" => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            opened => return opened.unwrap(),
        }
    }
    panic!("{address} stays in use");
}

/// Assets as a server would write them.
async fn fill(address: &str, data: &Path, count: usize) {
    let keys = data.join("keys");
    openautomate_http::create_private_dir(&keys).unwrap();
    let vault = Vault::open_or_create(&keys.join("vault.key")).unwrap();
    let store = open(address).await;
    let world = World::new(store.clone()).await;
    let mut changes = Changes::none();
    for number in 0..count {
        let id = AssetId::new();
        let binding = [
            b"openautomate-asset-v1".as_slice(),
            id.as_bytes(),
            world.environment.id.as_bytes(),
            &0_i64.to_be_bytes(),
        ]
        .concat();
        let sealed = vault.seal(format!("value {number}").as_bytes(), &binding).unwrap().to_bytes();
        let asset = Asset { id, kind: AssetKind::Secret, sealed, ..world.asset(&format!("asset-{number}")) };
        changes = changes.insert(Record::Asset(asset));
    }
    store.commit(changes).await.unwrap();
}

/// Checks that every asset opens, and gives the numbers of the keys that seal.
async fn opened(address: &str, data: &Path, count: usize) -> Vec<u32> {
    let vault = Vault::open_file(&data.join("keys/vault.key")).unwrap();
    let store = open(address).await;
    let (mut after, mut seen) = (Uuid::nil(), 0);
    loop {
        let values = store.sealed_values(SealedKind::Asset, None, after, 500).await.unwrap();
        let Some(last) = values.last() else { break };
        after = last.id;
        for value in &values {
            openautomate_core::service::check_opens(&vault, value).unwrap();
        }
        seen += values.len();
    }
    assert_eq!(seen, count);
    store.sealed_counts().await.unwrap().iter().map(|count| count.key_id).collect()
}

/// Rotates and kills, until it was killed so often; then once to the end, and takes the old keys out.
async fn survives_kills(address: &str, data: &Path, count: usize, change: &dyn Fn(&mut Command)) {
    let command = |arguments: &[&str]| {
        let mut command = program();
        command.arg("vault").args(arguments).arg("--data-dir").arg(data);
        change(&mut command);
        command
    };
    // This process lets go of the file a moment after it has dropped its store.
    let free = || {
        let is_free = || command(&["status"]).output().unwrap().status.success();
        assert!((0..100).any(|_| is_free()), "the database stays in use");
    };
    free();
    let began = std::time::Instant::now();
    let whole = command(&["rotate"]).output().unwrap();
    assert!(whole.status.success(), "{whole:?}");
    // Beside PostgreSQL the last seconds are only waited.
    let whole = began.elapsed().min(Duration::from_secs(4));
    let (mut killed, mut half) = (0, 0);
    for round in 0.. {
        free();
        let mut child = command(&["rotate"]).stdout(std::process::Stdio::null()).spawn().unwrap();
        // From the start to the end, in steps that do not fall on the same places.
        std::thread::sleep(whole.mul_f64(0.05 + 0.95 * ((f64::from(round) * 0.618) % 1.0)));
        child.kill().unwrap();
        killed += u32::from(child.wait().unwrap().signal().is_some());
        half += usize::from(open(address).await.sealed_counts().await.unwrap().len() > 1);
        // Which takes longer than the rotation.
        if round % 5 == 0 {
            opened(address, data, count).await;
        }
        if killed >= 20 {
            break;
        }
        assert!(round < 100, "only {killed} were killed in time");
    }
    assert!(half > 0, "none was killed while values were under two keys");
    free();
    let last = command(&["rotate", "--continue", "--json"]).output().unwrap();
    assert!(last.status.success(), "{last:?}");
    let known: Value = serde_json::from_slice(&last.stdout).unwrap();
    assert_eq!(known["remaining"], 0);
    assert_eq!(opened(address, data, count).await.len(), 1);
    free();
    let current = known["current"].to_string();
    assert!(
        refused(&command(&["remove-key", &current, "--wait", "0"]).output().unwrap())
            .contains("values are under key")
    );
    for key in known["keys"].as_array().unwrap().iter().filter(|key| key["removable"] == true) {
        let id = key["id"].to_string();
        let removed = command(&["remove-key", &id, "--wait", "0"]).output().unwrap();
        assert!(removed.status.success(), "{removed:?}");
    }
    let known = status(data, change);
    assert_eq!(known["keys"].as_array().unwrap().len(), 1, "{known}");
    let text = std::fs::read_to_string(data.join("keys/vault.key")).unwrap();
    assert_eq!(text.lines().filter(|line| !line.starts_with('#')).count(), 1, "{text}");
    assert_eq!(opened(address, data, count).await.len(), 1);
    // What is left in the folder of the keys are the keys.
    let stray = std::fs::read_dir(data.join("keys")).unwrap().map(|file| file.unwrap().file_name());
    let stray: Vec<_> = stray.filter(|name| name.to_string_lossy().starts_with('.')).collect();
    assert!(stray.is_empty(), "{stray:?}");
}

#[tokio::test]
async fn a_rotation_survives_kills_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    let database = dir.path().join("openautomate.db");
    let database = database.to_str().unwrap();
    fill(database, dir.path(), 1_000).await;
    survives_kills(database, dir.path(), 1_000, &|_| {}).await;
}

#[tokio::test]
async fn a_rotation_survives_kills_on_postgresql() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (dir, schema) = (tempfile::tempdir().unwrap(), Schema::new());
    let address = schema.address();
    fill(&address, dir.path(), 1_000).await;
    let change = |command: &mut Command| {
        command.env("OPENAUTOMATE_DATABASE", schema.address());
    };
    survives_kills(&address, dir.path(), 1_000, &change).await;
}

#[tokio::test]
async fn a_running_server_puts_its_values_under_the_new_key() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let dir = tempfile::tempdir().unwrap();
    let running = start(dir.path(), with_admin);
    put_secret(&running.url, "erp").await;
    let refused_now = vault(&["remove-key", "1"], dir.path());
    assert!(refused(&refused_now).contains("values are under key 1"));
    let rotated = vault(&["rotate", "--json"], dir.path());
    assert!(rotated.status.success(), "{rotated:?}");
    let known: Value = serde_json::from_slice(&rotated.stdout).unwrap();
    assert_eq!((&known["current"], &known["remaining"]), (&json!(2), &json!(0)));
    put_secret(&running.url, "sap").await;
    let early = vault(&["remove-key", "1"], dir.path());
    assert!(refused(&early).contains("try again"));
    assert!(vault(&["remove-key", "1", "--wait", "0"], dir.path()).status.success());
    // The server goes on with the one key that is left, and starts with it again.
    tokio::time::sleep(Duration::from_secs(3)).await;
    put_secret(&running.url, "erp").await;
    terminate(running);
    stop(start(dir.path(), |_| {}));
    let known = status(dir.path(), |_| {});
    assert_eq!(known["keys"], json!([{"id": 2, "isThere": true, "values": 2, "removable": false}]));
}
