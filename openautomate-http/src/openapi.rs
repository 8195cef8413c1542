//! The OpenAPI 3.1 document, made from the handlers.

use std::sync::OnceLock;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use utoipa::OpenApi as _;
use utoipa::PartialSchema as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, SecurityRequirement,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::problem::{PROBLEM_JSON, Problem, ProblemBody, WrongField};
use crate::state::AppState;
use crate::{health, route};

/// Swagger UI sets styles on elements; scripts come from this server only.
const DOCS_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
);

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "OpenAutomate",
        description = "Process automation: Python automations, packaged, deployed, scheduled, watched and audited.\n\n\
            Times are UTC (RFC 3339). Lists come in pages: `next` of one is `cursor` of the following. A POST that \
            makes something takes an `Idempotency-Key`: sent twice, it works once. A PUT takes `If-Match` with the \
            ETag of a GET. Errors are problem documents (RFC 9457).",
        license(name = "Apache-2.0 OR MIT", identifier = "Apache-2.0 OR MIT"),
    ),
    tags(
        (name = "auth", description = "Signing in and out"),
        (name = "users", description = "People"),
        (name = "permissions", description = "API keys, roles, and who may do what"),
        (name = "agents", description = "The machines that run automations"),
        (name = "packages", description = "Automations and their versions"),
        (name = "executions", description = "Runs, their logs and files"),
        (name = "files", description = "Files as inputs"),
        (name = "schedules", description = "When packages run by themselves"),
        (name = "queues", description = "Work queues and their items"),
        (name = "triggers", description = "What runs packages when something happens"),
        (name = "approvals", description = "Questions that executions wait for people to answer"),
        (name = "assets", description = "Values that automations read by name"),
        (name = "buckets", description = "Files that people and automations share"),
        (name = "environments", description = "Development, testing, production"),
        (name = "live", description = "What changes, as it changes"),
        (name = "audit", description = "Who asked for which change"),
        (name = "agent link", description = "What agents themselves call"),
        (name = "health", description = "For those who watch the process"),
    ),
)]
struct Document;

/// Completes what the handlers say: the security scheme, and the problems that every route may answer.
fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_with(Components::new);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    components.schemas.insert("Problem".to_owned(), ProblemBody::schema());
    components.schemas.insert("WrongField".to_owned(), WrongField::schema());
    let problem = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(problem)).build();
    let answer = ResponseBuilder::new().description("A problem.").content(PROBLEM_JSON, content).build();
    for item in document.paths.paths.values_mut() {
        let methods = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete];
        for operation in methods.into_iter().flatten() {
            complete_operation(operation, &answer);
        }
    }
    document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);
    document
}

fn complete_operation(operation: &mut Operation, problem: &utoipa::openapi::Response) {
    operation.responses.responses.insert("default".to_owned(), RefOr::T(problem.clone()));
}

/// Every documented route, by those that must be quick and those that take a large body.
pub(crate) fn routes(max_package_bytes: usize) -> (OpenApiRouter<AppState>, OpenApiRouter<AppState>) {
    let quick =
        OpenApiRouter::with_openapi(Document::openapi()).merge(route::quick()).merge(health::router());
    (quick, route::uploads(max_package_bytes))
}

/// The OpenAPI document of every route.
#[must_use]
pub fn document() -> OpenApi {
    let (quick, uploads) = routes(0);
    complete(quick.merge(uploads).into_openapi())
}

/// The document and the pages that show it.
pub(crate) fn router() -> Router<AppState> {
    // Relative, so that it holds where the router is nested.
    let docs: Router<AppState> = SwaggerUi::new("/api/docs").config(Config::from("../openapi.json")).into();
    Router::new().route("/api/openapi.json", get(written)).merge(docs.layer(from_fn(allow_own_scripts)))
}

/// The document as text. Few ask for it, and as a tree it takes megabytes: so it is made when it is first asked for.
async fn written() -> Response {
    static WRITTEN: OnceLock<Bytes> = OnceLock::new();
    let written = match WRITTEN.get() {
        Some(written) => written.clone(),
        None => match document().to_json() {
            Ok(text) => WRITTEN.get_or_init(|| text.into()).clone(),
            Err(error) => {
                tracing::error!(%error, "the OpenAPI document could not be written");
                return Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response();
            }
        },
    };
    ([(CONTENT_TYPE, "application/json")], written).into_response()
}

async fn allow_own_scripts(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, DOCS_POLICY);
    response
}
