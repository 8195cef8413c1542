//! Every field of agents, their pools and their tokens is read as it was written.

use super::round_trip::ODD;
use super::sample::{self, World, at, hash};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    Agent, AgentFacts, AgentHost, AgentPool, AgentStatus, EnrolmentToken, MaintenanceWindow, Quarantine,
};
use crate::id::{EnrolmentTokenId, PoolId};

fn windows() -> Vec<MaintenanceWindow> {
    vec![
        MaintenanceWindow::Once { starts_at: at(1), ends_at: at(2) },
        MaintenanceWindow::Recurring {
            cron_expression: "0 2 * * SUN".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            duration_ms: 3_600_000,
        },
    ]
}

/// Pools of agents.
pub async fn agent_pools<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let pool = AgentPool { name: ODD.to_owned(), ..sample::pool("fast", world.environment.id) };
    world.insert(Record::AgentPool(pool.clone())).await;
    assert_eq!(world.store.agent_pool(pool.id).await.unwrap(), Some(pool.clone()));
    let changed =
        AgentPool { name: "slow".to_owned(), description: ODD.to_owned(), deleted_at: Some(at(9)), ..pool };
    world.update(Record::AgentPool(changed.clone())).await;
    let expected = AgentPool { revision: 1, ..changed };
    assert_eq!(world.store.agent_pool(expected.id).await.unwrap(), Some(expected));
}

fn agent_host() -> AgentHost {
    AgentHost { instance: "i".to_owned(), name: ODD.to_owned(), seen_at: Some(at(2)), ..AgentHost::default() }
}

/// Agents.
pub async fn agents<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = Agent { slots: 0, ..sample::agent("empty", world.environment.id, world.user.id) };
    let full = Agent {
        name: ODD.to_owned(),
        ip_address: "2001:db8::1".to_owned(),
        status: AgentStatus::Draining,
        labels: vec!["excel".to_owned(), "os=linux".to_owned()],
        pool_ids: vec![PoolId::new(), PoolId::new()],
        drain_until: Some(at(60)),
        maintenance_windows: windows(),
        slots: u32::MAX,
        public_key: Some(hash()),
        facts: AgentFacts {
            agent_version: "1.0.0".to_owned(),
            os: "windows".to_owned(),
            arch: "x86_64".to_owned(),
            python_versions: vec!["3.13.0".to_owned()],
            cpus: 64,
            memory_bytes: u64::MAX,
            disk_bytes: 1,
            is_updatable: true,
            hosts: vec![agent_host()],
        },
        quarantine: Some(Quarantine { since: at(3), hosts: vec![agent_host()], released_at: None }),
        last_heartbeat: at(4),
        deleted_at: Some(at(5)),
        revision: 3,
        ..sample::agent("full", world.environment.id, world.user.id)
    };
    for agent in [empty, full] {
        world.insert(Record::Agent(agent.clone())).await;
        assert_eq!(world.store.agent(agent.id).await.unwrap(), Some(agent.clone()));
        let changed = Agent {
            name: format!("{} changed", agent.name),
            machine_name: "other".to_owned(),
            ip_address: "198.51.100.1".to_owned(),
            status: AgentStatus::Disabled,
            labels: vec!["sap".to_owned()],
            pool_ids: vec![PoolId::new()],
            drain_until: agent.drain_until.is_none().then(|| at(7)),
            maintenance_windows: windows()[..1].to_vec(),
            public_key: agent.public_key.is_none().then(hash),
            quarantine: agent.quarantine.is_none().then(|| Quarantine {
                since: at(3),
                hosts: vec![agent_host(), AgentHost::default()],
                released_at: Some(at(8)),
            }),
            deleted_at: agent.deleted_at.is_none().then(|| at(9)),
            ..agent
        };
        world.update(Record::Agent(changed.clone())).await;
        let expected = Agent { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.agent(expected.id).await.unwrap(), Some(expected));
    }
}

/// Enrolment tokens.
pub async fn enrolment_tokens<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = EnrolmentToken { labels: vec![], ..world.enrolment_token() };
    let full = EnrolmentToken {
        id: EnrolmentTokenId::new(),
        agent_id: Some(world.agent.id),
        used_at: Some(at(5)),
        ..world.enrolment_token()
    };
    for token in [empty, full] {
        world.insert(Record::EnrolmentToken(token.clone())).await;
        let by_hash = async || world.store.enrolment_token(&token.token_hash).await.unwrap();
        assert_eq!(by_hash().await, Some(token.clone()));
        let changed = EnrolmentToken { used_at: Some(at(7)), ..token.clone() };
        world.update(Record::EnrolmentToken(changed.clone())).await;
        assert_eq!(by_hash().await, Some(EnrolmentToken { revision: 1, ..changed }));
    }
}
