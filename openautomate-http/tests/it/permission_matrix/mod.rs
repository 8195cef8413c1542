//! Every operation × every kind of caller × a real, a missing and one's own object: what comes is what the table says.

mod elsewhere;
mod objects;
mod table;

use openautomate_core::domain::Role;
use openautomate_core::permission::{Permission, Scope};
use reqwest::Method;
use serde_json::Value;

use crate::fake_agent::FakeAgent;
use crate::server::{Person, TestServer};
use objects::Objects;
use table::{Asks, Row, table};

/// Whoever asks.
struct Caller {
    what: String,
    token: Option<String>,
    kind: Kind,
}

enum Kind {
    /// A person, or an API key of one.
    Person {
        id: String,
        permissions: Vec<Permission>,
        by_key: bool,
        /// Whether they have them in one environment only.
        somewhere: bool,
    },
    Agent {
        id: String,
    },
    /// Nobody whom the server knows.
    Nobody,
}

/// What has to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Unauthenticated,
    Forbidden,
    /// Neither of the two; what else is wrong is another matter.
    Allowed,
}

impl Caller {
    fn person(what: &str, person: &Person, permissions: Vec<Permission>) -> Self {
        let kind = Kind::Person { id: person.id.clone(), permissions, by_key: false, somewhere: false };
        Self { what: what.to_owned(), token: Some(person.token.clone()), kind }
    }

