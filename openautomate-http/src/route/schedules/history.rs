//! What became of due times, and why the next one would make no execution.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::domain::{ActorKind, ActorRef, ExecutionState, Firing, FiringCause};
use openautomate_core::id::{CalendarId, ExecutionId, ScheduleId, UserId};
use openautomate_core::orchestrator::ScheduleHold;
use openautomate_core::query::FiringFilter;
use openautomate_core::schedule::{CalendarRule, OverlapPolicy};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::load;
use crate::extract::{CanSomewhere, Path, Query, may};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

const MAX_FIRINGS: u32 = 200;

/// What became of one due time.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Firing)]
pub(super) struct FiringView {
    /// The due time.
    due_at: DateTime<Utc>,
    /// When it was decided.
    fired_at: DateTime<Utc>,
    /// The execution that it made; `null` if it was skipped.
    #[schema(value_type = Option<Uuid>)]
    execution_id: Option<ExecutionId>,
    /// Why it was skipped: `overlap`; `misfire`; `paused`; `noActiveVersion`; `untrustedVersion`; `invalidInputs` if
    /// the version that was active does not take the schedule's inputs; `invalidOptions` if its executions can't be
    /// placed as is said.
    skipped: Option<String>,
    /// Why it fired.
    #[schema(value_type = schema::FiringCause)]
    cause: FiringCause,
    /// Who asked for it, where somebody did.
    #[schema(value_type = Option<Uuid>)]
    requested_by: Option<UserId>,
    /// How many due times it stands for: more than one where many were missed and skipped together.
    due_times: u64,
    /// The revision of the schedule that it was decided by.
    schedule_revision: Option<i64>,
}

impl From<Firing> for FiringView {
    fn from(firing: Firing) -> Self {
        Self {
            due_at: firing.due_at,
            fired_at: firing.fired_at,
            execution_id: firing.execution_id,
            skipped: firing.skipped,
            cause: firing.cause,
            requested_by: firing.requested_by,
            due_times: firing.due_times,
            schedule_revision: firing.schedule_revision,
        }
    }
}

/// Which firings.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FiringParams {
    /// Due at this instant or later.
    from: Option<DateTime<Utc>>,
    /// Due before this instant: `next` of the page before.
    before: Option<DateTime<Utc>>,
    /// At most so many. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Firings of a schedule.
#[derive(Serialize, ToSchema)]
pub(super) struct FiringList {
    /// The latest due time first.
    items: Vec<FiringView>,
    /// The `before` of the next page; `null` on the last.
    next: Option<DateTime<Utc>>,
}

/// Lists what became of the due times of a schedule.
#[utoipa::path(get, path = "/api/schedules/{id}/firings", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule."), FiringParams),
    responses((status = 200, description = "The firings.", body = FiringList)))]
pub(super) async fn firings(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadSchedules>,
    Path(id): Path<ScheduleId>,
    Query(params): Query<FiringParams>,
) -> Result<Json<FiringList>, Problem> {
    let limit = params.limit.unwrap_or(50);
    if !(1..=MAX_FIRINGS).contains(&limit) {
        return Err(Error::invalid_field("limit", format!("is not between 1 and {MAX_FIRINGS}")).into());
    }
    load(&state, &can, id).await?;
    let filter = FiringFilter { from: params.from, before: params.before };
    // The one too many shows that there is a next page.
    let mut firings = state.orchestrator().store().firings(id, filter, limit + 1).await?;
    let has_more = firings.len() > limit as usize;
    firings.truncate(limit as usize);
    let next = firings.last().filter(|_| has_more).map(|firing| firing.due_at);
    Ok(Json(FiringList { items: firings.into_iter().map(FiringView::from).collect(), next }))
}

/// Why a schedule does not fire, or did not.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScheduleExplanation)]
pub(super) struct ExplanationView {
    /// At which instant.
    at: DateTime<Utc>,
    /// The next due time.
    next_due: Option<DateTime<Utc>>,
    /// When it fires then: after its jitter.
    next_fire: Option<DateTime<Utc>>,
    /// Every reason for which a due time now would make no execution, or for which there is none; empty if it fires.
    holds: Vec<HoldView>,
    /// The last firings, the latest due time first.
    decisions: Vec<FiringView>,
}

/// Who did something.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PausedBy)]
pub(crate) struct PausedByView {
    /// What kind of actor.
    #[schema(value_type = schema::ActorKind)]
    kind: ActorKind,
    /// The id, if it has one.
    id: Option<String>,
    /// The name at that time.
    name: String,
}

