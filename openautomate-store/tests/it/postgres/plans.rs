//! Every hot statement finds its rows in an index: its cost does not grow with the table.

use openautomate_core::conformance::fixture::StoreFixture;
use sqlx::{AssertSqlSafe, query, query_scalar};

use super::fixture::PostgresFixture;

const NOBODY: &str = "'00000000-0000-0000-0000-000000000000'";

#[tokio::test(flavor = "multi_thread")]
async fn the_hot_statements_walk_their_indexes() {
    let fixture = PostgresFixture::open().await;
    let mut connection = fixture.schema.direct().await;
    // The tables are empty, so reading all of one would be cheapest; what else there is shows without it.
    for setting in ["SET enable_seqscan = off", "SET enable_bitmapscan = off", "SET enable_sort = off"] {
        query(setting).execute(&mut connection).await.unwrap();
    }
    for (statement, index) in hot_statements() {
        let explain = AssertSqlSafe(format!("EXPLAIN {statement}"));
        let plan: Vec<String> = query_scalar(explain).fetch_all(&mut connection).await.unwrap();
        let plan = plan.join("\n");
        assert!(plan.contains(&format!("using {index} ")) && !plan.contains("Sort"), "{statement}\n{plan}");
    }
}

fn hot_statements() -> Vec<(String, &'static str)> {
    [statements_of_work(), statements_of_the_rest()].concat()
}

fn statements_of_work() -> Vec<(String, &'static str)> {
    let listed = |filter: &str| {
        format!(
            "SELECT id FROM executions WHERE state = 'Failed' AND id < {NOBODY} {filter} ORDER BY id DESC LIMIT 9"
        )
    };
    vec![
        (listed(""), "executions_state"),
        (listed(&format!("AND package_id = {NOBODY}")), "executions_package"),
        (listed(&format!("AND agent_id = {NOBODY}")), "executions_agent"),
        (listed(&format!("AND schedule_id = {NOBODY}")), "executions_schedule"),
        (listed(&format!("AND environment_id = {NOBODY}")), "executions_environment"),
        (
            format!(
                "SELECT id FROM executions WHERE state = 'Pending' AND environment_id = {NOBODY} AND run_at <= 1
                 ORDER BY priority DESC, run_at, id LIMIT 9 FOR NO KEY UPDATE SKIP LOCKED"
            ),
            "executions_queue",
        ),
        // What a claim looks at before it, and the claim itself with all that executions may require.
        (
            format!(
                "SELECT 1 FROM executions WHERE state = 'Pending' AND concurrency_key IS NOT NULL
                 AND environment_id = {NOBODY} LIMIT 1"
            ),
            "executions_keyed",
        ),
        ("SELECT id FROM packages WHERE max_concurrent IS NOT NULL".to_owned(), "packages_limited"),
        (
            format!(
                "SELECT id FROM executions WHERE state = 'Pending' AND environment_id = {NOBODY} AND run_at <= 1
                 AND (pinned_agent_id IS NULL OR pinned_agent_id = {NOBODY}) AND labels <@ '[]'
                 AND (required_os IS NULL OR required_os = 'linux') AND (pool_id IS NULL OR pool_id = ANY ('{{}}'))
                 AND (required_python IS NULL OR EXISTS (
                     SELECT 1 FROM jsonb_array_elements(required_python -> 'ranges') AS fits,
                         unnest('{{}}'::bigint[]) AS found
                     WHERE found BETWEEN (fits ->> 0)::bigint AND (fits ->> 1)::bigint))
                 AND (queue_timeout_ms IS NULL OR started_at IS NOT NULL OR run_at + queue_timeout_ms * 1000 > 1)
                 ORDER BY priority DESC, run_at, id LIMIT 9 FOR NO KEY UPDATE SKIP LOCKED"
            ),
            "executions_queue",
        ),
        (
            "SELECT * FROM executions WHERE state = 'Pending' AND queue_timeout_ms IS NOT NULL
             AND started_at IS NULL AND run_at + queue_timeout_ms * 1000 <= 1
             ORDER BY run_at + queue_timeout_ms * 1000, id LIMIT 9"
                .to_owned(),
            "executions_start_by",
        ),
        (
            format!(
                "SELECT id FROM executions WHERE state IN ('Assigned', 'Running') AND environment_id = {NOBODY}
                 AND lease_until IS NOT NULL AND concurrency_key = 'a' ORDER BY id LIMIT 9"
            ),
            "executions_key",
        ),
        (
            "SELECT * FROM executions WHERE lease_until < 1 ORDER BY lease_until, id LIMIT 9".to_owned(),
            "executions_lease",
        ),
        (
            "SELECT min(run_at) FROM executions WHERE state = 'Waiting' AND run_at > 1".to_owned(),
            "executions_due",
        ),
    ]
}

