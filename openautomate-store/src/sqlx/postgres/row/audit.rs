//! Audit entries.

use openautomate_core::domain::{ActorRef, AuditEntry, AuditSeal};
use openautomate_core::id::AuditId;
use sqlx::postgres::{PgConnection, PgRow};

use crate::sqlx::error::Result;
use crate::sqlx::postgres::column::{Columns, Json, Word, column, micros};

/// Writes entries, unsealed.
pub(in crate::sqlx::postgres) async fn insert_entries(
    entries: &[&AuditEntry],
    connection: &mut PgConnection,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO audit_entries (id, at, actor_kind, actor_id, actor_name, action,
            object_kind, object_id, detail, request_id, ip_address)
        SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
            $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])";
    if entries.is_empty() {
        return Ok(());
    }
    sqlx::query(INSERT)
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
        .await?;
    Ok(())
}

pub(in crate::sqlx::postgres) fn read_entry(row: &PgRow) -> Result<AuditEntry> {
    let columns = Columns::of(row, "audit entry");
    let seal = match columns.unsigned_or_none("sequence")? {
        Some(sequence) => {
            Some(AuditSeal { sequence, previous: columns.hash("previous")?, hash: columns.hash("hash")? })
        }
        None => None,
    };
    Ok(AuditEntry {
        id: AuditId::from_uuid(columns.uuid("id")?),
        at: columns.time("at")?,
        actor: ActorRef {
            kind: columns.word("actor_kind")?,
            id: columns.get("actor_id")?,
            name: columns.get("actor_name")?,
        },
        action: columns.get("action")?,
        object_kind: columns.get("object_kind")?,
        object_id: columns.get("object_id")?,
        detail: columns.json("detail")?,
        request_id: columns.get("request_id")?,
        ip_address: columns.get("ip_address")?,
        seal,
    })
}
