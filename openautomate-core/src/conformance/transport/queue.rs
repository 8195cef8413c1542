//! Work with queues: calls and their answers, and the files of items.

use serde_json::{Map, json};

use super::TransportFixture;
use super::file::all;
use super::peer::Connection;
use super::world::{World, noise};
use crate::command::work_item::AddWorkItem;
use crate::command::work_queue::{CreateWorkQueue, QueueSettings};
use crate::domain::{ChildItem, Lease, NewItem, QueueRef, WorkQueue};
use crate::error::ErrorKind;
use crate::id::FileId;
use crate::transport::message::{QueueAnswer, QueueCall, QueueReply, TakenItem};
use crate::transport::{AgentMessage, ServerMessage};

impl<F: TransportFixture> World<F> {
    async fn queue(&self, name: &str) -> WorkQueue {
        let command = CreateWorkQueue { environment_id: None, settings: QueueSettings::new(name) };
        self.orchestrator.execute(&self.admin, command).await.unwrap()
    }

    async fn put(&self, queue: &WorkQueue, payload: serde_json::Value, files: Vec<FileId>) {
        let item = NewItem { files, ..NewItem::new(payload) };
        let command = AddWorkItem { queue_id: queue.id, item };
        self.orchestrator.execute(&self.admin, command).await.unwrap();
    }
}

async fn ask(connection: &mut Connection, lease: Lease, call: QueueCall) -> QueueAnswer {
    connection.say(AgentMessage::Queue { request: 3, lease, is_repeated: false, call }).await;
    match connection.next().await {
        ServerMessage::Queue { request: 3, answer } => answer,
        other => panic!("{other:?}"),
    }
}

async fn take(connection: &mut Connection, lease: Lease) -> TakenItem {
    let call = QueueCall::Take { queue: "invoices".to_owned(), holding: Vec::new() };
    match ask(connection, lease, call).await {
        QueueAnswer::Reply(QueueReply::Item { item: Some(item) }) => *item,
        other => panic!("{other:?}"),
    }
}

/// An item is taken and completed with a large output and a child.
pub async fn calls<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let (queue, next) = (world.queue("invoices").await, world.queue("next").await);
    let payload = json!({"text": "ä".repeat(60_000)});
    world.put(&queue, payload.clone(), Vec::new()).await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let taken = take(&mut connection, lease).await;
    assert_eq!((&taken.payload, taken.epoch, taken.queue.as_str()), (&payload, 1, "invoices"));
    let child = ChildItem { queue: QueueRef::Name("next".to_owned()), item: NewItem::new(payload.clone()) };
    let complete = QueueCall::Complete {
        item: taken.id,
        epoch: 1,
        output: Some(payload.clone()),
        children: vec![child],
    };
    let answer = ask(&mut connection, lease, complete).await;
    assert!(matches!(answer, QueueAnswer::Reply(QueueReply::Done)), "{answer:?}");
    let stored = world.orchestrator.store().work_item(taken.id).await.unwrap().unwrap();
    assert_eq!(stored.output, Some(payload));
    let statistics =
        world.orchestrator.store().queue_statistics(next.id, stored.created_at, stored.created_at);
    assert_eq!(statistics.await.unwrap().counts.len(), 1);
    let call = QueueCall::Take { queue: "nowhere".to_owned(), holding: Vec::new() };
    let answer = ask(&mut connection, lease, call).await;
    assert!(matches!(answer, QueueAnswer::Refused { kind: ErrorKind::NotFound, .. }), "{answer:?}");
}

/// Whoever holds no lease takes nothing.
pub async fn stale_lease<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let queue = world.queue("invoices").await;
    world.put(&queue, json!(1), Vec::new()).await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let later = Lease { epoch: lease.epoch + 1, ..lease };
    connection.finish(lease, Map::new()).await;
    for lease in [lease, later] {
        let call = QueueCall::Take { queue: "invoices".to_owned(), holding: Vec::new() };
        let answer = ask(&mut connection, lease, call).await;
        assert!(matches!(answer, QueueAnswer::Refused { kind: ErrorKind::StaleLease, .. }), "{answer:?}");
    }
}

/// The files of an item are those of whoever holds it, as long as they do.
pub async fn files<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let queue = world.queue("invoices").await;
    let content = noise(200_000);
    let file = world.upload(content.clone()).await;
    world.put(&queue, json!(1), vec![file.id]).await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    assert!(agent.transport.fetch_file(lease, file.id).await.is_err(), "nobody holds the item");
    let taken = take(&mut connection, lease).await;
    assert_eq!((taken.files[0].id, taken.files[0].size), (file.id, 200_000));
    assert!(all(agent.transport.fetch_file(lease, file.id).await.unwrap()).await == content);
    let release = QueueCall::Release { item: taken.id, epoch: 1 };
    ask(&mut connection, lease, release).await;
    assert!(agent.transport.fetch_file(lease, file.id).await.is_err());
}
