//! Files that arrive in folders which the agent watches.

use std::path::PathBuf;

use futures_util::StreamExt as _;
use serde_json::Map;

use super::TransportFixture;
use super::world::{World, noise};
use crate::command::trigger::{CreateTrigger, TriggerSettings};
use crate::domain::{AfterArrival, FileArrival, FileUser, FolderSource, PassAs, Trigger, TriggerSource};
use crate::error::ErrorKind;
use crate::id::{AgentId, ExecutionId, TriggerId};
use crate::transport::ArrivedFile;

impl<F: TransportFixture> World<F> {
    async fn inbox(&self, agent: AgentId, pass: PassAs) -> Trigger {
        let source = FolderSource {
            agent_id: Some(agent),
            label: None,
            pool_id: None,
            folder: "/srv/in".into(),
            pattern: "*".into(),
            settle_ms: 1_000,
            include_existing: false,
            after: AfterArrival::Leave,
            pass,
            max_bytes: 10_000_000,
            max_per_hour: 2,
        };
        let (input, pointer) = if pass == PassAs::File { ("file", "/file") } else { ("text", "/path") };
        let settings = TriggerSettings {
            name: "inbox".into(),
            package_id: self.package.id,
            environment_id: None,
            source: TriggerSource::FileArrival(source),
            inputs: Map::new(),
            mapping: [(input.to_owned(), pointer.to_owned())].into(),
            is_active: true,
        };
        self.orchestrator.execute(&self.admin, CreateTrigger { settings }).await.unwrap().trigger
    }

    fn arrived(&self, trigger: &Trigger, name: &str, content: &[u8]) -> ArrivedFile {
        let path: PathBuf = self.folder.path().join("arrived");
        std::fs::write(&path, content).unwrap();
        let size = content.len() as u64;
        let arrival = FileArrival { trigger: trigger.id, name: name.into(), size, modified_us: -7 };
        ArrivedFile { arrival, content: Some(path) }
    }

    async fn content_used(&self, execution: ExecutionId) -> (String, Vec<u8>) {
        let used = self.orchestrator.store().files_used(FileUser::Execution(execution)).await.unwrap();
        let (file, mut body) = self.orchestrator.file_content(&self.admin, used[0].id).await.unwrap();
        let mut content = Vec::new();
        while let Some(piece) = body.stream.next().await {
            content.extend_from_slice(&piece.unwrap());
        }
        (file.name, content)
    }
}

/// A file comes with its name and every byte, and its execution uses it.
pub async fn whole<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let trigger = world.inbox(agent.id, PassAs::File).await;
    for (name, content) in [("a b&c=ä?#%.csv", noise(3_000_001)), ("empty", Vec::new())] {
        let outcome = agent.transport.put_arrival(world.arrived(&trigger, name, &content)).await.unwrap();
        assert_eq!(outcome.skipped, None);
        assert!(world.content_used(outcome.execution_id.unwrap()).await == (name.to_owned(), content));
    }
}

/// Where the path is passed, nothing is sent of the content.
pub async fn path_alone<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let trigger = world.inbox(agent.id, PassAs::Path).await;
    let file = ArrivedFile { content: None, ..world.arrived(&trigger, "a.csv", b"seven") };
    let made = agent.transport.put_arrival(file).await.unwrap().execution_id.unwrap();
    let execution = world.orchestrator.store().execution(made).await.unwrap().unwrap();
    assert_eq!(execution.inputs["text"], "/srv/in/a.csv");
}

/// Told again, also by two tasks at once, it makes nothing more.
pub async fn told_again<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let trigger = world.inbox(agent.id, PassAs::File).await;
    let file = world.arrived(&trigger, "a.csv", b"seven");
    let tell = || agent.transport.put_arrival(file.clone());
    let (one, two) = tokio::join!(tell(), tell());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.execution_id.is_some() && one == two && one == tell().await.unwrap());
    assert_eq!(world.orchestrator.store().trigger_firings(trigger.id, 9).await.unwrap().len(), 1);
}

/// What an agent does not watch for is not its own to tell.
pub async fn of_others<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let (agent, other) = (world.agent("bot").await, world.agent("other").await);
    let trigger = world.inbox(agent.id, PassAs::File).await;
    let file = world.arrived(&trigger, "a.csv", b"seven");
    let refused = other.transport.put_arrival(file.clone()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
    let nowhere = FileArrival { trigger: TriggerId::new(), ..file.arrival.clone() };
    let refused = agent.transport.put_arrival(ArrivedFile { arrival: nowhere, ..file }).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

/// A file over the limit of the trigger is refused by its size.
pub async fn too_large<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let trigger = world.inbox(agent.id, PassAs::File).await;
    let file = world.arrived(&trigger, "a.csv", b"seven");
    let arrival = FileArrival { size: 10_000_001, ..file.arrival.clone() };
    let refused = agent.transport.put_arrival(ArrivedFile { arrival, ..file }).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::QuotaExceeded);
}

/// A file that is not as large as it was told is a conflict, and nothing is made of it.
pub async fn changed<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let trigger = world.inbox(agent.id, PassAs::File).await;
    for size in [4, 6] {
        let file = world.arrived(&trigger, "a.csv", b"seven");
        let arrival = FileArrival { size, ..file.arrival.clone() };
        let refused = agent.transport.put_arrival(ArrivedFile { arrival, ..file }).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Conflict);
    }
    assert_eq!(world.orchestrator.store().trigger_firings(trigger.id, 9).await.unwrap(), []);
}
