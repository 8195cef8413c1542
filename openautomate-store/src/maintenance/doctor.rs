//! Looks whether a database holds together.

use chrono::DateTime;
use futures_util::TryStreamExt as _;
use openautomate_core::clock::Timestamp;
use openautomate_core::domain::{ActorRef, AuditEntry, AuditHead, AuditSeal};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::AuditId;
use openautomate_core::service::ChainVerifier;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::assertion::ASSERTIONS;
use super::connection::{Connection, Values};
use super::value::{Kind, Value};
use super::{Database, migration, schema};
use crate::error::Result;

/// How many places are shown where a rule is broken.
pub const EXAMPLES: usize = 5;
/// How far clocks may be apart before times can't be compared.
const CLOCK_SECONDS: i64 = 5;

/// One rule and what was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Its name; it stays the same from release to release.
    pub id: &'static str,
    /// What must hold.
    pub holds: &'static str,
    /// In how many places it does not.
    pub found: u64,
    /// Some of them, at most [`EXAMPLES`]. Ids and states, no values.
    pub examples: Vec<String>,
    /// What to do where it does not hold.
    pub next: &'static str,
}

impl Check {
    /// A rule, with the places where it is broken.
    #[must_use]
    pub fn new(id: &'static str, holds: &'static str, next: &'static str, found: Vec<String>) -> Self {
        let count = found.len() as u64;
        Self { id, holds, found: count, examples: found.into_iter().take(EXAMPLES).collect(), next }
    }

    /// Whether it holds everywhere.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.found == 0
    }
}

impl Database {
    /// Checks every rule on one state of the database. Nothing is written; a server may run.
    ///
    /// `now` is this machine's time. With `deep`, what takes long is done too: the content of log chunks, and for SQLite
    /// each index against its table.
    ///
    /// If the migrations are not those of this version, the rest is not looked at.
    ///
    /// # Errors
    /// `Unavailable` or `Internal` if the database does not answer or refuses a statement.
    pub async fn check(&mut self, now: Timestamp, deep: bool) -> CoreResult<Vec<Check>> {
        let connection = &mut self.connection;
        let mut checks = vec![migrations(connection).await?];
        if checks.iter().all(Check::is_ok) {
            checks.push(damage(connection, deep).await?);
            checks.push(objects(connection).await?);
            checks.push(references(connection).await?);
            checks.push(clock(connection, now).await?);
            for assertion in ASSERTIONS.iter().filter(|assertion| deep || !assertion.deep) {
                let statement = assertion.statement(connection.is_postgres());
                let examples = connection.texts(format!("{statement} LIMIT {EXAMPLES}")).await?;
                let found = match examples.len() {
                    EXAMPLES => connection
                        .number(format!("SELECT count(*) FROM ({statement}) AS found"))
                        .await?
                        .cast_unsigned(),
                    few => few as u64,
                };
                let (id, holds, next) = (assertion.id, assertion.holds, assertion.next);
                checks.push(Check { id, holds, found, examples, next });
            }
            checks.push(chain(connection).await?);
        }
        Ok(checks)
    }
}

async fn migrations(connection: &mut Connection) -> CoreResult<Check> {
    let status = migration::status(connection).await?;
    let told = [
        (&status.pending, "has not run"),
        (&status.unknown, "is of a newer version"),
        (&status.altered, "is not the one of this version"),
    ];
    let found = told
        .into_iter()
        .flat_map(|(versions, what)| {
            versions.iter().map(move |version| format!("migration {version} {what}"))
        })
        .collect();
    Ok(Check::new(
        "database.migrations",
        "the database has the migrations of this version, all of them and no others",
        "use the version that the database belongs to, or run `openautomate-server migrate`",
        found,
    ))
}

async fn damage(connection: &mut Connection, deep: bool) -> Result<Check> {
    Ok(Check::new(
        "database.integrity",
        "the database finds nothing wrong with its own file and indexes",
        "restore a backup, on another disk if this one has errors",
        schema::damaged(connection, deep).await?,
    ))
}

async fn objects(connection: &mut Connection) -> Result<Check> {
    Ok(Check::new(
        "database.schema",
        "every table, index and trigger that the migrations made is there and at work",
        "somebody removed or disabled it: restore a backup, or make it again as the migration does",
        schema::missing(connection).await?,
    ))
}

async fn references(connection: &mut Connection) -> Result<Check> {
    Ok(Check::new(
        "database.references",
        "no row refers to one that is not there",
        "restore a backup",
        schema::dangling(connection).await?,
    ))
}

