use super::*;

const FULL: &str = r#"
[build-system]
requires = ["hatchling"]

[project]
name = "invoice-bot"
version = "1.2"
description = "Reads invoices"
requires-python = ">=3.10"
dependencies = ["requests>=2", "pandas[excel]==2.2.*; python_version > '3.9'"]
authors = [{ name = "Ada" }]

[tool.ruff]
line-length = 100

[tool.openautomate]
entrypoint = "invoices.main:run"
timeout = "10m"
grace = "30s"
retries = 3
backoff = "1m"
on_agent_lost = "retry"
labels = ["windows", "excel", "windows"]
priority = -5
python = "3.12"
env = { LANG = "C.UTF-8", MODE = "fast" }
"#;

fn settings(lines: &str) -> Result<Manifest> {
    Manifest::parse(&format!("[tool.openautomate]\n{lines}"), Some("main.py"))
}

#[test]
fn everything_is_read() {
    let manifest = Manifest::parse(FULL, None).unwrap();
    assert_eq!(manifest.name.as_deref(), Some("invoice-bot"));
    assert_eq!(manifest.version, Some(Version::new(1, 2, 0)));
    assert_eq!(manifest.dependencies.len(), 2);
    assert_eq!(manifest.runtime, "python");
    assert_eq!(manifest.entrypoint.as_deref(), Some("invoices.main:run"));
    assert_eq!(manifest.timeout, Some(Duration::from_secs(600)));
    assert_eq!((manifest.grace, manifest.backoff), (Duration::from_secs(30), Duration::from_secs(60)));
    assert_eq!((manifest.retries, manifest.retry_when_agent_lost, manifest.priority), (3, true, -5));
    assert_eq!(manifest.labels, ["excel", "windows"]);
    assert_eq!(manifest.env["LANG"], "C.UTF-8");
}

#[test]
fn it_survives_json() {
    for manifest in [Manifest::parse(FULL, None).unwrap(), Manifest::parse("", Some("main.py")).unwrap()] {
        let json = serde_json::to_value(&manifest).unwrap();
        assert_eq!(serde_json::from_value::<Manifest>(json).unwrap(), manifest);
    }
    let json = serde_json::to_value(Manifest::parse(FULL, None).unwrap()).unwrap();
    assert_eq!(json["version"], "1.2.0");
    assert_eq!(json["timeoutMs"], 600_000);
    assert_eq!(json["retryWhenAgentLost"], true);
}

#[test]
fn a_plain_script_has_the_defaults() {
    let manifest = Manifest::parse("", Some("main.py")).unwrap();
    assert_eq!((manifest.name, manifest.version), (None, None));
    assert_eq!(manifest.entrypoint.as_deref(), Some("main.py"));
    assert_eq!((manifest.grace, manifest.backoff), (DEFAULT_GRACE, DEFAULT_BACKOFF));
    assert_eq!((manifest.retries, manifest.retry_when_agent_lost, manifest.timeout), (0, false, None));
}

#[test]
fn the_command_runtime_has_a_command_and_no_entry_point() {
    let manifest = settings("runtime = \"command\"\ncommand = [\"./run.sh\", \"--fast\"]").unwrap();
    assert_eq!((manifest.command.len(), manifest.entrypoint), (2, None));
    assert!(settings("runtime = \"command\"").is_err());
    assert!(settings("command = [\"x\"]").is_err());
    assert!(settings("runtime = \"command\"\ncommand = [\"\"]").is_err());
    assert!(settings("runtime = \"command\"\ncommand = [\"x\"]\nentrypoint = \"a.py\"").is_err());
    assert!(settings("runtime = \"wasm\"\nentrypoint = \"main.wasm\"").is_ok());
}

#[test]
fn where_it_works_is_a_setting() {
    let empty = settings("").unwrap();
    assert!(!empty.runs_in_package && empty.run_env().is_empty());
    let package = settings("workdir = \"package\"\nenv = { A = \"b\" }").unwrap();
    assert_eq!(package.run_env()["OPENAUTOMATE_WORKDIR"], "package");
    assert_eq!(package.run_env()["A"], "b");
    assert!(settings("workdir = \"home\"").is_err());
    assert_eq!(settings("evidence = true").unwrap().run_env()["OPENAUTOMATE_EVIDENCE"], "1");
}

#[test]
fn a_robot_is_named_by_its_file_only_where_it_has_one() {
    let error = settings("entrypoint = \"robot.yaml\"").unwrap_err();
    assert_eq!(error.code(), "package.manifest");
    assert!(error.message().contains("robot.yaml"), "{error}");
}

#[test]
fn no_entry_point_is_said() {
    let error = Manifest::parse("[project]\nname = \"x\"", None).unwrap_err();
    assert_eq!(error.code(), "package.entrypoint");
}

#[test]
fn what_does_not_fit_is_refused_and_named() {
    for (lines, key) in [
        ("retries = 101", "retries"),
        ("retries = -1", "pyproject.toml"),
        ("timeout = \"0s\"", "timeout"),
        ("timeout = 5", "pyproject.toml"),
        ("grace = \"2h\"", "grace"),
        ("backoff = \"soon\"", "backoff"),
        ("on_agent_lost = \"explode\"", "pyproject.toml"),
        ("labels = [\"a b\"]", "labels"),
        ("labels = [\"\"]", "labels"),
        ("runtime = \"Py thon\"", "runtime"),
        ("python = \"three\"", "python"),
        ("python = \"../bin/sh\"", "python"),
        ("env = { \"A B\" = \"x\" }", "env"),
        ("env = { \"1A\" = \"x\" }", "env"),
        ("env = { PATHX = \"x\", pathx = \"y\" }", "env"),
        ("env = { OPENAUTOMATE_TOKEN = \"x\" }", "env"),
        ("env = { A = \"x\\u0000\" }", "env"),
        ("colour = \"red\"", "colour"),
    ] {
        let error = settings(lines).unwrap_err();
        assert_eq!(error.code(), "package.manifest", "{lines}");
        assert!(error.message().contains(key), "{lines}: {error}");
    }
    for project in ["name = \"a b\"", "name = \"\"", "dependencies = [\"\"]", "dependencies = [\"a\\nb\"]"] {
        let text = format!("[project]\n{project}");
        assert!(Manifest::parse(&text, Some("main.py")).is_err(), "{project}");
    }
    let long = format!("[project]\nname = \"{}\"", "x".repeat(101));
    assert!(Manifest::parse(&long, Some("main.py")).is_err());
    let many = format!("[project]\ndependencies = [{}]", "\"a\",".repeat(1_001));
    assert!(Manifest::parse(&many, Some("main.py")).is_err());
}

#[test]
fn messages_hold_no_values() {
    for lines in [
        "env = { A = \"hunter2\"",
        "env = { A = [\"hunter2\"] }",
        "env = \"hunter2\"",
        "env = { A = \"hunter2\\u0000\" }",
        "retries = \"hunter2\"",
        "on_agent_lost = \"fail\"\nenv = { A = \"hunter2\" } x",
    ] {
        let error = settings(lines).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn a_syntax_error_names_its_line() {
    let error = Manifest::parse("[project]\nname = \"x\"\nversion = ", None).unwrap_err();
    assert!(error.message().contains("line 3"), "{error}");
}
