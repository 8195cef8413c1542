//! A package from its publishing to its run: what the schema takes, the interpreter takes, and the other way round.

use std::io::{Cursor, Write as _};

use openautomate_core::conformance::runner::play::Play;
use openautomate_core::conformance::runner::typed::{FILES, inputs};
use openautomate_core::domain::RunStatus;
use openautomate_core::package::archive::{Archive, Limits};
use openautomate_core::package::inputs::check::check;
use serde_json::{Value, json};

use super::Native;
use openautomate_core::conformance::runner::RunnerFixture as _;

const PYPROJECT: &str =
    "[project]\nname = \"shop\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"shop.main:run\"\n";

/// The schema that publishing gives the package.
fn schema() -> Value {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in FILES.iter().chain(&[("pyproject.toml", PYPROJECT)]) {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let checked = Archive::check(zip.finish().unwrap(), &Limits::default()).unwrap();
    assert_eq!(checked.manifest.notices, [""; 0]);
    checked.manifest.inputs.unwrap()
}

#[tokio::test]
async fn wrong_inputs_are_refused_by_the_schema_and_by_the_run() {
    let (schema, native) = (schema(), Native::open().await);
    check(Some(&schema), inputs().as_object().unwrap()).unwrap();
    for (field, wrong) in [
        ("text", json!(1)),
        ("whole", json!(1.5)),
        ("number", json!("x")),
        ("flag", json!(1)),
        ("day", json!("31.1.2026")),
        ("moment", json!("yesterday")),
        ("clock", json!("8 h")),
        ("key", json!("x")),
        ("price", json!("NaN")),
        ("file", json!(1)),
        ("colour", json!("b")),
        ("mode", json!("slow")),
        ("maybe", json!("x")),
        ("either", json!("x")),
        ("either.due", json!({"due": 1})),
        ("days[1]", json!(["2026-01-31", "x"])),
        ("pair", json!([1])),
        ("some[0]", json!(["x"])),
        ("prices.a", json!({"a": "x"})),
        ("invoice.due", json!({})),
        (
            "invoice.lines[0].parent.amount",
            json!({"due": "2026-01-31", "lines": [{"amount": 1, "parent": {}}]}),
        ),
        ("invoice.tax", json!({"due": "2026-01-31", "tax": 1})),
        ("point.x", json!({})),
        ("person.born", json!({"born": 1})),
        ("noted", json!(null)),
        ("login", json!(1)),
    ] {
        let name = field.split(['.', '[']).next().unwrap();
        let mut inputs = inputs();
        inputs[name] = wrong;
        let refused = check(Some(&schema), inputs.as_object().unwrap()).unwrap_err();
        assert_eq!(refused.field(), Some(format!("inputs.{field}").as_str()), "{refused}");
        let mut play = Play::of(FILES).inputs(&inputs);
        play.job.entrypoint = "shop.main:run".to_owned();
        let ended = play.run(&native).await;
        ended.expect(RunStatus::Failed);
        let said = format!("the input {field} ");
        assert!(ended.error().message.starts_with(&said), "{field}: {:?}", ended.error());
    }
}
