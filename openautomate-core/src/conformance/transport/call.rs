//! What runs have done by the orchestrator.

use serde_json::{Map, json};

use super::TransportFixture;
use super::peer::Connection;
use super::world::World;
use crate::command::approval::AnswerApproval;
use crate::domain::{ApprovalQuestion, ApprovalState, ExecutionState, Lease, RunError, RunResult};
use crate::error::ErrorKind;
use crate::id::ExecutionId;
use crate::query::{ApprovalFilter, PageRequest};
use crate::transport::message::{CallAnswer, RunCall};
use crate::transport::{AgentMessage, ServerMessage};

fn child(call: u32) -> RunCall {
    RunCall::StartChild { call, package: "job".to_owned(), inputs: Map::new() }
}

fn question(key: &str, text: &str) -> RunCall {
    RunCall::Approval(ApprovalQuestion {
        key: key.to_owned(),
        question: text.to_owned(),
        data: json!({"total": 12_000}),
        approvers: vec!["ada".to_owned()],
        role: None,
        expires_in: None,
        default_approve: false,
    })
}

impl Connection {
    /// The answer to a call; assignments that come before it are counted.
    async fn answer(&mut self, request: u64, lease: Lease, call: RunCall) -> CallAnswer {
        self.say(AgentMessage::Call { request, lease, call }).await;
        match self.next().await {
            ServerMessage::Called { request: told, answer } => {
                assert_eq!(told, request);
                answer
            }
            other => panic!("no answer: {other:?}"),
        }
    }
}

fn started(answer: CallAnswer) -> ExecutionId {
    match answer {
        CallAnswer::Started { execution } => execution,
        other => panic!("not started: {other:?}"),
    }
}

/// A call that is told twice, over another connection too, starts one execution; another call starts another.
pub async fn a_child_is_started_once<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let first = started(connection.answer(1, lease, child(1)).await);
    assert_eq!(started(connection.answer(2, lease, child(1)).await), first);
    drop(connection);
    world.connected(agent.id, false).await;
    let mut connection = agent.connect_with(vec![lease]).await;
    assert_eq!(started(connection.answer(1, lease, child(1)).await), first);
    let second = started(connection.answer(2, lease, child(2)).await);
    let store = world.orchestrator.store();
    assert_eq!(store.children(lease.execution, 10).await.unwrap(), [first, second]);
    let parent = store.execution(lease.execution).await.unwrap().unwrap();
    let made = store.execution(first).await.unwrap().unwrap();
    assert!(made.priority > parent.priority && made.environment_id == parent.environment_id);
}

/// Who waits for a child is told of its outputs, or of its error.
pub async fn the_end_of_a_child<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    for (call, outputs) in [(1, Some(json!({"total": 12.5}))), (2, None)] {
        let id = started(connection.answer(1, lease, child(call)).await);
        connection.ready(1).await;
        let run = connection.assignment().await.lease;
        assert_eq!(run.execution, id);
        let wait = RunCall::AwaitChild { execution: id };
        connection.say(AgentMessage::Call { request: 2, lease, call: wait.clone() }).await;
        let result = match &outputs {
            Some(outputs) => RunResult::succeeded(outputs.as_object().unwrap().clone()),
            None => {
                RunResult::ended(crate::domain::RunStatus::Failed, RunError::new("ValueError", "no total"))
            }
        };
        connection.say(AgentMessage::Finished { lease: run, result, final_log_seq: 0 }).await;
        let mut told = None;
        for _ in 0..2 {
            match connection.next().await {
                ServerMessage::FinishAck { .. } => {}
                ServerMessage::Called { request: 2, answer } => told = Some(answer),
                other => panic!("{other:?}"),
            }
        }
        let expected = CallAnswer::Ended {
            state: if outputs.is_some() { ExecutionState::Succeeded } else { ExecutionState::Failed },
            error: outputs.is_none().then(|| RunError::new("ValueError", "no total")),
            outputs: outputs.map(|outputs| outputs.as_object().unwrap().clone()).unwrap_or_default(),
        };
        assert_eq!(told, Some(expected.clone()));
        assert_eq!(connection.answer(3, lease, wait).await, expected, "asked again");
    }
}

/// Nothing is told of an execution that is no child, and none is made of a package that is not there.
pub async fn what_is_no_child<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    let stranger = world.enqueue(agent.id, Map::new()).await;
    for execution in [stranger, lease.execution, ExecutionId::new()] {
        let answer = connection.answer(1, lease, RunCall::AwaitChild { execution }).await;
        assert!(matches!(answer, CallAnswer::Refused { error: ErrorKind::NotFound, .. }), "{answer:?}");
    }
    let absent = RunCall::StartChild { call: 1, package: "absent".to_owned(), inputs: Map::new() };
    let wrong = json!({"unknown": 1}).as_object().unwrap().clone();
    let wrong = RunCall::StartChild { call: 1, package: "job".to_owned(), inputs: wrong };
    for call in [absent, wrong, child(0), child(1_001)] {
        let answer = connection.answer(2, lease, call).await;
        assert!(matches!(answer, CallAnswer::Refused { error: ErrorKind::Invalid, .. }), "{answer:?}");
    }
    assert_eq!(world.orchestrator.store().children(lease.execution, 10).await.unwrap(), []);
}

/// A question that is told twice is asked once; its answer is told to who asks again.
pub async fn an_approval_is_asked_once<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    for request in 1..3 {
        assert_eq!(connection.answer(request, lease, question("pay", "pay?")).await, CallAnswer::Waiting);
    }
    let store = world.orchestrator.store();
    let all = store.approvals(&ApprovalFilter::default(), PageRequest::default()).await.unwrap().items;
    assert_eq!((all.len(), all[0].state), (1, ApprovalState::Waiting));
    // A yes to one question is none to another.
    let other = connection.answer(3, lease, question("pay", "pay more?")).await;
    assert!(matches!(other, CallAnswer::Refused { error: ErrorKind::Conflict, .. }), "{other:?}");
    let yes = AnswerApproval { id: all[0].id, approve: true, comment: "fine".to_owned() };
    world.orchestrator.execute(&world.admin, yes).await.unwrap();
    let answered = CallAnswer::Answered {
        approved: true,
        comment: "fine".to_owned(),
        answered_by: Some("ada".to_owned()),
    };
    assert_eq!(connection.answer(4, lease, question("pay", "pay?")).await, answered);
}

/// Without the lease nothing is done.
pub async fn stale_lease<F: TransportFixture>() {
    let world = World::<F>::new().await;
    let agent = world.agent("bot").await;
    let (mut connection, lease) = agent.leased(&world).await;
    connection.finish(lease, Map::new()).await;
    let never = Lease { epoch: 7, ..lease };
    let wait = RunCall::AwaitChild { execution: lease.execution };
    for lease in [lease, never] {
        for call in [child(1), wait.clone(), question("pay", "pay?")] {
            let answer = connection.answer(1, lease, call).await;
            assert!(matches!(answer, CallAnswer::Refused { error: ErrorKind::StaleLease, .. }), "{answer:?}");
        }
    }
}
