//! The program: what it refuses, and how it says so.

use std::process::{Command, Output, Stdio};

fn agent(arguments: &[&str], data: &std::path::Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_openautomate-agent"));
    command.args(arguments).arg("--data-dir").arg(data).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OPENAUTOMATE_")) {
        command.env_remove(name);
    }
    command.output().unwrap()
}

fn refused(output: &Output) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let lines: Vec<_> = text.lines().collect();
    assert!(lines.len() == 1 && lines[0].starts_with("error: "), "{text}");
    text
}

#[test]
fn without_an_agent_there_is_no_status_and_no_run() {
    let folder = tempfile::tempdir().unwrap();
    assert!(refused(&agent(&["status", "--json"], folder.path())).contains("enrol"));
    assert!(refused(&agent(&["run"], folder.path())).contains("enrol"));
}

#[test]
fn an_enrolment_needs_a_token_and_a_safe_way() {
    let folder = tempfile::tempdir().unwrap();
    let without = agent(&["enrol", "--server", "http://127.0.0.1:1"], folder.path());
    assert!(refused(&without).contains("token"));
    let token = folder.path().join("token");
    std::fs::write(&token, "oa_enrol_topsecret\n").unwrap();
    let token = token.to_str().unwrap();
    let unsafe_way = agent(&["enrol", "--server", "http://192.0.2.1", "--token-file", token], folder.path());
    assert!(refused(&unsafe_way).contains("https"));
    let nobody = agent(&["enrol", "--server", "http://127.0.0.1:1", "--token-file", token], folder.path());
    assert!(!refused(&nobody).contains("topsecret"));
}

#[test]
fn a_password_is_never_an_argument_and_never_told() {
    let folder = tempfile::tempdir().unwrap();
    for option in ["--index-url", "--extra-index-url"] {
        let given = format!("{option}=https://robot:correct-horse@127.0.0.1/simple");
        let text = refused(&agent(&["run", &given], folder.path()));
        assert!(text.contains("OPENAUTOMATE_AGENT_") && !text.contains("horse"), "{text}");
    }
}

#[test]
fn a_token_is_never_an_argument() {
    let folder = tempfile::tempdir().unwrap();
    let output = agent(&["enrol", "--server", "http://127.0.0.1:1", "--token", "x"], folder.path());
    assert_eq!(output.status.code(), Some(2));
}