    async fn key(server: &TestServer, what: &str, person: &Person, scopes: Vec<Permission>) -> Self {
        let names: Vec<String> = scopes.iter().map(|one| format!("{one:?}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (_, key) = server.api_key(person, &names).await;
        let id = person.id.clone();
        let kind = Kind::Person { id, permissions: scopes, by_key: true, somewhere: false };
        Self { what: what.to_owned(), token: Some(key), kind }
    }

    /// Somebody with every built-in role in this environment, and with none elsewhere.
    async fn somewhere(server: &TestServer, what: &str, name: &str, environment: &str) -> Self {
        let person = server.person_in(name, &[(environment, &["Administrator"])]).await;
        let permissions = Permission::ALL.into_iter().filter(|one| one.scope() != Scope::Installation);
        let permissions = permissions.collect();
        let kind = Kind::Person { id: person.id, permissions, by_key: false, somewhere: true };
        Self { what: what.to_owned(), token: Some(person.token), kind }
    }

    /// What the table says for this caller. `own` is whether the object is the caller's own account, or the caller.
    fn expects(&self, row: &Row, own: bool) -> Expected {
        match (&self.kind, &row.asks) {
            (_, Asks::Public) => Expected::Allowed,
            (Kind::Nobody, _) => Expected::Unauthenticated,
            (Kind::Agent { .. }, Asks::Agent) if own => Expected::Allowed,
            (Kind::Agent { .. }, Asks::Agent) => Expected::Forbidden,
            (Kind::Agent { .. }, _) | (Kind::Person { .. }, Asks::Agent) => Expected::Unauthenticated,
            (Kind::Person { by_key: true, .. }, _) if row.in_person => Expected::Forbidden,
            (Kind::Person { by_key: true, .. }, Asks::InPerson) => Expected::Forbidden,
            (Kind::Person { .. }, Asks::SignedIn | Asks::InPerson) => Expected::Allowed,
            (Kind::Person { .. }, _) if row.own && own => Expected::Allowed,
            (Kind::Person { somewhere: true, .. }, Asks::Permission(needed))
                if !row.by_environment && needed.scope() != Scope::Shared =>
            {
                Expected::Forbidden
            }
            (Kind::Person { permissions, .. }, Asks::Permission(needed)) if permissions.contains(needed) => {
                Expected::Allowed
            }
            (Kind::Person { .. }, Asks::Permission(_)) => Expected::Forbidden,
        }
    }
}

struct Case<'a> {
    row: &'a Row,
    caller: &'a Caller,
    path: String,
    object: &'static str,
    expected: Expected,
}

async fn ask(server: &TestServer, case: &Case<'_>) -> u16 {
    let method = Method::from_bytes(case.row.method.as_bytes()).unwrap();
    let mut request = server.request(method.clone(), &case.path);
    if method != Method::GET {
        request = request.json(&serde_json::json!({}));
    }
    if let Some(token) = &case.caller.token {
        request = request.bearer_auth(token);
    }
    request.send().await.unwrap().status().as_u16()
}

fn wrong(case: &Case<'_>, got: u16) -> Option<String> {
    let is_right = match case.expected {
        Expected::Unauthenticated => got == 401,
        Expected::Forbidden => got == 403,
        // Without a body that is right, what is public may refuse on its own grounds.
        Expected::Allowed if case.row.asks == Asks::Public => got < 500,
        Expected::Allowed if case.object == "missing" && case.row.method == "GET" => {
            got != 401 && (400..500).contains(&got)
        }
        Expected::Allowed => got != 401 && got != 403 && got < 500,
    };
    let Case { row, caller, object, expected, .. } = case;
    (!is_right)
        .then(|| format!("{} {} as {}, {object}: {expected:?}, got {got}", row.method, row.path, caller.what))
}

async fn callers(server: &TestServer, admin: &Person, agent: FakeAgent) -> Vec<Caller> {
    let all = Permission::ALL.to_vec();
    let mut callers = vec![Caller::person("Administrator", admin, all.clone())];
    let (permissions, _) = table();
    let of =
        |role: Role| permissions.iter().filter(move |(_, roles)| roles.contains(&role)).map(|(one, _)| *one);
    for role in [Role::Operator, Role::Developer, Role::Viewer] {
        let person = server.person(&format!("{role:?}"), role).await;
        callers.push(Caller::person(&format!("{role:?}"), &person, of(role).collect()));
    }
    let custom = [Permission::ReadAudit, Permission::WriteSchedules];
    let role = server.role(&admin.token, "Odd", &["ReadAudit", "WriteSchedules"]).await;
    let odd = server.person_with("odd", &[&role]).await;
    callers.push(Caller::person("a custom role", &odd, custom.to_vec()));
    callers.push(Caller::key(server, "a key with every scope", admin, all).await);
    callers.push(Caller::key(server, "a key without scopes", admin, Vec::new()).await);
    callers.push(Caller::key(server, "a key with scopes", &odd, vec![Permission::ReadAudit]).await);
    let (revoked, text) = server.api_key(admin, &["ReadAgents"]).await;
    let gone = server.delete(&format!("/api/api-keys/{revoked}"), &admin.token).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let elsewhere = server.environment(&admin.token, "testing").await;
    callers
        .push(Caller::somewhere(server, "all roles in another environment", "elsewhere", &elsewhere).await);
    let here = server.environment(&admin.token, "production").await;
    callers.push(Caller::somewhere(server, "all roles in the environment", "here", &here).await);
    let nobody = |what: &str, token| Caller { what: what.to_owned(), token, kind: Kind::Nobody };
    callers.push(nobody("a revoked key", Some(text)));
    callers.push(nobody("anonymous", None));
    let kind = Kind::Agent { id: agent.id.clone() };
    callers.push(Caller { what: "an agent".to_owned(), token: Some(agent.token), kind });
    callers
}

fn cases<'a>(rows: &'a [Row], callers: &'a [Caller], objects: &Objects) -> Vec<Case<'a>> {
    let mut cases = Vec::new();
    for row in rows {
        for caller in callers {
            let mut add = |path, object, own| {
                let expected = caller.expects(row, own);
                cases.push(Case { row, caller, path, object, expected });
            };
            if !row.path.contains('{') {
                add(row.path.clone(), "none", false);
                continue;
            }
            let (real, is_real) = objects.real(&row.path);
            if is_real {
                add(real, "real", false);
            }
            add(Objects::missing(&row.path, None), "missing", false);
            match &caller.kind {
                Kind::Person { id, .. } if row.own => {
                    add(Objects::missing(&row.path, Some(id)), "own", true);
                }
                Kind::Agent { id } if row.asks == Asks::Agent => {
                    add(Objects::missing(&row.path, Some(id)), "own", true);
                }
                _ => {}
            }
        }
    }
    cases
}

#[test]
fn the_table_has_every_operation_and_says_what_the_document_says() {
    let (permissions, rows) = table();
    for permission in Permission::ALL {
        assert_eq!(
            permissions.get(&permission).map(Vec::as_slice),
            Some(permission.roles()),
            "{permission:?}"
        );
    }
    let document = serde_json::to_value(openautomate_http::document()).unwrap();
    let mut known = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let row = rows.iter().find(|row| row.path == *path && row.method.eq_ignore_ascii_case(method));
            let row = row.unwrap_or_else(|| panic!("table.txt lacks {method} {path}"));
            let open = operation["security"] == serde_json::json!([{}]);
            assert_eq!(open, row.asks == Asks::Public, "{method} {path}");
            // What watches the process asks nothing of anybody and has no argument that says so.
            let said = if open && operation["x-permission"] == Value::Null {
                Value::from("public")
            } else {
                operation["x-permission"].clone()
            };
            assert_eq!(said, row.documented(), "{method} {path}");
            known += 1;
        }
    }
    assert_eq!(known, rows.len(), "table.txt has operations that are not there");
}

