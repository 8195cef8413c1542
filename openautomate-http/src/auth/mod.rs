//! Who asks: signed tokens, agents' proofs, and how often one may try.

mod agent_token;
mod jwt;
mod jwt_keys;
mod live_ticket;
mod login_failures;
mod rate_limit;
mod request_buckets;
mod session_cookie;
mod used_once;

pub(crate) use agent_token::{AGENT_TOKEN_LIFE, AgentTokens};

pub(crate) use jwt::{ACCESS_LIFE, AccessClaims, TokenType};
pub use jwt_keys::{JwtKeys, KeyRotation, RotatedKeys};
pub(crate) use live_ticket::{LIVE_TICKET_LIFE, LiveHolder, LivePlace, LiveTickets};
pub(crate) use login_failures::LoginAttempt;
pub(crate) use rate_limit::PublicLimiter;
pub(crate) use request_buckets::RequestBuckets;
pub(crate) use session_cookie::{SessionCookie, cookie_value, may_be_there, own_origin};
pub(crate) use used_once::UsedOnce;
