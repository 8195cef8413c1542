//! Making, changing and deleting storage buckets.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::changes::{Changes, Event, Record};
use crate::command::package::check_revision;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Bucket, check_description, check_name};
use crate::error::{Error, Result};
use crate::id::{BucketId, EnvironmentId};
use crate::permission::{Access, Permission};

/// The most bytes that a bucket may be given: a pebibyte.
pub const MAX_BYTES: u64 = 1 << 50;
/// The most objects that a bucket may be given.
pub const MAX_OBJECTS: u64 = 100_000_000;
/// The largest object that a bucket may be given: 100 GiB. How long an upload may take bounds it before.
pub const MAX_OBJECT_BYTES: u64 = 100 << 30;
/// The longest retention in days: a hundred years.
pub const MAX_RETENTION_DAYS: u32 = 36_500;

/// Everything that a person sets of a bucket.
#[derive(Clone, Debug)]
pub struct BucketSettings {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How many bytes its objects may have in all.
    pub max_bytes: u64,
    /// How many objects it may hold.
    pub max_objects: u64,
    /// How many bytes an object may have.
    pub max_object_bytes: u64,
    /// After how many days an object goes that was not written meanwhile; `None` keeps it.
    pub retention_days: Option<u32>,
}

impl BucketSettings {
    /// A bucket with everything else by default: 10 GiB, 100,000 objects, 1 GiB an object, kept for ever.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            max_bytes: 10 << 30,
            max_objects: 100_000,
            max_object_bytes: 1 << 30,
            retention_days: None,
        }
    }

    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_description("description", &self.description)?;
        for (field, value, most) in [
            ("maxBytes", self.max_bytes, MAX_BYTES),
            ("maxObjects", self.max_objects, MAX_OBJECTS),
            ("maxObjectBytes", self.max_object_bytes, MAX_OBJECT_BYTES),
        ] {
            if !(1..=most).contains(&value) {
                return Err(Error::invalid_field(field, format!("is not between 1 and {most}")));
            }
        }
        if self.retention_days.is_some_and(|days| !(1..=MAX_RETENTION_DAYS).contains(&days)) {
            let message = format!("is not between 1 and {MAX_RETENTION_DAYS}; leave it out to keep objects");
            return Err(Error::invalid_field("retentionDays", message));
        }
        Ok(())
    }

    fn apply(self, bucket: &mut Bucket) {
        bucket.name = self.name;
        bucket.description = self.description;
        bucket.max_bytes = self.max_bytes;
        bucket.max_objects = self.max_objects;
        bucket.max_object_bytes = self.max_object_bytes;
        bucket.retention_days = self.retention_days;
    }
}

fn detail(bucket: &Bucket) -> Value {
    json!({
        "name": bucket.name,
        "environmentId": bucket.environment_id,
        "maxBytes": bucket.max_bytes,
        "maxObjects": bucket.max_objects,
        "maxObjectBytes": bucket.max_object_bytes,
        "retentionDays": bucket.retention_days,
    })
}

async fn load(context: &CommandContext<'_>, id: BucketId) -> Result<Bucket> {
    let bucket = context.store.bucket(id).await?.filter(|bucket| bucket.deleted_at.is_none());
    let missing = || Error::not_found("bucket", id);
    let bucket = bucket.ok_or_else(missing)?;
    context.allowed_in(bucket.environment_id, missing)?;
    Ok(bucket)
}

fn changed(bucket: &Bucket) -> Event {
    Event::BucketChanged { bucket_id: bucket.id }
}

/// Makes a bucket.
#[derive(Clone, Debug)]
pub struct CreateBucket {
    /// Where; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
    /// What it shall be.
    pub settings: BucketSettings,
}

#[async_trait]
impl Command for CreateBucket {
    type Output = Bucket;
    const NAME: &'static str = "bucket.create";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageBuckets)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Bucket>> {
        let environment = context.environment(self.environment_id).await?;
        let mut bucket = Bucket {
            id: BucketId::new(),
            environment_id: environment.id,
            name: String::new(),
            description: String::new(),
            max_bytes: 0,
            max_objects: 0,
            max_object_bytes: 0,
            retention_days: None,
            used_bytes: 0,
            object_count: 0,
            created_by_id: context.user_id()?,
            created_at: context.now,
            updated_at: context.now,
            deleted_at: None,
            revision: 0,
        };
        self.settings.clone().apply(&mut bucket);
        let changes = Changes::none()
            .insert(Record::Bucket(bucket.clone()))
            .audited(context.audit("bucket", bucket.id, detail(&bucket)))
            .event(changed(&bucket));
        Ok(Decision::new(changes, bucket))
    }
}

/// Changes a bucket. What it holds stays, also beyond a lower limit; a shorter retention holds for what is there, too.
#[derive(Clone, Debug)]
pub struct UpdateBucket {
    /// Which.
    pub id: BucketId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// What it shall be.
    pub settings: BucketSettings,
}

#[async_trait]
impl Command for UpdateBucket {
    type Output = Bucket;
    const NAME: &'static str = "bucket.update";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageBuckets)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Bucket>> {
        let mut bucket = load(context, self.id).await?;
        check_revision(self.revision, bucket.revision)?;
        self.settings.clone().apply(&mut bucket);
        bucket.updated_at = context.now;
        let changes = Changes::none()
            .update(Record::Bucket(bucket.clone()))
            .audited(context.audit("bucket", bucket.id, detail(&bucket)))
            .event(changed(&bucket));
        bucket.revision += 1;
        Ok(Decision::new(changes, bucket))
    }
}

/// Deletes a bucket that holds nothing. Its name is free again.
#[derive(Clone, Debug)]
pub struct DeleteBucket {
    /// Which.
    pub id: BucketId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
}

#[async_trait]
impl Command for DeleteBucket {
    type Output = ();
    const NAME: &'static str = "bucket.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageBuckets)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut bucket = load(context, self.id).await?;
        check_revision(self.revision, bucket.revision)?;
        if bucket.object_count > 0 {
            let message = format!("the bucket holds {} objects; delete them first", bucket.object_count);
            return Err(Error::conflict("bucket.not_empty", message));
        }
        bucket.deleted_at = Some(context.now);
        // What is written meanwhile has the store refuse it.
        let changes = Changes::none()
            .audited(context.audit("bucket", bucket.id, detail(&bucket)))
            .event(changed(&bucket))
            .update(Record::Bucket(bucket));
        Ok(Decision::new(changes, ()))
    }
}
