//! Schedules and firings.

use openautomate_core::domain::{Firing, Schedule};
use openautomate_core::id::{CalendarId, EnvironmentId, ExecutionId, PackageId, ScheduleId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, Word, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Schedule {
    table!(
        "schedule",
        "schedules",
        [
            name,
            package_id,
            environment_id,
            cron_expression,
            time_zone,
            dst_gap,
            dst_overlap,
            misfire,
            max_catchup,
            catchup_window_ms,
            overlap,
            inputs,
            options,
            starts_at,
            ends_at,
            jitter_ms,
            calendar_id,
            calendar_rule,
            pause_after_failures,
            is_active,
            pause,
            resumed_at,
            next_due,
            delay_ms,
            queued_due,
            last_due,
            created_by_id,
            created_at,
            updated_at,
            deleted_at
        ]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.name)
            .bind(self.package_id.as_uuid())
            .bind(self.environment_id.as_uuid())
            .bind(&self.cron_expression)
            .bind(&self.time_zone)
            .bind(Word(&self.dst_gap))
            .bind(Word(&self.dst_overlap))
            .bind(Word(&self.misfire))
            .bind(self.max_catchup)
            .bind(self.catchup_window_ms.cast_signed())
            .bind(Word(&self.overlap))
            .bind(Json(&self.inputs))
            .bind(Json(&self.options))
            .bind(micros_of(self.starts_at))
            .bind(micros_of(self.ends_at))
            .bind(self.jitter_ms.cast_signed())
            .bind(self.calendar_id.map(|id| *id.as_uuid()))
            .bind(Word(&self.calendar_rule))
            .bind(self.pause_after_failures.map(i64::from))
            .bind(self.is_active)
            .bind(self.pause.as_ref().map(Json))
            .bind(micros_of(self.resumed_at))
            .bind(micros_of(self.next_due))
            .bind(self.delay_ms.cast_signed())
            .bind(micros_of(self.queued_due))
            .bind(micros_of(self.last_due))
            .bind(self.created_by_id.as_uuid())
            .bind(micros(self.created_at))
            .bind(micros(self.updated_at))
            .bind(micros_of(self.deleted_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: ScheduleId::from_uuid(columns.uuid("id")?),
            name: columns.get("name")?,
            package_id: PackageId::from_uuid(columns.uuid("package_id")?),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            cron_expression: columns.get("cron_expression")?,
            time_zone: columns.get("time_zone")?,
            dst_gap: columns.word("dst_gap")?,
            dst_overlap: columns.word("dst_overlap")?,
            misfire: columns.word("misfire")?,
            max_catchup: columns.count("max_catchup")?,
            catchup_window_ms: columns.unsigned("catchup_window_ms")?,
            overlap: columns.word("overlap")?,
            inputs: columns.json("inputs")?,
            options: columns.json("options")?,
            starts_at: columns.time_or_none("starts_at")?,
            ends_at: columns.time_or_none("ends_at")?,
            jitter_ms: columns.unsigned("jitter_ms")?,
            calendar_id: columns.uuid_or_none("calendar_id")?.map(CalendarId::from_uuid),
            calendar_rule: columns.word("calendar_rule")?,
            pause_after_failures: columns.count_or_none("pause_after_failures")?,
            is_active: columns.get("is_active")?,
            pause: columns.json_or_none("pause")?,
            resumed_at: columns.time_or_none("resumed_at")?,
            next_due: columns.time_or_none("next_due")?,
            delay_ms: columns.unsigned("delay_ms")?,
            queued_due: columns.time_or_none("queued_due")?,
            last_due: columns.time_or_none("last_due")?,
            created_by_id: UserId::from_uuid(columns.uuid("created_by_id")?),
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
            deleted_at: columns.time_or_none("deleted_at")?,
            revision: columns.get("revision")?,
        })
    }
}

pub(crate) fn read_firing<R: Row>(row: &R) -> Result<Firing> {
    let columns = Columns::of(row, "firing");
    Ok(Firing {
        schedule_id: ScheduleId::from_uuid(columns.uuid("schedule_id")?),
        due_at: columns.time("due_at")?,
        fired_at: columns.time("fired_at")?,
        execution_id: columns.uuid_or_none("execution_id")?.map(ExecutionId::from_uuid),
        skipped: columns.get("skipped")?,
        cause: columns.word("cause")?,
        requested_by: columns.uuid_or_none("requested_by")?.map(UserId::from_uuid),
        due_times: columns.unsigned("due_times")?,
        schedule_revision: columns.get("schedule_revision")?,
    })
}
