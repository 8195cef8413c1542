//! The audit's chain.

use async_trait::async_trait;
use openautomate_core::domain::{AuditCheckpoint, AuditEntry, AuditHead};
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::query::{AuditFilter, Page, PageRequest};
use openautomate_core::store::AuditStore;

use super::search::searchable;
use super::transact::{Operation, transact};
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Columns, Connection, Row, Statement, micros, query};
use crate::error::{Error, Result};
use crate::row::{read_checkpoint, read_entry};
use crate::table::{below, one_too_many};

const HEAD: &str = "SELECT sequence, hash FROM audit_head";

#[async_trait]
impl<P: PostgresDriver> AuditStore for PostgresStore<P> {
    async fn seal(&self, limit: u32) -> CoreResult<u64> {
        Ok(transact(&Seal { limit }, &self.pool).await?)
    }

    async fn audit_head(&self) -> CoreResult<AuditHead> {
        let row = query(HEAD).fetch_one(&self.pool).await.map_err(Error::from)?;
        Ok(read_head(&row)?)
    }

    async fn chain(&self, after: u64, limit: u32) -> CoreResult<Vec<AuditEntry>> {
        const SELECT: &str = "SELECT * FROM audit_entries WHERE sequence > $1 ORDER BY sequence LIMIT $2";
        let select = query(SELECT).bind(i64::try_from(after).unwrap_or(i64::MAX)).bind(i64::from(limit));
        let rows = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_entry).collect::<Result<_>>()?)
    }

    async fn audit_entries(
        &self,
        filter: &AuditFilter,
        request: PageRequest,
    ) -> CoreResult<Page<AuditEntry>> {
        let rows = page_statement(filter, request).fetch_all(&self.pool).await.map_err(Error::from)?;
        let items = rows.iter().map(read_entry).collect::<Result<_>>()?;
        Ok(Page::from_overfetch(items, request.limit, |item: &AuditEntry| *item.id.as_uuid()))
    }

    async fn add_checkpoint(&self, checkpoint: &AuditCheckpoint) -> CoreResult<bool> {
        const INSERT: &str = "INSERT INTO audit_checkpoints (sequence, hash, made_at, signer, signature)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (sequence) DO NOTHING";
        let insert = query(INSERT)
            .bind(checkpoint.sequence.cast_signed())
            .bind(&checkpoint.hash[..])
            .bind(micros(checkpoint.made_at))
            .bind(&checkpoint.key.as_bytes()[..])
            .bind(&checkpoint.signature.as_bytes()[..]);
        Ok(insert.execute(&self.pool).await.map_err(Error::from)? == 1)
    }

    async fn checkpoints(&self, after: u64, limit: u32) -> CoreResult<Vec<AuditCheckpoint>> {
        const SELECT: &str = "SELECT * FROM audit_checkpoints WHERE sequence > $1 ORDER BY sequence LIMIT $2";
        let select = query(SELECT).bind(i64::try_from(after).unwrap_or(i64::MAX)).bind(i64::from(limit));
        let rows = select.fetch_all(&self.pool).await.map_err(Error::from)?;
        Ok(rows.iter().map(read_checkpoint).collect::<Result<_>>()?)
    }

    async fn last_checkpoint(&self) -> CoreResult<Option<AuditCheckpoint>> {
        const SELECT: &str = "SELECT * FROM audit_checkpoints ORDER BY sequence DESC LIMIT 1";
        let row = query(SELECT).fetch_optional(&self.pool).await.map_err(Error::from)?;
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
            statement.push(column).push_bind(searchable(text).map(str::to_owned));
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

struct Seal {
    limit: u32,
}

impl Operation for Seal {
    type Output = u64;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<u64> {
        // Whoever holds the end of the chain seals; another one waits, and then sees what was sealed.
        const LOCK: &str = "SELECT sequence, hash FROM audit_head FOR UPDATE";
        const WAITING: &str = "SELECT * FROM audit_entries WHERE sequence IS NULL ORDER BY id LIMIT $1";
        const SEAL: &str = "UPDATE audit_entries
            SET sequence = sealed.sequence, previous = sealed.previous, hash = sealed.hash
            FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bytea[])
                AS sealed (id, sequence, previous, hash)
            WHERE audit_entries.id = sealed.id";
        const MOVE: &str = "UPDATE audit_head SET sequence = $1, hash = $2";
        let mut head = read_head(&query(LOCK).fetch_one(&mut *connection).await?)?;
        let waiting = query(WAITING).bind(i64::from(self.limit)).fetch_all(&mut *connection).await?;
        if waiting.is_empty() {
            return Ok(0);
        }
        let (mut ids, mut seals) = (Vec::with_capacity(waiting.len()), Vec::with_capacity(waiting.len()));
        for row in &waiting {
            let entry = read_entry(row)?;
            let seal = entry.seal_after(&head);
            head = AuditHead { sequence: seal.sequence, hash: seal.hash };
            ids.push(*entry.id.as_uuid());
            seals.push(seal);
        }
        let sealed = query(SEAL)
            .bind(ids)
            .bind(seals.iter().map(|seal| seal.sequence.cast_signed()).collect::<Vec<_>>())
            .bind(seals.iter().map(|seal| &seal.previous[..]).collect::<Vec<_>>())
            .bind(seals.iter().map(|seal| &seal.hash[..]).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
        if sealed != seals.len() as u64 {
            return Err(
                CoreError::internal("store.seal", "not every waiting audit entry could be sealed").into()
            );
        }
        query(MOVE).bind(head.sequence.cast_signed()).bind(&head.hash[..]).execute(connection).await?;
        Ok(sealed)
    }
}
