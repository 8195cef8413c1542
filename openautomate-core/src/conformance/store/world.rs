//! What cases do in the sample world: write, claim, start, finish.

use chrono::TimeDelta;

use super::sample::{World, at, instant};
use crate::changes::{Changes, Record};
use crate::clock::Timestamp;
use crate::domain::{Execution, Lease, RunResult};
use crate::id::ExecutionId;
use crate::store::{ClaimRequest, FinishAttempt, Finished};

impl World {
    /// Commits one new row.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn insert(&self, record: Record) {
        let changes = Changes::none().insert(record);
        self.store.commit(changes).await.unwrap_or_else(|error| panic!("a valid row is refused: {error}"));
    }

    /// Commits one changed row.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn update(&self, record: Record) {
        let changes = Changes::none().update(record);
        self.store.commit(changes).await.unwrap_or_else(|error| panic!("a valid update is refused: {error}"));
    }

    /// Writes an execution; gives it back.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn enqueue(&self, execution: Execution) -> Execution {
        self.insert(Record::Execution(Box::new(execution.clone()))).await;
        execution
    }

    /// A claim by the world's agent at [`instant`], for a lease of a minute.
    #[must_use]
    pub fn claim_request(&self, limit: u32) -> ClaimRequest {
        ClaimRequest {
            agent_id: self.agent.id,
            environment_id: self.environment.id,
            labels: Vec::new(),
            os: "linux".to_owned(),
            python_versions: Vec::new(),
            pool_ids: Vec::new(),
            limit,
            now: instant(),
            lease_until: at(60),
        }
    }

    /// Claims one execution at `now`, for a lease of a minute.
    ///
    /// # Panics
    /// If there is nothing to claim.
    pub async fn claim_at(&self, now: Timestamp) -> Execution {
        let lease_until = now + TimeDelta::seconds(60);
        let request = ClaimRequest { now, lease_until, ..self.claim_request(1) };
        let claimed = self.store.claim(request).await.expect("a claim");
        claimed.into_iter().next().expect("an execution to claim")
    }

    /// Writes an execution and claims it: state `Assigned`, a lease until a minute after [`instant`].
    ///
    /// # Panics
    /// If the store refuses it, or another execution is claimed.
    pub async fn assigned(&self, execution: Execution) -> (Execution, Lease) {
        let id = self.enqueue(execution).await.id;
        let claimed = self.claim_at(instant()).await;
        assert_eq!(claimed.id, id, "another execution was claimed");
        let lease = claimed.lease().expect("a claimed execution has a lease");
        (claimed, lease)
    }

    /// Writes an execution, claims it and starts it.
    ///
    /// # Panics
    /// As [`World::assigned`].
    pub async fn running(&self, execution: Execution) -> (Execution, Lease) {
        let (_, lease) = self.assigned(execution).await;
        let started = self.store.start(lease, self.agent.id, at(1)).await.expect("a start");
        (started, lease)
    }

    /// The message that ends an attempt at `now`.
    #[must_use]
    pub fn finish_message(&self, lease: Lease, result: RunResult, now: Timestamp) -> FinishAttempt {
        FinishAttempt { lease, agent_id: self.agent.id, result, final_log_seq: 0, now }
    }

    /// Ends an attempt at `now`.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn finish(&self, lease: Lease, result: RunResult, now: Timestamp) -> Finished {
        self.store.finish(self.finish_message(lease, result, now)).await.expect("a finish")
    }

    /// The stored execution.
    ///
    /// # Panics
    /// If there is none.
    pub async fn stored(&self, id: ExecutionId) -> Execution {
        self.store.execution(id).await.expect("a read").expect("the execution is there")
    }
}
