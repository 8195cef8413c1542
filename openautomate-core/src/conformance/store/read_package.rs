//! Every read of packages, versions and where they are active.

use super::sample::{self, World, at};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Package, Rollout, RolloutState};
use crate::id::PackageId;
use crate::query::{PageRequest, RolloutFilter};

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