impl From<ActorRef> for PausedByView {
    fn from(actor: ActorRef) -> Self {
        Self { kind: actor.kind, id: actor.id, name: actor.name }
    }
}

/// One reason.
#[derive(Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[schema(as = ScheduleHold)]
enum HoldView {
    /// Somebody paused it, or it paused by itself after failures.
    Paused { at: Option<DateTime<Utc>>, by: Option<PausedByView>, reason: Option<String> },
    /// Its start has not come.
    #[schema(rename_all = "camelCase")]
    NotStarted { starts_at: DateTime<Utc> },
    /// Its end is over.
    #[schema(rename_all = "camelCase")]
    Ended { ends_at: DateTime<Utc> },
    /// It is active, and nothing is due any more.
    NothingDue,
    /// The expression names a due time on a day without work before the next one.
    #[schema(rename_all = "camelCase")]
    Calendar {
        #[schema(value_type = Uuid)]
        calendar_id: CalendarId,
        name: String,
        due_at: DateTime<Utc>,
        #[schema(value_type = schema::CalendarRule)]
        rule: CalendarRule,
    },
    /// An execution has not ended, and the overlap policy lets no other run beside it.
    #[schema(rename_all = "camelCase")]
    Overlap {
        #[schema(value_type = Uuid)]
        execution_id: ExecutionId,
        #[schema(value_type = schema::ExecutionState)]
        state: ExecutionState,
        #[schema(value_type = schema::OverlapPolicy)]
        policy: OverlapPolicy,
    },
    /// A due time waits for the running execution to end.
    #[schema(rename_all = "camelCase")]
    Queued { due_at: DateTime<Utc> },
    /// The package has no active version in the environment.
    NoActiveVersion,
    /// No author signed the active version whom the environment trusts.
    UntrustedVersion,
    /// The active version does not take the inputs.
    InvalidInputs { fields: Vec<String> },
    /// Its executions can't be placed or repeated as the package and the schedule say.
    InvalidOptions { message: String },
    /// The due time has passed and nobody decided on it: no server fires schedules, or it can't keep up.
    #[schema(rename_all = "camelCase")]
    Late { due_at: DateTime<Utc>, late_ms: u64 },
}

impl From<ScheduleHold> for HoldView {
    fn from(hold: ScheduleHold) -> Self {
        match hold {
            ScheduleHold::Paused { at, by, reason } => {
                Self::Paused { at, by: by.map(PausedByView::from), reason }
            }
            ScheduleHold::NotStarted { starts_at } => Self::NotStarted { starts_at },
            ScheduleHold::Ended { ends_at } => Self::Ended { ends_at },
            ScheduleHold::NothingDue => Self::NothingDue,
            ScheduleHold::Calendar { calendar_id, name, due_at, rule } => {
                Self::Calendar { calendar_id, name, due_at, rule }
            }
            ScheduleHold::Overlap { execution_id, state, policy } => {
                Self::Overlap { execution_id, state, policy }
            }
            ScheduleHold::Queued { due_at } => Self::Queued { due_at },
            ScheduleHold::NoActiveVersion => Self::NoActiveVersion,
            ScheduleHold::UntrustedVersion => Self::UntrustedVersion,
            ScheduleHold::InvalidInputs { fields } => Self::InvalidInputs { fields },
            ScheduleHold::InvalidOptions { message } => Self::InvalidOptions { message },
            ScheduleHold::Late { due_at, late_ms } => Self::Late { due_at, late_ms },
        }
    }
}

/// Tells why a schedule does not fire, and what became of its last due times.
#[utoipa::path(get, path = "/api/schedules/{id}/explain", tag = "schedules",
    params(("id" = Uuid, Path, description = "The schedule.")),
    responses((status = 200, description = "The reasons.", body = ExplanationView)))]
pub(super) async fn explain(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ReadSchedules>,
    Path(id): Path<ScheduleId>,
) -> Result<Json<ExplanationView>, Problem> {
    let found = state.orchestrator().explain_schedule(&actor, id).await?;
    Ok(Json(ExplanationView {
        at: found.at,
        next_due: found.next_due,
        next_fire: found.next_fire,
        holds: found.holds.into_iter().map(HoldView::from).collect(),
        decisions: found.decisions.into_iter().map(FiringView::from).collect(),
    }))
}
