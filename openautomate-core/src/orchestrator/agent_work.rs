//! What an agent may do under a lease: fetch the package, keep files, read assets. Nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde_json::json;

use super::Orchestrator;
use crate::blob::BlobKey;
use crate::changes::{Changes, Event};
use crate::domain::{
    ActorKind, ActorRef, Artifact, Asset, AuditEntry, Execution, Lease, PackageVersion, check_file_name,
};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AgentId, ArtifactId, AssetId, AuditId, VersionId};
use crate::query::PageRequest;
use crate::secret::Secret;
use crate::transport::{Assignment, PackageRef, Preparation};

const MAX_CACHED_VERSIONS: usize = 1_000;
const MAX_ASSET_NAMES: usize = 2_000;

/// Versions never change, so what was read once is good for ever.
#[derive(Debug, Default)]
pub(super) struct VersionCache {
    versions: Mutex<HashMap<VersionId, (String, Arc<PackageVersion>)>>,
}

/// An asset whose value is on its way to a run.
#[derive(Debug)]
pub(crate) struct ReadAsset {
    pub(super) id: AssetId,
    pub(super) revision: i64,
    pub(super) value: Secret<String>,
}

/// A file that an agent sends.
pub struct ArtifactIntake {
    /// Under which lease.
    pub lease: Lease,
    /// The name to keep it under.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes, where the sender told it.
    pub size: Option<u64>,
    /// Its content.
    pub body: BoxStream<'static, std::io::Result<Bytes>>,
}

impl std::fmt::Debug for ArtifactIntake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArtifactIntake")
            .field("lease", &self.lease)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Orchestrator {
    /// The execution that an agent holds a lease of.
    pub(super) async fn leased(&self, agent: AgentId, lease: Lease) -> Result<Execution> {
        let execution = self.store().execution(lease.execution).await?.ok_or_else(Error::stale_lease)?;
        let holds = execution.state.is_leased()
            && execution.lease() == Some(lease)
            && execution.agent_id == Some(agent);
        if holds { Ok(execution) } else { Err(Error::stale_lease()) }
    }

    pub(super) async fn version_of(&self, id: VersionId) -> Result<(String, Arc<PackageVersion>)> {
        let cache = || self.inner.versions.versions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = cache().get(&id) {
            return Ok(found.clone());
        }
        let version =
            self.store().version(id).await?.ok_or_else(|| Error::not_found("package version", id))?;
        let package = self.store().package(version.package_id).await?;
        let package = package.ok_or_else(|| Error::not_found("package", version.package_id))?;
        let found = (package.name, Arc::new(version));
        let mut cached = cache();
        if cached.len() >= MAX_CACHED_VERSIONS {
            cached.clear();
        }
        cached.insert(id, found.clone());
        Ok(found)
    }

    /// What an agent needs to run an execution that it was given.
    pub(crate) async fn assignment(&self, execution: &Execution) -> Result<Assignment> {
        let (name, version) = self.version_of(execution.version_id).await?;
        let lease = execution.lease().ok_or_else(|| {
            Error::internal("execution.lease", "an execution without a lease was given away")
        })?;
        let manifest = &version.manifest;
        let millis = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Ok(Assignment {
            lease,
            lease_ttl_ms: millis(self.settings().lease_ttl),
            package: package_ref(name, &version),
            version: Some(version.id),
            runtime: manifest.runtime.as_str().to_owned(),
            entrypoint: manifest.entrypoint.clone().unwrap_or_default(),
            command: manifest.command.clone(),
            env: manifest.run_env(),
            inputs: execution.inputs.clone(),
            files: self.assigned_files(execution, manifest.inputs.as_ref()).await?,
            timeout_ms: execution.timeout_ms,
            grace_ms: millis(manifest.grace),
            limits: manifest.limits.clone(),
            isolation: manifest.isolation,
        })
    }

    /// What an agent with these labels needs to make a version ready ahead of its first run; `None` if it
    /// will not run it.
    pub(crate) async fn preparation(&self, id: VersionId, labels: &[String]) -> Result<Option<Preparation>> {
        let (name, version) = self.version_of(id).await?;
        let manifest = &version.manifest;
        if !manifest.labels.iter().all(|label| labels.contains(label)) {
            return Ok(None);
        }
        Ok(Some(Preparation {
            version: id,
            package: package_ref(name, &version),
            runtime: manifest.runtime.clone(),
            entrypoint: manifest.entrypoint.clone().unwrap_or_default(),
        }))
    }

    /// Keeps a file that an execution leaves.
    ///
    /// # Errors
    /// `StaleLease`, `Invalid` for the name, `QuotaExceeded` if it is larger than the settings allow.
    pub async fn keep_artifact(&self, agent: AgentId, intake: ArtifactIntake) -> Result<Artifact> {
        let ArtifactIntake { lease, name, content_type, size, body } = intake;
        check_file_name("name", &name)?;
        let most = self.settings().max_artifact_bytes;
        if size.is_some_and(|size| size > most) {
            // Before a byte is read: the sender learns of it at once.
            return Err(too_large(most));
        }
        let content_type = checked_media_type(content_type);
        self.leased(agent, lease).await?;
        let id = ArtifactId::new();
        let key = BlobKey::artifact(lease.execution, id);
        let info = self.take_in(&key, body, most).await?;
        let artifact = Artifact {
            id,
            execution_id: lease.execution,
            epoch: lease.epoch,
            name,
            content_type,
            size: info.size,
            sha256: info.sha256,
            created_at: self.clock().now(),
        };
        match self.store().keep_artifact(lease, agent, artifact.clone()).await {
            Ok(replaced) => {
                if let Some(old) = replaced {
                    self.drop_blob(&BlobKey::artifact(old.execution_id, old.id)).await;
                }
            }
            Err(error) => {
                self.drop_blob(&key).await;
                return Err(error);
            }
        }
        self.publish(Event::ArtifactKept { execution_id: lease.execution, artifact_id: id });
        Ok(artifact)
    }

    /// The value of an asset for a run; the read is audited before the value is given.
    pub(crate) async fn asset_for_lease(
        &self,
        agent: AgentId,
        agent_name: &str,
        lease: Lease,
        name: &str,
    ) -> Result<ReadAsset> {
        let execution = self.leased(agent, lease).await?;
        let asset = self.store().asset_by_name(execution.environment_id, name).await?;
        let asset = readable(&execution, asset)?;
        if asset.file.is_some() {
            let message = "the asset is a file; read it by its path (openautomate.asset_path)";
            return Err(Error::invalid("asset.is_file", message));
        }
        self.audit_asset_read(agent, agent_name, lease, &asset).await?;
        let value = crate::command::asset::open(&self.inner.vault, &asset)?;
        self.inner.given_secrets.note(lease, &value).await?;
        Ok(ReadAsset { id: asset.id, revision: asset.revision, value })
    }

    /// Notes that a run reads an asset, before it does.
    pub(super) async fn audit_asset_read(
        &self,
        agent: AgentId,
        agent_name: &str,
        lease: Lease,
        asset: &Asset,
    ) -> Result<()> {
        let entry = AuditEntry {
            id: AuditId::new(),
            at: self.clock().now(),
            actor: ActorRef {
                kind: ActorKind::Agent,
                id: Some(agent.to_string()),
                name: agent_name.to_owned(),
            },
            action: "asset.read".to_owned(),
            object_kind: "asset".to_owned(),
            object_id: asset.id.to_string(),
            detail: json!({"name": asset.name, "executionId": lease.execution, "attempt": lease.epoch}),
            request_id: None,
            ip_address: None,
            seal: None,
        };
        self.store().commit(Changes::none().audited(entry)).await
    }

    /// The names of the assets that a run may read, sorted; at most [`MAX_ASSET_NAMES`]. No value is read.
    pub(crate) async fn asset_names_for_lease(&self, agent: AgentId, lease: Lease) -> Result<Vec<String>> {
        let execution = self.leased(agent, lease).await?;
        let mut names = Vec::new();
        let mut after = None;
        loop {
            let request = PageRequest::new(after, PageRequest::MAX);
            let page = self.store().assets(Some(execution.environment_id), request).await?;
            let readable = page.items.into_iter().filter(|asset| asset.is_open_to(execution.package_id));
            names.extend(readable.map(|asset| asset.name));
            after = page.next.filter(|_| names.len() < MAX_ASSET_NAMES);
            if after.is_none() {
                break;
            }
        }
        names.truncate(MAX_ASSET_NAMES);
        names.sort_unstable();
        Ok(names)
    }
}

