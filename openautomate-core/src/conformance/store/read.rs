//! Every read: found, missing, and what became of the deleted.

use super::expect::assert_code;
use super::sample::{self, World, at, failed, hash, succeeded};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    Agent, AgentPreparation, Artifact, Asset, Environment, Execution, ExecutionState, ExecutionSummary,
    Package, PreparationState, Role, Rollout, RolloutState, Schedule, Session, Usage, UsagePoint, User,
};
use crate::error::{ErrorKind, Result};
use crate::id::{
    AgentId, ArtifactId, AssetId, EnvironmentId, ExecutionId, PackageId, ScheduleId, SessionId, UserId,
    VersionId,
};
use crate::query::{ExecutionFilter, PageRequest, RolloutFilter};

/// What is not there is `None` or empty, not an error.
pub async fn missing<F: StoreFixture>(fixture: F) {
    let store = fixture.store();
    let page = PageRequest::default();
    assert_eq!(store.user(UserId::new()).await.unwrap(), None);
    assert_eq!(store.user_by_login("nobody").await.unwrap(), None);
    assert_eq!(store.users(page).await.unwrap().items, []);
    assert_eq!(store.count_administrators().await.unwrap(), 0);
    assert_eq!(store.session(SessionId::new()).await.unwrap(), None);
    assert_eq!(store.session_by_token(&hash()).await.unwrap(), None);
    assert_eq!(store.sessions_of(UserId::new()).await.unwrap(), []);
    assert_eq!(store.invitation_by_token(&hash()).await.unwrap(), None);
    assert_eq!(store.environment(EnvironmentId::new()).await.unwrap(), None);
    assert_eq!(store.environments().await.unwrap(), []);
    assert_eq!(store.agent(AgentId::new()).await.unwrap(), None);
    assert_eq!(store.agents(page).await.unwrap().items, []);
    assert_eq!(store.enrolment_token(&hash()).await.unwrap(), None);
    assert_eq!(store.package(PackageId::new()).await.unwrap(), None);
    assert_eq!(store.package_by_name("nothing").await.unwrap(), None);
    assert_eq!(store.packages(page).await.unwrap().items, []);
    assert_eq!(store.version(VersionId::new()).await.unwrap(), None);
    assert_eq!(store.version_by_number(PackageId::new(), "1.0.0").await.unwrap(), None);
    assert_eq!(store.active_version(PackageId::new(), EnvironmentId::new()).await.unwrap(), None);
    assert_eq!(store.versions(PackageId::new(), page).await.unwrap().items, []);
    assert_eq!(store.schedule(ScheduleId::new()).await.unwrap(), None);
    assert_eq!(store.schedules(None, page).await.unwrap().items, []);
    assert_eq!(store.asset(AssetId::new()).await.unwrap(), None);
    assert_eq!(store.asset_by_name(EnvironmentId::new(), "url").await.unwrap(), None);
    assert_eq!(store.assets(None, page).await.unwrap().items, []);
}

/// What an execution that is not there has, is nothing.
pub async fn missing_executions<F: StoreFixture>(fixture: F) {
    let (store, id) = (fixture.store(), ExecutionId::new());
    assert_eq!(store.execution(id).await.unwrap(), None);
    assert_eq!(store.attempts(id).await.unwrap(), []);
    assert_eq!(store.artifacts(id).await.unwrap(), []);
    assert_eq!(store.artifact(id, ArtifactId::new()).await.unwrap(), None);
    assert_eq!(store.open_executions_of_schedule(ScheduleId::new()).await.unwrap(), []);
    assert_eq!(store.count_open_executions_of_package(PackageId::new()).await.unwrap(), 0);
    assert_eq!(store.leased_executions(AgentId::new()).await.unwrap(), []);
    let page = store.executions(&ExecutionFilter::default(), PageRequest::default()).await.unwrap();
    assert_eq!((page.items, page.next), (vec![], None));
}

/// A person is found by name or address, in any case, and not by a part of either.
pub async fn login_ignores_case<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for login in ["ada", "ADA", "ada@example.org", "Ada@Example.Org"] {
        let found = world.store.user_by_login(login).await.unwrap();
        assert_eq!(found.map(|user| user.id), Some(world.user.id), "{login}");
    }
    for login in ["", "ad", "ada ", "%", "ad_", "ada@example", "example.org"] {
        assert_eq!(world.store.user_by_login(login).await.unwrap(), None, "{login}");
    }
}

