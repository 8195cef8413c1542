//! The audit: as a file, with checkpoints, with the reads that an auditor asks for; and what happens if it can't be written.

use openautomate_core::domain::Role;
use openautomate_core::orchestrator::Settings;
use openautomate_core::service::{AuditCheckpointer, AuditSealer, read_checkpoints};
use serde_json::{Value, json};
use sqlx::Connection as _;

use crate::binary::{program, start, terminate};
use crate::server::{PASSWORD, TestServer, problem, read, text};

async fn entries(server: &TestServer, token: &str, action: &str) -> Vec<Value> {
    let path = format!("/api/audit?action={action}");
    let page = read(server.get(&path, token).send().await.unwrap(), 200).await;
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_reads_that_an_auditor_asks_for_are_entries() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let developer = server.person("dev", Role::Developer).await;
    let package = server.package(&admin.token, "p").await;
    let versions =
        server.get(&format!("/api/packages/{package}/versions"), &admin.token).send().await.unwrap();
    let version = text(&read(versions, 200).await["items"][0]["id"]);
    let plain = json!({"name": "url", "kind": "plain", "value": "https://sap"});
    let plain = read(server.post("/api/assets", &admin.token, &plain).send().await.unwrap(), 201).await;
    let asset = text(&plain["id"]);
    let content = format!("/api/packages/{package}/versions/{version}/content");
    for (path, action, object) in [
        (format!("/api/assets/{asset}"), "asset.show", asset.as_str()),
        (content, "package.download", version.as_str()),
    ] {
        assert_eq!(entries(&server, &admin.token, action).await, Vec::<Value>::new());
        assert_eq!(server.get(&path, &developer.token).send().await.unwrap().status(), 200);
        let found = entries(&server, &admin.token, action).await;
        assert_eq!(found.len(), 1);
        assert_eq!(
            (text(&found[0]["objectId"]).as_str(), &found[0]["actor"]["name"]),
            (object, &json!("dev"))
        );
    }
    for (path, action) in [("/api/audit/export", "audit.export"), ("/api/audit/verify", "audit.verify")] {
        assert_eq!(server.get(path, &developer.token).send().await.unwrap().status(), 403);
        assert_eq!(entries(&server, &admin.token, action).await, Vec::<Value>::new());
        assert_eq!(server.get(path, &admin.token).send().await.unwrap().status(), 200);
        assert_eq!(entries(&server, &admin.token, action).await.len(), 1);
    }
}

#[tokio::test]
async fn an_export_is_a_file_that_the_program_verifies() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for number in 0..20 {
        let asset = json!({"name": format!("=1+{number}"), "kind": "secret", "value": "open-sesame"});
        read(server.post("/api/assets", &admin.token, &asset).send().await.unwrap(), 201).await;
    }
    let export = server.get("/api/audit/export", &admin.token).send().await.unwrap();
    assert_eq!(export.headers()["content-type"], "application/jsonl");
    assert_eq!(export.headers()["content-disposition"], "attachment; filename=\"audit.jsonl\"");
    let export = export.text().await.unwrap();
    assert!(export.contains("audit.export") && !export.contains("sesame"));
    let file = server.dir.path().join("audit.jsonl");
    let verify = |content: &str| {
        std::fs::write(&file, content).unwrap();
        let output = program().args(["audit", "verify", "--json", "--export"]).arg(&file).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        assert_eq!(output.status.success(), report["ok"] == true);
        report
    };
    let report = verify(&export);
    assert_eq!((&report["ok"], &report["verified"]), (&json!(true), &json!(export.lines().count() - 1)));
    assert_eq!(verify(&export.replacen("asset.put", "asset.get", 1))["ok"], false);
    assert_eq!(verify(export.rsplit_once("\n{").unwrap().0)["ok"], false);

    let csv = server.get("/api/audit/export?format=csv", &admin.token).send().await.unwrap();
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    let csv = csv.text().await.unwrap();
    assert!(csv.starts_with("sequence,id,at,") && csv.contains("asset.put"), "{csv}");
    let none = "/api/audit/export?format=csv&to=2001-01-01T00:00:00Z";
    let none = server.get(none, &admin.token).send().await.unwrap().text().await.unwrap();
    assert_eq!(none.lines().count(), 1);
    problem(server.get("/api/audit/export?format=xml", &admin.token).send().await.unwrap(), 422).await;
}

