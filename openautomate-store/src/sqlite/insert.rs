//! Rows that are written once.

use openautomate_core::domain::{AuditEntry, Firing, IdempotencyRecord};
use openautomate_core::error::Error as CoreError;

use crate::driver::{Connection, Json, Word, micros, query};
use crate::error::{Result, unaudited};

/// Writes an entry, unsealed.
pub(super) async fn insert_entry(entry: &AuditEntry, connection: &mut impl Connection) -> Result<()> {
    const INSERT: &str = "INSERT INTO audit_entries (id, at, actor_kind, actor_id, actor_name, action,
        object_kind, object_id, detail, request_id, ip_address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    query(INSERT)
        .bind(entry.id.as_uuid())
        .bind(micros(entry.at))
        .bind(Word(entry.actor.kind))
        .bind(entry.actor.id.as_deref())
        .bind(&entry.actor.name)
        .bind(&entry.action)
        .bind(&entry.object_kind)
        .bind(&entry.object_id)
        .bind(Json(&entry.detail))
        .bind(entry.request_id.as_deref())
        .bind(entry.ip_address.as_deref())
        .execute(connection)
        .await
        .map_err(unaudited)?;
    Ok(())
}

/// Keeps an answer; its key must be new.
pub(super) async fn insert_answer(
    answer: &IdempotencyRecord,
    connection: &mut impl Connection,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO idempotency_records (user_id, key, fingerprint, output, created_at)
        VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, key) DO NOTHING";
    let written = query(INSERT)
        .bind(answer.user_id.as_uuid())
        .bind(&answer.key)
        .bind(&answer.fingerprint[..])
        .bind(Json(&answer.output))
        .bind(micros(answer.created_at))
        .execute(connection)
        .await?;
    if written == 1 {
        return Ok(());
    }
    Err(CoreError::conflict("idempotency.exists", "a request with this idempotency key was answered before")
        .into())
}

/// Writes a firing; one that is there already means that another server was first.
pub(super) async fn insert_firing(firing: &Firing, connection: &mut impl Connection) -> Result<()> {
    const INSERT: &str = "INSERT INTO firings (schedule_id, due_at, fired_at, execution_id, skipped, cause,
            requested_by, due_times, schedule_revision)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (schedule_id, due_at) DO NOTHING";
    let written = query(INSERT)
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
    if written == 0 { Err(CoreError::stale_row("firing").into()) } else { Ok(()) }
}

/// Writes a firing in the place of one that was skipped.
pub(super) async fn replace_skipped(firing: &Firing, connection: &mut impl Connection) -> Result<()> {
    const UPDATE: &str = "UPDATE firings SET fired_at = ?, execution_id = ?, skipped = ?, cause = ?,
            requested_by = ?, due_times = ?, schedule_revision = ?
        WHERE schedule_id = ? AND due_at = ? AND execution_id IS NULL";
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
