//! Releases of the agent program, and their way to agents.

use super::expect::{assert_code, assert_stale_row};
use super::sample::{self, World, agent_update, at};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    Agent, AgentRelease, AgentRollout, AgentRolloutState, AgentUpdate, AgentUpdateState, FileUser, InputFile,
    RolloutTarget,
};
use crate::error::ErrorKind;
use crate::id::{AgentId, AgentReleaseId, AgentRolloutId, PoolId, UserId};
use crate::query::PageRequest;

impl World {
    async fn released(&self, version: &str) -> AgentRelease {
        let release = self.agent_release(version);
        self.insert(Record::AgentRelease(Box::new(release.clone()))).await;
        release
    }

    async fn rolled_out(&self, release: &AgentRelease) -> AgentRollout {
        let rollout = self.agent_rollout(release);
        self.insert(Record::AgentRollout(Box::new(rollout.clone()))).await;
        rollout
    }

    async fn another_agent(&self, name: &str) -> Agent {
        let agent = sample::agent(name, self.environment.id, self.user.id);
        self.insert(Record::Agent(agent.clone())).await;
        agent
    }

    async fn updated(&self, update: AgentUpdate) -> AgentUpdate {
        self.insert(Record::AgentUpdate(update.clone())).await;
        update
    }

    async fn refuses(&self, record: Record, kind: ErrorKind, code: &str) {
        assert_code(self.store.commit(Changes::none().insert(record)).await, kind, code);
    }
}

fn ended(rollout: &AgentRollout) -> AgentRollout {
    AgentRollout { state: AgentRolloutState::Done, ended_at: Some(at(9)), ..rollout.clone() }
}

/// Every field is kept, and changes of them; what names something that is not there is refused.
pub async fn round_trip<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let file = world.file("agent");
    world.insert(Record::InputFile(file.clone())).await;
    let plain = world.released("1.0.0").await;
    assert_eq!(world.store.agent_release(plain.id).await.unwrap(), Some(plain.clone()));
    let full = AgentRelease {
        manifest: "{\"version\": \"1.1.0-ü\"}\r\n ".to_owned(),
        files: [("x86_64-unknown-linux-gnu".to_owned(), file.id)].into(),
        deleted_at: Some(at(7)),
        ..plain
    };
    world.update(Record::AgentRelease(Box::new(full.clone()))).await;
    let full = AgentRelease { revision: 1, ..full };
    assert_eq!(world.store.agent_release(full.id).await.unwrap(), Some(full.clone()));
    assert_eq!(world.store.agent_release(AgentReleaseId::new()).await.unwrap(), None);

    let mut rollout = world.rolled_out(&full).await;
    assert_eq!(world.store.agent_rollout(rollout.id).await.unwrap(), Some(rollout.clone()));
    assert_eq!(world.store.agent_rollout(AgentRolloutId::new()).await.unwrap(), None);
    for (state, target) in [
        (AgentRolloutState::Done, RolloutTarget::Label { label: "gpu".to_owned() }),
        (AgentRolloutState::Cancelled, RolloutTarget::Pool { pool_id: PoolId::new() }),
        (AgentRolloutState::Stopped, RolloutTarget::All),
    ] {
        let changed = AgentRollout {
            target,
            stages: vec![],
            soak_ms: 0,
            deadline_ms: 86_400_000,
            in_windows: !rollout.in_windows,
            state,
            stage: rollout.stage + 1,
            stage_healthy_at: Some(at(5)),
            reason: Some("bot-1 rolled back".to_owned()),
            ended_at: Some(at(6)),
            ..rollout
        };
        world.update(Record::AgentRollout(Box::new(changed.clone()))).await;
        rollout = AgentRollout { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.agent_rollout(rollout.id).await.unwrap(), Some(rollout.clone()));
    }

    let mut update = world.updated(agent_update(&rollout, world.agent.id)).await;
    for state in AgentUpdateState::ALL {
        let changed = AgentUpdate {
            stage: update.stage + 1,
            state,
            reason: Some("no space".to_owned()),
            changed_at: at(3),
            ..update
        };
        world.update(Record::AgentUpdate(changed.clone())).await;
        let old = Changes::none().update(Record::AgentUpdate(changed.clone()));
        assert_stale_row(world.store.commit(old).await);
        update = AgentUpdate { revision: changed.revision + 1, ..changed };
        let stored = world.store.agent_update(rollout.id, world.agent.id).await.unwrap();
        assert_eq!(stored, Some(update.clone()));
    }

    let (invalid, missing) = (ErrorKind::Invalid, "reference.missing");
    let nobodys = AgentRelease { created_by: UserId::new(), ..world.agent_release("9.0.0") };
    world.refuses(Record::AgentRelease(Box::new(nobodys)), invalid, missing).await;
    let of_none = ended(&world.agent_rollout(&world.agent_release("9.0.0")));
    world.refuses(Record::AgentRollout(Box::new(of_none.clone())), invalid, missing).await;
    world.refuses(Record::AgentUpdate(agent_update(&of_none, world.agent.id)), invalid, missing).await;
    world.refuses(Record::AgentUpdate(agent_update(&rollout, AgentId::new())), invalid, missing).await;
}

