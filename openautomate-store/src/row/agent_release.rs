//! Releases of the agent program, and their way to agents.

use openautomate_core::domain::{AgentRelease, AgentRollout, AgentUpdate};
use openautomate_core::id::{AgentId, AgentReleaseId, AgentRolloutId, AgentUpdateId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, Word, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for AgentRelease {
    table!(
        "agent release",
        "agent_releases",
        [version, manifest, signature, files, created_by, created_at, deleted_at]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.version)
            .bind(&self.manifest)
            .bind(Json(&self.signature))
            .bind(Json(&self.files))
            .bind(self.created_by.as_uuid())
            .bind(micros(self.created_at))
            .bind(micros_of(self.deleted_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: AgentReleaseId::from_uuid(columns.uuid("id")?),
            version: columns.get("version")?,
            manifest: columns.get("manifest")?,
            signature: columns.json("signature")?,
            files: columns.json("files")?,
            created_by: UserId::from_uuid(columns.uuid("created_by")?),
            created_at: columns.time("created_at")?,
            deleted_at: columns.time_or_none("deleted_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for AgentRollout {
    table!(
        "agent rollout",
        "agent_rollouts",
        [
            release_id,
            target,
            stages,
            soak_ms,
            deadline_ms,
            in_windows,
            state,
            stage,
            stage_healthy_at,
            reason,
            created_by,
            created_at,
            ended_at
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
            .bind(self.release_id.as_uuid())
            .bind(Json(&self.target))
            .bind(Json(&self.stages))
            .bind(self.soak_ms.cast_signed())
            .bind(self.deadline_ms.cast_signed())
            .bind(self.in_windows)
            .bind(Word(&self.state))
            .bind(self.stage)
            .bind(micros_of(self.stage_healthy_at))
            .bind(self.reason.as_deref())
            .bind(self.created_by.as_uuid())
            .bind(micros(self.created_at))
            .bind(micros_of(self.ended_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: AgentRolloutId::from_uuid(columns.uuid("id")?),
            release_id: AgentReleaseId::from_uuid(columns.uuid("release_id")?),
            target: columns.json("target")?,
            stages: columns.json("stages")?,
            soak_ms: columns.unsigned("soak_ms")?,
            deadline_ms: columns.unsigned("deadline_ms")?,
            in_windows: columns.get("in_windows")?,
            state: columns.word("state")?,
            stage: columns.count("stage")?,
            stage_healthy_at: columns.time_or_none("stage_healthy_at")?,
            reason: columns.get("reason")?,
            created_by: UserId::from_uuid(columns.uuid("created_by")?),
            created_at: columns.time("created_at")?,
            ended_at: columns.time_or_none("ended_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for AgentUpdate {
    table!("agent update", "agent_updates", [rollout_id, agent_id, stage, state, reason, changed_at]);

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(self.rollout_id.as_uuid())
            .bind(self.agent_id.as_uuid())
            .bind(self.stage)
            .bind(Word(&self.state))
            .bind(self.reason.as_deref())
            .bind(micros(self.changed_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: AgentUpdateId::from_uuid(columns.uuid("id")?),
            rollout_id: AgentRolloutId::from_uuid(columns.uuid("rollout_id")?),
            agent_id: AgentId::from_uuid(columns.uuid("agent_id")?),
            stage: columns.count("stage")?,
            state: columns.word("state")?,
            reason: columns.get("reason")?,
            changed_at: columns.time("changed_at")?,
            revision: columns.get("revision")?,
        })
    }
}
