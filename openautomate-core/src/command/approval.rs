//! Asking people, answering, and what follows from an answer.

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::json;

use crate::changes::{Changes, Event, Record};
use crate::command::child::held;
use crate::command::inputs::is_what_was_kept;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{
    Approval, ApprovalQuestion, ApprovalState, Execution, ExecutionState, Lease, check_description,
};
use crate::error::{Error, Result};
use crate::id::{AgentId, ApprovalId, ExecutionId, UserId};
use crate::permission::{Access, Permission, Principal};
use crate::query::{ApprovalFilter, PageRequest};

/// The most approvals of one execution.
const MAX_APPROVALS: u32 = 100;
/// The longest key and question, in bytes.
const MAX_KEY: usize = 200;
const MAX_QUESTION: usize = 4_000;
/// The largest data as JSON, in bytes.
const MAX_DATA: usize = 64 * 1024;
const MAX_APPROVERS: usize = 50;
/// The longest time until the default is taken: ten years.
const MAX_EXPIRY_SECONDS: u64 = 10 * 366 * 24 * 3_600;

/// Checks that a question fits.
fn check(asked: &ApprovalQuestion) -> Result<()> {
    let within = |field: &'static str, text: &str, most: usize| {
        if text.is_empty() || text.len() > most || text.contains('\0') {
            return Err(Error::invalid_field(field, format!("is not 1 to {most} bytes of text")));
        }
        Ok(())
    };
    within("key", &asked.key, MAX_KEY)?;
    within("question", &asked.question, MAX_QUESTION)?;
    if serde_json::to_vec(&asked.data).map_or(usize::MAX, |bytes| bytes.len()) > MAX_DATA {
        return Err(Error::invalid_field("data", format!("takes more than {MAX_DATA} bytes of JSON")));
    }
    if asked.approvers.len() > MAX_APPROVERS {
        return Err(Error::invalid_field("approvers", format!("names more than {MAX_APPROVERS} people")));
    }
    if asked.expires_in.is_some_and(|seconds| seconds == 0 || seconds > MAX_EXPIRY_SECONDS) {
        return Err(Error::invalid_field("expiresIn", "is not between a second and ten years"));
    }
    if asked.default_approve && asked.expires_in.is_none() {
        return Err(Error::invalid_field("defaultApprove", "counts with expiresIn alone; give that too"));
    }
    Ok(())
}

/// Asks people on behalf of a run, or finds that it was asked before: one approval of each execution and key.
#[derive(Clone, Debug)]
pub(crate) struct AskApproval {
    pub(crate) agent_id: AgentId,
    pub(crate) lease: Lease,
    pub(crate) question: ApprovalQuestion,
}

#[async_trait]
impl Command for AskApproval {
    type Output = Approval;
    const NAME: &'static str = "approval.ask";

    /// The lease is the proof.
    fn access(&self) -> Access {
        Access::Public
    }

