//! `/api/assets`: values that automations read by name. Secret ones go in and never come out.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use openautomate_core::Error;
use openautomate_core::command::asset::{
    AssetReaders, DeleteAsset, MAX_FILE_BYTES, PutAsset, PutAssetFile, file_too_large,
};
use openautomate_core::domain::{Asset, AssetFormat, AssetKind};
use openautomate_core::id::{AssetId, EnvironmentId, UserId};
use openautomate_core::secret::Secret;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use super::files::lively;
use crate::access::routes;
use crate::extract::{Body, CanSomewhere, Listed, PageParams, PageQuery, Path, Query, Tagged, may};
use crate::problem::Problem;
use crate::schema;
use crate::state::AppState;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list, create, put)).routes(routes!(get, delete))
}

pub(crate) fn uploads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(put_file))
}

/// An asset.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Asset)]
struct AssetView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: AssetId,
    /// Where it holds.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// The name.
    name: String,
    /// Whether people may read the value.
    #[schema(value_type = schema::AssetKind)]
    kind: AssetKind,
    /// What the value is.
    #[schema(value_type = schema::AssetFormat)]
    format: AssetFormat,
    /// The name of the file, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_name: Option<String>,
    /// The size of the file in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size: Option<u64>,
    /// The names of the packages whose executions may read it; left out if all of the environment may.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_packages: Option<Vec<String>>,
    /// What it is for.
    description: String,
    /// The value of a plain asset, where one asset is shown: a text, or what the JSON says.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Value, required = false)]
    value: Option<Value>,
    /// Who wrote it last.
    #[schema(value_type = Uuid)]
    updated_by_id: UserId,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// When it was written last.
    updated_at: DateTime<Utc>,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl From<Asset> for AssetView {
    fn from(asset: Asset) -> Self {
        let (file_name, file_size) = asset.file.map(|file| (file.name, file.size)).unzip();
        Self {
            file_name,
            file_size,
            allowed_packages: asset
                .allowed_packages
                .map(|allowed| allowed.into_iter().map(|package| package.name).collect()),
            id: asset.id,
            environment_id: asset.environment_id,
            name: asset.name,
            kind: asset.kind,
            format: asset.format,
            description: asset.description,
            value: None,
            updated_by_id: asset.updated_by,
            created_at: asset.created_at,
            updated_at: asset.updated_at,
            revision: asset.revision,
        }
    }
}

/// Which assets.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// In this environment.
    #[param(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

/// Lists assets, without values.
#[utoipa::path(get, path = "/api/assets", tag = "assets", params(ListParams, PageParams),
    responses((status = 200, description = "A page of assets.", body = Listed<AssetView>)))]
async fn list(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadAssets>,
    Query(params): Query<ListParams>,
    PageQuery(page): PageQuery,
) -> Result<Json<Listed<AssetView>>, Problem> {
    let store = state.orchestrator().store();
    let fetch = |environment, page| store.assets(environment, page);
    let page = can.page((params.environment_id, page), |row| *row.id.as_uuid(), fetch).await?;
    Ok(Json(page.map(AssetView::from).into()))
}

/// Shows an asset: with its value if it is plain.
#[utoipa::path(get, path = "/api/assets/{id}", tag = "assets", params(("id" = Uuid, Path, description = "The asset.")),
    responses((status = 200, description = "The asset.", body = AssetView)))]
async fn get(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadAssets>,
    Path(id): Path<AssetId>,
) -> Result<Tagged<AssetView>, Problem> {
    let missing = || Error::not_found("asset", id);
    let asset = state.orchestrator().store().asset(id).await?.ok_or_else(missing)?;
    can.check(asset.environment_id, missing)?;
    let value = match asset.kind {
        AssetKind::Plain => {
            Some(shown(asset.format, state.orchestrator().asset_value(&can.actor, &asset).await?))
        }
        AssetKind::Secret => None,
    };
    Ok(Tagged::new(asset.revision, AssetView { value, ..asset.into() }))
}

fn shown(format: AssetFormat, value: String) -> Value {
    match format {
        AssetFormat::Text | AssetFormat::File => Value::String(value),
        // It was JSON when it was written.
        AssetFormat::Json | AssetFormat::Credential => {
            serde_json::from_str(&value).unwrap_or(Value::String(value))
        }
    }
}

/// What an asset shall be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AssetRequest {
    /// The name.
    name: String,
    /// Whether people may read the value.
    #[schema(value_type = schema::AssetKind)]
    kind: AssetKind,
    /// What the value is; a text if left out.
    #[serde(default)]
    #[schema(value_type = schema::AssetFormat)]
    format: AssetFormat,
    /// The value, at most 64 KiB as text: a string for `text`, anything for `json`, an object of `username` and
    /// `password` for `credential`.
    #[schema(value_type = Object)]
    value: Value,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// The names of the packages whose executions may read it, and no others; all of the environment if it is null. As
    /// before if it is left out.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<Vec<String>>)]
    allowed_packages: Option<Option<Vec<String>>>,
    /// Where; the default environment if left out.
    #[serde(default)]
    #[schema(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
}

