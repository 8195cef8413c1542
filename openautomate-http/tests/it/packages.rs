use openautomate_core::domain::Role;
use openautomate_core::package::loaded::LoadedVersion;
use openautomate_core::package::signature::{PackageSigner, Statement};
use reqwest::Method;
use serde_json::json;

use crate::server::{TestServer, archive, problem, read, text, zip};

#[tokio::test]
async fn versions_are_published_activated_and_downloaded() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let path = format!("/api/packages/{package}/versions");
    let upload = server
        .request(Method::POST, &format!("{path}?activate=false"))
        .bearer_auth(&admin.token)
        .header("content-type", "application/octet-stream")
        .body(archive("2.0.0"));
    let second = read(upload.send().await.unwrap(), 201).await;
    for field in [
        "id",
        "packageId",
        "versionNumber",
        "filePath",
        "isActive",
        "createdAt",
        "digest",
        "size",
        "manifest",
    ] {
        assert!(!second[field].is_null(), "{field}: {second}");
    }
    assert_eq!((&second["isActive"], &second["versionNumber"]), (&json!(false), &json!("2.0.0")));
    assert_eq!(second["manifest"]["entrypoint"], "main:run");
    let one = format!("{path}/{}", text(&second["id"]));
    let active =
        read(server.post(&format!("{one}/activate"), &admin.token, &json!({})).send().await.unwrap(), 200)
            .await;
    assert_eq!(active["isActive"], true);
    let list = read(server.get(&path, &admin.token).send().await.unwrap(), 200).await;
    let flags: Vec<bool> =
        list["items"].as_array().unwrap().iter().map(|v| v["isActive"].as_bool().unwrap()).collect();
    assert_eq!(flags, [true, false]);

    let content = server.get(&text(&second["filePath"]), &admin.token).send().await.unwrap();
    assert_eq!(content.headers()["etag"].to_str().unwrap(), format!("\"{}\"", text(&second["digest"])));
    assert!(
        content.headers()["content-disposition"]
            .to_str()
            .unwrap()
            .starts_with("attachment; filename=\"hello-2.0.0.zip\"")
    );
    assert!(content.headers()["content-security-policy"].to_str().unwrap().contains("sandbox"));
    let content = content.bytes().await.unwrap();
    assert_eq!(LoadedVersion::of(&content).unwrap().digest, text(&second["digest"]));
    let again = server.get(&text(&second["filePath"]), &admin.token).send().await.unwrap();
    assert_eq!(again.bytes().await.unwrap(), content, "the same bytes each time");

    let operator = server.person("operator", Role::Operator).await;
    read(server.get(&one, &operator.token).send().await.unwrap(), 200).await;
    problem(server.get(&text(&second["filePath"]), &operator.token).send().await.unwrap(), 403).await;
}

#[tokio::test]
async fn a_package_in_use_stays() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let path = format!("/api/packages/{package}");
    let execution =
        server.post("/api/executions", &admin.token, &json!({"packageName": "HELLO"})).send().await.unwrap();
    let execution = read(execution, 201).await;
    assert_eq!(
        problem(server.delete(&path, &admin.token).send().await.unwrap(), 409).await["code"],
        "package.in_use"
    );
    let cancel = format!("/api/executions/{}/cancel", text(&execution["id"]));
    read(server.post(&cancel, &admin.token, &json!({})).send().await.unwrap(), 202).await;
    assert_eq!(server.delete(&path, &admin.token).send().await.unwrap().status(), 204);
    problem(server.get(&path, &admin.token).send().await.unwrap(), 404).await;
    problem(
        server
            .post("/api/packages", &admin.token, &json!({"name": "hello", "creatorId": "x"}))
            .send()
            .await
            .unwrap(),
        422,
    )
    .await;
}

