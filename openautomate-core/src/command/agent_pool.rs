//! Making, changing and deleting pools of agents.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Record};
use crate::command::package::check_revision;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{AgentPool, check_description, check_name};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, PoolId};
use crate::permission::{Access, Permission};

async fn load(context: &CommandContext<'_>, id: PoolId) -> Result<AgentPool> {
    let pool = context.store.agent_pool(id).await?.filter(|pool| pool.deleted_at.is_none());
    let missing = || Error::not_found("agent pool", id);
    let pool = pool.ok_or_else(missing)?;
    context.allowed_in(pool.environment_id, missing)?;
    Ok(pool)
}

/// Makes a pool. Agents are put into it by [`UpdateAgent`](super::agent::UpdateAgent).
#[derive(Clone, Debug)]
pub struct CreateAgentPool {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Of which environment; `None` is the default one.
    pub environment_id: Option<EnvironmentId>,
}

#[async_trait]
impl Command for CreateAgentPool {
    type Output = AgentPool;
    const NAME: &'static str = "agent_pool.create";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageAgents)
    }

    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_description("description", &self.description)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<AgentPool>> {
        let environment = context.environment(self.environment_id).await?;
        let pool = AgentPool {
            id: PoolId::new(),
            environment_id: environment.id,
            name: self.name.clone(),
            description: self.description.clone(),
            created_at: context.now,
            deleted_at: None,
            revision: 0,
        };
        let detail = json!({"name": pool.name, "environment": environment.name});
        let changes = Changes::none().insert(Record::AgentPool(pool.clone())).audited(context.audit(
            "agentPool",
            pool.id,
            detail,
        ));
        Ok(Decision::new(changes, pool))
    }
}

/// Changes a pool. What waits for it goes on waiting for it, whatever its name is.
#[derive(Clone, Debug)]
pub struct UpdateAgentPool {
    /// Which.
    pub id: PoolId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// The new name.
    pub name: Option<String>,
    /// The new description.
    pub description: Option<String>,
}

#[async_trait]
impl Command for UpdateAgentPool {
    type Output = AgentPool;
    const NAME: &'static str = "agent_pool.update";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageAgents)
    }

    fn validate(&self) -> Result<()> {
        self.name.iter().try_for_each(|name| check_name("name", name))?;
        self.description.iter().try_for_each(|text| check_description("description", text))
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<AgentPool>> {
        let mut pool = load(context, self.id).await?;
        check_revision(self.revision, pool.revision)?;
        pool.name = self.name.clone().unwrap_or(pool.name);
        pool.description = self.description.clone().unwrap_or(pool.description);
        let changes = Changes::none().update(Record::AgentPool(pool.clone())).audited(context.audit(
            "agentPool",
            pool.id,
            json!({"name": pool.name}),
        ));
        pool.revision += 1;
        Ok(Decision::new(changes, pool))
    }
}

/// Deletes a pool that no agent is in and no execution waits for; its name is free again.
#[derive(Clone, Debug)]
pub struct DeleteAgentPool {
    /// Which.
    pub id: PoolId,
}

#[async_trait]
impl Command for DeleteAgentPool {
    type Output = ();
    const NAME: &'static str = "agent_pool.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageAgents)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut pool = load(context, self.id).await?;
        let agents = context.store.count_agents_of_pool(self.id).await?;
        let executions = context.store.count_open_executions_of_pool(self.id).await?;
        if agents > 0 || executions > 0 {
            return Err(Error::conflict(
                "agent_pool.in_use",
                format!(
                    "{agents} agents are in the pool and {executions} executions ask for it; take the agents out, \
                     and cancel the executions or let them end"
                ),
            ));
        }
        pool.deleted_at = Some(context.now);
        let changes = Changes::none()
            .audited(context.audit("agentPool", self.id, json!({"name": pool.name})))
            .update(Record::AgentPool(pool));
        Ok(Decision::new(changes, ()))
    }
}