/// Deleted people can't sign in and are in no list, but are there by their id.
pub async fn deleted_users<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let deleted = User { deleted_at: Some(at(1)), ..world.user.clone() };
    world.update(Record::User(deleted.clone())).await;
    assert_eq!(world.store.user_by_login("ada").await.unwrap(), None);
    assert_eq!(world.store.users(PageRequest::default()).await.unwrap().items, []);
    assert_eq!(world.store.user(deleted.id).await.unwrap(), Some(User { revision: 1, ..deleted }));
}

/// Administrators count if they are neither disabled nor deleted.
pub async fn count_administrators<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let administrator =
        |name: &str| User { roles: vec![Role::Administrator, Role::Viewer], ..sample::user(name) };
    world.insert(Record::User(administrator("one"))).await;
    world.insert(Record::User(User { roles: vec![Role::Administrator], ..sample::user("two") })).await;
    world.insert(Record::User(User { disabled: true, ..administrator("three") })).await;
    world.insert(Record::User(User { deleted_at: Some(at(1)), ..administrator("four") })).await;
    world.insert(Record::User(User { roles: vec![], ..sample::user("five") })).await;
    assert_eq!(world.store.count_administrators().await.unwrap(), 2);
}

/// A session is found by its current and by its previous token.
pub async fn sessions_by_token<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let session = Session { previous_token_hash: Some(hash()), ..world.session() };
    world.insert(Record::Session(session.clone())).await;
    world.insert(Record::Session(world.session())).await;
    let by = async |hash: [u8; 32]| world.store.session_by_token(&hash).await.unwrap();
    assert_eq!(by(session.token_hash).await, Some(session.clone()));
    assert_eq!(by(session.previous_token_hash.unwrap()).await, Some(session.clone()));
    let rotated = Session {
        token_hash: hash(),
        previous_token_hash: Some(session.token_hash),
        rotated_at: at(5),
        ..session.clone()
    };
    world.update(Record::Session(rotated.clone())).await;
    let rotated = Session { revision: 1, ..rotated };
    assert_eq!(by(rotated.token_hash).await, Some(rotated.clone()));
    assert_eq!(by(session.token_hash).await, Some(rotated));
    assert_eq!(by(session.previous_token_hash.unwrap()).await, None);
}

/// A person's sessions are those not revoked, newest first.
pub async fn sessions_of<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let other = sample::user("grace");
    world.insert(Record::User(other.clone())).await;
    let (first, second) = (world.session(), world.session());
    world.insert(Record::Session(first.clone())).await;
    world.insert(Record::Session(second.clone())).await;
    world.insert(Record::Session(Session { revoked_at: Some(at(1)), ..world.session() })).await;
    world.insert(Record::Session(Session { user_id: other.id, ..world.session() })).await;
    assert_eq!(world.store.sessions_of(world.user.id).await.unwrap(), [second, first]);
}

/// Of the sessions that are asked for, those are good that are neither revoked nor expired, of people who may sign in.
pub async fn live_sessions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (disabled, deleted) = (sample::user("grace"), sample::user("alan"));
    world.insert(Record::User(User { disabled: true, ..disabled.clone() })).await;
    world.insert(Record::User(User { deleted_at: Some(at(1)), ..deleted.clone() })).await;
    let session = || Session { expires_at: at(60), ..world.session() };
    let (good, unasked) = (session(), session());
    let revoked = Session { revoked_at: Some(at(1)), ..session() };
    let expired = Session { expires_at: at(30), ..session() };
    let of = |user: &User| Session { user_id: user.id, ..session() };
    let all = [good.clone(), unasked, revoked, expired, of(&disabled), of(&deleted)];
    for session in &all {
        world.insert(Record::Session(session.clone())).await;
    }
    let mut asked: Vec<SessionId> = all.iter().map(|session| session.id).collect();
    asked.remove(1);
    asked.push(SessionId::new());
    assert_eq!(world.store.live_sessions(&asked, at(30)).await.unwrap(), [good.id]);
    assert_eq!(world.store.live_sessions(&asked, at(60)).await.unwrap(), []);
    assert_eq!(world.store.live_sessions(&[], at(30)).await.unwrap(), []);
}

/// Environments are listed oldest first.
pub async fn environments<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (second, third) = (sample::environment("testing"), sample::environment("development"));
    world.insert(Record::Environment(third.clone())).await;
    world.insert(Record::Environment(second.clone())).await;
    let listed = world.store.environments().await.unwrap();
    assert_eq!(listed, [world.environment.clone(), second, third]);
}

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

