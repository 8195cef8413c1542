//! `/api/buckets`: storage buckets; their objects are in `route/objects.rs`.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use openautomate_core::Error;
use openautomate_core::command::bucket::{BucketSettings, CreateBucket, DeleteBucket, UpdateBucket};
use openautomate_core::domain::Bucket;
use openautomate_core::id::{BucketId, EnvironmentId, UserId};
use openautomate_core::permission::Permission;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{
    Body, CanSomewhere, IdempotencyKey, IfMatch, Listed, PageParams, PageQuery, Path, Query, Tagged, may,
    revision_of,
};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(create, list)).routes(routes!(get, update, delete))
}

/// What a bucket shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BucketRequest {
    /// For changes: the revision that the caller saw; or give it as `If-Match`.
    #[serde(default)]
    revision: Option<i64>,
    /// Where; the default environment if left out. It can't be changed.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// The name, unique in its environment.
    #[schema(example = "reports")]
    name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// How many bytes its objects may have in all. Default 10 GiB.
    #[serde(default)]
    #[schema(minimum = 1)]
    max_bytes: Option<u64>,
    /// How many objects it may hold. Default 100,000.
    #[serde(default)]
    #[schema(minimum = 1)]
    max_objects: Option<u64>,
    /// How many bytes an object may have. Default 1 GiB.
    #[serde(default)]
    #[schema(minimum = 1)]
    max_object_bytes: Option<u64>,
    /// After how many days an object is removed that was not written again. Default: never.
    #[serde(default)]
    #[schema(minimum = 1)]
    retention_days: Option<u32>,
}

impl BucketRequest {
    fn into_settings(self) -> BucketSettings {
        let default = BucketSettings::new(self.name);
        BucketSettings {
            description: self.description,
            max_bytes: self.max_bytes.unwrap_or(default.max_bytes),
            max_objects: self.max_objects.unwrap_or(default.max_objects),
            max_object_bytes: self.max_object_bytes.unwrap_or(default.max_object_bytes),
            retention_days: self.retention_days,
            name: default.name,
        }
    }
}

/// A storage bucket.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Bucket)]
struct BucketView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: BucketId,
    /// Where it is.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// The name.
    name: String,
    /// What it is for.
    description: String,
    /// How many bytes its objects may have in all.
    max_bytes: u64,
    /// How many objects it may hold.
    max_objects: u64,
    /// How many bytes an object may have.
    max_object_bytes: u64,
    /// After how many days an object is removed that was not written again.
    retention_days: Option<u32>,
    /// The bytes of its objects.
    used_bytes: u64,
    /// How many objects there are.
    object_count: u64,
    /// Who made it.
    #[schema(value_type = Uuid)]
    created_by_id: UserId,
    /// When.
    created_at: DateTime<Utc>,
    /// When its settings were last changed.
    updated_at: DateTime<Utc>,
    /// Raised with each change of the settings; the ETag.
    revision: i64,
}

impl From<Bucket> for BucketView {
    fn from(bucket: Bucket) -> Self {
        Self {
            id: bucket.id,
            environment_id: bucket.environment_id,
            name: bucket.name,
            description: bucket.description,
            max_bytes: bucket.max_bytes,
            max_objects: bucket.max_objects,
            max_object_bytes: bucket.max_object_bytes,
            retention_days: bucket.retention_days,
            used_bytes: bucket.used_bytes,
            object_count: bucket.object_count,
            created_by_id: bucket.created_by_id,
            created_at: bucket.created_at,
            updated_at: bucket.updated_at,
            revision: bucket.revision,
        }
    }
}

/// Makes a storage bucket.
#[utoipa::path(post, path = "/api/buckets", tag = "buckets", request_body = BucketRequest,
    responses((status = 201, description = "The bucket.", body = BucketView)))]
async fn create(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ManageBuckets>,
    key: IdempotencyKey,
    Body { value, bytes }: Body<BucketRequest>,
) -> Result<Response, Problem> {
    if value.revision.is_some() {
        return Err(Error::invalid_field("revision", "is for changes; a new bucket has none").into());
    }
    let command = CreateBucket { environment_id: value.environment_id, settings: value.into_settings() };
    let bucket = state.orchestrator().execute_once(&actor, key.over(&bytes)?, command).await?;
    let location = format!("/api/buckets/{}", bucket.id);
    Ok(super::created(&location, Tagged::new(bucket.revision, BucketView::from(bucket))))
}

/// Which buckets.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// In this environment.
    #[param(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

/// Lists storage buckets, newest first.
#[utoipa::path(get, path = "/api/buckets", tag = "buckets", params(ListParams, PageParams),
    responses((status = 200, description = "A page of buckets.", body = Listed<BucketView>)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadObjects>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<BucketView>>, Problem> {
    let store = state.orchestrator().store();
    let fetch = |environment, page| store.buckets(environment, page);
    let page = can.page((params.environment_id, page), |row| *row.id.as_uuid(), fetch).await?;
    Ok(Json(page.map(BucketView::from).into()))
}

/// Shows a storage bucket, and what it holds in all. The ETag is of its settings: what it holds changes without it.
#[utoipa::path(get, path = "/api/buckets/{id}", tag = "buckets",
    params(("id" = Uuid, Path, description = "The bucket.")),
    responses((status = 200, description = "The bucket.", body = BucketView)))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadObjects>,
    Path(id): Path<BucketId>,
) -> Result<Tagged<BucketView>, Problem> {
    let bucket = state.orchestrator().allowed_bucket(&can.actor, Permission::ReadObjects, id).await?;
    Ok(Tagged::new(bucket.revision, bucket.into()))
}

/// Replaces the settings of a storage bucket; what is left out becomes the default. What it holds stays.
#[utoipa::path(put, path = "/api/buckets/{id}", tag = "buckets",
    params(("id" = Uuid, Path, description = "The bucket.")), request_body = BucketRequest,
    responses((status = 200, description = "The bucket.", body = BucketView)))]
async fn update(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ManageBuckets>,
    Path(id): Path<BucketId>,
    if_match: IfMatch,
    Body { value, .. }: Body<BucketRequest>,
) -> Result<Tagged<BucketView>, Problem> {
    let revision = revision_of(if_match, value.revision)?;
    let present = state.orchestrator().allowed_bucket(&actor, Permission::ManageBuckets, id).await?;
    if value.environment_id.is_some_and(|environment| environment != present.environment_id) {
        let message = "is another one than the bucket's; make a bucket of the same name there";
        return Err(Error::invalid_field("environmentId", message).into());
    }
    let command = UpdateBucket { id, revision, settings: value.into_settings() };
    let bucket = state.orchestrator().execute(&actor, command).await?;
    Ok(Tagged::new(bucket.revision, bucket.into()))
}

/// Deletes a storage bucket that holds nothing.
#[utoipa::path(delete, path = "/api/buckets/{id}", tag = "buckets",
    params(("id" = Uuid, Path, description = "The bucket.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::ManageBuckets>,
    Path(id): Path<BucketId>,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteBucket { id, revision: if_match.0 }).await?;
    Ok(StatusCode::NO_CONTENT)
}
