use openautomate_core::domain::Role;
use openautomate_core::permission::Permission;
use serde_json::{Value, json};

use crate::server::{Person, TestServer, problem, read, text};

impl TestServer {
    /// A role with these permissions; gives its id.
    pub(crate) async fn role(&self, token: &str, name: &str, permissions: &[&str]) -> String {
        let body = json!({"name": name, "permissions": permissions});
        text(&read(self.post("/api/roles", token, &body).send().await.unwrap(), 201).await["id"])
    }

    /// A person who has custom roles alone, signed in.
    pub(crate) async fn person_with(&self, name: &str, roles: &[&str]) -> Person {
        let person = self.person(name, Role::Viewer).await;
        let admin = self.admin().await;
        let body = json!({"roles": [], "customRoles": roles});
        let changed = self.put(&format!("/api/users/{}", person.id), &admin.token, &body);
        assert_eq!(read(changed.send().await.unwrap(), 200).await["customRoles"], json!(roles));
        self.signed_in(name).await
    }

    async fn status(&self, path: &str, person: &Person) -> u16 {
        self.get(path, &person.token).send().await.unwrap().status().as_u16()
    }
}

#[tokio::test]
async fn a_role_is_made_changed_given_and_removed() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let body = json!({"name": "Auditors", "description": "look", "permissions": ["ReadAudit", "ReadAudit"]});
    let made = server.post("/api/roles", &admin.token, &body).send().await.unwrap();
    let tag = made.headers()["etag"].to_str().unwrap().to_owned();
    let role = read(made, 201).await;
    assert_eq!(role["permissions"], json!(["ReadAudit"]));
    let (id, path) = (text(&role["id"]), format!("/api/roles/{}", text(&role["id"])));
    let ada = server.person_with("ada", &[&id]).await;
    assert_eq!(server.status("/api/audit", &ada).await, 200);
    assert_eq!(server.status("/api/agents", &ada).await, 403);
    let me = read(server.get("/api/auth/me", &ada.token).send().await.unwrap(), 200).await;
    assert_eq!((&me["permissions"], &me["roles"]), (&json!(["ReadAudit"]), &json!([])));
    // Giving it raised its revision.
    let change = json!({"name": "Auditors", "permissions": ["ReadAudit", "ReadAgents"]});
    let stale = server.put(&path, &admin.token, &change).header("if-match", tag).send().await.unwrap();
    assert_eq!(problem(stale, 412).await["code"], "revision.mismatch");
    read(server.put(&path, &admin.token, &change).send().await.unwrap(), 200).await;
    assert_eq!(server.status("/api/agents", &ada).await, 200, "what it gains counts in the same session");
    let told = problem(server.delete(&path, &admin.token).send().await.unwrap(), 409).await;
    assert_eq!(told["code"], "role.in_use");
    assert!(text(&told["detail"]).starts_with("these have the role: ada;"), "{told}");
    // It loses one: the sessions end, and what is begun anew has less.
    let less = json!({"name": "Auditors", "permissions": ["ReadAgents"]});
    read(server.put(&path, &admin.token, &less).send().await.unwrap(), 200).await;
    assert_eq!(server.status("/api/agents", &ada).await, 401);
    let ada = server.signed_in("ada").await;
    assert_eq!(
        (server.status("/api/agents", &ada).await, server.status("/api/audit", &ada).await),
        (200, 403)
    );
    // It is taken away.
    let viewer = json!({"roles": ["Viewer"], "customRoles": []});
    let user = format!("/api/users/{}", ada.id);
    read(server.put(&user, &admin.token, &viewer).send().await.unwrap(), 200).await;
    assert_eq!(server.status("/api/agents", &ada).await, 401);
    assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get(&path, &admin.token).send().await.unwrap(), 404).await;
    let gone = server.put(&user, &admin.token, &json!({"customRoles": [id]})).send().await.unwrap();
    assert_eq!(problem(gone, 422).await["field"], "customRoles");
    let none = server.put(&user, &admin.token, &json!({"roles": []})).send().await.unwrap();
    assert_eq!(problem(none, 422).await["field"], "roles");
}

