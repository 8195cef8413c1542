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
