//! What happens at a due time while the last execution of the schedule still runs.

use serde::{Deserialize, Serialize};

/// What becomes of a due time while an earlier execution of the same schedule is not finished.
///
/// The names follow the overlap policies of Temporal and `concurrencyPolicy` of Kubernetes CronJobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OverlapPolicy {
    /// It makes an execution all the same; several run at once.
    Allow,
    /// It is skipped, and the skip is recorded.
    #[default]
    Skip,
    /// One execution waits for the running one to end; further due times are skipped meanwhile.
    QueueOne,
    /// The running one is cancelled, and a new one is made.
    CancelRunning,
}
