//! Turns of triggers, and what agents say of the folders that triggers have them watch.

use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{TriggerTurn, TriggerWatch, TurnState};
use openautomate_core::error::Error as CoreError;
use openautomate_core::id::{AgentId, TriggerId};

use crate::driver::{Columns, Connection, Json, Row, Statement, micros, query};
use crate::error::Result;

/// Takes a turn, if it is the next; another server was first otherwise.
pub(crate) async fn take_turn(turn: &TriggerTurn, connection: &mut impl Connection) -> Result<()> {
    // Parameters come in their order: SQLite numbers them as it meets them.
    const FIRST: &str = "INSERT INTO trigger_turns (number, taken_at, trigger_id) VALUES ($1, $2, $3)
        ON CONFLICT (trigger_id) DO NOTHING";
    const NEXT: &str = "UPDATE trigger_turns SET number = $1, taken_at = $2
        WHERE trigger_id = $3 AND number = $1 - 1";
    const FORGET: &str = "DELETE FROM trigger_runs WHERE trigger_id = $1 AND execution_id IN (
        SELECT e.id FROM trigger_runs AS r JOIN executions AS e ON e.id = r.execution_id
        WHERE r.trigger_id = $1 AND e.state IN ('Succeeded', 'Failed', 'Cancelled', 'TimedOut'))";
    const ADD: &str = "INSERT INTO trigger_runs (trigger_id, execution_id) VALUES ($1, $2)";
    let trigger = turn.trigger_id.as_uuid();
    let take = query(if turn.number == 1 { FIRST } else { NEXT });
    let take = take.bind(i64::from(turn.number)).bind(micros(turn.taken_at)).bind(trigger);
    if take.execute(&mut *connection).await? == 0 {
        return Err(CoreError::stale_row("trigger").into());
    }
    query(FORGET).bind(trigger).execute(&mut *connection).await?;
    for execution in &turn.executions {
        query(ADD).bind(trigger).bind(execution.as_uuid()).execute(&mut *connection).await?;
    }
    Ok(())
}

/// How far a trigger is: one statement, so that number and count are of one instant.
pub(crate) fn select_turn(trigger: TriggerId) -> Statement {
    const SELECT: &str = "SELECT number, taken_at, (
            SELECT count(*) FROM trigger_runs AS r JOIN executions AS e ON e.id = r.execution_id
            WHERE r.trigger_id = $1 AND e.state NOT IN ('Succeeded', 'Failed', 'Cancelled', 'TimedOut')) AS open
        FROM trigger_turns WHERE trigger_id = $1";
    query(SELECT).bind(trigger.as_uuid())
}

pub(crate) fn read_turn<R: Row>(row: &R) -> Result<TurnState> {
    let columns = Columns::of(row, "trigger turn");
    Ok(TurnState {
        number: columns.count("number")?,
        taken_at: columns.time("taken_at")?,
        open: columns.count("open")?,
    })
}

/// Counts firings, and no more than `most`.
pub(crate) fn count_firings(trigger: TriggerId, since: Timestamp, most: u32) -> Statement {
    const COUNT: &str = "SELECT count(*) AS value FROM (
        SELECT 1 FROM trigger_firings WHERE trigger_id = $1 AND fired_at >= $2 LIMIT $3) AS recent";
    query(COUNT).bind(trigger.as_uuid()).bind(micros(since)).bind(i64::from(most))
}

/// Notes what an agent says, in the place of what it said before.
pub(crate) fn note_watch(watch: &TriggerWatch) -> Statement {
    const NOTE: &str = "INSERT INTO trigger_watches (trigger_id, agent_id, problem, told_at)
        VALUES ($1, $2, $3, $4) ON CONFLICT (trigger_id, agent_id)
        DO UPDATE SET problem = excluded.problem, told_at = excluded.told_at";
    query(NOTE)
        .bind(watch.trigger_id.as_uuid())
        .bind(watch.agent_id.as_uuid())
        .bind(watch.problem.as_ref().map(Json))
        .bind(micros(watch.told_at))
}

pub(crate) fn select_watches(trigger: TriggerId) -> Statement {
    query("SELECT * FROM trigger_watches WHERE trigger_id = $1 ORDER BY agent_id").bind(trigger.as_uuid())
}

pub(crate) fn read_watch<R: Row>(row: &R) -> Result<TriggerWatch> {
    let columns = Columns::of(row, "trigger watch");
    Ok(TriggerWatch {
        trigger_id: TriggerId::from_uuid(columns.uuid("trigger_id")?),
        agent_id: AgentId::from_uuid(columns.uuid("agent_id")?),
        problem: columns.json_or_none("problem")?,
        told_at: columns.time("told_at")?,
    })
}
