//! Ending attempts: by their agent's word, or because their lease ran out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{AttemptState, Execution, Lease, RunResult, WorkItemError};
use openautomate_core::error::Error as CoreError;
use openautomate_core::id::AgentId;
use openautomate_core::store::{FinishAttempt, Finished};

use super::group::Grouped;
use super::transact::{Operation, repeat};
use crate::driver::{Columns, Connection, Executor, Json, Row, Transactions, Word, micros, micros_of, query};
use crate::ended::{agent_lost, ended};
use crate::error::{Error, Result};
use crate::table::Table;
use uuid::Uuid;

/// A finish that may share its statements with others.
pub(super) struct Finish(pub(super) FinishAttempt);

impl Grouped for Finish {
    type Output = Finished;

    /// Nothing is locked while the ends are decided: they are written if the rows are still as they were read,
    /// and decided again where they are not.
    async fn run_all<P: Transactions>(finishes: &[Self], pool: &P) -> Result<Vec<Result<Finished>>> {
        let mut answers: Vec<Option<Result<Finished>>> = finishes.iter().map(|_| None).collect();
        loop {
            let open: Vec<usize> = (0..finishes.len()).filter(|index| answers[*index].is_none()).collect();
            if open.is_empty() {
                return Ok(answers.into_iter().flatten().collect());
            }
            let is_first = open.len() == finishes.len();
            match round(finishes, &open, &mut answers, pool).await {
                Ok(()) => {}
                Err(error) if is_first => return Err(error),
                // Some are written already; the others are told.
                Err(Error::Database(error)) => {
                    let error = Arc::new(error);
                    for index in open {
                        answers[index] = Some(Err(Error::Uncommitted(Arc::clone(&error))));
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Decides on what is open and writes it. What somebody else changed meanwhile stays open, and so does the
/// second of two finishes of one execution.
async fn round(
    finishes: &[Finish],
    open: &[usize],
    answers: &mut [Option<Result<Finished>>],
    pool: &impl Transactions,
) -> Result<()> {
    let found = find(open.iter().map(|index| finishes[*index].0.lease), pool).await?;
    let (mut places, mut ends, mut taken) = (Vec::new(), Vec::new(), HashSet::new());
    for &index in open {
        let finish = &finishes[index].0;
        match decide(finish, found.get(&finish.lease)) {
            Verdict::Answer(answer) => answers[index] = Some(answer),
            Verdict::End(execution) if taken.insert(execution.id) => {
                places.push(index);
                ends.push(End::of(&execution, &finish.result, Some(finish.final_log_seq), finish.now));
            }
            Verdict::End(_) => {}
        }
    }
    if ends.is_empty() {
        return Ok(());
    }
    let written = repeat(|| write(&ends, pool)).await?;
    for (index, end) in places.into_iter().zip(ends) {
        if written.contains(end.execution.id.as_uuid()) {
            answers[index] = Some(Ok(Finished { execution: end.execution, newly: true }));
        }
    }
    Ok(())
}

/// What is stored of an attempt and its execution.
struct Found {
    execution: Execution,
    agent_id: AgentId,
    state: AttemptState,
    is_finished: bool,
}

impl Found {
    fn read<R: Row>(row: &R) -> Result<(Lease, Self)> {
        let columns = Columns::of(row, "attempt");
        let execution = Execution::read(row)?;
        let lease = Lease { execution: execution.id, epoch: columns.count("attempt_epoch")? };
        let found = Self {
            execution,
            agent_id: AgentId::from_uuid(columns.uuid("attempt_agent_id")?),
            state: columns.word("attempt_state")?,
            // Only a finish tells the last line's number: an attempt that was expired or released has none.
            is_finished: columns.unsigned_or_none("attempt_final_log_seq")?.is_some(),
        };
        Ok((lease, found))
    }
}

async fn find(
    leases: impl Iterator<Item = Lease>,
    pool: &impl Transactions,
) -> Result<HashMap<Lease, Found>> {
    const SELECT: &str =
        "SELECT executions.*, attempts.epoch AS attempt_epoch, attempts.state AS attempt_state,
            attempts.agent_id AS attempt_agent_id, attempts.final_log_seq AS attempt_final_log_seq
        FROM (SELECT DISTINCT * FROM unnest($1::uuid[], $2::bigint[]) AS asked (id, epoch)) AS asked
        JOIN attempts ON attempts.execution_id = asked.id AND attempts.epoch = asked.epoch
        JOIN executions ON executions.id = asked.id";
    let (ids, epochs) = columns_of(leases);
    let rows = query(SELECT).bind(ids).bind(epochs).fetch_all(pool).await?;
    rows.iter().map(Found::read).collect()
}

/// Leases as two columns, for a statement over all of them.
pub(super) fn columns_of(leases: impl Iterator<Item = Lease>) -> (Vec<Uuid>, Vec<i64>) {
    leases.map(|lease| (*lease.execution.as_uuid(), i64::from(lease.epoch))).unzip()
}

enum Verdict {
    Answer(Result<Finished>),
    End(Execution),
}

fn decide(finish: &FinishAttempt, found: Option<&Found>) -> Verdict {
    let stale = || Verdict::Answer(Err(CoreError::stale_lease().into()));
    let Some(found) = found else { return stale() };
    let execution = &found.execution;
    let is_theirs = found.agent_id == finish.agent_id;
    if is_theirs && found.is_finished {
        return Verdict::Answer(Ok(Finished { execution: execution.clone(), newly: false }));
    }
    let is_current = execution.lease() == Some(finish.lease) && execution.state.is_leased();
    if !is_theirs || !is_current || found.state.is_terminal() {
        return stale();
    }
    Verdict::End(execution.clone())
}

/// The end of an attempt: its execution afterwards, and what the attempt's row gets.
struct End<'a> {
    execution: Execution,
    read_revision: i64,
    result: &'a RunResult,
    final_log_seq: Option<u64>,
    now: Timestamp,
}

impl<'a> End<'a> {
    fn of(execution: &Execution, result: &'a RunResult, final_log_seq: Option<u64>, now: Timestamp) -> Self {
        let read_revision = execution.revision;
        Self { execution: ended(execution.clone(), result, now), read_revision, result, final_log_seq, now }
    }
}

/// Writes ends whose execution is still at the revision that was read; says which. One a execution at most.
async fn write(ends: &[End<'_>], on: impl Executor) -> Result<HashSet<Uuid>> {
    // Rows are locked in one order, so that two such statements don't wait for each other.
    const WRITE: &str = "WITH asked AS (
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[],
                $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::text[], $12::bigint[], $13::text[],
                $14::integer[], $15::text[], $16::bigint[])
            AS asked (id, revision, state, run_at, failed_attempts, outputs, error, error_message, ended_at,
                epoch, attempt_state, now, attempt_error, exit_code, report, final_log_seq)
        ), locked AS (
            SELECT id FROM executions WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE
        ), moved AS (
            UPDATE executions SET state = asked.state, run_at = asked.run_at,
                failed_attempts = asked.failed_attempts, lease_until = NULL, outputs = asked.outputs,
                error = asked.error, error_message = asked.error_message, ended_at = asked.ended_at,
                revision = executions.revision + 1
            FROM asked JOIN locked USING (id)
            WHERE executions.id = asked.id AND executions.revision = asked.revision
            RETURNING executions.id
        ), closed AS (
            UPDATE attempts SET state = asked.attempt_state, ended_at = asked.now, error = asked.attempt_error,
                exit_code = asked.exit_code, report = asked.report, final_log_seq = asked.final_log_seq
            FROM asked JOIN moved USING (id)
            WHERE attempts.execution_id = asked.id AND attempts.epoch = asked.epoch
        ), given_back AS (
            UPDATE work_items SET error = $17, lease_until = NULL, revision = work_items.revision + 1,
                available_at = CASE WHEN q.auto_retry AND work_items.attempts < q.max_attempts
                    THEN asked.now ELSE work_items.available_at END,
                state = CASE WHEN NOT q.auto_retry THEN 'Failed'
                    WHEN work_items.attempts >= q.max_attempts THEN 'DeadLetter' ELSE 'New' END,
                ended_at = CASE WHEN q.auto_retry AND work_items.attempts < q.max_attempts
                    THEN work_items.ended_at ELSE asked.now END
            FROM work_queues AS q, asked JOIN moved USING (id)
            WHERE q.id = work_items.queue_id AND work_items.state = 'InProgress'
                AND work_items.holder_execution_id = asked.id AND work_items.holder_epoch = asked.epoch
        )
        SELECT id FROM moved";
    let each =
        |value: fn(&Execution) -> i64| ends.iter().map(|end| value(&end.execution)).collect::<Vec<_>>();
    let message = |end: &End<'_>| end.result.error.as_ref().map(|error| Json(error.message.clone()));
    let written = query(WRITE)
        .bind(ends.iter().map(|end| *end.execution.id.as_uuid()).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.read_revision).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| Word(end.execution.state)).collect::<Vec<_>>())
        .bind(each(|execution| micros(execution.run_at)))
        .bind(each(|execution| i64::from(execution.failed_attempts)))
        .bind(ends.iter().map(|end| end.execution.outputs.as_ref().map(Json)).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.execution.error.as_ref().map(Json)).collect::<Vec<_>>())
        .bind(ends.iter().map(message).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| micros_of(end.execution.ended_at)).collect::<Vec<_>>())
        .bind(each(|execution| i64::from(execution.lease_epoch)))
        .bind(ends.iter().map(|end| Word(end.result.status.attempt_state())).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| micros(end.now)).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.result.error.as_ref().map(Json)).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.result.exit_code).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.result.report.as_ref().map(Json)).collect::<Vec<_>>())
        .bind(ends.iter().map(|end| end.final_log_seq.map(u64::cast_signed)).collect::<Vec<_>>())
        .bind(Json(WorkItemError::execution_ended()))
        .fetch_all(on)
        .await?;
    written.iter().map(|row| Columns::of(row, "execution").uuid("id")).collect()
}

/// Ends attempts whose lease ran out.
pub(super) struct Expire {
    pub(super) now: Timestamp,
    pub(super) limit: u32,
}

impl Operation for Expire {
    type Output = Vec<Execution>;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<Vec<Execution>> {
        // What somebody else has at hand is ended or renewed by them.
        const SELECT: &str = "SELECT * FROM executions WHERE lease_until < $1
            ORDER BY lease_until, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED";
        let select = query(SELECT).bind(micros(self.now)).bind(i64::from(self.limit));
        let rows = select.fetch_all(&mut *connection).await?;
        let lost = agent_lost();
        let mut ends = Vec::with_capacity(rows.len());
        for row in &rows {
            ends.push(End::of(&Execution::read(row)?, &lost, None, self.now));
        }
        if !ends.is_empty() {
            write(&ends, connection).await?;
        }
        Ok(ends.into_iter().map(|end| end.execution).collect())
    }
}
