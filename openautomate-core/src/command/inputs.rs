//! Whether inputs may be taken: their size, what the version's entry function takes, what they refer to.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::domain::PackageVersion;
use crate::error::{Error, FieldError, Result};
use crate::id::EnvironmentId;
use crate::package::inputs::check::{MAX_ERRORS, check};
use crate::package::inputs::reference::{Reference, Target, references};
use crate::store::Store;

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

/// Checks inputs against what a version takes, and that the assets and files that they name are there.
///
/// # Errors
/// `Invalid`, naming each field that is wrong, as in `inputs.invoice.total`, never its value; `Unavailable` if
/// the store does not answer.
pub(crate) async fn check_signature(
    store: &dyn Store,
    version: &PackageVersion,
    environment: EnvironmentId,
    inputs: &Map<String, Value>,
) -> Result<()> {
    let Some(schema) = &version.manifest.inputs else { return Ok(()) };
    check(Some(schema), inputs)?;
    let references = references(schema, inputs);
    if references.len() > MAX_REFERENCES {
        let message = format!("name more than {MAX_REFERENCES} assets and files; split them over executions");
        return Err(Error::invalid_field("inputs", message));
    }
    let mut wrong = Vec::new();
    for reference in references {
        if let Some(why) = missing(store, environment, &reference).await? {
            wrong.push(FieldError::new(reference.field, why));
        }
        if wrong.len() >= MAX_ERRORS {
            break;
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid_fields(wrong)) }
}

/// What is wrong with what an input names, if anything is.
async fn missing(
    store: &dyn Store,
    environment: EnvironmentId,
    reference: &Reference<'_>,
) -> Result<Option<&'static str>> {
    Ok(match reference.target {
        Target::Asset => {
            let found = store.asset_by_name(environment, reference.name).await?;
            found.is_none().then_some("names no asset of this environment; add it or name another")
        }
        Target::File => check_file(reference.name),
    })
}

/// What is wrong with the id of an uploaded file. There are no uploads yet, so any id passes.
fn check_file(id: &str) -> Option<&'static str> {
    Uuid::try_parse(id).is_err().then_some("is not the id of an uploaded file")
}
