"""What inputs become for functions with annotations."""

# The old spellings are tested too, and annotations are written as text, where ruff sees no use of a name.
# ruff: noqa: F401, UP006, UP007, UP035, UP045

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import functools
import pathlib
import pickle
import subprocess
import sys
import uuid
from collections import abc
from dataclasses import KW_ONLY, InitVar, dataclass, field
from typing import (
    Annotated,
    Any,
    Dict,
    List,
    Literal,
    NamedTuple,
    NewType,
    Optional,
    Sequence,
    Set,
    Tuple,
    TypedDict,
    TypeVar,
    Union,
)

import openautomate
import pydantic
import pytest
from openautomate import InputError, Secret, _entry, _inputs, _state

if sys.version_info >= (3, 11):
    from typing import NotRequired, Required

ROOT = pathlib.Path(openautomate.__file__).parent.parent
UTC = datetime.timezone.utc
T = TypeVar("T")
Number = NewType("Number", int)
Numbers = list[Number]


class Colour(enum.Enum):
    RED = "r"
    GREEN = "g"


class Level(enum.IntEnum):
    LOW = 1


@dataclass
class Line:
    amount: float
    text: str = ""
    parent: Line = None  # type: ignore[assignment]


@dataclass
class Invoice:
    due: datetime.date
    lines: list[Line] = field(default_factory=list)
    _: KW_ONLY
    seen: bool = field(default=False, init=False)
    once: InitVar[int] = 0

    def __post_init__(self, once: int) -> None:
        if once > 5:
            raise ValueError("once is too large")


class Point(NamedTuple):
    x: int
    y: float = 0.5


class Person(TypedDict, total=False):
    born: datetime.date
    name: str


if sys.version_info >= (3, 11):

    class Order(TypedDict, total=False):
        number: Required[int]
        note: NotRequired[str]


class Host:
    """Knows one secret."""

    def secret(self, name: str) -> tuple[bool, str]:
        """Gives it."""
        return (True, "hunter2") if name == "ERP" else (False, "there is no asset")


def convert(annotation: Any, value: Any) -> Any:
    """What an input ``x`` of this annotation becomes."""

    def run(x): ...  # type: ignore[no-untyped-def]

    run.__annotations__ = {"x": annotation}
    return _entry._arguments(run, "main:run", {"x": value})["x"]


