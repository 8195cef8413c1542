//! Schedules, their firings, and calendars.

use async_trait::async_trait;

use super::MemoryStore;
use super::read::{page, schedule_of};
use super::state::State;
use crate::clock::Timestamp;
use crate::domain::{Calendar, Execution, ExecutionState, Firing, Schedule};
use crate::error::Result;
use crate::id::{CalendarId, PackageId, ScheduleId};
use crate::query::{FiringFilter, Page, PageRequest};
use crate::store::{CalendarStore, ScheduleStore};

#[async_trait]
impl ScheduleStore for MemoryStore {
    async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>> {
        Ok(self.state().schedules.get(&id).cloned())
    }

    async fn schedules(&self, package: Option<PackageId>, request: PageRequest) -> Result<Page<Schedule>> {
        let state = self.state();
        Ok(page(
            state.schedules.values().rev(),
            request,
            |row| *row.id.as_uuid(),
            |row| row.deleted_at.is_none() && package.is_none_or(|id| id == row.package_id),
        ))
    }

    async fn due_schedules(&self, now: Timestamp, limit: u32) -> Result<Vec<Schedule>> {
        let state = self.state();
        let firing = state.schedules.values().filter_map(|row| Some((next_fire(row)?, row)));
        Ok(first(firing.filter(|(at, _)| *at <= now), limit))
    }

    async fn next_fire(&self) -> Result<Option<Timestamp>> {
        Ok(self.state().schedules.values().filter_map(next_fire).min())
    }

    async fn queued_schedules(&self, limit: u32) -> Result<Vec<Schedule>> {
        let state = self.state();
        let is_free = |id| !state.open_executions().any(|row| schedule_of(row) == Some(id));
        Ok(first(queued(&state).filter(|(_, row)| is_free(row.id)), limit))
    }

    async fn has_queued(&self) -> Result<bool> {
        Ok(queued(&self.state()).next().is_some())
    }

    async fn firings(&self, schedule: ScheduleId, filter: FiringFilter, limit: u32) -> Result<Vec<Firing>> {
        let state = self.state();
        let all = (schedule, Timestamp::MIN_UTC)..=(schedule, Timestamp::MAX_UTC);
        let wanted = state.firings.range(all).rev().map(|(_, firing)| firing).filter(|firing| {
            filter.from.is_none_or(|from| firing.due_at >= from)
                && filter.before.is_none_or(|before| firing.due_at < before)
        });
        Ok(wanted.take(limit as usize).cloned().collect())
    }

    async fn failures_in_a_row(
        &self,
        schedule: ScheduleId,
        since: Option<Timestamp>,
        most: u32,
    ) -> Result<u32> {
        let state = self.state();
        let mut ended: Vec<&Execution> = state
            .executions
            .values()
            .filter(|row| schedule_of(row) == Some(schedule))
            .filter(|row| row.ended_at.is_some() && since.is_none_or(|since| row.ended_at > Some(since)))
            .filter(|row| row.state.is_terminal() && row.state != ExecutionState::Cancelled)
            .collect();
        ended.sort_by_key(|row| std::cmp::Reverse((row.ended_at, row.id)));
        let failed = ended.iter().take(most as usize);
        let failed = failed.take_while(|row| row.state != ExecutionState::Succeeded).count();
        Ok(u32::try_from(failed).unwrap_or(most))
    }

    async fn not_started(&self, after: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<Execution>> {
        let state = self.state();
        let waits = |row: &&Execution| {
            row.state == ExecutionState::Pending
                && row.started_at.is_none()
                && schedule_of(row).is_some()
                && row.run_at > after
                && row.run_at <= until
        };
        let mut waiting: Vec<&Execution> = state.open_executions().filter(waits).collect();
        waiting.sort_by_key(|row| (row.run_at, row.id));
        Ok(waiting.into_iter().take(limit as usize).cloned().collect())
    }
}

#[async_trait]
impl CalendarStore for MemoryStore {
    async fn calendar(&self, id: CalendarId) -> Result<Option<Calendar>> {
        Ok(self.state().calendars.get(&id).cloned())
    }

    async fn calendars(&self, request: PageRequest) -> Result<Page<Calendar>> {
        let state = self.state();
        Ok(page(state.calendars.values().rev(), request, |row| *row.id.as_uuid(), |_| true))
    }

    async fn schedules_of_calendar(&self, id: CalendarId, limit: u32) -> Result<Vec<Schedule>> {
        let state = self.state();
        let using = state.schedules.values();
        let using = using.filter(|row| row.calendar_id == Some(id) && row.deleted_at.is_none());
        Ok(using.take(limit as usize).cloned().collect())
    }
}

/// When a schedule fires next, if it fires at all.
fn next_fire(schedule: &Schedule) -> Option<Timestamp> {
    schedule.next_fire().filter(|_| schedule.is_active && schedule.deleted_at.is_none())
}

/// The schedules with a due time that waits.
fn queued(state: &State) -> impl Iterator<Item = (Timestamp, &Schedule)> {
    let kept = state.schedules.values().filter(|row| row.deleted_at.is_none());
    kept.filter_map(|row| Some((row.queued_due?, row)))
}

/// The first schedules by an instant, then by id.
fn first<'a>(schedules: impl Iterator<Item = (Timestamp, &'a Schedule)>, limit: u32) -> Vec<Schedule> {
    let mut found: Vec<_> = schedules.collect();
    found.sort_by_key(|(at, row)| (*at, row.id));
    found.into_iter().take(limit as usize).map(|(_, row)| row.clone()).collect()
}
