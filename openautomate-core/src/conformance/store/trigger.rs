//! Triggers: due with the end itself, and fired once.

use super::expect::assert_stale_row;
use super::sample::{self, World, at, instant, map};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    DueTrigger, EndedAs, Execution, ExecutionState, Origin, Trigger, TriggerFiring, TriggerSource,
    WebhookStyle,
};
use crate::id::{EnvironmentId, ExecutionId, PackageId, TriggerId};
use crate::query::PageRequest;
use serde_json::json;

/// A trigger keeps every field, and changes of them.
pub async fn round_trip<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let full = Trigger {
        inputs: map(json!({"month": "last", "list": [null]})),
        mapping: [("total".to_owned(), "/outputs/a~1b".to_owned())].into(),
        sealed: Some(vec![0, 1, 0xFF]),
        deleted_at: Some(at(3)),
        revision: 4,
        ..world.trigger(EndedAs::Any)
    };
    let kinds = [world.trigger(EndedAs::Failure), full, world.watching_queue(), world.watching_folder()];
    for trigger in kinds {
        world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
        assert_eq!(world.store.trigger(trigger.id).await.unwrap(), Some(trigger.clone()));
        let changed = Trigger {
            name: "changed".to_owned(),
            source: TriggerSource::Webhook { style: WebhookStyle::Github },
            inputs: map(json!({"changed": true})),
            mapping: [("a".to_owned(), String::new())].into(),
            is_active: !trigger.is_active,
            sealed: trigger.sealed.is_none().then(|| vec![7]),
            updated_at: at(10),
            deleted_at: trigger.deleted_at.is_none().then(|| at(11)),
            ..trigger
        };
        world.update(Record::Trigger(Box::new(changed.clone()))).await;
        let expected = Trigger { revision: changed.revision + 1, ..changed.clone() };
        assert_eq!(world.store.trigger(expected.id).await.unwrap(), Some(expected));
        assert_stale_row(
            world.store.commit(Changes::none().update(Record::Trigger(Box::new(changed)))).await,
        );
    }
    assert_eq!(world.store.trigger(TriggerId::new()).await.unwrap(), None);
}

/// Lists are newest first, without deleted ones, of one package or of all.
pub async fn pages<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let other = sample::package("ledger", world.user.id);
    world.insert(Record::Package(other.clone())).await;
    let mut made = Vec::new();
    for package_id in [world.package.id, other.id, world.package.id] {
        let trigger = Trigger { package_id, ..world.trigger(EndedAs::Success) };
        world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
        made.push(trigger);
    }
    let gone = Trigger { deleted_at: Some(at(1)), ..world.trigger(EndedAs::Success) };
    world.insert(Record::Trigger(Box::new(gone))).await;
    let page = async |package, after, limit| {
        let page = world.store.triggers(package, PageRequest::new(after, limit)).await.unwrap();
        (page.items.into_iter().map(|trigger| trigger.id).collect::<Vec<_>>(), page.next)
    };
    let (first, next) = page(None, None, 2).await;
    assert_eq!(first, [made[2].id, made[1].id]);
    assert_eq!(page(None, next, 2).await, (vec![made[0].id], None));
    assert_eq!(page(Some(world.package.id), None, 9).await, (vec![made[2].id, made[0].id], None));
}

/// Who waits for a package in an environment: not who is deleted, or waits for something else.
pub async fn followers<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let paused = Trigger { is_active: false, ..world.trigger(EndedAs::Success) };
    let first = world.trigger(EndedAs::Any);
    let hook = TriggerSource::Webhook { style: WebhookStyle::Timestamped };
    let hook = Trigger { source: hook, ..world.trigger(EndedAs::Any) };
    let gone = Trigger { deleted_at: Some(at(1)), ..world.trigger(EndedAs::Any) };
    for trigger in [&paused, &first, &hook, &gone] {
        world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    }
    let (package, environment) = (world.package.id, world.environment.id);
    let mut expected = [paused, first];
    expected.sort_by_key(|trigger| trigger.id);
    assert_eq!(world.store.triggers_after(package, environment).await.unwrap(), expected);
    assert_eq!(world.store.triggers_after(package, EnvironmentId::new()).await.unwrap(), []);
    assert_eq!(world.store.triggers_after(PackageId::new(), environment).await.unwrap(), []);
}

/// An execution that ends is due for who waits for such an end, from the end on.
pub async fn an_end_is_due<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let [success, failure, any] =
        [EndedAs::Success, EndedAs::Failure, EndedAs::Any].map(|on| world.trigger(on));
    for trigger in [&success, &failure, &any] {
        world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    }
    let (good, lease) = world.running(world.execution()).await;
    assert_eq!(world.store.due_triggers(10).await.unwrap(), []);
    world.finish(lease, sample::succeeded(), at(2)).await;
    let mut expected = due(&[success.id, any.id], good.id);
    assert_eq!(world.store.due_triggers(10).await.unwrap(), expected);
    let (bad, lease) = world.running(world.execution()).await;
    world.finish(lease, sample::failed(), at(3)).await;
    expected.extend(due(&[failure.id, any.id], bad.id));
    assert_eq!(world.store.due_triggers(10).await.unwrap(), expected);
    assert_eq!(world.store.due_triggers(3).await.unwrap(), expected[..3]);
}

