//! What a run does with buckets, under the lease of its execution.

use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::Orchestrator;
use super::bucket::{ObjectIntake, ObjectQuery, content_missing};
use crate::blob::BlobKey;
use crate::domain::{Bucket, BucketObject, Lease, ObjectCondition, check_object_key};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AgentId, ObjectId};
use crate::permission::{Actor, Principal};
use crate::transport::message::{BucketCall, CallAnswer, ObjectInfo};

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
}
