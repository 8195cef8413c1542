//! Giving executions to agents.
//!
//! While nothing that waits in an environment is under a limit, a claim is one statement, and claims never wait for
//! each other. Otherwise the claims of that environment follow each other, on whatever servers: an advisory lock is
//! held until the commit, and each statement behind it sees what was committed before. So what is counted is what is
//! leased, and nothing is given away beside it. There is one such lock an environment and a claim takes one alone,
//! so they can't wait for each other in a circle; rows that somebody has at hand are passed over, never waited for.

use std::collections::BTreeMap;

use openautomate_core::domain::{Execution, version_number};
use openautomate_core::store::ClaimRequest;
use uuid::Uuid;

use super::transact::{Operation, repeat, transact};
use crate::driver::{Columns, Connection, Jsonb, Statement, Transactions, micros, query};
use crate::error::Result;
use crate::occupancy::Choice;
use crate::table::Table;

/// What may be given to the agent, of what waits: environment (unless it is paused), time, agent, labels, operating
/// system, pools, interpreters are the first seven values, as [`asked`] binds them. `Execution::mismatches` says the same.
macro_rules! suits {
    () => {
        "state = 'Pending' AND environment_id = $1 AND run_at <= $2
            AND NOT EXISTS (SELECT 1 FROM environments WHERE id = $1 AND paused_until > $2)
            AND (pinned_agent_id IS NULL OR pinned_agent_id = $3)
            AND labels <@ $4
            AND (required_os IS NULL OR required_os = $5)
            AND (pool_id IS NULL OR pool_id = ANY ($6))
            AND (required_python IS NULL OR EXISTS (
                SELECT 1 FROM jsonb_array_elements(required_python -> 'ranges') AS fits, unnest($7::bigint[]) AS found
                WHERE found BETWEEN (fits ->> 0)::bigint AND (fits ->> 1)::bigint))
            AND (queue_timeout_ms IS NULL OR started_at IS NOT NULL OR run_at + queue_timeout_ms * 1000 > $2)"
    };
}

fn asked(sql: &'static str, request: &ClaimRequest) -> Statement {
    let versions = request.python_versions.iter().filter_map(|text| version_number(text));
    query(sql)
        .bind(request.environment_id.as_uuid())
        .bind(micros(request.now))
        .bind(request.agent_id.as_uuid())
        .bind(Jsonb(&request.labels))
        .bind(request.os.replace('\0', ""))
        .bind(request.pool_ids.iter().map(|id| *id.as_uuid()).collect::<Vec<_>>())
        .bind(versions.map(i64::from).collect::<Vec<_>>())
}

/// Gives work to an agent.
pub(super) async fn claim(request: &ClaimRequest, pool: &impl Transactions) -> Result<Vec<Execution>> {
    match repeat(|| claim_unlimited(request, pool)).await? {
        Some(claimed) => Ok(claimed),
        None => transact(&LimitedClaim(request), pool).await,
    }
}

/// Claims if nothing that waits is under a limit; otherwise nothing is given away.
async fn claim_unlimited(request: &ClaimRequest, pool: &impl Transactions) -> Result<Option<Vec<Execution>>> {
    // What another claim has at hand is passed over, so claims never wait for each other.
    const CLAIM: &str = concat!(
        "WITH limited AS MATERIALIZED (
            SELECT EXISTS (SELECT 1 FROM environments WHERE id = $1 AND max_concurrent IS NOT NULL)
                OR EXISTS (SELECT 1 FROM executions
                    WHERE state = 'Pending' AND concurrency_key IS NOT NULL AND environment_id = $1)
                OR EXISTS (SELECT 1 FROM packages AS p WHERE p.max_concurrent IS NOT NULL AND EXISTS (
                    SELECT 1 FROM executions AS e
                    WHERE e.package_id = p.id AND e.environment_id = $1 AND e.state = 'Pending')) AS is_limited
        ), picked AS (
            SELECT id FROM executions WHERE NOT (SELECT is_limited FROM limited) AND ",
        suits!(),
        " ORDER BY priority DESC, run_at, id LIMIT $9 FOR NO KEY UPDATE SKIP LOCKED
        ), claimed AS (
            UPDATE executions SET state = 'Assigned', lease_epoch = lease_epoch + 1, agent_id = $3,
                lease_until = $8, progress = NULL, revision = revision + 1
            FROM picked WHERE executions.id = picked.id
            RETURNING executions.*
        ), begun AS (
            INSERT INTO attempts (execution_id, epoch, agent_id, state, assigned_at)
            SELECT id, lease_epoch, $3, 'assigned', $2 FROM claimed
        )
        SELECT is_limited, claimed.* FROM limited LEFT JOIN claimed ON true ORDER BY priority DESC, run_at, id"
    );
    let claim = asked(CLAIM, request).bind(micros(request.lease_until)).bind(i64::from(request.limit));
    let rows = claim.fetch_all(pool).await?;
    let mut claimed = Vec::with_capacity(rows.len());
    for row in &rows {
        let columns = Columns::of(row, "execution");
        if columns.get("is_limited")? {
            return Ok(None);
        }
        // There is one row even if nothing was claimed.
        if columns.uuid_or_none("id")?.is_some() {
            claimed.push(Execution::read(row)?);
        }
    }
    Ok(Some(claimed))
}

