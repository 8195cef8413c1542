//! What a database, or the way to it, refuses, in one form for all drivers.

use std::fmt;

use super::value::BoxError;

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// An id or a name that must be unique is there already.
    Unique,
    /// A row names another one that is not there.
    Reference,
    /// A row breaks a check of its table.
    Check,
    /// A trigger raised the error's text.
    Raised,
    /// A text can't be kept: it holds a NUL.
    Nul,
    /// A value that an index holds is too long.
    TooLong,
    /// A value is none of its type.
    Value,
    /// Another transaction was in the way; this one is undone, and may be run again.
    Repeatable,
    /// The disk is full.
    Full,
    /// The database takes no writes.
    ReadOnly,
    /// The database's user may not do this.
    Permission,
    /// The database is damaged.
    Corrupt,
    /// The file is not a database at all.
    NotADatabase,
    /// The file can't be opened.
    CannotOpen,
    /// The database can't be reached, or lets us not in.
    Unreached,
    /// Something that passes: locks, resources, a shut-down.
    Unanswered,
    /// A transaction is needed, and there is none.
    NoTransaction,
    /// The connection is gone, but not the database.
    Lost,
    /// The connections were closed by us.
    Closed,
    /// The statement itself is refused.
    Statement,
    /// A value can't be bound.
    Encoding,
    /// A row can't be read.
    Decoding,
}

impl Refusal {
    /// Whether one row was refused, and not the statement or the connection.
    pub(crate) fn is_of_a_row(self) -> bool {
        matches!(
            self,
            Self::Unique
                | Self::Reference
                | Self::Check
                | Self::Raised
                | Self::Nul
                | Self::TooLong
                | Self::Value
        )
    }
}

/// What a database refused, and why.
#[derive(Debug)]
pub struct DatabaseError {
    refusal: Refusal,
    /// What a trigger of ours raised.
    raised: Option<String>,
    /// The constraint that a row breaks, where the database tells.
    constraint: Option<String>,
    source: BoxError,
}

impl DatabaseError {
    pub(crate) fn new(refusal: Refusal, source: impl Into<BoxError>) -> Self {
        Self { refusal, raised: None, constraint: None, source: source.into() }
    }

    /// With the text that a trigger raised.
    pub(crate) fn raised(self, text: impl Into<String>) -> Self {
        Self { raised: Some(text.into()), ..self }
    }

    /// With the name of the constraint.
    pub(crate) fn of_constraint(self, constraint: Option<&str>) -> Self {
        Self { constraint: constraint.map(str::to_owned), ..self }
    }

    pub(crate) fn refusal(&self) -> Refusal {
        self.refusal
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.raised.as_deref()
    }

    pub(crate) fn constraint(&self) -> Option<&str> {
        self.constraint.as_deref()
    }
}

impl fmt::Display for DatabaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.source, f)
    }
}

impl std::error::Error for DatabaseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}
