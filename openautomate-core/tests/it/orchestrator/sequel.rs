//! What follows from executions: chains, children, approvals.

use std::time::Duration;

use openautomate_core::changes::{Changes, Record};
use openautomate_core::clock::Clock as _;
use openautomate_core::command::approval::AnswerApproval;
use openautomate_core::command::trigger::{CreateTrigger, TriggerSettings};
use openautomate_core::domain::{
    ApprovalQuestion, ApprovalState, EndedAs, ExecutionState, HoldReason, Lease, Origin, Package, RunError,
    RunResult, RunStatus, Trigger, TriggerFiring, TriggerSource,
};
use openautomate_core::id::{ExecutionId, TriggerId};
use openautomate_core::query::{ApprovalFilter, PageRequest};
use openautomate_core::service::{ApprovalKeeper, Chainer};
use openautomate_core::transport::message::{CallAnswer, RunCall};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::{Map, Value};

use super::place::{MANIFEST, Place, ScriptedAgent};

impl ScriptedAgent {
    async fn call(&mut self, lease: Lease, call: RunCall) -> CallAnswer {
        self.send(AgentMessage::Call { request: 5, lease, call }).await;
        self.until(|message| match message {
            ServerMessage::Called { request: 5, answer } => Some(answer),
            _ => None,
        })
        .await
    }

    async fn start_child(&mut self, lease: Lease, call: u32) -> ExecutionId {
        match self.call(lease, child(call)).await {
            CallAnswer::Started { execution } => execution,
            other => panic!("not started: {other:?}"),
        }
    }

    async fn run_next(&mut self) -> Lease {
        self.ready(1).await;
        let lease = self.assignment().await.lease;
        self.send(AgentMessage::Started { lease }).await;
        lease
    }

    async fn ends(&mut self, lease: Lease, result: RunResult) {
        self.send(AgentMessage::Finished { lease, result, final_log_seq: 0 }).await;
        self.until(|message| matches!(message, ServerMessage::FinishAck { .. }).then_some(())).await;
    }
}

fn child(call: u32) -> RunCall {
    RunCall::StartChild { call, package: "greeter".into(), inputs: Map::new() }
}

fn question(expires_in: Option<u64>, default_approve: bool) -> RunCall {
    RunCall::Approval(ApprovalQuestion {
        key: "pay".into(),
        question: "pay?".into(),
        data: Value::Null,
        approvers: Vec::new(),
        role: None,
        expires_in,
        default_approve,
    })
}

fn failed() -> RunResult {
    RunResult::ended(RunStatus::Failed, RunError::new("ValueError", "no total"))
}

async fn settings(place: &Place, source: &Package, target: &Package) -> TriggerSettings {
    TriggerSettings {
        name: "follow".into(),
        package_id: target.id,
        environment_id: Some(place.environment().await),
        source: TriggerSource::ExecutionFinished { package_id: source.id, on: EndedAs::Any },
        inputs: Map::new(),
        mapping: [].into(),
        is_active: true,
    }
}

async fn firings(place: &Place, trigger: TriggerId) -> Vec<TriggerFiring> {
    place.orchestrator.store().trigger_firings(trigger, 100).await.unwrap()
}

