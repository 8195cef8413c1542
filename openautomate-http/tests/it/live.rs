//! Live connections of people.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use openautomate_core::domain::{Role, RunResult};
use openautomate_core::transport::AgentMessage;
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::fake_agent::FakeAgent;
use crate::server::{TestServer, problem, read, text};

pub(crate) struct Live(WebSocketStream<MaybeTlsStream<TcpStream>>);

/// Opens a connection with these headers; the status of the answer if it is refused.
async fn open(server: &TestServer, headers: &[(&'static str, String)]) -> Result<Live, u16> {
    let mut request = format!("{}/api/live", server.url.replace("http", "ws")).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    match tokio_tungstenite::connect_async(request).await {
        Ok((socket, _)) => Ok(Live(socket)),
        Err(tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn ticket(server: &TestServer, token: &str) -> String {
    let made = server.post("/api/live/tickets", token, &json!({})).send().await.unwrap();
    format!("openautomate-live, ticket.{}", text(&read(made, 201).await["ticket"]))
}

/// As a program: by the access token.
pub(crate) async fn connect(server: &TestServer, token: &str) -> Live {
    open(server, &[("authorization", format!("Bearer {token}"))]).await.unwrap()
}

impl Live {
    pub(crate) async fn say(&mut self, ask: Value) {
        self.0.send(Message::text(ask.to_string())).await.unwrap();
    }

    /// The next message, or the code that the connection was closed with.
    pub(crate) async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let frame = tokio::time::timeout(Duration::from_secs(10), self.0.next()).await.unwrap();
            match frame {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(0, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    }

    pub(crate) async fn subscribe(&mut self, id: u32, topic: &str) {
        self.say(json!({"op": "subscribe", "id": id, "topic": topic})).await;
        assert_eq!(self.next().await.unwrap(), json!({"type": "subscribed", "id": id}));
    }

    /// Waits until this is told of something; gives how it is.
    async fn changed(&mut self, id: u32, thing: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let said = self.next().await.unwrap();
            assert_eq!((&said["type"], &said["missed"]), (&json!("changed"), &json!(false)), "{said}");
            let items = said["items"].as_array().unwrap();
            let found = items.iter().find(|item| item["id"] == thing && is_wanted(item));
            if let (true, Some(found)) = (said["id"] == id, found) {
                return found.clone();
            }
        }
    }
}

#[tokio::test]
async fn executions_and_their_logs_are_told_as_they_happen() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(&server, &admin.token, "bot").await;
    let mut live = connect(&server, &admin.token).await;
    live.subscribe(1, "executions").await;
    live.subscribe(2, "agents").await;
    let (mut connection, _) = agent.connect(&server, Vec::new()).await;
    live.changed(2, &agent.id, |_| true).await;
    let made = server.post("/api/executions", &admin.token, &json!({"packageId": package})).send();
    let id = text(&read(made.await.unwrap(), 201).await["id"]);
    let lease = connection.take().await.lease;
    live.changed(1, &id, |item| item["state"] == "Assigned").await;
    connection.send(&AgentMessage::Started { lease }).await;
    live.changed(1, &id, |item| item["state"] == "Running").await;
    live.say(json!({"op": "unsubscribe", "id": 1})).await;

    connection.log(lease, 1, "one").await;
    connection.log(lease, 2, "two").await;
    live.say(json!({"op": "subscribe", "id": 3, "topic": "log", "executionId": id, "after": "1.1"})).await;
    assert_eq!(live.next().await.unwrap(), json!({"type": "subscribed", "id": 3}));
    for (seq, word) in [(2, "two"), (3, "three")] {
        if seq > 2 {
            connection.log(lease, seq, word).await;
        }
        let said = live.next().await.unwrap();
        assert_eq!((&said["type"], &said["id"]), (&json!("lines"), &json!(3)));
        let lines = said["lines"].as_array().unwrap();
        assert_eq!((lines.len(), &lines[0]["text"], &lines[0]["seq"]), (1, &json!(word), &json!(seq)));
    }
    connection.finish(lease, RunResult::succeeded(Map::new()), 3).await;
    loop {
        let said = live.next().await.unwrap();
        if said == json!({"type": "complete", "id": 3}) {
            break;
        }
        assert_eq!((&said["type"], &said["id"]), (&json!("changed"), &json!(2)), "{said}");
    }
}

#[tokio::test]
async fn a_page_opens_one_connection_by_a_ticket() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let own = || ("origin", server.url.clone());
    let mine = ticket(&server, &admin.token).await;
    let mut live = open(&server, &[("sec-websocket-protocol", mine.clone()), own()]).await.unwrap();
    live.subscribe(1, "executions").await;
    let used = open(&server, &[("sec-websocket-protocol", mine), own()]).await;
    assert_eq!(used.err(), Some(401));
    for foreign in ["https://evil.example", "null"] {
        let mine = ticket(&server, &admin.token).await;
        let headers = [("sec-websocket-protocol", mine), ("origin", foreign.to_owned())];
        assert_eq!(open(&server, &headers).await.err(), Some(403), "{foreign}");
    }
    // An access token is no ticket.
    let forged = format!("openautomate-live, ticket.{}", admin.token);
    assert_eq!(open(&server, &[("sec-websocket-protocol", forged), own()]).await.err(), Some(401));
    assert_eq!(open(&server, &[own()]).await.err(), Some(401));
    problem(server.request(reqwest::Method::POST, "/api/live/tickets").send().await.unwrap(), 401).await;
    // Nor is a ticket an access token.
    let mine = ticket(&server, &admin.token).await;
    let bare = mine.rsplit("ticket.").next().unwrap();
    problem(server.get("/api/auth/me", bare).send().await.unwrap(), 401).await;
}

#[tokio::test]
async fn the_end_of_the_session_ends_the_connection() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let viewer = server.person("viewer", Role::Viewer).await;
    let mut live = connect(&server, &viewer.token).await;
    for (id, topic) in ["executions", "agents", "packages", "schedules", "triggers", "approvals", "queues"]
        .iter()
        .enumerate()
    {
        live.subscribe(u32::try_from(id).unwrap(), topic).await;
    }
    let mut other = connect(&server, &admin.token).await;
    other.subscribe(1, "agents").await;
    let path = format!("/api/users/{}", viewer.id);
    read(server.put(&path, &admin.token, &json!({"disabled": true})).send().await.unwrap(), 200).await;
    assert_eq!(live.next().await, Err(4401));
    let headers = [("authorization", format!("Bearer {}", viewer.token))];
    assert_eq!(open(&server, &headers).await.err(), Some(401));
    server.options.stop.cancel();
    assert_eq!(other.next().await, Err(1012));
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let mut live = connect(&server, &admin.token).await;
    let unknown = uuid::Uuid::now_v7();
    for (ask, code) in [
        (json!({"op": "subscribe", "id": 1, "topic": "log"}), "request.field"),
        (
            json!({"op": "subscribe", "id": 2, "topic": "log", "executionId": unknown, "after": "x"}),
            "request.field",
        ),
    ] {
        live.say(ask).await;
        let said = live.next().await.unwrap();
        assert_eq!((&said["type"], &said["code"]), (&json!("refused"), &json!(code)), "{said}");
    }
    live.say(json!({"op": "subscribe", "id": 3, "topic": "log", "executionId": unknown})).await;
    assert_eq!(live.next().await.unwrap()["type"], "subscribed");
    assert_eq!(live.next().await.unwrap()["type"], "refused", "there is no such execution");
    for nonsense in ["{", "{\"op\": \"subscribe\", \"id\": 1, \"topic\": \"secrets\"}", "[]"] {
        let mut live = connect(&server, &admin.token).await;
        live.0.send(Message::text(nonsense)).await.unwrap();
        assert_eq!(live.next().await, Err(1008), "{nonsense}");
    }
    let mut live = connect(&server, &admin.token).await;
    live.0.send(Message::text("x".repeat(10_000))).await.unwrap();
    assert!(live.next().await.is_err(), "too large");
}

#[tokio::test]
async fn a_session_opens_so_many_and_no_more() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let headers = [("authorization", format!("Bearer {}", admin.token))];
    let mut open_ones = Vec::new();
    for _ in 0..32 {
        open_ones.push(open(&server, &headers).await.unwrap());
    }
    assert_eq!(open(&server, &headers).await.err(), Some(429));
    open_ones.pop().unwrap().0.close(None).await.unwrap();
    for attempt in 0.. {
        if open(&server, &headers).await.is_ok() {
            break;
        }
        assert!(attempt < 50, "the place is not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Twelve ways to look like a page of this server.
#[tokio::test]
async fn pages_of_other_sites_open_nothing() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let host = server.url.trim_start_matches("http://").to_owned();
    let port = host.rsplit_once(':').unwrap().1.to_owned();
    let origins = [
        "null".to_owned(),
        String::new(),
        "https://evil.example".to_owned(),
        "http://127.0.0.1".to_owned(),
        format!("http://127.0.0.1:{}", port.parse::<u16>().unwrap() ^ 1),
        format!("http://127.0.0.1.evil.example:{port}"),
        format!("http://evil127.0.0.1:{port}"),
        format!("http://{host}.evil.example"),
        format!("http://admin@{host}"),
        format!("http://{host}/"),
        format!("http://localhost:{port}"),
        format!("http://xn--127-bla.0.0.1:{port}"),
        "file://".to_owned(),
    ];
    for origin in origins {
        for by in [
            ("authorization", format!("Bearer {}", admin.token)),
            ("sec-websocket-protocol", ticket(&server, &admin.token).await),
        ] {
            let opened = open(&server, &[by.clone(), ("origin", origin.clone())]).await;
            assert_eq!(opened.err(), Some(403), "{origin:?} {}", by.0);
        }
    }
    let own = [("origin", server.url.clone()), ("authorization", format!("Bearer {}", admin.token))];
    assert!(open(&server, &own).await.is_ok());
}
