//! Linking an account to somebody who has one here, and unlinking it.

use openautomate_core::domain::Role;
use openautomate_http::oidc::OidcProvider;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::provider::Provider;
use super::{Browser, ada, back_from, configured, location, mapped, refused, server, signed_in};
use crate::server::{TestServer, problem, read, text};

const LINKED: &str = "/settings?linked=corp";

async fn link(server: &TestServer, browser: &mut Browser, token: &str) -> Response {
    let begun =
        server.request(Method::POST, "/api/auth/oidc/corp/link").bearer_auth(token).send().await.unwrap();
    browser.keep(&begun);
    let location = text(&read(begun, 200).await["location"]);
    let back = back_from(server, &location).await;
    browser.get(server, &back).await
}

/// What somebody has linked.
async fn linked(server: &TestServer, token: &str) -> Vec<Value> {
    let listed = read(server.get("/api/auth/identities", token).send().await.unwrap(), 200).await;
    listed["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let provider = Provider::start().await;
    let server = server(OidcProvider { roles: mapped(), ..configured(&provider) }).await;
    let admin = server.admin().await;
    let mut browser = Browser::default();
    link(&server, &mut browser, &admin.token).await;
    provider.is(json!({"sub": "248289761001", "groups": ["ops"]}));
    refused(Browser::default().sign_in(&server).await, "oidc.last_administrator").await;
}

#[tokio::test]
async fn without_accounts_for_newcomers_only_who_linked_theirs_signs_in() {
    let provider = Provider::start().await;
    let server = server(OidcProvider { creates_accounts: false, ..configured(&provider) }).await;
    provider.is(ada());
    refused(Browser::default().sign_in(&server).await, "oidc.not_invited").await;
    let dev = server.person("dev", Role::Developer).await;
    let mut browser = Browser::default();
    assert_eq!(location(&link(&server, &mut browser, &dev.token).await), LINKED);
    assert!(browser.cookies.is_empty(), "linking signs nobody in");
    let mut browser = Browser::default();
    signed_in(&browser.sign_in(&server).await);
    let session = browser.session(&server).await;
    assert_eq!((&session["user"]["id"], &session["user"]["roles"]), (&json!(dev.id), &json!(["Developer"])));
    // Another person does not get it; nor does the link outlive the session in which it was begun.
    let other = server.person("other", Role::Viewer).await;
    let taken = link(&server, &mut Browser::default(), &other.token).await;
    assert_eq!(location(&taken), "/settings?error=oidc.linked_elsewhere");
    provider.is(json!({"sub": "8"}));
    let begun = server
        .request(Method::POST, "/api/auth/oidc/corp/link")
        .bearer_auth(&other.token)
        .send()
        .await
        .unwrap();
    let mut browser = Browser::default();
    browser.keep(&begun);
    let back = back_from(&server, &text(&read(begun, 200).await["location"])).await;
    server.request(Method::POST, "/api/auth/logout").bearer_auth(&other.token).send().await.unwrap();
    assert_eq!(location(&browser.get(&server, &back).await), "/settings?error=oidc.signed_out");
    refused(Browser::default().sign_in(&server).await, "oidc.not_invited").await;
}

#[tokio::test]
async fn what_is_linked_is_listed_and_unlinked() {
    let provider = Provider::start().await;
    let server = server(OidcProvider { creates_accounts: false, ..configured(&provider) }).await;
    let (dev, other) =
        (server.person("dev", Role::Developer).await, server.person("other", Role::Viewer).await);
    assert_eq!(linked(&server, &dev.token).await, Vec::<Value>::new());
    provider.is(ada());
    link(&server, &mut Browser::default(), &dev.token).await;
    let mut elsewhere = Browser::default();
    signed_in(&elsewhere.sign_in(&server).await);
    let open = text(&elsewhere.session(&server).await["accessToken"]);
    let shown = linked(&server, &dev.token).await;
    assert_eq!(shown.len(), 1);
    let shown = &shown[0];
    assert_eq!((&shown["provider"], &shown["title"]), (&json!("corp"), &json!("Corporate login")));
    assert_eq!(shown["issuer"], json!(provider.url));
    assert!(shown["createdAt"].is_string() && shown["lastLogin"].is_string(), "{shown}");
    let path = format!("/api/auth/identities/{}", text(&shown["id"]));
    // It is nobody else's to see or to unlink.
    assert_eq!(linked(&server, &other.token).await, Vec::<Value>::new());
    for token in [&other.token, &server.admin().await.token] {
        problem(server.delete(&path, token).send().await.unwrap(), 404).await;
    }
    problem(server.request(Method::DELETE, &path).send().await.unwrap(), 401).await;
    assert_eq!(server.delete(&path, &dev.token).send().await.unwrap().status(), 204);
    assert_eq!(linked(&server, &dev.token).await, Vec::<Value>::new());
    refused(Browser::default().sign_in(&server).await, "oidc.not_invited").await;
    // Where somebody was signed in by it has ended, and where they were by password has not.
    problem(server.get("/api/auth/me", &open).send().await.unwrap(), 401).await;
    read(server.get("/api/auth/me", &dev.token).send().await.unwrap(), 200).await;
    problem(server.delete(&path, &dev.token).send().await.unwrap(), 404).await;
    // Another person may have it now.
    assert_eq!(location(&link(&server, &mut Browser::default(), &other.token).await), LINKED);
    let admin = server.admin().await;
    let audit = server.get("/api/audit?action=user.unlink_identity", &admin.token).send().await.unwrap();
    assert_eq!(read(audit, 200).await["items"][0]["actor"]["name"], "dev");
}

#[tokio::test]
async fn the_only_way_to_sign_in_stays() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    provider.is(ada());
    let mut browser = Browser::default();
    signed_in(&browser.sign_in(&server).await);
    let token = text(&browser.session(&server).await["accessToken"]);
    let path = |one: &Value| format!("/api/auth/identities/{}", text(&one["id"]));
    let only = path(&linked(&server, &token).await[0]);
    let kept = server.delete(&only, &token).send().await.unwrap();
    assert_eq!(problem(kept, 409).await["code"], "identity.last");
    provider.is(json!({"sub": "8"}));
    link(&server, &mut Browser::default(), &token).await;
    let both = linked(&server, &token).await;
    assert_eq!((both.len(), path(&both[0]) == only), (2, true), "the oldest first");
    // Of two at once one stays.
    let unlink = async |path: String| server.delete(&path, &token).send().await.unwrap().status().as_u16();
    let mut answers = <[u16; 2]>::from(tokio::join!(unlink(path(&both[0])), unlink(path(&both[1]))));
    answers.sort_unstable();
    assert_eq!(answers, [204, 409]);
    assert_eq!(linked(&server, &token).await.len(), 1);
    // The session that asked goes on.
    read(server.get("/api/auth/me", &token).send().await.unwrap(), 200).await;
}

