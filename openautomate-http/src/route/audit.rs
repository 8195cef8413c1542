//! `/api/audit`: who asked for which change, and whether the record is whole.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use openautomate_core::audit_export::{AuditExport, AuditFormat};
use openautomate_core::domain::{ActorKind, AuditCheckpoint, AuditEntry};
use openautomate_core::id::AuditId;
use openautomate_core::query::AuditFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{Can, Listed, PageParams, PageQuery, Query, may};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(verify))
        .routes(routes!(export))
        .routes(routes!(checkpoints))
}

/// Who asked.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditActor)]
struct ActorView {
    /// What kind.
    #[schema(value_type = schema::ActorKind)]
    kind: ActorKind,
    /// The id, where there is one.
    id: Option<String>,
    /// The name at that time.
    name: String,
}

/// The place of an entry in the hash chain.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditSeal)]
struct SealView {
    /// 1, 2, 3 … without a gap.
    sequence: u64,
    /// The hash of the entry before, in hex.
    previous: String,
    /// The hash of this entry, in hex.
    hash: String,
}

/// An audit entry.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
struct AuditView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: AuditId,
    /// When.
    at: DateTime<Utc>,
    /// Who asked.
    actor: ActorView,
    /// What was asked, as in `execution.enqueue`.
    action: String,
    /// What kind of thing it was done to.
    object_kind: String,
    /// Its id.
    object_id: String,
    /// What changed; never the value of an input, an asset or a credential.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
    /// The request that asked.
    request_id: Option<String>,
    /// The address that asked.
    ip_address: Option<String>,
    /// The place in the chain; `null` within the first second.
    seal: Option<SealView>,
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor: ActorView { kind: entry.actor.kind, id: entry.actor.id, name: entry.actor.name },
            action: entry.action,
            object_kind: entry.object_kind,
            object_id: entry.object_id,
            detail: entry.detail,
            request_id: entry.request_id,
            ip_address: entry.ip_address,
            seal: entry.seal.map(|seal| SealView {
                sequence: seal.sequence,
                previous: hex::encode(seal.previous),
                hash: hex::encode(seal.hash),
            }),
        }
    }
}

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// With this action.
    action: Option<String>,
    /// By the actor with this id.
    actor_id: Option<String>,
    /// About the object with this id.
    object_id: Option<String>,
    /// Not before.
    from: Option<DateTime<Utc>>,
    /// Before.
    to: Option<DateTime<Utc>>,
}

/// Lists audit entries, newest first.
#[utoipa::path(get, path = "/api/audit", tag = "audit", params(ListParams, PageParams),
    responses((status = 200, description = "A page of entries.", body = Listed<AuditView>)))]
async fn list(
    State(state): State<AppState>,
    _: Can<may::ReadAudit>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<AuditView>>, Problem> {
    let filter = AuditFilter {
        action: params.action,
        actor_id: params.actor_id,
        object_id: params.object_id,
        from: params.from,
        to: params.to,
    };
    let page = state.orchestrator().store().audit_entries(&filter, page).await?;
    Ok(Json(page.map(AuditView::from).into()))
}

/// What verifying found.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct VerifyView {
    /// Whether every sealed entry is as it was written and none is missing.
    ok: bool,
    /// How many entries were found right before the end or the first bad one.
    verified: u64,
    /// The first entry that was altered, removed or put in.
    first_bad: Option<FirstBadView>,
    /// How many signed checkpoints agreed.
    checkpoints: u64,
    /// The end of the chain. Keep it elsewhere: who changes the chain can't change that.
    head: HeadView,
}

/// Where the chain breaks.
#[derive(Serialize, ToSchema)]
struct FirstBadView {
    /// The entry's number in the chain.
    sequence: u64,
    /// What is wrong with it.
    reason: String,
}

/// The end of the chain.
#[derive(Serialize, ToSchema)]
struct HeadView {
    /// How many entries are sealed.
    sequence: u64,
    /// The hash of the last, in hex.
    hash: String,
}

/// Verifies the audit's hash chain.
#[utoipa::path(get, path = "/api/audit/verify", tag = "audit",
    responses((status = 200, description = "What was found.", body = VerifyView)))]
