//! From annotations to JSON Schema.

use std::collections::HashMap;
use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::constraint::{self, takes};
use super::expression::Expression;
use super::known::{Known, known};
use super::resolve::{Meaning, Package};
use crate::error::Result;

/// How deeply one annotation may be nested, aliases included.
const MAX_DEPTH: usize = 32;
/// How many schemas in all; a type that stands in many places by an alias counts each time.
const MAX_NODES: usize = 5_000;
const MAX_NOTICES: usize = 20;

pub(super) type Schema = Map<String, Value>;

/// Makes the schemas of one package.
pub(super) struct Builder<'f> {
    pub(super) package: Package<'f>,
    /// `$defs` so far.
    pub(super) definitions: Map<String, Value>,
    /// The name in `$defs` of a class of a module.
    pub(super) named: HashMap<(Rc<str>, String), String>,
    /// Aliases that are being looked into, so that one of itself is seen.
    open: Vec<(Rc<str>, *const Expression)>,
    nodes_left: usize,
    /// What the notices are about at present.
    pub(super) subject: String,
    pub(super) notices: Vec<String>,
}

impl<'f> Builder<'f> {
    pub(super) fn new(package: Package<'f>) -> Self {
        Self {
            package,
            definitions: Map::new(),
            named: HashMap::new(),
            open: Vec::new(),
            nodes_left: MAX_NODES,
            subject: String::new(),
            notices: Vec::new(),
        }
    }

    /// Whether more was asked for than is made.
    pub(super) const fn is_exhausted(&self) -> bool {
        self.nodes_left == 0
    }

    /// The schema of an annotation in a module.
    ///
    /// # Errors
    /// `Internal` if a file can't be read.
    pub(super) fn schema(&mut self, module: &Rc<str>, annotation: &Expression) -> Result<Schema> {
        self.nested(module, annotation, MAX_DEPTH)
    }

    /// The schema that takes anything, since the type says nothing to us.
    pub(super) fn anything(&mut self, why: &str) -> Schema {
        if self.notices.len() < MAX_NOTICES {
            let notice = format!("{} takes anything: {why}", self.subject);
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
        Schema::new()
    }

    pub(super) fn nested(
        &mut self,
        module: &Rc<str>,
        annotation: &Expression,
        depth: usize,
    ) -> Result<Schema> {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), self.nodes_left.checked_sub(1)) else {
            return Ok(self.anything("its type is nested too deeply"));
        };
        self.nodes_left = left;
        match annotation {
            Expression::Name(name) => self.of_name(module, name, depth),
            Expression::Text(text) => self.nested(module, &Expression::quoted(text), depth),
            Expression::None => Ok(object(json!({"type": "null"}))),
            Expression::Either(parts) => self.union(module, parts, depth),
            Expression::Subscript(value, parts) => match &**value {
                Expression::Name(name) => self.subscript(module, name, parts, depth),
                _ => Ok(self.anything("its type can't be read")),
            },
            _ => Ok(self.anything("its type can't be read")),
        }
    }

    fn of_name(&mut self, module: &Rc<str>, name: &str, depth: usize) -> Result<Schema> {
        match self.package.meaning(module, name)? {
            Meaning::Outside(full) => Ok(match known(&full) {
                Some(Known::Plain(schema)) => schema,
                Some(Known::Array | Known::Tuple) => object(json!({"type": "array"})),
                Some(Known::Set) => object(json!({"type": "array", "uniqueItems": true})),
                Some(Known::Mapping) => object(json!({"type": "object"})),
                _ => self.anything(&format!("the type {} is not known here", super::super::shown(name))),
            }),
            Meaning::Class(class, place) => self.class(&class, &place, depth),
            Meaning::Value(value, place) => self.alias(&value, &place, depth),
            Meaning::Unclear(why) => {
                Ok(self.anything(&format!("the type {} {why}", super::super::shown(name))))
            }
            Meaning::Function(..) | Meaning::Member(..) => {
                Ok(self.anything(&format!("{} is no type", super::super::shown(name))))
            }
        }
    }

    fn alias(&mut self, value: &Rc<Expression>, place: &Rc<str>, depth: usize) -> Result<Schema> {
        let key = (place.clone(), Rc::as_ptr(value));
        if self.open.contains(&key) {
            return Ok(self.anything("its type is an alias of itself"));
        }
        self.open.push(key);
        let schema = match &**value {
            Expression::Call(call) => {
                match (self.outside(place, &call.function)?.as_deref(), call.arguments.get(1)) {
                    (Some("typing.NewType"), Some(base)) => self.nested(place, base, depth),
                    _ => Ok(self.anything("its type is made at run time")),
                }
            }
            other => self.nested(place, other, depth),
        };
        self.open.pop();
        schema
    }

    /// The full name of something that the package does not define.
    pub(super) fn outside(&mut self, module: &str, name: &str) -> Result<Option<String>> {
        if name.is_empty() {
            return Ok(None);
        }
        Ok(match self.package.meaning(module, name)? {
            Meaning::Outside(full) => Some(full),
            _ => None,
        })
    }

    fn subscript(
        &mut self,
        module: &Rc<str>,
        name: &str,
        parts: &[Expression],
        depth: usize,
    ) -> Result<Schema> {
        let full = self.outside(module, name)?;
        let Some(form) = full.as_deref().and_then(known) else {
            return Ok(self.anything(&format!("the type {} is not known here", super::super::shown(name))));
        };
        let (Some(first), rest) = (parts.first(), parts.get(1..).unwrap_or_default()) else {
            return Ok(self.anything("its type can't be read"));
        };
        match form {
            Known::Array | Known::Set => {
                let items = self.nested(module, first, depth)?;
                let mut schema = object(json!({"type": "array", "items": items}));
                if form == Known::Set {
                    schema.insert("uniqueItems".to_owned(), true.into());
                }
                Ok(schema)
            }
            Known::Tuple => self.tuple(module, parts, depth),
            Known::Mapping => self.mapping(module, first, rest.first(), depth),
            Known::Optional => self.union(module, &[first.clone(), Expression::None], depth),
            Known::Union => self.union(module, parts, depth),
            Known::Literal => self.literal(module, parts),
            Known::Annotated => {
                let mut schema = self.nested(module, first, depth)?;
                rest.iter().for_each(|metadata| constraint::add(&mut schema, metadata));
                Ok(schema)
            }
            Known::Transparent => self.nested(module, first, depth),
            Known::Plain(schema) => Ok(schema),
            Known::ClassVariable => Ok(Schema::new()),
        }
    }

    fn tuple(&mut self, module: &Rc<str>, parts: &[Expression], depth: usize) -> Result<Schema> {
        if let [all, Expression::Ellipsis] = parts {
            return Ok(object(json!({"type": "array", "items": self.nested(module, all, depth)?})));
        }
        let mut items = Vec::new();
        for part in parts.iter().filter(|part| **part != Expression::Tuple(Vec::new())) {
            items.push(Value::Object(self.nested(module, part, depth)?));
        }
        let count = items.len();
        let mut schema = object(json!({"type": "array", "minItems": count, "maxItems": count}));
        if count > 0 {
            schema.insert("prefixItems".to_owned(), items.into());
        }
        Ok(schema)
    }

    fn mapping(
        &mut self,
        module: &Rc<str>,
        key: &Expression,
        value: Option<&Expression>,
        depth: usize,
    ) -> Result<Schema> {
        let mut schema = object(json!({"type": "object"}));
        if let Some(value) = value {
            schema.insert("additionalProperties".to_owned(), self.nested(module, value, depth)?.into());
        }
        let names = self.nested(module, key, depth)?;
        let is_text = takes(&names, "string") || names.contains_key("$ref") || names.contains_key("enum");
        if takes(&names, "integer") {
            schema.insert("propertyNames".to_owned(), json!({"pattern": "^-?[0-9]+$"}));
        } else if is_text && names.len() > usize::from(names.contains_key("type")) {
            schema.insert("propertyNames".to_owned(), names.into());
        }
        Ok(schema)
    }

    fn literal(&mut self, module: &Rc<str>, parts: &[Expression]) -> Result<Schema> {
        let mut values = Vec::new();
        for part in parts {
            match self.default(module, part)? {
                Some(value) => values.push(value),
                None => return Ok(self.anything("one of its literals can't be read")),
            }
        }
        self.nodes_left = self.nodes_left.saturating_sub(values.len());
        Ok(enumeration(values))
    }

    fn union(&mut self, module: &Rc<str>, parts: &[Expression], depth: usize) -> Result<Schema> {
        let mut branches = Vec::<Schema>::new();
        for part in parts {
            let mut branch = self.nested(module, part, depth)?;
            let inner = match branch.remove("anyOf") {
                Some(Value::Array(inner)) if branch.is_empty() => inner,
                Some(other) => {
                    branch.insert("anyOf".to_owned(), other);
                    vec![Value::Object(branch)]
                }
                None => vec![Value::Object(branch)],
            };
            for branch in inner.into_iter().filter_map(as_object) {
                if branch.is_empty() {
                    return Ok(Schema::new());
                }
                if !branches.contains(&branch) {
                    branches.push(branch);
                }
            }
        }
        Ok(either(branches))
    }
}

