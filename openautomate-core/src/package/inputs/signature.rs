//! The signature of the entry function as a schema.

use std::rc::Rc;

use serde_json::{Value, json};

use super::builder::{Builder, Schema, object};
use super::class::with_null;
use super::constraint::describe;
use super::docstring::Docstring;
use super::expression::Expression;
use super::module::{Function, Parameter, ParameterKind};
use crate::error::{Error, Result};
use crate::package::shown;

/// Decorators that leave the signature as it is.
const TRANSPARENT: [&str; 6] = [
    "functools.cache",
    "functools.lru_cache",
    "typing.final",
    "typing.override",
    "typing.no_type_check",
    "warnings.deprecated",
];

impl Builder<'_> {
    /// The schema of what a function takes.
    ///
    /// # Errors
    /// `Invalid` with `package.entrypoint` if it can't be called by name.
    pub(super) fn function(&mut self, function: &Function, module: &Rc<str>) -> Result<Schema> {
        let docs = Docstring::parse(&function.doc);
        let is_wrapped = self.is_wrapped(function, module)?;
        let mut properties = Schema::new();
        let (mut required, mut order) = (Vec::new(), Vec::new());
        let mut takes_any = is_wrapped;
        for parameter in &function.parameters {
            match parameter.kind {
                ParameterKind::Positionals => continue,
                ParameterKind::Keywords => {
                    takes_any = true;
                    continue;
                }
                ParameterKind::PositionalOnly if parameter.default.is_some() || is_wrapped => continue,
                ParameterKind::PositionalOnly => return Err(by_position_only(parameter)),
                ParameterKind::Named => {}
            }
            let mut schema = self.parameter(parameter, module)?;
            if let Some(said) = docs.parameters.get(&parameter.name) {
                describe(&mut schema, said);
            }
            schema.entry("title").or_insert_with(|| title(&parameter.name).into());
            properties.insert(parameter.name.clone(), schema.into());
            order.push(parameter.name.as_str());
            if parameter.default.is_none() && !is_wrapped {
                required.push(parameter.name.as_str());
            }
        }
        let mut schema = object(json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "x-order": order,
        }));
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema.insert("additionalProperties".to_owned(), takes_any.into());
        schema.insert("properties".to_owned(), properties.into());
        describe(&mut schema, &docs.summary);
        if !self.definitions.is_empty() {
            let definitions = std::mem::take(&mut self.definitions);
            schema.insert("$defs".to_owned(), Value::Object(definitions));
        }
        Ok(schema)
    }

    fn parameter(&mut self, parameter: &Parameter, module: &Rc<str>) -> Result<Schema> {
        self.subject = format!("the input {}", parameter.name);
        let mut schema = match &parameter.annotation {
            Some(annotation) => self.schema(module, annotation)?,
            None => Schema::new(),
        };
        let default = match &parameter.default {
            Some(Expression::None) => Some(Value::Null),
            Some(default) => self.default(module, default)?,
            None => None,
        };
        match default {
            Some(Value::Null) => schema = with_null(schema),
            Some(value) => drop(schema.insert("default".to_owned(), value)),
            None => {}
        }
        Ok(schema)
    }

    /// Whether a decorator may have given the function another signature.
    fn is_wrapped(&mut self, function: &Function, module: &str) -> Result<bool> {
        for decorator in &function.decorators {
            let name = match decorator {
                Expression::Name(name) => name.as_str(),
                Expression::Call(call) => call.function.as_str(),
                _ => "",
            };
            let full = self.outside(module, name)?;
            if full.is_none_or(|full| !TRANSPARENT.contains(&full.as_str())) {
                self.notices.push(
                    "the entry function has a decorator that may change what it takes: its inputs are checked \
                     by type only"
                        .to_owned(),
                );
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn by_position_only(parameter: &Parameter) -> Error {
    Error::invalid(
        "package.entrypoint",
        format!(
            "the entry function takes {} by position only, and inputs are given by name; remove the / behind it \
             or give it a default",
            shown(&parameter.name)
        ),
    )
}

/// The title of a form's field: the name with blanks for underscores and a capital.
pub(super) fn title(name: &str) -> String {
    let words = name.trim_matches('_').replace('_', " ");
    let mut characters = words.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}
