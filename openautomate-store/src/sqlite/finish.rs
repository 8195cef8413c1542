//! Ending attempts: by their agent's word, or because their lease ran out.

use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{AttemptState, Execution, RunResult};
use openautomate_core::error::Error as CoreError;
use openautomate_core::id::AgentId;
use openautomate_core::store::{FinishAttempt, Finished};

use super::group_commit::Operation;
use super::work_queue::give_back_items;
use crate::driver::{Columns, Connection, Json, Word, micros, micros_of, query};
use crate::ended::{agent_lost, ended};
use crate::error::Result;
use crate::table::Table;

pub(super) struct Finish(pub(super) FinishAttempt);

impl Operation for Finish {
    type Output = Finished;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Finished> {
        const SELECT: &str = "SELECT executions.*, attempts.state AS attempt_state,
                attempts.agent_id AS attempt_agent_id, attempts.final_log_seq AS attempt_final_log_seq
            FROM attempts JOIN executions ON executions.id = attempts.execution_id
            WHERE attempts.execution_id = ? AND attempts.epoch = ?";
        let finish = self.0;
        let select = query(SELECT).bind(finish.lease.execution.as_uuid()).bind(finish.lease.epoch);
        let Some(row) = select.fetch_optional(&mut *connection).await? else {
            return Err(CoreError::stale_lease().into());
        };
        let execution = Execution::read(&row)?;
        let columns = Columns::of(&row, "attempt");
        let state: AttemptState = columns.word("attempt_state")?;
        let is_theirs = AgentId::from_uuid(columns.uuid("attempt_agent_id")?) == finish.agent_id;
        // Only a finish tells the last line's number: an attempt that was expired or released has none.
        let is_finished = columns.unsigned_or_none("attempt_final_log_seq")?.is_some();
        if is_theirs && is_finished {
            return Ok(Finished { execution, newly: false });
        }
        let is_current = execution.lease() == Some(finish.lease) && execution.state.is_leased();
        if !is_theirs || !is_current || state.is_terminal() {
            return Err(CoreError::stale_lease().into());
        }
        let last_line = Some(finish.final_log_seq);
        let execution = end(execution, finish.result, last_line, finish.now, connection).await?;
        Ok(Finished { execution, newly: true })
    }
}

pub(super) struct Expire {
    pub(super) now: Timestamp,
    pub(super) limit: u32,
}

impl Operation for Expire {
    type Output = Vec<Execution>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Vec<Execution>> {
        const SELECT: &str =
            "SELECT * FROM executions WHERE lease_until < ? ORDER BY lease_until, id LIMIT ? + 0";
        let select = query(SELECT).bind(micros(self.now)).bind(self.limit);
        let rows = select.fetch_all(&mut *connection).await?;
        let mut expired = Vec::with_capacity(rows.len());
        for row in &rows {
            expired.push(end(Execution::read(row)?, agent_lost(), None, self.now, &mut *connection).await?);
        }
        Ok(expired)
    }
}

/// Ends the current attempt of a leased execution and moves the execution on.
async fn end(
    execution: Execution,
    result: RunResult,
    final_log_seq: Option<u64>,
    now: Timestamp,
    connection: &mut impl Connection,
) -> Result<Execution> {
    const MOVE: &str = "UPDATE executions SET state = ?, run_at = ?, failed_attempts = ?, lease_until = NULL,
            outputs = ?, error = ?, ended_at = ?, revision = ? WHERE id = ?";
    const CLOSE: &str =
        "UPDATE attempts SET state = ?, ended_at = ?, error = ?, exit_code = ?, report = ?, final_log_seq = ?
            WHERE execution_id = ? AND epoch = ?";
    let execution = ended(execution, &result, now);
    let move_on = query(MOVE)
        .bind(Word(execution.state))
        .bind(micros(execution.run_at))
        .bind(execution.failed_attempts)
        .bind(execution.outputs.as_ref().map(Json))
        .bind(execution.error.as_ref().map(Json))
        .bind(micros_of(execution.ended_at))
        .bind(execution.revision)
        .bind(execution.id.as_uuid());
    let close = query(CLOSE)
        .bind(Word(result.status.attempt_state()))
        .bind(micros(now))
        .bind(result.error.as_ref().map(Json))
        .bind(result.exit_code)
        .bind(result.report.as_ref().map(Json))
        .bind(final_log_seq.map(u64::cast_signed))
        .bind(execution.id.as_uuid())
        .bind(execution.lease_epoch);
    connection.execute_both(move_on, close).await?;
    if let Some(lease) = execution.lease() {
        give_back_items(lease, now, connection).await?;
    }
    Ok(execution)
}
