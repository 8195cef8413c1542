//! Where a Python package begins: `module:function` or `script.py`, and whether the archive has it.
//!
//! The source is scanned, never executed: the scan knows strings, comments, brackets and indentation, which
//! is enough to tell the names that a module binds from those inside its functions.

use super::foreign::ROBOT;
use super::shown;
use crate::error::{Error, Result};

/// The largest source file that is scanned for the entry function, in bytes.
pub const MAX_SOURCE_BYTES: u64 = 4 * 1024 * 1024;

const MAX_LENGTH: usize = 200;

/// Where a Python package begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entrypoint {
    /// A function of a module, as in `invoices.main:run`.
    Function {
        /// The dotted name of the module.
        module: String,
        /// The name of the function.
        function: String,
    },
    /// A script, as in `main.py` or `jobs/nightly.py`, by its path in the archive.
    Script {
        /// The path with `/`.
        path: String,
    },
    /// A robot: its `robot.yaml` names the tasks.
    Robot,
}

impl Entrypoint {
    /// Reads `module:function`, `script.py` or `robot.yaml`.
    ///
    /// # Errors
    /// `Invalid` with `package.entrypoint`.
    pub fn parse(text: &str) -> Result<Self> {
        let refused = || {
            Error::invalid(
                "package.entrypoint",
                format!(
                    "the entry point {} is neither \"module:function\" nor \"script.py\"; correct \
                     tool.openautomate.entrypoint in pyproject.toml",
                    shown(text)
                ),
            )
        };
        if text == ROBOT {
            return Ok(Self::Robot);
        }
        if text.len() > MAX_LENGTH {
            return Err(refused());
        }
        if let Some((module, function)) = text.split_once(':') {
            if is_identifier(function) && module.split('.').all(is_identifier) {
                return Ok(Self::Function { module: module.to_owned(), function: function.to_owned() });
            }
            return Err(refused());
        }
        let is_path = text.split('/').all(|part| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && !part.chars().any(|c| c.is_control() || c == '\\')
        });
        if is_path && text.ends_with(".py") && !text.ends_with("/.py") && text != ".py" {
            return Ok(Self::Script { path: text.to_owned() });
        }
        Err(refused())
    }

    /// The paths in the archive that may hold it, the one that Python takes first being first: at the top
    /// before `src`, a package before a module.
    #[must_use]
    pub fn candidates(&self) -> Vec<String> {
        match self {
            Self::Script { path } => vec![path.clone()],
            Self::Robot => vec![ROBOT.to_owned()],
            Self::Function { module, .. } => {
                let path = module.replace('.', "/");
                ["", "src/"]
                    .into_iter()
                    .flat_map(|root| [format!("{root}{path}/__init__.py"), format!("{root}{path}.py")])
                    .collect()
            }
        }
    }

    /// Checks that the source of the module binds the function; a script needs nothing.
    ///
    /// A `from x import *` or a module `__getattr__` may bring any name and is believed.
    ///
    /// # Errors
    /// `Invalid` with `package.entrypoint`.
    pub fn check_source(&self, path: &str, source: &str) -> Result<()> {
        let Self::Function { function, .. } = self else { return Ok(()) };
        if binds(source, function) {
            return Ok(());
        }
        Err(Error::invalid(
            "package.entrypoint",
            format!(
                "{} has no function {} at its top level; define it, or correct tool.openautomate.entrypoint \
                 in pyproject.toml",
                shown(path),
                shown(function)
            ),
        ))
    }
}

fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c == '_' || c.is_alphabetic())
        && characters.all(|c| c == '_' || c.is_alphanumeric())
}

