//! What a run is told of assets: their values and their names.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::ErrorKind;
use crate::sealing::SealedToAgent;
use crate::secret::Secret;

/// The answer to a request for an asset's value.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum SecretAnswer {
    /// The value, sealed for the key in `Hello`.
    Sealed(SealedToAgent),
    /// The value, for an agent that offered no key.
    Value(InClear),
    /// Why it is refused.
    Refused {
        /// What kind of reason.
        kind: ErrorKind,
        /// The reason.
        message: String,
    },
}

/// The answer to the question which assets a run may read.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum NamesAnswer {
    /// Their names, sorted.
    Names(Vec<String>),
    /// Why they are refused.
    Refused {
        /// What kind of reason.
        kind: ErrorKind,
        /// The reason.
        message: String,
    },
}

/// A secret that may be serialized as it is: only into a message to an agent that holds the lease and offered no key. An
/// orchestrator decides that in one place (`orchestrator::delivery`).
#[derive(Clone)]
pub struct InClear(Secret<String>);

impl InClear {
    /// To be said in clear.
    #[must_use]
    pub const fn new(value: Secret<String>) -> Self {
        Self(value)
    }

    /// What was said in clear.
    #[must_use]
    pub fn into_secret(self) -> Secret<String> {
        self.0
    }
}

impl fmt::Debug for InClear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InClear(***)")
    }
}

impl Serialize for InClear {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for InClear {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|value| Self(Secret::new(value)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::transport::ServerMessage;

    #[test]
    fn a_secret_shows_on_the_wire_only() {
        let message = ServerMessage::Secret {
            request: 1,
            answer: SecretAnswer::Value(InClear::new(Secret::new("hunter2!".to_owned()))),
        };
        assert!(!format!("{message:?}").contains("hunter2"));
        // What agents of the release before understand.
        let said = serde_json::to_value(&message).unwrap();
        assert_eq!(said, json!({"type": "secret", "request": 1, "answer": {"value": "hunter2!"}}));
    }
}
