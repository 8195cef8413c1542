//! What must be unique, and what must exist.

use super::expect::{assert_code, assert_stale_row};
use super::sample::{self, World, at, instant};
use crate::changes::{Changes, Record, Write};
use crate::clock::Timestamp;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    Agent, AgentPool, Asset, Calendar, Deployment, EnrolmentToken, Environment, Execution, Firing,
    Invitation, Package, Requirements, Rollout, RolloutState, Schedule, Session, User,
};
use crate::error::ErrorKind;
use crate::id::{
    AgentId, CalendarId, EnvironmentId, ExecutionId, PackageId, PoolId, ScheduleId, UserId, VersionId,
};

async fn is_taken(world: &World, record: Record) {
    let changes = Changes::none().insert(record);
    assert_code(world.store.commit(changes).await, ErrorKind::Conflict, "name.taken");
}

async fn is_taken_by_update(world: &World, record: Record) {
    let changes = Changes::none().update(record);
    assert_code(world.store.commit(changes).await, ErrorKind::Conflict, "name.taken");
}

async fn is_missing(world: &World, record: Record) {
    let changes = Changes::none().insert(record);
    assert_code(world.store.commit(changes).await, ErrorKind::Invalid, "reference.missing");
}

/// An id is taken once, whatever kind of row it is.
pub async fn ids<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let execution = world.enqueue(world.execution()).await;
    let schedule = world.schedule();
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    is_taken(&world, Record::Execution(Box::new(execution))).await;
    is_taken(&world, Record::Schedule(Box::new(schedule))).await;
    is_taken(&world, Record::User(User { id: world.user.id, ..sample::user("grace") })).await;
    let agent = sample::agent("bot-2", world.environment.id, world.user.id);
    is_taken(&world, Record::Agent(Agent { id: world.agent.id, ..agent })).await;
    let mut changes = Changes::none();
    let entry = sample::audit("user.create");
    changes.audit.push(entry.clone());
    world.store.commit(changes.clone()).await.unwrap();
    assert_code(world.store.commit(changes).await, ErrorKind::Conflict, "name.taken");
}

/// A user name and an address are taken for ever, without regard to case, also by people who are deleted.
pub async fn users<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let named = User { username: "ADA".to_owned(), ..sample::user("grace") };
    is_taken(&world, Record::User(named.clone())).await;
    let addressed = User { email: "Ada@Example.ORG".to_owned(), ..sample::user("grace") };
    is_taken(&world, Record::User(addressed.clone())).await;
    world.update(Record::User(User { deleted_at: Some(at(1)), ..world.user.clone() })).await;
    is_taken(&world, Record::User(named)).await;
    is_taken(&world, Record::User(addressed)).await;
}

/// An update to a name that another has is refused; to one's own name in another case it is not.
pub async fn updates<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let grace = sample::user("grace");
    world.insert(Record::User(grace.clone())).await;
    is_taken_by_update(&world, Record::User(User { username: "Ada".to_owned(), ..grace.clone() })).await;
    is_taken_by_update(&world, Record::User(User { email: "ADA@example.org".to_owned(), ..grace.clone() }))
        .await;
    world.update(Record::User(User { username: "Grace".to_owned(), ..grace })).await;
}

/// An agent's name is free again once the agent is deleted.
pub async fn agents<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let again = sample::agent("BOT-1", world.environment.id, world.user.id);
    is_taken(&world, Record::Agent(again.clone())).await;
    let other = sample::agent("bot-2", world.environment.id, world.user.id);
    world.insert(Record::Agent(other.clone())).await;
    is_taken_by_update(&world, Record::Agent(Agent { name: "Bot-1".to_owned(), ..other })).await;
    world.update(Record::Agent(Agent { deleted_at: Some(at(1)), ..world.agent.clone() })).await;
    world.insert(Record::Agent(again)).await;
}

/// A package's name is free again once the package is deleted.
pub async fn packages<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let again = sample::package("Invoices", world.user.id);
    is_taken(&world, Record::Package(again.clone())).await;
    world.update(Record::Package(Package { deleted_at: Some(at(1)), ..world.package.clone() })).await;
    world.insert(Record::Package(again)).await;
}

/// A version's number is taken in its package for ever, and free in others.
pub async fn versions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    is_taken(&world, Record::PackageVersion(sample::version(world.package.id, "1.2.3", world.user.id))).await;
    let other = sample::package("receipts", world.user.id);
    world.insert(Record::Package(other.clone())).await;
    world.insert(Record::PackageVersion(sample::version(other.id, "1.2.3", world.user.id))).await;
}

