//! Work queues and their items, through the API and over an agent's line.

use openautomate_core::domain::{Role, RunResult};
use openautomate_core::id::WorkItemId;
use openautomate_core::transport::message::{QueueAnswer, QueueCall, QueueReply, TakenItem};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use reqwest::Response;
use serde_json::{Map, Value, json};

use crate::fake_agent::{Connection, FakeAgent};
use crate::server::{Person, TestServer, problem, read, text};

struct Queue<'a> {
    server: &'a TestServer,
    person: &'a Person,
    path: String,
}

impl<'a> Queue<'a> {
    async fn make(server: &'a TestServer, person: &'a Person, body: Value) -> Self {
        let made = server.post("/api/queues", &person.token, &body).send().await.unwrap();
        let path = made.headers()["location"].to_str().unwrap().to_owned();
        read(made, 201).await;
        Self { server, person, path }
    }

    async fn post(&self, rest: &str, body: Value) -> Response {
        self.server.post(&format!("{}{rest}", self.path), &self.person.token, &body).send().await.unwrap()
    }

    async fn get(&self, rest: &str) -> Value {
        read(self.server.get(&format!("{}{rest}", self.path), &self.person.token).send().await.unwrap(), 200)
            .await
    }

    async fn put(&self, body: Value) -> Value {
        read(self.post("/items", body).await, 201).await
    }

    async fn take(&self) -> Value {
        let mut taken = read(self.post("/items/take", json!({})).await, 200).await;
        taken["items"].as_array_mut().and_then(Vec::pop).unwrap_or_default()
    }

    async fn import(&self, query: &str, media: &str, body: impl Into<String>) -> Response {
        let url = format!("{}{}/items/import{query}", self.server.url, self.path);
        let request = self.server.client.post(url).bearer_auth(&self.person.token);
        request.header("content-type", media).body(body.into()).send().await.unwrap()
    }
}

