//! What a run does with buckets, and the files that assets are, under the lease of its execution.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};

use super::Orchestrator;
use super::agent_work::readable;
use super::bucket::{ObjectIntake, ObjectQuery, content_missing};
use crate::blob::BlobKey;
use crate::command::asset::open_file;
use crate::domain::{Asset, Bucket, BucketObject, Execution, Lease, ObjectCondition, check_object_key};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AgentId, AssetId, ObjectId};
use crate::permission::{Actor, Principal};
use crate::secret::Secret;
use crate::transport::message::{BucketCall, CallAnswer, ObjectInfo};

/// How large a piece of a file that is an asset is handed on.
const PIECE: usize = 64 * 1024;
/// How often an asset is read that is written meanwhile.
const LOOKS: usize = 3;

/// A secret that is on its way to who may read it.
struct Exposed(Secret<Vec<u8>>);

impl AsRef<[u8]> for Exposed {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

impl Orchestrator {
    /// A bucket of the environment in which a leased execution runs.
    async fn bucket_for_lease(&self, agent: AgentId, lease: Lease, name: &str) -> Result<Bucket> {
        let execution = self.leased(agent, lease).await?;
        let bucket = self.store().bucket_by_name(execution.environment_id, name).await?;
        bucket.ok_or_else(|| {
            let message =
                "there is no bucket with this name in the execution's environment; make it or mend the name";
            Error::new(ErrorKind::NotFound, "bucket.unknown", message)
        })
    }

    /// Does what a run wants of a bucket, beside contents.
    pub(super) async fn bucket_call(
        &self,
        actor: &Actor,
        agent: AgentId,
        lease: Lease,
        call: BucketCall,
    ) -> Result<CallAnswer> {
        let bucket = self.bucket_for_lease(agent, lease, call.bucket()).await?;
        match call {
            BucketCall::Find { key, .. } => {
                let object = self.store().object(bucket.id, &key).await?;
                Ok(CallAnswer::Object { object: object.map(ObjectInfo::from), path: None })
            }
            BucketCall::List { prefix, from, limit, .. } => {
                let query = ObjectQuery { prefix, delimiter: None, from, limit };
                let page = self.list_objects(bucket.id, query).await?;
                let objects = page.objects.into_iter().map(ObjectInfo::from).collect();
                Ok(CallAnswer::Objects { objects, next: page.next })
            }
            BucketCall::Delete { key, .. } => {
                let deleted =
                    self.drop_object(actor, &bucket, Some(lease), &key, ObjectCondition::Any).await?;
                Ok(CallAnswer::Object { object: deleted.map(ObjectInfo::from), path: None })
            }
            BucketCall::Put { .. } | BucketCall::Get { .. } => {
                Err(Error::invalid("bucket.call", "contents are moved by the agent, and not by a call"))
            }
        }
    }

    /// Writes an object for a run.
    ///
    /// # Errors
    /// `StaleLease`; otherwise as [`Orchestrator::put_object`].
    pub async fn put_object_for_lease(
        &self,
        agent: AgentId,
        agent_name: &str,
        lease: Lease,
        bucket: &str,
        intake: ObjectIntake,
    ) -> Result<BucketObject> {
        check_object_key("key", &intake.key)?;
        let bucket = self.bucket_for_lease(agent, lease, bucket).await?;
        let actor = Actor::of(Principal::Agent { id: agent, name: agent_name.to_owned() });
        self.take_object(&actor, &bucket, Some(lease), intake).await
    }

    /// The content of an object, for a run in its environment.
    ///
    /// # Errors
    /// `StaleLease`; `NotFound` if there is no such object where the execution runs.
    pub async fn object_for_lease(
        &self,
        agent: AgentId,
        lease: Lease,
        id: ObjectId,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let execution = self.leased(agent, lease).await?;
        let object = self.store().object_by_id(id).await?;
        let object = object.ok_or_else(|| Error::not_found("object", id))?;
        let bucket = self.live_bucket(object.bucket_id).await?;
        if bucket.environment_id != execution.environment_id {
            return Err(Error::not_found("object", id));
        }
        let body = self.blobs().get(&BlobKey::object(bucket.id, id)).await?;
        Ok(body.ok_or_else(content_missing)?.stream)
    }

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

    /// The content of an asset that is a file, for a run in its environment; the read is audited before it is given.
    ///
    /// # Errors
    /// `StaleLease`; `NotFound` if there is no such asset where the execution runs; `Invalid` if it is no file;
    /// `Internal` if it does not open.
    pub async fn asset_file_for_lease(
        &self,
        agent: AgentId,
        agent_name: &str,
        lease: Lease,
        id: AssetId,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        let execution = self.leased(agent, lease).await?;
        let mut looks = 1;
        loop {
            let asset = file_asset(&execution, self.store().asset(id).await?)?;
            let sealed = self.store().asset_content(id).await?.unwrap_or_default();
            match open_file(&self.inner.vault, &asset, &sealed) {
                Ok(content) => {
                    self.audit_asset_read(agent, agent_name, lease, &asset).await?;
                    // Cut without a copy; the last piece that is let go of has the whole overwritten.
                    let content = Bytes::from_owner(Exposed(content));
                    let pieces = (0..content.len()).step_by(PIECE);
                    let pieces: Vec<_> = pieces
                        .map(|start| Ok(content.slice(start..content.len().min(start + PIECE))))
                        .collect();
                    return Ok(stream::iter(pieces).boxed());
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
