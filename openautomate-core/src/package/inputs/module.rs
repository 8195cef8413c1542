//! What a module binds at its top level, as far as signatures need it.

use std::collections::HashMap;
use std::rc::Rc;

use tree_sitter::Node;

use super::expression::Expression;
use super::syntax::{children, fields, string, text};

/// How many `if`, `try` and `with` around a definition are looked into.
const MAX_DEPTH: usize = 8;
/// Of fields, parameters or names of one import.
const MAX_PARTS: usize = 1_000;

/// The bindings of a module.
#[derive(Debug, Default)]
pub(super) struct Module {
    pub(super) bindings: HashMap<String, Binding>,
    /// The modules of which all names are imported.
    pub(super) stars: Vec<String>,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Binding {
    Function(Rc<Function>),
    Class(Rc<Class>),
    /// Something of another module, by its absolute dotted name, or the module itself.
    Import(String),
    Value(Rc<Expression>),
    /// It can't be told; for whom to say why.
    Unclear(&'static str),
}

#[derive(Debug, PartialEq)]
pub(super) struct Function {
    pub(super) parameters: Vec<Parameter>,
    pub(super) doc: String,
    pub(super) decorators: Vec<Expression>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) kind: ParameterKind,
    pub(super) annotation: Option<Expression>,
    pub(super) default: Option<Expression>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ParameterKind {
    /// Before a `/`.
    PositionalOnly,
    Named,
    /// `*args`
    Positionals,
    /// `**kwargs`
    Keywords,
}

#[derive(Debug, PartialEq)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) bases: Vec<Expression>,
    pub(super) keywords: Vec<(String, Expression)>,
    pub(super) decorators: Vec<Expression>,
    pub(super) fields: Vec<Field>,
    pub(super) doc: String,
}

/// An assignment in the body of a class.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) annotation: Option<Expression>,
    pub(super) value: Option<Expression>,
    /// The string that stands below it.
    pub(super) doc: String,
}

impl Module {
    /// Reads a module. `package` is the dotted name that its relative imports begin at.
    pub(super) fn read(root: Node<'_>, source: &str, package: &str) -> Self {
        let mut module = Self::default();
        Reader { source, package, module: &mut module }.statements(root, Certainty::Plain, MAX_DEPTH);
        module
    }

    fn bind(&mut self, name: &str, binding: Binding, certainty: Certainty) {
        match (certainty, self.bindings.get(name)) {
            (Certainty::TypeChecking, Some(_)) => {}
            (Certainty::TypeChecking, None) => {
                let why = "is imported for type checkers only; import it outside of if TYPE_CHECKING";
                self.bindings.insert(name.to_owned(), Binding::Unclear(why));
            }
            (Certainty::Conditional, Some(known)) if *known != binding => {
                self.bindings.insert(name.to_owned(), Binding::Unclear("is defined in more than one way"));
            }
            _ => {
                self.bindings.insert(name.to_owned(), binding);
            }
        }
    }
}

/// Whether a definition is sure to be the one that a run finds.
#[derive(Clone, Copy)]
enum Certainty {
    Plain,
    Conditional,
    TypeChecking,
}

struct Reader<'s, 'm> {
    source: &'s str,
    package: &'s str,
    module: &'m mut Module,
}

