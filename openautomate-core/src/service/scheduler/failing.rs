//! Schedules that pause by themselves, because their executions fail.
//!
//! The failures are counted in the rows of the executions, whenever it matters: there is no counter that a crash or a
//! race could leave wrong. A firing and a pause are commits at the schedule's revision, so no due time makes an
//! execution once enough failures were stored before it was decided on.

use serde_json::json;

use super::Scheduler;
use crate::changes::Event;
use crate::clock::Timestamp;
use crate::command::schedule::pause;
use crate::domain::{AuditEntry, Origin, Schedule};
use crate::error::Result;
use crate::id::{AuditId, ExecutionId};
use crate::permission::Actor;

impl Scheduler {
    /// Whether an active schedule has failed often enough to pause.
    pub(super) async fn is_failing(&self, schedule: &Schedule) -> Result<bool> {
        let Some(most) = schedule.pause_after_failures.filter(|_| schedule.is_active) else {
            return Ok(false);
        };
        let store = self.orchestrator.store();
        Ok(store.failures_in_a_row(schedule.id, schedule.resumed_at, most).await? >= most)
    }

    /// Pauses the schedule of an execution that failed, if it failed often enough.
    pub(super) async fn pause_after_failure(&self, execution: ExecutionId) -> Result<()> {
        let store = self.orchestrator.store();
        let Some(execution) = store.execution(execution).await? else { return Ok(()) };
        let Origin::Schedule { schedule_id, .. } = execution.origin else { return Ok(()) };
        loop {
            let Some(schedule) = store.schedule(schedule_id).await? else { return Ok(()) };
            if schedule.deleted_at.is_some() || !self.is_failing(&schedule).await? {
                return Ok(());
            }
            match self.pause_failing(schedule, self.orchestrator.clock().now()).await {
                // It was changed or fired meanwhile; perhaps another server paused it.
                Err(error) if error.is_stale_row() => {}
                other => return other,
            }
        }
    }

    pub(super) async fn pause_failing(&self, mut schedule: Schedule, now: Timestamp) -> Result<()> {
        let failures = schedule.pause_after_failures.unwrap_or_default();
        let reason = match failures {
            1 => "an execution failed".to_owned(),
            _ => format!("{failures} executions in a row failed"),
        };
        let actor = Actor::system().to_ref();
        let entry = AuditEntry {
            id: AuditId::new(),
            at: now,
            actor: actor.clone(),
            action: "schedule.pause".to_owned(),
            object_kind: "schedule".to_owned(),
            object_id: schedule.id.to_string(),
            detail: json!({"name": schedule.name, "reason": reason}),
            request_id: None,
            ip_address: None,
            seal: None,
        };
        tracing::warn!(schedule = %schedule.id, failures, "a schedule pauses, because its executions fail");
        let schedule_id = schedule.id;
        let changes = pause(&mut schedule, actor, reason, now)
            .audited(entry)
            .event(Event::SchedulePaused { schedule_id });
        self.commit(changes).await.map(|_| ())
    }
}
