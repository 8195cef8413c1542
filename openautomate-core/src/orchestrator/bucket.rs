//! Reading and writing the objects of buckets: contents go to the blobs first, and then a row names them.
//!
//! The blob of what was replaced or deleted is left to the blob collector, so that whoever reads it goes on, and a backup
//! finds what its snapshot names.

use std::io;
use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::{Value, json};

use super::Orchestrator;
use super::agent_work::checked_media_type;
use crate::blob::{BlobBody, BlobKey};
use crate::changes::Event;
use crate::domain::{
    AuditEntry, Bucket, BucketObject, Lease, ObjectCondition, ObjectWriter, after_prefix, check_object_key,
    check_object_prefix,
};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AuditId, BucketId, ObjectId};
use crate::permission::{Access, Actor, Permission, authorize_somewhere, authorize_thing};
use crate::query::PageRequest;
use crate::store::{DeleteObject, MoveObject, ObjectRange, PutObject, object_absent};

/// How much of a range is read at once.
const PIECE: u64 = 1024 * 1024;
/// How often an object is looked for that is replaced while it is.
const LOOKS: usize = 3;

/// An object that somebody writes.
pub struct ObjectIntake {
    /// Under which key.
    pub key: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes, where the sender told it.
    pub size: Option<u64>,
    /// What must hold of the key.
    pub condition: ObjectCondition,
    /// Its content.
    pub body: BoxStream<'static, io::Result<Bytes>>,
}

impl std::fmt::Debug for ObjectIntake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ObjectIntake").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Which objects are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectQuery {
    /// Those whose key begins with this.
    pub prefix: String,
    /// What keys are folded at: of those that hold it behind the prefix, what they begin with up to it is told once.
    pub delimiter: Option<char>,
    /// Where the page begins: what a page before told.
    pub from: Option<String>,
    /// How many objects and folded beginnings at most.
    pub limit: u32,
}

/// A page of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPage {
    /// Objects, by key in the order of bytes.
    pub objects: Vec<BucketObject>,
    /// What folded keys begin with, in the same order.
    pub prefixes: Vec<String>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<String>,
}