/// Whether the module binds `name` outside of its functions and classes.
fn binds(source: &str, name: &str) -> bool {
    let mut inside = None::<usize>;
    statements(source).iter().any(|statement| {
        if inside.is_some_and(|outer| statement.indent > outer) {
            return false;
        }
        inside = None;
        let tokens: Vec<&str> = statement.tokens.iter().map(String::as_str).collect();
        if matches!(tokens.as_slice(), ["def" | "class", ..] | ["async", "def", ..]) {
            inside = Some(statement.indent);
            return tokens.windows(2).take(2).any(|pair| {
                matches!(pair[0], "def" | "class") && (pair[1] == name || pair[1] == "__getattr__")
            });
        }
        binds_by_import(&tokens, name) || binds_by_assignment(&tokens, name)
    })
}

fn binds_by_import(tokens: &[&str], name: &str) -> bool {
    let Some(at) = tokens.iter().position(|token| *token == "import") else {
        return tokens.windows(2).any(|pair| pair == ["as", name]);
    };
    let names = &tokens[at + 1..];
    names.contains(&"*")
        || names.iter().enumerate().any(|(index, token)| {
            *token == name && names.get(index + 1) != Some(&"as") && (index == 0 || names[index - 1] != ".")
        })
}

/// Whether `name` stands left of a `=` or `:=`, with no bracket but that of a tuple open between.
fn binds_by_assignment(tokens: &[&str], name: &str) -> bool {
    let mut depth = 0_usize;
    let mut last_equals = None;
    for (index, token) in tokens.iter().enumerate() {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            "=" if depth == 0 => last_equals = Some(index),
            _ => {}
        }
    }
    let is_target = |index: usize| tokens[index] == name && (index == 0 || tokens[index - 1] != ".");
    let assigned = last_equals.is_some_and(|end| {
        (0..end).any(|index| is_target(index) && !matches!(tokens[index + 1], "." | "[" | "("))
    });
    assigned || tokens.windows(2).any(|pair| pair == [name, ":="])
}

struct Statement {
    indent: usize,
    tokens: Vec<String>,
}

