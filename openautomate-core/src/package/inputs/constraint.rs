//! What `Annotated` and `Field` say beyond the type: descriptions and bounds.

use serde_json::{Map, Value};

use super::check::is_pattern;
use super::docstring::cut;
use super::expression::{Call, Expression};

/// A longer pattern is left out.
const MAX_PATTERN: usize = 1_000;

/// Adds to a schema what one piece of metadata says; what is not understood says nothing.
pub(super) fn add(schema: &mut Map<String, Value>, metadata: &Expression) {
    match metadata {
        Expression::Text(text) => describe(schema, text),
        Expression::Call(call) => add_call(schema, call),
        _ => {}
    }
}

/// Describes what is not described yet.
pub(super) fn describe(schema: &mut Map<String, Value>, text: &str) {
    if !text.trim().is_empty() && !schema.contains_key("description") {
        schema.insert("description".to_owned(), cut(text.trim()).into());
    }
}

fn add_call(schema: &mut Map<String, Value>, call: &Call) {
    match (call.function.rsplit('.').next().unwrap_or_default(), call.arguments.first()) {
        // Of `annotated_types` and `typing_extensions`.
        ("Doc", Some(Expression::Text(text))) => describe(schema, text),
        ("Ge", Some(bound)) => keyword(schema, "ge", bound),
        ("Gt", Some(bound)) => keyword(schema, "gt", bound),
        ("Le", Some(bound)) => keyword(schema, "le", bound),
        ("Lt", Some(bound)) => keyword(schema, "lt", bound),
        ("MinLen", Some(bound)) => keyword(schema, "min_length", bound),
        ("MaxLen", Some(bound)) => keyword(schema, "max_length", bound),
        ("MultipleOf", Some(bound)) => keyword(schema, "multiple_of", bound),
        _ => {}
    }
    for (name, value) in &call.keywords {
        keyword(schema, name, value);
    }
}

fn keyword(schema: &mut Map<String, Value>, name: &str, value: &Expression) {
    match (name, value) {
        ("description", Expression::Text(text)) => describe(schema, text),
        ("title", Expression::Text(text)) => {
            schema.insert("title".to_owned(), cut(text).into());
        }
        ("pattern" | "regex", Expression::Text(pattern))
            if takes(schema, "string") && pattern.len() <= MAX_PATTERN && is_pattern(pattern) =>
        {
            schema.insert("pattern".to_owned(), pattern.as_str().into());
        }
        (name, Expression::Number(number)) => {
            if let Some(keyword) = bound(schema, name, number.as_f64().unwrap_or_default()) {
                schema.insert(keyword.to_owned(), Value::Number(number.clone()));
            }
        }
        _ => {}
    }
}

/// The keyword of JSON Schema for a bound, if the schema's type has it.
fn bound(schema: &Map<String, Value>, name: &str, number: f64) -> Option<&'static str> {
    let is_number = takes(schema, "integer") || takes(schema, "number");
    let is_length = number >= 0.0 && number.fract() == 0.0;
    match name {
        "ge" if is_number => Some("minimum"),
        "gt" if is_number => Some("exclusiveMinimum"),
        "le" if is_number => Some("maximum"),
        "lt" if is_number => Some("exclusiveMaximum"),
        "multiple_of" if is_number && number > 0.0 => Some("multipleOf"),
        "min_length" | "min_items" if is_length => length(schema, ["minLength", "minItems", "minProperties"]),
        "max_length" | "max_items" if is_length => length(schema, ["maxLength", "maxItems", "maxProperties"]),
        _ => None,
    }
}

fn length(schema: &Map<String, Value>, names: [&'static str; 3]) -> Option<&'static str> {
    let kinds = ["string", "array", "object"];
    kinds.iter().position(|kind| takes(schema, kind)).map(|at| names[at])
}

/// Whether a schema names this type, alone or among others.
pub(super) fn takes(schema: &Map<String, Value>, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == kind,
        Some(Value::Array(all)) => all.iter().any(|one| one == kind),
        _ => false,
    }
}
