//! The programs of releases, for agents that shall run them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::TransportFixture;
use super::file::all;
use super::peer::Peer;
use super::world::{World, noise};
use crate::command::agent_release::CreateAgentRelease;
use crate::command::agent_rollout::{CancelAgentRollout, StartAgentRollout};
use crate::domain::RolloutTarget;
use crate::error::ErrorKind;
use crate::id::AgentRolloutId;
use crate::package::signature::PackageSigner;
use crate::release::{MANIFEST_FORMAT, ReleaseFile, ReleaseManifest, SignedManifest};
use crate::transport::Transport;

const TARGET: &str = "x86_64-unknown-linux-gnu";

impl<F: TransportFixture> World<F> {
    /// Begins to bring a release with this program to the agents that came before.
    async fn roll_out(&self, agent: &Peer, program: Vec<u8>) -> AgentRolloutId {
        drop(agent.connect().await);
        // One that is there would be told, and says that it takes none.
        self.connected(agent.id, false).await;
        let file = self.upload(program).await;
        let program = ReleaseFile { name: "agent".into(), size: file.size, sha256: file.sha256.clone() };
        let manifest = ReleaseManifest {
            format: MANIFEST_FORMAT,
            version: "99.0.0".into(),
            min_protocol: 1,
            allow_downgrade: false,
            targets: BTreeMap::from([(TARGET.into(), program)]),
        };
        let signed = SignedManifest::sign(&manifest, &PackageSigner::generate().unwrap()).unwrap();
        let files = BTreeMap::from([(TARGET.to_owned(), file.id)]);
        let release =
            self.orchestrator.execute(&self.admin, CreateAgentRelease { signed, files }).await.unwrap();
        let start = StartAgentRollout {
            release_id: release.id,
            target: RolloutTarget::All,
            stages: Vec::new(),
            soak: Duration::ZERO,
            deadline: Duration::from_secs(60),
            in_windows: false,
        };
        self.orchestrator.execute(&self.admin, start).await.unwrap().id
    }
}

/// The program comes byte for byte, as often as it is asked for.
pub async fn whole<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let program = noise(3_000_001);
    let rollout = world.roll_out(&agent, program.clone()).await;
    for _ in 0..2 {
        let read = agent.transport.fetch_program(rollout, TARGET, 0).await.unwrap();
        assert!(all(read).await == program);
    }
}

/// What was fetched already is not fetched again; from the end on there is nothing, and beyond it is no place.
pub async fn from_the_middle<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let program = noise(1_000_003);
    let rollout = world.roll_out(&agent, program.clone()).await;
    for from in [1, 262_144, 1_000_002, 1_000_003] {
        let read = agent.transport.fetch_program(rollout, TARGET, from as u64).await.unwrap();
        assert!(all(read).await == program[from..], "from {from}");
    }
    let refused = agent.transport.fetch_program(rollout, TARGET, 1_000_004).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::Invalid);
}

/// There is nothing of another target, of another rollout, of one that the agent is not in, or of one that is over
/// for it.
pub async fn nothing<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let rollout = world.roll_out(&agent, noise(1_000)).await;
    let late = world.agent("late").await;
    let kind = async |transport: &Arc<dyn Transport>, rollout, target| {
        transport.fetch_program(rollout, target, 0).await.err().unwrap().kind()
    };
    assert_eq!(kind(&agent.transport, rollout, "riscv64gc-unknown-linux-gnu").await, ErrorKind::NotFound);
    assert_eq!(kind(&agent.transport, rollout, "../x").await, ErrorKind::NotFound);
    assert_eq!(kind(&agent.transport, AgentRolloutId::new(), TARGET).await, ErrorKind::NotFound);
    assert_eq!(kind(&late.transport, rollout, TARGET).await, ErrorKind::NotFound);
    world.orchestrator.execute(&world.admin, CancelAgentRollout { id: rollout }).await.unwrap();
    // It may end what it has begun, and has not.
    let read = agent.transport.fetch_program(rollout, TARGET, 0).await.unwrap();
    assert!(all(read).await == noise(1_000));
}
