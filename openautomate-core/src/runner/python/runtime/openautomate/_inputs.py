"""Turns inputs, which are JSON, into what the entry function's annotations say.

An annotation that can't be told takes the input as it is, as the schema does that is made of it when the
package is published. Modules are looked up rather than imported where an annotation can only come from them:
what takes plain inputs must not pay for the others.
"""

from __future__ import annotations

import sys

from openautomate._errors import InputError, SecretError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Namespace = dict[str, Any]

_KINDS = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}
_SHOWN = 10
"""At most this many choices are told."""


class _Mismatch(Exception):
    """A value does not fit; ``path`` is where it stands, ``why`` never holds it."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(path, why)
        self.path = path
        self.why = why


def arguments(function: Callable[..., Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Converts inputs by name.

    Raises:
        InputError: An input does not fit its annotation; the message names it, not its value.
    """
    annotations = getattr(function, "__annotations__", None)
    if not annotations or isinstance(function, type):
        return dict(inputs)
    inner = _unwrapped(function)
    namespace = getattr(inner, "__globals__", {})
    converted = {}
    for name, value in inputs.items():
        # ``None`` as a default says that it may be given, whatever the annotation says.
        if name not in annotations or (value is None and _is_none_by_default(inner, name)):
            converted[name] = value
            continue
        try:
            converted[name] = _converted(annotations[name], value, name, namespace)
        except _Mismatch as wrong:
            raise InputError(f"the input {wrong.path} {wrong.why}") from wrong.__cause__
    return converted


def _unwrapped(function: Any) -> Any:
    for _ in range(100):
        inner = getattr(function, "__wrapped__", None)
        if inner is None:
            break
        function = inner
    return function


def _is_none_by_default(function: Any, name: str) -> bool:
    code = getattr(function, "__code__", None)
    if code is None:
        return False
    keywords = function.__kwdefaults__ or {}
    if name in keywords:
        return keywords[name] is None
    defaults = function.__defaults__ or ()
    names = code.co_varnames[code.co_argcount - len(defaults) : code.co_argcount]
    return name in names and defaults[names.index(name)] is None


def _converted(annotation: Any, value: Any, path: str, namespace: Namespace) -> Any:
    annotation, namespace = _resolved(annotation, namespace)
    if isinstance(annotation, type) and not hasattr(annotation, "__origin__"):
        return _of_class(annotation, value, path)
    if hasattr(annotation, "__metadata__"):
        return _converted(annotation.__origin__, value, path, namespace)
    if type(annotation).__name__ == "UnionType":
        return _of_union(annotation.__args__, value, path, namespace)
    origin = getattr(annotation, "__origin__", None)
    if origin is None:
        return value
    parts = getattr(annotation, "__args__", ())
    form = getattr(origin, "_name", None) if not isinstance(origin, type) else None
    if form in {"Union", "Optional"} or origin is _looked_up("typing", "Union"):
        return _of_union(parts, value, path, namespace)
    if form == "Literal":
        return _of_literal(parts, value, path)
    if form in {"Required", "NotRequired", "ReadOnly", "Final"}:
        return _converted(parts[0], value, path, namespace)
    if isinstance(origin, type):
        if not parts or any(type(part).__name__ == "TypeVar" for part in parts):
            parts = ()
        return _of_collection(origin, parts, value, path, namespace)
    return value


def _resolved(annotation: Any, namespace: Namespace) -> tuple[Any, Namespace]:
    """The annotation behind texts, aliases and new types, and where its names are looked up."""
    for _ in range(32):
        if annotation is None:
            return type(None), namespace
        text = annotation if isinstance(annotation, str) else getattr(annotation, "__forward_arg__", None)
        if text is not None:
            module = getattr(annotation, "__forward_module__", None)
            if module is not None:
                namespace = _names_of(module)
            try:
                annotation = eval(text, namespace)
            except Exception:
                # As when it was published: what can't be told takes anything.
                return object, namespace
        elif type(annotation).__name__ == "TypeAliasType":
            namespace = _names_of(annotation.__module__)
            try:
                annotation = annotation.__value__
            except Exception:
                return object, namespace
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        elif type(annotation).__name__ == "InitVar":
            annotation = annotation.type
        else:
            return annotation, namespace
    return object, namespace


