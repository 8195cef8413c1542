//! Folders that triggers have an agent watch: each file that arrives is told once, whatever happens in between.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use openautomate_agent::Agent;
use openautomate_core::command::package::{CreatePackage, PublishVersion};
use openautomate_core::command::trigger::{CreateTrigger, TriggerSettings};
use openautomate_core::domain::{
    AfterArrival, ExecutionSummary, FileUser, FolderSource, PassAs, Trigger, TriggerSource,
};
use openautomate_core::orchestrator::{Settings, TriggerHold};
use openautomate_core::package::archive::pack;
use openautomate_core::query::{ExecutionFilter, PageRequest};
use serde_json::Map;
use tokio_util::sync::CancellationToken;

use crate::place::{Cuttable, Place};

const PATIENCE: Duration = Duration::from_secs(20);
const SOURCE: &str = "from pathlib import Path\ndef run(file: Path): ...\n";

struct Inbox {
    place: Place,
    folder: PathBuf,
    trigger: Trigger,
}

impl Inbox {
    async fn new(change: impl FnOnce(&mut FolderSource)) -> Self {
        let place = Place::new(Settings::default()).await;
        let folder = place.folder.path().join("inbox");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("before.csv"), "before").unwrap();
        let create = CreatePackage { name: "reader".into(), description: String::new() };
        let package = place.orchestrator.execute(&place.admin, create).await.unwrap();
        let archive = package_of(place.folder.path());
        let publish = PublishVersion::new(package.id, archive.into());
        place.orchestrator.execute(&place.admin, publish).await.unwrap();
        let mut source = FolderSource {
            agent_id: Some(place.agent_id),
            label: None,
            pool_id: None,
            folder: folder.to_str().unwrap().to_owned(),
            pattern: "*.csv".into(),
            settle_ms: 500,
            include_existing: false,
            after: AfterArrival::Leave,
            pass: PassAs::File,
            max_bytes: 1_000,
            max_per_hour: 1_000,
        };
        change(&mut source);
        let settings = TriggerSettings {
            name: "inbox".into(),
            package_id: package.id,
            environment_id: None,
            source: TriggerSource::FileArrival(source),
            inputs: Map::new(),
            mapping: [("file".to_owned(), "/file".to_owned())].into(),
            is_active: true,
        };
        let trigger =
            place.orchestrator.execute(&place.admin, CreateTrigger { settings }).await.unwrap().trigger;
        Self { place, folder, trigger }
    }

    fn agent(&self, transport: Arc<Cuttable>, roots: Vec<PathBuf>) -> Running {
        let agent = Agent::builder(transport, self.place.folder.path().join("agent"))
            .slots(1)
            .drain_timeout(Duration::ZERO)
            .watch_roots(roots)
            .build()
            .unwrap();
        let stop = CancellationToken::new();
        let own = stop.clone();
        Running { stop, task: tokio::spawn(async move { agent.run(own).await }) }
    }

    fn roots(&self) -> Vec<PathBuf> {
        vec![self.folder.clone()]
    }

    async fn executions(&self) -> Vec<ExecutionSummary> {
        let page = PageRequest::new(None, 200);
        let store = self.place.orchestrator.store();
        store.executions(&ExecutionFilter::default(), page).await.unwrap().items
    }

    async fn holds(&self) -> Vec<TriggerHold> {
        let place = &self.place;
        place.orchestrator.explain_trigger(&place.admin, self.trigger.id).await.unwrap().holds
    }

    /// Waits until the agent watches.
    async fn watched(&self) {
        until("the folder is watched", async || self.holds().await.is_empty()).await;
    }

    async fn problem(&self, wanted: &str) {
        until(wanted, async || {
            matches!(&self.holds().await[..], [TriggerHold::Watch { problem, .. }] if problem.code == wanted)
        })
        .await;
    }

    fn put(&self, name: &str, content: &str) {
        std::fs::write(self.folder.join(name), content).unwrap();
    }

    /// Waits for so many executions, and that there are no more a while later.
    async fn makes(&self, count: usize) {
        until("the executions", async || self.executions().await.len() >= count).await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        assert_eq!(self.executions().await.len(), count);
    }

    /// The names of the files that the executions use, oldest first.
    async fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for execution in self.executions().await.into_iter().rev() {
            let store = self.place.orchestrator.store();
            let used = store.files_used(FileUser::Execution(execution.id)).await.unwrap();
            names.extend(used.into_iter().map(|file| file.name));
        }
        names
    }
}

