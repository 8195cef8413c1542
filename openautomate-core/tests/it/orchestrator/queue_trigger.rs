//! Work queues that start executions, with the loop that runs in every server and more of them beside.

use std::time::Duration;

use openautomate_core::clock::Clock as _;
use openautomate_core::command::execution::CancelExecution;
use openautomate_core::command::trigger::{CreateTrigger, TriggerSettings, UpdateTrigger};
use openautomate_core::command::work_item::AddWorkItem;
use openautomate_core::command::work_queue::{CreateWorkQueue, QueueSettings};
use openautomate_core::domain::{
    ExecutionState, ExecutionSummary, NewItem, Origin, QueueSource, Trigger, TriggerSource, WorkQueue,
};
use openautomate_core::orchestrator::TriggerHold;
use openautomate_core::query::{ExecutionFilter, PageRequest};
use openautomate_core::service::QueueWatcher;
use serde_json::{Map, json};

use super::place::Place;

const MINUTE: Duration = Duration::from_secs(60);

async fn queue(place: &Place, name: &str) -> WorkQueue {
    let command = CreateWorkQueue { environment_id: None, settings: QueueSettings::new(name) };
    place.orchestrator.execute(&place.admin, command).await.unwrap()
}

fn source(queue: &WorkQueue) -> QueueSource {
    QueueSource {
        queue_id: queue.id,
        min_items: 1,
        max_age_ms: None,
        items_per_execution: 1,
        max_running: 1,
        min_pause_ms: 0,
    }
}

async fn settings(place: &Place, source: QueueSource) -> TriggerSettings {
    let package = match place.orchestrator.store().package_by_name("greeter").await.unwrap() {
        Some(package) => package,
        None => place.greeter().await,
    };
    TriggerSettings {
        name: "work it off".into(),
        package_id: package.id,
        environment_id: None,
        source: TriggerSource::WorkQueue(source),
        inputs: Map::new(),
        mapping: [].into(),
        is_active: true,
    }
}

async fn trigger(place: &Place, source: QueueSource) -> Trigger {
    let settings = settings(place, source).await;
    place.orchestrator.execute(&place.admin, CreateTrigger { settings }).await.unwrap().trigger
}

async fn add(place: &Place, queue: &WorkQueue, count: usize) {
    for number in 0..count {
        let item = NewItem { payload: json!({"number": number}), ..NewItem::default() };
        add_item(place, queue, item).await;
    }
}

async fn add_item(place: &Place, queue: &WorkQueue, item: NewItem) {
    let command = AddWorkItem { queue_id: queue.id, item };
    place.orchestrator.execute(&place.admin, command).await.unwrap();
}

/// Looks with several watchers at once, beside the one that runs by itself, until nobody makes anything more.
async fn look(place: &Place) {
    loop {
        let watcher = || QueueWatcher::new(place.orchestrator.clone());
        let watchers = [watcher(), watcher(), watcher()];
        let [a, b, c] = &watchers;
        let (a, b, c) = tokio::join!(a.fire_due(), b.fire_due(), c.fire_due());
        if a.unwrap().made + b.unwrap().made + c.unwrap().made == 0 {
            return;
        }
    }
}

async fn made(place: &Place) -> Vec<ExecutionSummary> {
    look(place).await;
    let page = PageRequest::new(None, 200);
    place.orchestrator.store().executions(&ExecutionFilter::default(), page).await.unwrap().items
}

async fn end(place: &Place, execution: &ExecutionSummary) {
    let ended = place.orchestrator.execute(&place.admin, CancelExecution { id: execution.id }).await.unwrap();
    assert_eq!(ended.state, ExecutionState::Cancelled);
}

async fn holds(place: &Place, trigger: &Trigger) -> Vec<TriggerHold> {
    place.orchestrator.explain_trigger(&place.admin, trigger.id).await.unwrap().holds
}

#[tokio::test]
async fn a_backlog_is_worth_so_many_executions_and_no_more() {
    let place = Place::new().await;
    let queue = queue(&place, "invoices").await;
    let wanted = QueueSource { min_items: 3, items_per_execution: 2, max_running: 3, ..source(&queue) };
    let trigger = trigger(&place, wanted).await;
    add(&place, &queue, 2).await;
    assert_eq!(made(&place).await.len(), 0);
    let hold = holds(&place, &trigger).await;
    assert!(matches!(hold[..], [TriggerHold::NotEnough { ready: 2, again_at: None, .. }]), "{hold:?}");
    add(&place, &queue, 1).await;
    let first = made(&place).await;
    assert_eq!(first.len(), 2, "three items, two an execution");
    let origin = Origin::Trigger { trigger_id: trigger.id, after: None, depth: 0 };
    assert!(first.iter().all(|execution| execution.origin == origin));
    assert_eq!(holds(&place, &trigger).await, [TriggerHold::Full { open: 2, wanted: 2 }]);
    add(&place, &queue, 20).await;
    assert_eq!(made(&place).await.len(), 3, "no more than may run at once");
    end(&place, &first[0]).await;
    assert_eq!(made(&place).await.len(), 4, "one ended, and items are left");
    let firings = place.orchestrator.store().trigger_firings(trigger.id, 100).await.unwrap();
    assert_eq!(firings.len(), 4);
    assert!(firings.iter().all(|firing| firing.execution_id.is_some()));
}

