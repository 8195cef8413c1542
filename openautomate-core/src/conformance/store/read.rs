//! Every read: found, missing, and what became of the deleted.

use super::expect::assert_code;
use super::sample::{self, World, at, hash};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Asset, Environment, Role, Schedule, Session, User};
use crate::error::{ErrorKind, Result};
use crate::id::{AgentId, AssetId, EnvironmentId, PackageId, ScheduleId, SessionId, UserId, VersionId};
use crate::query::PageRequest;

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