async fn clock(connection: &mut Connection, now: Timestamp) -> Result<Check> {
    let micros = now.timestamp_micros();
    let theirs = match connection {
        // It has this machine's clock. What it holds was written in the past.
        Connection::Sqlite { .. } => {
            "SELECT max(coalesce((SELECT max(at) FROM audit_entries), 0), coalesce((SELECT max(created_at) FROM executions), 0))"
        }
        Connection::Postgres { .. } => "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint",
    };
    let apart = connection.number(theirs).await? - micros;
    let apart = if connection.is_postgres() { apart.abs() } else { apart };
    let found = if apart > CLOCK_SECONDS * 1_000_000 {
        vec![format!("{} seconds apart", apart / 1_000_000)]
    } else {
        Vec::new()
    };
    Ok(Check::new(
        "database.clock",
        "the clock of this machine and that of the database agree, and nothing was written in the future",
        "set the clocks (NTP); leases and schedules go by them",
        found,
    ))
}

async fn chain(connection: &mut Connection) -> CoreResult<Check> {
    const HEAD: &str = "SELECT sequence, hash FROM audit_head";
    const ENTRIES: &str = "SELECT id, at, actor_kind, actor_id, actor_name, action, object_kind, object_id, detail,
        request_id, ip_address, sequence, previous, hash FROM audit_entries WHERE sequence IS NOT NULL ORDER BY sequence";
    const KINDS: &[Kind] = &[
        Kind::Uuid,
        Kind::Integer,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Integer,
        Kind::Bytes,
        Kind::Bytes,
    ];
    let rows = connection.rows(HEAD, &[Kind::Integer, Kind::Bytes]).await?;
    let [Value::Integer(sequence), Value::Bytes(hash)] = rows.first().map_or(&[][..], Vec::as_slice) else {
        return Ok(broken_chain(vec!["the head of the chain is missing".to_owned()]));
    };
    let end = AuditHead { sequence: sequence.cast_unsigned(), hash: hash_of(hash)? };
    let mut verifier = ChainVerifier::new(end);
    let mut rows = connection.stream(ENTRIES.to_owned(), KINDS);
    while let Some(row) = rows.try_next().await? {
        if let Some(report) = verifier.follow(&entry(row)?) {
            let reason = report.reason.unwrap_or_default();
            return Ok(broken_chain(vec![format!(
                "entry {}: {reason}",
                report.first_bad.unwrap_or_default()
            )]));
        }
    }
    let report = verifier.finish();
    let found =
        report.reason.map(|reason| format!("entry {}: {reason}", report.first_bad.unwrap_or_default()));
    Ok(broken_chain(found.into_iter().collect()))
}

fn broken_chain(found: Vec<String>) -> Check {
    Check::new(
        "audit.chain",
        "the audit's chain is whole: no entry was altered, removed or put in",
        "keep a copy of the database as evidence; compare it with the last backup whose chain is whole",
        found,
    )
}

fn entry(row: Values) -> CoreResult<AuditEntry> {
    let mut columns = row.into_iter();
    let mut next = move || columns.next().unwrap_or(Value::Null);
    let Value::Uuid(id) = next() else { return Err(unreadable()) };
    let at = DateTime::from_timestamp_micros(next().integer()).ok_or_else(unreadable)?;
    let mut text = || next().into_text();
    let some = |text: Option<String>| text.ok_or_else(unreadable);
    let actor = ActorRef { kind: word(some(text())?)?, id: text(), name: some(text())? };
    let (action, object_kind, object_id) = (some(text())?, some(text())?, some(text())?);
    let detail = serde_json::from_str(&some(text())?).map_err(|error| unreadable().with_source(error))?;
    let (request_id, ip_address) = (text(), text());
    let (Value::Integer(sequence), Value::Bytes(previous), Value::Bytes(hash)) = (next(), next(), next())
    else {
        return Err(unreadable());
    };
    let seal = AuditSeal {
        sequence: sequence.cast_unsigned(),
        previous: hash_of(&previous)?,
        hash: hash_of(&hash)?,
    };
    let id = AuditId::from_uuid(id);
    Ok(AuditEntry {
        id,
        at,
        actor,
        action,
        object_kind,
        object_id,
        detail,
        request_id,
        ip_address,
        seal: Some(seal),
    })
}

fn word<T: DeserializeOwned>(text: String) -> CoreResult<T> {
    serde_json::from_value(text.into()).map_err(|error| unreadable().with_source(error))
}

fn hash_of(bytes: &[u8]) -> CoreResult<[u8; 32]> {
    bytes.try_into().map_err(|_| unreadable())
}

fn unreadable() -> CoreError {
    CoreError::internal("store.row", "a stored audit entry can't be read; restore a backup")
}
