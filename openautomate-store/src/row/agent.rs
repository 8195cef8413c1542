//! Agents, their pools, and the tokens that enrol them.

use openautomate_core::domain::{Agent, AgentPool, EnrolmentToken};
use openautomate_core::id::{AgentId, EnrolmentTokenId, EnvironmentId, PoolId, UserId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, Word, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Agent {
    table!(
        "agent",
        "agents",
        [
            name, machine_name, ip_address, status, environment_id, owner_id, labels, pool_ids, drain_until,
            maintenance_windows, public_key, quarantine, registered_at, deleted_at
        ]
        // Connecting and heartbeats write these without raising the revision: a command's may be older.
        keeps [slots, facts, last_heartbeat]
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
            .bind(&self.machine_name)
            .bind(&self.ip_address)
            .bind(Word(self.status))
            .bind(self.environment_id.as_uuid())
            .bind(self.owner_id.as_uuid())
            .bind(Json(&self.labels))
            .bind(Json(&self.pool_ids))
            .bind(micros_of(self.drain_until))
            .bind(Json(&self.maintenance_windows))
            .bind(self.public_key.as_ref().map(|key| &key[..]))
            .bind(self.quarantine.as_ref().map(Json))
            .bind(micros(self.registered_at))
            .bind(micros_of(self.deleted_at))
            .bind(self.slots)
            .bind(Json(&self.facts))
            .bind(micros(self.last_heartbeat))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: AgentId::from_uuid(columns.uuid("id")?),
            name: columns.get("name")?,
            machine_name: columns.get("machine_name")?,
            ip_address: columns.get("ip_address")?,
            status: columns.word("status")?,
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            owner_id: UserId::from_uuid(columns.uuid("owner_id")?),
            labels: columns.json("labels")?,
            pool_ids: columns.json("pool_ids")?,
            drain_until: columns.time_or_none("drain_until")?,
            maintenance_windows: columns.json("maintenance_windows")?,
            slots: columns.count("slots")?,
            public_key: columns.hash_or_none("public_key")?,
            quarantine: columns.json_or_none("quarantine")?,
            facts: columns.json("facts")?,
            registered_at: columns.time("registered_at")?,
            last_heartbeat: columns.time("last_heartbeat")?,
            deleted_at: columns.time_or_none("deleted_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for AgentPool {
    table!("agent pool", "agent_pools", [environment_id, name, description, created_at, deleted_at]);

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(self.environment_id.as_uuid())
            .bind(&self.name)
            .bind(&self.description)
            .bind(micros(self.created_at))
            .bind(micros_of(self.deleted_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: PoolId::from_uuid(columns.uuid("id")?),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            name: columns.get("name")?,
            description: columns.get("description")?,
            created_at: columns.time("created_at")?,
            deleted_at: columns.time_or_none("deleted_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for EnrolmentToken {
    table!(
        "enrolment token",
        "enrolment_tokens",
        [token_hash, agent_id, environment_id, labels, created_by, created_at, expires_at, used_at]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.token_hash[..])
            .bind(self.agent_id.map(|id| *id.as_uuid()))
            .bind(self.environment_id.as_uuid())
            .bind(Json(&self.labels))
            .bind(self.created_by.as_uuid())
            .bind(micros(self.created_at))
            .bind(micros(self.expires_at))
            .bind(micros_of(self.used_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: EnrolmentTokenId::from_uuid(columns.uuid("id")?),
            token_hash: columns.hash("token_hash")?,
            agent_id: columns.uuid_or_none("agent_id")?.map(AgentId::from_uuid),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            labels: columns.json("labels")?,
            created_by: UserId::from_uuid(columns.uuid("created_by")?),
            created_at: columns.time("created_at")?,
            expires_at: columns.time("expires_at")?,
            used_at: columns.time_or_none("used_at")?,
            revision: columns.get("revision")?,
        })
    }
}

/// The id of an agent and its revision, from those two columns.
pub(crate) fn read_revision<R: Row>(row: &R) -> Result<(AgentId, i64)> {
    let columns = Columns::of(row, "agent");
    Ok((AgentId::from_uuid(columns.uuid("id")?), columns.get("revision")?))
}
