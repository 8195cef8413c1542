//! The one table of legal changes of state. Anything else is an error, and databases refuse it too.
//!
//! ```text
//! Pending ─▶ Assigned ─▶ Running ─▶ Succeeded | Failed | Cancelled | TimedOut
//!    ▲  │        │  │        │
//!    │  └────────┼──┼────────┼──▶ Cancelled (not leased: at once) | TimedOut (waited too long)
//!    ├───────────┘  │        │     released before it began
//!    │              ▼        ▼
//!    └────────── Waiting ◀───┘     back-off before the next attempt, or a question to people
//! ```
//!
//! Work items:
//! ```text
//! New ◀─▶ InProgress ─▶ Successful | Failed | BusinessFailed | DeadLetter
//!  ▲                                   └──────────┴──────────────┤
//!  └──────────────────────── reprocessed ────────────────────────┘
//! every one but InProgress ─▶ Deleted
//! ```

use crate::domain::{AttemptState, ExecutionState, WorkItemState};
use crate::error::{Error, ErrorKind, Result};

/// Every legal change of an execution's state.
pub(crate) const EXECUTION: &[(ExecutionState, ExecutionState)] = {
    use ExecutionState as S;
    &[
        (S::Pending, S::Assigned),
        (S::Pending, S::Cancelled),
        (S::Pending, S::TimedOut),
        (S::Assigned, S::Running),
        (S::Assigned, S::Pending),
        (S::Assigned, S::Waiting),
        (S::Assigned, S::Failed),
        (S::Assigned, S::Cancelled),
        (S::Assigned, S::TimedOut),
        (S::Assigned, S::Succeeded),
        (S::Running, S::Waiting),
        (S::Running, S::Succeeded),
        (S::Running, S::Failed),
        (S::Running, S::Cancelled),
        (S::Running, S::TimedOut),
        (S::Waiting, S::Pending),
        (S::Waiting, S::Cancelled),
    ]
};

/// Checks a change of an execution's state.
///
/// # Errors
/// `Conflict` with code `execution.transition` if the table does not hold it.
pub fn check_transition(from: ExecutionState, to: ExecutionState) -> Result<()> {
    if EXECUTION.contains(&(from, to)) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Conflict,
        "execution.transition",
        format!("the execution is {from:?} and can't become {to:?}"),
    ))
}

/// Every legal change of a work item's state.
pub(crate) const WORK_ITEM: &[(WorkItemState, WorkItemState)] = {
    use WorkItemState as S;
    &[
        (S::New, S::InProgress),
        (S::New, S::Deleted),
        (S::InProgress, S::New),
        (S::InProgress, S::Successful),
        (S::InProgress, S::Failed),
        (S::InProgress, S::BusinessFailed),
        (S::InProgress, S::DeadLetter),
        (S::Successful, S::Deleted),
        (S::Failed, S::New),
        (S::Failed, S::Deleted),
        (S::BusinessFailed, S::New),
        (S::BusinessFailed, S::Deleted),
        (S::DeadLetter, S::New),
        (S::DeadLetter, S::Deleted),
    ]
};

/// Checks a change of a work item's state.
///
/// # Errors
/// `Conflict` with code `workItem.transition` if the table does not hold it.
pub fn check_item_transition(from: WorkItemState, to: WorkItemState) -> Result<()> {
    if WORK_ITEM.contains(&(from, to)) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Conflict,
        "workItem.transition",
        format!("the work item is {from:?} and can't become {to:?}"),
    ))
}

/// Checks a change of an attempt's state: forward from Assigned to Running to an end, never out of an end.
///
/// # Errors
/// `Conflict` with code `attempt.transition`.
pub fn check_attempt_transition(from: AttemptState, to: AttemptState) -> Result<()> {
    use AttemptState as A;
    let legal = match from {
        A::Assigned => to != A::Assigned,
        A::Running => to.is_terminal() && to != A::Released,
        _ => false,
    };
    if legal {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Conflict,
        "attempt.transition",
        format!("the attempt is {from:?} and can't become {to:?}"),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_follows_an_end() {
        for from in ExecutionState::ALL.into_iter().filter(|state| state.is_terminal()) {
            for to in ExecutionState::ALL {
                assert!(check_transition(from, to).is_err(), "{from:?} -> {to:?}");
            }
        }
    }

    #[test]
    fn what_is_deleted_stays_deleted_and_what_is_worked_on_is_not() {
        for state in WorkItemState::ALL {
            assert!(check_item_transition(WorkItemState::Deleted, state).is_err());
            let may_be_deleted = !matches!(state, WorkItemState::InProgress | WorkItemState::Deleted);
            assert_eq!(check_item_transition(state, WorkItemState::Deleted).is_ok(), may_be_deleted);
            let is_back = check_item_transition(state, WorkItemState::New).is_ok();
            assert_eq!(is_back, state.is_reprocessable() || state == WorkItemState::InProgress);
        }
    }

    #[test]
    fn every_state_but_an_end_has_a_way_on() {
        for from in ExecutionState::ALL.into_iter().filter(|state| !state.is_terminal()) {
            assert!(EXECUTION.iter().any(|(f, _)| *f == from));
        }
    }
}
