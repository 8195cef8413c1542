//! Many items in one request: JSON lines or CSV, read as they come.

mod csv;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::StreamExt as _;
use openautomate_core::command::work_item::{Import, MAX_PAYLOAD_BYTES};
use openautomate_core::domain::NewItem;
use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::id::WorkQueueId;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{CanSomewhere, IdempotencyKey, Path, Query, may};
use crate::problem::Problem;
use crate::route::files::lively;
use crate::state::AppState;
use csv::{Columns, CsvReader};

/// The longest line; more than the largest item.
const MAX_LINE: usize = 4 * MAX_PAYLOAD_BYTES;
/// The largest body: whatever fits is then checked against what one import holds.
const MAX_BODY: u64 = 256 * 1024 * 1024;
/// How many imports are collected at once, each in some hundred megabytes at most; the others wait.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

pub(crate) fn uploads() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(import))
}

/// What becomes of lines that are wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
enum OnError {
    /// The whole import is refused, and the first wrong line named.
    #[default]
    Refuse,
    /// They are left out and told.
    Skip,
}

/// How the lines are read.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
struct ImportParams {
    /// What becomes of lines that are wrong, or whose reference is taken. Default `refuse`.
    #[serde(default)]
    #[param(inline)]
    on_error: OnError,
    /// For CSV: the column that is the reference too.
    reference_column: Option<String>,
}

/// A line that became no item.
#[derive(Serialize, ToSchema)]
struct RejectedView {
    /// Which line, from 1.
    line: u64,
    /// What is wrong with it.
    message: String,
}

/// What became of an import.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ImportedView {
    /// How many items were added.
    added: u64,
    /// How many lines became no item.
    rejected: u64,
    /// The first thousand of them. A repeated request is answered without them.
    rejected_lines: Vec<RejectedView>,
}

/// Adds up to 100,000 items in one transaction.
///
/// `application/x-ndjson` holds an item a line, with `payload`, `reference`, `priority`, `dueAt` and `deferUntil`.
/// `text/csv` (RFC 4180, UTF-8) has a header; each row is an item whose payload has a text for each column. The columns
/// `@reference`, `@priority`, `@dueAt` and `@deferUntil` are the item's own and no part of the payload.
#[utoipa::path(post, path = "/api/queues/{id}/items/import", tag = "queues",
    params(("id" = Uuid, Path, description = "The queue."), ImportParams),
    request_body(content(("application/x-ndjson"), ("text/csv")), description = "The items, a line each."),
    responses((status = 201, description = "What became of them.", body = ImportedView)))]
async fn import(
    State(state): State<AppState>,
    CanSomewhere { actor, .. }: CanSomewhere<may::WriteWorkItems>,
    Path(id): Path<WorkQueueId>,
    Query(params): Query<ImportParams>,
    key: IdempotencyKey,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let media = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let mut lines: Box<dyn Lines> = match media.as_str() {
        "application/x-ndjson" | "application/jsonl" => Box::new(JsonLines),
        "text/csv" => Box::new(CsvLines::new(params.reference_column)),
        _ => {
            let message = "this path takes application/x-ndjson or text/csv; send it as Content-Type";
            return Err(Error::invalid("request.media_type", message).into());
        }
    };
    let orchestrator = state.orchestrator();
    let mut import = orchestrator.begin_import(&actor, id, params.on_error == OnError::Skip).await?;
    // Never closed.
    let _place = AT_ONCE.acquire().await;
    let digest = read(body, &state, &mut *lines, &mut import).await?;
    let imported = orchestrator.import_items(&actor, import, key.over(&digest)?).await?;
    let rejected_lines =
        imported.rejected_lines.into_iter().map(|(line, message)| RejectedView { line, message }).collect();
    let view = ImportedView { added: imported.added, rejected: imported.rejected, rejected_lines };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// Reads the body to its end; gives its SHA-256.
async fn read(
    body: HttpBody,
    state: &AppState,
    lines: &mut dyn Lines,
    import: &mut Import,
) -> Result<[u8; 32]> {
    let mut chunks = lively(body, state.options().silence_limit);
    let (mut hash, mut size, mut rest, mut line) = (Sha256::new(), 0_u64, Vec::new(), 0_u64);
    while let Some(chunk) = chunks.next().await {
        let chunk: Bytes = chunk.map_err(|error| {
            Error::unavailable("request.broken", "the body broke off; send it again").with_source(error)
        })?;
        hash.update(&chunk);
        size += chunk.len() as u64;
        if size > MAX_BODY {
            let message = format!("the body is larger than {MAX_BODY} bytes; split it");
            return Err(Error::new(ErrorKind::QuotaExceeded, "workItem.import", message));
        }
        rest.extend_from_slice(&chunk);
        let mut from = 0;
        while let Some(length) = rest[from..].iter().position(|byte| *byte == b'\n') {
            line += 1;
            lines.take(line, &rest[from..from + length], import)?;
            from += length + 1;
        }
        rest.drain(..from);
        if rest.len() > MAX_LINE {
            let message = format!("is longer than {MAX_LINE} bytes; pass large data as files");
            return Err(Error::invalid_field(format!("line {}", line + 1), message));
        }
    }
    if !rest.is_empty() {
        lines.take(line + 1, &rest, import)?;
    }
    lines.end(import)?;
    Ok(hash.finalize().into())
}

/// What is made of lines.
trait Lines: Send {
    /// Takes a line, without its end.
    fn take(&mut self, number: u64, line: &[u8], import: &mut Import) -> Result<()>;

    /// There are no more.
    fn end(&mut self, import: &mut Import) -> Result<()>;
}

struct JsonLines;

impl Lines for JsonLines {
    fn take(&mut self, number: u64, line: &[u8], import: &mut Import) -> Result<()> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        // The text of the error may quote what the line holds.
        let item = serde_json::from_slice::<NewItem>(line).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => Error::invalid(
                "workItem.line",
                "is no item: it may have payload, reference, priority, dueAt and deferUntil",
            ),
            _ => Error::invalid("workItem.line", "is no well-formed JSON"),
        });
        import.push(number, item)
    }

    fn end(&mut self, _: &mut Import) -> Result<()> {
        Ok(())
    }
}

struct CsvLines {
    reference_column: Option<String>,
    reader: CsvReader,
    columns: Option<Columns>,
}

impl CsvLines {
    fn new(reference_column: Option<String>) -> Self {
        Self { reference_column, reader: CsvReader::default(), columns: None }
    }

    fn row(&mut self, number: u64, row: Result<Vec<String>>, import: &mut Import) -> Result<()> {
        match &self.columns {
            Some(columns) => import.push(number, row.and_then(|row| columns.item(row))),
            None => {
                let names = row.map_err(|error| at_header(&error))?;
                let columns = Columns::new(names, self.reference_column.as_deref());
                self.columns = Some(columns.map_err(|error| at_header(&error))?);
                Ok(())
            }
        }
    }
}

fn at_header(error: &Error) -> Error {
    Error::invalid_field("line 1", error.message().to_owned())
}

impl Lines for CsvLines {
    fn take(&mut self, number: u64, line: &[u8], import: &mut Import) -> Result<()> {
        match self.reader.take(number, line) {
            Some((first, row)) => self.row(first, row, import),
            None => Ok(()),
        }
    }

    fn end(&mut self, import: &mut Import) -> Result<()> {
        match self.reader.end() {
            Some((first, row)) => self.row(first, row, import),
            None => Ok(()),
        }
    }
}
