//! What servers on the same data tell each other.

use std::time::Duration;

use tokio::sync::broadcast::Receiver;

use crate::changes::Event;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{ExecutionState, Lease};
use crate::id::{AgentId, ArtifactId, EnvironmentId, ExecutionId, PackageId, ScheduleId, VersionId};

/// Far more than an announcement takes.
const PATIENCE: Duration = Duration::from_secs(30);

async fn next(events: &mut Receiver<Event>) -> Event {
    let heard = tokio::time::timeout(PATIENCE, events.recv()).await;
    heard.expect("an announcement is heard").expect("the store hears on")
}

fn pending() -> Event {
    Event::ExecutionPending { execution_id: ExecutionId::new() }
}

/// Every event that concerns peers arrives, in order. A store without peers says so at both ends.
pub async fn hears_what_others_announce<F: StoreFixture>(fixture: F) {
    let (store, peer) = (fixture.store(), fixture.peer().await);
    let Some(mut events) = peer.peer_events().await.unwrap() else {
        assert!(store.peer_events().await.unwrap().is_none());
        return;
    };
    let (execution_id, agent_id) = (ExecutionId::new(), AgentId::new());
    let lease = Lease { execution: execution_id, epoch: 7 };
    let mut told = vec![
        Event::ExecutionChanged { execution_id, state: ExecutionState::Running },
        Event::CancelRequested { lease, agent_id },
        Event::LogAppended { lease, stored_seq: u64::from(u32::MAX) },
        Event::LogCompleted { lease },
        Event::ArtifactKept { execution_id, artifact_id: ArtifactId::new() },
        Event::ExecutionsWoken,
        Event::AgentChanged { agent_id },
        Event::AgentConnected { agent_id },
        Event::PackageChanged { package_id: PackageId::new() },
        Event::VersionDeployed { version_id: VersionId::new(), environment_id: EnvironmentId::new() },
        Event::ScheduleChanged { schedule_id: ScheduleId::new() },
    ];
    told.extend((0..300).map(|_| pending()));
    assert!(told.iter().all(Event::concerns_peers));
    for event in &told {
        store.announce(event);
    }
    for event in told {
        assert_eq!(next(&mut events).await, event);
    }
}

/// What a server announces comes to the others, not back to it.
pub async fn does_not_hear_itself<F: StoreFixture>(fixture: F) {
    let (store, peer) = (fixture.store(), fixture.peer().await);
    let Some(mut events) = store.peer_events().await.unwrap() else { return };
    let mut at_peer = peer.peer_events().await.unwrap().expect("both have peers or none");
    let (own, others) = (pending(), pending());
    store.announce(&own);
    assert_eq!(next(&mut at_peer).await, own);
    // It would have been heard before what is announced now.
    peer.announce(&others);
    assert_eq!(next(&mut events).await, others);
}
