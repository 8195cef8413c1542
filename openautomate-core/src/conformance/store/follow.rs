//! What follows from executions, in the sample world.

use serde_json::{Map, Value};

use super::sample::{World, instant};
use crate::domain::{Approval, ApprovalState, EndedAs, Trigger, TriggerSource};
use crate::id::{ApprovalId, ExecutionId, TriggerId};

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