#[tokio::test]
async fn everybody_gets_what_the_table_says() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (agent, other_agent) = (
        FakeAgent::enrol(&server, &admin.token, "bot").await,
        FakeAgent::enrol(&server, &admin.token, "bot-2").await,
    );
    let other = server.person("other", Role::Viewer).await;
    let objects = Objects::make(&server, &admin, &other_agent.id, &other.id).await;
    let callers = callers(&server, &admin, agent).await;
    let (_, rows) = table();
    // A log-out ends the caller's session, so it is tried elsewhere (`users.rs`, `api_keys.rs`).
    let ends_sessions =
        |case: &Case<'_>| case.row.path == "/api/auth/logout" && case.expected == Expected::Allowed;
    let all: Vec<Case<'_>> =
        cases(&rows, &callers, &objects).into_iter().filter(|case| !ends_sessions(case)).collect();
    let shown: Vec<&str> = rows
        .iter()
        .filter(|row| row.method == "GET" && row.path.ends_with('}') && row.asks != Asks::Agent)
        .map(|row| row.path.as_str())
        .collect();
    let mut failures = Vec::new();

    // Whoever may not, first: afterwards everything is as it was.
    let before = objects.look(&server, &admin, &shown).await;
    assert!(before.len() >= 13, "{}", before.len());
    let refused = all.iter().filter(|case| case.expected != Expected::Allowed);
    let mut count = 0;
    for case in refused {
        failures.extend(wrong(case, ask(&server, case).await));
        count += 1;
    }
    let after = objects.look(&server, &admin, &shown).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after, "a refused request changed something");
    }

    // Whoever may. What removes a real thing comes at the end, and once.
    let removes = |case: &Case<'_>| case.row.method == "DELETE" && case.object == "real";
    let allowed: Vec<&Case<'_>> = all.iter().filter(|case| case.expected == Expected::Allowed).collect();
    for case in allowed.iter().filter(|case| !removes(case)) {
        failures.extend(wrong(case, ask(&server, case).await));
        count += 1;
    }
    for case in allowed.iter().filter(|case| removes(case) && case.caller.what == "Administrator") {
        failures.extend(wrong(case, ask(&server, case).await));
        count += 1;
    }
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), failures.join("\n"));
    println!("{count} cases: {} operations, {} callers, all as the table says", rows.len(), callers.len());
    assert!(count >= 3_400, "{count}");
}
