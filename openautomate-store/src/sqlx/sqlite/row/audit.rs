//! Audit entries.

use openautomate_core::domain::{ActorRef, AuditEntry, AuditSeal};
use openautomate_core::id::AuditId;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::types::Json;

use crate::sqlx::error::Result;
use crate::sqlx::sqlite::column::{Columns, Word, micros};

/// Writes an entry, unsealed.
pub(in crate::sqlx::sqlite) async fn insert_entry(
    entry: &AuditEntry,
    connection: &mut SqliteConnection,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO audit_entries (id, at, actor_kind, actor_id, actor_name, action,
        object_kind, object_id, detail, request_id, ip_address) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(INSERT)
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
        .await?;
    Ok(())
}

pub(in crate::sqlx::sqlite) fn read_entry(row: &SqliteRow) -> Result<AuditEntry> {
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
