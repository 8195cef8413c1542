use reqwest::Method;

use crate::server::{TestServer, problem};

#[tokio::test]
async fn every_answer_carries_its_headers() {
    let server = TestServer::start().await;
    for path in
        ["/", "/healthz", "/readyz", "/setup", "/api/openapi.json", "/api/docs/", "/api/agents", "/nothing"]
    {
        let response =
            server.request(Method::GET, path).header("origin", "https://evil.example").send().await.unwrap();
        let headers = response.headers();
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("script-src 'unsafe"),
            "{path}"
        );
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin", "{path}");
        assert!(headers["permissions-policy"].to_str().unwrap().contains("camera=()"), "{path}");
        assert!(!headers.contains_key("strict-transport-security"), "not in the clear: {path}");
        assert!(headers.contains_key("x-request-id"), "{path}");
        assert!(!headers.contains_key("access-control-allow-origin"), "{path}");
        let cached = headers.get("cache-control").map(|value| value.to_str().unwrap());
        assert!(!path.starts_with("/api") || cached == Some("no-store"), "{path}");
    }
}

#[tokio::test]
async fn a_request_id_is_taken_over_if_it_is_plain() {
    let server = TestServer::start().await;
    let with =
        |id: &'static str| server.request(Method::GET, "/api/agents").header("x-request-id", id).send();
    assert_eq!(with("trace-77").await.unwrap().headers()["x-request-id"], "trace-77");
    assert_eq!(problem(with("trace-77").await.unwrap(), 401).await["requestId"], "trace-77");
    assert_ne!(with("a b").await.unwrap().headers()["x-request-id"], "a b");
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_too() {
    let server = TestServer::start().await;
    problem(server.request(Method::GET, "/api/nothing").send().await.unwrap(), 404).await;
    let wrong = server.request(Method::PATCH, "/api/agents").send().await.unwrap();
    assert!(wrong.headers()["allow"].to_str().unwrap().contains("GET"));
    problem(wrong, 405).await;
    problem(server.request(Method::DELETE, "/api/packages/7/versions").send().await.unwrap(), 405).await;
}

#[tokio::test]
async fn the_documentation_is_served_from_here_alone() {
    let server = TestServer::start().await;
    let redirect = server.request(Method::GET, "/api/docs").send().await.unwrap();
    assert!(redirect.status().is_redirection());
    let page = server.request(Method::GET, "/api/docs/").send().await.unwrap();
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(!page.contains("https://") && !page.contains("<script>"), "{page}");
    let script = server.request(Method::GET, "/api/docs/swagger-initializer.js").send().await.unwrap();
    assert!(script.text().await.unwrap().contains("../openapi.json"));
    let document: serde_json::Value =
        server.request(Method::GET, "/api/openapi.json").send().await.unwrap().json().await.unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[tokio::test]
async fn no_other_site_is_let_read_anything() {
    let server = TestServer::start().await;
    for origin in ["null", "https://evil.example", &server.url, "http://127.0.0.1", "http://localhost:3000"] {
        for method in [Method::GET, Method::OPTIONS] {
            let asked = server.request(method, "/api/agents").header("origin", origin);
            let asked = asked.header("access-control-request-method", "PUT");
            let answer =
                asked.header("access-control-request-headers", "authorization").send().await.unwrap();
            let told = answer.headers().keys().find(|name| name.as_str().starts_with("access-control-"));
            assert!(told.is_none() && !answer.status().is_success(), "{origin} {told:?}");
        }
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_says_that_it_speaks_tls() {
    for (behind_proxy, trusted, wanted) in [(true, true, true), (true, false, false), (false, true, false)] {
        let server = TestServer::with(openautomate_core::orchestrator::Settings::default(), |options| {
            options.behind_proxy = behind_proxy;
            if !trusted {
                options.trusted_proxies = vec!["192.0.2.1".parse().unwrap()];
            }
        })
        .await;
        let asked = server.request(Method::GET, "/healthz").header("x-forwarded-proto", "https");
        let answer = asked.send().await.unwrap();
        assert_eq!(
            answer.headers().contains_key("strict-transport-security"),
            wanted,
            "{behind_proxy} {trusted}"
        );
    }
}
