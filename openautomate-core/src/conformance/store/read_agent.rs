//! Every read of agents, of what they use and what they have ready.

use super::sample::{self, World, at};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Agent, AgentPreparation, PreparationState, Usage, UsagePoint};
use crate::id::AgentId;
use crate::query::PageRequest;

/// Deleted agents are in no list, but are there by their id.
pub async fn deleted_agents<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let deleted = Agent { deleted_at: Some(at(1)), ..world.agent.clone() };
    world.update(Record::Agent(deleted.clone())).await;
    assert_eq!(world.store.agents(PageRequest::default()).await.unwrap().items, []);
    assert_eq!(world.store.agent(deleted.id).await.unwrap(), Some(Agent { revision: 1, ..deleted }));
}

/// The revision of an agent rises with what commands change, a deletion too, and not with what the agent itself does.
pub async fn agent_revisions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (id, other) = (world.agent.id, sample::agent("bot-2", world.environment.id, world.user.id));
    world.insert(Record::Agent(other.clone())).await;
    let revisions = async |ids: &[AgentId]| {
        let mut found = world.store.agent_revisions(ids).await.unwrap();
        found.sort_unstable();
        found
    };
    assert_eq!(revisions(&[id, AgentId::new(), other.id]).await, [(id, 0), (other.id, 0)]);
    world.store.renew(id, &[], at(1), at(61)).await.unwrap();
    assert_eq!(revisions(&[id]).await, [(id, 0)]);
    world.update(Record::Agent(Agent { deleted_at: Some(at(1)), ..world.agent.clone() })).await;
    assert_eq!(revisions(&[id, other.id]).await, [(id, 1), (other.id, 0)]);
    assert_eq!(revisions(&[]).await, []);
}

/// One point a minute of the last day is kept of an agent, the latest of its minute, oldest first.
pub async fn agent_usage<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let other = sample::agent("bot-2", world.environment.id, world.user.id);
    world.insert(Record::Agent(other.clone())).await;
    let point = |seconds, cpu_permille| UsagePoint {
        at: at(seconds),
        usage: Usage { cpu_permille, memory_used_bytes: 1 << 40 },
    };
    let (store, agent) = (&world.store, world.agent.id);
    // The first three are in one minute: the sample instant is five seconds after its beginning.
    for told in [point(10, 1), point(20, 1_000), point(0, 3), point(60, 4), point(120, 5)] {
        store.note_usage(agent, told).await.unwrap();
    }
    store.note_usage(other.id, point(60, 9)).await.unwrap();
    let all = [point(20, 1_000), point(60, 4), point(120, 5)];
    assert_eq!(store.usage(agent, at(-9)).await.unwrap(), all);
    assert_eq!(store.usage(agent, at(60)).await.unwrap(), all[1..]);
    let next_day = point(60 + 24 * 3_600, 7);
    store.note_usage(agent, next_day).await.unwrap();
    assert_eq!(store.usage(agent, at(-9)).await.unwrap(), [all[0], all[2], next_day]);
}

/// An agent's last word on a version is kept, unless it is the same again or an older one; lists are of agents that
/// are there, newest first.
pub async fn preparations<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let second = sample::agent("bot-2", world.environment.id, world.user.id);
    world.insert(Record::Agent(second.clone())).await;
    let next = sample::version(world.package.id, "2.0.0", world.user.id);
    world.insert(Record::PackageVersion(next.clone())).await;
    let (store, agent) = (&world.store, world.agent.id);
    let word = |agent_id, version_id, state, seconds| AgentPreparation {
        agent_id,
        version_id,
        state,
        reason: None,
        at: at(seconds),
    };
    let of = |state, seconds| word(agent, world.version.id, state, seconds);
    let kept = async || store.preparation(agent, world.version.id).await.unwrap();
    assert_eq!(kept().await, None);
    store.note_preparations(agent, &[]).await.unwrap();
    for (told, expected) in [
        (of(PreparationState::Waiting, 1), of(PreparationState::Waiting, 1)),
        (of(PreparationState::Fetching, 5), of(PreparationState::Fetching, 5)),
        (of(PreparationState::Building, 4), of(PreparationState::Fetching, 5)),
        (of(PreparationState::Building, 5), of(PreparationState::Building, 5)),
        (of(PreparationState::Ready, 8), of(PreparationState::Ready, 8)),
        (of(PreparationState::Ready, 9), of(PreparationState::Ready, 8)),
        (of(PreparationState::Ready, 8 + 86_401), of(PreparationState::Ready, 8 + 86_401)),
    ] {
        store.note_preparations(agent, &[told]).await.unwrap();
        assert_eq!(kept().await, Some(expected));
    }
    let failed = AgentPreparation {
        reason: Some("no space left on the disk".to_owned()),
        ..of(PreparationState::Failed, 90_000)
    };
    let foreign = word(second.id, world.version.id, PreparationState::Ready, 90_000);
    let other = word(agent, next.id, PreparationState::Ready, 90_000);
    store.note_preparations(agent, &[failed.clone(), foreign.clone(), other.clone()]).await.unwrap();
    assert_eq!(
        store.preparation(second.id, world.version.id).await.unwrap(),
        None,
        "nobody speaks for another"
    );
    store.note_preparations(second.id, std::slice::from_ref(&foreign)).await.unwrap();
    let listed =
        async |after| store.preparations(world.version.id, PageRequest::new(after, 1)).await.unwrap();
    let first = listed(None).await;
    assert_eq!(first.items, [foreign]);
    let last = listed(first.next).await;
    assert_eq!((last.items, last.next), (vec![failed], None));
    world.update(Record::Agent(Agent { deleted_at: Some(at(1)), ..second })).await;
    assert_eq!(listed(None).await.items.len(), 1);
    assert_eq!(listed(None).await.next, None);
    let later = of(PreparationState::Ready, 90_001 + AgentPreparation::DAYS * 86_400);
    store.note_preparations(agent, &[later]).await.unwrap();
    assert_eq!(store.preparation(agent, next.id).await.unwrap(), None, "it was not said again");
}
