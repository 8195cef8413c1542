//! Lists: newest first, page by page, each item once, each filter.

use std::collections::BTreeSet;
use std::future::Future;

use uuid::Uuid;

use super::sample::{self, World, at, failed, instant};
use crate::changes::{Changes, Record};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    Agent, Asset, Execution, ExecutionState, ExecutionSummary, FiringCause, Origin, Package, PackageVersion,
    Schedule,
};
use crate::error::Result;
use crate::query::{AuditFilter, Cursor, ExecutionFilter, Page, PageRequest};

/// Walks a list in pages of every size and expects these ids, newest first.
async fn walk<T, R>(mut expected: Vec<Uuid>, list: impl Fn(PageRequest) -> R, id: impl Fn(&T) -> Uuid)
where
    R: Future<Output = Result<Page<T>>>,
{
    expected.sort();
    expected.reverse();
    let all = u32::try_from(expected.len()).expect("invariant: a case has few rows");
    for limit in [1, 2, all.max(1), all + 1] {
        let (mut after, mut found) = (None, Vec::new());
        loop {
            let page = list(PageRequest::new(after, limit)).await.expect("a page");
            assert!(page.items.len() <= limit as usize, "{} items on a page of {limit}", page.items.len());
            found.extend(page.items.iter().map(&id));
            let Some(next) = page.next else { break };
            assert_eq!(page.items.len(), limit as usize, "a page with a next one is full");
            assert_eq!(Some(&next.0), found.last(), "the cursor is the last item");
            after = Some(next);
        }
        assert_eq!(found, expected, "in pages of {limit}");
    }
}

/// People.
pub async fn users<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut ids = vec![*world.user.id.as_uuid()];
    for index in 0..5 {
        let user = sample::user(&format!("user-{index}"));
        ids.push(*user.id.as_uuid());
        world.insert(Record::User(user)).await;
    }
    let deleted = crate::domain::User { deleted_at: Some(at(1)), ..sample::user("gone") };
    world.insert(Record::User(deleted)).await;
    walk(ids, async |page| world.store.users(page).await, |user| *user.id.as_uuid()).await;
}

/// Agents.
pub async fn agents<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut ids = vec![*world.agent.id.as_uuid()];
    for index in 0..5 {
        let agent = sample::agent(&format!("agent-{index}"), world.environment.id, world.user.id);
        ids.push(*agent.id.as_uuid());
        world.insert(Record::Agent(agent)).await;
    }
    let gone = sample::agent("gone", world.environment.id, world.user.id);
    world.insert(Record::Agent(Agent { deleted_at: Some(at(1)), ..gone })).await;
    walk(ids, async |page| world.store.agents(page).await, |agent| *agent.id.as_uuid()).await;
}

/// Packages.
pub async fn packages<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut ids = vec![*world.package.id.as_uuid()];
    for index in 0..5 {
        let package = sample::package(&format!("package-{index}"), world.user.id);
        ids.push(*package.id.as_uuid());
        world.insert(Record::Package(package)).await;
    }
    let gone = Package { deleted_at: Some(at(1)), ..sample::package("gone", world.user.id) };
    world.insert(Record::Package(gone)).await;
    walk(ids, async |page| world.store.packages(page).await, |package| *package.id.as_uuid()).await;
}

/// The versions of one package.
pub async fn versions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let other = sample::package("receipts", world.user.id);
    world.insert(Record::Package(other.clone())).await;
    world.insert(Record::PackageVersion(sample::version(other.id, "1.0.0", world.user.id))).await;
    let mut ids = vec![*world.version.id.as_uuid()];
    for index in 0..5 {
        let version = sample::version(world.package.id, &format!("2.0.{index}"), world.user.id);
        ids.push(*version.id.as_uuid());
        world.insert(Record::PackageVersion(version)).await;
    }
    let package = world.package.id;
    walk(ids, async |page| world.store.versions(package, page).await, |version| *version.id.as_uuid()).await;
}

