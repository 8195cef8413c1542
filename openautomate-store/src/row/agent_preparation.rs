//! What agents said of versions.

use openautomate_core::clock::Timestamp;
use openautomate_core::domain::AgentPreparation;
use openautomate_core::id::{AgentId, VersionId};

use crate::driver::{Columns, Row, Statement, Word, micros, query};
use crate::error::Result;

/// Keeps a word, as [`AgentPreparation::replaces`] says.
pub(crate) fn note_preparation(word: &AgentPreparation) -> Statement {
    const NOTE: &str = "INSERT INTO agent_preparations (agent_id, version_id, state, reason, at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (agent_id, version_id) DO UPDATE
            SET state = excluded.state, reason = excluded.reason, at = excluded.at
        WHERE excluded.at >= agent_preparations.at
            AND (excluded.state <> agent_preparations.state
                OR coalesce(excluded.reason, '') <> coalesce(agent_preparations.reason, '')
                OR excluded.at - agent_preparations.at > 86400000000)";
    query(NOTE)
        .bind(word.agent_id.as_uuid())
        .bind(word.version_id.as_uuid())
        .bind(Word(&word.state))
        .bind(word.reason.as_deref())
        .bind(micros(word.at))
}

/// Forgets what an agent said before an instant.
pub(crate) fn forget_preparations(agent: AgentId, before: Timestamp) -> Statement {
    query("DELETE FROM agent_preparations WHERE agent_id = $1 AND at < $2")
        .bind(agent.as_uuid())
        .bind(micros(before))
}

pub(crate) fn read_preparation<R: Row>(row: &R) -> Result<AgentPreparation> {
    let columns = Columns::of(row, "preparation");
    Ok(AgentPreparation {
        agent_id: AgentId::from_uuid(columns.uuid("agent_id")?),
        version_id: VersionId::from_uuid(columns.uuid("version_id")?),
        state: columns.word("state")?,
        reason: columns.get("reason")?,
        at: columns.time("at")?,
    })
}
