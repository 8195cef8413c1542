//! Executions and attempts as the API shows them.

use chrono::{DateTime, Utc};
use openautomate_core::domain::{
    Attempt, AttemptState, Concurrency, Execution, ExecutionState, ExecutionSummary, FiringCause,
    OnAgentLost, Origin, Progress, Requirements, RunError, RunReport,
};
use openautomate_core::error::Result;
use openautomate_core::id::{
    AgentId, EnvironmentId, ExecutionId, PackageId, PoolId, ScheduleId, TriggerId, UserId, VersionId,
};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::schema;
use crate::state::AppState;

/// Who or what asked for an execution.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Origin)]
pub(super) struct OriginView {
    /// `manual`, `schedule`, `retry`, `trigger`, `child` or `embedded`.
    kind: &'static str,
    /// The person, for `manual` and `retry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    user_id: Option<UserId>,
    /// The schedule, for `schedule`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    schedule_id: Option<ScheduleId>,
    /// The due time, for `schedule`.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_at: Option<DateTime<Utc>>,
    /// Why the schedule fired, for `schedule`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::FiringCause>)]
    cause: Option<FiringCause>,
    /// The execution that is repeated, for `retry`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    of: Option<ExecutionId>,
    /// The trigger, for `trigger`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    trigger_id: Option<TriggerId>,
    /// The execution whose end it followed, for `trigger`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    after: Option<ExecutionId>,
    /// The execution whose run asked for it, for `child`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Uuid>)]
    parent: Option<ExecutionId>,
}

impl From<Origin> for OriginView {
    fn from(origin: Origin) -> Self {
        let none = |kind| Self {
            kind,
            user_id: None,
            schedule_id: None,
            due_at: None,
            cause: None,
            of: None,
            trigger_id: None,
            after: None,
            parent: None,
        };
        match origin {
            Origin::Manual { user_id } => Self { user_id: Some(user_id), ..none("manual") },
            Origin::Schedule { schedule_id, due_at, cause } => Self {
                schedule_id: Some(schedule_id),
                due_at: Some(due_at),
                cause: Some(cause),
                ..none("schedule")
            },
            Origin::Retry { user_id, of } => Self { user_id: Some(user_id), of: Some(of), ..none("retry") },
            Origin::Trigger { trigger_id, after, .. } => {
                Self { trigger_id: Some(trigger_id), after, ..none("trigger") }
            }
            Origin::Child { parent, .. } => Self { parent: Some(parent), ..none("child") },
            Origin::Embedded => none("embedded"),
        }
    }
}

/// How far a run says it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Progress)]
pub(super) struct ProgressView {
    /// 0 to 1.
    fraction: f64,
    /// What it does at the moment.
    message: Option<String>,
}

impl From<Progress> for ProgressView {
    fn from(progress: Progress) -> Self {
        Self { fraction: progress.fraction, message: progress.message }
    }
}

/// Why a run failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunError)]
pub(super) struct RunErrorView {
    /// The exception's class, or `ExitCode`, `Signal`, `Timeout`, `Cancelled`, `AgentLost`, `StartFailed`,
    /// `PackageInvalid` or `QueueTimeout`.
    kind: String,
    /// The message, secrets masked.
    message: String,
    /// The traceback as Python prints it.
    traceback: Option<String>,
    /// The traceback as structure, outermost call first.
    frames: Vec<TraceFrameView>,
}

/// One line of a traceback.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TraceFrame)]
struct TraceFrameView {
    /// The file, relative to the package where it lies in it.
    file: String,
    /// The line, from 1.
    line: u32,
    /// The function.
    function: String,
}

impl From<RunError> for RunErrorView {
    fn from(error: RunError) -> Self {
        let frame = |frame: openautomate_core::domain::TraceFrame| TraceFrameView {
            file: frame.file,
            line: frame.line,
            function: frame.function,
        };
        Self {
            kind: error.kind,
            message: error.message,
            traceback: error.traceback,
            frames: error.frames.into_iter().map(frame).collect(),
        }
    }
}

/// An execution, as lists show it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ExecutionSummary)]
pub(super) struct ExecutionView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: ExecutionId,
    /// The agent of the last attempt.
    #[schema(value_type = Option<Uuid>)]
    bot_agent_id: Option<AgentId>,
    /// Of which package.
    #[schema(value_type = Uuid)]
    package_id: PackageId,
    /// Its name.
    package_name: String,
    /// The exact version.
    #[schema(value_type = Uuid)]
    version_id: VersionId,
    /// Its number.
    version_number: String,
    /// The schedule that made it.
    #[schema(value_type = Option<Uuid>)]
    schedule_id: Option<ScheduleId>,
    /// Where.
    #[schema(value_type = Uuid)]
    environment_id: EnvironmentId,
    /// Where it stands.
    #[schema(value_type = schema::ExecutionState)]
    status: ExecutionState,
    /// The same as `status`.
    #[schema(value_type = schema::ExecutionState)]
    state: ExecutionState,
    /// When the first attempt began.
    start_time: Option<DateTime<Utc>>,
    /// When it ended.
    end_time: Option<DateTime<Utc>>,
    /// Why it failed, in a line.
    error_message: Option<String>,
    /// Higher goes first.
    priority: i32,
    /// Who or what asked for it.
    origin: OriginView,
    /// How far the run says it is.
    progress: Option<ProgressView>,
    /// The number of the last attempt; 0 before the first.
    attempt: u32,
    /// When a cancel was asked for.
    cancel_requested_at: Option<DateTime<Utc>>,
    /// When it was asked for.
    created_at: DateTime<Utc>,
}

