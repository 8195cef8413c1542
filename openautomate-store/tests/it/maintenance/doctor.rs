//! Each rule is broken alone, in a real database, and is the only one that is found broken.

use chrono::TimeDelta;
use openautomate_core::clock::{Clock as _, SystemClock, Timestamp};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_store::StoreOptions;
use openautomate_store::maintenance::{Check, Database};
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection as _, query_as, raw_sql};

use super::installation;
use crate::postgres::fixture::{PostgresFixture, address};
use crate::sqlite::fixture::SqliteFixture;

/// A rule, and what breaks it in SQLite and in PostgreSQL.
type Break = (&'static str, &'static str, &'static str);

const fn both(id: &'static str, statement: &'static str) -> Break {
    (id, statement, statement)
}

/// Where PostgreSQL itself refuses the broken row.
const REFUSED: &str = "";

const BREAKS: &[Break] = &[
    both("execution.lease", "UPDATE executions SET agent_id = NULL WHERE state = 'Running'"),
    both("execution.attempt", "UPDATE attempts SET state = 'running' WHERE state = 'assigned'"),
    both("execution.ended", "UPDATE executions SET ended_at = NULL WHERE state = 'Succeeded'"),
    both("execution.epoch", "UPDATE executions SET lease_epoch = lease_epoch - 1 WHERE state = 'Succeeded'"),
    both("attempt.numbers", "DELETE FROM attempts WHERE state = 'released'"),
    both("attempt.open", "UPDATE attempts SET state = 'running', ended_at = NULL WHERE state = 'released'"),
    both("attempt.ended", "UPDATE attempts SET ended_at = NULL WHERE state = 'released'"),
    both("execution.last-attempt", "UPDATE executions SET state = 'Failed' WHERE state = 'Succeeded'"),
    both(
        "execution.failures",
        "UPDATE executions SET failed_attempts = failed_attempts + 1 WHERE state = 'Succeeded'",
    ),
    both(
        "execution.version",
        "UPDATE executions SET version_id = (SELECT v.id FROM package_versions AS v
            WHERE v.package_id <> executions.package_id) WHERE state = 'Succeeded'",
    ),
    both(
        "execution.schedule",
        "UPDATE executions SET schedule_id = (SELECT id FROM schedules) WHERE state = 'Succeeded'",
    ),
    both(
        "execution.pool",
        "UPDATE executions SET pool_id = (SELECT p.id FROM agent_pools AS p
            WHERE p.environment_id <> executions.environment_id) WHERE state = 'Succeeded'",
    ),
    both("execution.concurrency", "UPDATE executions SET concurrency_key = 'sap' WHERE state = 'Succeeded'"),
    both("log.gapless", "DELETE FROM log_chunks WHERE first_seq = 1 AND last_seq = 3"),
    both("log.gapless", "UPDATE log_archives SET last_seq = last_seq - 1"),
    both("log.stored", "UPDATE attempts SET stored_log_seq = 5 WHERE stored_log_seq = 6"),
    both("log.stored", "DELETE FROM log_chunks WHERE first_seq = 8"),
    both("log.final", "UPDATE attempts SET final_log_seq = 1 WHERE stored_log_seq = 2"),
    both("log.lines", "UPDATE log_chunks SET lines = '[]' WHERE first_seq = 4"),
    both(
        "deployment.version",
        "UPDATE deployments SET version_id = (SELECT v.id FROM package_versions AS v
            WHERE v.package_id <> deployments.package_id)",
    ),
    both(
        "rollout.version",
        "UPDATE rollouts SET version_id = (SELECT v.id FROM package_versions AS v
            WHERE v.package_id <> rollouts.package_id)",
    ),
    both("environment.default", "UPDATE environments SET is_default = (1 = 0)"),
    both("user.administrator", "UPDATE users SET roles = '[\"Viewer\"]'"),
    both("user.custom-role", "DELETE FROM custom_roles WHERE name = 'Auditors'"),
    both("user.environment-role", "DELETE FROM custom_roles WHERE name = 'Night shift'"),
    both(
        "user.environment-role",
        "UPDATE users SET environment_roles = replace(environment_roles, 'environmentId\":\"', 'environmentId\":\"x')",
    ),
    both("schedule.firing", "UPDATE firings SET skipped = 'overlap'"),
    both(
        "schedule.execution",
        "UPDATE firings SET execution_id = (SELECT id FROM executions WHERE state = 'Succeeded')
            WHERE execution_id IS NOT NULL",
    ),
    both("schedule.next-due", "UPDATE schedules SET next_due = (SELECT min(due_at) FROM firings)"),
    both("schedule.pause", "UPDATE schedules SET is_active = (1 = 0)"),
    both("schedule.queued", "UPDATE schedules SET queued_due = (SELECT min(due_at) FROM firings)"),
    both(
        "file.removed",
        "UPDATE input_files SET removed_at = 1 WHERE id IN (SELECT file_id FROM execution_files)",
    ),
    both("environment.pause", "UPDATE environments SET paused_until = 1 WHERE pause IS NULL"),
    both("agent-release.file", "DELETE FROM agent_release_files"),
    both("agent-update.stage", "UPDATE agent_updates SET stage = 9"),
    both(
        "work-item.holder",
        "UPDATE work_items SET holder_epoch = 9 WHERE state = 'InProgress' AND holder_epoch IS NOT NULL",
    ),
    (
        "work-item.lease",
        "UPDATE work_items SET lease_until = NULL WHERE state = 'InProgress' AND holder_epoch IS NULL",
        REFUSED,
    ),
    both("work-item.ended", "UPDATE work_items SET ended_at = NULL WHERE state = 'DeadLetter'"),
    both("trigger.firing", "UPDATE trigger_firings SET skipped = 'inactive'"),
    both(
        "trigger.due",
        "UPDATE trigger_firings SET after_execution_id = (SELECT execution_id FROM due_triggers)
            WHERE execution_id IS NOT NULL",
    ),
    both("trigger.watched", "UPDATE triggers SET watched = 'fileArrival' WHERE watched = 'workQueue'"),
    both("trigger.run", "DELETE FROM trigger_turns"),
    both(
        "execution.child",
        r#"UPDATE executions SET origin = '{"kind":"embedded"}'
            WHERE id IN (SELECT child_id FROM execution_children)"#,
    ),
    both("approval.epoch", "UPDATE approvals SET epoch = 99"),
    both("bucket.used", "UPDATE buckets SET used_bytes = used_bytes + 1 WHERE object_count > 0"),
    both("bucket.used", "DELETE FROM bucket_objects WHERE size = 0"),
    both("bucket.deleted", "UPDATE buckets SET deleted_at = 1 WHERE object_count > 0"),
    both("asset.content", "DELETE FROM asset_contents"),
    both("audit.sealed", "UPDATE audit_entries SET at = at - 61000000 WHERE sequence IS NULL"),
    both("audit.checkpoint", "UPDATE audit_checkpoints SET sequence = 99"),
    both("audit.chain", "UPDATE audit_entries SET object_id = 'another' WHERE sequence = 2"),
    both("database.references", "UPDATE artifacts SET epoch = 99"),
    (
        "database.integrity",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'Pending', 'Failed')
            WHERE name = 'executions_queue'",
        REFUSED,
    ),
    ("database.schema", "DROP INDEX executions_queue", REFUSED),
    (
        "database.migrations",
        "UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = 1",
        r"UPDATE _sqlx_migrations SET checksum = '\x00' WHERE version = 1",
    ),
    (
        "database.migrations",
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'from the future', 1, x'00', 0)",
        r"INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
            VALUES (9999, 'from the future', true, '\x00', 0)",
    ),
];

