//! What packages mean that were not made for OpenAutomate, as archives, the way they come.

use std::io::Cursor;

use proptest::prelude::*;
use semver::Version;

use super::*;
use crate::package::archive::{Archive, Checked, Limits, pack};
use crate::package::manifest::Manifest;

fn checked(files: &[(&str, &str)]) -> Result<Checked> {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), files);
    Archive::check(Cursor::new(pack(folder.path()).unwrap()), &Limits::default())
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn manifest(files: &[(&str, &str)]) -> Manifest {
    checked(files).unwrap().manifest
}

fn refusal(files: &[(&str, &str)]) -> String {
    let error = checked(files).unwrap_err();
    assert_eq!(error.code(), "package.manifest", "{error}");
    error.message().to_owned()
}

const ROBOT_YAML: &str = "
tasks:
  Produce:
    shell: python -m robocorp.tasks run tasks.py -t \"produce\"
  A second one:
    command: [python3, -u, -m, robocorp.tasks, run, tasks.py]
  Old:
    robotTaskName: Do it
environmentConfigs:
  - environment_linux_amd64_freeze.yaml
  - conda.yaml
artifactsDir: ./output/
PATH: [., bin]
PYTHONPATH: [., libraries]
ignoreFiles: [.gitignore]
";

const CONDA: &str = "
channels: [conda-forge]
dependencies:
  - conda-forge::python=3.10.12
  - pip=23.2.1
  - nodejs=16.14.2
  - pip:
      - robocorp==1.4.0   # the framework
      - pandas[excel]>=2; python_version > '3.9'
      - --no-cache-dir
rccPostInstall:
  - rfbrowser init
";

#[test]
fn a_robot_names_its_tasks_and_its_environment() {
    let files = [
        ("robot.yaml", ROBOT_YAML),
        ("conda.yaml", CONDA),
        ("environment_linux_amd64_freeze.yaml", "dependencies: [python=3.9]"),
        ("tasks.py", "x = 1"),
    ];
    let Checked { manifest, .. } = checked(&files).unwrap();
    let notices = &manifest.notices;
    assert_eq!(manifest.entrypoint.as_deref(), Some("robot.yaml"));
    assert_eq!((manifest.runtime.as_str(), manifest.python.as_deref()), ("python", Some("3.10")));
    assert_eq!(manifest.dependencies, ["robocorp==1.4.0", "pandas[excel]>=2; python_version > '3.9'"]);
    assert!(manifest.runs_in_package);
    let robot = manifest.robot.clone().unwrap();
    assert_eq!(robot.tasks[0].name, "Produce");
    assert_eq!(robot.tasks[0].arguments, ["-m", "robocorp.tasks", "run", "tasks.py", "-t", "produce"]);
    assert_eq!(robot.tasks[1].arguments, ["-m", "robocorp.tasks", "run", "tasks.py"]);
    assert_eq!(robot.tasks[2].arguments[..2], ["-m", "robot"]);
    assert_eq!(robot.tasks[2].arguments[9..], ["Do it", "."]);
    assert_eq!(
        (robot.artifacts.as_str(), robot.path.as_slice()),
        ("output", ["", "bin"].map(str::to_owned).as_slice())
    );
    assert_eq!(robot.python_path, ["", "libraries"]);
    assert!(notices.iter().any(|notice| notice.contains("nodejs")), "{notices:?}");
    assert!(notices.iter().any(|notice| notice.contains("--no-cache-dir")), "{notices:?}");
    let told: Robot = serde_json::from_str(&manifest.run_env()[ROBOT_VARIABLE]).unwrap();
    assert_eq!(told, *robot);
    let json = serde_json::to_value(&manifest).unwrap();
    assert_eq!(serde_json::from_value::<Manifest>(json).unwrap(), manifest);
}

#[test]
fn a_package_yaml_is_read_too() {
    let package = "
name: my-robot
description: Does it
version: 0.1.2
dependencies:
  conda-forge: [python=3.11.9, uv=0.4.17]
  pypi:
    - robocorp=2.1.1
    - requests>=2
    - pinned==1.0
  local-wheels: [wheels/a.whl]
";
    let robot = "tasks:\n  Run:\n    shell: python task.py --fast\nenvironmentConfigs: [package.yaml]\n";
    let Checked { manifest, .. } =
        checked(&[("robot.yaml", robot), ("package.yaml", package), ("task.py", "")]).unwrap();
    let notices = &manifest.notices;
    assert_eq!((manifest.name.as_deref(), manifest.version), (Some("my-robot"), Some(Version::new(0, 1, 2))));
    assert_eq!((manifest.description.as_str(), manifest.python.as_deref()), ("Does it", Some("3.11")));
    assert_eq!(manifest.dependencies, ["robocorp==2.1.1", "requests>=2", "pinned==1.0"]);
    assert_eq!(manifest.robot.unwrap().tasks[0].arguments, ["task.py", "--fast"]);
    assert_eq!(notices.len(), 1, "{notices:?}");
}

