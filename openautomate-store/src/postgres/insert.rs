//! Rows that are written once, many in one statement.

use openautomate_core::domain::{AuditEntry, Execution, Firing, IdempotencyRecord};
use openautomate_core::error::Error as CoreError;

use crate::driver::{Connection, Json, Jsonb, Word, micros, micros_of, query};
use crate::error::{Result, unaudited};
use crate::row::schedule_of;

/// One column of many rows, for a statement over all of them.
fn column<'r, R, T>(rows: &[&'r R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(|row| value(row)).collect()
}

/// Writes new executions as they are given, in one statement.
pub(super) async fn insert_executions(rows: &[&Execution], connection: &mut impl Connection) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO executions (id, package_id, version_id, environment_id, state, priority,
            labels, pinned_agent_id, inputs, outputs, error, error_message, origin, schedule_id, retry,
            timeout_ms, run_at, lease_epoch, agent_id, lease_until, failed_attempts, progress,
            cancel_requested_at, created_at, started_at, ended_at, revision, required_os, required_python, pool_id,
            concurrency_key, concurrency_limit, queue_timeout_ms)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::integer[],
            $7::jsonb[], $8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
            $14::uuid[], $15::text[], $16::bigint[], $17::bigint[], $18::bigint[], $19::uuid[], $20::bigint[],
            $21::bigint[], $22::text[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[],
            $27::bigint[], $28::text[], $29::jsonb[], $30::uuid[], $31::text[], $32::bigint[], $33::bigint[])";
    query(INSERT)
        .bind(column(rows, |row| *row.id.as_uuid()))
        .bind(column(rows, |row| *row.package_id.as_uuid()))
        .bind(column(rows, |row| *row.version_id.as_uuid()))
        .bind(column(rows, |row| *row.environment_id.as_uuid()))
        .bind(column(rows, |row| Word(row.state)))
        .bind(column(rows, |row| row.priority))
        .bind(column(rows, |row| Jsonb(&row.labels)))
        .bind(column(rows, |row| row.pinned_agent_id.map(|id| *id.as_uuid())))
        .bind(column(rows, |row| Json(&row.inputs)))
        .bind(column(rows, |row| row.outputs.as_ref().map(Json)))
        .bind(column(rows, |row| row.error.as_ref().map(Json)))
        .bind(column(rows, |row| row.error.as_ref().map(|error| Json(&error.message))))
        .bind(column(rows, |row| Json(&row.origin)))
        .bind(column(rows, schedule_of))
        .bind(column(rows, |row| Json(&row.retry)))
        .bind(column(rows, |row| row.timeout_ms.map(u64::cast_signed)))
        .bind(column(rows, |row| micros(row.run_at)))
        .bind(column(rows, |row| i64::from(row.lease_epoch)))
        .bind(column(rows, |row| row.agent_id.map(|id| *id.as_uuid())))
        .bind(column(rows, |row| micros_of(row.lease_until)))
        .bind(column(rows, |row| i64::from(row.failed_attempts)))
        .bind(column(rows, |row| row.progress.as_ref().map(Json)))
        .bind(column(rows, |row| micros_of(row.cancel_requested_at)))
        .bind(column(rows, |row| micros(row.created_at)))
        .bind(column(rows, |row| micros_of(row.started_at)))
        .bind(column(rows, |row| micros_of(row.ended_at)))
        .bind(column(rows, |row| row.revision))
        .bind(column(rows, |row| row.requirements.os.as_deref()))
        .bind(column(rows, |row| row.requirements.python.as_ref().map(Jsonb)))
        .bind(column(rows, |row| row.requirements.pool_id.map(|id| *id.as_uuid())))
        .bind(column(rows, |row| row.concurrency.as_ref().map(|group| group.key.as_str())))
        .bind(column(rows, |row| row.concurrency.as_ref().map(|group| group.limit)))
        .bind(column(rows, |row| row.queue_timeout_ms.map(u64::cast_signed)))
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes entries, unsealed.
pub(super) async fn insert_entries(entries: &[&AuditEntry], connection: &mut impl Connection) -> Result<()> {
    const INSERT: &str = "INSERT INTO audit_entries (id, at, actor_kind, actor_id, actor_name, action,
            object_kind, object_id, detail, request_id, ip_address)
        SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])";
    if entries.is_empty() {
        return Ok(());
    }
    query(INSERT)
        .bind(column(entries, |entry| *entry.id.as_uuid()))
        .bind(column(entries, |entry| micros(entry.at)))
        .bind(column(entries, |entry| Word(entry.actor.kind)))
        .bind(column(entries, |entry| entry.actor.id.as_deref()))
        .bind(column(entries, |entry| entry.actor.name.as_str()))
        .bind(column(entries, |entry| entry.action.as_str()))
        .bind(column(entries, |entry| entry.object_kind.as_str()))
        .bind(column(entries, |entry| entry.object_id.as_str()))
        .bind(column(entries, |entry| Json(&entry.detail)))
        .bind(column(entries, |entry| entry.request_id.as_deref()))
        .bind(column(entries, |entry| entry.ip_address.as_deref()))
        .execute(connection)
        .await
        .map_err(unaudited)?;
    Ok(())
}

