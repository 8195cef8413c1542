//! Roles that people made: kept, named once, held, removed.

use super::expect::{assert_code, assert_stale_row};
use super::sample::{World, at, custom_role, user};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{CustomRole, EnvironmentRoles, Role, User};
use crate::error::ErrorKind;
use crate::id::{EnvironmentId, RoleId};
use crate::permission::Permission;

/// Every field is read as it was written; all are listed, oldest first.
pub async fn round_trip<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    assert_eq!(world.store.custom_roles().await.unwrap(), []);
    let (first, second) = (custom_role("ä 'quoted' 😀"), custom_role("Auditors"));
    for role in [&first, &second] {
        world.insert(Record::CustomRole(role.clone())).await;
        assert_eq!(world.store.custom_role(role.id).await.unwrap(), Some(role.clone()));
    }
    assert_eq!(world.store.custom_roles().await.unwrap(), [first.clone(), second]);
    let changed = CustomRole {
        name: "Night shift".to_owned(),
        description: String::new(),
        permissions: Permission::ALL.into_iter().collect(),
        updated_at: at(5),
        ..first
    };
    world.update(Record::CustomRole(changed.clone())).await;
    let expected = CustomRole { revision: 1, ..changed };
    assert_eq!(world.store.custom_role(expected.id).await.unwrap(), Some(expected));
    assert_eq!(world.store.custom_role(RoleId::new()).await.unwrap(), None);
}

/// A name is taken without regard to case, and free again when its role is gone.
pub async fn names_are_unique<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let role = custom_role("Auditors");
    world.insert(Record::CustomRole(role.clone())).await;
    let same = Changes::none().insert(Record::CustomRole(custom_role("AUDITORS")));
    assert_code(world.store.commit(same.clone()).await, ErrorKind::Conflict, "name.taken");
    let remove = |revision| {
        let mut changes = Changes::none();
        changes.writes.push(Write::DeleteRole { id: role.id, revision });
        changes
    };
    assert_stale_row(world.store.commit(remove(1)).await);
    world.store.commit(remove(0)).await.unwrap();
    assert_stale_row(world.store.commit(remove(0)).await);
    assert_eq!(world.store.custom_role(role.id).await.unwrap(), None);
    world.store.commit(same).await.unwrap();
}

/// Who has a role: those who are not deleted, oldest first, no more than asked for.
pub async fn holders<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (role, other) = (custom_role("Auditors"), custom_role("Night shift"));
    for role in [&role, &other] {
        world.insert(Record::CustomRole(role.clone())).await;
    }
    let has = |name: &str, roles: &[RoleId]| User { custom_roles: roles.to_vec(), ..user(name) };
    let first = User { disabled: true, ..has("first", &[other.id, role.id]) };
    let second = has("second", &[role.id]);
    let gone = User { deleted_at: Some(at(1)), ..has("gone", &[role.id]) };
    for user in [&first, &second, &gone, &has("third", &[other.id])] {
        world.insert(Record::User(user.clone())).await;
        assert_eq!(world.store.user(user.id).await.unwrap().as_ref(), Some(user));
    }
    let found = async |id, limit| world.store.users_with_role(id, limit).await.unwrap();
    assert_eq!(found(role.id, 9).await, [first.clone(), second]);
    assert_eq!(found(role.id, 1).await, std::slice::from_ref(&first));
    assert_eq!(found(RoleId::new(), 9).await, []);
    let changed = User { custom_roles: vec![], ..first };
    world.update(Record::User(changed)).await;
    assert_eq!(found(role.id, 9).await.len(), 1);

    // Nor may one go that counts in an environment only.
    let here = |roles: &[RoleId]| EnvironmentRoles {
        environment_id: world.environment.id,
        roles: vec![Role::Viewer],
        custom_roles: roles.to_vec(),
    };
    let mixed = User {
        custom_roles: vec![other.id],
        environment_roles: vec![
            EnvironmentRoles { environment_id: EnvironmentId::new(), ..here(&[]) },
            here(&[other.id, role.id]),
        ],
        ..user("here")
    };
    world.insert(Record::User(mixed.clone())).await;
    assert_eq!(found(role.id, 9).await.last(), Some(&mixed));
    assert_eq!(found(role.id, 9).await.len(), 2);
    let holders = found(other.id, 9).await;
    assert_eq!(holders.iter().filter(|user| user.id == mixed.id).count(), 1, "whoever has it twice is one");
}
