//! The keys of the vault and what they seal: checked at the start, and put under the newest key while servers run.
//!
//! Where a rotation is, stands in two places alone: which keys the file has, and which key each value names. So it may be
//! killed at any point and is gone on with by whoever looks next.

use std::time::Duration;

use serde_json::json;
use uuid::Uuid;

use super::REST;
use crate::changes::{Changes, Write};
use crate::clock::Clock;
use crate::command::{asset, second_factor, trigger::webhook};
use crate::domain::{ActorKind, ActorRef, AuditEntry};
use crate::error::{Error, ErrorKind, Result};
use crate::id::AuditId;
use crate::orchestrator::Orchestrator;
use crate::secret::Secret;
use crate::store::{Resealed, SealedCount, SealedKind, SealedValue, Store, VaultKey};
use crate::vault::{Sealed, Vault};

/// How often the key file is read.
const EVERY: Duration = Duration::from_secs(2);
/// Every so many looks the values are counted, while there is more than one key.
const COUNT_EVERY: u32 = 15;
const TRIES: u32 = 4;
const BATCH: u32 = 100;
/// How many contents of files are held at once: each may have 10 MiB.
const CONTENTS: u32 = 4;

/// The loop that notices new keys and puts what is sealed under the newest.
#[derive(Debug)]
pub struct VaultKeeper {
    orchestrator: Orchestrator,
}

impl VaultKeeper {
    /// A keeper of this orchestrator's vault.
    #[must_use]
    pub fn new(orchestrator: Orchestrator) -> Self {
        Self { orchestrator }
    }

    /// Runs until it is dropped.
    pub async fn run(self) {
        let mut looks = 0_u32;
        loop {
            if let Err(error) = self.look(looks.is_multiple_of(COUNT_EVERY)).await {
                tracing::warn!(%error, "the keys of the vault could not be looked after; trying again");
                tokio::time::sleep(REST).await;
            }
            looks = looks.wrapping_add(1);
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Reads the keys anew; if they are others, or `counts` asks for it, puts what is under an older key under the
    /// newest. Says how many values were.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer; as [`check_vault`] if the keys don't fit the database.
    pub async fn look(&self, counts: bool) -> Result<u64> {
        let vault = self.orchestrator.vault().clone();
        let (store, clock) = (self.orchestrator.store(), self.orchestrator.clock());
        let reloading = vault.clone();
        let reloaded = tokio::task::spawn_blocking(move || reloading.reload()).await;
        let is_other = reloaded.map_err(|_| Error::internal("vault.io", "reading the keys panicked"))??;
        if is_other {
            check_vault(store, &vault, clock).await?;
            forget_removed_keys(store, &vault, clock).await?;
        }
        if !is_other && (!counts || vault.ring().ids().count() == 1) {
            return Ok(0);
        }
        let done = reseal_all(store, &vault, &mut |_| {}).await?;
        if done.resealed > 0 {
            tracing::info!(
                values = done.resealed,
                key = vault.ring().current(),
                "values of the vault are under its newest key"
            );
        }
        Ok(done.resealed)
    }
}

/// Checks that the keys of a vault are those that a database was sealed with, and notes those that are new to it. To be
/// called before anything is served.
///
/// # Errors
/// `Invalid` with `vault.other_key` if a key is another one than the database was sealed with, with `vault.key_missing` if
/// values are under a key that is not there; `Internal` with `vault.self_check`; `Unavailable` if the store does not answer.
pub async fn check_vault(store: &dyn Store, vault: &Vault, clock: &dyn Clock) -> Result<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        match check_once(store, vault, clock).await {
            // Another server noted the key first; it may be another one under the same number.
            Err(error) if error.kind() == ErrorKind::Conflict && tries < TRIES => {}
            other => return other,
        }
    }
}

async fn check_once(store: &dyn Store, vault: &Vault, clock: &dyn Clock) -> Result<()> {
    let ring = vault.ring();
    let known = store.vault_keys().await?;
    for key in &known {
        if ring.contains(key.id) {
            vault.check_mark(key.id, &key.mark)?;
        }
    }
    let counts = store.sealed_counts().await?;
    for count in &counts {
        if !ring.contains(count.key_id) {
            return Err(key_missing(*count));
        }
    }
    for id in ring.ids().filter(|id| known.iter().all(|key| key.id != *id)) {
        for count in counts.iter().filter(|count| count.key_id == id) {
            prove(store, vault, *count).await?;
        }
        let key = VaultKey { id, mark: vault.mark(id)?, added_at: clock.now() };
        vault.check_mark(id, &key.mark)?;
        let mut changes = Changes::none().audited(entry(clock, "vault.key_added", id));
        changes.writes.push(Write::KeepVaultKey(key));
        store.commit(changes).await?;
    }
    Ok(())
}

