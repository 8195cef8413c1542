//! The uploaded files that a run's inputs name: fetched into a folder of the run's own, checked, and put in place of
//! their ids.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt as _;
use openautomate_core::ErrorKind;
use openautomate_core::domain::{Lease, check_file_name};
use openautomate_core::error::{Error, Result};
use openautomate_core::id::FileId;
use openautomate_core::transport::{AssignedFile, Transport};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

/// The folder in the working folder of a run: there, a confined run may read it, and it goes with the run.
pub(crate) const FOLDER: &str = ".inputs";
/// How long a fetch waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a file is fetched that comes damaged: the line may have broken it once.
const MAX_BROKEN_FETCHES: u32 = 3;
/// The longest name that every file system takes, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// Fetches the files and puts their paths into the inputs. Waits while the server is away: the lease decides how
/// long that may be. Dropped half-way, it leaves what it fetched so far for whoever removes the folder.
///
/// # Errors
/// `StaleLease`; `NotFound` if a file is gone, `Unavailable` with `file.damaged` if it keeps coming otherwise than it
/// was uploaded, `Internal` if the disk refuses.
pub(crate) async fn fetch(
    transport: &dyn Transport,
    lease: Lease,
    files: &[AssignedFile],
    work_dir: &Path,
    inputs: &mut Map<String, Value>,
) -> Result<()> {
    let mut fetched: BTreeMap<FileId, PathBuf> = BTreeMap::new();
    for file in files {
        let path = match fetched.get(&file.id) {
            Some(path) => path.clone(),
            None => {
                let path = place(work_dir, file)?;
                fetch_one(transport, lease, file, &path).await?;
                fetched.insert(file.id, path.clone());
                path
            }
        };
        put(inputs, file, &path)?;
    }
    Ok(())
}

/// Fetches the files of a work item; their pointers are their paths afterwards.
///
/// # Errors
/// As [`fetch`].
pub(crate) async fn fetch_of_item(
    transport: &dyn Transport,
    lease: Lease,
    files: &mut [AssignedFile],
    work_dir: &Path,
) -> Result<()> {
    for file in files {
        let path = place(work_dir, file)?;
        fetch_one(transport, lease, file, &path).await?;
        file.pointer = text_of(&path)?.to_owned();
    }
    Ok(())
}

/// Where a file is kept: a folder of its own, so that names may repeat.
fn place(work_dir: &Path, file: &AssignedFile) -> Result<PathBuf> {
    check_file_name("name", &file.name)?;
    Ok(work_dir.join(FOLDER).join(file.id.to_string()).join(plain(&file.name)))
}

/// The name as every file system takes it: the one of Windows reads a colon as a part of the path, has names for
/// devices, and drops dots at the end.
pub(crate) fn plain(name: &str) -> String {
    let kept = name.chars().map(|c| if "<>:\"/\\|?*".contains(c) || c.is_control() { '_' } else { c });
    let mut kept: String = kept.collect();
    let stem = kept.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
    let is_numbered =
        |device: &str| stem.strip_prefix(device).is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']));
    if ["CON", "PRN", "AUX", "NUL"].contains(&stem.as_str()) || is_numbered("COM") || is_numbered("LPT") {
        kept.insert(0, '_');
    }
    if kept.ends_with('.') {
        kept.push('_');
    }
    shortened(kept)
}

/// The name with as much of its stem as fits before its ending.
fn shortened(name: String) -> String {
    if name.len() <= MAX_NAME_BYTES {
        return name;
    }
    let ending =
        name.rfind('.').map(|dot| &name[dot..]).filter(|ending| ending.len() <= 16).unwrap_or_default();
    let mut stem = &name[..name.len() - ending.len()];
    while stem.len() + ending.len() > MAX_NAME_BYTES {
        let mut characters = stem.chars();
        characters.next_back();
        stem = characters.as_str();
    }
    format!("{stem}{ending}")
}

