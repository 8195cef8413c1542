//! Roles in single environments: what somebody sees and does who is an operator in testing, and nobody in production.

use std::time::{Duration, Instant};

use openautomate_core::domain::{ApprovalQuestion, Role};
use openautomate_core::transport::AgentMessage;
use openautomate_core::transport::message::{CallAnswer, RunCall};
use reqwest::Response;
use serde_json::{Value, json};

use crate::approvals::pay;
use crate::fake_agent::FakeAgent;
use crate::live;
use crate::server::{Person, TestServer, problem, read, text};

/// The promise for what is open.
const WITHIN: Duration = Duration::from_secs(5);

impl TestServer {
    /// The id of an environment that every installation starts with.
    pub(crate) async fn environment(&self, token: &str, name: &str) -> String {
        let list = read(self.get("/api/environments", token).send().await.unwrap(), 200).await;
        let found = list["items"].as_array().unwrap().iter().find(|one| one["name"] == name);
        text(&found.unwrap_or_else(|| panic!("{name} is not in {list}"))["id"])
    }

    /// A person who has roles in these environments alone, signed in.
    pub(crate) async fn person_in(&self, name: &str, environments: &[(&str, &[&str])]) -> Person {
        let person = self.person(name, Role::Viewer).await;
        let given: Vec<Value> = environments
            .iter()
            .map(|(environment, roles)| json!({"environmentId": environment, "roles": roles}))
            .collect();
        let admin = self.admin().await;
        let changed = self.give(&admin, &person, &json!({"roles": [], "environmentRoles": given})).await;
        assert_eq!(read(changed, 200).await["roles"], json!([]));
        self.signed_in(name).await
    }

    async fn give(&self, giver: &Person, person: &Person, change: &Value) -> Response {
        self.put(&format!("/api/users/{}", person.id), &giver.token, change).send().await.unwrap()
    }

    async fn shown(&self, path: &str, person: &Person) -> Value {
        read(self.get(path, &person.token).send().await.unwrap(), 200).await
    }

    async fn ids(&self, path: &str, person: &Person) -> Vec<String> {
        let list = self.shown(path, person).await;
        list["items"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect()
    }

    async fn sent(&self, path: &str, person: &Person, body: &Value) -> Response {
        self.post(path, &person.token, body).send().await.unwrap()
    }

    async fn run_in(&self, person: &Person, package: &str, environment: &str) -> String {
        let body = json!({"packageId": package, "environmentId": environment});
        text(&read(self.sent("/api/executions", person, &body).await, 201).await["id"])
    }
}

/// A package that is deployed to testing and to production, and an operator of testing.
struct World {
    server: TestServer,
    admin: Person,
    package: String,
    testing: String,
    production: String,
    operator: Person,
}

impl World {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let admin = server.admin().await;
        let package = server.package(&admin.token, "hello").await;
        let (testing, production) = (
            server.environment(&admin.token, "testing").await,
            server.environment(&admin.token, "production").await,
        );
        let versions = server.ids(&format!("/api/packages/{package}/versions"), &admin).await;
        let activate =
            format!("/api/packages/{package}/versions/{}/activate?environmentId={testing}", versions[0]);
        read(server.sent(&activate, &admin, &json!({})).await, 200).await;
        let operator = server.person_in("tess", &[(&testing, &["Operator"])]).await;
        Self { server, admin, package, testing, production, operator }
    }
}

/// What is said, without the id that was asked for.
async fn absent(response: Response, id: &str) -> String {
    let said = problem(response, 404).await;
    format!("{} {}", said["code"], text(&said["detail"]).replace(id, "ID"))
}

