//! A sealed value and its bytes.

use super::{KEY_BYTES, NONCE_BYTES, TAG_BYTES};
use crate::error::{Error, Result};

const FORMAT: u8 = 1;
const WRAPPED_BYTES: usize = KEY_BYTES + TAG_BYTES;
/// Format, key number, two nonces, wrapped key; the ciphertext is the rest.
const HEAD_BYTES: usize = 1 + 4 + NONCE_BYTES + WRAPPED_BYTES + NONCE_BYTES;

/// A sealed value. It may be stored and shown without harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The number of the key that wraps the data key.
    pub key_id: u32,
    pub(super) key_nonce: [u8; NONCE_BYTES],
    pub(super) wrapped_key: [u8; WRAPPED_BYTES],
    pub(super) nonce: [u8; NONCE_BYTES],
    pub(super) ciphertext: Vec<u8>,
}

impl Sealed {
    /// The bytes to store: format 1, the key's number (big-endian), nonce and wrapped data key, nonce and
    /// ciphertext.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        [
            [FORMAT].as_slice(),
            &self.key_id.to_be_bytes(),
            &self.key_nonce,
            &self.wrapped_key,
            &self.nonce,
            &self.ciphertext,
        ]
        .concat()
    }

    /// The number of the key in the bytes of a sealed value, unless they are too few or of another format.
    #[must_use]
    pub fn key_id_of(bytes: &[u8]) -> Option<u32> {
        match bytes {
            [FORMAT, a, b, c, d, ..] => Some(u32::from_be_bytes([*a, *b, *c, *d])),
            _ => None,
        }
    }

    /// Reads what [`Sealed::to_bytes`] made. Whether it is genuine shows when it is opened.
    ///
    /// # Errors
    /// `Internal` with `vault.format` for another format or too few bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let broken =
            || Error::internal("vault.format", "the stored value is not a sealed one; write it again");
        if bytes.first() != Some(&FORMAT) || bytes.len() < HEAD_BYTES + TAG_BYTES {
            return Err(broken());
        }
        let rest = &bytes[1..];
        let (key_id, rest) = rest.split_first_chunk().ok_or_else(broken)?;
        let (key_nonce, rest) = rest.split_first_chunk().ok_or_else(broken)?;
        let (wrapped_key, rest) = rest.split_first_chunk().ok_or_else(broken)?;
        let (nonce, ciphertext) = rest.split_first_chunk().ok_or_else(broken)?;
        Ok(Self {
            key_id: u32::from_be_bytes(*key_id),
            key_nonce: *key_nonce,
            wrapped_key: *wrapped_key,
            nonce: *nonce,
            ciphertext: ciphertext.to_vec(),
        })
    }
}
