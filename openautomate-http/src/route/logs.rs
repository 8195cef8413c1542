//! `/api/executions/{id}/logs`: the log of an execution, by pages or live.

use std::time::Duration;

use axum::Json;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, Utc};
use futures_util::{Stream, StreamExt as _, stream};
use openautomate_core::domain::{Attempt, AttemptState, Lease, LogLevel, LogRecord, LogStream};
use openautomate_core::id::ExecutionId;
use openautomate_core::orchestrator::{AccessGuard, LogFollower};
use openautomate_core::visible::visible_lines;
use openautomate_core::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::access::routes;
use crate::extract::{CanSomewhere, Path, Query, may};
use crate::problem::Problem;
use crate::route::executions;
use crate::schema;
use crate::state::AppState;

const DEFAULT_LINES: u32 = 500;
const MAX_LINES: u32 = 5_000;
const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(logs))
}

/// A log line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LogLine)]
pub(crate) struct LineView {
    /// The attempt's number.
    attempt: u32,
    /// 1, 2, 3 … within the attempt.
    seq: u64,
    /// When it was written, by the clock of the agent's machine.
    time: DateTime<Utc>,
    /// How severe it is.
    #[schema(value_type = schema::LogLevel)]
    level: LogLevel,
    /// Where it came from.
    #[schema(value_type = schema::LogStream)]
    stream: LogStream,
    /// The text, secrets masked.
    text: String,
    /// The name of the Python logger.
    #[serde(skip_serializing_if = "Option::is_none")]
    logger: Option<String>,
    /// `file:line` of the call that logged.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl LineView {
    pub(crate) fn new(attempt: u32, record: LogRecord) -> Self {
        let line = record.line;
        Self {
            attempt,
            seq: record.seq,
            time: line.time,
            level: line.level,
            stream: line.stream,
            text: line.text,
            logger: line.logger,
            source: line.source,
        }
    }

    fn to_text(&self) -> String {
        let level = format!("{:?}", self.level).to_uppercase();
        // For terminals and pagers, which would obey what is in it; JSON has it as it is.
        let text = visible_lines(&self.text);
        format!("{} {level} {text}\n", self.time.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }

    fn position(&self) -> String {
        format!("{}.{}", self.attempt, self.seq)
    }
}

/// Which lines.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LogParams {
    /// After this line: `next` of the page before, which is `attempt.seq`; or a `seq` alone.
    after: Option<String>,
    /// How many lines at most. Default 500.
    #[param(minimum = 1, maximum = 5000)]
    limit: Option<u32>,
    /// Of this attempt only; of all if left out.
    #[param(minimum = 1)]
    attempt: Option<u32>,
    /// Goes on until the execution has ended and its last line is told.
    #[serde(default)]
    follow: bool,
}

/// A page of a log.
#[derive(Debug, Serialize, ToSchema)]
struct LogPage {
    /// The lines, in order.
    items: Vec<LineView>,
    /// The `after` of the next page; `null` if no more lines are stored at this moment.
    next: Option<String>,
    /// Whether the execution has ended and these are its last lines.
    complete: bool,
}

/// Gives the log of an execution: a page of it, or with `follow=true` all of it, live, until it ends.
///
/// Followed, it comes as JSON lines, as text (`Accept: text/plain`) or as server-sent events
/// (`Accept: text/event-stream`). In text, what would act on a terminal is shown as an escape such as `\u{1b}`, and the
/// further lines of a record are indented; JSON has each text as it was written.
#[utoipa::path(get, path = "/api/executions/{id}/logs", tag = "executions",
    params(("id" = Uuid, Path, description = "The execution."), LogParams),
    responses((status = 200, description = "The lines.", content(
        (LogPage = "application/json"), (LineView = "application/x-ndjson"), (String = "text/plain"),
        (String = "text/event-stream")))))]
async fn logs(
    State(state): State<AppState>,
    can: CanSomewhere<may::ReadExecutions>,
    Path(id): Path<ExecutionId>,
    Query(params): Query<LogParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let execution = executions::load(&state, &can, id).await?;
    let accepts = |kind: &str| {
        headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(kind))
    };
    let from = Position::parse(params.after.as_deref(), params.attempt)?;
    if params.follow {
        let follower = state.orchestrator().follow_logs(id, from.attempt, from.seq);
        let guard = state.orchestrator().guard(&can.actor);
        let lines = follow(follower, guard, state, params.attempt);
        if accepts("text/event-stream") {
            let events = lines.map(|line| line.and_then(|line| event(&line)));
            return Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response());
        }
        let is_text = accepts("text/plain");
        let (kind, format) = plain_format(is_text);
        let body = HttpBody::from_stream(lines.map(move |line| line.map(|line| format(&line))));
        return Ok(([(CONTENT_TYPE, kind.to_owned()), attached(id, is_text)], body).into_response());
    }
    let limit = params.limit.unwrap_or(DEFAULT_LINES);
    if !(1..=MAX_LINES).contains(&limit) {
        return Err(Error::invalid_field("limit", format!("is not between 1 and {MAX_LINES}")).into());
    }
    let page = page(&state, id, from, params.attempt, limit, execution.state.is_terminal()).await?;
    if accepts("text/plain") {
        let text: String = page.items.iter().map(LineView::to_text).collect();
        return Ok(
            ([(CONTENT_TYPE, plain_format(true).0.to_owned()), attached(id, true)], text).into_response()
        );
    }
    Ok(Json(page).into_response())
}