#[tokio::test]
async fn an_operator_of_testing_sees_and_does_what_is_in_testing() {
    let World { server, admin, package, testing, production, operator } = World::new().await;
    let me = server.shown("/api/auth/me", &operator).await;
    assert_eq!(me["permissions"], json!(["ReadPackages", "ReadEnvironments"]));
    assert_eq!(me["environmentRoles"][0]["roles"], json!(["Operator"]));
    let here = &me["environments"].as_array().unwrap()[..];
    let [here] = here else { panic!("{me}") };
    assert_eq!(here["environmentId"], json!(testing));
    let may = |permission: &str| here["permissions"].as_array().unwrap().contains(&json!(permission));
    assert!(may("RunExecutions") && may("ReadAssets") && !may("ManageCalendars") && !may("EnrolAgents"));

    assert_eq!(server.ids("/api/environments", &operator).await, std::slice::from_ref(&testing));
    let (theirs, other) =
        (server.run_in(&admin, &package, &testing).await, server.run_in(&admin, &package, &production).await);
    let mine = server.run_in(&operator, &package, &testing).await;
    assert_eq!(server.ids("/api/executions", &operator).await, [mine.clone(), theirs.clone()]);
    let of = |environment: &str| format!("/api/executions?environmentId={environment}");
    assert_eq!(server.ids(&of(&testing), &operator).await, [mine, theirs.clone()]);
    assert!(server.ids(&of(&production), &operator).await.is_empty());
    assert_eq!(server.ids("/api/executions", &admin).await.len(), 3);

    // What is in production is as if it was not there.
    let missing = uuid::Uuid::now_v7().to_string();
    for what in ["", "/logs", "/attempts", "/artifacts", "/children", "/explain"] {
        let ask = async |id: &str| {
            let path = format!("/api/executions/{id}{what}");
            absent(server.get(&path, &operator.token).send().await.unwrap(), id).await
        };
        assert_eq!(ask(&other).await, ask(&missing).await, "{what}");
        server.shown(&format!("/api/executions/{theirs}{what}"), &operator).await;
    }
    for what in ["cancel", "retry"] {
        let ask = async |id: &str| {
            absent(server.sent(&format!("/api/executions/{id}/{what}"), &operator, &json!({})).await, id)
                .await
        };
        assert_eq!(ask(&other).await, ask(&missing).await, "{what}");
    }
    let untouched = server.shown(&format!("/api/executions/{other}"), &admin).await;
    assert_eq!((&untouched["state"], &untouched["cancelRequestedAt"]), (&json!("Pending"), &Value::Null));

    // Nothing runs where they may not; of production they do not even hear that it is there.
    let run = async |environment: &str| {
        let body = json!({"packageId": package, "environmentId": environment});
        let said = problem(server.sent("/api/executions", &operator, &body).await, 422).await;
        (said["errors"].clone(), text(&said["detail"]))
    };
    assert_eq!(run(&production).await, run(&missing).await);
    let by_default = server.sent("/api/executions", &operator, &json!({"packageId": package})).await;
    assert_eq!(problem(by_default, 422).await["errors"][0]["field"], "environmentId");

    // What belongs to the whole installation is not theirs.
    for path in ["/api/users", "/api/audit", "/api/roles", "/api/agent-releases", "/api/agent-rollouts"] {
        problem(server.get(path, &operator.token).send().await.unwrap(), 403).await;
    }
    for path in ["/api/packages", "/api/environments", "/api/calendars"] {
        problem(server.sent(path, &operator, &json!({"name": "mine"})).await, 403).await;
    }
    let shown = server.shown(&format!("/api/packages/{package}/versions"), &operator).await;
    assert_eq!(shown["items"][0]["activeIn"], json!([testing]));
    let deployed = server.shown(&format!("/api/packages/{package}/deployments"), &operator).await;
    assert_eq!(deployed["items"].as_array().unwrap().len(), 1, "{deployed}");
    assert_eq!(server.shown("/api/rollouts", &operator).await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn of_many_each_is_judged_by_itself() {
    let World { server, admin, package, testing, production, operator } = World::new().await;
    let ask = |environment: &str| json!({"packageId": package, "environmentId": environment});
    let both = json!({"items": [ask(&testing), ask(&production)]});
    let refused = problem(server.sent("/api/executions/bulk", &operator, &both).await, 422).await;
    assert_eq!(refused["errors"][0]["field"], "items[1].environmentId");
    assert!(server.ids("/api/executions", &admin).await.is_empty(), "all of them, or none");

    let (theirs, other) =
        (server.run_in(&admin, &package, &testing).await, server.run_in(&admin, &package, &production).await);
    let named = json!({"select": {"ids": [other, theirs]}});
    let done = read(server.sent("/api/executions/cancel", &operator, &named).await, 200).await;
    assert_eq!(done["refused"].as_array().unwrap().len(), 1, "{done}");
    assert_eq!(done["refused"][0]["id"], json!(other));
    let state =
        async |id: &str| server.shown(&format!("/api/executions/{id}"), &admin).await["state"].clone();
    assert_eq!((state(&theirs).await, state(&other).await), (json!("Cancelled"), json!("Pending")));

    // By a filter they find theirs alone.
    let theirs = server.run_in(&admin, &package, &testing).await;
    let all = json!({"select": {"packageId": package}});
    read(server.sent("/api/executions/cancel", &operator, &all).await, 200).await;
    assert_eq!((state(&theirs).await, state(&other).await), (json!("Cancelled"), json!("Pending")));
    let there = json!({"select": {"environmentId": production}});
    read(server.sent("/api/executions/cancel", &operator, &there).await, 200).await;
    assert_eq!(state(&other).await, json!("Pending"));

    // Who may see it but not do it is told so, for the one, and the rest goes on.
    let seeing = server.person("vera", Role::Viewer).await;
    let given = json!({"environmentRoles": [{"environmentId": testing, "roles": ["Operator"]}]});
    read(server.give(&admin, &seeing, &given).await, 200).await;
    let seeing = server.signed_in("vera").await;
    assert!(server.ids("/api/executions", &seeing).await.contains(&other));
    problem(server.sent(&format!("/api/executions/{other}/cancel"), &seeing, &json!({})).await, 403).await;
    let theirs = server.run_in(&seeing, &package, &testing).await;
    let done = read(
        server.sent("/api/executions/cancel", &seeing, &json!({"select": {"ids": [other, theirs]}})).await,
        200,
    )
    .await;
    assert_eq!(done["refused"][0]["id"], json!(other), "{done}");
    assert_eq!((state(&theirs).await, state(&other).await), (json!("Cancelled"), json!("Pending")));

    // Repeated by a filter are theirs alone, though the other has ended too.
    read(server.sent(&format!("/api/executions/{other}/cancel"), &admin, &json!({})).await, 202).await;
    let before = server.ids("/api/executions", &admin).await;
    let done = read(server.sent("/api/executions/retry", &operator, &all).await, 200).await;
    assert_eq!(done["refused"], json!([]), "{done}");
    let after = server.shown("/api/executions?limit=200", &admin).await;
    let new = after["items"].as_array().unwrap().iter().filter(|item| !before.contains(&text(&item["id"])));
    let places: Vec<&Value> = new.map(|item| &item["environmentId"]).collect();
    assert!(!places.is_empty() && places.iter().all(|place| **place == json!(testing)), "{after}");
}

#[tokio::test]
async fn nothing_is_moved_into_or_out_of_what_is_not_theirs() {
    let World { server, admin, package, testing, production, operator } = World::new().await;
    let schedule = |environment: &str| json!({"packageId": package, "environmentId": environment, "cronExpression": "0 0 1 1 *", "name": "s"});
    let made = read(server.sent("/api/schedules", &operator, &schedule(&testing)).await, 201).await;
    let path = format!("/api/schedules/{}", text(&made["id"]));
    let moved = server.put(&path, &operator.token, &schedule(&production)).send().await.unwrap();
    assert_eq!(problem(moved, 422).await["errors"][0]["field"], "environmentId");
    // A calendar is of no environment; to use one is enough to raise its revision.
    let calendar =
        text(&read(server.sent("/api/calendars", &admin, &json!({"name": "c"})).await, 201).await["id"]);
    let mut worked = schedule(&testing);
    worked["calendarId"] = json!(calendar);
    read(server.sent("/api/schedules", &operator, &worked).await, 201).await;
    assert_eq!(server.shown(&format!("/api/calendars/{calendar}"), &operator).await["name"], "c");
    let there = read(server.sent("/api/schedules", &admin, &schedule(&production)).await, 201).await;
    let there = format!("/api/schedules/{}", text(&there["id"]));
    let pulled = server.put(&there, &operator.token, &schedule(&testing)).send().await.unwrap();
    problem(pulled, 404).await;
    assert_eq!(server.shown(&there, &admin).await["environmentId"], json!(production));

    // A schedule that was moved still has an execution where it was: to run it must not cancel that one.
    let body = json!({"packageId": package, "environmentId": production, "cronExpression": "0 0 1 1 *", "name": "m"});
    let wanders = read(server.sent("/api/schedules", &admin, &body).await, 201).await;
    let wanders = format!("/api/schedules/{}", text(&wanders["id"]));
    let left = read(server.sent(&format!("{wanders}/run"), &admin, &json!({})).await, 201).await;
    let here =
        json!({"packageId": package, "environmentId": testing, "cronExpression": "0 0 1 1 *", "name": "m"});
    read(server.put(&wanders, &admin.token, &here).send().await.unwrap(), 200).await;
    let again = server.sent(&format!("{wanders}/run?overlap=cancelRunning"), &operator, &json!({})).await;
    problem(again, 403).await;
    let left = server.shown(&format!("/api/executions/{}", text(&left["id"])), &admin).await;
    assert_eq!(left["state"], "Pending");

    let trigger = |environment: &str| {
        let source = json!({"kind": "webhook", "style": "github"});
        json!({"name": "t", "packageId": package, "environmentId": environment, "source": source})
    };
    let made = read(server.sent("/api/triggers", &operator, &trigger(&testing)).await, 201).await;
    let path = format!("/api/triggers/{}", text(&made["id"]));
    let moved = server.put(&path, &operator.token, &trigger(&production)).send().await.unwrap();
    assert_eq!(problem(moved, 422).await["errors"][0]["field"], "environmentId");

    // A queue of production is no source for a trigger of testing, and they do not hear that it is there.
    let queue = json!({"name": "invoices", "environmentId": production});
    let queue = text(&read(server.sent("/api/queues", &admin, &queue).await, 201).await["id"]);
    let by_queue = async |id: &str| {
        let source = json!({"kind": "workQueue", "queueId": id});
        let body = json!({"name": "q", "packageId": package, "environmentId": testing, "source": source});
        problem(server.sent("/api/triggers", &operator, &body).await, 422).await["errors"].clone()
    };
    assert_eq!(by_queue(&queue).await, by_queue(&uuid::Uuid::now_v7().to_string()).await);

    // Deployed within testing alone: not promoted to production, nor from there.
    let promote = format!("/api/packages/{package}/promote");
    let to = json!({"from": testing, "to": production});
    assert_eq!(problem(server.sent(&promote, &operator, &to).await, 422).await["errors"][0]["field"], "to");
    let from = json!({"from": production, "to": testing});
    assert_eq!(
        problem(server.sent(&promote, &operator, &from).await, 422).await["errors"][0]["field"],
        "from"
    );

    // An agent of production is not pinned, and they do not hear that it is there.
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let pinned = async |agent: &str| {
        let body = json!({"packageId": package, "environmentId": testing, "agentId": agent});
        problem(server.sent("/api/executions", &operator, &body).await, 422).await["errors"].clone()
    };
    assert_eq!(pinned(&agent.id).await, pinned(&uuid::Uuid::now_v7().to_string()).await);
    assert!(server.ids("/api/agents", &operator).await.is_empty());
}

#[tokio::test]
async fn pages_over_two_of_three_environments_are_all_of_theirs_once() {
    let World { server, admin, package, testing, production, .. } = World::new().await;
    let development = server.environment(&admin.token, "development").await;
    let versions = server.ids(&format!("/api/packages/{package}/versions"), &admin).await;
    let activate = format!("/api/packages/{package}/versions/{}/activate", versions[0]);
    read(server.sent(&format!("{activate}?environmentId={development}"), &admin, &json!({})).await, 200)
        .await;
    let both = server.person_in("both", &[(&testing, &["Viewer"]), (&development, &["Viewer"])]).await;
    let mut theirs = Vec::new();
    for number in 0..12 {
        let environment = [&testing, &production, &development, &testing][number % 4];
        let id = server.run_in(&admin, &package, environment).await;
        if environment != &production {
            theirs.insert(0, id);
        }
        // Lists that can't be asked for by environment, too.
        let name = format!("s{number}");
        let body = json!({"packageId": package, "environmentId": environment, "cronExpression": "@yearly", "name": name});
        read(server.sent("/api/schedules", &admin, &body).await, 201).await;
    }
    for (list, count) in [("executions", theirs.len()), ("schedules", theirs.len())] {
        for limit in [1, 2, 4, 200] {
            let (mut walked, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = server.shown(&format!("/api/{list}?limit={limit}{cursor}"), &both).await;
                let items = page["items"].as_array().unwrap();
                assert!(items.iter().all(|item| item["environmentId"] != json!(production)), "{page}");
                walked.extend(items.iter().map(|item| text(&item["id"])));
                let Some(next) = page["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(walked.len(), count, "{list} by {limit}");
            let mut sorted = walked.clone();
            sorted.sort();
            sorted.reverse();
            sorted.dedup();
            assert_eq!(walked, sorted, "{list} by {limit}");
            if list == "executions" {
                assert_eq!(walked, theirs);
            }
        }
    }
    // The cursor of somebody who sees more does not show more.
    let page = server.shown("/api/executions?limit=1", &admin).await;
    let cursor = text(&page["next"]);
    let rest = server.ids(&format!("/api/executions?cursor={cursor}&limit=200"), &both).await;
    assert!(rest.iter().all(|id| theirs.contains(id)));
}

#[tokio::test]
async fn what_happens_is_told_of_theirs_and_ends_with_the_role() {
    let World { server, admin, package, testing, production, operator } = World::new().await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let other = server.run_in(&admin, &package, &production).await;
    let lease = connection.take().await.lease;
    connection.send(&AgentMessage::Started { lease }).await;
    connection.log(lease, 1, "of production").await;

    let mut live = live::connect(&server, &operator.token).await;
    for (id, topic) in [(1, "executions"), (2, "agents"), (3, "schedules")] {
        live.subscribe(id, topic).await;
    }
    // What is of production comes first, so it would have been told by the time that the other is.
    read(server.sent(&format!("/api/executions/{other}/cancel"), &admin, &json!({})).await, 202).await;
    let mine = server.run_in(&admin, &package, &testing).await;
    let told = loop {
        let said = live.next().await.unwrap();
        assert_eq!((&said["type"], &said["id"]), (&json!("changed"), &json!(1)), "{said}");
        let items = said["items"].as_array().unwrap().clone();
        assert!(items.iter().all(|item| item["id"] != json!(other)), "{said}");
        if items.iter().any(|item| item["id"] == json!(mine)) {
            break items;
        }
    };
    assert_eq!(told.len(), 1);
    for execution in [&other, &uuid::Uuid::now_v7().to_string()] {
        live.say(json!({"op": "subscribe", "id": 9, "topic": "log", "executionId": execution})).await;
        assert_eq!(live.next().await.unwrap(), json!({"type": "subscribed", "id": 9}));
        let refused = live.next().await.unwrap();
        assert_eq!((&refused["type"], &refused["code"]), (&json!("refused"), &json!("resource.not_found")));
    }

    let (_, key) = server.api_key(&operator, &["ReadExecutions"]).await;
    let mut by_key = live::connect(&server, &key).await;
    by_key.subscribe(1, "executions").await;
    let taken = Instant::now();
    let change = json!({"roles": ["Viewer"], "environmentRoles": []});
    read(server.give(&admin, &operator, &change).await, 200).await;
    problem(server.get("/api/executions", &operator.token).send().await.unwrap(), 401).await;
    while let Ok(said) = live.next().await {
        assert_eq!(said["type"], "changed");
    }
    assert!(taken.elapsed() < WITHIN, "{:?}", taken.elapsed());
    // A viewer everywhere may see all that it showed: the key goes on.
    by_key.subscribe(1, "executions").await;
    let nothing =
        json!({"roles": [], "environmentRoles": [{"environmentId": production, "roles": ["Viewer"]}]});
    let taken = Instant::now();
    read(server.give(&admin, &operator, &nothing).await, 200).await;
    while let Ok(said) = by_key.next().await {
        assert_eq!(said["type"], "changed");
    }
    assert!(taken.elapsed() < WITHIN, "{:?}", taken.elapsed());
}

#[tokio::test]
async fn what_a_run_in_testing_says_and_asks_is_for_its_people() {
    let World { server, admin, package, testing, production, operator } = World::new().await;
    let agent = FakeAgent::enrol_in(&server, &admin.token, "bot", &testing).await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    let mine = server.run_in(&operator, &package, &testing).await;
    let lease = connection.take().await.lease;
    connection.send(&AgentMessage::Started { lease }).await;
    connection.log(lease, 1, "hello").await;
    let mut live = live::connect(&server, &operator.token).await;
    live.say(json!({"op": "subscribe", "id": 1, "topic": "log", "executionId": mine})).await;
    assert_eq!(live.next().await.unwrap(), json!({"type": "subscribed", "id": 1}));
    assert_eq!(live.next().await.unwrap()["lines"][0]["text"], "hello");
    assert_eq!(server.ids("/api/agents", &operator).await, std::slice::from_ref(&agent.id));

    let question = ApprovalQuestion { role: Some(Role::Operator), ..pay() };
    assert_eq!(connection.call(lease, RunCall::Approval(question)).await, CallAnswer::Waiting);
    let [approval] = &server.ids("/api/approvals", &operator).await[..] else { panic!() };
    let (path, answer) = (format!("/api/approvals/{approval}/answer"), json!({"approve": true}));
    // The role counts where the run is, for who has it there.
    let elsewhere = server.person_in("otto", &[(&production, &["Operator"])]).await;
    let other_role = server.person_in("dora", &[(&testing, &["Developer"])]).await;
    assert!(server.ids("/api/approvals", &elsewhere).await.is_empty());
    absent(server.sent(&path, &elsewhere, &answer).await, approval).await;
    problem(server.sent(&path, &other_role, &answer).await, 403).await;
    assert_eq!(read(server.sent(&path, &operator, &answer).await, 200).await["state"], "approved");
}

#[tokio::test]
async fn an_answer_that_was_kept_is_not_given_to_who_may_no_more() {
    let World { server, admin, package, testing, production, operator } = World::new().await;
    let body = json!({"packageId": package, "environmentId": testing});
    let run = async |person: &Person| {
        let request = server.post("/api/executions", &person.token, &body);
        request.header("Idempotency-Key", "nightly").send().await.unwrap()
    };
    let first = read(run(&operator).await, 201).await;
    assert_eq!(read(run(&operator).await, 201).await["id"], first["id"]);
    // What would be refused by now on other grounds is still the answer.
    let gone = server.delete(&format!("/api/packages/{package}"), &admin.token);
    let cancel = format!("/api/executions/{}/cancel", text(&first["id"]));
    read(server.sent(&cancel, &admin, &json!({})).await, 202).await;
    assert_eq!(gone.send().await.unwrap().status(), 204);
    assert_eq!(read(run(&operator).await, 201).await["id"], first["id"]);
    let elsewhere = json!({"environmentRoles": [{"environmentId": production, "roles": ["Operator"]}]});
    read(server.give(&admin, &operator, &elsewhere).await, 200).await;
    let operator = server.signed_in("tess").await;
    problem(run(&operator).await, 422).await;
    assert_eq!(server.ids("/api/executions", &admin).await.len(), 1);
}

#[tokio::test]
async fn nobody_gives_in_an_environment_what_they_do_not_have_there() {
    let World { server, admin, testing, production, .. } = World::new().await;
    let people = server.role(&admin.token, "People", &["ManageUsers"]).await;
    let manager = server.person("manager", Role::Viewer).await;
    let here = json!({"environmentId": testing, "roles": ["Operator"]});
    let change = json!({"roles": [], "customRoles": [people], "environmentRoles": [here]});
    read(server.give(&admin, &manager, &change).await, 200).await;
    let manager = server.signed_in("manager").await;
    let newcomer = server.person_in("newcomer", &[(&testing, &["Viewer"])]).await;
    let in_one = |environment: &str, role: &str| json!({"environmentRoles": [{"environmentId": environment, "roles": [role]}]});
    for (change, status) in [
        (in_one(&testing, "Operator"), 200),
        (in_one(&testing, "Viewer"), 200),
        (in_one(&testing, "Administrator"), 403),
        (in_one(&production, "Viewer"), 403),
        (json!({"roles": ["Viewer"]}), 403),
    ] {
        let got = server.give(&manager, &newcomer, &change).await.status();
        assert_eq!(got.as_u16(), status, "{change}");
    }
    // Nobody raises themselves, and nobody changes who may more somewhere.
    problem(server.give(&manager, &manager, &in_one(&testing, "Viewer")).await, 403).await;
    let above = server.person_in("above", &[(&production, &["Viewer"])]).await;
    problem(server.give(&manager, &above, &in_one(&testing, "Viewer")).await, 403).await;
    problem(server.give(&manager, &above, &json!({"email": "else@example.org"})).await, 403).await;

    // What is not there is not given.
    let unknown = uuid::Uuid::now_v7().to_string();
    let refused = problem(server.give(&admin, &newcomer, &in_one(&unknown, "Viewer")).await, 422).await;
    assert_eq!(refused["errors"][0]["field"], "environmentRoles");
    let role = json!({"environmentRoles": [{"environmentId": testing, "customRoles": [unknown]}]});
    assert_eq!(
        problem(server.give(&admin, &newcomer, &role).await, 422).await["errors"][0]["field"],
        "environmentRoles"
    );
    let many: Vec<Value> = (0..101).map(|_| json!({"environmentId": testing, "roles": ["Viewer"]})).collect();
    problem(server.give(&admin, &newcomer, &json!({"environmentRoles": many})).await, 422).await;
    let none = json!({"roles": [], "customRoles": [], "environmentRoles": []});
    assert_eq!(
        problem(server.give(&admin, &newcomer, &none).await, 422).await["errors"][0]["field"],
        "roles"
    );
}

#[tokio::test]
async fn a_custom_role_and_a_key_hold_in_an_environment() {
    let World { server, admin, package, testing, production, .. } = World::new().await;
    let runners =
        server.role(&admin.token, "Runners", &["RunExecutions", "ReadExecutions", "ReadAudit"]).await;
    let ada = server.person("ada", Role::Viewer).await;
    let here = json!({"environmentId": testing, "customRoles": [runners]});
    read(server.give(&admin, &ada, &json!({"roles": [], "environmentRoles": [here]})).await, 200).await;
    let ada = server.signed_in("ada").await;
    server.run_in(&ada, &package, &testing).await;
    problem(server.get("/api/audit", &ada.token).send().await.unwrap(), 403).await;
    let explained = server
        .shown(&format!("/api/permissions/explain?permission=RunExecutions&environmentId={testing}"), &ada)
        .await;
    assert_eq!((&explained["allowed"], &explained["by"][0]["name"]), (&json!(true), &json!("Runners")));
    assert_eq!(explained["by"][0]["environmentId"], json!(testing));
    for query in [String::new(), format!("&environmentId={production}")] {
        let path = format!("/api/permissions/explain?permission=RunExecutions{query}");
        let explained = server.shown(&path, &ada).await;
        assert_eq!((&explained["allowed"], &explained["withheld"]), (&json!(false), &json!("elsewhere")));
    }
    let audit = format!("/api/permissions/explain?permission=ReadAudit&environmentId={testing}");
    assert_eq!(server.shown(&audit, &ada).await["withheld"], "noRole");
    let check = json!({"environmentId": testing, "permissions": ["RunExecutions", "CancelExecutions"]});
    let checked = read(server.sent("/api/permissions/check", &ada, &check).await, 200).await;
    let allowed: Vec<&Value> =
        checked["items"].as_array().unwrap().iter().map(|one| &one["allowed"]).collect();
    assert_eq!(allowed, [true, false]);

    // A key is for no more, and in no other place, than its person.
    let beyond = json!({"name": "k", "scopes": ["CancelExecutions"]});
    problem(server.sent("/api/api-keys", &ada, &beyond).await, 422).await;
    let (_, key) = server.api_key(&ada, &["RunExecutions"]).await;
    let run = async |environment: &str| {
        let body = json!({"packageId": package, "environmentId": environment});
        server.post("/api/executions", &key, &body).send().await.unwrap().status().as_u16()
    };
    assert_eq!((run(&testing).await, run(&production).await), (201, 422));
    problem(server.get("/api/executions", &key).send().await.unwrap(), 403).await;

    // It stays as long as somebody has it somewhere; what it loses ends their sessions.
    let path = format!("/api/roles/{runners}");
    let used = problem(server.delete(&path, &admin.token).send().await.unwrap(), 409).await;
    assert!(text(&used["detail"]).contains("ada"), "{used}");
    let less = json!({"name": "Runners", "permissions": ["ReadExecutions"]});
    read(server.put(&path, &admin.token, &less).send().await.unwrap(), 200).await;
    problem(server.get("/api/executions", &ada.token).send().await.unwrap(), 401).await;
    let audited = server.shown("/api/audit?action=user.update&limit=200", &admin).await;
    let given = audited["items"].as_array().unwrap().iter().find(|entry| entry["objectId"] == json!(ada.id));
    assert_eq!(given.unwrap()["detail"]["environmentRoles"][0]["environmentId"], json!(testing));
}
