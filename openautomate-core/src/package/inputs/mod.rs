//! What an automation takes: the signature of its entry function, read as JSON Schema (draft 2020-12) without
//! running any of its code, and inputs checked against it.
//!
//! | file | holds |
//! |---|---|
//! | `syntax` | parsing Python within bounds |
//! | `expression`, `module` | what annotations, defaults and a module's top level say |
//! | `resolve` | what a name stands for, across the modules of the package |
//! | `builder`, `known`, `class`, `constraint` | from annotations to schemas |
//! | `default`, `docstring` | what is kept for a form |
//! | `signature` | the entry function as a whole |
//! | `settings` | what `pyproject.toml` adds |
//! | `check`, `format` | inputs against a schema |
//! | `reference` | the assets and files that inputs name |
//!
//! A type that can't be told takes anything, with a notice for the author. Beyond the words of JSON Schema there
//! are: the formats `file` (the id of an uploaded file), `asset` (the name of an asset) and `decimal`; `x-order`,
//! the order of an object's properties; `x-enum-names`, the names of an enum's values; `x-multiline`.

use serde_json::Value;

use super::entrypoint::Entrypoint;
use super::foreign::Files;
use super::shown;
use crate::error::Result;

mod builder;
pub mod check;
mod class;
mod constraint;
mod default;
mod docstring;
mod expression;
mod format;
mod known;
mod module;
pub mod reference;
mod resolve;
mod settings;
mod signature;
mod syntax;
#[cfg(test)]
mod tests;

use builder::Builder;
use resolve::{Meaning, Package};

/// The largest schema, as JSON, in bytes; a package whose inputs would take more has none.
pub const MAX_SCHEMA_BYTES: usize = 64 * 1024;

/// What was read of a package's inputs.
#[derive(Debug, Default)]
pub(super) struct Signature {
    /// `None` takes anything.
    pub(super) schema: Option<Value>,
    /// What could not be told, for the author.
    pub(super) notices: Vec<String>,
}

/// Reads the signature of the entry function, and what the text of `pyproject.toml` adds. Blocks.
///
/// # Errors
/// `Invalid` with `package.entrypoint` if the function can't be called by name, with `package.manifest` if
/// `pyproject.toml` speaks of an input that there is not; `Internal` if a file can't be read.
pub(super) fn read(files: &mut dyn Files, entrypoint: &Entrypoint, pyproject: &str) -> Result<Signature> {
    let mut signature = of_function(files, entrypoint)?;
    match &mut signature.schema {
        Some(schema) => settings::apply(pyproject, schema)?,
        None if settings::is_used(pyproject) => {
            let notice = "tool.openautomate.inputs is not heeded: the package has no schema of its inputs";
            signature.notices.push(notice.to_owned());
        }
        None => {}
    }
    if signature.schema.as_ref().is_some_and(|schema| schema.to_string().len() > MAX_SCHEMA_BYTES) {
        signature = without("their types are too large for a schema", signature.notices);
    } else if signature.schema.as_ref().is_some_and(|schema| check::compile(schema).is_err()) {
        signature = without("their types make no valid schema", signature.notices);
    }
    Ok(signature)
}

fn without(why: &str, mut notices: Vec<String>) -> Signature {
    notices.push(format!("the inputs are not checked: {why}"));
    Signature { schema: None, notices }
}

fn of_function(files: &mut dyn Files, entrypoint: &Entrypoint) -> Result<Signature> {
    let Entrypoint::Function { module, function } = entrypoint else { return Ok(Signature::default()) };
    let mut builder = Builder::new(Package::new(files));
    let Meaning::Function(found, place) = builder.package.meaning(module, function)? else {
        return Ok(without(
            &format!("what {} takes is known at run time only", shown(function)),
            builder.notices,
        ));
    };
    let schema = builder.function(&found, &place)?;
    if builder.is_exhausted() {
        return Ok(without("their types are too large for a schema", builder.notices));
    }
    Ok(Signature { schema: Some(Value::Object(schema)), notices: builder.notices })
}
