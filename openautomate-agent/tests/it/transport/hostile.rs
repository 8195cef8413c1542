//! What others on the same NATS gain: nothing but peace and quiet to lose.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::{Client, Message};
use futures_util::StreamExt as _;
use openautomate_agent::{Error, WebSocketTransport, enrol_by_nats};
use openautomate_core::ErrorKind;
use openautomate_core::command::agent::CreateEnrolmentToken;
use openautomate_core::domain::AgentFacts;
use openautomate_core::orchestrator::Settings;
use openautomate_core::secret::Secret;
use openautomate_core::transport::nats::{NatsLine, NatsLogin, NatsSettings};
use openautomate_core::transport::pipe::PipeSettings;
use openautomate_core::transport::{
    AgentLink, AgentMessage, Hello, PROTOCOL_VERSION, ServerMessage, Transport as _,
};
use openautomate_http::nats::ServerKey;
use tokio::time::{sleep, timeout};

use super::nats::{PATIENCE, Served, enrolled, heard};
use super::nats_server::NatsServer;
use super::served::options;
use crate::place::Place;

async fn token(place: &Place) -> Secret<String> {
    let command =
        CreateEnrolmentToken { agent_id: None, environment_id: None, labels: Vec::new(), life: None };
    place.orchestrator.execute(&place.admin, command).await.unwrap().token
}

async fn next(link: &mut AgentLink) -> Option<ServerMessage> {
    timeout(PATIENCE, link.receiver.recv()).await.expect("a message or the end")
}

async fn connected(transport: &WebSocketTransport) -> AgentLink {
    let mut link = timeout(PATIENCE, transport.connect()).await.unwrap().unwrap();
    let facts = AgentFacts::default();
    let hello = Hello { protocol: PROTOCOL_VERSION, facts, slots: 1, leases: Vec::new(), sealing: None };
    link.sender.send(AgentMessage::Hello(hello)).await.unwrap();
    assert!(matches!(next(&mut link).await, Some(ServerMessage::Welcome(_))));
    link
}

/// Whether the connection holds: a heartbeat is answered.
async fn beats(link: &mut AgentLink) -> bool {
    if link.sender.send(AgentMessage::Heartbeat { leases: Vec::new(), usage: None }).await.is_err() {
        return false;
    }
    loop {
        match next(link).await {
            Some(ServerMessage::Renewed { .. }) => return true,
            Some(_) => {}
            None => return false,
        }
    }
}

/// Everything that goes over a NATS, as somebody sees it who may see all.
struct Eavesdropper {
    client: Client,
    heard: Arc<Mutex<Vec<Message>>>,
}

impl Eavesdropper {
    async fn on(nats: &NatsServer) -> Self {
        let client = async_nats::connect(nats.url()).await.unwrap();
        let mut all = client.subscribe(">").await.unwrap();
        client.flush().await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Some(message) = all.next().await {
                kept.lock().unwrap().push(message);
            }
        });
        Self { client, heard }
    }

    fn heard(&self) -> Vec<Message> {
        self.heard.lock().unwrap().clone()
    }

    /// Says again what was said, in its order.
    async fn replay(&self, messages: &[Message]) {
        for Message { subject, reply, payload, .. } in messages.iter().cloned() {
            match reply {
                Some(reply) => self.client.publish_with_reply(subject, reply, payload).await.unwrap(),
                None => self.client.publish(subject, payload).await.unwrap(),
            }
        }
        self.client.flush().await.unwrap();
    }
}

struct Scene {
    place: Place,
    nats: NatsServer,
    server: Served,
}

impl Scene {
    async fn new() -> Self {
        let place = Place::new(Settings::default()).await;
        let nats = NatsServer::start();
        let server = Served::start(place.orchestrator.clone(), nats.url());
        heard(&nats).await;
        Self { place, nats, server }
    }

