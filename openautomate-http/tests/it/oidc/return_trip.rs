//! Coming back from the provider: only who went from here, in this browser, once, in time; and where the browser goes.

use std::time::Duration;

use axum::http::StatusCode;
use openautomate_http::RateLimit;
use openautomate_http::oidc::OidcProvider;
use reqwest::header::{ACCEPT, COOKIE, LOCATION};
use reqwest::{Method, Url};
use serde_json::json;

use super::provider::Provider;
use super::{Browser, ada, configured, location, refused, server, server_by_clock, signed_in};
use crate::server::{TestServer, problem, read};

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

fn field(url: &str, name: &str) -> String {
    let url = Url::parse(url).unwrap();
    url.query_pairs().find(|(named, _)| named == name).unwrap().1.into_owned()
}

/// The address with the code of another.
fn with_code_of(url: &str, other: &str) -> String {
    changed(url, |name, value| Some(if name == "code" { field(other, "code") } else { value }))
}

#[tokio::test]
async fn nobody_comes_back_who_did_not_go_from_here() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    provider.is(ada());
    let mut browser = Browser::default();
    let back = browser.at_provider(&server).await;
    // Without the cookie: the address was sent to somebody else, who shall be signed in as another.
    refused(Browser::default().get(&server, &back).await, "oidc.expired").await;
    // In the browser of somebody who is on the way themselves: the cookie is of another login.
    let mut other = Browser::default();
    other.at_provider(&server).await;
    refused(other.get(&server, &back).await, "oidc.expired").await;
    assert!(other.cookies.is_empty());
    type Change = fn(&str, String) -> Option<String>;
    let wrong: [(&str, Change, &str); 7] = [
        (
            "another state",
            |name, value| Some(if name == "state" { "x".repeat(43) } else { value }),
            "oidc.expired",
        ),
        (
            "an empty state",
            |name, value| Some(if name == "state" { String::new() } else { value }),
            "oidc.expired",
        ),
        ("no state", |name, value| (name != "state").then_some(value), "oidc.expired"),
        ("no code", |name, value| (name != "code").then_some(value), "oidc.denied"),
        (
            "another code",
            |name, value| Some(if name == "code" { "made-up".into() } else { value }),
            "oidc.failed",
        ),
        (
            "an empty code",
            |name, value| Some(if name == "code" { String::new() } else { value }),
            "oidc.failed",
        ),
        (
            "another issuer",
            |name, value| Some(if name == "iss" { "https://evil.example".into() } else { value }),
            "oidc.failed",
        ),
    ];
    for (why, change, code) in wrong {
        let mut browser = Browser::default();
        let back = browser.at_provider(&server).await;
        let answer = browser.get(&server, &changed(&back, change)).await;
        assert_eq!(location(&answer), format!("/login?error={code}"), "{why}");
        assert!(browser.cookies.is_empty(), "{why}");
    }
    // A query that can't be read, and a path that can't.
    let twice = format!("{back}&state=x");
    refused(Browser { cookies: browser.cookies.clone() }.get(&server, &twice).await, "oidc.failed").await;
    let path = format!("{}/api/auth/oidc/%ff/callback?code=x&state=y", server.url);
    refused(Browser::default().get(&server, &path).await, "oidc.failed").await;
    // The code of one login with the state and the cookie of another: the verifier does not fit.
    let mut mixed = Browser::default();
    let other = mixed.at_provider(&server).await;
    refused(mixed.get(&server, &with_code_of(&other, &back)).await, "oidc.failed").await;
    // The first one is still good.
    signed_in(&browser.get(&server, &back).await);
}

#[tokio::test]
async fn a_stolen_code_is_worth_nothing_even_if_the_provider_does_not_look() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    provider.is(ada());
    provider.said.lock().unwrap().ignores_pkce = true;
    let (mut victim, mut thief) = (Browser::default(), Browser::default());
    let (stolen, own) = (victim.at_provider(&server).await, thief.at_provider(&server).await);
    // The token is of the victim's login, whose nonce is another.
    refused(thief.get(&server, &with_code_of(&own, &stolen)).await, "oidc.failed").await;
    assert!(thief.cookies.is_empty());
    assert_eq!(provider.said.lock().unwrap().exchanges, 1, "the provider gave the token");
    let mut honest = Browser::default();
    signed_in(&honest.sign_in(&server).await);
}