/// A version is free again once its release is deleted.
pub async fn one_a_version<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let first = world.released("1.0.0").await;
    let again = world.agent_release("1.0.0");
    world.refuses(Record::AgentRelease(Box::new(again.clone())), ErrorKind::Conflict, "name.taken").await;
    world.released("1.0.0-rc.1").await;
    let deleted = AgentRelease { deleted_at: Some(at(1)), ..first };
    world.update(Record::AgentRelease(Box::new(deleted))).await;
    world.insert(Record::AgentRelease(Box::new(again))).await;
}

/// One rollout at most runs, and is found; of those that ended there are many.
pub async fn one_rollout_runs<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let release = world.released("1.0.0").await;
    assert_eq!(world.store.running_agent_rollout().await.unwrap(), None);
    let first = world.rolled_out(&release).await;
    assert_eq!(world.store.running_agent_rollout().await.unwrap(), Some(first.clone()));
    let second = world.agent_rollout(&release);
    let refused = Record::AgentRollout(Box::new(second.clone()));
    world.refuses(refused.clone(), ErrorKind::Conflict, "name.taken").await;
    world.update(Record::AgentRollout(Box::new(ended(&first)))).await;
    assert_eq!(world.store.running_agent_rollout().await.unwrap(), None);
    world.insert(refused).await;
    world.insert(Record::AgentRollout(Box::new(ended(&world.agent_rollout(&release))))).await;
    assert_eq!(world.store.running_agent_rollout().await.unwrap(), Some(second));
}

/// An agent is in a rollout once, and may be in several.
pub async fn one_update_an_agent<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let release = world.released("1.0.0").await;
    let rollout = world.rolled_out(&release).await;
    let update = world.updated(agent_update(&rollout, world.agent.id)).await;
    let again = Record::AgentUpdate(agent_update(&rollout, world.agent.id));
    world.refuses(again, ErrorKind::Conflict, "name.taken").await;
    let other = ended(&world.agent_rollout(&release));
    world.insert(Record::AgentRollout(Box::new(other.clone()))).await;
    world.updated(agent_update(&other, world.agent.id)).await;
    let found = world.store.agent_update(rollout.id, world.agent.id).await.unwrap();
    assert_eq!(found, Some(update));
    assert_eq!(world.store.agent_update(rollout.id, AgentId::new()).await.unwrap(), None);
}

