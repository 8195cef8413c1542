//! Proofs of identity: passwords, opaque tokens, agents' keys.

mod agent_key;
mod password;
mod token;

pub use agent_key::{ENROL_CONTEXT, SESSION_CONTEXT, verify_agent_signature};
pub use password::{PasswordHasher, check_password};
pub use token::{OpaqueToken, token_hash};