/// Tells null from what is left out.
fn said<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Vec<String>>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

fn readers(said: Option<Option<Vec<String>>>) -> AssetReaders {
    match said {
        None => AssetReaders::AsBefore,
        Some(None) => AssetReaders::Every,
        Some(Some(names)) => AssetReaders::Packages(names),
    }
}

impl TryFrom<AssetRequest> for PutAsset {
    type Error = Error;

    fn try_from(request: AssetRequest) -> Result<Self, Error> {
        let value = match (request.format, request.value) {
            (AssetFormat::Text, Value::String(text)) => text,
            (AssetFormat::Text, _) => {
                return Err(Error::invalid_field("value", "is no string; say format json"));
            }
            (AssetFormat::File, _) => {
                return Err(Error::invalid_field("format", "is file; send the file to /api/assets/file"));
            }
            (AssetFormat::Json | AssetFormat::Credential, value) => value.to_string(),
        };
        Ok(Self {
            environment_id: request.environment_id,
            name: request.name,
            kind: request.kind,
            format: request.format,
            value: Secret::new(value),
            description: request.description,
            readers: readers(request.allowed_packages),
            create_only: false,
        })
    }
}

/// Makes an asset; one with this name in the environment is a conflict.
#[utoipa::path(post, path = "/api/assets", tag = "assets", request_body = AssetRequest,
    responses((status = 201, description = "The asset.", body = AssetView)))]
async fn create(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteAssets>,
    Body { value, .. }: Body<AssetRequest>,
) -> Result<Response, Problem> {
    let command = PutAsset { create_only: true, ..PutAsset::try_from(value)? };
    let asset = state.orchestrator().execute(&actor, command).await?;
    let location = format!("/api/assets/{}", asset.id);
    Ok(super::created(&location, Tagged::new(asset.revision, AssetView::from(asset))))
}

/// Writes an asset: makes it, or replaces its value.
#[utoipa::path(put, path = "/api/assets", tag = "assets", request_body = AssetRequest,
    responses((status = 200, description = "The asset.", body = AssetView)))]
async fn put(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteAssets>,
    Body { value, .. }: Body<AssetRequest>,
) -> Result<Tagged<AssetView>, Problem> {
    let asset = state.orchestrator().execute(&actor, PutAsset::try_from(value)?).await?;
    Ok(Tagged::new(asset.revision, asset.into()))
}

/// What a file becomes as an asset.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct FileParams {
    /// The name of the asset.
    name: String,
    /// The name of the file, by which a run finds it: a plain file name.
    file_name: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Where; the default environment if left out.
    #[param(value_type = Option<Uuid>)]
    environment_id: Option<EnvironmentId>,
    /// The names of the packages whose executions may read it, between commas, and no others. As before if it is left out.
    allowed_packages: Option<String>,
    /// Whether an asset with this name is a conflict, rather than replaced.
    #[serde(default)]
    create_only: bool,
}

/// Writes an asset that is a file, of at most 10 MiB: makes it, or replaces its content. It is always secret: runs get it
/// as a path, and nobody reads it back. What stands in it is not masked in logs.
#[utoipa::path(put, path = "/api/assets/file", tag = "assets", params(FileParams),
    request_body(content_type = "application/octet-stream", description = "The content, as it is."),
    responses((status = 200, description = "The asset.", body = AssetView)))]
async fn put_file(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteAssets>,
    Query(params): Query<FileParams>,
    request: Request,
) -> Result<Tagged<AssetView>, Problem> {
    let mut body = lively(request.into_body(), state.options().silence_limit);
    let mut content = Vec::new();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| {
            Error::unavailable("request.interrupted", "the file broke off; send it again").with_source(error)
        })?;
        if content.len() + piece.len() > MAX_FILE_BYTES {
            return Err(file_too_large().into());
        }
        content.extend_from_slice(&piece);
    }
    let command = PutAssetFile {
        environment_id: params.environment_id,
        name: params.name,
        file_name: params.file_name,
        content: Secret::new(content),
        description: params.description,
        readers: match params.allowed_packages {
            Some(names) => AssetReaders::Packages(
                names.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect(),
            ),
            None => AssetReaders::AsBefore,
        },
        create_only: params.create_only,
    };
    let asset = state.orchestrator().execute(&actor, command).await?;
    Ok(Tagged::new(asset.revision, asset.into()))
}

/// Deletes an asset.
#[utoipa::path(delete, path = "/api/assets/{id}", tag = "assets",
    params(("id" = Uuid, Path, description = "The asset.")),
    responses((status = 204, description = "Deleted.")))]
async fn delete(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteAssets>,
    Path(id): Path<AssetId>,
) -> Result<StatusCode, Problem> {
    state.orchestrator().execute(&actor, DeleteAsset { id }).await?;
    Ok(StatusCode::NO_CONTENT)
}
