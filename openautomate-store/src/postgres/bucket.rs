//! Storage buckets and the objects in them.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Bucket, BucketObject, Lease};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::{BucketId, EnvironmentId, ObjectId};
use openautomate_core::query::{Page, PageRequest};
use openautomate_core::store::{BucketStore, DeleteObject, MoveObject, ObjectRange, PutObject};

use super::insert::insert_entries;
use super::search::searchable;
use super::transact::{Operation, transact};
use super::{PostgresDriver, PostgresStore};
use crate::bucket;
use crate::driver::{Connection, query};
use crate::error::Result;
use crate::table::{one, page};

#[async_trait]
impl<P: PostgresDriver> BucketStore for PostgresStore<P> {
    async fn bucket(&self, id: BucketId) -> CoreResult<Option<Bucket>> {
        Ok(one(query("SELECT * FROM buckets WHERE id = $1").bind(id.as_uuid()), &self.pool).await?)
    }

    async fn bucket_by_name(&self, environment: EnvironmentId, name: &str) -> CoreResult<Option<Bucket>> {
        const SELECT: &str = "SELECT * FROM buckets
            WHERE environment_id = $1 AND lower(name) = lower($2 COLLATE \"C\") AND deleted_at IS NULL";
        Ok(one(query(SELECT).bind(environment.as_uuid()).bind(searchable(name)), &self.pool).await?)
    }

    async fn buckets(
        &self,
        environment: Option<EnvironmentId>,
        request: PageRequest,
    ) -> CoreResult<Page<Bucket>> {
        const OF_ALL: &str =
            "SELECT * FROM buckets WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2";
        const OF_ENVIRONMENT: &str = "SELECT * FROM buckets
            WHERE environment_id = $1 AND deleted_at IS NULL AND id < $2 ORDER BY id DESC LIMIT $3";
        let statement = match environment {
            Some(environment) => query(OF_ENVIRONMENT).bind(environment.as_uuid()),
            None => query(OF_ALL),
        };
        Ok(page(statement, request, &self.pool).await?)
    }

    async fn object(&self, bucket: BucketId, key: &str) -> CoreResult<Option<BucketObject>> {
        let Some(key) = searchable(key) else { return Ok(None) };
        Ok(bucket::object(bucket, key, &self.pool).await?)
    }

    async fn object_by_id(&self, id: ObjectId) -> CoreResult<Option<BucketObject>> {
        Ok(bucket::object_by_id(id, &self.pool).await?)
    }

    async fn objects(&self, bucket: BucketId, range: &ObjectRange) -> CoreResult<Vec<BucketObject>> {
        Ok(bucket::objects(bucket, range, &self.pool).await?)
    }

    async fn put_object(&self, put: PutObject) -> CoreResult<Option<BucketObject>> {
        Ok(transact(&Put(put), &self.pool).await?)
    }

    async fn delete_object(&self, delete: DeleteObject) -> CoreResult<Option<BucketObject>> {
        Ok(transact(&Delete(delete), &self.pool).await?)
    }

    async fn move_object(&self, moves: MoveObject) -> CoreResult<BucketObject> {
        Ok(transact(&Move(moves), &self.pool).await?)
    }

    async fn expire_objects(&self, now: Timestamp, limit: u32) -> CoreResult<u64> {
        Ok(transact(&Expire { now, limit }, &self.pool).await?)
    }
}

/// Fails unless a lease is held, which then can't end before the transaction does; without one nothing is asked.
async fn hold_lease(lease: Option<Lease>, connection: &mut impl Connection) -> Result<()> {
    const HELD: &str = "SELECT 1 FROM executions
        WHERE id = $1 AND lease_epoch = $2 AND state IN ('Assigned', 'Running') FOR SHARE";
    let Some(lease) = lease else { return Ok(()) };
    let held = query(HELD).bind(lease.execution.as_uuid()).bind(i64::from(lease.epoch));
    match held.fetch_optional(connection).await? {
        Some(_) => Ok(()),
        None => Err(CoreError::stale_lease().into()),
    }
}

struct Put(PutObject);

impl Operation for Put {
    type Output = Option<BucketObject>;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<Self::Output> {
        hold_lease(self.0.lease, connection).await?;
        let replaced = bucket::put(&self.0, connection).await?;
        insert_entries(&[&self.0.audit], connection).await?;
        Ok(replaced)
    }
}

struct Delete(DeleteObject);

impl Operation for Delete {
    type Output = Option<BucketObject>;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<Self::Output> {
        hold_lease(self.0.lease, connection).await?;
        let deleted = bucket::delete(&self.0, connection).await?;
        if deleted.is_some() {
            insert_entries(&[&self.0.audit], connection).await?;
        }
        Ok(deleted)
    }
}

struct Move(MoveObject);

impl Operation for Move {
    type Output = BucketObject;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<BucketObject> {
        let moved = bucket::rename(&self.0, connection).await?;
        insert_entries(&[&self.0.audit], connection).await?;
        Ok(moved)
    }
}

struct Expire {
    now: Timestamp,
    limit: u32,
}

impl Operation for Expire {
    type Output = u64;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<u64> {
        bucket::expire(self.now, self.limit, connection).await
    }
}
