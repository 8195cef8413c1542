//! Files that arrive in folders of agents: each makes one execution, whoever tells it how often.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use openautomate_core::ErrorKind;
use openautomate_core::blob::{BlobKey, BlobStore as _, ObjectBlobStore};
use openautomate_core::command::trigger::{CreateTrigger, TriggerSettings};
use openautomate_core::domain::{
    AfterArrival, Agent, ArrivalOutcome, ExecutionState, FileArrival, FileUser, FolderSource, Package,
    PassAs, Trigger, TriggerSource, WatchProblem, WatchState,
};
use openautomate_core::error::Result;
use openautomate_core::orchestrator::{ArrivalIntake, Settings, TriggerHold};
use openautomate_core::query::{AuditFilter, ExecutionFilter, PageRequest};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::{Map, Value, json};

use super::place::Place;

const SOURCE: &str = "from pathlib import Path\ndef run(file: Path, path: str, size: int): ...\n";
const CONTENT: &[u8] = b"total;99\n";

fn source(agent: &Agent) -> FolderSource {
    FolderSource {
        agent_id: Some(agent.id),
        label: None,
        pool_id: None,
        folder: "/srv/in".into(),
        pattern: "*.csv".into(),
        settle_ms: 1_000,
        include_existing: false,
        after: AfterArrival::Leave,
        pass: PassAs::File,
        max_bytes: 100,
        max_per_hour: 3,
    }
}

fn settings(package: &Package, source: FolderSource) -> TriggerSettings {
    let mapping = [("file", "/file"), ("path", "/path"), ("size", "/size")];
    TriggerSettings {
        name: "orders".into(),
        package_id: package.id,
        environment_id: None,
        source: TriggerSource::FileArrival(source),
        inputs: Map::new(),
        mapping: mapping.map(|(name, pointer)| (name.to_owned(), pointer.to_owned())).into(),
        is_active: true,
    }
}

async fn trigger(place: &Place, settings: TriggerSettings) -> Trigger {
    place.orchestrator.execute(&place.admin, CreateTrigger { settings }).await.unwrap().trigger
}

async fn reader(place: &Place) -> Package {
    let package = place.package("reader").await;
    place.publish_source(&package, "1.0.0", SOURCE).await;
    package
}

fn arrival(trigger: &Trigger, name: &str) -> FileArrival {
    let size = CONTENT.len() as u64;
    FileArrival { trigger: trigger.id, name: name.into(), size, modified_us: 7 }
}

async fn tell(place: &Place, agent: &Agent, arrival: FileArrival) -> Result<ArrivalOutcome> {
    tell_content(place, agent, arrival, CONTENT).await
}

async fn tell_content(
    place: &Place,
    agent: &Agent,
    arrival: FileArrival,
    content: &'static [u8],
) -> Result<ArrivalOutcome> {
    let body = futures_util::stream::once(async move { Ok(Bytes::from_static(content)) }).boxed();
    place.orchestrator.receive_file(agent.id, ArrivalIntake { arrival, body }).await
}

async fn count(place: &Place) -> usize {
    let page = PageRequest::new(None, 200);
    place.orchestrator.store().executions(&ExecutionFilter::default(), page).await.unwrap().items.len()
}

#[tokio::test]
async fn a_file_makes_one_execution_that_uses_it() {
    let place = Place::new().await;
    let package = reader(&place).await;
    let agent = place.agent("bot").await;
    let trigger = trigger(&place, settings(&package, source(&agent))).await;
    // Told by several servers at once, and again.
    let told = || tell(&place, &agent, arrival(&trigger, "a.csv"));
    let (one, two, three) = tokio::join!(told(), told(), told());
    let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
    assert!(one == two && two == three && one == told().await.unwrap());
    assert_eq!(count(&place).await, 1);
    let execution = place.execution(one.execution_id.unwrap()).await;
    let used = place.orchestrator.store().files_used(FileUser::Execution(execution.id)).await.unwrap();
    let [file] = &used[..] else { panic!("{used:?}") };
    assert_eq!((file.name.as_str(), file.content_type.as_str(), file.size), ("a.csv", "text/csv", 9));
    let inputs = json!({"file": file.id, "path": "/srv/in/a.csv", "size": 9});
    assert_eq!((Value::Object(execution.inputs), execution.pinned_agent_id), (inputs, None));
    let (_, mut body) = place.orchestrator.file_content(&place.admin, file.id).await.unwrap();
    assert_eq!(body.stream.next().await.unwrap().unwrap(), CONTENT);
    let filter = AuditFilter { object_id: Some(execution.id.to_string()), ..AuditFilter::default() };
    let audit =
        place.orchestrator.store().audit_entries(&filter, PageRequest::default()).await.unwrap().items;
    assert_eq!((audit[0].action.as_str(), audit[0].actor.name.as_str()), ("trigger.file", "bot"));
    // Written anew, it has arrived anew.
    let again = FileArrival { modified_us: 8, ..arrival(&trigger, "a.csv") };
    assert_ne!(tell(&place, &agent, again).await.unwrap(), one);
    assert_eq!(count(&place).await, 2);
}