/// A package has at most one deployment in an environment, and one in each.
pub async fn one_active_version<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let next = sample::version(world.package.id, "2.0.0", world.user.id);
    world.insert(Record::PackageVersion(next.clone())).await;
    let second = Deployment { version_id: next.id, ..world.new_deployment(world.environment.id) };
    is_taken(&world, Record::Deployment(second)).await;
    let testing = sample::environment("testing");
    world.insert(Record::Environment(testing.clone())).await;
    let there = Deployment { version_id: next.id, ..world.new_deployment(testing.id) };
    world.insert(Record::Deployment(there.clone())).await;
    let moved = Deployment { environment_id: world.environment.id, ..there };
    is_taken_by_update(&world, Record::Deployment(moved)).await;
    let active = async |environment| {
        world.store.active_version(world.package.id, environment).await.unwrap().map(|version| version.id)
    };
    assert_eq!(active(world.environment.id).await, Some(world.version.id));
    assert_eq!(active(testing.id).await, Some(next.id));
    let replaced = Deployment { version_id: next.id, ..world.deployment.clone() };
    world.update(Record::Deployment(replaced)).await;
    assert_eq!(active(world.environment.id).await, Some(next.id));
}

/// One rollout of a package at most waits for an environment; of those that are decided there are many.
pub async fn one_rollout_waits<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let waiting = sample::rollout(&world.version, world.environment.id);
    world.insert(Record::Rollout(Box::new(waiting.clone()))).await;
    let second = sample::rollout(&world.version, world.environment.id);
    is_taken(&world, Record::Rollout(Box::new(second.clone()))).await;
    let testing = sample::environment("testing");
    world.insert(Record::Environment(testing.clone())).await;
    world.insert(Record::Rollout(Box::new(sample::rollout(&world.version, testing.id)))).await;
    let done = Rollout {
        state: RolloutState::Done,
        decided_by: Some(world.user.id),
        decided_at: Some(at(1)),
        ..waiting
    };
    world.update(Record::Rollout(Box::new(done.clone()))).await;
    world.insert(Record::Rollout(Box::new(Rollout { id: second.id, ..done.clone() }))).await;
    let next = sample::rollout(&world.version, world.environment.id);
    world.insert(Record::Rollout(Box::new(next))).await;
}

/// An environment's name is unique, and one environment at most is the default.
pub async fn environments<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    is_taken(&world, Record::Environment(sample::environment("PRODUCTION"))).await;
    let second = Environment { is_default: true, ..sample::environment("testing") };
    is_taken(&world, Record::Environment(second.clone())).await;
    let old = Environment { is_default: false, ..world.environment.clone() };
    let changes = Changes::none().update(Record::Environment(old)).insert(Record::Environment(second));
    world.store.commit(changes).await.unwrap();
}

/// An asset's name is unique in its environment.
pub async fn assets<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    world.insert(Record::Asset(world.asset("url"))).await;
    is_taken(&world, Record::Asset(world.asset("URL"))).await;
    let testing = sample::environment("testing");
    world.insert(Record::Environment(testing.clone())).await;
    world.insert(Record::Asset(Asset { environment_id: testing.id, ..world.asset("url") })).await;
}

/// The hash of a token is unique among its kind.
pub async fn token_hashes<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (session, invitation, token) = (world.session(), world.invitation(), world.enrolment_token());
    world.insert(Record::Session(session.clone())).await;
    world.insert(Record::Invitation(invitation.clone())).await;
    world.insert(Record::EnrolmentToken(token.clone())).await;
    is_taken(&world, Record::Session(Session { token_hash: session.token_hash, ..world.session() })).await;
    let again = Invitation { token_hash: invitation.token_hash, ..world.invitation() };
    is_taken(&world, Record::Invitation(again)).await;
    let again = EnrolmentToken { token_hash: token.token_hash, ..world.enrolment_token() };
    is_taken(&world, Record::EnrolmentToken(again)).await;
}

/// The name of a pool is taken in its environment while the pool is not deleted.
pub async fn agent_pools<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let testing = sample::environment("testing");
    world.insert(Record::Environment(testing.clone())).await;
    let pool = sample::pool("fast", world.environment.id);
    world.insert(Record::AgentPool(pool.clone())).await;
    is_taken(&world, Record::AgentPool(sample::pool("FAST", world.environment.id))).await;
    world.insert(Record::AgentPool(sample::pool("fast", testing.id))).await;
    world.update(Record::AgentPool(AgentPool { deleted_at: Some(at(1)), ..pool })).await;
    world.insert(Record::AgentPool(sample::pool("Fast", world.environment.id))).await;
}

/// Two rows of one commit clash too.
pub async fn in_one_commit<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let changes = Changes::none()
        .insert(Record::User(sample::user("grace")))
        .insert(Record::User(sample::user("Grace")));
    assert_code(world.store.commit(changes).await, ErrorKind::Conflict, "name.taken");
    assert_eq!(world.store.user_by_login("grace").await.unwrap(), None);
}