    fn validate(&self) -> Result<()> {
        check(&self.question)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Approval>> {
        let execution = held(context, self.lease, self.agent_id).await?;
        let asked = &self.question;
        if let Some(mut approval) = context.store.approval_by_key(execution.id, &asked.key).await? {
            // A yes to one question must not be taken for a yes to another.
            if approval.question != asked.question || !is_what_was_kept(&asked.data, &approval.data) {
                let message = "the run asked something else by this key before; give each question a key of its own, \
                               and data that are the same when the run goes on";
                return Err(Error::conflict("approval.mismatch", message));
            }
            if approval.state != ApprovalState::Waiting || approval.epoch == self.lease.epoch {
                return Ok(Decision::unchanged(approval));
            }
            approval.epoch = self.lease.epoch;
            let changes = Changes::none().update(Record::Approval(Box::new(approval.clone())));
            approval.revision += 1;
            return Ok(Decision::new(changes, approval));
        }
        let filter = ApprovalFilter { execution_id: Some(execution.id), state: None };
        let page = PageRequest::new(None, MAX_APPROVALS);
        if context.store.approvals(&filter, page).await?.items.len() >= MAX_APPROVALS as usize {
            let message = format!("an execution may ask {MAX_APPROVALS} times; ask for more at once");
            return Err(Error::conflict("approval.limit", message));
        }
        let expires_in = asked.expires_in.map(|seconds| TimeDelta::seconds(seconds.cast_signed()));
        let approval = Approval {
            id: ApprovalId::new(),
            execution_id: execution.id,
            key: asked.key.clone(),
            epoch: self.lease.epoch,
            question: asked.question.clone(),
            data: asked.data.clone(),
            approvers: approvers(context, &asked.approvers).await?,
            role: asked.role,
            expires_at: expires_in.map(|after| context.now + after),
            default_approve: asked.default_approve,
            state: ApprovalState::Waiting,
            comment: String::new(),
            answered_by_id: None,
            answered_at: None,
            created_at: context.now,
            revision: 0,
        };
        let detail = json!({"executionId": execution.id, "key": approval.key, "attempt": self.lease.epoch});
        let changes = Changes::none()
            .insert(Record::Approval(Box::new(approval.clone())))
            .audited(context.audit("approval", approval.id, detail))
            .event(changed(&approval));
        Ok(Decision::new(changes, approval))
    }
}

async fn approvers(context: &CommandContext<'_>, names: &[String]) -> Result<Vec<UserId>> {
    let mut ids = Vec::with_capacity(names.len());
    for name in names {
        let user =
            context.store.user_by_login(name).await?.filter(|user| user.username.eq_ignore_ascii_case(name));
        let user = user.ok_or_else(|| {
            Error::invalid_field("approvers", "names somebody who has no account; nobody could answer")
        })?;
        if !ids.contains(&user.id) {
            ids.push(user.id);
        }
    }
    Ok(ids)
}

fn changed(approval: &Approval) -> Event {
    Event::ApprovalChanged { approval_id: approval.id, execution_id: approval.execution_id }
}

/// Answers an approval. Its execution goes on at once, or as soon as the attempt that asked has ended.
#[derive(Clone, Debug)]
pub struct AnswerApproval {
    /// Which.
    pub id: ApprovalId,
    /// Yes or no.
    pub approve: bool,
    /// What there is to say of it.
    pub comment: String,
}

#[async_trait]
impl Command for AnswerApproval {
    type Output = Approval;
    const NAME: &'static str = "approval.answer";

    fn access(&self) -> Access {
        Access::Permission(Permission::AnswerApprovals)
    }

