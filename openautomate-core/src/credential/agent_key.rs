//! Agents' keys: Ed25519 (RFC 8032). An agent proves its key by a signature over a context and a challenge;
//! the context keeps a signature for one purpose from serving another.

use ed25519_dalek::{Signature, VerifyingKey};

use crate::error::{Error, Result};

/// The context of the proof that comes with an enrolment.
pub const ENROL_CONTEXT: &str = "openautomate-enrol-v1\n";
/// The context of the answer to a challenge.
pub const SESSION_CONTEXT: &str = "openautomate-agent-v1\n";

/// Checks a signature over `context` followed by `message`, strictly (no small-order keys).
///
/// # Errors
/// `Unauthenticated` if the key or the signature is no good.
pub fn verify_agent_signature(key: &[u8; 32], context: &str, message: &str, signature: &[u8]) -> Result<()> {
    let refuse =
        || Error::unauthenticated("the agent's signature does not fit its key; enrol the agent again");
    let key = VerifyingKey::from_bytes(key).map_err(|_| refuse())?;
    let signature = Signature::from_slice(signature).map_err(|_| refuse())?;
    key.verify_strict([context, message].concat().as_bytes(), &signature).map_err(|_| refuse())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer, SigningKey};

    #[test]
    fn a_signature_serves_its_own_context_only() {
        let key = SigningKey::from_bytes(&[7; 32]);
        let public = key.verifying_key().to_bytes();
        let signature = key.sign(format!("{SESSION_CONTEXT}abc").as_bytes()).to_bytes();
        assert!(verify_agent_signature(&public, SESSION_CONTEXT, "abc", &signature).is_ok());
        assert!(verify_agent_signature(&public, ENROL_CONTEXT, "abc", &signature).is_err());
        assert!(verify_agent_signature(&public, SESSION_CONTEXT, "abd", &signature).is_err());
        assert!(verify_agent_signature(&public, SESSION_CONTEXT, "abc", b"short").is_err());
    }
}
