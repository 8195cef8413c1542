//! How busy agents' machines were.

use openautomate_core::domain::{Usage, UsagePoint};
use openautomate_core::id::AgentId;

use crate::driver::{Columns, Row, Statement, micros, query};
use crate::error::{Error, Result};

/// Keeps a point, if it is later than the one in its place.
pub(crate) fn note_usage(agent: AgentId, point: &UsagePoint) -> Statement {
    const NOTE: &str = "INSERT INTO agent_usage (agent_id, slot, at, cpu_permille, memory_used_bytes)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (agent_id, slot) DO UPDATE SET at = excluded.at, cpu_permille = excluded.cpu_permille,
            memory_used_bytes = excluded.memory_used_bytes WHERE excluded.at > agent_usage.at";
    query(NOTE)
        .bind(agent.as_uuid())
        .bind(point.slot())
        .bind(micros(point.at))
        .bind(u32::from(point.usage.cpu_permille))
        .bind(point.usage.memory_used_bytes.cast_signed())
}

pub(crate) fn read_usage<R: Row>(row: &R) -> Result<UsagePoint> {
    let columns = Columns::of(row, "usage");
    let cpu_permille = u16::try_from(columns.count("cpu_permille")?)
        .map_err(|error| Error::Row { what: "usage", source: error.into() })?;
    let memory_used_bytes = columns.unsigned("memory_used_bytes")?;
    Ok(UsagePoint { at: columns.time("at")?, usage: Usage { cpu_permille, memory_used_bytes } })
}