def _names_of(module: Any) -> Namespace:
    if not isinstance(module, str):
        return getattr(module, "__dict__", {})
    return getattr(sys.modules.get(module), "__dict__", {})


def _looked_up(module: str, name: str) -> Any:
    return getattr(sys.modules.get(module), name, None)


def _of_union(parts: tuple[Any, ...], value: Any, path: str, namespace: Namespace) -> Any:
    parts = tuple(_resolved(part, namespace)[0] for part in parts)
    if value is None and type(None) in parts:
        return None
    if isinstance(value, (bool, int, float)) and type(value) in parts:
        return value
    parts = tuple(part for part in parts if part is not type(None))
    if len(parts) == 1:
        return _converted(parts[0], value, path, namespace)
    nested: list[_Mismatch] = []
    for part in parts:
        try:
            return _converted(part, value, path, namespace)
        except _Mismatch as wrong:
            if wrong.path != path:
                nested.append(wrong)
    if len(nested) == 1:
        raise nested[0]
    raise _Mismatch(path, "is of none of the kinds that it may be")


def _of_literal(parts: tuple[Any, ...], value: Any, path: str) -> Any:
    for part in parts:
        same = type(part) is type(value) or (
            isinstance(part, (int, float)) and isinstance(value, (int, float))
            and not isinstance(part, bool) and not isinstance(value, bool)
        )
        if same and part == value:
            return part
        member = getattr(part, "value", None)
        if member is not None and type(member) is type(value) and member == value:
            return part
    raise _Mismatch(path, f"is none of {_choices(parts)}")


def _choices(values: Any) -> str:
    values = list(values)
    shown = ", ".join(repr(getattr(value, "value", value)) for value in values[:_SHOWN])
    return f"{shown}, …" if len(values) > _SHOWN else shown


def _of_class(kind: type, value: Any, path: str) -> Any:
    if kind in _KINDS:
        return _of_plain(kind, value, path)
    if kind is type(None):
        if value is not None:
            raise _Mismatch(path, "is not null")
        return None
    if kind is object:
        return value
    if kind in (tuple, set, frozenset) or kind is _looked_up("collections", "deque"):
        return _of_collection(kind, (), value, path, {})
    if kind is _looked_up("openautomate._secret", "Secret"):
        return _secret(value, path)
    if hasattr(kind, "model_validate") or hasattr(kind, "parse_obj"):
        return _of_model(kind, value, path)
    enum = sys.modules.get("enum")
    if enum is not None and issubclass(kind, enum.Enum):
        return _of_enum(kind, value, path)
    if hasattr(kind, "__dataclass_fields__"):
        return _built(kind, dict(_fields(kind)), value, path)
    if hasattr(kind, "__total__") and hasattr(kind, "__required_keys__"):
        return _typed_dict(kind, value, path)
    if issubclass(kind, tuple):
        return _built(kind, _named(kind), value, path)
    return _of_text(kind, value, path)


def _of_plain(kind: type, value: Any, path: str) -> Any:
    if type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return float(value)
    if kind is int and type(value) is float and value.is_integer():
        return int(value)
    raise _Mismatch(path, f"is not {_KINDS[kind]}")


def _of_text(kind: type, value: Any, path: str) -> Any:
    """Dates, times, UUIDs, decimals and paths; other classes take the input as it is."""
    top = kind.__module__.partition(".")[0]
    if top == "datetime":
        return _moment(kind, value, path)
    if kind is _looked_up("uuid", "UUID"):
        return _parsed(kind, value, path, "no UUID")
    if kind is _looked_up("decimal", "Decimal"):
        if type(value) in (int, float):
            value = str(value)
        number = _parsed(kind, value, path, "no number")
        if not number.is_finite():
            raise _Mismatch(path, "is no number")
        return number
    if top == "pathlib":
        return _parsed(kind, value, path, "no path of a file")
    return value


