//! API keys: kept, found, used, ended.

use super::expect::assert_code;
use super::sample::{World, api_key, at, hash, user};
use crate::changes::{Changes, Record};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{ApiKey, User};
use crate::error::ErrorKind;
use crate::id::{ApiKeyId, UserId};
use crate::permission::{Permission, PermissionSet};
use crate::query::PageRequest;

/// Every field is read as it was written, and a key is found by its id and its hash, good or not.
pub async fn round_trip<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let full = ApiKey {
        name: "ä 'quoted' 😀".to_owned(),
        scopes: Permission::ALL.into_iter().collect(),
        last_used_at: Some(at(3)),
        revoked_at: Some(at(4)),
        revision: 7,
        ..api_key(world.user.id)
    };
    let empty = ApiKey { scopes: PermissionSet::EMPTY, ..api_key(world.user.id) };
    for key in [full, empty] {
        world.insert(Record::ApiKey(key.clone())).await;
        assert_eq!(world.store.api_key(key.id).await.unwrap(), Some(key.clone()));
        assert_eq!(world.store.api_key_by_hash(&key.token_hash).await.unwrap(), Some(key.clone()));
        let changed = ApiKey { name: "another".to_owned(), revoked_at: Some(at(9)), ..key };
        world.update(Record::ApiKey(changed.clone())).await;
        let expected = ApiKey { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.api_key(expected.id).await.unwrap(), Some(expected));
    }
    assert_eq!(world.store.api_key(ApiKeyId::new()).await.unwrap(), None);
    assert_eq!(world.store.api_key_by_hash(&hash()).await.unwrap(), None);
}

/// Two keys never have the same hash, and a key is somebody's.
pub async fn hashes_are_unique<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let key = api_key(world.user.id);
    world.insert(Record::ApiKey(key.clone())).await;
    let same = ApiKey { token_hash: key.token_hash, ..api_key(world.user.id) };
    let refused = world.store.commit(Changes::none().insert(Record::ApiKey(same))).await;
    assert_code(refused, ErrorKind::Conflict, "name.taken");
    let nobodys = Record::ApiKey(api_key(UserId::new()));
    let refused = world.store.commit(Changes::none().insert(nobodys)).await;
    assert_code(refused, ErrorKind::Invalid, "reference.missing");
}

/// A person's keys are listed newest first, page by page, and nobody else's.
pub async fn lists<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let other = user("grace");
    world.insert(Record::User(other.clone())).await;
    let mut keys = Vec::new();
    for _ in 0..3 {
        let key = api_key(world.user.id);
        world.insert(Record::ApiKey(key.clone())).await;
        world.insert(Record::ApiKey(api_key(other.id))).await;
        keys.insert(0, key);
    }
    let first = world.store.api_keys(world.user.id, PageRequest::new(None, 2)).await.unwrap();
    assert_eq!(first.items, keys[..2]);
    let rest = world.store.api_keys(world.user.id, PageRequest::new(first.next, 2)).await.unwrap();
    assert_eq!((rest.items, rest.next), (keys[2..].to_vec(), None));
    assert_eq!(world.store.api_keys(UserId::new(), PageRequest::default()).await.unwrap().items, []);
}

/// A key is live until it is revoked or expires, while its person may sign in.
pub async fn live_keys<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let disabled = User { disabled: true, ..user("disabled") };
    let deleted = User { deleted_at: Some(at(1)), ..user("deleted") };
    let good = api_key(world.user.id);
    let revoked = ApiKey { revoked_at: Some(at(1)), ..api_key(world.user.id) };
    let others = [revoked, api_key(disabled.id), api_key(deleted.id)];
    world.insert(Record::User(disabled)).await;
    world.insert(Record::User(deleted)).await;
    for key in others.iter().chain([&good]) {
        world.insert(Record::ApiKey(key.clone())).await;
    }
    let mut asked: Vec<ApiKeyId> = others.iter().map(|key| key.id).collect();
    asked.extend([good.id, ApiKeyId::new()]);
    let live = async |ids: &[ApiKeyId], second| world.store.live_api_keys(ids, at(second)).await.unwrap();
    assert_eq!(live(&asked, 30).await, [good]);
    assert_eq!(live(&asked, 60).await, []);
    assert_eq!(live(&[], 30).await, []);
}

/// A use is noted beside the revision, forward only, and a change that did not see it leaves it.
pub async fn use_is_noted<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let key = api_key(world.user.id);
    world.insert(Record::ApiKey(key.clone())).await;
    for (second, noted) in [(10, 10), (5, 10), (12, 12)] {
        world.store.note_api_key_use(key.id, at(second)).await.unwrap();
        let stored = world.store.api_key(key.id).await.unwrap().unwrap();
        assert_eq!((stored.last_used_at, stored.revision), (Some(at(noted)), 0));
    }
    world.update(Record::ApiKey(ApiKey { revoked_at: Some(at(20)), ..key.clone() })).await;
    let stored = world.store.api_key(key.id).await.unwrap().unwrap();
    assert_eq!((stored.last_used_at, stored.revoked_at), (Some(at(12)), Some(at(20))));
    world.store.note_api_key_use(ApiKeyId::new(), at(1)).await.unwrap();
}
