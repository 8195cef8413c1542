//! Invitations that are open, and withdrawing them.

use openautomate_core::domain::Role;
use reqwest::Method;
use serde_json::json;

use crate::server::{PASSWORD, TestServer, problem, read, text};

#[tokio::test]
async fn open_invitations_are_listed_and_withdrawn() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    // Accepted ones are not listed.
    let dev = server.person("dev", Role::Developer).await;
    let invite = async |email: &str| {
        let body = json!({"email": email, "roles": ["Viewer"]});
        read(server.post("/api/users/invitations", &admin.token, &body).send().await.unwrap(), 201).await
    };
    let (bob, eve) = (invite("bob@example.org").await, invite("eve@example.org").await);
    let list = async || read(server.get("/api/invitations", &admin.token).send().await.unwrap(), 200).await;
    let listed = list().await;
    let emails: Vec<_> = listed["items"].as_array().unwrap().iter().map(|one| text(&one["email"])).collect();
    assert_eq!(emails, ["eve@example.org", "bob@example.org"]);
    assert_eq!(listed["items"][1]["expiresAt"], bob["expiresAt"]);
    assert_eq!(listed["items"][1]["createdBy"], admin.id);
    assert!(!listed.to_string().contains("oa_invite_"), "{listed}");

    let path = format!("/api/invitations/{}", text(&eve["id"]));
    problem(server.get("/api/invitations", &dev.token).send().await.unwrap(), 403).await;
    problem(server.delete(&path, &dev.token).send().await.unwrap(), 403).await;
    assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    problem(server.delete(&path, &admin.token).send().await.unwrap(), 404).await;
    assert_eq!(list().await["items"].as_array().unwrap().len(), 1);
    let register = |name: &str, token: &str| {
        let email = format!("{name}@example.org");
        let body = json!({"username": name, "email": email, "password": PASSWORD, "invitationToken": token});
        server.request(Method::POST, "/api/auth/register").json(&body).send()
    };
    problem(register("eve", &text(&eve["token"])).await.unwrap(), 403).await;
    read(register("bob", &text(&bob["token"])).await.unwrap(), 201).await;
    let used =
        server.delete(&format!("/api/invitations/{}", text(&bob["id"])), &admin.token).send().await.unwrap();
    assert_eq!(problem(used, 409).await["code"], "invitation.used");
}
