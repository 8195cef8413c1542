//! Tokens that are good once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use openautomate_core::clock::Timestamp;
use uuid::Uuid;

/// So many used tokens are remembered before the outdated ones are dropped.
const PRUNE_AT: usize = 4_096;

/// Remembers which tokens were used here, until they end anyway.
#[derive(Debug, Default)]
pub(crate) struct UsedOnce {
    /// By their `jti`, with the second in which they end.
    used: Mutex<HashMap<Uuid, i64>>,
}

impl UsedOnce {
    /// Whether this is the first use of a token.
    pub(crate) fn use_up(&self, token: Uuid, expires: i64, now: Timestamp) -> bool {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if used.len() >= PRUNE_AT {
            // The leeway of the verification lies within this minute.
            used.retain(|_, expires| *expires + 60 > now.timestamp());
        }
        used.insert(token, expires).is_none()
    }
}
