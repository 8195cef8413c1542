//! Executions.

use openautomate_core::domain::{Concurrency, Execution, ExecutionSummary, Origin, Requirements};
use openautomate_core::id::{AgentId, EnvironmentId, ExecutionId, PackageId, PoolId, VersionId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Jsonb, Row, Statement, Word, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Execution {
    table!(
        "execution",
        "executions",
        [
            package_id,
            version_id,
            environment_id,
            state,
            priority,
            labels,
            pinned_agent_id,
            required_os,
            required_python,
            pool_id,
            concurrency_key,
            concurrency_limit,
            queue_timeout_ms,
            inputs,
            outputs,
            error,
            origin,
            schedule_id,
            retry,
            timeout_ms,
            run_at,
            lease_epoch,
            agent_id,
            lease_until,
            failed_attempts,
            progress,
            cancel_requested_at,
            created_at,
            started_at,
            ended_at
        ]
        // Where the lists look for it; SQLite takes it out of `error`.
        postgres [error_message]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, dialect: Dialect, statement: Statement) -> Statement {
        let statement = statement
            .bind(self.package_id.as_uuid())
            .bind(self.version_id.as_uuid())
            .bind(self.environment_id.as_uuid())
            .bind(Word(self.state))
            .bind(self.priority)
            .bind(Jsonb(&self.labels))
            .bind(self.pinned_agent_id.map(|id| *id.as_uuid()))
            .bind(self.requirements.os.as_deref())
            .bind(self.requirements.python.as_ref().map(Jsonb))
            .bind(self.requirements.pool_id.map(|id| *id.as_uuid()))
            .bind(self.concurrency.as_ref().map(|group| group.key.as_str()))
            .bind(self.concurrency.as_ref().map(|group| group.limit))
            .bind(self.queue_timeout_ms.map(u64::cast_signed))
            .bind(Json(&self.inputs))
            .bind(self.outputs.as_ref().map(Json))
            .bind(self.error.as_ref().map(Json))
            .bind(Json(&self.origin))
            .bind(schedule_of(self))
            .bind(Json(&self.retry))
            .bind(self.timeout_ms.map(u64::cast_signed))
            .bind(micros(self.run_at))
            .bind(self.lease_epoch)
            .bind(self.agent_id.map(|id| *id.as_uuid()))
            .bind(micros_of(self.lease_until))
            .bind(self.failed_attempts)
            .bind(self.progress.as_ref().map(Json))
            .bind(micros_of(self.cancel_requested_at))
            .bind(micros(self.created_at))
            .bind(micros_of(self.started_at))
            .bind(micros_of(self.ended_at));
        match dialect {
            Dialect::Postgres => statement.bind(self.error.as_ref().map(|error| Json(&error.message))),
            Dialect::Sqlite => statement,
        }
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: ExecutionId::from_uuid(columns.uuid("id")?),
            package_id: PackageId::from_uuid(columns.uuid("package_id")?),
            version_id: VersionId::from_uuid(columns.uuid("version_id")?),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            state: columns.word("state")?,
            priority: columns.get("priority")?,
            labels: columns.jsonb("labels")?,
            pinned_agent_id: columns.uuid_or_none("pinned_agent_id")?.map(AgentId::from_uuid),
            requirements: Requirements {
                os: columns.get("required_os")?,
                python: columns.jsonb_or_none("required_python")?,
                pool_id: columns.uuid_or_none("pool_id")?.map(PoolId::from_uuid),
            },
            concurrency: read_concurrency(&columns)?,
            inputs: columns.json("inputs")?,
            outputs: columns.json_or_none("outputs")?,
            error: columns.json_or_none("error")?,
            origin: columns.json("origin")?,
            retry: columns.json("retry")?,
            timeout_ms: columns.unsigned_or_none("timeout_ms")?,
            queue_timeout_ms: columns.unsigned_or_none("queue_timeout_ms")?,
            run_at: columns.time("run_at")?,
            lease_epoch: columns.count("lease_epoch")?,
            agent_id: columns.uuid_or_none("agent_id")?.map(AgentId::from_uuid),
            lease_until: columns.time_or_none("lease_until")?,
            failed_attempts: columns.count("failed_attempts")?,
            progress: columns.json_or_none("progress")?,
            cancel_requested_at: columns.time_or_none("cancel_requested_at")?,
            created_at: columns.time("created_at")?,
            started_at: columns.time_or_none("started_at")?,
            ended_at: columns.time_or_none("ended_at")?,
            revision: columns.get("revision")?,
        })
    }
}

/// The group of an execution.
pub(crate) fn read_concurrency<R: Row>(columns: &Columns<'_, R>) -> Result<Option<Concurrency>> {
    let key: Option<String> = columns.get("concurrency_key")?;
    let limit = columns.count_or_none("concurrency_limit")?;
    Ok(key.zip(limit).map(|(key, limit)| Concurrency { key, limit }))
}

/// The schedule that an execution is from.
pub(crate) fn schedule_of(execution: &Execution) -> Option<Uuid> {
    match &execution.origin {
        Origin::Schedule { schedule_id, .. } => Some(*schedule_id.as_uuid()),
        _ => None,
    }
}

/// Reads what `execution::SUMMARY_COLUMNS` selects.
pub(crate) fn read_summary<R: Row>(row: &R) -> Result<ExecutionSummary> {
    let columns = Columns::of(row, "execution");
    Ok(ExecutionSummary {
        id: ExecutionId::from_uuid(columns.uuid("id")?),
        package_id: PackageId::from_uuid(columns.uuid("package_id")?),
        package_name: columns.get("package_name")?,
        version_id: VersionId::from_uuid(columns.uuid("version_id")?),
        version_number: columns.get("version_number")?,
        environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
        state: columns.word("state")?,
        priority: columns.get("priority")?,
        origin: columns.json("origin")?,
        agent_id: columns.uuid_or_none("agent_id")?.map(AgentId::from_uuid),
        lease_epoch: columns.count("lease_epoch")?,
        error_message: columns.json_or_none("error_message")?,
        progress: columns.json_or_none("progress")?,
        cancel_requested_at: columns.time_or_none("cancel_requested_at")?,
        created_at: columns.time("created_at")?,
        started_at: columns.time_or_none("started_at")?,
        ended_at: columns.time_or_none("ended_at")?,
    })
}
