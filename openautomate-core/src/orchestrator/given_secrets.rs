//! What was given to runs as a secret, to mask it once more in what their agents say: an agent may be old, or not what it
//! was. In memory alone, on the server that gave it, while its lease lives and its last lines come.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::domain::{ChildItem, Lease, NewItem, RunResult};
use crate::error::{Error, Result};
use crate::secret::{Masker, Secret};
use crate::transport::AgentMessage;
use crate::transport::message::{BucketCall, QueueCall, RunCall};

/// How long after the end of a run its last lines may come.
const AFTERMATH: Duration = Duration::from_secs(15 * 60);

/// A value of at most so many bytes is made maskable at once.
const QUICK_BYTES: usize = 512;

/// A masker for each lease that was given a secret.
#[derive(Debug, Default)]
pub(super) struct GivenSecrets {
    /// How many there are: nothing is looked up, and no lock taken, while there is none.
    count: AtomicUsize,
    by_lease: RwLock<HashMap<Lease, Given>>,
}

#[derive(Debug, Default)]
struct Given {
    masker: Masker,
    ended: Option<Instant>,
}

impl GivenSecrets {
    /// Notes a value, before the agent has it. What masks a large one takes a while to be made, so it is made where
    /// nothing else waits.
    ///
    /// # Errors
    /// `Internal` if it can't be done; then the value must not be given.
    pub(super) async fn note(&self, lease: Lease, value: &Secret<String>) -> Result<()> {
        let masker = self.begin(lease);
        if value.expose().len() <= QUICK_BYTES {
            masker.register_with_parts(value.expose());
            return Ok(());
        }
        let value = value.clone();
        let made = tokio::task::spawn_blocking(move || masker.register_with_parts(value.expose())).await;
        made.map(|_| ()).map_err(|_| Error::internal("asset.mask", "the asset's value can't be masked"))
    }

    /// The masker of a lease, made if it was given nothing yet.
    fn begin(&self, lease: Lease) -> Masker {
        let mut by_lease = self.by_lease.write().unwrap_or_else(PoisonError::into_inner);
        by_lease.retain(|_, given| given.ended.is_none_or(|ended| ended.elapsed() < AFTERMATH));
        let masker = by_lease.entry(lease).or_default().masker.clone();
        self.count.store(by_lease.len(), Ordering::Release);
        masker
    }

    /// Notes that a run ended: its secrets are forgotten a while later.
    pub(super) fn ended(&self, lease: Lease) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut by_lease = self.by_lease.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(given) = by_lease.get_mut(&lease) {
            given.ended.get_or_insert_with(Instant::now);
        }
    }

    /// Forgets what was given: nothing more comes.
    pub(super) fn forget(&self, lease: Lease) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut by_lease = self.by_lease.write().unwrap_or_else(PoisonError::into_inner);
        by_lease.remove(&lease);
        self.count.store(by_lease.len(), Ordering::Release);
    }

    fn of(&self, lease: Lease) -> Option<Masker> {
        let by_lease = self.by_lease.read().unwrap_or_else(PoisonError::into_inner);
        by_lease.get(&lease).map(|given| given.masker.clone())
    }

    /// Masks what an agent says of a run that was given a secret.
    pub(super) fn mask(&self, message: &mut AgentMessage) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        match message {
            AgentMessage::Logs { chunks } => {
                for chunk in chunks {
                    let Some(masker) = self.of(chunk.lease) else { continue };
                    for line in &mut chunk.lines {
                        masker.mask_in_place(&mut line.text);
                        let rest = [&mut line.logger, &mut line.source];
                        rest.into_iter().flatten().for_each(|text| masker.mask_in_place(text));
                    }
                }
            }
            AgentMessage::Progress { lease, progress } => {
                if let (Some(masker), Some(text)) = (self.of(*lease), &mut progress.message) {
                    masker.mask_in_place(text);
                }
            }
            AgentMessage::Finished { lease, result, .. } => {
                if let Some(masker) = self.of(*lease) {
                    mask_result(result, &masker);
                }
            }
            AgentMessage::Queue { lease, call, .. } => {
                if let Some(masker) = self.of(*lease) {
                    mask_queue_call(call, &masker);
                }
            }
            AgentMessage::Call { lease, call, .. } => {
                if let Some(masker) = self.of(*lease) {
                    mask_call(call, &masker);
                }
            }
            _ => {}
        }
    }
}

