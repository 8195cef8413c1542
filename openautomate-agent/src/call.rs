//! What a run has done by the orchestrator.

use std::sync::atomic::Ordering;
use std::time::Duration;

use openautomate_core::error::{ErrorKind, Result};
use openautomate_core::secret::Masker;
use openautomate_core::transport::message::{BucketCall, CallAnswer, RunCall};
use tokio::sync::oneshot;

use crate::agent::Inner;
use crate::attempt::Attempt;
use crate::outcome::{mask, mask_value, masked_fields};

/// How long the end of an execution is not asked for after the server could not be.
const PAUSE: Duration = Duration::from_secs(1);

/// Does what a run wants. Ends when the run waits no longer.
pub(crate) async fn make(
    attempt: &Attempt,
    agent: &Inner,
    call: RunCall,
    mut reply: oneshot::Sender<Result<CallAnswer>>,
) {
    let call = masked(call, &attempt.masker);
    let done = async {
        if matches!(call, RunCall::AwaitChild { .. }) {
            return Ok(awaited(attempt, agent, &call).await);
        }
        agent.ask_call(attempt.lease, &call).await
    };
    let answer = tokio::select! {
        answer = done => answer,
        () = reply.closed() => return,
    };
    // The run may have ended while it waited.
    let _ = reply.send(answer);
}

/// What another execution ended as, however long it takes, and whether the server is there or not. The slot of the run
/// is lent meanwhile.
async fn awaited(attempt: &Attempt, agent: &Inner, call: &RunCall) -> CallAnswer {
    let _lent = Lent::of(attempt, agent);
    loop {
        match agent.ask_call(attempt.lease, call).await {
            Ok(CallAnswer::Running) => {}
            Ok(CallAnswer::Refused { error: ErrorKind::Unavailable, .. }) | Err(_) => {
                tokio::time::sleep(PAUSE).await;
            }
            Ok(answer) => return answer,
        }
    }
}

/// A slot that is lent until this is dropped.
struct Lent<'a> {
    attempt: &'a Attempt,
    agent: &'a Inner,
}

impl<'a> Lent<'a> {
    fn of(attempt: &'a Attempt, agent: &'a Inner) -> Self {
        attempt.waits.fetch_add(1, Ordering::SeqCst);
        agent.pace.freed();
        agent.changed.notify_one();
        Self { attempt, agent }
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.attempt.waits.fetch_sub(1, Ordering::SeqCst);
        self.agent.changed.notify_one();
    }
}

/// The call as it may leave this machine: what is asked and given is shown to people.
pub(crate) fn masked(call: RunCall, masker: &Masker) -> RunCall {
    match call {
        RunCall::StartChild { call, mut package, inputs } => {
            mask(&mut package, masker);
            RunCall::StartChild { call, package, inputs: masked_fields(inputs, masker) }
        }
        RunCall::Approval(mut question) => {
            mask(&mut question.key, masker);
            mask(&mut question.question, masker);
            mask_value(&mut question.data, masker);
            RunCall::Approval(question)
        }
        RunCall::AwaitChild { execution } => RunCall::AwaitChild { execution },
        RunCall::Bucket { mut call } => {
            // Not what a file holds: as with artifacts, that is the automation's.
            match &mut call {
                BucketCall::Find { key, .. }
                | BucketCall::Delete { key, .. }
                | BucketCall::Put { key, .. }
                | BucketCall::Get { key, .. } => mask(key, masker),
                BucketCall::List { .. } => {}
            }
            RunCall::Bucket { call }
        }
        RunCall::AssetFile { name } => RunCall::AssetFile { name },
    }
}
