//! The keys that wrap data keys, and which keys are refused.

use std::collections::BTreeMap;
use std::fmt;

use super::KEY_BYTES;
use crate::credential::key_weakness;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// Keys that wrap data keys, by number. The one with the highest number wraps; all of them unwrap.
pub struct KeyRing {
    keys: BTreeMap<u32, Secret<[u8; KEY_BYTES]>>,
    current: u32,
}

impl KeyRing {
    /// A ring with one key.
    ///
    /// # Errors
    /// `Invalid` with `vault.weak_key` if the key is not 32 bytes, or no random ones: a byte or a short pattern
    /// repeated, bytes that count up or down, text, the hash of a common word.
    pub fn new(id: u32, key: &[u8]) -> Result<Self> {
        Ok(Self { keys: BTreeMap::from([(id, checked(key)?)]), current: id })
    }

    /// The keys of a text: `ID HEX` each, in lines or between commas; `#` begins a comment line, and a single key may
    /// stand without a number, which then is 1. `origin` is how errors name the text.
    ///
    /// # Errors
    /// `Invalid` with `vault.key_file` or `vault.weak_key`; `Conflict` with `vault.key_id` if a number comes twice.
    pub fn read(origin: &str, text: &Secret<String>) -> Result<Self> {
        let lines = text.expose().lines().map(str::trim).zip(1_u32..);
        let lines = lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
        let mut ring = None::<Self>;
        for (part, line) in lines.flat_map(|(line, number)| line.split(',').map(move |part| (part, number))) {
            let broken = || {
                let message =
                    format!("line {line} of {origin} is not a number and 64 hex digits; correct it");
                Error::invalid("vault.key_file", message)
            };
            let part = part.trim();
            let (id, key) = part.split_once(char::is_whitespace).unwrap_or(("1", part));
            let id: u32 = id.parse().map_err(|_| broken())?;
            let key = Secret::new(hex::decode(key.trim()).map_err(|_| broken())?);
            match &mut ring {
                Some(ring) => ring.add(id, key.expose())?,
                None => ring = Some(Self::new(id, key.expose())?),
            }
        }
        ring.ok_or_else(|| {
            Error::invalid("vault.key_file", format!("{origin} holds no key; put it back from its copy"))
        })
    }

    /// Adds a key; if its number is the highest, it wraps from now on.
    ///
    /// # Errors
    /// `Invalid` with `vault.weak_key`, or `Conflict` with `vault.key_id` if the number is taken.
    pub fn add(&mut self, id: u32, key: &[u8]) -> Result<()> {
        let key = checked(key)?;
        if self.keys.contains_key(&id) {
            return Err(Error::conflict(
                "vault.key_id",
                format!("the vault has a key {id} already; number it anew"),
            ));
        }
        self.keys.insert(id, key);
        self.current = self.current.max(id);
        Ok(())
    }

    /// The number of the key that wraps.
    #[must_use]
    pub const fn current(&self) -> u32 {
        self.current
    }

    /// The numbers of the keys, ascending.
    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.keys.keys().copied()
    }

    /// Whether a key with this number is there.
    #[must_use]
    pub fn contains(&self, id: u32) -> bool {
        self.keys.contains_key(&id)
    }

    pub(super) fn key(&self, id: u32) -> Result<&Secret<[u8; KEY_BYTES]>> {
        self.keys.get(&id).ok_or_else(|| {
            let message = format!("the vault has no key {id}; put it back into the key file");
            Error::internal("vault.unknown_key", message)
        })
    }

    /// The key with the lowest number. A ring is never empty.
    pub(super) fn oldest(&self) -> Option<&Secret<[u8; KEY_BYTES]>> {
        self.keys.values().next()
    }

    /// Whether the other ring holds the same keys. Both are this process' own.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let keys = |ring: &Self| ring.keys.iter().map(|(id, key)| (*id, *key.expose())).collect::<Vec<_>>();
        keys(self) == keys(other)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("ids", &self.keys.keys().collect::<Vec<_>>())
            .field("current", &self.current)
            .finish()
    }
}

fn checked(key: &[u8]) -> Result<Secret<[u8; KEY_BYTES]>> {
    let weak = |why: &str| {
        Error::invalid("vault.weak_key", format!("the key of the vault {why}; make one of 32 random bytes"))
    };
    let key: [u8; KEY_BYTES] = key.try_into().map_err(|_| weak("is not 32 bytes long"))?;
    let key = Secret::new(key);
    match key_weakness(key.expose()) {
        Some(why) => Err(weak(why)),
        None => Ok(key),
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    #[test]
    fn keys_that_are_well_known_are_refused() {
        let up: Vec<u8> = (0..32).collect();
        let down: Vec<u8> = (0..32).rev().map(|byte| byte + 7).collect();
        let pattern = [3, 1, 4, 15, 9, 26, 5, 35].repeat(4);
        for (weak, why) in [
            (up, "counts"),
            (down, "counts"),
            (pattern, "pattern"),
            (b"This is a very secret master key".to_vec(), "text"),
            (Sha256::digest("changeme").to_vec(), "common word"),
            (Sha256::digest("").to_vec(), "common word"),
        ] {
            let error = KeyRing::new(1, &weak).unwrap_err();
            assert_eq!(error.code(), "vault.weak_key");
            assert!(error.message().contains(why), "{error}");
        }
        assert!(KeyRing::new(1, &Sha256::digest("a phrase that nobody knows")).is_ok());
    }

    #[test]
    fn a_text_of_keys_is_read() {
        let hex = |word: &str| hex::encode(Sha256::digest(word));
        let read = |text: String| KeyRing::read("the variable", &Secret::new(text));
        let ids = |ring: KeyRing| ring.ids().collect::<Vec<_>>();
        assert_eq!(ids(read(hex("a key")).unwrap()), [1]);
        let two = format!(" 1 {}, 7 {} ", hex("a key"), hex("b key"));
        assert_eq!(ids(read(two).unwrap()), [1, 7]);
        for (text, code) in [
            ("", "vault.key_file"),
            ("changeme", "vault.key_file"),
            (&hex("a key")[..62], "vault.weak_key"),
            (&format!("1 {0},1 {0}", hex("a key")), "vault.key_id"),
            (&format!("{0},{0}", hex("a key")), "vault.key_id"),
        ] {
            let error = read(text.to_owned()).unwrap_err();
            assert_eq!(error.code(), code, "{text}");
            assert!(!error.to_string().contains(&hex("a key")), "{error}");
        }
    }
}