#[tokio::test]
async fn checkpoints_are_signed_listed_and_written_elsewhere() {
    let elsewhere = tempfile::tempdir().unwrap();
    let place = elsewhere.path().join("checkpoints.jsonl");
    let settings = Settings { audit_checkpoints: Some(place.clone()), ..Settings::default() };
    let server = TestServer::with(settings, |_| {}).await;
    let admin = server.admin().await;
    AuditSealer::new(server.orchestrator.clone()).seal().await.unwrap();
    let mut checkpointer = AuditCheckpointer::new(server.orchestrator.clone());
    assert!(!checkpointer.checkpoint(false).await.unwrap(), "too few entries, too soon");
    assert!(checkpointer.checkpoint(true).await.unwrap());
    let listed = read(server.get("/api/audit/checkpoints", &admin.token).send().await.unwrap(), 200).await;
    let kept = read_checkpoints(&place).unwrap();
    assert_eq!((listed["items"].as_array().unwrap().len(), kept.len()), (1, 1));
    assert_eq!(listed["items"][0], serde_json::to_value(&kept[0]).unwrap());
    kept[0].verify(&[server.orchestrator.package_key()]).unwrap();
    let report = read(server.get("/api/audit/verify", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!((&report["ok"], &report["checkpoints"]), (&json!(true), &json!(1)));
    let after = format!("/api/audit/checkpoints?after={}", kept[0].sequence);
    let rest = read(server.get(&after, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(rest["items"], json!([]));
}

#[cfg(unix)]
#[tokio::test]
async fn a_stop_leaves_a_checkpoint_that_finds_what_is_cut_afterwards() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let running = start(dir.path(), |command| {
        command.arg("--audit-checkpoints").arg(elsewhere.path());
        command.env("OPENAUTOMATE_ADMIN_USERNAME", "admin").env("OPENAUTOMATE_ADMIN_PASSWORD", PASSWORD);
        command.env("OPENAUTOMATE_ADMIN_EMAIL", "a@example.org");
    });
    // It hears signals a moment after it listens.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    terminate(running);
    let verify = |more: &[&str]| {
        let output = program()
            .args(["audit", "verify", "--json", "--data-dir"])
            .arg(dir.path())
            .args(more)
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        assert_eq!(output.status.success(), report["ok"] == true);
        report
    };
    let kept = ["--checkpoints", elsewhere.path().to_str().unwrap()];
    let key = program().args(["audit", "key", "--data-dir"]).arg(dir.path()).output().unwrap();
    let key = String::from_utf8(key.stdout).unwrap();
    let whole = verify(&[&kept[..], &["--key", key.trim()]].concat());
    assert_eq!((&whole["ok"], &whole["checkpoints"]), (&json!(true), &json!(1)));
    let exported = program().args(["audit", "export", "--data-dir"]).arg(dir.path()).output().unwrap();
    assert_eq!(exported.stdout.iter().filter(|byte| **byte == b'\n').count() as u64 - 1, whole["verified"]);
    // Who may write to the database takes the last entry away, the head back, and the checkpoint with it.
    let path = dir.path().join("openautomate.db");
    let mut connection = sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    let cut = "DROP TRIGGER audit_delete; DROP TRIGGER audit_head_rises; DROP TRIGGER audit_checkpoints_delete;
        DELETE FROM audit_checkpoints; DELETE FROM audit_entries WHERE sequence = (SELECT max(sequence) FROM audit_entries);
        UPDATE audit_head SET (sequence, hash) = (SELECT sequence, hash FROM audit_entries ORDER BY sequence DESC LIMIT 1)";
    sqlx::raw_sql(cut).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    assert_eq!(verify(&[])["ok"], true, "by itself it looks whole");
    let found = verify(&kept);
    assert_eq!((&found["ok"], &found["firstBad"]), (&json!(false), &whole["verified"]));
    // What can't be read as an entry any more is named as well.
    let mut connection = sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    let broken = "DROP TRIGGER audit_seal; UPDATE audit_entries SET detail = '{' WHERE sequence = 1";
    sqlx::raw_sql(broken).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    let found = verify(&[]);
    assert_eq!((&found["ok"], &found["firstBad"]), (&json!(false), &json!(1)));
}

#[tokio::test]
async fn what_can_t_be_audited_does_not_happen() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "p").await;
    let plain = json!({"name": "url", "kind": "plain", "value": "https://sap"});
    let made = read(server.post("/api/assets", &admin.token, &plain).send().await.unwrap(), 201).await;
    let asset = format!("/api/assets/{}", text(&made["id"]));
    let path = server.dir.path().join("openautomate.db");
    let mut connection = sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
    let state = "SELECT (SELECT count(*) FROM assets) || ' ' || (SELECT count(*) FROM packages) || ' '
        || (SELECT count(*) FROM executions) || ' ' || (SELECT count(*) FROM users) || ' '
        || (SELECT count(*) FROM audit_entries) || ' ' || (SELECT count(*) FROM enrolment_tokens) || ' '
        || (SELECT hex(sealed) FROM assets) || ' ' || (SELECT count(*) FROM invitations)
        || (SELECT max(revision) FROM packages)";
    let before: String = sqlx::query_scalar(state).fetch_one(&mut connection).await.unwrap();
    let broken = "CREATE TRIGGER broken BEFORE INSERT ON audit_entries BEGIN SELECT RAISE(ABORT, 'no'); END";
    sqlx::query(broken).execute(&mut connection).await.unwrap();
    let package_path = format!("/api/packages/{package}");
    let changed = json!({"name": "url", "kind": "plain", "value": "https://elsewhere"});
    let token = admin.token.as_str();
    let calls = [
        server.post("/api/assets", token, &json!({"name": "b", "kind": "secret", "value": "open-sesame"})),
        server.put("/api/assets", token, &changed),
        server.delete(&asset, token),
        server.get(&asset, token),
        server.post("/api/packages", token, &json!({"name": "q"})),
        server.put(&package_path, token, &json!({"name": "p2", "description": ""})),
        server.delete(&package_path, token),
        server.post("/api/executions", token, &json!({"packageId": package})),
        server.post("/api/agents/enrolment-tokens", token, &json!({})),
        server.post("/api/users/invitations", token, &json!({"email": "b@example.org", "roles": ["Viewer"]})),
        server.get("/api/audit/export", token),
        server.get("/api/audit/verify", token),
    ];
    for call in calls {
        let request = call.try_clone().unwrap().build().unwrap();
        let answer = call.send().await.unwrap();
        assert_eq!(answer.status(), 503, "{} {}", request.method(), request.url());
        assert_eq!(problem(answer, 503).await["code"], "audit.unavailable");
    }
    let after: String = sqlx::query_scalar(state).fetch_one(&mut connection).await.unwrap();
    assert_eq!(before, after, "nothing was changed");
    sqlx::query("DROP TRIGGER broken").execute(&mut connection).await.unwrap();
    assert_eq!(server.get(&asset, token).send().await.unwrap().status(), 200);
}
