//! The vault: asset values encrypted at rest.
//!
//! Envelope encryption: each value has a data key of its own, used once; the data key is wrapped by a key
//! encryption key from the [`KeyRing`]. Both layers are XChaCha20-Poly1305 with random 192-bit nonces and are
//! bound to the same associated data, so that a sealed value that is moved to another row does not open.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};

use crate::credential::key_weakness;
use crate::error::{Error, Result};
use crate::secret::Secret;

mod key_file;
#[cfg(feature = "nats")]
mod peer_key;
mod sealed;
#[cfg(test)]
mod tests;

#[cfg(feature = "nats")]
pub use peer_key::PeerKey;
pub use sealed::Sealed;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// Keys that wrap data keys, by number. The one with the highest number wraps; all of them unwrap.
pub struct KeyRing {
    keys: BTreeMap<u32, Secret<[u8; KEY_BYTES]>>,
    current: u32,
}

impl KeyRing {
    /// A ring with one key.
    ///
    /// # Errors
    /// `Invalid` with `vault.weak_key` if the key is not 32 bytes, or none that a random source gives
    /// ([`key_weakness`]).
    pub fn new(id: u32, key: &[u8]) -> Result<Self> {
        Ok(Self { keys: BTreeMap::from([(id, checked(key)?)]), current: id })
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
    if let Some(why) = key_weakness(key.expose()) {
        return Err(weak(why));
    }
    Ok(key)
}

/// Seals and opens values. Clones share the keys.
#[derive(Clone, Debug)]
pub struct Vault {
    ring: Arc<KeyRing>,
}

impl Vault {
    /// A vault with these keys.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self { ring: Arc::new(ring) }
    }

    /// The vault of a key file: a line `ID HEX` for each key, the highest `ID` being the one in use. If there
    /// is no file, one with a random key is made, on Unix readable by this user alone. Without the file the
    /// values are lost: keep a copy elsewhere than the copies of the database.
    ///
    /// It blocks for a moment, and syncs a new file to disk before it returns.
    ///
    /// # Errors
    /// `Invalid` with `vault.key_file` or `vault.weak_key` if the file is not one of keys, or others may read
    /// it; `Internal` with `vault.io` if it can't be read or made.
    pub fn open_or_create(path: &Path) -> Result<Self> {
        key_file::open_or_create(path).map(Self::new)
    }

    /// A key for one purpose, made of the oldest key of the ring: the same as long as that one is there.
    pub(crate) fn derive(&self, purpose: &str) -> Secret<[u8; KEY_BYTES]> {
        let mut hash = Sha256::new();
        // A ring is never empty.
        if let Some(oldest) = self.ring.keys.values().next() {
            hash.update(oldest.expose());
        }
        hash.update(purpose.as_bytes());
        Secret::new(hash.finalize().into())
    }

    /// The key that servers seal their announcements with.
    #[cfg(feature = "nats")]
    #[must_use]
    pub fn peer_key(&self) -> PeerKey {
        PeerKey(self.derive("openautomate-peers-v1"))
    }

    /// Seals `plaintext`, bound to `aad`: the ids and the revision of the row that will hold it.
    ///
    /// # Errors
    /// `Internal` if the system gives no random bytes.
    pub fn seal(&self, plaintext: &[u8], aad: &[u8]) -> Result<Sealed> {
        let data_key = Secret::new(random::<KEY_BYTES>()?);
        let (key_nonce, nonce) = (random::<NONCE_BYTES>()?, random::<NONCE_BYTES>()?);
        let key_id = self.ring.current;
        let aad = bound(key_id, aad);
        let wrapped = encrypt(self.key(key_id)?, &key_nonce, data_key.expose(), &aad)?;
        let wrapped_key = wrapped.try_into().map_err(|_| seal_failed())?;
        let ciphertext = encrypt(&data_key, &nonce, plaintext, &aad)?;
        Ok(Sealed { key_id, key_nonce, wrapped_key, nonce, ciphertext })
    }

