//! How values stand in columns: times as microseconds, words of an enum as text, the rest as JSON.

use chrono::DateTime;
use openautomate_core::clock::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::sqlite::{SqliteRow, SqliteTypeInfo};
use sqlx::types::{Json, Uuid};
use sqlx::{Database, Decode, Encode, Row, Sqlite, Type};

use crate::sqlx::error::{Error, Result};

/// A time as a column holds it.
pub(super) fn micros(time: Timestamp) -> i64 {
    time.timestamp_micros()
}

/// A time that may be absent.
pub(super) fn micros_of(time: Option<Timestamp>) -> Option<i64> {
    time.map(micros)
}

/// A value of an enum without fields, stored as the word that serde gives it.
pub(super) struct Word<T>(pub(super) T);

impl<T> Type<Sqlite> for Word<T> {
    fn type_info() -> SqliteTypeInfo {
        <str as Type<Sqlite>>::type_info()
    }
}

impl<T: Serialize> Encode<'_, Sqlite> for Word<T> {
    fn encode_by_ref(
        &self,
        buffer: &mut <Sqlite as Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        match serde_json::to_value(&self.0)? {
            Value::String(word) => <String as Encode<Sqlite>>::encode(word, buffer),
            _ => Err("the value is not a word".into()),
        }
    }
}

/// Reads the columns of a row of one noun; every failure names the noun.
pub(super) struct Columns<'r> {
    row: &'r SqliteRow,
    what: &'static str,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r SqliteRow, what: &'static str) -> Self {
        Self { row, what }
    }

    fn unreadable(&self, source: impl Into<BoxDynError>) -> Error {
        Error::Row { what: self.what, source: source.into() }
    }

    pub(super) fn get<T: Decode<'r, Sqlite> + Type<Sqlite>>(&self, column: &str) -> Result<T> {
        self.row.try_get(column).map_err(|error| self.unreadable(error))
    }

    pub(super) fn uuid(&self, column: &str) -> Result<Uuid> {
        self.get(column)
    }

    pub(super) fn uuid_or_none(&self, column: &str) -> Result<Option<Uuid>> {
        self.get(column)
    }

    pub(super) fn time(&self, column: &str) -> Result<Timestamp> {
        let value: i64 = self.get(column)?;
        DateTime::from_timestamp_micros(value)
            .ok_or_else(|| self.unreadable("a time lies outside the calendar"))
    }

    pub(super) fn time_or_none(&self, column: &str) -> Result<Option<Timestamp>> {
        let value: Option<i64> = self.get(column)?;
        value.map(|_| self.time(column)).transpose()
    }

    pub(super) fn json<T: DeserializeOwned + 'static>(&self, column: &str) -> Result<T> {
        Ok(self.get::<Json<T>>(column)?.0)
    }

    pub(super) fn json_or_none<T: DeserializeOwned + 'static>(&self, column: &str) -> Result<Option<T>> {
        Ok(self.get::<Option<Json<T>>>(column)?.map(|json| json.0))
    }

    pub(super) fn word<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        let word: String = self.get(column)?;
        serde_json::from_value(Value::String(word)).map_err(|error| self.unreadable(error))
    }

    /// A `u64` is kept in the bits of SQLite's `i64`.
    pub(super) fn unsigned(&self, column: &str) -> Result<u64> {
        Ok(self.get::<i64>(column)?.cast_unsigned())
    }

    pub(super) fn unsigned_or_none(&self, column: &str) -> Result<Option<u64>> {
        Ok(self.get::<Option<i64>>(column)?.map(i64::cast_unsigned))
    }

    pub(super) fn hash(&self, column: &str) -> Result<[u8; 32]> {
        let bytes: &[u8] = self.get(column)?;
        bytes.try_into().map_err(|error: std::array::TryFromSliceError| self.unreadable(error))
    }

    pub(super) fn hash_or_none(&self, column: &str) -> Result<Option<[u8; 32]>> {
        let bytes: Option<&[u8]> = self.get(column)?;
        bytes.map(|_| self.hash(column)).transpose()
    }
}
