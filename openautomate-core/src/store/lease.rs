//! The hot path: who runs what, until when. Each operation is atomic by itself.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::domain::{AgentFacts, Artifact, Execution, Lease, Offer, Progress, RunResult};
use crate::error::Result;
use crate::id::{AgentId, EnvironmentId, PoolId};

/// An agent with free slots asks for work.
#[derive(Clone, Debug)]
pub struct ClaimRequest {
    /// Who asks.
    pub agent_id: AgentId,
    /// Where it works.
    pub environment_id: EnvironmentId,
    /// Its labels.
    pub labels: Vec<String>,
    /// Its operating system.
    pub os: String,
    /// Its interpreters.
    pub python_versions: Vec<String>,
    /// The pools that it is in.
    pub pool_ids: Vec<PoolId>,
    /// How many at most.
    pub limit: u32,
    /// The present instant.
    pub now: Timestamp,
    /// Until when the leases hold.
    pub lease_until: Timestamp,
}

impl ClaimRequest {
    /// What the agent brings.
    #[must_use]
    pub fn offer(&self) -> Offer<'_> {
        Offer {
            agent_id: self.agent_id,
            environment_id: self.environment_id,
            labels: &self.labels,
            os: &self.os,
            python_versions: &self.python_versions,
            pool_ids: &self.pool_ids,
        }
    }
}

/// What became of one lease that an agent wanted renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Renewal {
    /// Which.
    pub lease: Lease,
    /// How it went.
    pub outcome: RenewalOutcome,
}

/// How a renewal went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RenewalOutcome {
    /// It holds until the new instant.
    Renewed {
        /// Whether somebody asked for a cancel meanwhile.
        cancel_requested: bool,
    },
    /// It is no longer this agent's: stop the processes.
    Stale,
}

/// How an attempt ended, as its agent tells it.
#[derive(Clone, Debug)]
pub struct FinishAttempt {
    /// Under which lease.
    pub lease: Lease,
    /// Which agent.
    pub agent_id: AgentId,
    /// How it ended.
    pub result: RunResult,
    /// The number of its last log line; 0 if there is none.
    pub final_log_seq: u64,
    /// The present instant.
    pub now: Timestamp,
}

/// What a finish did.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The execution afterwards.
    pub execution: Execution,
    /// False if the same finish had been stored before (a repeated message).
    pub newly: bool,
}

/// Grants, renews and ends leases.
///
/// # Contract
/// - `claim` takes `Pending` executions of the environment with `run_at <= now`, whose labels are all among
///   the agent's (with regard to case) and whose pinned agent is none or this one; highest priority first,
///   then `run_at`, then id, and gives them in that order (`lease::claim_order`, `lease::claim_matches`,
///   `lease::claim_looks_past_others`). Each gets epoch + 1, the agent, `lease_until`, state `Assigned`, no
///   progress, and an attempt row in state `Assigned` (`lease::claim_grants`,
///   `lease::claim_forgets_progress`). No execution is given to two claims
///   (`concurrency::claims_are_disjoint`). The caller has made sure that the agent exists and may work.
/// - What an execution requires besides is met by what the agent brings, as
///   [`Execution::mismatches`](crate::domain::Execution::mismatches) says (`placement::claim_requires`), and it is
///   not overdue ([`Execution::is_overdue`](crate::domain::Execution::is_overdue),
///   `placement::overdue_is_not_claimed`).
/// - `claim` keeps limits: of the environment, of the package in it, and of the execution's key in it. One for which
///   [`Occupancy::full_for`](crate::domain::Occupancy::full_for) names a limit, counting what is leased and what the
///   same claim takes before it, is passed over and the next is looked at (`limit::*`). However many claims run, on
///   whatever servers, never more is leased than the limits that were there before they began
///   (`concurrency::limits_hold`). Whatever ends a lease gives the place back with it (`limit::every_end_frees`).
/// - A lease is held while the execution is `Assigned` or `Running` with that epoch and that agent. One that
///   ran out is held until `expire` takes it.
/// - A call under a lease that is not held is [`Error::stale_lease`](crate::Error::stale_lease) and changes
///   nothing (`lease::stale_epoch_is_refused`, `lease::an_ended_lease_is_stale`).
/// - `start` makes `Assigned` `Running`, sets `started_at` of the attempt and (once) of the execution; again
///   while `Running` it changes nothing and is `Ok` (`lease::start_is_idempotent`,
///   `lease::start_keeps_the_first`).
/// - `renew` sets `lease_until` of what is held, `Assigned` or `Running`, and notes the heartbeat without
///   raising the agent's revision (`lease::renew`, `lease::renew_tells_of_a_cancel`,
///   `lease::renew_of_nothing`). A lease that is named twice is renewed once and answered twice
///   (`lease::renew_of_a_repeated_lease`).
/// - `finish` ends the attempt and moves the execution as
///   [`Execution::after_attempt`](crate::domain::Execution::after_attempt) decides, `Assigned` or `Running`
///   (`lease::finish_ends`, `lease::finish_without_a_start`, `retry::*`). The attempt gets state, end, error,
///   exit code and the last line's number, which nothing but a finish sets. The execution's `error` becomes
///   the result's, also while it waits for the next attempt, and none after a success; `outputs` are set by a
///   success alone; `ended_at` by an end. The same finish again (same lease and agent, attempt already ended
///   by a finish) is `Ok` with `newly: false`, whatever its result says and wherever the execution is now
///   (`lease::finish_is_idempotent`); a finish of an attempt that was expired, or released, is stale
///   (`lease::finish_after_expiry_is_stale`, `lease::finish_after_release_is_stale`).
/// - `expire` ends attempts whose `lease_until < now` as `Lost` with
///   [`Execution::agent_lost_error`](crate::domain::Execution::agent_lost_error), the first to run out first,
///   then by id, and moves their executions as `after_attempt` decides for a lost run, with the same error
///   (`lease::expire`, `lease::expire_oldest_first`, `retry::losses`).
/// - `release` takes leases back that never began: attempt `Released`, execution `Pending` again, its failed
///   attempts and `run_at` unchanged; those that are `Running`, stale or another agent's are left as they are
///   (`lease::release`, `lease::release_leaves_what_runs`, `retry::releases_do_not_count`). One whose cancel
///   was asked for becomes `Cancelled` instead (`lease::release_of_a_cancelled_one_ends_it`).
/// - `wake` makes `Waiting` executions with `run_at <= now` `Pending`, the first due first, then by id
///   (`retry::wake`).
/// - `time_out_queued` ends what is overdue as
///   [`Execution::ended_overdue`](crate::domain::Execution::ended_overdue) says, the first due first, then by id
///   (`placement::overdue_ends`).
/// - `keep_artifact` replaces the row of the same lease and name (`read_execution::artifacts`).
/// - Where `keeps_order` is true, `start`, [`append`](super::LogStore::append) and `finish` that are begun one after
///   the other take effect in that order, also if nobody waits for one before the next is begun
///   (`lease::begun_in_order`).
/// - Every change of an execution's row raises its revision by one: renewals and progress too.
#[async_trait]
pub trait LeaseStore {
    /// Whether writes take effect in the order in which they were begun: a store with one writer can say so. Where
    /// it is false, whoever needs an order waits for one write before the next.
    fn keeps_order(&self) -> bool;