def _moment(kind: type, value: Any, path: str) -> Any:
    what = {"date": "no date as in 2026-01-31", "time": "no time as in 08:30:00"}.get(
        kind.__name__, "no date and time as in 2026-01-31T08:30:00+01:00"
    )
    parse = getattr(kind, "fromisoformat", None)
    if parse is None:
        # A ``timedelta`` and whatever else there is.
        return value
    return _parsed(lambda text: parse(_iso(text)), value, path, what)


def _iso(text: str) -> str:
    """The text as Python 3.10 reads it: with an offset for ``Z``, and six digits behind the point."""
    if text[-1:] in ("Z", "z"):
        text = text[:-1] + "+00:00"
    whole, point, rest = text.partition(".")
    if not point:
        return text
    end = next((index for index, letter in enumerate(rest) if not letter.isdigit()), len(rest))
    return f"{whole}.{rest[:end][:6]:0<6}{rest[end:]}"


def _parsed(parse: Callable[[str], Any], value: Any, path: str, what: str) -> Any:
    if isinstance(value, str):
        try:
            return parse(value)
        except (ValueError, ArithmeticError):
            pass
    raise _Mismatch(path, f"is {what}")


def _secret(value: Any, path: str) -> Any:
    from openautomate import Secret, secret

    if not isinstance(value, str):
        raise _Mismatch(path, "is not the name of an asset")
    try:
        return Secret(secret(value))
    except SecretError as refused:
        raise _Mismatch(path, f"is no asset that this execution may read: {refused}") from refused


def _of_enum(kind: Any, value: Any, path: str) -> Any:
    for member in kind:
        if type(member.value) is type(value) and member.value == value:
            return member
    try:
        return kind(value)
    except (ValueError, TypeError):
        raise _Mismatch(path, f"is none of {_choices(kind)}") from None


def _of_model(kind: Any, value: Any, path: str) -> Any:
    validate = getattr(kind, "model_validate", None) or kind.parse_obj
    try:
        return validate(value)
    except ValueError as refused:
        errors = getattr(refused, "errors", None)
        if errors is None:
            raise _Mismatch(path, f"is refused by {kind.__name__}: {refused}") from refused
        first = errors()[0]
        where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
        # Its cause is left out: the text of pydantic's error holds the value.
        raise _Mismatch(path + where, f"is refused by {kind.__name__}: {first['msg']}") from None


def _fields(kind: Any) -> Iterator[tuple[str, tuple[Any, bool, Namespace]]]:
    """The fields of a dataclass that are given when it is made: annotation, whether it is needed, names."""
    import dataclasses

    for field in kind.__dataclass_fields__.values():
        is_variable = field._field_type is not dataclasses._FIELD  # type: ignore[attr-defined]
        is_once = field._field_type is dataclasses._FIELD_INITVAR  # type: ignore[attr-defined]
        if not field.init or (is_variable and not is_once):
            continue
        missing = dataclasses.MISSING
        is_needed = field.default is missing and field.default_factory is missing
        annotation = field.type
        if not is_needed and field.default is None:
            annotation = _Nullable(annotation)
        yield field.name, (annotation, is_needed, _names_of(_home(kind, field.name)))


def _named(kind: Any) -> dict[str, tuple[Any, bool, Namespace]]:
    """The fields of a named tuple, as ``_fields`` gives those of a dataclass."""
    hints, namespace = getattr(kind, "__annotations__", {}), _names_of(kind.__module__)
    defaults = kind._field_defaults
    return {name: (hints.get(name, object), name not in defaults, namespace) for name in kind._fields}


