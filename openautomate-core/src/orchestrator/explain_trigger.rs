//! Why a trigger does not fire, as data.

use serde::{Deserialize, Serialize};

use super::Orchestrator;
use crate::clock::Timestamp;
use crate::command::CommandContext;
use crate::command::trigger::arrival::check_rate;
use crate::command::trigger::backlog::{Standing, standing};
use crate::command::trigger::fire::version_for;
use crate::domain::{Agent, AgentStatus, FolderSource, QueueSource, Trigger, TriggerSource, WatchProblem};
use crate::error::{Error, Result};
use crate::id::{AgentId, TriggerId};
use crate::permission::{Access, Actor, Permission, authorize_somewhere, authorize_thing};
use crate::query::PageRequest;

/// What holds a trigger back at this moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerExplanation {
    /// Which trigger.
    pub trigger_id: TriggerId,
    /// At which instant.
    pub at: Timestamp,
    /// Every reason for which it does not fire now, or would not if something happened. Empty if nothing holds it back.
    pub holds: Vec<TriggerHold>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum TriggerHold {
    /// Somebody made it inactive.
    Inactive,
    /// The package has no active version in the environment.
    NoActiveVersion,
    /// No author signed the active version whom the environment trusts.
    UntrustedVersion,
    /// Its work queue was deleted.
    QueueGone,
    /// Too few items of its queue can be taken, and none could be for too long.
    NotEnough {
        /// How many can be taken now.
        ready: u32,
        /// Since when the one can be that waits longest.
        oldest_at: Option<Timestamp>,
        /// When that may be enough by itself.
        again_at: Option<Timestamp>,
    },
    /// It fired a moment ago.
    Rests {
        /// Until when.
        until: Timestamp,
    },
    /// As many of its executions run and wait as what is in the queue is worth, or as may.
    Full {
        /// How many have not ended.
        open: u32,
        /// How many are wanted.
        wanted: u32,
    },
    /// No agent watches its folder.
    NoAgent,
    /// An agent that watches its folder is not connected.
    AgentAway {
        /// Which.
        agent_id: AgentId,
        /// Its name.
        name: String,
    },
    /// An agent has said nothing of its folder: it was just told, or does not know how to watch.
    Silent {
        /// Which.
        agent_id: AgentId,
        /// Its name.
        name: String,
    },
    /// An agent can't watch its folder, or can't deal with a file in it.
    Watch {
        /// Which.
        agent_id: AgentId,
        /// Its name.
        name: String,
        /// What is wrong.
        problem: WatchProblem,
        /// When the agent said so.
        told_at: Timestamp,
    },
    /// It fired as often within an hour as it may.
    Rate {
        /// How often that is.
        most: u32,
    },
}

impl Orchestrator {
    /// Tells why a trigger does not fire.
    ///
    /// # Errors
    /// `Forbidden` if the actor may not see triggers; `NotFound` if there is no such trigger; `Unavailable` if the
    /// store does not answer.
    pub async fn explain_trigger(&self, actor: &Actor, id: TriggerId) -> Result<TriggerExplanation> {
        authorize_somewhere(actor, Access::Permission(Permission::ReadTriggers))?;
        let (store, now) = (self.store(), self.clock().now());
        let trigger = store.trigger(id).await?.filter(|trigger| trigger.deleted_at.is_none());
        let missing = || Error::not_found("trigger", id);
        let trigger = trigger.ok_or_else(missing)?;
        authorize_thing(actor, Permission::ReadTriggers, trigger.environment_id, missing)?;
        let mut holds = Vec::new();
        if !trigger.is_active {
            holds.push(TriggerHold::Inactive);
        }
        holds.extend(self.hold_of_version(actor, &trigger, now).await?);
        match &trigger.source {
            TriggerSource::WorkQueue(source) => {
                holds.extend(self.hold_of_queue(&trigger, source, now).await?);
            }
            TriggerSource::FileArrival(source) => {
                holds.extend(self.holds_of_folder(&trigger, source, now).await?);
            }
            TriggerSource::Webhook { .. } | TriggerSource::ExecutionFinished { .. } => {}
        }
        Ok(TriggerExplanation { trigger_id: id, at: now, holds })
    }

    async fn hold_of_version(
        &self,
        actor: &Actor,
        trigger: &Trigger,
        now: Timestamp,
    ) -> Result<Option<TriggerHold>> {
        let context = CommandContext {
            actor,
            now,
            store: self.store(),
            blobs: self.blobs(),
            signer: &self.inner.signer,
            vault: &self.inner.vault,
            passwords: &self.inner.passwords,
            settings: &self.inner.settings,
            action: "trigger.explain",
            permission: None,
        };
        match version_for(&context, trigger).await {
            Ok(_) => Ok(None),
            Err(error) if error.kind().is_retryable() => Err(error),
            Err(error) if error.code() == "package.no_active_version" => {
                Ok(Some(TriggerHold::NoActiveVersion))
            }
            Err(_) => Ok(Some(TriggerHold::UntrustedVersion)),
        }
    }

    async fn hold_of_queue(
        &self,
        trigger: &Trigger,
        source: &QueueSource,
        now: Timestamp,
    ) -> Result<Option<TriggerHold>> {
        Ok(match standing(self.store(), trigger, source, now).await? {
            Standing::QueueGone => Some(TriggerHold::QueueGone),
            Standing::NotEnough { backlog, again } => Some(TriggerHold::NotEnough {
                ready: backlog.ready,
                oldest_at: backlog.oldest_at,
                again_at: again,
            }),
            Standing::Rests { until } => Some(TriggerHold::Rests { until }),
            Standing::Full { open, wanted } => Some(TriggerHold::Full { open, wanted }),
            Standing::Due { .. } => None,
        })
    }

    async fn holds_of_folder(
        &self,
        trigger: &Trigger,
        source: &FolderSource,
        now: Timestamp,
    ) -> Result<Vec<TriggerHold>> {
        let store = self.store();
        let mut holds = Vec::new();
        match check_rate(store, trigger, source, now).await {
            Err(error) if error.code() == "trigger.rate" => {
                holds.push(TriggerHold::Rate { most: source.max_per_hour });
            }
            other => other?,
        }
        let watches = store.trigger_watches(trigger.id).await?;
        let (mut after, mut is_watched) = (None, false);
        loop {
            let page = store.agents(PageRequest::new(after, PageRequest::MAX)).await?;
            let own = |agent: &&Agent| {
                agent.environment_id == trigger.environment_id
                    && agent.status != AgentStatus::Disabled
                    && source.is_for_agent(agent)
            };
            for agent in page.items.iter().filter(own) {
                is_watched = true;
                let (agent_id, name) = (agent.id, agent.name.clone());
                if !self.is_present(agent, now) {
                    holds.push(TriggerHold::AgentAway { agent_id, name });
                    continue;
                }
                match watches.iter().find(|watch| watch.agent_id == agent_id) {
                    None => holds.push(TriggerHold::Silent { agent_id, name }),
                    Some(watch) => holds.extend(watch.problem.clone().map(|problem| {
                        let told_at = watch.told_at;
                        TriggerHold::Watch { agent_id, name, problem, told_at }
                    })),
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        if !is_watched {
            holds.push(TriggerHold::NoAgent);
        }
        Ok(holds)
    }
}
