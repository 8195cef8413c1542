use openautomate_core::domain::Role;
use openautomate_core::orchestrator::{Registration, Settings};
use reqwest::Method;
use serde_json::json;

use crate::server::{PASSWORD, TestServer, problem, read, text};

#[tokio::test]
async fn the_whole_life_of_a_session() {
    let server = TestServer::start().await;
    let session = read(server.log_in("ADMIN@example.org", PASSWORD).await, 200).await;
    assert_eq!(session["tokenType"], "Bearer");
    assert_eq!(session["expiresIn"], 600);
    assert_eq!(session["user"]["username"], "admin");
    assert!(session["user"].get("passwordHash").is_none());
    let (access, refresh) = (text(&session["accessToken"]), text(&session["refreshToken"]));
    let me = read(server.get("/api/auth/me", &access).send().await.unwrap(), 200).await;
    assert_eq!(me["roles"], json!(["Administrator"]));
    assert!(me["permissions"].as_array().unwrap().contains(&json!("ReadAudit")));

    let refreshed = server.request(Method::POST, "/api/auth/refresh").json(&json!({"refreshToken": refresh}));
    let refreshed = read(refreshed.send().await.unwrap(), 200).await;
    assert_ne!(refreshed["refreshToken"], json!(refresh));
    let access = text(&refreshed["accessToken"]);
    let out = server.request(Method::POST, "/api/auth/logout").bearer_auth(&access).send().await.unwrap();
    assert_eq!(out.status(), 204);
    let after = server.get("/api/auth/me", &access).send().await.unwrap();
    assert_eq!(after.headers()["www-authenticate"], "Bearer");
    problem(after, 401).await;
    let dead = server
        .request(Method::POST, "/api/auth/refresh")
        .json(&json!({"refreshToken": refreshed["refreshToken"]}));
    problem(dead.send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn a_token_two_generations_old_is_refused() {
    let server = TestServer::start().await;
    let first = server.admin().await;
    let trade = async |token: &str| {
        server
            .request(Method::POST, "/api/auth/refresh")
            .json(&json!({"refreshToken": token}))
            .send()
            .await
            .unwrap()
    };
    let second = text(&read(trade(&first.refresh).await, 200).await["refreshToken"]);
    read(trade(&second).await, 200).await;
    problem(trade(&first.refresh).await, 401).await;
    problem(trade("oa_refresh_nonsense").await, 401).await;
}

#[tokio::test]
async fn wrong_names_and_wrong_passwords_look_the_same() {
    let server = TestServer::start().await;
    let wrong = problem(server.log_in("admin", "wrong password").await, 401).await;
    let unknown = problem(server.log_in("nobody", "wrong password").await, 401).await;
    assert_eq!((&wrong["detail"], &wrong["code"]), (&unknown["detail"], &unknown["code"]));
}

#[tokio::test]
async fn changing_the_password_ends_the_sessions() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let change = |current: &str, new: &str| {
        let body = json!({"currentPassword": current, "newPassword": new});
        server.post("/api/auth/password", &admin.token, &body).send()
    };
    let wrong = problem(change("not it at all", "another password").await.unwrap(), 422).await;
    assert_eq!(wrong["field"], "currentPassword");
    assert_eq!(change(PASSWORD, "another password").await.unwrap().status(), 204);
    problem(server.get("/api/auth/me", &admin.token).send().await.unwrap(), 401).await;
    problem(server.log_in("admin", PASSWORD).await, 401).await;
    read(server.log_in("admin", "another password").await, 200).await;
}

fn registration(mode: Registration) -> Settings {
    Settings { registration: mode, ..Settings::default() }
}

#[tokio::test]
async fn registration_follows_its_mode() {
    for (mode, free, invited) in
        [(Registration::Invite, 403, 201), (Registration::Open, 201, 201), (Registration::Closed, 403, 403)]
    {
        let server = TestServer::with(registration(mode), |_| {}).await;
        let admin = server.admin().await;
        let invitation = json!({"email": "bob@example.org", "roles": ["Developer"]});
        let made = server.post("/api/users/invitations", &admin.token, &invitation).send().await.unwrap();
        let token = text(&read(made, 201).await["token"]);
        let register =
            |body: serde_json::Value| server.request(Method::POST, "/api/auth/register").json(&body).send();
        let ada = json!({"username": "ada", "email": "ada@example.org", "password": PASSWORD});
        let answer = register(ada).await.unwrap();
        assert_eq!(answer.status().as_u16(), free, "{mode:?}");
        if free == 201 {
            assert_eq!(read(answer, 201).await["roles"], json!(["Viewer"]));
        }
        let bob = |email: &str| json!({"username": "bob", "email": email, "password": PASSWORD, "invitationToken": token});
        if mode != Registration::Closed {
            problem(register(bob("mallory@example.org")).await.unwrap(), 422).await;
        }
        let answer = register(bob("bob@example.org")).await.unwrap();
        assert_eq!(answer.status().as_u16(), invited, "{mode:?}");
        if invited == 201 {
            assert_eq!(read(answer, 201).await["roles"], json!(["Developer"]));
            problem(register(bob("bob@example.org")).await.unwrap(), 403).await;
        }
    }
}

#[tokio::test]
async fn roles_and_disabling_hold_at_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let dev = server.person("dev", Role::Developer).await;
    read(server.get("/api/packages", &dev.token).send().await.unwrap(), 200).await;
    let disable = json!({"disabled": true});
    read(server.put(&format!("/api/users/{}", dev.id), &admin.token, &disable).send().await.unwrap(), 200)
        .await;
    problem(server.get("/api/packages", &dev.token).send().await.unwrap(), 401).await;
    problem(server.log_in("dev", PASSWORD).await, 401).await;
}
