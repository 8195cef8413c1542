//! What the triggers need that look at how things stand: turns, the backlog of a queue, what agents say of folders.

use super::expect::assert_stale_row;
use super::sample::{self, World, at, instant};
use super::work_queue::in_state;
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    EndedAs, Execution, ExecutionState, QueueBacklog, Trigger, TriggerTurn, TriggerWatch, WatchKind,
    WatchProblem, WorkItem, WorkItemState, WorkQueue,
};
use crate::id::{ExecutionId, TriggerId, WorkQueueId};

/// What has to be looked at for the triggers that fire, and for no others.
pub async fn watched<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.watching_queue();
    let paused = Trigger { is_active: false, ..world.watching_queue() };
    let gone = Trigger { deleted_at: Some(at(1)), ..world.watching_queue() };
    let folder = world.watching_folder();
    let second = world.watching_queue();
    for trigger in [&queue, &paused, &gone, &folder, &world.trigger(EndedAs::Any), &second] {
        world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    }
    let watched = async |kind| world.store.watched_triggers(kind).await.unwrap();
    assert_eq!(watched(WatchKind::WorkQueue).await, [queue.clone(), second]);
    assert_eq!(watched(WatchKind::FileArrival).await, [folder]);
    let changed = Trigger { is_active: false, ..queue };
    world.update(Record::Trigger(Box::new(changed))).await;
    assert_eq!(watched(WatchKind::WorkQueue).await.len(), 1);
}

/// Turns are taken one after the other, each once; a refused commit takes none.
pub async fn turns<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (trigger, other) = (world.watching_queue(), world.watching_queue());
    for trigger in [&trigger, &other] {
        world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    }
    let state = async || {
        let turn = world.store.trigger_turn(trigger.id).await.unwrap();
        turn.map(|turn| (turn.number, turn.taken_at, turn.open))
    };
    assert_eq!(state().await, None);
    assert_stale_row(world.store.commit(turn(&trigger, 2, 1, &[])).await);
    world.store.commit(turn(&trigger, 1, 1, &[])).await.unwrap();
    assert_eq!(state().await, Some((1, at(1), 0)));
    for number in [1, 3] {
        let made = world.execution();
        let changes = Changes::none().insert(Record::Execution(Box::new(made.clone())));
        let mut changes = changes;
        changes.writes.extend(turn(&trigger, number, 2, &[made.id]).writes);
        assert_stale_row(world.store.commit(changes).await);
        assert_eq!(world.store.execution(made.id).await.unwrap(), None);
    }
    world.store.commit(turn(&trigger, 2, 5, &[])).await.unwrap();
    assert_eq!(state().await, Some((2, at(5), 0)));
    let stale = Record::Trigger(Box::new(Trigger { revision: 77, ..trigger.clone() }));
    assert_stale_row(world.store.commit(turn(&trigger, 3, 9, &[]).update(stale)).await);
    assert_eq!(state().await, Some((2, at(5), 0)));
    assert_eq!(world.store.trigger_turn(other.id).await.unwrap(), None);
    let nobody = Trigger { id: TriggerId::new(), ..trigger };
    let refused = world.store.commit(turn(&nobody, 1, 1, &[])).await.unwrap_err();
    assert_eq!(refused.code(), "reference.missing");
}

/// Two servers that take the same turn at once make one execution.
pub async fn two_servers_take_one_turn<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let peer = fixture.peer().await;
    let trigger = world.watching_queue();
    world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    for number in 1..=10 {
        let commits = [world.store.clone(), peer.clone()].map(|server| {
            let made = world.execution();
            let mut changes = Changes::none().insert(Record::Execution(Box::new(made.clone())));
            changes.writes.extend(turn(&trigger, number, 1, &[made.id]).writes);
            tokio::spawn(async move { server.commit(changes).await })
        });
        let mut won = 0;
        for commit in commits {
            match commit.await.unwrap() {
                Ok(()) => won += 1,
                lost => assert_stale_row(lost),
            }
        }
        assert_eq!(won, 1, "turn {number}");
        assert_eq!(world.store.trigger_turn(trigger.id).await.unwrap().unwrap().open, number);
    }
}