#[tokio::test]
async fn a_queue_is_made_changed_and_deleted() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let queue = Queue::make(&server, &admin, json!({"name": "invoices"})).await;
    let shown = queue.get("").await;
    assert_eq!(
        (&shown["maxAttempts"], &shown["backoffMs"], &shown["autoRetry"]),
        (&json!(3), &json!(60_000), &json!(true))
    );
    let again = server.post("/api/queues", &admin.token, &json!({"name": "INVOICES"})).send().await.unwrap();
    assert_eq!(problem(again, 409).await["code"], "name.taken");
    for (field, body) in [
        ("name", json!({"name": ""})),
        ("maxAttempts", json!({"name": "x", "maxAttempts": 0})),
        ("leaseMs", json!({"name": "x", "leaseMs": 10})),
        ("backoffMs", json!({"name": "x", "backoffMs": 90_000_000})),
        ("payloadSchema", json!({"name": "x", "payloadSchema": {"type": "nonsense"}})),
        ("payloadSchema", json!({"name": "x", "payloadSchema": {"$ref": "http://127.0.0.1/schema"}})),
        ("colour", json!({"name": "x", "colour": "red"})),
    ] {
        let told = problem(server.post("/api/queues", &admin.token, &body).send().await.unwrap(), 422).await;
        assert_eq!(told["field"], field, "{told}");
    }
    let body = json!({"name": "invoices", "maxAttempts": 5, "uniqueReferences": true});
    let stale =
        server.put(&queue.path, &admin.token, &body).header("if-match", "\"7\"").send().await.unwrap();
    problem(stale, 412).await;
    let changed =
        server.put(&queue.path, &admin.token, &body).header("if-match", "\"0\"").send().await.unwrap();
    assert_eq!(changed.headers()["etag"], "\"1\"");
    assert_eq!(read(changed, 200).await["maxAttempts"], 5);
    let list = read(server.get("/api/queues", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(list["items"][0]["name"], "invoices");
    queue.put(json!({"payload": 1})).await;
    let open = server.delete(&queue.path, &admin.token).send().await.unwrap();
    assert_eq!(problem(open, 409).await["code"], "workQueue.open");
    let moved = read(queue.post("/items/delete", json!({})).await, 200).await;
    assert_eq!(moved, json!({"count": 1}));
    assert_eq!(server.delete(&queue.path, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get(&queue.path, &admin.token).send().await.unwrap(), 404).await;
}

#[tokio::test]
async fn an_item_is_completed_with_its_output_and_its_children_or_not_at_all() {
    let server = TestServer::start().await;
    let (admin, viewer) = (server.admin().await, server.person("vera", Role::Viewer).await);
    let schema = json!({"type": "object", "required": ["to"]});
    let letters = Queue::make(&server, &admin, json!({"name": "letters", "payloadSchema": schema})).await;
    let queue = Queue::make(&server, &admin, json!({"name": "invoices", "uniqueReferences": true})).await;
    let made = queue.put(json!({"payload": {"total": 12.5}, "reference": "INV-7", "priority": 1})).await;
    let again = queue.post("/items", json!({"reference": "INV-7"})).await;
    assert_eq!(problem(again, 409).await["code"], "workItem.reference");
    queue.put(json!({"payload": "later"})).await;
    let taken = queue.take().await;
    assert_eq!((&taken["id"], &taken["payload"]), (&made["id"], &json!({"total": 12.5})));
    assert_eq!(
        (&taken["state"], &taken["leaseEpoch"], &taken["takenById"]),
        (&json!("InProgress"), &json!(1), &json!(admin.id))
    );
    let place = format!("/items/{}", text(&taken["id"]));
    let child = |payload: Value| json!({"queueName": "letters", "item": {"payload": payload}});
    let wrong = json!({"epoch": 1, "output": 1, "children": [child(json!({"to": "Ada"})), child(json!({}))]});
    let refused = problem(queue.post(&format!("{place}/complete"), wrong).await, 422).await;
    assert_eq!(refused["field"], "children[1].payload.to");
    assert_eq!(queue.get(&place).await["state"], "InProgress");
    assert_eq!(letters.get("/items").await["items"], json!([]), "nothing is half done");
    let stale = queue.post(&format!("{place}/complete"), json!({"epoch": 2})).await;
    assert_eq!(problem(stale, 409).await["code"], "workItem.stale");
    let good = json!({"epoch": 1, "output": {"paid": true}, "children": [child(json!({"to": "Ada"}))]});
    for _ in 0..2 {
        let done = read(queue.post(&format!("{place}/complete"), good.clone()).await, 200).await;
        assert_eq!((&done["state"], &done["output"]), (&json!("Successful"), &json!({"paid": true})));
    }
    let children = letters.get("/items").await;
    assert_eq!(children["items"].as_array().unwrap().len(), 1, "completed twice, added once");
    assert_eq!(children["items"][0]["parentId"], made["id"]);
    let late =
        queue.post(&format!("{place}/fail"), json!({"epoch": 1, "kind": "business", "message": "no"})).await;
    problem(late, 409).await;
    let statistics = queue.get("/statistics").await;
    assert_eq!((&statistics["counts"]["New"], &statistics["counts"]["Successful"]), (&json!(1), &json!(1)));
    assert_eq!((&statistics["succeeded"], &statistics["available"]), (&json!(1), &json!(1)));
    let path = format!("{}/items", queue.path);
    read(server.get(&path, &viewer.token).send().await.unwrap(), 200).await;
    problem(server.post(&path, &viewer.token, &json!({})).send().await.unwrap(), 403).await;
    let audit = read(server.get("/api/audit?limit=200", &admin.token).send().await.unwrap(), 200).await;
    let actions: Vec<_> =
        audit["items"].as_array().unwrap().iter().map(|entry| text(&entry["action"])).collect();
    for action in ["workQueue.create", "workItem.add", "workItem.take", "workItem.complete"] {
        assert!(actions.contains(&action.to_owned()), "{action}: {actions:?}");
    }
    assert!(!audit.to_string().contains("12.5"), "no payload is audited");
}

#[tokio::test]
async fn what_fails_is_tried_again_as_the_queue_says() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body = json!({"name": "invoices", "maxAttempts": 2, "backoffMs": 0});
    let queue = Queue::make(&server, &admin, body).await;
    queue.put(json!({"payload": 1})).await;
    let end = async |way: &str, body: Value| {
        let taken = queue.take().await;
        let mut body = body;
        body["epoch"] = taken["leaseEpoch"].clone();
        read(queue.post(&format!("/items/{}/{way}", text(&taken["id"])), body).await, 200).await
    };
    let application = json!({"kind": "application", "message": "timed out", "code": "E7"});
    let released = end("release", json!({})).await;
    assert_eq!((&released["state"], &released["attempts"]), (&json!("New"), &json!(0)));
    let renewed = queue.take().await;
    let place = format!("/items/{}", text(&renewed["id"]));
    let longer = read(queue.post(&format!("{place}/renew"), json!({"epoch": 2})).await, 200).await;
    assert!(longer["leaseUntil"].as_str() > renewed["leaseUntil"].as_str(), "{longer}");
    let mut first = application.clone();
    first["epoch"] = json!(2);
    let first = read(queue.post(&format!("{place}/fail"), first).await, 200).await;
    assert_eq!((&first["state"], &first["error"]["code"]), (&json!("New"), &json!("E7")));
    let dead = end("fail", application.clone()).await;
    assert_eq!((&dead["state"], &dead["attempts"]), (&json!("DeadLetter"), &json!(2)));
    assert_eq!(queue.take().await, Value::Null);
    let listed = queue.get("/items?state=DeadLetter,Failed").await;
    assert_eq!(listed["items"][0]["error"]["message"], "timed out");
    let back = read(queue.post("/items/reprocess?state=DeadLetter", json!({})).await, 200).await;
    assert_eq!(back, json!({"count": 1}));
    let business = end("fail", json!({"kind": "business", "message": "no IBAN"})).await;
    assert_eq!((&business["state"], &business["attempts"]), (&json!("BusinessFailed"), &json!(1)));
    let back = read(queue.post(&format!("{place}/reprocess"), json!({})).await, 200).await;
    assert_eq!((&back["state"], &back["attempts"], &back["error"]), (&json!("New"), &json!(0), &Value::Null));
    let gone = server.delete(&format!("{}{place}", queue.path), &admin.token).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    problem(queue.post(&format!("{place}/reprocess"), json!({})).await, 404).await;
}

#[tokio::test]
async fn many_items_come_at_once_or_none() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let schema = json!({"type": "object", "required": ["n"]});
    let body = json!({"name": "invoices", "uniqueReferences": true, "payloadSchema": schema});
    let queue = Queue::make(&server, &admin, body).await;
    let ndjson = "application/x-ndjson";
    for (line, bad) in [
        (2, "{\"payload\":{\"n\":1}}\n{\"payload\":{}}\n"),
        (3, "{\"payload\":{\"n\":1}}\n\n{\"payload\": hunter2}"),
        (1, "{\"payload\":{\"n\":1},\"colour\":\"hunter2\"}\n"),
        (2, "{\"payload\":{\"n\":1},\"reference\":\"A\"}\n{\"payload\":{\"n\":1},\"reference\":\"A\"}"),
    ] {
        let refused = queue.import("", ndjson, bad).await;
        let status = refused.status().as_u16();
        assert!(status == 422 || status == 409, "{status}");
        let told = problem(refused, status).await;
        assert_eq!(told["field"], format!("line {line}"), "{told}");
        assert!(!told.to_string().contains("hunter2"), "{told}");
    }
    assert_eq!(queue.get("/items").await["items"], json!([]));
    let some = "{\"payload\":{\"n\":1},\"reference\":\"A\"}\n{\"payload\":{}}\n{\"payload\":{\"n\":2},\"reference\":\"A\"}\n";
    let told = read(queue.import("?onError=skip", ndjson, some).await, 201).await;
    assert_eq!((&told["added"], &told["rejected"]), (&json!(1), &json!(2)));
    assert_eq!(
        (&told["rejectedLines"][0]["line"], &told["rejectedLines"][1]["line"]),
        (&json!(2), &json!(3))
    );
    let csv = "n,name,@priority\r\n1,\"Ada, \"\"A\"\"\",5\r\nR-2,\"two\nlines\",\r\n";
    let told = read(queue.import("?referenceColumn=n", "text/csv", csv).await, 201).await;
    assert_eq!(told, json!({"added": 2, "rejected": 0, "rejectedLines": []}));
    let taken = queue.take().await;
    assert_eq!(
        (&taken["payload"], &taken["reference"]),
        (&json!({"n": "1", "name": "Ada, \"A\""}), &json!("1"))
    );
    let bad = problem(queue.import("", "text/csv", "n,@priority\nx,high\n").await, 422).await;
    assert_eq!(bad["field"], "line 2");
    problem(queue.import("", "application/json", "{}").await, 415).await;
}

