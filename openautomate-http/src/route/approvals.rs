//! `/api/approvals`: the questions that executions wait for people to answer.

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::approval::AnswerApproval;
use openautomate_core::domain::{Approval, ApprovalState, Role};
use openautomate_core::id::{ApprovalId, ExecutionId, UserId};
use openautomate_core::permission::Environments;
use openautomate_core::query::within::sifted;
use openautomate_core::query::{ApprovalFilter, Page, PageRequest};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, CanSomewhere, IdempotencyKey, Listed, PageParams, PageQuery, Path, Query, Tagged, may,
};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(answer))
}

/// A question of an execution to people.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Approval)]
struct ApprovalView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: ApprovalId,
    /// Whose question.
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
    /// Which question of the execution.
    key: String,
    /// The attempt that asked last.
    attempt: u32,
    /// What is asked.
    question: String,
    /// What whoever answers has to know.
    #[schema(value_type = Value)]
    data: Value,
    /// The only people who may answer; empty for all who may answer approvals.
    #[schema(value_type = Vec<Uuid>)]
    approver_ids: Vec<UserId>,
    /// The role that whoever answers must have, besides.
    #[schema(value_type = Option<schema::Role>)]
    role: Option<Role>,
    /// When the default is taken for an answer.
    expires_at: Option<DateTime<Utc>>,
    /// Whether the default is a yes.
    default_approve: bool,
    /// Where it stands.
    #[schema(value_type = schema::ApprovalState)]
    state: ApprovalState,
    /// What whoever answered said of it.
    comment: String,
    /// Who answered; `null` for the default.
    #[schema(value_type = Option<Uuid>)]
    answered_by_id: Option<UserId>,
    /// When.
    answered_at: Option<DateTime<Utc>>,
    /// When it was asked first.
    created_at: DateTime<Utc>,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> Self {
        Self {
            id: approval.id,
            execution_id: approval.execution_id,
            key: approval.key,
            attempt: approval.epoch,
            question: approval.question,
            data: approval.data,
            approver_ids: approval.approvers,
            role: approval.role,
            expires_at: approval.expires_at,
            default_approve: approval.default_approve,
            state: approval.state,
            comment: approval.comment,
            answered_by_id: approval.answered_by_id,
            answered_at: approval.answered_at,
            created_at: approval.created_at,
            revision: approval.revision,
        }
    }
}

/// Which approvals.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Of this execution.
    #[param(value_type = Option<Uuid>)]
    execution_id: Option<ExecutionId>,
    /// In this state: `waiting`, `approved`, `rejected` or `withdrawn`.
    #[param(value_type = Option<schema::ApprovalState>)]
    state: Option<ApprovalState>,
}

/// Lists approvals, newest first.
#[utoipa::path(get, path = "/api/approvals", tag = "approvals", params(ListParams, PageParams),
    responses((status = 200, description = "A page of approvals.", body = Listed<ApprovalView>)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadExecutions>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<ApprovalView>>, Problem> {
    let filter = ApprovalFilter { execution_id: params.execution_id, state: params.state };
    let page = match &can.environments {
        Environments::Everywhere => state.orchestrator().store().approvals(&filter, page).await?,
        Environments::Only(_) => theirs(&state, &can, &filter, page).await?,
    };
    Ok(Json(page.map(ApprovalView::from).into()))
}

/// A page of the approvals of executions in environments of the caller: an approval does not say where it is.
async fn theirs(
    state: &AppState,
    can: &CanSomewhere<may::ReadExecutions>,
    filter: &ApprovalFilter,
    page: PageRequest,
) -> Result<Page<Approval>, Error> {
    let store = state.orchestrator().store();
    let fetch = |page| async move {
        let found = store.approvals(filter, page).await?;
        let mut items = Vec::with_capacity(found.items.len());
        for approval in found.items {
            let execution = store.execution(approval.execution_id).await?;
            let is_theirs = execution.is_some_and(|execution| can.is_theirs(execution.environment_id));
            items.push((approval, is_theirs));
        }
        Ok(Page { items, next: found.next })
    };
    let id = |(approval, _): &(Approval, bool)| *approval.id.as_uuid();
    Ok(sifted(page, id, |(_, is_theirs)| *is_theirs, fetch).await?.map(|(approval, _)| approval))
}

/// Shows an approval.
#[utoipa::path(get, path = "/api/approvals/{id}", tag = "approvals",
    params(("id" = Uuid, Path, description = "The approval.")),
    responses((status = 200, description = "The approval.", body = ApprovalView)))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadExecutions>,
    Path(id): Path<ApprovalId>,
) -> Result<Tagged<ApprovalView>, Problem> {
    let (store, missing) = (state.orchestrator().store(), || Error::not_found("approval", id));
    let approval = store.approval(id).await?.ok_or_else(missing)?;
    let execution = store.execution(approval.execution_id).await?.ok_or_else(missing)?;
    can.check(execution.environment_id, missing)?;
    Ok(Tagged::new(approval.revision, approval.into()))
}

/// An answer.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = AnswerApprovalRequest)]
struct AnswerRequest {
    /// Yes or no.
    approve: bool,
    /// What there is to say of it; the automation reads it.
    #[serde(default)]
    comment: String,
}

/// Answers an approval; its execution goes on. The same answer of the same person again changes nothing.
#[utoipa::path(post, path = "/api/approvals/{id}/answer", tag = "approvals",
    params(("id" = Uuid, Path, description = "The approval.")), request_body = AnswerRequest,
    responses((status = 200, description = "The approval.", body = ApprovalView)))]
async fn answer(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::AnswerApprovals>,
    Path(id): Path<ApprovalId>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<AnswerRequest>,
) -> Result<Tagged<ApprovalView>, Problem> {
    let command = AnswerApproval { id, approve: value.approve, comment: value.comment };
    let approval = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    Ok(Tagged::new(approval.revision, approval.into()))
}