@pytest.mark.parametrize("as_text", [False, True])
@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        ("str", "a", "a"),
        ("int", 3, 3),
        ("int", 3.0, 3),
        ("float", 3, 3.0),
        ("bool", True, True),
        ("None", None, None),
        ("Any", {"a": 1}, {"a": 1}),
        ("object", [1], [1]),
        ("T", 1, 1),
        ("bytes", "a", "a"),
        ("list", [1], [1]),
        ("dict", {"a": 1}, {"a": 1}),
        ("tuple", [1, 2], (1, 2)),
        ("set", [1, 2], {1, 2}),
        ("datetime.date", "2026-01-31", datetime.date(2026, 1, 31)),
        ("datetime.datetime", "2026-01-31T10:00:00", datetime.datetime(2026, 1, 31, 10)),
        ("datetime.datetime", "2026-01-31T10:00:00Z", datetime.datetime(2026, 1, 31, 10, tzinfo=UTC)),
        (
            "datetime.datetime",
            "2026-01-31T10:00:00.5+00:00",
            datetime.datetime(2026, 1, 31, 10, 0, 0, 500_000, tzinfo=UTC),
        ),
        (
            "datetime.datetime",
            "2026-01-31T10:00:00.123456789Z",
            datetime.datetime(2026, 1, 31, 10, 0, 0, 123_456, tzinfo=UTC),
        ),
        ("datetime.time", "08:30", datetime.time(8, 30)),
        ("datetime.time", "08:30:00.25", datetime.time(8, 30, 0, 250_000)),
        ("uuid.UUID", "00000000-0000-0000-0000-0000000000ff", uuid.UUID(int=255)),
        ("decimal.Decimal", "1.50", decimal.Decimal("1.50")),
        ("decimal.Decimal", 1.5, decimal.Decimal("1.5")),
        ("pathlib.Path", "a/b", pathlib.Path("a/b")),
        ("Colour", "g", Colour.GREEN),
        ("Level", 1, Level.LOW),
        ("Literal['a', 1]", 1, 1),
        ("Optional[datetime.date]", None, None),
        ("Optional[datetime.date]", "2026-01-31", datetime.date(2026, 1, 31)),
        ("datetime.date | None", "2026-01-31", datetime.date(2026, 1, 31)),
        ("datetime.date | str", "soon", "soon"),
        ("Union[int, Line]", {"amount": 1}, Line(1.0)),
        ("int | float", 1.5, 1.5),
        ("float | int", 1, 1),
        ("list[datetime.date]", ["2026-01-31"], [datetime.date(2026, 1, 31)]),
        ("List[Colour]", ["r"], [Colour.RED]),
        ("Sequence[Colour]", ["r"], [Colour.RED]),
        ("abc.Iterable[Colour]", ["r"], [Colour.RED]),
        ("tuple[Colour, int]", ["r", 1], (Colour.RED, 1)),
        ("Tuple[Colour, ...]", ["r", "g"], (Colour.RED, Colour.GREEN)),
        ("Set[Colour]", ["r"], {Colour.RED}),
        ("frozenset[int]", [1], frozenset({1})),
        ("collections.deque[int]", [1], collections.deque([1])),
        ("dict[str, Colour]", {"a": "r"}, {"a": Colour.RED}),
        ("Dict[int, Colour]", {"7": "r"}, {7: Colour.RED}),
        ("dict[Colour, int]", {"r": 1}, {Colour.RED: 1}),
        ("abc.Mapping[str, float]", {"a": 1}, {"a": 1.0}),
        ("Annotated[datetime.date, 'When.']", "2026-01-31", datetime.date(2026, 1, 31)),
        ("Annotated[int, {}]", 1, 1),
        ("Number", 1.0, 1),
        ("Numbers", [1.0], [1]),
        ("Point", {"x": 1}, Point(1, 0.5)),
        ("Person", {"born": "2026-01-31"}, {"born": datetime.date(2026, 1, 31)}),
        ("Line", {"amount": 1, "parent": {"amount": 2}}, Line(1.0, "", Line(2.0))),
        ("Line", {"amount": 1, "parent": None}, Line(1.0)),
        (
            "Invoice",
            {"due": "2026-01-31", "lines": [{"amount": 1}], "once": 2},
            Invoice(datetime.date(2026, 1, 31), [Line(1.0)]),
        ),
        ("list['Line']", [{"amount": 1}], [Line(1.0)]),
        ("List['Line']", [{"amount": 1}], [Line(1.0)]),
    ],
)
def test_values_become_what_annotations_say(
    annotation: str, value: Any, expected: Any, as_text: bool
) -> None:
    got = convert(annotation if as_text else eval(annotation), value)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("annotation", "value", "said"),
    [
        (str, 1, "the input x is not text"),
        (int, "1", "the input x is not a whole number"),
        (int, True, "the input x is not a whole number"),
        (int, 1.5, "the input x is not a whole number"),
        (float, "1", "the input x is not a number"),
        (bool, 1, "the input x is not true or false"),
        (None, 1, "the input x is not null"),
        (datetime.date, "hunter2", "the input x is no date as in 2026-01-31"),
        (datetime.date, 20260131, "the input x is no date as in 2026-01-31"),
        (datetime.datetime, "hunter2", "the input x is no date and time as in 2026-01-31T08:30:00+01:00"),
        (uuid.UUID, "hunter2", "the input x is no UUID"),
        (decimal.Decimal, "hunter2", "the input x is no number"),
        (decimal.Decimal, "NaN", "the input x is no number"),
        (pathlib.Path, 1, "the input x is no path of a file"),
        (Colour, "hunter2", "the input x is none of 'r', 'g'"),
        (Literal["a"], "hunter2", "the input x is none of 'a'"),
        (Literal[1], True, "the input x is none of 1"),
        (list[int], "hunter2", "the input x is not a list"),
        (list[int], [1, "2"], "the input x[1] is not a whole number"),
        (tuple[int, int], [1], "the input x has not 2 entries"),
        (set[Any], [[1]], "the input x has an entry that a set can't hold"),
        (dict[str, int], {"a": "b"}, "the input x.a is not a whole number"),
        (dict[int, int], {"a": 1}, "the input x.a is no number"),
        (Optional[datetime.date], "hunter2", "the input x is no date as in 2026-01-31"),
        (Union[int, Line], {"amount": "b"}, "the input x.amount is not a number"),
        (Union[int, Colour], "hunter2", "the input x is of none of the kinds that it may be"),
        (Line, "hunter2", "the input x is not an object"),
        (Line, {}, "the input x.amount is missing; give it a value"),
        (Line, {"amount": 1, "b": 1}, "the input x.b is not known here; remove it"),
        (Line, {"amount": 1, "parent": {"amount": "b"}}, "the input x.parent.amount is not a number"),
        (Invoice, {"due": "2026-01-31", "seen": True}, "the input x.seen is not known here; remove it"),
        (Invoice, {"due": "2026-01-31", "once": 6}, "the input x is refused by Invoice: once is too large"),
        (Point, {"y": 1}, "the input x.x is missing; give it a value"),
        (Person, {"born": "hunter2"}, "the input x.born is no date as in 2026-01-31"),
        (Secret, 1, "the input x is not the name of an asset"),
    ],
)
def test_what_does_not_fit_is_named_and_not_told(annotation: Any, value: Any, said: str) -> None:
    with pytest.raises(InputError) as refused:
        convert(annotation, value)
    assert str(refused.value) == said
    assert "hunter2" not in str(refused.value)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the words are younger")