/// A key that comes to a database of before must open what is under its number.
async fn prove(store: &dyn Store, vault: &Vault, count: SealedCount) -> Result<()> {
    let values = store.sealed_values(count.kind, None, Uuid::nil(), BATCH.min(CONTENTS)).await?;
    let mut of_key = values.iter().filter(|value| Sealed::key_id_of(&value.sealed) == Some(count.key_id));
    if of_key.clone().next().is_none() || of_key.any(|value| open(vault, value).is_ok()) {
        return Ok(());
    }
    let message = format!(
        "the key {} of the vault is another one than values of the database are sealed with; put the right one back",
        count.key_id
    );
    Err(Error::invalid("vault.other_key", message))
}

fn key_missing(count: SealedCount) -> Error {
    let message = format!(
        "{} values are sealed with key {} of the vault, which is not there; put it back",
        count.values, count.key_id
    );
    Error::invalid("vault.key_missing", message)
}

/// Forgets keys that were taken out and seal nothing.
async fn forget_removed_keys(store: &dyn Store, vault: &Vault, clock: &dyn Clock) -> Result<()> {
    let ring = vault.ring();
    for key in store.vault_keys().await?.into_iter().filter(|key| !ring.contains(key.id)) {
        forget_key(store, clock, key.id).await?;
    }
    Ok(())
}

/// Notes that a key was taken out. Whether it sealed something is the caller's to know.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub async fn forget_key(store: &dyn Store, clock: &dyn Clock, id: u32) -> Result<()> {
    let mut changes = Changes::none().audited(entry(clock, "vault.key_removed", id));
    changes.writes.push(Write::ForgetVaultKey { id });
    store.commit(changes).await
}

fn entry(clock: &dyn Clock, action: &str, key: u32) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(),
        at: clock.now(),
        actor: ActorRef { kind: ActorKind::System, id: None, name: "system".to_owned() },
        action: action.to_owned(),
        object_kind: "vaultKey".to_owned(),
        object_id: key.to_string(),
        detail: json!({}),
        request_id: None,
        ip_address: None,
        seal: None,
    }
}

/// Whether a database holds something that a vault sealed, so that its keys must be there.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub async fn vault_is_in_use(store: &dyn Store) -> Result<bool> {
    Ok(!store.vault_keys().await?.is_empty() || !store.sealed_counts().await?.is_empty())
}

/// What [`reseal_all`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResealReport {
    /// Values that are under the newest key now.
    pub resealed: u64,
    /// Values that did not open, and are left as they are: altered, or of another key.
    pub unopened: u64,
}

/// Puts every value under the newest key of the vault, batch by batch. Servers may run, and it may end at any point; what
/// is written meanwhile is left alone. `told` hears how many values of a batch were done.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub async fn reseal_all(
    store: &dyn Store,
    vault: &Vault,
    told: &mut (dyn FnMut(u64) + Send),
) -> Result<ResealReport> {
    let (current, mut report) = (vault.ring().current(), ResealReport::default());
    for kind in SealedKind::ALL {
        let limit = if kind == SealedKind::AssetContent { CONTENTS } else { BATCH };
        let mut after = Uuid::nil();
        loop {
            let values = store.sealed_values(kind, Some(current), after, limit).await?;
            let Some(last) = values.last() else { break };
            after = last.id;
            let mut anew = Vec::with_capacity(values.len());
            for before in values {
                match reseal(vault, &before) {
                    Ok(sealed) => anew.push(Resealed { before, sealed }),
                    Err(error) => {
                        tracing::warn!(%error, id = %before.id, ?kind, "a value of the vault does not open");
                        report.unopened += 1;
                    }
                }
            }
            let done = store.reseal(anew).await?;
            report.resealed += done;
            told(done);
        }
    }
    Ok(report)
}

fn reseal(vault: &Vault, value: &SealedValue) -> Result<Vec<u8>> {
    let opened = open(vault, value)?;
    Ok(vault.seal(opened.expose(), &binding(value))?.to_bytes())
}

fn open(vault: &Vault, value: &SealedValue) -> Result<Secret<Vec<u8>>> {
    vault.open(&Sealed::from_bytes(&value.sealed)?, &binding(value))
}

/// Checks that a stored value opens with the keys of the vault, and gives nothing of it away.
///
/// # Errors
/// `Internal` if it was altered or the key is another one.
pub fn check_opens(vault: &Vault, value: &SealedValue) -> Result<()> {
    open(vault, value).map(drop)
}

fn binding(value: &SealedValue) -> Vec<u8> {
    let asset_id = crate::id::AssetId::from_uuid(value.id);
    match value.kind {
        SealedKind::Asset => asset::binding(asset_id, value.environment, value.revision),
        SealedKind::AssetContent => asset::content_binding(asset_id, value.environment, value.revision),
        SealedKind::WebhookSecret => webhook::binding(crate::id::TriggerId::from_uuid(value.id)),
        SealedKind::Authenticator => second_factor::binding(crate::id::UserId::from_uuid(value.id)),
    }
}
