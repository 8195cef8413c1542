//! What blobs are called.

use std::fmt;

use uuid::Uuid;

use crate::error::{Error, Result};
use crate::id::{ArtifactId, BucketId, ExecutionId, FileId, LogArchiveId, ObjectId};
use crate::package::chunk::ChunkHash;

/// Where a blob lies. Made of hashes and ids only, so that no text of a user ever becomes a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey(String);

/// What a blob is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BlobName {
    /// The index of the version with this digest.
    Index(String),
    /// A packed chunk.
    Chunk(ChunkHash),
    /// A file that an execution left.
    Artifact(ExecutionId, ArtifactId),
    /// A file that somebody uploaded as an input.
    InputFile(FileId),
    /// The content of an object in a bucket.
    Object(BucketId, ObjectId),
    /// Archived log lines of an execution's attempt.
    Log(ExecutionId, LogArchiveId),
    /// A copy of a blob that nothing seemed to need when it was removed.
    Retired {
        /// Of which: an index or a chunk.
        of: Box<BlobName>,
        /// One a copy.
        id: Uuid,
    },
    /// What a server writes to find out whether it can.
    Probe(Uuid),
    /// Whose blobs these are.
    Owner,
}

/// Blobs of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobPrefix {
    /// The indexes of versions.
    Indexes,
    /// The packed chunks.
    Chunks,
    /// The files that executions left.
    Artifacts,
    /// The files that were uploaded.
    InputFiles,
    /// The contents of objects in buckets.
    Objects,
    /// The archived log lines.
    Logs,
    /// The copies of blobs that nothing seemed to need.
    Retired,
    /// The copies of one of them.
    RetiredOf(BlobName),
    /// What servers wrote to find out whether they can.
    Probes,
}

impl BlobKey {
    /// The index of the version with this digest: a SHA-256, in lower-case hex.
    ///
    /// # Errors
    /// `Invalid` if it is not 64 lower-case hex digits.
    pub fn index(digest: &str) -> Result<Self> {
        if !is_digest(digest) {
            return Err(Error::invalid("blob.digest", "the digest is not 64 lower-case hex digits"));
        }
        Ok(BlobName::Index(digest.to_owned()).key())
    }

    /// A packed chunk.
    #[must_use]
    pub fn chunk(hash: &ChunkHash) -> Self {
        BlobName::Chunk(*hash).key()
    }

    /// A file that an execution left.
    #[must_use]
    pub fn artifact(execution: ExecutionId, artifact: ArtifactId) -> Self {
        BlobName::Artifact(execution, artifact).key()
    }

    /// A file that somebody uploaded as an input.
    #[must_use]
    pub fn input_file(file: FileId) -> Self {
        BlobName::InputFile(file).key()
    }

    /// The content of an object in a bucket.
    #[must_use]
    pub fn object(bucket: BucketId, object: ObjectId) -> Self {
        BlobName::Object(bucket, object).key()
    }

    /// Archived log lines of an execution's attempt.
    #[must_use]
    pub fn log(execution: ExecutionId, archive: LogArchiveId) -> Self {
        BlobName::Log(execution, archive).key()
    }

    /// The key as a relative path with `/`, for adapters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl BlobName {
    /// Where it lies.
    #[must_use]
    pub fn key(&self) -> BlobKey {
        BlobKey(match self {
            // Spread over folders, since some file systems are slow with many files in one.
            Self::Index(digest) => format!("indexes/{}/{digest}", digest.get(..2).unwrap_or_default()),
            Self::Chunk(hash) => {
                let name = hash.to_string();
                format!("chunks/{}/{name}", &name[..2])
            }
            Self::Artifact(execution, artifact) => format!("artifacts/{execution}/{artifact}"),
            Self::InputFile(file) => format!("inputs/{file}"),
            Self::Object(bucket, object) => format!("buckets/{bucket}/{object}"),
            Self::Log(execution, archive) => format!("logs/{execution}/{archive}"),
            Self::Retired { of, id } => format!("retired/{}/{id}", of.key()),
            Self::Probe(id) => format!("probes/{id}"),
            Self::Owner => "owner".to_owned(),
        })
    }

