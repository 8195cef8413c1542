//! Executions a second from request to acknowledged end, with runs that do nothing: orchestrator, a store with
//! every commit on the disk, the real agent over the in-process transport. Beside it the floor: single-row
//! commits a second of the same store. On SQLite, and on PostgreSQL if a server answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use openautomate_agent::Agent;
use openautomate_benches::{Database, Home, StoreBench};
use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::changes::Event;
use openautomate_core::command::agent::RegisterAgent;
use openautomate_core::command::execution::EnqueueExecution;
use openautomate_core::command::identity::CreateFirstAdministrator;
use openautomate_core::command::package::{CreatePackage, PublishVersion};
use openautomate_core::domain::{Role, RunResult};
use openautomate_core::id::PackageId;
use openautomate_core::package::archive::pack;
use openautomate_core::permission::{Actor, Principal};
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::runner::{Job, RunControl, Runner};
use openautomate_core::secret::Secret;
use openautomate_core::transport::in_process::InProcessTransport;
use openautomate_core::vault::Vault;
use openautomate_store::StoreOptions;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

const EXECUTIONS: usize = 1_000;
const AGENTS: usize = 4;
const SLOTS: u32 = 16;
const REQUESTERS: usize = 32;

#[derive(Debug)]
struct DoesNothing;

#[async_trait]
impl Runner for DoesNothing {
    fn runtime(&self) -> &'static str {
        "python"
    }

    async fn run(&self, _: Job, _: RunControl) -> RunResult {
        RunResult::succeeded(serde_json::Map::new())
    }
}

struct Place {
    orchestrator: Orchestrator,
    admin: Actor,
    package: PackageId,
    // Dropped last: it removes the store.
    _home: Home,
}

impl Place {
    async fn new(database: Database) -> openautomate_core::Result<Self> {
        let home = Home::new(database);
        let folder = home.folder();
        let store = openautomate_store::connect(&home.address(), StoreOptions::default()).await?;
        let vault = Vault::open_or_create(&folder.join("vault.key"))?;
        let orchestrator =
            Orchestrator::builder(store, Arc::new(ObjectBlobStore::memory()), vault).build().await?;
        let first = CreateFirstAdministrator {
            username: "ada".into(),
            email: "ada@example.org".into(),
            password: Secret::new("correct horse battery".to_owned()),
        };
        orchestrator.execute(&Actor::system(), first).await?;
        let user = orchestrator.store().user_by_login("ada").await?;
        let user = user.unwrap_or_else(|| panic!("the administrator was made above"));
        let roles = vec![Role::Administrator];
        let admin = Actor::of(Principal::User { id: user.id, name: user.username, roles, session: None });
        let create = CreatePackage { name: "nothing".into(), description: String::new() };
        let package = orchestrator.execute(&admin, create).await?.id;
        let source = folder.join("package");
        let manifest = "[project]\nname = \"nothing\"\nversion = \"1.0.0\"\n";
        std::fs::create_dir(&source)
            .and_then(|()| std::fs::write(source.join("pyproject.toml"), manifest))
            .and_then(|()| std::fs::write(source.join("main.py"), "pass\n"))
            .unwrap_or_else(|error| panic!("no package: {error}"));
        let publish = PublishVersion::new(package, pack(&source)?.into());
        orchestrator.execute(&admin, publish).await?;
        orchestrator.start();
        for number in 0..AGENTS {
            let register = RegisterAgent {
                name: format!("agent {number}"),
                machine_name: "machine".into(),
                ip_address: String::new(),
                environment_id: None,
                labels: Vec::new(),
            };
            let agent = orchestrator.execute(&admin, register).await?;
            let transport = InProcessTransport::new(orchestrator.clone(), agent.id);
            let agent = Agent::builder(Arc::new(transport), folder.join(format!("agent-{number}")))
                .slots(SLOTS)
                .runners(RunnerRegistry::new().with(Arc::new(DoesNothing)))
                .build()
                .unwrap_or_else(|error| panic!("no agent: {error}"));
            tokio::spawn(async move { agent.run(CancellationToken::new()).await });
        }
        Ok(Self { orchestrator, admin, package, _home: home })
    }

    /// From the first request to the last end.
    async fn round(&self) -> Duration {
        let mut events = self.orchestrator.subscribe();
        let ended = tokio::spawn(async move {
            let mut left = EXECUTIONS;
            while left > 0 {
                match events.recv().await {
                    Ok(Event::ExecutionChanged { state, .. }) if state.is_terminal() => left -= 1,
                    Ok(_) => {}
                    Err(error) => panic!("events were missed: {error}"),
                }
            }
        });
        let began = Instant::now();
        let requesters: Vec<_> = (0..REQUESTERS)
            .map(|number| {
                let (orchestrator, admin, package) =
                    (self.orchestrator.clone(), self.admin.clone(), self.package);
                let share = EXECUTIONS / REQUESTERS + usize::from(number < EXECUTIONS % REQUESTERS);
                tokio::spawn(async move {
                    for _ in 0..share {
                        let made = orchestrator.execute(&admin, EnqueueExecution::new(package)).await;
                        made.unwrap_or_else(|error| panic!("not enqueued: {error}"));
                    }
                })
            })
            .collect();
        for task in requesters.into_iter().chain([ended]) {
            task.await.unwrap_or_else(|error| panic!("a task ended early: {error}"));
        }
        began.elapsed()
    }
}

fn executions(criterion: &mut Criterion) {
    for database in Database::all() {
        let runtime = Runtime::new().unwrap_or_else(|error| panic!("no runtime: {error}"));
        let place = runtime.block_on(Place::new(database));
        let place = place.unwrap_or_else(|error| panic!("no place: {error}"));
        let floor = runtime.block_on(StoreBench::on(database));
        let mut group = criterion.benchmark_group(format!("{}/end to end", database.name()));
        group.sample_size(10).throughput(Throughput::Elements(EXECUTIONS as u64));
        group.bench_function("floor: single-row commits", |bencher| {
            bencher.iter(|| runtime.block_on(floor.enqueue(EXECUTIONS, 1, REQUESTERS)));
        });
        group.bench_function("executions", |bencher| {
            bencher.iter_custom(|rounds| (0..rounds).map(|_| runtime.block_on(place.round())).sum());
        });
        runtime.block_on(place.orchestrator.shutdown());
    }
}

criterion_group!(benches, executions);
criterion_main!(benches);