impl<'s> Reader<'s, '_> {
    fn statements(&mut self, node: Node<'_>, certainty: Certainty, depth: usize) {
        let Some(depth) = depth.checked_sub(1) else { return };
        for statement in children(node) {
            self.statement(statement, certainty, depth);
        }
    }

    fn statement(&mut self, node: Node<'_>, certainty: Certainty, depth: usize) {
        match node.kind() {
            "function_definition" | "class_definition" => self.definition(node, Vec::new(), certainty),
            "decorated_definition" => {
                let decorators = children(node).into_iter().filter(|child| child.kind() == "decorator");
                let decorators = decorators
                    .filter_map(|decorator| children(decorator).first().copied())
                    .map(|decorator| Expression::read(decorator, self.source))
                    .collect();
                if let Some(definition) = node.child_by_field_name("definition") {
                    self.definition(definition, decorators, certainty);
                }
            }
            "import_statement" => self.import(node, certainty),
            "import_from_statement" => self.import_from(node, certainty),
            "expression_statement" => {
                if let Some(assignment) = children(node).first().filter(|child| child.kind() == "assignment")
                {
                    self.assignment(*assignment, certainty);
                }
            }
            "type_alias_statement" => self.type_alias(node, certainty),
            "if_statement" => {
                let condition = node.child_by_field_name("condition").map(|node| text(node, self.source));
                let typing = matches!(condition, Some("TYPE_CHECKING" | "typing.TYPE_CHECKING"));
                for part in children(node) {
                    let is_body = Some(part) == node.child_by_field_name("consequence");
                    let certainty = match (typing, is_body) {
                        (true, true) => Certainty::TypeChecking,
                        (true, false) => certainty,
                        (false, _) => worse(certainty),
                    };
                    self.branch(part, certainty, depth);
                }
            }
            "try_statement" => {
                children(node).into_iter().for_each(|part| self.branch(part, worse(certainty), depth));
            }
            "with_statement" => {
                children(node).into_iter().for_each(|part| self.branch(part, certainty, depth));
            }
            _ => {}
        }
    }

    /// A block, or a clause that has one.
    fn branch(&mut self, node: Node<'_>, certainty: Certainty, depth: usize) {
        match node.kind() {
            "block" => self.statements(node, certainty, depth),
            "elif_clause" | "else_clause" | "except_clause" | "except_group_clause" | "finally_clause" => {
                for block in children(node).into_iter().filter(|child| child.kind() == "block") {
                    self.statements(block, certainty, depth);
                }
            }
            _ => {}
        }
    }

    fn definition(&mut self, node: Node<'_>, decorators: Vec<Expression>, certainty: Certainty) {
        let Some(name) = node.child_by_field_name("name").map(|name| text(name, self.source)) else { return };
        let binding = if node.kind() == "class_definition" {
            Binding::Class(Rc::new(class(node, self.source, name, decorators)))
        } else {
            let parameters = node.child_by_field_name("parameters");
            Binding::Function(Rc::new(Function {
                parameters: parameters.map(|node| self::parameters(node, self.source)).unwrap_or_default(),
                doc: doc(node, self.source),
                decorators,
            }))
        };
        self.module.bind(name, binding, certainty);
    }

    fn import(&mut self, node: Node<'_>, certainty: Certainty) {
        for name in fields(node, "name").into_iter().take(MAX_PARTS) {
            let (path, alias) = self.imported(name);
            let first = path.split('.').next().unwrap_or_default();
            let (bound, target) = alias.map_or((first, first), |alias| (alias, path));
            let target = Binding::Import(canonical(target));
            self.module.bind(bound, target, certainty);
        }
    }

    fn import_from(&mut self, node: Node<'_>, certainty: Certainty) {
        let Some(from) = node.child_by_field_name("module_name").and_then(|node| self.absolute(node)) else {
            return;
        };
        if children(node).iter().any(|child| child.kind() == "wildcard_import") {
            self.module.stars.push(from);
            return;
        }
        for name in fields(node, "name").into_iter().take(MAX_PARTS) {
            let (path, alias) = self.imported(name);
            let target = Binding::Import(canonical(&format!("{from}.{path}")));
            self.module.bind(alias.unwrap_or(path), target, certainty);
        }
    }

    /// What is imported, and the name it is given.
    fn imported(&self, node: Node<'_>) -> (&'s str, Option<&'s str>) {
        match (node.child_by_field_name("name"), node.child_by_field_name("alias")) {
            (Some(name), Some(alias)) if node.kind() == "aliased_import" => {
                (text(name, self.source), Some(text(alias, self.source)))
            }
            _ => (text(node, self.source), None),
        }
    }

    /// The dotted name of a module that an import begins at; `None` if it would lie above the package.
    fn absolute(&self, node: Node<'_>) -> Option<String> {
        let path = text(node, self.source).replace([' ', '\t'], "");
        let relative = path.trim_start_matches('.');
        let dots = path.len() - relative.len();
        if dots == 0 {
            return Some(path);
        }
        let mut base: Vec<&str> = self.package.split('.').filter(|part| !part.is_empty()).collect();
        for _ in 1..dots {
            base.pop()?;
        }
        base.extend(relative.split('.').filter(|part| !part.is_empty()));
        Some(base.join("."))
    }

    fn assignment(&mut self, node: Node<'_>, certainty: Certainty) {
        let Some((name, right)) = node.child_by_field_name("left").zip(node.child_by_field_name("right"))
        else {
            return;
        };
        if name.kind() == "identifier" {
            let value = Binding::Value(Rc::new(Expression::read(right, self.source)));
            self.module.bind(text(name, self.source), value, certainty);
        }
    }

    fn type_alias(&mut self, node: Node<'_>, certainty: Certainty) {
        let Some((left, right)) = node.child_by_field_name("left").zip(node.child_by_field_name("right"))
        else {
            return;
        };
        if let Expression::Name(name) = Expression::read(left, self.source) {
            let value = Binding::Value(Rc::new(Expression::read(right, self.source)));
            self.module.bind(&name, value, certainty);
        }
    }
}

