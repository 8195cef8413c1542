//! Agents: the machines that run automations.

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::domain::MaintenanceWindow;
use crate::id::{AgentId, EnrolmentTokenId, EnvironmentId, PoolId, UserId};

/// What an agent may do, as an operator set it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum AgentStatus {
    /// Takes work when it is connected.
    Active,
    /// Finishes what it has and takes nothing new.
    Draining,
    /// May not connect.
    Disabled,
}

/// What an agent tells of its machine when it connects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentFacts {
    /// The version of the agent program.
    #[serde(default)]
    pub agent_version: String,
    /// `linux` or `windows`, as in `std::env::consts::OS`.
    #[serde(default)]
    pub os: String,
    /// As in `std::env::consts::ARCH`.
    #[serde(default)]
    pub arch: String,
    /// The Python versions found, as in `3.12.1`.
    #[serde(default)]
    pub python_versions: Vec<String>,
    /// How many processors it has.
    #[serde(default)]
    pub cpus: u32,
    /// Its memory in bytes; 0 if it does not tell.
    #[serde(default)]
    pub memory_bytes: u64,
    /// The disk that its data lies on, in bytes; 0 if it does not tell.
    #[serde(default)]
    pub disk_bytes: u64,
    /// Whether it takes releases from its server: it trusts a release key, and something restarts it.
    #[serde(default)]
    pub is_updatable: bool,
    /// Where its process runs: an agent tells of itself alone. The server keeps those of the connections before behind
    /// it, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<AgentHost>,
}

/// How many processes are remembered that connected as one agent.
const MAX_HOSTS: usize = 4;

/// A process that connects as an agent, and where it runs. It proves nothing: whoever has the agent's key may say what
/// it likes. It tells apart what a copy of a machine has in common with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgentHost {
    /// Random, made when the process starts: each start has another.
    pub instance: String,
    /// A hash of the machine's id; empty if there is none.
    #[serde(default)]
    pub machine: String,
    /// The system's id of its start; empty if there is none.
    #[serde(default)]
    pub boot: String,
    /// The host name.
    #[serde(default)]
    pub name: String,
    /// The machine's address, as it tells it; may be empty.
    #[serde(default)]
    pub address: String,
    /// When it connected last, as the server saw it.
    #[serde(default)]
    pub seen_at: Option<Timestamp>,
}

impl AgentHost {
    /// Whether another process runs on the same host, in the same system.
    #[must_use]
    pub fn is_same_host(&self, other: &Self) -> bool {
        (&self.machine, &self.boot, &self.name) == (&other.machine, &other.boot, &other.name)
    }
}

/// That one key was alive on two hosts at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Quarantine {
    /// Since when.
    pub since: Timestamp,
    /// The two.
    pub hosts: Vec<AgentHost>,
    /// When somebody let the next one in.
    #[serde(default)]
    pub released_at: Option<Timestamp>,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// The id.
    pub id: AgentId,
    /// The name, unique without regard to case among those not deleted.
    pub name: String,
    /// The machine's host name.
    pub machine_name: String,
    /// The machine's address, as it was registered.
    pub ip_address: String,
    /// What it may do.
    pub status: AgentStatus,
    /// Where it works.
    pub environment_id: EnvironmentId,
    /// Who registered it, or made the token that enrolled it.
    pub owner_id: UserId,
    /// What it can do; executions may require labels. Sorted, without repetition.
    pub labels: Vec<String>,
    /// The pools that it is in. Sorted, without repetition.
    #[serde(default)]
    pub pool_ids: Vec<PoolId>,
    /// Until when a draining agent takes nothing new; `None` until somebody makes it active.
    #[serde(default)]
    pub drain_until: Option<Timestamp>,
    /// When it takes nothing new.
    #[serde(default)]
    pub maintenance_windows: Vec<MaintenanceWindow>,
    /// How many executions it runs at once, as it last told.
    pub slots: u32,
    /// Its Ed25519 public key; `None` until it is enrolled.
    pub public_key: Option<[u8; 32]>,
    /// Set when its key was seen alive on two hosts at once.
    #[serde(default)]
    pub quarantine: Option<Quarantine>,
    /// What it told of its machine.
    pub facts: AgentFacts,
    /// When it was registered.
    pub registered_at: Timestamp,
    /// When it was last heard of; written at most every few seconds.
    pub last_heartbeat: Timestamp,
    /// When it was deleted; the row stays, since executions name it.
    pub deleted_at: Option<Timestamp>,
    /// Raised with each change that a command makes (not with heartbeats).
    pub revision: i64,
}

impl Agent {
    /// Whether it may not connect until somebody has decided which of two hosts is the right one.
    #[must_use]
    pub fn is_quarantined(&self) -> bool {
        self.quarantine.as_ref().is_some_and(|quarantine| quarantine.released_at.is_none())
    }