async fn verify(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ReadAudit>,
) -> Result<Json<VerifyView>, Problem> {
    let report = state.orchestrator().verify_audit(&actor).await?;
    let head = state.orchestrator().store().audit_head().await?;
    let reason = report.reason.unwrap_or_default();
    Ok(Json(VerifyView {
        ok: report.ok,
        verified: report.verified,
        checkpoints: report.checkpoints,
        first_bad: report.first_bad.map(|sequence| FirstBadView { sequence, reason }),
        head: HeadView { sequence: head.sequence, hash: hex::encode(head.hash) },
    }))
}

/// How the entries stand in the file.
#[derive(Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditFormat)]
enum FormatParam {
    /// A line of JSON each, behind one that says what the file is. `audit verify --export` verifies it.
    #[default]
    Jsonl,
    /// Comma-separated values with a line of names.
    Csv,
}

/// Which entries, and how.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ExportParams {
    /// How the entries stand in the file.
    #[serde(default)]
    #[param(inline)]
    format: FormatParam,
    /// Not before.
    from: Option<DateTime<Utc>>,
    /// Before.
    to: Option<DateTime<Utc>>,
}

/// Downloads the audit, oldest entry first. That somebody did so is an entry itself.
#[utoipa::path(get, path = "/api/audit/export", tag = "audit", params(ExportParams),
    responses((status = 200, description = "The entries.", content((String = "application/jsonl"), (String = "text/csv")))))]
async fn export(
    State(state): State<AppState>,
    Can(actor, _): Can<may::ReadAudit>,
    Query(params): Query<ExportParams>,
) -> Result<Response, Problem> {
    let (format, media_type, file) = match params.format {
        FormatParam::Jsonl => (AuditFormat::Jsonl, "application/jsonl", "audit.jsonl"),
        FormatParam::Csv => (AuditFormat::Csv, "text/csv; charset=utf-8", "audit.csv"),
    };
    let export = AuditExport { format, from: params.from, to: params.to };
    let pieces = state.orchestrator().export_audit(&actor, export).await?;
    let headers = [
        (CONTENT_TYPE, media_type.to_owned()),
        (CONTENT_DISPOSITION, format!("attachment; filename=\"{file}\"")),
    ];
    Ok((headers, HttpBody::from_stream(pieces)).into_response())
}

/// A signed checkpoint of the hash chain.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditCheckpoint)]
struct CheckpointView {
    /// The number of the last entry by then.
    sequence: u64,
    /// The hash of that entry, in hex.
    hash: String,
    /// When it was made.
    made_at: DateTime<Utc>,
    /// The Ed25519 key that signed it, in base64url.
    key: String,
    /// The signature, in base64url, over `openautomate-audit-checkpoint-v1`, the number, the hash and the time in
    /// microseconds since 1970, a line each.
    signature: String,
}

impl From<AuditCheckpoint> for CheckpointView {
    fn from(checkpoint: AuditCheckpoint) -> Self {
        Self {
            sequence: checkpoint.sequence,
            hash: hex::encode(checkpoint.hash),
            made_at: checkpoint.made_at,
            key: checkpoint.key.to_string(),
            signature: checkpoint.signature.to_string(),
        }
    }
}

/// Which checkpoints.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct CheckpointParams {
    /// With a number higher than this.
    #[serde(default)]
    after: u64,
}

/// Signed checkpoints.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditCheckpoints)]
struct CheckpointsView {
    /// At most 200, in order.
    items: Vec<CheckpointView>,
}

/// How many checkpoints are given at once.
const CHECKPOINTS: u32 = 200;

/// Lists the signed checkpoints of the hash chain, oldest first. Keep them elsewhere: with them a chain that was cut, or
/// written anew, is found.
#[utoipa::path(get, path = "/api/audit/checkpoints", tag = "audit", params(CheckpointParams),
    responses((status = 200, description = "At most 200 of them.", body = CheckpointsView)))]
async fn checkpoints(
    State(state): State<AppState>,
    _: Can<may::ReadAudit>,
    Query(params): Query<CheckpointParams>,
) -> Result<Json<CheckpointsView>, Problem> {
    let found = state.orchestrator().store().checkpoints(params.after, CHECKPOINTS).await?;
    Ok(Json(CheckpointsView { items: found.into_iter().map(Into::into).collect() }))
}
