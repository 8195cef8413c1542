//! What the vault sealed: counted, read and put under another key without a change that anybody sees.

use uuid::Uuid;

use super::expect::assert_code;
use super::sample::{World, at};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{Asset, EndedAs, SecondFactor};
use crate::error::ErrorKind;
use crate::store::{Resealed, SealedCount, SealedKind, VaultKey};

/// What begins like a sealed value under this key.
fn sealed(key: u32, rest: &[u8]) -> Vec<u8> {
    [&[1][..], &key.to_be_bytes(), rest].concat()
}

fn asset(world: &World, name: &str, key: u32) -> Asset {
    Asset { sealed: sealed(key, name.as_bytes()), ..world.asset(name) }
}

/// Keys are kept once a number, read by number, and forgotten; a commit that is refused keeps none.
pub async fn keys<F: StoreFixture>(fixture: F) {
    let store = fixture.store();
    let key = |id, mark: &[u8]| VaultKey { id, mark: mark.to_vec(), added_at: at(1) };
    let commit = async |writes: Vec<Write>| store.commit(Changes { writes, ..Changes::none() }).await;
    assert_eq!(store.vault_keys().await.unwrap(), []);
    let most = key(u32::MAX - 1, b"most");
    commit(vec![Write::KeepVaultKey(most.clone())]).await.unwrap();
    commit(vec![Write::KeepVaultKey(key(1, b"one"))]).await.unwrap();
    assert_eq!(store.vault_keys().await.unwrap(), [key(1, b"one"), most.clone()]);
    let refused =
        commit(vec![Write::ForgetVaultKey { id: 1 }, Write::KeepVaultKey(key(most.id, b"x"))]).await;
    assert_code(refused, ErrorKind::Conflict, "name.taken");
    assert_eq!(store.vault_keys().await.unwrap(), [key(1, b"one"), most.clone()]);
    commit(vec![Write::ForgetVaultKey { id: 1 }, Write::ForgetVaultKey { id: 7 }]).await.unwrap();
    assert_eq!(store.vault_keys().await.unwrap(), [most]);
}

/// Every value counts under the key in its bytes; a trigger without a secret does not.
pub async fn counts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    assert_eq!(world.store.sealed_counts().await.unwrap(), []);
    for (name, key) in [("a", 1), ("b", 1), ("c", 0x0102_0304)] {
        world.insert(Record::Asset(asset(&world, name, key))).await;
    }
    let file = asset(&world, "file", 2);
    let content = Write::SealAssetContent { id: file.id, sealed: Some(sealed(7, &[0; 3_000])) };
    let writes = vec![Write::Insert(Record::Asset(file)), content];
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
    let mut trigger = world.trigger(EndedAs::Any);
    world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    let count = |kind, key_id, values| SealedCount { kind, key_id, values };
    let mut expected = vec![
        count(SealedKind::Asset, 1, 2),
        count(SealedKind::Asset, 2, 1),
        count(SealedKind::Asset, 0x0102_0304, 1),
        count(SealedKind::AssetContent, 7, 1),
    ];
    assert_eq!(world.store.sealed_counts().await.unwrap(), expected);
    trigger.sealed = Some(sealed(3, b"secret"));
    world.store.commit(Changes::none().update(Record::Trigger(Box::new(trigger)))).await.unwrap();
    expected.push(count(SealedKind::WebhookSecret, 3, 1));
    assert_eq!(world.store.sealed_counts().await.unwrap(), expected);
    let factor = SecondFactor { secret: Some(sealed(4, b"secret")), ..world.second_factor() };
    world.insert(Record::SecondFactor(factor.clone())).await;
    let off = SecondFactor { secret: None, confirmed_at: None, ..factor };
    expected.push(count(SealedKind::Authenticator, 4, 1));
    assert_eq!(world.store.sealed_counts().await.unwrap(), expected);
    world.update(Record::SecondFactor(off)).await;
    expected.pop();
    assert_eq!(world.store.sealed_counts().await.unwrap(), expected);
}