#[tokio::test]
async fn contents_that_nothing_uses_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = || ObjectBlobStore::local(folder.path().join("blobs")).unwrap();
    let place = Place::keeping(blobs(), Settings::default()).await;
    let package = reader(&place).await;
    let agent = place.agent("bot").await;
    let trigger = trigger(&place, settings(&package, source(&agent))).await;
    let told = || tell(&place, &agent, arrival(&trigger, "a.csv"));
    let (one, two) = tokio::join!(told(), told());
    let execution = one.unwrap().execution_id.unwrap();
    two.unwrap();
    let kept = place.orchestrator.store().files_used(FileUser::Execution(execution)).await.unwrap()[0].id;
    for (told, content) in [(9, &b"short"[..]), (9, b"far too long")] {
        let arrival = FileArrival { size: told, ..arrival(&trigger, "b.csv") };
        let changed = tell_content(&place, &agent, arrival, content).await.unwrap_err();
        assert_eq!((changed.kind(), changed.code()), (ErrorKind::Conflict, "file.changed"));
    }
    let mut files = Vec::new();
    let mut open = vec![folder.path().join("blobs")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { files.push(path) }
        }
    }
    let of_files = |path: &&std::path::PathBuf| path.to_string_lossy().contains(&kept.to_string());
    assert!(blobs().contains(&BlobKey::input_file(kept)).await.unwrap());
    let parent = files.iter().find(of_files).unwrap().parent().unwrap().to_owned();
    assert_eq!(files.iter().filter(|path| path.starts_with(&parent)).count(), 1, "{files:?}");
}

#[tokio::test]
async fn what_is_not_an_agents_own_is_refused() {
    let place = Place::new().await;
    let package = reader(&place).await;
    let (agent, other) = (place.agent("bot").await, place.agent("other").await);
    let own = trigger(&place, settings(&package, source(&agent))).await;
    let kind = async |agent: &Agent, arrival| tell(&place, agent, arrival).await.unwrap_err().kind();
    assert_eq!(kind(&other, arrival(&own, "a.csv")).await, ErrorKind::Forbidden);
    let nowhere = FileArrival { trigger: openautomate_core::id::TriggerId::new(), ..arrival(&own, "a.csv") };
    assert_eq!(kind(&agent, nowhere).await, ErrorKind::NotFound);
    for name in ["a.txt", "../a.csv", "a\n.csv", "", "x/a.csv"] {
        assert_eq!(kind(&agent, arrival(&own, name)).await, ErrorKind::Invalid, "{name}");
    }
    let large = FileArrival { size: 101, ..arrival(&own, "a.csv") };
    assert_eq!(kind(&agent, large).await, ErrorKind::QuotaExceeded);
    let paused = TriggerSettings { is_active: false, ..settings(&package, source(&agent)) };
    let paused = trigger(&place, paused).await;
    assert_eq!(kind(&agent, arrival(&paused, "a.csv")).await, ErrorKind::Conflict);
    assert_eq!(count(&place).await, 0);
}

#[tokio::test]
async fn a_flood_waits_and_is_told_again() {
    let place = Place::new().await;
    let package = reader(&place).await;
    let agent = place.agent("bot").await;
    let trigger = trigger(&place, settings(&package, source(&agent))).await;
    for name in ["1.csv", "2.csv", "3.csv"] {
        tell(&place, &agent, arrival(&trigger, name)).await.unwrap();
    }
    let refused = tell(&place, &agent, arrival(&trigger, "4.csv")).await.unwrap_err();
    assert_eq!((refused.kind(), refused.code()), (ErrorKind::QuotaExceeded, "trigger.rate"));
    let holds = place.orchestrator.explain_trigger(&place.admin, trigger.id).await.unwrap().holds;
    assert!(holds.contains(&TriggerHold::Rate { most: 3 }), "{holds:?}");
    place.clock.advance(Duration::from_secs(3_601));
    assert!(tell(&place, &agent, arrival(&trigger, "4.csv")).await.unwrap().execution_id.is_some());
}