    /// The other host on which its key is alive, now that `host` connects; `None` if nothing shows that there is one.
    ///
    /// A process that connects again after another one did was alive all the while. If the two ran on one host, that is
    /// no copy of a machine. A process that never comes back (it was restarted, its machine was replaced) is no sign of
    /// anything, however long its connection stays open.
    #[must_use]
    pub fn twin(&self, host: &AgentHost) -> Option<&AgentHost> {
        let released_at = self.quarantine.as_ref().and_then(|quarantine| quarantine.released_at);
        let mut seen = self.facts.hosts.iter().take_while(|seen| seen.seen_at > released_at);
        let last = seen.next().filter(|last| last.instance != host.instance)?;
        let came_back = seen.any(|seen| seen.instance == host.instance);
        (came_back && !last.is_same_host(host)).then_some(last)
    }

    /// The processes that connected as this agent, with this one as the newest.
    #[must_use]
    pub fn hosts_with(&self, host: &AgentHost) -> Vec<AgentHost> {
        let others = self.facts.hosts.iter().filter(|seen| seen.instance != host.instance);
        std::iter::once(host).chain(others).take(MAX_HOSTS).cloned().collect()
    }
}

/// A token that enrols one agent, once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentToken {
    /// The id.
    pub id: EnrolmentTokenId,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// The registered agent that it is for; `None` makes a new one.
    pub agent_id: Option<AgentId>,
    /// The environment of a new agent.
    pub environment_id: EnvironmentId,
    /// The labels of a new agent.
    pub labels: Vec<String>,
    /// Who made it.
    pub created_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// After this instant it is no good.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
    /// Raised with each change.
    pub revision: i64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conformance::store::sample;

    fn at(second: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(second, 0).unwrap()
    }

    fn host(instance: &str, machine: &str, boot: &str, name: &str) -> AgentHost {
        let text = ToString::to_string;
        let (instance, machine, boot, name) = (text(instance), text(machine), text(boot), text(name));
        AgentHost { instance, machine, boot, name, ..AgentHost::default() }
    }

    /// Connects one after the other, a second apart; gives whom the last one is found to be a twin of.
    fn twin_of_last(agent: &mut Agent, came: &[&AgentHost]) -> Option<String> {
        let mut found = None;
        for (second, host) in came.iter().enumerate() {
            found = agent.twin(host).map(|twin| twin.name.clone());
            let seen = AgentHost { seen_at: Some(at(second as i64 + 1)), ..(*host).clone() };
            agent.facts.hosts = agent.hosts_with(&seen);
        }
        found
    }

    fn agent() -> Agent {
        sample::agent("bot", EnvironmentId::new(), UserId::new())
    }

    #[test]
    fn who_comes_back_after_another_host_is_a_twin() {
        let (a, b) = (host("1", "m1", "b1", "pc-1"), host("2", "m2", "b2", "pc-2"));
        assert_eq!(twin_of_last(&mut agent(), &[&a, &b, &a]).as_deref(), Some("pc-2"));
        assert_eq!(twin_of_last(&mut agent(), &[&a, &a, &b, &b, &a]).as_deref(), Some("pc-2"));
        // Copies of a machine with its id: the start of the system differs, or the name.
        let copy = host("2", "m1", "b2", "pc-1");
        assert!(twin_of_last(&mut agent(), &[&a, &copy, &a]).is_some());
        let container = host("2", "m1", "b1", "pc-2");
        assert!(twin_of_last(&mut agent(), &[&a, &container, &a]).is_some());
    }

    #[test]
    fn restarts_and_moves_are_no_twins() {
        let a = host("1", "m1", "b1", "pc-1");
        for came in [
            // A reconnect after a cut; restarts of the program; of the machine; a new machine for the old one.
            &[&a, &a, &a][..],
            &[&a, &host("2", "m1", "b1", "pc-1"), &host("3", "m1", "b1", "pc-1")],
            &[&a, &host("2", "m1", "b2", "pc-1"), &host("3", "m1", "b3", "pc-1")],
            &[&a, &host("2", "m2", "b2", "pc-2"), &host("3", "m2", "b2", "pc-2")],
            // There and back again, by new processes.
            &[&a, &host("2", "m2", "b2", "pc-2"), &host("3", "m1", "b1", "pc-1")],
            // Two processes on one host: no copy of a machine.
            &[&a, &host("2", "m1", "b1", "pc-1"), &a],
        ] {
            assert_eq!(twin_of_last(&mut agent(), came), None, "{came:?}");
        }
    }

    #[test]
    fn a_release_lets_the_next_one_in_and_the_other_is_found_again() {
        let (a, b) = (host("1", "m1", "b1", "pc-1"), host("2", "m2", "b2", "pc-2"));
        let mut agent = agent();
        assert!(twin_of_last(&mut agent, &[&a, &b]).is_none() && agent.twin(&a).is_some());
        agent.quarantine = Some(Quarantine { since: at(3), hosts: Vec::new(), released_at: None });
        assert!(agent.is_quarantined());
        agent.quarantine = Some(Quarantine { since: at(3), hosts: Vec::new(), released_at: Some(at(4)) });
        assert!(!agent.is_quarantined() && agent.twin(&a).is_none() && agent.twin(&b).is_none());
        for (host, second) in [(&a, 5), (&b, 6)] {
            assert!(agent.twin(host).is_none());
            agent.facts.hosts = agent.hosts_with(&AgentHost { seen_at: Some(at(second)), ..host.clone() });
        }
        assert!(agent.twin(&a).is_some());
    }
}
