//! Proofs of identity: passwords, opaque tokens, agents' keys.

mod agent_key;
mod api_key;
mod password;
mod token;

pub use agent_key::{ENROL_CONTEXT, SESSION_CONTEXT, verify_agent_signature};
pub use api_key::{API_KEY_PREFIX, NewApiKey, api_key_hash};
pub use password::{PasswordHasher, check_password};
pub use token::{OpaqueToken, token_hash};