/// The digests of all versions, of deleted packages too, each once, batch by batch.
pub async fn digests<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (first, second) = (world.package.clone(), sample::package("receipts", world.user.id));
    world.insert(Record::Package(second.clone())).await;
    let mut expected = BTreeSet::from([world.version.digest.clone()]);
    for index in 0..8_u8 {
        // Two versions share each digest, of one package or of two.
        let digest = hex::encode([index / 2 * 37; 32]);
        let package = if index % 4 == 0 { first.id } else { second.id };
        let version = sample::version(package, &format!("3.0.{index}"), world.user.id);
        world.insert(Record::PackageVersion(PackageVersion { digest: digest.clone(), ..version })).await;
        expected.insert(digest);
    }
    world.update(Record::Package(Package { deleted_at: Some(at(1)), ..second })).await;
    for limit in [1, 2, 100] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let batch = world.store.digests(after.as_deref(), limit).await.unwrap();
            assert!(batch.len() <= limit as usize);
            let Some(last) = batch.last() else { break };
            after = Some(last.clone());
            found.extend(batch);
        }
        assert!(found.iter().eq(&expected), "{found:?}");
    }
}

/// Schedules, of all packages and of one.
pub async fn schedules<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let other = sample::package("receipts", world.user.id);
    world.insert(Record::Package(other.clone())).await;
    let (mut all, mut one) = (Vec::new(), Vec::new());
    for index in 0..6 {
        let package_id = if index % 3 == 0 { other.id } else { world.package.id };
        let schedule = Schedule { package_id, is_active: index % 2 == 0, ..world.schedule() };
        all.push(*schedule.id.as_uuid());
        if package_id == world.package.id {
            one.push(*schedule.id.as_uuid());
        }
        world.insert(Record::Schedule(Box::new(schedule))).await;
    }
    let gone = Schedule { deleted_at: Some(at(1)), is_active: false, next_due: None, ..world.schedule() };
    world.insert(Record::Schedule(Box::new(gone))).await;
    let package = Some(world.package.id);
    walk(all, async |page| world.store.schedules(None, page).await, |schedule| *schedule.id.as_uuid()).await;
    walk(one, async |page| world.store.schedules(package, page).await, |schedule| *schedule.id.as_uuid())
        .await;
}

/// Calendars.
pub async fn calendars<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut all = Vec::new();
    for index in 0..5 {
        let calendar = world.calendar(&format!("calendar-{index}"));
        all.push(*calendar.id.as_uuid());
        world.insert(Record::Calendar(calendar)).await;
    }
    walk(all, async |page| world.store.calendars(page).await, |calendar| *calendar.id.as_uuid()).await;
}

/// Assets, of all environments and of one.
pub async fn assets<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let testing = sample::environment("testing");
    world.insert(Record::Environment(testing.clone())).await;
    let (mut all, mut one) = (Vec::new(), Vec::new());
    for index in 0..6 {
        let environment_id = if index % 3 == 0 { testing.id } else { world.environment.id };
        let asset = Asset { environment_id, ..world.asset(&format!("asset-{index}")) };
        all.push(*asset.id.as_uuid());
        if environment_id == testing.id {
            one.push(*asset.id.as_uuid());
        }
        world.insert(Record::Asset(asset)).await;
    }
    walk(all, async |page| world.store.assets(None, page).await, |asset| *asset.id.as_uuid()).await;
    walk(one, async |page| world.store.assets(Some(testing.id), page).await, |asset| *asset.id.as_uuid())
        .await;
}

/// Audit entries, all and filtered, sealed or not.
pub async fn audit_entries<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let entries: Vec<_> =
        (0..9).map(|index| sample::audit(if index % 3 == 0 { "third" } else { "other" })).collect();
    let changes = Changes { audit: entries.clone(), ..Changes::none() };
    world.store.commit(changes).await.unwrap();
    world.store.seal(4).await.unwrap();
    let all = entries.iter().map(|entry| *entry.id.as_uuid()).collect();
    let thirds = entries.iter().step_by(3).map(|entry| *entry.id.as_uuid()).collect();
    let every = AuditFilter::default();
    let third = AuditFilter { action: Some("third".to_owned()), ..AuditFilter::default() };
    walk(all, async |page| world.store.audit_entries(&every, page).await, |entry| *entry.id.as_uuid()).await;
    walk(thirds, async |page| world.store.audit_entries(&third, page).await, |entry| *entry.id.as_uuid())
        .await;
}

