//! Opaque tokens: 256 random bits for refresh tokens, invitations and enrolment. Stores keep their SHA-256
//! only: with that much randomness a fast hash is enough (OWASP ASVS 5.0, 11.4.2 asks for slow ones only
//! where people choose the secret).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// A new token and the hash to keep of it.
#[derive(Debug)]
pub struct OpaqueToken {
    /// What is given away, once.
    pub token: Secret<String>,
    /// What is kept.
    pub hash: [u8; 32],
}

impl OpaqueToken {
    /// A new token; `prefix` tells people and scanners what it is, as in `oa_enrol_`.
    ///
    /// # Errors
    /// `Unavailable` if the operating system gives no randomness.
    pub fn generate(prefix: &str) -> Result<Self> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::unavailable("random.unavailable", "the operating system gives no randomness")
                .with_source(error.to_string())
        })?;
        let token = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes));
        let hash = token_hash(&token);
        Ok(Self { token: Secret::new(token), hash })
    }
}

/// The hash that stores keep of a token.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_hash_to_what_is_kept() {
        let (one, two) = (OpaqueToken::generate("oa_").unwrap(), OpaqueToken::generate("oa_").unwrap());
        assert_ne!(one.hash, two.hash);
        assert_eq!(token_hash(one.token.expose()), one.hash);
        assert!(!format!("{one:?}").contains(one.token.expose().as_str()));
    }
}