/// The asset, if it is one of the environment where the execution runs and its package may read it.
pub(super) fn readable(execution: &Execution, asset: Option<Asset>) -> Result<Asset> {
    let asset = asset.filter(|asset| asset.environment_id == execution.environment_id).ok_or_else(|| {
        let message =
            "there is no asset with this name in the execution's environment; add it or mend the name";
        Error::new(ErrorKind::NotFound, "asset.unknown", message)
    })?;
    if asset.is_open_to(execution.package_id) {
        return Ok(asset);
    }
    let message = "this package may not read the asset; name it among the asset's packages";
    Err(Error::new(ErrorKind::Forbidden, "asset.package", message))
}

fn package_ref(name: String, version: &PackageVersion) -> PackageRef {
    PackageRef {
        id: version.package_id,
        name,
        version_number: version.version_number.clone(),
        digest: version.digest.clone(),
        size: version.size,
        signature: version.signature.clone(),
        author: version.author.clone(),
    }
}

fn too_large(most: u64) -> Error {
    let message =
        format!("the artifact is larger than {most} bytes; make it smaller, or ask for a higher limit");
    Error::new(ErrorKind::QuotaExceeded, "artifact.too_large", message)
}

/// A media type that is no type (RFC 9110, 8.3.1) becomes plain bytes, so that no header is ever broken.
pub(super) fn checked_media_type(text: String) -> String {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.split_once('/') {
        Some((kind, subtype)) if essence.len() <= 127 && token(kind) && token(subtype) => essence,
        _ => "application/octet-stream".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_types_are_tamed() {
        assert!(check_file_name("name", "ledger.xlsx").is_ok());
        for bad in ["../x", "a/b", "a\\b", "..", "", "a\nb"] {
            assert!(check_file_name("name", bad).is_err(), "{bad:?}");
        }
        assert_eq!(checked_media_type("text/CSV; charset=utf-8".into()), "text/csv");
        assert_eq!(checked_media_type("x\r\ny: z".into()), "application/octet-stream");
    }
}
