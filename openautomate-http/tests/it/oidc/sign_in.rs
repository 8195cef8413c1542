//! Who signs in, with what account and which roles.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use openautomate_core::domain::Role;
use openautomate_core::orchestrator::{RequireTotp, Settings};
use openautomate_http::oidc::OidcProvider;
use reqwest::header::SET_COOKIE;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::provider::Provider;
use super::{Browser, ada, back_from, configured, location, mapped, refused, server, signed_in};
use crate::server::{PASSWORD, TestServer, problem, read, text};

#[tokio::test]
async fn a_newcomer_gets_an_account_and_is_known_again() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    let listed = read(server.request(Method::GET, "/api/auth/oidc").send().await.unwrap(), 200).await;
    assert_eq!(listed, json!({"items": [{"name": "corp", "title": "Corporate login"}]}));
    provider.is(ada());
    let mut browser = Browser::default();
    let start = browser.start(&server, "").await;
    let cookie = start.headers()[SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly; SameSite=Lax") && cookie.starts_with("openautomate-login-"),
        "{cookie}"
    );
    let to = Url::parse(location(&start)).unwrap();
    assert!(!to.as_str().contains("s3cret"));
    let back = back_from(&server, to.as_str()).await;
    let done = browser.get(&server, &back).await;
    signed_in(&done);
    let names: Vec<_> = browser.cookies.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.len() == 1 && names[0].starts_with("openautomate-session-"), "{names:?}");
    let session = browser.session(&server).await;
    assert_eq!(session["user"]["username"], "ada");
    assert_eq!(
        (&session["user"]["email"], &session["user"]["roles"]),
        (&json!("ada@corp.example"), &json!(["Viewer"]))
    );
    let token = text(&session["accessToken"]);
    let sessions = read(server.get("/api/auth/sessions", &token).send().await.unwrap(), 200).await;
    assert_eq!(sessions["items"][0]["method"], "external");
    // Nobody signs in there by a password that there is none of.
    for password in ["", PASSWORD] {
        problem(server.log_in("ada", password).await, 401).await;
    }

    // Another address at the provider, the same person; and what it says of the name changes nothing here.
    provider.is(json!({"sub": "7", "preferred_username": "countess", "email": "other@corp.example"}));
    let mut again = Browser::default();
    signed_in(&again.sign_in(&server).await);
    assert_eq!(again.session(&server).await["user"]["id"], session["user"]["id"]);
}

#[tokio::test]
async fn an_address_opens_no_account() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    // The address of the administrator, as somebody else's at the provider.
    provider.is(json!({"sub": "666", "preferred_username": "admin", "email": "admin@example.org", "email_verified": true}));
    refused(Browser::default().sign_in(&server).await, "oidc.email_taken").await;
    // The name alone is no hindrance, and opens nothing.
    provider.is(json!({"sub": "667", "preferred_username": "admin", "email": "x@corp.example", "email_verified": true}));
    let mut browser = Browser::default();
    signed_in(&browser.sign_in(&server).await);
    assert_eq!(browser.session(&server).await["user"]["username"], "admin-2");
    for unverified in [json!(false), json!(null), json!("no")] {
        provider.is(json!({"sub": "668", "email": "y@corp.example", "email_verified": unverified}));
        refused(Browser::default().sign_in(&server).await, "oidc.email_unverified").await;
    }
}

