//! Two servers on one schema: what one is asked for, the agent of the other does.
//!
//! Their clock stands still, so no slow poll helps: whatever happens does so because one told the other.

use std::sync::Arc;
use std::time::Duration;

use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::changes::{Event, Record};
use openautomate_core::clock::{Clock as _, ManualClock, SystemClock};
use openautomate_core::command::deployment::DeployVersion;
use openautomate_core::command::execution::{CancelExecution, EnqueueExecution};
use openautomate_core::conformance::fixture::StoreFixture;
use openautomate_core::conformance::store::sample::{World, version};
use openautomate_core::domain::{
    self, AgentFacts, ExecutionState, Lease, LogChunk, LogLevel, LogLine, LogStream, Role, RunResult,
};
use openautomate_core::id::{AgentId, ExecutionId, VersionId};
use openautomate_core::permission::{Actor, Principal};
use openautomate_core::service::PeerRelay;
use openautomate_core::store::Store;
use openautomate_core::transport::in_process::InProcessTransport;
use openautomate_core::transport::{
    AgentLink, AgentMessage, Hello, PROTOCOL_VERSION, ServerMessage, Transport as _,
};
use openautomate_core::vault::Vault;
use tempfile::TempDir;

use super::fixture::PostgresFixture;

const PATIENCE: Duration = Duration::from_secs(30);

struct Servers {
    here: Orchestrator,
    there: Orchestrator,
    world: World,
    admin: Actor,
    _keys: TempDir,
    // Dropped last: it drops the schema.
    _fixture: PostgresFixture,
}

impl Servers {
    async fn start() -> Self {
        let fixture = PostgresFixture::open().await;
        let world = World::new(fixture.store()).await;
        // What the sample package asks for.
        let labels = vec!["excel".to_owned(), "linux".to_owned()];
        let labelled = domain::Agent { labels, ..world.agent.clone() };
        world.update(Record::Agent(labelled)).await;
        let keys = TempDir::new().unwrap();
        let clock = ManualClock::new(SystemClock.now());
        let here = server(fixture.store(), &clock, &keys).await;
        let there = server(fixture.peer().await, &clock, &keys).await;
        is_heard(&here, &there).await;
        is_heard(&there, &here).await;
        let admin = Actor::of(Principal::User {
            id: world.user.id,
            name: world.user.username.clone(),
            roles: vec![Role::Administrator],
            session: None,
        });
        Self { here, there, world, admin, _keys: keys, _fixture: fixture }
    }

    async fn enqueue_here(&self) -> ExecutionId {
        let command = EnqueueExecution::new(self.world.package.id);
        self.here.execute(&self.admin, command).await.unwrap().id
    }

    async fn stop(self) {
        self.here.shutdown().await;
        self.there.shutdown().await;
    }
}

async fn server(store: Arc<dyn Store>, clock: &ManualClock, keys: &TempDir) -> Orchestrator {
    let vault = Vault::open_or_create(&keys.path().join("vault.key")).unwrap();
    let server = Orchestrator::builder(store, Arc::new(ObjectBlobStore::memory()), vault)
        .clock(Arc::new(clock.clone()))
        .build()
        .await
        .unwrap();
    server.start();
    server
}

