//! Storage buckets: written, replaced, moved and deleted objects, and what a bucket has room for.

use super::expect::{assert_code, assert_stale_lease};
use super::sample::{self, World, at};
use crate::changes::{Changes, Record};
use crate::clock::Timestamp;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Bucket, BucketObject, Environment, Lease, ObjectCondition, ObjectWriter, RunResult};
use crate::error::{ErrorKind, Result};
use crate::id::{BucketId, EnvironmentId, ObjectId, UserId};
use crate::query::{AuditFilter, PageRequest};
use crate::store::{DeleteObject, MoveObject, ObjectRange, PutObject};

use ObjectCondition::{Absent, Any};

impl World {
    fn bucket(&self, name: &str) -> Bucket {
        Bucket {
            id: BucketId::new(),
            environment_id: self.environment.id,
            name: name.to_owned(),
            description: "Überweisungen".to_owned(),
            max_bytes: 1_000,
            max_objects: 4,
            max_object_bytes: 900,
            retention_days: Some(30),
            used_bytes: 0,
            object_count: 0,
            created_by_id: self.user.id,
            created_at: at(1),
            updated_at: at(2),
            deleted_at: None,
            revision: 0,
        }
    }

    async fn made_bucket(&self, name: &str) -> Bucket {
        let bucket = self.bucket(name);
        self.insert(Record::Bucket(bucket.clone())).await;
        bucket
    }

    fn object(&self, bucket: &Bucket, key: &str, size: u64) -> BucketObject {
        BucketObject {
            id: ObjectId::new(),
            bucket_id: bucket.id,
            key: key.to_owned(),
            size,
            sha256: format!("{size:064x}"),
            content_type: "text/csv".to_owned(),
            written_by: ObjectWriter::User { id: self.user.id },
            written_at: at(3),
        }
    }

    async fn put_object(
        &self,
        object: &BucketObject,
        condition: ObjectCondition,
    ) -> Result<Option<BucketObject>> {
        self.put_object_under(object, condition, None).await
    }

    async fn put_object_under(
        &self,
        object: &BucketObject,
        condition: ObjectCondition,
        lease: Option<Lease>,
    ) -> Result<Option<BucketObject>> {
        let audit = sample::audit("object.put");
        self.store.put_object(PutObject { object: object.clone(), condition, lease, audit }).await
    }

    async fn delete_object(
        &self,
        bucket: &Bucket,
        key: &str,
        condition: ObjectCondition,
        lease: Option<Lease>,
    ) -> Result<Option<BucketObject>> {
        let audit = sample::audit("object.delete");
        let (bucket_id, key) = (bucket.id, key.to_owned());
        self.store.delete_object(DeleteObject { bucket_id, key, condition, lease, audit }).await
    }

    async fn move_object(
        &self,
        bucket: &Bucket,
        from: &str,
        to: &str,
        condition: ObjectCondition,
    ) -> Result<BucketObject> {
        let (bucket_id, from, to) = (bucket.id, from.to_owned(), to.to_owned());
        let audit = sample::audit("object.move");
        self.store.move_object(MoveObject { bucket_id, from, to, condition, audit }).await
    }

    /// Bytes, objects and revision of a bucket.
    async fn usage_of(&self, bucket: &Bucket) -> (u64, u64, i64) {
        let bucket = self.store.bucket(bucket.id).await.unwrap().unwrap();
        (bucket.used_bytes, bucket.object_count, bucket.revision)
    }

    async fn object_at(&self, bucket: &Bucket, key: &str) -> Option<BucketObject> {
        self.store.object(bucket.id, key).await.unwrap()
    }

    async fn object_keys(
        &self,
        bucket: &Bucket,
        prefix: &str,
        from: Option<&str>,
        limit: u32,
    ) -> Vec<String> {
        let range = ObjectRange { prefix: prefix.to_owned(), from: from.map(ToOwned::to_owned), limit };
        let found = self.store.objects(bucket.id, &range).await.unwrap();
        found.into_iter().map(|object| object.key).collect()
    }

    async fn entries_of(&self, action: &str) -> usize {
        let filter = AuditFilter { action: Some(action.to_owned()), ..AuditFilter::default() };
        self.store.audit_entries(&filter, PageRequest::default()).await.unwrap().items.len()
    }
}