struct Running {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let end = tokio::time::Instant::now() + PATIENCE;
    while !holds().await {
        assert!(tokio::time::Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn package_of(folder: &Path) -> Vec<u8> {
    let source = folder.join("reader");
    std::fs::create_dir(&source).unwrap();
    let manifest =
        "[project]\nname = \"reader\"\nversion = \"1.0.0\"\n[tool.openautomate]\nentrypoint = \"main:run\"\n";
    std::fs::write(source.join("pyproject.toml"), manifest).unwrap();
    std::fs::write(source.join("main.py"), SOURCE).unwrap();
    pack(&source).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_is_told_once_across_restarts_and_lost_connections() {
    let inbox = Inbox::new(|source| source.include_existing = true).await;
    let transport = inbox.place.transport(None);
    let agent = inbox.agent(Arc::clone(&transport), inbox.roots());
    inbox.watched().await;
    inbox.makes(1).await;
    inbox.put("one.csv", "1");
    inbox.put("other.txt", "no");
    inbox.makes(2).await;
    // The connection is lost and comes back.
    let before = transport.connections.load(Ordering::SeqCst);
    transport.close();
    transport.closed.store(false, Ordering::SeqCst);
    until("it connects again", async || transport.connections.load(Ordering::SeqCst) > before).await;
    inbox.put("two.csv", "2");
    inbox.makes(3).await;
    agent.stop().await;
    // While it was away.
    inbox.put("three.csv", "3");
    let agent = inbox.agent(inbox.place.transport(None), inbox.roots());
    inbox.makes(4).await;
    agent.stop().await;
    // What the agent noted is lost; the server knows better.
    std::fs::remove_dir_all(inbox.place.folder.path().join("agent").join("watches")).unwrap();
    let agent = inbox.agent(inbox.place.transport(None), inbox.roots());
    inbox.watched().await;
    inbox.makes(4).await;
    assert_eq!(inbox.names().await, ["before.csv", "one.csv", "two.csv", "three.csv"]);
    assert!(inbox.folder.join("one.csv").exists(), "it is left");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_counts_if_asked_and_goes_where_it_shall() {
    let inbox = Inbox::new(|source| {
        source.include_existing = true;
        source.after = AfterArrival::Move;
    })
    .await;
    let agent = inbox.agent(inbox.place.transport(None), inbox.roots());
    inbox.makes(1).await;
    assert_eq!(inbox.names().await, ["before.csv"]);
    let processed = inbox.folder.join("processed").join("before.csv");
    until("it is moved", async || processed.exists()).await;
    assert!(!inbox.folder.join("before.csv").exists());
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_grows_has_not_arrived_and_is_removed_once_it_has() {
    let inbox = Inbox::new(|source| source.after = AfterArrival::Remove).await;
    let agent = inbox.agent(inbox.place.transport(None), inbox.roots());
    inbox.watched().await;
    let mut content = String::new();
    for _ in 0..10 {
        content.push_str("line\n");
        inbox.put("grows.csv", &content);
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert_eq!(inbox.executions().await.len(), 0);
    }
    inbox.makes(1).await;
    until("it is removed", async || !inbox.folder.join("grows.csv").exists()).await;
    let used = inbox.executions().await[0].id;
    let store = inbox.place.orchestrator.store();
    let file = &store.files_used(FileUser::Execution(used)).await.unwrap()[0];
    assert_eq!(file.size, 50);
    assert!(inbox.folder.join("before.csv").exists(), "it was there before");
    agent.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_nobody_allowed_is_refused_for_people_to_see() {
    let inbox = Inbox::new(|source| source.include_existing = true).await;
    let agent = inbox.agent(inbox.place.transport(None), Vec::new());
    inbox.problem("outsideRoots").await;
    agent.stop().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let agent = inbox.agent(inbox.place.transport(None), vec![elsewhere.path().to_owned()]);
    inbox.problem("outsideRoots").await;
    agent.stop().await;
    assert_eq!(inbox.executions().await.len(), 0);
    let agent = inbox.agent(inbox.place.transport(None), inbox.roots());
    inbox.makes(1).await;
    inbox.watched().await;
    inbox.put("huge.csv", &"x".repeat(1_001));
    inbox.problem("tooLarge").await;
    std::fs::remove_file(inbox.folder.join("huge.csv")).unwrap();
    inbox.watched().await;
    std::fs::rename(&inbox.folder, inbox.folder.with_extension("gone")).unwrap();
    inbox.problem("missing").await;
    agent.stop().await;
}