#[tokio::test]
async fn an_end_is_followed_once_whatever_the_number_of_chainers() {
    let place = Place::new().await;
    let (first, second) = (place.greeter().await, place.package("second").await);
    let manifest = MANIFEST.replace("greeter\"\nversion", "second\"\nversion");
    place.publish(&second, &format!("{manifest}queue_timeout = \"1h\"\n")).await;
    let settings = settings(&place, &first, &second).await;
    let trigger = place.orchestrator.execute(&place.admin, CreateTrigger { settings }).await.unwrap().trigger;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, Vec::new()).await;
    for number in 1..=3 {
        let made = place.enqueue(&first).await;
        let lease = bot.run_next().await;
        bot.ends(lease, failed()).await;
        let chainer = || Chainer::new(place.orchestrator.clone());
        let (one, two) = (chainer(), chainer());
        let (one, two) = tokio::join!(one.fire_due(), two.fire_due());
        one.and(two).unwrap();
        let fired = firings(&place, trigger.id).await;
        assert_eq!((fired.len(), fired[0].after), (number, Some(made.id)));
        let follower = place.execution(fired[0].execution_id.unwrap()).await;
        assert_eq!(
            follower.origin,
            Origin::Trigger { trigger_id: trigger.id, after: Some(made.id), depth: 1 }
        );
        assert_eq!(follower.queue_timeout_ms, Some(3_600_000), "what the package says of its place holds");
        let lease = bot.run_next().await;
        assert_eq!(lease.execution, follower.id);
        bot.ends(lease, RunResult::succeeded(Map::new())).await;
    }
    assert_eq!(place.orchestrator.store().due_triggers(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_cycle_that_was_saved_all_the_same_ends() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let now = place.clock.now();
    // Two that were saved at the same moment could make one; here it is put in past the check.
    let trigger = Trigger {
        id: TriggerId::new(),
        name: "cycle".into(),
        package_id: package.id,
        environment_id: place.environment().await,
        source: TriggerSource::ExecutionFinished { package_id: package.id, on: EndedAs::Any },
        inputs: Map::new(),
        mapping: [].into(),
        is_active: true,
        sealed: None,
        created_by_id: place.admin.user_id().unwrap(),
        created_at: now,
        updated_at: now,
        deleted_at: None,
        revision: 0,
    };
    let insert = Changes::none().insert(Record::Trigger(Box::new(trigger.clone())));
    place.orchestrator.store().commit(insert).await.unwrap();
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, Vec::new()).await;
    place.enqueue(&package).await;
    for _ in 0..=Origin::MAX_DEPTH {
        let lease = bot.run_next().await;
        bot.ends(lease, RunResult::succeeded(Map::new())).await;
        Chainer::new(place.orchestrator.clone()).fire_due().await.unwrap();
    }
    let fired = firings(&place, trigger.id).await;
    let skipped: Vec<_> = fired.iter().filter_map(|firing| firing.skipped.as_deref()).collect();
    assert_eq!((fired.len(), skipped), (9, vec!["depthLimit"]));
    assert_eq!(place.orchestrator.store().count_open_executions_of_package(package.id).await.unwrap(), 0);
}

#[tokio::test]
async fn children_stand_no_deeper_than_they_may() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, Vec::new()).await;
    place.enqueue(&package).await;
    let mut lease = bot.run_next().await;
    for depth in 1..=Origin::MAX_DEPTH {
        let id = bot.start_child(lease, 1).await;
        assert_eq!(place.execution(id).await.origin, Origin::Child { parent: lease.execution, depth });
        lease = bot.run_next().await;
        assert_eq!(lease.execution, id);
    }
    let CallAnswer::Refused { message, .. } = bot.call(lease, child(1)).await else { panic!("not refused") };
    assert_eq!(message, "8 executions stand before this one already; no more may follow it");
}

#[tokio::test]
async fn a_new_try_makes_new_children_and_an_answer_finds_the_old_ones() {
    let place = Place::new().await;
    let package = place.package("greeter").await;
    place.publish(&package, &format!("{MANIFEST}retries = 1\nbackoff = \"1s\"\n")).await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, Vec::new()).await;
    let parent = place.enqueue(&package).await;
    let first = bot.run_next().await;
    let one = bot.start_child(first, 1).await;
    assert_eq!(bot.start_child(first, 1).await, one);
    let child_run = bot.run_next().await;
    bot.ends(child_run, RunResult::succeeded(Map::new())).await;
    bot.ends(first, failed()).await;
    place.clock.advance(Duration::from_secs(2));
    let second = bot.run_next().await;
    assert_eq!((second.execution, second.epoch), (parent.id, 2));
    let two = bot.start_child(second, 1).await;
    assert_ne!(one, two);
    let child_run = bot.run_next().await;
    bot.ends(child_run, RunResult::succeeded(Map::new())).await;
    assert_eq!(bot.call(second, question(None, false)).await, CallAnswer::Waiting);
    bot.ends(second, RunResult::suspended()).await;
    answer(&place, true).await;
    let third = bot.run_next().await;
    assert_eq!((third.execution, third.epoch), (parent.id, 3));
    assert_eq!(bot.start_child(third, 1).await, two);
    let other = RunCall::StartChild {
        call: 1,
        package: "greeter".into(),
        inputs: [("n".into(), 1.into())].into_iter().collect(),
    };
    let CallAnswer::Refused { message, .. } = bot.call(third, other).await else { panic!("not refused") };
    assert!(message.contains("same calls in the same order"), "{message}");
    assert!(matches!(
        bot.call(third, question(None, false)).await,
        CallAnswer::Answered { approved: true, .. }
    ));
}

