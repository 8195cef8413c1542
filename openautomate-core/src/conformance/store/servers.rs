//! Several servers on one store, with a clock that is moved by hand.

use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Timelike as _};

use super::sample::{self, World};
use crate::Orchestrator;
use crate::blob::ObjectBlobStore;
use crate::changes::Record;
use crate::clock::{Clock as _, ManualClock, Timestamp};
use crate::command::schedule::{CreateSchedule, ScheduleSettings};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    Deployment, Execution, Firing, Origin, PackageVersion, Role, RunResult, RunStatus, Schedule,
};
use crate::package::manifest::Manifest;
use crate::permission::{Actor, Principal};
use crate::query::{ExecutionFilter, FiringFilter, PageRequest};
use crate::schedule::OverlapPolicy;
use crate::service::Scheduler;
use crate::store::{ClaimRequest, Store};
use crate::vault::Vault;

/// Servers on one database, a clock for all of them, and a person.
pub(super) struct Servers {
    pub(super) world: World,
    pub(super) clock: ManualClock,
    pub(super) servers: Vec<Orchestrator>,
    pub(super) admin: Actor,
    _keys: tempfile::TempDir,
}

impl Servers {
    pub(super) async fn new<F: StoreFixture>(fixture: &F, count: usize) -> Self {
        let world = World::new(fixture.store()).await;
        deploy_plain(&world).await;
        let keys = tempfile::tempdir().unwrap();
        // A whole minute, so that cases know when something is due.
        let start = sample::instant().with_second(0).and_then(|start| start.with_nanosecond(0)).unwrap();
        let clock = ManualClock::new(start);
        let mut servers = Vec::new();
        for index in 0..count {
            let store: Arc<dyn Store> = if index == 0 { fixture.store() } else { fixture.peer().await };
            let vault = Vault::open_or_create(&keys.path().join("vault.key")).unwrap();
            let server = Orchestrator::builder(store, Arc::new(ObjectBlobStore::memory()), vault);
            servers.push(server.clock(Arc::new(clock.clone())).build().await.unwrap());
        }
        let principal = Principal::User {
            id: world.user.id,
            name: world.user.username.clone(),
            roles: vec![Role::Administrator],
            session: None,
        };
        Self { world, clock, servers, admin: Actor::of(principal), _keys: keys }
    }

    pub(super) fn settings(&self, expression: &str) -> ScheduleSettings {
        let settings = ScheduleSettings::new("simulated", self.world.package.id, expression);
        ScheduleSettings { overlap: OverlapPolicy::Allow, ..settings }
    }

    pub(super) async fn create(&self, settings: ScheduleSettings) -> Schedule {
        self.servers[0].execute(&self.admin, CreateSchedule { settings }).await.unwrap()
    }

    /// Moves the clock, and lets every server look until none of them finds anything to do.
    pub(super) async fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
        self.look().await;
    }

    pub(super) async fn look(&self) {
        loop {
            let looks = self.servers.iter().map(|server| {
                let scheduler = Scheduler::new(server.clone());
                async move { scheduler.fire_due().await.unwrap() }
            });
            let made: usize = futures_util::future::join_all(looks).await.into_iter().sum();
            let store = &self.world.store;
            let now = self.clock.now();
            let rest = store.due_schedules(now, 1).await.unwrap().len()
                + store.queued_schedules(1).await.unwrap().len();
            if made == 0 && rest == 0 {
                return;
            }
        }
    }

    pub(super) async fn schedule(&self, schedule: &Schedule) -> Schedule {
        self.world.store.schedule(schedule.id).await.unwrap().unwrap()
    }

    pub(super) async fn firings(&self, schedule: &Schedule) -> Vec<Firing> {
        self.world.store.firings(schedule.id, FiringFilter::default(), 10_000).await.unwrap()
    }

    pub(super) async fn executions(&self, schedule: &Schedule) -> Vec<Execution> {
        let filter = ExecutionFilter { schedule_id: Some(schedule.id), ..ExecutionFilter::default() };
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.world.store.executions(&filter, PageRequest::new(after, 200)).await.unwrap();
            for row in &page.items {
                found.push(self.world.stored(row.id).await);
            }
            after = page.next;
            if after.is_none() {
                return found;
            }
        }
    }

    /// The due times that became executions, each as often as it did.
    pub(super) async fn fired(&self, schedule: &Schedule) -> Vec<Timestamp> {
        let mut due: Vec<_> = self
            .executions(schedule)
            .await
            .iter()
            .map(|execution| match execution.origin {
                Origin::Schedule { due_at, .. } => due_at,
                ref other => panic!("{other:?}"),
            })
            .collect();
        due.sort();
        due
    }

    /// Has the world's agent run what waits and end it so.
    pub(super) async fn run(&self, status: RunStatus) {
        let now = self.clock.now();
        let lease_until = now + TimeDelta::minutes(1);
        let request = ClaimRequest { now, lease_until, ..self.world.claim_request(100) };
        for execution in self.world.store.claim(request).await.unwrap() {
            let lease = execution.lease().unwrap();
            self.world.store.start(lease, self.world.agent.id, now).await.unwrap();
            self.end(&execution, status).await;
        }
    }

    pub(super) async fn end(&self, execution: &Execution, status: RunStatus) {
        let result = match status {
            RunStatus::Succeeded => sample::succeeded(),
            _ => RunResult { status, ..sample::failed() },
        };
        self.world.finish(execution.lease().unwrap(), result, self.clock.now()).await;
    }
}

/// Deploys a version that asks for no labels and is tried once.
async fn deploy_plain(world: &World) {
    let text = "[project]\nname = \"invoices\"\nversion = \"2.0.0\"\n[tool.openautomate]\nentrypoint = \"invoices:run\"\n";
    let manifest = Manifest::parse(text, None).unwrap();
    let version = sample::version(world.package.id, "2.0.0", world.user.id);
    let version = PackageVersion { manifest, ..version };
    let deployment = Deployment { version_id: version.id, ..world.deployment.clone() };
    world.insert(Record::PackageVersion(version)).await;
    world.update(Record::Deployment(deployment)).await;
}
