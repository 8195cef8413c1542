//! The `Idempotency-Key` header: the same POST twice does its work once.

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::request::Parts;
use openautomate_core::Error;
use openautomate_core::error::Result;
use openautomate_core::orchestrator::Idempotency;
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;
use crate::state::AppState;

/// The key of a request and the beginning of its fingerprint: method, path and query.
#[derive(Clone, Debug)]
pub(crate) struct IdempotencyKey(Option<(String, Sha256)>);

impl FromRequestParts<AppState> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let Some(header) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        let key = header.to_str().map_err(|_| {
            Error::invalid_field("Idempotency-Key", "is not 1 to 255 visible ASCII characters")
        })?;
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
        let mut fingerprint = Sha256::new();
        for part in [parts.method.as_str(), uri.path(), uri.query().unwrap_or_default()] {
            fingerprint.update((part.len() as u64).to_be_bytes());
            fingerprint.update(part);
        }
        Ok(Self(Some((key.to_owned(), fingerprint))))
    }
}

impl IdempotencyKey {
    /// The key over the request with this body.
    pub(crate) fn over(self, body: &[u8]) -> Result<Option<Idempotency>> {
        let Some((key, mut fingerprint)) = self.0 else { return Ok(None) };
        fingerprint.update(body);
        Idempotency::new(key, fingerprint.finalize().into()).map(Some)
    }
}
