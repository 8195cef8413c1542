//! What is asked of work items in the same words of every database.

use std::cmp::Reverse;

use chrono::DateTime;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{QueueBacklog, QueueStatistics, WorkItem, WorkItemState};
use openautomate_core::error::Error as CoreError;
use openautomate_core::id::WorkQueueId;
use openautomate_core::query::{PageRequest, WorkItemFilter};
use openautomate_core::store::{MoveItems, PackedItem, reference_taken};
use uuid::Uuid;

use crate::driver::{Columns, Executor, Statement, Word, micros, query};
use crate::error::Result;
use crate::table::{below, one_too_many};

/// `UPDATE work_items … SET …` that takes items back of whoever does not work on them any more, by what their
/// queue `q` says; the same as `WorkItem::fail`. `$1` is the present instant, `$2` the error.
macro_rules! give_back {
    ($from:literal) => {
        concat!(
            "UPDATE work_items SET
                available_at = CASE WHEN q.auto_retry AND work_items.attempts < q.max_attempts
                    THEN $1 ELSE work_items.available_at END,
                error = $2, lease_until = NULL, revision = work_items.revision + 1,
                state = CASE WHEN NOT q.auto_retry THEN 'Failed'
                    WHEN work_items.attempts >= q.max_attempts THEN 'DeadLetter' ELSE 'New' END,
                ended_at = CASE WHEN q.auto_retry AND work_items.attempts < q.max_attempts
                    THEN work_items.ended_at ELSE $1 END
            FROM work_queues AS q",
            $from
        )
    };
}
pub(crate) use give_back;

/// The columns of an item in a list.
const LISTED: &str = "i.id, i.queue_id, 'null' AS payload, i.files, i.reference, i.is_unique, i.priority, i.due_at,
    i.defer_until, i.available_at, i.state, i.attempts, i.lease_epoch, i.holder_execution_id, i.holder_epoch,
    i.holder_user_id, i.lease_until, NULL AS output, i.error, i.parent_id, i.created_at, i.started_at, i.ended_at,
    i.revision";

/// A page of a queue, one too many.
///
/// The index of the states holds the state before the id, so a page is made of one page a state: each is one seek,
/// whatever share of a million items the state has.
pub(crate) fn page_statement(queue: WorkQueueId, filter: &WorkItemFilter, request: PageRequest) -> Statement {
    let mut statement = query(format!("SELECT {LISTED} FROM ("));
    for (position, state) in states_of(filter).into_iter().enumerate() {
        if position > 0 {
            statement.push(" UNION ALL ");
        }
        statement.push("SELECT id FROM (SELECT id FROM work_items WHERE id < ").push_bind(below(request));
        narrow(&mut statement, queue, state, filter);
        statement.push(" ORDER BY id DESC LIMIT ").push_bind(one_too_many(request)).push(") AS of_state");
    }
    statement.push(" ORDER BY id DESC LIMIT ").push_bind(one_too_many(request));
    statement.push(") AS listed JOIN work_items AS i ON i.id = listed.id ORDER BY listed.id DESC");
    statement
}

fn states_of(filter: &WorkItemFilter) -> Vec<WorkItemState> {
    let mut states = filter.states.clone();
    if states.is_empty() {
        states.extend(WorkItemState::ALL.into_iter().filter(|state| *state != WorkItemState::Deleted));
    }
    states.sort_unstable();
    states.dedup();
    states
}

fn narrow(statement: &mut Statement, queue: WorkQueueId, state: WorkItemState, filter: &WorkItemFilter) {
    statement.push(" AND queue_id = ").push_bind(queue.as_uuid());
    statement.push(" AND state = ").push_bind(Word(state));
    if let Some(reference) = &filter.reference {
        statement.push(" AND reference = ").push_bind(reference);
    }
    if let Some(parent) = filter.parent_id {
        statement.push(" AND parent_id = ").push_bind(parent.as_uuid());
    }
}

/// The ids of the items that a move takes, oldest first; none if its filter names no state that allows the move.
/// `lock` keeps others from them.
pub(crate) fn move_statement(moves: &MoveItems, lock: &str) -> Option<Statement> {
    let may = |state: &WorkItemState| match moves.to {
        WorkItemState::Deleted => !matches!(state, WorkItemState::InProgress | WorkItemState::Deleted),
        _ => state.is_reprocessable(),
    };
    let states: Vec<WorkItemState> = states_of(&moves.filter).into_iter().filter(may).collect();
    if states.is_empty() {
        return None;
    }
    let mut statement = query("SELECT id FROM work_items WHERE state IN (");
    for (position, state) in states.iter().enumerate() {
        if position > 0 {
            statement.push(", ");
        }
        statement.push_bind(Word(*state));
    }
    statement.push(") AND queue_id = ").push_bind(moves.queue_id.as_uuid());
    if let Some(reference) = &moves.filter.reference {
        statement.push(" AND reference = ").push_bind(reference);
    }
    if let Some(parent) = moves.filter.parent_id {
        statement.push(" AND parent_id = ").push_bind(parent.as_uuid());
    }
    statement.push(" ORDER BY id LIMIT ").push_bind(i64::from(moves.limit)).push(lock);
    Some(statement)
}

