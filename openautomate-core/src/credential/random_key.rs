//! Whether a secret key may have come from a random source.

use sha2::{Digest as _, Sha256};

/// What gives away that 32 bytes are no random key; `None` if nothing does.
///
/// It finds what people put into a key file in place of one: a repeated or counted byte, a phrase, and the keys that
/// stand in standards. A random key is refused once in more than 10^14.
#[must_use]
pub fn key_weakness(key: &[u8; 32]) -> Option<&'static str> {
    let mut distinct = key.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    if distinct.len() == 1 {
        return Some("is one byte repeated");
    }
    // 32 random bytes have about 30 different ones; under 8 happens once in more than 10^20 keys.
    if distinct.len() < 8 {
        return Some("has hardly any different bytes");
    }
    if (1..=key.len() / 2).any(|period| key.iter().zip(&key[period..]).all(|(one, next)| one == next)) {
        return Some("is a pattern repeated");
    }
    let counts = |step: u8| key.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(step));
    if counts(1) || counts(u8::MAX) {
        return Some("counts up or down");
    }
    if key.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ') {
        return Some("is a text, and no text is random enough");
    }
    if WORDS.iter().any(|word| Sha256::digest(word)[..] == key[..]) {
        return Some("is the hash of a common word");
    }
    let is_known = PUBLISHED.iter().any(|known| hex::decode(known).is_ok_and(|known| known == key));
    is_known.then_some("is an example that anybody can look up")
}

/// Words whose SHA-256 people take for a key.
const WORDS: [&str; 16] = [
    "",
    "admin",
    "changeme",
    "default",
    "example",
    "key",
    "letmein",
    "openautomate",
    "password",
    "secret",
    "test",
    "vault",
    "123456",
    "12345678",
    "master",
    "masterkey",
];

/// Private keys of Ed25519 in RFC 8032 (7.1, which RFC 8037 repeats) and RFC 8410 (10.3).
const PUBLISHED: [&str; 4] = [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
    "d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_random_key_is_told() {
        assert_eq!(key_weakness(&[0; 32]), Some("is one byte repeated"));
        assert_eq!(
            key_weakness(&std::array::from_fn(|at| (at % 4) as u8)),
            Some("has hardly any different bytes")
        );
        assert_eq!(key_weakness(&std::array::from_fn(|at| at as u8)), Some("counts up or down"));
        assert_eq!(key_weakness(&std::array::from_fn(|at| 250 - at as u8)), Some("counts up or down"));
        assert!(key_weakness(b"correct horse battery staple 123").unwrap().contains("text"));
        for known in PUBLISHED {
            let key: [u8; 32] = hex::decode(known).unwrap().try_into().unwrap();
            assert!(key_weakness(&key).unwrap().contains("example"));
        }
    }

    #[test]
    fn random_keys_are_taken() {
        for _ in 0..1_000 {
            let mut key = [0; 32];
            getrandom::fill(&mut key).unwrap();
            assert_eq!(key_weakness(&key), None);
        }
    }
}
