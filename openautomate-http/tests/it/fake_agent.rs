//! An agent that speaks the protocol over a real WebSocket and runs nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::{SinkExt as _, StreamExt as _};
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::credential::{ENROL_CONTEXT, SESSION_CONTEXT};
use openautomate_core::domain::{
    AgentFacts, AgentHost, Lease, LogChunk, LogLevel, LogLine, LogStream, RunResult,
};
use openautomate_core::transport::{
    AgentMessage, Assignment, Hello, PROTOCOL_VERSION, Preparation, ServerMessage, Welcome,
};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::server::{TestServer, read, text};

pub(crate) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub(crate) struct FakeAgent {
    pub(crate) id: String,
    pub(crate) key: SigningKey,
    pub(crate) token: String,
}

fn signed(key: &SigningKey, context: &str, message: &str) -> String {
    URL_SAFE_NO_PAD.encode(key.sign(format!("{context}{message}").as_bytes()).to_bytes())
}

impl FakeAgent {
    /// Enrols a new agent and signs it in.
    pub(crate) async fn enrol(server: &TestServer, admin: &str, name: &str) -> Self {
        Self::enrol_by(server, admin, name, &json!({})).await
    }

    /// Enrols a new agent with a token for an environment, and signs it in.
    pub(crate) async fn enrol_in(server: &TestServer, admin: &str, name: &str, environment: &str) -> Self {
        Self::enrol_by(server, admin, name, &json!({"environmentId": environment})).await
    }

    async fn enrol_by(server: &TestServer, admin: &str, name: &str, asked: &Value) -> Self {
        let made = server.post("/api/agents/enrolment-tokens", admin, asked).send().await.unwrap();
        let token = text(&read(made, 201).await["token"]);
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        let key = SigningKey::from_bytes(&seed);
        let enrolled = read(Self::try_enrol(server, &token, &key, name).await, 201).await;
        let mut agent = Self { id: text(&enrolled["agentId"]), key, token: String::new() };
        agent.sign_in(server).await;
        agent
    }

    pub(crate) async fn try_enrol(
        server: &TestServer,
        token: &str,
        key: &SigningKey,
        name: &str,
    ) -> Response {
        let body = json!({
            "token": token, "name": name, "machineName": "test-machine",
            "publicKey": URL_SAFE_NO_PAD.encode(key.verifying_key().to_bytes()),
            "proof": signed(key, ENROL_CONTEXT, token),
        });
        server.request(Method::POST, "/api/agents/enrol").json(&body).send().await.unwrap()
    }

    pub(crate) async fn challenge(&self, server: &TestServer) -> String {
        let path = format!("/api/agents/{}/challenge", self.id);
        text(&read(server.request(Method::POST, &path).send().await.unwrap(), 200).await["challenge"])
    }

    pub(crate) async fn answer(&self, server: &TestServer, challenge: &str, key: &SigningKey) -> Response {
        let body = json!({"challenge": challenge, "signature": signed(key, SESSION_CONTEXT, challenge)});
        let path = format!("/api/agents/{}/token", self.id);
        server.request(Method::POST, &path).json(&body).send().await.unwrap()
    }

    pub(crate) async fn sign_in(&mut self, server: &TestServer) {
        let challenge = self.challenge(server).await;
        let answer = read(self.answer(server, &challenge, &self.key).await, 200).await;
        assert_eq!(answer["expiresIn"], 900);
        self.token = text(&answer["accessToken"]);
    }

    /// Opens the WebSocket; the status if it is refused.
    pub(crate) async fn open(&self, server: &TestServer, token: &str) -> Result<Socket, u16> {
        let url = format!("{}/api/agents/{}/connect", server.url.replace("http://", "ws://"), self.id);
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(socket),
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// Connects and says hello, holding these leases.
    pub(crate) async fn connect(&self, server: &TestServer, leases: Vec<Lease>) -> (Connection, Welcome) {
        match self.connect_from(server, leases, None).await {
            (connection, Some(ServerMessage::Welcome(welcome))) => (connection, welcome),
            (_, other) => panic!("{other:?}"),
        }
    }

    /// Connects and says hello from a host, if there is one; gives what comes first.
    pub(crate) async fn connect_from(
        &self,
        server: &TestServer,
        leases: Vec<Lease>,
        host: Option<AgentHost>,
    ) -> (Connection, Option<ServerMessage>) {
        let socket = self.open(server, &self.token).await.unwrap();
        let mut connection = Connection { socket };
        let facts = AgentFacts {
            os: "linux".into(),
            python_versions: vec!["3.12.1".into()],
            hosts: host.into_iter().collect(),
            ..AgentFacts::default()
        };
        let hello = Hello { protocol: PROTOCOL_VERSION, facts, slots: 2, leases, sealing: None };
        connection.send(&AgentMessage::Hello(hello)).await;
        let first = connection.next().await;
        (connection, first)
    }
}

pub(crate) struct Connection {
    pub(crate) socket: Socket,
}

impl Connection {
    pub(crate) async fn send(&mut self, message: &AgentMessage) {
        self.socket.send(Message::Text(serde_json::to_string(message).unwrap().into())).await.unwrap();
    }

    /// The next message of any kind; `None` when the connection has ended.
    async fn any(&mut self) -> Option<ServerMessage> {
        loop {
            match self.socket.next().await?.ok()? {
                Message::Text(text) => return Some(serde_json::from_str(&text).unwrap()),
                Message::Close(_) => return None,
                _ => {}
            }
        }
    }

    /// The next message but for hints; `None` when the connection has ended.
    pub(crate) async fn next(&mut self) -> Option<ServerMessage> {
        loop {
            match self.any().await? {
                ServerMessage::Prepare(_) => {}
                other => return Some(other),
            }
        }
    }

    /// The next version that was deployed where the agent works.
    pub(crate) async fn prepared(&mut self) -> Preparation {
        match self.any().await {
            Some(ServerMessage::Prepare(preparation)) => *preparation,
            other => panic!("{other:?}"),
        }
    }

    /// Says that a slot is free and waits for an assignment.
    pub(crate) async fn take(&mut self) -> Assignment {
        self.send(&AgentMessage::Ready { free: 1, ahead: 0, received: 0 }).await;
        self.assigned().await
    }

    /// Says how many slots are free, after so many assignments.
    pub(crate) async fn free(&mut self, free: u32, received: u64) {
        self.send(&AgentMessage::Ready { free, ahead: 0, received }).await;
    }

    pub(crate) async fn assigned(&mut self) -> Assignment {
        match self.next().await {
            Some(ServerMessage::Assign(assignment)) => *assignment,
            other => panic!("{other:?}"),
        }
    }

    /// Sends a line and waits until it is stored.
    pub(crate) async fn log(&mut self, lease: Lease, seq: u64, line: &str) {
        let line = LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, line);
        let chunks = vec![LogChunk { lease, first_seq: seq, lines: vec![line] }];
        self.send(&AgentMessage::Logs { chunks }).await;
        match self.next().await {
            Some(ServerMessage::LogAck { stored_seq, .. }) => assert_eq!(stored_seq, seq),
            other => panic!("{other:?}"),
        }
    }

    /// Finishes and waits until it is stored.
    pub(crate) async fn finish(&mut self, lease: Lease, result: RunResult, final_log_seq: u64) {
        self.send(&AgentMessage::Finished { lease, result, final_log_seq }).await;
        match self.next().await {
            Some(ServerMessage::FinishAck { lease: acknowledged }) => assert_eq!(acknowledged, lease),
            other => panic!("{other:?}"),
        }
    }
}
