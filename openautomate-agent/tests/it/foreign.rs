//! Packages that were not made for OpenAutomate, run as they are: the examples in `examples/foreign`.

use std::path::{Path, PathBuf};

use openautomate_agent::local::LocalEvent;
use openautomate_core::domain::RunStatus;
use serde_json::json;

use super::local::{Desk, Ran};

pub(crate) fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/foreign").join(name)
}

#[tokio::test]
async fn a_script_finds_the_files_beside_it_and_does_not_change_them() {
    let desk = Desk::new(&[]);
    let ran = desk.run_of(&example("script")).await.unwrap();
    assert_eq!(ran.result.status, RunStatus::Succeeded, "{:?}", ran.result.error);
    let expected = ["3 regions in report.py", "north: 1300.00", "south: 830.00", "west: 410.25"];
    assert_eq!(ran.texts(), expected);
    assert!(!example("script").join("report.txt").exists());
}

#[tokio::test]
async fn the_exit_code_of_a_script_is_its_end() {
    let desk = Desk::new(&[("job.py", "import sys\nopen('made.txt', 'w').write('x')\nsys.exit(3)")]);
    let ran = desk.run().await;
    assert_eq!((ran.result.status, ran.result.exit_code), (RunStatus::Failed, Some(3)));
    assert!(!desk.package().join("made.txt").exists());
}

fn artifacts(ran: &Ran) -> Vec<&str> {
    let names = ran.events.iter().filter_map(|event| match event {
        LocalEvent::Artifact { name, .. } => Some(name.as_str()),
        _ => None,
    });
    names.collect()
}

#[tokio::test]
async fn a_robot_turns_inputs_into_work_items_and_files() {
    let orders = json!([{"article": "pens", "count": 3}, {"article": "ink", "count": 0},
        {"article": "paper", "count": 2}]);
    let mut desk = Desk::new(&[]).with(json!({"orders": orders}));
    let kept = desk.folder.path().join("kept");
    desk.options.artifacts = Some(kept.clone());
    let ran = desk.run_of(&example("robocorp")).await.unwrap();
    assert_eq!(ran.result.status, RunStatus::Succeeded, "{:?}\n{:?}", ran.result.error, ran.texts());
    let items = json!([{"article": "pens", "count": 3}, {"article": "paper", "count": 2}]);
    assert_eq!(ran.result.outputs["workItems"], items);
    let texts = ran.texts();
    assert!(texts.contains(&"order of 3 x pens"), "{texts:?}");
    assert!(texts.contains(&"refused: 0 pieces of ink can't be delivered"), "{texts:?}");
    let refused = std::fs::read_to_string(kept.join("refused.csv")).unwrap();
    assert_eq!(refused.lines().collect::<Vec<_>>(), ["article,count", "ink,0"]);
    let names = artifacts(&ran);
    assert!(names.contains(&"shots-1.txt") && names.contains(&"log.html"), "{names:?}");
    assert!(!example("robocorp").join("output").exists(), "the robot's folder was changed");
}

#[tokio::test]
async fn the_input_task_chooses_and_the_others_are_its_arguments() {
    let inputs = json!({"task": "Check order", "article": "ink", "count": 2});
    let ran = Desk::new(&[]).with(inputs).run_of(&example("robocorp")).await.unwrap();
    assert_eq!(ran.result.status, RunStatus::Succeeded, "{:?}", ran.result.error);
    assert_eq!(serde_json::Value::from(ran.result.outputs), json!({"article": "ink", "ok": true}));
    let wrong = Desk::new(&[]).with(json!({"task": "Dance"}));
    let error = wrong.run_of(&example("robocorp")).await.unwrap().result.error.unwrap();
    assert_eq!(error.kind, "InputError");
    assert!(error.message.contains("Split orders, Check order"), "{}", error.message);
}

