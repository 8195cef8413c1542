//! The defaults that JSON can say.

use std::rc::Rc;

use serde_json::{Value, json};

use super::builder::Builder;
use super::class::member_value;
use super::expression::{Call, Expression};
use super::resolve::Meaning;
use crate::error::Result;

/// Of lists in lists, and of names that stand for names.
const MAX_DEPTH: usize = 8;

impl Builder<'_> {
    /// The value of an expression in a module; `None` if it is known at run time only.
    pub(super) fn default(&mut self, module: &Rc<str>, expression: &Expression) -> Result<Option<Value>> {
        self.value(module, expression, MAX_DEPTH)
    }

    fn value(&mut self, module: &Rc<str>, expression: &Expression, depth: usize) -> Result<Option<Value>> {
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        Ok(match expression {
            Expression::None => Some(Value::Null),
            Expression::Boolean(value) => Some((*value).into()),
            Expression::Number(number) => Some(Value::Number(number.clone())),
            Expression::Text(text) => Some(text.as_str().into()),
            Expression::List(items) | Expression::Tuple(items) => {
                let mut values = Vec::new();
                for item in items {
                    let Some(value) = self.value(module, item, depth)? else { return Ok(None) };
                    values.push(value);
                }
                Some(values.into())
            }
            Expression::Dict(pairs) => {
                let mut values = serde_json::Map::new();
                for (key, value) in pairs {
                    let (Some(key), Some(value)) = (key.as_text(), self.value(module, value, depth)?) else {
                        return Ok(None);
                    };
                    values.insert(key.to_owned(), value);
                }
                Some(values.into())
            }
            Expression::Name(name) => match self.package.meaning(module, name)? {
                Meaning::Member(class, member) => {
                    let member = member.strip_suffix(".value").unwrap_or(&member);
                    member_value(&class, member)
                }
                Meaning::Value(value, place) => self.value(&place, &value, depth)?,
                _ => None,
            },
            Expression::Call(call) => self.made(module, call)?,
            _ => None,
        })
    }

    /// Dates, decimals and empty containers.
    fn made(&mut self, module: &Rc<str>, call: &Call) -> Result<Option<Value>> {
        let full = self.outside(module, &call.function)?;
        let numbers: Option<Vec<u32>> = call.arguments.iter().map(small).collect();
        Ok(match (full.as_deref(), call.arguments.as_slice(), numbers.as_deref()) {
            _ if !call.keywords.is_empty() => None,
            (Some("datetime.date"), _, Some([year, month, day])) => {
                let year = i32::try_from(*year).ok();
                let date = year.and_then(|year| chrono::NaiveDate::from_ymd_opt(year, *month, *day));
                date.map(|date| date.format("%Y-%m-%d").to_string().into())
            }
            (Some("datetime.time"), _, Some([hour, minute])) => {
                chrono::NaiveTime::from_hms_opt(*hour, *minute, 0).map(|time| time.to_string().into())
            }
            (Some("decimal.Decimal"), [Expression::Text(text)], _) => Some(text.as_str().into()),
            (Some("decimal.Decimal"), [Expression::Number(number)], _) => Some(number.to_string().into()),
            (Some("builtins.dict"), [], _) => Some(json!({})),
            (Some("builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.frozenset"), [], _) => {
                Some(json!([]))
            }
            _ => None,
        })
    }
}

fn small(expression: &Expression) -> Option<u32> {
    match expression {
        Expression::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        _ => None,
    }
}
