//! Sources that mean harm: none panics, and none takes long or much.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::read_package;
use crate::package::inputs::MAX_SCHEMA_BYTES;

fn survives(source: &str) -> Vec<String> {
    match read_package(&[("main.py", source)], "main:run") {
        Ok(signature) => {
            let size = signature.schema.map_or(0, |schema| schema.to_string().len());
            assert!(size <= MAX_SCHEMA_BYTES, "{size}");
            signature.notices
        }
        Err(error) => {
            assert_eq!(error.code(), "package.entrypoint");
            Vec::new()
        }
    }
}

#[test]
fn deep_and_wide_sources_end() {
    let deep = 20_000;
    let (open, close) = ("[".repeat(deep), "]".repeat(deep));
    for source in [
        format!("def run(x: {open}{close}): ..."),
        format!("def run(x={open}): ..."),
        format!("def run(x: {}int{}): ...", "list[".repeat(deep), "]".repeat(deep)),
        format!("def run(x: int{}): ...", " | int".repeat(deep)),
        format!("def run(x={}1): ...", "-".repeat(deep)),
        format!("def run(x: {}a): ...", "a.".repeat(deep)),
        format!("def run(x: {}): ...", "'\"".repeat(deep)),
        format!("{}def run(x): ...", "if a:\n".repeat(1_000)),
        format!("@{}\ndef run(x): ...", "(".repeat(deep)),
        "def run(x: ".repeat(10_000),
        "def )( : @ \n".repeat(20_000),
        "class X(X): ...\ndef run(x: X): ...".to_owned(),
        format!(
            "def run({}): ...",
            (0..20_000).fold(String::new(), |mut all, n| {
                write!(all, "a{n}: int, ").unwrap();
                all
            })
        ),
    ] {
        survives(&source);
    }
}

#[test]
fn types_that_multiply_are_given_up() {
    let mut source = "T0 = int\n".to_owned();
    for level in 1..30 {
        let below = level - 1;
        writeln!(source, "T{level} = tuple[T{below}, T{below}, T{below}]").unwrap();
    }
    source.push_str("def run(x: T29): ...");
    assert!(survives(&source).iter().any(|notice| notice.contains("too large")));
    let long = format!("def run(x={:?}): ...", "x".repeat(MAX_SCHEMA_BYTES));
    assert!(survives(&long).iter().any(|notice| notice.contains("too large")));
    let pattern = "from typing import Annotated\nfrom pydantic import Field\n\
                   def run(x: Annotated[str, Field(pattern='(a{1000}){1000}')]): ...";
    survives(pattern);
}

proptest! {
    #[test]
    fn any_text_is_survived(source in "(def run\\()?[a-z:=,.|*/@\\[\\](){}'\"\\\\\n\t 0-9éX]{0,300}") {
        survives(&source);
    }

    #[test]
    fn any_mix_of_python_is_survived(parts in prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..60)) {
        survives(&parts.concat());
    }
}

const PARTS: &[&str] = &[
    "def run(",
    "x",
    ": ",
    "int",
    " = ",
    "X",
    "class X",
    "(",
    ")",
    ":\n",
    "    ",
    "@dataclass\n",
    "list[",
    "]",
    " | ",
    "None",
    "'",
    "\"\"\"",
    "\n",
    ", ",
    "*",
    "**",
    "/",
    "from a import ",
    "from . import ",
    "import ",
    "as ",
    "X = ",
    "type X = ",
    "TypedDict",
    "enum.Enum",
    "Literal[",
    "Annotated[",
    "Field(ge=1)",
    "-1",
    "1e9",
    "\\",
    "{",
    "}",
    "if TYPE_CHECKING:\n",
    "try:\n",
    "else:\n",
    "lambda: ",
    "f'{x}'",
    "b''",
    "...",
    "Args:\n",
    ":param x: ",
    "é",
];
