//! The one error of the core: what kind it is, a stable code, and what to do next.
//!
//! Adapters keep an error enum of their own and convert it here once; HTTP and Python map
//! [`ErrorKind`] in one table each. Nobody matches on the message.

use std::borrow::Cow;
use std::error::Error as StdError;

use serde::{Deserialize, Serialize};

/// The result of every fallible call in the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// What went wrong, in the few meanings that a caller can act on.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ErrorKind {
    /// The request is wrong in itself; sending it again unchanged can't succeed.
    Invalid,
    /// Nobody is signed in, or the credential is wrong, expired or revoked.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// The thing does not exist, or the caller may not know that it does.
    NotFound,
    /// The state changed, a unique name is taken, or the thing is in a state that forbids this.
    Conflict,
    /// The lease epoch is not the current one: somebody else owns the execution now.
    StaleLease,
    /// A limit was reached; wait, or ask for a higher one.
    QuotaExceeded,
    /// This build or adapter can't do it.
    Unsupported,
    /// A dependency did not answer; the same call may succeed later.
    Unavailable,
    /// A defect or a broken disk: the log has the details.
    Internal,
}

impl ErrorKind {
    /// Whether the same call may succeed later without a change.
    #[must_use]
    pub const fn is_retryable(self) -> bool {
        matches!(self, Self::Unavailable | Self::QuotaExceeded)
    }

    /// The stable name, as it stands in answers and logs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "notFound",
            Self::Conflict => "conflict",
            Self::StaleLease => "staleLease",
            Self::QuotaExceeded => "quotaExceeded",
            Self::Unsupported => "unsupported",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// One field of a request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Its camelCase path in the request, as in `inputs.invoice.total`.
    pub field: String,
    /// What is wrong, as [`Error`] says it.
    pub message: Cow<'static, str>,
}

impl FieldError {
    /// A field and what is wrong with it.
    pub fn new(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// An error of the core.
///
/// `message` is a lower-case fragment that says what happened, to what, and what to do next. It may hold
/// ids and names, never the values of inputs, assets or SQL. `source` goes to the log, not to the client.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    code: &'static str,
    message: Cow<'static, str>,
    fields: Vec<FieldError>,
    #[source]
    source: Option<Source>,
}

impl Error {
    /// An error of the given kind with its stable `code` (`area.what`, as in `schedule.expression`).
    pub fn new(kind: ErrorKind, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, code, message: message.into(), fields: Vec::new(), source: None }
    }

    /// The request is wrong in itself.
    pub fn invalid(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Invalid, code, message)
    }

    /// The value of one field is wrong; `field` is its camelCase path in the request.
    pub fn invalid_field(field: impl Into<String>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::invalid_fields(vec![FieldError::new(field, message)])
    }

    /// The values of several fields are wrong; the message is that of the first.
    #[must_use]
    pub fn invalid_fields(fields: Vec<FieldError>) -> Self {
        let first = fields.first().map_or_else(|| "a field is wrong".into(), |first| first.message.clone());
        Self { fields, ..Self::new(ErrorKind::Invalid, "request.field", first) }
    }

    /// `what` (as in `execution`) with this id does not exist.
    pub fn not_found(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, "resource.not_found", format!("there is no {what} {id}"))
    }

    /// The state forbids it, or a unique name is taken.
    pub fn conflict(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Conflict, code, message)
    }

    /// A row was changed since it was read: read again and decide again.
    #[must_use]
    pub fn stale_row(what: &'static str) -> Self {
        Self::new(ErrorKind::Conflict, STALE_ROW, format!("the {what} was changed meanwhile; read it again"))
    }

    /// The lease epoch is not the current one.
    #[must_use]
    pub fn stale_lease() -> Self {
        Self::new(
            ErrorKind::StaleLease,
            "lease.stale",
            "this attempt no longer holds the lease of its execution; stop its processes",
        )
    }

    /// The caller may not do this.
    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Forbidden, "access.forbidden", message)
    }

    /// Nobody is signed in, or the credential is no good.
    pub fn unauthenticated(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unauthenticated, "access.unauthenticated", message)
    }

    /// A defect, a broken disk, a row that can't be read.
    pub fn internal(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Internal, code, message)
    }

    /// A dependency did not answer.
    pub fn unavailable(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::Unavailable, code, message)
    }

    /// Names the fields that it is about.
    #[must_use]
    pub fn about(mut self, fields: Vec<FieldError>) -> Self {
        self.fields = fields;
        self
    }

    /// Keeps the cause, for the log.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of error it is.
    #[must_use]
    pub const fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The text for people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The camelCase path of the field that is wrong, where one is; the first of several.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.fields.first().map(|first| first.field.as_str())
    }

    /// The same error about one of several things that were asked at once: `path` goes before each field, or before
    /// the message if no field is wrong.
    #[must_use]
    pub fn within(mut self, path: &str) -> Self {
        for field in &mut self.fields {
            field.field = format!("{path}.{}", field.field);
        }
        if self.fields.is_empty() {
            self.message = format!("{path}: {}", self.message).into();
        }
        self
    }

    /// All fields that are wrong.
    #[must_use]
    pub fn fields(&self) -> &[FieldError] {
        &self.fields
    }

    /// Whether a row was changed between the read and the commit, so that the mediator decides again.
    #[must_use]
    pub fn is_stale_row(&self) -> bool {
        self.code == STALE_ROW
    }
}

const STALE_ROW: &str = "row.stale";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_row_is_told_from_other_conflicts() {
        assert!(Error::stale_row("package").is_stale_row());
        assert!(!Error::conflict("name.taken", "taken").is_stale_row());
    }

    #[test]
    fn the_message_hides_the_source() {
        let error = Error::internal("store.io", "the database can't be read").with_source("disk 7");
        assert_eq!(error.to_string(), "the database can't be read");
        assert!(error.source().is_some());
    }
}
