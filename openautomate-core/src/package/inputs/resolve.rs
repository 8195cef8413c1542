//! Finding what a name stands for, across the modules of the package.

use std::collections::HashMap;
use std::rc::Rc;

use super::expression::Expression;
use super::module::{Binding, Class, Function, Module};
use super::syntax::parse;
use crate::error::Result;
use crate::package::entrypoint::Entrypoint;
use crate::package::foreign::Files;

/// How many modules of a package are read.
const MAX_MODULES: usize = 64;
/// The bytes of one source; larger ones are written by programs.
const MAX_SOURCE_BYTES: u64 = 1024 * 1024;
/// The bytes of all sources that are read.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// From a name over imports and aliases to what it stands for.
const MAX_HOPS: usize = 16;
const MAX_STARS: usize = 16;

/// The modules of a package, read when they are asked for.
pub(super) struct Package<'f> {
    files: &'f mut dyn Files,
    modules: HashMap<String, Option<Rc<Module>>>,
    modules_left: usize,
    bytes_left: usize,
}

/// What a name stands for in the end.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    /// Something that the package does not define, by its full name, as in `datetime.date`.
    Outside(String),
    /// A class, and the module that it is in.
    Class(Rc<Class>, Rc<str>),
    /// A member of a class.
    Member(Rc<Class>, String),
    Function(Rc<Function>, Rc<str>),
    /// A value or an alias of a type, and the module that it is in.
    Value(Rc<Expression>, Rc<str>),
    /// It can't be told, and why.
    Unclear(&'static str),
}

impl<'f> Package<'f> {
    pub(super) fn new(files: &'f mut dyn Files) -> Self {
        Self { files, modules: HashMap::new(), modules_left: MAX_MODULES, bytes_left: MAX_BYTES }
    }

    /// What `name`, with dots or without, stands for in a module.
    ///
    /// # Errors
    /// `Internal` if a file can't be read.
    pub(super) fn meaning(&mut self, module: &str, name: &str) -> Result<Meaning> {
        let (mut module, mut name) = (module.to_owned(), name.to_owned());
        for _ in 0..MAX_HOPS {
            let (first, rest) =
                name.split_once('.').map_or((&*name, None), |(first, rest)| (first, Some(rest)));
            let Some(binding) = self.binding(&module, first)? else {
                return Ok(Meaning::Outside(format!("builtins.{name}")));
            };
            let here: Rc<str> = module.as_str().into();
            match (binding, rest) {
                (Binding::Unclear(why), _) => return Ok(Meaning::Unclear(why)),
                (Binding::Class(class), None) => return Ok(Meaning::Class(class, here)),
                (Binding::Class(class), Some(member)) => {
                    return Ok(Meaning::Member(class, member.to_owned()));
                }
                (Binding::Function(function), None) => return Ok(Meaning::Function(function, here)),
                (Binding::Function(_), Some(_)) => return Ok(Meaning::Unclear("is no type")),
                (Binding::Value(value), rest) => match (&*value, rest) {
                    (Expression::Name(other), rest) => {
                        name = rest.map_or_else(|| other.clone(), |rest| format!("{other}.{rest}"));
                    }
                    (_, None) => return Ok(Meaning::Value(value, here)),
                    (_, Some(_)) => return Ok(Meaning::Unclear("can be told at run time only")),
                },
                (Binding::Import(target), rest) => {
                    let full = rest.map_or_else(|| target.clone(), |rest| format!("{target}.{rest}"));
                    match self.within(&full)? {
                        Some(place) => (module, name) = place,
                        None => return Ok(Meaning::Outside(full)),
                    }
                }
            }
        }
        Ok(Meaning::Unclear("is imported in a circle"))
    }

    /// The module of the package and the name in it that a full name means, if it means one.
    fn within(&mut self, full: &str) -> Result<Option<(String, String)>> {
        let dots: Vec<usize> = full.match_indices('.').map(|(at, _)| at).collect();
        for at in dots.into_iter().rev().take(MAX_HOPS) {
            if self.module(&full[..at])?.is_some() {
                return Ok(Some((full[..at].to_owned(), full[at + 1..].to_owned())));
            }
        }
        Ok(None)
    }

    fn binding(&mut self, module: &str, name: &str) -> Result<Option<Binding>> {
        let mut open = vec![module.to_owned()];
        let mut seen = 0;
        while let Some(next) = open.pop() {
            let Some(found) = self.module(&next)? else { continue };
            if let Some(binding) = found.bindings.get(name) {
                return Ok(Some(binding.clone()));
            }
            seen += 1;
            if seen > MAX_STARS {
                break;
            }
            open.extend(found.stars.iter().take(MAX_STARS).cloned());
        }
        Ok(None)
    }

    fn module(&mut self, name: &str) -> Result<Option<Rc<Module>>> {
        if let Some(known) = self.modules.get(name) {
            return Ok(known.clone());
        }
        let module = self.load(name)?.map(Rc::new);
        // A name that leads nowhere is remembered too, but text from outside must not fill the memory with them.
        if self.modules.len() < MAX_MODULES * 64 {
            self.modules.insert(name.to_owned(), module.clone());
        }
        Ok(module)
    }

    fn load(&mut self, name: &str) -> Result<Option<Module>> {
        if self.modules_left == 0 {
            return Ok(None);
        }
        let entrypoint = Entrypoint::Function { module: name.to_owned(), function: String::new() };
        for path in entrypoint.candidates() {
            let bytes = match self.files.bytes(&path, MAX_SOURCE_BYTES.min(self.bytes_left as u64)) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => continue,
                // Too large to be looked into.
                Err(error) if error.code() == "package.too_large" => return Ok(None),
                Err(error) => return Err(error),
            };
            self.modules_left -= 1;
            self.bytes_left = self.bytes_left.saturating_sub(bytes.len());
            let source = String::from_utf8_lossy(&bytes);
            let source = source.strip_prefix('\u{feff}').unwrap_or(&source);
            let is_package = path.ends_with("/__init__.py");
            let package =
                if is_package { name } else { name.rsplit_once('.').map_or("", |(above, _)| above) };
            return Ok(parse(source).map(|tree| Module::read(tree.root_node(), source, package)));
        }
        Ok(None)
    }
}
