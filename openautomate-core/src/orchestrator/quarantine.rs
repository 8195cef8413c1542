//! An agent's key that is alive on two hosts: found at a hello, and both are shut out.

use super::Orchestrator;
use crate::command::agent::QuarantineAgent;
use crate::domain::{Agent, AgentHost};
use crate::error::{Error, ErrorKind, Result};
use crate::permission::Actor;

const MAX_TEXT: usize = 200;

impl Orchestrator {
    /// Shuts an agent out, on every server, if its key is alive on another host too: neither is known to be the right
    /// one.
    pub(super) async fn refuse_twin(&self, agent: &Agent, host: &AgentHost) -> Result<()> {
        let Some(twin) = agent.twin(host) else { return Ok(()) };
        let command = QuarantineAgent { id: agent.id, hosts: vec![twin.clone(), host.clone()] };
        self.execute(&Actor::system(), command).await?;
        tracing::warn!(
            agent = %agent.id,
            one = %twin.name,
            other = %host.name,
            "the key of an agent is alive on two hosts; both are refused until somebody decides"
        );
        self.connections().end(agent.id);
        Err(quarantined())
    }
}

/// Refuses a hello that names other hosts than its own, or a long one.
pub(super) fn check_hosts(hosts: &[AgentHost]) -> Result<()> {
    let mut texts =
        hosts.iter().flat_map(|host| [&host.instance, &host.machine, &host.boot, &host.name, &host.address]);
    if hosts.len() > 1 || texts.any(|text| text.len() > MAX_TEXT) {
        let why = "the hello names more than the agent's own host, or a name of it is too long";
        return Err(Error::invalid("agent.hello", why));
    }
    Ok(())
}

/// What an agent in quarantine hears.
pub(super) fn quarantined() -> Error {
    let message = "the key of this agent is alive on two hosts, so both are refused: stop one of them and enrol it \
                   as an agent of its own, then somebody who manages agents can release this one";
    Error::new(ErrorKind::Forbidden, "agent.quarantined", message)
}
