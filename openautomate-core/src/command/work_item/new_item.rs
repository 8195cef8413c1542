//! What an item is made of.

use jsonschema::Validator;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::command::CommandContext;
use crate::command::file::may_use;
use crate::domain::{NewItem, WorkItem, WorkItemState, WorkQueue};
use crate::error::{Error, Result};
use crate::id::{FileId, WorkItemId};
use crate::package::inputs::check::{check_value, compile};

/// The largest payload or output as JSON, in bytes; larger data belong into a file.
pub const MAX_PAYLOAD_BYTES: usize = 128 * 1024;
const MAX_FILES: usize = 100;
const MAX_REFERENCE: usize = 200;

impl NewItem {
    /// Checks what can be checked without the queue.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn validate(&self) -> Result<()> {
        check_size("payload", &self.payload)?;
        if self.files.len() > MAX_FILES {
            return Err(Error::invalid_field("files", format!("names more than {MAX_FILES} files")));
        }
        let Some(reference) = &self.reference else { return Ok(()) };
        let length = reference.chars().count();
        if length == 0 || length > MAX_REFERENCE || reference.chars().any(char::is_control) {
            let message = format!("is not 1 to {MAX_REFERENCE} characters without control characters");
            return Err(Error::invalid_field("reference", message));
        }
        Ok(())
    }

    /// Checks that the files are there and may be used: by the actor, or since they are among `own`.
    pub(super) async fn check_files(&self, context: &CommandContext<'_>, own: &[FileId]) -> Result<()> {
        for (position, id) in self.files.iter().enumerate() {
            let file = context.store.file(*id).await?;
            if !file.is_some_and(|file| may_use(context.actor, &file) || own.contains(id)) {
                let message = "names no file that you uploaded; upload it first";
                return Err(Error::invalid_field(format!("files[{position}]"), message));
            }
        }
        Ok(())
    }

    /// Checks that the files are among `own`: a run has no others.
    pub(super) fn check_own_files(&self, own: &[FileId]) -> Result<()> {
        match self.files.iter().position(|file| !own.contains(file)) {
            Some(position) => {
                let message = "is no file of an item that this run has at hand";
                Err(Error::invalid_field(format!("files[{position}]"), message))
            }
            None => Ok(()),
        }
    }

    /// The item in its queue.
    ///
    /// # Errors
    /// `Invalid`, naming what the queue's schema does not take, as in `payload.total`.
    pub(super) fn build(
        &self,
        id: WorkItemId,
        queue: &WorkQueue,
        parent: Option<WorkItemId>,
        now: Timestamp,
    ) -> Result<WorkItem> {
        if let Some(validator) = validator(queue)? {
            check_value("payload", &validator, &self.payload)?;
        }
        let mut files = self.files.clone();
        files.sort_unstable();
        files.dedup();
        Ok(WorkItem {
            id,
            queue_id: queue.id,
            payload: self.payload.clone(),
            files,
            reference: self.reference.clone(),
            is_unique: queue.unique_references,
            priority: self.priority,
            due_at: self.due_at,
            defer_until: self.defer_until,
            available_at: self.defer_until.map_or(now, |defer| defer.max(now)),
            state: WorkItemState::New,
            attempts: 0,
            lease_epoch: 0,
            holder: None,
            lease_until: None,
            output: None,
            error: None,
            parent_id: parent,
            created_at: now,
            started_at: None,
            ended_at: None,
            revision: 0,
        })
    }
}

/// The queue's schema, ready for checking.
pub(super) fn validator(queue: &WorkQueue) -> Result<Option<Validator>> {
    queue.payload_schema.as_ref().map(compile).transpose()
}

/// Checks that JSON is not too large to keep with an item.
pub(super) fn check_size(field: &'static str, value: &Value) -> Result<()> {
    let size = serde_json::to_vec(value).map_or(usize::MAX, |bytes| bytes.len());
    if size > MAX_PAYLOAD_BYTES {
        let message = format!("takes {size} bytes of {MAX_PAYLOAD_BYTES} allowed; pass large data as a file");
        return Err(Error::invalid_field(field, message));
    }
    Ok(())
}
