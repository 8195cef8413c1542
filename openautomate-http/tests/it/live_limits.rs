//! What one live connection may take: size, number and form of messages, subscriptions, and how long it may read nothing.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::domain::{Lease, LogChunk, LogLevel, LogLine, LogStream, RunResult};
use openautomate_core::orchestrator::Settings;
use openautomate_core::transport::{AgentMessage, ServerMessage};
use openautomate_http::RateLimit;
use serde_json::{Map, Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{Frame, FrameHeader};

use crate::fake_agent::{Connection, FakeAgent};
use crate::live::{Live, connect};
use crate::server::{Person, TestServer, read, text};

const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until the connection has ended; the code it was closed with, 0 if it was cut off.
async fn ended(live: &mut Live) -> u16 {
    let end = async {
        loop {
            if let Err(code) = live.next().await {
                return code;
            }
        }
    };
    tokio::time::timeout(PATIENCE, end).await.expect("the connection goes on")
}

/// The server is there as before.
async fn goes_on(server: &TestServer, admin: &Person) {
    connect(server, &admin.token).await.subscribe(1, "executions").await;
}

#[tokio::test]
async fn a_message_may_take_four_kibibytes_in_one_frame_or_in_many() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let ask = |length: usize| {
        let bare = json!({"op": "subscribe", "id": 1, "topic": "agents"}).to_string();
        format!("{bare}{}", " ".repeat(length - bare.len()))
    };
    let mut live = connect(&server, &admin.token).await;
    live.0.send(Message::text(ask(4_096))).await.unwrap();
    assert_eq!(live.next().await.unwrap()["type"], "subscribed");
    live.0.send(Message::text(ask(4_097))).await.unwrap();
    assert_ne!(ended(&mut live).await, 4401);
    // A thousand frames of a message that never ends.
    let mut live = connect(&server, &admin.token).await;
    let frame = |number: usize| {
        let opcode = OpCode::Data(if number == 0 { Data::Text } else { Data::Continue });
        let header = FrameHeader { is_final: false, opcode, ..FrameHeader::default() };
        Message::Frame(Frame::from_payload(header, vec![b' '; 16].into()))
    };
    for number in 0..1_000 {
        if live.0.send(frame(number)).await.is_err() {
            break;
        }
    }
    ended(&mut live).await;
    goes_on(&server, &admin).await;
}

#[tokio::test]
async fn whoever_says_more_than_a_hundred_messages_a_second_is_cut_off() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let nothing = || Message::text(json!({"op": "unsubscribe", "id": 9}).to_string());
    // As many as may come at once.
    let mut live = connect(&server, &admin.token).await;
    for _ in 0..90 {
        live.0.send(nothing()).await.unwrap();
    }
    live.subscribe(1, "agents").await;
    for flood in [nothing(), Message::Ping(Vec::new().into())] {
        let mut live = connect(&server, &admin.token).await;
        for _ in 0..20_000 {
            // It was cut off by then.
            if live.0.send(flood.clone()).await.is_err() {
                break;
            }
        }
        // The word by which it is closed may be lost behind what was not read.
        assert!(matches!(ended(&mut live).await, 1008 | 0));
    }
    goes_on(&server, &admin).await;
    // Another server may allow another number.
    let strict = |options: &mut openautomate_http::HttpOptions| {
        options.live_messages = RateLimit::new(3, Duration::from_secs(3_600));
    };
    let server = TestServer::with(Settings::default(), strict).await;
    let admin = server.admin().await;
    let mut live = connect(&server, &admin.token).await;
    for id in 1..=3 {
        live.subscribe(id, "agents").await;
    }
    live.0.send(nothing()).await.unwrap();
    assert_eq!(ended(&mut live).await, 1008);
}

#[tokio::test]
async fn a_connection_follows_eight_logs_and_each_kind_once() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let package = server.package(&admin.token, "hello").await;
    let made = server.post("/api/executions", &admin.token, &json!({"packageId": package})).send();
    let execution = text(&read(made.await.unwrap(), 201).await["id"]);
    let mut live = connect(&server, &admin.token).await;
    let log = |id: u32| json!({"op": "subscribe", "id": id, "topic": "log", "executionId": execution});
    for id in 1..=8 {
        live.say(log(id)).await;
        assert_eq!(live.next().await.unwrap(), json!({"type": "subscribed", "id": id}));
    }
    live.say(log(9)).await;
    let refused = live.next().await.unwrap();
    assert_eq!(
        (&refused["type"], &refused["code"]),
        (&json!("refused"), &json!("request.field")),
        "{refused}"
    );
    // One that begins anew takes its own place, and one that ends leaves it.
    live.say(log(8)).await;
    assert_eq!(live.next().await.unwrap()["type"], "subscribed");
    live.say(json!({"op": "unsubscribe", "id": 3})).await;
    live.say(log(9)).await;
    assert_eq!(live.next().await.unwrap()["type"], "subscribed");
    // A kind that is asked for again and again is told once, under the last number.
    for id in 100..140 {
        live.subscribe(id, "packages").await;
    }
    read(server.post("/api/packages", &admin.token, &json!({"name": "p"})).send().await.unwrap(), 201).await;
    let said = live.next().await.unwrap();
    assert_eq!((&said["type"], &said["id"]), (&json!("changed"), &json!(139)), "{said}");
    live.say(json!({"op": "unsubscribe", "id": 139})).await;
    live.subscribe(140, "agents").await;
}

