use openautomate_core::domain::Role;
use serde_json::{Value, json};

use crate::server::{Person, TestServer, archive, problem, read, text};

struct Place {
    server: TestServer,
    admin: Person,
    package: String,
    testing: String,
    production: String,
}

impl Place {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let admin = server.admin().await;
        let package = server.package(&admin.token, "hello").await;
        let list = read(server.get("/api/environments", &admin.token).send().await.unwrap(), 200).await;
        let named = |name: &str| {
            let items = list["items"].as_array().unwrap();
            text(&items.iter().find(|one| one["name"] == name).unwrap()["id"])
        };
        let (testing, production) = (named("testing"), named("production"));
        Self { server, admin, package, testing, production }
    }

    async fn publish(&self, number: &str, environment: &str) -> String {
        let path = format!("/api/packages/{}/versions?activate=false", self.package);
        let request = self.server.request(reqwest::Method::POST, &path).bearer_auth(&self.admin.token);
        let made =
            request.header("content-type", "application/zip").body(archive(number)).send().await.unwrap();
        let id = text(&read(made, 201).await["id"]);
        let path =
            format!("/api/packages/{}/versions/{id}/activate?environmentId={environment}", self.package);
        read(self.server.post(&path, &self.admin.token, &json!({})).send().await.unwrap(), 200).await;
        id
    }

    async fn post(&self, who: &Person, path: &str, body: Value, status: u16) -> Value {
        let answer = self.server.post(path, &who.token, &body).send().await.unwrap();
        if status < 300 { read(answer, status).await } else { problem(answer, status).await }
    }

    async fn active(&self, environment: &str) -> String {
        let path = format!("/api/packages/{}/deployments", self.package);
        let list = read(self.server.get(&path, &self.admin.token).send().await.unwrap(), 200).await;
        let here =
            list["items"].as_array().unwrap().iter().find(|one| one["environmentId"] == environment).cloned();
        here.map(|one| text(&one["versionId"])).unwrap_or_default()
    }

    async fn history(&self, query: &str) -> Vec<Value> {
        let list =
            self.server.get(&format!("/api/rollouts?{query}"), &self.admin.token).send().await.unwrap();
        read(list, 200).await["items"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_version_is_promoted_and_rolled_back() {
    let place = Place::new().await;
    let promote = format!("/api/packages/{}/promote", place.package);
    let back = format!("/api/packages/{}/rollback", place.package);
    let there = json!({"from": place.testing, "to": place.production});
    assert_eq!(
        place.post(&place.admin, &promote, there.clone(), 409).await["code"],
        "package.no_active_version"
    );
    let first = place.active(&place.production).await;
    assert_eq!(place.post(&place.admin, &back, json!({}), 409).await["code"], "rollout.no_earlier");

    let second = place.publish("2.0.0", &place.testing).await;
    let made = place.post(&place.admin, &promote, there.clone(), 201).await;
    assert_eq!(
        (&made["kind"], &made["state"], &made["fromEnvironmentId"], &made["previousVersionId"]),
        (&json!("promote"), &json!("done"), &json!(place.testing), &json!(first))
    );
    assert_eq!(place.active(&place.production).await, second);
    assert_eq!(place.post(&place.admin, &promote, there.clone(), 409).await["code"], "rollout.active");
    let third = place.publish("3.0.0", &place.production).await;
    assert_eq!(place.active(&place.production).await, third);

    // Twice back is two steps, not there and back.
    for (from, to) in [(&third, &second), (&second, &first)] {
        let made = place.post(&place.admin, &back, json!({"environmentId": place.production}), 201).await;
        assert_eq!((&made["kind"], &made["previousVersionId"]), (&json!("rollBack"), &json!(from)));
        assert_eq!(place.active(&place.production).await, *to);
    }
    assert_eq!(place.post(&place.admin, &back, json!({}), 409).await["code"], "rollout.no_earlier");

    let query = format!("environmentId={}&packageId={}", place.production, place.package);
    let history = place.history(&query).await;
    let kinds: Vec<_> = history.iter().map(|one| text(&one["kind"])).collect();
    assert_eq!(kinds, ["rollBack", "rollBack", "deploy", "promote", "deploy"]);
    assert!(history.iter().all(|one| one["requestedById"] == json!(place.admin.id)));
    let path = format!("/api/rollouts/{}", text(&history[0]["id"]));
    assert_eq!(
        read(place.server.get(&path, &place.admin.token).send().await.unwrap(), 200).await,
        history[0]
    );
    for wrong in
        [json!({"from": place.testing, "to": place.testing}), json!({"from": place.testing}), json!({})]
    {
        place.post(&place.admin, &promote, wrong, 422).await;
    }
}

#[tokio::test]
async fn four_eyes_see_more() {
    let place = Place::new().await;
    let (admin, other) = (&place.admin, place.server.person("olive", Role::Operator).await);
    let viewer = place.server.person("viewer", Role::Viewer).await;
    let first = place.active(&place.production).await;
    let production = format!("/api/environments/{}", place.production);
    let guarded =
        place.server.put(&production, &admin.token, &json!({"fourEyes": true})).send().await.unwrap();
    assert_eq!(read(guarded, 200).await["fourEyes"], true);
    let second = place.publish("2.0.0", &place.testing).await;
    let promote = format!("/api/packages/{}/promote", place.package);
    let there = json!({"from": place.testing, "to": place.production});

    let made = place.post(admin, &promote, there.clone(), 201).await;
    assert_eq!((&made["state"], &made["decidedById"]), (&json!("waiting"), &Value::Null));
    assert_eq!(place.active(&place.production).await, first);
    assert_eq!(place.post(&other, &promote, there.clone(), 409).await["code"], "rollout.waiting");
    let path = |id: &Value, answer: &str| format!("/api/rollouts/{}/{answer}", text(id));
    for (who, answer, status) in [
        (admin, "approve", 403),
        (admin, "reject", 403),
        (&other, "withdraw", 403),
        (&viewer, "approve", 403),
        (&other, "approve", 200),
    ] {
        place.post(who, &path(&made["id"], answer), json!({"comment": "looks right"}), status).await;
    }
    assert_eq!(place.active(&place.production).await, second);
    let done = &place.history("state=done").await[0];
    assert_eq!(
        (&done["id"], &done["decidedById"], &done["comment"]),
        (&made["id"], &json!(other.id), &json!("looks right"))
    );
    assert_eq!(
        place.post(&other, &path(&made["id"], "reject"), json!({}), 409).await["code"],
        "rollout.decided"
    );

    // A rollback asks for the same, and so does a plain activation.
    let back = place.post(&other, &format!("/api/packages/{}/rollback", place.package), json!({}), 201).await;
    assert_eq!(back["state"], "waiting");
    place.post(&other, &path(&back["id"], "withdraw"), json!({}), 200).await;
    let activate = format!(
        "/api/packages/{}/versions/{first}/activate?environmentId={}",
        place.package, place.production
    );
    let asked = place.server.post(&activate, &other.token, &json!({})).send().await.unwrap();
    let location = text(&json!(asked.headers()["location"].to_str().unwrap()));
    read(asked, 202).await;
    let refused = place.post(admin, &format!("{location}/reject"), json!({"comment": "no"}), 200).await;
    assert_eq!((&refused["state"], &refused["kind"]), (&json!("rejected"), &json!("deploy")));
    assert_eq!(place.active(&place.production).await, second);
    assert_eq!(place.history("state=waiting").await, Vec::<Value>::new());
}

#[tokio::test]
async fn one_of_two_answers_counts() {
    let place = Place::new().await;
    let others = [
        place.server.person("olive", Role::Operator).await,
        place.server.person("dora", Role::Developer).await,
    ];
    let production = format!("/api/environments/{}", place.production);
    let guard = json!({"fourEyes": true});
    read(place.server.put(&production, &place.admin.token, &guard).send().await.unwrap(), 200).await;
    for number in 2..8 {
        place.publish(&format!("{number}.0.0"), &place.testing).await;
        let promote = format!("/api/packages/{}/promote", place.package);
        let there = json!({"from": place.testing, "to": place.production});
        let id = text(&place.post(&place.admin, &promote, there, 201).await["id"]);
        let answer = |who: &Person, answer| {
            let path = format!("/api/rollouts/{id}/{answer}");
            place.server.post(&path, &who.token, &json!({})).send()
        };
        let (yes, no) = tokio::join!(answer(&others[0], "approve"), answer(&others[1], "reject"));
        let (yes, no) = (yes.unwrap().status().as_u16(), no.unwrap().status().as_u16());
        assert!([(200, 409), (409, 200)].contains(&(yes, no)), "{yes} {no}");
        let now = &place.history(&format!("environmentId={}", place.production)).await[0];
        assert_eq!(now["state"], if yes == 200 { "done" } else { "rejected" });
        assert_eq!(place.active(&place.production).await == now["versionId"], yes == 200);
    }
}

#[tokio::test]
async fn environments_of_ones_own() {
    let place = Place::new().await;
    let (admin, all) = (&place.admin, "/api/environments");
    let operator = place.server.person("olive", Role::Operator).await;
    place.post(&operator, all, json!({"name": "staging"}), 403).await;
    let made = place.post(admin, all, json!({"name": "staging", "fourEyes": true}), 201).await;
    assert_eq!((&made["isDefault"], &made["fourEyes"]), (&json!(false), &json!(true)));
    assert_eq!(place.post(admin, all, json!({"name": "STAGING"}), 409).await["code"], "name.taken");
    for wrong in [json!({"name": ""}), json!({}), json!({"name": "x", "colour": 1})] {
        place.post(admin, all, wrong, 422).await;
    }
    let put = async |id: &str, body: Value, status: u16| {
        let answer = place.server.put(&format!("{all}/{id}"), &admin.token, &body).send().await.unwrap();
        read(answer, status).await
    };
    let staging = text(&made["id"]);
    let changed = put(&staging, json!({"name": "pre-production", "isDefault": true}), 200).await;
    assert_eq!((&changed["name"], &changed["isDefault"]), (&json!("pre-production"), &json!(true)));
    assert_eq!(put(&staging, json!({"isDefault": false}), 422).await["errors"][0]["field"], "isDefault");
    let list = read(place.server.get(all, &admin.token).send().await.unwrap(), 200).await;
    let defaults = list["items"].as_array().unwrap().iter().filter(|one| one["isDefault"] == true).count();
    assert_eq!(defaults, 1);
    // Who names none means this one from now on.
    let asked = place.post(admin, "/api/executions", json!({"packageId": place.package}), 409).await;
    assert_eq!(asked["code"], "package.no_active_version");
}
