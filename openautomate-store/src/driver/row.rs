//! Rows that were found, read by the names of their columns.

use uuid::Uuid;

use super::value::BoxError;

/// A row. A column that is not there, or of another type, is an error; NULL is none.
pub trait Row: Send + Sync {
    /// Yes or no.
    ///
    /// # Errors
    /// See the trait.
    fn bool(&self, column: &str) -> Result<Option<bool>, BoxError>;

    /// A number of 32 bits.
    ///
    /// # Errors
    /// See the trait.
    fn int(&self, column: &str) -> Result<Option<i32>, BoxError>;

    /// A number of 64 bits.
    ///
    /// # Errors
    /// See the trait.
    fn big_int(&self, column: &str) -> Result<Option<i64>, BoxError>;

    /// A text.
    ///
    /// # Errors
    /// See the trait.
    fn text(&self, column: &str) -> Result<Option<&str>, BoxError>;

    /// Bytes.
    ///
    /// # Errors
    /// See the trait.
    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, BoxError>;

    /// An id.
    ///
    /// # Errors
    /// See the trait.
    fn uuid(&self, column: &str) -> Result<Option<Uuid>, BoxError>;

    /// The text of a column of PostgreSQL's type jsonb, or of SQLite's JSON text.
    ///
    /// # Errors
    /// See the trait.
    fn jsonb(&self, column: &str) -> Result<Option<serde_json::Value>, BoxError>;
}

/// What a column is read as.
pub(crate) trait FromColumn: Sized {
    fn read_or_none<R: Row>(row: &R, column: &str) -> Result<Option<Self>, BoxError>;

    fn read<R: Row>(row: &R, column: &str) -> Result<Self, BoxError> {
        Self::read_or_none(row, column)?.ok_or_else(|| format!("the column {column} is NULL").into())
    }
}

impl<T: FromColumn> FromColumn for Option<T> {
    fn read_or_none<R: Row>(row: &R, column: &str) -> Result<Option<Self>, BoxError> {
        T::read_or_none(row, column).map(Some)
    }
}

macro_rules! from_column {
    ($($read:ty: $method:ident, $convert:expr;)+) => {$(
        impl FromColumn for $read {
            fn read_or_none<R: Row>(row: &R, column: &str) -> Result<Option<Self>, BoxError> {
                row.$method(column).map(|value| value.map($convert))
            }
        }
    )+};
}

from_column! {
    bool: bool, |value| value;
    i32: int, |value| value;
    i64: big_int, |value| value;
    String: text, str::to_owned;
    Vec<u8>: bytes, <[u8]>::to_vec;
    Uuid: uuid, |value| value;
}
