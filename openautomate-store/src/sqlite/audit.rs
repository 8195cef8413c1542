//! The audit's chain.

use std::fmt::Write as _;

use async_trait::async_trait;
use openautomate_core::domain::{AuditCheckpoint, AuditEntry, AuditHead};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::query::{AuditFilter, Page, PageRequest};
use openautomate_core::store::AuditStore;

use super::SqliteStore;
use super::group_commit::Operation;
use crate::driver::{Columns, Connection, Json, Pool, Row, Statement, micros, query};
use crate::error::{Error, Result};
use crate::row::{read_checkpoint, read_entry};
use crate::table::{below, one_too_many};

const HEAD: &str = "SELECT sequence, hash FROM audit_head";

#[async_trait]
impl<P: Pool> AuditStore for SqliteStore<P> {
    async fn seal(&self, limit: u32) -> CoreResult<u64> {
        self.writer.commit(Seal { limit }).await
    }

    async fn audit_head(&self) -> CoreResult<AuditHead> {
        let row = query(HEAD).fetch_one(&self.readers).await.map_err(Error::from)?;
        Ok(read_head(&row)?)
    }

    async fn chain(&self, after: u64, limit: u32) -> CoreResult<Vec<AuditEntry>> {
        const SELECT: &str = "SELECT * FROM audit_entries WHERE sequence > ? ORDER BY sequence LIMIT ? + 0";
        let select = query(SELECT).bind(i64::try_from(after).unwrap_or(i64::MAX)).bind(limit);
        let rows = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_entry).collect::<Result<_>>()?)
    }

    async fn audit_entries(
        &self,
        filter: &AuditFilter,
        request: PageRequest,
    ) -> CoreResult<Page<AuditEntry>> {
        let rows = page_statement(filter, request).fetch_all(&self.readers).await.map_err(Error::from)?;
        let items = rows.iter().map(read_entry).collect::<Result<_>>()?;
        Ok(Page::from_overfetch(items, request.limit, |item: &AuditEntry| *item.id.as_uuid()))
    }

    async fn add_checkpoint(&self, checkpoint: &AuditCheckpoint) -> CoreResult<bool> {
        self.writer.commit(AddCheckpoint(checkpoint.clone())).await
    }

    async fn checkpoints(&self, after: u64, limit: u32) -> CoreResult<Vec<AuditCheckpoint>> {
        const SELECT: &str =
            "SELECT * FROM audit_checkpoints WHERE sequence > ? ORDER BY sequence LIMIT ? + 0";
        let select = query(SELECT).bind(i64::try_from(after).unwrap_or(i64::MAX)).bind(limit);
        let rows = select.fetch_all(&self.readers).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_checkpoint).collect::<Result<_>>()?)
    }

    async fn last_checkpoint(&self) -> CoreResult<Option<AuditCheckpoint>> {
        const SELECT: &str = "SELECT * FROM audit_checkpoints ORDER BY sequence DESC LIMIT 1";
        let row = query(SELECT).fetch_optional(&self.readers).await.map_err(Error::from)?;
        Ok(row.as_ref().map(read_checkpoint).transpose()?)
    }
}

fn page_statement(filter: &AuditFilter, request: PageRequest) -> Statement {
    let mut statement = query("SELECT * FROM audit_entries WHERE id < ");
    statement.push_bind(below(request));
    let texts = [
        (" AND action = ", &filter.action),
        (" AND actor_id = ", &filter.actor_id),
        (" AND object_id = ", &filter.object_id),
    ];
    for (column, text) in texts {
        if let Some(text) = text {
            statement.push(column).push_bind(text.clone());
        }
    }
    for (column, time) in [(" AND at >= ", filter.from), (" AND at < ", filter.to)] {
        if let Some(time) = time {
            statement.push(column).push_bind(micros(time));
        }
    }
    statement.push(" ORDER BY id DESC LIMIT ").push_bind(one_too_many(request));
    statement
}

fn read_head<R: Row>(row: &R) -> Result<AuditHead> {
    let columns = Columns::of(row, "end of the audit");
    Ok(AuditHead { sequence: columns.unsigned("sequence")?, hash: columns.hash("hash")? })
}

struct AddCheckpoint(AuditCheckpoint);

impl Operation for AddCheckpoint {
    type Output = bool;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<bool> {
        // A conflict clause would let the trigger on replacing speak first.
        const INSERT: &str = "INSERT INTO audit_checkpoints (sequence, hash, made_at, signer, signature)
            SELECT $1, $2, $3, $4, $5 WHERE NOT EXISTS (SELECT 1 FROM audit_checkpoints WHERE sequence = $1)";
        let Self(made) = self;
        let insert = query(INSERT)
            .bind(made.sequence.cast_signed())
            .bind(&made.hash[..])
            .bind(micros(made.made_at))
            .bind(&made.key.as_bytes()[..])
            .bind(&made.signature.as_bytes()[..]);
        Ok(insert.execute(connection).await? == 1)
    }
}

struct Seal {
    limit: u32,
}

impl Operation for Seal {
    type Output = u64;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<u64> {
        const WAITING: &str = "SELECT * FROM audit_entries WHERE sequence IS NULL ORDER BY id LIMIT ? + 0";
        const SEAL: &str = "UPDATE audit_entries
            SET sequence = sealed.sequence, previous = sealed.previous, hash = sealed.hash
            FROM (SELECT unhex(value ->> 0) AS id, value ->> 1 AS sequence, unhex(value ->> 2) AS previous,
                unhex(value ->> 3) AS hash FROM json_each(?)) AS sealed
            WHERE audit_entries.id = sealed.id";
        const MOVE: &str = "UPDATE audit_head SET sequence = ?, hash = ?";
        let waiting = query(WAITING).bind(self.limit).fetch_all(&mut *connection).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let mut head = read_head(&query(HEAD).fetch_one(&mut *connection).await?)?;
        let mut seals = Vec::with_capacity(waiting.len());
        for row in &waiting {
            let entry = read_entry(row)?;
            let seal = entry.seal_after(&head);
            let id = entry.id.as_uuid().simple().to_string();
            seals.push((id, seal.sequence, hex(&seal.previous), hex(&seal.hash)));
            head = AuditHead { sequence: seal.sequence, hash: seal.hash };
        }
        let sealed = query(SEAL).bind(Json(&seals)).execute(&mut *connection).await?;
        if sealed != seals.len() as u64 {
            return Err(
                CoreError::internal("store.seal", "not every waiting audit entry could be sealed").into()
            );
        }
        query(MOVE).bind(head.sequence.cast_signed()).bind(&head.hash[..]).execute(connection).await?;
        Ok(sealed)
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    let mut text = String::with_capacity(64);
    for byte in bytes {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}
