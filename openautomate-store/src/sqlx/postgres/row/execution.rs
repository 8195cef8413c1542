//! Executions.

use openautomate_core::domain::{Execution, ExecutionSummary, Origin};
use openautomate_core::id::{AgentId, EnvironmentId, ExecutionId, PackageId, VersionId};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::types::Uuid;

use crate::sqlx::error::Result;
use crate::sqlx::postgres::column::{Columns, Json, Word, column, micros, micros_of};
use crate::sqlx::postgres::table::{Statement, Table, table};

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
            inputs,
            outputs,
            error,
            error_message,
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
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, statement: Statement) -> Statement {
        statement
            .bind(self.package_id.as_uuid())
            .bind(self.version_id.as_uuid())
            .bind(self.environment_id.as_uuid())
            .bind(Word(self.state))
            .bind(self.priority)
            .bind(sqlx::types::Json(&self.labels))
            .bind(self.pinned_agent_id.map(|id| *id.as_uuid()))
            .bind(Json(&self.inputs))
            .bind(self.outputs.as_ref().map(Json))
            .bind(self.error.as_ref().map(Json))
            .bind(self.error.as_ref().map(|error| Json(&error.message)))
            .bind(Json(&self.origin))
            .bind(schedule_of(self))
            .bind(Json(&self.retry))
            .bind(self.timeout_ms.map(u64::cast_signed))
            .bind(micros(self.run_at))
            .bind(i64::from(self.lease_epoch))
            .bind(self.agent_id.map(|id| *id.as_uuid()))
            .bind(micros_of(self.lease_until))
            .bind(i64::from(self.failed_attempts))
            .bind(self.progress.as_ref().map(Json))
            .bind(micros_of(self.cancel_requested_at))
            .bind(micros(self.created_at))
            .bind(micros_of(self.started_at))
            .bind(micros_of(self.ended_at))
    }

    fn read(row: &PgRow) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: ExecutionId::from_uuid(columns.uuid("id")?),
            package_id: PackageId::from_uuid(columns.uuid("package_id")?),
            version_id: VersionId::from_uuid(columns.uuid("version_id")?),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            state: columns.word("state")?,
            priority: columns.get("priority")?,
            labels: columns.get::<sqlx::types::Json<_>>("labels")?.0,
            pinned_agent_id: columns.uuid_or_none("pinned_agent_id")?.map(AgentId::from_uuid),
            inputs: columns.json("inputs")?,
            outputs: columns.json_or_none("outputs")?,
            error: columns.json_or_none("error")?,
            origin: columns.json("origin")?,
            retry: columns.json("retry")?,
            timeout_ms: columns.unsigned_or_none("timeout_ms")?,
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

fn schedule_of(execution: &Execution) -> Option<Uuid> {
    match &execution.origin {
        Origin::Schedule { schedule_id, .. } => Some(*schedule_id.as_uuid()),
        _ => None,
    }
}

/// Writes new executions as they are given, in one statement.
pub(in crate::sqlx::postgres) async fn insert_executions(
    rows: &[&Execution],
    connection: &mut PgConnection,
) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO executions (id, package_id, version_id, environment_id, state, priority,
            labels, pinned_agent_id, inputs, outputs, error, error_message, origin, schedule_id, retry,
            timeout_ms, run_at, lease_epoch, agent_id, lease_until, failed_attempts, progress,
            cancel_requested_at, created_at, started_at, ended_at, revision)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::integer[],
            $7::jsonb[], $8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
            $14::uuid[], $15::text[], $16::bigint[], $17::bigint[], $18::bigint[], $19::uuid[], $20::bigint[],
            $21::bigint[], $22::text[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[],
            $27::bigint[])";
    sqlx::query(INSERT)
        .bind(column(rows, |row| *row.id.as_uuid()))
        .bind(column(rows, |row| *row.package_id.as_uuid()))
        .bind(column(rows, |row| *row.version_id.as_uuid()))
        .bind(column(rows, |row| *row.environment_id.as_uuid()))
        .bind(column(rows, |row| Word(row.state)))
        .bind(column(rows, |row| row.priority))
        .bind(column(rows, |row| sqlx::types::Json(&row.labels)))
        .bind(column(rows, |row| row.pinned_agent_id.map(|id| *id.as_uuid())))
        .bind(column(rows, |row| Json(&row.inputs)))
        .bind(column(rows, |row| row.outputs.as_ref().map(Json)))
        .bind(column(rows, |row| row.error.as_ref().map(Json)))
        .bind(column(rows, |row| row.error.as_ref().map(|error| Json(&error.message))))
        .bind(column(rows, |row| Json(&row.origin)))
        .bind(column(rows, schedule_of))
        .bind(column(rows, |row| Json(&row.retry)))
        .bind(column(rows, |row| row.timeout_ms.map(u64::cast_signed)))
        .bind(column(rows, |row| micros(row.run_at)))
        .bind(column(rows, |row| i64::from(row.lease_epoch)))
        .bind(column(rows, |row| row.agent_id.map(|id| *id.as_uuid())))
        .bind(column(rows, |row| micros_of(row.lease_until)))
        .bind(column(rows, |row| i64::from(row.failed_attempts)))
        .bind(column(rows, |row| row.progress.as_ref().map(Json)))
        .bind(column(rows, |row| micros_of(row.cancel_requested_at)))
        .bind(column(rows, |row| micros(row.created_at)))
        .bind(column(rows, |row| micros_of(row.started_at)))
        .bind(column(rows, |row| micros_of(row.ended_at)))
        .bind(column(rows, |row| row.revision))
        .execute(connection)
        .await?;
    Ok(())
}

/// Reads what `execution::SUMMARY_COLUMNS` selects.
pub(in crate::sqlx::postgres) fn read_summary(row: &PgRow) -> Result<ExecutionSummary> {
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
