//! What runs want of the orchestrator, under the lease of their attempt.

use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;

use super::Orchestrator;
use crate::changes::Event;
use crate::command::approval::AskApproval;
use crate::command::child::StartChild;
use crate::domain::{
    Approval, ApprovalState, Execution, ExecutionState, Lease, Origin, RunError, RunResult, RunStatus,
};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AgentId, ExecutionId};
use crate::permission::{Actor, Principal};
use crate::query::{ApprovalFilter, PageRequest};
use crate::transport::message::{CallAnswer, RunCall};

/// After how long an agent is told that an execution still runs: well within what it waits for an answer.
const LONG_POLL: Duration = Duration::from_secs(15);
/// How often an execution is looked at whose events may have been missed.
const LOOK_EVERY: Duration = Duration::from_secs(2);

impl Orchestrator {
    /// Does what a run wants, or says why not.
    pub(crate) async fn answer_call(
        &self,
        agent_id: AgentId,
        agent_name: &str,
        lease: Lease,
        call: RunCall,
    ) -> CallAnswer {
        let actor = Actor::of(Principal::Agent { id: agent_id, name: agent_name.to_owned() });
        let answer = match call {
            RunCall::StartChild { call, package, inputs } => {
                let command = StartChild { agent_id, lease, call, package, inputs };
                let started = self.execute(&actor, command).await;
                started.map(|child| CallAnswer::Started { execution: child.id })
            }
            RunCall::AwaitChild { execution } => return self.await_child(agent_id, lease, execution).await,
            RunCall::Bucket { call } => self.bucket_call(&actor, agent_id, lease, call).await,
            RunCall::AssetFile { name } => self.asset_file_call(agent_id, lease, &name).await,
            RunCall::Approval(question) => {
                let command = AskApproval { agent_id, lease, question };
                let asked = match self.execute(&actor, command.clone()).await {
                    // The same question came twice at once; the other one was first.
                    Err(error) if error.code() == "name.taken" => self.execute(&actor, command).await,
                    asked => asked,
                };
                match asked {
                    Ok(approval) => self.answer_of(approval).await,
                    Err(error) => Err(error),
                }
            }
        };
        answer.unwrap_or_else(|error| refused(&error))
    }

    async fn answer_of(&self, approval: Approval) -> Result<CallAnswer> {
        if matches!(approval.state, ApprovalState::Waiting | ApprovalState::Withdrawn) {
            return Ok(CallAnswer::Waiting);
        }
        let answered_by = match approval.answered_by_id {
            Some(id) => self.store().user(id).await?.map(|user| user.username),
            None => None,
        };
        let approved = approval.state == ApprovalState::Approved;
        Ok(CallAnswer::Answered { approved, comment: approval.comment, answered_by })
    }

    /// Waits for the end of an execution that a run started, for a while.
    pub(crate) async fn await_child(
        &self,
        agent_id: AgentId,
        lease: Lease,
        child: ExecutionId,
    ) -> CallAnswer {
        match tokio::time::timeout(LONG_POLL, self.end_of_child(agent_id, lease, child)).await {
            Ok(Ok(child)) => CallAnswer::Ended {
                state: child.state,
                outputs: child.outputs.unwrap_or_default(),
                error: child.error,
            },
            Ok(Err(error)) => refused(&error),
            Err(_) => CallAnswer::Running,
        }
    }

    async fn end_of_child(&self, agent_id: AgentId, lease: Lease, id: ExecutionId) -> Result<Execution> {
        // Before it is looked at, so that no end falls in between.
        let mut events = self.subscribe();
        self.leased(agent_id, lease).await?;
        loop {
            let child = self.store().execution(id).await?;
            let is_theirs = |child: &Execution| match child.origin {
                Origin::Child { parent, .. } => parent == lease.execution,
                _ => false,
            };
            let child =
                child.filter(is_theirs).ok_or_else(|| Error::not_found("child of the execution", id))?;
            if child.state.is_terminal() {
                return Ok(child);
            }
            // Under a limit both might else wait for each other. Another child may have ended since it was last asked.
            let stands_in = self.store().stand_in(lease, agent_id, id).await?;
            if stands_in && child.state == ExecutionState::Pending {
                self.publish(Event::ExecutionPending { execution_id: id });
            }
            // Other servers' announcements are hints.
            let _ = tokio::time::timeout(LOOK_EVERY, async {
                loop {
                    match events.recv().await {
                        Ok(Event::ExecutionChanged { execution_id, state })
                            if execution_id == id && state.is_terminal() =>
                        {
                            return;
                        }
                        Ok(Event::EventsMissed) | Err(RecvError::Lagged(_)) => return,
                        Err(RecvError::Closed) => std::future::pending().await,
                        Ok(_) => {}
                    }
                }
            })
            .await;
        }
    }

    /// The result of a run, unless it says that it is suspended and asked nobody in this attempt: it would be begun
    /// again for ever.
    pub(super) async fn checked_suspension(&self, lease: Lease, result: RunResult) -> Result<RunResult> {
        if result.status != RunStatus::Suspended {
            return Ok(result);
        }
        let filter = ApprovalFilter { execution_id: Some(lease.execution), state: None };
        let page = self.store().approvals(&filter, PageRequest::new(None, PageRequest::MAX)).await?;
        if page.items.iter().any(|approval| approval.epoch == lease.epoch) {
            return Ok(result);
        }
        let message = "the run said that it waits for an approval, and asked for none";
        let error = RunError::new("ProtocolError", message);
        Ok(RunResult {
            report: result.report,
            exit_code: result.exit_code,
            ..RunResult::ended(RunStatus::Failed, error)
        })
    }
}

fn refused(error: &Error) -> CallAnswer {
    let message = match error.fields() {
        [] => error.message().to_owned(),
        fields => {
            let told: Vec<String> =
                fields.iter().map(|wrong| format!("{} {}", wrong.field, wrong.message)).collect();
            told.join("; ")
        }
    };
    let kind = match error.kind() {
        ErrorKind::Internal => {
            tracing::error!(%error, "a call of a run failed");
            ErrorKind::Internal
        }
        kind => kind,
    };
    CallAnswer::Refused { error: kind, message }
}