/// A package is found by its name in any case while it is not deleted.
pub async fn packages_by_name<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let by_name = async |name: &str| world.store.package_by_name(name).await.unwrap().map(|found| found.id);
    assert_eq!(by_name("Invoices").await, Some(world.package.id));
    assert_eq!(by_name("invoice_").await, None);
    let deleted = Package { deleted_at: Some(at(1)), ..world.package.clone() };
    world.update(Record::Package(deleted.clone())).await;
    assert_eq!(by_name("invoices").await, None);
    assert_eq!(world.store.packages(PageRequest::default()).await.unwrap().items, []);
    assert_eq!(world.store.package(deleted.id).await.unwrap(), Some(Package { revision: 1, ..deleted }));
    let again = sample::package("invoices", world.user.id);
    world.insert(Record::Package(again.clone())).await;
    assert_eq!(by_name("INVOICES").await, Some(again.id));
}

/// Versions are found by number, each in its package.
pub async fn versions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let other = sample::package("receipts", world.user.id);
    world.insert(Record::Package(other.clone())).await;
    let next = sample::version(world.package.id, "2.0.0-rc.1", world.user.id);
    let foreign = sample::version(other.id, "2.0.0-rc.1", world.user.id);
    world.insert(Record::PackageVersion(next.clone())).await;
    world.insert(Record::PackageVersion(foreign.clone())).await;
    let by_number =
        async |package, number: &str| world.store.version_by_number(package, number).await.unwrap();
    assert_eq!(by_number(world.package.id, "2.0.0-RC.1").await, Some(next));
    assert_eq!(by_number(other.id, "2.0.0-rc.1").await, Some(foreign));
    assert_eq!(by_number(world.package.id, "3.0.0").await, None);
}

/// Deployments are found by package and environment, those of deleted packages by their package alone.
pub async fn deployments<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (here, package) = (world.environment.id, world.package.id);
    let testing = sample::environment("testing");
    world.insert(Record::Environment(testing.clone())).await;
    let active = async |package, environment| world.store.active_version(package, environment).await.unwrap();
    assert_eq!(active(package, here).await, Some(world.version.clone()));
    assert_eq!(active(package, testing.id).await, None);
    assert_eq!(active(PackageId::new(), here).await, None);
    assert_eq!(world.store.deployment(package, testing.id).await.unwrap(), None);
    let there = world.new_deployment(testing.id);
    world.insert(Record::Deployment(there.clone())).await;
    let both = vec![world.deployment.clone(), there.clone()];
    assert_eq!(world.store.deployments(package).await.unwrap(), both);
    assert_eq!(world.store.deployments(PackageId::new()).await.unwrap(), []);
    let other = sample::package("receipts", world.user.id);
    let version = sample::version(other.id, "1.0.0", world.user.id);
    let newest = sample::deployment(&version, here);
    world.insert(Record::Package(other.clone())).await;
    world.insert(Record::PackageVersion(version)).await;
    world.insert(Record::Deployment(newest.clone())).await;
    let first = world.store.deployments_in(here, PageRequest::new(None, 1)).await.unwrap();
    assert_eq!(first.items, std::slice::from_ref(&newest));
    let second = world.store.deployments_in(here, PageRequest::new(first.next, 1)).await.unwrap();
    assert_eq!((second.items, second.next), (vec![world.deployment.clone()], None));
    world.update(Record::Package(Package { deleted_at: Some(at(1)), ..other.clone() })).await;
    let left = world.store.deployments_in(here, PageRequest::new(None, 10)).await.unwrap();
    assert_eq!(left.items, std::slice::from_ref(&world.deployment));
    assert_eq!(world.store.deployments(other.id).await.unwrap(), [newest]);
}

