//! What inputs refer to: the assets and the uploaded files that they name.

use serde_json::{Map, Value};

use super::MAX_SCHEMA_BYTES;
use super::check::join;
use super::format::{ASSET, FILE};

/// Schemas that are looked into at one place: `$ref`, `anyOf`.
const MAX_DEPTH: usize = 200;

/// What the text of an input names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// An asset, by its name.
    Asset,
    /// An uploaded file, by its id.
    File,
}

/// An input that names something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference<'i> {
    /// The path of the input, as in `inputs.login`.
    pub field: String,
    /// The same as a JSON Pointer into the inputs (RFC 6901), as in `/login`.
    pub pointer: String,
    /// What it names.
    pub target: Target,
    /// The name or id.
    pub name: &'i str,
}

/// The assets and files that inputs name, by what the schema says of each place. The inputs were found good.
#[must_use]
pub fn references<'i>(schema: &Value, inputs: &'i Map<String, Value>) -> Vec<Reference<'i>> {
    // Most packages have none.
    if !has_references(schema) {
        return Vec::new();
    }
    let mut walk = Walk { root: schema, found: Vec::new(), left: MAX_SCHEMA_BYTES };
    for (name, value) in inputs {
        if let Some(schema) = schema.pointer("/properties").and_then(|all| all.get(name)) {
            let place = Place { field: "inputs".to_owned(), pointer: String::new() }.member(name);
            walk.visit(schema, value, &place, MAX_DEPTH);
        }
    }
    walk.found
}

fn has_references(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            let format = members.get("format").and_then(Value::as_str).and_then(target);
            format.is_some() || members.values().any(has_references)
        }
        Value::Array(items) => items.iter().any(has_references),
        _ => false,
    }
}

fn target(format: &str) -> Option<Target> {
    match format {
        ASSET => Some(Target::Asset),
        FILE => Some(Target::File),
        _ => None,
    }
}

/// Where an input is.
struct Place {
    field: String,
    pointer: String,
}

impl Place {
    fn member(&self, name: &str) -> Self {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        Self { field: join(&self.field, name), pointer: format!("{}/{escaped}", self.pointer) }
    }

    fn item(&self, index: usize) -> Self {
        Self { field: format!("{}[{index}]", self.field), pointer: format!("{}/{index}", self.pointer) }
    }
}

struct Walk<'s, 'i> {
    root: &'s Value,
    found: Vec<Reference<'i>>,
    /// Steps, so that branches in branches end.
    left: usize,
}

impl<'i> Walk<'_, 'i> {
    fn visit(&mut self, schema: &Value, value: &'i Value, place: &Place, depth: usize) {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), self.left.checked_sub(1)) else { return };
        self.left = left;
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let root = self.root;
            if let Some(schema) = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)) {
                self.visit(schema, value, place, depth);
            }
        }
        // Where plain text would do as well, a text need not name anything.
        let branches = schema.get("anyOf").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if !branches.iter().any(|branch| value.is_string() && is_plain_text(branch)) {
            branches.iter().for_each(|branch| self.visit(branch, value, place, depth));
        }
        match value {
            Value::String(name) => {
                if let Some(target) = schema.get("format").and_then(Value::as_str).and_then(target) {
                    let Place { field, pointer } = place;
                    let (field, pointer) = (field.clone(), pointer.clone());
                    self.found.push(Reference { field, pointer, target, name });
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let fixed = schema.get("prefixItems").and_then(|all| all.get(index));
                    if let Some(schema) = fixed.or_else(|| schema.get("items")) {
                        self.visit(schema, item, &place.item(index), depth);
                    }
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let named = schema.get("properties").and_then(|all| all.get(name));
                    if let Some(schema) = named.or_else(|| schema.get("additionalProperties")) {
                        self.visit(schema, member, &place.member(name), depth);
                    }
                }
            }
            _ => {}
        }
    }
}

fn is_plain_text(schema: &Value) -> bool {
    schema.get("type").is_some_and(|kind| kind == "string") && schema.get("format").is_none()
}
