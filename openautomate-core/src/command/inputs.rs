//! Whether inputs may be taken: their size, what the version's entry function takes, what they refer to.

use serde_json::{Map, Value};

use crate::changes::{Changes, Write};
use crate::command::CommandContext;
use crate::command::file::may_use;
use crate::domain::{FileUser, PackageVersion};
use crate::error::{Error, FieldError, Result};
use crate::id::{EnvironmentId, FileId};
use crate::package::inputs::check::{MAX_ERRORS, check};
use crate::package::inputs::reference::{Target, references};

/// The largest inputs of an execution as JSON, in bytes.
pub const MAX_INPUT_BYTES: usize = 512 * 1024;
/// The most assets and files that the inputs of one execution name.
const MAX_REFERENCES: usize = 1_000;

/// Checks that inputs are not too large to keep with each execution.
///
/// # Errors
/// `Invalid`, naming `inputs`.
pub fn check_inputs(inputs: &Map<String, Value>) -> Result<()> {
    let size = serde_json::to_vec(inputs).map_or(usize::MAX, |bytes| bytes.len());
    if size > MAX_INPUT_BYTES {
        let message = format!("take {size} bytes of {MAX_INPUT_BYTES} allowed; pass large data as a file");
        return Err(Error::invalid_field("inputs", message));
    }
    Ok(())
}

/// Checks inputs against what a version takes, that the assets that they name are there and open to its package, and that
/// the files are there; gives the files. The actor may use those files, or they are among `used` already.
///
/// # Errors
/// `Invalid`, naming each field that is wrong, as in `inputs.invoice.total`, never its value; `Unavailable` if
/// the store does not answer.
pub(crate) async fn check_signature(
    context: &CommandContext<'_>,
    version: &PackageVersion,
    environment: EnvironmentId,
    inputs: &Map<String, Value>,
    used: &[FileId],
) -> Result<Vec<FileId>> {
    let Some(schema) = &version.manifest.inputs else { return Ok(Vec::new()) };
    check(Some(schema), inputs)?;
    let references = references(schema, inputs);
    if references.len() > MAX_REFERENCES {
        let message = format!("name more than {MAX_REFERENCES} assets and files; split them over executions");
        return Err(Error::invalid_field("inputs", message));
    }
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for reference in references {
        let why = match reference.target {
            Target::Asset => unreadable(context, version, environment, reference.name).await?,
            Target::File => match file(context, reference.name, used).await? {
                Ok(file) => {
                    files.push(file);
                    None
                }
                Err(why) => Some(why),
            },
        };
        wrong.extend(why.map(|why| FieldError::new(reference.field, why)));
        if wrong.len() >= MAX_ERRORS {
            break;
        }
    }
    if wrong.is_empty() { Ok(files) } else { Err(Error::invalid_fields(wrong)) }
}

/// Checks that a version's executions may read the assets that these inputs name, whatever else is wrong or missing.
///
/// # Errors
/// As [`check_signature`].
pub(crate) async fn check_assets(
    context: &CommandContext<'_>,
    version: &PackageVersion,
    environment: EnvironmentId,
    inputs: &Map<String, Value>,
) -> Result<()> {
    let Some(schema) = &version.manifest.inputs else { return Ok(()) };
    let references = references(schema, inputs).into_iter();
    let mut wrong = Vec::new();
    for reference in references.filter(|one| one.target == Target::Asset).take(MAX_REFERENCES) {
        let why = unreadable(context, version, environment, reference.name).await?;
        wrong.extend(why.map(|why| FieldError::new(reference.field, why)));
        if wrong.len() >= MAX_ERRORS {
            break;
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid_fields(wrong)) }
}

/// Why executions of a version could not read the asset of this name, if they could not. A run is asked once more when
/// it reads: the asset may be another one by then.
async fn unreadable(
    context: &CommandContext<'_>,
    version: &PackageVersion,
    environment: EnvironmentId,
    name: &str,
) -> Result<Option<&'static str>> {
    let found = context.store.asset_by_name(environment, name).await?;
    let is_there = found.is_some();
    if found.is_some_and(|asset| asset.is_open_to(version.package_id)) {
        return Ok(None);
    }
    // Whoever is not signed in learns nothing of what is there.
    Ok(Some(if is_there && context.actor.user_id().is_some() {
        "names an asset that this package may not read; name the package among the asset's, or name another asset"
    } else {
        "names no asset of this environment; add it or name another"
    }))
}

/// The file that an input names, or what is wrong with it.
async fn file(
    context: &CommandContext<'_>,
    text: &str,
    used: &[FileId],
) -> Result<Result<FileId, &'static str>> {
    let Ok(id) = text.parse::<FileId>() else { return Ok(Err("is not the id of an uploaded file")) };
    // One that is used already is there, or is written with what uses it.
    let may =
        used.contains(&id) || context.store.file(id).await?.is_some_and(|file| may_use(context.actor, &file));
    Ok(if may { Ok(id) } else { Err("names no file that you uploaded; upload it first") })
}

/// Whether a value is the one that was kept: also if a fraction lost its last digit on the way through the database.
pub(crate) fn is_what_was_kept(value: &Value, kept: &Value) -> bool {
    let through_text = || serde_json::from_str::<Value>(&value.to_string());
    value == kept || through_text().is_ok_and(|again| again == *kept)
}

/// The files that inputs name, each once.
pub(crate) fn files_named(version: &PackageVersion, inputs: &Map<String, Value>) -> Vec<FileId> {
    let Some(schema) = &version.manifest.inputs else { return Vec::new() };
    let references = references(schema, inputs).into_iter();
    let files = references.filter(|reference| reference.target == Target::File);
    let mut files: Vec<FileId> = files.filter_map(|reference| reference.name.parse().ok()).collect();
    files.sort_unstable();
    files.dedup();
    files
}

impl Changes {
    /// Notes that something new uses these files.
    #[must_use]
    pub(crate) fn uses_if_any(self, user: FileUser, files: Vec<FileId>) -> Self {
        // Most have none, and a write more costs each.
        if files.is_empty() { self } else { self.uses(user, files) }
    }

    /// Notes that an execution or a schedule uses these files from now on, and no others.
    #[must_use]
    pub(crate) fn uses(mut self, user: FileUser, files: Vec<FileId>) -> Self {
        self.writes.push(Write::UseFiles { user, files });
        self
    }
}
