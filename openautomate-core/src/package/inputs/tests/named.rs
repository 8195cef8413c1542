//! Names across the modules of a package.

use serde_json::{Value, json};

use super::read_package;

const MODEL: &str =
    "import dataclasses as dc\n@dc.dataclass\nclass Invoice:\n    total: float\nLimit = int\n";

fn input(files: &[(&str, &str)], entrypoint: &str) -> Value {
    let signature = read_package(files, entrypoint).unwrap();
    let mut schema = signature.schema.unwrap_or_else(|| panic!("{files:?}: {:?}", signature.notices));
    let mut input = schema["properties"]["x"].take();
    input.as_object_mut().unwrap().remove("title");
    input
}

#[test]
fn classes_of_other_modules_are_found() {
    for (import, annotation) in [
        ("from shop.model import Invoice", "Invoice"),
        ("from shop.model import Invoice as I", "I"),
        ("from .model import Invoice", "Invoice"),
        ("from . import model", "model.Invoice"),
        ("import shop.model", "shop.model.Invoice"),
        ("import shop.model as m", "m.Invoice"),
        ("from shop import model as m", "m.Invoice"),
        ("from .model import *", "Invoice"),
        ("from shop import Invoice", "Invoice"),
        ("from .deep.down import Invoice", "Invoice"),
        (
            "try:\n    from .model import Invoice\nexcept ImportError:\n    from shop.model import Invoice",
            "Invoice",
        ),
    ] {
        let main = format!("{import}\ndef run(x: {annotation}): ...");
        for root in ["", "src/"] {
            let paths = ["__init__", "model", "main", "deep/__init__", "deep/down"];
            let paths = paths.map(|path| format!("{root}shop/{path}.py"));
            let texts = ["from .model import Invoice", MODEL, &main, "", "from ..model import Invoice"];
            let files: Vec<_> = paths.iter().map(String::as_str).zip(texts).collect();
            assert_eq!(input(&files, "shop.main:run"), json!({"$ref": "#/$defs/Invoice"}), "{main}");
        }
    }
}

#[test]
fn the_entry_function_may_come_from_elsewhere() {
    let files = [
        ("main.py", "from shop.job import run as go\nrun = go"),
        ("shop/job.py", "from .model import Limit\ndef run(x: Limit): ..."),
        ("shop/__init__.py", ""),
        ("shop/model.py", MODEL),
    ];
    assert_eq!(input(&files, "main:run"), json!({"type": "integer"}));
}

#[test]
fn classes_of_the_same_name_are_told_apart() {
    let files = [
        ("main.py", "import a, b\ndef run(x: tuple[a.Item, b.Item]): ..."),
        ("a.py", "from typing import TypedDict\nclass Item(TypedDict):\n    a: int"),
        ("b.py", "from typing import TypedDict\nclass Item(TypedDict):\n    b: int"),
    ];
    let items = json!([{"$ref": "#/$defs/Item"}, {"$ref": "#/$defs/Item_2"}]);
    assert_eq!(input(&files, "main:run")["prefixItems"], items);
}

#[test]
fn a_module_of_the_package_goes_before_pythons() {
    let files =
        [("main.py", "from datetime import date\ndef run(x: date): ..."), ("datetime.py", "date = int")];
    assert_eq!(input(&files, "main:run"), json!({"type": "integer"}));
}

#[test]
fn circles_end() {
    let files = [
        ("main.py", "from a import X\nfrom a import *\ndef run(x: X, y: Z): ..."),
        ("a.py", "from b import X\nfrom b import *"),
        ("b.py", "from a import X\nfrom a import *"),
    ];
    assert_eq!(input(&files, "main:run"), json!({}));
}