/// How a queue does.
pub(crate) async fn statistics<'a, E: Executor + 'a>(
    queue: WorkQueueId,
    since: Timestamp,
    now: Timestamp,
    mut on: impl FnMut() -> E,
) -> Result<QueueStatistics> {
    const COUNTS: &str = "SELECT state, count(*) AS value FROM work_items WHERE queue_id = $1 GROUP BY state";
    const NEW: &str = "SELECT count(CASE WHEN available_at <= $1 THEN 1 END) AS available,
        min(created_at) AS oldest FROM work_items WHERE queue_id = $2 AND state = 'New'";
    const ENDED: &str = "SELECT count(CASE WHEN state = 'Successful' THEN 1 END) AS succeeded,
            count(CASE WHEN state IN ('Failed', 'BusinessFailed', 'DeadLetter') THEN 1 END) AS failed,
            CAST(sum(CASE WHEN state = 'Successful' THEN ended_at - started_at END) AS bigint) AS handling
        FROM work_items WHERE queue_id = $1 AND ended_at >= $2";
    let mut statistics = QueueStatistics::default();
    for row in &query(COUNTS).bind(queue.as_uuid()).fetch_all(on()).await? {
        let columns = Columns::of(row, "work item");
        statistics.counts.insert(columns.word("state")?, columns.unsigned("value")?);
    }
    let new = query(NEW).bind(micros(now)).bind(queue.as_uuid()).fetch_one(on()).await?;
    let columns = Columns::of(&new, "work item");
    statistics.available = columns.unsigned("available")?;
    let oldest: Option<i64> = columns.get("oldest")?;
    statistics.oldest_new_at = oldest.and_then(DateTime::from_timestamp_micros);
    let ended = query(ENDED).bind(queue.as_uuid()).bind(micros(since)).fetch_one(on()).await?;
    let columns = Columns::of(&ended, "work item");
    statistics.succeeded = columns.unsigned("succeeded")?;
    statistics.failed = columns.unsigned("failed")?;
    let handling: Option<i64> = columns.get("handling")?;
    let mean = handling.map(|all| all / statistics.succeeded.cast_signed().max(1) / 1_000);
    statistics.mean_handling_ms = mean.and_then(|mean| u64::try_from(mean).ok());
    Ok(statistics)
}

/// What waits in a queue.
pub(crate) async fn backlog<'a, E: Executor + 'a>(
    queue: WorkQueueId,
    now: Timestamp,
    most: u32,
    on: E,
) -> Result<QueueBacklog> {
    const SELECT: &str = "SELECT
        (SELECT count(*) FROM (SELECT 1 FROM work_items WHERE queue_id = $1 AND state = 'New'
            AND available_at <= $2 LIMIT $3) AS ready) AS ready,
        (SELECT min(available_at) FROM work_items WHERE queue_id = $1 AND state = 'New'
            AND available_at <= $2) AS oldest,
        (SELECT min(available_at) FROM work_items WHERE queue_id = $1 AND state = 'New'
            AND available_at > $2) AS next";
    let select = query(SELECT).bind(queue.as_uuid()).bind(micros(now)).bind(i64::from(most));
    let row = select.fetch_one(on).await?;
    let columns = Columns::of(&row, "work item");
    Ok(QueueBacklog {
        ready: columns.count("ready")?,
        oldest_at: columns.time_or_none("oldest")?,
        next_at: columns.time_or_none("next")?,
    })
}

/// Items in the order in which a take gives them; RETURNING promises none.
pub(crate) fn in_order(mut items: Vec<WorkItem>) -> Vec<WorkItem> {
    items.sort_by_key(|item| (Reverse(item.priority), item.due_at.unwrap_or(Timestamp::MAX_UTC), item.id));
    items
}

/// The positions of items that were not written, the first of them at `from`.
///
/// # Errors
/// `Conflict` if none may be left out.
pub(crate) fn left_out(
    items: &[PackedItem],
    from: usize,
    written: &std::collections::HashSet<Uuid>,
    skip_taken: bool,
) -> Result<Vec<usize>, CoreError> {
    let missing = items.iter().enumerate().filter(|(_, item)| !written.contains(item.id.as_uuid()));
    let missing: Vec<usize> = missing.map(|(position, _)| from + position).collect();
    match missing.first() {
        Some(first) if !skip_taken => Err(reference_taken(*first)),
        _ => Ok(missing),
    }
}

/// When an item may be taken that is added now.
pub(crate) fn available_at(item: &PackedItem, now: Timestamp) -> i64 {
    micros(item.defer_until.map_or(now, |defer| defer.max(now)))
}