/// Lists are newest first, page by page, and hold no release that is deleted.
pub async fn pages<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (mut releases, mut rollouts, mut updates) = (Vec::new(), Vec::new(), Vec::new());
    for version in ["1.0.0", "2.0.0", "3.0.0"] {
        releases.insert(0, world.released(version).await);
    }
    let gone = AgentRelease { deleted_at: Some(at(1)), ..world.agent_release("4.0.0") };
    world.insert(Record::AgentRelease(Box::new(gone))).await;
    for _ in 0..3 {
        let rollout = ended(&world.agent_rollout(&releases[0]));
        world.insert(Record::AgentRollout(Box::new(rollout.clone()))).await;
        rollouts.insert(0, rollout);
    }
    world.updated(agent_update(&rollouts[1], world.agent.id)).await;
    for name in ["a", "b", "c"] {
        let agent = world.another_agent(name).await;
        updates.insert(0, world.updated(agent_update(&rollouts[0], agent.id)).await);
    }
    let (first, store) = (PageRequest::new(None, 2), &world.store);
    let page = store.agent_releases(first).await.unwrap();
    assert_eq!(page.items, releases[..2]);
    let page = store.agent_releases(PageRequest::new(page.next, 2)).await.unwrap();
    assert_eq!((page.items, page.next), (releases[2..].to_vec(), None));
    let page = store.agent_rollouts(first).await.unwrap();
    assert_eq!(page.items, rollouts[..2]);
    let page = store.agent_rollouts(PageRequest::new(page.next, 2)).await.unwrap();
    assert_eq!((page.items, page.next), (rollouts[2..].to_vec(), None));
    let page = store.agent_updates(rollouts[0].id, first).await.unwrap();
    assert_eq!(page.items, updates[..2]);
    let page = store.agent_updates(rollouts[0].id, PageRequest::new(page.next, 2)).await.unwrap();
    assert_eq!((page.items, page.next), (updates[2..].to_vec(), None));
}

/// The agents of a stage are those of that stage of that rollout, oldest first.
pub async fn of_a_stage<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let release = world.released("1.0.0").await;
    let rollout = world.rolled_out(&release).await;
    let other = ended(&world.agent_rollout(&release));
    world.insert(Record::AgentRollout(Box::new(other.clone()))).await;
    world.updated(agent_update(&other, world.agent.id)).await;
    let mut stages = [Vec::new(), Vec::new()];
    for (name, stage) in [("a", 1_u32), ("b", 0), ("c", 1)] {
        let agent = world.another_agent(name).await;
        let update = world.updated(AgentUpdate { stage, ..agent_update(&rollout, agent.id) }).await;
        stages[stage as usize].push(update);
    }
    for (stage, expected) in (0..).zip(&stages) {
        assert_eq!(&world.store.agent_updates_of_stage(rollout.id, stage).await.unwrap(), expected);
    }
    assert_eq!(world.store.agent_updates_of_stage(rollout.id, 2).await.unwrap(), []);
}

/// What an agent has not ended is found whatever rollout it is of, and nothing else.
pub async fn open_ones<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let release = world.released("1.0.0").await;
    let other = world.another_agent("other").await;
    let mut open = Vec::new();
    for state in AgentUpdateState::ALL {
        let rollout = ended(&world.agent_rollout(&release));
        world.insert(Record::AgentRollout(Box::new(rollout.clone()))).await;
        let update = AgentUpdate { state, ..agent_update(&rollout, world.agent.id) };
        world.updated(update.clone()).await;
        world.updated(agent_update(&rollout, other.id)).await;
        if !state.is_ended() {
            open.push(update);
        }
    }
    assert_eq!(open.len(), 5);
    assert_eq!(world.store.open_agent_updates(world.agent.id).await.unwrap(), open);
}

/// The files of a release stay as long as it uses them.
pub async fn keeps_its_files<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let file = world.file("agent");
    world.insert(Record::InputFile(file.clone())).await;
    let release = world.released("1.0.0").await;
    let uses = async |id, files: Vec<_>| {
        let write = Write::UseFiles { user: FileUser::AgentRelease(id), files };
        world.store.commit(Changes { writes: vec![write], ..Changes::none() }).await
    };
    let absent = uses(AgentReleaseId::new(), vec![file.id]).await;
    assert_code(absent, ErrorKind::Invalid, "reference.missing");
    uses(release.id, vec![file.id]).await.unwrap();
    let used = world.store.files_used(FileUser::AgentRelease(release.id)).await.unwrap();
    assert_eq!(used, std::slice::from_ref(&file));
    assert_eq!(world.store.expire_files(at(100_000), 10).await.unwrap(), []);
    let removed = InputFile { removed_at: Some(at(1)), ..file.clone() };
    let removal = Changes::none().update(Record::InputFile(removed));
    assert_code(world.store.commit(removal).await, ErrorKind::Conflict, "file.in_use");
    uses(release.id, Vec::new()).await.unwrap();
    assert_eq!(world.store.expire_files(at(100_000), 10).await.unwrap(), [file.id]);
    assert_code(uses(release.id, vec![file.id]).await, ErrorKind::Invalid, "reference.missing");
}
