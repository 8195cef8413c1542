//! `backup` while a server is written to, and `restore`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::installation::{Installation, Serving, archive_a_log, files, problems, run, serve};
use crate::binary::{program, refused};
use crate::server::text;

fn backup(data: &Path, to: &Path, more: &[&str]) -> Value {
    let output = run("backup", data, &[&["--json", "--to", to.to_str().unwrap()], more].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn restore(from: &Path, data: &Path, more: &[&str]) -> std::process::Output {
    run("restore", data, &[&["--from", from.to_str().unwrap()], more].concat())
}

/// Writes of every kind, as fast as they go, until told to stop; keeps what was acknowledged.
async fn write(
    serving: &Serving,
    stop: &AtomicBool,
    acknowledged: &Mutex<Vec<String>>,
    package: &str,
    writer: u32,
) {
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        round += 1;
        let id = if round % 5 == 0 {
            let file = serving.upload(format!("file {writer} {round} ").repeat(2_000).into_bytes()).await;
            serving.enqueue(json!({"invoice": file})).await
        } else {
            serving.enqueue(json!({"n": round})).await
        };
        acknowledged.lock().await.push(id);
        // Its content goes while a backup may be about to copy it.
        let file = serving.upload(vec![7; 1_000]).await;
        serving.delete(&format!("/api/files/{file}")).await;
        if round % 10 == 0 {
            serving
                .publish(package, &format!("2.{writer}.{round}"), &format!("{writer} {round} ").repeat(3_000))
                .await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn backups_under_load_restore_whole_with_all_that_was_acknowledged() {
    let installation = Installation::new();
    let serving = Arc::new(installation.filled().await);
    let package = text(&serving.get("/api/packages").await["items"][0]["id"]);
    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (serving, stop, acknowledged) = (serving.clone(), stop.clone(), acknowledged.clone());
            let package = package.clone();
            tokio::spawn(async move { write(&serving, &stop, &acknowledged, &package, writer).await })
        })
        .collect();
    let (data, mut made) = (installation.data(), Vec::new());
    for number in 0..3 {
        let so_many = (number + 1) * 20;
        while acknowledged.lock().await.len() < so_many {
            tokio::task::yield_now().await;
        }
        let before = acknowledged.lock().await.clone();
        let (from, to) = (data.clone(), installation.dir.path().join(format!("backup-{number}")));
        let told =
            tokio::task::spawn_blocking(move || (backup(&from, &to, &["--with-keys"]), to)).await.unwrap();
        made.push((before, told.1));
        assert_eq!(told.0["missing"], json!([]));
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    Arc::into_inner(serving).unwrap().stop();
    for (number, (before, from)) in made.into_iter().enumerate() {
        let restored = installation.dir.path().join(format!("restored-{number}"));
        let output = restore(&from, &restored, &[]);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(problems(&restored, &["--deep"]), Vec::<String>::new());
        assert_private(&from);
        assert_private(&restored);
        let serving = serve(&restored, |_| {}).await;
        for id in before {
            serving.get(&format!("/api/executions/{id}")).await;
        }
        serving.enqueue(json!({"n": 1})).await;
        serving.stop();
        assert_eq!(problems(&restored, &[]), Vec::<String>::new());
    }
}

fn assert_private(folder: &Path) {
    for file in files(folder) {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
    }
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_backup_that_was_changed_is_refused_and_nothing_is_left() {
    let installation = Installation::new();
    installation.filled().await.stop();
    let from = installation.dir.path().join("backup");
    backup(&installation.data(), &from, &["--with-keys"]);
    let checked = std::process::Command::new("sha256sum")
        .args(["--quiet", "--check", "SHA256SUMS"])
        .current_dir(&from)
        .status()
        .unwrap();
    assert!(checked.success(), "the list is one that sha256sum reads");
    let restored = installation.dir.path().join("restored");
    let names = ["openautomate.db", "keys/vault.key", "SHA256SUMS", "backup.json"];
    for name in names.map(|name| from.join(name)).into_iter().chain([files(&from.join("blobs")).remove(0)]) {
        let content = std::fs::read(&name).unwrap();
        let mut other = content.clone();
        other[content.len() / 2] ^= 1;
        for broken in [Some(&other[..]), Some(&content[..content.len() - 1]), None] {
            match broken {
                Some(broken) => std::fs::write(&name, broken).unwrap(),
                None => std::fs::remove_file(&name).unwrap(),
            }
            let output = restore(&from, &restored, &[]);
            // One bit of the page's text may change nothing that counts.
            if broken == Some(&other[..]) && name.ends_with("backup.json") && output.status.success() {
                std::fs::remove_dir_all(&restored).unwrap();
            } else {
                refused(&output);
            }
            assert!(!restored.exists(), "{}", name.display());
            std::fs::write(&name, &content).unwrap();
        }
    }
    let left: Vec<_> =
        std::fs::read_dir(installation.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    // What is there is not written over.
    assert!(refused(&restore(&from, &installation.data(), &[])).contains("not empty"));
    assert!(
        refused(&run("backup", &installation.data(), &["--to", from.to_str().unwrap()]))
            .contains("not empty")
    );
    std::fs::create_dir(&restored).unwrap();
    assert!(restore(&from, &restored, &[]).status.success());
    assert_eq!(problems(&restored, &["--deep"]), Vec::<String>::new());
}

#[tokio::test]
async fn a_backup_without_keys_takes_them_from_elsewhere() {
    let installation = Installation::new();
    installation.filled().await.stop();
    let (data, from) = (installation.data(), installation.dir.path().join("backup"));
    backup(&data, &from, &[]);
    assert!(!from.join("keys").exists());
    let restored = installation.dir.path().join("restored");
    assert!(refused(&restore(&from, &restored, &[])).contains("--keys"));
    let keys = data.join("keys");
    assert!(restore(&from, &restored, &["--keys", keys.to_str().unwrap()]).status.success());
    assert_eq!(problems(&restored, &["--deep"]), Vec::<String>::new());
}

/// Kills a command at moments from its beginning to its end, and looks that nothing looks whole.
fn killed(arguments: &[&str], target: &Path) -> u32 {
    let mut command = program();
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = std::time::Instant::now();
    assert!(command.status().unwrap().success());
    let whole = begun.elapsed();
    std::fs::remove_dir_all(target).unwrap();
    let mut killed = 0;
    for part in 1..=6 {
        let mut child = command.spawn().unwrap();
        // The first one took longer than the others: the files are in memory by now.
        std::thread::sleep(whole * part / 12);
        child.kill().unwrap();
        // One that was done, and named its folder, needs no kill.
        if child.wait().unwrap().success() || target.exists() {
            std::fs::remove_dir_all(target).unwrap();
            continue;
        }
        killed += 1;
    }
    killed
}

#[tokio::test]
async fn killed_at_any_moment_nothing_looks_whole_and_the_next_one_does_it() {
    let installation = Installation::new();
    let serving = installation.filled().await;
    for number in 0..10 {
        serving.upload(format!("file {number} ").repeat(20_000).into_bytes()).await;
    }
    serving.kill();
    let (data, from) = (installation.data(), installation.dir.path().join("backup"));
    let to = from.to_str().unwrap();
    let kills = killed(&["backup", "--data-dir", data.to_str().unwrap(), "--to", to], &from);
    assert!(kills >= 3, "{kills}");
    backup(&data, &from, &["--with-keys"]);
    let restored = installation.dir.path().join("restored");
    let place = restored.to_str().unwrap();
    let kills = killed(&["restore", "--from", to, "--data-dir", place], &restored);
    assert!(kills >= 3, "{kills}");
    assert!(restore(&from, &restored, &[]).status.success());
    assert_eq!(problems(&restored, &["--deep"]), Vec::<String>::new());
    let left: Vec<_> =
        std::fs::read_dir(installation.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[tokio::test]
async fn what_the_installation_lacks_is_told() {
    let installation = Installation::new();
    installation.filled().await.stop();
    let (data, to) = (installation.data(), installation.dir.path().join("backup"));
    std::fs::remove_file(files(&data.join("blobs/inputs")).remove(0)).unwrap();
    let output = run("backup", &data, &["--json", "--with-keys", "--to", to.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(text(&told["missing"][0]).starts_with("inputs/"));
    let restored = installation.dir.path().join("restored");
    assert!(restore(&to, &restored, &[]).status.success());
    assert_eq!(problems(&restored, &[]), ["blob.input-file"]);
}

#[test]
fn postgresql_has_its_own_tools() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("backup");
    let output = program()
        .args(["backup", "--database", "postgres://ada@127.0.0.1:1/oa", "--to", to.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(refused(&output).contains("pg_dump"));
}

#[tokio::test(flavor = "multi_thread")]
async fn archived_logs_are_in_a_backup() {
    let installation = Installation::new();
    installation.filled().await.stop();
    let data = installation.data();
    archive_a_log(&data).await;
    let (to, restored) = (installation.dir.path().join("backup"), installation.dir.path().join("restored"));
    assert_eq!(backup(&data, &to, &["--with-keys"])["missing"], json!([]));
    let output = restore(&to, &restored, &[]);
    assert!(output.status.success(), "{output:?}");
    let logs = |data: &Path| -> Vec<_> {
        files(&data.join("blobs/logs")).iter().map(|log| log.strip_prefix(data).unwrap().to_owned()).collect()
    };
    assert_eq!(logs(&restored), logs(&data));
    assert_eq!(logs(&restored).len(), 1);
    assert_eq!(problems(&restored, &["--deep"]), Vec::<String>::new());
}
