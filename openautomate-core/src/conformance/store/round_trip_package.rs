//! Every field of packages, versions and where they are active is read as it was written.

use super::round_trip::ODD;
use super::sample::{self, World, at};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Deployment, Package, PackageVersion, Rollout, RolloutKind, RolloutState};
use crate::id::RolloutId;
use crate::package::manifest::Manifest;

/// Packages.
pub async fn packages<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = Package { description: String::new(), ..sample::package("empty", world.user.id) };
    let full = Package { deleted_at: Some(at(2)), revision: 5, ..sample::package(ODD, world.user.id) };
    for package in [empty, full] {
        world.insert(Record::Package(package.clone())).await;
        assert_eq!(world.store.package(package.id).await.unwrap(), Some(package.clone()));
        let changed = Package {
            name: format!("{} changed", package.name),
            description: ODD.repeat(50),
            updated_at: at(7),
            deleted_at: package.deleted_at.is_none().then(|| at(8)),
            ..package
        };
        world.update(Record::Package(changed.clone())).await;
        let expected = Package { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.package(expected.id).await.unwrap(), Some(expected));
    }
}

/// Versions, with their manifests.
pub async fn versions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let plain = Manifest::parse("", Some("main.py")).expect("a plain script's manifest");
    let version = PackageVersion {
        version_number: "10.20.30-rc.1+build.5".to_owned(),
        size: i64::MAX as u64,
        manifest: plain,
        author: None,
        ..sample::version(world.package.id, "", world.user.id)
    };
    world.insert(Record::PackageVersion(version.clone())).await;
    assert_eq!(world.store.version(version.id).await.unwrap(), Some(version));
    let stored = world.store.version(world.version.id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&world.version));
    let changed = PackageVersion { author: None, ..world.version.clone() };
    world.update(Record::PackageVersion(changed.clone())).await;
    let expected = PackageVersion { revision: 1, ..changed };
    assert_eq!(world.store.version(expected.id).await.unwrap(), Some(expected));
}

/// Deployments.
pub async fn deployments<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let stored = async || world.store.deployment(world.package.id, world.environment.id).await.unwrap();
    assert_eq!(stored().await, Some(world.deployment.clone()));
    let next = sample::version(world.package.id, "2.0.0", world.user.id);
    world.insert(Record::PackageVersion(next.clone())).await;
    let changed = Deployment { version_id: next.id, deployed_at: at(7), ..world.deployment.clone() };
    world.update(Record::Deployment(changed.clone())).await;
    assert_eq!(stored().await, Some(Deployment { revision: 1, ..changed }));
}

/// Rollouts, of every kind and in every state.
pub async fn rollouts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let stored = async |id| world.store.rollout(id).await.unwrap();
    let waiting = sample::rollout(&world.version, world.environment.id);
    world.insert(Record::Rollout(Box::new(waiting.clone()))).await;
    assert_eq!(stored(waiting.id).await, Some(waiting.clone()));
    assert_eq!(stored(RolloutId::new()).await, None);
    let mut last = waiting;
    for (kind, state) in [
        (RolloutKind::Promote, RolloutState::Done),
        (RolloutKind::RollBack, RolloutState::Rejected),
        (RolloutKind::Deploy, RolloutState::Withdrawn),
    ] {
        let decided = Rollout {
            kind,
            state,
            from_environment_id: Some(world.environment.id),
            previous_version_id: Some(world.version.id),
            decided_by: Some(world.user.id),
            decided_at: Some(at(9)),
            comment: ODD.to_owned(),
            ..last
        };
        world.update(Record::Rollout(Box::new(decided.clone()))).await;
        let expected = Rollout { revision: 1, ..decided };
        assert_eq!(stored(expected.id).await, Some(expected));
        last = sample::rollout(&world.version, world.environment.id);
        world.insert(Record::Rollout(Box::new(last.clone()))).await;
    }
}
