//! The vault: asset values encrypted at rest.
//!
//! Envelope encryption: each value has a data key of its own, used once; the data key is wrapped by a key
//! encryption key from the [`KeyRing`]. Both layers are XChaCha20-Poly1305 with random 192-bit nonces and are
//! bound to the same associated data, so that a sealed value that is moved to another row does not open.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{Key, KeyInit as _, XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};

use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

mod key_file;
mod key_ring;
#[cfg(feature = "nats")]
mod peer_key;
mod sealed;
#[cfg(test)]
mod tests;

pub use key_ring::KeyRing;
#[cfg(feature = "nats")]
pub use peer_key::PeerKey;
pub use sealed::Sealed;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// What a mark holds.
const MARK: &[u8] = b"openautomate vault mark";

/// Seals and opens values. Clones share the keys.
#[derive(Clone)]
pub struct Vault {
    shared: Arc<Shared>,
}

struct Shared {
    ring: RwLock<Arc<KeyRing>>,
    /// Where the keys are read anew.
    file: Option<PathBuf>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("ring", &self.ring()).field("file", &self.shared.file).finish()
    }
}

impl Vault {
    /// A vault with these keys.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self { shared: Arc::new(Shared { ring: RwLock::new(Arc::new(ring)), file: None }) }
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
        key_file::open_or_create(path).map(|ring| Self::of_file(path, ring))
    }

    /// As [`Vault::open_or_create`], but no file is made.
    ///
    /// # Errors
    /// As [`Vault::open_or_create`]; `Invalid` with `vault.key_missing` if there is no file.
    pub fn open_file(path: &Path) -> Result<Self> {
        let ring = key_file::open(path)?.ok_or_else(|| {
            let message = format!(
                "the key file {} is not there, and values are sealed with its keys; put it back from its copy",
                path.display()
            );
            Error::invalid("vault.key_missing", message)
        })?;
        Ok(Self::of_file(path, ring))
    }

    fn of_file(path: &Path, ring: KeyRing) -> Self {
        let ring = RwLock::new(Arc::new(ring));
        Self { shared: Arc::new(Shared { ring, file: Some(path.to_owned()) }) }
    }

    /// The keys, as they were read last.
    #[must_use]
    pub fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.shared.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the key file anew, if the keys are of one; says whether they are others now. It blocks for a moment.
    ///
    /// # Errors
    /// As [`Vault::open_file`]; the keys of before stay in use.
    pub fn reload(&self) -> Result<bool> {
        let Some(path) = &self.shared.file else { return Ok(false) };
        let ring = Self::open_file(path)?.ring();
        let mut known = self.shared.ring.write().unwrap_or_else(PoisonError::into_inner);
        let is_other = !known.is_same(&ring);
        *known = ring;
        Ok(is_other)
    }

    /// Adds a new random key to the key file, which seals from now on; its number is higher than `used`. Servers that
    /// use the file find it within seconds.
    ///
    /// # Errors
    /// As [`Vault::open_file`]; `Unsupported` with `vault.no_file` if the keys do not come from a file.
    pub fn add_key(&self, used: u32) -> Result<u32> {
        let added = key_file::add(self.file()?, used)?;
        self.reload()?;
        Ok(added)
    }

    /// Takes a key out of the key file. Whether it still seals something is the caller's to know.
    ///
    /// # Errors
    /// As [`Vault::add_key`]; `NotFound`; `Conflict` with `vault.key_in_use` if it is the newest.
    pub fn remove_key(&self, id: u32) -> Result<()> {
        key_file::remove(self.file()?, id)?;
        self.reload().map(drop)
    }

    fn file(&self) -> Result<&Path> {
        self.shared.file.as_deref().ok_or_else(|| {
            let message = "the keys of the vault do not come from a file; change them where they come from";
            Error::new(ErrorKind::Unsupported, "vault.no_file", message)
        })
    }

    /// A key for one purpose, made of the oldest key of the ring: the same as long as that one is there.
    pub(crate) fn derive(&self, purpose: &str) -> Secret<[u8; KEY_BYTES]> {
        let mut hash = Sha256::new();
        if let Some(oldest) = self.ring().oldest() {
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
        let ring = self.ring();
        seal_under(&ring, ring.current(), plaintext, aad)
    }

    /// Opens what was sealed with the same `aad`. If its key is not known, the key file is read anew.
    ///
    /// # Errors
    /// `Internal` with `vault.unknown_key` if the key is not on the ring, with `vault.altered` if the value,
    /// or what it is bound to, is not what was sealed.
    pub fn open(&self, sealed: &Sealed, aad: &[u8]) -> Result<Secret<Vec<u8>>> {
        let mut ring = self.ring();
        if !ring.contains(sealed.key_id) {
            // A failure shows as the missing key that it is.
            let _ = self.reload();
            ring = self.ring();
        }
        let aad = bound(sealed.key_id, aad);
        let data_key = decrypt(ring.key(sealed.key_id)?, &sealed.key_nonce, &sealed.wrapped_key, &aad)?;
        let data_key: [u8; KEY_BYTES] = data_key.expose().as_slice().try_into().map_err(|_| altered())?;
        decrypt(&Secret::new(data_key), &sealed.nonce, &sealed.ciphertext, &aad)
    }

    /// What only the key with this number opens, to be kept in the database.
    ///
    /// # Errors
    /// As [`Vault::seal`]; `Internal` with `vault.unknown_key`.
    pub(crate) fn mark(&self, id: u32) -> Result<Vec<u8>> {
        Ok(seal_under(&self.ring(), id, MARK, &mark_binding(id))?.to_bytes())
    }

    /// Checks that the key with this number made the mark, that the mark shows nothing, and that it is no mark of
    /// another key.
    ///
    /// # Errors
    /// `Invalid` with `vault.other_key`; `Internal` with `vault.self_check`.
    pub fn check_mark(&self, id: u32, mark: &[u8]) -> Result<()> {
        let opened = |binding: &[u8]| {
            Sealed::from_bytes(mark)
                .and_then(|sealed| self.open(&sealed, binding))
                .is_ok_and(|text| text.expose() == MARK)
        };
        if !opened(&mark_binding(id)) || Sealed::key_id_of(mark) != Some(id) {
            let message = format!(
                "the key {id} of the vault is another one than the database was sealed with; put the right one back"
            );
            return Err(Error::invalid("vault.other_key", message));
        }
        if mark.windows(MARK.len()).any(|window| window == MARK) || opened(&mark_binding(id.wrapping_add(1)))
        {
            return Err(self_check_failed("does not encrypt what is in the database"));
        }
        Ok(())
    }

    /// Checks that encryption is really on: that a sealed canary does not show, comes back, and does not open
    /// under another row's data. To be called at every start, before anything is served.
    ///
    /// # Errors
    /// `Internal` with `vault.self_check`.
    pub fn self_check(&self) -> Result<()> {
        let canary = random::<KEY_BYTES>()?;
        let sealed = self.seal(&canary, b"row-1")?;
        let bytes = sealed.to_bytes();
        if bytes.windows(8).any(|window| canary.windows(8).any(|part| part == window)) {
            return Err(self_check_failed("does not encrypt"));
        }
        if self.seal(&canary, b"row-1")?.ciphertext == sealed.ciphertext {
            return Err(self_check_failed("repeats its keys"));
        }
        let reread = Sealed::from_bytes(&bytes)?;
        if self.open(&reread, b"row-1")?.expose() != &canary {
            return Err(self_check_failed("does not give back what it sealed"));
        }
        if self.open(&reread, b"row-2").is_ok() {
            return Err(self_check_failed("opens values of other rows"));
        }
        Ok(())
    }
}

fn self_check_failed(why: &str) -> Error {
    Error::internal("vault.self_check", format!("the vault {why}; don't use this build or machine"))
}

/// Seals under one key of the ring.
fn seal_under(ring: &KeyRing, key_id: u32, plaintext: &[u8], aad: &[u8]) -> Result<Sealed> {
    let data_key = Secret::new(random::<KEY_BYTES>()?);
    let (key_nonce, nonce) = (random::<NONCE_BYTES>()?, random::<NONCE_BYTES>()?);
    let aad = bound(key_id, aad);
    let wrapped = encrypt(ring.key(key_id)?, &key_nonce, data_key.expose(), &aad)?;
    let wrapped_key = wrapped.try_into().map_err(|_| seal_failed())?;
    let ciphertext = encrypt(&data_key, &nonce, plaintext, &aad)?;
    Ok(Sealed { key_id, key_nonce, wrapped_key, nonce, ciphertext })
}

fn mark_binding(id: u32) -> Vec<u8> {
    [b"openautomate-vault-mark-v1".as_slice(), &id.to_be_bytes()].concat()
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
