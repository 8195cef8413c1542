//! The text of API keys: `oa_pat_`, eight characters to know it by, `_`, and 256 random bits in base64url.
//!
//! The eight characters are a checksum of the rest. A key that was cut off or mistyped is so refused without a look
//! into the database, and scanners of secrets tell a key from what only looks like one.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::{OpaqueToken, token_hash};
use crate::error::Result;
use crate::secret::Secret;

/// What every API key begins with.
pub const API_KEY_PREFIX: &str = "oa_pat_";
const HINT: usize = 8;
/// 32 bytes in base64url.
const RANDOM: usize = 43;

/// A new key, what people know it by, and the hash to keep of it.
#[derive(Debug)]
pub struct NewApiKey {
    /// What is given away, once.
    pub key: Secret<String>,
    /// The eight characters to know it by.
    pub hint: String,
    /// What is kept.
    pub hash: [u8; 32],
}

impl NewApiKey {
    /// A new key.
    ///
    /// # Errors
    /// `Unavailable` if the operating system gives no randomness.
    pub fn generate() -> Result<Self> {
        let random = OpaqueToken::generate("")?.token;
        let hint = checksum(random.expose());
        let key = format!("{API_KEY_PREFIX}{hint}_{}", random.expose());
        let hash = token_hash(&key);
        Ok(Self { key: Secret::new(key), hint, hash })
    }
}

/// The hash that is kept of a key; `None` if the text can't be one.
#[must_use]
pub fn api_key_hash(text: &str) -> Option<[u8; 32]> {
    let rest = text.strip_prefix(API_KEY_PREFIX)?;
    let (hint, random) = (rest.get(..HINT)?, rest.get(HINT + 1..)?);
    let is_whole = rest.as_bytes().get(HINT) == Some(&b'_') && random.len() == RANDOM;
    (is_whole && checksum(random) == hint).then(|| token_hash(text))
}

/// A hash of its own: the one that is kept is over the whole key.
fn checksum(random: &str) -> String {
    let digest =
        Sha256::new().chain_update(b"openautomate api key checksum\0").chain_update(random).finalize();
    digest.iter().take(HINT / 2).fold(String::with_capacity(HINT), |mut text, byte| {
        // Writing into a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_checksum() {
        let made = NewApiKey::generate().unwrap();
        let text = made.key.expose();
        assert_eq!(text.len(), API_KEY_PREFIX.len() + HINT + 1 + RANDOM);
        assert!(text.starts_with(&format!("oa_pat_{}_", made.hint)));
        assert_eq!(api_key_hash(text), Some(made.hash));
        assert!(!format!("{made:?}").contains(text.as_str()));
        assert_ne!(NewApiKey::generate().unwrap().hash, made.hash);
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let made = NewApiKey::generate().unwrap();
        let text = made.key.expose();
        let last = if text.ends_with('A') { "B" } else { "A" };
        for wrong in [
            String::new(),
            "oa_pat_".to_owned(),
            text[..text.len() - 1].to_owned(),
            format!("{text}A"),
            format!("{}{last}", &text[..text.len() - 1]),
            text.to_uppercase(),
            text.replacen("oa_pat_", "oa_refresh_", 1),
            format!("oa_pat_é{}", &text[9..]),
            format!(" {text}"),
        ] {
            assert_eq!(api_key_hash(&wrong), None, "{wrong}");
        }
    }
}
