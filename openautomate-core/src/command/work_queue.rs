//! Making, changing and deleting work queues.

use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::changes::{Changes, Event, Record};
use crate::command::package::check_revision;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{RetryPolicy, WorkItemState, WorkQueue, check_description, check_name};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, WorkQueueId};
use crate::package::inputs::check::compile;
use crate::permission::{Access, Permission};

/// The most attempts at one item.
pub const MAX_ATTEMPTS: u32 = 100;
/// The shortest and the longest lease of a caller.
pub const LEASE_BOUNDS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(24 * 3_600));
/// The largest schema as JSON, in bytes.
pub const MAX_SCHEMA_BYTES: usize = 64 * 1024;

/// Everything that a person sets of a queue.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// The name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How often an item is taken before it becomes a `DeadLetter`.
    pub max_attempts: u32,
    /// The wait after the first application error in milliseconds.
    pub backoff_ms: u64,
    /// Whether an item is tried again by itself.
    pub auto_retry: bool,
    /// How long an item is a caller's, in milliseconds.
    pub lease_ms: u64,
    /// Whether references of items that are added from now on are unique.
    pub unique_references: bool,
    /// What payloads look like, as JSON Schema; for items that are added from now on.
    pub payload_schema: Option<Value>,
}

impl QueueSettings {
    /// A queue with everything else by default: three attempts, a minute before the second one, leases of five
    /// minutes, references as they come, any payload.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            max_attempts: 3,
            backoff_ms: 60_000,
            auto_retry: true,
            lease_ms: 5 * 60_000,
            unique_references: false,
            payload_schema: None,
        }
    }

    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_description("description", &self.description)?;
        if !(1..=MAX_ATTEMPTS).contains(&self.max_attempts) {
            return Err(Error::invalid_field("maxAttempts", format!("is not between 1 and {MAX_ATTEMPTS}")));
        }
        if Duration::from_millis(self.backoff_ms) > RetryPolicy::MAX_BACKOFF {
            return Err(Error::invalid_field("backoffMs", "is more than a day; no wait is longer than that"));
        }
        let lease = Duration::from_millis(self.lease_ms);
        if lease < LEASE_BOUNDS.0 || lease > LEASE_BOUNDS.1 {
            return Err(Error::invalid_field("leaseMs", "is not between 5 seconds and a day"));
        }
        self.payload_schema.as_ref().map_or(Ok(()), check_schema)
    }

    fn apply(self, queue: &mut WorkQueue) {
        queue.name = self.name;
        queue.description = self.description;
        queue.max_attempts = self.max_attempts;
        queue.backoff_ms = self.backoff_ms;
        queue.auto_retry = self.auto_retry;
        queue.lease_ms = self.lease_ms;
        queue.unique_references = self.unique_references;
        queue.payload_schema = self.payload_schema;
    }
}

fn check_schema(schema: &Value) -> Result<()> {
    const FIELD: &str = "payloadSchema";
    if !schema.is_object() {
        return Err(Error::invalid_field(FIELD, "is no JSON object; leave it out to take any payload"));
    }
    if serde_json::to_vec(schema).map_or(usize::MAX, |bytes| bytes.len()) > MAX_SCHEMA_BYTES {
        return Err(Error::invalid_field(FIELD, format!("takes more than {MAX_SCHEMA_BYTES} bytes")));
    }
    compile(schema).map(drop).map_err(|_| {
        let message = "is no valid JSON Schema (draft 2020-12), or refers to something outside of itself";
        Error::invalid_field(FIELD, message)
    })
}

fn detail(queue: &WorkQueue) -> Value {
    json!({
        "name": queue.name,
        "environmentId": queue.environment_id,
        "maxAttempts": queue.max_attempts,
        "autoRetry": queue.auto_retry,
        "uniqueReferences": queue.unique_references,
    })
}

/// The queue with this id, if it is not deleted.
pub(crate) async fn load(context: &CommandContext<'_>, id: WorkQueueId) -> Result<WorkQueue> {
    let queue = context.store.work_queue(id).await?.filter(|queue| queue.deleted_at.is_none());
    let missing = || Error::not_found("work queue", id);
    let queue = queue.ok_or_else(missing)?;
    context.allowed_in(queue.environment_id, missing)?;
    Ok(queue)
}

fn changed(queue: &WorkQueue) -> Event {
    Event::WorkQueueChanged { queue_id: queue.id }
}

/// Makes a queue.
#[derive(Clone, Debug)]
pub struct CreateWorkQueue {
    /// Where; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
    /// What it shall be.
    pub settings: QueueSettings,
}

#[async_trait]
impl Command for CreateWorkQueue {
    type Output = WorkQueue;
    const NAME: &'static str = "workQueue.create";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteQueues)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<WorkQueue>> {
        let environment = context.environment(self.environment_id).await?;
        let mut queue = WorkQueue {
            id: WorkQueueId::new(),
            environment_id: environment.id,
            name: String::new(),
            description: String::new(),
            max_attempts: 1,
            backoff_ms: 0,
            auto_retry: true,
            lease_ms: 0,
            unique_references: false,
            payload_schema: None,
            created_by_id: context.user_id()?,
            created_at: context.now,
            updated_at: context.now,
            deleted_at: None,
            revision: 0,
        };
        self.settings.clone().apply(&mut queue);
        let changes = Changes::none()
            .insert(Record::WorkQueue(Box::new(queue.clone())))
            .audited(context.audit("workQueue", queue.id, detail(&queue)))
            .event(changed(&queue));
        Ok(Decision::new(changes, queue))
    }
}

/// Changes a queue. Items that are in it keep what they were added with; what becomes of them from now on follows the
/// new settings.
#[derive(Clone, Debug)]
pub struct UpdateWorkQueue {
    /// Which.
    pub id: WorkQueueId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// What it shall be.
    pub settings: QueueSettings,
}

#[async_trait]
impl Command for UpdateWorkQueue {
    type Output = WorkQueue;
    const NAME: &'static str = "workQueue.update";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteQueues)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<WorkQueue>> {
        let mut queue = load(context, self.id).await?;
        check_revision(self.revision, queue.revision)?;
        self.settings.clone().apply(&mut queue);
        queue.updated_at = context.now;
        let changes = Changes::none()
            .update(Record::WorkQueue(Box::new(queue.clone())))
            .audited(context.audit("workQueue", queue.id, detail(&queue)))
            .event(changed(&queue));
        queue.revision += 1;
        Ok(Decision::new(changes, queue))
    }
}

/// Deletes a queue in which nothing is left to do. Its ended items stay as history; its name is free again.
#[derive(Clone, Debug)]
pub struct DeleteWorkQueue {
    /// Which.
    pub id: WorkQueueId,
}

#[async_trait]
impl Command for DeleteWorkQueue {
    type Output = ();
    const NAME: &'static str = "workQueue.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteQueues)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut queue = load(context, self.id).await?;
        let statistics = context.store.queue_statistics(self.id, context.now, context.now).await?;
        let count = |state| statistics.counts.get(&state).copied().unwrap_or_default();
        let open = count(WorkItemState::New) + count(WorkItemState::InProgress);
        if open > 0 {
            let message = format!("{open} items of the queue are not ended; delete or end them first");
            return Err(Error::conflict("workQueue.open", message));
        }
        queue.deleted_at = Some(context.now);
        let changes = Changes::none()
            .audited(context.audit("workQueue", queue.id, detail(&queue)))
            .event(changed(&queue))
            .update(Record::WorkQueue(Box::new(queue)));
        Ok(Decision::new(changes, ()))
    }
}
