//! Real things to ask for, one of each kind, made once.

use std::collections::HashMap;

use openautomate_core::changes::{Changes, Record};
use openautomate_core::domain::{Approval, ApprovalState};
use openautomate_core::id::ApprovalId;
use serde_json::{Value, json};

use crate::server::{Person, TestServer, read, text};

/// The id that stands for a parameter of a path, by what is before it: `/api/packages/{id}`.
#[derive(Debug, Default)]
pub(crate) struct Objects(HashMap<String, String>);

impl Objects {
    /// Makes them as an Administrator; `agent` is enrolled, `user` is another person.
    pub(crate) async fn make(server: &TestServer, admin: &Person, agent: &str, user: &str) -> Self {
        let post = async |path: &str, body: Value| {
            let made = server.post(path, &admin.token, &body).send().await.unwrap();
            let made = read(made, 201).await;
            text(&made["id"])
        };
        let package = server.package(&admin.token, "hello").await;
        let versions = server.get(&format!("/api/packages/{package}/versions"), &admin.token);
        let versions = read(versions.send().await.unwrap(), 200).await;
        let version = text(&versions["items"][0]["id"]);
        let rollouts = server.get(&format!("/api/rollouts?packageId={package}"), &admin.token);
        let rollouts = read(rollouts.send().await.unwrap(), 200).await;
        let queue = post("/api/queues", json!({"name": "invoices"})).await;
        let items = format!("/api/queues/{queue}/items");
        let item = post(&items, json!({"reference": "INV-1", "payload": {}})).await;
        let file = server.request(reqwest::Method::POST, "/api/files?name=a.txt").bearer_auth(&admin.token);
        let file = file.header("content-type", "text/plain").body("a").send().await.unwrap();
        let schedule = json!({"packageId": package, "cronExpression": "0 0 1 1 *"});
        let trigger =
            json!({"name": "t", "packageId": package, "source": {"kind": "webhook", "style": "github"}});
        let execution = post("/api/executions", json!({"packageId": package})).await;
        let approval = approval(server, &execution).await;
        let objects = [
            ("/api/rollouts", text(&rollouts["items"][0]["id"])),
            ("/api/approvals", approval),
            ("/api/packages", package.clone()),
            ("/api/packages/{id}/versions", version.clone()),
            ("/api/agents/{id}/deployments", version),
            ("/api/queues", queue),
            ("/api/queues/{id}/items", item),
            ("/api/files", text(&read(file, 201).await["id"])),
            ("/api/agents", agent.to_owned()),
            ("/api/users", user.to_owned()),
            ("/api/executions", execution),
            ("/api/schedules", post("/api/schedules", schedule).await),
            ("/api/triggers", post("/api/triggers", trigger).await),
            ("/api/calendars", post("/api/calendars", json!({"name": "c"})).await),
            ("/api/assets", post("/api/assets", json!({"name": "a", "kind": "plain", "value": "v"})).await),
            ("/api/buckets", post("/api/buckets", json!({"name": "b"})).await),
            ("/api/agent-pools", post("/api/agent-pools", json!({"name": "p"})).await),
            ("/api/environments", post("/api/environments", json!({"name": "staging"})).await),
            ("/api/roles", server.role(&admin.token, "r", &["ReadAgents"]).await),
            ("/api/api-keys", server.api_key(admin, &[]).await.0),
        ];
        Self(objects.map(|(before, id)| (before.to_owned(), id)).into())
    }

    /// The real things themselves, by what is before their ids.
    pub(crate) fn id(&self, before: &str) -> &str {
        &self.0[before]
    }

    /// A path with ids of real things, where there are some, and whether the last id is one.
    pub(crate) fn real(&self, path: &str) -> (String, bool) {
        self.filled(path, None)
    }

    /// A path with ids of nothing. `first` stands for the first parameter, where one is given.
    pub(crate) fn missing(path: &str, first: Option<&str>) -> String {
        Self::default().filled(path, first).0
    }

    fn filled(&self, path: &str, mut first: Option<&str>) -> (String, bool) {
        let (mut filled, mut before, mut is_real) = (String::new(), String::new(), false);
        for part in path.split('/').skip(1) {
            let value = match part {
                "{epoch}" => "1".to_owned(),
                "{target}" => "x86_64-unknown-linux-gnu".to_owned(),
                _ if part.starts_with('{') => {
                    let real = self.0.get(&before);
                    is_real = real.is_some();
                    let given = first.take().map(str::to_owned).or_else(|| real.cloned());
                    given.unwrap_or_else(|| uuid::Uuid::now_v7().to_string())
                }
                _ => part.to_owned(),
            };
            filled.push('/');
            filled.push_str(&value);
            before.push('/');
            before.push_str(part);
        }
        (filled, is_real)
    }

    /// How every real thing that has a path of its own looks to an Administrator.
    pub(crate) async fn look(
        &self,
        server: &TestServer,
        admin: &Person,
        paths: &[&str],
    ) -> Vec<(String, Value)> {
        let mut seen = Vec::new();
        for path in paths {
            let (path, is_real) = self.real(path);
            if is_real {
                let shown = server.get(&path, &admin.token).send().await.unwrap();
                let mut shown = read(shown, 200).await;
                // What the clock changes.
                shown.as_object_mut().unwrap().remove("heartbeatAgeMs");
                seen.push((path, shown));
            }
        }
        seen
    }
}

/// An approval that an execution waits for, put in behind the API's back: a run would have to ask.
async fn approval(server: &TestServer, execution: &str) -> String {
    let approval = Approval {
        id: ApprovalId::new(),
        execution_id: execution.parse().unwrap(),
        key: "pay".to_owned(),
        epoch: 1,
        question: "pay?".to_owned(),
        data: json!({}),
        approvers: Vec::new(),
        role: None,
        expires_at: None,
        default_approve: false,
        state: ApprovalState::Waiting,
        comment: String::new(),
        answered_by_id: None,
        answered_at: None,
        created_at: server.orchestrator.clock().now(),
        revision: 0,
    };
    let id = approval.id.to_string();
    let changes = Changes::none().insert(Record::Approval(Box::new(approval)));
    server.orchestrator.store().commit(changes).await.unwrap();
    id
}
