//! Files that agents find in the folders that triggers have them watch, and what they say of those folders.

use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::Orchestrator;
use super::agent_work::checked_media_type;
use crate::blob::BlobKey;
use crate::changes::Event;
use crate::command::file::too_large;
use crate::command::trigger::arrival::{ArrivedContent, ReceiveFile, check_rate, known, trigger_for};
use crate::domain::{
    Agent, ArrivalOutcome, FileArrival, FolderSource, FolderWatch, PassAs, Trigger, TriggerSource,
    TriggerWatch, WatchKind, WatchProblem, WatchState,
};
use crate::error::{Error, Result};
use crate::id::{AgentId, FileId};
use crate::permission::{Actor, Principal};

/// The most folders that one agent watches.
pub(crate) const MAX_WATCHES: usize = 200;
const MAX_CODE: usize = 50;
const MAX_MESSAGE: usize = 1_000;

/// A file that an agent tells of.
pub struct ArrivalIntake {
    /// What it is.
    pub arrival: FileArrival,
    /// Its content; it is not read if the trigger passes the path alone.
    pub body: BoxStream<'static, std::io::Result<Bytes>>,
}

impl std::fmt::Debug for ArrivalIntake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArrivalIntake").field("arrival", &self.arrival).finish_non_exhaustive()
    }
}

impl Orchestrator {
    /// Takes a file that arrived in a folder of an agent: it makes one execution, however often it is told. When this
    /// returns, the agent may do with the file what the trigger says.
    ///
    /// # Errors
    /// `NotFound`, `Forbidden` or `Conflict` if the agent does not watch for this trigger; `Invalid` for the name;
    /// `QuotaExceeded` with `file.too_large`, or with `trigger.rate` (tell it again later); `Conflict` with
    /// `file.changed` if the content is not as large as it was told; `Unavailable` if it breaks off.
    pub async fn receive_file(&self, agent: AgentId, intake: ArrivalIntake) -> Result<ArrivalOutcome> {
        let ArrivalIntake { arrival, body } = intake;
        let row = self.connectable(agent).await?;
        let (trigger, source) = trigger_for(self.store(), &row, &arrival).await?;
        // Before a byte is read: most of what is told again is known.
        if let Some(known) = known(self.store(), agent, &arrival).await? {
            return Ok(known);
        }
        check_rate(self.store(), &trigger, &source, self.clock().now()).await?;
        let content = match source.pass {
            PassAs::Path => None,
            PassAs::File => Some(self.take_in_arrival(&arrival, body).await?),
        };
        let key = content.as_ref().map(|content| BlobKey::input_file(content.id));
        let actor = Actor::of(Principal::Agent { id: agent, name: row.name });
        let own = content.as_ref().map(|content| content.id);
        let received = self.execute(&actor, ReceiveFile { agent, arrival, content }).await;
        // Another telling may have won; then nothing names this content.
        if let (Some(id), Some(key)) = (own, key)
            && self.store().file(id).await?.is_none()
        {
            self.drop_blob(&key).await;
        }
        received
    }

    async fn take_in_arrival(
        &self,
        arrival: &FileArrival,
        body: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<ArrivedContent> {
        let most = self.settings().max_file_bytes;
        if arrival.size > most {
            return Err(too_large(most));
        }
        let id = FileId::new();
        let key = BlobKey::input_file(id);
        let info =
            self.take_in(&key, body, arrival.size.max(1)).await.map_err(|error| match error.code() {
                "blob.too_large" => changed(),
                _ => error,
            })?;
        if info.size != arrival.size {
            self.drop_blob(&key).await;
            return Err(changed());
        }
        let content_type = checked_media_type(media_type(&arrival.name).to_owned());
        Ok(ArrivedContent { id, content_type, sha256: info.sha256 })
    }

    /// Notes what an agent says of the folders that it was asked to watch. What it says of others is passed over.
    pub(super) async fn note_watches(&self, agent: AgentId, states: Vec<WatchState>) -> Result<()> {
        if states.len() > MAX_WATCHES {
            return Err(Error::invalid("agent.watches", "the agent tells of more folders than it watches"));
        }
        let agent = self.connectable(agent).await?;
        for state in states {
            let trigger = self.store().trigger(state.trigger).await?;
            let Some(trigger) = trigger.filter(|trigger| is_watched_by(trigger, &agent)) else { continue };
            let watch = TriggerWatch {
                trigger_id: trigger.id,
                agent_id: agent.id,
                problem: state.problem.map(tamed),
                told_at: self.clock().now(),
            };
            self.store().note_watch(watch).await?;
            self.publish(Event::TriggerChanged { trigger_id: trigger.id });
        }
        Ok(())
    }

    /// The folders that triggers have agents watch, with their triggers.
    pub(crate) async fn folder_triggers(&self) -> Result<Vec<Trigger>> {
        self.store().watched_triggers(WatchKind::FileArrival).await
    }

    /// What an agent is told to watch for a trigger.
    pub(crate) fn folder_watch(&self, trigger: &Trigger, source: &FolderSource) -> FolderWatch {
        let most = match source.pass {
            PassAs::File => self.settings().max_file_bytes,
            PassAs::Path => u64::MAX,
        };
        FolderWatch {
            trigger: trigger.id,
            folder: source.folder.clone(),
            pattern: source.pattern.clone(),
            settle_ms: source.settle_ms,
            include_existing: source.include_existing,
            after: source.after,
            pass: source.pass,
            max_bytes: source.max_bytes.min(most),
        }
    }
}

fn is_watched_by(trigger: &Trigger, agent: &Agent) -> bool {
    let TriggerSource::FileArrival(source) = &trigger.source else { return false };
    trigger.is_live() && trigger.environment_id == agent.environment_id && source.is_for_agent(agent)
}

/// A problem as people may see it: an agent may say anything.
fn tamed(problem: WatchProblem) -> WatchProblem {
    let plain = |text: &str, most| text.chars().filter(|c| !c.is_control()).take(most).collect::<String>();
    WatchProblem { code: plain(&problem.code, MAX_CODE), message: plain(&problem.message, MAX_MESSAGE) }
}

fn changed() -> Error {
    Error::conflict("file.changed", "the file is not as large as it was told; wait until it is left alone")
}

/// The media type that the ending of a name stands for, of those that automations are given most.
fn media_type(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
    match ending.as_str() {
        "csv" => "text/csv",
        "txt" => "text/plain",
        "json" => "application/json",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        _ => "application/octet-stream",
    }
}