/// A place in a log: after line `seq` of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) attempt: u32,
    pub(crate) seq: u64,
}

impl Position {
    pub(crate) fn parse(after: Option<&str>, attempt: Option<u32>) -> Result<Self, Error> {
        let wrong = || Error::invalid_field("after", "is neither a line's number nor the `next` of a page");
        let first = attempt.unwrap_or(1).max(1);
        let Some(after) = after else { return Ok(Self { attempt: first, seq: 0 }) };
        let Some((at, seq)) = after.split_once('.') else {
            return Ok(Self { attempt: first, seq: after.parse().map_err(|_| wrong())? });
        };
        let at: u32 = at.parse().map_err(|_| wrong())?;
        if at == 0 || attempt.is_some_and(|attempt| attempt != at) {
            return Err(Error::invalid_field("after", "belongs to another attempt than `attempt` names"));
        }
        Ok(Self { attempt: at, seq: seq.parse().map_err(|_| wrong())? })
    }
}

async fn page(
    state: &AppState,
    execution: ExecutionId,
    from: Position,
    only: Option<u32>,
    limit: u32,
    ended: bool,
) -> Result<LogPage, Error> {
    let wanted = |attempt: &&Attempt| {
        let number = attempt.lease.epoch;
        only.map_or(number >= from.attempt, |only| number == only)
    };
    let attempts = state.orchestrator().store().attempts(execution).await?;
    let attempts: Vec<&Attempt> = attempts.iter().filter(wanted).collect();
    let mut items: Vec<LineView> = Vec::new();
    for attempt in &attempts {
        let number = attempt.lease.epoch;
        let after = if number == from.attempt { from.seq } else { 0 };
        // One line too many shows that there is a next page.
        let room = limit + 1 - u32::try_from(items.len()).unwrap_or(limit);
        let lease = Lease { execution, epoch: number };
        let lines = state.orchestrator().read_log(lease, after, room).await?;
        items.extend(lines.into_iter().map(|record| LineView::new(number, record)));
        if items.len() > limit as usize {
            break;
        }
    }
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next = if more { items.last().map(LineView::position) } else { None };
    let whole = attempts.iter().all(|attempt| {
        attempt.is_log_complete() || matches!(attempt.state, AttemptState::Lost | AttemptState::Released)
    });
    Ok(LogPage { complete: ended && whole && !more, items, next })
}

/// A log is kept as a file by a browser, never shown as a page.
fn attached(execution: ExecutionId, is_text: bool) -> (HeaderName, String) {
    let ending = if is_text { "log" } else { "jsonl" };
    (CONTENT_DISPOSITION, format!("attachment; filename=\"{execution}.{ending}\""))
}

type Format = fn(&LineView) -> Bytes;

fn plain_format(text: bool) -> (&'static str, Format) {
    if text {
        ("text/plain; charset=utf-8", |line| line.to_text().into())
    } else {
        ("application/x-ndjson", |line| {
            let mut bytes = serde_json::to_vec(line).unwrap_or_default();
            bytes.push(b'\n');
            bytes.into()
        })
    }
}

fn event(line: &LineView) -> Result<Event, Error> {
    let event = Event::default().id(line.position()).json_data(line);
    event.map_err(|error| Error::internal("log.encode", "a line can't be sent").with_source(error))
}

/// The lines as they come; an error ends the stream unfinished, so that nobody takes it for the whole.
fn follow(
    follower: LogFollower,
    guard: AccessGuard,
    state: AppState,
    only: Option<u32>,
) -> impl Stream<Item = Result<LineView, Error>> + Send + 'static {
    stream::unfold(Some(follower), move |follower| {
        let (stop, guard) = (state.options().stop.clone(), guard.clone());
        async move {
            let mut follower = follower?;
            let next = tokio::select! {
                biased;
                () = guard.ended() => {
                    Err(Error::unauthenticated("the session has ended, or nobody can say whether it has; sign in again"))
                }
                next = follower.next() => next,
                () = stop.cancelled() => Err(Error::new(
                    ErrorKind::Unavailable,
                    "server.stopping",
                    "the server is stopping; follow again from the last line",
                )),
            };
            match next {
                Ok(Some(line)) if only.is_some_and(|only| line.epoch != only) => None,
                Ok(Some(line)) => Some((Ok(LineView::new(line.epoch, line.record)), Some(follower))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_a_number_or_a_pair() {
        let parse = |after, attempt| Position::parse(after, attempt).ok().map(|at| (at.attempt, at.seq));
        assert_eq!(parse(None, None), Some((1, 0)));
        assert_eq!(parse(Some("7"), None), Some((1, 7)));
        assert_eq!(parse(Some("7"), Some(2)), Some((2, 7)));
        assert_eq!(parse(Some("3.9"), None), Some((3, 9)));
        for (bad, attempt) in [("x", None), ("1.x", None), ("0.1", None), ("1.2", Some(2)), ("-1", None)] {
            assert_eq!(parse(Some(bad), attempt), None, "{bad}");
        }
    }
}