impl From<ExecutionSummary> for ExecutionView {
    fn from(execution: ExecutionSummary) -> Self {
        let schedule_id = schedule_of(&execution.origin);
        Self {
            id: execution.id,
            bot_agent_id: execution.agent_id,
            package_id: execution.package_id,
            package_name: execution.package_name,
            version_id: execution.version_id,
            version_number: execution.version_number,
            schedule_id,
            environment_id: execution.environment_id,
            status: execution.state,
            state: execution.state,
            start_time: execution.started_at,
            end_time: execution.ended_at,
            error_message: execution.error_message,
            priority: execution.priority,
            origin: execution.origin.into(),
            progress: execution.progress.map(ProgressView::from),
            attempt: execution.lease_epoch,
            cancel_requested_at: execution.cancel_requested_at,
            created_at: execution.created_at,
        }
    }
}

const fn schedule_of(origin: &Origin) -> Option<ScheduleId> {
    match origin {
        Origin::Schedule { schedule_id, .. } => Some(*schedule_id),
        _ => None,
    }
}

/// How often a failed attempt is repeated.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RetryPolicy)]
struct RetryView {
    /// How many attempts may fail before the execution does.
    max_attempts: u32,
    /// The wait before the second attempt in milliseconds.
    backoff_ms: u64,
    /// What the wait is multiplied with for each further attempt.
    backoff_factor: f64,
    /// The longest wait in milliseconds.
    max_backoff_ms: u64,
    /// Whether the wait is anything from nothing to that.
    jitter: bool,
    /// The kinds of errors that are repeated; all if it is empty.
    only_errors: Vec<String>,
    /// What a vanished agent means.
    #[schema(value_type = schema::OnAgentLost)]
    on_agent_lost: OnAgentLost,
}

/// Where more of an execution is found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ExecutionLinks)]
struct LinksView {
    /// The log.
    logs: String,
    /// The files.
    artifacts: String,
    /// The attempts.
    attempts: String,
    /// The executions that it asked for.
    children: String,
}

/// One try at an execution.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Attempt)]
pub(super) struct AttemptView {
    /// The number, from 1.
    number: u32,
    /// The agent that holds or held the lease.
    #[schema(value_type = Uuid)]
    agent_id: AgentId,
    /// Where it stands.
    #[schema(value_type = schema::AttemptState)]
    state: AttemptState,
    /// When the lease was granted.
    assigned_at: DateTime<Utc>,
    /// When the agent began.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
    /// Why it failed.
    error: Option<RunErrorView>,
    /// The exit code of the process.
    exit_code: Option<i32>,
    /// What the agent saw of the run from outside: how far it was confined, and the proof of its stop.
    #[schema(value_type = Option<schema::RunReport>)]
    report: Option<RunReport>,
    /// How many log lines are stored.
    log_lines: u64,
    /// Whether every line is stored.
    log_complete: bool,
}

impl From<Attempt> for AttemptView {
    fn from(attempt: Attempt) -> Self {
        Self {
            number: attempt.lease.epoch,
            log_complete: attempt.is_log_complete(),
            agent_id: attempt.agent_id,
            state: attempt.state,
            assigned_at: attempt.assigned_at,
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            error: attempt.error.map(RunErrorView::from),
            exit_code: attempt.exit_code,
            report: attempt.report,
            log_lines: attempt.stored_log_seq,
        }
    }
}

