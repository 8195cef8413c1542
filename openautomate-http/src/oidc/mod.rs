//! Signing in at an identity provider: OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636), as the
//! best current practice asks for (RFC 9700).
//!
//! The flow is small and the keys of providers are read by `jsonwebtoken`, which the server has anyway; the crates that
//! are made for this bring an RSA implementation with known timing leaks.

mod client;
mod id_token;
mod local_path;
mod login_cookie;
mod provider;

pub(crate) use client::{OidcClients, Returned, plain};
pub(crate) use local_path::LocalPath;
pub(crate) use login_cookie::{LOGIN_LIFE, LoginClaims, LoginCookie};
pub use provider::{OidcProvider, RoleMapping};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openautomate_core::error::{Error, Result};

/// 256 random bits in 43 characters that may stand in an address.
pub(crate) fn random_text() -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        Error::unavailable("random.unavailable", "the operating system gives no randomness")
            .with_source(error.to_string())
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub(crate) fn is_same(one: &str, other: &str) -> bool {
    use sha2::{Digest as _, Sha256};

    // Of hashes nobody can choose how far they agree.
    Sha256::digest(one) == Sha256::digest(other)
}
