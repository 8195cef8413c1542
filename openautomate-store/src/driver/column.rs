//! How values stand in columns: times as microseconds, words of an enum as text, the rest as JSON text.

use chrono::DateTime;
use openautomate_core::clock::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::row::{FromColumn, Row};
use super::value::BoxError;
use crate::error::{Error, Result};

/// A time as a column holds it.
pub(crate) fn micros(time: Timestamp) -> i64 {
    time.timestamp_micros()
}

/// A time that may be absent.
pub(crate) fn micros_of(time: Option<Timestamp>) -> Option<i64> {
    time.map(micros)
}

/// Reads the columns of a row of one noun; every failure names the noun.
pub(crate) struct Columns<'r, R> {
    row: &'r R,
    what: &'static str,
}

impl<'r, R: Row> Columns<'r, R> {
    pub(crate) fn of(row: &'r R, what: &'static str) -> Self {
        Self { row, what }
    }

    fn unreadable(&self, source: impl Into<BoxError>) -> Error {
        Error::Row { what: self.what, source: source.into() }
    }

    pub(crate) fn get<T: FromColumn>(&self, column: &str) -> Result<T> {
        T::read(self.row, column).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn uuid(&self, column: &str) -> Result<Uuid> {
        self.get(column)
    }

    pub(crate) fn uuid_or_none(&self, column: &str) -> Result<Option<Uuid>> {
        self.get(column)
    }

    pub(crate) fn time(&self, column: &str) -> Result<Timestamp> {
        self.timestamp(self.get(column)?)
    }

    pub(crate) fn time_or_none(&self, column: &str) -> Result<Option<Timestamp>> {
        let value: Option<i64> = self.get(column)?;
        value.map(|value| self.timestamp(value)).transpose()
    }

    fn timestamp(&self, value: i64) -> Result<Timestamp> {
        DateTime::from_timestamp_micros(value)
            .ok_or_else(|| self.unreadable("a time lies outside the calendar"))
    }

    fn text(&self, column: &str) -> Result<&'r str> {
        self.text_or_none(column)?.ok_or_else(|| self.unreadable(format!("the column {column} is NULL")))
    }

    fn text_or_none(&self, column: &str) -> Result<Option<&'r str>> {
        self.row.text(column).map_err(|error| self.unreadable(error))
    }

    fn bytes_or_none(&self, column: &str) -> Result<Option<&'r [u8]>> {
        self.row.bytes(column).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_str(self.text(column)?).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn json_or_none<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let text = self.text_or_none(column)?;
        text.map(|text| serde_json::from_str(text).map_err(|error| self.unreadable(error))).transpose()
    }

    /// As `json`, of a column that statements look into.
    pub(crate) fn jsonb<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        let value = self.row.jsonb(column).map_err(|error| self.unreadable(error))?;
        let value = value.ok_or_else(|| self.unreadable(format!("the column {column} is NULL")))?;
        serde_json::from_value(value).map_err(|error| self.unreadable(error))
    }

    /// As `jsonb`, where there may be none.
    pub(crate) fn jsonb_or_none<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let value = self.row.jsonb(column).map_err(|error| self.unreadable(error))?;
        value.map(|value| serde_json::from_value(value).map_err(|error| self.unreadable(error))).transpose()
    }

    pub(crate) fn word<T: DeserializeOwned>(&self, column: &str) -> Result<T> {
        serde_json::from_value(Value::String(self.get(column)?)).map_err(|error| self.unreadable(error))
    }

    pub(crate) fn word_or_none<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let word: Option<String> = self.get(column)?;
        let read = |word| serde_json::from_value(Value::String(word)).map_err(|error| self.unreadable(error));
        word.map(read).transpose()
    }

    /// A number that is never negative.
    pub(crate) fn count(&self, column: &str) -> Result<u32> {
        u32::try_from(self.get::<i64>(column)?).map_err(|error| self.unreadable(error))
    }

    /// As `count`, where there may be none.
    pub(crate) fn count_or_none(&self, column: &str) -> Result<Option<u32>> {
        let value: Option<i64> = self.get(column)?;
        value.map(|value| u32::try_from(value).map_err(|error| self.unreadable(error))).transpose()
    }

    /// A `u64` is kept in the bits of an `i64`.
    pub(crate) fn unsigned(&self, column: &str) -> Result<u64> {
        Ok(self.get::<i64>(column)?.cast_unsigned())
    }

    pub(crate) fn unsigned_or_none(&self, column: &str) -> Result<Option<u64>> {
        Ok(self.get::<Option<i64>>(column)?.map(i64::cast_unsigned))
    }

    pub(crate) fn hash(&self, column: &str) -> Result<[u8; 32]> {
        self.hash_or_none(column)?.ok_or_else(|| self.unreadable(format!("the column {column} is NULL")))
    }

    pub(crate) fn signature(&self, column: &str) -> Result<[u8; 64]> {
        let bytes = self.bytes_or_none(column)?;
        let bytes = bytes.ok_or_else(|| self.unreadable(format!("the column {column} is NULL")))?;
        bytes.try_into().map_err(|error: std::array::TryFromSliceError| self.unreadable(error))
    }

    pub(crate) fn hash_or_none(&self, column: &str) -> Result<Option<[u8; 32]>> {
        let hash = |bytes: &[u8]| {
            bytes.try_into().map_err(|error: std::array::TryFromSliceError| self.unreadable(error))
        };
        self.bytes_or_none(column)?.map(hash).transpose()
    }
}
