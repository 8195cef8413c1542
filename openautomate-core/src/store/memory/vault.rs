//! What the vault sealed.

use std::collections::BTreeMap;

use async_trait::async_trait;
use uuid::Uuid;

use super::MemoryStore;
use super::commit::Undo;
use super::row::taken;
use super::state::State;
use crate::error::Result;
use crate::id::{AssetId, EnvironmentId, TriggerId, UserId};
use crate::store::{Resealed, SealedCount, SealedKind, SealedValue, VaultKey, VaultStore};
use crate::vault::Sealed;

#[async_trait]
impl VaultStore for MemoryStore {
    async fn vault_keys(&self) -> Result<Vec<VaultKey>> {
        Ok(self.state().vault_keys.values().cloned().collect())
    }

    async fn sealed_counts(&self) -> Result<Vec<SealedCount>> {
        let state = self.state();
        let mut counts = BTreeMap::new();
        for kind in SealedKind::ALL {
            for value in values(&state, kind) {
                *counts.entry((kind, Sealed::key_id_of(&value.sealed).unwrap_or(u32::MAX))).or_insert(0) += 1;
            }
        }
        Ok(counts.into_iter().map(|((kind, key_id), values)| SealedCount { kind, key_id, values }).collect())
    }

    async fn sealed_values(
        &self,
        kind: SealedKind,
        except: Option<u32>,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<SealedValue>> {
        let mut found = values(&self.state(), kind);
        found.retain(|value| {
            value.id > after && (except.is_none() || Sealed::key_id_of(&value.sealed) != except)
        });
        found.sort_unstable_by_key(|value| value.id);
        found.truncate(limit as usize);
        Ok(found)
    }

    async fn reseal(&self, values: Vec<Resealed>) -> Result<u64> {
        let mut state = self.state();
        let mut replaced = 0;
        for Resealed { before, sealed } in values {
            let id = before.id;
            let place = match before.kind {
                SealedKind::Asset => {
                    state.assets.get_mut(&AssetId::from_uuid(id)).map(|asset| &mut asset.sealed)
                }
                SealedKind::AssetContent => state.asset_contents.get_mut(&AssetId::from_uuid(id)),
                SealedKind::WebhookSecret => {
                    let trigger = state.triggers.get_mut(&TriggerId::from_uuid(id));
                    trigger.and_then(|trigger| trigger.sealed.as_mut())
                }
                SealedKind::Authenticator => {
                    let factor = state.second_factors.get_mut(&UserId::from_uuid(id));
                    factor.and_then(|factor| factor.secret.as_mut())
                }
            };
            if let Some(place) = place.filter(|place| **place == before.sealed) {
                *place = sealed;
                replaced += 1;
            }
        }
        Ok(replaced)
    }
}

fn values(state: &State, kind: SealedKind) -> Vec<SealedValue> {
    let of_asset = |id: &AssetId, sealed: &Vec<u8>| {
        let asset = state.assets.get(id)?;
        let (environment, revision) = (asset.environment_id, asset.revision);
        Some(SealedValue { kind, id: *id.as_uuid(), environment, revision, sealed: sealed.clone() })
    };
    let unbound = |id: Uuid, sealed: &Option<Vec<u8>>| {
        let environment = EnvironmentId::from_uuid(Uuid::nil());
        sealed.clone().map(|sealed| SealedValue { kind, id, environment, revision: 0, sealed })
    };
    match kind {
        SealedKind::Asset => {
            state.assets.values().filter_map(|asset| of_asset(&asset.id, &asset.sealed)).collect()
        }
        SealedKind::AssetContent => {
            state.asset_contents.iter().filter_map(|(id, sealed)| of_asset(id, sealed)).collect()
        }
        SealedKind::WebhookSecret => {
            let triggers = state.triggers.values();
            triggers.filter_map(|trigger| unbound(*trigger.id.as_uuid(), &trigger.sealed)).collect()
        }
        SealedKind::Authenticator => {
            let factors = state.second_factors.values();
            factors.filter_map(|factor| unbound(*factor.user_id.as_uuid(), &factor.secret)).collect()
        }
    }
}

pub(super) fn keep_key(state: &mut State, key: VaultKey, undo: &mut Undo) -> Result<()> {
    let id = key.id;
    if state.vault_keys.contains_key(&id) {
        return Err(taken("id"));
    }
    state.vault_keys.insert(id, key);
    undo.push(Box::new(move |state| drop(state.vault_keys.remove(&id))));
    Ok(())
}

pub(super) fn forget_key(state: &mut State, id: u32, undo: &mut Undo) {
    if let Some(key) = state.vault_keys.remove(&id) {
        undo.push(Box::new(move |state| drop(state.vault_keys.insert(id, key))));
    }
}
