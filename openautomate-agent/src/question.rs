//! What runs ask of the server, and its answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openautomate_core::domain::Lease;
use openautomate_core::error::{Error, Result};
use openautomate_core::sealing::Question as Asked;
use openautomate_core::secret::Secret;
use openautomate_core::transport::AgentMessage;
use openautomate_core::transport::message::{
    CallAnswer, NamesAnswer, QueueAnswer, QueueCall, QueueReply, RunCall, SecretAnswer,
};
use tokio::sync::oneshot;

use crate::agent::Inner;
use crate::opener::Opener;

/// How long the server may take, its absence included.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer of the server.
#[derive(Debug)]
pub(crate) enum Answer {
    /// With the number of its question, and what opens it.
    Secret(u64, SecretAnswer, Opener),
    AssetNames(NamesAnswer),
    Queue(QueueAnswer),
    Called(CallAnswer),
}

/// The questions that wait for an answer, by their numbers.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    last: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
}

impl Questions {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Answer>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Question<'_> {
        let request = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        let (reply, answer) = oneshot::channel();
        self.waiting().insert(request, reply);
        Question { questions: self, request, answer }
    }

    /// Gives an answer to who waits for it.
    pub(crate) fn answer(&self, request: u64, answer: Answer) {
        let asker = self.waiting().remove(&request);
        if let Some(asker) = asker {
            // The run may have ended while it waited.
            let _ = asker.send(answer);
        }
    }

    /// Forgets all of them, since their connection ended: whoever asked asks again.
    pub(crate) fn disconnected(&self) {
        self.waiting().clear();
    }
}

/// A question to the server that is forgotten when nobody waits for its answer any more.
struct Question<'a> {
    questions: &'a Questions,
    request: u64,
    answer: oneshot::Receiver<Answer>,
}

impl Question<'_> {
    /// `None` if the connection ended before.
    async fn answered(mut self) -> Option<Answer> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.questions.waiting().remove(&self.request);
    }
}

impl Inner {
    /// Asks the server for the value of an asset; asks again after a reconnect.
    pub(crate) async fn ask_secret(&self, lease: Lease, name: &str) -> Result<Secret<String>> {
        let ask = |request, _| AgentMessage::Secret { request, lease, name: name.to_owned() };
        match self.ask(ask).await? {
            Answer::Secret(request, answer, opener) => opener.open(answer, &Asked { lease, request, name }),
            Answer::AssetNames(_) | Answer::Queue(_) | Answer::Called(_) => Err(unreachable()),
        }
    }

    /// Asks the server which assets a run may read; asks again after a reconnect.
    pub(crate) async fn ask_asset_names(&self, lease: Lease) -> Result<Vec<String>> {
        match self.ask(|request, _| AgentMessage::AssetNames { request, lease }).await? {
            Answer::AssetNames(NamesAnswer::Names(names)) => Ok(names),
            Answer::AssetNames(NamesAnswer::Refused { kind, message }) => {
                Err(Error::new(kind, "asset.refused", message))
            }
            Answer::Secret(..) | Answer::Queue(_) | Answer::Called(_) => Err(unreachable()),
        }
    }

    /// Has the server do something for a run; asks again after a reconnect, and it is done once.
    pub(crate) async fn ask_call(&self, lease: Lease, call: &RunCall) -> Result<CallAnswer> {
        match self.ask(|request, _| AgentMessage::Call { request, lease, call: call.clone() }).await? {
            Answer::Called(answer) => Ok(answer),
            Answer::Secret(..) | Answer::AssetNames(_) | Answer::Queue(_) => Err(unreachable()),
        }
    }

    /// Has the server do what a run wants of a queue; asks again after a reconnect, which does it once all the same.
    pub(crate) async fn ask_queue(&self, lease: Lease, call: &QueueCall) -> Result<QueueReply> {
        let ask =
            |request, is_repeated| AgentMessage::Queue { request, lease, is_repeated, call: call.clone() };
        match self.ask(ask).await {
            Ok(Answer::Queue(QueueAnswer::Reply(reply))) => Ok(reply),
            Ok(Answer::Queue(QueueAnswer::Refused { kind, message })) => {
                Err(Error::new(kind, "workQueue.refused", message))
            }
            Ok(Answer::Secret(..) | Answer::AssetNames(_) | Answer::Called(_)) | Err(_) => {
                Err(Error::unavailable(
                    "workQueue.unreachable",
                    "the server can't be asked for work at this moment",
                ))
            }
        }
    }

    /// Asks with a message made from the number of the question and whether it was asked before.
    async fn ask(&self, message: impl Fn(u64, bool) -> AgentMessage) -> Result<Answer> {
        let asked = async {
            let mut is_repeated = false;
            let mut connection = self.connection.subscribe();
            loop {
                let Some(sender) = connection.borrow_and_update().clone() else {
                    if connection.changed().await.is_err() {
                        return Err(unreachable());
                    }
                    continue;
                };
                let question = self.questions.open();
                let asked = message(question.request, is_repeated);
                is_repeated = true;
                if sender.send(asked).await.is_err() {
                    // This connection has ended; the next one is worth another try.
                    if connection.changed().await.is_err() {
                        return Err(unreachable());
                    }
                    continue;
                }
                // Not kept while the answer is awaited: it would keep a dead connection open.
                drop(sender);
                let answer = tokio::select! {
                    answer = question.answered() => answer,
                    _ = connection.changed() => None,
                };
                if let Some(answer) = answer {
                    return Ok(answer);
                }
            }
        };
        tokio::time::timeout(PATIENCE, asked).await.unwrap_or_else(|_| Err(unreachable()))
    }
}

fn unreachable() -> Error {
    Error::unavailable("server.unreachable", "the server can't be asked at this moment")
}
