//! Codes for who has lost their authenticator: 120 random bits each, so that a fast hash of one is enough to keep
//! (OWASP ASVS 5.0, 6.5.2 asks for slow ones below 112 bits).

use super::token_hash;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// How many a person gets.
pub const RECOVERY_CODES: usize = 10;
/// Crockford's base32: no letter looks like a digit.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const CODE_BYTES: usize = 15;
const GROUP: usize = 4;

/// New codes, to be shown once, and their hashes, to be kept.
///
/// # Errors
/// `Unavailable` if the operating system gives no randomness.
pub fn recovery_codes() -> Result<(Vec<Secret<String>>, Vec<String>)> {
    let codes: Vec<Secret<String>> = (0..RECOVERY_CODES).map(|_| code()).collect::<Result<_>>()?;
    let hashes = codes.iter().map(|code| recovery_hash(code.expose())).collect();
    Ok((codes, hashes))
}

fn code() -> Result<Secret<String>> {
    let mut bytes = [0_u8; CODE_BYTES];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::unavailable("random.unavailable", "the operating system gives no randomness")
            .with_source(error.to_string())
    })?;
    let mut text = String::with_capacity(CODE_BYTES * 2);
    for five in bytes.chunks(5) {
        let bits = five.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        for place in (0..8).rev() {
            if !text.is_empty() && text.chars().filter(|c| *c != '-').count() % GROUP == 0 {
                text.push('-');
            }
            // Five bits are below 32.
            let index = usize::try_from((bits >> (5 * place)) & 31).unwrap_or_default();
            text.push(char::from(LETTERS[index]));
        }
    }
    Ok(Secret::new(text))
}

/// The hash of a code as somebody types it: without regard to case, spaces and hyphens.
#[must_use]
pub fn recovery_hash(code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    hex::encode(token_hash(&format!("openautomate-recovery-v1:{}", plain.to_ascii_lowercase())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_differ_and_are_known_again_however_they_are_typed() {
        let (codes, hashes) = recovery_codes().unwrap();
        assert_eq!((codes.len(), hashes.len()), (RECOVERY_CODES, RECOVERY_CODES));
        let distinct: std::collections::BTreeSet<_> = hashes.iter().collect();
        assert_eq!(distinct.len(), RECOVERY_CODES);
        for (code, hash) in codes.iter().zip(&hashes) {
            let code = code.expose();
            assert_eq!((code.len(), code.matches('-').count()), (29, 5), "{code}");
            assert_eq!(recovery_hash(&code.to_uppercase().replace('-', " ")), *hash);
        }
        assert!(!hashes.contains(&recovery_hash("")));
    }
}
