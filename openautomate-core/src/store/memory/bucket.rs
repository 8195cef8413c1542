//! Storage buckets and the objects in them.

use async_trait::async_trait;
use chrono::TimeDelta;

use super::MemoryStore;
use super::commit::{Undo, note};
use super::read::page;
use super::state::State;
use crate::clock::Timestamp;
use crate::domain::{Bucket, BucketObject, Lease};
use crate::error::{Error, Result};
use crate::id::{BucketId, EnvironmentId, ObjectId};
use crate::query::{Page, PageRequest};
use crate::store::{BucketStore, DeleteObject, MoveObject, ObjectRange, PutObject, object_absent};

#[async_trait]
impl BucketStore for MemoryStore {
    async fn bucket(&self, id: BucketId) -> Result<Option<Bucket>> {
        Ok(self.state().buckets.get(&id).cloned())
    }

    async fn bucket_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<Bucket>> {
        let is_it = |row: &&Bucket| {
            row.environment_id == environment
                && row.deleted_at.is_none()
                && row.name.eq_ignore_ascii_case(name)
        };
        Ok(self.state().buckets.values().find(is_it).cloned())
    }

    async fn buckets(
        &self,
        environment: Option<EnvironmentId>,
        request: PageRequest,
    ) -> Result<Page<Bucket>> {
        let state = self.state();
        let wanted = |row: &Bucket| {
            row.deleted_at.is_none() && environment.is_none_or(|wanted| row.environment_id == wanted)
        };
        Ok(page(state.buckets.values().rev(), request, |row| *row.id.as_uuid(), wanted))
    }

    async fn object(&self, bucket: BucketId, key: &str) -> Result<Option<BucketObject>> {
        Ok(self.state().objects.get(&(bucket, key.to_owned())).cloned())
    }

    async fn object_by_id(&self, id: ObjectId) -> Result<Option<BucketObject>> {
        Ok(self.state().objects.values().find(|object| object.id == id).cloned())
    }

    async fn objects(&self, bucket: BucketId, range: &ObjectRange) -> Result<Vec<BucketObject>> {
        let state = self.state();
        let from = range.from.as_ref().filter(|from| **from > range.prefix).unwrap_or(&range.prefix);
        let found = state.objects.range((bucket, from.clone())..).map(|(_, object)| object);
        let found = found
            .take_while(|object| object.bucket_id == bucket && object.key.starts_with(&range.prefix))
            .take(range.limit as usize);
        Ok(found.cloned().collect())
    }

    async fn put_object(&self, put: PutObject) -> Result<Option<BucketObject>> {
        let mut state = self.state();
        state.check_held(put.lease)?;
        let bucket = state.live_bucket(put.object.bucket_id)?;
        let present = state.objects.get(&(bucket.id, put.object.key.clone()));
        put.condition.check(present)?;
        bucket.check_room(put.object.size, present)?;
        note(&mut state, put.audit, &mut Undo::new())?;
        let replaced = state.take_object(bucket.id, &put.object.key);
        state.keep_object(put.object);
        Ok(replaced)
    }

    async fn delete_object(&self, delete: DeleteObject) -> Result<Option<BucketObject>> {
        let mut state = self.state();
        state.check_held(delete.lease)?;
        let bucket = state.live_bucket(delete.bucket_id)?;
        let present = state.objects.get(&(bucket.id, delete.key.clone()));
        delete.condition.check(present)?;
        if present.is_none() {
            return Ok(None);
        }
        note(&mut state, delete.audit, &mut Undo::new())?;
        Ok(state.take_object(bucket.id, &delete.key))
    }

    async fn move_object(&self, moves: MoveObject) -> Result<BucketObject> {
        let mut state = self.state();
        let bucket = state.live_bucket(moves.bucket_id)?;
        let present = |key: &str| state.objects.get(&(bucket.id, key.to_owned()));
        let moved = present(&moves.from).cloned().ok_or_else(object_absent)?;
        moves.condition.check(present(&moves.to).filter(|_| moves.from != moves.to))?;
        note(&mut state, moves.audit, &mut Undo::new())?;
        state.take_object(bucket.id, &moves.from);
        state.take_object(bucket.id, &moves.to);
        let moved = BucketObject { key: moves.to, ..moved };
        state.keep_object(moved.clone());
        Ok(moved)
    }

    async fn expire_objects(&self, now: Timestamp, limit: u32) -> Result<u64> {
        let mut state = self.state();
        let is_over = |object: &&BucketObject| {
            let days = state.buckets.get(&object.bucket_id).and_then(|bucket| bucket.retention_days);
            days.is_some_and(|days| object.written_at < now - TimeDelta::days(days.into()))
        };
        let over: Vec<_> = state.objects.values().filter(is_over).take(limit as usize).collect();
        let over: Vec<_> = over.into_iter().map(|object| (object.bucket_id, object.key.clone())).collect();
        for (bucket, key) in &over {
            state.take_object(*bucket, key);
        }
        Ok(over.len() as u64)
    }
}

impl State {
    fn check_held(&self, lease: Option<Lease>) -> Result<()> {
        let Some(lease) = lease else { return Ok(()) };
        let execution = self.executions.get(&lease.execution);
        let is_held = execution.is_some_and(|row| row.state.is_leased() && row.lease_epoch == lease.epoch);
        if is_held { Ok(()) } else { Err(Error::stale_lease()) }
    }

    fn live_bucket(&self, id: BucketId) -> Result<Bucket> {
        let bucket = self.buckets.get(&id).filter(|bucket| bucket.deleted_at.is_none());
        bucket.cloned().ok_or_else(|| Error::not_found("bucket", id))
    }

    fn take_object(&mut self, bucket: BucketId, key: &str) -> Option<BucketObject> {
        let taken = self.objects.remove(&(bucket, key.to_owned()))?;
        if let Some(bucket) = self.buckets.get_mut(&bucket) {
            bucket.used_bytes -= taken.size;
            bucket.object_count -= 1;
        }
        Some(taken)
    }

    fn keep_object(&mut self, object: BucketObject) {
        if let Some(bucket) = self.buckets.get_mut(&object.bucket_id) {
            bucket.used_bytes += object.size;
            bucket.object_count += 1;
        }
        self.objects.insert((object.bucket_id, object.key.clone()), object);
    }
}
