//! Kept answers.

use openautomate_core::domain::IdempotencyRecord;
use openautomate_core::error::Error as CoreError;
use openautomate_core::id::UserId;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::types::Json;

use crate::sqlx::error::Result;
use crate::sqlx::sqlite::column::{Columns, micros};

/// Keeps an answer; its key must be new.
pub(in crate::sqlx::sqlite) async fn insert_answer(
    answer: &IdempotencyRecord,
    connection: &mut SqliteConnection,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO idempotency_records (user_id, key, fingerprint, output, created_at)
        VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, key) DO NOTHING";
    let done = sqlx::query(INSERT)
        .bind(answer.user_id.as_uuid())
        .bind(&answer.key)
        .bind(&answer.fingerprint[..])
        .bind(Json(&answer.output))
        .bind(micros(answer.created_at))
        .execute(connection)
        .await?;
    if done.rows_affected() == 1 {
        return Ok(());
    }
    Err(CoreError::conflict("idempotency.exists", "a request with this idempotency key was answered before")
        .into())
}

pub(in crate::sqlx::sqlite) fn read_answer(row: &SqliteRow) -> Result<IdempotencyRecord> {
    let columns = Columns::of(row, "kept answer");
    Ok(IdempotencyRecord {
        user_id: UserId::from_uuid(columns.uuid("user_id")?),
        key: columns.get("key")?,
        fingerprint: columns.hash("fingerprint")?,
        output: columns.json("output")?,
        created_at: columns.time("created_at")?,
    })
}
