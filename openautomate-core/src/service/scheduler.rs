//! Turns due schedules into executions: once per due time, whatever the number of servers.
//!
//! A firing, its execution and the schedule's next due time are one commit. Another server that decides on
//! the same due time fails on the unique row (schedule, due time) or on the schedule's revision, and reads
//! again.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::REST;
use crate::changes::{Changes, Event, Record, Write};
use crate::clock::Timestamp;
use crate::command::deployment::check_author;
use crate::command::execution::{Pools, new_execution, request_cancel, settle};
use crate::command::inputs::files_named;
use crate::domain::{Execution, FileUser, Firing, Origin, PackageVersion, Schedule};
use crate::error::Result;
use crate::id::ExecutionId;
use crate::orchestrator::Orchestrator;
use crate::package::inputs::check::check;
use crate::schedule::{CatchUpLimits, OverlapPolicy};

/// Even without any event it looks this often: another server may have changed a schedule.
const SLOW_POLL: TimeDelta = TimeDelta::seconds(5);
const BATCH: u32 = 200;

/// The loop that fires schedules.
#[derive(Debug)]
pub struct Scheduler {
    orchestrator: Orchestrator,
    events: broadcast::Receiver<Event>,
}

/// What one due time becomes.
enum Verdict {
    Fire(Box<Execution>),
    Skip(&'static str),
}

impl Scheduler {
    /// A scheduler of this orchestrator.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        let events = orchestrator.subscribe();
        Self { orchestrator, events }
    }

    /// Runs until it is dropped.
    pub async fn run(mut self) {
        loop {
            match self.fire_due().await {
                Ok(_) => self.wait().await,
                Err(error) => {
                    tracing::warn!(%error, "due schedules could not be fired; trying again");
                    tokio::time::sleep(REST).await;
                }
            }
        }
    }

    async fn wait(&mut self) {
        let now = self.orchestrator.clock().now();
        let due = self.orchestrator.store().next_due().await.ok().flatten();
        let until = due.map_or(now + SLOW_POLL, |due| due.min(now + SLOW_POLL));
        let orchestrator = self.orchestrator.clone();
        let sleep = orchestrator.clock().sleep_until(until);
        tokio::pin!(sleep);
        loop {
            tokio::select! {
                () = &mut sleep => return,
                event = self.events.recv() => match event {
                    Ok(Event::ScheduleChanged { .. } | Event::EventsMissed) | Err(RecvError::Lagged(_) | RecvError::Closed) => return,
                    Ok(_) => {}
                },
            }
        }
    }

    /// One pass: decides on every due time that has come. Says how many executions were made.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn fire_due(&self) -> Result<usize> {
        let now = self.orchestrator.clock().now();
        let mut made = 0;
        for schedule in self.orchestrator.store().due_schedules(now, BATCH).await? {
            let id = schedule.id;
            match self.fire(schedule, now).await {
                Ok(count) => made += count,
                // Somebody else decided, or changed the schedule: the next pass reads it again.
                Err(error) if error.is_stale_row() => {}
                Err(error) if error.kind().is_retryable() => return Err(error),
                // One schedule that can't be read must not keep the others from firing.
                Err(error) => tracing::error!(schedule = %id, %error, "a schedule could not be fired"),
            }
        }
        Ok(made)
    }

    /// The version that a schedule runs now with an execution of it as a pattern, or why it runs none.
    async fn version_for(
        &self,
        schedule: &Schedule,
    ) -> Result<Result<(PackageVersion, Execution), &'static str>> {
        let store = self.orchestrator.store();
        let active = store.active_version(schedule.package_id, schedule.environment_id).await?;
        let Some(version) = active else { return Ok(Err("noActiveVersion")) };
        let environment = store.environment(schedule.environment_id).await?;
        let is_trusted = environment.is_some_and(|environment| check_author(&version, &environment).is_ok());
        let pools = Pools::named(store, schedule.environment_id, &version, &schedule.options).await;
        let pools = match pools {
            Err(error) if error.kind().is_retryable() => return Err(error),
            pools => pools,
        };
        Ok(match () {
            () if !is_trusted => Err("untrustedVersion"),
            () if !takes_inputs(&version, schedule) => Err("invalidInputs"),
            () if !self.has_files(&version, schedule).await? => Err("invalidInputs"),
            () => match pools
                .and_then(|pools| placed(&version, schedule, pools, self.orchestrator.clock().now()))
            {
                Ok(first) => Ok((version, first)),
                Err(error) => {
                    tracing::warn!(schedule = %schedule.id, %error, "an execution of a schedule can't be placed");
                    Err("invalidOptions")
                }
            },
        })
    }

    /// Whether the files that a schedule's inputs name are those that it was allowed when it was saved: to another
    /// version another text may be a file.
    async fn has_files(&self, version: &PackageVersion, schedule: &Schedule) -> Result<bool> {
        let named = files_named(version, &schedule.inputs);
        if named.is_empty() {
            return Ok(true);
        }
        let used = self.orchestrator.store().files_used(FileUser::Schedule(schedule.id)).await?;
        let has_all = named.iter().all(|id| used.iter().any(|file| file.id == *id));
        if !has_all {
            tracing::warn!(
                schedule = %schedule.id,
                version = %version.version_number,
                "the inputs of a schedule name files that it does not have for the active version; save it again"
            );
        }
        Ok(has_all)
    }

    /// Decides on the due times of one schedule that have come, in one commit.
    async fn fire(&self, mut schedule: Schedule, now: Timestamp) -> Result<usize> {
        let Some(first) = schedule.next_due else { return Ok(0) };
        let limits = CatchUpLimits {
            catchup_window: Duration::from_millis(schedule.catchup_window_ms),
            max_catchup: schedule.max_catchup,
            ends_at: schedule.ends_at,
            ..CatchUpLimits::default()
        };
        // `next_due` is the first due time that nobody decided on.
        let decided = first - TimeDelta::microseconds(1);
        let plan = schedule.misfire.catch_up(&schedule.fire_times()?, decided, now, &limits);
        if plan.skipped > 0 {
            tracing::warn!(schedule = %schedule.id, skipped = plan.skipped, "due times were missed and skipped");
        }
        let version = self.version_for(&schedule).await?;
        let mut open = self.orchestrator.store().open_executions_of_schedule(schedule.id).await?;
        let mut changes = Changes::none();
        if plan.skipped > 0 && !plan.fire.contains(&first) {
            // The oldest stands for all that were skipped; a row for each could be millions.
            changes.writes.push(Write::Fire(firing(&schedule, first, now, None, Some("misfire"))));
        }
        let files = version
            .as_ref()
            .map_or_else(|_| Vec::new(), |(version, _)| files_named(version, &schedule.inputs));
        let mut made = Vec::new();
        for due in &plan.fire {
            let verdict = match &version {
                Ok((_, pattern)) => decide(&schedule, pattern, *due, now, &mut open, &mut changes),
                Err(reason) => Verdict::Skip(reason),
            };
            match verdict {
                Verdict::Skip(reason) => {
                    changes.writes.push(Write::Fire(firing(&schedule, *due, now, None, Some(reason))));
                }
                Verdict::Fire(execution) => {
                    changes = changes
                        .insert(Record::Execution(execution.clone()))
                        .uses_if_any(FileUser::Execution(execution.id), files.clone())
                        .event(Event::ExecutionPending { execution_id: execution.id });
                    changes.writes.push(Write::Fire(firing(&schedule, *due, now, Some(&execution), None)));
                    open.push((*execution).clone());
                    made.push(execution.id);
                }
            }
        }
        schedule.last_due = schedule.last_due.max(Some(plan.fire.last().copied().unwrap_or(first)));
        schedule.next_due = plan.next_due;
        let id = schedule.id;
        let mut changes = changes
            .update(Record::Schedule(Box::new(schedule)))
            .event(Event::ScheduleChanged { schedule_id: id });
        let events = std::mem::take(&mut changes.events);
        self.orchestrator.store().commit(changes).await?;
        for event in events {
            self.orchestrator.publish(event);
        }
        Ok(made.len())
    }
}