#[test]
fn a_pyproject_of_other_tools_does_not_hide_a_robot_and_settings_add_to_it() {
    let robot = ("robot.yaml", "tasks: {Run: {shell: python -m robocorp.tasks run}}");
    let other = manifest(&[robot, ("pyproject.toml", "[tool.robocorp.log]\nlog_filter_rules = []")]);
    assert_eq!(other.entrypoint.as_deref(), Some("robot.yaml"));
    let set = "[project]\nversion = \"2.0.0\"\n[tool.openautomate]\ntimeout = \"1m\"";
    let set = manifest(&[robot, ("pyproject.toml", set)]);
    assert_eq!((set.version, set.timeout.unwrap().as_secs()), (Some(Version::new(2, 0, 0)), 60));
    assert!(set.robot.is_some() && set.runs_in_package);
    let own = "[tool.openautomate]\nentrypoint = \"main.py\"";
    let own = manifest(&[("robot.yaml", "not: [a robot"), ("pyproject.toml", own), ("main.py", "")]);
    assert_eq!((own.entrypoint.as_deref(), own.robot), (Some("main.py"), None));
}

#[test]
fn robots_that_can_not_run_here_are_refused_with_the_reason() {
    let task = |task: &str| format!("tasks:\n  Run:\n    {task}\n");
    for (text, part) in [
        ("tasks: {}".to_owned(), "names 0 tasks"),
        ("devTasks: {}".to_owned(), "names 0 tasks"),
        (task("shell: python -m robocorp.tasks run | tee x"), "shell"),
        (task("shell: python -m robocorp.tasks run $X"), "shell"),
        (task("shell: bash run.sh"), "does not start python"),
        (task("shell: pythonish run.py"), "does not start python"),
        (task("shell: python -c 'print(1)'"), "neither a module"),
        (task("shell: python"), "neither a module"),
        (task("shell: \"python 'x.py\""), "quote"),
        (task("documentation: none"), "one of shell"),
        (task("shell: python x.py\n    command: [python, x.py]"), "one of shell"),
        (task("shell: python x.py") + "artifactsDir: ../out", "artifactsDir"),
        (task("shell: python x.py") + "artifactsDir: /tmp", "artifactsDir"),
        (task("shell: python x.py") + "artifactsDir: .", "artifactsDir"),
        (task("shell: python x.py") + "artifactsDir: 'C:\\out'", "artifactsDir"),
        (task("shell: python x.py") + "PYTHONPATH: [a/../../b]", "PYTHONPATH"),
        ("tasks:\n  Run: [".to_owned(), "line"),
        (
            task(&format!("command: [python, x.py, {}]", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', ".repeat(101))),
            "too long",
        ),
    ] {
        let message = refusal(&[("robot.yaml", &text)]);
        assert!(message.contains(part), "{text}: {message}");
    }
}

#[test]
fn yaml_bombs_end_quickly_and_values_stay_out_of_errors() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        bomb.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    let began = std::time::Instant::now();
    let in_robot = format!("{bomb}tasks: {{Run: {{command: *a11}}}}");
    refusal(&[("robot.yaml", &in_robot)]);
    let conda = format!("{bomb}dependencies: [{{pip: *a11}}]");
    refusal(&[("robot.yaml", "tasks: {Run: {shell: python x.py}}"), ("conda.yaml", &conda)]);
    refusal(&[("robot.yaml", &format!("tasks: {}", "[".repeat(5_000)))]);
    refusal(&[("robot.yaml", &format!("tasks: {}1", "? ".repeat(5_000)))]);
    let many: String = (0..30_000).map(|n| format!("k{n}: 1\n")).collect();
    refusal(&[("robot.yaml", &many[..200_000])]);
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    for bad in [
        "tasks: {Run: {shell: [hunter2]}}",
        "tasks: hunter2",
        "tasks: {Run: {shell: x}, Run: {shell: hunter2}}",
    ] {
        let error = checked(&[("robot.yaml", bad)]).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn an_anchor_or_two_are_fine() {
    let text = "x: &run {shell: python a.py}\ntasks: {One: *run, Two: *run}";
    assert_eq!(manifest(&[("robot.yaml", text)]).robot.unwrap().tasks.len(), 2);
}

#[test]
fn a_bot_of_the_template_is_known() {
    let files = [
        ("bot.py", "print(1)"),
        ("helper.py", ""),
        ("main.py", ""),
        ("framework/base_bot.py", ""),
        ("bot.json", r#"{"name": "Invoice Bot", "description": "Reads", "version": "1.2.3"}"#),
        (
            "requirements.txt",
            "# base\nrequests>=2.25  # web\n\n-r more.txt\n--index-url https://x/simple\npandas \\\n  ==2.1 --hash=sha256:ab\n",
        ),
    ];
    let Checked { manifest, .. } = checked(&files).unwrap();
    let notices = &manifest.notices;
    assert_eq!(manifest.entrypoint.as_deref(), Some("bot.py"));
    assert_eq!((manifest.name, manifest.version), (None, Some(Version::new(1, 2, 3))));
    assert_eq!((manifest.description.as_str(), manifest.runs_in_package), ("Reads", true));
    assert_eq!(manifest.dependencies, ["requests>=2.25", "pandas   ==2.1"]);
    assert_eq!(notices.len(), 2, "{notices:?}");
    let bare = super::tests::manifest(&[("bot.py", ""), ("helper.py", "")]);
    assert_eq!(bare.entrypoint.as_deref(), Some("bot.py"));
    let script = super::tests::manifest(&[("bot.py", ""), ("main.py", "")]);
    assert_eq!(script.entrypoint.as_deref(), Some("main.py"));
    assert!(refusal(&[("bot.py", ""), ("bot.json", "{\"name\": \"hunter2\"")]).contains("bot.json"));
}

#[test]
fn the_metadata_of_a_script_is_heeded() {
    let source = "#!/usr/bin/env python\n# /// script\n# requires-python = \">=3.10\"\n# dependencies = [\n#   \"requests<3\",\n#\n# ]\n\
                  # [tool.openautomate]\n# timeout = \"5m\"\n# retries = 2\n# ///\nimport requests\n";
    let manifest = manifest(&[("job.py", source)]);
    assert_eq!((manifest.entrypoint.as_deref(), manifest.runs_in_package), (Some("job.py"), true));
    assert_eq!((manifest.requires_python.as_deref(), manifest.retries), (Some(">=3.10"), 2));
    assert_eq!(
        (manifest.dependencies.as_slice(), manifest.timeout.unwrap().as_secs()),
        (["requests<3".to_owned()].as_slice(), 300)
    );
    let with_crlf = super::tests::manifest(&[("main.py", &source.replace('\n', "\r\n"))]);
    assert_eq!(with_crlf.dependencies, ["requests<3"]);
    let plain = super::tests::manifest(&[("main.py", "# /// script\n# no end\nx = 1\n# ///")]);
    assert!(plain.dependencies.is_empty());
    let other = super::tests::manifest(&[("main.py", "# /// other\n# dependencies = [\"x\"]\n# ///")]);
    assert!(other.dependencies.is_empty());
}

#[test]
fn metadata_that_is_no_good_is_refused_and_named() {
    for (block, part) in [
        ("# dependencies = [", "no TOML"),
        ("# dependencies = [\"\"]", "job.py"),
        ("# dependencies = \"hunter2\"", "job.py"),
        ("# [tool.openautomate]\n# retries = 1000", "job.py"),
    ] {
        let message = refusal(&[("job.py", &format!("# /// script\n{block}\n# ///\n"))]);
        assert!(message.contains(part) && !message.contains("hunter2"), "{message}");
    }
    let twice = "# /// script\n# dependencies = []\n# ///\nx = 1\n";
    assert!(refusal(&[("job.py", &twice.repeat(2))]).contains("twice"));
}

#[test]
fn the_same_is_found_in_an_unpacked_folder() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), &[("robot.yaml", ROBOT_YAML), ("conda.yaml", CONDA), ("tasks.py", "")]);
    let found = Found::in_folder(folder.path()).unwrap();
    assert_eq!((found.dependencies.len(), found.python.as_deref()), (2, Some("3.10")));
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(Found::in_folder(empty.path()).unwrap(), Found::default());
    let big = tempfile::tempdir().unwrap();
    write(big.path(), &[("robot.yaml", &"x".repeat(300_000))]);
    assert_eq!(Found::in_folder(big.path()).unwrap_err().code(), "package.too_large");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[a-z:\\[\\]{}&*!|>'\"#?, \n-]{0,300}") {
        let _ = checked(&[("robot.yaml", &text)]);
        let _ = checked(&[("robot.yaml", "tasks: {Run: {shell: python x.py}}"), ("conda.yaml", &text)]);
        let _ = checked(&[("main.py", &format!("# /// script\n# {}\n# ///", text.replace('\n', "\n# ")))]);
        let _ = checked(&[("main.py", ""), ("requirements.txt", &text)]);
    }
}