/// Keeps answers; a key that is there already refuses them.
pub(super) async fn insert_answers(
    answers: &[&IdempotencyRecord],
    connection: &mut impl Connection,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO idempotency_records (user_id, key, fingerprint, output, created_at)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::bigint[])";
    if answers.is_empty() {
        return Ok(());
    }
    query(INSERT)
        .bind(column(answers, |answer| *answer.user_id.as_uuid()))
        .bind(column(answers, |answer| answer.key.as_str()))
        .bind(column(answers, |answer| &answer.fingerprint[..]))
        .bind(column(answers, |answer| Json(&answer.output)))
        .bind(column(answers, |answer| micros(answer.created_at)))
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes a firing; one that is there already refuses it: another server was first.
pub(super) async fn insert_firing(firing: &Firing, connection: &mut impl Connection) -> Result<()> {
    const INSERT: &str = "INSERT INTO firings (schedule_id, due_at, fired_at, execution_id, skipped, cause,
            requested_by, due_times, schedule_revision)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    query(INSERT)
        .bind(firing.schedule_id.as_uuid())
        .bind(micros(firing.due_at))
        .bind(micros(firing.fired_at))
        .bind(firing.execution_id.map(|id| *id.as_uuid()))
        .bind(firing.skipped.as_deref())
        .bind(Word(firing.cause))
        .bind(firing.requested_by.map(|id| *id.as_uuid()))
        .bind(firing.due_times.cast_signed())
        .bind(firing.schedule_revision)
        .execute(connection)
        .await?;
    Ok(())
}

/// Writes a firing in the place of one that was skipped.
pub(super) async fn replace_skipped(firing: &Firing, connection: &mut impl Connection) -> Result<()> {
    const UPDATE: &str = "UPDATE firings SET fired_at = $1, execution_id = $2, skipped = $3, cause = $4,
            requested_by = $5, due_times = $6, schedule_revision = $7
        WHERE schedule_id = $8 AND due_at = $9 AND execution_id IS NULL";
    let written = query(UPDATE)
        .bind(micros(firing.fired_at))
        .bind(firing.execution_id.map(|id| *id.as_uuid()))
        .bind(firing.skipped.as_deref())
        .bind(Word(firing.cause))
        .bind(firing.requested_by.map(|id| *id.as_uuid()))
        .bind(firing.due_times.cast_signed())
        .bind(firing.schedule_revision)
        .bind(firing.schedule_id.as_uuid())
        .bind(micros(firing.due_at))
        .execute(connection)
        .await?;
    if written == 0 { Err(CoreError::stale_row("firing").into()) } else { Ok(()) }
}
