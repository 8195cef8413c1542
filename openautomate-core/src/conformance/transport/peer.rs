//! The agent that a case plays.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::TransportFixture;
use super::world::{World, soon};
use crate::clock::{Clock as _, SystemClock};
use crate::domain::{AgentFacts, Lease, LogChunk, LogLevel, LogLine, LogStream, RunResult};
use crate::error::ErrorKind;
use crate::id::AgentId;
use crate::transport::{
    AgentLink, AgentMessage, Assignment, Hello, PROTOCOL_VERSION, ServerMessage, Transport,
};

const SLOTS: u32 = 200;

/// An agent and its transport.
pub(super) struct Peer {
    pub(super) id: AgentId,
    pub(super) transport: Arc<dyn Transport>,
}

impl Peer {
    /// Connects and says hello, holding these leases.
    pub(super) async fn connect_with(&self, leases: Vec<Lease>) -> Connection {
        let link = soon("a connection", self.transport.connect()).await.unwrap();
        let mut connection = Connection { link, received: 0 };
        let facts = AgentFacts::default();
        let hello = Hello { protocol: PROTOCOL_VERSION, facts, slots: SLOTS, leases, sealing: None };
        connection.say(AgentMessage::Hello(hello)).await;
        let welcome = connection.next().await;
        assert!(matches!(welcome, ServerMessage::Welcome(_)), "{welcome:?}");
        connection
    }

    pub(super) async fn connect(&self) -> Connection {
        self.connect_with(Vec::new()).await
    }

    /// Connects and is given an execution with these inputs.
    pub(super) async fn leased_with<F: TransportFixture>(
        &self,
        world: &World<F>,
        inputs: Value,
    ) -> (Connection, Lease) {
        let Value::Object(inputs) = inputs else { panic!("inputs are an object") };
        let execution = world.enqueue(self.id, inputs).await;
        let mut connection = self.connect().await;
        connection.ready(1).await;
        let lease = connection.assignment().await.lease;
        assert_eq!(lease.execution, execution);
        (connection, lease)
    }

    pub(super) async fn leased<F: TransportFixture>(&self, world: &World<F>) -> (Connection, Lease) {
        self.leased_with(world, json!({})).await
    }
}

/// A connection of a played agent.
pub(super) struct Connection {
    pub(super) link: AgentLink,
    received: u64,
}

impl Connection {
    pub(super) async fn say(&self, message: AgentMessage) {
        let sent = soon("the server takes a message", self.link.sender.send(message)).await;
        sent.expect("the connection holds");
    }

    /// The next message but for hints; `None` at the end of the connection.
    pub(super) async fn heard(&mut self) -> Option<ServerMessage> {
        loop {
            match soon("a message or the end", self.link.receiver.recv()).await {
                Some(ServerMessage::Prepare(_)) => {}
                other => return other,
            }
        }
    }

    pub(super) async fn next(&mut self) -> ServerMessage {
        self.heard().await.expect("the connection holds")
    }

    pub(super) async fn ready(&self, free: u32) {
        self.say(AgentMessage::Ready { free, ahead: 0, received: self.received }).await;
    }

    pub(super) async fn assignment(&mut self) -> Assignment {
        self.received += 1;
        match self.next().await {
            ServerMessage::Assign(assignment) => *assignment,
            other => panic!("no assignment: {other:?}"),
        }
    }

    /// Says one line.
    pub(super) async fn log(&self, lease: Lease, seq: u64, text: &str) {
        let line = LogLine::new(SystemClock.now(), LogLevel::Info, LogStream::Stdout, text);
        self.say(AgentMessage::Logs { chunks: vec![LogChunk { lease, first_seq: seq, lines: vec![line] }] })
            .await;
    }

    /// Ends a run, and waits until that is stored.
    pub(super) async fn finish(&mut self, lease: Lease, outputs: Map<String, Value>) {
        let result = RunResult::succeeded(outputs);
        self.say(AgentMessage::Finished { lease, result, final_log_seq: 0 }).await;
        let answer = self.next().await;
        assert!(matches!(answer, ServerMessage::FinishAck { lease: told } if told == lease), "{answer:?}");
    }

    /// Asks for a renewal of nothing, which the server answers once all before it is handled.
    pub(super) async fn beat(&mut self) {
        self.say(AgentMessage::Heartbeat { leases: Vec::new(), usage: None }).await;
        let answer = self.next().await;
        assert!(matches!(answer, ServerMessage::Renewed { .. }), "{answer:?}");
    }

    /// The end: the server's reason, if it gave one, and then nothing, also for what is said now.
    pub(super) async fn ended(&mut self) -> Option<ErrorKind> {
        let mut reason = None;
        while let Some(message) = self.heard().await {
            match message {
                ServerMessage::Bye { kind, .. } => reason = Some(kind),
                _ => assert!(reason.is_none(), "something follows the reason: {message:?}"),
            }
        }
        soon("the end is seen by who sends", self.link.sender.closed()).await;
        reason
    }
}