#[tokio::test]
async fn what_is_not_of_the_form_ends_the_connection_and_nothing_else() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let deep = format!("{{\"op\": {}", "[".repeat(4_000));
    let mut bad: Vec<Message> = [
        "",
        "null",
        "\"subscribe\"",
        "{}",
        r#"{"op": "subscribe"}"#,
        r#"{"op": "subscribe", "id": 1}"#,
        r#"{"op": "subscribe", "topic": "agents"}"#,
        r#"{"op": "subscribe", "id": -1, "topic": "agents"}"#,
        r#"{"op": "subscribe", "id": 1.5, "topic": "agents"}"#,
        r#"{"op": "subscribe", "id": "1", "topic": "agents"}"#,
        r#"{"op": "subscribe", "id": 4294967296, "topic": "agents"}"#,
        r#"{"op": "subscribe", "id": 1, "topic": "users"}"#,
        r#"{"op": "subscribe", "id": 1, "topic": ["agents"]}"#,
        r#"{"op": "subscribe", "id": 1, "topic": "log", "executionId": "../../etc/passwd"}"#,
        r#"{"op": "subscribe", "id": 1, "topic": "agents", "as": "administrator"}"#,
        r#"{"op": "unsubscribe", "id": 1, "topic": "agents"}"#,
        r#"{"op": "SUBSCRIBE", "id": 1, "topic": "agents"}"#,
        r#"{"op": "cancel", "id": 1, "executionId": "x"}"#,
        r#"{"op": "subscribe", "op": "unsubscribe", "id": 1}"#,
        r#"{"op": "unsubscribe", "id": 1} {"op": "unsubscribe", "id": 1}"#,
        &deep,
    ]
    .into_iter()
    .map(Message::text)
    .collect();
    bad.push(Message::Binary(vec![0xff, 0xfe, 0].into()));
    bad.push(Message::Binary(Vec::new().into()));
    for message in bad {
        let mut live = connect(&server, &admin.token).await;
        live.0.send(message.clone()).await.unwrap();
        assert_eq!(ended(&mut live).await, 1008, "{message:?}");
    }
    // A text that is none.
    let mut live = connect(&server, &admin.token).await;
    let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
    live.0.send(Message::Frame(Frame::from_payload(header, vec![0xc3, 0x28].into()))).await.unwrap();
    ended(&mut live).await;
    goes_on(&server, &admin).await;
}

/// An execution that has said so many lines of sixty thousand letters, and goes on.
async fn long_log(server: &TestServer, admin: &Person, lines: u64) -> (Connection, Lease, String) {
    let package = server.package(&admin.token, "hello").await;
    let agent = FakeAgent::enrol(server, &admin.token, "bot").await;
    let (mut connection, _) = agent.connect(server, Vec::new()).await;
    let made = server.post("/api/executions", &admin.token, &json!({"packageId": package})).send();
    let execution = text(&read(made.await.unwrap(), 201).await["id"]);
    let lease = connection.take().await.lease;
    connection.send(&AgentMessage::Started { lease }).await;
    let line = LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, "x".repeat(60_000));
    for first_seq in (1..=lines).step_by(50) {
        let chunks = vec![LogChunk { lease, first_seq, lines: vec![line.clone(); 50] }];
        connection.send(&AgentMessage::Logs { chunks }).await;
        let stored = connection.next().await;
        assert!(
            matches!(stored, Some(ServerMessage::LogAck { stored_seq, .. }) if stored_seq == first_seq + 49)
        );
    }
    (connection, lease, execution)
}

/// A connection that takes little at a time.
async fn narrow(server: &TestServer, token: &str) -> WebSocketStream<TcpStream> {
    let mut request = format!("{}/api/live", server.url.replace("http", "ws")).into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let address = server.url.trim_start_matches("http://").parse().unwrap();
    let stream = socket.connect(address).await.unwrap();
    tokio_tungstenite::client_async(request, stream).await.unwrap().0
}

