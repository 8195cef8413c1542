//! `doctor` and `migrate`, beside a server and after it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::binary::{program, refused};

use super::installation::{Installation, archive_a_log, files, problems, run};

#[tokio::test]
async fn an_installation_in_use_and_one_whose_server_was_killed_are_sound() {
    let installation = Installation::new();
    let serving = installation.filled().await;
    assert_eq!(problems(&installation.data(), &["--deep"]), Vec::<String>::new());
    let text = run("doctor", &installation.data(), &[]);
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.contains("ok       audit.chain") && text.ends_with(" checks, 0 problems\n"), "{text}");
    serving.kill();
    assert_eq!(problems(&installation.data(), &["--deep"]), Vec::<String>::new());
}

/// The blobs under a prefix.
fn blobs(data: &Path, prefix: &str) -> Vec<PathBuf> {
    files(&data.join("blobs").join(prefix))
}

type Harm = fn(&Path);

#[tokio::test]
async fn each_harm_outside_the_database_is_found_alone() {
    let installation = Installation::new();
    installation.filled().await.stop();
    let data = installation.data();
    archive_a_log(&data).await;
    let (index, input) =
        (|data: &Path| blobs(data, "indexes").remove(0), |data: &Path| blobs(data, "inputs").remove(0));
    assert!(index(&data).is_file() && input(&data).is_file());
    let harms: &[(&str, Harm)] = &[
        ("keys.private", |data| {
            // A key for a tool of others, say.
            std::fs::write(data.join("keys/other.key"), "x").unwrap();
            std::fs::set_permissions(data.join("keys/other.key"), PermissionsExt::from_mode(0o640)).unwrap();
        }),
        ("keys.readable", |data| std::fs::remove_file(data.join("keys/jwt.pem")).unwrap()),
        ("vault.opens", |data| change(data, &altered("assets", "sealed"))),
        ("vault.opens", |data| change(data, &altered("asset_contents", "sealed"))),
        ("vault.opens", |data| change(data, &altered("triggers", "sealed"))),
        ("vault.opens", |data| change(data, &altered("second_factors", "secret"))),
        // What is too short to name a key.
        ("vault.keys", |data| change(data, "UPDATE second_factors SET secret = x''")),
        ("keys.readable vault.keys", |data| std::fs::remove_file(data.join("keys/vault.key")).unwrap()),
        ("vault.keys", |data| {
            let key = data.join("keys/vault.key");
            let other = "3c0f8ed1d0a5b1f2937c46e85d4a91b07e6f15c2a8937d50e4b1f6a2c8d9e073";
            std::fs::write(key, format!("1 {other}\n")).unwrap();
        }),
        ("version.signature", |data| {
            std::fs::remove_file(data.join("keys/package.key")).unwrap();
            openautomate_core::package::signature::PackageSigner::load_or_create(
                &data.join("keys/package.key"),
            )
            .unwrap();
        }),
        ("blob.index", |data| std::fs::remove_file(blobs(data, "indexes").remove(0)).unwrap()),
        ("blob.index", |data| std::fs::write(blobs(data, "indexes").remove(0), "{}").unwrap()),
        ("blob.chunk", |data| std::fs::remove_file(blobs(data, "chunks").remove(0)).unwrap()),
        ("blob.chunk", |data| flip(&blobs(data, "chunks").remove(0))),
        ("blob.input-file", |data| std::fs::remove_file(blobs(data, "inputs").remove(0)).unwrap()),
        ("blob.input-file", |data| std::fs::write(blobs(data, "inputs").remove(0), "short").unwrap()),
        ("blob.input-file", |data| flip(&blobs(data, "inputs").remove(0))),
        ("blob.log", |data| std::fs::remove_file(blobs(data, "logs").remove(0)).unwrap()),
        ("blob.log", |data| std::fs::write(blobs(data, "logs").remove(0), "short").unwrap()),
        ("blob.log", |data| flip(&blobs(data, "logs").remove(0))),
    ];
    for (id, harm) in harms {
        let copy = installation.dir.path().join("copy");
        let copied = std::process::Command::new("cp").arg("-a").arg(&data).arg(&copy).status().unwrap();
        assert!(copied.success());
        harm(&copy);
        assert_eq!(problems(&copy, &["--deep"]).join(" "), *id);
        std::fs::remove_dir_all(&copy).unwrap();
    }
    assert_eq!(problems(&data, &["--min-free", "1000000G"]), ["disk.free"]);
    assert_eq!(problems(&data, &[]), Vec::<String>::new());
}

/// A statement that alters sealed values.
fn altered(table: &str, column: &str) -> String {
    // So many bytes that none of them was like this by chance.
    let parts = format!("substr({column}, 1, 30) || x'00112233445566778899' || substr({column}, 41)");
    format!("UPDATE {table} SET {column} = CAST({parts} AS BLOB) WHERE {column} IS NOT NULL")
}

/// Runs a statement on the database of a folder that nobody uses.
fn change(data: &Path, statement: &str) {
    let (path, statement) = (data.join("openautomate.db"), sqlx::AssertSqlSafe(statement.to_owned()));
    let changed = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            use sqlx::Connection as _;
            let mut connection = sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
            sqlx::query(statement).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    });
    changed.join().unwrap();
}

/// Changes a bit in the middle.
fn flip(path: &Path) {
    let mut content = std::fs::read(path).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(path, content).unwrap();
}

#[tokio::test]
async fn what_can_t_be_looked_at_is_no_finding() {
    let dir = tempfile::tempdir().unwrap();
    let nothing = run("doctor", &dir.path().join("none"), &["--json"]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(String::from_utf8(nothing.stderr).unwrap().contains("no database"));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    let unreached =
        program().args(["doctor", "--database", "postgres://ada@127.0.0.1:1/oa"]).output().unwrap();
    assert_eq!(unreached.status.code(), Some(2));
}

#[tokio::test]
async fn migrations_are_told_and_run() {
    let installation = Installation::new();
    let data = installation.data();
    assert!(refused(&run("migrate", &data, &["--check"])).contains("no database"));
    let made = run("migrate", &data, &[]);
    assert!(made.status.success(), "{made:?}");
    let serving = super::installation::serve(&data, |_| {}).await;
    assert!(run("migrate", &data, &["--check", "--json"]).status.success());
    assert!(refused(&run("migrate", &data, &[])).contains("another process"));
    serving.stop();
    let change = async |statement: &'static str| {
        use sqlx::Connection as _;
        let path = data.join("openautomate.db");
        let mut connection = sqlx::SqliteConnection::connect(path.to_str().unwrap()).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    };
    change(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .await;
    for check in [&[][..], &["--check"]] {
        assert!(refused(&run("migrate", &data, check)).contains("newer version (migration 9999)"));
    }
    assert_eq!(run("doctor", &data, &[]).status.code(), Some(1));
    change("DELETE FROM _sqlx_migrations WHERE version = 9999").await;
    change("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1").await;
    for check in [&[][..], &["--check"]] {
        assert!(refused(&run("migrate", &data, check)).contains("migration 1"));
    }
}