#[tokio::test]
async fn each_environment_has_an_active_version_of_its_own() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let operator = server.person("operator", Role::Operator).await;
    let viewer = server.person("viewer", Role::Viewer).await;
    let package = server.package(&admin.token, "hello").await;
    let environments = read(server.get("/api/environments", &admin.token).send().await.unwrap(), 200).await;
    let environment = |name: &str| {
        let found = environments["items"].as_array().unwrap().iter().find(|one| one["name"] == name);
        text(&found.unwrap()["id"])
    };
    let (testing, production) = (environment("testing"), environment("production"));
    let path = format!("/api/packages/{package}/versions");
    let upload = server
        .request(Method::POST, &format!("{path}?environmentId={testing}"))
        .bearer_auth(&admin.token)
        .header("content-type", "application/zip")
        .body(archive("2.0.0"));
    let second = read(upload.send().await.unwrap(), 201).await;
    assert_eq!((&second["isActive"], &second["activeIn"]), (&json!(false), &json!([testing])));
    let run = |environment: &str| {
        let body = json!({"packageId": package, "environmentId": environment});
        server.post("/api/executions", &operator.token, &body).send()
    };
    let here = read(run(&testing).await.unwrap(), 201).await;
    assert_eq!(here["versionId"], second["id"]);
    assert_ne!(read(run(&production).await.unwrap(), 201).await["versionId"], second["id"]);
    let nowhere = problem(run(&environment("development")).await.unwrap(), 409).await;
    assert_eq!(nowhere["code"], "package.no_active_version");

    // Promoted by an operator; a viewer may look on.
    let one = format!("{path}/{}", text(&second["id"]));
    let promote = format!("{one}/activate?environmentId={production}");
    problem(server.post(&promote, &viewer.token, &json!({})).send().await.unwrap(), 403).await;
    let promoted = read(server.post(&promote, &operator.token, &json!({})).send().await.unwrap(), 200).await;
    assert_eq!(promoted["isActive"], true);
    assert_eq!(read(run(&production).await.unwrap(), 201).await["versionId"], second["id"]);
    let deployments = format!("/api/packages/{package}/deployments");
    let deployments = read(server.get(&deployments, &viewer.token).send().await.unwrap(), 200).await;
    let all = deployments["items"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    assert!(all.iter().all(|deployment| deployment["versionId"] == second["id"]));
    let missing = format!("{one}/activate?environmentId={package}");
    problem(server.post(&missing, &admin.token, &json!({})).send().await.unwrap(), 422).await;
}

#[tokio::test]
async fn an_environment_may_ask_for_an_author() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let environments = read(server.get("/api/environments", &admin.token).send().await.unwrap(), 200).await;
    let production = environments["items"].as_array().unwrap().iter().find(|one| one["isDefault"] == true);
    let path = format!("/api/environments/{}", text(&production.unwrap()["id"]));
    let author = PackageSigner::generate().unwrap();
    let put = |body: serde_json::Value| {
        server.request(Method::PUT, &path).bearer_auth(&admin.token).json(&body).send()
    };
    problem(put(json!({"authorKeys": ["short"]})).await.unwrap(), 422).await;
    let changed =
        read(put(json!({"authorKeys": [author.public_key()], "revision": 0})).await.unwrap(), 200).await;
    assert_eq!(changed["authorKeys"], json!([author.public_key()]));
    problem(put(json!({"authorKeys": [], "revision": 0})).await.unwrap(), 412).await;

    // What runs there already runs no more, and nothing new is deployed, unless the author signed it.
    let run = || server.post("/api/executions", &admin.token, &json!({"packageId": package})).send();
    assert_eq!(problem(run().await.unwrap(), 409).await["code"], "signature.missing");
    let bytes = archive("2.0.0");
    let digest = LoadedVersion::of(&bytes).unwrap().digest;
    let publish = |by: Option<&PackageSigner>, over: &str| {
        let signed = by.map(|by| by.sign(&Statement::Authored { digest: over }));
        let query = signed.map_or_else(String::new, |signed| {
            format!("?authorKey={}&authorSignature={}", signed.key, signed.signature)
        });
        let path = format!("/api/packages/{package}/versions{query}");
        let request = server.request(Method::POST, &path).bearer_auth(&admin.token);
        request.header("content-type", "application/zip").body(bytes.clone()).send()
    };
    assert_eq!(problem(publish(None, &digest).await.unwrap(), 409).await["code"], "signature.missing");
    let stranger = PackageSigner::generate().unwrap();
    problem(publish(Some(&stranger), &digest).await.unwrap(), 409).await;
    problem(publish(Some(&author), &"0".repeat(64)).await.unwrap(), 422).await;
    let signed = read(publish(Some(&author), &digest).await.unwrap(), 201).await;
    assert_eq!(signed["author"]["key"], json!(author.public_key()));
    assert_eq!(read(run().await.unwrap(), 201).await["versionId"], signed["id"]);
}

#[tokio::test]
async fn what_of_a_package_is_not_heeded_is_told() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let manifest = "[project]\nname = \"hello\"\nversion = \"2.0.0\"\n\
        [tool.openautomate]\nentrypoint = \"main:run\"\n";
    let source = "from elsewhere import Order\ndef run(order: Order, count: int = 1): pass\n";
    let archive = zip(&[("pyproject.toml", manifest), ("main.py", source)]);
    let version = read(server.publish(&admin.token, &package, archive).await, 201).await;
    let notices = version["manifest"]["notices"].as_array().unwrap();
    assert!(notices.len() == 1 && text(&notices[0]).contains("order"), "{notices:?}");
    assert_eq!(version["inputsSchema"]["properties"]["count"]["type"], "integer");
}
