//! The source of a trigger that keeps a work queue from growing: how much waits there, and how many executions that
//! is worth.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::id::{ExecutionId, TriggerId, WorkQueueId};

/// The most executions that one trigger has running and waiting at once.
const MAX_RUNNING: u32 = 1_000;
/// The most items that one execution is worth, and the most that a trigger waits for.
const MAX_ITEMS: u32 = 1_000_000;
/// The longest age and the longest pause: 366 days.
const MAX_WAIT_MS: u64 = 366 * 24 * 60 * 60 * 1_000;

/// What of a queue starts executions: enough items that can be taken, or one that could be taken for too long.
///
/// An execution is expected to take items until there are none: of `ready` items, `ceil(ready / itemsPerExecution)`
/// executions are wanted, and those that this trigger has running or waiting count among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueSource {
    /// Which queue of the trigger's environment.
    pub queue_id: WorkQueueId,
    /// It fires from so many items on that can be taken now; at least 1.
    pub min_items: u32,
    /// It fires with fewer items too, if one could be taken for longer than this, in milliseconds.
    pub max_age_ms: Option<u64>,
    /// How many items one execution is worth; at least 1.
    pub items_per_execution: u32,
    /// The most executions of this trigger that run or wait at once; at least 1.
    pub max_running: u32,
    /// How long it rests after it fired, in milliseconds.
    pub min_pause_ms: u64,
}

/// What waits in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueBacklog {
    /// How many items can be taken now; no more were counted than was asked for.
    pub ready: u32,
    /// Since when the one of them can be taken that waits longest.
    pub oldest_at: Option<Timestamp>,
    /// When the next one can be taken that can't now.
    pub next_at: Option<Timestamp>,
}

impl QueueSource {
    /// Checks the numbers.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn validate(&self) -> Result<()> {
        let within = |field: &'static str, value: u32, most: u32| match value {
            0 => Err(Error::invalid_field(field, "is not at least 1")),
            value if value > most => Err(Error::invalid_field(field, format!("is more than {most}"))),
            _ => Ok(()),
        };
        within("source.minItems", self.min_items, MAX_ITEMS)?;
        within("source.itemsPerExecution", self.items_per_execution, MAX_ITEMS)?;
        within("source.maxRunning", self.max_running, MAX_RUNNING)?;
        let waits = [("source.maxAgeMs", self.max_age_ms), ("source.minPauseMs", Some(self.min_pause_ms))];
        for (field, wait) in waits {
            if wait.is_some_and(|wait| wait > MAX_WAIT_MS) {
                return Err(Error::invalid_field(field, format!("is more than {MAX_WAIT_MS}")));
            }
        }
        Ok(())
    }

    /// How many items have to be counted to decide; more change nothing.
    #[must_use]
    pub fn counted(&self) -> u32 {
        self.items_per_execution.saturating_mul(self.max_running).max(self.min_items)
    }

    /// Whether what waits is enough at an instant.
    #[must_use]
    pub fn is_due(&self, backlog: &QueueBacklog, now: Timestamp) -> bool {
        let is_old = || self.too_old_at(backlog).is_some_and(|at| at < now);
        backlog.ready > 0 && (backlog.ready >= self.min_items || is_old())
    }

    /// From when on the oldest item is too old.
    fn too_old_at(&self, backlog: &QueueBacklog) -> Option<Timestamp> {
        backlog.oldest_at?.checked_add_signed(span(self.max_age_ms?))
    }

    /// How many executions what waits is worth.
    #[must_use]
    pub fn wanted(&self, backlog: &QueueBacklog) -> u32 {
        backlog.ready.div_ceil(self.items_per_execution).min(self.max_running)
    }

    /// Until when it rests that fired at this instant.
    #[must_use]
    pub fn rests_until(&self, fired_at: Timestamp) -> Timestamp {
        fired_at.checked_add_signed(span(self.min_pause_ms)).unwrap_or(Timestamp::MAX_UTC)
    }

    /// When to look again at what is not enough yet, if nothing else happens.
    #[must_use]
    pub fn look_again_at(&self, backlog: &QueueBacklog) -> Option<Timestamp> {
        // It has to be older than the age.
        let too_old =
            self.too_old_at(backlog).and_then(|at| at.checked_add_signed(TimeDelta::microseconds(1)));
        [too_old, backlog.next_at].into_iter().flatten().min()
    }
}

fn span(ms: u64) -> TimeDelta {
    TimeDelta::from_std(Duration::from_millis(ms)).unwrap_or(TimeDelta::MAX)
}

/// A turn of a trigger that looks at how things stand. Turns have numbers without a gap, and each is taken once: that
/// is why two servers that see the same do not both act on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriggerTurn {
    /// Whose.
    pub trigger_id: TriggerId,
    /// Its number, from 1.
    pub number: u32,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// The executions that were made in it.
    pub executions: Vec<ExecutionId>,
}

/// How far a trigger is with its turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TurnState {
    /// The number of the last one.
    pub number: u32,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// How many executions of all turns have not ended.
    pub open: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(seconds, 0).unwrap()
    }

    fn source() -> QueueSource {
        QueueSource {
            queue_id: WorkQueueId::new(),
            min_items: 10,
            max_age_ms: Some(60_000),
            items_per_execution: 4,
            max_running: 3,
            min_pause_ms: 5_000,
        }
    }

    #[test]
    fn enough_items_or_one_too_old() {
        let source = source();
        let backlog = |ready| QueueBacklog { ready, oldest_at: Some(at(100)), next_at: Some(at(500)) };
        assert!(source.is_due(&backlog(10), at(100)));
        assert!(!source.is_due(&backlog(9), at(160)), "it has to be older than the age");
        assert!(source.is_due(&backlog(9), at(161)));
        assert!(!QueueSource { max_age_ms: None, ..source }.is_due(&backlog(9), at(9_000)));
        assert!(!source.is_due(&QueueBacklog::default(), at(9_000)), "nothing can be taken");
        assert_eq!(source.look_again_at(&backlog(9)), Some(at(160) + TimeDelta::microseconds(1)));
        let empty = QueueBacklog { next_at: Some(at(500)), ..QueueBacklog::default() };
        assert_eq!(source.look_again_at(&empty), Some(at(500)));
    }

    #[test]
    fn a_started_part_of_a_load_is_worth_an_execution() {
        let source = source();
        let wanted = |ready| source.wanted(&QueueBacklog { ready, ..QueueBacklog::default() });
        assert_eq!([0, 1, 4, 5, 12, 13, 1_000].map(wanted), [0, 1, 1, 2, 3, 3, 3]);
        assert_eq!(source.counted(), 12);
    }

    #[test]
    fn numbers_that_would_never_fire_are_refused() {
        let good = source();
        good.validate().unwrap();
        for (bad, field) in [
            (QueueSource { min_items: 0, ..good }, "source.minItems"),
            (QueueSource { items_per_execution: 0, ..good }, "source.itemsPerExecution"),
            (QueueSource { max_running: 0, ..good }, "source.maxRunning"),
            (QueueSource { max_running: MAX_RUNNING + 1, ..good }, "source.maxRunning"),
            (QueueSource { max_age_ms: Some(u64::MAX), ..good }, "source.maxAgeMs"),
            (QueueSource { min_pause_ms: u64::MAX, ..good }, "source.minPauseMs"),
        ] {
            assert_eq!(bad.validate().unwrap_err().field(), Some(field));
        }
    }
}
