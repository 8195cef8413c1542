//! The nouns of the system: plain data, one noun a file, invariants in constructors.
//!
//! Nothing here reads a clock, a database or the network. Every mutable entity carries its `revision`: a
//! store accepts an update only at the revision that was read, so a concurrent change is a conflict and
//! never a lost update.

mod agent;
mod approval;
mod artifact;
mod asset;
mod attempt;
mod audit;
mod child;
mod deployment;
mod environment;
mod execution;
mod idempotency;
mod input_file;
mod limits;
mod log;
mod name;
mod package;
mod report;
mod role;
mod schedule;
mod transition;
mod trigger;
mod user;

pub use agent::{Agent, AgentFacts, AgentStatus, EnrolmentToken};
pub use approval::{Approval, ApprovalQuestion, ApprovalState};
pub use artifact::Artifact;
pub use asset::{Asset, AssetKind};
pub use attempt::{Attempt, AttemptState, Lease, RunError, RunResult, RunStatus, TraceFrame};
pub use audit::{ActorKind, ActorRef, AuditEntry, AuditHash, AuditHead, AuditSeal};
pub use child::ChildCall;
pub use deployment::Deployment;
pub use environment::Environment;
pub use execution::{
    AfterAttempt, Execution, ExecutionState, ExecutionSummary, OnAgentLost, Origin, Progress, RetryPolicy,
};
pub use idempotency::IdempotencyRecord;
pub use input_file::{FileUser, InputFile};
pub use limits::Limits;
pub use log::{LogChunk, LogLevel, LogLine, LogRecord, LogStream, MAX_LINE_BYTES};
pub use name::{Description, check_description, check_email, check_file_name, check_label, check_name};
pub use package::{Package, PackageVersion};
pub use report::{IsolationLevel, RunReport, StopProof, StopReason};
pub use role::Role;
pub use schedule::{Firing, Schedule};
pub use transition::{check_attempt_transition, check_transition};
pub use trigger::{DueTrigger, EndedAs, Trigger, TriggerFiring, TriggerSource, WebhookStyle};
pub use user::{Invitation, Session, User};
