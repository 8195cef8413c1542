use openautomate_core::domain::{ApprovalQuestion, Lease, Role, RunResult};
use openautomate_core::transport::message::{CallAnswer, RunCall};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::{Map, Value, json};

use crate::fake_agent::{Connection, FakeAgent};
use crate::server::{TestServer, problem, read, text};

impl Connection {
    pub(crate) async fn call(&mut self, lease: Lease, call: RunCall) -> CallAnswer {
        self.send(&AgentMessage::Call { request: 7, lease, call }).await;
        match self.next().await {
            Some(ServerMessage::Called { request: 7, answer }) => answer,
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn pay() -> ApprovalQuestion {
    ApprovalQuestion {
        key: "pay".into(),
        question: "pay 12,000 EUR?".into(),
        data: json!({"iban": "DE02"}),
        approvers: Vec::new(),
        role: None,
        expires_in: None,
        default_approve: false,
    }
}

/// A package, an execution of it, and an agent that runs it.
async fn running(server: &TestServer, token: &str) -> (String, Connection, Lease) {
    let package = server.package(token, "hello").await;
    let agent = FakeAgent::enrol(server, token, "bot").await;
    let (mut connection, _) = agent.connect(server, Vec::new()).await;
    let body = json!({"packageId": package});
    let made = read(server.post("/api/executions", token, &body).send().await.unwrap(), 201).await;
    let lease = connection.take().await.lease;
    (format!("/api/executions/{}", text(&made["id"])), connection, lease)
}

async fn only_approval(server: &TestServer, token: &str, query: &str) -> Value {
    let list = read(server.get(&format!("/api/approvals{query}"), token).send().await.unwrap(), 200).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    list["items"][0].clone()
}

#[tokio::test]
async fn an_answer_lets_the_execution_go_on() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (path, mut connection, lease) = running(&server, &admin.token).await;
    assert_eq!(connection.call(lease, RunCall::Approval(pay())).await, CallAnswer::Waiting);
    connection.finish(lease, RunResult::suspended(), 0).await;
    let waits = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!((&waits["state"], &waits["failedAttempts"]), (&json!("Waiting"), &json!(0)));
    let approval = only_approval(&server, &admin.token, "?state=waiting").await;
    assert_eq!(
        (&approval["question"], &approval["data"]),
        (&json!("pay 12,000 EUR?"), &json!({"iban": "DE02"}))
    );
    let answer = format!("/api/approvals/{}/answer", text(&approval["id"]));
    let viewer = server.person("viewer", Role::Viewer).await;
    let yes = json!({"approve": true, "comment": "as agreed"});
    problem(server.post(&answer, &viewer.token, &yes).send().await.unwrap(), 403).await;
    let operator = server.person("operator", Role::Operator).await;
    for _ in 0..2 {
        let told = read(server.post(&answer, &operator.token, &yes).send().await.unwrap(), 200).await;
        assert_eq!((&told["state"], &told["answeredById"]), (&json!("approved"), &json!(operator.id)));
    }
    let no = json!({"approve": false});
    assert_eq!(
        problem(server.post(&answer, &admin.token, &no).send().await.unwrap(), 409).await["code"],
        "approval.answered"
    );
    connection.free(1, 1).await;
    let next = connection.assigned().await.lease;
    assert_eq!((next.execution, next.epoch), (lease.execution, 2));
    let answered = CallAnswer::Answered {
        approved: true,
        comment: "as agreed".into(),
        answered_by: Some("operator".into()),
    };
    assert_eq!(connection.call(next, RunCall::Approval(pay())).await, answered);
    connection.finish(next, RunResult::succeeded(Map::new()), 0).await;
    let ended = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(ended["state"], "Succeeded");
    let audit = format!("/api/audit?objectId={}", text(&approval["id"]));
    let audit = read(server.get(&audit, &admin.token).send().await.unwrap(), 200).await;
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(actions, ["approval.answer", "approval.ask"]);
}

#[tokio::test]
async fn an_answer_that_comes_before_the_attempt_ends_counts() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (_, mut connection, lease) = running(&server, &admin.token).await;
    assert_eq!(connection.call(lease, RunCall::Approval(pay())).await, CallAnswer::Waiting);
    let approval = only_approval(&server, &admin.token, "").await;
    let answer = format!("/api/approvals/{}/answer", text(&approval["id"]));
    read(server.post(&answer, &admin.token, &json!({"approve": false})).send().await.unwrap(), 200).await;
    connection.finish(lease, RunResult::suspended(), 0).await;
    connection.free(1, 1).await;
    assert_eq!(connection.assigned().await.lease.epoch, 2);
}

#[tokio::test]
async fn only_who_is_named_answers() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let named = server.person("grace", Role::Operator).await;
    let (_, mut connection, lease) = running(&server, &admin.token).await;
    let stranger = ApprovalQuestion { approvers: vec!["nobody".into()], ..pay() };
    assert!(matches!(connection.call(lease, RunCall::Approval(stranger)).await, CallAnswer::Refused { .. }));
    let question = ApprovalQuestion { approvers: vec!["grace".into()], role: Some(Role::Operator), ..pay() };
    assert_eq!(connection.call(lease, RunCall::Approval(question)).await, CallAnswer::Waiting);
    let approval = only_approval(&server, &admin.token, "").await;
    assert_eq!(approval["approverIds"], json!([named.id]));
    let answer = format!("/api/approvals/{}/answer", text(&approval["id"]));
    let yes = json!({"approve": true});
    problem(server.post(&answer, &admin.token, &yes).send().await.unwrap(), 403).await;
    read(server.post(&answer, &named.token, &yes).send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn what_is_cancelled_while_it_waits_asks_no_more() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (path, mut connection, lease) = running(&server, &admin.token).await;
    assert_eq!(connection.call(lease, RunCall::Approval(pay())).await, CallAnswer::Waiting);
    connection.finish(lease, RunResult::suspended(), 0).await;
    let cancel = server.post(&format!("{path}/cancel"), &admin.token, &json!({})).send().await.unwrap();
    assert_eq!(read(cancel, 202).await["state"], "Cancelled");
    let approval = only_approval(&server, &admin.token, "").await;
    let shown = format!("/api/approvals/{}", text(&approval["id"]));
    let answer = format!("{shown}/answer");
    let refused =
        problem(server.post(&answer, &admin.token, &json!({"approve": true})).send().await.unwrap(), 409);
    let code = text(&refused.await["code"]);
    assert!(["approval.execution_ended", "approval.answered"].contains(&code.as_str()), "{code}");
    let withdrawn = async {
        while read(server.get(&shown, &admin.token).send().await.unwrap(), 200).await["state"] != "withdrawn"
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), withdrawn).await.unwrap();
}

