//! `/api/live`: what changes, as it changes.

use axum::Json;
use axum::extract::{State, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::auth::LIVE_TICKET_LIFE;
use crate::extract::{InSession, LiveCaller};
use crate::problem::Problem;
use crate::state::AppState;
use crate::websocket;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(ticket)).routes(routes!(connect))
}

/// A ticket.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LiveTicketView {
    /// Goes among the subprotocols, behind `ticket.`; opens one connection.
    ticket: String,
    /// How long it waits to be used, in seconds.
    expires_in: i64,
}

/// Makes a ticket by which a page opens a live connection.
///
/// A page can give a WebSocket no header of its own. It opens `/api/live` with the subprotocols `openautomate-live`
/// and `ticket.…`; programs send their access token or an API key as with every other request and need no ticket.
#[utoipa::path(post, path = "/api/live/tickets", tag = "live",
    responses((status = 201, description = "The ticket.", body = LiveTicketView)))]
async fn ticket(
    State(state): State<AppState>,
    InSession(claims): InSession,
) -> Result<(StatusCode, Json<LiveTicketView>), Problem> {
    let ticket = state.live_tickets().make(claims, state.now())?;
    Ok((StatusCode::CREATED, Json(LiveTicketView { ticket, expires_in: LIVE_TICKET_LIFE.num_seconds() })))
}

/// Opens a live connection: a WebSocket of JSON messages, one each text frame.
///
/// The client says `{"op": "subscribe", "id": 1, "topic": "executions"}` with a number of its own choice, or
/// `{"op": "unsubscribe", "id": 1}`. The topics are `executions`, `agents`, `packages`, `schedules`, `triggers`,
/// `approvals`, `queues`, and `log` with an `executionId` and, to go on, an `after` as in the log's pages.
///
/// The server answers `subscribed` or `refused` (with a `code` and a `detail`). Then, at most ten times a second, it
/// says `changed`, with the `items` that changed (an `id`, and for executions the `state` and the `progress` where
/// they are known); `missed` means that more changed than is told, so read again. A log comes as `lines` in order and
/// without a gap, and is `complete` at its end. The connection closes with 4401 when the session ends, with 1012 when
/// the server stops, with 1008 after a message that is not of this form, or more than 100 messages a second. A message
/// may take 4 KiB; a connection follows at most eight logs, and one that takes nothing for 20 seconds is cut off.
#[utoipa::path(get, path = "/api/live", tag = "live",
    responses((status = 101, description = "The connection.")))]
async fn connect(
    State(state): State<AppState>,
    caller: LiveCaller,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let place = state.live_tickets().enter(caller.holder)?;
    Ok(websocket::live::accept(upgrade, state, caller.actor, place))
}
