//! The types that need no reading: those of Python itself and a few of pydantic.

use serde_json::{Map, Value, json};

/// What a type of the outside means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Known {
    /// This schema.
    Plain(Map<String, Value>),
    /// A list of one type.
    Array,
    /// A list of one type without repetition.
    Set,
    Tuple,
    Mapping,
    Optional,
    Union,
    Literal,
    Annotated,
    /// A wrapper that says nothing of the value, as `Required[X]`.
    Transparent,
    /// Not a field at all.
    ClassVariable,
}

/// What the type with this full name means, if it is known.
pub(super) fn known(name: &str) -> Option<Known> {
    if let Some(form) = form(name) {
        return Some(form);
    }
    match plain(name)? {
        Value::Object(schema) => Some(Known::Plain(schema)),
        _ => None,
    }
}

fn form(name: &str) -> Option<Known> {
    let (module, last) = name.rsplit_once('.')?;
    let form = match (module, last) {
        ("builtins", "list")
        | ("typing", "List" | "Deque")
        | (
            "typing" | "collections.abc",
            "Sequence" | "MutableSequence" | "Iterable" | "Collection" | "Container" | "Reversible",
        )
        | ("collections", "deque") => Known::Array,
        ("builtins", "set" | "frozenset")
        | ("typing", "Set" | "FrozenSet" | "AbstractSet" | "MutableSet")
        | ("collections.abc", "Set" | "MutableSet") => Known::Set,
        ("builtins", "tuple") | ("typing", "Tuple") => Known::Tuple,
        ("builtins", "dict")
        | ("typing", "Dict" | "DefaultDict" | "OrderedDict")
        | ("typing" | "collections.abc", "Mapping" | "MutableMapping")
        | ("collections", "defaultdict" | "OrderedDict") => Known::Mapping,
        ("typing", "Optional") => Known::Optional,
        ("typing", "Union") => Known::Union,
        ("typing", "Literal") => Known::Literal,
        ("typing", "Annotated") => Known::Annotated,
        ("typing", "Required" | "NotRequired" | "ReadOnly" | "Final") | ("dataclasses", "InitVar") => {
            Known::Transparent
        }
        ("typing", "ClassVar") => Known::ClassVariable,
        _ => return None,
    };
    Some(form)
}

fn plain(name: &str) -> Option<Value> {
    let schema = match name {
        "builtins.str" | "typing.Text" => json!({"type": "string"}),
        "builtins.int" => json!({"type": "integer"}),
        "builtins.float" => json!({"type": "number"}),
        "builtins.bool" => json!({"type": "boolean"}),
        "builtins.None" | "types.NoneType" => json!({"type": "null"}),
        "builtins.object" | "typing.Any" => json!({}),
        "datetime.date" => json!({"type": "string", "format": "date"}),
        "datetime.datetime" => json!({"type": "string", "format": "date-time"}),
        "datetime.time" => json!({"type": "string", "format": "time"}),
        "uuid.UUID" => json!({"type": "string", "format": "uuid"}),
        "decimal.Decimal" => json!({"type": ["number", "string"], "format": "decimal"}),
        "pathlib.Path" | "pathlib.PurePath" => json!({"type": "string", "format": "file"}),
        "openautomate.Secret" => json!({"type": "string", "format": "asset"}),
        "pydantic.PositiveInt" => json!({"type": "integer", "exclusiveMinimum": 0}),
        "pydantic.NonNegativeInt" => json!({"type": "integer", "minimum": 0}),
        "pydantic.PositiveFloat" => json!({"type": "number", "exclusiveMinimum": 0}),
        "pydantic.NonNegativeFloat" => json!({"type": "number", "minimum": 0}),
        "pydantic.EmailStr" => json!({"type": "string", "format": "email"}),
        "pydantic.StrictStr" | "pydantic.AnyUrl" | "pydantic.HttpUrl" => json!({"type": "string"}),
        "pydantic.StrictInt" => json!({"type": "integer"}),
        "pydantic.StrictFloat" => json!({"type": "number"}),
        "pydantic.StrictBool" => json!({"type": "boolean"}),
        _ => return None,
    };
    Some(schema)
}