#[tokio::test]
async fn the_loop_by_itself_fires_for_what_becomes_due() {
    let place = Place::new().await;
    let queue = queue(&place, "invoices").await;
    let trigger = trigger(&place, QueueSource { max_running: 10, ..source(&queue) }).await;
    let mut events = place.orchestrator.subscribe();
    let later = place.clock.now() + chrono::TimeDelta::hours(2);
    add_item(&place, &queue, NewItem { defer_until: Some(later), ..NewItem::default() }).await;
    assert_eq!(made(&place).await.len(), 0);
    let hold = holds(&place, &trigger).await;
    assert!(
        matches!(hold[..], [TriggerHold::NotEnough { again_at: Some(at), .. }] if at == later),
        "{hold:?}"
    );
    place.clock.advance(Duration::from_secs(2 * 3_600));
    // Nobody but the loop of the orchestrator looks.
    let fired = async {
        while !matches!(events.recv().await, Ok(openautomate_core::changes::Event::ExecutionPending { .. })) {
        }
    };
    tokio::time::timeout(Duration::from_secs(10), fired).await.expect("it fires when the item can be taken");
    assert_eq!(made(&place).await.len(), 1);
}

#[tokio::test]
async fn an_old_item_fires_alone_and_a_pause_is_kept() {
    let place = Place::new().await;
    let queue = queue(&place, "invoices").await;
    let wanted = QueueSource {
        min_items: 10,
        max_age_ms: Some(60_000),
        max_running: 5,
        min_pause_ms: 300_000,
        ..source(&queue)
    };
    let trigger = trigger(&place, wanted).await;
    add(&place, &queue, 1).await;
    place.clock.advance(MINUTE);
    assert_eq!(made(&place).await.len(), 0, "it has to be older than that");
    place.clock.advance(Duration::from_millis(1));
    assert_eq!(made(&place).await.len(), 1);
    add(&place, &queue, 20).await;
    let until = place.clock.now() + chrono::TimeDelta::minutes(5);
    assert_eq!(made(&place).await.len(), 1, "it rests");
    assert_eq!(holds(&place, &trigger).await, [TriggerHold::Rests { until }]);
    place.clock.advance(4 * MINUTE);
    assert_eq!(made(&place).await.len(), 1);
    place.clock.advance(MINUTE);
    assert_eq!(made(&place).await.len(), 5, "the pause is over");
}

#[tokio::test]
async fn what_can_not_fire_fires_when_it_can() {
    let place = Place::new().await;
    let queue = queue(&place, "invoices").await;
    let package = place.package("greeter").await;
    let trigger = trigger(&place, source(&queue)).await;
    add(&place, &queue, 1).await;
    assert_eq!(made(&place).await.len(), 0);
    assert_eq!(holds(&place, &trigger).await, [TriggerHold::NoActiveVersion]);
    place.publish(&package, super::place::MANIFEST).await;
    let update = async |is_active| {
        let settings = TriggerSettings { is_active, ..settings(&place, source(&queue)).await };
        let update = UpdateTrigger { id: trigger.id, revision: None, settings };
        place.orchestrator.execute(&place.admin, update).await.unwrap()
    };
    // It may have fired by itself since the version is there.
    let before = made(&place).await;
    assert_eq!(before.len(), 1);
    end(&place, &before[0]).await;
    assert_eq!(made(&place).await.len(), 2, "the item is still there");
    update(false).await;
    let last = made(&place).await;
    end(&place, &last[0]).await;
    assert_eq!(made(&place).await.len(), 2, "it is inactive");
    assert!(holds(&place, &trigger).await.contains(&TriggerHold::Inactive));
    update(true).await;
    assert_eq!(made(&place).await.len(), 3);
}

#[tokio::test]
async fn what_the_queue_tells_becomes_inputs() {
    let place = Place::new().await;
    let queue = queue(&place, "invoices").await;
    let package = place.package("greeter").await;
    place.publish_source(&package, "1.0.0", "def run(queue: str, waiting: int): ...\n").await;
    let mapping = [("queue", "/queueName"), ("waiting", "/ready")];
    let settings = TriggerSettings {
        mapping: mapping.map(|(name, pointer)| (name.to_owned(), pointer.to_owned())).into(),
        ..settings(&place, source(&queue)).await
    };
    place.orchestrator.execute(&place.admin, CreateTrigger { settings }).await.unwrap();
    add(&place, &queue, 1).await;
    let first = made(&place).await[0].id;
    let inputs = place.execution(first).await.inputs;
    assert_eq!(serde_json::Value::Object(inputs), json!({"queue": "invoices", "waiting": 1}));
}

#[tokio::test]
async fn a_queue_that_is_not_there_is_refused() {
    let place = Place::new().await;
    let mut queue = queue(&place, "invoices").await;
    queue.id = openautomate_core::id::WorkQueueId::new();
    let settings = settings(&place, source(&queue)).await;
    let refused = place.orchestrator.execute(&place.admin, CreateTrigger { settings }).await.unwrap_err();
    assert_eq!(refused.field(), Some("source.queueId"));
}