    fn validate(&self) -> Result<()> {
        check_description("comment", &self.comment)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Approval>> {
        let approval = context.store.approval(self.id).await?;
        let missing = || Error::not_found("approval", self.id);
        let mut approval = approval.ok_or_else(missing)?;
        let user_id = context.user_id()?;
        let execution = context.store.execution(approval.execution_id).await?;
        let execution = execution.ok_or_else(|| Error::not_found("execution", approval.execution_id))?;
        context.allowed_in(execution.environment_id, missing)?;
        check_may_answer(context, &approval, &execution, user_id).await?;
        let state = ApprovalState::answered(self.approve);
        if approval.state == state && approval.answered_by_id == Some(user_id) {
            return Ok(Decision::unchanged(approval));
        }
        if approval.state != ApprovalState::Waiting {
            let message = format!("the approval is {} already; it is answered once", word(approval.state));
            return Err(Error::conflict("approval.answered", message));
        }
        if approval.expires_at.is_some_and(|at| at <= context.now) {
            return Err(Error::conflict(
                "approval.expired",
                "the time to answer is over; the default is taken",
            ));
        }
        if execution.state.is_terminal() {
            let message = "the execution has ended; there is nothing left to answer";
            return Err(Error::conflict("approval.execution_ended", message));
        }
        approval.state = state;
        approval.comment.clone_from(&self.comment);
        approval.answered_by_id = Some(user_id);
        approval.answered_at = Some(context.now);
        let detail = json!({
            "executionId": approval.execution_id,
            "key": approval.key,
            "answer": word(approval.state),
        });
        let mut changes = Changes::none()
            .update(Record::Approval(Box::new(approval.clone())))
            .audited(context.audit("approval", approval.id, detail))
            .event(changed(&approval));
        if execution.is_suspended() && !waits_for_another(context, &approval).await? {
            changes = goes_on(changes, execution, context);
        }
        approval.revision += 1;
        Ok(Decision::new(changes, approval))
    }
}

async fn check_may_answer(
    context: &CommandContext<'_>,
    approval: &Approval,
    execution: &Execution,
    user_id: UserId,
) -> Result<()> {
    let is_named = approval.approvers.is_empty() || approval.approvers.contains(&user_id);
    let has_role = match (approval.role, &context.actor.principal) {
        (None, _) => true,
        (Some(role), Principal::User { roles, .. }) if roles.contains(&role) => true,
        // In the environment of the execution it counts as well.
        (Some(role), Principal::User { .. }) => {
            let user = context.store.user(user_id).await?;
            let here = user.into_iter().flat_map(|user| user.environment_roles);
            let mut here = here.filter(|one| one.environment_id == execution.environment_id);
            here.any(|one| one.roles.contains(&role))
        }
        _ => false,
    };
    if is_named && has_role {
        return Ok(());
    }
    Err(Error::forbidden("the automation named others who may answer this"))
}

/// Whether the execution asked something else too that is not answered: threads of a run may.
async fn waits_for_another(context: &CommandContext<'_>, approval: &Approval) -> Result<bool> {
    let filter =
        ApprovalFilter { execution_id: Some(approval.execution_id), state: Some(ApprovalState::Waiting) };
    let page = context.store.approvals(&filter, PageRequest::new(None, 2)).await?;
    Ok(page.items.iter().any(|other| other.id != approval.id))
}

/// Adds that a suspended execution is due.
fn goes_on(changes: Changes, mut execution: Execution, context: &CommandContext<'_>) -> Changes {
    execution.state = ExecutionState::Pending;
    execution.run_at = context.now;
    let execution_id = execution.id;
    changes
        .update(Record::Execution(Box::new(execution)))
        .event(Event::ExecutionChanged { execution_id, state: ExecutionState::Pending })
        .event(Event::ExecutionPending { execution_id })
}

const fn word(state: ApprovalState) -> &'static str {
    match state {
        ApprovalState::Waiting => "waiting",
        ApprovalState::Approved => "approved",
        ApprovalState::Rejected => "rejected",
        ApprovalState::Withdrawn => "withdrawn",
    }
}

/// Takes the default of an approval that expired, or withdraws one whose execution has ended.
#[derive(Clone, Debug)]
pub(crate) struct SettleApproval {
    pub(crate) id: ApprovalId,
}

#[async_trait]
impl Command for SettleApproval {
    type Output = ();
    const NAME: &'static str = "approval.settle";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let approval = context.store.approval(self.id).await?;
        let Some(mut approval) = approval.filter(|approval| approval.state == ApprovalState::Waiting) else {
            return Ok(Decision::unchanged(()));
        };
        let execution = context.store.execution(approval.execution_id).await?;
        let execution = execution.ok_or_else(|| Error::not_found("execution", approval.execution_id))?;
        let has_expired = approval.expires_at.is_some_and(|at| at <= context.now);
        approval.state = match (execution.state.is_terminal(), has_expired) {
            (true, _) => ApprovalState::Withdrawn,
            (false, true) => ApprovalState::answered(approval.default_approve),
            (false, false) => return Ok(Decision::unchanged(())),
        };
        approval.answered_at = Some(context.now);
        let detail = json!({
            "executionId": approval.execution_id,
            "key": approval.key,
            "answer": word(approval.state),
        });
        let changes = Changes::none()
            .update(Record::Approval(Box::new(approval.clone())))
            .audited(context.audit("approval", approval.id, detail))
            .event(changed(&approval));
        Ok(Decision::new(changes, ()))
    }
}

/// Lets a suspended execution go on of whose approvals none waits.
#[derive(Clone, Debug)]
pub(crate) struct ResumeExecution {
    pub(crate) id: ExecutionId,
}

#[async_trait]
impl Command for ResumeExecution {
    type Output = ();
    const NAME: &'static str = "execution.resume";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let execution = context.store.execution(self.id).await?;
        match execution.filter(Execution::is_suspended) {
            Some(execution) => Ok(Decision::new(goes_on(Changes::none(), execution, context), ())),
            None => Ok(Decision::unchanged(())),
        }
    }
}
