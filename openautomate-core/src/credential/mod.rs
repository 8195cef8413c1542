//! Proofs of identity: passwords, opaque tokens, agents' keys.

mod agent_key;
mod api_key;
mod guessable;
mod password;
mod random_key;
mod recovery_code;
mod token;
mod totp;

pub use agent_key::{ENROL_CONTEXT, SESSION_CONTEXT, verify_agent_signature};
pub use api_key::{API_KEY_PREFIX, NewApiKey, api_key_hash};
pub use password::{PasswordHasher, check_password};
pub use random_key::key_weakness;
pub use recovery_code::{RECOVERY_CODES, recovery_codes, recovery_hash};
pub use token::{OpaqueToken, token_hash};
pub use totp::TotpSecret;
