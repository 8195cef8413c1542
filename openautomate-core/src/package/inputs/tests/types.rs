//! Annotations, defaults and metadata.

use serde_json::{Value, json};

use super::{input, notices};

const IMPORTS: &str = "\
import collections.abc as abc, datetime, decimal, enum, pathlib, typing, typing as t, uuid
from datetime import date, datetime as instant, time
from pathlib import Path
from typing import *
from typing import Annotated, Any, Dict, FrozenSet, List, Literal, Mapping, NewType, Optional, Sequence, Tuple, Union
from typing_extensions import TypedDict
from pydantic import Field
import openautomate
from openautomate import Secret
";

fn of(annotation: &str) -> Value {
    input(&format!("{IMPORTS}\ndef run(x: {annotation}): ..."))
}

#[test]
fn types_become_schemas() {
    let text = || json!({"type": "string"});
    for (annotation, expected) in [
        ("str", text()),
        ("int", json!({"type": "integer"})),
        ("float", json!({"type": "number"})),
        ("bool", json!({"type": "boolean"})),
        ("None", json!({"type": "null"})),
        ("Any", json!({})),
        ("object", json!({})),
        ("date", json!({"type": "string", "format": "date"})),
        ("datetime.date", json!({"type": "string", "format": "date"})),
        ("instant", json!({"type": "string", "format": "date-time"})),
        ("datetime.datetime", json!({"type": "string", "format": "date-time"})),
        ("time", json!({"type": "string", "format": "time"})),
        ("uuid.UUID", json!({"type": "string", "format": "uuid"})),
        ("decimal.Decimal", json!({"type": ["number", "string"], "format": "decimal"})),
        ("Path", json!({"type": "string", "format": "file"})),
        ("pathlib.Path", json!({"type": "string", "format": "file"})),
        ("Secret", json!({"type": "string", "format": "asset"})),
        ("openautomate.Secret", json!({"type": "string", "format": "asset"})),
        ("list", json!({"type": "array"})),
        ("dict", json!({"type": "object"})),
        ("list[str]", json!({"type": "array", "items": text()})),
        ("List[str]", json!({"type": "array", "items": text()})),
        ("t.Sequence[str]", json!({"type": "array", "items": text()})),
        ("abc.Iterable[str]", json!({"type": "array", "items": text()})),
        ("tuple[str, ...]", json!({"type": "array", "items": text()})),
        (
            "Tuple[int, str]",
            json!({"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [{"type": "integer"}, text()]}),
        ),
        ("set[str]", json!({"type": "array", "uniqueItems": true, "items": text()})),
        ("FrozenSet[str]", json!({"type": "array", "uniqueItems": true, "items": text()})),
        ("dict[str, int]", json!({"type": "object", "additionalProperties": {"type": "integer"}})),
        ("Mapping[str, Any]", json!({"type": "object", "additionalProperties": {}})),
        (
            "dict[int, str]",
            json!({"type": "object", "additionalProperties": text(), "propertyNames": {"pattern": "^-?[0-9]+$"}}),
        ),
        (
            "dict[date, str]",
            json!({"type": "object", "additionalProperties": text(),
                "propertyNames": {"type": "string", "format": "date"}}),
        ),
    ] {
        assert_eq!(of(annotation), expected, "{annotation}");
    }
}

#[test]
fn compound_types_become_schemas() {
    let text = || json!({"type": "string"});
    for (annotation, expected) in [
        ("Optional[str]", json!({"type": ["string", "null"]})),
        ("str | None", json!({"type": ["string", "null"]})),
        ("date | None", json!({"type": ["string", "null"], "format": "date"})),
        ("list[str] | None", json!({"type": ["array", "null"], "items": text()})),
        ("Union[int, str]", json!({"type": ["integer", "string"]})),
        ("int | str | None", json!({"type": ["integer", "string", "null"]})),
        ("typing.Optional[int | str]", json!({"type": ["integer", "string", "null"]})),
        (
            "list[int] | list[str]",
            json!({"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "array", "items": text()}]}),
        ),
        ("str | Any", json!({})),
        ("Literal['a', 'b']", json!({"type": "string", "enum": ["a", "b"]})),
        ("Literal[1, -2]", json!({"type": "integer", "enum": [1, -2]})),
        ("Literal['a', 1, None]", json!({"enum": ["a", 1, null]})),
        ("Literal['a'] | None", json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]})),
        ("\"str\"", text()),
        ("'list[\"int\"]'", json!({"type": "array", "items": {"type": "integer"}})),
        ("'str | None'", json!({"type": ["string", "null"]})),
        ("Annotated[int, 'How many.']", json!({"type": "integer", "description": "How many."})),
        (
            "Annotated[int, Field(ge=1, lt=10, description='How many.', title='Count')]",
            json!({"type": "integer", "minimum": 1, "exclusiveMaximum": 10, "description": "How many.", "title": "Count"}),
        ),
        (
            "Annotated[str, Field(min_length=1, max_length=5, pattern='^[a-z]+$')]",
            json!({"type": "string", "minLength": 1, "maxLength": 5, "pattern": "^[a-z]+$"}),
        ),
        // Python's own words in patterns are not checked here.
        ("Annotated[str, Field(pattern=r'(?<=a)b')]", text()),
        (
            "Annotated[list[str], Field(min_length=1)]",
            json!({"type": "array", "items": text(), "minItems": 1}),
        ),
    ] {
        let mut got = of(annotation);
        if annotation.contains("title=") {
            got["title"] = "Count".into();
        }
        assert_eq!(got, expected, "{annotation}");
    }
}

#[test]
fn what_is_not_known_takes_anything_and_is_told() {
    for annotation in [
        "Unknown",
        "elsewhere.Thing",
        "list(int)",
        "lambda: 1",
        "1 + 1",
        "Callable[[int], str]",
        "bytes",
        "complex",
        "Literal[f'{a}']",
        "Unknown[int]",
        "type[int]",
        "T",
    ] {
        let source = format!("{IMPORTS}\nT = TypeVar('T')\ndef run(x: {annotation}): ...");
        assert_eq!(input(&source), json!({}), "{annotation}");
        let told = notices(&source);
        assert!(
            told.len() == 1 && told[0].starts_with("the input x takes anything: "),
            "{annotation}: {told:?}"
        );
    }
    let source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from datetime import date\n\
                  def run(x: 'date'): ...";
    assert_eq!(input(source), json!({}));
    assert!(notices(source)[0].contains("outside of if TYPE_CHECKING"));
}

#[test]
fn aliases_and_new_types_are_followed() {
    for (before, expected) in [
        ("X = int", json!({"type": "integer"})),
        ("X: TypeAlias = list[int]", json!({"type": "array", "items": {"type": "integer"}})),
        ("type X = int | None", json!({"type": ["integer", "null"]})),
        ("X = NewType('X', str)", json!({"type": "string"})),
        ("Y = int\nX = Optional[Y]", json!({"type": ["integer", "null"]})),
        ("import datetime as dt\nX = dt.date", json!({"type": "string", "format": "date"})),
        ("type X = list[X]", json!({"type": "array", "items": {}})),
        ("X = 'X'", json!({})),
        ("X = Y\nY = X", json!({})),
    ] {
        let source = format!("{IMPORTS}\n{before}\ndef run(x: X): ...");
        assert_eq!(input(&source), expected, "{before}");
    }
}

#[test]
fn defaults_are_kept_where_json_can_say_them() {
    for (default, expected) in [
        ("1", json!({"default": 1})),
        ("-1.5", json!({"default": -1.5})),
        ("0x_ff", json!({"default": 255})),
        ("True", json!({"default": true})),
        ("'a' \"b\"", json!({"default": "ab"})),
        (r"'a\n\x41\u00e9\\'", json!({"default": "a\nAé\\"})),
        (r"r'a\n'", json!({"default": "a\\n"})),
        ("None", json!({"default": null})),
        ("[1, (2, 3)]", json!({"default": [1, [2, 3]]})),
        ("{'a': {'b': []}}", json!({"default": {"a": {"b": []}}})),
        ("datetime.date(2026, 1, 31)", json!({"default": "2026-01-31"})),
        ("decimal.Decimal('1.50')", json!({"default": "1.50"})),
        ("LIMIT", json!({"default": 7})),
        ("dict()", json!({"default": {}})),
        ("make()", json!({})),
        ("b'a'", json!({})),
        ("f'{a}'", json!({})),
        ("[make()]", json!({})),
        ("{1: 2}", json!({})),
        ("99999999999999999999999", json!({})),
        ("1e999", json!({})),
    ] {
        let source = format!("{IMPORTS}\nLIMIT = 7\ndef run(x={default}): ...");
        assert_eq!(input(&source), expected, "{default}");
        assert_eq!(super::schema(&source)["required"], Value::Null, "{default}");
    }
}

#[test]
fn none_as_a_default_may_be_said() {
    for (parameter, expected) in [
        ("x: int = None", json!({"type": ["integer", "null"], "default": null})),
        ("x: int | None = None", json!({"type": ["integer", "null"], "default": null})),
        (
            "x: Literal['a'] = None",
            json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}], "default": null}),
        ),
        (
            "x: Annotated[date, 'When.'] = None",
            json!({"type": ["string", "null"], "format": "date", "description": "When.", "default": null}),
        ),
    ] {
        assert_eq!(input(&format!("{IMPORTS}\ndef run({parameter}): ...")), expected, "{parameter}");
    }
}
