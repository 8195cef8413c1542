//! Taking in the files that people upload, handing them to the runs that use them, and removing them.

use bytes::Bytes;
use futures_util::stream::BoxStream;
use sha2::{Digest as _, Sha256};

use super::agent_work::checked_media_type;
use super::{Idempotency, Orchestrator};
use crate::blob::{BlobBody, BlobKey};
use crate::command::file::{DeleteFile, KeepFile, may_use, too_large};
use crate::domain::{Execution, FileUser, InputFile, Lease, check_file_name};
use crate::error::{Error, Result};
use crate::id::{AgentId, FileId};
use crate::package::inputs::reference::{Target, references};
use crate::permission::{Access, Actor, Permission, authorize_somewhere};
use crate::transport::AssignedFile;

/// How many files are removed in one go.
const BATCH: u32 = 500;

/// A file that somebody uploads.
pub struct FileIntake {
    /// Its name: a plain file name.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes, where the sender told it.
    pub size: Option<u64>,
    /// Its content.
    pub body: BoxStream<'static, std::io::Result<Bytes>>,
}

impl std::fmt::Debug for FileIntake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileIntake").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Orchestrator {
    /// Keeps a file as an input of executions to come. What nothing uses is removed once it expired
    /// ([`Settings::file_life`](super::Settings::file_life)).
    ///
    /// With an idempotency key, the same name, type and content again give the first answer again; the content has
    /// to come all the same, since it is part of what was asked.
    ///
    /// # Errors
    /// `Forbidden` if the actor may not run executions or is no person, `Invalid` for the name, `QuotaExceeded` if
    /// the file is larger than the settings allow, `Unavailable` if the content breaks off.
    pub async fn keep_file(
        &self,
        actor: &Actor,
        idempotency: Option<Idempotency>,
        intake: FileIntake,
    ) -> Result<InputFile> {
        let FileIntake { name, content_type, size, body } = intake;
        // Before a byte is read: the sender learns of it at once.
        authorize_somewhere(actor, Access::Permission(Permission::RunExecutions))?;
        check_file_name("name", &name)?;
        let most = self.settings().max_file_bytes;
        if size.is_some_and(|size| size > most) {
            return Err(too_large(most));
        }
        let id = FileId::new();
        let key = BlobKey::input_file(id);
        let info = self.take_in(&key, body, most).await?;
        let content_type = checked_media_type(content_type);
        let idempotency = idempotency.map(|asked| asked_of(asked, &content_type, &info.sha256));
        let command = KeepFile { id, name, content_type, size: info.size, sha256: info.sha256 };
        let kept = self.execute_once(actor, idempotency, command).await;
        if kept.as_ref().map_or(true, |file| file.id != id) {
            self.drop_blob(&key).await;
        }
        kept
    }

    /// A file that the actor may use.
    ///
    /// # Errors
    /// `Forbidden` if the actor may not run executions, `NotFound` if there is none, or it is another's.
    pub async fn file(&self, actor: &Actor, id: FileId) -> Result<InputFile> {
        authorize_somewhere(actor, Access::Permission(Permission::RunExecutions))?;
        let file = self.store().file(id).await?.filter(|file| may_use(actor, file));
        file.ok_or_else(|| Error::not_found("file", id))
    }

    /// The content of a file that the actor may use.
    ///
    /// # Errors
    /// As [`Orchestrator::file`].
    pub async fn file_content(&self, actor: &Actor, id: FileId) -> Result<(InputFile, BlobBody)> {
        let file = self.file(actor, id).await?;
        let body = self.blobs().get(&BlobKey::input_file(id)).await?;
        Ok((file, body.ok_or_else(|| Error::not_found("file", id))?))
    }

    /// Deletes a file that nothing uses, and its content.
    ///
    /// # Errors
    /// As [`Orchestrator::file`]; `Conflict` with `file.in_use` if an execution or a schedule uses it.
    pub async fn delete_file(&self, actor: &Actor, id: FileId) -> Result<()> {
        self.execute(actor, DeleteFile { id }).await?;
        // It is deleted already; what fails here is done by the pruner.
        if let Err(error) = self.remove_content(&[id]).await {
            tracing::warn!(%error, "the content of a deleted file could not be removed; trying again later");
        }
        Ok(())
    }

    /// Removes what expired and is used by nothing. Says how many files.
    ///
    /// # Errors
    /// `Unavailable` if the store or the blobs do not answer.
    pub(crate) async fn remove_expired_files(&self) -> Result<u64> {
        let mut removed = 0;
        loop {
            let files = self.store().expire_files(self.clock().now(), BATCH).await?;
            self.remove_content(&files).await?;
            removed += files.len() as u64;
            if files.len() < BATCH as usize {
                return Ok(removed);
            }
        }
    }

    /// Removes the content of files that are removed, and then forgets them: in this order, so that none is lost
    /// sight of.
    async fn remove_content(&self, files: &[FileId]) -> Result<()> {
        for id in files {
            self.blobs().delete(&BlobKey::input_file(*id)).await?;
        }
        self.store().forget_files(files).await
    }

    /// The content of a file, for the agent that runs an execution that uses it.
    ///
    /// # Errors
    /// `StaleLease`; `NotFound` if the execution does not use such a file.
    pub async fn file_for_lease(
        &self,
        agent: AgentId,
        lease: Lease,
        id: FileId,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.leased(agent, lease).await?;
        let used = self.store().files_used(FileUser::Execution(lease.execution)).await?;
        let is_used = used.iter().any(|file| file.id == id);
        if !is_used && !self.is_of_held_item(lease, id).await? {
            return Err(Error::not_found("file of the execution", id));
        }
        let body = self.blobs().get(&BlobKey::input_file(id)).await?;
        Ok(body.ok_or_else(|| Error::not_found("file", id))?.stream)
    }

    /// The files of an execution, by the places in its inputs that name them.
    pub(super) async fn assigned_files(
        &self,
        execution: &Execution,
        schema: Option<&serde_json::Value>,
    ) -> Result<Vec<AssignedFile>> {
        let mut named = schema.map(|schema| references(schema, &execution.inputs)).unwrap_or_default();
        named.retain(|reference| reference.target == Target::File);
        // Most have none, and are not read for.
        if named.is_empty() {
            return Ok(Vec::new());
        }
        let used = self.store().files_used(FileUser::Execution(execution.id)).await?;
        let files = named.into_iter().filter_map(|reference| {
            let id: FileId = reference.name.parse().ok()?;
            let file = used.iter().find(|file| file.id == id)?;
            Some(AssignedFile {
                pointer: reference.pointer,
                id,
                name: file.name.clone(),
                size: file.size,
                sha256: file.sha256.clone(),
            })
        });
        Ok(files.collect())
    }
}

/// The key with the type and the content as part of what was asked, which no header tells for sure.
fn asked_of(asked: Idempotency, content_type: &str, sha256: &str) -> Idempotency {
    let mut fingerprint = Sha256::new();
    fingerprint.update(asked.fingerprint);
    fingerprint.update(content_type);
    fingerprint.update([0]);
    fingerprint.update(sha256);
    Idempotency { fingerprint: fingerprint.finalize().into(), ..asked }
}