    /// What lies at a path; `None` if we put nothing there.
    #[must_use]
    pub fn parse(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').collect();
        let name = match parts[..] {
            ["indexes", _, digest] if is_digest(digest) => Self::Index(digest.to_owned()),
            ["chunks", _, hash] => Self::Chunk(hash.parse().ok()?),
            ["artifacts", execution, artifact] => {
                Self::Artifact(execution.parse().ok()?, artifact.parse().ok()?)
            }
            ["inputs", file] => Self::InputFile(file.parse().ok()?),
            ["buckets", bucket, object] => Self::Object(bucket.parse().ok()?, object.parse().ok()?),
            ["logs", execution, archive] => Self::Log(execution.parse().ok()?, archive.parse().ok()?),
            ["retired", kind @ ("indexes" | "chunks"), folder, name, id] => {
                let of = Self::parse(&format!("{kind}/{folder}/{name}"))?;
                Self::Retired { of: Box::new(of), id: id.parse().ok()? }
            }
            ["probes", id] => Self::Probe(id.parse().ok()?),
            ["owner"] => Self::Owner,
            _ => return None,
        };
        // Another way to write the same name is a file of somebody else's.
        (name.key().as_str() == path).then_some(name)
    }
}

impl fmt::Display for BlobPrefix {
    /// As a relative path with `/`, without one at its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Indexes => f.write_str("indexes"),
            Self::Chunks => f.write_str("chunks"),
            Self::Artifacts => f.write_str("artifacts"),
            Self::InputFiles => f.write_str("inputs"),
            Self::Objects => f.write_str("buckets"),
            Self::Logs => f.write_str("logs"),
            Self::Retired => f.write_str("retired"),
            Self::RetiredOf(name) => write!(f, "retired/{}", name.key()),
            Self::Probes => f.write_str("probes"),
        }
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_hold_hashes_and_ids_only() {
        let digest = "ab".repeat(32);
        assert_eq!(BlobKey::index(&digest).unwrap().as_str(), format!("indexes/ab/{digest}"));
        let chunk = BlobKey::chunk(&digest.parse().unwrap());
        assert_eq!(chunk.as_str(), format!("chunks/ab/{digest}"));
        for bad in ["", "../../etc/passwd", &"AB".repeat(32), &"g".repeat(64), &"é".repeat(32)] {
            assert!(BlobKey::index(bad).is_err(), "{bad}");
        }
        let (execution, artifact) = (ExecutionId::new(), ArtifactId::new());
        assert_eq!(
            BlobKey::artifact(execution, artifact).to_string(),
            format!("artifacts/{execution}/{artifact}")
        );
    }

    #[test]
    fn names_are_read_from_their_keys() {
        let chunk = BlobName::Chunk("ab".repeat(32).parse().unwrap());
        for name in [
            BlobName::Index("0f".repeat(32)),
            chunk.clone(),
            BlobName::Artifact(ExecutionId::new(), ArtifactId::new()),
            BlobName::InputFile(FileId::new()),
            BlobName::Object(BucketId::new(), ObjectId::new()),
            BlobName::Retired { of: Box::new(chunk), id: Uuid::now_v7() },
            BlobName::Retired { of: Box::new(BlobName::Index("0f".repeat(32))), id: Uuid::now_v7() },
            BlobName::Probe(Uuid::now_v7()),
            BlobName::Owner,
        ] {
            assert_eq!(BlobName::parse(name.key().as_str()), Some(name));
        }
    }

    #[test]
    fn other_paths_are_nobodys() {
        let hash = "ab".repeat(32);
        let id = Uuid::now_v7();
        for path in [
            String::new(),
            "chunks".into(),
            "readme.txt".into(),
            format!("chunks/cd/{hash}"),
            format!("chunks/ab/{hash}/more"),
            format!("/chunks/ab/{hash}"),
            format!("chunks/AB/{}", hash.to_uppercase()),
            format!("chunks/ab/{hash}#1"),
            format!("inputs/{}", id.simple()),
            format!("artifacts/{id}"),
            format!("retired/chunks/ab/{hash}"),
            format!("retired/artifacts/{id}/{id}/{id}"),
            format!("retired/retired/chunks/ab/{hash}/{id}"),
        ] {
            assert_eq!(BlobName::parse(&path), None, "{path}");
        }
    }
}
