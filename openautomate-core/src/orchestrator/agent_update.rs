//! What agents say of updates and of versions, and the programs that they fetch.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::Orchestrator;
use crate::blob::BlobKey;
use crate::command::agent_rollout::NoteAgentUpdate;
use crate::domain::{AgentPreparation, AgentRelease, AgentUpdateState};
use crate::error::{Error, Result};
use crate::id::{AgentId, AgentRolloutId};
use crate::permission::Actor;
use crate::release::SignedManifest;
use crate::transport::{PreparationWord, UpdateOrder};

/// How much of a program is read at once.
const PIECE: u64 = 256 * 1024;

impl Orchestrator {
    /// A part of the program that an agent shall run, from a byte on.
    ///
    /// # Errors
    /// `NotFound` if no rollout that is under way brings this agent a program for this target; `Invalid` if it is
    /// shorter than that. The stream ends with an error if the storage fails.
    pub async fn release_program(
        &self,
        agent: AgentId,
        rollout: AgentRolloutId,
        target: &str,
        from: u64,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let missing = || Error::not_found("program of the rollout", rollout);
        let update = self.store().agent_update(rollout, agent).await?;
        update.filter(|update| !update.state.is_ended()).ok_or_else(missing)?;
        let release = self.release_of(rollout).await?.ok_or_else(missing)?;
        let id = *release.files.get(target).ok_or_else(missing)?;
        let file = self.store().file(id).await?.ok_or_else(missing)?;
        if from > file.size {
            return Err(Error::invalid_field("from", "is beyond the end of the program"));
        }
        let (orchestrator, size, key) = (self.clone(), file.size, BlobKey::input_file(id));
        let read = move |from: u64| {
            let (orchestrator, key) = (orchestrator.clone(), key.clone());
            async move {
                if from >= size {
                    return None;
                }
                let until = size.min(from + PIECE);
                let piece = orchestrator.blobs().get_range(&key, from..until).await;
                let piece = piece.and_then(|piece| piece.ok_or_else(|| Error::not_found("file", id)));
                // After an error there is nothing more.
                let next = if piece.is_ok() { until } else { size };
                Some((piece, next))
            }
        };
        Ok(stream::unfold(from, read).boxed())
    }

    async fn release_of(&self, rollout: AgentRolloutId) -> Result<Option<AgentRelease>> {
        match self.store().agent_rollout(rollout).await? {
            Some(rollout) => self.store().agent_release(rollout.release_id).await,
            None => Ok(None),
        }
    }

    /// What an agent is told of a rollout.
    pub(crate) async fn update_order(
        &self,
        rollout: AgentRolloutId,
        is_cancelled: bool,
    ) -> Result<Option<UpdateOrder>> {
        let Some(release) = self.release_of(rollout).await? else { return Ok(None) };
        let release = SignedManifest { manifest: release.manifest, signature: release.signature };
        Ok(Some(UpdateOrder { rollout, release, is_cancelled }))
    }

    /// Notes an agent's word on a release.
    pub(crate) async fn note_update(
        &self,
        agent_id: AgentId,
        rollout_id: AgentRolloutId,
        state: AgentUpdateState,
        reason: Option<String>,
    ) -> Result<()> {
        let command = NoteAgentUpdate { rollout_id, agent_id, state, reason };
        // On the heap: whoever says it is deep in the stack already.
        Box::pin(self.execute(&Actor::system(), command)).await
    }

    /// Notes what an agent says of versions. What is none is passed over.
    pub(super) async fn note_prepared(&self, agent_id: AgentId, words: Vec<PreparationWord>) -> Result<()> {
        let at = self.clock().now();
        let mut told = Vec::with_capacity(words.len());
        for PreparationWord { version, state, reason } in words.into_iter().take(AgentPreparation::MAX_TOLD) {
            if self.version_of(version).await.is_err() {
                continue;
            }
            let reason = reason.map(|reason| {
                reason.chars().filter(|c| !c.is_control()).take(AgentPreparation::MAX_REASON).collect()
            });
            told.push(AgentPreparation { agent_id, version_id: version, state, reason, at });
        }
        self.store().note_preparations(agent_id, &told).await
    }
}