#[tokio::test]
async fn every_login_is_another() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let start = Browser::default().start(&server, "").await;
        let to = location(&start);
        assert_eq!(field(to, "code_challenge_method"), "S256");
        for name in ["state", "nonce", "code_challenge"] {
            assert_eq!(field(to, name).len(), 43, "{name}");
            assert!(seen.insert(field(to, name)), "{name} twice");
        }
    }
    assert_eq!(seen.len(), 60);
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
    signed_in(&browser.get(&server, &back).await);
    let exchanges = provider.said.lock().unwrap().exchanges;
    refused(thief.get(&server, &back).await, "oidc.expired").await;
    assert_eq!(provider.said.lock().unwrap().exchanges, exchanges, "it is not even asked");
    refused(browser.get(&server, &back).await, "oidc.expired").await;
}

#[tokio::test]
async fn a_login_takes_minutes_at_most() {
    let provider = Provider::start().await;
    let (server, clock) = server_by_clock(configured(&provider)).await;
    provider.is(ada());
    let mut browser = Browser::default();
    let back = browser.at_provider(&server).await;
    clock.advance(Duration::from_secs(11 * 60));
    refused(browser.get(&server, &back).await, "oidc.expired").await;
}

#[tokio::test]
async fn what_the_provider_says_of_a_refusal_is_not_repeated() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    let says = "&error=access_denied&error_description=%3Cscript%3Ealert(1)%3C/script%3E&error_uri=https://evil.example";
    let mut browser = Browser::default();
    let back = format!("{}{says}", browser.at_provider(&server).await);
    refused(browser.get(&server, &back).await, "oidc.denied").await;
    assert!(browser.cookies.is_empty());
    // Neither is what its token endpoint says.
    for (status, body, code) in [
        (400, json!({"error": "invalid_grant", "error_description": "<b>no</b>"}), "oidc.failed"),
        (400, json!({"error": "unauthorized_client"}), "oidc.provider"),
        (401, json!({"error": "invalid_client"}), "oidc.provider"),
        (400, json!("no"), "oidc.provider"),
        (500, json!({"error": "invalid_grant\r\nx: y"}), "oidc.provider"),
        (200, json!({"access_token": "x"}), "oidc.provider"),
    ] {
        provider.said.lock().unwrap().refuses = Some((StatusCode::from_u16(status).unwrap(), body));
        refused(Browser::default().sign_in(&server).await, code).await;
    }
}

#[tokio::test]
async fn a_program_is_told_by_a_problem() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    let path = "/api/auth/oidc/corp/callback?code=x&state=y";
    let ask = async |path: &str| {
        let request = server.request(Method::GET, path).header(ACCEPT, "application/json");
        request.send().await.unwrap()
    };
    assert_eq!(problem(ask(path).await, 401).await["code"], "oidc.expired");
    problem(ask("/api/auth/oidc/other/callback").await, 404).await;
    problem(ask("/api/auth/oidc/other/start").await, 404).await;
    // The cookie of what was begun is gone all the same.
    let mut browser = Browser::default();
    let back = browser.at_provider(&server).await;
    let request = server.client.get(format!("{back}&error=x")).header(ACCEPT, "application/json");
    let answer = request.header(COOKIE, browser.header()).send().await.unwrap();
    browser.keep(&answer);
    assert!(browser.cookies.is_empty());
    assert_eq!(problem(answer, 401).await["code"], "oidc.denied");
    // A browser without any wish comes to the page.
    let bare = server.request(Method::GET, path).send().await.unwrap();
    assert_eq!(location(&bare), "/login?error=oidc.expired");
}