/// What a person's, a package's or an agent's row names must be there.
pub async fn references_of_records<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (nobody, nowhere) = (UserId::new(), EnvironmentId::new());
    let (user, environment) = (world.user.id, world.environment.id);
    is_missing(&world, Record::Session(Session { user_id: nobody, ..world.session() })).await;
    let invitation = Invitation { created_by: Some(nobody), ..world.invitation() };
    is_missing(&world, Record::Invitation(invitation)).await;
    is_missing(&world, Record::Agent(sample::agent("bot-2", nowhere, user))).await;
    is_missing(&world, Record::Agent(sample::agent("bot-2", environment, nobody))).await;
    let token = || world.enrolment_token();
    is_missing(&world, Record::EnrolmentToken(EnrolmentToken { created_by: nobody, ..token() })).await;
    is_missing(&world, Record::EnrolmentToken(EnrolmentToken { environment_id: nowhere, ..token() })).await;
    let of_agent = EnrolmentToken { agent_id: Some(AgentId::new()), ..token() };
    is_missing(&world, Record::EnrolmentToken(of_agent)).await;
    is_missing(&world, Record::AgentPool(sample::pool("fast", nowhere))).await;
    is_missing(&world, Record::Package(sample::package("receipts", nobody))).await;
    is_missing(&world, Record::PackageVersion(sample::version(PackageId::new(), "2.0.0", user))).await;
    is_missing(&world, Record::PackageVersion(sample::version(world.package.id, "2.0.0", nobody))).await;
    is_missing(&world, Record::Asset(Asset { environment_id: nowhere, ..world.asset("url") })).await;
    is_missing(&world, Record::Asset(Asset { updated_by: nobody, ..world.asset("url") })).await;
}

/// A calendar's name is taken once, without regard to case, and free again when the calendar is removed.
pub async fn calendars<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (kept, other) = (world.calendar("Bavaria"), world.calendar("Saxony"));
    world.insert(Record::Calendar(kept.clone())).await;
    world.insert(Record::Calendar(other.clone())).await;
    is_taken(&world, Record::Calendar(world.calendar("BAVARIA"))).await;
    is_taken_by_update(&world, Record::Calendar(Calendar { name: "bavaria".to_owned(), ..other })).await;
    is_missing(&world, Record::Calendar(Calendar { updated_by: UserId::new(), ..world.calendar("x") })).await;
    let delete = |revision| Changes {
        writes: vec![Write::DeleteCalendar { id: kept.id, revision }],
        ..Changes::none()
    };
    assert_stale_row(world.store.commit(delete(1)).await);
    world.store.commit(delete(0)).await.unwrap();
    assert_eq!(world.store.calendar(kept.id).await.unwrap(), None);
    assert_stale_row(world.store.commit(delete(0)).await);
    world.insert(Record::Calendar(world.calendar("BAVARIA"))).await;
}

/// What an execution's or a schedule's row names must be there.
pub async fn references_of_work<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let base = || world.execution();
    let executions = [
        Execution { package_id: PackageId::new(), ..base() },
        Execution { version_id: VersionId::new(), ..base() },
        Execution { environment_id: EnvironmentId::new(), ..base() },
        Execution { pinned_agent_id: Some(AgentId::new()), ..base() },
        Execution {
            requirements: Requirements { pool_id: Some(PoolId::new()), ..Requirements::default() },
            ..base()
        },
    ];
    for execution in executions {
        is_missing(&world, Record::Execution(Box::new(execution))).await;
    }
    let base = || world.schedule();
    let schedules = [
        Schedule { package_id: PackageId::new(), ..base() },
        Schedule { environment_id: EnvironmentId::new(), ..base() },
        Schedule { created_by_id: UserId::new(), ..base() },
        Schedule { calendar_id: Some(CalendarId::new()), ..base() },
    ];
    for schedule in schedules {
        is_missing(&world, Record::Schedule(Box::new(schedule))).await;
    }
}

/// What a firing names must be there.
pub async fn references_of_firings<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let schedule = world.schedule();
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let fire = |schedule_id, execution_id, due_at: Timestamp| {
        let firing = Firing { execution_id, ..Firing::new(schedule_id, 0, due_at, instant()) };
        Changes { writes: vec![Write::Fire(firing)], ..Changes::none() }
    };
    let missing = |result| assert_code(result, ErrorKind::Invalid, "reference.missing");
    missing(world.store.commit(fire(ScheduleId::new(), None, instant())).await);
    missing(world.store.commit(fire(schedule.id, Some(ExecutionId::new()), instant())).await);
}

/// An update may not name what is not there either.
pub async fn references_of_updates<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let moved = Agent { environment_id: EnvironmentId::new(), ..world.agent.clone() };
    let changes = Changes::none().update(Record::Agent(moved));
    assert_code(world.store.commit(changes).await, ErrorKind::Invalid, "reference.missing");
    assert_eq!(world.store.agent(world.agent.id).await.unwrap(), Some(world.agent));
}

/// A row of the same commit counts once it is written; a deleted one counts too.
pub async fn references_within_a_commit<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let owner = sample::user("grace");
    let package = sample::package("receipts", owner.id);
    let version = sample::version(package.id, "1.0.0", owner.id);
    let execution = Execution { package_id: package.id, version_id: version.id, ..world.execution() };
    let changes = Changes::none()
        .insert(Record::User(owner))
        .insert(Record::Package(package.clone()))
        .insert(Record::PackageVersion(version))
        .insert(Record::Execution(Box::new(execution.clone())));
    world.store.commit(changes).await.unwrap();
    world.update(Record::Package(Package { deleted_at: Some(at(1)), ..package })).await;
    world.enqueue(Execution { id: ExecutionId::new(), ..execution }).await;
}
