//! The nouns of the system: plain data, one noun a file, invariants in constructors.
//!
//! Nothing here reads a clock, a database or the network. Every mutable entity carries its `revision`: a
//! store accepts an update only at the revision that was read, so a concurrent change is a conflict and
//! never a lost update.

mod agent;
mod agent_pool;
mod agent_preparation;
mod agent_release;
mod agent_usage;
mod api_key;
mod approval;
mod artifact;
mod asset;
mod attempt;
mod audit;
mod audit_checkpoint;
mod bucket;
mod calendar;
mod child;
mod concurrency;
mod custom_role;
mod deployment;
mod environment;
mod environment_roles;
mod execution;
mod execution_options;
mod explanation;
mod firing;
mod folder_source;
mod idempotency;
mod input_file;
mod limits;
mod log;
mod log_archive;
mod maintenance;
mod name;
mod name_pattern;
mod new_item;
mod package;
mod queue_source;
mod report;
mod requirement;
mod retry;
mod role;
mod rollout;
mod schedule;
mod sign_in;
mod transition;
mod trigger;
mod user;
mod work_item;
mod work_queue;

pub use agent::{Agent, AgentFacts, AgentHost, AgentStatus, EnrolmentToken, Quarantine};
pub use agent_pool::AgentPool;
pub use agent_preparation::{AgentPreparation, PreparationState};
pub use agent_release::{
    AgentRelease, AgentRollout, AgentRolloutState, AgentUpdate, AgentUpdateState, RolloutTarget,
};
pub use agent_usage::{Usage, UsagePoint};
pub use api_key::ApiKey;
pub use approval::{Approval, ApprovalQuestion, ApprovalState};
pub use artifact::Artifact;
pub use asset::{AllowedPackage, Asset, AssetFile, AssetFormat, AssetKind};
pub use attempt::{Attempt, AttemptState, Lease, RunError, RunResult, RunStatus, TraceFrame};
pub use audit::{ActorKind, ActorRef, AuditEntry, AuditHash, AuditHead, AuditSeal};
pub use audit_checkpoint::AuditCheckpoint;
pub use bucket::{
    Bucket, BucketObject, MAX_KEY_BYTES, ObjectCondition, ObjectWriter, after_prefix, check_object_key,
    check_object_prefix,
};
pub use calendar::{Calendar, MAX_CALENDAR_DAYS, check_days};
pub use child::ChildCall;
pub use concurrency::{
    Concurrency, ConcurrencyLimits, ConcurrencyScope, MAX_CONCURRENT, Occupancy, Occupant, StandIn,
    check_limit,
};
pub use custom_role::CustomRole;
pub use deployment::Deployment;
pub use environment::{Environment, EnvironmentPause};
pub use environment_roles::EnvironmentRoles;
pub use execution::{
    AfterAttempt, Execution, ExecutionState, ExecutionSummary, OnAgentLost, Origin, Progress,
};
pub use execution_options::{ExecutionOptions, RetryOptions};
pub use explanation::{Explanation, HoldReason, Lack, RestingAgent};
pub use firing::{Firing, FiringCause};
pub use folder_source::{
    AfterArrival, ArrivalOutcome, FileArrival, FolderSource, FolderWatch, PassAs, TriggerWatch, WatchProblem,
    WatchState,
};
pub use idempotency::IdempotencyRecord;
pub use input_file::{FileUser, InputFile};
pub use limits::Limits;
pub use log::{LogChunk, LogLevel, LogLine, LogRecord, LogStream, MAX_LINE_BYTES};
pub use log_archive::{LogArchive, LogFrame};
pub(crate) use maintenance::rest;
pub use maintenance::{MAX_WINDOWS, MaintenanceWindow, Rest};
pub use name::{Description, check_description, check_email, check_file_name, check_label, check_name};
pub use name_pattern::NamePattern;
pub use new_item::{ChildItem, NewItem, QueueRef};
pub use package::{Package, PackageVersion};
pub use queue_source::{QueueBacklog, QueueSource, TriggerTurn, TurnState};
pub use report::{IsolationLevel, RunReport, StopProof, StopReason};
pub use requirement::{
    Mismatch, OPERATING_SYSTEMS, Offer, PythonRequirement, Requirements, check_os, version_number,
};
pub use retry::{AGENT_LOST, RetryPolicy, TIMED_OUT};
pub use role::Role;
pub use rollout::{Rollout, RolloutKind, RolloutState};
pub use schedule::{Pause, Schedule};
pub use sign_in::{ExternalIdentity, PasswordReset, SecondFactor, SignInMethod};
pub use transition::{check_attempt_transition, check_item_transition, check_transition};
pub use trigger::{DueTrigger, EndedAs, Trigger, TriggerFiring, TriggerSource, WatchKind, WebhookStyle};
pub use user::{Invitation, Session, User};
pub use work_item::{ItemErrorKind, ItemHolder, QueueStatistics, WorkItem, WorkItemError, WorkItemState};
pub use work_queue::WorkQueue;
