//! API keys.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::ApiKey;
use crate::error::Result;
use crate::id::{ApiKeyId, UserId};
use crate::query::{Page, PageRequest};

/// Reads API keys, and notes that they are used. Every method fails with `Unavailable` if the database does not
/// answer, and in no other way.
///
/// # Contract
/// - A hash belongs to one key (`api_key::hashes_are_unique`); `api_key_by_hash` gives it whether or not it is good
///   (`api_key::round_trip`).
/// - A key is live while it is neither revoked nor expired and its person neither disabled nor deleted
///   (`api_key::live_keys`).
/// - `note_api_key_use` moves the last use forward, never back, and leaves the revision alone
///   (`api_key::use_is_noted`).
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait ApiKeyStore {
    /// The key with this id.
    async fn api_key(&self, id: ApiKeyId) -> Result<Option<ApiKey>>;
    /// The key with this hash.
    async fn api_key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<ApiKey>>;
    /// The keys of a person, newest first; revoked and expired ones too.
    async fn api_keys(&self, user: UserId, page: PageRequest) -> Result<Page<ApiKey>>;
    /// Those of these keys that are live at `now`, in any order.
    async fn live_api_keys(&self, ids: &[ApiKeyId], now: Timestamp) -> Result<Vec<ApiKey>>;
    /// Notes that a key was used at an instant; nothing happens if there is none.
    async fn note_api_key_use(&self, id: ApiKeyId, at: Timestamp) -> Result<()>;
}