#[tokio::test]
async fn a_hundred_thousand_items_are_one_entry() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let queue = Queue::make(&server, &admin, json!({"name": "invoices"})).await;
    let lines: String = (0..100_000).map(|n| format!("{{\"payload\":{{\"invoice\":{n}}}}}\n")).collect();
    let told = read(queue.import("", "application/x-ndjson", lines.clone()).await, 201).await;
    assert_eq!(told["added"], 100_000);
    assert_eq!(queue.get("/statistics").await["counts"]["New"], 100_000);
    assert_eq!(queue.take().await["payload"]["invoice"], 0, "the first line is the oldest");
    let path = "/api/audit?action=workItem.addMany";
    let audit = read(server.get(path, &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(audit["items"].as_array().unwrap().len(), 1);
    assert_eq!(audit["items"][0]["detail"]["items"], 100_000);
    let more = lines + "{\"payload\":1}\n";
    let too_many = queue.import("", "application/x-ndjson", more).await;
    assert_eq!(problem(too_many, 413).await["code"], "workItem.import");
}

async fn ask(
    line: &mut Connection,
    lease: openautomate_core::domain::Lease,
    again: bool,
    call: QueueCall,
) -> QueueAnswer {
    line.send(&AgentMessage::Queue { request: 7, lease, is_repeated: again, call }).await;
    match line.next().await {
        Some(ServerMessage::Queue { request: 7, answer }) => answer,
        other => panic!("{other:?}"),
    }
}

fn item(answer: QueueAnswer) -> TakenItem {
    match answer {
        QueueAnswer::Reply(QueueReply::Item { item: Some(item) }) => *item,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_run_holds_what_it_took_until_it_ends() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let queue = Queue::make(&server, &admin, json!({"name": "invoices"})).await;
    for n in 0..3 {
        queue.put(json!({"payload": n})).await;
    }
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut line, _) = agent.connect(&server, vec![]).await;
    server.post("/api/executions", &admin.token, &json!({"packageId": package})).send().await.unwrap();
    let lease = line.take().await.lease;
    let take =
        |holding: &[WorkItemId]| QueueCall::Take { queue: "Invoices".into(), holding: holding.to_vec() };
    let first = item(ask(&mut line, lease, false, take(&[])).await);
    assert_eq!((&first.payload, first.attempt), (&json!(0), 1));
    // The answer was lost, and the run asks again.
    assert_eq!(item(ask(&mut line, lease, true, take(&[])).await), first);
    let second = item(ask(&mut line, lease, true, take(&[first.id])).await);
    assert_eq!(second.payload, json!(1));
    let done = QueueCall::Complete { item: first.id, epoch: 1, output: Some(json!("ok")), children: vec![] };
    for again in [false, true] {
        let answer = ask(&mut line, lease, again, done.clone()).await;
        assert!(matches!(answer, QueueAnswer::Reply(QueueReply::Done)), "{answer:?}");
    }
    let put = QueueCall::Put {
        queue: "invoices".into(),
        id: WorkItemId::new(),
        item: openautomate_core::domain::NewItem::new(json!("put")),
    };
    for again in [false, true] {
        let answer = ask(&mut line, lease, again, put.clone()).await;
        assert!(matches!(answer, QueueAnswer::Reply(QueueReply::Added { .. })), "{answer:?}");
    }
    assert_eq!(queue.get("/items?state=New").await["items"].as_array().unwrap().len(), 2, "put once");
    line.finish(lease, RunResult::succeeded(Map::new()), 0).await;
    let back = queue.get(&format!("/items/{}", second.id)).await;
    assert_eq!((&back["state"], &back["error"]["kind"]), (&json!("New"), &json!("abandoned")));
    let late = QueueCall::Complete { item: second.id, epoch: 1, output: None, children: vec![] };
    for call in [late, put, take(&[])] {
        let answer = ask(&mut line, lease, false, call).await;
        assert!(
            matches!(answer, QueueAnswer::Refused { kind: openautomate_core::ErrorKind::StaleLease, .. }),
            "{answer:?}"
        );
    }
    assert_eq!(queue.get(&format!("/items/{}", second.id)).await["state"], "New");
}