/// Values are read page by page with what their seal is bound to, and without those under one key.
pub async fn values<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut assets: Vec<_> = (0..5).map(|n| asset(&world, &format!("a{n}"), 1 + n % 2)).collect();
    for asset in &assets {
        world.insert(Record::Asset(asset.clone())).await;
    }
    assets.sort_unstable_by_key(|asset| asset.id);
    let read = async |except, after, limit| {
        let found = world.store.sealed_values(SealedKind::Asset, except, after, limit).await.unwrap();
        found.into_iter().map(|value| (value.id, value.environment, value.revision, value.sealed)).collect()
    };
    let expected = |assets: &[&Asset]| -> Vec<_> {
        let value = |asset: &&Asset| {
            (*asset.id.as_uuid(), asset.environment_id, asset.revision, asset.sealed.clone())
        };
        assets.iter().map(value).collect()
    };
    let all: Vec<_> = assets.iter().collect();
    let found: Vec<_> = read(None, Uuid::nil(), 10).await;
    assert_eq!(found, expected(&all));
    let found: Vec<_> = read(None, *assets[1].id.as_uuid(), 2).await;
    assert_eq!(found, expected(&all[2..4]));
    let others: Vec<_> = all.iter().copied().filter(|asset| asset.sealed[4] != 1).collect();
    let found: Vec<_> = read(Some(1), Uuid::nil(), 10).await;
    assert_eq!(found, expected(&others));
    for kind in [SealedKind::AssetContent, SealedKind::WebhookSecret, SealedKind::Authenticator] {
        assert_eq!(world.store.sealed_values(kind, None, Uuid::nil(), 10).await.unwrap(), []);
    }
}

/// A value of each kind is replaced where it is still what was read; nothing else of its row changes.
pub async fn reseal<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (kept, changed) = (asset(&world, "kept", 1), asset(&world, "changed", 1));
    let content = Write::SealAssetContent { id: kept.id, sealed: Some(sealed(1, b"content")) };
    let mut trigger = world.trigger(EndedAs::Any);
    trigger.sealed = Some(sealed(1, b"secret"));
    let factor = SecondFactor { secret: Some(sealed(1, b"authenticator")), ..world.second_factor() };
    let writes = vec![
        Write::Insert(Record::Asset(kept.clone())),
        content,
        Write::Insert(Record::Asset(changed.clone())),
        Write::Insert(Record::Trigger(Box::new(trigger.clone()))),
        Write::Insert(Record::SecondFactor(factor.clone())),
    ];
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
    let mut anew = Vec::new();
    for kind in SealedKind::ALL {
        for before in world.store.sealed_values(kind, Some(2), Uuid::nil(), 10).await.unwrap() {
            let sealed = sealed(2, &before.sealed[5..]);
            anew.push(Resealed { before, sealed });
        }
    }
    assert_eq!(anew.len(), 5);
    let written = Asset { sealed: sealed(1, b"written meanwhile"), ..changed.clone() };
    world.store.commit(Changes::none().update(Record::Asset(written.clone()))).await.unwrap();
    assert_eq!(world.store.reseal(anew.clone()).await.unwrap(), 4);
    assert_eq!(world.store.reseal(anew).await.unwrap(), 0, "they are no longer what was read");
    let read = world.store.asset(kept.id).await.unwrap().unwrap();
    assert_eq!(read, Asset { sealed: sealed(2, b"kept"), ..kept.clone() }, "its revision is as it was");
    assert_eq!(world.store.asset_content(kept.id).await.unwrap(), Some(sealed(2, b"content")));
    let read = world.store.asset(changed.id).await.unwrap().unwrap();
    assert_eq!(read.sealed, written.sealed);
    let read = world.store.trigger(trigger.id).await.unwrap().unwrap();
    trigger.sealed = Some(sealed(2, b"secret"));
    assert_eq!(read, trigger);
    // An update from what was read before is no conflict: nobody changed anything.
    world.store.commit(Changes::none().update(Record::Asset(kept))).await.unwrap();
    let read = world.store.second_factor(factor.user_id).await.unwrap().unwrap();
    assert_eq!(read, SecondFactor { secret: Some(sealed(2, b"authenticator")), ..factor });
}
