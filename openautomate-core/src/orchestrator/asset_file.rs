//! The content of assets that are files, for the agents that run executions where they are.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::Orchestrator;
use super::agent_work::readable;
use super::delivery::{Delivery, unsealed};
use crate::command::asset::open_file;
use crate::domain::{Agent, Asset, Execution, Lease};
use crate::error::{Error, Result};
use crate::id::{AgentId, AssetId};
use crate::sealing::{LineProof, SealedFrames, SealingOffer, SealingPurpose};
use crate::secret::Secret;
use crate::transport::message::CallAnswer;

/// How large a piece is handed on.
const PIECE: usize = 64 * 1024;
/// How often an asset is read that is written meanwhile.
const LOOKS: usize = 3;

/// The content of an asset on its way over a line.
pub enum AssetAnswer {
    /// Sealed for the key that the agent offered.
    Sealed(SealedFrames),
    /// In clear, for an agent that offered none.
    InClear(BoxStream<'static, Result<Bytes>>),
}

impl std::fmt::Debug for AssetAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sealed(_) => "Sealed(…)",
            Self::InClear(_) => "InClear(***)",
        })
    }
}

impl Orchestrator {
    /// What a run has to know of an asset that is a file to fetch it.
    pub(super) async fn asset_file_call(
        &self,
        agent: AgentId,
        lease: Lease,
        name: &str,
    ) -> Result<CallAnswer> {
        let execution = self.leased(agent, lease).await?;
        let found = self.store().asset_by_name(execution.environment_id, name).await?;
        let asset = file_asset(&execution, found)?;
        let file_name = asset.file.map(|file| file.name).unwrap_or_default();
        Ok(CallAnswer::AssetFile { asset: asset.id, file_name, path: None })
    }

    /// As `asset_file_over_line`, for an agent in this process, and so in clear.
    pub(crate) async fn asset_file_for_lease(
        &self,
        agent: &Agent,
        lease: Lease,
        id: AssetId,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let (_, content) = self.read_asset_file(agent, lease, id).await?;
        Ok(in_pieces(content))
    }

    /// The content of an asset that is a file, for a run in its environment, over a line that `proof` tells of: sealed for
    /// the key that the agent offers through it. The read is audited before it is given.
    ///
    /// # Errors
    /// `StaleLease`; `NotFound` if there is no such asset where the execution runs; `Invalid` if it is no file;
    /// `Internal` if it does not open; `Unauthenticated` with `agent.sealing_key` if the agent did not make the offer; `Forbidden` with
    /// `asset.unsealed` if there is none, and the settings ask for one or the agent's connection here has one.
    pub async fn asset_file_over_line(
        &self,
        agent: &Agent,
        lease: Lease,
        id: AssetId,
        (proof, offer): (LineProof, Option<&SealingOffer>),
    ) -> Result<AssetAnswer> {
        let purpose = SealingPurpose::AssetFile { lease, asset: id };
        let delivery = self.delivery(agent, Some(proof), offer, purpose)?;
        self.check_delivery(agent.id, &delivery)?;
        if !delivery.is_sealed() && self.connections().seals(agent.id) {
            // Somebody took the offer away, or asks with the agent's token.
            tracing::warn!(agent = %agent.id, "refused: an agent that is given secrets sealed asked for one in clear");
            return Err(unsealed("the agent is given secrets sealed, and this request offers no key"));
        }
        let (asset, content) = self.read_asset_file(agent, lease, id).await?;
        Ok(match delivery {
            Delivery::Sealed(recipient) => {
                AssetAnswer::Sealed(recipient.seal_file(content, lease, (asset.id, asset.revision))?)
            }
            Delivery::InClear => AssetAnswer::InClear(in_pieces(content)),
        })
    }

    async fn read_asset_file(
        &self,
        agent: &Agent,
        lease: Lease,
        id: AssetId,
    ) -> Result<(Asset, Secret<Vec<u8>>)> {
        let execution = self.leased(agent.id, lease).await?;
        let mut looks = 1;
        loop {
            let asset = file_asset(&execution, self.store().asset(id).await?)?;
            let sealed = self.store().asset_content(id).await?.unwrap_or_default();
            match open_file(&self.inner.vault, &asset, &sealed) {
                Ok(content) => {
                    self.audit_asset_read(agent.id, &agent.name, lease, &asset).await?;
                    return Ok((asset, content));
                }
                // Its row and its content may be of two writes.
                Err(_) if looks < LOOKS => looks += 1,
                Err(error) => return Err(error),
            }
        }
    }
}

fn file_asset(execution: &Execution, asset: Option<Asset>) -> Result<Asset> {
    let asset = readable(execution, asset)?;
    if asset.file.is_none() {
        let message = "the asset is no file; read it as a secret";
        return Err(Error::invalid("asset.no_file", message));
    }
    Ok(asset)
}

/// Cut without a copy.
fn in_pieces(content: Secret<Vec<u8>>) -> BoxStream<'static, Result<Bytes>> {
    let content = content.into_bytes();
    let pieces = (0..content.len()).step_by(PIECE);
    let pieces: Vec<_> =
        pieces.map(|start| Ok(content.slice(start..content.len().min(start + PIECE)))).collect();
    stream::iter(pieces).boxed()
}