/// By a finish, a cancel, an expiry or the release of a cancelled one: each end counts.
pub async fn every_way_to_an_end<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let trigger = world.trigger(EndedAs::Any);
    world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    let cancelled = world.enqueue(world.execution()).await;
    let end = Execution {
        state: ExecutionState::Cancelled,
        ended_at: Some(at(1)),
        cancel_requested_at: Some(at(1)),
        ..cancelled.clone()
    };
    world.update(Record::Execution(Box::new(end))).await;
    let (expired, _) = world.running(world.execution()).await;
    assert_eq!(world.store.expire(at(100_000), 10).await.unwrap().len(), 1);
    let released = world.enqueue(world.execution()).await;
    let claimed = world.claim_at(instant()).await;
    assert_eq!(claimed.id, released.id);
    let leases: Vec<_> = claimed.lease().into_iter().collect();
    let asked = Execution { cancel_requested_at: Some(at(2)), ..claimed };
    world.update(Record::Execution(Box::new(asked))).await;
    world.store.release(world.agent.id, &leases, at(3)).await.unwrap();
    let mut ids = [cancelled.id, expired.id, released.id];
    ids.sort_unstable();
    let expected: Vec<_> = ids.into_iter().flat_map(|id| due(&[trigger.id], id)).collect();
    assert_eq!(world.store.due_triggers(10).await.unwrap(), expected);
}

/// A pause between attempts is no end; who is paused, deleted or waits elsewhere is not due.
pub async fn only_what_is_waited_for<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let elsewhere = sample::environment("testing");
    let other = sample::package("ledger", world.user.id);
    world.insert(Record::Environment(elsewhere.clone())).await;
    world.insert(Record::Package(other.clone())).await;
    let base = || world.trigger(EndedAs::Any);
    let after = TriggerSource::ExecutionFinished { package_id: other.id, on: EndedAs::Any };
    for trigger in [
        Trigger { is_active: false, ..base() },
        Trigger { deleted_at: Some(at(1)), ..base() },
        Trigger { environment_id: elsewhere.id, ..base() },
        Trigger { source: after, ..base() },
    ] {
        world.insert(Record::Trigger(Box::new(trigger))).await;
    }
    let (_, lease) = world.running(world.execution()).await;
    world.finish(lease, sample::succeeded(), at(2)).await;
    world.insert(Record::Trigger(Box::new(base()))).await;
    let (_, lease) = world.running(world.retried(2)).await;
    world.finish(lease, sample::failed(), at(2)).await;
    assert_eq!(world.store.due_triggers(10).await.unwrap(), []);
}

/// What a firing says that it deals with is due no more, unless its commit is refused.
pub async fn a_firing_settles<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (one, two) = (world.trigger(EndedAs::Any), world.trigger(EndedAs::Any));
    world.insert(Record::Trigger(Box::new(one.clone()))).await;
    world.insert(Record::Trigger(Box::new(two.clone()))).await;
    let (ended, lease) = world.running(world.execution()).await;
    world.finish(lease, sample::succeeded(), at(2)).await;
    let made = chained(&world, &one, ended.id);
    let stale = Record::Execution(Box::new(Execution { revision: 77, ..world.stored(ended.id).await }));
    assert_stale_row(world.store.commit(fire(&one, ended.id, &made).update(stale)).await);
    assert_eq!(world.store.due_triggers(10).await.unwrap(), due(&[one.id, two.id], ended.id));
    world.store.commit(fire(&one, ended.id, &made)).await.unwrap();
    assert_eq!(world.store.due_triggers(10).await.unwrap(), due(&[two.id], ended.id));
    assert_eq!(world.stored(made.id).await, made);
}

/// A second firing with the same key is a stale row, and its execution is not written.
pub async fn fires_once<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let trigger = world.trigger(EndedAs::Any);
    world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    let ended = world.enqueue(world.execution()).await;
    let (first, second) = (chained(&world, &trigger, ended.id), chained(&world, &trigger, ended.id));
    world.store.commit(fire(&trigger, ended.id, &first)).await.unwrap();
    assert_stale_row(world.store.commit(fire(&trigger, ended.id, &second)).await);
    assert_eq!(world.store.execution(second.id).await.unwrap(), None);
    let key = ended.id.to_string();
    let firing = world.store.trigger_firing(trigger.id, &key).await.unwrap().unwrap();
    assert_eq!((firing.execution_id, firing.after, firing.fired_at), (Some(first.id), Some(ended.id), at(5)));
    assert_eq!(world.store.trigger_firing(trigger.id, "other").await.unwrap(), None);
    assert_eq!(world.store.trigger_firing(TriggerId::new(), &key).await.unwrap(), None);
}

