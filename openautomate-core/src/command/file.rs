//! Uploading and deleting the files that inputs name.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::json;

use crate::changes::{Changes, Record};
use crate::clock::Timestamp;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{InputFile, check_file_name};
use crate::error::{Error, ErrorKind, Result};
use crate::id::FileId;
use crate::permission::{Access, Actor, Permission, Principal};

/// Keeps the row of a file whose content is a blob already.
#[derive(Clone, Debug)]
pub(crate) struct KeepFile {
    pub(crate) id: FileId,
    pub(crate) name: String,
    pub(crate) content_type: String,
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

#[async_trait]
impl Command for KeepFile {
    type Output = InputFile;
    const NAME: &'static str = "file.upload";

    fn access(&self) -> Access {
        Access::Permission(Permission::RunExecutions)
    }

    fn validate(&self) -> Result<()> {
        check_file_name("name", &self.name)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<InputFile>> {
        let file = InputFile {
            id: self.id,
            name: self.name.clone(),
            content_type: self.content_type.clone(),
            size: self.size,
            sha256: self.sha256.clone(),
            created_by: context.user_id()?,
            created_at: context.now,
            expires_at: after(context.now, context.settings.file_life),
            removed_at: None,
            revision: 0,
        };
        let detail = json!({"name": file.name, "size": file.size, "sha256": file.sha256});
        let changes = Changes::none()
            .insert(Record::InputFile(file.clone()))
            .audited(context.audit("file", file.id, detail));
        Ok(Decision::new(changes, file))
    }
}

/// When a file expires that was made now.
pub(super) fn after(now: Timestamp, life: Duration) -> Timestamp {
    let life = TimeDelta::from_std(life).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(life).unwrap_or(Timestamp::MAX_UTC)
}

/// Deletes a file that nothing uses. Its content is removed soon after.
#[derive(Clone, Debug)]
pub struct DeleteFile {
    /// Which.
    pub id: FileId,
}

#[async_trait]
impl Command for DeleteFile {
    type Output = ();
    const NAME: &'static str = "file.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::RunExecutions)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let file = context.store.file(self.id).await?.filter(|file| may_use(context.actor, file));
        let file = file.ok_or_else(|| Error::not_found("file", self.id))?;
        let entry = context.audit("file", file.id, json!({"name": file.name, "size": file.size}));
        let removed = InputFile { removed_at: Some(context.now), ..file };
        Ok(Decision::new(Changes::none().update(Record::InputFile(removed)).audited(entry), ()))
    }
}

/// Whether somebody may read, delete and run with a file that is there: their own, and Administrators in person all.
/// To anybody else it does not exist.
#[must_use]
pub fn may_use(actor: &Actor, file: &InputFile) -> bool {
    let may = match &actor.principal {
        Principal::System => true,
        Principal::User { id, .. } => *id == file.created_by || actor.is_administrator(),
        Principal::Agent { .. } | Principal::Anonymous => false,
    };
    may && file.removed_at.is_none()
}

/// The error of a file that is larger than the settings allow.
pub(crate) fn too_large(most: u64) -> Error {
    let message = format!("the file is larger than {most} bytes; make it smaller, or ask for a higher limit");
    Error::new(ErrorKind::QuotaExceeded, "file.too_large", message)
}
