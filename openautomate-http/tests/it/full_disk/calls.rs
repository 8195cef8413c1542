//! Everything that changes something, as requests that succeed one after the other.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use openautomate_core::credential::ENROL_CONTEXT;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::Api;
use crate::server::{PASSWORD, archive, read, text};

/// Which operations are not tried, and why.
pub(super) const ELSEWHERE: &[(&str, &str)] = &[
    ("POST /api/agents/{id}/challenge", "writes nothing"),
    ("POST /api/agents/{id}/token", "writes nothing"),
    ("POST /api/agents/{id}/deployments/{versionId}/package/chunks", "writes nothing"),
    ("POST /api/agents/{id}/leases/{executionId}/{epoch}/package/chunks", "writes nothing"),
    ("PUT /api/agents/{id}/leases/{executionId}/{epoch}/artifacts", "of an agent that runs something"),
    ("PUT /api/agents/{id}/leases/{executionId}/{epoch}/objects", "of an agent that runs something"),
    ("PUT /api/agents/{id}/triggers/{triggerId}/files", "of an agent that watches a folder"),
    ("POST /api/agents/{id}/release", "needs an agent in quarantine"),
    ("POST /api/agent-releases", "needs a release of the agent program"),
    ("DELETE /api/agent-releases/{id}", "needs a release of the agent program"),
    ("POST /api/agent-rollouts", "needs a release of the agent program"),
    ("POST /api/agent-rollouts/{id}/cancel", "needs a release of the agent program"),
    ("POST /api/approvals/{id}/answer", "needs an automation that asks"),
    ("DELETE /api/auth/identities/{id}", "needs an identity provider"),
    ("DELETE /api/users/{id}/identities/{identity}", "needs an identity provider"),
    ("POST /api/auth/oidc/{name}/link", "needs an identity provider"),
    ("POST /api/auth/totp/confirm", "needs an authenticator"),
    ("POST /api/auth/totp/disable", "needs an authenticator"),
    ("POST /api/auth/totp/recovery-codes", "needs an authenticator"),
    ("DELETE /api/users/{id}/totp", "needs an authenticator"),
    ("POST /api/hooks/{id}", "needs a sender that signs"),
    ("POST /api/live/tickets", "writes nothing"),
    ("POST /api/permissions/check", "writes nothing"),
    ("POST /api/schedules/preview", "writes nothing"),
    ("POST /api/rollouts/{id}/reject", "as approve"),
    ("POST /api/rollouts/{id}/withdraw", "as approve"),
];

/// A request, to be sent as often as one likes.
#[derive(Debug)]
pub(super) struct Call {
    /// As the document names it, or a look that is audited.
    pub(super) operation: String,
    api: Api,
    path: String,
    body: Body,
}

#[derive(Clone, Debug)]
enum Body {
    None,
    Json(Value),
    Raw(&'static str, Vec<u8>),
}

impl Call {
    pub(super) async fn send(&self) -> Response {
        let method = self.operation.split(' ').next().unwrap();
        let request = self.api.request(Method::from_bytes(method.as_bytes()).unwrap(), &self.path);
        let request = match &self.body {
            Body::None => request,
            Body::Json(body) => request.json(body),
            Body::Raw(kind, content) => request.header("content-type", *kind).body(content.clone()),
        };
        request.send().await.unwrap()
    }
}

/// Calls that are put together one by one.
struct Calls {
    api: Api,
    all: Vec<Call>,
}

impl Calls {
    /// An operation, with these for its parameters, and a query if it needs one behind a `?`.
    fn add(&mut self, operation: &str, ids: &[&str], body: Body) {
        let api = self.api.clone();
        self.add_as(&api, operation, ids, body);
    }

    fn add_as(&mut self, api: &Api, operation: &str, ids: &[&str], body: Body) {
        let (name, query) = operation.split_once('?').unwrap_or((operation, ""));
        let mut ids = ids.iter();
        let path: Vec<&str> = name
            .split_once(' ')
            .unwrap()
            .1
            .split('/')
            .map(|part| if part.starts_with('{') { *ids.next().expect("an id") } else { part })
            .collect();
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let path = format!("{}{query}", path.join("/"));
        self.all.push(Call { operation: name.to_owned(), api: api.clone(), path, body });
    }

    fn json(&mut self, operation: &str, ids: &[&str], body: Value) {
        self.add(operation, ids, Body::Json(body));
    }

