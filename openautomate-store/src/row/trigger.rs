//! Triggers, their firings, and what they are due for.

use openautomate_core::domain::{DueTrigger, Trigger, TriggerFiring};
use openautomate_core::id::{EnvironmentId, ExecutionId, PackageId, TriggerId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, Word, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Trigger {
    table!(
        "trigger",
        "triggers",
        [
            name,
            package_id,
            environment_id,
            source,
            source_package_id,
            source_states,
            watched,
            inputs,
            mapping,
            is_active,
            sealed,
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
            .bind(Json(&self.source))
            .bind(self.source.package_id().map(|id| *id.as_uuid()))
            .bind(states(self))
            .bind(self.source.watched().map(Word))
            .bind(Json(&self.inputs))
            .bind(Json(&self.mapping))
            .bind(self.is_active)
            .bind(self.sealed.as_deref())
            .bind(self.created_by_id.as_uuid())
            .bind(micros(self.created_at))
            .bind(micros(self.updated_at))
            .bind(micros_of(self.deleted_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: TriggerId::from_uuid(columns.uuid("id")?),
            name: columns.get("name")?,
            package_id: PackageId::from_uuid(columns.uuid("package_id")?),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            source: columns.json("source")?,
            inputs: columns.json("inputs")?,
            mapping: columns.json("mapping")?,
            is_active: columns.get("is_active")?,
            sealed: columns.get("sealed")?,
            created_by_id: UserId::from_uuid(columns.uuid("created_by_id")?),
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
            deleted_at: columns.time_or_none("deleted_at")?,
            revision: columns.get("revision")?,
        })
    }
}

/// The states that are waited for, with blanks between. None is a part of another.
fn states(trigger: &Trigger) -> String {
    let states: Vec<String> = trigger.source.states().iter().map(|state| format!("{state:?}")).collect();
    states.join(" ")
}

pub(crate) fn read_trigger_firing<R: Row>(row: &R) -> Result<TriggerFiring> {
    let columns = Columns::of(row, "trigger firing");
    Ok(TriggerFiring {
        trigger_id: TriggerId::from_uuid(columns.uuid("trigger_id")?),
        key: columns.get("key")?,
        after: columns.uuid_or_none("after_execution_id")?.map(ExecutionId::from_uuid),
        fired_at: columns.time("fired_at")?,
        execution_id: columns.uuid_or_none("execution_id")?.map(ExecutionId::from_uuid),
        skipped: columns.get("skipped")?,
    })
}

pub(crate) fn read_due_trigger<R: Row>(row: &R) -> Result<DueTrigger> {
    let columns = Columns::of(row, "due trigger");
    Ok(DueTrigger {
        trigger_id: TriggerId::from_uuid(columns.uuid("trigger_id")?),
        execution_id: ExecutionId::from_uuid(columns.uuid("execution_id")?),
    })
}
