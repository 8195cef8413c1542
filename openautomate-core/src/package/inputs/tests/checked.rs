//! Inputs against schemas.

use serde_json::{Value, json};

use super::{check, schema};
use crate::package::inputs::reference::{Target, references};

const SOURCE: &str = r#"
from __future__ import annotations
import datetime, enum, uuid
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from pydantic import Field
from openautomate import Secret

class Colour(enum.Enum):
    RED = "r"

@dataclass
class Line:
    amount: int
    parent: Line | None = None

def run(
    name: str, count: Annotated[int, Field(ge=1, le=3)] = 1, day: datetime.date | None = None,
    at: datetime.datetime | None = None, key: uuid.UUID | None = None, price: Decimal = None,
    mode: Literal["a", "b"] = "a", colour: Colour | None = None, lines: list[Line] = [], line: Line | None = None,
    tags: dict[str, int] = {}, file: Path | None = None, login: Secret | None = None, either: int | Line = 1,
    logins: list[Secret] = [], text: str | Secret = "",
): ...
"#;

#[test]
fn good_inputs_pass() {
    let schema = schema(SOURCE);
    for inputs in [
        json!({"name": "a"}),
        json!({"name": "a", "count": 3, "day": "2026-01-31", "at": "2026-01-31T10:00:00", "price": "1.50"}),
        json!({"name": "a", "price": 1.5, "mode": "b", "colour": "r", "lines": [{"amount": 1, "parent": {"amount": 2}}]}),
        json!({"name": "a", "day": null, "line": {"amount": 1}, "tags": {"x": 1}, "either": {"amount": 1}}),
        json!({"name": "a", "file": "0190f3c2-5b1f-7000-8000-000000000001", "login": "ERP"}),
    ] {
        assert_eq!(check(&schema, inputs.clone()), [], "{inputs}");
    }
}

#[test]
fn wrong_inputs_are_told_by_field_and_never_by_value() {
    let schema = schema(SOURCE);
    for (inputs, field, message) in [
        (json!({}), "inputs.name", "is missing; give it a value"),
        (json!({"nam": "hunter2", "name": "a"}), "inputs.nam", "is no input of this package; remove it"),
        (json!({"name": 7}), "inputs.name", "is not text"),
        (json!({"name": "a", "count": "hunter2"}), "inputs.count", "is not a whole number"),
        (json!({"name": "a", "count": true}), "inputs.count", "is not a whole number"),
        (json!({"name": "a", "count": 0}), "inputs.count", "is less than 1"),
        (json!({"name": "a", "count": 4}), "inputs.count", "is more than 3"),
        (json!({"name": "a", "day": "hunter2"}), "inputs.day", "is no date as in 2026-01-31"),
        (
            json!({"name": "a", "at": "2026-01-31"}),
            "inputs.at",
            "is no date and time as in 2026-01-31T08:30:00+01:00",
        ),
        (json!({"name": "a", "key": "hunter2"}), "inputs.key", "is no UUID"),
        (json!({"name": "a", "price": "hunter2"}), "inputs.price", "is no number"),
        (json!({"name": "a", "mode": "hunter2"}), "inputs.mode", "is none of \"a\", \"b\""),
        (json!({"name": "a", "colour": "hunter2"}), "inputs.colour", "is none of \"r\""),
        (
            json!({"name": "a", "lines": [{"amount": 1}, {}]}),
            "inputs.lines[1].amount",
            "is missing; give it a value",
        ),
        (json!({"name": "a", "line": {"amount": "hunter2"}}), "inputs.line.amount", "is not a whole number"),
        (
            json!({"name": "a", "line": {"amount": 1, "parent": {"amount": 1.5}}}),
            "inputs.line.parent.amount",
            "is not a whole number",
        ),
        (
            json!({"name": "a", "line": {"amount": 1, "b": 1}}),
            "inputs.line.b",
            "is not known here; remove it",
        ),
        (json!({"name": "a", "tags": {"x": "hunter2"}}), "inputs.tags.x", "is not a whole number"),
        (json!({"name": "a", "file": "/etc/passwd"}), "inputs.file", "is not the id of an uploaded file"),
        (
            json!({"name": "a", "either": "hunter2"}),
            "inputs.either",
            "is of none of the kinds that it may be",
        ),
        (json!({"name": "a", "either": {"amount": "x"}}), "inputs.either.amount", "is not a whole number"),
    ] {
        assert_eq!(check(&schema, inputs.clone()), [(field.to_owned(), message.to_owned())], "{inputs}");
    }
    let both = check(&schema, json!({"count": "x", "day": 1}));
    assert_eq!(both.len(), 3, "{both:?}");
}

#[test]
fn many_wrong_values_are_told_within_bounds() {
    let schema = schema("def run(x: list[int] = [], y: dict[str, list[int]] = {}): ...");
    let wrong: Vec<Value> = (0..1_000).map(|_| json!("x")).collect();
    assert_eq!(check(&schema, json!({"x": wrong})).len(), 20);
    let wrong: Vec<Value> = (0..50_000).map(|_| json!("x")).collect();
    assert_eq!(check(&schema, json!({"x": wrong})).len(), 1);
}

#[test]
fn assets_and_files_are_found_wherever_they_stand() {
    let schema = schema(SOURCE);
    let id = "0190f3c2-5b1f-7000-8000-000000000001";
    let inputs = json!({"name": "a", "file": id, "login": "ERP", "logins": ["A", "B"], "text": "no name"});
    let inputs = inputs.as_object().unwrap();
    let found: Vec<_> =
        references(&schema, inputs).into_iter().map(|r| (r.field, r.target, r.name)).collect();
    assert_eq!(
        found,
        [
            ("inputs.file".to_owned(), Target::File, id),
            ("inputs.login".to_owned(), Target::Asset, "ERP"),
            ("inputs.logins[0]".to_owned(), Target::Asset, "A"),
            ("inputs.logins[1]".to_owned(), Target::Asset, "B"),
        ]
    );
}
