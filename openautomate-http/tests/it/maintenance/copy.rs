//! `copy`: an installation moves to PostgreSQL, goes on there, and moves back.

use serde_json::{Value, json};

use super::installation::{Installation, problems, serve};
use crate::binary::{Schema, program, refused};
use crate::server::text;

fn copy(from: &str, to: &str) -> std::process::Output {
    program().args(["copy", "--json", "--from", from, "--to", to]).output().unwrap()
}

#[tokio::test]
async fn an_installation_moves_to_postgresql_and_back() {
    let (installation, schema) = (Installation::new(), Schema::new());
    let data = installation.data();
    let sqlite = format!("sqlite://{}", data.display());
    let serving = installation.filled().await;
    assert!(refused(&copy(&sqlite, &schema.address())).contains("another process"));
    let before = serving.get("/api/executions").await;
    serving.stop();

    let output = copy(&sqlite, &schema.address());
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["ok"], &report["problems"]), (&json!(true), &json!([])));
    assert!(refused(&copy(&sqlite, &schema.address())).contains("not empty"));

    let serving = serve(&data, |command| {
        command.env("OPENAUTOMATE_DATABASE", schema.address());
    })
    .await;
    assert_eq!(serving.get("/api/executions").await, before);
    let made = serving.enqueue(json!({"n": 3})).await;
    assert!(refused(&copy(&schema.address(), &sqlite)).contains("stop them"));
    assert_eq!(problems(&data, &["--deep", "--database", &schema.address()]), Vec::<String>::new());
    serving.stop();

    // Back, into a folder that gets the keys and the content of the other.
    let back = installation.dir.path().join("back");
    let output = copy(&schema.address(), &format!("sqlite://{}", back.display()));
    assert!(output.status.success(), "{output:?}");
    for part in ["keys", "blobs"] {
        let _ = std::fs::remove_dir_all(back.join(part));
        std::fs::rename(data.join(part), back.join(part)).unwrap();
    }
    let serving = serve(&back, |_| {}).await;
    assert_eq!(text(&serving.get(&format!("/api/executions/{made}")).await["id"]), made);
    serving.stop();
    assert_eq!(problems(&back, &["--deep"]), Vec::<String>::new());
}

#[test]
fn passwords_and_wrong_places_are_refused() {
    let refusal = |from: &str, to: &str| {
        let output = copy(from, to);
        let all = [&output.stdout[..], &output.stderr[..]].concat();
        assert!(!String::from_utf8_lossy(&all).contains("hunter2"));
        refused(&output)
    };
    let dir = tempfile::tempdir().unwrap();
    let nothing = format!("sqlite://{}", dir.path().display());
    assert!(refusal(&nothing, "postgres://ada:hunter2@127.0.0.1:1/oa").contains("command line"));
    assert!(refusal("postgres://ada:hunter2@127.0.0.1:1/oa", &nothing).contains("command line"));
    assert!(refusal(&nothing, "postgres://ada@127.0.0.1:1/oa").contains("no database"));
    assert!(refusal("postgres://ada@127.0.0.1:1/oa", &nothing).contains("can't be reached"));
}