/// Every field of a bucket is kept, and it is found by its id and its name.
pub async fn round_trip<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    assert_eq!(world.store.bucket(BucketId::new()).await.unwrap(), None);
    let bucket = world.made_bucket("Reports").await;
    assert_eq!(world.store.bucket(bucket.id).await.unwrap(), Some(bucket.clone()));
    let by_name =
        async |environment, name: &str| world.store.bucket_by_name(environment, name).await.unwrap();
    assert_eq!(by_name(world.environment.id, "reports").await, Some(bucket.clone()));
    assert_eq!(by_name(EnvironmentId::new(), "reports").await, None);
    let changed = Bucket {
        name: "ledgers".to_owned(),
        description: String::new(),
        max_bytes: 1 << 50,
        max_objects: 7,
        max_object_bytes: 1 << 40,
        retention_days: None,
        updated_at: at(9),
        ..bucket.clone()
    };
    let foreign = Bucket { created_by_id: UserId::new(), created_at: at(77), ..changed.clone() };
    world.update(Record::Bucket(foreign)).await;
    let expected = Bucket { revision: 1, ..changed };
    assert_eq!(world.store.bucket(bucket.id).await.unwrap(), Some(expected.clone()));
    let nowhere = Bucket { environment_id: EnvironmentId::new(), ..world.bucket("x") };
    let nowhere = world.store.commit(Changes::none().insert(Record::Bucket(nowhere))).await;
    assert_code(nowhere, ErrorKind::Invalid, "reference.missing");
    let newer = world.made_bucket("newer").await;
    let list = async |environment| {
        let page = world.store.buckets(environment, PageRequest::default()).await.unwrap();
        page.items.into_iter().map(|bucket| bucket.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None).await, [newer.id, expected.id]);
    assert_eq!(list(Some(world.environment.id)).await, [newer.id, expected.id]);
    assert_eq!(list(Some(EnvironmentId::new())).await, []);
    let page = world.store.buckets(None, PageRequest::new(None, 1)).await.unwrap();
    let rest = world.store.buckets(None, PageRequest::new(page.next, 1)).await.unwrap();
    assert_eq!((rest.items.len(), rest.items[0].id, rest.next), (1, expected.id, None));
}

/// A name is taken once in an environment, whatever the letter case, and free again after a deletion.
pub async fn names_are_unique<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let bucket = world.made_bucket("reports").await;
    let again = Changes::none().insert(Record::Bucket(world.bucket("REPORTS")));
    assert_code(world.store.commit(again).await, ErrorKind::Conflict, "name.taken");
    let other = world.made_bucket("other").await;
    let renamed = Changes::none().update(Record::Bucket(Bucket { name: "Reports".to_owned(), ..other }));
    assert_code(world.store.commit(renamed).await, ErrorKind::Conflict, "name.taken");
    let testing = Environment { is_default: false, ..sample::environment("testing") };
    world.insert(Record::Environment(testing.clone())).await;
    world.insert(Record::Bucket(Bucket { environment_id: testing.id, ..world.bucket("reports") })).await;
    world.update(Record::Bucket(Bucket { deleted_at: Some(at(5)), ..bucket.clone() })).await;
    assert_eq!(world.store.bucket_by_name(world.environment.id, "reports").await.unwrap(), None);
    assert!(world.store.bucket(bucket.id).await.unwrap().unwrap().deleted_at.is_some());
    world.made_bucket("reports").await;
}

/// What a row says of the objects in it is passed over.
pub async fn counts_are_the_stores<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let bucket = Bucket { used_bytes: 7, object_count: 8, ..world.bucket("reports") };
    world.insert(Record::Bucket(bucket.clone())).await;
    assert_eq!(world.usage_of(&bucket).await, (0, 0, 0));
    world.put_object(&world.object(&bucket, "a", 5), Any).await.unwrap();
    world.update(Record::Bucket(bucket.clone())).await;
    assert_eq!(world.usage_of(&bucket).await, (5, 1, 1));
}