const fn worse(certainty: Certainty) -> Certainty {
    match certainty {
        Certainty::TypeChecking => Certainty::TypeChecking,
        _ => Certainty::Conditional,
    }
}

/// The backports of `typing` count as `typing` itself.
fn canonical(path: &str) -> String {
    match path.strip_prefix("typing_extensions") {
        Some(rest) if rest.is_empty() || rest.starts_with('.') => format!("typing{rest}"),
        _ => path.to_owned(),
    }
}

fn parameters(node: Node<'_>, source: &str) -> Vec<Parameter> {
    let mut all = Vec::<Parameter>::new();
    for part in children(node).into_iter().take(MAX_PARTS) {
        if part.kind() == "positional_separator" {
            all.iter_mut().for_each(|parameter| parameter.kind = ParameterKind::PositionalOnly);
            continue;
        }
        all.extend(parameter(part, source));
    }
    all
}

fn parameter(node: Node<'_>, source: &str) -> Option<Parameter> {
    let annotation = node.child_by_field_name("type").map(|node| Expression::read(node, source));
    let default = node.child_by_field_name("value").map(|node| Expression::read(node, source));
    let name = match node.kind() {
        "identifier" | "list_splat_pattern" | "dictionary_splat_pattern" => node,
        "typed_parameter" => *children(node).first()?,
        "default_parameter" | "typed_default_parameter" => node.child_by_field_name("name")?,
        _ => return None,
    };
    let kind = match name.kind() {
        "identifier" => ParameterKind::Named,
        "list_splat_pattern" => ParameterKind::Positionals,
        "dictionary_splat_pattern" => ParameterKind::Keywords,
        _ => return None,
    };
    let name = text(name, source).trim_start_matches('*').trim().to_owned();
    Some(Parameter { name, kind, annotation, default })
}

fn class(node: Node<'_>, source: &str, name: &str, decorators: Vec<Expression>) -> Class {
    let mut class = Class {
        name: name.to_owned(),
        bases: Vec::new(),
        keywords: Vec::new(),
        decorators,
        fields: Vec::new(),
        doc: doc(node, source),
    };
    for base in node.child_by_field_name("superclasses").map(children).unwrap_or_default() {
        match (base.child_by_field_name("name"), base.child_by_field_name("value")) {
            (Some(name), Some(value)) if base.kind() == "keyword_argument" => {
                class.keywords.push((text(name, source).to_owned(), Expression::read(value, source)));
            }
            _ => class.bases.push(Expression::read(base, source)),
        }
    }
    let body = node.child_by_field_name("body").map(children).unwrap_or_default();
    let mut is_below_field = false;
    for statement in body {
        let inner =
            children(statement).first().copied().filter(|_| statement.kind() == "expression_statement");
        match inner.map(|inner| (inner.kind(), inner)) {
            Some(("assignment", inner)) if class.fields.len() < MAX_PARTS => {
                let field = field(inner, source);
                is_below_field = field.is_some();
                class.fields.extend(field);
            }
            Some(("string", inner)) if is_below_field => {
                if let (Some(field), Some(said)) = (class.fields.last_mut(), string(inner, source)) {
                    field.doc = said;
                }
                is_below_field = false;
            }
            _ => is_below_field = false,
        }
    }
    class
}

fn field(node: Node<'_>, source: &str) -> Option<Field> {
    let name = node.child_by_field_name("left").filter(|left| left.kind() == "identifier")?;
    Some(Field {
        name: text(name, source).to_owned(),
        annotation: node.child_by_field_name("type").map(|node| Expression::read(node, source)),
        value: node.child_by_field_name("right").map(|node| Expression::read(node, source)),
        doc: String::new(),
    })
}

/// The docstring of a function or a class.
fn doc(node: Node<'_>, source: &str) -> String {
    let first = node.child_by_field_name("body").and_then(|body| children(body).first().copied());
    let said = first.filter(|first| first.kind() == "expression_statement");
    let said = said.and_then(|statement| children(statement).first().copied());
    let said = said.filter(|said| said.kind() == "string").and_then(|said| string(said, source));
    said.unwrap_or_default()
}