#[tokio::test]
async fn what_can_not_be_run_is_skipped_once_with_its_reason() {
    let place = Place::new().await;
    let agent = place.agent("bot").await;
    let bare = place.package("bare").await;
    let trigger_of_bare = trigger(&place, settings(&bare, source(&agent))).await;
    let skipped = async |trigger: &Trigger| {
        let outcome = tell(&place, &agent, arrival(trigger, "a.csv")).await.unwrap();
        assert_eq!(outcome, tell(&place, &agent, arrival(trigger, "a.csv")).await.unwrap());
        outcome.skipped
    };
    assert_eq!(skipped(&trigger_of_bare).await.as_deref(), Some("noActiveVersion"));
    // An input that is a text does not take the file.
    let texts = place.package("texts").await;
    place.publish_source(&texts, "1.0.0", "def run(file: str, path: str, size: int): ...\n").await;
    let trigger_of_texts = trigger(&place, settings(&texts, source(&agent))).await;
    assert_eq!(skipped(&trigger_of_texts).await.as_deref(), Some("invalidInputs"));
    assert_eq!(count(&place).await, 0);
}

#[tokio::test]
async fn a_path_runs_where_it_is() {
    let place = Place::new().await;
    let package = place.package("paths").await;
    place.publish_source(&package, "1.0.0", "def run(path: str, name: str): ...\n").await;
    let agent = place.agent("bot").await;
    let mapping = [("path", "/path"), ("name", "/name")];
    let settings = TriggerSettings {
        mapping: mapping.map(|(name, pointer)| (name.to_owned(), pointer.to_owned())).into(),
        ..settings(&package, FolderSource { pass: PassAs::Path, ..source(&agent) })
    };
    let trigger = trigger(&place, settings).await;
    let made =
        tell_content(&place, &agent, arrival(&trigger, "a.csv"), b"").await.unwrap().execution_id.unwrap();
    let execution = place.execution(made).await;
    assert_eq!(execution.pinned_agent_id, Some(agent.id));
    assert_eq!(Value::Object(execution.inputs), json!({"path": "/srv/in/a.csv", "name": "a.csv"}));
    assert_eq!(execution.state, ExecutionState::Pending);
}

#[tokio::test]
async fn agents_are_told_what_to_watch_and_tell_how_it_is() {
    let place = Place::new().await;
    let package = reader(&place).await;
    let agent = place.agent("bot").await;
    let holds = async |trigger: &Trigger| {
        place.orchestrator.explain_trigger(&place.admin, trigger.id).await.unwrap().holds
    };
    let first = trigger(&place, settings(&package, source(&agent))).await;
    assert!(matches!(holds(&first).await[..], [TriggerHold::AgentAway { .. }]));
    let mut bot = place.connect(&agent, Vec::new()).await;
    let watched = |message| match message {
        ServerMessage::Watch { folders } => Some(folders),
        _ => None,
    };
    let folders = bot.until(watched).await;
    assert_eq!(folders.iter().map(|folder| folder.trigger).collect::<Vec<_>>(), [first.id]);
    assert_eq!((folders[0].folder.as_str(), folders[0].max_bytes), ("/srv/in", 100));
    assert!(matches!(holds(&first).await[..], [TriggerHold::Silent { .. }]));
    let second = trigger(&place, settings(&package, source(&agent))).await;
    assert_eq!(bot.until(watched).await.len(), 2);
    // What an agent says of a trigger that is not its own is passed over; what it says is tamed.
    let other = trigger(&place, settings(&package, source(&place.agent("other").await))).await;
    let problem = WatchProblem { code: "outsideRoots".into(), message: format!("no\n{}", "x".repeat(5_000)) };
    let state = |trigger: &Trigger, problem| WatchState { trigger: trigger.id, problem };
    let states =
        vec![state(&first, Some(problem.clone())), state(&second, None), state(&other, Some(problem))];
    bot.send(AgentMessage::Watches { states }).await;
    let told = async {
        while !matches!(holds(&first).await[..], [TriggerHold::Watch { .. }]) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), told).await.unwrap();
    let [TriggerHold::Watch { problem, .. }] = &holds(&first).await[..] else { panic!() };
    assert!(problem.message.starts_with("nox") && problem.message.len() == 1_000);
    let settled = async {
        while !holds(&second).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), settled).await.unwrap();
    assert_eq!(place.orchestrator.store().trigger_watches(other.id).await.unwrap(), []);
    // Deleted, it is watched no more.
    let delete = openautomate_core::command::trigger::DeleteTrigger { id: first.id };
    place.orchestrator.execute(&place.admin, delete).await.unwrap();
    let folders = bot.until(watched).await;
    assert_eq!(folders.iter().map(|folder| folder.trigger).collect::<Vec<_>>(), [second.id]);
}
