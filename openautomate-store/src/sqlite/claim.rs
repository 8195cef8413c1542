//! Giving executions to agents.

use openautomate_core::domain::{Execution, version_number};
use openautomate_core::id::PoolId;
use openautomate_core::store::ClaimRequest;
use uuid::Uuid;

use super::group_commit::Operation;
use super::lease::lease_list;
use crate::driver::{Connection, Json, Statement, micros, query};
use crate::error::Result;
use crate::occupancy::{Choice, IS_LIMITED};
use crate::table::Table;

pub(super) struct Claim(pub(super) ClaimRequest);

/// What may be given to the agent, of what waits: environment (unless it is paused), time, agent, labels, operating
/// system, pools, interpreters are the first seven values, as [`asked`] binds them. `Execution::mismatches` says the same.
macro_rules! suits {
    () => {
        "state = 'Pending' AND environment_id = ?1 AND run_at <= ?2
            AND NOT EXISTS (SELECT 1 FROM environments WHERE id = ?1 AND paused_until > ?2)
            AND (pinned_agent_id IS NULL OR pinned_agent_id = ?3)
            AND (labels = '[]' OR NOT EXISTS (
                SELECT 1 FROM json_each(executions.labels) AS needed
                WHERE needed.value NOT IN (SELECT value FROM json_each(?4))))
            AND (required_os IS NULL OR required_os = ?5)
            AND (pool_id IS NULL OR pool_id IN (SELECT unhex(value) FROM json_each(?6)))
            AND (required_python IS NULL OR EXISTS (
                SELECT 1 FROM json_each(executions.required_python, '$.ranges') AS fits, json_each(?7) AS found
                WHERE found.value BETWEEN fits.value ->> 0 AND fits.value ->> 1))
            AND (queue_timeout_ms IS NULL OR started_at IS NOT NULL OR run_at + queue_timeout_ms * 1000 > ?2)"
    };
}

fn asked(sql: &'static str, request: &ClaimRequest) -> Statement {
    let versions: Vec<u32> = request.python_versions.iter().filter_map(|text| version_number(text)).collect();
    query(sql)
        .bind(request.environment_id.as_uuid())
        .bind(micros(request.now))
        .bind(request.agent_id.as_uuid())
        .bind(Json(&request.labels))
        .bind(request.os.as_str())
        .bind(id_list(request.pool_ids.iter().map(PoolId::as_uuid)))
        .bind(Json(versions))
}

/// Ids as one JSON value, `["<id in hex>", ...]`.
fn id_list<'a>(ids: impl IntoIterator<Item = &'a Uuid>) -> Json<Vec<String>> {
    Json(ids.into_iter().map(|id| id.simple().to_string()).collect())
}

impl Operation for Claim {
    type Output = Vec<Execution>;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<Vec<Execution>> {
        const CLAIM: &str = concat!(
            "UPDATE executions SET state = 'Assigned', lease_epoch = lease_epoch + 1, agent_id = ?3,
                lease_until = ?8, progress = NULL, revision = revision + 1
            WHERE id IN (
                SELECT id FROM executions INDEXED BY executions_queue WHERE ",
            suits!(),
            " ORDER BY priority DESC, run_at, id LIMIT ?9 + 0)
            RETURNING *"
        );
        let request = self.0;
        let place = request.environment_id.as_uuid();
        let is_limited = query(IS_LIMITED).bind(place).bind(place).bind(place);
        let rows = if is_limited.fetch_value(&mut *connection).await? {
            let chosen = choose(&request, &mut *connection).await?;
            grant(&chosen, &request, &mut *connection).await?
        } else {
            let claim = asked(CLAIM, &request).bind(micros(request.lease_until)).bind(request.limit);
            claim.fetch_all(&mut *connection).await?
        };
        let mut claimed: Vec<Execution> = rows.iter().map(Execution::read).collect::<Result<_>>()?;
        if claimed.is_empty() {
            return Ok(claimed);
        }
        begin_attempts(&claimed, &request, connection).await?;
        // RETURNING promises no order.
        claimed
            .sort_by_key(|execution| (std::cmp::Reverse(execution.priority), execution.run_at, execution.id));
        Ok(claimed)
    }
}

/// What a claim takes under limits.
async fn choose<C: Connection>(request: &ClaimRequest, connection: &mut C) -> Result<Vec<Uuid>> {
    const CANDIDATES: &str = concat!(
        "SELECT id, package_id, concurrency_key, concurrency_limit
        FROM executions INDEXED BY executions_queue WHERE ",
        suits!(),
        "   AND (concurrency_key IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(?8) AS held
                WHERE held.value ->> 0 = concurrency_key AND held.value ->> 1 >= concurrency_limit))
            AND package_id NOT IN (SELECT unhex(value) FROM json_each(?9))
            AND id NOT IN (SELECT unhex(value) FROM json_each(?10))
        ORDER BY priority DESC, run_at, id LIMIT ?11 + 0"
    );
    const STAND_INS: &str = concat!(
        "SELECT id, package_id, concurrency_key, concurrency_limit FROM executions WHERE ",
        suits!(),
        " AND id IN (SELECT unhex(value) FROM json_each(?8)) ORDER BY priority DESC, run_at, id"
    );
    let mut choice = Choice::begin(request, connection).await?;
    let stand_ins = choice.stand_ins();
    if !stand_ins.is_empty() {
        let candidates = asked(STAND_INS, request).bind(id_list(&stand_ins));
        choice.look_at(&candidates.fetch_all(&mut *connection).await?)?;
    }
    while choice.wanted() > 0 {
        let full: Vec<Uuid> = choice.full_packages().collect();
        let candidates = asked(CANDIDATES, request)
            .bind(Json(choice.keys().collect::<Vec<_>>()))
            .bind(id_list(&full))
            .bind(id_list(choice.chosen()))
            .bind(choice.wanted());
        let candidates = candidates.fetch_all(&mut *connection).await?;
        if candidates.is_empty() {
            break;
        }
        choice.look_at(&candidates)?;
    }
    Ok(choice.chosen().to_vec())
}

async fn grant<C: Connection>(
    chosen: &[Uuid],
    request: &ClaimRequest,
    connection: &mut C,
) -> Result<Vec<C::Row>> {
    const GRANT: &str =
        "UPDATE executions SET state = 'Assigned', lease_epoch = lease_epoch + 1, agent_id = ?2,
            lease_until = ?3, progress = NULL, revision = revision + 1
        WHERE id IN (SELECT unhex(value) FROM json_each(?1)) RETURNING *";
    let grant = query(GRANT).bind(id_list(chosen)).bind(request.agent_id.as_uuid());
    Ok(grant.bind(micros(request.lease_until)).fetch_all(connection).await?)
}

async fn begin_attempts<C: Connection>(
    claimed: &[Execution],
    request: &ClaimRequest,
    connection: &mut C,
) -> Result<()> {
    const BEGIN: &str = "INSERT INTO attempts (execution_id, epoch, agent_id, state, assigned_at)
        SELECT unhex(value ->> 0), value ->> 1, ?2, 'assigned', ?3 FROM json_each(?1)";
    query(BEGIN)
        .bind(lease_list(claimed.iter().filter_map(Execution::lease)))
        .bind(request.agent_id.as_uuid())
        .bind(micros(request.now))
        .execute(connection)
        .await?;
    Ok(())
}