/// The executions of all turns count until they end, even if the firings are gone.
pub async fn open_executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (trigger, other) = (world.watching_queue(), world.watching_queue());
    for trigger in [&trigger, &other] {
        world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    }
    let open = async || world.store.trigger_turn(trigger.id).await.unwrap().map(|turn| turn.open);
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(world.enqueue(world.execution()).await);
    }
    world.store.commit(turn(&trigger, 1, 1, &[made[0].id, made[1].id])).await.unwrap();
    world.store.commit(turn(&other, 1, 1, &[made[2].id])).await.unwrap();
    assert_eq!(open().await, Some(2));
    let end = |execution: &Execution| Execution {
        state: ExecutionState::Cancelled,
        ended_at: Some(at(2)),
        cancel_requested_at: Some(at(2)),
        ..execution.clone()
    };
    world.update(Record::Execution(Box::new(end(&made[0])))).await;
    assert_eq!(open().await, Some(1));
    world.store.prune_trigger_firings(at(100), 100).await.unwrap();
    let next = world.enqueue(world.execution()).await;
    world.store.commit(turn(&trigger, 2, 3, &[next.id])).await.unwrap();
    assert_eq!(open().await, Some(2), "one of each turn");
    world.update(Record::Execution(Box::new(end(&made[1])))).await;
    assert_eq!(open().await, Some(1));
}

/// The last word of each agent on a trigger's folder.
pub async fn watches<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let second = sample::agent("second", world.environment.id, world.user.id);
    world.insert(Record::Agent(second.clone())).await;
    let (trigger, other) = (world.watching_folder(), world.watching_folder());
    for trigger in [&trigger, &other] {
        world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    }
    let problem = WatchProblem { code: "outsideRoots".into(), message: "say \"so\" \u{fc}".into() };
    let word = |trigger: &Trigger, agent_id, problem: Option<&WatchProblem>, seconds| TriggerWatch {
        trigger_id: trigger.id,
        agent_id,
        problem: problem.cloned(),
        told_at: at(seconds),
    };
    let mut expected =
        [word(&trigger, world.agent.id, Some(&problem), 1), word(&trigger, second.id, None, 2)];
    for watch in expected.iter().cloned().chain([word(&other, second.id, Some(&problem), 3)]) {
        world.store.note_watch(watch).await.unwrap();
    }
    expected.sort_by_key(|watch| watch.agent_id);
    assert_eq!(world.store.trigger_watches(trigger.id).await.unwrap(), expected);
    for watch in &mut expected {
        watch.problem = watch.problem.is_none().then(|| problem.clone());
        watch.told_at = at(9);
        world.store.note_watch(watch.clone()).await.unwrap();
    }
    assert_eq!(world.store.trigger_watches(trigger.id).await.unwrap(), expected);
    assert_eq!(world.store.trigger_watches(TriggerId::new()).await.unwrap(), []);
    let nobody = Trigger { id: TriggerId::new(), ..trigger };
    let refused = world.store.note_watch(word(&nobody, second.id, None, 1)).await.unwrap_err();
    assert_eq!(refused.code(), "reference.missing");
}

/// What can be taken, counted up to a bound; since when; and what can be taken next. Other states and queues are not
/// looked at.
pub async fn backlog<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let queue = world.queue().await;
    let other = WorkQueue { id: WorkQueueId::new(), name: "other".to_owned(), ..queue.clone() };
    world.insert(Record::WorkQueue(Box::new(other.clone()))).await;
    let read = async |now, most| world.store.queue_backlog(queue.id, now, most).await.unwrap();
    assert_eq!(read(instant(), 9).await, QueueBacklog::default());
    for state in WorkItemState::ALL.into_iter().filter(|state| *state != WorkItemState::New) {
        world.put(in_state(world.work_item(&queue), state, world.caller())).await;
    }
    world.put(WorkItem { available_at: at(1), ..world.work_item(&other) }).await;
    for seconds in [7, 5, 6, 90, 80] {
        world.put(WorkItem { available_at: at(seconds), ..world.work_item(&queue) }).await;
    }
    let seen = async |seconds, most| {
        let backlog = read(at(seconds), most).await;
        (backlog.ready, backlog.oldest_at, backlog.next_at)
    };
    assert_eq!(seen(4, 9).await, (0, None, Some(at(5))));
    assert_eq!(seen(6, 9).await, (2, Some(at(5)), Some(at(7))), "the instant itself counts");
    assert_eq!(seen(60, 2).await, (2, Some(at(5)), Some(at(80))), "no more were counted");
    assert_eq!(seen(90, 9).await, (5, Some(at(5)), None));
}

/// A turn and nothing else.
fn turn(trigger: &Trigger, number: u32, seconds: i64, executions: &[ExecutionId]) -> Changes {
    let turn = TriggerTurn {
        trigger_id: trigger.id,
        number,
        taken_at: at(seconds),
        executions: executions.to_vec(),
    };
    Changes { writes: vec![Write::TakeTurn(turn)], ..Changes::none() }
}
