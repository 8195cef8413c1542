//! Two servers on the same data that hear each other by way of NATS alone: their store carries no announcements, and
//! their clock stands still, so that no slow poll finds anything.

use std::sync::Arc;

use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::changes::Event;
use openautomate_core::clock::{Clock as _, ManualClock, SystemClock};
use openautomate_core::command::agent::RegisterAgent;
use openautomate_core::command::execution::{CancelExecution, EnqueueExecution};
use openautomate_core::command::identity::CreateFirstAdministrator;
use openautomate_core::command::package::{CreatePackage, PublishVersion};
use openautomate_core::domain::{AgentFacts, Execution, Role};
use openautomate_core::package::archive::pack;
use openautomate_core::permission::{Actor, Principal};
use openautomate_core::secret::Secret;
use openautomate_core::store::PeerStore as _;
use openautomate_core::store::memory::MemoryStore;
use openautomate_core::transport::in_process::InProcessTransport;
use openautomate_core::transport::nats::{NatsPeers, NatsSettings};
use openautomate_core::transport::{
    AgentLink, AgentMessage, Hello, PROTOCOL_VERSION, ServerMessage, Transport as _,
};
use openautomate_core::vault::Vault;
use tokio::sync::broadcast::Receiver;
use tokio::time::timeout;

use super::nats::PATIENCE;
use super::nats_server::NatsServer;

/// What servers share.
struct Site {
    nats: NatsServer,
    store: MemoryStore,
    vault: Vault,
    clock: ManualClock,
    folder: tempfile::TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open_or_create(&folder.path().join("vault.key")).unwrap();
        let clock = ManualClock::new(SystemClock.now());
        Self { nats: NatsServer::start(), store: MemoryStore::new(), vault, clock, folder }
    }

    /// A server, and what is heard there.
    async fn server(&self) -> (Orchestrator, Receiver<Event>) {
        let peers = NatsPeers::start(NatsSettings::new(self.nats.url()), self.vault.peer_key()).unwrap();
        let mut reached = peers.peer_events().await.unwrap().unwrap();
        let blobs = ObjectBlobStore::local(self.folder.path().join("blobs")).unwrap();
        let orchestrator =
            Orchestrator::builder(Arc::new(self.store.clone()), Arc::new(blobs), self.vault.clone())
                .clock(Arc::new(self.clock.clone()))
                .peer_line(peers)
                .build()
                .await
                .unwrap();
        let mut events = orchestrator.subscribe();
        orchestrator.start();
        // The line is there, and the server listens to it.
        missed(&mut reached).await;
        missed(&mut events).await;
        (orchestrator, events)
    }
}

async fn missed(events: &mut Receiver<Event>) {
    let missed = async { while events.recv().await.unwrap() != Event::EventsMissed {} };
    timeout(PATIENCE, missed).await.expect("it is told that something may have been missed");
}

async fn next(link: &mut AgentLink) -> ServerMessage {
    loop {
        match timeout(PATIENCE, link.receiver.recv()).await.expect("a message comes") {
            Some(ServerMessage::Prepare(_)) => {}
            other => return other.expect("the connection holds"),
        }
    }
}

async fn administrator(orchestrator: &Orchestrator) -> Actor {
    let first = CreateFirstAdministrator {
        username: "ada".into(),
        email: "ada@example.org".into(),
        password: Secret::new("correct horse battery".to_owned()),
    };
    orchestrator.execute(&Actor::system(), first).await.unwrap();
    let user = orchestrator.store().user_by_login("ada").await.unwrap().unwrap();
    let roles = vec![Role::Administrator];
    Actor::of(Principal::User { id: user.id, name: user.username, roles, session: None })
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_wake_each_other_and_believe_nobody_else() {
    let site = Site::new();
    let ((here, _), (there, mut heard)) = (site.server().await, site.server().await);
    let admin = administrator(&here).await;
    let create = CreatePackage { name: "job".into(), description: String::new() };
    let package = here.execute(&admin, create).await.unwrap();
    let source = site.folder.path().join("job");
    std::fs::create_dir(&source).unwrap();
    let manifest =
        "[project]\nname = \"job\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main:run\"\n";
    std::fs::write(source.join("pyproject.toml"), manifest).unwrap();
    std::fs::write(source.join("main.py"), "def run():\n    pass\n").unwrap();
    let archive = pack(&source).unwrap();
    here.execute(&admin, PublishVersion::new(package.id, archive.into())).await.unwrap();
    let register = RegisterAgent {
        name: "bot".into(),
        machine_name: "machine".into(),
        ip_address: String::new(),
        environment_id: None,
        labels: Vec::new(),
    };
    let agent = here.execute(&admin, register).await.unwrap();

    let mut link = InProcessTransport::new(there.clone(), agent.id).connect().await.unwrap();
    let facts = AgentFacts::default();
    let hello = Hello { protocol: PROTOCOL_VERSION, facts, slots: 9, leases: Vec::new(), sealing: None };
    link.sender.send(AgentMessage::Hello(hello)).await.unwrap();
    assert!(matches!(next(&mut link).await, ServerMessage::Welcome(_)));
    link.sender.send(AgentMessage::Ready { free: 9, ahead: 0, received: 0 }).await.unwrap();
    let enqueue =
        async || -> Execution { here.execute(&admin, EnqueueExecution::new(package.id)).await.unwrap() };

    // What is asked for here is given away there, and a cancel goes the same way.
    let execution = enqueue().await;
    let lease = match next(&mut link).await {
        ServerMessage::Assign(assignment) => assignment.lease,
        other => panic!("{other:?}"),
    };
    assert_eq!(lease.execution, execution.id);
    here.execute(&admin, CancelExecution { id: execution.id }).await.unwrap();
    assert!(matches!(next(&mut link).await, ServerMessage::Cancel { lease: told } if told == lease));

    // Somebody else on the NATS would end the agent's connection, or have the server look all the time.
    let stranger = async_nats::connect(site.nats.url()).await.unwrap();
    let mut overheard = stranger.subscribe("openautomate.peers").await.unwrap();
    stranger.flush().await.unwrap();
    let second = enqueue().await;
    assert!(matches!(next(&mut link).await, ServerMessage::Assign(_)));
    let sealed = {
        use futures_util::StreamExt as _;
        timeout(PATIENCE, overheard.next()).await.unwrap().unwrap().payload
    };
    let id = second.id.to_string();
    assert!(!sealed.windows(id.len()).any(|window| window == id.as_bytes()), "nobody else reads it");
    let forged = serde_json::to_vec(&Event::AgentConnected { agent_id: agent.id }).unwrap();
    for _ in 0..100 {
        stranger.publish("openautomate.peers", forged.clone().into()).await.unwrap();
        stranger.publish("openautomate.peers", sealed.clone()).await.unwrap();
    }
    stranger.flush().await.unwrap();
    enqueue().await;
    assert!(matches!(next(&mut link).await, ServerMessage::Assign(_)), "the connection holds");

    // A NATS that is killed comes back, and those who waited are told to look.
    while heard.try_recv().is_ok() {}
    site.nats.restart();
    missed(&mut heard).await;
    enqueue().await;
    assert!(matches!(next(&mut link).await, ServerMessage::Assign(_)));
    for server in [here, there] {
        server.shutdown().await;
    }
}
