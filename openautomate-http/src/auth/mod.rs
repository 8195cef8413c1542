//! Who asks: signed tokens, agents' proofs, and how often one may try.

mod agent_token;
mod jwt;
mod login_failures;
mod rate_limit;

pub(crate) use agent_token::{AGENT_TOKEN_LIFE, AgentTokens};
pub use jwt::JwtKeys;
pub(crate) use jwt::{ACCESS_LIFE, AccessClaims, TokenType};
pub(crate) use login_failures::LoginAttempt;
pub(crate) use rate_limit::PublicLimiter;