#[tokio::test]
async fn a_default_is_taken_when_the_time_is_over() {
    for (default_approve, state) in [(true, ApprovalState::Approved), (false, ApprovalState::Rejected)] {
        let place = Place::new().await;
        let package = place.greeter().await;
        let agent = place.agent("bot").await;
        let mut bot = place.connect(&agent, Vec::new()).await;
        let made = place.enqueue(&package).await;
        let lease = bot.run_next().await;
        assert_eq!(bot.call(lease, question(Some(60), default_approve)).await, CallAnswer::Waiting);
        bot.ends(lease, RunResult::suspended()).await;
        let keeper = ApprovalKeeper::new(place.orchestrator.clone());
        place.clock.advance(Duration::from_secs(59));
        assert_eq!(keeper.settle().await.unwrap(), 0);
        assert!(place.execution(made.id).await.is_suspended());
        let held = place.orchestrator.explain(made.id).await.unwrap().reasons;
        assert_eq!(held, [HoldReason::Approval]);
        place.clock.advance(Duration::from_secs(2));
        keeper.settle().await.unwrap();
        let approval = only_approval(&place).await;
        assert_eq!((approval.state, approval.answered_by_id), (state, None));
        let next = bot.run_next().await;
        let answered = bot.call(next, question(Some(60), default_approve)).await;
        assert!(matches!(answered, CallAnswer::Answered { approved, .. } if approved == default_approve));
    }
}

#[tokio::test]
async fn a_lost_attempt_leaves_its_question() {
    let place = Place::new().await;
    let package = place.package("greeter").await;
    let lost = format!("{MANIFEST}retries = 1\nbackoff = \"1s\"\n");
    place.publish(&package, &lost).await;
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, Vec::new()).await;
    let made = place.enqueue(&package).await;
    let first = bot.run_next().await;
    assert_eq!(bot.call(first, question(None, false)).await, CallAnswer::Waiting);
    // It fails instead of waiting: the same question stands for the next try.
    bot.ends(first, failed()).await;
    place.clock.advance(Duration::from_secs(2));
    let second = bot.run_next().await;
    assert_eq!(bot.call(second, question(None, false)).await, CallAnswer::Waiting);
    bot.ends(second, RunResult::suspended()).await;
    assert_eq!(only_approval(&place).await.epoch, 2);
    assert!(place.reaches(made.id, ExecutionState::Waiting).await.is_suspended());
    answer(&place, true).await;
    assert_eq!(place.reaches(made.id, ExecutionState::Pending).await.failed_attempts, 1);
}

async fn only_approval(place: &Place) -> openautomate_core::domain::Approval {
    let all = place.orchestrator.store().approvals(&ApprovalFilter::default(), PageRequest::default()).await;
    let [approval] = &all.unwrap().items[..] else { panic!("there is not one approval") };
    approval.clone()
}

async fn answer(place: &Place, approve: bool) {
    let id = only_approval(place).await.id;
    let command = AnswerApproval { id, approve, comment: String::new() };
    place.orchestrator.execute(&place.admin, command).await.unwrap();
}
