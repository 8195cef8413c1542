//! Removing the environments that nobody uses.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::cache::{EnvironmentCache, Marker, Shared, UV_CACHE, measure};
use crate::disk::{self, blocking};
use crate::error::{Error, Result};

/// How often it is looked for what is old.
const EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// An environment as its marker tells of it.
struct Candidate {
    key: String,
    used: SystemTime,
    bytes: u64,
}

impl EnvironmentCache {
    /// Removes what nobody uses, now and then. Never returns; may be dropped at any time.
    pub(crate) async fn collect_always(&self) {
        loop {
            self.collect().await;
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Removes the environments that were not used for long, then the least recently used ones above the
    /// bounds, and the downloads of uv above the same bound. What a run uses stays.
    pub(crate) async fn collect(&self) {
        self.shared.collect_surplus().await;
        let shared = Arc::clone(&self.shared);
        told(blocking(move || shared.shrink_downloads()).await);
    }
}

impl Shared {
    /// The same without the downloads, which take long to measure.
    pub(super) async fn collect_surplus(self: &Arc<Self>) {
        let shared = Arc::clone(self);
        told(blocking(move || shared.remove_surplus()).await);
    }

    fn remove_surplus(&self) -> Result<()> {
        let mut found = self.candidates()?;
        found.sort_by_key(|candidate| candidate.used);
        let now = SystemTime::from(self.clock.now());
        let (mut count, mut bytes) =
            (found.len(), found.iter().map(|candidate| candidate.bytes).sum::<u64>());
        for candidate in found {
            let age = now.duration_since(candidate.used).unwrap_or_default();
            let is_surplus = count > self.settings.most_count || bytes > self.settings.most_bytes;
            if (is_surplus || age > self.settings.unused_for) && self.remove(&candidate.key)? {
                tracing::info!(
                    key = candidate.key,
                    days = age.as_secs() / 86_400,
                    "an environment was removed"
                );
                count -= 1;
                bytes = bytes.saturating_sub(candidate.bytes);
            }
        }
        Ok(())
    }

    fn candidates(&self) -> Result<Vec<Candidate>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&self.folder).map_err(Error::io("read", &self.folder))? {
            let path = entry.map_err(Error::io("read", &self.folder))?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let marker = disk::read_whole::<Marker>(&path);
            let used = path.metadata().and_then(|found| found.modified());
            if let (Some(key), Some(marker), Ok(used)) = (path.file_stem(), marker, used) {
                let key = key.to_string_lossy().into_owned();
                found.push(Candidate { key, used, bytes: marker.bytes });
            }
        }
        Ok(found)
    }

    /// Removes an environment unless somebody uses or makes it. Whether it did.
    fn remove(&self, key: &str) -> Result<bool> {
        let aside = self.aside();
        {
            let mut state = self.lock();
            if state.leases.contains_key(key) || state.builds.contains_key(key) {
                return Ok(false);
            }
            // Gone for whoever asks from now on; what takes long is done without the lock.
            if !renamed(&self.folder_of(key), &aside)? {
                return Ok(false);
            }
            state.verified.remove(key);
            disk::remove(&self.marker_of(key))?;
        }
        disk::remove(&aside)?;
        Ok(true)
    }

    /// Removes what uv keeps of downloads if it takes more than all environments may. Those have hard links
    /// of their own.
    fn shrink_downloads(&self) -> Result<()> {
        let downloads = self.folder.join(UV_CACHE);
        if measure(&downloads).is_none_or(|found| found.bytes <= self.settings.most_bytes) {
            return Ok(());
        }
        let aside = self.aside();
        {
            let state = self.lock();
            if !state.builds.is_empty() || !renamed(&downloads, &aside)? {
                return Ok(());
            }
        }
        tracing::info!("the downloads of uv were removed");
        disk::remove(&aside)
    }

    /// A name that the next start removes, should this one not get to it.
    fn aside(&self) -> std::path::PathBuf {
        self.folder.join(format!(".old-{}", uuid::Uuid::new_v4()))
    }
}

/// Whether it was renamed: Windows refuses while a file in it is open, and then it is left for later.
fn renamed(from: &Path, to: &Path) -> Result<bool> {
    match std::fs::rename(from, to) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) if cfg!(windows) => {
            tracing::debug!(%error, "an environment can't be removed now");
            Ok(false)
        }
        Err(error) => Err(Error::io("renamed", from)(error)),
    }
}

fn told(done: Result<()>) {
    if let Err(error) = done {
        tracing::warn!(%error, "environments that nobody uses stay on disk");
    }
}
