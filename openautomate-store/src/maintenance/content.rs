//! What the rows of a database name outside it: blobs, and values that the vault's key opens.

use chrono::DateTime;
use openautomate_core::blob::BlobKey;
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::{
    ArtifactId, BucketId, EnvironmentId, ExecutionId, FileId, LogArchiveId, ObjectId, PackageId, VersionId,
};
use openautomate_core::package::signature::Signed;
use openautomate_core::store::{SealedCount, SealedKind, SealedValue, VaultKey};
use uuid::Uuid;

use super::Database;
use super::connection::Values;
use super::value::{Kind, Value};
use crate::vault::{counts_of, is_bound_to_revision, values_of};

/// A file in the blob store that a row names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFile {
    /// The id of the row; the next page begins after it.
    pub id: Uuid,
    /// Where it is.
    pub key: BlobKey,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its content, in lower-case hex.
    pub sha256: String,
}

/// Which rows name files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// Files that executions left.
    Artifact,
    /// Files that people uploaded and nobody removed.
    Input,
    /// Contents of objects in buckets.
    Object,
    /// Archived log lines.
    Log,
}

/// A version whose content is in the blob store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptVersion {
    /// The id of the row; the next page begins after it.
    pub id: VersionId,
    /// Of which package.
    pub package_id: PackageId,
    /// Its number.
    pub number: String,
    /// The digest of its index.
    pub digest: String,
    /// What the repository signed.
    pub signature: Signed,
}

impl Database {
    /// Looks at the database as it is now.
    ///
    /// # Errors
    /// `Unavailable` if it does not answer.
    pub async fn refresh(&mut self) -> CoreResult<()> {
        self.connection.execute("COMMIT").await?;
        Ok(self.connection.begin_snapshot().await?)
    }

    /// Files after `after`, by id, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer, `Internal` if a row can't be read.
    pub async fn files(&mut self, kind: FileKind, after: Uuid, limit: u32) -> CoreResult<Vec<KeptFile>> {
        let after = self.literal(after);
        let select = match kind {
            FileKind::Artifact => format!(
                "SELECT id, execution_id, size, sha256 FROM artifacts WHERE id > {after} ORDER BY id LIMIT {limit}"
            ),
            FileKind::Input => format!(
                "SELECT id, id, size, sha256 FROM input_files WHERE id > {after} AND removed_at IS NULL
                ORDER BY id LIMIT {limit}"
            ),
            FileKind::Object => format!(
                "SELECT id, bucket_id, size, sha256 FROM bucket_objects WHERE id > {after} ORDER BY id LIMIT {limit}"
            ),
            FileKind::Log => format!(
                "SELECT id, execution_id, size, sha256 FROM log_archives WHERE id > {after} ORDER BY id LIMIT {limit}"
            ),
        };
        let kinds = [Kind::Uuid, Kind::Uuid, Kind::Integer, Kind::Text];
        let rows = self.connection.rows(select, &kinds).await?;
        rows.into_iter().map(|row| file(kind, row)).collect()
    }

