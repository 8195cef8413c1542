//! The key that servers on the same data share because they share the vault's.

use super::{KEY_BYTES, NONCE_BYTES, decrypt, encrypt, random};
use crate::error::Result;
use crate::secret::Secret;

/// Seals what servers say to each other over a line that others hear and speak on, too.
#[derive(Debug)]
pub struct PeerKey(pub(super) Secret<[u8; KEY_BYTES]>);

impl PeerKey {
    /// Seals a message for one place.
    pub(crate) fn seal(&self, message: &[u8], place: &[u8]) -> Result<Vec<u8>> {
        let nonce = random::<NONCE_BYTES>()?;
        let mut sealed = nonce.to_vec();
        sealed.extend(encrypt(&self.0, &nonce, message, place)?);
        Ok(sealed)
    }

    /// The message, if it was sealed with this key for this place.
    pub(crate) fn open(&self, sealed: &[u8], place: &[u8]) -> Option<Secret<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>()?;
        decrypt(&self.0, nonce, ciphertext, place).ok()
    }
}
