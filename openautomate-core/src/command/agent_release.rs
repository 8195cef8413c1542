//! Taking in releases of the agent program, and deleting them.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Record, Write};
use crate::command::file::may_use;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{AgentRelease, FileUser};
use crate::error::{Error, Result};
use crate::id::{AgentReleaseId, FileId};
use crate::permission::{Access, Permission};
use crate::release::{ReleaseFile, SignedManifest};

pub(super) async fn load(context: &CommandContext<'_>, id: AgentReleaseId) -> Result<AgentRelease> {
    let release = context.store.agent_release(id).await?.filter(|release| release.deleted_at.is_none());
    release.ok_or_else(|| Error::not_found("agent release", id))
}

/// Takes in a release whose programs were uploaded as files. Whether its key is to be trusted is for the agents to
/// say; here the signature has to fit the key that it names.
#[derive(Clone, Debug)]
pub struct CreateAgentRelease {
    /// The manifest, signed.
    pub signed: SignedManifest,
    /// The uploaded program of each target of the manifest, by its triple.
    pub files: BTreeMap<String, FileId>,
}

#[async_trait]
impl Command for CreateAgentRelease {
    type Output = AgentRelease;
    const NAME: &'static str = "agent_release.create";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageReleases)
    }

    fn validate(&self) -> Result<()> {
        let manifest = self.signed.open(&[self.signed.signature.key]).map_err(|error| {
            Error::invalid_field("signature", error.message().to_owned()).with_source(error)
        })?;
        if !manifest.targets.keys().eq(self.files.keys()) {
            let message = "does not name one file for each target of the manifest, and no other";
            return Err(Error::invalid_field("files", message));
        }
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<AgentRelease>> {
        let manifest = self.signed.open(&[self.signed.signature.key])?;
        for (target, file) in &manifest.targets {
            check_file(context, target, file, self.files.get(target).copied()).await?;
        }
        let release = AgentRelease {
            id: AgentReleaseId::new(),
            version: manifest.version,
            manifest: self.signed.manifest.clone(),
            signature: self.signed.signature.clone(),
            files: self.files.clone(),
            created_by: context.user_id()?,
            created_at: context.now,
            deleted_at: None,
            revision: 0,
        };
        let detail = json!({
            "version": release.version,
            "key": release.signature.key,
            "targets": release.files.keys().collect::<Vec<_>>(),
        });
        let entry = context.audit("agentRelease", release.id, detail);
        let mut changes = Changes::none().insert(Record::AgentRelease(Box::new(release.clone())));
        let files = release.files.values().copied().collect();
        changes.writes.push(Write::UseFiles { user: FileUser::AgentRelease(release.id), files });
        Ok(Decision::new(changes.audited(entry), release))
    }
}

/// Checks that an uploaded file is the one of the manifest.
async fn check_file(
    context: &CommandContext<'_>,
    target: &str,
    wanted: &ReleaseFile,
    id: Option<FileId>,
) -> Result<()> {
    let field = || format!("files.{target}");
    let found = match id {
        Some(id) => context.store.file(id).await?.filter(|file| may_use(context.actor, file)),
        None => None,
    };
    let found = found.ok_or_else(|| {
        Error::invalid_field(field(), "names no uploaded file; upload it to /api/files first")
    })?;
    if found.size != wanted.size || found.sha256 != wanted.sha256 {
        let message =
            "names a file whose size or SHA-256 is not that of the manifest; upload the one that was signed";
        return Err(Error::invalid_field(field(), message));
    }
    Ok(())
}

/// Deletes a release that is not on its way to agents; its version is free again.
#[derive(Clone, Debug)]
pub struct DeleteAgentRelease {
    /// Which.
    pub id: AgentReleaseId,
}

#[async_trait]
impl Command for DeleteAgentRelease {
    type Output = ();
    const NAME: &'static str = "agent_release.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::ManageReleases)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut release = load(context, self.id).await?;
        let running = context.store.running_agent_rollout().await?;
        if let Some(rollout) = running.filter(|rollout| rollout.release_id == self.id) {
            let message = format!("the rollout {} brings the release to agents; cancel it first", rollout.id);
            return Err(Error::conflict("agent_release.in_use", message));
        }
        release.deleted_at = Some(context.now);
        let entry = context.audit("agentRelease", self.id, json!({"version": release.version}));
        let mut changes = Changes::none().update(Record::AgentRelease(Box::new(release))).audited(entry);
        changes.writes.push(Write::UseFiles { user: FileUser::AgentRelease(self.id), files: Vec::new() });
        Ok(Decision::new(changes, ()))
    }
}