fn mask_result(result: &mut RunResult, masker: &Masker) {
    masker.mask_fields(&mut result.outputs);
    let Some(error) = &mut result.error else { return };
    masker.mask_in_place(&mut error.kind);
    masker.mask_in_place(&mut error.message);
    error.traceback.iter_mut().for_each(|text| masker.mask_in_place(text));
    for frame in &mut error.frames {
        masker.mask_in_place(&mut frame.file);
        masker.mask_in_place(&mut frame.function);
    }
}

fn mask_item(item: &mut NewItem, masker: &Masker) {
    masker.mask_value(&mut item.payload);
    item.reference.iter_mut().for_each(|text| masker.mask_in_place(text));
}

fn mask_queue_call(call: &mut QueueCall, masker: &Masker) {
    match call {
        QueueCall::Take { .. } | QueueCall::Release { .. } => {}
        QueueCall::Complete { output, children, .. } => {
            output.iter_mut().for_each(|output| masker.mask_value(output));
            children.iter_mut().for_each(|ChildItem { item, .. }| mask_item(item, masker));
        }
        QueueCall::Fail { error, .. } => {
            masker.mask_in_place(&mut error.message);
            error.code.iter_mut().for_each(|code| masker.mask_in_place(code));
        }
        QueueCall::Put { item, .. } => mask_item(item, masker),
    }
}

fn mask_call(call: &mut RunCall, masker: &Masker) {
    match call {
        RunCall::StartChild { package, inputs, .. } => {
            masker.mask_in_place(package);
            masker.mask_fields(inputs);
        }
        RunCall::Approval(question) => {
            masker.mask_in_place(&mut question.key);
            masker.mask_in_place(&mut question.question);
            masker.mask_value(&mut question.data);
        }
        RunCall::Bucket { call } => match call {
            BucketCall::Find { key, .. }
            | BucketCall::Delete { key, .. }
            | BucketCall::Put { key, .. }
            | BucketCall::Get { key, .. } => masker.mask_in_place(key),
            BucketCall::List { .. } => {}
        },
        RunCall::AwaitChild { .. } | RunCall::AssetFile { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::{Clock as _, SystemClock};
    use crate::domain::{LogChunk, LogLevel, LogLine, LogStream, Progress, RunError, RunStatus, TraceFrame};
    use crate::id::ExecutionId;

    fn lease() -> Lease {
        Lease { execution: ExecutionId::new(), epoch: 1 }
    }

    fn logs(lease: Lease, text: &str) -> AgentMessage {
        let line = LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, text);
        AgentMessage::Logs { chunks: vec![LogChunk { lease, first_seq: 1, lines: vec![line] }] }
    }

    fn told(secrets: &GivenSecrets, mut message: AgentMessage) -> String {
        secrets.mask(&mut message);
        serde_json::to_string(&message).unwrap()
    }

    #[tokio::test]
    async fn whatever_an_agent_says_is_masked_with_what_its_run_was_given() {
        let (secrets, lease, other) = (GivenSecrets::default(), lease(), lease());
        assert!(told(&secrets, logs(lease, "open-sesame")).contains("open-sesame"));
        let value = r#"{"username": "ali-baba", "password": "open-sesame"}"#;
        secrets.note(lease, &Secret::new(value.to_owned())).await.unwrap();
        let mut error = RunError::new("open-sesame", "say open-sesame");
        error.traceback = Some("raise open-sesame".into());
        error.frames = vec![TraceFrame { file: "open-sesame.py".into(), line: 1, function: "f".into() }];
        let mut result = RunResult::ended(RunStatus::Failed, error);
        result.outputs.insert("open-sesame".into(), json!([{"open-sesame": "b3Blbi1zZXNhbWU="}]));
        let progress = Progress { fraction: 0.5, message: Some("open-sesame".into()) };
        for message in [
            logs(lease, "a open-sesame b 6f70656e2d736573616d65"),
            AgentMessage::Progress { lease, progress },
            AgentMessage::Finished { lease, result, final_log_seq: 1 },
        ] {
            let told = told(&secrets, message);
            for shown in ["open-sesame", "b3Blbi1zZXNhbW", "6f70656e2d736573616d65"] {
                assert!(!told.contains(shown), "{told}");
            }
        }
        assert!(told(&secrets, logs(other, "open-sesame")).contains("open-sesame"), "given to another run");
        secrets.ended(lease);
        assert!(!told(&secrets, logs(lease, "open-sesame")).contains("open-sesame"), "its last lines");
        secrets.forget(lease);
        assert!(told(&secrets, logs(lease, "open-sesame")).contains("open-sesame"));
    }
}
