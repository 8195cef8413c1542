//! Signing in at an identity provider, and every way to be refused.

mod id_token;
mod key;
mod linking;
mod provider;
mod return_trip;
mod sign_in;

use openautomate_core::clock::{Clock as _, ManualClock, SystemClock};
use openautomate_core::domain::Role;
use openautomate_core::orchestrator::Settings;
use openautomate_core::secret::Secret;
use openautomate_http::oidc::{OidcProvider, RoleMapping};
use reqwest::header::{ACCEPT, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Method, Response};
use serde_json::{Value, json};

use self::provider::{CLIENT, Provider, SECRET};
use crate::server::{TestServer, read};

/// What a browser asks for when it goes to an address.
const PAGES: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

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

/// A server, and the clock that it goes by.
async fn server_by_clock(provider: OidcProvider) -> (TestServer, ManualClock) {
    let clock = ManualClock::new(SystemClock.now());
    let server =
        TestServer::by_clock(&clock, Settings::default(), |options| options.oidc = vec![provider]).await;
    (server, clock)
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
        let request = server.client.get(url).header(ACCEPT, PAGES).header(COOKIE, self.header());
        let answer = request.send().await.unwrap();
        self.keep(&answer);
        answer
    }

    /// Begins to sign in, with a query.
    async fn start(&mut self, server: &TestServer, query: &str) -> Response {
        self.get(server, &format!("{}/api/auth/oidc/corp/start{query}", server.url)).await
    }

    /// Goes to the provider and signs in; gives the address that the provider sends it back to.
    async fn at_provider(&mut self, server: &TestServer) -> String {
        let start = self.start(server, "").await;
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

/// Where a browser is led.
fn location(answer: &Response) -> &str {
    assert_eq!(answer.status(), 303);
    answer.headers()[LOCATION].to_str().unwrap()
}

/// A browser is signed in, and led to the start page.
fn signed_in(answer: &Response) {
    assert_eq!(location(answer), "/");
}

/// A browser is refused: it is led to where people sign in, which says why, and is told nothing else.
async fn refused(answer: Response, code: &str) {
    assert_eq!(location(&answer), format!("/login?error={code}"));
    assert_eq!(answer.text().await.unwrap(), "");
}

async fn back_from(server: &TestServer, provider: &str) -> String {
    location(&server.client.get(provider).send().await.unwrap()).to_owned()
}

fn ada() -> Value {
    json!({"sub": "7", "preferred_username": "ada", "email": "ada@corp.example", "email_verified": true})
}