    /// Gives work to an agent.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn claim(&self, request: ClaimRequest) -> Result<Vec<Execution>>;

    /// Says that a run began.
    ///
    /// # Errors
    /// `StaleLease`.
    async fn start(&self, lease: Lease, agent_id: AgentId, now: Timestamp) -> Result<Execution>;

    /// Renews leases of an agent and notes that it was heard of (`last_heartbeat`); one answer a lease, in
    /// the order asked.
    ///
    /// # Errors
    /// `NotFound` if there is no such agent.
    async fn renew(
        &self,
        agent_id: AgentId,
        leases: &[Lease],
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Renewal>>;

    /// Ends an attempt.
    ///
    /// # Errors
    /// `StaleLease`.
    async fn finish(&self, finish: FinishAttempt) -> Result<Finished>;

    /// Ends attempts whose lease ran out; gives the executions afterwards, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn expire(&self, now: Timestamp, limit: u32) -> Result<Vec<Execution>>;

    /// Takes back leases that never began; gives the executions afterwards.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn release(&self, agent_id: AgentId, leases: &[Lease], now: Timestamp) -> Result<Vec<Execution>>;

    /// Ends the back-off of executions that are due; gives how many, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn wake(&self, now: Timestamp, limit: u32) -> Result<u64>;

    /// Ends executions that waited too long for their first attempt; gives them afterwards, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn time_out_queued(&self, now: Timestamp, limit: u32) -> Result<Vec<Execution>>;

    /// Whether an execution that is `Pending` is under a limit, so that the end of another may make way for it
    /// (`limit::pending_under_limits`).
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn has_limited(&self) -> Result<bool>;

    /// The earliest instant later than `now` that is the `run_at` of `Waiting` or `Pending` work or the end
    /// of a held lease (`retry::next_deadline`), or until which something may wait for its first attempt
    /// (`placement::next_deadline`).
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn next_deadline(&self, now: Timestamp) -> Result<Option<Timestamp>>;

    /// Keeps how far a run is (`lease::progress`).
    ///
    /// # Errors
    /// `StaleLease`.
    async fn set_progress(&self, lease: Lease, agent_id: AgentId, progress: Progress) -> Result<()>;

    /// Keeps a file's row under a lease; a file of the same attempt and name is replaced (its row is given
    /// back, so that its blob can be removed).
    ///
    /// # Errors
    /// `StaleLease`.
    async fn keep_artifact(
        &self,
        lease: Lease,
        agent_id: AgentId,
        artifact: Artifact,
    ) -> Result<Option<Artifact>>;

    /// Notes that an agent connected: its facts, its slots, the instant. Its revision stays
    /// (`lease::connect_agent`).
    ///
    /// # Errors
    /// `NotFound` if there is no such agent.
    async fn connect_agent(
        &self,
        agent_id: AgentId,
        facts: AgentFacts,
        slots: u32,
        now: Timestamp,
    ) -> Result<()>;
}
