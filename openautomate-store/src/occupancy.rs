//! What is leased in an environment, the limits that hold there, and what a claim may take under them.
//!
//! Places are counted from the leases themselves while nobody else takes one: what ends a lease gives its place back
//! with it, and no counter can be wrong.

use std::collections::HashMap;

use openautomate_core::domain::{ConcurrencyLimits, Lease, Occupancy, Occupant, StandIn};
use openautomate_core::error::Error as CoreError;
use openautomate_core::id::{AgentId, EnvironmentId, ExecutionId, PackageId};
use openautomate_core::store::ClaimRequest;
use uuid::Uuid;

use crate::driver::{Columns, Connection, Pool, Row, query};
use crate::error::Result;
use crate::row::read_concurrency;

/// Whether anything that waits in an environment is under a limit; for both databases.
pub(crate) const IS_LIMITED: &str = "SELECT EXISTS (SELECT 1 FROM environments WHERE id = $1 AND max_concurrent IS NOT NULL)
    OR EXISTS (SELECT 1 FROM executions
        WHERE state = 'Pending' AND concurrency_key IS NOT NULL AND environment_id = $2)
    OR EXISTS (SELECT 1 FROM packages AS p WHERE p.max_concurrent IS NOT NULL AND EXISTS (
        SELECT 1 FROM executions AS e WHERE e.package_id = p.id AND e.environment_id = $3 AND e.state = 'Pending'))
    AS value";

/// The same of all environments.
pub(crate) const HAS_LIMITED: &str = "SELECT EXISTS (SELECT 1 FROM executions
        WHERE state = 'Pending' AND concurrency_key IS NOT NULL)
    OR EXISTS (SELECT 1 FROM environments AS v WHERE v.max_concurrent IS NOT NULL AND EXISTS (
        SELECT 1 FROM executions AS e WHERE e.environment_id = v.id AND e.state = 'Pending'))
    OR EXISTS (SELECT 1 FROM packages AS p WHERE p.max_concurrent IS NOT NULL AND EXISTS (
        SELECT 1 FROM executions AS e WHERE e.package_id = p.id AND e.state = 'Pending'))
    AS value";

macro_rules! read_occupancy {
    ($environment:expr, $on:expr) => {{
        const COUNT: &str = "SELECT package_id, concurrency_key, count(*) AS leased FROM executions
            WHERE environment_id = $1 AND state IN ('Assigned', 'Running') GROUP BY package_id, concurrency_key";
        const OF_PLACE: &str = "SELECT max_concurrent AS value FROM environments WHERE id = $1";
        const OF_PACKAGES: &str = "SELECT id, max_concurrent FROM packages WHERE max_concurrent IS NOT NULL";
        const STAND_INS: &str = "SELECT e.id, e.package_id, e.concurrency_key, p.id AS parent_id,
                p.package_id AS parent_package_id, p.concurrency_key AS parent_key, e.state <> 'Pending' AS is_leased
            FROM execution_children AS c JOIN executions AS e ON e.id = c.child_id
            JOIN executions AS p ON p.id = c.parent_id
            WHERE c.stands_in = true AND e.environment_id = $1 AND e.state IN ('Pending', 'Assigned', 'Running')
                AND p.state IN ('Assigned', 'Running')";
        let mut occupancy = Occupancy::default();
        for row in query(COUNT).bind($environment.as_uuid()).fetch_all($on).await? {
            let columns = Columns::of(&row, "execution");
            let (package, key): (_, Option<String>) =
                (columns.uuid("package_id")?, columns.get("concurrency_key")?);
            occupancy.add(PackageId::from_uuid(package), key.as_deref(), columns.unsigned("leased")?);
        }
        let stand_ins = query(STAND_INS).bind($environment.as_uuid()).fetch_all($on).await?;
        let stand_ins: Vec<StandIn> = stand_ins.iter().map(read_stand_in).collect::<Result<_>>()?;
        occupancy.stand_in(&stand_ins);
        let row = query(OF_PLACE).bind($environment.as_uuid()).fetch_optional($on).await?;
        let of_place = row.map(|row| Columns::of(&row, "environment").count_or_none("value")).transpose()?;
        let mut packages = HashMap::new();
        for row in query(OF_PACKAGES).fetch_all($on).await? {
            let columns = Columns::of(&row, "package");
            packages.insert(PackageId::from_uuid(columns.uuid("id")?), columns.count("max_concurrent")?);
        }
        Ok((occupancy, ConcurrencyLimits { environment: of_place.flatten(), packages }))
    }};
}

fn read_stand_in<R: Row>(row: &R) -> Result<StandIn> {
    let columns = Columns::of(row, "stand-in");
    let occupant = |id, package, key| -> Result<Occupant> {
        Ok(Occupant {
            id: ExecutionId::from_uuid(columns.uuid(id)?),
            package: PackageId::from_uuid(columns.uuid(package)?),
            key: columns.get(key)?,
        })
    };
    Ok(StandIn {
        child: occupant("id", "package_id", "concurrency_key")?,
        parent: occupant("parent_id", "parent_package_id", "parent_key")?,
        is_leased: columns.get("is_leased")?,
    })
}