async fn say(socket: &mut WebSocketStream<TcpStream>, ask: Value) {
    socket.send(Message::text(ask.to_string())).await.unwrap();
}

#[tokio::test]
async fn whoever_takes_nothing_is_dropped_and_holds_little_until_then() {
    let hasty = |options: &mut openautomate_http::HttpOptions| options.send_limit = Duration::from_secs(1);
    let server = TestServer::with(Settings::default(), hasty).await;
    let admin = server.admin().await;
    let (_agent, _, execution) = long_log(&server, &admin, 400).await;
    assert_eq!(server.options.tasks.len(), 1, "the agent's");
    let mut socket = narrow(&server, &admin.token).await;
    say(&mut socket, json!({"op": "subscribe", "id": 1, "topic": "log", "executionId": execution})).await;
    let dropped = async {
        // It is counted once it is there.
        while server.options.tasks.len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        while server.options.tasks.len() > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, dropped).await.expect("it is held for ever");
    // What was on its way is all that is left.
    let mut taken = 0;
    while let Some(Ok(message)) = socket.next().await {
        taken += message.len();
    }
    assert!(taken < 400 * 60_000, "{taken} bytes");
    goes_on(&server, &admin).await;
}

#[tokio::test]
async fn whoever_comes_back_to_it_is_told_that_more_changed_and_misses_no_line() {
    let patient =
        |options: &mut openautomate_http::HttpOptions| options.send_limit = Duration::from_secs(600);
    let server = TestServer::with(Settings::default(), patient).await;
    let admin = server.admin().await;
    let (mut agent, lease, execution) = long_log(&server, &admin, 400).await;
    let mut socket = narrow(&server, &admin.token).await;
    say(&mut socket, json!({"op": "subscribe", "id": 1, "topic": "executions"})).await;
    say(&mut socket, json!({"op": "subscribe", "id": 2, "topic": "log", "executionId": execution})).await;
    // Until nothing more goes into what waits for this client, a second long.
    let (mut waiting, mut same) = (0, 0);
    let mut peeked = vec![0; 1 << 20];
    while same < 40 || waiting == 0 {
        tokio::time::sleep(Duration::from_millis(25)).await;
        let now = socket.get_ref().peek(&mut peeked).await.unwrap();
        same = if now == waiting { same + 1 } else { 0 };
        waiting = now;
    }
    // More changes than the server keeps for anybody.
    let package = server.package(&admin.token, "many").await;
    let many = json!({"items": vec![json!({"packageId": package}); 1_000]});
    for _ in 0..5 {
        read(server.post("/api/executions/bulk", &admin.token, &many).send().await.unwrap(), 201).await;
    }
    agent.finish(lease, RunResult::succeeded(Map::new()), 400).await;
    let (mut lines, mut missed, mut told, mut is_complete) = (0, false, 0, false);
    let all = async {
        while !(is_complete && missed) {
            let message = socket.next().await.unwrap().unwrap();
            let Message::Text(said) = message else { continue };
            assert!(said.len() < 1_000_000, "{} bytes in a message", said.len());
            let said: Value = serde_json::from_str(&said).unwrap();
            match said["type"].as_str().unwrap() {
                "lines" => {
                    for line in said["lines"].as_array().unwrap() {
                        lines += 1;
                        assert_eq!(
                            (&line["seq"], line["text"].as_str().unwrap().len()),
                            (&json!(lines), 60_000)
                        );
                    }
                }
                "changed" => {
                    told += said["items"].as_array().unwrap().len();
                    missed |= said["missed"] == true;
                }
                "complete" => is_complete = true,
                other => assert_eq!(other, "subscribed"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("the log ends");
    assert_eq!(lines, 400);
    assert!(told < 5_000, "{told} were told one by one");
    // Once what waited is told, it hears of each again.
    let heard = async {
        loop {
            let made = server.post("/api/executions", &admin.token, &json!({"packageId": package})).send();
            let id = text(&read(made.await.unwrap(), 201).await["id"]);
            loop {
                let Message::Text(said) = socket.next().await.unwrap().unwrap() else { continue };
                let said: Value = serde_json::from_str(&said).unwrap();
                let items = said["items"].as_array().unwrap();
                if items.iter().any(|item| item["id"] == id.as_str()) {
                    return;
                }
                if said["missed"] == true {
                    break;
                }
            }
        }
    };
    tokio::time::timeout(PATIENCE, heard).await.expect("it is told");
}