/// A bucket that holds something can't be deleted, and one that is deleted takes nothing.
pub async fn only_empty_ones_are_deleted<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let bucket = world.made_bucket("reports").await;
    world.put_object(&world.object(&bucket, "a", 5), Any).await.unwrap();
    let deleted = Bucket { deleted_at: Some(at(5)), ..bucket.clone() };
    let delete = Changes::none().update(Record::Bucket(deleted.clone()));
    assert_code(world.store.commit(delete.clone()).await, ErrorKind::Conflict, "bucket.not_empty");
    world.delete_object(&bucket, "a", Any, None).await.unwrap();
    world.store.commit(delete).await.unwrap();
    let late = world.put_object(&world.object(&bucket, "a", 5), Any).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::NotFound);
    assert_eq!(world.delete_object(&bucket, "a", Any, None).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(world.move_object(&bucket, "a", "b", Any).await.unwrap_err().kind(), ErrorKind::NotFound);
}

/// An object is kept with every field, in the place of what was under its key.
pub async fn puts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (bucket, other) = (world.made_bucket("reports").await, world.made_bucket("other").await);
    let first = world.object(&bucket, "2026/März.csv", 5);
    assert_eq!(world.put_object(&first, Any).await.unwrap(), None);
    assert_eq!(world.object_at(&bucket, "2026/März.csv").await, Some(first.clone()));
    assert_eq!(world.object_at(&bucket, "2026/märz.csv").await, None, "keys are told apart by case");
    assert_eq!(world.object_at(&other, "2026/März.csv").await, None);
    assert_eq!(world.store.object_by_id(first.id).await.unwrap(), Some(first.clone()));
    let lease = Lease { execution: crate::id::ExecutionId::new(), epoch: 3 };
    let written_by = ObjectWriter::Execution { lease };
    let second = BucketObject { written_by, written_at: at(8), ..world.object(&bucket, &first.key, 9) };
    assert_eq!(world.put_object(&second, Any).await.unwrap(), Some(first.clone()));
    assert_eq!(world.object_at(&bucket, &second.key).await, Some(second.clone()));
    assert_eq!(world.store.object_by_id(first.id).await.unwrap(), None);
    let third = BucketObject { written_by: ObjectWriter::System, ..world.object(&bucket, "empty", 0) };
    world.put_object(&third, Absent).await.unwrap();
    assert_eq!(world.object_at(&bucket, "empty").await, Some(third));
    assert_eq!(world.usage_of(&bucket).await, (9, 2, 0));
    assert_eq!(world.entries_of("object.put").await, 3);
    let nowhere = Bucket { id: BucketId::new(), ..bucket };
    let refused = world.put_object(&world.object(&nowhere, "a", 1), Any).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

/// What a condition forbids changes nothing.
pub async fn conditions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let bucket = world.made_bucket("reports").await;
    let (first, second) = (world.object(&bucket, "a", 5), world.object(&bucket, "a", 6));
    let seen = |object: &BucketObject| ObjectCondition::Sha256(object.sha256.clone());
    let changed = |result| assert_code::<Option<BucketObject>>(result, ErrorKind::Conflict, "object.changed");
    changed(world.put_object(&first, seen(&first)).await);
    changed(world.delete_object(&bucket, "a", seen(&first), None).await);
    world.put_object(&first, Absent).await.unwrap();
    assert_code(world.put_object(&second, Absent).await, ErrorKind::Conflict, "object.exists");
    changed(world.put_object(&second, seen(&second)).await);
    changed(world.delete_object(&bucket, "a", seen(&second), None).await);
    assert_eq!(world.object_at(&bucket, "a").await, Some(first.clone()));
    assert_eq!((world.usage_of(&bucket).await, world.entries_of("object.put").await), ((5, 1, 0), 1));
    world.put_object(&second, seen(&first)).await.unwrap();
    assert_eq!(world.delete_object(&bucket, "a", seen(&second), None).await.unwrap(), Some(second));
}