#[tokio::test]
async fn an_administrator_sees_what_others_linked_and_unlinks_it() {
    let provider = Provider::start().await;
    let server = server(OidcProvider { creates_accounts: false, ..configured(&provider) }).await;
    let (admin, dev) = (server.admin().await, server.person("dev", Role::Developer).await);
    provider.is(ada());
    link(&server, &mut Browser::default(), &dev.token).await;
    let of = |id: &str| format!("/api/users/{id}/identities");
    problem(server.get(&of(&dev.id), &dev.token).send().await.unwrap(), 403).await;
    let shown = read(server.get(&of(&dev.id), &admin.token).send().await.unwrap(), 200).await;
    assert_eq!(shown["items"].as_array().unwrap(), &linked(&server, &dev.token).await);
    let nobody = of(&uuid::Uuid::new_v4().to_string());
    problem(server.get(&nobody, &admin.token).send().await.unwrap(), 404).await;
    let id = text(&shown["items"][0]["id"]);
    // It is that person's, and no other's.
    let elsewhere = format!("{}/{id}", of(&admin.id));
    problem(server.delete(&elsewhere, &admin.token).send().await.unwrap(), 404).await;
    let path = format!("{}/{id}", of(&dev.id));
    problem(server.delete(&path, &dev.token).send().await.unwrap(), 403).await;
    assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    assert_eq!(linked(&server, &dev.token).await, Vec::<Value>::new());
    refused(Browser::default().sign_in(&server).await, "oidc.not_invited").await;
    let audit = server.get("/api/audit?action=user.unlink_identity", &admin.token).send().await.unwrap();
    let entry = read(audit, 200).await["items"][0].clone();
    assert_eq!((&entry["objectId"], &entry["actor"]["name"]), (&json!(dev.id), &json!("admin")));
}

#[tokio::test]
async fn the_provider_refuses_to_link_and_the_person_is_back_in_the_settings() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    let dev = server.person("dev", Role::Developer).await;
    let begun = server.post("/api/auth/oidc/corp/link", &dev.token, &json!({})).send().await.unwrap();
    let mut browser = Browser::default();
    browser.keep(&begun);
    let back = back_from(&server, &text(&read(begun, 200).await["location"])).await;
    let answer = browser.get(&server, &format!("{back}&error=access_denied")).await;
    assert_eq!(location(&answer), "/settings?error=oidc.denied");
    assert_eq!(linked(&server, &dev.token).await, Vec::<Value>::new());
}
