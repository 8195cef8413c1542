//! Secrets on their way to an agent: the server seals each for a key that the agent made for this one connection or
//! request, so that nothing in between reads them, whoever ends TLS or passes messages on.
//!
//! HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and ChaCha20Poly1305. Base mode alone says
//! nothing of whose the key is; so the agent signs it ([`SealingOffer`]) with the key that it was enrolled with, and the
//! server seals for no other ([`Recipient`]). The private half ([`SealingKeys`]) is in the memory of the agent's process
//! alone, and overwritten when the connection or the request has ended.
//!
//! What is sealed is bound to where it belongs: the lease and the question that it answers, the asset and its revision
//! ([`Question`], [`SealedToAgent`]). Moved elsewhere it does not open.
//!
//! Who can change messages on their way can take the offer out of a hello. Then the server gives values as to an agent of
//! a release that knows nothing of this, unless it is told not to
//! ([`Settings::require_sealed_secrets`](crate::orchestrator::Settings::require_sealed_secrets)).

mod base64url;
mod file;
mod keys;
mod offer;
mod place;
mod recipient;
mod suite;
#[cfg(test)]
mod tests;

pub use file::{MAX_FRAME_BYTES, SealedFrames};
pub use keys::{OfferedKeys, SealingKeys};
pub use offer::{LineProof, SEALED_HEADER, SEALING_CONTEXT, SEALING_HEADER, SealingOffer, SealingPurpose};
pub use place::{Question, SealedToAgent};
pub use recipient::Recipient;