async fn fetch_one(transport: &dyn Transport, lease: Lease, file: &AssignedFile, path: &Path) -> Result<()> {
    let mut broken = 0;
    loop {
        match fetch_once(transport, lease, file, path).await {
            Err(error) if error.code() == "file.damaged" => {
                broken += 1;
                if broken == MAX_BROKEN_FETCHES {
                    return Err(error);
                }
            }
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                tracing::debug!(%error, "an input file could not be fetched; trying again");
                tokio::time::sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}

async fn fetch_once(transport: &dyn Transport, lease: Lease, file: &AssignedFile, path: &Path) -> Result<()> {
    let mut content = transport.fetch_file(lease, file.id).await?;
    if let Some(folder) = path.parent() {
        tokio::fs::create_dir_all(folder).await.map_err(unwritable)?;
    }
    let mut out = File::create(path).await.map_err(unwritable)?;
    let (mut hash, mut left) = (Sha256::new(), file.size);
    while let Some(chunk) = content.next().await {
        let chunk = chunk?;
        left = left.checked_sub(chunk.len() as u64).ok_or_else(|| damaged(file))?;
        hash.update(&chunk);
        out.write_all(&chunk).await.map_err(unwritable)?;
    }
    out.flush().await.map_err(unwritable)?;
    if left > 0 || hex(&hash.finalize()) != file.sha256 {
        return Err(damaged(file));
    }
    Ok(())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn put(inputs: &mut Map<String, Value>, file: &AssignedFile, path: &Path) -> Result<()> {
    let place = pointed(inputs, &file.pointer).filter(|value| value.is_string());
    let place = place.ok_or_else(|| {
        Error::internal("file.pointer", "the server names a place for a file that the inputs do not have")
    })?;
    *place = Value::from(text_of(path)?);
    Ok(())
}

pub(crate) fn text_of(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| {
        Error::internal(
            "file.path",
            "the agent's folder has no UTF-8 name, which paths in inputs need; move it",
        )
    })
}

/// The value at a JSON Pointer (RFC 6901) into the inputs.
pub(crate) fn pointed<'i>(inputs: &'i mut Map<String, Value>, pointer: &str) -> Option<&'i mut Value> {
    let rest = pointer.strip_prefix('/')?;
    let (name, rest) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
    inputs.get_mut(&name.replace("~1", "/").replace("~0", "~"))?.pointer_mut(rest)
}

fn damaged(file: &AssignedFile) -> Error {
    let message = format!("the input file {} is not as it was uploaded; upload it again", file.id);
    Error::unavailable("file.damaged", message)
}

fn unwritable(error: std::io::Error) -> Error {
    Error::internal(
        "file.unwritable",
        "an input file can't be kept on the agent; see whether its disk is full",
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_one_on_every_system() {
        for (name, kept) in [
            ("Überweisung 7.pdf", "Überweisung 7.pdf"),
            ("C:evil", "C_evil"),
            ("a/../b", "a_.._b"),
            ("nul.txt", "_nul.txt"),
            ("com1", "_com1"),
            ("com10", "com10"),
            ("end.", "end._"),
            ("a\nb", "a_b"),
        ] {
            assert_eq!(plain(name), kept);
        }
        let long = plain(&format!("{}.pdf", "ü".repeat(200)));
        assert!(long.len() <= MAX_NAME_BYTES && long.ends_with("ü.pdf"), "{long}");
    }

    #[test]
    fn pointers_lead_into_inputs_only() {
        let mut inputs = json!({"a/b": {"c~d": ["x", "y"]}}).as_object().cloned().unwrap();
        assert_eq!(pointed(&mut inputs, "/a~1b/c~0d/1"), Some(&mut json!("y")));
        for absent in ["", "/", "/a~1b/x", "/a~1b/c~0d/2", "a"] {
            assert_eq!(pointed(&mut inputs, absent), None, "{absent}");
        }
    }
}
