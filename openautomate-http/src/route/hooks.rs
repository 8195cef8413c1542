//! `/api/hooks`: what other systems send, signed with the secret of a trigger.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use openautomate_core::command::trigger::webhook::{Delivery, MAX_BODY_BYTES, ReceiveWebhook};
use openautomate_core::id::{ExecutionId, TriggerId};
use openautomate_core::{Error, ErrorKind};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{HookSender, Path, is_json};
use crate::problem::Problem;
use crate::state::AppState;

const TIMESTAMP: &str = "x-openautomate-timestamp";
const SIGNATURE: &str = "x-openautomate-signature";
const GITHUB_SIGNATURE: &str = "x-hub-signature-256";

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(receive))
}

/// The execution that a webhook made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HookAnswer {
    /// Its id.
    #[schema(value_type = Uuid)]
    execution_id: ExecutionId,
}

/// Takes a webhook: JSON of at most 256 KiB. The header `X-OpenAutomate-Timestamp` holds the time in seconds since
/// 1970, within five minutes of the server's, and `X-OpenAutomate-Signature` is `sha256=` and the HMAC-SHA-256 in hex,
/// under the trigger's secret, of that time, a dot and the body. A trigger of the style `github` takes
/// `X-Hub-Signature-256` over the body instead. Each signature counts once.
#[utoipa::path(post, path = "/api/hooks/{id}", tag = "triggers", security(()),
    params(("id" = Uuid, Path, description = "The trigger.")),
    request_body(content = serde_json::Value, content_type = "application/json"),
    responses((status = 202, description = "The execution waits for an agent.", body = HookAnswer)))]
async fn receive(
    State(state): State<AppState>,
    HookSender(actor): HookSender,
    Path(id): Path<TriggerId>,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Result<Response, Problem> {
    if !is_json(&headers) {
        let message = "this path takes JSON; send Content-Type: application/json";
        return Err(Error::invalid("request.media_type", message).into());
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Error::invalid("request.malformed", "the body could not be read; send it again"),
    })?;
    if body.len() > MAX_BODY_BYTES {
        return Err(too_large().into());
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let delivery = Delivery {
        timestamp: text(TIMESTAMP),
        signature: text(SIGNATURE).or_else(|| text(GITHUB_SIGNATURE)),
        body: &body,
    };
    let verified = state.orchestrator().verify_webhook(id, delivery).await?;
    // Who has the secret is counted by trigger; who has not never takes from it.
    state.hooks().check(&id)?;
    let execution = state.orchestrator().execute(&actor, ReceiveWebhook { verified }).await?;
    let answer = Json(HookAnswer { execution_id: execution.id });
    let mut response = (StatusCode::ACCEPTED, answer).into_response();
    if let Ok(location) = HeaderValue::from_str(&format!("/api/executions/{}", execution.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

fn too_large() -> Error {
    let message = format!("the body has more than {MAX_BODY_BYTES} bytes; send less");
    Error::new(ErrorKind::QuotaExceeded, "request.too_large", message)
}
