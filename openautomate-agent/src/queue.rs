//! Work with queues for a run: what it wants goes to the server with secrets masked, what it gets comes with its files.

use std::path::Path;
use std::sync::Arc;

use openautomate_core::command::work_item::MAX_MESSAGE_BYTES;
use openautomate_core::domain::{ChildItem, NewItem};
use openautomate_core::error::{Error, Result};
use openautomate_core::secret::Masker;
use openautomate_core::transport::message::{QueueCall, QueueReply};
use tokio::sync::oneshot;

use crate::agent::Inner;
use crate::attempt::Attempt;
use crate::input_file;
use crate::outcome::{head, mask, mask_value};

/// The largest call in bytes of JSON. A server takes messages of 4 MiB; one that is larger would end the connection each
/// time that it is sent.
const MAX_BYTES: usize = 3 * 1024 * 1024;

/// Has the server do what a run wants, and answers the run.
pub(crate) async fn work(
    attempt: &Attempt,
    agent: &Inner,
    work_dir: Arc<Path>,
    mut call: QueueCall,
    reply: oneshot::Sender<Result<QueueReply>>,
) {
    masked(&mut call, &attempt.masker);
    // The run may have ended while it waited.
    let _ = reply.send(asked(attempt, agent, &work_dir, &call).await);
}

async fn asked(attempt: &Attempt, agent: &Inner, work_dir: &Path, call: &QueueCall) -> Result<QueueReply> {
    let bytes = serde_json::to_vec(call).map_or(usize::MAX, |json| json.len());
    if bytes > MAX_BYTES {
        let message = format!("takes {bytes} bytes of {MAX_BYTES} allowed; add the items in several calls");
        return Err(Error::invalid("workQueue.too_large", message));
    }
    let mut reply = agent.ask_queue(attempt.lease, call).await?;
    if let QueueReply::Item { item: Some(item) } = &mut reply {
        let files = &mut item.files;
        input_file::fetch_of_item(&*agent.transport, attempt.lease, files, work_dir).await?;
    }
    Ok(reply)
}

/// Masks every text of the automation in a call.
fn masked(call: &mut QueueCall, masker: &Masker) {
    match call {
        QueueCall::Take { .. } | QueueCall::Release { .. } => {}
        QueueCall::Complete { output, children, .. } => {
            output.iter_mut().for_each(|output| mask_value(output, masker));
            children.iter_mut().for_each(|ChildItem { item, .. }| mask_item(item, masker));
        }
        QueueCall::Fail { error, .. } => {
            mask(&mut error.message, masker);
            error.message = head(std::mem::take(&mut error.message), MAX_MESSAGE_BYTES - 16);
            error.code.iter_mut().for_each(|code| mask(code, masker));
        }
        QueueCall::Put { item, .. } => mask_item(item, masker),
    }
}

fn mask_item(item: &mut NewItem, masker: &Masker) {
    mask_value(&mut item.payload, masker);
    item.reference.iter_mut().for_each(|reference| mask(reference, masker));
}

#[cfg(test)]
mod tests {
    use openautomate_core::domain::{ItemErrorKind, QueueRef, WorkItemError};
    use openautomate_core::id::WorkItemId;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_leaves_in_no_call() {
        let masker = Masker::new();
        assert!(masker.register("open-sesame"));
        let new =
            || NewItem { reference: Some("open-sesame".into()), ..NewItem::new(json!(["open-sesame"])) };
        let (item, epoch) = (WorkItemId::new(), 1);
        let error = WorkItemError {
            kind: ItemErrorKind::Business,
            code: Some("open-sesame".into()),
            message: format!("no open-sesame {}", "ä".repeat(MAX_MESSAGE_BYTES)),
        };
        let children = vec![ChildItem { queue: QueueRef::Name("next".into()), item: new() }];
        for mut call in [
            QueueCall::Put { queue: "q".into(), id: WorkItemId::new(), item: new() },
            QueueCall::Complete { item, epoch, output: Some(json!({"a": "open-sesame"})), children },
            QueueCall::Fail { item, epoch, error },
        ] {
            masked(&mut call, &masker);
            let text = serde_json::to_string(&call).unwrap();
            assert!(!text.contains("sesame") && text.contains("***"), "{text}");
            if let QueueCall::Fail { error, .. } = call {
                assert!(error.message.len() <= MAX_MESSAGE_BYTES);
            }
        }
    }
}
