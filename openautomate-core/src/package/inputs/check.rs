//! Checking inputs against the schema of a version.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::paths::LocationSegment;
use jsonschema::{Draft, PatternOptions, ValidationError, Validator};
use serde_json::{Map, Value};

use super::format;
use crate::error::{Error, FieldError, Result};

/// How many wrong fields are told.
pub const MAX_ERRORS: usize = 20;
/// With more values than this, only the first thing that is wrong is looked for.
const MAX_VALUES: usize = 20_000;
/// The memory of a compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1024 * 1024;
/// A longer name or list of choices is cut.
const MAX_SHOWN: usize = 200;

/// A schema, ready for checking. It reads no file and asks no network, whatever the schema refers to.
///
/// # Errors
/// `Internal` if it is no valid schema.
pub fn compile(schema: &Value) -> Result<Validator> {
    let mut options = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .should_validate_formats(true)
        // This engine takes linear time, whatever a package's pattern looks like.
        .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN_BYTES));
    for (name, check) in format::CHECKS {
        options = options.with_format(name, check);
    }
    options.build(schema).map_err(|error| {
        Error::internal(
            "package.inputs",
            "the schema of the package's inputs can't be used; publish it again",
        )
        .with_source(error.to_string())
    })
}

/// Whether a pattern can be checked here; Python's own know more.
pub(super) fn is_pattern(pattern: &str) -> bool {
    compile(&serde_json::json!({"pattern": pattern})).is_ok()
}

/// Checks inputs against a schema; no schema takes anything.
///
/// # Errors
/// `Invalid` with up to [`MAX_ERRORS`] fields, as in `inputs.invoice.total`, and what is wrong with each, never
/// the value.
pub fn check(schema: Option<&Value>, inputs: &Map<String, Value>) -> Result<()> {
    let Some(schema) = schema else { return Ok(()) };
    check_value("inputs", &compile(schema)?, &Value::Object(inputs.clone()))
}

/// Checks a value that fields call `root`.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_value(root: &str, validator: &Validator, value: &Value) -> Result<()> {
    if validator.is_valid(value) {
        return Ok(());
    }
    let mut wrong = Vec::new();
    if count(value, MAX_VALUES) > MAX_VALUES {
        validator.validate(value).err().iter().for_each(|error| tell(root, error, value, &mut wrong));
    } else {
        for error in validator.iter_errors(value) {
            tell(root, &error, value, &mut wrong);
            if wrong.len() >= MAX_ERRORS {
                break;
            }
        }
    }
    wrong.truncate(MAX_ERRORS);
    Err(Error::invalid_fields(wrong))
}

/// How many values there are, counted until there are more than `most`.
fn count(value: &Value, most: usize) -> usize {
    let mut seen = 1;
    let mut add = |value: &Value| {
        if seen <= most {
            seen += count(value, most - seen.min(most));
        }
    };
    match value {
        Value::Array(items) => items.iter().for_each(&mut add),
        Value::Object(items) => items.values().for_each(&mut add),
        _ => {}
    }
    seen
}

/// The fields that one error is about.
fn tell(root: &str, error: &ValidationError<'_>, inputs: &Value, wrong: &mut Vec<FieldError>) {
    let field = field(root, error);
    match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            wrong.push(FieldError::new(join(&field, name), "is missing; give it a value"));
        }
        Kind::AdditionalProperties { unexpected } => {
            let known = if root == "inputs" && error.instance_path().into_iter().next().is_none() {
                "is no input of this package; remove it"
            } else {
                "is not known here; remove it"
            };
            let fields = unexpected.iter().take(MAX_ERRORS).map(|name| join(&field, name));
            wrong.extend(fields.map(|field| FieldError::new(field, known)));
        }
        Kind::AnyOf { context } => match nearest(context, error, inputs) {
            Some(branch) => branch.iter().for_each(|error| tell(root, error, inputs, wrong)),
            None => wrong.push(FieldError::new(field, "is of none of the kinds that it may be")),
        },
        kind => wrong.push(FieldError::new(field, message(kind))),
    }
}

/// The branch that was meant: the only one that does not say that the value is of another type.
fn nearest<'e>(
    context: &'e [Vec<ValidationError<'static>>],
    error: &ValidationError<'_>,
    inputs: &Value,
) -> Option<&'e [ValidationError<'static>]> {
    let at = error.instance_path();
    let is_null = inputs.pointer(at.as_str()).is_none_or(Value::is_null);
    let is_other_type = |branch: &&Vec<ValidationError<'static>>| {
        branch.iter().any(|inner| matches!(inner.kind(), Kind::Type { .. }) && inner.instance_path() == at)
    };
    let mut meant = context.iter().filter(|branch| !is_other_type(branch));
    match (meant.next(), meant.next(), context) {
        (Some(only), None, _) if !is_null => Some(only),
        // `X | None`: what is wrong is wrong with X.
        (None, _, [one, null]) | (None, _, [null, one]) if !is_null && says_null(null) => Some(one),
        _ => None,
    }
}

fn says_null(branch: &[ValidationError<'_>]) -> bool {
    let is_null = |error: &ValidationError<'_>| match error.kind() {
        Kind::Type { kind: TypeKind::Single(kind) } => kind.to_string() == "null",
        _ => false,
    };
    branch.iter().any(is_null)
}

/// The path of a field, as in `inputs.lines[3].amount`.
fn field(root: &str, error: &ValidationError<'_>) -> String {
    let mut path = root.to_owned();
    for segment in error.instance_path() {
        match segment {
            LocationSegment::Property(name) => path = join(&path, &name),
            LocationSegment::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

pub(super) fn join(path: &str, name: &str) -> String {
    let name: String = name.chars().filter(|character| !character.is_control()).take(MAX_SHOWN).collect();
    format!("{path}.{name}")
}

fn message(kind: &Kind) -> String {
    match kind {
        Kind::Type { kind } => format!("is not {}", types(kind)),
        Kind::Enum { options } => format!("is none of {}", cut(&choices(options))),
        Kind::Constant { .. } => "is not the value that it must be".to_owned(),
        Kind::Format { format } => format::message(format).to_owned(),
        Kind::Minimum { limit } => format!("is less than {limit}"),
        Kind::Maximum { limit } => format!("is more than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("is not more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("is not less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("is no multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("is shorter than {limit} characters"),
        Kind::MaxLength { limit } => format!("is longer than {limit} characters"),
        Kind::MinItems { limit } => format!("has fewer than {limit} entries"),
        Kind::MaxItems { limit } => format!("has more than {limit} entries"),
        Kind::MinProperties { limit } => format!("has fewer than {limit} entries"),
        Kind::MaxProperties { limit } => format!("has more than {limit} entries"),
        Kind::Pattern { pattern } => format!("does not match {}", cut(pattern)),
        Kind::UniqueItems => "has an entry twice".to_owned(),
        Kind::PropertyNames { error } => format!("has a key that {}", message(error.kind())),
        _ => "is not a valid value of this input".to_owned(),
    }
}

fn types(kind: &TypeKind) -> String {
    let named = |name: &str| match name {
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "text",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        _ => "null",
    };
    match kind {
        TypeKind::Single(only) => named(&only.to_string()).to_owned(),
        TypeKind::Multiple(all) => {
            let all: Vec<&str> = all.iter().map(|one| named(&one.to_string())).collect();
            all.join(" or ")
        }
    }
}

fn choices(options: &Value) -> String {
    let all = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join(", ")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
