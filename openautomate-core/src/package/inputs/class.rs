//! Classes of the package that an input may be: enums, dataclasses, typed dictionaries, named tuples and models.

use std::rc::Rc;

use serde_json::{Value, json};

use super::builder::{Builder, Schema, either, enumeration, object};
use super::constraint::{self, describe};
use super::docstring::Docstring;
use super::expression::{Call, Expression};
use super::known::{Known, known};
use super::module::{Class, Field};
use super::resolve::Meaning;
use super::signature::title;
use crate::error::Result;

/// Of bases above a class.
const MAX_BASES: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Dataclass,
    TypedDict,
    NamedTuple,
    Model,
    Enum,
    /// An enum whose `auto()` is the name in lower case.
    TextEnum,
}

/// One property of an object.
struct Property {
    name: String,
    schema: Schema,
    is_required: bool,
}

impl Builder<'_> {
    /// A reference to the schema of a class.
    pub(super) fn class(&mut self, class: &Rc<Class>, module: &Rc<str>, depth: usize) -> Result<Schema> {
        let key = (module.clone(), class.name.clone());
        if let Some(name) = self.named.get(&key) {
            return Ok(reference(name));
        }
        let Some(kind) = self.kind(class, module, MAX_BASES)? else {
            return Ok(self.anything(&format!(
                "the class {} is no dataclass, TypedDict, NamedTuple, enum or pydantic model",
                super::super::shown(&class.name)
            )));
        };
        let name = self.free_name(&class.name);
        self.named.insert(key, name.clone());
        // A place for the class itself, which its fields may be of.
        self.definitions.insert(name.clone(), json!({}));
        let schema = match kind {
            Kind::Enum | Kind::TextEnum => self.enumeration(class, kind),
            _ => self.object(class, module, kind, depth)?,
        };
        self.definitions.insert(name.clone(), schema.into());
        Ok(reference(&name))
    }

    fn free_name(&self, name: &str) -> String {
        let names = std::iter::once(name.to_owned()).chain((2..).map(|number| format!("{name}_{number}")));
        let mut free = names.skip_while(|name| self.definitions.contains_key(name));
        free.next().unwrap_or_default()
    }

    fn kind(&mut self, class: &Class, module: &str, depth: usize) -> Result<Option<Kind>> {
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        if self.is_dataclass(class, module)? {
            return Ok(Some(Kind::Dataclass));
        }
        for base in &class.bases {
            let name = match base {
                Expression::Name(name) => name,
                Expression::Subscript(value, _) => match &**value {
                    Expression::Name(name) => name,
                    _ => continue,
                },
                _ => continue,
            };
            let kind = match self.package.meaning(module, name)? {
                Meaning::Outside(full) => match full.as_str() {
                    "typing.TypedDict" => Some(Kind::TypedDict),
                    "typing.NamedTuple" => Some(Kind::NamedTuple),
                    "pydantic.BaseModel" | "pydantic.main.BaseModel" => Some(Kind::Model),
                    "enum.Enum" | "enum.IntEnum" => Some(Kind::Enum),
                    "enum.StrEnum" => Some(Kind::TextEnum),
                    _ => None,
                },
                Meaning::Class(base, place) => self.kind(&base, &place, depth)?,
                _ => None,
            };
            if kind.is_some() {
                return Ok(kind);
            }
        }
        Ok(None)
    }

    fn is_dataclass(&mut self, class: &Class, module: &str) -> Result<bool> {
        for decorator in &class.decorators {
            let name = match decorator {
                Expression::Name(name) => name,
                Expression::Call(call) => &call.function,
                _ => continue,
            };
            let full = self.outside(module, name)?;
            if matches!(full.as_deref(), Some("dataclasses.dataclass" | "pydantic.dataclasses.dataclass")) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn enumeration(&mut self, class: &Class, kind: Kind) -> Schema {
        let is_text = kind == Kind::TextEnum;
        match members(class, is_text) {
            Some(members) if !members.is_empty() => {
                let (names, values): (Vec<_>, Vec<_>) = members.into_iter().unzip();
                let mut schema = enumeration(values);
                schema.insert("x-enum-names".to_owned(), names.into());
                schema.insert("title".to_owned(), class.name.as_str().into());
                describe(&mut schema, &Docstring::parse(&class.doc).summary);
                schema
            }
            _ => self.anything(&format!(
                "the values of the enum {} are known at run time only",
                super::super::shown(&class.name)
            )),
        }
    }

    fn object(&mut self, class: &Rc<Class>, module: &Rc<str>, kind: Kind, depth: usize) -> Result<Schema> {
        let mut chain = vec![(class.clone(), module.clone())];
        self.bases(class, module, MAX_BASES, &mut chain)?;
        if kind == Kind::Model && chain.iter().any(|(class, _)| renames_fields(class)) {
            return Ok(object(json!({"type": "object", "title": class.name})));
        }
        let mut all = Vec::<Property>::new();
        for (class, place) in chain.iter().rev() {
            // A subclass without the decorator adds no fields.
            if kind == Kind::Dataclass && !self.is_dataclass(class, place)? {
                continue;
            }
            let docs = Docstring::parse(&class.doc);
            for field in &class.fields {
                let Some(mut property) = self.property(class, place, field, kind, depth)? else { continue };
                describe(&mut property.schema, &field.doc);
                if let Some(said) = docs.parameters.get(&field.name) {
                    describe(&mut property.schema, said);
                }
                property.schema.entry("title").or_insert_with(|| title(&field.name).into());
                match all.iter_mut().find(|known| known.name == property.name) {
                    Some(known) => *known = property,
                    None => all.push(property),
                }
            }
        }
        let mut schema = object_of(all);
        let is_open = kind == Kind::Model && !chain.iter().any(|(class, _)| forbids_others(class));
        if !is_open {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
        schema.insert("title".to_owned(), class.name.as_str().into());
        describe(&mut schema, &Docstring::parse(&class.doc).summary);
        Ok(schema)
    }

    /// The bases of a class that the package defines, the nearest first.
    fn bases(
        &mut self,
        class: &Class,
        module: &str,
        depth: usize,
        chain: &mut Vec<(Rc<Class>, Rc<str>)>,
    ) -> Result<()> {
        let Some(depth) = depth.checked_sub(1) else { return Ok(()) };
        for base in class.bases.iter().rev() {
            let Expression::Name(name) = base else { continue };
            if let Meaning::Class(base, place) = self.package.meaning(module, name)?
                && chain.len() < MAX_BASES
            {
                chain.push((base.clone(), place.clone()));
                self.bases(&base, &place, depth, chain)?;
            }
        }
        Ok(())
    }

    fn property(
        &mut self,
        class: &Class,
        module: &Rc<str>,
        field: &Field,
        kind: Kind,
        depth: usize,
    ) -> Result<Option<Property>> {
        let Some(annotation) = &field.annotation else { return Ok(None) };
        let wrapper = self.wrapper(module, annotation)?;
        let is_hidden = kind == Kind::Model && (field.name.starts_with('_') || field.name == "model_config");
        if is_hidden || matches!(wrapper.as_deref(), Some("typing.ClassVar" | "dataclasses.KW_ONLY")) {
            return Ok(None);
        }
        let mut property = Property {
            name: field.name.clone(),
            schema: self.nested(module, annotation, depth)?,
            is_required: field.value.is_none(),
        };
        if kind == Kind::TypedDict {
            let is_total = !class.keywords.contains(&("total".to_owned(), Expression::Boolean(false)));
            property.is_required = match wrapper.as_deref() {
                Some("typing.Required") => true,
                Some("typing.NotRequired") => false,
                _ => is_total,
            };
            return Ok(Some(property));
        }
        if kind == Kind::Model {
            for call in field_calls(annotation) {
                model_field(&mut property, call);
            }
        }
        match &field.value {
            Some(Expression::Call(call)) if is_field(call, kind) => {
                if call.keyword("init") == Some(&Expression::Boolean(false)) {
                    return Ok(None);
                }
                if kind == Kind::Model {
                    constraint::add(&mut property.schema, &Expression::Call(call.clone()));
                    model_field(&mut property, call);
                }
                self.field_default(&mut property, module, call, kind)?;
            }
            Some(value) => {
                let value = self.default(module, value)?;
                set_default(&mut property, value, kind);
            }
            None => {}
        }
        Ok(Some(property))
    }

    /// The default that `field(…)` or `Field(…)` gives.
    fn field_default(
        &mut self,
        property: &mut Property,
        module: &Rc<str>,
        call: &Call,
        kind: Kind,
    ) -> Result<()> {
        let positional = call.arguments.first().filter(|_| kind == Kind::Model);
        let given = call.keyword("default").or(positional).filter(|value| **value != Expression::Ellipsis);
        let factory = call.keyword("default_factory");
        property.is_required = given.is_none() && factory.is_none();
        let value = match (given, factory) {
            (Some(given), _) => self.default(module, given)?,
            (None, Some(Expression::Name(name))) => match self.outside(module, name)?.as_deref() {
                Some("builtins.list" | "builtins.set" | "builtins.tuple") => Some(json!([])),
                Some("builtins.dict") => Some(json!({})),
                _ => None,
            },
            _ => None,
        };
        set_default(property, value, kind);
        Ok(())
    }

    /// The full name of what is outermost in an annotation.
    fn wrapper(&mut self, module: &Rc<str>, annotation: &Expression) -> Result<Option<String>> {
        match annotation {
            Expression::Name(name) => self.outside(module, name),
            Expression::Subscript(value, _) => match &**value {
                Expression::Name(name) => {
                    let full = self.outside(module, name)?;
                    let is_wrapper = full.as_deref().and_then(known);
                    let is_wrapper = matches!(is_wrapper, Some(Known::Transparent | Known::ClassVariable));
                    Ok(full.filter(|_| is_wrapper))
                }
                _ => Ok(None),
            },
            Expression::Text(text) => match Expression::quoted(text) {
                Expression::Text(_) => Ok(None),
                other => self.wrapper(module, &other),
            },
            _ => Ok(None),
        }
    }
}

fn reference(name: &str) -> Schema {
    object(json!({"$ref": format!("#/$defs/{name}")}))
}

fn object_of(properties: Vec<Property>) -> Schema {
    let required: Vec<&str> =
        properties.iter().filter(|property| property.is_required).map(|property| &*property.name).collect();
    let order: Vec<&str> = properties.iter().map(|property| &*property.name).collect();
    let mut schema = object(json!({"type": "object", "x-order": order}));
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    let properties = properties.into_iter().map(|property| (property.name, property.schema.into()));
    schema.insert("properties".to_owned(), Value::Object(properties.collect()));
    schema
}

/// `None` as a default makes a field optional for Python, whatever its type says; not for pydantic.
fn set_default(property: &mut Property, value: Option<Value>, kind: Kind) {
    match value {
        Some(Value::Null) if kind == Kind::Model => {}
        Some(Value::Null) => property.schema = with_null(std::mem::take(&mut property.schema)),
        Some(value) => drop(property.schema.insert("default".to_owned(), value)),
        None => {}
    }
}

/// The schema with `null` beside it, which is its default.
pub(super) fn with_null(mut schema: Schema) -> Schema {
    if schema.is_empty() {
        return object(json!({"default": null}));
    }
    let takes_null = constraint::takes(&schema, "null")
        || schema.get("anyOf").and_then(Value::as_array).is_some_and(|all| {
            all.iter().filter_map(Value::as_object).any(|one| constraint::takes(one, "null"))
        });
    if !takes_null {
        let description = schema.remove("description");
        schema = either(vec![schema, object(json!({"type": "null"}))]);
        schema.extend(description.map(|said| ("description".to_owned(), said)));
    }
    schema.insert("default".to_owned(), Value::Null);
    schema
}

fn is_field(call: &Call, kind: Kind) -> bool {
    let name = call.function.rsplit('.').next().unwrap_or_default();
    name == if kind == Kind::Model { "Field" } else { "field" }
        || (kind == Kind::Dataclass && name == "Field")
}

/// The `Field(…)` in an `Annotated[…]`.
fn field_calls(annotation: &Expression) -> impl Iterator<Item = &Call> {
    let parts = match annotation {
        Expression::Subscript(_, parts) => parts.as_slice(),
        _ => &[],
    };
    parts.iter().filter_map(|part| match part {
        Expression::Call(call) if is_field(call, Kind::Model) => Some(&**call),
        _ => None,
    })
}

/// A model may call its fields otherwise in JSON.
fn model_field(property: &mut Property, call: &Call) {
    let alias = call.keyword("validation_alias").or_else(|| call.keyword("alias"));
    if let Some(alias) = alias.and_then(Expression::as_text) {
        alias.clone_into(&mut property.name);
    }
    if call.keyword("default").is_some() || call.keyword("default_factory").is_some() {
        property.is_required = false;
    }
}

fn configuration(class: &Class) -> &[(String, Expression)] {
    let field = class.fields.iter().find(|field| field.name == "model_config");
    match field.and_then(|field| field.value.as_ref()) {
        Some(Expression::Call(call)) => &call.keywords,
        _ => &[],
    }
}

/// Whether the names of a model's fields in JSON can't be read.
fn renames_fields(class: &Class) -> bool {
    const OPTIONS: [&str; 4] =
        ["alias_generator", "populate_by_name", "validate_by_name", "validate_by_alias"];
    configuration(class).iter().chain(&class.keywords).any(|(name, _)| OPTIONS.contains(&name.as_str()))
}

fn forbids_others(class: &Class) -> bool {
    let mut options = configuration(class).iter().chain(&class.keywords);
    options.any(|(name, value)| name == "extra" && value.as_text() == Some("forbid"))
}

/// The members of an enum; `None` if a value is known at run time only.
fn members(class: &Class, is_text: bool) -> Option<Vec<(String, Value)>> {
    let mut last = 0;
    let mut members = Vec::new();
    for field in class.fields.iter().filter(|field| is_member(field)) {
        let value = match field.value.as_ref()? {
            Expression::Text(text) => Value::from(text.as_str()),
            Expression::Number(number) => Value::Number(number.clone()),
            Expression::Boolean(value) => Value::from(*value),
            Expression::Call(call) if call.function.rsplit('.').next() == Some("auto") && is_text => {
                Value::from(field.name.to_lowercase())
            }
            Expression::Call(call) if call.function.rsplit('.').next() == Some("auto") => {
                Value::from(last + 1)
            }
            _ => return None,
        };
        last = value.as_i64().unwrap_or(last);
        members.push((field.name.clone(), value));
    }
    Some(members)
}

fn is_member(field: &Field) -> bool {
    field.annotation.is_none() && !field.name.starts_with('_')
}

/// The value of a member of an enum.
pub(super) fn member_value(class: &Class, name: &str) -> Option<Value> {
    let is_text = class.bases.iter().any(|base| match base {
        Expression::Name(name) => name.rsplit('.').next() == Some("StrEnum"),
        _ => false,
    });
    members(class, is_text)?.into_iter().find(|(member, _)| member == name).map(|(_, value)| value)
}
