//! Storage buckets and the objects in them.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{AuditEntry, Bucket, BucketObject, Lease, ObjectCondition};
use crate::error::Result;
use crate::id::{BucketId, EnvironmentId, ObjectId};
use crate::query::{Page, PageRequest};

/// Somebody writes an object whose content is a blob already.
#[derive(Clone, Debug)]
pub struct PutObject {
    /// What is kept, in the place of what was under its key.
    pub object: BucketObject,
    /// What must hold of the key.
    pub condition: ObjectCondition,
    /// The lease that must be held, if a run writes it.
    pub lease: Option<Lease>,
    /// What the audit keeps.
    pub audit: AuditEntry,
}

/// Somebody deletes an object.
#[derive(Clone, Debug)]
pub struct DeleteObject {
    /// In which bucket.
    pub bucket_id: BucketId,
    /// Under which key.
    pub key: String,
    /// What must hold of it.
    pub condition: ObjectCondition,
    /// The lease that must be held, if a run deletes it.
    pub lease: Option<Lease>,
    /// What the audit keeps if something was deleted.
    pub audit: AuditEntry,
}

/// Somebody gives an object another key.
#[derive(Clone, Debug)]
pub struct MoveObject {
    /// In which bucket.
    pub bucket_id: BucketId,
    /// The key that it has.
    pub from: String,
    /// The key that it gets; what was there is replaced.
    pub to: String,
    /// What must hold of the new key.
    pub condition: ObjectCondition,
    /// What the audit keeps if something was moved.
    pub audit: AuditEntry,
}

/// Which objects of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectRange {
    /// Those whose key begins with this.
    pub prefix: String,
    /// Those whose key is this or comes after it, in the order of bytes.
    pub from: Option<String>,
    /// How many at most.
    pub limit: u32,
}

/// Keeps buckets and objects.
///
/// # Contract
/// - Buckets are written by [`CommitStore::commit`](super::CommitStore::commit) like other rows
///   (`bucket::round_trip`). The name is unique in its environment among those that are not deleted, without regard to
///   ASCII case: `Conflict` with `name.taken` (`bucket::names_are_unique`). An update changes neither environment,
///   creator nor time of creation. `used_bytes` and `object_count` are never written by a commit
///   (`bucket::counts_are_the_stores`). One that holds objects can't be deleted: `Conflict` with `bucket.not_empty`
///   (`bucket::only_empty_ones_are_deleted`).
/// - `put_object`, `delete_object` and `move_object` take effect one after the other in a bucket, each whole with its
///   audit entry. One of a bucket that is absent or deleted is `NotFound`. What the condition forbids
///   ([`ObjectCondition::check`]) or the bucket has no room for ([`Bucket::check_room`]) changes nothing
///   (`bucket::puts`, `bucket::conditions`, `bucket::limits`, `bucket::limits_hold_at_once`). With a lease that is not
///   held they are [`Error::stale_lease`](crate::Error::stale_lease) (`bucket::a_stale_lease_writes_nothing`).
/// - They keep `used_bytes` and `object_count` of the bucket, and leave its revision (`bucket::puts`,
///   `bucket::deletes`, `bucket::moves`).
/// - `put_object` gives what it replaced; `delete_object` what it deleted, `None` if there was nothing, which is not
///   audited (`bucket::deletes`). `move_object` keeps the id and everything but the key, and gives the object as it is
///   now; one that is absent is `NotFound` with `object.absent` (`bucket::moves`).
/// - `objects` gives those of a range by key, in the order of bytes (`bucket::lists`).
/// - `expire_objects` removes objects that were written before `now` less the retention of their bucket, at most
///   `limit`; gives how many (`bucket::expires`).
/// - Every method fails with `Unavailable` if the database does not answer, and otherwise as said above.
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait BucketStore {
    /// The bucket with this id, deleted or not.
    async fn bucket(&self, id: BucketId) -> Result<Option<Bucket>>;
    /// The bucket with this name in an environment, without regard to ASCII case; deleted ones have none.
    async fn bucket_by_name(&self, environment: EnvironmentId, name: &str) -> Result<Option<Bucket>>;
    /// Buckets that are not deleted, newest first; of one environment, or of all.
    async fn buckets(&self, environment: Option<EnvironmentId>, page: PageRequest) -> Result<Page<Bucket>>;
    /// The object under a key.
    async fn object(&self, bucket: BucketId, key: &str) -> Result<Option<BucketObject>>;
    /// The object with this id: of contents that were replaced there is none.
    async fn object_by_id(&self, id: ObjectId) -> Result<Option<BucketObject>>;
    /// Objects by key.
    async fn objects(&self, bucket: BucketId, range: &ObjectRange) -> Result<Vec<BucketObject>>;
    /// Writes an object; gives what it replaced.
    async fn put_object(&self, put: PutObject) -> Result<Option<BucketObject>>;
    /// Deletes an object; gives what was deleted.
    async fn delete_object(&self, delete: DeleteObject) -> Result<Option<BucketObject>>;
    /// Gives an object another key.
    async fn move_object(&self, moves: MoveObject) -> Result<BucketObject>;
    /// Removes objects whose time is over; says how many.
    async fn expire_objects(&self, now: Timestamp, limit: u32) -> Result<u64>;
}

/// The error of an object that is not there.
#[must_use]
pub fn object_absent() -> crate::Error {
    let message = "there is no object under this key in the bucket; list the bucket, or mend the key";
    crate::Error::new(crate::ErrorKind::NotFound, "object.absent", message)
}