#[tokio::test]
async fn what_a_role_may_be_is_checked_and_the_built_in_ones_stand_first() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    server.role(&admin.token, "Auditors", &["ReadAudit"]).await;
    for (body, status, field) in [
        (json!({"name": "operator", "permissions": ["ReadAudit"]}), 422, json!("name")),
        (json!({"name": "", "permissions": ["ReadAudit"]}), 422, json!("name")),
        (json!({"name": "x", "permissions": []}), 422, json!("permissions")),
        (json!({"name": "x", "permissions": ["Root"]}), 422, json!("permissions[0]")),
        (json!({"name": "x", "permissions": ["ReadAudit"], "revision": 1}), 422, json!("revision")),
        (json!({"name": "AUDITORS", "permissions": ["ReadAudit"]}), 409, Value::Null),
    ] {
        let told =
            problem(server.post("/api/roles", &admin.token, &body).send().await.unwrap(), status).await;
        assert_eq!(told["field"], field, "{told}");
    }
    let list = read(server.get("/api/roles", &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    let built_in = list["builtIn"].as_array().unwrap();
    assert_eq!(built_in.len(), 4);
    for role in built_in {
        for permission in Permission::ALL {
            let has = role["permissions"].as_array().unwrap().contains(&json!(permission));
            let should = permission.roles().iter().any(|one| json!(one) == role["role"]);
            assert_eq!(has, should, "{permission:?} {role}");
        }
    }
    // There is no path to a built-in one.
    let body = json!({"name": "Viewer", "permissions": ["ReadAudit"]});
    problem(server.put("/api/roles/Viewer", &admin.token, &body).send().await.unwrap(), 404).await;
    problem(server.delete("/api/roles/Viewer", &admin.token).send().await.unwrap(), 404).await;
}

/// Somebody who manages people, and is no Administrator, gets nobody above themselves: nor themselves.
#[tokio::test]
async fn nobody_rises() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let managers =
        server.role(&admin.token, "Managers", &["ManageUsers", "ReadAgents", "ReadEnvironments"]).await;
    let auditors = server.role(&admin.token, "Auditors", &["ReadAudit"]).await;
    let runners = server.role(&admin.token, "Runners", &["RunExecutions"]).await;
    let lookers = server.role(&admin.token, "Lookers", &["ReadAgents"]).await;
    let manager = server.person_with("manager", &[&managers]).await;
    let low = server.person_with("low", &[&lookers]).await;
    let (above, token) = (server.person("above", Role::Developer).await, manager.token.as_str());
    let low_path = format!("/api/users/{}", low.id);
    let put = async |path: &str, body: Value| {
        server.put(path, token, &body).send().await.unwrap().status().as_u16()
    };
    // Roles that would raise somebody.
    for roles in [
        json!({"roles": ["Administrator"]}),
        json!({"roles": ["Viewer"]}),
        json!({"customRoles": [auditors]}),
        json!({"customRoles": [managers]}),
        json!({"customRoles": [runners]}),
    ] {
        assert_eq!(put(&low_path, roles.clone()).await, 403, "{roles}");
    }
    for roles in [json!(["Administrator"]), json!(["Viewer"])] {
        let invite = json!({"email": "new@example.org", "roles": roles});
        problem(server.post("/api/users/invitations", token, &invite).send().await.unwrap(), 403).await;
    }
    // Themselves, and those above.
    let own = format!("/api/users/{}", manager.id);
    assert_eq!(put(&own, json!({"customRoles": [managers, runners]})).await, 403);
    for path in [format!("/api/users/{}", admin.id), format!("/api/users/{}", above.id)] {
        for body in
            [json!({"disabled": true}), json!({"email": "thief@example.org"}), json!({"username": "t"})]
        {
            assert_eq!(put(&path, body.clone()).await, 403, "{body}");
        }
        problem(server.delete(&path, token).send().await.unwrap(), 403).await;
    }
    // Roles themselves: new ones, their own, others'.
    let role = |permissions: Value| json!({"name": "r", "permissions": permissions});
    for permissions in [json!(["ManageUsers"]), json!(["ReadAudit"]), json!(["RunExecutions"])] {
        let made = server.post("/api/roles", token, &role(permissions)).send().await.unwrap();
        problem(made, 403).await;
    }
    let raised = json!({"name": "Managers", "permissions":
        ["ManageUsers", "ReadAgents", "ReadEnvironments", "RunExecutions"]});
    assert_eq!(put(&format!("/api/roles/{managers}"), raised).await, 403);
    let emptied = json!({"name": "Auditors", "permissions": ["ReadAgents"]});
    assert_eq!(put(&format!("/api/roles/{auditors}"), emptied).await, 403);
    // What they may, they may give: that is what the permission is for.
    let lower = json!({"name": "Lookers too", "permissions": ["ReadAgents"]});
    let lower = read(server.post("/api/roles", token, &lower).send().await.unwrap(), 201).await;
    assert_eq!(put(&low_path, json!({"customRoles": [lower["id"], lookers]})).await, 200);
    assert_eq!(put(&low_path, json!({"disabled": true})).await, 200);
    assert_eq!(server.delete(&low_path, token).send().await.unwrap().status(), 204);
    // A custom role with everything is not an Administrator's: the last one stays.
    let all: Vec<String> = Permission::ALL.iter().map(|one| format!("{one:?}")).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let everything = server.role(&admin.token, "Everything", &all).await;
    let mighty = server.person_with("mighty", &[&everything]).await;
    let path = format!("/api/users/{}", admin.id);
    problem(server.delete(&path, &mighty.token).send().await.unwrap(), 403).await;
    let crown = json!({"roles": ["Administrator"]});
    let crowned =
        server.put(&format!("/api/users/{}", above.id), &mighty.token, &crown).send().await.unwrap();
    problem(crowned, 403).await;
}