    /// Whether a file is still named.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    pub async fn names_file(&mut self, kind: FileKind, id: Uuid) -> CoreResult<bool> {
        let id = self.literal(id);
        let select = match kind {
            FileKind::Artifact => format!("SELECT count(*) FROM artifacts WHERE id = {id}"),
            FileKind::Input => {
                format!("SELECT count(*) FROM input_files WHERE id = {id} AND removed_at IS NULL")
            }
            FileKind::Object => format!("SELECT count(*) FROM bucket_objects WHERE id = {id}"),
            FileKind::Log => format!("SELECT count(*) FROM log_archives WHERE id = {id}"),
        };
        Ok(self.connection.number(select).await? > 0)
    }

    /// Whether a version is still there.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    pub async fn names_version(&mut self, id: VersionId) -> CoreResult<bool> {
        let id = self.literal(*id.as_uuid());
        Ok(self.connection.number(format!("SELECT count(*) FROM package_versions WHERE id = {id}")).await?
            > 0)
    }

    /// Versions after `after`, by id, at most `limit`. Those from before content was kept in chunks are left out: their
    /// archives are history.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer, `Internal` if a row can't be read.
    pub async fn versions(&mut self, after: Uuid, limit: u32) -> CoreResult<Vec<KeptVersion>> {
        let after = self.literal(after);
        let select = format!(
            "SELECT id, package_id, version_number, digest, signature FROM package_versions
            WHERE id > {after} AND version_number NOT LIKE '0.0.0-archive.%' ORDER BY id LIMIT {limit}"
        );
        let kinds = [Kind::Uuid, Kind::Uuid, Kind::Text, Kind::Text, Kind::Text];
        let rows = self.connection.rows(select, &kinds).await?;
        rows.into_iter().map(version).collect()
    }

    /// The sealed values of a kind after `after`, by id, at most `limit`. Contents of assets are large.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer, `Internal` if a row can't be read.
    pub async fn sealed_values(
        &mut self,
        kind: SealedKind,
        after: Uuid,
        limit: u32,
    ) -> CoreResult<Vec<SealedValue>> {
        // No key's number has five bytes, so none is left out.
        let none = if self.connection.is_postgres() { r"'\x0000000000'::bytea" } else { "x'0000000000'" };
        let select = values_of(kind)
            .replace("$1", &self.literal(after))
            .replace("$2", none)
            .replace("$3", &limit.to_string());
        let kinds: &[Kind] = if is_bound_to_revision(kind) {
            &[Kind::Uuid, Kind::Uuid, Kind::Integer, Kind::Bytes]
        } else {
            &[Kind::Uuid, Kind::Bytes]
        };
        let rows = self.connection.rows(select, kinds).await?;
        rows.into_iter().map(|row| sealed_value(kind, row)).collect()
    }

    /// The keys of the vault that servers came with, by number.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer, `Internal` if a row can't be read.
    pub async fn vault_keys(&mut self) -> CoreResult<Vec<VaultKey>> {
        let kinds = [Kind::Integer, Kind::Bytes, Kind::Integer];
        let rows =
            self.connection.rows("SELECT id, mark, added_at FROM vault_keys ORDER BY id", &kinds).await?;
        let read = |row| match <[Value; 3]>::try_from(row) {
            Ok([Value::Integer(id), Value::Bytes(mark), Value::Integer(added_at)]) => {
                let id = u32::try_from(id).ok();
                let key = id.zip(DateTime::from_timestamp_micros(added_at));
                key.map(|(id, added_at)| VaultKey { id, mark, added_at }).ok_or_else(unreadable)
            }
            _ => Err(unreadable()),
        };
        rows.into_iter().map(read).collect()
    }

    /// How many values are sealed under which key of the vault.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer, `Internal` if a row can't be read.
    pub async fn sealed_counts(&mut self) -> CoreResult<Vec<SealedCount>> {
        let mut counts = Vec::new();
        for kind in SealedKind::ALL {
            let rows = self.connection.rows(counts_of(kind), &[Kind::Bytes, Kind::Integer]).await?;
            for row in rows {
                let (key, values) = match <[Value; 2]>::try_from(row) {
                    Ok([Value::Bytes(key), Value::Integer(values)]) => (key, values),
                    // SQLite takes no part of nothing.
                    Ok([Value::Null, Value::Integer(values)]) => (Vec::new(), values),
                    _ => return Err(unreadable()),
                };
                let key_id = key.try_into().map_or(u32::MAX, u32::from_be_bytes);
                counts.push(SealedCount { kind, key_id, values: values.cast_unsigned() });
            }
        }
        counts.sort_unstable();
        Ok(counts)
    }

    /// An id as it stands in a statement.
    fn literal(&self, id: Uuid) -> String {
        if self.connection.is_postgres() { format!("'{id}'::uuid") } else { format!("x'{}'", id.simple()) }
    }
}

fn file(kind: FileKind, row: Values) -> CoreResult<KeptFile> {
    let Ok([Value::Uuid(id), Value::Uuid(of), Value::Integer(size), Value::Text(sha256)]) =
        <[Value; 4]>::try_from(row)
    else {
        return Err(unreadable());
    };
    let key = match kind {
        FileKind::Artifact => BlobKey::artifact(ExecutionId::from_uuid(of), ArtifactId::from_uuid(id)),
        FileKind::Input => BlobKey::input_file(FileId::from_uuid(id)),
        FileKind::Object => BlobKey::object(BucketId::from_uuid(of), ObjectId::from_uuid(id)),
        FileKind::Log => BlobKey::log(ExecutionId::from_uuid(of), LogArchiveId::from_uuid(id)),
    };
    Ok(KeptFile { id, key, size: size.cast_unsigned(), sha256 })
}

fn version(row: Values) -> CoreResult<KeptVersion> {
    let Ok(
        [
            Value::Uuid(id),
            Value::Uuid(package),
            Value::Text(number),
            Value::Text(digest),
            Value::Text(signature),
        ],
    ) = <[Value; 5]>::try_from(row)
    else {
        return Err(unreadable());
    };
    let signature = serde_json::from_str(&signature).map_err(|error| unreadable().with_source(error))?;
    let (id, package_id) = (VersionId::from_uuid(id), PackageId::from_uuid(package));
    Ok(KeptVersion { id, package_id, number, digest, signature })
}

fn sealed_value(kind: SealedKind, mut row: Values) -> CoreResult<SealedValue> {
    let (environment, revision) = if is_bound_to_revision(kind) {
        match row.drain(1..3).collect::<Vec<_>>()[..] {
            [Value::Uuid(environment), Value::Integer(revision)] => (environment, revision),
            _ => return Err(unreadable()),
        }
    } else {
        (Uuid::nil(), 0)
    };
    let Ok([Value::Uuid(id), Value::Bytes(sealed)]) = <[Value; 2]>::try_from(row) else {
        return Err(unreadable());
    };
    Ok(SealedValue { kind, id, environment: EnvironmentId::from_uuid(environment), revision, sealed })
}

fn unreadable() -> CoreError {
    CoreError::internal("store.row", "a stored row can't be read; check the database")
}
