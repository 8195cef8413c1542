//! The database refuses by itself what our code would never ask for.

use openautomate_core::changes::Changes;
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::sample::{World, audit};
use openautomate_core::domain::{AttemptState, ExecutionState, check_attempt_transition, check_transition};
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, query};

use super::fixture::PostgresFixture;

/// Runs a statement and rolls it back; an error is its text.
async fn attempt(statement: &str, connection: &mut PgConnection) -> Result<u64, String> {
    query("BEGIN").execute(&mut *connection).await.unwrap();
    let done = query(AssertSqlSafe(statement)).execute(&mut *connection).await;
    query("ROLLBACK").execute(&mut *connection).await.unwrap();
    done.map(|done| done.rows_affected())
        .map_err(|error| error.as_database_error().unwrap().message().to_owned())
}

/// Brings a row into a state behind a trigger's back.
async fn force(statement: &str, table: &str, trigger: &str, connection: &mut PgConnection) {
    let switch = |to: &str| format!("ALTER TABLE {table} {to} TRIGGER {trigger}");
    for sql in [switch("DISABLE"), statement.to_owned(), switch("ENABLE")] {
        query(AssertSqlSafe(sql)).execute(&mut *connection).await.unwrap();
    }
}

fn lease_of(state: ExecutionState) -> &'static str {
    if state.is_leased() { "1" } else { "NULL" }
}

#[tokio::test]
async fn every_pair_of_execution_states_goes_as_the_table_of_the_core_says() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    world.enqueue(world.execution()).await;
    let mut connection = fixture.schema.direct().await;
    for from in ExecutionState::ALL {
        let set = format!("UPDATE executions SET state = '{from:?}', lease_until = {}", lease_of(from));
        force(&set, "executions", "executions_transition", &mut connection).await;
        for to in ExecutionState::ALL {
            let change = format!("UPDATE executions SET state = '{to:?}', lease_until = {}", lease_of(to));
            let done = attempt(&change, &mut connection).await;
            // The same state again is no change.
            let expected = from == to || check_transition(from, to).is_ok();
            assert_eq!(
                done,
                if expected { Ok(1) } else { Err("execution.transition".into()) },
                "{from:?} -> {to:?}"
            );
        }
    }
}

#[tokio::test]
async fn every_pair_of_attempt_states_goes_as_the_table_of_the_core_says() {
    use AttemptState as A;
    let all =
        [A::Assigned, A::Running, A::Succeeded, A::Failed, A::Cancelled, A::TimedOut, A::Lost, A::Released];
    let word = |state: A| serde_json::to_value(state).unwrap().as_str().unwrap().to_owned();
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    world.assigned(world.execution()).await;
    let mut connection = fixture.schema.direct().await;
    for from in all {
        let set = format!("UPDATE attempts SET state = '{}'", word(from));
        force(&set, "attempts", "attempts_transition", &mut connection).await;
        for to in all {
            let change = format!("UPDATE attempts SET state = '{}'", word(to));
            let expected = from == to || check_attempt_transition(from, to).is_ok();
            let done = attempt(&change, &mut connection).await;
            assert_eq!(
                done,
                if expected { Ok(1) } else { Err("attempt.transition".into()) },
                "{from:?} -> {to:?}"
            );
        }
    }
}

#[tokio::test]
async fn an_epoch_never_falls_and_a_lease_goes_with_its_state() {
    let fixture = PostgresFixture::open().await;
    let world = World::new(fixture.store()).await;
    world.assigned(world.execution()).await;
    let mut connection = fixture.schema.direct().await;
    let lower = attempt("UPDATE executions SET lease_epoch = 0", &mut connection).await;
    assert_eq!(lower, Err("execution.epoch".into()));
    assert!(attempt("UPDATE executions SET lease_until = NULL", &mut connection).await.is_err());
    assert!(attempt("UPDATE executions SET state = 'Sleeping'", &mut connection).await.is_err());
}

#[tokio::test]
async fn the_audit_is_append_only() {
    let fixture = PostgresFixture::open().await;
    let store = fixture.store();
    let waiting = audit("package.create");
    for entry in [audit("user.create"), waiting.clone()] {
        store.commit(Changes { audit: vec![entry], ..Changes::none() }).await.unwrap();
        if store.audit_head().await.unwrap().sequence == 0 {
            assert_eq!(store.seal(10).await.unwrap(), 1);
        }
    }
    let mut connection = fixture.schema.direct().await;
    let hash = "decode(repeat('01', 32), 'hex')";
    let columns =
        "id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, detail, request_id,
        ip_address, sequence, previous, hash";
    for refused in [
        "DELETE FROM audit_entries".to_owned(),
        "DELETE FROM audit_entries WHERE sequence IS NULL".to_owned(),
        "UPDATE audit_entries SET action = 'nothing' WHERE sequence = 1".to_owned(),
        "UPDATE audit_entries SET sequence = 7 WHERE sequence = 1".to_owned(),
        "UPDATE audit_entries SET sequence = NULL, previous = NULL, hash = NULL WHERE sequence = 1".to_owned(),
        "UPDATE audit_entries SET action = 'nothing' WHERE sequence IS NULL".to_owned(),
        format!(
            "UPDATE audit_entries SET sequence = 2, previous = {hash}, hash = {hash}, detail = '1'
             WHERE sequence IS NULL"
        ),
        format!(
            "INSERT INTO audit_entries ({columns}) SELECT gen_random_uuid(), at, actor_kind, actor_id, actor_name, action,
             object_kind, object_id, detail, request_id, ip_address, 9, {hash}, {hash} FROM audit_entries LIMIT 1"
        ),
        "DELETE FROM audit_head".to_owned(),
        "UPDATE audit_head SET sequence = 0".to_owned(),
        format!("UPDATE audit_head SET hash = {hash}"),
        "TRUNCATE audit_entries".to_owned(),
        "TRUNCATE audit_head".to_owned(),
    ] {
        assert_eq!(attempt(&refused, &mut connection).await, Err("audit.append_only".into()), "{refused}");
    }
    assert_eq!(store.seal(10).await.unwrap(), 1);
    assert_eq!(store.chain(1, 10).await.unwrap()[0].id, waiting.id);
}
