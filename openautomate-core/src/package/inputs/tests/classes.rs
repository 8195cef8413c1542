//! Classes of the package.

use serde_json::{Value, json};

use super::{notices, schema};

const IMPORTS: &str = "\
from __future__ import annotations
import dataclasses, enum
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import Annotated, ClassVar, NamedTuple, NotRequired, Optional, Required, TypedDict
from pydantic import BaseModel, ConfigDict, Field
";

/// The definition of `X`, of which the one input is.
fn definition(source: &str) -> Value {
    let mut schema = schema(&format!("{IMPORTS}\n{source}\ndef run(x: X): ..."));
    assert_eq!(schema["properties"]["x"], json!({"$ref": "#/$defs/X", "title": "X"}), "{source}");
    schema["$defs"]["X"].take()
}

#[test]
fn dataclasses_are_read() {
    let source = r#"
@dataclass(frozen=True)
class Base:
    kind: str = "plain"

@dataclasses.dataclass
class X(Base):
    """An invoice.

    Attributes:
        total: What is to be paid.
    """
    total: float
    _: KW_ONLY
    lines: list[Line] = field(default_factory=list)
    """What it is for."""
    seen: int = field(default=0, init=False)
    shared: ClassVar[int] = 1
    once: InitVar[int] = 2
    parent: X = None
    made: str = field(default_factory=make)

@dataclass
class Line:
    text: str
    count: int = 1
"#;
    let expected = json!({
        "type": "object", "title": "X", "description": "An invoice.", "additionalProperties": false,
        "properties": {
            "kind": {"type": "string", "default": "plain", "title": "Kind"},
            "total": {"type": "number", "title": "Total", "description": "What is to be paid."},
            "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}, "default": [], "title": "Lines",
                "description": "What it is for."},
            "once": {"type": "integer", "default": 2, "title": "Once"},
            "parent": {"anyOf": [{"$ref": "#/$defs/X"}, {"type": "null"}], "default": null, "title": "Parent"},
            "made": {"type": "string", "title": "Made"},
        },
        "required": ["total"],
        "x-order": ["kind", "total", "lines", "once", "parent", "made"],
    });
    assert_eq!(definition(source), expected);
}

#[test]
fn typed_dictionaries_and_named_tuples_are_read() {
    let total = definition("class X(TypedDict):\n    a: int\n    b: NotRequired[str]");
    assert_eq!(total["required"], json!(["a"]));
    assert_eq!(total["properties"]["b"], json!({"type": "string", "title": "B"}));
    assert_eq!(total["additionalProperties"], json!(false));
    let partial = definition(
        "class Base(TypedDict):\n    c: int\nclass X(Base, total=False):\n    a: int\n    b: Required[str]",
    );
    assert_eq!((&partial["required"], &partial["x-order"]), (&json!(["c", "b"]), &json!(["c", "a", "b"])));
    let tuple = definition("class X(NamedTuple):\n    a: int\n    b: str = 'z'");
    assert_eq!((&tuple["required"], &tuple["properties"]["b"]["default"]), (&json!(["a"]), &json!("z")));
}

#[test]
fn enums_are_read() {
    for (body, values) in [
        ("class X(enum.Enum):\n    RED = 'r'\n    GREEN = 'g'", json!(["r", "g"])),
        ("class X(str, enum.Enum):\n    RED = 'r'\n    GREEN = 'g'\n    def f(self): ...", json!(["r", "g"])),
        ("class X(enum.IntEnum):\n    RED = enum.auto()\n    GREEN = 5\n    _ignore_ = 1", json!([1, 5])),
        ("class X(enum.StrEnum):\n    RED = enum.auto()\n    GREEN = 'g'", json!(["red", "g"])),
        (
            "class Base(enum.Enum):\n    pass\nclass X(Base):\n    RED = 'r'\n    GREEN = True",
            json!(["r", true]),
        ),
    ] {
        let got = definition(body);
        assert_eq!(got["enum"], values, "{body}");
        assert_eq!(got["x-enum-names"], json!(["RED", "GREEN"]), "{body}");
    }
    let source = "class X(enum.Enum):\n    RED = 'r'\ndef run(x: X = X.RED, y='' + 1, z: X = X.BLUE, w=X.RED.value): ...";
    let got = schema(&format!("{IMPORTS}\n{source}"));
    assert_eq!(got["properties"]["x"]["default"], "r");
    assert_eq!(got["properties"]["w"]["default"], "r");
    assert_eq!(got["properties"]["z"].get("default"), None);
    let unknown = format!("{IMPORTS}\nclass X(enum.Enum):\n    RED = make()\ndef run(x: X): ...");
    assert_eq!(schema(&unknown)["$defs"]["X"], json!({}));
    assert_eq!(notices(&unknown).len(), 1);
}

#[test]
fn models_are_read() {
    let source = r#"
class Base(BaseModel):
    model_config = ConfigDict(extra="forbid")

class X(Base):
    """An order."""
    number: str = Field(alias="orderNumber", pattern="^[0-9]+$", description="Its number.")
    amount: Annotated[float, Field(gt=0)]
    note: Optional[str] = None
    count: int = Field(default=1, ge=1)
    tags: list[str] = Field(default_factory=list, max_length=3)
    needed: int = Field(...)
    _private: int = 1
"#;
    let expected = json!({
        "type": "object", "title": "X", "description": "An order.", "additionalProperties": false,
        "properties": {
            "orderNumber": {"type": "string", "pattern": "^[0-9]+$", "description": "Its number.", "title": "Number"},
            "amount": {"type": "number", "exclusiveMinimum": 0, "title": "Amount"},
            "note": {"type": ["string", "null"], "title": "Note"},
            "count": {"type": "integer", "default": 1, "minimum": 1, "title": "Count"},
            "tags": {"type": "array", "items": {"type": "string"}, "default": [], "maxItems": 3, "title": "Tags"},
            "needed": {"type": "integer", "title": "Needed"},
        },
        "required": ["orderNumber", "amount", "needed"],
        "x-order": ["orderNumber", "amount", "note", "count", "tags", "needed"],
    });
    assert_eq!(definition(source), expected);
    let open = definition("class X(BaseModel):\n    a: int");
    assert_eq!(open.get("additionalProperties"), None);
    let renamed =
        definition("class X(BaseModel):\n    model_config = ConfigDict(alias_generator=f)\n    a: int");
    assert_eq!(renamed, json!({"type": "object", "title": "X"}));
}

#[test]
fn other_classes_take_anything() {
    let source = format!("{IMPORTS}\nclass X:\n    a: int\ndef run(x: X): ...");
    assert_eq!(schema(&source)["properties"]["x"], json!({"title": "X"}));
    assert!(notices(&source)[0].contains("is no dataclass"));
}
