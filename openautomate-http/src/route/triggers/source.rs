//! What triggers wait for, as the API takes and shows it.

use openautomate_core::domain::{
    AfterArrival, EndedAs, FolderSource, PassAs, QueueSource, TriggerSource, WebhookStyle,
};
use openautomate_core::id::{AgentId, PackageId, PoolId, WorkQueueId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::schema;

/// What a trigger waits for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[schema(as = TriggerSource)]
pub(super) enum SourceView {
    /// A signed request to `/api/hooks/{id}`. Pointers begin at its JSON body.
    #[schema(rename_all = "camelCase")]
    Webhook {
        /// How it is signed.
        #[serde(default)]
        #[schema(value_type = Option<schema::WebhookStyle>)]
        style: WebhookStyle,
    },
    /// The end of an execution of a package in the trigger's environment. Pointers begin at an object with
    /// `executionId`, `packageId`, `state`, `inputs`, `outputs` and `error` (`kind`, `message`).
    #[schema(rename_all = "camelCase")]
    ExecutionFinished {
        /// Of which package.
        #[schema(value_type = Uuid)]
        package_id: PackageId,
        /// Which ends count; `success` if left out.
        #[serde(default)]
        #[schema(value_type = Option<schema::EndedAs>)]
        on: EndedAs,
    },
    /// Items that wait in a work queue of the trigger's environment: it has executions that take items until there are
    /// none, as many as what waits is worth. Pointers begin at an object with `queueId`, `queueName`, `ready` and
    /// `oldestAt`.
    #[schema(rename_all = "camelCase")]
    WorkQueue {
        /// Which queue.
        #[schema(value_type = Uuid)]
        queue_id: WorkQueueId,
        /// It fires from so many items on that can be taken now. Default 1.
        #[serde(default = "one")]
        #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
        min_items: u32,
        /// It fires with fewer items too, if one could be taken for longer than this, in milliseconds. Never, if left
        /// out.
        #[serde(default)]
        max_age_ms: Option<u64>,
        /// How many items one execution is worth: of `ready` items, `ready / itemsPerExecution` executions are wanted,
        /// rounded up, and those of this trigger that run or wait count among them. Default 1.
        #[serde(default = "one")]
        #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
        items_per_execution: u32,
        /// The most executions of this trigger that run or wait at once. Default 1.
        #[serde(default = "one")]
        #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000)]
        max_running: u32,
        /// How long it rests after it fired, in milliseconds. Default 0.
        #[serde(default)]
        #[schema(value_type = Option<u64>)]
        min_pause_ms: u64,
    },
    /// A file that arrives in a folder of an agent, each once. Pointers begin at an object with `file` (its id, for an
    /// input that takes a file), `path`, `name`, `size` and `agentId`.
    #[schema(rename_all = "camelCase")]
    FileArrival {
        /// The agent whose folder it is. It, `label` or `poolId` is given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Uuid>)]
        agent_id: Option<AgentId>,
        /// Every agent with this label watches a folder of its own. A share that several agents see is to be watched
        /// by one of them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        label: Option<String>,
        /// Every agent of this pool watches a folder of its own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(value_type = Option<Uuid>)]
        pool_id: Option<PoolId>,
        /// An absolute path as the agent's system has it, below what its operator allows by `--watch-root`. What lies
        /// in its subfolders does not count.
        folder: String,
        /// Which names count: `*` for any characters, `?` for one, `[a-z]` and `[!a-z]` for one of some. Default `*`.
        #[serde(default = "any_name")]
        #[schema(value_type = Option<String>)]
        pattern: String,
        /// How long a file has to keep its size and its time before it has arrived, in milliseconds. Default 2000.
        #[serde(default = "two_seconds")]
        #[schema(value_type = Option<u64>, minimum = 500, maximum = 86_400_000)]
        settle_ms: u64,
        /// Whether files count that are there when an agent watches for the first time. Default: no.
        #[serde(default)]
        #[schema(value_type = Option<bool>)]
        include_existing: bool,
        /// What becomes of a file that made an execution; `leave` if left out.
        #[serde(default)]
        #[schema(value_type = Option<schema::AfterArrival>)]
        after: AfterArrival,
        /// What the execution gets of it; `file` if left out. With `path` it runs on the agent that found the file.
        #[serde(default)]
        #[schema(value_type = Option<schema::PassAs>)]
        pass: PassAs,
        /// The largest file that counts, in bytes. Default 1 GiB; with `pass` = `file` no more than the server takes.
        #[serde(default = "a_gibibyte")]
        #[schema(value_type = Option<u64>, minimum = 1)]
        max_bytes: u64,
        /// The most executions within an hour; further files wait. Default 1000.
        #[serde(default = "a_thousand")]
        #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000)]
        max_per_hour: u32,
    },
}

const fn one() -> u32 {
    1
}

fn any_name() -> String {
    "*".to_owned()
}

const fn two_seconds() -> u64 {
    2_000
}

const fn a_gibibyte() -> u64 {
    1 << 30
}

const fn a_thousand() -> u32 {
    1_000
}

impl From<SourceView> for TriggerSource {
    fn from(source: SourceView) -> Self {
        match source {
            SourceView::Webhook { style } => Self::Webhook { style },
            SourceView::ExecutionFinished { package_id, on } => Self::ExecutionFinished { package_id, on },
            SourceView::WorkQueue {
                queue_id,
                min_items,
                max_age_ms,
                items_per_execution,
                max_running,
                min_pause_ms,
            } => Self::WorkQueue(QueueSource {
                queue_id,
                min_items,
                max_age_ms,
                items_per_execution,
                max_running,
                min_pause_ms,
            }),
            SourceView::FileArrival {
                agent_id,
                label,
                pool_id,
                folder,
                pattern,
                settle_ms,
                include_existing,
                after,
                pass,
                max_bytes,
                max_per_hour,
            } => Self::FileArrival(FolderSource {
                agent_id,
                label,
                pool_id,
                folder,
                pattern,
                settle_ms,
                include_existing,
                after,
                pass,
                max_bytes,
                max_per_hour,
            }),
        }
    }
}