fn statements_of_the_rest() -> Vec<(String, &'static str)> {
    vec![
        (
            "SELECT * FROM schedules WHERE is_active AND deleted_at IS NULL AND next_due IS NOT NULL
             AND next_due + delay_ms * 1000 <= 1 ORDER BY next_due + delay_ms * 1000, id LIMIT 9"
                .to_owned(),
            "schedules_fire",
        ),
        (
            "SELECT min(next_due + delay_ms * 1000) FROM schedules
             WHERE is_active AND deleted_at IS NULL AND next_due IS NOT NULL"
                .to_owned(),
            "schedules_fire",
        ),
        (
            "SELECT * FROM triggers WHERE watched = 'workQueue' AND watched IS NOT NULL AND deleted_at IS NULL
             AND is_active ORDER BY id"
                .to_owned(),
            "triggers_watched",
        ),
        (
            format!(
                "SELECT min(available_at) FROM work_items WHERE queue_id = {NOBODY} AND state = 'New'
                 AND available_at > 1"
            ),
            "work_items_available",
        ),
        (
            "SELECT * FROM schedules WHERE queued_due IS NOT NULL ORDER BY queued_due, id LIMIT 9".to_owned(),
            "schedules_queued",
        ),
        (
            format!(
                "SELECT state FROM executions WHERE schedule_id = {NOBODY} AND ended_at IS NOT NULL AND ended_at > 1
                 AND state IN ('Succeeded', 'Failed', 'TimedOut') ORDER BY ended_at DESC, id DESC LIMIT 9"
            ),
            "executions_schedule_ended",
        ),
        (
            "SELECT * FROM audit_entries WHERE sequence IS NULL ORDER BY id LIMIT 9".to_owned(),
            "audit_unsealed",
        ),
        (
            format!(
                "SELECT first_seq, lines FROM log_chunks WHERE execution_id = {NOBODY} AND epoch = 1
                 AND last_seq > 1 AND last_seq <= coalesce((SELECT min(last_seq) FROM log_chunks
                    WHERE execution_id = {NOBODY} AND epoch = 1 AND last_seq >= 2), 9) ORDER BY last_seq"
            ),
            "log_chunks_pkey",
        ),
        (
            format!(
                "SELECT * FROM bucket_objects WHERE bucket_id = {NOBODY} AND key >= 'a' AND key < 'b'
                 ORDER BY key LIMIT 9"
            ),
            "bucket_objects_key",
        ),
        (
            "SELECT b.id AS bucket_id, o.id AS id FROM buckets AS b CROSS JOIN bucket_objects AS o
             WHERE o.bucket_id = b.id AND o.written_at < 1 - b.retention_days * 1
             AND b.retention_days IS NOT NULL AND b.object_count > 0 LIMIT 9"
                .to_owned(),
            "bucket_objects_written",
        ),
        ("SELECT * FROM users WHERE lower(username) = lower('A' COLLATE \"C\")".to_owned(), "users_username"),
    ]
}