    fn bare(&mut self, operation: &str, ids: &[&str]) {
        self.add(operation, ids, Body::None);
    }
}

fn id(made: &Value) -> String {
    text(&made["id"])
}

async fn publish(api: &Api, package: &str, number: &str) -> String {
    let request = api.request(Method::POST, &format!("/api/packages/{package}/versions"));
    let request = request.header("content-type", "application/zip").body(archive(number));
    id(&read(request.send().await.unwrap(), 201).await)
}

/// The token of an invitation.
async fn invited(api: &Api, email: &str) -> Value {
    api.post("/api/users/invitations", json!({"email": email, "roles": ["Administrator"]})).await
}

async fn registered(api: &Api, name: &str) -> String {
    let email = format!("{name}@example.org");
    let token = text(&invited(api, &email).await["token"]);
    let account = json!({"username": name, "email": email, "password": PASSWORD, "invitationToken": token});
    id(&api.post("/api/auth/register", account).await)
}

/// All of them, in an order in which each succeeds; what they need is made before.
pub(super) async fn calls(api: &Api) -> Vec<Call> {
    let mut calls = Calls { api: api.clone(), all: Vec::new() };
    packages_and_executions(&mut calls).await;
    people(&mut calls).await;
    things(&mut calls).await;
    queues(&mut calls).await;
    calls.all
}

async fn packages_and_executions(calls: &mut Calls) {
    let api = calls.api.clone();
    let list: Value = api.get("/api/environments").await.json().await.unwrap();
    let named =
        |name: &str| id(list["items"].as_array().unwrap().iter().find(|one| one["name"] == name).unwrap());
    let (testing, production) = (named("testing"), named("production"));
    let package = id(&api.post("/api/packages", json!({"name": "kept"})).await);
    let unused = id(&api.post("/api/packages", json!({"name": "unused"})).await);
    let first = publish(&api, &package, "1.0.0").await;
    publish(&api, &package, "2.0.0").await;
    let execution = async || id(&api.post("/api/executions", json!({"packageId": package})).await);
    let (one, two, three, ended, over) =
        (execution().await, execution().await, execution().await, execution().await, execution().await);
    for one in [&ended, &over] {
        api.post(&format!("/api/executions/{one}/cancel"), json!({})).await;
    }
    let schedule = json!({"packageId": package, "cronExpression": "0 6 1 1 *"});
    let (kept, gone) = (
        id(&api.post("/api/schedules", schedule.clone()).await),
        id(&api.post("/api/schedules", schedule.clone()).await),
    );
    let rests = id(&api.post("/api/schedules", schedule.clone()).await);
    api.post(&format!("/api/schedules/{rests}/pause"), json!({"reason": "rest"})).await;
    let trigger =
        json!({"name": "t", "packageId": package, "source": {"kind": "webhook", "style": "github"}});
    let hook = id(&api.post("/api/triggers", trigger.clone()).await);

    calls.json("POST /api/packages", &[], json!({"name": "made"}));
    calls.json("PUT /api/packages/{id}", &[&package], json!({"description": "changed"}));
    calls.bare("DELETE /api/packages/{id}", &[&unused]);
    calls.add(
        "POST /api/packages/{id}/versions",
        &[&package],
        Body::Raw("application/zip", archive("3.0.0")),
    );
    calls.json("POST /api/packages/{id}/rollback", &[&package], json!({}));
    calls.json("POST /api/packages/{id}/promote", &[&package], json!({"from": production, "to": testing}));
    calls.bare("POST /api/packages/{id}/versions/{versionId}/activate", &[&package, &first]);
    calls.bare("GET /api/packages/{id}/versions/{versionId}/content", &[&package, &first]);
    calls.json("POST /api/executions", &[], json!({"packageId": package}));
    calls.json(
        "POST /api/executions/bulk",
        &[],
        json!({"items": [{"packageId": package}, {"packageId": package}]}),
    );
    calls.json("POST /api/executions/cancel", &[], json!({"select": {"ids": [one, two]}}));
    calls.bare("POST /api/executions/{id}/cancel", &[&three]);
    calls.json("POST /api/executions/{id}/retry", &[&ended], json!({}));
    calls.json("POST /api/executions/retry", &[], json!({"select": {"ids": [over]}}));
    calls.json("POST /api/schedules", &[], schedule.clone());
    calls.json(
        "PUT /api/schedules/{id}",
        &[&kept],
        json!({"packageId": package, "cronExpression": "0 7 1 1 *"}),
    );
    calls.json("POST /api/schedules/{id}/pause", &[&kept], json!({"reason": "full"}));
    calls.bare("POST /api/schedules/{id}/resume", &[&rests]);
    calls.bare("POST /api/schedules/{id}/run", &[&kept]);
    let past = json!({"from": "2024-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "limit": 5});
    calls.json("POST /api/schedules/{id}/backfill", &[&kept], past);
    calls.bare("DELETE /api/schedules/{id}", &[&gone]);
    calls.json(
        "POST /api/triggers",
        &[],
        json!({"name": "u", "packageId": package, "source": trigger["source"]}),
    );
    calls.json(
        "PUT /api/triggers/{id}",
        &[&hook],
        json!({"name": "v", "packageId": package, "source": trigger["source"]}),
    );
    calls.bare("POST /api/triggers/{id}/secret", &[&hook]);
    calls.bare("DELETE /api/triggers/{id}", &[&hook]);

    // What somebody else has to agree with.
    let careful = json!({"name": "careful", "fourEyes": true});
    let careful = id(&api.post("/api/environments", careful).await);
    registered(&api, "second").await;
    let second = api.signed_in("second", PASSWORD).await;
    let there = json!({"from": production, "to": careful});
    let asked = id(&second.post(&format!("/api/packages/{package}/promote"), there).await);
    calls.json("POST /api/rollouts/{id}/approve", &[&asked], json!({}));
}

async fn people(calls: &mut Calls) {
    let api = calls.api.clone();
    registered(&api, "other").await;
    let (third, fourth) = (registered(&api, "third").await, registered(&api, "fourth").await);
    let other = async || api.signed_in("other", PASSWORD).await;
    let (at_one, _at_two) = (other().await, other().await);
    let sessions = async |who: &Api, path: &str| -> Vec<String> {
        let list: Value = who.get(path).await.json().await.unwrap();
        list["items"].as_array().unwrap().iter().filter(|one| one["isCurrent"] != true).map(id).collect()
    };
    let own = sessions(&at_one, "/api/auth/sessions").await;
    let at_three = other().await;
    for _ in 0..2 {
        api.signed_in("third", PASSWORD).await;
    }
    let theirs = sessions(&api, &format!("/api/users/{third}/sessions")).await;
    let reset = text(&api.post(&format!("/api/users/{third}/password-reset"), json!({})).await["token"]);
    let (guest, unwanted) = (invited(&api, "g@example.org").await, invited(&api, "u@example.org").await);
    let key = id(&api.post("/api/api-keys", json!({"name": "k", "scopes": ["ReadAgents"]})).await);
    let role = id(&api.post("/api/roles", json!({"name": "r", "permissions": ["ReadAgents"]})).await);
    let login = json!({"username": "other", "password": PASSWORD});
    let refreshed = api.post("/api/auth/login", login.clone()).await;
    let nobody = Api { token: String::new(), ..api.clone() };

    calls.json("POST /api/users/invitations", &[], json!({"email": "n@example.org", "roles": ["Viewer"]}));
    calls.bare("DELETE /api/invitations/{id}", &[&id(&unwanted)]);
    let account = json!({
        "username": "guest", "email": "g@example.org", "password": PASSWORD, "invitationToken": guest["token"],
    });
    calls.add_as(&nobody, "POST /api/auth/register", &[], Body::Json(account));
    calls.add_as(&nobody, "POST /api/auth/login", &[], Body::Json(login));
    let refresh = json!({"refreshToken": refreshed["refreshToken"]});
    calls.add_as(&nobody, "POST /api/auth/refresh", &[], Body::Json(refresh));
    calls.json("PUT /api/users/{id}", &[&fourth], json!({"roles": ["Viewer"]}));
    calls.bare("DELETE /api/users/{id}/sessions/{session}", &[&third, &theirs[0]]);
    calls.bare("DELETE /api/users/{id}/sessions", &[&third]);
    let changed = json!({"token": reset, "password": "a battery of horses"});
    calls.add_as(&nobody, "POST /api/auth/password-reset", &[], Body::Json(changed));
    calls.bare("POST /api/users/{id}/password-reset", &[&third]);
    calls.bare("DELETE /api/users/{id}", &[&fourth]);
    calls.json("POST /api/roles", &[], json!({"name": "s", "permissions": ["ReadAudit"]}));
    calls.json("PUT /api/roles/{id}", &[&role], json!({"name": "r2", "permissions": ["ReadAudit"]}));
    calls.bare("DELETE /api/roles/{id}", &[&role]);
    calls.json("POST /api/api-keys", &[], json!({"name": "l", "scopes": ["ReadAgents"]}));
    calls.bare("DELETE /api/api-keys/{id}", &[&key]);
    calls.add_as(&at_one, "DELETE /api/auth/sessions/{id}", &[&own[0]], Body::None);
    calls.add_as(&at_three, "POST /api/auth/logout", &[], Body::None);
    calls.add_as(&at_one, "DELETE /api/auth/sessions", &[], Body::None);
    let at_four = api.signed_in("second", PASSWORD).await;
    calls.add_as(&at_four, "POST /api/auth/totp", &[], Body::Json(json!({"password": PASSWORD})));
    let password = json!({"currentPassword": PASSWORD, "newPassword": "a stable full of horses"});
    calls.add_as(&at_four, "POST /api/auth/password", &[], Body::Json(password));
    calls.bare("GET /api/audit/verify", &[]);
    calls.bare("GET /api/audit/export", &[]);
}

async fn things(calls: &mut Calls) {
    let api = calls.api.clone();
    let pool = id(&api.post("/api/agent-pools", json!({"name": "p"})).await);
    let calendar = id(&api.post("/api/calendars", json!({"name": "c"})).await);
    let asset = id(&api.post("/api/assets", json!({"name": "a", "kind": "plain", "value": "v"})).await);
    let bucket = id(&api.post("/api/buckets", json!({"name": "b"})).await);
    let empty = id(&api.post("/api/buckets", json!({"name": "e"})).await);
    let staging = id(&api.post("/api/environments", json!({"name": "staging"})).await);
    let machine = json!({"name": "bot", "machineName": "m", "ipAddress": "10.0.0.1"});
    let (agent, old) = (
        id(&api.post("/api/agents/register", machine).await),
        id(&api
            .post("/api/agents/register", json!({"name": "old", "machineName": "m", "ipAddress": ""}))
            .await),
    );
    let put = api.request(Method::PUT, &format!("/api/buckets/{bucket}/object?key=one"));
    read(put.header("content-type", "text/plain").body("one").send().await.unwrap(), 200).await;
    api.post(&format!("/api/buckets/{bucket}/object/copy"), json!({"from": "one", "to": "moves"})).await;
    let rests = id(&api.post("/api/environments", json!({"name": "rests"})).await);
    api.post(&format!("/api/environments/{rests}/pause"), json!({"reason": "rest"})).await;
    let file = api.request(Method::POST, "/api/files?name=a.txt").header("content-type", "text/plain");
    let file = id(&read(file.body("a").send().await.unwrap(), 201).await);
    let token = text(&api.post("/api/agents/enrolment-tokens", json!({})).await["token"]);
    let key = SigningKey::from_bytes(&[7; 32]);
    let proof = key.sign(format!("{ENROL_CONTEXT}{token}").as_bytes()).to_bytes();
    let enrol = json!({
        "token": token, "name": "new", "machineName": "m",
        "publicKey": URL_SAFE_NO_PAD.encode(key.verifying_key().to_bytes()), "proof": URL_SAFE_NO_PAD.encode(proof),
    });
    let text_of = |content: &str| Body::Raw("text/plain", content.into());

    calls.json("POST /api/agent-pools", &[], json!({"name": "q"}));
    calls.json("PUT /api/agent-pools/{id}", &[&pool], json!({"description": "changed"}));
    calls.bare("DELETE /api/agent-pools/{id}", &[&pool]);
    calls.json("POST /api/agents/enrolment-tokens", &[], json!({}));
    let nobody = Api { token: String::new(), ..api.clone() };
    calls.add_as(&nobody, "POST /api/agents/enrol", &[], Body::Json(enrol));
    let machine = json!({"name": "bot-2", "machineName": "m", "ipAddress": ""});
    calls.json("POST /api/agents/register", &[], machine);
    calls.json("PUT /api/agents/{id}", &[&agent], json!({"status": "Disabled"}));
    calls.bare("DELETE /api/agents/{id}", &[&old]);
    calls.json("POST /api/assets", &[], json!({"name": "s", "kind": "secret", "value": "open-sesame"}));
    calls.json("PUT /api/assets", &[], json!({"name": "a", "kind": "plain", "value": "w"}));
    calls.add("PUT /api/assets/file?name=f&fileName=f.pem", &[], text_of("a key"));
    calls.bare("GET /api/assets/{id}", &[&asset]);
    calls.bare("DELETE /api/assets/{id}", &[&asset]);
    calls.json("POST /api/buckets", &[], json!({"name": "b2"}));
    calls.json("PUT /api/buckets/{id}", &[&bucket], json!({"name": "b", "description": "changed"}));
    calls.add("PUT /api/buckets/{id}/object?key=two", &[&bucket], text_of("two"));
    calls.json("POST /api/buckets/{id}/object/copy", &[&bucket], json!({"from": "one", "to": "three"}));
    calls.json("POST /api/buckets/{id}/object/move", &[&bucket], json!({"from": "moves", "to": "moved"}));
    calls.bare("DELETE /api/buckets/{id}/object?key=one", &[&bucket]);
    calls.bare("DELETE /api/buckets/{id}", &[&empty]);
    calls.json("POST /api/calendars", &[], json!({"name": "d"}));
    calls.json("PUT /api/calendars/{id}", &[&calendar], json!({"name": "c2"}));
    calls.bare("DELETE /api/calendars/{id}", &[&calendar]);
    calls.json("POST /api/environments", &[], json!({"name": "e2"}));
    calls.json("PUT /api/environments/{id}", &[&staging], json!({"maxConcurrent": 3}));
    calls.json("POST /api/environments/{id}/pause", &[&staging], json!({"reason": "full"}));
    calls.bare("POST /api/environments/{id}/resume", &[&rests]);
    calls.add("POST /api/files?name=b.txt", &[], text_of("b"));
    calls.bare("DELETE /api/files/{id}", &[&file]);
}

async fn queues(calls: &mut Calls) {
    let api = calls.api.clone();
    let queue = id(&api.post("/api/queues", json!({"name": "invoices", "autoRetry": false})).await);
    let empty = id(&api.post("/api/queues", json!({"name": "empty"})).await);
    let items = format!("/api/queues/{queue}/items");
    let mut unwanted = String::new();
    for reference in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        unwanted = id(&api.post(&items, json!({"reference": reference, "payload": {}})).await);
    }
    let mut taken = Vec::new();
    for _ in 0..6 {
        let took = api.post(&format!("{items}/take"), json!({})).await;
        taken.push((id(&took["items"][0]), took["items"][0]["leaseEpoch"].clone()));
    }
    let failed = async |(item, epoch): &(String, Value)| {
        let why = json!({"epoch": epoch, "kind": "business", "message": "no"});
        api.post(&format!("{items}/{item}/fail"), why).await;
    };
    for one in &taken[4..] {
        failed(one).await;
    }
    let of = |number: usize| (taken[number].0.as_str(), json!({"epoch": taken[number].1}));

    calls.json("POST /api/queues", &[], json!({"name": "more"}));
    calls.json("PUT /api/queues/{id}", &[&queue], json!({"name": "invoices", "description": "changed"}));
    calls.bare("DELETE /api/queues/{id}", &[&empty]);
    calls.json("POST /api/queues/{id}/items", &[&queue], json!({"reference": "new", "payload": {}}));
    let lines =
        Body::Raw("application/x-ndjson", b"{\"payload\": {\"n\": 1}}\n{\"payload\": {\"n\": 2}}\n".to_vec());
    calls.add("POST /api/queues/{id}/items/import", &[&queue], lines);
    let (item, lease) = of(0);
    calls.json("POST /api/queues/{id}/items/{item}/renew", &[&queue, item], lease.clone());
    calls.json("POST /api/queues/{id}/items/{item}/complete", &[&queue, item], lease);
    let (item, lease) = of(1);
    calls.json("POST /api/queues/{id}/items/{item}/release", &[&queue, item], lease);
    let (item, mut lease) = of(2);
    (lease["kind"], lease["message"]) = (json!("business"), json!("no"));
    calls.json("POST /api/queues/{id}/items/{item}/fail", &[&queue, item], lease);
    calls.bare("POST /api/queues/{id}/items/{item}/reprocess", &[&queue, &taken[4].0]);
    calls.bare("POST /api/queues/{id}/items/reprocess?state=BusinessFailed", &[&queue]);
    calls.bare("DELETE /api/queues/{id}/items/{item}", &[&queue, &unwanted]);
    calls.json("POST /api/queues/{id}/items/take", &[&queue], json!({}));
    calls.bare("POST /api/queues/{id}/items/delete?state=New", &[&queue]);
}