def test_needed_keys_are_known_from_text_too() -> None:
    assert convert(Order, {"number": 1.0}) == {"number": 1}
    with pytest.raises(InputError, match="x.number is missing"):
        convert(Order, {})


def test_none_as_a_default_may_be_given() -> None:
    def run(a: int = None, *, b: datetime.date = None) -> None: ...  # type: ignore[assignment]

    assert _entry._arguments(run, "m:run", {"a": None, "b": None}) == {"a": None, "b": None}


def test_wrapped_functions_are_seen_through() -> None:
    def run(x: datetime.date) -> None: ...

    @functools.wraps(run)
    def wrapper(*args: Any, **kwargs: Any) -> None: ...

    got = _entry._arguments(wrapper, "m:run", {"x": "2026-01-31"})
    assert got == {"x": datetime.date(2026, 1, 31)}


def test_names_that_are_not_there_take_anything() -> None:
    for annotation in ("Missing", "Missing[int]", "1 +", "list[Missing]", "int | Missing"):
        assert convert(annotation, ["a"]) == ["a"]


def test_a_secret_shows_itself_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_state, "of_process", _state.Run(Host(), {}, ""))  # type: ignore[arg-type]
    secret = convert(Secret, "ERP")
    assert type(secret) is Secret
    assert secret.value == "hunter2"
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>5}", repr([secret])]
    assert not any("hunter2" in text for text in shown)
    assert str(secret) == "***"
    assert secret == Secret("hunter2")
    assert secret != "hunter2"
    assert not hasattr(secret, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    with pytest.raises(openautomate.OutputError):
        openautomate._state.Run(Host(), {}, "").add_outputs({"a": secret})  # type: ignore[arg-type]
    with pytest.raises(InputError) as refused:
        convert(list[Secret], ["ERP", "other"])
    assert str(refused.value).startswith("the input x[1] is no asset that this execution may read")


def test_plain_inputs_import_nothing() -> None:
    source = """
import sys
sys.path.insert(0, sys.argv[1])
from openautomate import _entry
before = set(sys.modules)
def run(a: str, b: int, c: float, d: bool, e: list, f: dict, g, h: 'str' = '') -> None: ...
_entry._arguments(run, 'm:run', dict(a='', b=1, c=1.5, d=True, e=[], f={}, g=None, h='x'))
assert set(sys.modules) == before, set(sys.modules) - before
def run(a: str | None, b: list[int]) -> None: ...
_entry._arguments(run, 'm:run', dict(a='', b=[1]))
new = set(sys.modules) - before
assert new <= {'openautomate._inputs'}, new
"""
    done = subprocess.run(
        [sys.executable, "-S", "-c", source, str(ROOT)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_models_of_pydantic_are_validated() -> None:
    class Model(pydantic.BaseModel):
        number: int = pydantic.Field(ge=1)

    assert convert(list[Model], [{"number": 2}]) == [Model(number=2)]
    with pytest.raises(InputError) as refused:
        convert(Model, {"number": "hunter2"})
    assert str(refused.value).startswith("the input x.number is refused by Model: ")
    assert "hunter2" not in str(refused.value)


def test_inputs_module_converts_nothing_for_classes() -> None:
    assert _inputs.arguments(Line, {"amount": 1}) == {"amount": 1}