/// The logical lines of a source, without strings and comments.
fn statements(source: &str) -> Vec<Statement> {
    let source = source.strip_prefix('\u{feff}').unwrap_or(source);
    let text: Vec<char> = source.chars().collect();
    let mut all = Vec::new();
    let (mut at, mut depth, mut fresh) = (0, 0_usize, true);
    let mut current = Statement { indent: 0, tokens: Vec::new() };
    while let Some(&character) = text.get(at) {
        match character {
            ' ' if fresh => current.indent += 1,
            '\t' if fresh => current.indent = (current.indent / 8 + 1) * 8,
            '#' => {
                while text.get(at + 1).is_some_and(|c| *c != '\n') {
                    at += 1;
                }
            }
            '\\' if text.get(at + 1) == Some(&'\n') => at += 1,
            '\\' if text.get(at + 1) == Some(&'\r') && text.get(at + 2) == Some(&'\n') => at += 2,
            '\n' | ';' if depth == 0 => {
                let indent = if character == ';' { current.indent } else { 0 };
                all.push(std::mem::replace(&mut current, Statement { indent, tokens: Vec::new() }));
                fresh = character == '\n';
            }
            '"' | '\'' => {
                at = end_of_string(&text, at);
                fresh = false;
            }
            c if c.is_whitespace() => {}
            c if c == '_' || c.is_alphanumeric() => {
                let end = (at..text.len()).find(|&i| text[i] != '_' && !text[i].is_alphanumeric());
                let end = end.unwrap_or(text.len());
                // The `r`, `f`, `b` before a string is no name; taking it for one does no harm.
                current.tokens.push(text[at..end].iter().collect());
                at = end - 1;
                fresh = false;
            }
            c => {
                match c {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                let pair: String = text[at..].iter().take(2).collect();
                let is_pair = matches!(pair.as_str(), "==" | "!=" | "<=" | ">=" | ":=" | "->");
                at += usize::from(is_pair);
                current.tokens.push(if is_pair { pair } else { c.to_string() });
                fresh = false;
            }
        }
        at += 1;
    }
    all.push(current);
    all.retain(|statement| !statement.tokens.is_empty());
    all
}

/// The index of the last character of the string that begins at `start`.
fn end_of_string(text: &[char], start: usize) -> usize {
    let quote = text[start];
    let is_triple = text.get(start + 1) == Some(&quote) && text.get(start + 2) == Some(&quote);
    let mut at = start + if is_triple { 3 } else { 1 };
    while let Some(&character) = text.get(at) {
        if character == '\\' {
            at += 1;
        } else if is_triple {
            if text[at..].len() >= 3 && text[at..at + 3].iter().all(|c| *c == quote) {
                return at + 2;
            }
        } else if character == quote {
            return at;
        } else if character == '\n' {
            // Not closed: let the line end, so that one slip does not swallow the file.
            return at - 1;
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_are_read() {
        let function = Entrypoint::parse("a.b:run").unwrap();
        assert_eq!(function.candidates(), ["a/b/__init__.py", "a/b.py", "src/a/b/__init__.py", "src/a/b.py"]);
        assert_eq!(Entrypoint::parse("jobs/n.py").unwrap().candidates(), ["jobs/n.py"]);
        assert!(Entrypoint::parse("größe:führe_aus").is_ok());
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "", ":", "a:", ":b", "a:b:c", "a.b", "a..b:c", "1a:b", "a:b()", "a:b.c", "../x.py", "/x.py",
            "a//x.py", "x.PY.txt", ".py", "a/.py", "a\\x.py", "a b:c", "a\n.py", "./x.py",
        ] {
            assert_eq!(Entrypoint::parse(text).unwrap_err().code(), "package.entrypoint", "{text:?}");
        }
        assert!(Entrypoint::parse(&format!("{}.py", "x".repeat(300))).is_err());
    }

    #[test]
    fn bound_names_are_found() {
        for source in [
            "def run(): pass",
            "async def run():\n    pass",
            "async   def\trun (x): ...",
            "@task\ndef run(\n    a, b,\n): pass",
            "class run: pass",
            "from x import run",
            "from x import (\n    other,\n    run,\n)",
            "from x import go as run",
            "from x import *",
            "import run",
            "run = lambda: 1",
            "run: Callable = other",
            "go = run = other",
            "run, go = a, b",
            "(run, go) = a, b",
            "if sys.version_info > (3, 12):\n    def run(): pass\nelse:\n    run = None",
            "try:\n    from fast import run\nexcept ImportError:\n    pass",
            "def __getattr__(name): ...",
            "x = 1; run = 2",
            "\u{feff}def run(): pass",
            "'''doc'''\r\ndef run():\r\n    pass\r\n",
            "x = f\"{a['b']}\"\ndef run(): pass",
            "x = 'it''s' # don't\ndef run(): pass",
            "x = 1 + \\\n  2\ndef run(): pass",
            "broken = 'abc\ndef run(): pass",
            "def other():\n    pass\n\nrun = other",
        ] {
            assert!(binds(source, "run"), "{source}");
        }
    }

    #[test]
    fn names_inside_or_quoted_are_not() {
        for source in [
            "",
            "def runner(): pass",
            "def other():\n    def run(): pass",
            "class A:\n    def run(self): pass",
            "class A:\n    x = 1\n\n    run = x",
            "'''\ndef run(): pass\n'''",
            "\"\"\"\nrun = 1\n\"\"\"",
            "# def run(): pass",
            "from x import run as go",
            "import x.run",
            "from run import x",
            "x = run",
            "x.run = 1",
            "run[0] = 1",
            "run.x = 1",
            "run == 1",
            "run()",
            "other(run=1)",
            "x = {\n'run': 1,\n}",
            "def other(\nrun=1): pass",
        ] {
            assert!(!binds(source, "run"), "{source}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_scanned(source in "[a-z =:.,'\"\\\\#\n\t(){}é]{0,200}") {
            binds(&source, "run");
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,40}") {
            let _ = Entrypoint::parse(&text);
        }
    }
}
