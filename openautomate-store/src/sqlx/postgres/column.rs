//! How values stand in columns: times as microseconds, words of an enum as text, the rest as JSON text.

use chrono::DateTime;
use openautomate_core::clock::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgHasArrayType, PgRow, PgTypeInfo};
use sqlx::types::Uuid;
use sqlx::{Database, Decode, Encode, Postgres, Row, Type};

use crate::sqlx::error::{Error, Result};

/// A time as a column holds it.
pub(super) fn micros(time: Timestamp) -> i64 {
    time.timestamp_micros()
}

/// A time that may be absent.
pub(super) fn micros_of(time: Option<Timestamp>) -> Option<i64> {
    time.map(micros)
}

/// One column of many rows, for a statement over all of them.
pub(super) fn column<'r, R, T>(rows: &[&'r R], value: impl Fn(&'r R) -> T) -> Vec<T> {
    rows.iter().map(|row| value(row)).collect()
}

/// A value of an enum without fields, stored as the word that serde gives it.
pub(super) struct Word<T>(pub(super) T);

impl<T> PgHasArrayType for Word<T> {
    fn array_type_info() -> PgTypeInfo {
        String::array_type_info()
    }
}

impl<T> Type<Postgres> for Word<T> {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl<T: Serialize> Encode<'_, Postgres> for Word<T> {
    fn encode_by_ref(
        &self,
        buffer: &mut <Postgres as Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        match serde_json::to_value(&self.0)? {
            Value::String(word) => <String as Encode<Postgres>>::encode(word, buffer),
            _ => Err("the value is not a word".into()),
        }
    }
}

/// A value as JSON in a text column. (The types json and jsonb can't hold every text that JSON can.)
pub(super) struct Json<T>(pub(super) T);

impl<T> PgHasArrayType for Json<T> {
    fn array_type_info() -> PgTypeInfo {
        String::array_type_info()
    }
}

impl<T> Type<Postgres> for Json<T> {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl<T: Serialize> Encode<'_, Postgres> for Json<T> {
    fn encode_by_ref(
        &self,
        buffer: &mut <Postgres as Database>::ArgumentBuffer,
    ) -> Result<IsNull, BoxDynError> {
        <String as Encode<Postgres>>::encode(serde_json::to_string(&self.0)?, buffer)
    }
}

/// Reads the columns of a row of one noun; every failure names the noun.
pub(super) struct Columns<'r> {
    row: &'r PgRow,
    what: &'static str,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r PgRow, what: &'static str) -> Self {
        Self { row, what }
    }

    fn unreadable(&self, source: impl Into<BoxDynError>) -> Error {
        Error::Row { what: self.what, source: source.into() }
    }

    pub(super) fn get<T: Decode<'r, Postgres> + Type<Postgres>>(&self, column: &str) -> Result<T> {
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

    pub(super) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        let text: &str = self.get(column)?;
        serde_json::from_str(text).map_err(|error| self.unreadable(error))
    }

    pub(super) fn json_or_none<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let text: Option<&str> = self.get(column)?;
        text.map(|text| serde_json::from_str(text).map_err(|error| self.unreadable(error))).transpose()
    }

    pub(super) fn word<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        let word: String = self.get(column)?;
        serde_json::from_value(Value::String(word)).map_err(|error| self.unreadable(error))
    }

    /// A number that is never negative.
    pub(super) fn count(&self, column: &str) -> Result<u32> {
        let value: i64 = self.get(column)?;
        u32::try_from(value).map_err(|error| self.unreadable(error))
    }

    /// A `u64` is kept in the bits of an `i64`.
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
