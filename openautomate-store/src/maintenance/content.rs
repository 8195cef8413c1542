//! What the rows of a database name outside it: blobs, and values that the vault's key opens.

use chrono::DateTime;
use openautomate_core::blob::BlobKey;
use openautomate_core::domain::{Asset, AssetFormat, AssetKind};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::{
    ArtifactId, AssetId, BucketId, EnvironmentId, ExecutionId, FileId, LogArchiveId, ObjectId, PackageId,
    TriggerId, UserId, VersionId,
};
use openautomate_core::package::signature::Signed;
use openautomate_core::store::{SealedCount, SealedKind, VaultKey};
use uuid::Uuid;

use super::Database;
use super::connection::Values;
use super::value::{Kind, Value};
use crate::vault::counts_of;

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

    /// Assets after `after`, by id, at most `limit`, as much of them as is needed to open them: no names.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer, `Internal` if a row can't be read.
    pub async fn assets(&mut self, after: Uuid, limit: u32) -> CoreResult<Vec<Asset>> {
        let after = self.literal(after);
        let select = format!(
            "SELECT id, environment_id, sealed, updated_by, revision FROM assets WHERE id > {after} ORDER BY id LIMIT {limit}"
        );
        let kinds = [Kind::Uuid, Kind::Uuid, Kind::Bytes, Kind::Uuid, Kind::Integer];
        let rows = self.connection.rows(select, &kinds).await?;
        rows.into_iter().map(asset).collect()
    }

    /// Assets that are files after `after`, by id, at most `limit`, with their sealed contents, which are large.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer, `Internal` if a row can't be read.
    pub async fn asset_files(&mut self, after: Uuid, limit: u32) -> CoreResult<Vec<(Asset, Vec<u8>)>> {
        let after = self.literal(after);
        // Without a content nothing opens, which is what is to be found.
        let none = if self.connection.is_postgres() { "''::bytea" } else { "x''" };
        let select = format!(
            "SELECT a.id, a.environment_id, coalesce(c.sealed, {none}) AS sealed, a.updated_by, a.revision
            FROM assets AS a LEFT JOIN asset_contents AS c ON c.asset_id = a.id
            WHERE a.id > {after} AND a.file_name IS NOT NULL ORDER BY a.id LIMIT {limit}"
        );
        let kinds = [Kind::Uuid, Kind::Uuid, Kind::Bytes, Kind::Uuid, Kind::Integer];
        let rows = self.connection.rows(select, &kinds).await?;
        let content =
            |row| asset(row).map(|asset| (Asset { sealed: Vec::new(), ..asset.clone() }, asset.sealed));
        rows.into_iter().map(content).collect()
    }

    /// The sealed secrets of webhooks after `after`, by trigger, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer, `Internal` if a row can't be read.
    pub async fn webhook_secrets(
        &mut self,
        after: Uuid,
        limit: u32,
    ) -> CoreResult<Vec<(TriggerId, Vec<u8>)>> {
        let after = self.literal(after);
        let select = format!(
            "SELECT id, sealed FROM triggers WHERE id > {after} AND sealed IS NOT NULL ORDER BY id LIMIT {limit}"
        );
        let rows = self.connection.rows(select, &[Kind::Uuid, Kind::Bytes]).await?;
        let read = |row| match <[Value; 2]>::try_from(row) {
            Ok([Value::Uuid(id), Value::Bytes(sealed)]) => Ok((TriggerId::from_uuid(id), sealed)),
            _ => Err(unreadable()),
        };
        rows.into_iter().map(read).collect()
    }

    /// The sealed secrets of authenticators after `after`, by person, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer, `Internal` if a row can't be read.
    pub async fn second_factors(&mut self, after: Uuid, limit: u32) -> CoreResult<Vec<(UserId, Vec<u8>)>> {
        let after = self.literal(after);
        let select = format!(
            "SELECT id, secret FROM second_factors WHERE id > {after} AND secret IS NOT NULL ORDER BY id LIMIT {limit}"
        );
        let rows = self.connection.rows(select, &[Kind::Uuid, Kind::Bytes]).await?;
        let read = |row| match <[Value; 2]>::try_from(row) {
            Ok([Value::Uuid(id), Value::Bytes(sealed)]) => Ok((UserId::from_uuid(id), sealed)),
            _ => Err(unreadable()),
        };
        rows.into_iter().map(read).collect()
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
                let Ok([Value::Bytes(key), Value::Integer(values)]) = <[Value; 2]>::try_from(row) else {
                    return Err(unreadable());
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

fn asset(row: Values) -> CoreResult<Asset> {
    let Ok(
        [
            Value::Uuid(id),
            Value::Uuid(environment),
            Value::Bytes(sealed),
            Value::Uuid(user),
            Value::Integer(revision),
        ],
    ) = <[Value; 5]>::try_from(row)
    else {
        return Err(unreadable());
    };
    Ok(Asset {
        id: AssetId::from_uuid(id),
        environment_id: EnvironmentId::from_uuid(environment),
        name: String::new(),
        kind: AssetKind::Secret,
        format: AssetFormat::Text,
        file: None,
        allowed_packages: None,
        description: String::new(),
        sealed,
        updated_by: UserId::from_uuid(user),
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        revision,
    })
}

fn unreadable() -> CoreError {
    CoreError::internal("store.row", "a stored row can't be read; check the database")
}
