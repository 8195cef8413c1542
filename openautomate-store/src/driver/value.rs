//! Values as they are bound.

use serde::Serialize;
use uuid::Uuid;

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A value of a statement. Whatever is absent has a type too: PostgreSQL asks for it.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Yes or no.
    Bool(Option<bool>),
    /// A number of 32 bits.
    Int(Option<i32>),
    /// A number of 64 bits.
    BigInt(Option<i64>),
    /// A text.
    Text(Option<String>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
    /// An id.
    Uuid(Option<Uuid>),
    /// Of PostgreSQL's type jsonb; for SQLite its text.
    Jsonb(Option<serde_json::Value>),
    /// A column of many rows, for PostgreSQL's `unnest`. SQLite has no arrays.
    Ints(Vec<Option<i32>>),
    /// As `Ints`.
    BigInts(Vec<Option<i64>>),
    /// As `Ints`.
    Texts(Vec<Option<String>>),
    /// As `Ints`.
    ByteStrings(Vec<Option<Vec<u8>>>),
    /// As `Ints`.
    Uuids(Vec<Option<Uuid>>),
    /// As `Ints`.
    Jsonbs(Vec<Option<serde_json::Value>>),
}

/// What a statement takes.
pub(crate) trait Bind {
    fn bound(self) -> Result<Value, BoxError>;
}

/// What is stored as one of the types that databases have.
pub(crate) trait Scalar {
    type Stored: Stored;

    fn stored(self) -> Result<Self::Stored, BoxError>;
}

/// One of the types that databases have.
pub(crate) trait Stored: Sized {
    fn one(value: Option<Self>) -> Value;
    fn many(values: Vec<Option<Self>>) -> Value;
}

/// A value in a column of many rows.
pub(crate) trait Element {
    type Stored: Stored;

    fn element(self) -> Result<Option<Self::Stored>, BoxError>;
}

impl<T: Scalar> Element for T {
    type Stored = T::Stored;

    fn element(self) -> Result<Option<T::Stored>, BoxError> {
        self.stored().map(Some)
    }
}

impl<T: Scalar> Element for Option<T> {
    type Stored = T::Stored;

    fn element(self) -> Result<Option<T::Stored>, BoxError> {
        self.map(T::stored).transpose()
    }
}

impl<T: Scalar> Bind for T {
    fn bound(self) -> Result<Value, BoxError> {
        Ok(Stored::one(Some(self.stored()?)))
    }
}

impl<T: Scalar> Bind for Option<T> {
    fn bound(self) -> Result<Value, BoxError> {
        Ok(Stored::one(self.map(T::stored).transpose()?))
    }
}

impl<T: Element> Bind for Vec<T> {
    fn bound(self) -> Result<Value, BoxError> {
        Ok(Stored::many(self.into_iter().map(T::element).collect::<Result<_, _>>()?))
    }
}

macro_rules! stored {
    ($($stored:ty: $one:ident $many:ident;)+) => {$(
        impl Stored for $stored {
            fn one(value: Option<Self>) -> Value {
                Value::$one(value)
            }

            fn many(values: Vec<Option<Self>>) -> Value {
                Value::$many(values)
            }
        }
    )+};
}

stored! {
    i32: Int Ints;
    i64: BigInt BigInts;
    String: Text Texts;
    Vec<u8>: Bytes ByteStrings;
    Uuid: Uuid Uuids;
    serde_json::Value: Jsonb Jsonbs;
}

macro_rules! scalar {
    ($($given:ty => $stored:ty: $convert:expr;)+) => {$(
        impl Scalar for $given {
            type Stored = $stored;

            fn stored(self) -> Result<$stored, BoxError> {
                let convert: fn(Self) -> $stored = $convert;
                Ok(convert(self))
            }
        }
    )+};
}

scalar! {
    i32 => i32: |value| value;
    i64 => i64: |value| value;
    u32 => i64: i64::from;
    String => String: |value| value;
    &String => String: String::clone;
    &str => String: str::to_owned;
    &[u8] => Vec<u8>: <[u8]>::to_vec;
    Uuid => Uuid: |value| value;
    &Uuid => Uuid: |value| *value;
}

impl Bind for bool {
    fn bound(self) -> Result<Value, BoxError> {
        Ok(Value::Bool(Some(self)))
    }
}

/// A value of an enum without fields, stored as the word that serde gives it.
pub(crate) struct Word<T>(pub(crate) T);

impl<T: Serialize> Scalar for Word<T> {
    type Stored = String;

    fn stored(self) -> Result<String, BoxError> {
        match serde_json::to_value(&self.0)? {
            serde_json::Value::String(word) => Ok(word),
            _ => Err("the value is not a word".into()),
        }
    }
}

/// A value as JSON in a text column. (PostgreSQL's json and jsonb can't hold every text that JSON can.)
pub(crate) struct Json<T>(pub(crate) T);

impl<T: Serialize> Scalar for Json<T> {
    type Stored = String;

    fn stored(self) -> Result<String, BoxError> {
        Ok(serde_json::to_string(&self.0)?)
    }
}

/// A value as JSON in a column that statements look into.
pub(crate) struct Jsonb<T>(pub(crate) T);

impl<T: Serialize> Scalar for Jsonb<T> {
    type Stored = serde_json::Value;

    fn stored(self) -> Result<serde_json::Value, BoxError> {
        Ok(serde_json::to_value(&self.0)?)
    }
}
