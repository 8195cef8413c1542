//! What an execution is once an attempt of it has ended; the same for every database.

use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{Execution, RunResult, RunStatus};
use serde_json::Map;

/// The execution after its present attempt ended so: at its end, or waiting for the next attempt.
pub(crate) fn ended(mut execution: Execution, result: &RunResult, now: Timestamp) -> Execution {
    let after = execution.after_attempt(result, now);
    execution.state = after.state;
    execution.run_at = after.run_at;
    execution.failed_attempts = after.failed_attempts;
    execution.lease_until = None;
    execution.revision += 1;
    if after.state.is_terminal() {
        execution.ended_at = Some(now);
    }
    if result.status == RunStatus::Succeeded {
        execution.outputs = Some(result.outputs.clone());
    }
    execution.error.clone_from(&result.error);
    execution
}

/// How an attempt ends whose agent was not heard of.
pub(crate) fn agent_lost() -> RunResult {
    RunResult {
        status: RunStatus::Lost,
        outputs: Map::new(),
        error: Some(Execution::agent_lost_error()),
        exit_code: None,
        report: None,
    }
}