/// Executions by each part of the filter, and by all of them together.
pub async fn executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut rows = mixed_executions(&world).await;
    for row in &mut rows {
        *row = world.stored(row.id).await;
    }
    let agent = world.agent.id;
    let schedule = rows.iter().find_map(schedule_of).unwrap();
    let (package, environment) = (rows[1].package_id, rows[2].environment_id);
    let none = ExecutionFilter::default;
    let filters = [
        none(),
        ExecutionFilter { package_id: Some(package), ..none() },
        ExecutionFilter { environment_id: Some(environment), ..none() },
        ExecutionFilter { agent_id: Some(agent), ..none() },
        ExecutionFilter { schedule_id: Some(schedule), ..none() },
        ExecutionFilter { states: vec![ExecutionState::Pending], ..none() },
        ExecutionFilter { states: vec![ExecutionState::Failed, ExecutionState::Running], ..none() },
        ExecutionFilter { states: vec![ExecutionState::TimedOut], ..none() },
        ExecutionFilter { package_id: Some(package), states: vec![ExecutionState::Failed], ..none() },
        ExecutionFilter { agent_id: Some(agent), schedule_id: Some(schedule), ..none() },
        ExecutionFilter {
            package_id: Some(package),
            environment_id: Some(environment),
            agent_id: Some(agent),
            schedule_id: Some(schedule),
            states: ExecutionState::ALL.to_vec(),
        },
    ];
    let mut found_some = 0;
    for filter in filters {
        let wanted = |row: &&Execution| {
            filter.package_id.is_none_or(|id| id == row.package_id)
                && filter.environment_id.is_none_or(|id| id == row.environment_id)
                && filter.agent_id.is_none_or(|id| Some(id) == row.agent_id)
                && filter.schedule_id.is_none_or(|id| Some(id) == schedule_of(row))
                && (filter.states.is_empty() || filter.states.contains(&row.state))
        };
        let expected: Vec<Uuid> = rows.iter().filter(wanted).map(|row| *row.id.as_uuid()).collect();
        found_some += usize::from(!expected.is_empty() && expected.len() < rows.len());
        let id = |summary: &ExecutionSummary| *summary.id.as_uuid();
        walk(expected, async |page| world.store.executions(&filter, page).await, id).await;
    }
    assert_eq!(found_some, 8, "the sample tells the filters apart");
}

/// A page is a walk by key: what is added meanwhile moves nothing, and a cursor needs no row of its own.
pub async fn cursors_are_stable<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(world.enqueue(world.execution()).await.id);
    }
    let list = async |after, limit| {
        world.store.executions(&ExecutionFilter::default(), PageRequest::new(after, limit)).await.unwrap()
    };
    let first = list(None, 2).await;
    world.enqueue(world.execution()).await;
    let second = list(first.next, 2).await;
    assert_eq!(second.items.iter().map(|row| row.id).collect::<Vec<_>>(), [made[1], made[0]]);
    assert_eq!(second.next, None);
    let before_all = list(Some(Cursor(Uuid::nil())), 2).await;
    assert_eq!((before_all.items, before_all.next), (vec![], None));
    let after_all = list(Some(Cursor(Uuid::max())), 10).await;
    assert_eq!(after_all.items.len(), 5);
}

/// Executions that differ in every part of the filter.
async fn mixed_executions(world: &World) -> Vec<Execution> {
    let package = sample::package("receipts", world.user.id);
    let version = sample::version(package.id, "1.0.0", world.user.id);
    let testing = sample::environment("testing");
    let schedule = world.schedule();
    world.insert(Record::Package(package.clone())).await;
    world.insert(Record::PackageVersion(version.clone())).await;
    world.insert(Record::Environment(testing.clone())).await;
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let origin = Origin::Schedule { schedule_id: schedule.id, due_at: instant(), cause: FiringCause::Due };
    let base = || world.execution();
    let (ran, lease) = world.running(base()).await;
    world.finish(lease, failed(), at(2)).await;
    let of_package = Execution { package_id: package.id, version_id: version.id, ..base() };
    let (failed_one, lease) = world.running(Execution { origin: origin.clone(), ..of_package.clone() }).await;
    world.finish(lease, failed(), at(2)).await;
    let elsewhere = world.enqueue(Execution { environment_id: testing.id, ..base() }).await;
    let (runs, _) = world.running(base()).await;
    let everything = Execution { origin, environment_id: testing.id, ..of_package };
    let waits = world.enqueue(Execution { id: crate::id::ExecutionId::new(), ..everything }).await;
    vec![ran, failed_one, elsewhere, runs, waits]
}

fn schedule_of(execution: &Execution) -> Option<crate::id::ScheduleId> {
    match execution.origin {
        Origin::Schedule { schedule_id, .. } => Some(schedule_id),
        _ => None,
    }
}
