//! Answers kept for repeated requests (the `Idempotency-Key` header, IETF draft
//! `httpapi-idempotency-key-header`).

use crate::clock::Timestamp;
use crate::id::UserId;

/// The answer to a request that carried an idempotency key; kept in the same commit as what it did.
#[derive(Clone, Debug, PartialEq)]
pub struct IdempotencyRecord {
    /// Who asked; keys of two people never meet.
    pub user_id: UserId,
    /// The key, 1 to 255 bytes.
    pub key: String,
    /// SHA-256 over command name and request.
    pub fingerprint: [u8; 32],
    /// The command's output as JSON.
    pub output: serde_json::Value,
    /// When; it is pruned a day later.
    pub created_at: Timestamp,
}
