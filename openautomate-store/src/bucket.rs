//! What is done with objects in the same words of every database. Who writes in a bucket holds its row until the end of
//! the transaction, so writes of one bucket follow one another.

use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Bucket, BucketObject, after_prefix};
use openautomate_core::error::Error as CoreError;
use openautomate_core::id::{BucketId, ObjectId};
use openautomate_core::store::{DeleteObject, MoveObject, ObjectRange, PutObject, object_absent};
use uuid::Uuid;

use crate::driver::{Columns, Connection, Dialect, Executor, Statement, micros, query};
use crate::error::Result;
use crate::row::{bind_object, read_object};
use crate::table::one;

/// A day in microseconds.
const DAY: i64 = 24 * 3_600 * 1_000_000;

pub(crate) async fn object(bucket: BucketId, key: &str, on: impl Executor) -> Result<Option<BucketObject>> {
    const SELECT: &str = "SELECT * FROM bucket_objects WHERE bucket_id = $1 AND key = $2";
    found(query(SELECT).bind(bucket.as_uuid()).bind(key), on).await
}

pub(crate) async fn object_by_id(id: ObjectId, on: impl Executor) -> Result<Option<BucketObject>> {
    found(query("SELECT * FROM bucket_objects WHERE id = $1").bind(id.as_uuid()), on).await
}

async fn found(statement: Statement, on: impl Executor) -> Result<Option<BucketObject>> {
    statement.fetch_optional(on).await?.as_ref().map(read_object).transpose()
}

pub(crate) async fn objects(
    bucket: BucketId,
    range: &ObjectRange,
    on: impl Executor,
) -> Result<Vec<BucketObject>> {
    let from = range.from.as_ref().filter(|from| **from > range.prefix).unwrap_or(&range.prefix);
    let mut statement = query("SELECT * FROM bucket_objects WHERE bucket_id = ");
    statement.push_bind(bucket.as_uuid()).push(" AND key >= ").push_bind(from);
    if let Some(end) = after_prefix(&range.prefix) {
        statement.push(" AND key < ").push_bind(end);
    }
    statement.push(" ORDER BY key LIMIT ").push_bind(i64::from(range.limit));
    statement.fetch_all(on).await?.iter().map(read_object).collect()
}

/// The bucket, held until the end of the transaction.
async fn hold<C: Connection>(id: BucketId, connection: &mut C) -> Result<Bucket> {
    let select = match C::DIALECT {
        Dialect::Sqlite => "SELECT * FROM buckets WHERE id = $1 AND deleted_at IS NULL",
        Dialect::Postgres => "SELECT * FROM buckets WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
    };
    let bucket = one(query(select).bind(id.as_uuid()), connection).await?;
    bucket.ok_or_else(|| CoreError::not_found("bucket", id).into())
}

/// Counts objects that came and went.
async fn count<C: Connection>(id: BucketId, bytes: i64, objects: i64, connection: &mut C) -> Result<()> {
    const COUNT: &str = "UPDATE buckets SET used_bytes = used_bytes + $1, object_count = object_count + $2
        WHERE id = $3";
    query(COUNT).bind(bytes).bind(objects).bind(id.as_uuid()).execute(connection).await?;
    Ok(())
}

async fn remove<C: Connection>(id: ObjectId, connection: &mut C) -> Result<()> {
    query("DELETE FROM bucket_objects WHERE id = $1").bind(id.as_uuid()).execute(connection).await?;
    Ok(())
}

/// Writes an object; gives what it replaced.
pub(crate) async fn put<C: Connection>(put: &PutObject, connection: &mut C) -> Result<Option<BucketObject>> {
    const INSERT: &str = "INSERT INTO bucket_objects (id, bucket_id, key, size, sha256, content_type,
            writer_user_id, writer_execution_id, writer_epoch, written_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let new = &put.object;
    let bucket = hold(new.bucket_id, connection).await?;
    let present = object(bucket.id, &new.key, &mut *connection).await?;
    put.condition.check(present.as_ref())?;
    bucket.check_room(new.size, present.as_ref())?;
    let mut bytes = new.size.cast_signed();
    if let Some(old) = &present {
        remove(old.id, connection).await?;
        bytes -= old.size.cast_signed();
    }
    bind_object(new, query(INSERT)).execute(&mut *connection).await?;
    count(bucket.id, bytes, i64::from(present.is_none()), connection).await?;
    Ok(present)
}

/// Deletes an object; gives what was deleted.
pub(crate) async fn delete<C: Connection>(
    delete: &DeleteObject,
    connection: &mut C,
) -> Result<Option<BucketObject>> {
    let bucket = hold(delete.bucket_id, connection).await?;
    let present = object(bucket.id, &delete.key, &mut *connection).await?;
    delete.condition.check(present.as_ref())?;
    if let Some(old) = &present {
        remove(old.id, connection).await?;
        count(bucket.id, -old.size.cast_signed(), -1, connection).await?;
    }
    Ok(present)
}

/// Gives an object another key.
pub(crate) async fn rename<C: Connection>(moves: &MoveObject, connection: &mut C) -> Result<BucketObject> {
    let bucket = hold(moves.bucket_id, connection).await?;
    let moved = object(bucket.id, &moves.from, &mut *connection).await?.ok_or_else(object_absent)?;
    let replaced = match moves.from == moves.to {
        true => None,
        false => object(bucket.id, &moves.to, &mut *connection).await?,
    };
    moves.condition.check(replaced.as_ref())?;
    if let Some(old) = &replaced {
        remove(old.id, connection).await?;
        count(bucket.id, -old.size.cast_signed(), -1, connection).await?;
    }
    let rename = query("UPDATE bucket_objects SET key = $1 WHERE id = $2");
    rename.bind(&moves.to).bind(moved.id.as_uuid()).execute(connection).await?;
    Ok(BucketObject { key: moves.to.clone(), ..moved })
}

/// Removes objects whose time is over; says how many.
pub(crate) async fn expire<C: Connection>(now: Timestamp, limit: u32, connection: &mut C) -> Result<u64> {
    // SQLite takes the tables of a cross join in the order in which they stand: few buckets, and a seek in each.
    const DUE: &str = "SELECT b.id AS bucket_id, o.id AS id FROM buckets AS b CROSS JOIN bucket_objects AS o
        WHERE o.bucket_id = b.id AND o.written_at < $1 - b.retention_days * $2
            AND b.retention_days IS NOT NULL AND b.object_count > 0 LIMIT $3";
    const DELETE: &str = "DELETE FROM bucket_objects WHERE id = $1 RETURNING size";
    let due = query(DUE).bind(micros(now)).bind(DAY).bind(i64::from(limit));
    let rows = due.fetch_all(&mut *connection).await?;
    let mut due = Vec::with_capacity(rows.len());
    for row in &rows {
        let columns = Columns::of(row, "object");
        due.push((columns.uuid("bucket_id")?, columns.uuid("id")?));
    }
    // In one order, so that two who do this wait for each other and not both.
    due.sort_unstable();
    let (mut held, mut removed): (Option<Uuid>, u64) = (None, 0);
    for (bucket, object) in due {
        let id = BucketId::from_uuid(bucket);
        if held != Some(bucket) {
            hold(id, connection).await?;
            held = Some(bucket);
        }
        // One that was written again meanwhile has another id.
        let deleted = query(DELETE).bind(object).fetch_optional(&mut *connection).await?;
        if let Some(row) = deleted {
            let size: i64 = Columns::of(&row, "object").get("size")?;
            count(id, -size, -1, connection).await?;
            removed += 1;
        }
    }
    Ok(removed)
}
