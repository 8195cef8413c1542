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
//! | `check`, `format` | inputs against a schema |
//! | `reference` | the assets and files that inputs name |
//!
//! A type that can't be told takes anything, with a notice for the author. Beyond the words of JSON Schema there
//! are: the formats `file` (the id of an uploaded file), `asset` (the name of an asset) and `decimal`; `x-order`,
//! the order of an object's properties; `x-enum-names`, the names of an enum's values.

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

/// Reads the signature of the entry function. Blocks.
///
/// # Errors
/// `Invalid` with `package.entrypoint` if the function can't be called by name; `Internal` if a file can't be
/// read.
pub(super) fn read(files: &mut dyn Files, entrypoint: &Entrypoint) -> Result<Signature> {
    let Entrypoint::Function { module, function } = entrypoint else { return Ok(Signature::default()) };
    let mut builder = Builder::new(Package::new(files));
    let schema = match builder.package.meaning(module, function)? {
        Meaning::Function(function, place) => Some(builder.function(&function, &place)?),
        _ => None,
    };
    let exhausted = builder.is_exhausted();
    let mut notices = builder.notices;
    let schema = match schema.map(Value::Object) {
        None => {
            notices.push(format!(
                "the inputs are not checked: what {} takes is known at run time only",
                shown(function)
            ));
            None
        }
        Some(schema) if exhausted || schema.to_string().len() > MAX_SCHEMA_BYTES => {
            notices.push("the inputs are not checked: their types are too large for a schema".to_owned());
            None
        }
        Some(schema) if check::compile(&schema).is_err() => {
            notices.push("the inputs are not checked: their types make no valid schema".to_owned());
            None
        }
        schema => schema,
    };
    Ok(Signature { schema, notices })
}
