//! What the vault sealed, and the keys that it was sealed with.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::EnvironmentId;

/// A key of the vault as the database knows it: never the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultKey {
    /// Its number.
    pub id: u32,
    /// What only this key opens (`crate::vault::Sealed::to_bytes`), so that another key under its number is found.
    pub mark: Vec<u8>,
    /// When a server came with it first.
    pub added_at: Timestamp,
}

/// What kind of value is sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SealedKind {
    /// The value of an asset; of one that is a file, the hash of its content.
    Asset,
    /// The content of an asset that is a file.
    AssetContent,
    /// The secret of a webhook.
    WebhookSecret,
    /// The secret of a person's authenticator.
    Authenticator,
}

impl SealedKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Asset, Self::AssetContent, Self::WebhookSecret, Self::Authenticator];
}

/// A sealed value, with what its seal is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedValue {
    /// What kind.
    pub kind: SealedKind,
    /// The id of its row.
    pub id: Uuid,
    /// The environment of an asset; the nil id for what has none.
    pub environment: EnvironmentId,
    /// The revision of an asset; 0 for what is not bound to one.
    pub revision: i64,
    /// The value (`crate::vault::Sealed::to_bytes`).
    pub sealed: Vec<u8>,
}

/// How many values of a kind are sealed under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedCount {
    /// What kind.
    pub kind: SealedKind,
    /// The number of the key.
    pub key_id: u32,
    /// How many.
    pub values: u64,
}

/// A value that was sealed anew, in the place of what was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// What was read.
    pub before: SealedValue,
    /// The same value under another key.
    pub sealed: Vec<u8>,
}

/// Reads the keys of the vault and what they seal, and puts values under another key.
///
/// The keys are written by [`Write::KeepVaultKey`](crate::changes::Write::KeepVaultKey) and
/// [`Write::ForgetVaultKey`](crate::changes::Write::ForgetVaultKey).
///
/// # Contract
/// - `vault_keys` gives all of them by number; a number is kept once (`vault::keys`).
/// - `sealed_counts` counts every sealed value that the store holds, by kind and by the number of the key in its bytes;
///   what is not there is not counted (`vault::counts`).
/// - `sealed_values` gives values of a kind that are not under the key `except`, with an id greater than `after`, in the
///   order of their ids (`vault::values`).
/// - `reseal` replaces those that are still what was read, byte for byte, in one transaction, and leaves the others; it
///   raises no revision. It says how many it replaced (`vault::reseal`).
#[async_trait]
pub trait VaultStore {
    /// The keys that servers came with.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn vault_keys(&self) -> Result<Vec<VaultKey>>;

    /// How many values are under which key.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn sealed_counts(&self) -> Result<Vec<SealedCount>>;

    /// Sealed values, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn sealed_values(
        &self,
        kind: SealedKind,
        except: Option<u32>,
        after: Uuid,
        limit: u32,
    ) -> Result<Vec<SealedValue>>;

    /// Puts values under another key.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn reseal(&self, values: Vec<Resealed>) -> Result<u64>;
}
