//! What `pyproject.toml` adds.

use serde_json::{Value, json};

use super::{read_package, schema};
use crate::error::Result;

fn with(settings: &str) -> Result<Value> {
    let pyproject = format!("[tool.openautomate]\nentrypoint = \"main:run\"\n{settings}");
    let files = [("main.py", "def run(x: int = 1, y: str = ''): ..."), ("pyproject.toml", &*pyproject)];
    Ok(read_package(&files, "main:run")?.schema.unwrap())
}

#[test]
fn inputs_are_described_further() {
    let settings = r#"
[tool.openautomate.inputs.x]
title = "Count"
description = "How many."
default = 2
minimum = 1
maximum = 9.5
enum = [1, 2]
[tool.openautomate.inputs]
y = { multiline = true, minLength = 1, maxLength = 5, pattern = "^a", default = 2026-01-31 }
"#;
    let expected = json!({
        "x": {"type": "integer", "title": "Count", "description": "How many.", "default": 2, "minimum": 1,
            "maximum": 9.5, "enum": [1, 2]},
        "y": {"type": "string", "title": "Y", "x-multiline": true, "minLength": 1, "maxLength": 5, "pattern": "^a",
            "default": "2026-01-31"},
    });
    assert_eq!(with(settings).unwrap()["properties"], expected);
    assert_eq!(with("").unwrap(), schema("def run(x: int = 1, y: str = ''): ..."));
}

#[test]
fn what_can_not_be_meant_is_refused() {
    for (settings, said) in [
        ("inputs.z.title = 'Z'", "\"z\" names no input of the entry function; it takes: x, y"),
        ("inputs.x.colour = 'red'", "unknown key"),
        ("inputs.x = 1", "wrong kind"),
        ("inputs = 1", "wrong kind"),
        ("inputs.x.minimum = 'a'", "minimum that is no number"),
        ("inputs.y.pattern = '(?<=a)b'", "simplify it"),
        ("inputs.x.enum = []", "enum of no"),
    ] {
        let refused = with(settings).unwrap_err();
        assert_eq!(refused.code(), "package.manifest", "{settings}");
        assert!(refused.message().contains(said), "{settings}: {refused}");
    }
}

#[test]
fn without_a_schema_it_is_not_heeded() {
    let files = [("main.py", ""), ("pyproject.toml", "[tool.openautomate.inputs.x]\ntitle = 'X'")];
    let signature = read_package(&files, "main.py").unwrap();
    assert!(signature.schema.is_none() && signature.notices.len() == 1, "{:?}", signature.notices);
}