/// An execution with everything that is known of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Execution)]
pub(in crate::route) struct ExecutionDetail {
    #[serde(flatten)]
    summary: ExecutionView,
    /// The labels that its agent must have.
    labels: Vec<String>,
    /// The one agent that may run it.
    #[schema(value_type = Option<Uuid>)]
    pinned_agent_id: Option<AgentId>,
    /// The operating system that its agent must have.
    required_os: Option<String>,
    /// The version specifier (PEP 440) that one of its agent's interpreters must satisfy.
    required_python: Option<String>,
    /// The pool that its agent must be in.
    #[schema(value_type = Option<Uuid>)]
    pool_id: Option<PoolId>,
    /// The group of which only so many run at once.
    #[schema(value_type = Option<schema::Concurrency>)]
    concurrency: Option<Concurrency>,
    /// The inputs by name.
    #[schema(value_type = Object)]
    inputs: Map<String, Value>,
    /// The outputs by name, once it succeeded.
    #[schema(value_type = Option<Object>)]
    outputs: Option<Map<String, Value>>,
    /// Why it failed.
    error: Option<RunErrorView>,
    /// How often it is tried.
    retry: RetryView,
    /// How many attempts failed or were lost.
    failed_attempts: u32,
    /// The time limit of one attempt in milliseconds.
    timeout_ms: Option<u64>,
    /// How long it may wait for its first attempt in milliseconds.
    queue_timeout_ms: Option<u64>,
    /// Not before this instant; the end of the year 9999 while it waits for an approval.
    run_at: DateTime<Utc>,
    /// First to last.
    attempts: Vec<AttemptView>,
    /// How many files it left.
    artifact_count: usize,
    /// Where more is found.
    links: LinksView,
    /// Raised with each change; the ETag.
    revision: i64,
}

impl ExecutionDetail {
    /// An execution with what belongs to it.
    pub(super) async fn of(state: &AppState, execution: Execution) -> Result<Self> {
        let store = state.orchestrator().store();
        let attempts = store.attempts(execution.id).await?.into_iter().map(AttemptView::from).collect();
        let artifact_count = store.artifacts(execution.id).await?.len();
        Self::with(state, execution, attempts, artifact_count).await
    }

    /// An execution that was made just now: nothing belongs to it yet.
    pub(super) async fn new(state: &AppState, execution: Execution) -> Result<Self> {
        Self::with(state, execution, Vec::new(), 0).await
    }

    async fn with(
        state: &AppState,
        execution: Execution,
        attempts: Vec<AttemptView>,
        artifact_count: usize,
    ) -> Result<Self> {
        let store = state.orchestrator().store();
        let id = execution.id;
        let version = store.version(execution.version_id).await?;
        let package = store.package(execution.package_id).await?;
        let link = |what: &str| format!("/api/executions/{id}/{what}");
        let retry = RetryView {
            max_attempts: execution.retry.max_attempts,
            backoff_ms: execution.retry.backoff_ms,
            backoff_factor: execution.retry.backoff_factor,
            max_backoff_ms: execution.retry.max_backoff_ms,
            jitter: execution.retry.jitter,
            only_errors: execution.retry.only_errors,
            on_agent_lost: execution.retry.on_agent_lost,
        };
        let Requirements { os, python, pool_id } = execution.requirements;
        let summary = ExecutionView {
            id,
            bot_agent_id: execution.agent_id,
            package_id: execution.package_id,
            package_name: package.map(|package| package.name).unwrap_or_default(),
            version_id: execution.version_id,
            version_number: version.map(|version| version.version_number).unwrap_or_default(),
            schedule_id: schedule_of(&execution.origin),
            environment_id: execution.environment_id,
            status: execution.state,
            state: execution.state,
            start_time: execution.started_at,
            end_time: execution.ended_at,
            error_message: execution.error.as_ref().map(|error| error.message.clone()),
            priority: execution.priority,
            origin: execution.origin.into(),
            progress: execution.progress.map(ProgressView::from),
            attempt: execution.lease_epoch,
            cancel_requested_at: execution.cancel_requested_at,
            created_at: execution.created_at,
        };
        Ok(Self {
            summary,
            labels: execution.labels,
            pinned_agent_id: execution.pinned_agent_id,
            required_os: os,
            required_python: python.map(|python| python.specifier().to_owned()),
            pool_id,
            concurrency: execution.concurrency,
            inputs: execution.inputs,
            outputs: execution.outputs,
            error: execution.error.map(RunErrorView::from),
            retry,
            failed_attempts: execution.failed_attempts,
            timeout_ms: execution.timeout_ms,
            queue_timeout_ms: execution.queue_timeout_ms,
            run_at: execution.run_at,
            attempts,
            artifact_count,
            links: LinksView {
                logs: link("logs"),
                artifacts: link("artifacts"),
                attempts: link("attempts"),
                children: link("children"),
            },
            revision: execution.revision,
        })
    }
}

/// An execution that another one asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChildExecution)]
pub(super) struct ChildView {
    /// The id.
    #[schema(value_type = Uuid)]
    id: ExecutionId,
    /// Of which package.
    #[schema(value_type = Uuid)]
    package_id: PackageId,
    /// Where it stands.
    #[schema(value_type = schema::ExecutionState)]
    state: ExecutionState,
    /// Why it failed, in a line.
    error_message: Option<String>,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// When the first attempt began.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    ended_at: Option<DateTime<Utc>>,
}

impl From<Execution> for ChildView {
    fn from(child: Execution) -> Self {
        Self {
            id: child.id,
            package_id: child.package_id,
            state: child.state,
            error_message: child.error.map(|error| error.message),
            created_at: child.created_at,
            started_at: child.started_at,
            ended_at: child.ended_at,
        }
    }
}