    async fn agent(&self) -> WebSocketTransport {
        let (identity, key) = enrolled(&self.nats, self.server.key, &token(&self.place).await).await;
        WebSocketTransport::by_nats(identity, key, NatsSettings::new(self.nats.url())).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_can_be_read() {
    let scene = Scene::new().await;
    let eavesdropper = Eavesdropper::on(&scene.nats).await;
    let token = token(&scene.place).await;
    let (identity, key) = enrolled(&scene.nats, scene.server.key, &token).await;
    let id = identity.agent_id.to_string();
    let agent = WebSocketTransport::by_nats(identity, key, NatsSettings::new(scene.nats.url())).unwrap();
    let mut link = connected(&agent).await;
    assert!(beats(&mut link).await);
    let heard = eavesdropper.heard();
    let bytes: Vec<u8> = heard.iter().flat_map(|message| message.payload.to_vec()).collect();
    assert!(heard.len() > 30 && bytes.len() > 5_000, "it hears nothing at all");
    for secret in
        [token.expose().as_str(), &id, "HTTP/1.1", "Bearer", "heartbeat", "packageKeys", "challenge"]
    {
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} goes over NATS in the clear");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_in_a_servers_place() {
    let place = Place::new(Settings::default()).await;
    let elsewhere = Place::new(Settings::default()).await;
    let nats = NatsServer::start();
    let key = Arc::new(ServerKey::generate().unwrap());
    let thief = Served::start(elsewhere.orchestrator.clone(), nats.url());
    heard(&nats).await;
    let (token, folder) = (token(&place).await, tempfile::tempdir().unwrap());
    let settings = NatsSettings::new(nats.url());
    let eavesdropper = Eavesdropper::on(&nats).await;
    let enrol = || enrol_by_nats(folder.path(), settings.clone(), vec![key.public_key()], &token, None);
    let Err(Error::Refused(refused)) = enrol().await else { panic!("the thief has the token") };
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    assert!(!eavesdropper.heard().is_empty());
    thief.kill();
    // Told to nobody, the token is still good.
    let _server = Served::with(place.orchestrator.clone(), settings.clone(), Arc::clone(&key), options());
    heard(&nats).await;
    enrol().await.unwrap();
    // Without a key there is nobody whom the token could be told to.
    let other = tempfile::tempdir().unwrap();
    let without = enrol_by_nats(other.path(), settings.clone(), Vec::new(), &token, None).await;
    assert!(matches!(without, Err(Error::Address(_))), "{without:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_again_ends_a_connection_at_most() {
    let scene = Scene::new().await;
    let agent = scene.agent().await;
    let eavesdropper = Eavesdropper::on(&scene.nats).await;
    let mut first = connected(&agent).await;
    assert!(beats(&mut first).await);
    let recorded = eavesdropper.heard();
    // The whole connection again, from its call on, each way: the frames are not those that come next.
    eavesdropper.replay(&recorded).await;
    assert!(!beats(&mut first).await, "what came again was taken");
    // The next connection is another one, and what was recorded of the first is worth nothing to it.
    let mut second = connected(&agent).await;
    eavesdropper.replay(&recorded).await;
    for _ in 0..3 {
        assert!(beats(&mut second).await, "the next connection suffers from what was recorded before");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_none_do_no_harm() {
    let scene = Scene::new().await;
    let agent = scene.agent().await;
    let mut link = connected(&agent).await;
    let client = async_nats::connect(scene.nats.url()).await.unwrap();
    let mut elsewhere = client.subscribe("victim.>").await.unwrap();
    let call: bytes::Bytes = r#"{"protocol":1}"#.into();
    for reply in
        ["victim.a", "openautomate.up.x", "openautomate.connect", "openautomate.downy.x", "openautomate.down"]
    {
        client.publish_with_reply("openautomate.connect", reply, call.clone()).await.unwrap();
    }
    let long = format!("openautomate.down.{}", "x".repeat(1_000));
    client.publish_with_reply("openautomate.connect", long, call.clone()).await.unwrap();
    client.publish("openautomate.connect", call.clone()).await.unwrap();
    let junk: [bytes::Bytes; 4] =
        ["".into(), "{".into(), r#"{"protocol":"x"}"#.into(), vec![b'x'; 500_000].into()];
    let mut answers = client.subscribe("openautomate.down.me.>").await.unwrap();
    for number in 0..2_000 {
        let payload = junk[number % junk.len()].clone();
        let payload = if payload.len() > 1_000 && number % 100 != 0 { "y".into() } else { payload };
        client.publish_with_reply("openautomate.connect", "openautomate.down.me.a", payload).await.unwrap();
    }
    let old: bytes::Bytes = r#"{"protocol":0}"#.into();
    // A flood takes the places of other calls, who call again.
    let called = async {
        loop {
            let reply = "openautomate.down.me.b";
            client.publish_with_reply("openautomate.connect", reply, old.clone()).await.unwrap();
            if let Ok(answer) = timeout(Duration::from_millis(500), answers.next()).await {
                return answer.unwrap();
            }
        }
    };
    let answer = timeout(PATIENCE, called).await.unwrap();
    assert_eq!(&*answer.subject, "openautomate.down.me.b", "junk is answered");
    assert!(String::from_utf8_lossy(&answer.payload).contains("refused"), "{answer:?}");
    assert!(beats(&mut link).await);
    let none = timeout(Duration::from_millis(100), elsewhere.next()).await;
    assert!(none.is_err(), "the server publishes into subjects of others");
    let mut again = connected(&agent).await;
    assert!(beats(&mut again).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_callers_is_bounded() {
    let scene = Scene::new().await;
    let agent = scene.agent().await;
    let mut link = connected(&agent).await;
    let client = async_nats::connect(scene.nats.url()).await.unwrap();
    let mut answers = client.subscribe("openautomate.down.crowd.*").await.unwrap();
    for number in 0..400 {
        let reply = format!("openautomate.down.crowd.{number}");
        client.publish_with_reply("openautomate.connect", reply, r#"{"protocol":1}"#.into()).await.unwrap();
    }
    let (mut up, mut refused) = (0, 0);
    while up + refused < 400 {
        let answer = timeout(PATIENCE, answers.next()).await.unwrap().unwrap();
        // The frames of those who got a pipe come here, too.
        match serde_json::from_slice::<serde_json::Value>(&answer.payload) {
            Ok(answer) if answer["up"].is_string() => up += 1,
            Ok(answer) if answer["refused"].is_string() => refused += 1,
            _ => {}
        }
    }
    assert!((200..=256).contains(&up), "{up} callers hold a place without proving anything");
    assert!(beats(&mut link).await);
    // They lose it soon; whoever comes later finds room again.
    let reconnects = async {
        loop {
            if let Ok(mut again) = agent.connect().await {
                again.sender.try_send(AgentMessage::Heartbeat { leases: Vec::new(), usage: None }).unwrap();
                return again.receiver.recv().await;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, reconnects).await.expect("there is room again");
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_in_a_pipe_ends_that_pipe_alone() {
    let scene = Scene::new().await;
    let (agent, other) = (scene.agent().await, scene.agent().await);
    let mut others = connected(&other).await;
    let eavesdropper = Eavesdropper::on(&scene.nats).await;
    let mut link = connected(&agent).await;
    assert!(beats(&mut link).await);
    let subject = eavesdropper.heard().last().unwrap().subject.clone();
    for _ in 0..200 {
        eavesdropper.client.publish(subject.clone(), vec![0; 100_000].into()).await.unwrap();
    }
    eavesdropper.client.flush().await.unwrap();
    while beats(&mut link).await {}
    assert!(beats(&mut others).await);
    assert!(beats(&mut connected(&agent).await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_is_noticed_at_the_next_word() {
    let scene = Scene::new().await;
    let agent = scene.agent().await;
    let mut link = connected(&agent).await;
    scene.server.kill();
    // Its end takes a moment to reach NATS.
    let line = NatsLine::open(&NatsSettings::new(scene.nats.url())).await.unwrap();
    let gone = async {
        loop {
            match line.dial("test", PipeSettings::default()).await {
                Err(error) if error.code() == "nats.nobody" => return,
                _ => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(PATIENCE, gone).await.expect("NATS forgets it");
    let began = std::time::Instant::now();
    while beats(&mut link).await {}
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert_eq!(agent.connect().await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_server_serves_any_agent() {
    let place = Place::new(Settings::default()).await;
    let nats = NatsServer::start();
    let (key, options) = (Arc::new(ServerKey::generate().unwrap()), options());
    let start = || {
        let settings = NatsSettings::new(nats.url());
        Served::with(place.orchestrator.clone(), settings, Arc::clone(&key), options.clone())
    };
    let (one, two) = (start(), start());
    let (identity, signing) = enrolled(&nats, key.public_key(), &token(&place).await).await;
    let agent = WebSocketTransport::by_nats(identity, signing, NatsSettings::new(nats.url())).unwrap();
    for server in [Some(one), Some(two), None] {
        for _ in 0..5 {
            // A killed one may still be called for a moment.
            let connects = async {
                loop {
                    if let Ok(link) = agent.connect().await {
                        return link;
                    }
                    sleep(Duration::from_millis(20)).await;
                }
            };
            if server.is_some() {
                timeout(PATIENCE, connects).await.expect("the other one answers");
            } else {
                assert_eq!(agent.connect().await.unwrap_err().kind(), ErrorKind::Unavailable);
            }
        }
        if let Some(server) = server {
            server.kill();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_permissions_that_are_advised_suffice() {
    let nats = NatsServer::with(
        r#"authorization { users = [
            { user: server, password: for-servers, permissions: {
                publish: ["openautomate.down.>"], subscribe: ["openautomate.connect servers", "openautomate.up.>"] } }
            { user: agent, password: for-agents, permissions: {
                publish: ["openautomate.connect", "openautomate.up.>"], subscribe: ["openautomate.down.>"] } }
        ] }"#,
    );
    let settings = |user: &str, password: &str| NatsSettings {
        login: NatsLogin::Password { user: user.into(), password: Secret::new(password.to_owned()) },
        ..NatsSettings::new(nats.url())
    };
    let place = Place::new(Settings::default()).await;
    let key = Arc::new(ServerKey::generate().unwrap());
    let serves = settings("server", "for-servers");
    let _server = Served::with(place.orchestrator.clone(), serves, Arc::clone(&key), options());
    let (token, folder) = (token(&place).await, tempfile::tempdir().unwrap());
    let enrol = |settings| enrol_by_nats(folder.path(), settings, vec![key.public_key()], &token, None);
    let refused = enrol(settings("agent", "guessed-it")).await.unwrap_err().to_string();
    assert!(refused.contains("NATS") && !refused.contains("guessed-it"), "{refused}");
    let enrols = async {
        while enrol(settings("agent", "for-agents")).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, enrols).await.expect("the agent enrols");
    let (identity, signing) = openautomate_agent::Identity::load(folder.path()).unwrap();
    let agent = WebSocketTransport::by_nats(identity, signing, settings("agent", "for-agents")).unwrap();
    assert!(beats(&mut connected(&agent).await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_told_to_a_nats_of_the_right_certificate_alone() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("nats.pem"), folder.path().join("nats.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let nats = NatsServer::with(&format!(
        "tls {{ cert_file: {certificate:?}, key_file: {key:?} }}\nauthorization {{ user: ada, password: for-ada }}"
    ));
    let password = Secret::new("for-ada".to_owned());
    let settings = NatsSettings {
        login: NatsLogin::Password { user: "ada".into(), password },
        roots: Some(certificate),
        ..NatsSettings::new(nats.url().replace("nats://", "tls://"))
    };
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let strict = NatsSettings { roots: None, ..settings.clone() };
    assert_eq!(NatsLine::open(&strict).await.unwrap_err().kind(), ErrorKind::Unavailable);
    let line = NatsLine::open(&settings).await.unwrap();
    let nobody = line.dial("test", PipeSettings::default()).await.unwrap_err();
    assert_eq!(nobody.code(), "nats.nobody");
    // One that speaks no TLS is not taken for one that does.
    let plain = NatsServer::start();
    let wrong = NatsSettings { address: plain.url().replace("nats://", "tls://"), ..settings };
    assert_eq!(NatsLine::open(&wrong).await.unwrap_err().kind(), ErrorKind::Unavailable);
}