/// Counts what is leased, and reads the limits.
pub(crate) async fn occupancy<P: Pool>(
    environment: EnvironmentId,
    pool: &P,
) -> Result<(Occupancy, ConcurrencyLimits)> {
    read_occupancy!(environment, pool)
}

/// What a claim under limits takes: the first in the order of the queue that finds all of its places free.
pub(crate) struct Choice {
    occupancy: Occupancy,
    limits: ConcurrencyLimits,
    limit: usize,
    chosen: Vec<Uuid>,
}

impl Choice {
    /// Nothing yet, of what is leased now. Nobody else may give anything under limits away until the end of the
    /// transaction.
    pub(crate) async fn begin<C: Connection>(request: &ClaimRequest, connection: &mut C) -> Result<Self> {
        let (occupancy, limits): (Occupancy, ConcurrencyLimits) = {
            let read: Result<_> = read_occupancy!(request.environment_id, &mut *connection);
            read?
        };
        Ok(Self { occupancy, limits, limit: request.limit as usize, chosen: Vec::new() })
    }

    /// How many more fit; 0 if the environment is full.
    pub(crate) fn wanted(&self) -> i64 {
        let limit = self.limits.environment.map_or(u64::MAX, u64::from);
        let room = usize::try_from(limit.saturating_sub(self.occupancy.total)).unwrap_or(usize::MAX);
        let more = self.limit.saturating_sub(self.chosen.len()).min(room);
        i64::try_from(more).unwrap_or(i64::MAX)
    }

    /// Looks at candidates in their order, which are none of those that were chosen, nor of a package or a key that
    /// is full. The first of them is always taken.
    pub(crate) fn look_at<R: Row>(&mut self, candidates: &[R]) -> Result<()> {
        for row in candidates {
            let columns = Columns::of(row, "execution");
            let package = PackageId::from_uuid(columns.uuid("package_id")?);
            let (id, concurrency) = (columns.uuid("id")?, read_concurrency(&columns)?);
            let (execution, group) = (ExecutionId::from_uuid(id), concurrency.as_ref());
            if self.chosen.len() < self.limit
                && self.occupancy.full_for(&self.limits, execution, package, group).is_empty()
            {
                let key = concurrency.map(|group| group.key);
                self.occupancy.take(&Occupant { id: execution, package, key });
                self.chosen.push(id);
            }
        }
        Ok(())
    }

    /// Those in the places of their parents. They are looked at first: what is full for others is not for them.
    pub(crate) fn stand_ins(&self) -> Vec<Uuid> {
        self.occupancy.stand_ins().map(|id| *id.as_uuid()).collect()
    }

    /// How many are leased of each key, with those that were chosen.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, i64)> {
        self.occupancy
            .keys
            .iter()
            .map(|(key, leased)| (key.as_str(), i64::try_from(*leased).unwrap_or(i64::MAX)))
    }

    /// The packages of which no more may be given away.
    pub(crate) fn full_packages(&self) -> impl Iterator<Item = Uuid> {
        let is_full = |(package, limit): (&PackageId, &u32)| {
            let leased = self.occupancy.packages.get(package).copied().unwrap_or(0);
            (leased >= u64::from(*limit)).then_some(*package.as_uuid())
        };
        self.limits.packages.iter().filter_map(is_full)
    }

    /// What was chosen.
    pub(crate) fn chosen(&self) -> &[Uuid] {
        &self.chosen
    }
}

/// Lets a child have the places of its parent. No other call for the same parent may be under way.
pub(crate) async fn stand_in<C: Connection>(
    lease: Lease,
    agent: AgentId,
    child: ExecutionId,
    connection: &mut C,
) -> Result<bool> {
    const HELD: &str = "SELECT 1 AS value FROM executions
        WHERE id = $1 AND lease_epoch = $2 AND agent_id = $3 AND state IN ('Assigned', 'Running')";
    const SET: &str = "UPDATE execution_children SET stands_in = true
        WHERE parent_id = $1 AND child_id = $2 AND NOT stands_in
            AND EXISTS (SELECT 1 FROM executions WHERE id = $3
                AND state IN ('Pending', 'Assigned', 'Running', 'Waiting'))
            AND NOT EXISTS (SELECT 1 FROM execution_children AS c JOIN executions AS e ON e.id = c.child_id
                WHERE c.parent_id = $4 AND c.child_id <> $5 AND c.stands_in
                    AND e.state IN ('Pending', 'Assigned', 'Running', 'Waiting'))";
    let (parent, child) = (lease.execution.as_uuid(), child.as_uuid());
    let held = query(HELD).bind(parent).bind(lease.epoch).bind(agent.as_uuid());
    if held.fetch_optional(&mut *connection).await?.is_none() {
        return Err(CoreError::stale_lease().into());
    }
    let set = query(SET).bind(parent).bind(child).bind(child).bind(parent).bind(child);
    Ok(set.execute(connection).await? > 0)
}
