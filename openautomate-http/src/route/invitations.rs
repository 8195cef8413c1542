//! `/api/invitations`: those that may be accepted.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use openautomate_core::command::invitation::WithdrawInvitation;
use openautomate_core::domain::{Invitation, Role};
use openautomate_core::id::{InvitationId, UserId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Can, CanInPerson, Listed, PageParams, PageQuery, Path, may};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(withdraw))
}

/// An invitation that may be accepted. Its token was shown when it was made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OpenInvitation {
    /// The id.
    #[schema(value_type = Uuid)]
    id: InvitationId,
    /// The address that it was made for.
    email: String,
    /// The roles that the account gets.
    #[schema(value_type = Vec<schema::Role>)]
    roles: Vec<Role>,
    /// Who invited.
    #[schema(value_type = Option<Uuid>)]
    created_by: Option<UserId>,
    /// When.
    created_at: DateTime<Utc>,
    /// After this instant it is no good.
    expires_at: DateTime<Utc>,
}

impl From<Invitation> for OpenInvitation {
    fn from(invitation: Invitation) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email,
            roles: invitation.roles,
            created_by: invitation.created_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
        }
    }
}

/// Lists the invitations that may be accepted.
#[utoipa::path(get, path = "/api/invitations", tag = "users", params(PageParams),
    responses((status = 200, description = "A page of invitations.", body = Listed<OpenInvitation>)))]
async fn list(
    State(state): State<AppState>,
    _: Can<may::ManageUsers>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<OpenInvitation>>, Problem> {
    let page = state.orchestrator().store().open_invitations(state.now(), page).await?;
    Ok(Json(page.map(OpenInvitation::from).into()))
}

/// Withdraws an invitation.
#[utoipa::path(delete, path = "/api/invitations/{id}", tag = "users",
    params(("id" = Uuid, Path, description = "The invitation.")),
    responses((status = 204, description = "It is withdrawn.")))]
async fn withdraw(
    State(state): State<AppState>,
    CanInPerson(actor, _): CanInPerson<may::ManageUsers>,
    Path(id): Path<InvitationId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, WithdrawInvitation { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