#[tokio::test]
async fn the_browser_comes_to_the_page_that_was_wanted_and_to_no_other_host() {
    let provider = Provider::start().await;
    let server = server(configured(&provider)).await;
    provider.is(ada());
    let comes_to = async |next: &str, good: bool| {
        let mut query = Url::parse("http://x/").unwrap();
        query.query_pairs_mut().append_pair("next", next);
        let query = format!("?{}", query.query().unwrap());
        let mut browser = Browser::default();
        let start = browser.start(&server, &query).await;
        let mut back = super::back_from(&server, location(&start)).await;
        if !good {
            back.push_str("&error=access_denied");
        }
        location(&browser.get(&server, &back).await).to_owned()
    };
    let wanted = "/executions?state=failed&q=a%26b";
    assert_eq!(comes_to(wanted, true).await, wanted);
    assert_eq!(
        comes_to(wanted, false).await,
        "/login?error=oidc.denied&next=%2Fexecutions%3Fstate%3Dfailed%26q%3Da%2526b"
    );
    for evil in [
        "//evil.example",
        "///evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        "/api/auth/oidc/corp/start",
        "/\r\nSet-Cookie: x=y",
        "",
    ] {
        assert_eq!(comes_to(evil, true).await, "/", "{evil:?}");
        assert_eq!(comes_to(evil, false).await, "/login?error=oidc.denied", "{evil:?}");
    }
    // Two of them, or one that the provider's answer brings, are none.
    let mut browser = Browser::default();
    let start = browser.start(&server, "?next=/agents&next=//evil.example").await;
    let back = super::back_from(&server, location(&start)).await;
    let done = browser.get(&server, &format!("{back}&next=//evil.example")).await;
    signed_in(&done);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_told_of_on_the_page() {
    let provider = Provider::start().await;
    let another = server(configured(&provider)).await;
    provider.said.lock().unwrap().issuer = "https://login.example.org".into();
    let to_executions = Browser::default().start(&another, "?next=/executions").await;
    assert_eq!(location(&to_executions), "/login?error=oidc.provider&next=%2Fexecutions");
    let program =
        another.request(Method::GET, "/api/auth/oidc/corp/start").header(ACCEPT, "application/json");
    assert_eq!(problem(program.send().await.unwrap(), 503).await["code"], "oidc.provider");
    for path in ["/api/auth/oidc/other/start", "/api/auth/oidc/other/callback?code=x&state=y"] {
        let answer = Browser::default().get(&another, &format!("{}{path}", another.url)).await;
        refused(answer, "oidc.failed").await;
    }
    // Nobody listens there.
    let nobody = {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let away = server(OidcProvider { issuer: nobody, ..configured(&provider) }).await;
    refused(Browser::default().start(&away, "").await, "oidc.provider").await;
    let dev = away.person("dev", openautomate_core::domain::Role::Developer).await;
    let link = away.post("/api/auth/oidc/corp/link", &dev.token, &json!({})).send().await.unwrap();
    assert_eq!(problem(link, 503).await["code"], "oidc.provider");
}

#[tokio::test]
async fn whoever_comes_too_often_is_told_so_on_the_page() {
    let provider = Provider::start().await;
    let given = configured(&provider);
    let server = TestServer::with(openautomate_core::orchestrator::Settings::default(), |options| {
        options.oidc = vec![given];
        options.public_requests = RateLimit::new(5, Duration::from_secs(3_600));
    });
    let server = server.await;
    let mut codes = Vec::new();
    for _ in 0..8 {
        let answer = Browser::default().start(&server, "").await;
        let to = answer.headers()[LOCATION].to_str().unwrap().to_owned();
        codes.push(to.strip_prefix("/login?error=").map(ToOwned::to_owned));
    }
    assert_eq!(codes[0], None);
    assert_eq!(codes[7].as_deref(), Some("oidc.busy"));
    let listed = server.request(Method::GET, "/api/auth/oidc").send().await.unwrap();
    assert!(read(listed, 429).await["code"].is_string());
}
