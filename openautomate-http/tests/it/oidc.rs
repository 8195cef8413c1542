//! Signing in at an identity provider, and every way to be refused.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::SigningKey;
use jsonwebtoken::Header;
use openautomate_core::clock::{Clock as _, ManualClock, SystemClock};
use openautomate_core::domain::Role;
use openautomate_core::orchestrator::{RequireTotp, Settings};
use openautomate_core::secret::Secret;
use openautomate_http::oidc::{OidcProvider, RoleMapping};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, Response, Url};
use serde_json::{Value, json};

use crate::oidc_provider::{CLIENT, Provider, SECRET};
use crate::server::{PASSWORD, TestServer, problem, read, text};

fn configured(provider: &Provider) -> OidcProvider {
    OidcProvider {
        name: "corp".into(),
        title: "Corporate login".into(),
        issuer: provider.url.clone(),
        client_id: CLIENT.into(),
        client_secret: Some(Secret::new(SECRET.into())),
        scopes: vec!["email".into(), "profile".into()],
        roles: None,
        default_roles: vec![Role::Viewer],
        creates_accounts: true,
    }
}

fn mapped() -> Option<RoleMapping> {
    let roles = vec![("ops".into(), Role::Operator), ("root".into(), Role::Administrator)];
    Some(RoleMapping { claim: "groups".into(), roles })
}

async fn server(provider: OidcProvider) -> TestServer {
    TestServer::with(Settings::default(), |options| options.oidc = vec![provider]).await
}

/// A browser: it keeps the cookies that this server sets.
#[derive(Default)]
struct Browser {
    cookies: Vec<(String, String)>,
}

impl Browser {
    fn keep(&mut self, answer: &Response) {
        for set in answer.headers().get_all(SET_COOKIE) {
            let text = set.to_str().unwrap();
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.retain(|(kept, _)| kept != name);
            if !text.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    fn header(&self) -> String {
        let pairs: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("; ")
    }

    async fn get(&mut self, server: &TestServer, url: &str) -> Response {
        let answer = server.client.get(url).header(COOKIE, self.header()).send().await.unwrap();
        self.keep(&answer);
        answer
    }

    /// Goes to the provider and signs in; gives the address that the provider sends it back to.
    async fn at_provider(&mut self, server: &TestServer) -> String {
        let start = self.get(server, &format!("{}/api/auth/oidc/corp/start", server.url)).await;
        assert_eq!(start.status(), 303);
        back_from(server, start.headers()[LOCATION].to_str().unwrap()).await
    }

    async fn sign_in(&mut self, server: &TestServer) -> Response {
        let back = self.at_provider(server).await;
        self.get(server, &back).await
    }

    /// What the panel does when it is opened.
    async fn session(&self, server: &TestServer) -> Value {
        let refresh = server
            .request(Method::POST, "/api/auth/refresh")
            .header("origin", &server.url)
            .header(COOKIE, self.header())
            .json(&json!({}));
        read(refresh.send().await.unwrap(), 200).await
    }
}

async fn back_from(server: &TestServer, provider: &str) -> String {
    let answer = server.client.get(provider).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    answer.headers()[LOCATION].to_str().unwrap().to_owned()
}

fn ada() -> Value {
    json!({"sub": "7", "preferred_username": "ada", "email": "ada@corp.example", "email_verified": true})
}

#[tokio::test]
async fn a_newcomer_gets_an_account_and_is_known_again() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    let listed = read(server.request(Method::GET, "/api/auth/oidc").send().await.unwrap(), 200).await;
    assert_eq!(listed, json!({"items": [{"name": "corp", "title": "Corporate login"}]}));
    provider.is(ada());
    let mut browser = Browser::default();
    let start = browser.get(&server, &format!("{}/api/auth/oidc/corp/start", server.url)).await;
    let cookie = start.headers()[SET_COOKIE].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly; SameSite=Lax") && cookie.starts_with("openautomate-login-"),
        "{cookie}"
    );
    let to = Url::parse(start.headers()[LOCATION].to_str().unwrap()).unwrap();
    assert!(!to.as_str().contains("s3cret"));
    let back = back_from(&server, to.as_str()).await;
    let done = browser.get(&server, &back).await;
    assert_eq!((done.status().as_u16(), &done.headers()[LOCATION]), (303, &"/".parse().unwrap()));
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
    assert_eq!(again.sign_in(&server).await.status(), 303);
    assert_eq!(again.session(&server).await["user"]["id"], session["user"]["id"]);
}

