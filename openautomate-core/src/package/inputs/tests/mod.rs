//! Signatures and what they become.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Signature, read};
use crate::error::Result;
use crate::package::entrypoint::Entrypoint;
use crate::package::foreign::Files;

mod checked;
mod classes;
mod hostile;
mod named;
mod settings;
mod types;

/// The sources of a package in memory.
struct Sources(BTreeMap<String, String>);

impl Files for Sources {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn bytes(&mut self, name: &str, _most: u64) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(name).map(|text| text.clone().into_bytes()))
    }
}

fn read_package(files: &[(&str, &str)], entrypoint: &str) -> Result<Signature> {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let files: BTreeMap<String, String> = files;
    let pyproject = files.get("pyproject.toml").cloned().unwrap_or_default();
    read(&mut Sources(files), &Entrypoint::parse(entrypoint)?, &pyproject)
}

/// The schema of `run` in one source.
fn schema(source: &str) -> Value {
    let signature = read_package(&[("main.py", source)], "main:run").unwrap();
    signature.schema.unwrap_or_else(|| panic!("no schema: {:?}\n{source}", signature.notices))
}

fn notices(source: &str) -> Vec<String> {
    read_package(&[("main.py", source)], "main:run").unwrap().notices
}

/// The schema of the one input `x`, without the title that its name gives.
fn input(source: &str) -> Value {
    let mut schema = schema(source);
    let mut input = schema["properties"]["x"].take();
    input.as_object_mut().unwrap().remove("title");
    input
}

/// Whether the inputs are good, or the fields that are wrong.
fn check(schema: &Value, inputs: Value) -> Vec<(String, String)> {
    let Value::Object(inputs) = inputs else { panic!("inputs are an object") };
    let told = super::check::check(Some(schema), &inputs);
    let fields = told.err().map(|error| error.fields().to_vec()).unwrap_or_default();
    fields.into_iter().map(|wrong| (wrong.field, wrong.message.into_owned())).collect()
}

#[test]
fn a_whole_signature_is_read() {
    let source = r#"
import datetime as dt
from typing import Literal

def run(invoice_id: str, due: dt.date, *, mode: Literal["fast", "safe"] = "fast", tries: int = 3, note=None, **rest):
    """Pays an invoice.

    Args:
        invoice_id: Which one.
        mode: How.
    """
"#;
    let expected = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "description": "Pays an invoice.",
        "properties": {
            "invoice_id": {"type": "string", "title": "Invoice id", "description": "Which one."},
            "due": {"type": "string", "format": "date", "title": "Due"},
            "mode": {"type": "string", "enum": ["fast", "safe"], "default": "fast", "title": "Mode", "description": "How."},
            "tries": {"type": "integer", "default": 3, "title": "Tries"},
            "note": {"title": "Note", "default": null},
        },
        "required": ["invoice_id", "due"],
        "additionalProperties": true,
        "x-order": ["invoice_id", "due", "mode", "tries", "note"],
    });
    assert_eq!(schema(source), expected);
    assert_eq!(notices(source), [""; 0]);
}

#[test]
fn nothing_is_asked_of_a_function_that_takes_nothing() {
    assert_eq!(schema("def run(): pass")["additionalProperties"], json!(false));
    assert_eq!(schema("async def run(*args): pass")["properties"], json!({}));
}

#[test]
fn what_can_not_be_called_by_name_is_refused() {
    let refused = read_package(&[("main.py", "def run(a, b, /, c): pass")], "main:run").unwrap_err();
    assert_eq!(refused.code(), "package.entrypoint");
    assert!(refused.message().contains("\"a\""), "{refused}");
    let schema = schema("def run(a=1, /, c=2): pass");
    assert_eq!(schema["x-order"], json!(["c"]));
}

#[test]
fn scripts_and_robots_take_anything() {
    for entrypoint in ["main.py", "robot.yaml"] {
        let signature = read_package(&[("main.py", "def run(): pass")], entrypoint).unwrap();
        assert!(signature.schema.is_none() && signature.notices.is_empty());
    }
}

#[test]
fn entry_points_that_only_a_run_knows_take_anything() {
    for source in [
        "run = make()",
        "class run:\n    def __init__(self, x): ...",
        "from elsewhere import run",
        "if a:\n    def run(x): ...\nelse:\n    def run(y): ...",
        "from elsewhere import *",
        "def __getattr__(name): ...",
    ] {
        let signature = read_package(&[("main.py", source)], "main:run").unwrap();
        assert!(signature.schema.is_none(), "{source}");
        assert_eq!(signature.notices.len(), 1, "{source}");
    }
}

#[test]
fn decorators_may_change_what_is_needed() {
    let plain = schema("import functools\n@functools.lru_cache(maxsize=1)\ndef run(x: int): ...");
    assert_eq!((&plain["required"], &plain["additionalProperties"]), (&json!(["x"]), &json!(false)));
    let source = "from tenacity import retry\n@retry\ndef run(x: int): ...";
    let wrapped = schema(source);
    assert_eq!((&wrapped["required"], &wrapped["additionalProperties"]), (&Value::Null, &json!(true)));
    assert_eq!(wrapped["properties"]["x"]["type"], "integer");
    assert_eq!(notices(source).len(), 1);
}

#[test]
fn schemas_survive_the_manifest() {
    let schema = schema("def run(x: int = 1): ...");
    let text = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), schema);
    let _: Map<String, Value> = serde_json::from_str(&text).unwrap();
}
