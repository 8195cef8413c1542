//! The files that a run leaves: looked at, opened once, and sent as what was opened.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use openautomate_core::domain::check_file_name;
use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::transport::ArtifactUpload;
use tokio::sync::oneshot;

use crate::agent::Inner;
use crate::attempt::Attempt;
use crate::platform;

/// How long an upload waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// A file that a run wants kept.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    pub(crate) content_type: Option<String>,
    /// Where it has to lie, if the run is confined: the agent may read what the run may not.
    pub(crate) folders: Option<Arc<[PathBuf]>>,
}

/// Keeps a file and tells the run whether it is kept.
pub(crate) async fn keep(
    attempt: &Attempt,
    agent: &Arc<Inner>,
    found: Found,
    mut reply: oneshot::Sender<Result<()>>,
) {
    let kept = match open(&found, agent.max_artifact_bytes.load(Ordering::Relaxed)).await {
        Err(error) => Err(error),
        Ok((_file, path)) => {
            let content_type = found.content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
            let upload = ArtifactUpload { lease: attempt.lease, name: found.name, content_type, path };
            upload_until_kept(agent, &upload, &mut reply).await
        }
    };
    if kept.as_ref().is_err_and(|error| error.kind() == ErrorKind::StaleLease) {
        agent.forget(attempt.lease);
    }
    // The run may have ended while it waited.
    let _ = reply.send(kept);
}

/// Tries again while the server is away: the lease decides how long that may be. Once nobody waits for the
/// answer, the try that is under way is the last.
async fn upload_until_kept(
    agent: &Inner,
    upload: &ArtifactUpload,
    reply: &mut oneshot::Sender<Result<()>>,
) -> Result<()> {
    loop {
        match agent.transport.put_artifact(upload.clone()).await {
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                tracing::debug!(%error, "an artifact could not be sent; trying again");
                tokio::select! {
                    () = tokio::time::sleep(PAUSE) => {}
                    () = reply.closed() => return Err(error),
                }
            }
            other => return other,
        }
    }
}

/// Opens the file; gives a path by which it is read until the file is closed, whatever the run puts in its place
/// meanwhile. What the server would refuse is refused before a byte is sent.
async fn open(found: &Found, most: u64) -> Result<(File, PathBuf)> {
    check_file_name("name", &found.name)?;
    let (path, folders) = (found.path.clone(), found.folders.clone());
    let opened = tokio::task::spawn_blocking(move || open_within(&path, folders.as_deref(), most));
    opened.await.map_err(|error| unreadable(std::io::Error::other(error)))?
}

pub(crate) fn open_within(path: &Path, folders: Option<&[PathBuf]>, most: u64) -> Result<(File, PathBuf)> {
    // A pipe or a device is no file: reading one may never end, and opening one may do something.
    let is_file = |found: std::fs::Metadata| {
        let refused =
            || Error::invalid("artifact.no_file", "what is to be kept is no file; pack a folder first");
        found.is_file().then_some(()).ok_or_else(refused)
    };
    is_file(std::fs::metadata(path).map_err(unreadable)?)?;
    let platform::Opened { file, place, path } = platform::open_at_once(path).map_err(unreadable)?;
    // It may be another one by now.
    let found = file.metadata().map_err(unreadable)?;
    let size = found.len();
    is_file(found)?;
    if size > most {
        let message =
            format!("the artifact is larger than {most} bytes; make it smaller, or ask for a higher limit");
        return Err(Error::new(ErrorKind::QuotaExceeded, "artifact.too_large", message));
    }
    let lies_in = |folder: &PathBuf| folder.canonicalize().is_ok_and(|folder| place.starts_with(folder));
    if folders.is_some_and(|folders| !folders.iter().any(lies_in)) {
        return Err(Error::invalid(
            "artifact.outside",
            "the file lies outside of the folders of this confined run; copy it into the working folder",
        ));
    }
    Ok((file, path))
}

fn unreadable(error: std::io::Error) -> Error {
    Error::invalid("artifact.unreadable", "the file that is to be kept can't be read").with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_judged_is_what_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "own").unwrap();
        let folders = [folder.path().to_owned()];
        let (_file, opened) = open_within(&path, Some(&folders), u64::MAX).unwrap();
        if cfg!(target_os = "linux") {
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, "foreign").unwrap();
        }
        assert_eq!(std::fs::read_to_string(opened).unwrap(), "own");
    }

    #[test]
    fn what_is_no_file_or_too_large_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(open_within(folder.path(), None, u64::MAX).unwrap_err().code(), "artifact.no_file");
        let file = folder.path().join("file");
        std::fs::write(&file, "four").unwrap();
        assert_eq!(open_within(&file, None, 3).unwrap_err().code(), "artifact.too_large");
        open_within(&file, None, 4).unwrap();
        let absent = open_within(&folder.path().join("absent"), None, u64::MAX).unwrap_err();
        assert_eq!(absent.code(), "artifact.unreadable");
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_nowhere_out_and_devices_are_not_opened() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(outside.path().join("secret"), "secret").unwrap();
        let link = |to: &Path, name: &str| {
            let path = inside.path().join(name);
            std::os::unix::fs::symlink(to, &path).unwrap();
            path
        };
        let folders = [inside.path().to_owned()];
        for path in [
            link(&outside.path().join("secret"), "file"),
            link(outside.path(), "folder").join("secret"),
            inside.path().join("..").join(outside.path().file_name().unwrap()).join("secret"),
        ] {
            assert_eq!(open_within(&path, Some(&folders), u64::MAX).unwrap_err().code(), "artifact.outside");
            open_within(&path, None, u64::MAX).unwrap();
        }
        let device = link(Path::new("/dev/zero"), "device");
        assert_eq!(open_within(&device, None, u64::MAX).unwrap_err().code(), "artifact.no_file");
        let own = inside.path().join("own");
        std::fs::write(&own, "x").unwrap();
        open_within(&link(&own, "inner"), Some(&folders), u64::MAX).unwrap();
    }
}
