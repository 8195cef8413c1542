//! A listening server on a fresh database.

use std::io::{Cursor, Write as _};
use std::sync::Arc;
use std::time::Duration;

use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::clock::{Clock, ManualClock, SystemClock};
use openautomate_core::command::identity::{CreateFirstAdministrator, RegisterUser};
use openautomate_core::domain::Role;
use openautomate_core::orchestrator::Settings;
use openautomate_core::permission::Actor;
use openautomate_core::secret::Secret;
use openautomate_core::vault::Vault;
use openautomate_http::listen::{ListenOptions, serve};
use openautomate_http::{HttpOptions, JwtKeys, RateLimit, router};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) struct TestServer {
    pub(crate) url: String,
    pub(crate) orchestrator: Orchestrator,
    pub(crate) client: reqwest::Client,
    pub(crate) options: HttpOptions,
    pub(crate) dir: TempDir,
}

/// A signed-in person.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) refresh: String,
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::with(Settings::default(), |_| {}).await
    }

    pub(crate) async fn with(settings: Settings, change: impl FnOnce(&mut HttpOptions)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("openautomate.db");
        Self::on(database.to_str().unwrap(), dir, settings, change).await
    }

    /// Another server on the same database at `address`, with the same keys and blobs.
    pub(crate) async fn beside(&self, address: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for key in ["vault.key", "jwt.pem"] {
            let copied = std::fs::read(self.dir.path().join(key)).unwrap();
            let mut file = openautomate_http::create_private_file(&dir.path().join(key)).unwrap();
            file.write_all(&copied).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(self.dir.path().join("blobs"), dir.path().join("blobs")).unwrap();
        Self::on(address, dir, self.orchestrator.settings().clone(), |_| {}).await
    }

    /// On the database at `address`, with what else it needs in a folder.
    pub(crate) async fn on(
        address: &str,
        dir: TempDir,
        settings: Settings,
        change: impl FnOnce(&mut HttpOptions),
    ) -> Self {
        Self::by(Arc::new(SystemClock), address, dir, settings, change).await
    }

    /// As [`with`](Self::with), by a clock that the test moves.
    pub(crate) async fn by_clock(
        clock: &ManualClock,
        settings: Settings,
        change: impl FnOnce(&mut HttpOptions),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("openautomate.db");
        Self::by(Arc::new(clock.clone()), database.to_str().unwrap(), dir, settings, change).await
    }

    async fn by(
        clock: Arc<dyn Clock>,
        address: &str,
        dir: TempDir,
        settings: Settings,
        change: impl FnOnce(&mut HttpOptions),
    ) -> Self {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let store = openautomate_store::connect(address, openautomate_store::StoreOptions::default());
        let store = store.await.unwrap();
        let blobs = Arc::new(ObjectBlobStore::local(dir.path().join("blobs")).unwrap());
        let vault = Vault::open_or_create(&dir.path().join("vault.key")).unwrap();
        let orchestrator =
            Orchestrator::builder(store, blobs, vault).clock(clock).settings(settings).build().await.unwrap();
        let administrator = CreateFirstAdministrator {
            username: "admin".into(),
            email: "admin@example.org".into(),
            password: Secret::new(PASSWORD.into()),
        };
        orchestrator.execute(&Actor::system(), administrator).await.unwrap();
        orchestrator.start();
        let mut options = HttpOptions::new(JwtKeys::load_or_create(&dir.path().join("jwt.pem")).unwrap());
        options.public_requests = RateLimit::new(100_000, Duration::from_secs(60));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        options.public_url = Some(url.clone());
        change(&mut options);
        let app = router(orchestrator.clone(), options.clone());
        tokio::spawn(serve(listener, app, None, ListenOptions::default(), options.stop.clone()));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { url, orchestrator, client, options, dir }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> RequestBuilder {
        self.request(Method::GET, path).bearer_auth(token)
    }

    pub(crate) fn post(&self, path: &str, token: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path).bearer_auth(token).json(body)
    }

    pub(crate) fn put(&self, path: &str, token: &str, body: &Value) -> RequestBuilder {
        self.request(Method::PUT, path).bearer_auth(token).json(body)
    }

    pub(crate) fn delete(&self, path: &str, token: &str) -> RequestBuilder {
        self.request(Method::DELETE, path).bearer_auth(token)
    }

    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Response {
        let body = json!({"username": username, "password": password});
        self.request(Method::POST, "/api/auth/login").json(&body).send().await.unwrap()
    }

    pub(crate) async fn signed_in(&self, username: &str) -> Person {
        let session = read(self.log_in(username, PASSWORD).await, 200).await;
        Person {
            id: text(&session["user"]["id"]),
            token: text(&session["accessToken"]),
            refresh: text(&session["refreshToken"]),
        }
    }

    pub(crate) async fn admin(&self) -> Person {
        self.signed_in("admin").await
    }

    /// A new person with a role, signed in.
    pub(crate) async fn person(&self, name: &str, role: Role) -> Person {
        let email = format!("{name}@example.org");
        let administrator = self.admin().await;
        let invite = json!({"email": email, "roles": [role]});
        let made = self.post("/api/users/invitations", &administrator.token, &invite).send().await.unwrap();
        let invitation = text(&read(made, 201).await["token"]);
        let register = RegisterUser {
            username: name.to_owned(),
            email,
            password: Secret::new(PASSWORD.into()),
            invitation: Some(Secret::new(invitation)),
        };
        self.orchestrator.execute(&Actor::anonymous(), register).await.unwrap();
        self.signed_in(name).await
    }

    /// A package with an active version 1.0.0; gives the package's id.
    pub(crate) async fn package(&self, token: &str, name: &str) -> String {
        let package =
            read(self.post("/api/packages", token, &json!({"name": name})).send().await.unwrap(), 201).await;
        let id = text(&package["id"]);
        read(self.publish(token, &id, archive("1.0.0")).await, 201).await;
        id
    }

    pub(crate) async fn publish(&self, token: &str, package: &str, archive: Vec<u8>) -> Response {
        self.request(Method::POST, &format!("/api/packages/{package}/versions"))
            .bearer_auth(token)
            .header("content-type", "application/zip")
            .body(archive)
            .send()
            .await
            .unwrap()
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// The JSON of an answer that must have this status.
pub(crate) async fn read(response: Response, status: u16) -> Value {
    let got = response.status();
    let body = response.text().await.unwrap();
    assert_eq!(got.as_u16(), status, "{body}");
    serde_json::from_str(&body).unwrap_or(Value::Null)
}

/// The problem document of an answer that must have this status.
pub(crate) async fn problem(response: Response, status: u16) -> Value {
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let request_id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    let body = read(response, status).await;
    assert_eq!(body["status"], status);
    assert_eq!(body["requestId"], request_id);
    assert_eq!(body["type"], format!("urn:openautomate:error:{}", text(&body["code"])));
    assert!(StatusCode::from_u16(status).is_ok() && body["detail"].is_string() && body["title"].is_string());
    body
}

/// The archive of a package with one entry point.
pub(crate) fn archive(version: &str) -> Vec<u8> {
    let pyproject = format!(
        "[project]\nname = \"hello\"\nversion = \"{version}\"\n\n[tool.openautomate]\nentrypoint = \"main:run\"\n"
    );
    zip(&[("pyproject.toml", &pyproject), ("main.py", "def run(name=\"you\"):\n    print(name)\n")])
}

pub(crate) fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}
