//! `/api/buckets/{id}/object…`: what is in a bucket. Keys stand in the query, since a path would be read as one.

use axum::Json;
use axum::extract::{FromRequest, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::domain::{BucketObject, ObjectCondition, ObjectWriter};
use openautomate_core::id::{BucketId, ExecutionId, ObjectId, UserId};
use openautomate_core::orchestrator::{ObjectIntake, ObjectQuery};
use openautomate_core::query::PageRequest;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::artifacts::attachment;
use super::files::lively;
use crate::access::routes;
use crate::extract::{Body, CanSomewhere, Path, Query, Tagged, may, not_modified_if_known};
use crate::problem::Problem;
use crate::state::AppState;

mod range;

use range::{Asked, asked};

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, delete))
        .routes(routes!(content))
        .routes(routes!(rename))
}

pub(crate) fn uploads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(put)).routes(routes!(copy))
}

/// An object of a bucket.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = BucketObject)]
pub(crate) struct ObjectView {
    /// The id of its content: another one with each writing.
    #[schema(value_type = Uuid)]
    id: ObjectId,
    /// What it is called.
    key: String,
    /// Its size in bytes.
    size: u64,
    /// SHA-256 of its content in hex.
    sha256: String,
    /// The tag for `If-Match` and `If-None-Match`: the hash in quotes.
    etag: String,
    /// Its media type, as who wrote it said. It is served as another one if a browser would run it.
    content_type: String,
    /// When it was written.
    written_at: DateTime<Utc>,
    /// The person who wrote it.
    #[schema(value_type = Option<Uuid>)]
    written_by_id: Option<UserId>,
    /// The execution that wrote it.
    #[schema(value_type = Option<Uuid>)]
    execution_id: Option<ExecutionId>,
}

fn tag_of(object: &BucketObject) -> String {
    format!("\"{}\"", object.sha256)
}

impl From<BucketObject> for ObjectView {
    fn from(object: BucketObject) -> Self {
        let (written_by_id, execution_id) = match object.written_by {
            ObjectWriter::User { id } => (Some(id), None),
            ObjectWriter::Execution { lease } => (None, Some(lease.execution)),
            ObjectWriter::System => (None, None),
        };
        Self {
            etag: tag_of(&object),
            id: object.id,
            key: object.key,
            size: object.size,
            sha256: object.sha256,
            content_type: object.content_type,
            written_at: object.written_at,
            written_by_id,
            execution_id,
        }
    }
}

fn tagged(object: BucketObject) -> Tagged<ObjectView> {
    Tagged::with_tag(tag_of(&object), object.into())
}

/// Which objects.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// Those whose key begins with this.
    #[serde(default)]
    prefix: String,
    /// Folds keys at this character: of those that have it behind the prefix, what they begin with up to it is told
    /// once, in `prefixes`. Usually `/`.
    delimiter: Option<char>,
    /// Where the page begins: `next` of the page before.
    cursor: Option<String>,
    /// How many objects and prefixes at most. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// A page of a bucket.
#[derive(Serialize, ToSchema)]
struct ObjectList {
    /// The objects, by key in the order of bytes.
    items: Vec<ObjectView>,
    /// What folded keys begin with.
    prefixes: Vec<String>,
    /// The `cursor` of the next page; `null` on the last.
    next: Option<String>,
}

/// Lists objects of a bucket by key.
#[utoipa::path(get, path = "/api/buckets/{id}/objects", tag = "buckets",
    params(("id" = Uuid, Path, description = "The bucket."), ListParams),
    responses((status = 200, description = "A page of objects.", body = ObjectList)))]
async fn list(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ReadObjects>,
    Path(id): Path<BucketId>,
    Query(params): Query<ListParams>,
) -> Result<Json<ObjectList>, Problem> {
    let limit = params.limit.unwrap_or_else(|| PageRequest::default().limit);
    if !(1..=PageRequest::MAX).contains(&limit) {
        let message = format!("is not between 1 and {}", PageRequest::MAX);
        return Err(Error::invalid_field("limit", message).into());
    }
    let from = params.cursor.map(|cursor| {
        let read = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let read = read.filter(|from| !from.contains('\0'));
        read.ok_or_else(|| Error::invalid_field("cursor", "is not a cursor that a page gave"))
    });
    let query =
        ObjectQuery { prefix: params.prefix, delimiter: params.delimiter, from: from.transpose()?, limit };
    let page = state.orchestrator().objects(&actor, id, query).await?;
    Ok(Json(ObjectList {
        items: page.objects.into_iter().map(ObjectView::from).collect(),
        prefixes: page.prefixes,
        next: page.next.map(|from| URL_SAFE_NO_PAD.encode(from)),
    }))
}

