//! Uploaded files, and what uses them.

use async_trait::async_trait;

use super::MemoryStore;
use super::state::State;
use crate::clock::Timestamp;
use crate::domain::{FileUser, InputFile};
use crate::error::Result;
use crate::id::FileId;
use crate::store::FileStore;

#[async_trait]
impl FileStore for MemoryStore {
    async fn file(&self, id: FileId) -> Result<Option<InputFile>> {
        Ok(self.state().files.get(&id).cloned())
    }

    async fn files_used(&self, user: FileUser) -> Result<Vec<InputFile>> {
        let state = self.state();
        let used = state.file_uses.get(&user).into_iter().flatten();
        Ok(used.filter_map(|id| state.files.get(id).cloned()).collect())
    }

    async fn expire_files(&self, now: Timestamp, limit: u32) -> Result<Vec<FileId>> {
        let mut state = self.state();
        let is_over = |file: &&InputFile| {
            file.removed_at.is_some() || (file.expires_at < now && !state.is_file_used(file.id))
        };
        let over: Vec<InputFile> =
            state.files.values().filter(is_over).take(limit as usize).cloned().collect();
        for file in &over {
            if file.removed_at.is_none() {
                let revision = file.revision + 1;
                state.put(InputFile { removed_at: Some(now), revision, ..file.clone() });
            }
        }
        Ok(over.into_iter().map(|file| file.id).collect())
    }

    async fn forget_files(&self, files: &[FileId]) -> Result<()> {
        let mut state = self.state();
        for id in files {
            if state.files.get(id).is_some_and(|file| file.removed_at.is_some()) {
                state.remove::<InputFile>(*id);
            }
        }
        Ok(())
    }
}

impl State {
    /// Whether an execution, a schedule or a work item uses a file.
    pub(super) fn is_file_used(&self, file: FileId) -> bool {
        self.file_uses.values().any(|files| files.contains(&file))
    }
}
