//! `collect-blobs`, as a program on a data folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::Value;

use crate::binary::{program, refused, start};

fn collect(data: &Path, flags: &[&str]) -> std::process::Output {
    program().args(["collect-blobs", "--data-dir"]).arg(data).args(flags).output().unwrap()
}

fn report(data: &Path, flags: &[&str]) -> Value {
    let output = collect(data, &[&["--json"], flags].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A blob that nothing refers to, two days old.
fn forgotten(data: &Path, key: &str) -> PathBuf {
    let path = data.join("blobs").join(key);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "of nobody").unwrap();
    #[expect(clippy::disallowed_methods, reason = "the time of a file is the machine's")]
    let then = SystemTime::now() - Duration::from_secs(48 * 3_600);
    File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
    path
}

#[test]
fn what_nothing_refers_to_is_removed_by_hand() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert!(refused(&collect(&data, &[])).contains("data folder"));
    let mut running = start(&data, |_| {});
    // SQLite has one user at a time.
    refused(&collect(&data, &[]));
    running.child.kill().unwrap();
    running.child.wait().unwrap();

    let hash = "ab".repeat(32);
    let chunk = forgotten(&data, &format!("chunks/ab/{hash}"));
    let file = forgotten(&data, "inputs/01890a5d-ac96-774b-bcce-b302099a8057");
    let foreign = forgotten(&data, "notes.txt");
    let expected = |report: &Value, listed: u64, retired: u64, removed: u64| {
        assert_eq!([&report["listed"], &report["retired"], &report["removed"]], [listed, retired, removed]);
    };
    expected(&report(&data, &["--dry-run"]), 2, 1, 1);
    assert!(chunk.exists() && file.exists());
    expected(&report(&data, &["--blob-grace", "72"]), 2, 0, 0);
    expected(&report(&data, &[]), 2, 1, 1);
    assert!(!chunk.exists() && !file.exists());
    // The copy of the chunk is as young as it is.
    expected(&report(&data, &[]), 1, 0, 0);
    assert!(foreign.exists(), "what nobody of us put there is left alone");

    let plain = collect(&data, &[]);
    assert!(String::from_utf8_lossy(&plain.stdout).starts_with("ok: 1 blobs looked at, 0 removed"));
}