/// A bucket holds no more than it may, and what replaces something takes its place.
pub async fn limits<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let bucket = world.made_bucket("reports").await;
    let full = |result| assert_code::<Option<BucketObject>>(result, ErrorKind::QuotaExceeded, "bucket.full");
    let large = world.put_object(&world.object(&bucket, "a", 901), Any).await;
    assert_code(large, ErrorKind::QuotaExceeded, "object.too_large");
    world.put_object(&world.object(&bucket, "a", 900), Any).await.unwrap();
    full(world.put_object(&world.object(&bucket, "b", 101), Any).await);
    world.put_object(&world.object(&bucket, "b", 100), Any).await.unwrap();
    full(world.put_object(&world.object(&bucket, "c", 1), Any).await);
    full(world.put_object(&world.object(&bucket, "b", 101), Any).await);
    world.put_object(&world.object(&bucket, "a", 100), Any).await.unwrap();
    for key in ["c", "d"] {
        world.put_object(&world.object(&bucket, key, 0), Any).await.unwrap();
    }
    full(world.put_object(&world.object(&bucket, "e", 0), Any).await);
    world.put_object(&world.object(&bucket, "d", 1), Any).await.unwrap();
    assert_eq!(world.usage_of(&bucket).await, (201, 4, 0));
    let smaller = Bucket { max_bytes: 10, max_objects: 1, max_object_bytes: 5, ..bucket.clone() };
    world.update(Record::Bucket(smaller)).await;
    assert_eq!(world.usage_of(&bucket).await, (201, 4, 1), "what is there stays");
    full(world.put_object(&world.object(&bucket, "d", 1), Any).await);
}

/// Of many that write at once no more get in than there is room for.
pub async fn limits_hold_at_once<F: StoreFixture>(fixture: F) {
    let world = std::sync::Arc::new(World::new(fixture.store()).await);
    let bucket = world.made_bucket("reports").await;
    let tasks: Vec<_> = (0..12)
        .map(|number| {
            let (world, bucket) = (std::sync::Arc::clone(&world), bucket.clone());
            tokio::spawn(async move {
                let object = world.object(&bucket, &format!("key-{number}"), 10);
                world.put_object(&object, Absent).await.is_ok()
            })
        })
        .collect();
    let mut kept = 0;
    for task in tasks {
        kept += u32::from(task.await.unwrap());
    }
    assert_eq!((kept, world.usage_of(&bucket).await), (4, (40, 4, 0)));
}

/// A run that does not hold its lease writes and deletes nothing.
pub async fn a_stale_lease_writes_nothing<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let bucket = world.made_bucket("reports").await;
    let (_, lease) = world.running(world.execution()).await;
    let object = world.object(&bucket, "a", 5);
    let other = Lease { epoch: lease.epoch + 1, ..lease };
    assert_stale_lease(world.put_object_under(&object, Any, Some(other)).await);
    world.put_object_under(&object, Any, Some(lease)).await.unwrap();
    world.finish(lease, RunResult::succeeded(serde_json::Map::new()), at(9)).await;
    assert_stale_lease(world.put_object_under(&world.object(&bucket, "a", 6), Any, Some(lease)).await);
    assert_stale_lease(world.delete_object(&bucket, "a", Any, Some(lease)).await);
    assert_eq!(world.object_at(&bucket, "a").await, Some(object));
    assert_eq!((world.usage_of(&bucket).await, world.entries_of("object.put").await), ((5, 1, 0), 1));
}

/// A deletion gives what was there; of nothing there is no audit.
pub async fn deletes<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let bucket = world.made_bucket("reports").await;
    assert_eq!(world.delete_object(&bucket, "a", Any, None).await.unwrap(), None);
    assert_eq!(world.entries_of("object.delete").await, 0);
    let object = world.object(&bucket, "a", 5);
    world.put_object(&object, Any).await.unwrap();
    assert_eq!(world.delete_object(&bucket, "a", Any, None).await.unwrap(), Some(object));
    assert_eq!(world.delete_object(&bucket, "a", Absent, None).await.unwrap(), None);
    assert_eq!((world.usage_of(&bucket).await, world.entries_of("object.delete").await), ((0, 0, 0), 1));
}