#[tokio::test]
async fn a_run_that_asked_nobody_is_not_suspended() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (path, mut connection, lease) = running(&server, &admin.token).await;
    connection.finish(lease, RunResult::suspended(), 0).await;
    let ended = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!((&ended["state"], &ended["error"]["kind"]), (&json!("Failed"), &json!("ProtocolError")));
}

#[tokio::test]
async fn children_are_listed_and_cancelled_with_their_parent() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (path, mut connection, lease) = running(&server, &admin.token).await;
    let start = RunCall::StartChild { call: 1, package: "hello".into(), inputs: Map::new() };
    let CallAnswer::Started { execution } = connection.call(lease, start).await else {
        panic!("not started")
    };
    let list = read(server.get(&format!("{path}/children"), &admin.token).send().await.unwrap(), 200).await;
    assert_eq!((&list["items"][0]["id"], &list["items"][0]["state"]), (&json!(execution), &json!("Pending")));
    let child = format!("/api/executions/{execution}");
    let shown = read(server.get(&child, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(shown["origin"], json!({"kind": "child", "parent": lease.execution}));
    read(server.post(&format!("{path}/cancel"), &admin.token, &json!({})).send().await.unwrap(), 202).await;
    let cancelled = async {
        while read(server.get(&child, &admin.token).send().await.unwrap(), 200).await["state"] != "Cancelled"
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), cancelled).await.unwrap();
}