async fn check(address: &str, options: &StoreOptions, now: Timestamp) -> Vec<Check> {
    let mut database = Database::open(address, options).await.unwrap();
    let checks = database.check(now, true).await.unwrap();
    database.close().await;
    checks
}

fn broken(checks: &[Check]) -> Vec<&Check> {
    checks.iter().filter(|check| !check.is_ok()).collect()
}

/// Past what keeps rows right: checks of columns, references, triggers.
async fn break_sqlite(connection: &mut SqliteConnection, statement: &'static str) {
    let triggers: Vec<(String, String)> =
        query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            .fetch_all(&mut *connection)
            .await
            .unwrap();
    let drops: String = triggers.iter().map(|(name, _)| format!("DROP TRIGGER {name};")).collect();
    let makes: String = triggers.iter().map(|(_, sql)| format!("{sql};")).collect();
    let all = format!(
        "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; {drops}{statement};{makes}"
    );
    raw_sql(AssertSqlSafe(all)).execute(connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_is_found_broken_alone_in_sqlite() {
    let whole = SqliteFixture::open().await;
    installation::fill(whole.store()).await;
    let sound = check(whole.path().to_str().unwrap(), &StoreOptions::default(), SystemClock.now()).await;
    assert_eq!(broken(&sound), Vec::<&Check>::new());
    whole.handle().close().await;
    let folder = tempfile::tempdir().unwrap();
    for (index, (id, statement, _)) in
        BREAKS.iter().enumerate().filter(|(_, (_, statement, _))| *statement != REFUSED)
    {
        let copy = folder.path().join(format!("{index}.db"));
        std::fs::copy(whole.path(), &copy).unwrap();
        let mut connection = crate::sqlite::fixture::direct(&copy).await;
        break_sqlite(&mut connection, statement).await;
        connection.close().await.unwrap();
        let checks = check(copy.to_str().unwrap(), &StoreOptions::default(), SystemClock.now()).await;
        let found: Vec<_> = broken(&checks).iter().map(|check| check.id).collect();
        assert_eq!(found, [*id], "{statement}: {:?}", broken(&checks));
    }
    every_rule_is_broken_once(&sound);
}

/// The table that a statement changes rows of, if that is all it does.
fn changed_table(statement: &str) -> Option<&str> {
    let mut words = statement
        .split_whitespace()
        .skip_while(|word| ["UPDATE", "DELETE", "FROM", "INSERT", "INTO"].contains(word));
    let rows = ["UPDATE", "DELETE", "INSERT"].iter().any(|verb| statement.starts_with(verb));
    words.next().filter(|table| rows && !table.starts_with("pg_"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_rule_is_found_broken_alone_in_postgresql() {
    let fixture = PostgresFixture::open().await;
    installation::fill(fixture.store()).await;
    let options = StoreOptions { schema: Some(fixture.schema.0.clone()), ..StoreOptions::default() };
    assert_eq!(broken(&check(&address(), &options, SystemClock.now()).await), Vec::<&Check>::new());
    let mut connection = fixture.schema.direct().await;
    // Neither triggers nor references are asked in this role.
    raw_sql("SET session_replication_role = replica").execute(&mut connection).await.unwrap();
    let cases = BREAKS.iter().filter(|(_, _, statement)| *statement != REFUSED);
    for (id, _, statement) in cases.filter(|(_, _, statement)| changed_table(statement).is_some()) {
        let table = changed_table(statement).unwrap();
        let breaking = format!("CREATE TEMP TABLE saved AS TABLE {table}; {statement}");
        raw_sql(AssertSqlSafe(breaking)).execute(&mut connection).await.unwrap();
        found_alone(id, &options).await;
        let mending =
            format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM saved; DROP TABLE saved");
        raw_sql(AssertSqlSafe(mending)).execute(&mut connection).await.unwrap();
    }
    assert_eq!(broken(&check(&address(), &options, SystemClock.now()).await), Vec::<&Check>::new());
    for (before, statement, mend) in [
        (
            "database.schema",
            "ALTER TABLE executions DISABLE TRIGGER executions_epoch",
            "ALTER TABLE executions ENABLE TRIGGER executions_epoch",
        ),
        (
            "database.schema",
            "ALTER INDEX executions_queue RENAME TO other",
            "ALTER INDEX other RENAME TO executions_queue",
        ),
        ("database.integrity", INVALID_INDEX, ""),
    ] {
        raw_sql(statement).execute(&mut connection).await.unwrap();
        found_alone(before, &options).await;
        raw_sql(mend).execute(&mut connection).await.unwrap();
    }
}

async fn found_alone(id: &str, options: &StoreOptions) {
    let checks = check(&address(), options, SystemClock.now()).await;
    let found: Vec<_> = broken(&checks).iter().map(|check| check.id).collect();
    assert_eq!(found, [id], "{:?}", broken(&checks));
}

const INVALID_INDEX: &str =
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'executions_state'::regclass";

/// A rule that is added gets a case.
fn every_rule_is_broken_once(sound: &[Check]) {
    for check in sound {
        let has_case = BREAKS.iter().any(|(id, _, _)| *id == check.id) || check.id == "database.clock";
        assert!(has_case, "{} has no case", check.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_that_are_apart_are_found() {
    let (sqlite, postgres) = (SqliteFixture::open().await, PostgresFixture::open().await);
    installation::fill(sqlite.store()).await;
    let long_ago = "2020-01-01T00:00:00Z".parse().unwrap();
    let checks = check(sqlite.path().to_str().unwrap(), &StoreOptions::default(), long_ago).await;
    assert_eq!(broken(&checks).iter().map(|check| check.id).collect::<Vec<_>>(), ["database.clock"]);
    let options = StoreOptions { schema: Some(postgres.schema.0.clone()), ..StoreOptions::default() };
    for now in [SystemClock.now() + TimeDelta::minutes(1), SystemClock.now() - TimeDelta::minutes(1)] {
        let checks = check(&address(), &options, now).await;
        assert_eq!(broken(&checks).iter().map(|check| check.id).collect::<Vec<_>>(), ["database.clock"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_is_counted_and_shown_in_part() {
    let fixture = SqliteFixture::open().await;
    let world = installation::fill(fixture.store()).await;
    for _ in 0..20 {
        world.enqueue(world.execution()).await;
    }
    break_sqlite(&mut fixture.direct().await, "UPDATE executions SET ended_at = 1 WHERE state = 'Pending'")
        .await;
    // The store is open all the while, as a server would have it.
    let checks = check(fixture.path().to_str().unwrap(), &StoreOptions::default(), SystemClock.now()).await;
    let [check] = broken(&checks)[..] else { panic!("{checks:?}") };
    assert_eq!((check.id, check.found, check.examples.len()), ("execution.ended", 22, 5));
    let id = uuid::Uuid::parse_str(check.examples[0].split(' ').nth(1).unwrap()).unwrap();
    assert!(
        world.store.execution(openautomate_core::id::ExecutionId::from_uuid(id)).await.unwrap().is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fresh_store_has_nothing_wrong() {
    let (sqlite, postgres) = (SqliteFixture::open().await, PostgresFixture::open().await);
    let checks = check(sqlite.path().to_str().unwrap(), &StoreOptions::default(), SystemClock.now()).await;
    assert_eq!(broken(&checks), Vec::<&Check>::new());
    let options = StoreOptions { schema: Some(postgres.schema.0.clone()), ..StoreOptions::default() };
    assert_eq!(broken(&check(&address(), &options, SystemClock.now()).await), Vec::<&Check>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_store_is_not_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.db");
    let code = async |address: &str, options: StoreOptions| {
        Database::open(address, &options).await.unwrap_err().code().to_owned()
    };
    assert_eq!(code(file.to_str().unwrap(), StoreOptions::default()).await, "store.open");
    assert!(!file.exists());
    std::fs::write(&file, "no database, only text. ".repeat(100)).unwrap();
    assert_eq!(code(file.to_str().unwrap(), StoreOptions::default()).await, "store.not_a_database");
    let nowhere =
        StoreOptions { schema: Some("test_nobody_made_this".to_owned()), ..StoreOptions::default() };
    assert_eq!(code(&address(), nowhere).await, "store.not_a_database");
}
