//! What `[tool.openautomate.inputs]` in `pyproject.toml` adds to the inputs that the signature has.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::builder::Schema;
use super::check::is_pattern;
use super::docstring::cut;
use crate::error::{Error, Result};
use crate::package::shown;

const MAX_CHOICES: usize = 1_000;

#[derive(Default, Deserialize)]
struct Document {
    #[serde(default)]
    tool: Tool,
}

#[derive(Default, Deserialize)]
struct Tool {
    #[serde(default)]
    openautomate: Table,
}

#[derive(Default, Deserialize)]
struct Table {
    #[serde(default)]
    inputs: BTreeMap<String, Settings>,
}

/// What may be said of one input; each replaces what the signature says.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Settings {
    title: Option<String>,
    description: Option<String>,
    default: Option<toml::Value>,
    minimum: Option<toml::Value>,
    maximum: Option<toml::Value>,
    min_length: Option<u32>,
    max_length: Option<u32>,
    pattern: Option<String>,
    #[serde(rename = "enum")]
    choices: Option<Vec<toml::Value>>,
    #[serde(default)]
    multiline: bool,
}

/// Adds what a `pyproject.toml` says of inputs to the schema of a function.
///
/// # Errors
/// `Invalid` with `package.manifest` if it speaks of an input that the function does not have, or says something
/// of a wrong kind.
pub(super) fn apply(pyproject: &str, schema: &mut Value) -> Result<()> {
    for (name, settings) in read(pyproject)? {
        let known = schema.get_mut("properties").and_then(Value::as_object_mut);
        let Some(known) = known else { return Ok(()) };
        let Some(input) = known.get_mut(&name).and_then(Value::as_object_mut) else {
            let known = known.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "none" } else { &known };
            return Err(wrong(&name, &format!("names no input of the entry function; it takes: {known}")));
        };
        settings.add(&name, input)?;
    }
    Ok(())
}

/// Whether a `pyproject.toml` says anything of inputs.
pub(super) fn is_used(pyproject: &str) -> bool {
    read(pyproject).is_ok_and(|inputs| !inputs.is_empty())
}

fn read(pyproject: &str) -> Result<BTreeMap<String, Settings>> {
    let document: Document = toml::from_str(pyproject).map_err(|error| {
        let line = error.span().and_then(|span| pyproject.get(..span.start)).map_or(1, |text| text.lines().count());
        Error::invalid(
            "package.manifest",
            format!(
                "tool.openautomate.inputs in pyproject.toml (about line {line}) has an unknown key or a value of a \
                 wrong kind; it takes title, description, default, minimum, maximum, minLength, maxLength, pattern, \
                 enum and multiline"
            ),
        )
    })?;
    Ok(document.tool.openautomate.inputs)
}

impl Settings {
    fn add(self, name: &str, input: &mut Schema) -> Result<()> {
        let mut set = |key: &str, value: Option<Value>| {
            if let Some(value) = value {
                input.insert(key.to_owned(), value);
            }
        };
        set("title", self.title.map(|text| cut(&text).into()));
        set("description", self.description.map(|text| cut(&text).into()));
        set("default", self.default.map(json));
        for (key, bound) in [("minimum", self.minimum), ("maximum", self.maximum)] {
            let bound = bound.map(json);
            if bound.as_ref().is_some_and(|bound| !bound.is_number()) {
                return Err(wrong(name, &format!("has a {key} that is no number")));
            }
            set(key, bound);
        }
        set("minLength", self.min_length.map(Into::into));
        set("maxLength", self.max_length.map(Into::into));
        if self.pattern.as_deref().is_some_and(|pattern| pattern.len() > 1_000 || !is_pattern(pattern)) {
            return Err(wrong(
                name,
                "has a pattern that can't be read, or that looks around or back; simplify it",
            ));
        }
        set("pattern", self.pattern.map(Into::into));
        if self.choices.as_ref().is_some_and(|choices| choices.is_empty() || choices.len() > MAX_CHOICES) {
            return Err(wrong(name, &format!("has an enum of no or more than {MAX_CHOICES} values")));
        }
        set("enum", self.choices.map(|choices| choices.into_iter().map(json).collect()));
        set("x-multiline", self.multiline.then_some(true.into()));
        Ok(())
    }
}

/// Dates and times become text, as in the inputs themselves.
fn json(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        toml::Value::Datetime(moment) => moment.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect(),
        toml::Value::Table(items) => {
            Value::Object(items.into_iter().map(|(name, value)| (name, json(value))).collect::<Map<_, _>>())
        }
    }
}

fn wrong(name: &str, why: &str) -> Error {
    Error::invalid(
        "package.manifest",
        format!("tool.openautomate.inputs in pyproject.toml: {} {why}", shown(name)),
    )
}
