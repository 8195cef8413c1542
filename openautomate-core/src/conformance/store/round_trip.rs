//! Every field of every record is read as it was written, at its emptiest and at its fullest, when it is new
//! and when it was changed.

use super::sample::{self, World, at, hash};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    ActorKind, ActorRef, AllowedPackage, Asset, AssetFile, AssetFormat, AssetKind, Environment,
    EnvironmentPause, EnvironmentRoles, Invitation, Role, Session, User,
};
use crate::id::{EnvironmentId, InvitationId, RoleId};

pub(super) const ODD_KEY: &str = "É\u{1F600} '\"\\ key";
pub(super) const ODD: &str = "ä € 😀 'quoted' \"twice\" \\ % _ ; --";

/// People.
pub async fn users<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = User { roles: vec![], ..sample::user("empty") };
    let full = User {
        custom_roles: vec![RoleId::new(), RoleId::new()],
        environment_roles: vec![
            EnvironmentRoles {
                environment_id: EnvironmentId::new(),
                roles: Role::ALL.to_vec(),
                custom_roles: vec![],
            },
            EnvironmentRoles {
                environment_id: EnvironmentId::new(),
                roles: vec![],
                custom_roles: vec![RoleId::new(), RoleId::new()],
            },
        ],
        username: ODD.to_owned(),
        roles: Role::ALL.to_vec(),
        disabled: true,
        last_login: Some(at(5)),
        deleted_at: Some(at(6)),
        revision: 9,
        ..sample::user("full")
    };
    for user in [empty, full] {
        world.insert(Record::User(user.clone())).await;
        assert_eq!(world.store.user(user.id).await.unwrap(), Some(user.clone()));
        let changed = User {
            username: format!("{} changed", user.username),
            email: format!("changed.{}", user.email),
            password_hash: "$argon2id$other".to_owned(),
            roles: vec![Role::Viewer],
            environment_roles: vec![],
            disabled: !user.disabled,
            last_login: Some(at(8)),
            deleted_at: user.deleted_at.is_none().then(|| at(9)),
            ..user
        };
        world.update(Record::User(changed.clone())).await;
        let expected = User { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.user(expected.id).await.unwrap(), Some(expected));
    }
}

/// Sessions.
pub async fn sessions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let full = Session {
        previous_token_hash: Some(hash()),
        revoked_at: Some(at(5)),
        revision: 2,
        ..world.session()
    };
    for session in [world.session(), full] {
        world.insert(Record::Session(session.clone())).await;
        assert_eq!(world.store.session(session.id).await.unwrap(), Some(session.clone()));
        let changed = Session {
            token_hash: hash(),
            previous_token_hash: Some(session.token_hash),
            rotated_at: at(9),
            expires_at: at(99),
            revoked_at: session.revoked_at.is_none().then(|| at(9)),
            ..session
        };
        world.update(Record::Session(changed.clone())).await;
        let expected = Session { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.session(expected.id).await.unwrap(), Some(expected));
    }
}

/// Invitations.
pub async fn invitations<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let first = Invitation { email: String::new(), roles: vec![], created_by: None, ..world.invitation() };
    let full = Invitation { roles: Role::ALL.to_vec(), used_at: Some(at(1)), ..world.invitation() };
    for invitation in [Invitation { id: InvitationId::new(), ..first }, full] {
        world.insert(Record::Invitation(invitation.clone())).await;
        let by_token = async || world.store.invitation_by_token(&invitation.token_hash).await.unwrap();
        assert_eq!(by_token().await, Some(invitation.clone()));
        let changed = Invitation { used_at: Some(at(7)), ..invitation.clone() };
        world.update(Record::Invitation(changed.clone())).await;
        assert_eq!(by_token().await, Some(Invitation { revision: 1, ..changed }));
    }
}

/// Environments.
pub async fn environments<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let environment = sample::environment(ODD);
    for stored in [&world.environment, &environment] {
        if stored.id == environment.id {
            world.insert(Record::Environment(environment.clone())).await;
        }
        assert_eq!(world.store.environment(stored.id).await.unwrap().as_ref(), Some(stored));
    }
    let keys = vec![world.version.signature.key];
    let changed = Environment {
        name: "renamed".to_owned(),
        author_keys: keys,
        max_concurrent: Some(7),
        four_eyes: true,
        pause: Some(EnvironmentPause {
            at: at(1),
            by: ActorRef { kind: ActorKind::User, id: Some(world.user.id.to_string()), name: ODD.to_owned() },
            reason: ODD.to_owned(),
            until: Some(at(60)),
        }),
        ..environment
    };
    world.update(Record::Environment(changed.clone())).await;
    let expected = Environment { revision: 1, ..changed };
    assert_eq!(world.store.environment(expected.id).await.unwrap(), Some(expected));
}

/// Assets.
pub async fn assets<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = Asset { description: String::new(), sealed: vec![], ..world.asset("empty") };
    let sealed = (0..=255).cycle().take(70_000).collect();
    let format = AssetFormat::Json;
    let allowed = vec![AllowedPackage { id: world.package.id, name: ODD.to_owned() }];
    let allowed_packages = Some(allowed);
    let full =
        Asset { kind: AssetKind::Secret, format, sealed, allowed_packages, revision: 8, ..world.asset(ODD) };
    let file = Some(AssetFile { name: "Überweisung 7.pfx".to_owned(), size: u64::MAX });
    let kept = Asset { kind: AssetKind::Secret, format: AssetFormat::File, file, ..world.asset("file") };
    for asset in [empty, full, kept] {
        world.insert(Record::Asset(asset.clone())).await;
        assert_eq!(world.store.asset(asset.id).await.unwrap(), Some(asset.clone()));
        let changed = Asset {
            name: format!("{} changed", asset.name),
            kind: if asset.kind == AssetKind::Plain { AssetKind::Secret } else { AssetKind::Plain },
            format: AssetFormat::Credential,
            file: None,
            allowed_packages: Some(vec![]),
            description: ODD.to_owned(),
            sealed: vec![9, 0, 9],
            updated_at: at(9),
            ..asset
        };
        world.update(Record::Asset(changed.clone())).await;
        let expected = Asset { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.asset(expected.id).await.unwrap(), Some(expected));
    }
}