/// Rollouts are found by each part of a filter and by all of them, newest first, page by page.
pub async fn rollouts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let testing = sample::environment("testing");
    let next = sample::version(world.package.id, "2.0.0", world.user.id);
    world.insert(Record::Environment(testing.clone())).await;
    world.insert(Record::PackageVersion(next.clone())).await;
    let mut all = Vec::new();
    for (version, environment, state) in [
        (&world.version, world.environment.id, RolloutState::Done),
        (&next, world.environment.id, RolloutState::Waiting),
        (&next, testing.id, RolloutState::Done),
    ] {
        let mut rollout = Rollout { state, ..sample::rollout(version, environment) };
        if state != RolloutState::Waiting {
            (rollout.decided_by, rollout.decided_at) = (Some(world.user.id), Some(at(1)));
        }
        world.insert(Record::Rollout(Box::new(rollout.clone()))).await;
        all.insert(0, rollout);
    }
    let found = async |filter: RolloutFilter| {
        let page = world.store.rollouts(&filter, PageRequest::default()).await.unwrap();
        page.items
            .iter()
            .map(|rollout| all.iter().position(|one| one == rollout).unwrap())
            .collect::<Vec<_>>()
    };
    let any = RolloutFilter::default();
    assert_eq!(found(any).await, [0, 1, 2]);
    assert_eq!(found(RolloutFilter { package_id: Some(world.package.id), ..any }).await, [0, 1, 2]);
    assert_eq!(found(RolloutFilter { package_id: Some(PackageId::new()), ..any }).await, Vec::<usize>::new());
    assert_eq!(found(RolloutFilter { environment_id: Some(world.environment.id), ..any }).await, [1, 2]);
    assert_eq!(found(RolloutFilter { version_id: Some(next.id), ..any }).await, [0, 1]);
    let done = RolloutFilter { state: Some(RolloutState::Done), ..any };
    assert_eq!(found(done).await, [0, 2]);
    assert_eq!(found(RolloutFilter { environment_id: Some(testing.id), ..done }).await, [0]);
    let first = world.store.rollouts(&any, PageRequest::new(None, 2)).await.unwrap();
    let second = world.store.rollouts(&any, PageRequest::new(first.next, 2)).await.unwrap();
    assert_eq!((first.items.as_slice(), second.items.as_slice(), second.next), (&all[..2], &all[2..], None));
}

/// Assets are found by name in their environment, in any case.
pub async fn assets_by_name<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let testing = Environment { is_default: false, ..sample::environment("testing") };
    world.insert(Record::Environment(testing.clone())).await;
    let (here, there) = (world.asset("Url"), Asset { environment_id: testing.id, ..world.asset("url") });
    world.insert(Record::Asset(here.clone())).await;
    world.insert(Record::Asset(there.clone())).await;
    let by_name = async |environment, name: &str| world.store.asset_by_name(environment, name).await.unwrap();
    assert_eq!(by_name(world.environment.id, "URL").await, Some(here));
    assert_eq!(by_name(testing.id, "URL").await, Some(there));
    assert_eq!(by_name(testing.id, "ur_").await, None);
}

/// The sealed content of an asset is what was written last, and goes with the asset.
pub async fn asset_contents<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let asset = world.asset("certificate");
    let seal =
        |sealed: Option<&[u8]>| Write::SealAssetContent { id: asset.id, sealed: sealed.map(<[u8]>::to_vec) };
    let commit = async |writes: Vec<Write>| -> Result<()> {
        world.store.commit(Changes { writes, ..Changes::none() }).await
    };
    let content = async || world.store.asset_content(asset.id).await.unwrap();
    assert_code(commit(vec![seal(Some(b"x"))]).await, ErrorKind::Invalid, "reference.missing");
    let large: Vec<u8> = (0..=255).cycle().take(3_000_000).collect();
    commit(vec![Write::Insert(Record::Asset(asset.clone())), seal(Some(&large))]).await.unwrap();
    assert!(content().await == Some(large));
    commit(vec![seal(Some(b"two"))]).await.unwrap();
    let taken = Record::Asset(world.asset("certificate"));
    let refused = commit(vec![seal(Some(b"three")), Write::Insert(taken)]).await;
    assert_code(refused, ErrorKind::Conflict, "name.taken");
    assert_eq!(content().await, Some(b"two".to_vec()), "a refused commit leaves it");
    commit(vec![seal(None)]).await.unwrap();
    assert_eq!(content().await, None);
    commit(vec![seal(Some(b"four"))]).await.unwrap();
    commit(vec![Write::DeleteAsset { id: asset.id, revision: 0 }]).await.unwrap();
    assert_eq!(content().await, None);
}

/// Deleted schedules are in no list, but are there by their id.
pub async fn deleted_schedules<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let schedule = world.schedule();
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let deleted = Schedule { deleted_at: Some(at(1)), is_active: false, next_due: None, ..schedule };
    world.update(Record::Schedule(Box::new(deleted.clone()))).await;
    assert_eq!(world.store.schedules(None, PageRequest::default()).await.unwrap().items, []);
    let stored = world.store.schedule(deleted.id).await.unwrap();
    assert_eq!(stored, Some(Schedule { revision: 1, ..deleted }));
}

