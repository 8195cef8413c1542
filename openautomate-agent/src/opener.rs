//! Opens the values that a server sends in one connection.

use std::sync::Arc;

use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::sealing::{Question, SealingKeys};
use openautomate_core::secret::Secret;
use openautomate_core::transport::message::SecretAnswer;

/// What opens the values of one connection. Clones share the keys, which are overwritten with the last of them.
#[derive(Clone, Debug)]
pub(crate) struct Opener {
    keys: Option<Arc<SealingKeys>>,
    /// The server said that it gives nothing in clear.
    is_demanded: bool,
}

impl Opener {
    /// Of a connection for which these keys were offered, and whose server said whether it seals.
    pub(crate) fn new(keys: Option<SealingKeys>, is_demanded: bool) -> Self {
        Self { keys: keys.map(Arc::new), is_demanded }
    }

    /// The value that answers a question.
    ///
    /// # Errors
    /// The server's refusal; `Internal` with `asset.seal` if it does not open; `Forbidden` with `asset.unsealed` if it came
    /// in clear and must not.
    pub(crate) fn open(&self, answer: SecretAnswer, question: &Question<'_>) -> Result<Secret<String>> {
        match (answer, &self.keys) {
            (SecretAnswer::Sealed(sealed), Some(keys)) => keys.open(&sealed, question),
            (SecretAnswer::Sealed(_), None) => Err(Error::internal(
                "asset.seal",
                "the server sealed the asset for a key that was not offered",
            )),
            (SecretAnswer::Value(value), _) if !self.is_demanded => Ok(value.into_secret()),
            (SecretAnswer::Value(_), _) => Err(unsealed()),
            (SecretAnswer::Refused { kind, message }, _) => Err(Error::new(kind, "asset.refused", message)),
        }
        .inspect_err(|error| {
            if matches!(error.code(), "asset.seal" | IN_CLEAR) {
                tracing::warn!(%error, lease = ?question.lease, "the value of an asset is not believed");
            }
        })
    }
}

/// The code of the error of a secret that came in clear though the server seals.
pub(crate) const IN_CLEAR: &str = "asset.unsealed";

/// The error of a secret that came in clear though the server seals.
pub(crate) fn unsealed() -> Error {
    let message = "the server seals secrets for this agent, and this one came in clear: somebody in between may have made \
                   it up; see who ends TLS or passes messages on";
    Error::new(ErrorKind::Forbidden, IN_CLEAR, message)
}