/// Whether a version takes the inputs of a schedule: another one may be active than when it was saved. An
/// execution of it could but fail, and each due time anew, so none is made and the firing says why.
fn takes_inputs(version: &PackageVersion, schedule: &Schedule) -> bool {
    let Err(error) = check(version.manifest.inputs.as_ref(), &schedule.inputs) else { return true };
    let fields: Vec<&str> = error.fields().iter().map(|wrong| wrong.field.as_str()).collect();
    tracing::warn!(
        schedule = %schedule.id,
        version = %version.version_number,
        ?fields,
        "the active version does not take the inputs of a schedule; change them"
    );
    false
}

fn firing(
    schedule: &Schedule,
    due_at: Timestamp,
    fired_at: Timestamp,
    execution: Option<&Execution>,
    skipped: Option<&str>,
) -> Firing {
    Firing {
        schedule_id: schedule.id,
        due_at,
        fired_at,
        execution_id: execution.map(|execution| execution.id),
        skipped: skipped.map(str::to_owned),
    }
}

/// An execution of a schedule as each of its due times makes one.
fn placed(version: &PackageVersion, schedule: &Schedule, pools: Pools, now: Timestamp) -> Result<Execution> {
    let origin = Origin::Embedded;
    let inputs = schedule.inputs.clone();
    let mut execution = new_execution(version, schedule.environment_id, inputs, origin, now);
    settle(&mut execution, version, &schedule.options, pools)?;
    Ok(execution)
}

/// Applies the overlap policy; a cancel that it asks for joins the changes.
fn decide(
    schedule: &Schedule,
    pattern: &Execution,
    due_at: Timestamp,
    now: Timestamp,
    open: &mut Vec<Execution>,
    changes: &mut Changes,
) -> Verdict {
    match schedule.overlap {
        OverlapPolicy::Allow => {}
        OverlapPolicy::Skip if open.is_empty() => {}
        // Refused when a schedule is saved, so this is one that a newer version wrote.
        OverlapPolicy::QueueOne if open.is_empty() => {}
        OverlapPolicy::Skip | OverlapPolicy::QueueOne => return Verdict::Skip("overlap"),
        OverlapPolicy::CancelRunning => {
            for mut running in open.drain(..) {
                if running.cancel_requested_at.is_none() && running.created_at < now {
                    let cancel = request_cancel(&mut running, now);
                    changes.writes.extend(cancel.writes);
                    changes.events.extend(cancel.events);
                }
            }
        }
    }
    let origin = Origin::Schedule { schedule_id: schedule.id, due_at };
    Verdict::Fire(Box::new(Execution { id: ExecutionId::new(), origin, ..pattern.clone() }))
}