#[tokio::test]
async fn roles_follow_the_provider_at_each_login() {
    let provider = Provider::start().await;
    let server = server(OidcProvider { roles: mapped(), ..configured(&provider) }).await;
    let groups = |groups: Value| {
        let mut claims = ada();
        claims["groups"] = groups;
        provider.is(claims);
    };
    groups(json!(["staff"]));
    refused(Browser::default().sign_in(&server).await, "oidc.not_invited").await;
    groups(json!(["staff", "root"]));
    let mut first = Browser::default();
    signed_in(&first.sign_in(&server).await);
    let session = first.session(&server).await;
    assert_eq!(session["user"]["roles"], json!(["Administrator"]));
    let token = text(&session["accessToken"]);
    read(server.get("/api/users", &token).send().await.unwrap(), 200).await;
    groups(json!("ops"));
    let mut second = Browser::default();
    signed_in(&second.sign_in(&server).await);
    assert_eq!(second.session(&server).await["user"]["roles"], json!(["Operator"]));
    problem(server.get("/api/users", &token).send().await.unwrap(), 401).await;
    // Without any the person is out, and what they have open ends.
    let open = text(&second.session(&server).await["accessToken"]);
    groups(json!([]));
    refused(Browser::default().sign_in(&server).await, "oidc.not_invited").await;
    problem(server.get("/api/auth/me", &open).send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn who_is_disabled_or_deleted_stays_out() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    let admin = server.admin().await;
    provider.is(ada());
    let mut browser = Browser::default();
    browser.sign_in(&server).await;
    let user = format!("/api/users/{}", text(&browser.session(&server).await["user"]["id"]));
    read(server.put(&user, &admin.token, &json!({"disabled": true})).send().await.unwrap(), 200).await;
    refused(Browser::default().sign_in(&server).await, "oidc.not_invited").await;
    read(server.put(&user, &admin.token, &json!({"disabled": false})).send().await.unwrap(), 200).await;
    signed_in(&Browser::default().sign_in(&server).await);
    assert_eq!(server.delete(&user, &admin.token).send().await.unwrap().status(), 204);
    refused(Browser::default().sign_in(&server).await, "oidc.not_invited").await;
}

#[tokio::test]
async fn the_provider_asks_for_the_second_factor() {
    let provider = Provider::start().await;
    let settings = Settings { require_totp: RequireTotp::Everybody, ..Settings::default() };
    let given = configured(&provider);
    let server = TestServer::with(settings, |options| options.oidc = vec![given]).await;
    provider.is(ada());
    let mut browser = Browser::default();
    browser.sign_in(&server).await;
    let token = text(&browser.session(&server).await["accessToken"]);
    read(server.get("/api/packages", &token).send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn whoever_signed_in_is_who_the_audit_names() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    provider.is(ada());
    let mut browser = Browser::default();
    signed_in(&browser.sign_in(&server).await);
    let user = browser.session(&server).await["user"].clone();
    let dev = server.person("dev", Role::Developer).await;
    problem(server.log_in("dev", "wrong horse battery").await, 401).await;
    let admin = server.admin().await;
    let entries = async |action: &str| {
        let path = format!("/api/audit?action={action}");
        read(server.get(&path, &admin.token).send().await.unwrap(), 200).await["items"].clone()
    };
    let actor = |id: &str, name: &str| json!({"kind": "user", "id": id, "name": name});
    let external = entries("session.external_login").await;
    assert_eq!(external[0]["actor"], actor(&text(&user["id"]), "ada"));
    let logins = entries("session.login").await;
    let actors: Vec<&Value> = logins.as_array().unwrap().iter().map(|entry| &entry["actor"]).collect();
    assert!(
        actors.contains(&&actor(&dev.id, "dev")) && actors.contains(&&actor(&admin.id, "admin")),
        "{logins}"
    );
    assert!(actors.iter().all(|actor| actor["kind"] == "user"), "{logins}");
    let failed = entries("session.login_refused").await;
    assert_eq!((&failed[0]["actor"]["kind"], &failed[0]["objectId"]), (&json!("anonymous"), &json!(dev.id)));
}

#[tokio::test]
async fn windows_at_once_make_one_account() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    provider.is(ada());
    let mut windows: Vec<_> = (0..5).map(|_| Browser::default()).collect();
    let answers = join_all(windows.iter_mut().map(|window| window.sign_in(&server))).await;
    answers.iter().for_each(signed_in);
    let sessions = join_all(windows.iter().map(|window| window.session(&server))).await;
    let ids: BTreeSet<_> = sessions.iter().map(|session| text(&session["user"]["id"])).collect();
    assert_eq!(ids.len(), 1);
}