/// A move keeps all but the key, and replaces what was there if that may be.
pub async fn moves<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let bucket = world.made_bucket("reports").await;
    let (a, b) = (world.object(&bucket, "a", 5), world.object(&bucket, "b", 6));
    assert_code(world.move_object(&bucket, "a", "b", Any).await, ErrorKind::NotFound, "object.absent");
    world.put_object(&a, Any).await.unwrap();
    world.put_object(&b, Any).await.unwrap();
    assert_code(world.move_object(&bucket, "a", "b", Absent).await, ErrorKind::Conflict, "object.exists");
    let moved = BucketObject { key: "c/d".to_owned(), ..a };
    assert_eq!(world.move_object(&bucket, "a", "c/d", Absent).await.unwrap(), moved);
    assert_eq!(
        (world.object_at(&bucket, "a").await, world.object_at(&bucket, "c/d").await),
        (None, Some(moved.clone()))
    );
    assert_eq!(world.usage_of(&bucket).await, (11, 2, 0));
    let over = BucketObject { key: "b".to_owned(), ..moved };
    assert_eq!(world.move_object(&bucket, "c/d", "b", Any).await.unwrap(), over);
    assert_eq!(world.move_object(&bucket, "b", "b", Absent).await.unwrap(), over, "to where it is");
    assert_eq!(world.store.object_by_id(b.id).await.unwrap(), None);
    assert_eq!((world.usage_of(&bucket).await, world.entries_of("object.move").await), ((5, 1, 0), 3));
}

/// Objects are listed in the order of the bytes of their keys, from where one wants, below a prefix.
pub async fn lists<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let bucket = Bucket { max_objects: 100, ..world.bucket("reports") };
    world.insert(Record::Bucket(bucket.clone())).await;
    let other = world.made_bucket("other").await;
    world.put_object(&world.object(&other, "a/0", 1), Any).await.unwrap();
    let keys = ["B", "a", "a b", "a%", "a/1", "a/2", "a/ä", "a0", "a_", "ab", "z", "ä", "\u{1f600}"];
    for key in keys.iter().rev() {
        world.put_object(&world.object(&bucket, key, 1), Any).await.unwrap();
    }
    assert_eq!(world.object_keys(&bucket, "", None, 100).await, keys);
    assert_eq!(world.object_keys(&bucket, "", None, 3).await, keys[..3]);
    assert_eq!(world.object_keys(&bucket, "", Some("a/2"), 2).await, ["a/2", "a/ä"]);
    assert_eq!(world.object_keys(&bucket, "", Some("a/2\u{1}"), 1).await, ["a/ä"]);
    assert_eq!(world.object_keys(&bucket, "a/", None, 100).await, ["a/1", "a/2", "a/ä"]);
    assert_eq!(world.object_keys(&bucket, "a/", Some("B"), 100).await, ["a/1", "a/2", "a/ä"]);
    assert_eq!(world.object_keys(&bucket, "a/", Some("b"), 100).await, [""; 0]);
    assert_eq!(world.object_keys(&bucket, "a%", None, 100).await, ["a%"]);
    assert_eq!(world.object_keys(&bucket, "a_", None, 100).await, ["a_"]);
    assert_eq!(world.object_keys(&bucket, "A", None, 100).await, [""; 0]);
    assert_eq!(world.object_keys(&bucket, "\u{1f600}", None, 100).await, ["\u{1f600}"]);
}

/// What was written before the retention of its bucket goes, in batches; all else stays.
pub async fn expires<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let day = |days: i64| -> Timestamp { at(days * 24 * 3_600) };
    let monthly = world.made_bucket("monthly").await;
    let kept = Bucket { retention_days: None, ..world.bucket("kept") };
    world.insert(Record::Bucket(kept.clone())).await;
    for (bucket, key, written_at) in
        [(&monthly, "a", day(0)), (&monthly, "b", day(1)), (&monthly, "c", day(2)), (&kept, "a", day(0))]
    {
        let object = BucketObject { written_at, ..world.object(bucket, key, 10) };
        world.put_object(&object, Any).await.unwrap();
    }
    assert_eq!(world.store.expire_objects(day(30), 10).await.unwrap(), 0);
    assert_eq!(world.store.expire_objects(day(31) + chrono::TimeDelta::seconds(1), 1).await.unwrap(), 1);
    assert_eq!(world.usage_of(&monthly).await, (20, 2, 0));
    assert_eq!(world.store.expire_objects(day(31) + chrono::TimeDelta::seconds(1), 9).await.unwrap(), 1);
    assert_eq!(world.object_keys(&monthly, "", None, 9).await, ["c"]);
    assert_eq!(world.object_keys(&kept, "", None, 9).await, ["a"]);
    assert_eq!((world.usage_of(&monthly).await, world.usage_of(&kept).await), ((10, 1, 0), (10, 1, 0)));
}
