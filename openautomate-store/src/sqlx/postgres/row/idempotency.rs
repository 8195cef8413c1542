//! Kept answers.

use openautomate_core::domain::IdempotencyRecord;
use openautomate_core::id::UserId;
use sqlx::postgres::{PgConnection, PgRow};

use crate::sqlx::error::Result;
use crate::sqlx::postgres::column::{Columns, Json, column, micros};

/// Keeps answers; a key that is there already refuses them.
pub(in crate::sqlx::postgres) async fn insert_answers(
    answers: &[&IdempotencyRecord],
    connection: &mut PgConnection,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO idempotency_records (user_id, key, fingerprint, output, created_at)
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::text[], $5::bigint[])";
    if answers.is_empty() {
        return Ok(());
    }
    sqlx::query(INSERT)
        .bind(column(answers, |answer| *answer.user_id.as_uuid()))
        .bind(column(answers, |answer| answer.key.as_str()))
        .bind(column(answers, |answer| &answer.fingerprint[..]))
        .bind(column(answers, |answer| Json(&answer.output)))
        .bind(column(answers, |answer| micros(answer.created_at)))
        .execute(connection)
        .await?;
    Ok(())
}

pub(in crate::sqlx::postgres) fn read_answer(row: &PgRow) -> Result<IdempotencyRecord> {
    let columns = Columns::of(row, "kept answer");
    Ok(IdempotencyRecord {
        user_id: UserId::from_uuid(columns.uuid("user_id")?),
        key: columns.get("key")?,
        fingerprint: columns.hash("fingerprint")?,
        output: columns.json("output")?,
        created_at: columns.time("created_at")?,
    })
}
