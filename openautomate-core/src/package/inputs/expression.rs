//! The expressions that annotations and defaults are made of; everything else is [`Expression::Other`].

use serde_json::Number;
use tree_sitter::Node;

use super::syntax::{children, fields, parse, string, text};

/// Deeper expressions are not looked at.
const MAX_DEPTH: usize = 40;
/// Of a union, a list or a call.
const MAX_PARTS: usize = 1_000;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expression {
    /// A name, with dots if there are any.
    Name(String),
    Text(String),
    Number(Number),
    Boolean(bool),
    None,
    Ellipsis,
    /// A list or a set.
    List(Vec<Self>),
    Tuple(Vec<Self>),
    Dict(Vec<(Self, Self)>),
    Subscript(Box<Self>, Vec<Self>),
    Call(Box<Call>),
    /// `a | b | c`
    Either(Vec<Self>),
    Other,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Call {
    /// With dots; empty if it is no plain name.
    pub(super) function: String,
    pub(super) arguments: Vec<Expression>,
    pub(super) keywords: Vec<(String, Expression)>,
}

impl Call {
    pub(super) fn keyword(&self, name: &str) -> Option<&Expression> {
        self.keywords.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

impl Expression {
    /// Reads an annotation that is written as text.
    pub(super) fn quoted(source: &str) -> Self {
        // In brackets it may go over several lines, as Python has it.
        let source = format!("({})", source.trim());
        let Some(tree) = parse(&source) else { return Self::Other };
        match children(tree.root_node()).as_slice() {
            [statement] if statement.kind() == "expression_statement" && !statement.has_error() => {
                children(*statement).first().map_or(Self::Other, |node| Self::read(*node, &source))
            }
            _ => Self::Other,
        }
    }

    pub(super) fn read(node: Node<'_>, source: &str) -> Self {
        read(node, source, MAX_DEPTH)
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

fn read(node: Node<'_>, source: &str, depth: usize) -> Expression {
    let Some(depth) = depth.checked_sub(1) else { return Expression::Other };
    let all = |nodes: Vec<Node<'_>>| -> Vec<Expression> {
        nodes.into_iter().take(MAX_PARTS).map(|node| read(node, source, depth)).collect()
    };
    match node.kind() {
        "type" | "parenthesized_expression" => {
            children(node).first().map_or(Expression::Other, |inner| read(*inner, source, depth))
        }
        "identifier" => Expression::Name(text(node, source).to_owned()),
        "attribute" | "member_type" => dotted(node, source, depth),
        "string" => string(node, source).map_or(Expression::Other, Expression::Text),
        "concatenated_string" => {
            let parts: Option<String> = children(node).into_iter().map(|part| string(part, source)).collect();
            parts.map_or(Expression::Other, Expression::Text)
        }
        "integer" => integer(text(node, source)),
        "float" => float(text(node, source)),
        "unary_operator" => negative(node, source, depth),
        "true" => Expression::Boolean(true),
        "false" => Expression::Boolean(false),
        "none" => Expression::None,
        "ellipsis" => Expression::Ellipsis,
        "list" | "set" => Expression::List(all(children(node))),
        "tuple" => Expression::Tuple(all(children(node))),
        "dictionary" => dictionary(node, source, depth),
        "subscript" => {
            let value = node.child_by_field_name("value");
            let value = value.map_or(Expression::Other, |value| read(value, source, depth));
            let mut parts = all(fields(node, "subscript"));
            if let [Expression::Tuple(inner)] = parts.as_mut_slice() {
                parts = std::mem::take(inner);
            }
            Expression::Subscript(Box::new(value), parts)
        }
        "generic_type" => {
            let parts = children(node);
            let [value, parameters] = parts.as_slice() else { return Expression::Other };
            Expression::Subscript(Box::new(read(*value, source, depth)), all(children(*parameters)))
        }
        "call" => call(node, source, depth),
        "binary_operator" | "union_type" => either(node, source, depth),
        _ => Expression::Other,
    }
}

fn dotted(node: Node<'_>, source: &str, depth: usize) -> Expression {
    match children(node).as_slice() {
        [object, name] => match read(*object, source, depth) {
            Expression::Name(object) => Expression::Name(format!("{object}.{}", text(*name, source))),
            _ => Expression::Other,
        },
        _ => Expression::Other,
    }
}

fn integer(text: &str) -> Expression {
    let digits = text.replace('_', "").to_ascii_lowercase();
    let radix = match digits.get(..2) {
        Some("0x") => 16,
        Some("0o") => 8,
        Some("0b") => 2,
        _ => 10,
    };
    let digits = if radix == 10 { &digits } else { &digits[2..] };
    u64::from_str_radix(digits, radix).map_or(Expression::Other, |value| Expression::Number(value.into()))
}

fn float(text: &str) -> Expression {
    let value = text.replace('_', "").parse::<f64>().ok().and_then(Number::from_f64);
    value.map_or(Expression::Other, Expression::Number)
}

fn negative(node: Node<'_>, source: &str, depth: usize) -> Expression {
    let sign = node.child_by_field_name("operator").map(|operator| text(operator, source));
    let argument = node.child_by_field_name("argument").map(|argument| read(argument, source, depth));
    match (sign, argument) {
        (Some("+"), Some(Expression::Number(number))) => Expression::Number(number),
        (Some("-"), Some(Expression::Number(number))) => {
            let whole = number.as_i64().and_then(i64::checked_neg).map(Number::from);
            let number =
                if number.is_f64() { number.as_f64().and_then(|n| Number::from_f64(-n)) } else { whole };
            number.map_or(Expression::Other, Expression::Number)
        }
        _ => Expression::Other,
    }
}

fn dictionary(node: Node<'_>, source: &str, depth: usize) -> Expression {
    let mut pairs = Vec::new();
    for pair in children(node).into_iter().take(MAX_PARTS) {
        let (Some(key), Some(value)) = (pair.child_by_field_name("key"), pair.child_by_field_name("value"))
        else {
            return Expression::Other;
        };
        pairs.push((read(key, source, depth), read(value, source, depth)));
    }
    Expression::Dict(pairs)
}

fn call(node: Node<'_>, source: &str, depth: usize) -> Expression {
    let function = node.child_by_field_name("function").map(|function| read(function, source, depth));
    let mut call = Call { function: String::new(), arguments: Vec::new(), keywords: Vec::new() };
    if let Some(Expression::Name(name)) = function {
        call.function = name;
    }
    let arguments = node.child_by_field_name("arguments").map(children).unwrap_or_default();
    for argument in arguments.into_iter().take(MAX_PARTS) {
        match (argument.child_by_field_name("name"), argument.child_by_field_name("value")) {
            (Some(name), Some(value)) if argument.kind() == "keyword_argument" => {
                call.keywords.push((text(name, source).to_owned(), read(value, source, depth)));
            }
            _ => call.arguments.push(read(argument, source, depth)),
        }
    }
    Expression::Call(Box::new(call))
}

/// A chain of `|` leans to the left and may be long, so it is followed in a loop.
fn either(node: Node<'_>, source: &str, depth: usize) -> Expression {
    let mut parts = Vec::new();
    let mut left = node;
    while matches!(left.kind(), "binary_operator" | "union_type") && parts.len() < MAX_PARTS {
        let operator = left.child_by_field_name("operator").map_or("|", |operator| text(operator, source));
        let sides = children(left);
        let ([first, second], "|") = (sides.as_slice(), operator) else { return Expression::Other };
        parts.push(read(*second, source, depth));
        left = inner(*first);
    }
    parts.push(read(left, source, depth));
    parts.reverse();
    Expression::Either(parts)
}

/// The expression of a `type` node.
fn inner(node: Node<'_>) -> Node<'_> {
    match children(node).as_slice() {
        [only] if node.kind() == "type" => *only,
        _ => node,
    }
}