/// Waits until what one server announces reaches the other, which begins to listen a while after it was started.
async fn is_heard(from: &Orchestrator, at: &Orchestrator) {
    let mut events = at.subscribe();
    let heard = async {
        loop {
            from.store().announce(&Event::ExecutionsWoken);
            let next = tokio::time::timeout(Duration::from_millis(50), events.recv()).await;
            if matches!(next, Ok(Ok(Event::ExecutionsWoken))) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("the servers hear each other");
}

struct Agent(AgentLink);

impl Agent {
    async fn connect(server: &Orchestrator, id: AgentId) -> Self {
        let link = InProcessTransport::new(server.clone(), id).connect().await.unwrap();
        let mut agent = Self(link);
        let facts = AgentFacts::default();
        agent
            .say(AgentMessage::Hello(Hello {
                protocol: PROTOCOL_VERSION,
                facts,
                slots: 4,
                leases: Vec::new(),
                sealing: None,
            }))
            .await;
        agent.until(|message| matches!(message, ServerMessage::Welcome(_)).then_some(())).await;
        agent
    }

    async fn say(&self, message: AgentMessage) {
        self.0.sender.send(message).await.unwrap();
    }

    async fn until<T>(&mut self, pick: impl Fn(ServerMessage) -> Option<T>) -> T {
        let found = async {
            loop {
                let message = self.0.receiver.recv().await.expect("the connection holds");
                if let Some(found) = pick(message) {
                    return found;
                }
            }
        };
        tokio::time::timeout(PATIENCE, found).await.expect("the server says it")
    }

    async fn assigned(&mut self) -> Lease {
        self.until(|message| match message {
            ServerMessage::Assign(assignment) => Some(assignment.lease),
            _ => None,
        })
        .await
    }

    async fn told_to_prepare(&mut self) -> VersionId {
        self.until(|message| match message {
            ServerMessage::Prepare(preparation) => Some(preparation.version),
            _ => None,
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn work_and_cancels_reach_the_agent_of_another_server() {
    let servers = Servers::start().await;
    let mut agent = Agent::connect(&servers.there, servers.world.agent.id).await;
    agent.say(AgentMessage::Ready { free: 1, ahead: 0, received: 0 }).await;
    let id = servers.enqueue_here().await;
    let lease = agent.assigned().await;
    assert_eq!(lease.execution, id);
    agent.say(AgentMessage::Started { lease }).await;
    servers.here.execute(&servers.admin, CancelExecution { id }).await.unwrap();
    let cancelled = agent
        .until(|message| match message {
            ServerMessage::Cancel { lease } => Some(lease),
            _ => None,
        })
        .await;
    assert_eq!(cancelled, lease);
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_are_followed_from_another_server() {
    let servers = Servers::start().await;
    let mut agent = Agent::connect(&servers.there, servers.world.agent.id).await;
    agent.say(AgentMessage::Ready { free: 1, ahead: 0, received: 0 }).await;
    let id = servers.enqueue_here().await;
    let lease = agent.assigned().await;
    let mut follower = servers.here.follow_logs(id, 1, 0);
    let said = tokio::spawn(async move {
        agent.say(AgentMessage::Started { lease }).await;
        let line = LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, "hello".to_owned());
        agent
            .say(AgentMessage::Logs { chunks: vec![LogChunk { lease, first_seq: 1, lines: vec![line] }] })
            .await;
        let result = RunResult::succeeded(serde_json::Map::new());
        agent.say(AgentMessage::Finished { lease, result, final_log_seq: 1 }).await;
        agent.until(|message| matches!(message, ServerMessage::FinishAck { .. }).then_some(())).await;
    });
    let line = tokio::time::timeout(PATIENCE, follower.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(line.record.line.text, "hello");
    assert_eq!(tokio::time::timeout(PATIENCE, follower.next()).await.unwrap().unwrap(), None);
    said.await.unwrap();
    let stored = servers.here.store().execution(id).await.unwrap().unwrap();
    assert_eq!(stored.state, ExecutionState::Succeeded);
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_prepares_what_is_deployed_at_another_server() {
    let servers = Servers::start().await;
    let world = &servers.world;
    let mut agent = Agent::connect(&servers.there, world.agent.id).await;
    // What it is told as it comes is told first.
    assert_eq!(agent.told_to_prepare().await, world.version.id);
    let newer = version(world.package.id, "2.0.0", world.user.id);
    world.insert(Record::PackageVersion(newer.clone())).await;
    let environment_id = Some(world.environment.id);
    let command = DeployVersion { package_id: world.package.id, version_id: newer.id, environment_id };
    servers.here.execute(&servers.admin, command).await.unwrap();
    assert_eq!(agent.told_to_prepare().await, newer.id);
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_nobody_made_is_not_prepared() {
    let servers = Servers::start().await;
    let world = &servers.world;
    let environment_id = world.environment.id;
    let mut agent = Agent::connect(&servers.there, world.agent.id).await;
    assert_eq!(agent.told_to_prepare().await, world.version.id);
    let newer = version(world.package.id, "2.0.0", world.user.id);
    world.insert(Record::PackageVersion(newer.clone())).await;
    let relay = PeerRelay::new(servers.there.clone());
    for version_id in [newer.id, VersionId::new(), world.version.id] {
        relay.pass_on(Event::VersionDeployed { version_id, environment_id }).await;
    }
    assert_eq!(agent.told_to_prepare().await, world.version.id);
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_connects_elsewhere_is_let_go() {
    let servers = Servers::start().await;
    // Somebody must listen before the agent moves.
    let mut events = servers.there.subscribe();
    let mut first = Agent::connect(&servers.there, servers.world.agent.id).await;
    let moved = Agent::connect(&servers.here, servers.world.agent.id).await;
    let let_go = async { while first.0.receiver.recv().await.is_some() {} };
    tokio::time::timeout(PATIENCE, let_go).await.expect("the first connection is ended");
    assert!(servers.here.is_connected(servers.world.agent.id));
    assert!(events.try_recv().is_ok());
    drop(moved);
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_that_nobody_asked_for_is_not_passed_on() {
    let servers = Servers::start().await;
    let agent_id = servers.world.agent.id;
    let mut agent = Agent::connect(&servers.there, agent_id).await;
    agent.say(AgentMessage::Ready { free: 1, ahead: 0, received: 0 }).await;
    servers.enqueue_here().await;
    let lease = agent.assigned().await;
    let mut events = servers.there.subscribe();
    let relay = PeerRelay::new(servers.there.clone());
    relay.pass_on(Event::CancelRequested { lease, agent_id }).await;
    relay.pass_on(Event::ExecutionsWoken).await;
    // Nothing of a cancel stands before it.
    while let Ok(event) = events.recv().await {
        assert!(!matches!(event, Event::CancelRequested { .. }));
        if event == Event::ExecutionsWoken {
            break;
        }
    }
    servers.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_on_an_empty_schema_together_both_start() {
    let fixture = PostgresFixture::open().await;
    let keys = TempDir::new().unwrap();
    let clock = ManualClock::new(SystemClock.now());
    let peer = fixture.peer().await;
    let (here, there) = tokio::join!(server(fixture.store(), &clock, &keys), server(peer, &clock, &keys));
    assert_eq!(here.store().environments().await.unwrap().len(), 3);
    here.shutdown().await;
    there.shutdown().await;
}
