//! Storage buckets: named areas of files that people and automations share.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::Lease;
use crate::error::{Error, ErrorKind, Result};
use crate::id::{BucketId, EnvironmentId, ObjectId, UserId};

/// The longest key of an object in bytes.
pub const MAX_KEY_BYTES: usize = 512;

/// A named area of files in an environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// The id.
    pub id: BucketId,
    /// Where it is.
    pub environment_id: EnvironmentId,
    /// The name, unique in its environment without regard to ASCII case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// How many bytes its objects may have in all.
    pub max_bytes: u64,
    /// How many objects it may hold.
    pub max_objects: u64,
    /// How many bytes an object may have.
    pub max_object_bytes: u64,
    /// After how many days an object goes that was not written meanwhile; `None` keeps it.
    pub retention_days: Option<u32>,
    /// The bytes of its objects. Kept by the store: what a row that is written says of it is passed over.
    pub used_bytes: u64,
    /// How many objects there are. Kept by the store too.
    pub object_count: u64,
    /// Who made it.
    pub created_by_id: UserId,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed; writing objects is no change of it.
    pub updated_at: Timestamp,
    /// When it was deleted. Only an empty one is.
    pub deleted_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

/// Who wrote an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum ObjectWriter {
    /// A person.
    User {
        /// Who.
        id: UserId,
    },
    /// An execution, under this lease.
    Execution {
        /// Which attempt.
        lease: Lease,
    },
    /// The program that embeds the orchestrator.
    System,
}

/// A file in a bucket; its content is a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BucketObject {
    /// The id of this content, which names its blob: writing the key again gives another one.
    pub id: ObjectId,
    /// Where it is.
    pub bucket_id: BucketId,
    /// What it is called, unique in its bucket; see [`check_object_key`]. Never a path of the server.
    pub key: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its content in hex.
    pub sha256: String,
    /// Its media type, as who wrote it said.
    pub content_type: String,
    /// Who wrote it.
    pub written_by: ObjectWriter,
    /// When.
    pub written_at: Timestamp,
}

/// What must hold of a key for it to be written or deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ObjectCondition {
    /// Nothing.
    Any,
    /// There is no object.
    Absent,
    /// There is one, with this SHA-256.
    Sha256(String),
}

impl ObjectCondition {
    /// Checks what is there.
    ///
    /// # Errors
    /// `Conflict` with `object.exists` or `object.changed`.
    pub fn check(&self, present: Option<&BucketObject>) -> Result<()> {
        match self {
            Self::Any => Ok(()),
            Self::Absent if present.is_none() => Ok(()),
            Self::Absent => Err(Error::conflict(
                "object.exists",
                "there is an object under this key; choose another, or replace it",
            )),
            Self::Sha256(sha256) if present.is_some_and(|object| object.sha256 == *sha256) => Ok(()),
            Self::Sha256(_) => Err(Error::conflict(
                "object.changed",
                "the object was changed or deleted meanwhile; read it again",
            )),
        }
    }
}

impl Bucket {
    /// Checks that an object of `size` bytes fits in the place of `replaced`.
    ///
    /// # Errors
    /// `QuotaExceeded` with `object.too_large` or `bucket.full`.
    pub fn check_room(&self, size: u64, replaced: Option<&BucketObject>) -> Result<()> {
        self.check_size(size)?;
        let full = |message| Err(Error::new(ErrorKind::QuotaExceeded, "bucket.full", message));
        let bytes = self.used_bytes.saturating_sub(replaced.map_or(0, |object| object.size));
        if bytes.saturating_add(size) > self.max_bytes {
            return full(format!(
                "the bucket may hold {} bytes, and {bytes} are taken; delete objects, or raise its limit",
                self.max_bytes
            ));
        }
        if replaced.is_none() && self.object_count >= self.max_objects {
            return full(format!(
                "the bucket holds {} objects and may hold no more; delete some, or raise its limit",
                self.object_count
            ));
        }
        Ok(())
    }

    /// Checks that an object of `size` bytes is not too large by itself.
    ///
    /// # Errors
    /// `QuotaExceeded` with `object.too_large`.
    pub fn check_size(&self, size: u64) -> Result<()> {
        if size <= self.max_object_bytes {
            return Ok(());
        }
        let message =
            format!("the object is larger than the {} bytes that its bucket takes", self.max_object_bytes);
        Err(Error::new(ErrorKind::QuotaExceeded, "object.too_large", message))
    }
}

/// Checks the key of an object: a relative path of 1 to 512 bytes with `/`, without `.`, `..` and empty parts, without
/// backslashes and control characters, no part with a space at an end.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn check_object_key(field: &'static str, key: &str) -> Result<()> {
    check_object_prefix(field, key)?;
    let refuse = |why: &'static str| Err(Error::invalid_field(field, why));
    if key.is_empty() {
        return refuse("is empty; give a relative path, as in reports/2026.csv");
    }
    for part in key.split('/') {
        match part {
            "" => return refuse("has an empty part; begin and end without /, and double none"),
            "." | ".." => return refuse("has . or .. as a part; give a plain relative path"),
            _ if part.trim() != part => return refuse("has a part with a space at an end; leave it out"),
            _ => {}
        }
    }
    Ok(())
}

/// Checks what keys may begin with: any text of which keys consist.
///
/// # Errors
/// `Invalid`, naming `field`.
pub fn check_object_prefix(field: &'static str, prefix: &str) -> Result<()> {
    let refuse = |why: String| Err(Error::invalid_field(field, why));
    if prefix.len() > MAX_KEY_BYTES {
        return refuse(format!("is longer than {MAX_KEY_BYTES} bytes"));
    }
    if prefix.chars().any(char::is_control) {
        return refuse("holds a control character; leave it out".to_owned());
    }
    if prefix.contains('\\') {
        return refuse("holds a backslash; separate parts by /".to_owned());
    }
    Ok(())
}

/// The first text in the order of its bytes that comes after all that begin with `prefix`; `None` if none does.
#[must_use]
pub fn after_prefix(prefix: &str) -> Option<String> {
    let mut rest = prefix.to_owned();
    while let Some(last) = rest.pop() {
        // The surrogates are no characters.
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            rest.push(next);
            return Some(rest);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_plain_relative_paths() {
        for key in ["a", "reports/2026/März.csv", "a b/c-d_e.txt", ".hidden", "a..b/c...", "C:x", "請求/1"]
        {
            check_object_key("key", key).unwrap();
        }
        let long = "x".repeat(MAX_KEY_BYTES + 1);
        for key in [
            "", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/./b", "a\\b", "a\nb", "a\0", " a",
            "a/ b", &long,
        ] {
            assert!(check_object_key("key", key).is_err(), "{key:?}");
        }
    }

    #[test]
    fn what_comes_after_a_prefix_is_the_first_that_has_it_not() {
        assert_eq!(after_prefix("a/"), Some("a0".to_owned()));
        assert_eq!(after_prefix("\u{d7ff}"), Some("\u{e000}".to_owned()));
        assert_eq!(after_prefix("b\u{10ffff}"), Some("c".to_owned()));
        assert_eq!((after_prefix(""), after_prefix("\u{10ffff}")), (None, None));
    }
}
