"""Turns the values of outputs into what JSON can say."""

from __future__ import annotations

import os
import sys

from openautomate._errors import OutputError
from openautomate._state import readable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MAX_DEPTH = 100
"""Lists and dicts deeper than this are refused; a cycle is found by it too."""

_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


def outputs(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Converts outputs by name.

    Raises:
        OutputError: A name or a value is of a wrong kind; the message names the output.
    """
    converted = {}
    for name, value in values.items():
        if not isinstance(name, str):
            raise OutputError(f"the name of an output is a {_kind(name)}; give text")
        converted[readable(name)] = _plain(value, name, 0)
    return converted


def _plain(value: Any, path: str, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise OutputError(f"the output {path[:80]} is nested too deeply, or contains itself")
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return readable(value)
    if kind is int:
        if not _SMALLEST <= value <= _LARGEST:
            raise OutputError(f"the output {path} has more than 64 bits; give it as text")
        return value
    if kind is float:
        if value != value or value in (float("inf"), float("-inf")):
            raise OutputError(f"the output {path} is not a finite number; give None or text")
        return value
    if isinstance(value, dict):
        return _dict(value, path, depth)
    if isinstance(value, (list, tuple)):
        return [_plain(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value)]
    return _rich(value, path, depth)


def _dict(value: Mapping[Any, Any], path: str, depth: int) -> dict[str, Any]:
    converted = {}
    for key, item in value.items():
        name = getattr(key, "value", key) if not isinstance(key, str) else key
        if not isinstance(name, str):
            raise OutputError(f"the output {path} has a key that is a {_kind(key)}; give text")
        converted[readable(name)] = _plain(item, f"{path}.{name}", depth + 1)
    return converted


def _rich(value: Any, path: str, depth: int) -> Any:
    if isinstance(value, (set, frozenset)):
        try:
            items = sorted(value)
        except TypeError:
            items = list(value)
        return _plain(items, path, depth)
    enum = sys.modules.get("enum")
    if enum is not None and isinstance(value, enum.Enum):
        return _plain(value.value, path, depth + 1)
    # A subclass of a plain kind says the same as its base.
    for base in (str, int, float):
        if isinstance(value, base):
            return _plain(base(value), path, depth + 1)
    import dataclasses
    import datetime
    import decimal
    import uuid

    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return str(value)
    if isinstance(value, os.PathLike):
        return readable(os.fsdecode(value))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return _dict(fields, path, depth)
    if hasattr(value, "dtype") and hasattr(value, "tolist"):
        return _plain(value.tolist(), path, depth + 1)
    raise OutputError(
        f"the output {path} is a {_kind(value)}, which JSON can't say; "
        "give text, a number, a list or a dict"
    )


def _kind(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