/// Two servers that fire for the same end at once make one execution.
pub async fn two_servers_fire_once<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let peer = fixture.peer().await;
    let trigger = world.trigger(EndedAs::Any);
    world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    for round in 0..10 {
        let ended = world.enqueue(world.execution()).await;
        let commits = [world.store.clone(), peer.clone()].map(|server| {
            let changes = fire(&trigger, ended.id, &chained(&world, &trigger, ended.id));
            tokio::spawn(async move { server.commit(changes).await })
        });
        let mut won = 0;
        for commit in commits {
            match commit.await.unwrap() {
                Ok(()) => won += 1,
                lost => assert_stale_row(lost),
            }
        }
        assert_eq!(won, 1, "round {round}");
    }
}

/// Firings come latest first, no more than asked, of one trigger.
pub async fn history<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (trigger, other) = (world.trigger(EndedAs::Any), world.trigger(EndedAs::Any));
    world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    world.insert(Record::Trigger(Box::new(other.clone()))).await;
    let [one, two, three] =
        [(1, "b"), (3, "a"), (2, "c")].map(|(seconds, key)| skipped(&trigger, key, seconds));
    let elsewhere = skipped(&other, "a", 9);
    let writes = [&one, &two, &three, &elsewhere].map(|firing| Write::FireTrigger(firing.clone())).to_vec();
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
    let all = [two, three, one];
    assert_eq!(world.store.trigger_firings(trigger.id, 10).await.unwrap(), all);
    assert_eq!(world.store.trigger_firings(trigger.id, 2).await.unwrap(), all[..2]);
}

/// Firings of one trigger from an instant on are counted, up to a bound.
pub async fn counts_firings<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (trigger, other) = (world.trigger(EndedAs::Any), world.trigger(EndedAs::Any));
    world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    world.insert(Record::Trigger(Box::new(other.clone()))).await;
    let firings = [(1, "a"), (2, "b"), (3, "c")].map(|(seconds, key)| skipped(&trigger, key, seconds));
    let writes = firings.into_iter().chain([skipped(&other, "a", 3)]).map(Write::FireTrigger).collect();
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
    let count =
        async |since, most| world.store.count_trigger_firings(trigger.id, at(since), most).await.unwrap();
    assert_eq!([count(0, 9).await, count(2, 9).await, count(4, 9).await, count(0, 2).await], [3, 2, 0, 2]);
}

/// Firings from before an instant go, the oldest first, and no more than asked.
pub async fn prunes<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let trigger = world.trigger(EndedAs::Any);
    world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    let firings =
        [(1, "a"), (2, "b"), (3, "c"), (4, "d")].map(|(seconds, key)| skipped(&trigger, key, seconds));
    let writes = firings.clone().map(Write::FireTrigger).to_vec();
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
    assert_eq!(world.store.prune_trigger_firings(at(4), 2).await.unwrap(), 2);
    let left = world.store.trigger_firings(trigger.id, 10).await.unwrap();
    assert_eq!(left, [firings[3].clone(), firings[2].clone()]);
    assert_eq!(world.store.prune_trigger_firings(at(4), 2).await.unwrap(), 1);
}

fn due(triggers: &[TriggerId], execution_id: ExecutionId) -> Vec<DueTrigger> {
    let mut due: Vec<_> =
        triggers.iter().map(|&trigger_id| DueTrigger { trigger_id, execution_id }).collect();
    due.sort_by_key(|due| due.trigger_id);
    due
}

fn chained(world: &World, trigger: &Trigger, after: ExecutionId) -> Execution {
    let origin = Origin::Trigger { trigger_id: trigger.id, after: Some(after), depth: 1 };
    Execution { origin, ..world.execution() }
}

fn skipped(trigger: &Trigger, key: &str, seconds: i64) -> TriggerFiring {
    TriggerFiring {
        trigger_id: trigger.id,
        key: key.to_owned(),
        after: None,
        fired_at: at(seconds),
        execution_id: None,
        skipped: Some("inactive".to_owned()),
    }
}

/// The commit that fires a trigger for an execution that ended.
fn fire(trigger: &Trigger, after: ExecutionId, made: &Execution) -> Changes {
    let firing = TriggerFiring {
        trigger_id: trigger.id,
        key: after.to_string(),
        after: Some(after),
        fired_at: at(5),
        execution_id: Some(made.id),
        skipped: None,
    };
    let mut changes = Changes::none().insert(Record::Execution(Box::new(made.clone())));
    changes.writes.push(Write::FireTrigger(firing));
    changes
}
