//! A machine that was copied: two real agents with one key.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use openautomate_agent::enrol;
use openautomate_core::Orchestrator;
use openautomate_core::command::agent::ReleaseAgent;
use openautomate_core::domain::Agent;
use openautomate_core::id::AgentId;
use openautomate_core::orchestrator::Settings;
use openautomate_core::permission::Actor;

use crate::place::Place;
use crate::transport::serve;

/// An agent as a process, on a host of this name.
struct Program(Child);

impl Program {
    fn start(data: &Path, host: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_openautomate-agent"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OPENAUTOMATE_")) {
            command.env_remove(name);
        }
        command
            .args(["run", "--slots", "1", "--warm", "0", "--data-dir"])
            .arg(data)
            .env("COMPUTERNAME", host);
        if let Ok(python) = std::env::var("OPENAUTOMATE_TEST_PYTHON") {
            command.args(["--python", &python]);
        }
        Self(command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn row(orchestrator: &Orchestrator, id: AgentId) -> Agent {
    orchestrator.store().agent(id).await.unwrap().unwrap()
}

async fn until(orchestrator: &Orchestrator, id: AgentId, what: &str, is_so: impl Fn(&Agent, bool) -> bool) {
    let begun = Instant::now();
    while !is_so(&row(orchestrator, id).await, orchestrator.is_connected(id)) {
        assert!(begun.elapsed() < Duration::from_secs(60), "never {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn enrolled(data: &Path) -> (Orchestrator, AgentId) {
    let place = Place::new(Settings::default()).await;
    let orchestrator = place.orchestrator.clone();
    let (address, _) = serve(orchestrator.clone()).await;
    let token = place.enrolment_token().await;
    let identity = enrol(data, &format!("http://{address}"), &token, None, false).await.unwrap();
    (orchestrator, identity.agent_id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_machine_shuts_both_out_until_somebody_decides() {
    let (original, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (orchestrator, id) = enrolled(original.path()).await;
    for file in ["agent.json", "agent.key"] {
        std::fs::copy(original.path().join(file), copy.path().join(file)).unwrap();
    }
    let one = Program::start(original.path(), "pc-1");
    until(&orchestrator, id, "connected", |_, connected| connected).await;
    let two = Program::start(copy.path(), "pc-2");
    until(&orchestrator, id, "in quarantine", |agent, connected| agent.is_quarantined() && !connected).await;
    let hosts = row(&orchestrator, id).await.quarantine.unwrap().hosts;
    let mut names: Vec<_> = hosts.iter().map(|host| host.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["pc-1", "pc-2"]);
    // However often they try.
    let watched = Instant::now();
    while watched.elapsed() < Duration::from_secs(5) {
        assert!(!orchestrator.is_connected(id));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    two.kill();
    orchestrator.execute(&Actor::system(), ReleaseAgent { id }).await.unwrap();
    until(&orchestrator, id, "back", |agent, connected| connected && !agent.is_quarantined()).await;
    one.kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_killed_and_started_again_is_let_in_each_time() {
    let data = tempfile::tempdir().unwrap();
    let (orchestrator, id) = enrolled(data.path()).await;
    for _ in 0..4 {
        let before = row(&orchestrator, id).await.facts.hosts.first().map(|host| host.instance.clone());
        let program = Program::start(data.path(), "pc-1");
        until(&orchestrator, id, "connected", |agent, connected| {
            connected && agent.facts.hosts.first().map(|host| &host.instance) != before.as_ref()
        })
        .await;
        assert!(!row(&orchestrator, id).await.is_quarantined());
        program.kill();
    }
}
