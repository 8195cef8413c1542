//! Attempts. They are written by the operations of the lease alone.

use openautomate_core::domain::{Attempt, Lease};
use openautomate_core::id::{AgentId, ExecutionId};

use crate::driver::{Columns, Row};
use crate::error::Result;

pub(crate) fn read_attempt<R: Row>(row: &R) -> Result<Attempt> {
    let columns = Columns::of(row, "attempt");
    let execution = ExecutionId::from_uuid(columns.uuid("execution_id")?);
    Ok(Attempt {
        lease: Lease { execution, epoch: columns.count("epoch")? },
        agent_id: AgentId::from_uuid(columns.uuid("agent_id")?),
        state: columns.word("state")?,
        assigned_at: columns.time("assigned_at")?,
        started_at: columns.time_or_none("started_at")?,
        ended_at: columns.time_or_none("ended_at")?,
        error: columns.json_or_none("error")?,
        exit_code: columns.get("exit_code")?,
        report: columns.json_or_none("report")?,
        stored_log_seq: columns.unsigned("stored_log_seq")?,
        final_log_seq: columns.unsigned_or_none("final_log_seq")?,
    })
}