#[tokio::test]
async fn the_exception_of_a_task_is_that_of_the_run() {
    let inputs = json!({"task": "Check order", "article": "ink", "count": 0});
    let ran = Desk::new(&[]).with(inputs).run_of(&example("robocorp")).await.unwrap();
    assert_eq!((ran.result.status, ran.result.exit_code), (RunStatus::Failed, Some(1)));
    let error = ran.result.error.clone().unwrap();
    assert_eq!(error.kind, "OrderError");
    assert_eq!(error.message, "0 pieces of ink can't be delivered");
    let frames: Vec<_> = error.frames.iter().map(|f| (f.file.as_str(), f.function.as_str())).collect();
    assert_eq!(frames, [("tasks.py", "check_order"), ("libraries/orders.py", "check")]);
    assert!(artifacts(&ran).contains(&"log.html"), "a failed robot leaves its files too");
}

#[tokio::test]
async fn other_commands_of_a_robot_run_as_python_runs_them() {
    let robot = "tasks:\n  Script:\n    shell: python job.py --fast 'two words'\n  Module:\n    command: [python, -m, pack.tool, x]\n  \
                 Missing:\n    shell: python none.py\n";
    let show = "import sys, os\nprint(sys.argv[1:], __name__, os.path.basename(os.getcwd()) == os.path.basename(os.environ['ROBOT_ROOT']))";
    let files = [
        ("robot.yaml", robot),
        ("job.py", show),
        ("pack/__init__.py", ""),
        ("pack/tool.py", &format!("{show}\nsys.exit(4)")),
    ];
    let ran = Desk::new(&files).run().await;
    assert_eq!(ran.texts(), ["['--fast', 'two words'] __main__ True"]);
    let ran = Desk::new(&files).with(json!({"task": "Module"})).run().await;
    assert_eq!((ran.texts(), ran.result.exit_code), (vec!["['x'] __main__ True"], Some(4)));
    let error = Desk::new(&files).with(json!({"task": "Missing"})).run().await.result.error.unwrap();
    assert_eq!(error.kind, "EntrypointError");
}

#[tokio::test]
async fn a_cancel_reaches_a_task() {
    let tasks = "import time\nfrom robocorp.tasks import task\n@task\ndef slow():\n    print('go')\n    time.sleep(60)";
    let desk = Desk::new(&[
        ("robot.yaml", "tasks: {Run: {shell: python -m robocorp.tasks run}}"),
        ("tasks.py", tasks),
    ]);
    let cancel = desk.options.cancel.clone();
    let package = desk.package();
    let running =
        openautomate_agent::local::run(&package, serde_json::Map::new(), desk.options.clone(), |event| {
            if matches!(&event, LocalEvent::Line(line) if line.text == "go") {
                cancel.cancel();
            }
        });
    let began = std::time::Instant::now();
    assert_eq!(running.await.unwrap().status, RunStatus::Cancelled);
    assert!(began.elapsed() < std::time::Duration::from_secs(9), "it was killed after its grace");
}

#[tokio::test]
async fn a_secret_is_not_in_the_log_that_robocorp_writes() {
    let tasks = "import openautomate\nfrom robocorp.tasks import task\n@task\ndef read():\n    key = openautomate.secret('key')\n    \
                 print('got', key)\n    raise ValueError('no use')";
    let mut desk = Desk::new(&[
        ("robot.yaml", "tasks: {Run: {shell: python -m robocorp.tasks run}}"),
        ("tasks.py", tasks),
    ]);
    let kept = desk.folder.path().join("kept");
    desk.options.artifacts = Some(kept.clone());
    desk.options.assets = std::sync::Arc::new(|_| Some("open-sesame".to_owned().into()));
    let ran = desk.run().await;
    assert!(ran.texts().contains(&"got ***"), "{:?}", ran.texts());
    assert_eq!(ran.result.error.unwrap().message, "no use");
    let text = String::from_utf8(std::fs::read(kept.join("output.robolog")).unwrap()).unwrap();
    assert!(text.contains("no use") && !text.contains("open-sesame"), "{text}");
}
