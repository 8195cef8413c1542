//! Inputs become what the annotations of the entry function say.

use serde_json::{Value, json};

use super::RunnerFixture;
use super::play::{Play, Told};

/// A package whose function takes an input of every kind.
pub const FILES: &[(&str, &str)] = &[
    ("shop/__init__.py", ""),
    (
        "shop/model.py",
        r#"
from __future__ import annotations
import datetime, enum
from dataclasses import dataclass, field
from typing import NamedTuple, TypedDict

class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"

@dataclass
class Line:
    amount: float
    parent: Line | None = None

@dataclass
class Invoice:
    due: datetime.date
    lines: list[Line] = field(default_factory=list)

class Point(NamedTuple):
    x: int
    y: int = 2

class Person(TypedDict):
    born: datetime.date
"#,
    ),
    (
        "shop/main.py",
        r#"
from __future__ import annotations
import datetime, decimal, pathlib, uuid
from typing import Annotated, Any, Literal, Optional, Union
import openautomate
from openautomate import Secret
from .model import Colour, Invoice, Person, Point

def run(
    text: str, whole: int, number: float, flag: bool, anything: Any, bare, day: datetime.date,
    moment: datetime.datetime, clock: datetime.time, key: uuid.UUID, price: decimal.Decimal, file: pathlib.Path,
    colour: Colour, mode: Literal["fast", "safe"], maybe: Optional[datetime.date], either: Union[int, Invoice],
    days: list[datetime.date], pair: tuple[int, Colour], some: set[int], prices: dict[str, decimal.Decimal],
    invoice: Invoice, point: Point, person: Person, noted: Annotated[int, "How many."], login: Secret,
    missing: int = 7,
):
    """Shows what it was given."""
    print("login", login)
    given = dict(locals())
    openautomate.output("value", login.value == "hunter2")
    return {name: f"{type(value).__name__} {value}" for name, value in given.items()}
"#,
    ),
];

/// Inputs that fit.
#[must_use]
pub fn inputs() -> Value {
    json!({
        "text": "a", "whole": 3, "number": 3, "flag": true, "anything": [1], "bare": {"a": 1}, "day": "2026-01-31",
        "moment": "2026-01-31T10:00:00.5Z", "clock": "08:30:00", "key": "0190f3c2-5b1f-7000-8000-000000000001",
        "price": "1.50", "file": "0190f3c2-5b1f-7000-8000-000000000002", "colour": "g", "mode": "safe",
        "maybe": null, "either": {"due": "2026-01-31"}, "days": ["2026-01-31"], "pair": [1, "r"], "some": [1],
        "prices": {"a": 1.5}, "invoice": {"due": "2026-01-31", "lines": [{"amount": 1, "parent": {"amount": 2}}]},
        "point": {"x": 1}, "person": {"born": "2026-01-31"}, "noted": 2, "login": "password",
    })
}

fn play(inputs: &Value) -> Play {
    let mut play = Play::of(FILES).inputs(inputs);
    play.job.entrypoint = "shop.main:run".to_owned();
    play
}

/// Each input is of the type that its annotation names.
pub async fn typed_inputs(fixture: &impl RunnerFixture) {
    let ended = play(&inputs()).run(fixture).await;
    let outputs = ended.outputs();
    for (name, expected) in [
        ("text", "str a"),
        ("whole", "int 3"),
        ("number", "float 3.0"),
        ("flag", "bool True"),
        ("anything", "list [1]"),
        ("bare", "dict {'a': 1}"),
        ("day", "date 2026-01-31"),
        ("moment", "datetime 2026-01-31 10:00:00.500000+00:00"),
        ("clock", "time 08:30:00"),
        ("key", "UUID 0190f3c2-5b1f-7000-8000-000000000001"),
        ("price", "Decimal 1.50"),
        ("colour", "Colour Colour.GREEN"),
        ("mode", "str safe"),
        ("maybe", "NoneType None"),
        ("either", "Invoice Invoice(due=datetime.date(2026, 1, 31), lines=[])"),
        ("days", "list [datetime.date(2026, 1, 31)]"),
        ("pair", "tuple (1, <Colour.RED: 'r'>)"),
        ("some", "set {1}"),
        ("prices", "dict {'a': Decimal('1.5')}"),
        (
            "invoice",
            "Invoice Invoice(due=datetime.date(2026, 1, 31), \
             lines=[Line(amount=1.0, parent=Line(amount=2.0, parent=None))])",
        ),
        ("point", "Point Point(x=1, y=2)"),
        ("person", "dict {'born': datetime.date(2026, 1, 31)}"),
        ("noted", "int 2"),
        ("login", "Secret ***"),
        ("missing", "int 7"),
    ] {
        assert_eq!(outputs[name], expected, "{name}");
    }
    assert!(outputs["file"].as_str().unwrap().ends_with("Path 0190f3c2-5b1f-7000-8000-000000000002"));
}

/// A secret is asked for by the name that is the input, and shows itself nowhere.
pub async fn secret_inputs(fixture: &impl RunnerFixture) {
    let ended = play(&inputs()).run(fixture).await;
    assert_eq!(ended.outputs()["value"], true);
    assert_eq!(ended.texts(), ["login ***"]);
    assert!(ended.told.contains(&Told::Secret("password".to_owned())));
    let mut refused = inputs();
    refused["login"] = "other".into();
    let ended = play(&refused).run(fixture).await;
    assert_eq!(ended.error().kind, "InputError");
    assert!(ended.error().message.starts_with("the input login is no asset"), "{:?}", ended.error());
}

/// What does not fit ends the run before the function begins, named and not told.
pub async fn inputs_that_do_not_fit(fixture: &impl RunnerFixture) {
    for (name, value, message) in [
        ("day", json!("hunter2"), "the input day is no date as in 2026-01-31"),
        ("whole", json!("hunter2"), "the input whole is not a whole number"),
        (
            "invoice",
            json!({"due": "2026-01-31", "lines": [{"amount": "hunter2"}]}),
            "the input invoice.lines[0].amount is not a number",
        ),
        ("colour", json!("hunter2"), "the input colour is none of 'r', 'g'"),
    ] {
        let mut wrong = inputs();
        wrong[name] = value;
        let ended = play(&wrong).run(fixture).await;
        let error = ended.error();
        assert_eq!((error.kind.as_str(), error.message.as_str()), ("InputError", message));
        assert!(!format!("{:?}{:?}", ended.result, ended.told).contains("hunter2"), "{name}");
    }
}
