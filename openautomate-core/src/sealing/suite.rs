//! The one suite of HPKE (RFC 9180) that is spoken here.

use hpke::aead::{AeadCtxR, AeadCtxS, ChaCha20Poly1305};
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable as _, Kem as _, OpModeR, OpModeS, Serializable as _};

use crate::error::{Error, Result};
use crate::secret::Secret;

type Kem = X25519HkdfSha256;

pub(super) const KEY_BYTES: usize = 32;
pub(super) type PrivateKey = <Kem as hpke::Kem>::PrivateKey;
pub(super) type PublicKey = <Kem as hpke::Kem>::PublicKey;
/// Seals one message after the other, each under a nonce of its own.
pub(super) type Sealer = AeadCtxS<ChaCha20Poly1305, HkdfSha256, Kem>;
/// Opens them in the same order, and in no other.
pub(super) type Opener = AeadCtxR<ChaCha20Poly1305, HkdfSha256, Kem>;

/// A new pair of keys.
pub(super) fn new_keys() -> Result<(PrivateKey, [u8; KEY_BYTES])> {
    let mut seed = [0; KEY_BYTES];
    getrandom::fill(&mut seed).map_err(|error| {
        Error::internal("sealing.random", "the system gives no random bytes").with_source(error.to_string())
    })?;
    let seed = Secret::new(seed);
    let (private, public) = Kem::derive_keypair(seed.expose());
    Ok((private, public.to_bytes().into()))
}

pub(super) fn public_key(bytes: &[u8; KEY_BYTES]) -> Option<PublicKey> {
    PublicKey::from_bytes(bytes).ok()
}

/// Begins to seal for a key; `None` for one of small order, with which everybody would know the secret.
pub(super) fn sealer(key: &PublicKey, info: &[u8]) -> Option<([u8; KEY_BYTES], Sealer)> {
    let (encapsulated, sealer) =
        hpke::setup_sender::<ChaCha20Poly1305, HkdfSha256, Kem>(&OpModeS::Base, key, info).ok()?;
    Some((encapsulated.to_bytes().into(), sealer))
}

/// Begins to open what was sealed for a key.
pub(super) fn opener(key: &PrivateKey, encapsulated: &[u8], info: &[u8]) -> Option<Opener> {
    let encapsulated = <Kem as hpke::Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
    hpke::setup_receiver(&OpModeR::Base, key, &encapsulated, info).ok()
}
