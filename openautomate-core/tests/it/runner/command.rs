//! Any program as an automation.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use openautomate_core::conformance::runner::RunnerFixture;
use openautomate_core::conformance::runner::play::{Ended, Play};
use openautomate_core::domain::{LogStream, RunStatus};
use openautomate_core::runner::Runner;
use openautomate_core::runner::command::CommandRunner;
use serde_json::json;

struct Commands;

#[async_trait]
impl RunnerFixture for Commands {
    async fn open() -> Self {
        Self
    }

    fn runner(&self) -> Arc<dyn Runner> {
        Arc::new(CommandRunner::new())
    }
}

fn shell(script: &str) -> Play {
    let mut play = Play::of(&[("readme", "")]);
    play.job.command = ["sh", "-c", script].map(str::to_owned).to_vec();
    play
}

async fn run(script: &str) -> Ended {
    shell(script).run(&Commands).await
}

#[tokio::test]
async fn output_is_captured() {
    let ended = run("echo out; echo err >&2; printf last").await;
    ended.expect(RunStatus::Succeeded);
    assert_eq!(ended.lines(LogStream::Stdout), ["out", "last"]);
    assert_eq!(ended.lines(LogStream::Stderr), ["err"]);
    assert_eq!(ended.result.exit_code, Some(0));
}

#[tokio::test]
async fn inputs_and_outputs_are_files() {
    let play = shell("cp \"$OPENAUTOMATE_INPUTS\" \"$OPENAUTOMATE_OUTPUTS\"").inputs(&json!({"a": [1, "ä"]}));
    assert_eq!(play.run(&Commands).await.outputs(), json!({"a": [1, "ä"]}));
    assert_eq!(run("true").await.outputs(), json!({}));
}

#[tokio::test]
async fn bad_outputs_are_told() {
    for script in [
        "echo '[1]' > $OPENAUTOMATE_OUTPUTS",
        "echo x > $OPENAUTOMATE_OUTPUTS",
        "mkfifo $OPENAUTOMATE_OUTPUTS",
        "head -c 17000000 /dev/zero > $OPENAUTOMATE_OUTPUTS",
    ] {
        assert_eq!(run(script).await.error().kind, "OutputError", "{script}");
    }
}

#[tokio::test]
async fn ends_are_told() {
    let ended = run("exit 7").await;
    assert_eq!((ended.error().kind.as_str(), ended.result.exit_code), ("ExitCode", Some(7)));
    let ended = run("kill -SEGV $$").await;
    assert_eq!(ended.error().kind, "Signal");
    assert!(ended.error().message.contains("SIGSEGV"));
}

#[tokio::test]
async fn a_missing_program_is_told() {
    let mut play = shell("");
    play.job.command = vec!["absent-program".to_owned()];
    let ended = play.run(&Commands).await;
    assert_eq!(ended.error().kind, "StartFailed");
    assert!(ended.error().message.contains("absent-program"));
    let mut play = shell("");
    play.job.command.clear();
    assert_eq!(play.run(&Commands).await.error().kind, "StartFailed");
}

#[tokio::test]
async fn a_program_of_the_package_goes_first() {
    use std::os::unix::fs::PermissionsExt;

    let mut play = Play::of(&[("bin/true", "#!/bin/sh\necho from the package $1\n")]);
    let program = play.job.package_dir.join("bin/true");
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    play.job.command = vec!["bin/true".to_owned(), "now".to_owned()];
    assert_eq!(play.run(&Commands).await.texts(), ["from the package now"]);
}

#[tokio::test]
async fn a_cancel_asks_first() {
    let mut play = shell("trap 'echo bye; exit 3' TERM; echo go; while :; do sleep 0.01; done");
    play.job.grace = Duration::from_secs(20);
    let ended = play.cancel_at(&Commands, "go").await;
    ended.expect(RunStatus::Cancelled);
    assert_eq!(ended.lines(LogStream::Stdout), ["go", "bye"]);
}

#[tokio::test]
async fn who_does_not_listen_is_killed() {
    let ended = shell("trap '' TERM; echo go; sleep 60; sleep 60").cancel_at(&Commands, "go").await;
    ended.expect(RunStatus::Cancelled);
    let mut play = shell("sleep 60");
    play.job.timeout = Some(Duration::from_millis(100));
    let ended = play.run(&Commands).await;
    ended.expect(RunStatus::TimedOut);
    assert_eq!(ended.result.error.unwrap().kind, "Timeout");
}

#[tokio::test]
async fn a_child_that_holds_the_streams_does_not_hold_the_run() {
    let ended = run("setsid sleep 60 & echo done").await;
    ended.expect(RunStatus::Succeeded);
    assert_eq!(ended.texts(), ["done"]);
}

#[tokio::test]
async fn nothing_of_the_agent_s_environment_leaks() {
    let mut play = shell("echo ${CARGO:-none} $OWN");
    play.job.env.insert("OWN".to_owned(), "own".to_owned());
    assert_eq!(play.run(&Commands).await.texts(), ["none own"]);
}
