//! Evidence of a failure, where the package asks for it.

use openautomate_core::domain::RunStatus;
use serde_json::{Value, json};

use super::local::Desk;

const MANIFEST: &str =
    "[project]\nname = \"job\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main:run\"\n";

const SOURCE: &str = "
import shop
class Driver:
    def get_screenshot_as_png(self):
        return b'\\x89PNG the shop'
class Broken:
    def get_screenshot_as_png(self):
        raise OSError('the browser is gone\\nopen-sesame')
    def __repr__(self):
        raise AssertionError('nobody shall ask')
def run(how):
    driver = Driver() if how != 'broken' else Broken()
    if how == 'exit':
        raise SystemExit(3)
    shop.buy('open-sesame', driver, 3 if how != 'well' else 1)
    return 'bought'
";

const SHOP: &str = "
import json
def buy(password, page, count):
    total, basket = 2.5 * count, {'password': password}
    if count > 1:
        json.loads('{')
";

async fn run(evidence: bool, how: &str) -> (super::local::Ran, std::path::PathBuf, Desk) {
    let manifest = if evidence { format!("{MANIFEST}evidence = true\n") } else { MANIFEST.to_owned() };
    let files = [("pyproject.toml", manifest.as_str()), ("main.py", SOURCE), ("shop.py", SHOP)];
    let mut desk = Desk::new(&files).with(json!({"how": how}));
    let kept = desk.folder.path().join("kept");
    desk.options.artifacts = Some(kept.clone());
    (desk.run().await, kept, desk)
}

fn evidence(kept: &std::path::Path) -> Value {
    let text = std::fs::read_to_string(kept.join("evidence.json")).unwrap();
    assert!(!text.contains("sesame"), "a value is told: {text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn a_failure_leaves_a_picture_and_the_names_of_its_variables() {
    let (ran, kept, _desk) = run(true, "fail").await;
    assert_eq!(ran.result.error.unwrap().kind, "JSONDecodeError");
    let told = evidence(&kept);
    assert_eq!(told["kind"], "JSONDecodeError");
    assert_eq!(
        told["frame"],
        json!({"file": "shop.py", "line": 6, "function": "buy"}),
        "its own code, not that of json"
    );
    let variable = |name: &str, kind: &str| json!({"name": name, "type": kind});
    let expected = [
        variable("password", "str"),
        variable("page", "main.Driver"),
        variable("count", "int"),
        variable("total", "float"),
        variable("basket", "dict"),
    ];
    assert_eq!(told["locals"], json!(expected));
    assert_eq!(told["screenshot"], "failure.png");
    assert_eq!(std::fs::read(kept.join("failure.png")).unwrap(), b"\x89PNG the shop");
}

#[tokio::test]
async fn a_picture_that_can_not_be_had_takes_nothing_else_away() {
    let (ran, kept, _desk) = run(true, "broken").await;
    assert_eq!(ran.result.error.unwrap().kind, "JSONDecodeError");
    let told = evidence(&kept);
    assert_eq!((&told["screenshot"], &told["frame"]["function"]), (&Value::Null, &json!("buy")));
    assert_eq!(told["noScreenshot"], "OSError", "its text may hold anything");
    let (ran, kept, _desk) = run(true, "exit").await;
    assert_eq!(ran.result.exit_code, Some(3));
    assert_eq!(evidence(&kept)["kind"], "SystemExit");
}

#[tokio::test]
async fn without_the_setting_or_a_failure_there_is_none() {
    let (ran, kept, _desk) = run(false, "fail").await;
    assert_eq!(ran.result.status, RunStatus::Failed);
    assert!(!kept.exists());
    let (ran, kept, _desk) = run(true, "well").await;
    assert_eq!(ran.result.status, RunStatus::Succeeded);
    assert!(!kept.exists());
}
