//! Kept answers.

use openautomate_core::domain::IdempotencyRecord;
use openautomate_core::id::UserId;

use crate::driver::{Columns, Row};
use crate::error::Result;

pub(crate) fn read_answer<R: Row>(row: &R) -> Result<IdempotencyRecord> {
    let columns = Columns::of(row, "kept answer");
    Ok(IdempotencyRecord {
        user_id: UserId::from_uuid(columns.uuid("user_id")?),
        key: columns.get("key")?,
        fingerprint: columns.hash("fingerprint")?,
        output: columns.json("output")?,
        created_at: columns.time("created_at")?,
    })
}