#[tokio::test]
async fn it_is_explained_who_may_what_and_why() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let night = server.role(&admin.token, "Night", &["RunExecutions"]).await;
    let ada = server.person("ada", Role::Operator).await;
    let path = format!("/api/users/{}", ada.id);
    read(server.put(&path, &admin.token, &json!({"customRoles": [night]})).send().await.unwrap(), 200).await;
    let ada = server.signed_in("ada").await;
    let eve = server.person("eve", Role::Viewer).await;
    let names = async |token: &str| {
        read(server.get("/api/auth/me", token).send().await.unwrap(), 200).await["customRoleNames"].clone()
    };
    assert_eq!(names(&ada.token).await, json!([{"id": night, "name": "Night"}]));
    assert_eq!(names(&eve.token).await, json!([]));

    let table = read(server.get("/api/permissions", &eve.token).send().await.unwrap(), 200).await;
    let table = table["items"].as_array().unwrap();
    assert_eq!(table.len(), Permission::ALL.len());
    for (row, permission) in table.iter().zip(Permission::ALL) {
        assert_eq!((&row["permission"], &row["roles"]), (&json!(permission), &json!(permission.roles())));
        assert!(!text(&row["words"]).is_empty());
        assert_eq!(row["reserved"], permission.roles() == [Role::Administrator]);
    }

    let explain = async |token: &str, query: &str| {
        server.get(&format!("/api/permissions/explain?{query}"), token).send().await.unwrap()
    };
    let query = format!("userId={}&permission=RunExecutions", ada.id);
    let by = json!([
        {"role": "Operator", "customRoleId": null, "name": "Operator", "environmentId": null},
        {"role": null, "customRoleId": night, "name": "Night", "environmentId": null},
    ]);
    for token in [&admin.token, &ada.token] {
        let told = read(explain(token, &query).await, 200).await;
        assert_eq!((&told["allowed"], &told["by"], &told["withheld"]), (&json!(true), &by, &Value::Null));
    }
    problem(explain(&eve.token, &query).await, 403).await;
    let told = read(explain(&ada.token, "permission=ManageUsers").await, 200).await;
    assert_eq!(
        (&told["allowed"], &told["by"], &told["withheld"]),
        (&json!(false), &json!([]), &json!("noRole"))
    );
    problem(explain(&ada.token, "permission=Everything").await, 422).await;
    problem(explain(&ada.token, "").await, 422).await;
    let missing = format!("userId={}&permission=ReadAgents", uuid::Uuid::now_v7());
    problem(explain(&admin.token, &missing).await, 404).await;

    let check = async |token: &str, body: Value| {
        server.post("/api/permissions/check", token, &body).send().await.unwrap()
    };
    let supposed = json!({
        "roles": ["Viewer"], "customRoles": [night], "scopes": ["ReadAgents"],
        "permissions": ["ReadAgents", "RunExecutions", "ManageUsers"],
    });
    let told = read(check(&admin.token, supposed.clone()).await, 200).await;
    let decided: Vec<_> = told["items"].as_array().unwrap().iter().map(|one| &one["withheld"]).collect();
    assert_eq!(decided, [&json!("noRole"), &Value::Null, &json!("scopes")], "in the order of the table");
    problem(check(&eve.token, supposed).await, 403).await;
    // Oneself, whole: the same as what one may.
    for person in [&ada, &eve, &admin] {
        let told = read(check(&person.token, json!({})).await, 200).await;
        let may = told["items"].as_array().unwrap().iter().filter(|one| one["allowed"] == true);
        let may: Vec<Value> = may.map(|one| one["permission"].clone()).collect();
        let me = read(server.get("/api/auth/me", &person.token).send().await.unwrap(), 200).await;
        assert_eq!(json!(may), me["permissions"]);
    }
    problem(check(&eve.token, json!({"userId": ada.id})).await, 403).await;
    let both = check(&admin.token, json!({"userId": ada.id, "roles": ["Viewer"]})).await;
    assert_eq!(problem(both, 422).await["field"], "userId");
    let missing = check(&admin.token, json!({"customRoles": [uuid::Uuid::now_v7()]})).await;
    assert_eq!(problem(missing, 422).await["field"], "customRoles");
    // A disabled person may nothing, whatever they have.
    read(server.put(&path, &admin.token, &json!({"disabled": true})).send().await.unwrap(), 200).await;
    let told = read(explain(&admin.token, &query).await, 200).await;
    assert_eq!((&told["allowed"], &told["withheld"], &told["by"]), (&json!(false), &json!("disabled"), &by));
}
