//! Files of this machine as inputs: they are handed to the run as uploaded ones are.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use openautomate_core::error::{Error, FieldError, Result};
use openautomate_core::id::FileId;
use openautomate_core::package::inputs::reference::{Target, references};
use openautomate_core::transport::AssignedFile;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::input_file::{hex, pointed};

/// The inputs with the ids of files in place of their paths.
#[derive(Debug)]
pub(super) struct LocalFiles {
    pub(super) inputs: Map<String, Value>,
    pub(super) assigned: Vec<AssignedFile>,
    pub(super) paths: BTreeMap<FileId, PathBuf>,
}

impl LocalFiles {
    /// Reads each file that the inputs name by a path, as it is or behind an `@`. Blocks.
    ///
    /// # Errors
    /// `Invalid`, naming each input that names no file that can be read.
    pub(super) fn of(schema: Option<&Value>, mut inputs: Map<String, Value>) -> Result<Self> {
        let (mut assigned, mut paths, mut wrong) = (Vec::new(), BTreeMap::new(), Vec::new());
        let named = schema.map(|schema| references(schema, &inputs)).unwrap_or_default();
        for reference in named.into_iter().filter(|one| one.target == Target::File) {
            let path = Path::new(reference.name.strip_prefix('@').unwrap_or(reference.name)).to_owned();
            match file(reference.pointer, &path) {
                Ok(file) => {
                    paths.insert(file.id, path);
                    assigned.push(file);
                }
                Err(_) => wrong.push(FieldError::new(reference.field, "names no file that can be read here")),
            }
        }
        if !wrong.is_empty() {
            return Err(Error::invalid_fields(wrong));
        }
        for file in &assigned {
            if let Some(place) = pointed(&mut inputs, &file.pointer) {
                *place = Value::from(file.id.to_string());
            }
        }
        Ok(Self { inputs, assigned, paths })
    }
}

fn file(pointer: String, path: &Path) -> std::io::Result<AssignedFile> {
    // A pipe or a device may never end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::ErrorKind::InvalidInput.into());
    }
    let mut content = std::fs::File::open(path)?;
    let (mut hash, mut size, mut buffer) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    loop {
        let count = content.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        hash.update(&buffer[..count]);
        size += count as u64;
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file").to_owned();
    Ok(AssignedFile { pointer, id: FileId::new(), name, size, sha256: hex(&hash.finalize()) })
}