/// A summary says what the execution, its package and its version say.
pub async fn summaries<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (_, lease) = world.running(Execution { priority: 4, ..world.execution() }).await;
    let progress = crate::domain::Progress { fraction: 0.25, message: None };
    world.store.set_progress(lease, world.agent.id, progress.clone()).await.unwrap();
    let row = world.finish(lease, failed(), at(2)).await.execution;
    let page = world.store.executions(&ExecutionFilter::default(), PageRequest::default()).await.unwrap();
    let expected = ExecutionSummary {
        id: row.id,
        package_id: world.package.id,
        package_name: world.package.name.clone(),
        version_id: world.version.id,
        version_number: world.version.version_number.clone(),
        environment_id: world.environment.id,
        state: ExecutionState::Failed,
        priority: 4,
        origin: row.origin,
        agent_id: Some(world.agent.id),
        lease_epoch: 1,
        error_message: Some("no total".to_owned()),
        progress: Some(progress),
        cancel_requested_at: None,
        created_at: row.created_at,
        started_at: Some(at(1)),
        ended_at: Some(at(2)),
    };
    assert_eq!(page.items, [expected]);
}

/// Attempts are listed first to last, each as it ended.
pub async fn attempts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (execution, lease) = world.running(world.retried(20)).await;
    world.finish(lease, failed(), at(2)).await;
    for epoch in 2..=11 {
        let now = at(i64::from(epoch) * 10_000);
        world.store.wake(now, 10).await.unwrap();
        let lease = world.claim_at(now).await.lease().unwrap();
        world.finish(lease, if epoch == 11 { succeeded() } else { failed() }, now).await;
    }
    let attempts = world.store.attempts(execution.id).await.unwrap();
    assert_eq!(
        attempts.iter().map(|attempt| attempt.lease.epoch).collect::<Vec<_>>(),
        (1..=11).collect::<Vec<_>>()
    );
    assert!(attempts.iter().all(|attempt| attempt.lease.execution == execution.id));
    assert_eq!(attempts[0].error, failed().error);
    assert_eq!((attempts[10].error.clone(), attempts[10].exit_code), (None, Some(0)));
}

/// Files are listed by id; one of the same attempt and name replaces the other, which is given back.
pub async fn artifacts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (running, lease) = world.running(world.retried(2)).await;
    let agent = world.agent.id;
    let (first, second) = (world.artifact(lease, "a.csv"), world.artifact(lease, "b.csv"));
    let again = Artifact { size: 0, created_at: at(9), ..world.artifact(lease, "a.csv") };
    for (artifact, replaced) in [(&second, None), (&first, None), (&again, Some(first.clone()))] {
        assert_eq!(world.store.keep_artifact(lease, agent, artifact.clone()).await.unwrap(), replaced);
    }
    assert_eq!(world.store.artifacts(lease.execution).await.unwrap(), [second.clone(), again.clone()]);
    assert_eq!(world.store.artifact(lease.execution, again.id).await.unwrap(), Some(again));
    assert_eq!(world.store.artifact(lease.execution, first.id).await.unwrap(), None);
    assert_eq!(world.store.artifact(ExecutionId::new(), second.id).await.unwrap(), None);
    assert_eq!(world.stored(running.id).await, running, "the execution's row is not changed");

    world.finish(lease, failed(), at(10)).await;
    world.store.wake(at(60), 10).await.unwrap();
    let next = world.claim_at(at(60)).await.lease().unwrap();
    let of_next = world.artifact(next, "a.csv");
    assert_eq!(world.store.keep_artifact(next, agent, of_next).await.unwrap(), None, "another attempt's");
    assert_eq!(world.store.artifacts(lease.execution).await.unwrap().len(), 3);
}

/// Open executions of a package are counted, and those that an agent holds are listed oldest first.
pub async fn open_executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let package = world.package.id;
    let other = sample::agent("bot-2", world.environment.id, world.user.id);
    world.insert(Record::Agent(other.clone())).await;
    let (first, lease) = world.running(world.execution()).await;
    let (second, _) = world.assigned(world.execution()).await;
    world.enqueue(world.execution()).await;
    assert_eq!(world.store.count_open_executions_of_package(package).await.unwrap(), 3);
    assert_eq!(world.store.leased_executions(world.agent.id).await.unwrap(), [first, second.clone()]);
    assert_eq!(world.store.leased_executions(other.id).await.unwrap(), []);
    world.finish(lease, succeeded(), at(2)).await;
    assert_eq!(world.store.count_open_executions_of_package(package).await.unwrap(), 2);
    assert_eq!(world.store.leased_executions(world.agent.id).await.unwrap(), [second]);
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