    /// Opens what was sealed with the same `aad`.
    ///
    /// # Errors
    /// `Internal` with `vault.unknown_key` if the key is not on the ring, with `vault.altered` if the value,
    /// or what it is bound to, is not what was sealed.
    pub fn open(&self, sealed: &Sealed, aad: &[u8]) -> Result<Secret<Vec<u8>>> {
        let aad = bound(sealed.key_id, aad);
        let data_key = decrypt(self.key(sealed.key_id)?, &sealed.key_nonce, &sealed.wrapped_key, &aad)?;
        let data_key: [u8; KEY_BYTES] = data_key.expose().as_slice().try_into().map_err(|_| altered())?;
        decrypt(&Secret::new(data_key), &sealed.nonce, &sealed.ciphertext, &aad)
    }

    /// Checks that encryption is really on: that a sealed canary does not show, comes back, and does not open
    /// under another row's data. To be called at every start, before anything is served.
    ///
    /// # Errors
    /// `Internal` with `vault.self_check`.
    pub fn self_check(&self) -> Result<()> {
        let failed = |why: &str| {
            Error::internal("vault.self_check", format!("the vault {why}; don't use this build or machine"))
        };
        let canary = random::<KEY_BYTES>()?;
        let sealed = self.seal(&canary, b"row-1")?;
        let bytes = sealed.to_bytes();
        if bytes.windows(8).any(|window| canary.windows(8).any(|part| part == window)) {
            return Err(failed("does not encrypt"));
        }
        if self.seal(&canary, b"row-1")?.ciphertext == sealed.ciphertext {
            return Err(failed("repeats its keys"));
        }
        let reread = Sealed::from_bytes(&bytes)?;
        if self.open(&reread, b"row-1")?.expose() != &canary {
            return Err(failed("does not give back what it sealed"));
        }
        if self.open(&reread, b"row-2").is_ok() {
            return Err(failed("opens values of other rows"));
        }
        Ok(())
    }

    fn key(&self, id: u32) -> Result<&Secret<[u8; KEY_BYTES]>> {
        self.ring.keys.get(&id).ok_or_else(|| {
            let message = format!("the vault has no key {id}; put it back into the key file");
            Error::internal("vault.unknown_key", message)
        })
    }
}

/// The associated data of both layers: a tag of this use, the key's number, and the caller's.
fn bound(key_id: u32, aad: &[u8]) -> Vec<u8> {
    [b"openautomate-vault-v1".as_slice(), &key_id.to_be_bytes(), aad].concat()
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::internal("vault.random", "the system gives no random bytes").with_source(error.to_string())
    })?;
    Ok(bytes)
}

fn encrypt(
    key: &Secret<[u8; KEY_BYTES]>,
    nonce: &[u8; NONCE_BYTES],
    plaintext: &[u8],
    aad: &[u8],
) -> Result<Vec<u8>> {
    XChaCha20Poly1305::new(&Key::from(*key.expose()))
        .encrypt(&XNonce::from(*nonce), Payload { msg: plaintext, aad })
        .map_err(|_| seal_failed())
}

fn decrypt(
    key: &Secret<[u8; KEY_BYTES]>,
    nonce: &[u8; NONCE_BYTES],
    ciphertext: &[u8],
    aad: &[u8],
) -> Result<Secret<Vec<u8>>> {
    XChaCha20Poly1305::new(&Key::from(*key.expose()))
        .decrypt(&XNonce::from(*nonce), Payload { msg: ciphertext, aad })
        .map(Secret::new)
        .map_err(|_| altered())
}

fn seal_failed() -> Error {
    Error::internal("vault.seal", "the value can't be sealed")
}

fn altered() -> Error {
    Error::internal(
        "vault.altered",
        "the sealed value does not open: it was altered or moved, or the key is another one; write it again",
    )
}
