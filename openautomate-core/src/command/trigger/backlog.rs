//! What waits in a work queue, and the executions that it starts.

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::changes::{Changes, Event, Write};
use crate::clock::Timestamp;
use crate::command::trigger::fire::{check_foreign_inputs, fired, mapped, version_for};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{
    Origin, QueueBacklog, QueueSource, Trigger, TriggerSource, TriggerTurn, TurnState, WorkQueue,
};
use crate::error::{Error, Result};
use crate::id::TriggerId;
use crate::permission::{Access, Permission};
use crate::store::Store;

/// The most executions that one turn makes, so that no commit is too large; the next turn makes the rest.
const MOST_AT_ONCE: u32 = 100;

/// How a trigger stands to its queue.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Standing {
    /// The queue was deleted.
    QueueGone,
    /// Too few items, and none too old. `again` is when that may change by itself.
    NotEnough { backlog: QueueBacklog, again: Option<Timestamp> },
    /// It fired a moment ago.
    Rests { until: Timestamp },
    /// As many executions run and wait as what waits is worth, or as may.
    Full { open: u32, wanted: u32 },
    /// So many executions are to be made, in this turn.
    Due { queue: Box<WorkQueue>, backlog: QueueBacklog, count: u32, turn: u32 },
}

/// Looks how a trigger stands to its queue. The turn is read before what it is decided by, so that whoever decided
/// later finds it taken.
pub(crate) async fn standing(
    store: &dyn Store,
    trigger: &Trigger,
    source: &QueueSource,
    now: Timestamp,
) -> Result<Standing> {
    let turn: Option<TurnState> = store.trigger_turn(trigger.id).await?;
    let backlog = store.queue_backlog(source.queue_id, now, source.counted()).await?;
    if !source.is_due(&backlog, now) {
        return Ok(Standing::NotEnough { backlog, again: source.look_again_at(&backlog) });
    }
    let queue = store.work_queue(source.queue_id).await?.filter(|queue| queue.deleted_at.is_none());
    let Some(queue) = queue else { return Ok(Standing::QueueGone) };
    let until = turn.map(|turn| source.rests_until(turn.taken_at));
    if let Some(until) = until.filter(|until| *until > now) {
        return Ok(Standing::Rests { until });
    }
    let (open, wanted) = (turn.map_or(0, |turn| turn.open), source.wanted(&backlog));
    let count = wanted.saturating_sub(open).min(MOST_AT_ONCE);
    if count == 0 {
        return Ok(Standing::Full { open, wanted });
    }
    let turn = turn.map_or(0, |turn| turn.number) + 1;
    Ok(Standing::Due { queue: Box::new(queue), backlog, count, turn })
}

/// Looks at the queue of a trigger and makes the executions that what waits there is worth: once, whatever the number
/// of servers, since each turn is taken once and counts the executions of those before it.
#[derive(Clone, Debug)]
pub(crate) struct WorkOffBacklog {
    pub(crate) trigger: TriggerId,
}

/// What came of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Looked {
    /// How many executions were made.
    pub(crate) made: u32,
    /// When something may be different by itself.
    pub(crate) again: Option<Timestamp>,
    /// Whether the end of an execution may change something.
    pub(crate) is_full: bool,
}

impl Looked {
    const NOTHING: Self = Self { made: 0, again: None, is_full: false };
}

#[async_trait]
impl Command for WorkOffBacklog {
    type Output = Looked;
    const NAME: &'static str = "trigger.backlog";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Looked>> {
        let trigger = context.store.trigger(self.trigger).await?.filter(Trigger::is_live);
        let Some(trigger) = trigger else { return Ok(Decision::unchanged(Looked::NOTHING)) };
        let TriggerSource::WorkQueue(source) = &trigger.source else {
            return Ok(Decision::unchanged(Looked::NOTHING));
        };
        let looked = match standing(context.store, &trigger, source, context.now).await? {
            Standing::QueueGone => Looked::NOTHING,
            Standing::NotEnough { again, .. } => Looked { again, ..Looked::NOTHING },
            Standing::Rests { until } => Looked { again: Some(until), ..Looked::NOTHING },
            Standing::Full { .. } => Looked { is_full: true, ..Looked::NOTHING },
            Standing::Due { queue, backlog, count, turn } => {
                let changes = start(context, &trigger, &told_of(&queue, &backlog), count, turn).await?;
                // What follows depends on what comes of them; a rest is over before.
                let again = Some(source.rests_until(context.now)).filter(|_| source.min_pause_ms > 0);
                return Ok(Decision::new(changes, Looked { made: count, again, is_full: true }));
            }
        };
        Ok(Decision::unchanged(looked))
    }
}

/// The executions of a turn, and the turn.
async fn start(
    context: &CommandContext<'_>,
    trigger: &Trigger,
    told: &Value,
    count: u32,
    number: u32,
) -> Result<Changes> {
    let version = version_for(context, trigger).await?;
    let inputs = mapped(trigger, told);
    check_foreign_inputs(context, &version, trigger.environment_id, &inputs, &[]).await?;
    let mut all = Changes::none();
    let mut executions = Vec::new();
    for place in 1..=count {
        let origin = Origin::Trigger { trigger_id: trigger.id, after: None, depth: 0 };
        let key = format!("{number}.{place}");
        let (execution, changes) = fired(context, trigger, &version, inputs.clone(), key, origin).await?;
        executions.push(execution.id);
        all.writes.extend(changes.writes);
        // That the trigger fired is told once.
        all.events.extend(
            changes.events.into_iter().filter(|event| !matches!(event, Event::TriggerChanged { .. })),
        );
    }
    let turn = TriggerTurn { trigger_id: trigger.id, number, taken_at: context.now, executions };
    all.writes.push(Write::TakeTurn(turn));
    Ok(all.event(Event::TriggerChanged { trigger_id: trigger.id }))
}

/// What a queue tells a trigger, for its pointers.
fn told_of(queue: &WorkQueue, backlog: &QueueBacklog) -> Value {
    json!({"queueId": queue.id, "queueName": queue.name, "ready": backlog.ready, "oldestAt": backlog.oldest_at})
}

/// Refuses a queue that is not there, or in another environment.
pub(super) async fn check_queue(context: &CommandContext<'_>, trigger: &Trigger) -> Result<()> {
    let TriggerSource::WorkQueue(source) = &trigger.source else { return Ok(()) };
    let queue = context.store.work_queue(source.queue_id).await?.filter(|queue| queue.deleted_at.is_none());
    // Of what is elsewhere they hear only if they may see it.
    let queue = queue.filter(|queue| {
        queue.environment_id == trigger.environment_id
            || context.sees(Permission::ReadQueues, queue.environment_id)
    });
    match queue {
        Some(queue) if queue.environment_id == trigger.environment_id => Ok(()),
        Some(_) => Err(Error::invalid_field("source.queueId", "names a queue of another environment")),
        None => Err(Error::invalid_field("source.queueId", "names no work queue; list them first")),
    }
}
