//! What the vault sealed, in the same words of every database.
//!
//! A sealed value begins with its format, one byte, and the number of its key in four (`openautomate_core::vault::Sealed`).

use openautomate_core::error::Error as CoreError;
use openautomate_core::id::EnvironmentId;
use openautomate_core::store::{Resealed, SealedCount, SealedKind, SealedValue, VaultKey};
use uuid::Uuid;

use crate::driver::{Columns, Connection, Executor, micros, query};
use crate::error::Result;

pub(crate) async fn keys(on: impl Executor) -> Result<Vec<VaultKey>> {
    let rows = query("SELECT * FROM vault_keys ORDER BY id").fetch_all(on).await?;
    let read = |row| {
        let columns = Columns::of(row, "vault key");
        Ok(VaultKey {
            id: columns.count("id")?,
            mark: columns.get("mark")?,
            added_at: columns.time("added_at")?,
        })
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn keep_key(key: &VaultKey, connection: &mut impl Connection) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO vault_keys (id, mark, added_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    let insert = query(INSERT).bind(i64::from(key.id)).bind(&key.mark[..]).bind(micros(key.added_at));
    match insert.execute(connection).await? {
        0 => Err(CoreError::conflict("name.taken", "another server came with this key first").into()),
        _ => Ok(()),
    }
}

pub(crate) async fn forget_key(id: u32, connection: &mut impl Connection) -> Result<()> {
    query("DELETE FROM vault_keys WHERE id = $1").bind(i64::from(id)).execute(connection).await?;
    Ok(())
}

/// The key's number in its bytes and the number of values, for each key that seals values of a kind.
pub(crate) const fn counts_of(kind: SealedKind) -> &'static str {
    match kind {
        SealedKind::Asset => {
            "SELECT substr(sealed, 2, 4) AS key_id, count(*) AS number FROM assets GROUP BY substr(sealed, 2, 4)"
        }
        SealedKind::AssetContent => {
            "SELECT substr(sealed, 2, 4) AS key_id, count(*) AS number FROM asset_contents
            GROUP BY substr(sealed, 2, 4)"
        }
        SealedKind::WebhookSecret => {
            "SELECT substr(sealed, 2, 4) AS key_id, count(*) AS number FROM triggers WHERE sealed IS NOT NULL
            GROUP BY substr(sealed, 2, 4)"
        }
        SealedKind::Authenticator => {
            "SELECT substr(secret, 2, 4) AS key_id, count(*) AS number FROM second_factors WHERE secret IS NOT NULL
            GROUP BY substr(secret, 2, 4)"
        }
    }
}

pub(crate) async fn counts(kind: SealedKind, on: impl Executor) -> Result<Vec<SealedCount>> {
    let rows = query(counts_of(kind)).fetch_all(on).await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in &rows {
        let columns = Columns::of(row, "sealed value");
        // SQLite takes no part of nothing.
        let key_id = columns.get::<Option<Vec<u8>>>("key_id")?.unwrap_or_default();
        // Fewer bytes are no sealed value: no key has the number 0xFFFFFFFF, so it shows as one of an unknown key.
        let key_id = key_id.try_into().map_or(u32::MAX, u32::from_be_bytes);
        counts.push(SealedCount { kind, key_id, values: columns.unsigned("number")? });
    }
    counts.sort_unstable();
    Ok(counts)
}

/// Whether a kind has an environment and a revision, which its seal is bound to; its other columns are id and value.
pub(crate) const fn is_bound_to_revision(kind: SealedKind) -> bool {
    match kind {
        SealedKind::Asset | SealedKind::AssetContent => true,
        SealedKind::WebhookSecret | SealedKind::Authenticator => false,
    }
}

/// Values of a kind with an id greater than `$1` that are not under the key `$2`, at most `$3`.
pub(crate) const fn values_of(kind: SealedKind) -> &'static str {
    match kind {
        SealedKind::Asset => {
            "SELECT id, environment_id, revision, sealed FROM assets
            WHERE id > $1 AND substr(sealed, 2, 4) <> $2 ORDER BY id LIMIT $3 + 0"
        }
        SealedKind::AssetContent => {
            "SELECT a.id, a.environment_id, a.revision, c.sealed FROM asset_contents AS c
            JOIN assets AS a ON a.id = c.asset_id
            WHERE c.asset_id > $1 AND substr(c.sealed, 2, 4) <> $2 ORDER BY c.asset_id LIMIT $3 + 0"
        }
        SealedKind::WebhookSecret => {
            "SELECT id, sealed FROM triggers
            WHERE id > $1 AND substr(sealed, 2, 4) <> $2 ORDER BY id LIMIT $3 + 0"
        }
        SealedKind::Authenticator => {
            "SELECT id, secret AS sealed FROM second_factors
            WHERE id > $1 AND substr(secret, 2, 4) <> $2 ORDER BY id LIMIT $3 + 0"
        }
    }
}

pub(crate) async fn values(
    kind: SealedKind,
    except: Option<u32>,
    after: Uuid,
    limit: u32,
    on: impl Executor,
) -> Result<Vec<SealedValue>> {
    // No number of a key has no bytes.
    let except = except.map_or_else(Vec::new, |id| id.to_be_bytes().to_vec());
    let select = query(values_of(kind)).bind(after).bind(&except[..]).bind(i64::from(limit));
    let rows = select.fetch_all(on).await?;
    let read = |row| {
        let columns = Columns::of(row, "sealed value");
        let (environment, revision) = if is_bound_to_revision(kind) {
            (columns.uuid("environment_id")?, columns.get("revision")?)
        } else {
            (Uuid::nil(), 0)
        };
        let (id, sealed) = (columns.uuid("id")?, columns.get("sealed")?);
        Ok(SealedValue { kind, id, environment: EnvironmentId::from_uuid(environment), revision, sealed })
    };
    rows.iter().map(read).collect()
}

pub(crate) async fn reseal(values: &[Resealed], connection: &mut impl Connection) -> Result<u64> {
    let mut replaced = 0;
    for Resealed { before, sealed } in values {
        let update = match before.kind {
            SealedKind::Asset => "UPDATE assets SET sealed = $1 WHERE id = $2 AND sealed = $3",
            SealedKind::AssetContent => {
                "UPDATE asset_contents SET sealed = $1 WHERE asset_id = $2 AND sealed = $3"
            }
            SealedKind::WebhookSecret => "UPDATE triggers SET sealed = $1 WHERE id = $2 AND sealed = $3",
            SealedKind::Authenticator => {
                "UPDATE second_factors SET secret = $1 WHERE id = $2 AND secret = $3"
            }
        };
        let update = query(update).bind(&sealed[..]).bind(before.id).bind(&before.sealed[..]);
        replaced += update.execute(&mut *connection).await?;
    }
    Ok(replaced)
}