impl Orchestrator {
    /// A bucket that is not deleted.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn live_bucket(&self, id: BucketId) -> Result<Bucket> {
        let bucket = self.store().bucket(id).await?.filter(|bucket| bucket.deleted_at.is_none());
        bucket.ok_or_else(|| Error::not_found("bucket", id))
    }

    /// A bucket that is not deleted, in whose environment the actor may do this.
    ///
    /// # Errors
    /// `Forbidden` if the actor may not, `NotFound` if there is none that they may see.
    pub async fn allowed_bucket(
        &self,
        actor: &Actor,
        permission: Permission,
        id: BucketId,
    ) -> Result<Bucket> {
        authorize_somewhere(actor, Access::Permission(permission))?;
        let bucket = self.live_bucket(id).await?;
        let missing = || Error::not_found("bucket", id);
        authorize_thing(actor, permission, bucket.environment_id, missing)?;
        Ok(bucket)
    }

    /// An object, for those who may read objects.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such bucket or object.
    pub async fn object(&self, actor: &Actor, bucket: BucketId, key: &str) -> Result<BucketObject> {
        self.allowed_bucket(actor, Permission::ReadObjects, bucket).await?;
        self.store().object(bucket, key).await?.ok_or_else(object_absent)
    }

    /// An object with its content, for those who may read objects.
    ///
    /// # Errors
    /// As [`Orchestrator::object`].
    pub async fn object_content(
        &self,
        actor: &Actor,
        bucket: BucketId,
        key: &str,
    ) -> Result<(BucketObject, BlobBody)> {
        for _ in 0..LOOKS {
            let object = self.object(actor, bucket, key).await?;
            // Its content may be collected at the moment at which it is replaced.
            if let Some(body) = self.blobs().get(&BlobKey::object(bucket, object.id)).await? {
                return Ok((object, body));
            }
        }
        Err(content_missing())
    }

    /// Bytes of an object that was read before; a range that is not empty and within its size. In pieces, as they are
    /// taken.
    #[must_use]
    pub fn object_range(
        &self,
        object: &BucketObject,
        range: Range<u64>,
    ) -> BoxStream<'static, Result<Bytes>> {
        let (orchestrator, key) = (self.clone(), BlobKey::object(object.bucket_id, object.id));
        let starts = range.clone().step_by(usize::try_from(PIECE).unwrap_or(usize::MAX));
        let pieces = stream::iter(starts).then(move |start| {
            let (orchestrator, key, end) = (orchestrator.clone(), key.clone(), range.end.min(start + PIECE));
            async move { orchestrator.blobs().get_range(&key, start..end).await?.ok_or_else(content_missing) }
        });
        pieces.boxed()
    }

    /// Lists objects of a bucket, for those who may read objects.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such bucket; `Invalid` for the prefix.
    pub async fn objects(&self, actor: &Actor, bucket: BucketId, query: ObjectQuery) -> Result<ObjectPage> {
        self.allowed_bucket(actor, Permission::ReadObjects, bucket).await?;
        self.list_objects(bucket, query).await
    }

    pub(super) async fn list_objects(&self, bucket: BucketId, query: ObjectQuery) -> Result<ObjectPage> {
        let ObjectQuery { prefix, delimiter, mut from, limit } = query;
        check_object_prefix("prefix", &prefix)?;
        let limit = limit.clamp(1, PageRequest::MAX);
        let mut page = ObjectPage { objects: Vec::new(), prefixes: Vec::new(), next: None };
        // Each round tells at least one thing, so there are no more rounds than things.
        loop {
            let range = ObjectRange { prefix: prefix.clone(), from: from.clone(), limit: limit + 1 };
            let found = self.store().objects(bucket, &range).await?;
            let is_last = found.len() <= limit as usize;
            let mut folded: Option<String> = None;
            for object in found {
                if folded.as_ref().is_some_and(|folded| object.key.starts_with(folded)) {
                    continue;
                }
                if page.objects.len() + page.prefixes.len() == limit as usize {
                    page.next = Some(object.key);
                    return Ok(page);
                }
                let behind = &object.key[prefix.len()..];
                match delimiter.and_then(|delimiter| Some((behind.find(delimiter)?, delimiter.len_utf8()))) {
                    Some((at, length)) => {
                        let beginning = object.key[..prefix.len() + at + length].to_owned();
                        from = after_prefix(&beginning);
                        page.prefixes.push(beginning.clone());
                        folded = Some(beginning);
                    }
                    None => {
                        // Before whatever goes on behind it, as no key has this character. (PostgreSQL takes no NUL.)
                        from = Some(format!("{}\u{1}", object.key));
                        folded = None;
                        page.objects.push(object);
                    }
                }
            }
            if is_last || from.is_none() {
                return Ok(page);
            }
        }
    }

    /// Writes an object, in the place of what was under its key, for those who may write objects. When it returns, the
    /// object is durable; dropped before, it is written or not.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such bucket; `Invalid` for the key; `Conflict` if the condition does not
    /// hold; `QuotaExceeded` if it is too large or the bucket is full; `Unavailable` if the content breaks off.
    pub async fn put_object(
        &self,
        actor: &Actor,
        bucket: BucketId,
        intake: ObjectIntake,
    ) -> Result<BucketObject> {
        let bucket = self.allowed_bucket(actor, Permission::WriteObjects, bucket).await?;
        self.take_object(actor, &bucket, None, intake).await
    }

    /// Takes in the content, and has it named.
    pub(super) async fn take_object(
        &self,
        actor: &Actor,
        bucket: &Bucket,
        lease: Option<Lease>,
        intake: ObjectIntake,
    ) -> Result<BucketObject> {
        let ObjectIntake { key, content_type, size, condition, body } = intake;
        check_object_key("key", &key)?;
        // Before a byte is read: the sender learns of it at once. The commit says it for sure.
        let present = self.store().object(bucket.id, &key).await?;
        let refused = condition.check(present.as_ref());
        let refused = refused.and_then(|()| bucket.check_room(size.unwrap_or(0), present.as_ref()));
        if let Err(error) = refused {
            // A run that asks again does not know that it was done; the content has to say so.
            if lease.is_none() || present.is_none() || error.kind() != ErrorKind::Conflict {
                return Err(error);
            }
        }
        let id = ObjectId::new();
        let blob = BlobKey::object(bucket.id, id);
        let info = self.take_in(&blob, body, bucket.max_object_bytes).await.map_err(|error| {
            if error.code() != "blob.too_large" {
                return error;
            }
            bucket.check_size(u64::MAX).err().unwrap_or(error)
        })?;
        let written_by = match (lease, actor.user_id()) {
            (Some(lease), _) => ObjectWriter::Execution { lease },
            (None, Some(id)) => ObjectWriter::User { id },
            (None, None) => ObjectWriter::System,
        };
        let object = BucketObject {
            id,
            bucket_id: bucket.id,
            key,
            size: info.size,
            sha256: info.sha256,
            content_type: checked_media_type(content_type),
            written_by,
            written_at: self.clock().now(),
        };
        let detail = json!({"key": object.key, "size": object.size, "sha256": object.sha256});
        let audit = self.object_entry(actor, "object.put", bucket, lease, detail);
        let put = PutObject { object: object.clone(), condition, lease, audit };
        match self.store().put_object(put).await {
            Ok(_) => {
                self.publish(Event::BucketChanged { bucket_id: bucket.id });
                Ok(object)
            }
            Err(error) => {
                self.drop_blob(&blob).await;
                if lease.is_none() || error.kind() != ErrorKind::Conflict {
                    return Err(error);
                }
                // Done before, and the answer was lost.
                let present = self.store().object(bucket.id, &object.key).await?;
                let is_ours = |present: &BucketObject| {
                    present.written_by == object.written_by && present.sha256 == object.sha256
                };
                present.filter(is_ours).ok_or(error)
            }
        }
    }

    /// Copies an object to another key of its bucket, for those who may write objects.
    ///
    /// # Errors
    /// As [`Orchestrator::put_object`]; `NotFound` if there is no such object.
    pub async fn copy_object(
        &self,
        actor: &Actor,
        bucket: BucketId,
        from: &str,
        to: String,
        condition: ObjectCondition,
    ) -> Result<BucketObject> {
        self.allowed_bucket(actor, Permission::WriteObjects, bucket).await?;
        let (object, body) = self.object_content(actor, bucket, from).await?;
        let intake = ObjectIntake {
            key: to,
            content_type: object.content_type,
            size: Some(object.size),
            condition,
            body: body.stream.map_err(io::Error::other).boxed(),
        };
        self.put_object(actor, bucket, intake).await
    }

    /// Gives an object another key, in the place of what was there, for those who may write objects. Its content and
    /// who wrote it stay.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such bucket or object; `Invalid` for the key; `Conflict` if the condition
    /// does not hold of the new key.
    pub async fn move_object(
        &self,
        actor: &Actor,
        bucket: BucketId,
        from: &str,
        to: String,
        condition: ObjectCondition,
    ) -> Result<BucketObject> {
        authorize_somewhere(actor, Access::Permission(Permission::WriteObjects))?;
        check_object_key("to", &to)?;
        let bucket = self.allowed_bucket(actor, Permission::WriteObjects, bucket).await?;
        let audit =
            self.object_entry(actor, "object.move", &bucket, None, json!({"key": from, "newKey": to}));
        let moves = MoveObject { bucket_id: bucket.id, from: from.to_owned(), to, condition, audit };
        let moved = self.store().move_object(moves).await?;
        self.publish(Event::BucketChanged { bucket_id: bucket.id });
        Ok(moved)
    }

    /// Deletes an object, for those who may write objects. What was deleted; `None` if there was nothing.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such bucket; `Conflict` if the condition does not hold.
    pub async fn delete_object(
        &self,
        actor: &Actor,
        bucket: BucketId,
        key: &str,
        condition: ObjectCondition,
    ) -> Result<Option<BucketObject>> {
        let bucket = self.allowed_bucket(actor, Permission::WriteObjects, bucket).await?;
        self.drop_object(actor, &bucket, None, key, condition).await
    }

    pub(super) async fn drop_object(
        &self,
        actor: &Actor,
        bucket: &Bucket,
        lease: Option<Lease>,
        key: &str,
        condition: ObjectCondition,
    ) -> Result<Option<BucketObject>> {
        let audit = self.object_entry(actor, "object.delete", bucket, lease, json!({"key": key}));
        let delete = DeleteObject { bucket_id: bucket.id, key: key.to_owned(), condition, lease, audit };
        let deleted = self.store().delete_object(delete).await?;
        if deleted.is_some() {
            self.publish(Event::BucketChanged { bucket_id: bucket.id });
        }
        Ok(deleted)
    }

    fn object_entry(
        &self,
        actor: &Actor,
        action: &str,
        bucket: &Bucket,
        lease: Option<Lease>,
        mut detail: Value,
    ) -> AuditEntry {
        detail["bucket"] = json!(bucket.name);
        if let Some(lease) = lease {
            detail["executionId"] = json!(lease.execution);
            detail["attempt"] = json!(lease.epoch);
        }
        AuditEntry {
            id: AuditId::new(),
            at: self.clock().now(),
            actor: actor.to_ref(),
            action: action.to_owned(),
            object_kind: "bucket".to_owned(),
            object_id: bucket.id.to_string(),
            detail: actor.detail(detail),
            request_id: actor.request_id.clone(),
            ip_address: actor.ip_address.clone(),
            seal: None,
        }
    }
}

pub(super) fn content_missing() -> Error {
    Error::unavailable("object.content", "the content of the object is not in its place; try again")
}