#[tokio::test]
async fn an_address_opens_no_account() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    // The address of the administrator, as somebody else's at the provider.
    provider.is(json!({"sub": "666", "preferred_username": "admin", "email": "admin@example.org", "email_verified": true}));
    problem(Browser::default().sign_in(&server).await, 409).await;
    // The name alone is no hindrance, and opens nothing.
    provider.is(json!({"sub": "667", "preferred_username": "admin", "email": "x@corp.example", "email_verified": true}));
    let mut browser = Browser::default();
    assert_eq!(browser.sign_in(&server).await.status(), 303);
    assert_eq!(browser.session(&server).await["user"]["username"], "admin-2");
    for unverified in [json!(false), json!(null), json!("no")] {
        provider.is(json!({"sub": "668", "email": "y@corp.example", "email_verified": unverified}));
        problem(Browser::default().sign_in(&server).await, 403).await;
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
    problem(Browser::default().sign_in(&server).await, 403).await;
    groups(json!(["staff", "root"]));
    let mut first = Browser::default();
    assert_eq!(first.sign_in(&server).await.status(), 303);
    let session = first.session(&server).await;
    assert_eq!(session["user"]["roles"], json!(["Administrator"]));
    let token = text(&session["accessToken"]);
    read(server.get("/api/users", &token).send().await.unwrap(), 200).await;
    groups(json!("ops"));
    let mut second = Browser::default();
    assert_eq!(second.sign_in(&server).await.status(), 303);
    assert_eq!(second.session(&server).await["user"]["roles"], json!(["Operator"]));
    problem(server.get("/api/users", &token).send().await.unwrap(), 401).await;
    // Without any the person is out, and what they have open ends.
    let open = text(&second.session(&server).await["accessToken"]);
    groups(json!([]));
    problem(Browser::default().sign_in(&server).await, 403).await;
    problem(server.get("/api/auth/me", &open).send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let provider = Provider::start().await;
    let server = server(OidcProvider { roles: mapped(), ..configured(&provider) }).await;
    let admin = server.admin().await;
    let mut browser = Browser::default();
    link(&server, &mut browser, &admin.token).await;
    provider.is(json!({"sub": "248289761001", "groups": ["ops"]}));
    let refused = Browser::default().sign_in(&server).await;
    assert_eq!(problem(refused, 409).await["code"], "user.last_administrator");
}

async fn link(server: &TestServer, browser: &mut Browser, token: &str) -> Response {
    let begun =
        server.request(Method::POST, "/api/auth/oidc/corp/link").bearer_auth(token).send().await.unwrap();
    browser.keep(&begun);
    let location = text(&read(begun, 200).await["location"]);
    let back = back_from(server, &location).await;
    browser.get(server, &back).await
}

#[tokio::test]
async fn without_accounts_for_newcomers_only_who_linked_theirs_signs_in() {
    let provider = Provider::start().await;
    let server = server(OidcProvider { creates_accounts: false, ..configured(&provider) }).await;
    provider.is(ada());
    problem(Browser::default().sign_in(&server).await, 403).await;
    let dev = server.person("dev", Role::Developer).await;
    let mut browser = Browser::default();
    assert_eq!(link(&server, &mut browser, &dev.token).await.status(), 303);
    assert!(browser.cookies.is_empty(), "linking signs nobody in");
    let mut browser = Browser::default();
    assert_eq!(browser.sign_in(&server).await.status(), 303);
    let session = browser.session(&server).await;
    assert_eq!((&session["user"]["id"], &session["user"]["roles"]), (&json!(dev.id), &json!(["Developer"])));
    // Another person does not get it; nor does the link outlive the session in which it was begun.
    let other = server.person("other", Role::Viewer).await;
    let taken = link(&server, &mut Browser::default(), &other.token).await;
    assert_eq!(problem(taken, 409).await["code"], "identity.taken");
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
    problem(browser.get(&server, &back).await, 401).await;
    problem(Browser::default().sign_in(&server).await, 403).await;
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
    problem(Browser::default().sign_in(&server).await, 403).await;
    read(server.put(&user, &admin.token, &json!({"disabled": false})).send().await.unwrap(), 200).await;
    assert_eq!(Browser::default().sign_in(&server).await.status(), 303);
    assert_eq!(server.delete(&user, &admin.token).send().await.unwrap().status(), 204);
    problem(Browser::default().sign_in(&server).await, 403).await;
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

fn base64(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test]
async fn no_token_that_is_not_for_this_login_is_taken() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    type Spoil = fn(&mut Value, &mut Header);
    let spoilt: &[(&str, Spoil)] = &[
        ("another nonce", |claims, _| claims["nonce"] = json!("n-0S6_WzA2Mj")),
        ("no nonce", |claims, _| claims["nonce"] = Value::Null),
        ("another audience", |claims, _| claims["aud"] = json!("somebody-else")),
        ("no audience", |claims, _| claims["aud"] = json!([])),
        ("several audiences, for nobody said", |claims, _| claims["aud"] = json!([CLIENT, "other"])),
        ("made for somebody else", |claims, _| claims["azp"] = json!("other")),
        ("another issuer", |claims, _| claims["iss"] = json!("https://login.example.org")),
        ("no issuer", |claims, _| claims["iss"] = Value::Null),
        ("expired", |claims, _| claims["exp"] = json!(1_700_000_000)),
        ("no end", |claims, _| claims["exp"] = Value::Null),
        ("an end that is text", |claims, _| claims["exp"] = json!("never")),
        ("made in the future", |claims, _| claims["iat"] = json!(4_000_000_000_u32)),
        ("not good yet", |claims, _| claims["nbf"] = json!(4_000_000_000_u32)),
        ("nobody", |claims, _| claims["sub"] = json!("")),
        ("no subject", |claims, _| claims["sub"] = Value::Null),
        ("a subject that is none", |claims, _| claims["sub"] = json!("a\nb")),
        ("a long subject", |claims, _| claims["sub"] = json!("x".repeat(256))),
        ("an unknown key id", |_, header| header.kid = Some("two".into())),
        ("a key id that is a path", |_, header| header.kid = Some("../one".into())),
        ("a key of an unknown kind", |_, header| header.kid = Some("unknown".into())),
    ];
    let mut tried = 0;
    for (why, spoil) in spoilt {
        provider.is(ada());
        provider.said.lock().unwrap().spoil = Some(Box::new(*spoil));
        let mut browser = Browser::default();
        let refused = browser.sign_in(&server).await;
        assert_eq!(refused.status(), 401, "{why}");
        assert!(browser.cookies.is_empty(), "{why}: nothing is kept");
        problem(refused, 401).await;
        tried += 1;
    }
    // Signed by another key under the name of the right one.
    provider.said.lock().unwrap().signer = Some(SigningKey::from_bytes(&[8; 32]));
    problem(Browser::default().sign_in(&server).await, 401).await;
    type Forge = fn(Value) -> String;
    let forged: &[(&str, Forge)] = &[
        ("alg none", |claims| {
            format!("{}.{}.", base64(&json!({"alg": "none", "kid": "one"})), base64(&claims))
        }),
        ("alg None", |claims| {
            format!("{}.{}.", base64(&json!({"alg": "None", "kid": "one"})), base64(&claims))
        }),
        ("alg HS256 by the public key", |claims| {
            let public = SigningKey::from_bytes(&[7; 32]).verifying_key().to_bytes();
            let header = Header { kid: Some("one".into()), ..Header::new(jsonwebtoken::Algorithm::HS256) };
            jsonwebtoken::encode(&header, &claims, &jsonwebtoken::EncodingKey::from_secret(&public)).unwrap()
        }),
        ("alg RS256 over a key that is none", |claims| {
            format!("{}.{}.AAAA", base64(&json!({"alg": "RS256", "kid": "one"})), base64(&claims))
        }),
        ("no signature", |claims| {
            format!("{}.{}.", base64(&json!({"alg": "EdDSA", "kid": "one"})), base64(&claims))
        }),
        ("junk", |_| "a.b.c".to_owned()),
        ("nothing", |_| String::new()),
        ("too much", |_| "x".repeat(100_000)),
    ];
    for (why, forge) in forged {
        provider.said.lock().unwrap().token = Some(Box::new(*forge));
        let refused = Browser::default().sign_in(&server).await;
        assert_eq!(refused.status(), 401, "{why}");
        tried += 1;
    }
    assert!(tried >= 28);
    // The tools work: unspoilt, it is taken.
    provider.is(ada());
    assert_eq!(Browser::default().sign_in(&server).await.status(), 303);
    let audience = |claims: &mut Value, _: &mut Header| {
        claims["aud"] = json!([CLIENT, "other"]);
        claims["azp"] = json!(CLIENT);
    };
    provider.said.lock().unwrap().spoil = Some(Box::new(audience));
    assert_eq!(Browser::default().sign_in(&server).await.status(), 303);
}

/// An address with other fields in its query.
fn changed(url: &str, change: impl Fn(&str, String) -> Option<String>) -> String {
    let mut url = Url::parse(url).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.query_pairs_mut().clear();
    for (name, value) in pairs {
        if let Some(value) = change(&name, value) {
            url.query_pairs_mut().append_pair(&name, &value);
        }
    }
    url.into()
}

#[tokio::test]
async fn nobody_comes_back_who_did_not_go_from_here() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    provider.is(ada());
    let mut browser = Browser::default();
    let back = browser.at_provider(&server).await;
    // Without the cookie: the address was sent to somebody else, who shall be signed in as another.
    problem(Browser::default().get(&server, &back).await, 401).await;
    type Change = fn(&str, String) -> Option<String>;
    let wrong: [(&str, Change); 5] = [
        ("another state", |name, value| Some(if name == "state" { "x".repeat(43) } else { value })),
        ("no state", |name, value| (name != "state").then_some(value)),
        ("no code", |name, value| (name != "code").then_some(value)),
        ("another code", |name, value| Some(if name == "code" { "made-up".into() } else { value })),
        ("another issuer", |name, value| {
            Some(if name == "iss" { "https://evil.example".into() } else { value })
        }),
    ];
    for (why, change) in wrong {
        let mut browser = Browser::default();
        let back = browser.at_provider(&server).await;
        let refused = browser.get(&server, &changed(&back, change)).await;
        assert!([401, 503].contains(&refused.status().as_u16()), "{why}: {}", refused.status());
        assert!(browser.cookies.is_empty(), "{why}");
    }
    let mut refusing = Browser::default();
    let error = format!("{}&error=access_denied", refusing.at_provider(&server).await);
    problem(refusing.get(&server, &error).await, 401).await;
    let mut mixed = Browser::default();
    let other = mixed.at_provider(&server).await;
    // The code of one login with the state and the cookie of another: the verifier does not fit.
    let code = |url: &str| {
        let url = Url::parse(url).unwrap();
        url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned()
    };
    let refused = mixed.get(&server, &other.replace(&code(&other), &code(&back))).await;
    assert!(!refused.status().is_redirection());
    // The first one is still good.
    assert_eq!(browser.get(&server, &back).await.status(), 303);
}

