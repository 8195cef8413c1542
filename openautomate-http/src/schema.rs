//! The core's enums as the OpenAPI document shows them. The core itself knows nothing of OpenAPI; the test
//! below keeps the two the same.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;

macro_rules! mirror {
    ($($(#[$meta:meta])* $name:ident { $($variant:ident),* $(,)? })*) => {$(
        #[derive(Debug, Deserialize, ToSchema)]
        $(#[$meta])*
        #[allow(dead_code, reason = "it describes; it is never made")]
        pub(crate) enum $name { $($variant),* }
    )*};
}

mirror! {
    /// What a person may do.
    Role { Administrator, Operator, Developer, Viewer }
    /// What can be allowed.
    Permission {
        ManageUsers, EnrolAgents, ManageAgents, ReadAgents, ManageReleases, WritePackages, DeployVersions,
        DeletePackages, ReadPackages, DownloadPackages, RunExecutions, CancelExecutions, ReadExecutions,
        WriteSchedules, ReadSchedules, ManageCalendars, WriteTriggers, ReadTriggers, AnswerApprovals, WriteAssets,
        ReadAssets, WriteQueues, WriteWorkItems, ReadQueues, ManageBuckets, WriteObjects, ReadObjects,
        ReadEnvironments, ManageEnvironments, PauseEnvironments, ReadAudit, ReadSettings,
    }
    /// How a session was signed in to: by password; by an account at an identity provider.
    #[serde(rename_all = "camelCase")]
    SignInMethod { Password, External }
    /// What an agent may do: takes work; finishes what it has; may not connect.
    AgentStatus { Active, Draining, Disabled }
    /// Where an execution stands.
    ExecutionState { Pending, Assigned, Running, Waiting, Succeeded, Failed, Cancelled, TimedOut }
    /// Where an attempt stands.
    #[serde(rename_all = "camelCase")]
    AttemptState { Assigned, Running, Succeeded, Failed, Cancelled, TimedOut, Lost, Released }
    /// Whether people may read an asset's value back.
    #[serde(rename_all = "camelCase")]
    AssetKind { Plain, Secret }
    /// What the value of an asset is: any text; JSON; a user name and a password; a file.
    #[serde(rename_all = "camelCase")]
    AssetFormat { Text, Json, Credential, File }
    /// What happens to a due time that the clock skips.
    #[serde(rename_all = "camelCase")]
    DstGap { RunAfter, Skip }
    /// What happens to a due time that comes twice.
    #[serde(rename_all = "camelCase")]
    DstOverlap { First, Second, Both }
    /// What happens to due times that passed while no server ran.
    #[serde(rename_all = "camelCase")]
    MisfirePolicy { Skip, Latest, All }
    /// What happens at a due time while the last execution still runs.
    #[serde(rename_all = "camelCase")]
    OverlapPolicy { Allow, Skip, QueueOne, CancelRunning }
    /// Why a version shall be deployed: somebody chose it; it is active elsewhere; it was active before.
    #[serde(rename_all = "camelCase")]
    RolloutKind { Deploy, Promote, RollBack }
    /// Where a rollout stands: somebody else has to agree; deployed; refused; taken back.
    #[serde(rename_all = "camelCase")]
    RolloutState { Waiting, Done, Rejected, Withdrawn }
    /// How far an agent is with a version.
    #[serde(rename_all = "camelCase")]
    PreparationState { Waiting, Fetching, Building, Ready, Failed }
    /// Where a rollout of a release of the agent program stands.
    #[serde(rename_all = "camelCase")]
    AgentRolloutState { Running, Done, Stopped, Cancelled }
    /// How far an agent is with a release of its program. `rolledBack`: it was not healthy with it in time, and runs the
    /// program before.
    #[serde(rename_all = "camelCase")]
    AgentUpdateState {
        Waiting, Fetching, Staged, Draining, Restarting, Healthy, RolledBack, Failed, Cancelled
    }
    /// Where a work item stands.
    WorkItemState { New, InProgress, Successful, Failed, BusinessFailed, DeadLetter, Deleted }
    /// Whose fault it was that a work item failed.
    #[serde(rename_all = "camelCase")]
    ItemErrorKind { Application, Business, Abandoned }
    /// What happens to a due time on a day without work.
    #[serde(rename_all = "camelCase")]
    CalendarRule { Skip, RunBefore, RunAfter }
    /// Why a schedule fired.
    #[serde(rename_all = "camelCase")]
    FiringCause { Due, Backfill, RunNow }
    /// What a change of the clocks does to a schedule.
    #[serde(rename_all = "camelCase")]
    ClockChangeEffect { None, RunsAfterGap, Skipped, RunsFirst, RunsSecond, RunsTwice }
    /// How the sender of a webhook proves who it is.
    #[serde(rename_all = "camelCase")]
    WebhookStyle { Timestamped, Github }
    /// Which ends of an execution count: it succeeded; it failed or ran out of time; any.
    #[serde(rename_all = "camelCase")]
    EndedAs { Success, Failure, Any }
    /// What becomes of a file that made an execution: it stays; it is moved into the subfolder `processed`; it is
    /// removed.
    #[serde(rename_all = "camelCase")]
    AfterArrival { Leave, Move, Remove }
    /// What an execution gets of a file that arrived: its content, or its path alone.
    #[serde(rename_all = "camelCase")]
    PassAs { File, Path }
    /// Where an approval stands.
    #[serde(rename_all = "camelCase")]
    ApprovalState { Waiting, Approved, Rejected, Withdrawn }
    /// How severe a log line is.
    #[serde(rename_all = "camelCase")]
    LogLevel { Debug, Info, Warning, Error, Critical }
    /// Where a log line came from.
    #[serde(rename_all = "camelCase")]
    LogStream { Stdout, Stderr, Logging, System }
    /// What a vanished agent means: the execution fails, or is tried again.
    #[serde(rename_all = "camelCase")]
    OnAgentLost { Fail, Retry }
    /// What kind of actor asked.
    #[serde(rename_all = "camelCase")]
    ActorKind { User, Agent, System, Anonymous }
    /// How far a run was kept from harming the machine.
    IsolationLevel { L0, L1, L2 }
    /// Why a run was stopped.
    #[serde(rename_all = "camelCase")]
    StopReason { Cancelled, TimedOut, LimitExceeded, Misbehaved }
}

/// The group of which only so many run at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes; it is never made")]
pub(crate) struct Concurrency {
    /// The name of the group, of its environment. What is given may hold `{name}` for the input of that name.
    key: String,
    /// How many of the group may be with agents at once.
    limit: u32,
}

/// How failed attempts are repeated; what is left out is what the package says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes; it is never made")]
pub(crate) struct RetryOptions {
    /// How many attempts may fail before the execution does.
    max_attempts: Option<u32>,
    /// The wait before the second attempt in milliseconds.
    backoff_ms: Option<u64>,
    /// What the wait is multiplied with for each further attempt, 1 to 100.
    backoff_factor: Option<f64>,
    /// The longest wait in milliseconds, at most a day.
    max_backoff_ms: Option<u64>,
    /// Whether the wait is anything from nothing to that.
    jitter: Option<bool>,
    /// The kinds of errors that are repeated: classes of exceptions, `ExitCode`, `TimedOut`, `AgentLost`; an empty
    /// list for all.
    only_errors: Option<Vec<String>>,
    /// What a vanished agent means.
    on_agent_lost: Option<OnAgentLost>,
}

/// How executions are placed and repeated; what is left out is what the package says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes; it is never made")]
pub(crate) struct ExecutionOptions {
    /// The operating system of the agent: `linux`, `windows` or `macos`.
    os: Option<String>,
    /// A version specifier (PEP 440) that one of the agent's interpreters satisfies, as in `>=3.11`.
    python: Option<String>,
    /// The name of the pool that the agent is in.
    pool: Option<String>,
    /// The group of which only so many run at once.
    concurrency: Option<Concurrency>,
    /// How failed attempts are repeated.
    retry: Option<RetryOptions>,
    /// How long an execution may wait for its first attempt, in milliseconds.
    queue_timeout_ms: Option<u64>,
}

/// A time in which an agent takes nothing new: `once`, or `recurring` by a crontab line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes; it is never made")]
pub(crate) struct MaintenanceWindow {
    /// `once` or `recurring`.
    kind: String,
    /// Of `once`: from this instant.
    starts_at: Option<DateTime<Utc>>,
    /// Of `once`: until before this one.
    ends_at: Option<DateTime<Utc>>,
    /// Of `recurring`: when it begins, as a crontab line.
    cron_expression: Option<String>,
    /// Of `recurring`: in which IANA time zone.
    time_zone: Option<String>,
    /// Of `recurring`: how long it lasts in milliseconds, a minute to seven days.
    duration_ms: Option<u64>,
}

/// Why an agent takes nothing new: `disabled`, `draining` or `maintenance`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes; it is never made")]
pub(crate) struct Rest {
    /// `disabled`, `draining` or `maintenance`.
    kind: String,
    /// Until when, if that is known.
    until: Option<DateTime<Utc>>,
}

/// Which agents a release of their program is for: `all`; those of a `pool` (`poolId`); those with a `label` (`label`).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes; it is never made")]
pub(crate) struct RolloutTarget {
    /// `all`, `pool` or `label`.
    kind: String,
    /// Of `pool`: which.
    #[schema(value_type = Option<Uuid>)]
    pool_id: Option<String>,
    /// Of `label`: which.
    label: Option<String>,
}

/// The proof that a run which was stopped is over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes; it is never made")]
pub(crate) struct StopProof {
    /// Why.
    reason: StopReason,
    /// When the agent learnt that it has to stop.
    requested_at: DateTime<Utc>,
    /// When the run was told, or killed where it is not asked first.
    delivered_at: DateTime<Utc>,
    /// Whether it had to be killed.
    killed: bool,
    /// When no process of it was left.
    empty_at: Option<DateTime<Utc>>,
    /// How many processes could not be killed.
    survivors: u32,
}

/// What the agent saw of a run from outside.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "it describes; it is never made")]
pub(crate) struct RunReport {
    /// The level that was reached.
    isolation: IsolationLevel,
    /// The proof of its stop, if it was stopped.
    stop: Option<StopProof>,
    /// Processes that it had left behind when it ended, and that were killed.
    left_behind: u32,
}

#[cfg(test)]
mod tests {
    use openautomate_core::{domain as d, schedule as s};

    macro_rules! same {
        ($($mirror:ident = [$($core:expr),*];)*) => {$(
            $(serde_json::from_value::<super::$mirror>(serde_json::to_value($core).unwrap()).unwrap();)*
        )*};
    }

    #[test]
    fn every_value_of_the_core_is_in_the_document() {
        same! {
            AgentStatus = [d::AgentStatus::Active, d::AgentStatus::Draining, d::AgentStatus::Disabled];
            AttemptState = [
                d::AttemptState::Assigned, d::AttemptState::Running, d::AttemptState::Succeeded,
                d::AttemptState::Failed, d::AttemptState::Cancelled, d::AttemptState::TimedOut,
                d::AttemptState::Lost, d::AttemptState::Released
            ];
            RolloutKind = [d::RolloutKind::Deploy, d::RolloutKind::Promote, d::RolloutKind::RollBack];
            RolloutState = [
                d::RolloutState::Waiting, d::RolloutState::Done, d::RolloutState::Rejected,
                d::RolloutState::Withdrawn
            ];
                    PreparationState = [
                d::PreparationState::Waiting, d::PreparationState::Fetching, d::PreparationState::Building,
                d::PreparationState::Ready, d::PreparationState::Failed
            ];
            AgentRolloutState = [
                d::AgentRolloutState::Running, d::AgentRolloutState::Done, d::AgentRolloutState::Stopped,
                d::AgentRolloutState::Cancelled
            ];
                    AssetFormat = [
                d::AssetFormat::Text, d::AssetFormat::Json, d::AssetFormat::Credential, d::AssetFormat::File
            ];
                            AssetKind = [d::AssetKind::Plain, d::AssetKind::Secret];
            DstGap = [s::DstGap::RunAfter, s::DstGap::Skip];
            DstOverlap = [s::DstOverlap::First, s::DstOverlap::Second, s::DstOverlap::Both];
            MisfirePolicy = [s::MisfirePolicy::Skip, s::MisfirePolicy::Latest, s::MisfirePolicy::All];
            OverlapPolicy = [
                s::OverlapPolicy::Allow, s::OverlapPolicy::Skip, s::OverlapPolicy::QueueOne,
                s::OverlapPolicy::CancelRunning
            ];
            LogLevel = [
                d::LogLevel::Debug, d::LogLevel::Info, d::LogLevel::Warning, d::LogLevel::Error,
                d::LogLevel::Critical
            ];
            WebhookStyle = [d::WebhookStyle::Timestamped, d::WebhookStyle::Github];
            AfterArrival = [d::AfterArrival::Leave, d::AfterArrival::Move, d::AfterArrival::Remove];
            PassAs = [d::PassAs::File, d::PassAs::Path];
            EndedAs = [d::EndedAs::Success, d::EndedAs::Failure, d::EndedAs::Any];
            ApprovalState = [
                d::ApprovalState::Waiting, d::ApprovalState::Approved, d::ApprovalState::Rejected,
                d::ApprovalState::Withdrawn
            ];
            LogStream = [
                d::LogStream::Stdout, d::LogStream::Stderr, d::LogStream::Logging, d::LogStream::System
            ];
            OnAgentLost = [d::OnAgentLost::Fail, d::OnAgentLost::Retry];
            ActorKind = [
                d::ActorKind::User, d::ActorKind::Agent, d::ActorKind::System, d::ActorKind::Anonymous
            ];
        }
        same! {
            IsolationLevel = [d::IsolationLevel::L0, d::IsolationLevel::L1, d::IsolationLevel::L2];
            StopReason = [
                d::StopReason::Cancelled, d::StopReason::TimedOut, d::StopReason::LimitExceeded,
                d::StopReason::Misbehaved
            ];
        }
        same! {
            Concurrency = [d::Concurrency { key: "sap".to_owned(), limit: 1 }];
            ExecutionOptions = [d::ExecutionOptions::default()];
            RetryOptions = [d::RetryOptions::default()];
            Rest = [d::Rest::Disabled, d::Rest::Draining { until: None }];
        }
        for role in d::Role::ALL {
            same!(Role = [role];);
        }
        for permission in openautomate_core::permission::Permission::ALL {
            same!(Permission = [permission];);
        }
        for state in d::AgentUpdateState::ALL {
            same!(AgentUpdateState = [state];);
        }
        for state in d::ExecutionState::ALL {
            same!(ExecutionState = [state];);
        }
    }
}
