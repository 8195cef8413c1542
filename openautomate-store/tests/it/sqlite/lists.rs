//! Every hot statement finds its rows in an index: the cost of a page does not grow with the table.

use openautomate_core::changes::Record;
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::sample::World;
use openautomate_core::domain::{Execution, ExecutionState, FiringCause, Origin};
use openautomate_core::query::{ExecutionFilter, PageRequest};
use sqlx::{AssertSqlSafe, Row, query};

use super::fixture::SqliteFixture;

/// The plan of a statement, one step a line.
async fn plan(fixture: &SqliteFixture, statement: &str) -> String {
    let mut connection = fixture.direct().await;
    let explain = format!("EXPLAIN QUERY PLAN {statement}");
    let rows = query(AssertSqlSafe(explain)).fetch_all(&mut connection).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_hot_statements_walk_their_indexes() {
    let fixture = SqliteFixture::open().await;
    for (statement, index) in [
        (
            "SELECT id FROM executions WHERE id < x'ff' AND state = 'Failed' AND package_id = x'00' ORDER BY id DESC LIMIT 51",
            "executions_package (package_id=? AND state=? AND id<?)",
        ),
        (
            "SELECT id FROM executions WHERE id < x'ff' AND state = 'Failed' AND package_id = x'00'
             AND environment_id = x'00' ORDER BY id DESC LIMIT 51",
            "executions_package_environment (package_id=? AND environment_id=? AND state=? AND id<?)",
        ),
        (
            "SELECT id FROM executions WHERE id < x'ff' AND state = 'Failed' AND agent_id = x'00' ORDER BY id DESC LIMIT 51",
            "executions_agent (agent_id=? AND state=? AND id<?)",
        ),
        (
            "SELECT id FROM executions WHERE id < x'ff' AND state = 'Failed' AND schedule_id = x'00' ORDER BY id DESC LIMIT 51",
            "executions_schedule (schedule_id=? AND state=? AND id<?)",
        ),
        (
            "SELECT id FROM executions WHERE id < x'ff' AND state = 'Failed' AND environment_id = x'00' ORDER BY id DESC LIMIT 51",
            "executions_environment (environment_id=? AND state=? AND id<?)",
        ),
        (
            "SELECT id FROM executions WHERE id < x'ff' AND state = 'Failed' ORDER BY id DESC LIMIT 51",
            "executions_state (state=? AND id<?)",
        ),
        (
            "SELECT min(run_at) FROM executions WHERE state = 'Pending' AND state IN ('Pending', 'Waiting') AND run_at > 1",
            "executions_due (state=? AND run_at>?)",
        ),
        ("SELECT * FROM executions WHERE lease_until < 1 ORDER BY lease_until, id LIMIT 9", "executions_lease (lease_until<?)"),
        (
            "SELECT * FROM schedules WHERE is_active = 1 AND deleted_at IS NULL AND next_due IS NOT NULL
             AND next_due + delay_ms * 1000 <= 1 ORDER BY next_due + delay_ms * 1000, id LIMIT 9",
            "schedules_fire (<expr><?)",
        ),
        (
            "SELECT id FROM executions INDEXED BY executions_queue WHERE state = 'Pending' AND environment_id = x'00'
             AND run_at <= 1 ORDER BY priority DESC, run_at, id LIMIT 9",
            "executions_queue (environment_id=?)",
        ),
        ("SELECT * FROM audit_entries WHERE sequence > 1 ORDER BY sequence LIMIT 9", "audit_chain (sequence>?)"),
        ("SELECT * FROM audit_entries WHERE sequence IS NULL ORDER BY id LIMIT 9", "audit_unsealed"),
        (
            "SELECT first_seq, lines FROM log_chunks WHERE execution_id = x'00' AND epoch = 1 AND last_seq > 1
             AND last_seq <= coalesce((SELECT min(last_seq) FROM log_chunks
                WHERE execution_id = x'00' AND epoch = 1 AND last_seq >= 2), 9) ORDER BY last_seq",
            "(execution_id=? AND epoch=? AND last_seq>? AND last_seq<?)",
        ),
    ] {
        let plan = plan(&fixture, statement).await;
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{statement}\n{plan}");
    }
}

#[tokio::test]
async fn statements_of_buckets_and_of_what_is_watched_walk_their_indexes() {
    let fixture = SqliteFixture::open().await;
    for (statement, index) in [
        (
            "SELECT * FROM bucket_objects WHERE bucket_id = x'00' AND key >= 'a' AND key < 'b' ORDER BY key LIMIT 9",
            "bucket_objects_key (bucket_id=? AND key>? AND key<?)",
        ),
        (
            "SELECT b.id AS bucket_id, o.id AS id FROM buckets AS b CROSS JOIN bucket_objects AS o
             WHERE o.bucket_id = b.id AND o.written_at < 1 - b.retention_days * 1
             AND b.retention_days IS NOT NULL AND b.object_count > 0 LIMIT 9",
            "bucket_objects_written (bucket_id=? AND written_at<?)",
        ),
        (
            "SELECT * FROM triggers WHERE watched = 'workQueue' AND watched IS NOT NULL AND deleted_at IS NULL
             AND is_active = 1 ORDER BY id",
            "triggers_watched (watched=?)",
        ),
        (
            "SELECT 1 FROM work_items WHERE queue_id = x'00' AND state = 'New' AND available_at <= 1 LIMIT 9",
            "work_items_available (queue_id=? AND available_at<?)",
        ),
        (
            "SELECT min(available_at) FROM work_items WHERE queue_id = x'00' AND state = 'New' AND available_at > 1",
            "work_items_available (queue_id=? AND available_at>?)",
        ),
        (
            "SELECT 1 FROM trigger_firings WHERE trigger_id = x'00' AND fired_at >= 1 LIMIT 9",
            "trigger_firings_history (trigger_id=? AND fired_at>?)",
        ),
    ] {
        let plan = plan(&fixture, statement).await;
        assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{statement}\n{plan}");
    }
}

#[tokio::test]
async fn statements_over_many_leases_seek_each() {
    let fixture = SqliteFixture::open().await;
    let renew = "UPDATE executions SET lease_until = 1, revision = revision + 1
        FROM (SELECT unhex(value ->> 0) AS id, value ->> 1 AS epoch FROM json_each('[]')) AS asked
        WHERE executions.id = asked.id AND lease_epoch = asked.epoch AND agent_id = x'00'
            AND state IN ('Assigned', 'Running')";
    let plan = plan(&fixture, renew).await;
    assert!(!plan.contains("SCAN executions"), "{plan}");
}

#[tokio::test]
async fn filters_meet() {
    let fixture = SqliteFixture::open().await;
    let world = World::new(fixture.store()).await;
    let schedule = world.schedule();
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let mut made = Vec::new();
    for number in 0..6 {
        let due_at = world.user.created_at;
        let origin = Origin::Schedule { schedule_id: schedule.id, due_at, cause: FiringCause::Due };
        let origin = if number % 2 == 0 { origin } else { Origin::Embedded };
        made.push(world.enqueue(Execution { origin, ..world.execution() }).await.id);
    }
    let row = Execution { state: ExecutionState::Cancelled, ..world.stored(made[4]).await };
    world.update(Record::Execution(Box::new(row))).await;
    let filter = ExecutionFilter {
        schedule_id: Some(schedule.id),
        package_id: Some(world.package.id),
        environment_id: Some(world.environment.id),
        states: vec![ExecutionState::Cancelled, ExecutionState::Pending, ExecutionState::Pending],
        ..ExecutionFilter::default()
    };
    let store = fixture.store();
    let mut request = PageRequest::new(None, 2);
    let first = store.executions(&filter, request).await.unwrap();
    assert_eq!(first.items.iter().map(|item| item.id).collect::<Vec<_>>(), [made[4], made[2]]);
    request.after = first.next;
    let second = store.executions(&filter, request).await.unwrap();
    assert_eq!(second.items.iter().map(|item| item.id).collect::<Vec<_>>(), [made[0]]);
    assert_eq!((second.next, second.items[0].package_name.as_str()), (None, "invoices"));
}