#[tokio::test]
async fn a_code_is_used_once() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    provider.is(ada());
    provider.said.lock().unwrap().takes_codes_again = true;
    let mut browser = Browser::default();
    let back = browser.at_provider(&server).await;
    let mut thief = Browser { cookies: browser.cookies.clone() };
    assert_eq!(browser.get(&server, &back).await.status(), 303);
    let exchanges = provider.said.lock().unwrap().exchanges;
    problem(thief.get(&server, &back).await, 401).await;
    assert_eq!(provider.said.lock().unwrap().exchanges, exchanges, "it is not even asked");
    problem(browser.get(&server, &back).await, 401).await;
}

#[tokio::test]
async fn a_provider_may_change_its_keys() {
    let provider = Provider::start().await;
    let (clock, given) = (ManualClock::new(SystemClock.now()), configured(&provider));
    let server =
        TestServer::by_clock(&clock, Settings::default(), |options| options.oidc = vec![given]).await;
    provider.is(ada());
    assert_eq!(Browser::default().sign_in(&server).await.status(), 303);
    provider.said.lock().unwrap().keys = vec![("two".into(), SigningKey::from_bytes(&[9; 32]))];
    // What was asked a moment ago is not asked again for a key that somebody may have made up.
    problem(Browser::default().sign_in(&server).await, 401).await;
    assert_eq!(provider.said.lock().unwrap().key_reads, 1);
    clock.advance(Duration::from_secs(31));
    assert_eq!(Browser::default().sign_in(&server).await.status(), 303);
    assert_eq!(provider.said.lock().unwrap().key_reads, 2);
}

#[tokio::test]
async fn a_login_takes_minutes_at_most() {
    let provider = Provider::start().await;
    let (clock, given) = (ManualClock::new(SystemClock.now()), configured(&provider));
    let server =
        TestServer::by_clock(&clock, Settings::default(), |options| options.oidc = vec![given]).await;
    provider.is(ada());
    let mut browser = Browser::default();
    let back = browser.at_provider(&server).await;
    clock.advance(Duration::from_secs(11 * 60));
    problem(browser.get(&server, &back).await, 401).await;
}

#[tokio::test]
async fn a_provider_that_says_it_is_another_is_not_believed() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    provider.said.lock().unwrap().issuer = "https://login.example.org".into();
    let start = Browser::default().get(&server, &format!("{}/api/auth/oidc/corp/start", server.url)).await;
    assert_eq!(problem(start, 503).await["code"], "oidc.provider");
    for path in ["/api/auth/oidc/other/start", "/api/auth/oidc/other/callback?code=x&state=y"] {
        problem(server.request(Method::GET, path).send().await.unwrap(), 404).await;
    }
}
