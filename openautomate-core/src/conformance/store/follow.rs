//! What follows from executions, in the sample world.

use serde_json::{Map, Value};

use super::sample::{World, instant};
use crate::domain::{
    AfterArrival, Approval, ApprovalState, EndedAs, FolderSource, PassAs, QueueSource, Trigger, TriggerSource,
};
use crate::id::{ApprovalId, ExecutionId, TriggerId, WorkQueueId};

impl World {
    /// A trigger of the package that waits for executions of it; not written yet.
    #[must_use]
    pub fn trigger(&self, on: EndedAs) -> Trigger {
        Trigger {
            id: TriggerId::new(),
            name: "follow".to_owned(),
            package_id: self.package.id,
            environment_id: self.environment.id,
            source: TriggerSource::ExecutionFinished { package_id: self.package.id, on },
            inputs: Map::new(),
            mapping: [].into(),
            is_active: true,
            sealed: None,
            created_by_id: self.user.id,
            created_at: instant(),
            updated_at: instant(),
            deleted_at: None,
            revision: 0,
        }
    }

    /// A trigger that looks at a work queue; not written yet.
    #[must_use]
    pub fn watching_queue(&self) -> Trigger {
        let source = QueueSource {
            queue_id: WorkQueueId::new(),
            min_items: 3,
            max_age_ms: Some(60_000),
            items_per_execution: 2,
            max_running: 4,
            min_pause_ms: 0,
        };
        Trigger { source: TriggerSource::WorkQueue(source), ..self.trigger(EndedAs::Any) }
    }

    /// A trigger that has the agent watch a folder; not written yet.
    #[must_use]
    pub fn watching_folder(&self) -> Trigger {
        let source = FolderSource {
            agent_id: Some(self.agent.id),
            label: None,
            pool_id: None,
            folder: "/srv/in \"box\"".to_owned(),
            pattern: "*.[ct]sv".to_owned(),
            settle_ms: 2_000,
            include_existing: true,
            after: AfterArrival::Move,
            pass: PassAs::File,
            max_bytes: 1 << 40,
            max_per_hour: 100,
        };
        Trigger { source: TriggerSource::FileArrival(source), ..self.trigger(EndedAs::Any) }
    }

    /// An approval that waits; not written yet.
    #[must_use]
    pub fn approval(&self, execution_id: ExecutionId, key: &str) -> Approval {
        Approval {
            id: ApprovalId::new(),
            execution_id,
            key: key.to_owned(),
            epoch: 1,
            question: "go on?".to_owned(),
            data: Value::Null,
            approvers: Vec::new(),
            role: None,
            expires_at: None,
            default_approve: false,
            state: ApprovalState::Waiting,
            comment: String::new(),
            answered_by_id: None,
            answered_at: None,
            created_at: instant(),
            revision: 0,
        }
    }
}