/// Which object.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct KeyParams {
    /// Its key: a relative path with `/`.
    key: String,
}

/// Shows an object.
#[utoipa::path(get, path = "/api/buckets/{id}/object", tag = "buckets",
    params(("id" = Uuid, Path, description = "The bucket."), KeyParams),
    responses((status = 200, description = "The object.", body = ObjectView),
        (status = 304, description = "Unchanged.")))]
async fn get(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ReadObjects>,
    Path(id): Path<BucketId>,
    Query(params): Query<KeyParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let object = state.orchestrator().object(&actor, id, &params.key).await?;
    Ok(tagged(object).unless_known(&headers))
}

/// Downloads an object: whole, or one `Range` of it. It is always a download, and never of a type that a browser would
/// run.
#[utoipa::path(get, path = "/api/buckets/{id}/object/content", tag = "buckets",
    params(("id" = Uuid, Path, description = "The bucket."), KeyParams),
    responses(
        (status = 200, description = "The content.", content_type = "application/octet-stream"),
        (status = 206, description = "The range.", content_type = "application/octet-stream"),
        (status = 304, description = "Unchanged."),
        (status = 416, description = "The range begins behind the end."),
    ))]
async fn content(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ReadObjects>,
    Path(id): Path<BucketId>,
    Query(params): Query<KeyParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let orchestrator = state.orchestrator();
    let (object, body) = orchestrator.object_content(&actor, id, &params.key).await?;
    let tag = tag_of(&object);
    if let Some(known) = not_modified_if_known(&headers, &tag) {
        return Ok(known);
    }
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_current = header(IF_RANGE).is_none_or(|known| known == tag);
    let asked = header(RANGE).filter(|_| is_current).map_or(Asked::Whole, |text| asked(text, object.size));
    let name = object.key.rsplit('/').next().unwrap_or_default();
    let served = served_type(&object.content_type);
    let number = |text: String| HeaderValue::from_str(&text).ok();
    let mut response = match asked {
        Asked::Whole => {
            let mut whole = attachment(name, served, &tag, body.stream);
            whole.headers_mut().insert(CONTENT_LENGTH, body.size.into());
            whole
        }
        Asked::Nothing => {
            let message = format!("the range holds none of the {} bytes of the object", object.size);
            let mut refused = Problem::from(Error::invalid("object.range", message)).into_response();
            if let Some(size) = number(format!("bytes */{}", object.size)) {
                refused.headers_mut().insert(CONTENT_RANGE, size);
            }
            refused
        }
        Asked::Part(range) => {
            let part = orchestrator.object_range(&object, range.clone());
            let mut part = attachment(name, served, &tag, part);
            *part.status_mut() = StatusCode::PARTIAL_CONTENT;
            part.headers_mut().insert(CONTENT_LENGTH, (range.end - range.start).into());
            if let Some(told) = number(format!("bytes {}-{}/{}", range.start, range.end - 1, object.size)) {
                part.headers_mut().insert(CONTENT_RANGE, told);
            }
            part
        }
    };
    response.headers_mut().insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    Ok(response)
}

/// The media type under which a content is handed out: what is known to be data, and anything else as mere bytes. So no
/// browser takes it for a page, a script or a drawing with scripts in it, whatever who wrote it said.
fn served_type(content_type: &str) -> &str {
    const DATA: [&str; 8] = [
        "application/gzip",
        "application/json",
        "application/pdf",
        "application/zip",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "text/csv",
        "text/plain",
    ];
    let is_picture = matches!(content_type, "image/png" | "image/jpeg" | "image/gif" | "image/webp");
    if is_picture || DATA.contains(&content_type) { content_type } else { "application/octet-stream" }
}

/// What the headers of a request ask of what is there.
fn condition_of(headers: &HeaderMap) -> Result<ObjectCondition, Error> {
    let header = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default().trim());
    match (header(IF_MATCH), header(IF_NONE_MATCH)) {
        (None, None) => Ok(ObjectCondition::Any),
        (None, Some("*")) => Ok(ObjectCondition::Absent),
        (None, Some(_)) => Err(Error::invalid_field("If-None-Match", "is not *, all that a writing takes")),
        (Some(_), Some(_)) => {
            Err(Error::invalid_field("If-Match", "comes with If-None-Match; send one of the two"))
        }
        (Some(tag), None) => {
            let hash = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
            let hash = hash.filter(|hash| hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
            let hash =
                hash.ok_or_else(|| Error::invalid_field("If-Match", "is not the etag of an object"))?;
            Ok(ObjectCondition::Sha256(hash.to_ascii_lowercase()))
        }
    }
}