/// A schema of several: as one type with several names where that says the same.
pub(super) fn either(mut branches: Vec<Schema>) -> Schema {
    if branches.len() == 1 {
        return branches.remove(0);
    }
    let is_bare = |branch: &Schema| branch.len() == 1 && branch.contains_key("type");
    let with_more = branches.iter().filter(|branch| !is_bare(branch)).count();
    let is_null = |branch: &Schema| is_bare(branch) && takes(branch, "null");
    let mergeable = |branch: &Schema| branch.contains_key("type") && !branch.contains_key("enum");
    let one_and_null = branches.len() == 2 && branches.iter().any(is_null);
    if branches.iter().all(mergeable) && (with_more == 0 || (with_more == 1 && one_and_null)) {
        let mut names = Vec::<Value>::new();
        let mut merged = Schema::new();
        for branch in branches {
            for (key, value) in branch {
                match (key.as_str(), value) {
                    ("type", Value::Array(several)) => names.extend(several),
                    ("type", one) => names.push(one),
                    (_, value) => drop(merged.insert(key, value)),
                }
            }
        }
        names.dedup();
        merged.insert("type".to_owned(), names.into());
        return merged;
    }
    object(json!({"anyOf": branches}))
}

/// The schema of some values.
pub(super) fn enumeration(values: Vec<Value>) -> Schema {
    let kind = |value: &Value| match value {
        Value::String(_) => Some("string"),
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if !number.is_f64() => Some("integer"),
        _ => None,
    };
    let mut schema = Schema::new();
    if let Some(first) = values.first().and_then(kind)
        && values.iter().all(|value| kind(value) == Some(first))
    {
        schema.insert("type".to_owned(), first.into());
    }
    schema.insert("enum".to_owned(), values.into());
    schema
}

/// The object that a `json!` of one is.
pub(super) fn object(value: Value) -> Schema {
    as_object(value).unwrap_or_default()
}

fn as_object(value: Value) -> Option<Schema> {
    match value {
        Value::Object(object) => Some(object),
        _ => None,
    }
}