/// A claim that keeps limits.
struct LimitedClaim<'a>(&'a ClaimRequest);

impl Operation for LimitedClaim<'_> {
    type Output = Vec<Execution>;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<Vec<Execution>> {
        const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended(
            'openautomate claim ' || current_schema() || ' ' || $1, 0))";
        let request = self.0;
        query(LOCK).bind(request.environment_id.to_string()).execute(&mut *connection).await?;
        const STAND_INS: &str = concat!(
            "SELECT id, package_id, concurrency_key, concurrency_limit FROM executions WHERE ",
            suits!(),
            " AND id = ANY ($8) ORDER BY priority DESC, run_at, id FOR NO KEY UPDATE SKIP LOCKED"
        );
        let mut choice = Choice::begin(request, connection).await?;
        let stand_ins = choice.stand_ins();
        if !stand_ins.is_empty() {
            let candidates = asked(STAND_INS, request).bind(stand_ins);
            choice.look_at(&candidates.fetch_all(&mut *connection).await?)?;
        }
        while choice.wanted() > 0 {
            let candidates = candidates(&choice, request, connection).await?;
            if candidates.is_empty() {
                break;
            }
            choice.look_at(&candidates)?;
        }
        if choice.chosen().is_empty() {
            return Ok(Vec::new());
        }
        grant(choice.chosen(), request, connection).await
    }
}

async fn candidates<C: Connection>(
    choice: &Choice,
    request: &ClaimRequest,
    connection: &mut C,
) -> Result<Vec<C::Row>> {
    const CANDIDATES: &str = concat!(
        "SELECT id, package_id, concurrency_key, concurrency_limit FROM executions WHERE ",
        suits!(),
        "   AND (concurrency_key IS NULL
                OR concurrency_limit > coalesce(($8::jsonb ->> concurrency_key)::bigint, 0))
            AND package_id <> ALL ($9) AND id <> ALL ($10)
        ORDER BY priority DESC, run_at, id LIMIT $11 FOR NO KEY UPDATE SKIP LOCKED"
    );
    let leased: BTreeMap<&str, i64> = choice.keys().collect();
    let candidates = asked(CANDIDATES, request)
        .bind(Jsonb(leased))
        .bind(choice.full_packages().collect::<Vec<_>>())
        .bind(choice.chosen().to_vec())
        .bind(choice.wanted());
    Ok(candidates.fetch_all(connection).await?)
}

async fn grant<C: Connection>(
    chosen: &[Uuid],
    request: &ClaimRequest,
    connection: &mut C,
) -> Result<Vec<Execution>> {
    const GRANT: &str = "WITH claimed AS (
            UPDATE executions SET state = 'Assigned', lease_epoch = lease_epoch + 1, agent_id = $2,
                lease_until = $3, progress = NULL, revision = revision + 1
            WHERE id = ANY ($1) RETURNING executions.*
        ), begun AS (
            INSERT INTO attempts (execution_id, epoch, agent_id, state, assigned_at)
            SELECT id, lease_epoch, $2, 'assigned', $4 FROM claimed
        )
        SELECT * FROM claimed ORDER BY priority DESC, run_at, id";
    let grant = query(GRANT)
        .bind(chosen.to_vec())
        .bind(request.agent_id.as_uuid())
        .bind(micros(request.lease_until))
        .bind(micros(request.now));
    let rows = grant.fetch_all(connection).await?;
    rows.iter().map(Execution::read).collect()
}
