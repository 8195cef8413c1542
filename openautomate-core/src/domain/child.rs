//! Executions that another execution asked for.

use crate::id::ExecutionId;

/// One call by which a run asked for another execution. Unique by parent, try and call: that is why a repeated
/// message makes no second child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChildCall {
    /// The execution that asked.
    pub parent_id: ExecutionId,
    /// How many of its attempts had failed by then. An attempt that goes on after an approval is of the same try,
    /// so the same call finds the same child.
    pub attempt_try: u32,
    /// The number of the call in the run, from 1.
    pub call: u32,
    /// The execution that it made.
    pub child_id: ExecutionId,
}