class _Nullable:
    """An annotation beside which ``None`` may be given, since it is the default."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner


def _home(kind: Any, name: str) -> str:
    """The module of the class that a field is from: its annotation may be text."""
    for base in kind.__mro__:
        if name in base.__dict__.get("__annotations__", {}):
            return str(base.__module__)
    return str(kind.__module__)


def _built(kind: Any, fields: dict[str, tuple[Any, bool, Namespace]], value: Any, path: str) -> Any:
    values = _members(fields, value, path)
    try:
        return kind(**values)
    except (ValueError, TypeError) as refused:
        raise _Mismatch(path, f"is refused by {kind.__name__}: {refused}") from refused


def _typed_dict(kind: Any, value: Any, path: str) -> Any:
    fields = {}
    for name, annotation in kind.__annotations__.items():
        text = getattr(annotation, "__forward_arg__", annotation)
        # With annotations as text, the class itself does not see these words.
        said = text.partition("[")[0].rpartition(".")[2] if isinstance(text, str) else None
        is_needed = {"Required": True, "NotRequired": False}.get(said or "", name in kind.__required_keys__)
        fields[name] = (annotation, is_needed, _names_of(kind.__module__))
    return _members(fields, value, path)


def _members(
    fields: dict[str, tuple[Any, bool, Namespace]], value: Any, path: str
) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Mismatch(path, "is not an object")
    for name in value:
        if name not in fields:
            raise _Mismatch(f"{path}.{name}", "is not known here; remove it")
    members = {}
    for name, (annotation, is_needed, namespace) in fields.items():
        if name in value:
            item = value[name]
            if isinstance(annotation, _Nullable):
                annotation = annotation.inner
                if item is None:
                    members[name] = None
                    continue
            members[name] = _converted(annotation, item, f"{path}.{name}", namespace)
        elif is_needed:
            raise _Mismatch(f"{path}.{name}", "is missing; give it a value")
    return members


def _of_collection(
    origin: Any, parts: tuple[Any, ...], value: Any, path: str, namespace: Namespace
) -> Any:
    if issubclass(origin, dict) or origin.__name__ in {"Mapping", "MutableMapping"}:
        return _of_mapping(origin, parts, value, path, namespace)
    is_kept = issubclass(origin, (list, tuple, set, frozenset))
    is_kept = is_kept or origin is _looked_up("collections", "deque")
    if not is_kept and origin.__module__ != "collections.abc":
        return value
    if origin.__name__ in {"Callable", "Awaitable", "Coroutine"}:
        return value
    if not isinstance(value, list):
        raise _Mismatch(path, "is not a list")
    if issubclass(origin, tuple) and parts and not (len(parts) == 2 and parts[1] is Ellipsis):
        if parts == ((),):
            parts = ()
        if len(value) != len(parts):
            raise _Mismatch(path, f"has not {len(parts)} entries")
        pairs = list(zip(parts, value, strict=True))
    else:
        pairs = [(parts[0] if parts else object, item) for item in value]
    items = [
        _converted(part, item, f"{path}[{index}]", namespace) for index, (part, item) in enumerate(pairs)
    ]
    if issubclass(origin, list) or (origin.__module__ == "collections.abc" and "Set" not in origin.__name__):
        return items
    make = origin if is_kept else set
    try:
        return make(items)
    except TypeError:
        raise _Mismatch(path, "has an entry that a set can't hold") from None


def _of_mapping(
    origin: Any, parts: tuple[Any, ...], value: Any, path: str, namespace: Namespace
) -> Any:
    if not isinstance(value, dict):
        raise _Mismatch(path, "is not an object")
    if len(parts) != 2:
        return value
    items = {}
    for name, item in value.items():
        key = _key(parts[0], name, path, namespace)
        items[key] = _converted(parts[1], item, f"{path}.{name}", namespace)
    ordered = _looked_up("collections", "OrderedDict")
    return ordered(items) if origin is ordered and ordered is not None else items


def _key(annotation: Any, name: str, path: str, namespace: Namespace) -> Any:
    """Keys are text in JSON; where numbers are meant, they are read from it."""
    kind, _ = _resolved(annotation, namespace)
    if kind in (int, float):
        return _parsed(kind, name, f"{path}.{name}", "no number")
    return _converted(annotation, name, f"{path}.{name}", namespace)
