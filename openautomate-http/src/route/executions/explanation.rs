//! Why an execution does not run, as the API shows it.

use chrono::{DateTime, Utc};
use openautomate_core::domain::{ExecutionState, Explanation, HoldReason};
use openautomate_core::id::ExecutionId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::schema;

/// Why an execution does not run.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Explanation)]
pub(super) struct ExplanationView {
    /// The execution.
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    /// Where it stands.
    #[schema(value_type = schema::ExecutionState)]
    state: ExecutionState,
    /// As of when.
    at: DateTime<Utc>,
    /// Everything that holds it back; nothing if the next agent with a free slot that suits it gets it, after those
    /// that come before.
    reasons: Vec<ReasonView>,
    /// How many executions of its environment that are due come before it; `null` if it is not Pending.
    ahead: Option<u64>,
}

/// One thing that holds an execution back. The fields beside `kind` and `message` are those of the kind: `ended`;
/// `leased` (`agentId`, `leaseUntil`); `versionNotReady` (`agentId`, `state`, `reason`, `since`); `environmentPaused`
/// (`at`, `by`, `reason`, `until`); `runAtLater` (`runAt`); `backOff` (`until`, `failedAttempts`); `approval`; `overdue`;
/// `limit` (`scope`, `key`, `limit`, `held`, `heldBy`); `noAgent`; `noSuitableAgent` (`agents`, `lacking`);
/// `agentsResting` (`agents`, `count`); `agentsAway` (`agents`, `count`, `since`); `slotsHeld` (`agents`, `count`,
/// `heldBy`).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HoldReason)]
struct ReasonView {
    /// It as a sentence.
    message: String,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    reason: HoldReason,
}

impl From<Explanation> for ExplanationView {
    fn from(explanation: Explanation) -> Self {
        let Explanation { execution_id, state, at, reasons, ahead } = explanation;
        let view = |reason: HoldReason| ReasonView { message: reason.message(), reason };
        Self { execution_id, state, at, ahead, reasons: reasons.into_iter().map(view).collect() }
    }
}
