//! Shutting out an agent whose key is alive on two hosts, and letting it in again.

use async_trait::async_trait;
use serde_json::json;

use super::load;
use crate::changes::{Changes, Event, Record};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Agent, AgentHost, Quarantine};
use crate::error::{Error, Result};
use crate::id::AgentId;
use crate::permission::{Access, Permission};

/// Shuts out an agent whose key is alive on two hosts. It keeps its key and its row; what it runs ends by the lease
/// rule.
#[derive(Clone, Debug)]
pub struct QuarantineAgent {
    /// Which.
    pub id: AgentId,
    /// The hosts.
    pub hosts: Vec<AgentHost>,
}

#[async_trait]
impl Command for QuarantineAgent {
    type Output = ();
    const NAME: &'static str = "agent.quarantine";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut agent = load(context, self.id).await?;
        if agent.is_quarantined() {
            return Ok(Decision::unchanged(()));
        }
        let hosts = self.hosts.clone();
        agent.quarantine = Some(Quarantine { since: context.now, hosts, released_at: None });
        let hosts: Vec<_> =
            self.hosts.iter().map(|host| json!({"name": host.name, "address": host.address})).collect();
        let detail = json!({"name": agent.name, "hosts": hosts});
        let changes = Changes::none()
            .audited(context.audit("agent", self.id, detail))
            .update(Record::Agent(agent))
            .event(Event::AgentChanged { agent_id: self.id });
        Ok(Decision::new(changes, ()))
    }
}

/// Lets an agent in again whose key was alive on two hosts: whichever of them comes next. If the other one comes too, it
/// is shut out again.
#[derive(Clone, Debug)]
pub struct ReleaseAgent {
    /// Which.
    pub id: AgentId,
}

#[async_trait]
impl Command for ReleaseAgent {
    type Output = Agent;
    const NAME: &'static str = "agent.release";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageAgents)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Agent>> {
        let mut agent = load(context, self.id).await?;
        match &mut agent.quarantine {
            Some(quarantine) if quarantine.released_at.is_none() => {
                quarantine.released_at = Some(context.now);
            }
            _ => {
                let message = "the agent is in no quarantine; there is nothing to release it from";
                return Err(Error::conflict("agent.not_quarantined", message));
            }
        }
        let changes = Changes::none()
            .update(Record::Agent(agent.clone()))
            .audited(context.audit("agent", agent.id, json!({"name": agent.name})))
            .event(Event::AgentChanged { agent_id: agent.id });
        agent.revision += 1;
        Ok(Decision::new(changes, agent))
    }
}
