//! `/api/triggers/{id}/explain`: why a trigger does not fire.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use openautomate_core::id::{AgentId, TriggerId};
use openautomate_core::orchestrator::TriggerHold;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::{CanSomewhere, Path, may};
use crate::problem::Problem;
use crate::state::AppState;

/// Why a trigger does not fire.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TriggerExplanation)]
pub(super) struct ExplanationView {
    /// At which instant.
    at: DateTime<Utc>,
    /// Every reason for which it does not fire now, or would not if something happened; empty if nothing holds it back.
    holds: Vec<HoldView>,
}

/// One reason.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[schema(as = TriggerHold)]
enum HoldView {
    /// Somebody made it inactive.
    Inactive,
    /// The package has no active version in the environment.
    NoActiveVersion,
    /// No author signed the active version whom the environment trusts.
    UntrustedVersion,
    /// Its work queue was deleted.
    QueueGone,
    /// Too few items of its queue can be taken, and none could be for too long.
    #[schema(rename_all = "camelCase")]
    NotEnough { ready: u32, oldest_at: Option<DateTime<Utc>>, again_at: Option<DateTime<Utc>> },
    /// It fired a moment ago.
    Rests { until: DateTime<Utc> },
    /// As many of its executions run and wait as what is in the queue is worth, or as may.
    Full { open: u32, wanted: u32 },
    /// No agent watches its folder.
    NoAgent,
    /// An agent that watches its folder is not connected.
    #[schema(rename_all = "camelCase")]
    AgentAway {
        #[schema(value_type = Uuid)]
        agent_id: AgentId,
        name: String,
    },
    /// An agent has said nothing of its folder: it was just told, or does not know how to watch.
    #[schema(rename_all = "camelCase")]
    Silent {
        #[schema(value_type = Uuid)]
        agent_id: AgentId,
        name: String,
    },
    /// An agent can't watch its folder, or can't deal with a file in it. `code` is `outsideRoots`, `missing`,
    /// `unreadable`, `tooMany`, `tooLarge`, `oddName`, `refused`, `notPutAway` or `agentDisk`.
    #[schema(rename_all = "camelCase")]
    Watch {
        #[schema(value_type = Uuid)]
        agent_id: AgentId,
        name: String,
        code: String,
        message: String,
        told_at: DateTime<Utc>,
    },
    /// It fired as often within an hour as it may.
    Rate { most: u32 },
}

impl From<TriggerHold> for HoldView {
    fn from(hold: TriggerHold) -> Self {
        match hold {
            TriggerHold::Inactive => Self::Inactive,
            TriggerHold::NoActiveVersion => Self::NoActiveVersion,
            TriggerHold::UntrustedVersion => Self::UntrustedVersion,
            TriggerHold::QueueGone => Self::QueueGone,
            TriggerHold::NotEnough { ready, oldest_at, again_at } => {
                Self::NotEnough { ready, oldest_at, again_at }
            }
            TriggerHold::Rests { until } => Self::Rests { until },
            TriggerHold::Full { open, wanted } => Self::Full { open, wanted },
            TriggerHold::NoAgent => Self::NoAgent,
            TriggerHold::AgentAway { agent_id, name } => Self::AgentAway { agent_id, name },
            TriggerHold::Silent { agent_id, name } => Self::Silent { agent_id, name },
            TriggerHold::Watch { agent_id, name, problem, told_at } => {
                Self::Watch { agent_id, name, code: problem.code, message: problem.message, told_at }
            }
            TriggerHold::Rate { most } => Self::Rate { most },
        }
    }
}

/// Tells why a trigger does not fire.
#[utoipa::path(get, path = "/api/triggers/{id}/explain", tag = "triggers",
    params(("id" = Uuid, Path, description = "The trigger.")),
    responses((status = 200, description = "The reasons.", body = ExplanationView)))]
pub(super) async fn explain(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ReadTriggers>,
    Path(id): Path<TriggerId>,
) -> Result<Json<ExplanationView>, Problem> {
    let found = state.orchestrator().explain_trigger(&actor, id).await?;
    Ok(Json(ExplanationView { at: found.at, holds: found.holds.into_iter().map(HoldView::from).collect() }))
}