/// Writes an object, in the place of what is under its key. `If-None-Match: *` leaves what is there; `If-Match` with an
/// etag replaces that and nothing else.
#[utoipa::path(put, path = "/api/buckets/{id}/object", tag = "buckets",
    params(("id" = Uuid, Path, description = "The bucket."), KeyParams),
    request_body(content_type = "application/octet-stream", description = "The content, as it is."),
    responses((status = 200, description = "The object.", body = ObjectView),
        (status = 412, description = "What is there is not what the headers ask for.")))]
async fn put(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteObjects>,
    Path(id): Path<BucketId>,
    Query(params): Query<KeyParams>,
    request: Request,
) -> Result<Tagged<ObjectView>, Problem> {
    let (parts, body) = request.into_parts();
    let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let intake = ObjectIntake {
        key: params.key,
        content_type: header(CONTENT_TYPE).unwrap_or("application/octet-stream").to_owned(),
        size: header(CONTENT_LENGTH).and_then(|size| size.parse().ok()),
        condition: condition_of(&parts.headers)?,
        body: lively(body, state.options().silence_limit),
    };
    Ok(tagged(state.orchestrator().put_object(&actor, id, intake).await?))
}

/// Deletes an object; one that is absent is deleted already. `If-Match` deletes that content and nothing else.
#[utoipa::path(delete, path = "/api/buckets/{id}/object", tag = "buckets",
    params(("id" = Uuid, Path, description = "The bucket."), KeyParams),
    responses((status = 204, description = "Deleted."),
        (status = 412, description = "What is there is not what the headers ask for.")))]
async fn delete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteObjects>,
    Path(id): Path<BucketId>,
    Query(params): Query<KeyParams>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let condition = condition_of(&headers)?;
    state.orchestrator().delete_object(&actor, id, &params.key, condition).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Another key for an object.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TransferRequest {
    /// The key that it has.
    from: String,
    /// The key that it shall have.
    to: String,
    /// Whether what is there may be replaced. Default: no.
    #[serde(default)]
    overwrite: bool,
}

impl TransferRequest {
    const fn condition(&self) -> ObjectCondition {
        if self.overwrite { ObjectCondition::Any } else { ObjectCondition::Absent }
    }
}

/// Copies an object to another key of its bucket.
#[utoipa::path(post, path = "/api/buckets/{id}/object/copy", tag = "buckets",
    params(("id" = Uuid, Path, description = "The bucket.")), request_body = TransferRequest,
    responses((status = 200, description = "The copy.", body = ObjectView)))]
async fn copy(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteObjects>,
    Path(id): Path<BucketId>,
    request: Request,
) -> Result<Tagged<ObjectView>, Problem> {
    // This path has no time limit, as a copy takes as long as it takes; what is asked has.
    let asked = <Body<TransferRequest> as FromRequest<AppState>>::from_request(request, &state);
    let asked = tokio::time::timeout(state.options().silence_limit, asked).await;
    let Body { value, .. } = asked
        .map_err(|_| Error::unavailable("request.interrupted", "the request broke off; send it again"))??;
    let condition = value.condition();
    Ok(tagged(state.orchestrator().copy_object(&actor, id, &value.from, value.to, condition).await?))
}

/// Gives an object another key of its bucket, at once and without moving its content.
#[utoipa::path(post, path = "/api/buckets/{id}/object/move", tag = "buckets",
    params(("id" = Uuid, Path, description = "The bucket.")), request_body = TransferRequest,
    responses((status = 200, description = "The object.", body = ObjectView)))]
async fn rename(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteObjects>,
    Path(id): Path<BucketId>,
    Body { value, .. }: Body<TransferRequest>,
) -> Result<Tagged<ObjectView>, Problem> {
    let condition = value.condition();
    Ok(tagged(state.orchestrator().move_object(&actor, id, &value.from, value.to, condition).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_browser_would_run_is_mere_bytes() {
        for kind in
            ["text/html", "image/svg+xml", "text/javascript", "application/xhtml+xml", "text/xml", "x/y"]
        {
            assert_eq!(served_type(kind), "application/octet-stream");
        }
        assert_eq!(served_type("text/csv"), "text/csv");
    }
}
