//! What orchestrator and agent tell each other: one versioned enum each way, as JSON on a wire.
//!
//! Fields may be added with a default; a field or variant is never given another meaning. A side that meets
//! an unknown field passes over it.

mod call;
mod queue;
mod secret;
mod update;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{
    AgentFacts, AgentUpdateState, FolderWatch, IsolationLevel, Lease, Limits, LogChunk, Progress, RunResult,
    Usage, WatchState,
};
use crate::error::ErrorKind;
use crate::id::{AgentRolloutId, FileId, PackageId, VersionId};
use crate::package::signature::{PublicKey, Signed};
use crate::sealing::SealingOffer;

pub use call::{BucketCall, CallAnswer, ObjectInfo, PutCondition, RunCall};
pub use queue::{QueueAnswer, QueueCall, QueueReply, TakenItem};
pub use secret::{InClear, NamesAnswer, SecretAnswer};
pub use update::{PreparationWord, UpdateOrder};

/// The version of these messages. The server refuses agents that speak another one.
pub const PROTOCOL_VERSION: u32 = 1;

/// From an agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AgentMessage {
    /// The first message of a connection.
    Hello(Hello),
    /// How many more executions it takes, counted when it had received `received` assignments in this
    /// connection. The server may push `free - (sent - received)` more, and `ahead` beyond.
    Ready {
        /// Free slots.
        free: u32,
        /// How many it would take beyond those, since its slots are free again within a moment: to be given when no
        /// other agent has a free one. What can't begin soon after all comes back as a [`AgentMessage::Release`].
        #[serde(default)]
        ahead: u32,
        /// Assignments received in this connection.
        received: u64,
    },
    /// It lives and still works on these leases.
    Heartbeat {
        /// Every lease that it holds, those whose finish is not acknowledged too.
        leases: Vec<Lease>,
        /// How busy its machine is, if it knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        usage: Option<Usage>,
    },
    /// A run began. Repeated after a reconnect.
    Started {
        /// Which.
        lease: Lease,
    },
    /// It can't take an assignment that has not begun; somebody else may.
    Release {
        /// Which.
        lease: Lease,
    },
    /// Log lines; repeated until acknowledged.
    Logs {
        /// At most a few hundred kilobytes together.
        chunks: Vec<LogChunk>,
    },
    /// How far a run is.
    Progress {
        /// Which.
        lease: Lease,
        /// How far.
        progress: Progress,
    },
    /// A run ended; repeated until acknowledged.
    Finished {
        /// Which.
        lease: Lease,
        /// How.
        result: RunResult,
        /// The number of its last log line; 0 if there is none.
        final_log_seq: u64,
    },
    /// A run asks for the value of an asset.
    Secret {
        /// Chosen by the agent, comes back with the answer.
        request: u64,
        /// Which run.
        lease: Lease,
        /// The asset's name.
        name: String,
    },
    /// A run asks which assets it may read.
    AssetNames {
        /// Chosen by the agent, comes back with the answer.
        request: u64,
        /// Which run.
        lease: Lease,
    },
    /// A run works with a queue.
    Queue {
        /// Chosen by the agent, comes back with the answer.
        request: u64,
        /// Which run.
        lease: Lease,
        /// Whether it was asked before, in a connection that ended without an answer.
        is_repeated: bool,
        /// What it wants.
        call: QueueCall,
    },
    /// A run wants something done. Asked again, it is done once.
    Call {
        /// Chosen by the agent, comes back with the answer.
        request: u64,
        /// Which run.
        lease: Lease,
        /// What.
        call: RunCall,
    },
    /// How the folders are that it was asked to watch: all of them, whenever one is otherwise.
    Watches {
        /// Each of them.
        states: Vec<WatchState>,
    },
    /// How far it is with versions that it was told of or runs. Said to servers only that hear it
    /// ([`Welcome::hears_preparations`]).
    Prepared {
        /// At most [`AgentPreparation::MAX_TOLD`](crate::domain::AgentPreparation::MAX_TOLD).
        versions: Vec<PreparationWord>,
    },
    /// How far it is with an update. Said as an answer to [`ServerMessage::Update`], and as it goes on.
    Update {
        /// Of which rollout.
        rollout: AgentRolloutId,
        /// How far.
        state: AgentUpdateState,
        /// Why it failed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
}

/// The first message of an agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// What it tells of its machine.
    pub facts: AgentFacts,
    /// How many executions it runs at once.
    pub slots: u32,
    /// Every lease that it holds, those whose finish is not acknowledged too.
    pub leases: Vec<Lease>,
    /// The key for which secrets are to be sealed in this connection. Without, they come in clear, if the server gives
    /// them at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealing: Option<SealingOffer>,
}

/// From the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ServerMessage {
    /// The answer to `Hello`.
    Welcome(Welcome),
    /// An execution to run.
    Assign(Box<Assignment>),
    /// Somebody asked for a cancel.
    Cancel {
        /// Which.
        lease: Lease,
    },
    /// The answer to `Heartbeat`: these hold for another lease time; each lease that is missing is stale.
    Renewed {
        /// Renewed.
        leases: Vec<Lease>,
        /// Those of them that shall be cancelled.
        cancel: Vec<Lease>,
        /// Those that are no longer this agent's: stop their processes, keep nothing.
        stale: Vec<Lease>,
    },
    /// Lines up to `stored_seq` are stored.
    LogAck {
        /// Whose.
        lease: Lease,
        /// The highest contiguous line stored.
        stored_seq: u64,
    },
    /// A finish is stored.
    FinishAck {
        /// Which.
        lease: Lease,
    },
    /// A version was deployed where the agent works; it will be run soon.
    Prepare(Box<Preparation>),
    /// A release to run. An agent that does not know this passes over it, and is told so by its facts.
    Update(Box<UpdateOrder>),
    /// A lease is no longer this agent's.
    Stale {
        /// Which.
        lease: Lease,
    },
    /// The answer to `Secret`.
    Secret {
        /// As asked.
        request: u64,
        /// The value, or why it is refused.
        answer: SecretAnswer,
    },
    /// The answer to `AssetNames`.
    AssetNames {
        /// As asked.
        request: u64,
        /// The names, or why they are refused.
        answer: NamesAnswer,
    },
    /// The answer to `Queue`.
    Queue {
        /// As asked.
        request: u64,
        /// What came of it, or why it is refused.
        answer: QueueAnswer,
    },
    /// The answer to `Call`.
    Called {
        /// As asked.
        request: u64,
        /// What came of it.
        answer: CallAnswer,
    },
    /// The folders to watch from now on, and no others. An agent that connects watches none until it is told.
    Watch {
        /// At most some hundred.
        folders: Vec<FolderWatch>,
    },
    /// The server ends the connection and says why; a retryable kind asks to come back later.
    Bye {
        /// What kind of reason.
        kind: ErrorKind,
        /// The reason.
        message: String,
    },
}

/// The answer to an agent's `Hello`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// [`PROTOCOL_VERSION`].
    pub protocol: u32,
    /// The version of the server program.
    pub server_version: String,
    /// How long a lease holds after a renewal, in milliseconds.
    pub lease_ttl_ms: u64,
    /// How often to renew, in milliseconds.
    pub renew_every_ms: u64,
    /// How long before the end of an unrenewed lease its processes must be dead, in milliseconds.
    pub lease_margin_ms: u64,
    /// The keys by which the repository's signatures are checked by an agent that was not told any when it
    /// was enrolled.
    #[serde(default)]
    pub package_keys: Vec<PublicKey>,
    /// Those of the leases in `Hello` that are no longer this agent's.
    pub stale: Vec<Lease>,
    /// Those that shall be cancelled.
    pub cancel: Vec<Lease>,
    /// The largest artifact that the server keeps, in bytes.
    #[serde(default = "any_size")]
    pub max_artifact_bytes: u64,
    /// Whether the server hears [`AgentMessage::Prepared`]; one that does not would end the connection.
    #[serde(default)]
    pub hears_preparations: bool,
    /// Whether the server took the key in `Hello`: from now on it gives no secret in clear, and an agent takes none.
    #[serde(default)]
    pub seals_secrets: bool,
}

/// What a server takes that does not say it.
fn any_size() -> u64 {
    u64::MAX
}

/// Which version of a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PackageRef {
    /// The package's id.
    pub id: PackageId,
    /// The package's name.
    pub name: String,
    /// The version's number.
    pub version_number: String,
    /// SHA-256 of the index of its content in hex.
    pub digest: String,
    /// The bytes of all its files.
    pub size: u64,
    /// The repository's signature over package, number and digest.
    pub signature: Signed,
    /// An author's signature over the digest, if it has one.
    #[serde(default)]
    pub author: Option<Signed>,
}

/// A version that was deployed where the agent works: it may fetch it and make its environment ahead of the
/// first run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preparation {
    /// The version's id, under which it is fetched.
    pub version: VersionId,
    /// What to fetch.
    pub package: PackageRef,
    /// Which runner.
    pub runtime: String,
    /// `module:function` or `script.py`.
    pub entrypoint: String,
}

/// An execution to run.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// The right to run it.
    pub lease: Lease,
    /// How long the lease holds from now, in milliseconds.
    pub lease_ttl_ms: u64,
    /// What to run.
    pub package: PackageRef,
    /// The version's id, under which the agent tells how far it is with it.
    #[serde(default)]
    pub version: Option<VersionId>,
    /// Which runner.
    pub runtime: String,
    /// `module:function` or `script.py`.
    pub entrypoint: String,
    /// Program and arguments, for the command runner.
    pub command: Vec<String>,
    /// Environment variables that the package asks for.
    pub env: BTreeMap<String, String>,
    /// The inputs by name.
    pub inputs: Map<String, Value>,
    /// The uploaded files that the inputs name, by place.
    #[serde(default)]
    pub files: Vec<AssignedFile>,
    /// The time limit in milliseconds.
    pub timeout_ms: Option<u64>,
    /// How long a cancelled run may take to end by itself, in milliseconds.
    pub grace_ms: u64,
    /// What the package may use.
    #[serde(default)]
    pub limits: Limits,
    /// How far the package wants to be confined.
    #[serde(default)]
    pub isolation: IsolationLevel,
}

/// An uploaded file that an input names: the run gets its path in place of its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AssignedFile {
    /// Where in the inputs it is named: a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// Which file.
    pub id: FileId,
    /// Its name; a plain file name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its content in hex.
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::id::ExecutionId;

    #[test]
    fn an_unknown_field_is_passed_over() {
        let text = r#"{"type":"ready","free":2,"received":0,"colour":"red"}"#;
        assert!(matches!(serde_json::from_str(text), Ok(AgentMessage::Ready { free: 2, .. })));
    }

    #[test]
    fn who_knows_nothing_of_sealing_is_understood() {
        let hello = json!({
            "type": "hello", "protocol": 1, "slots": 1, "leases": [], "facts": AgentFacts::default(),
        });
        let AgentMessage::Hello(mut hello) = serde_json::from_value(hello).unwrap() else {
            panic!("a hello")
        };
        assert_eq!(hello.sealing, None);
        assert!(serde_json::to_value(&hello).unwrap().get("sealing").is_none(), "nothing new is said");
        let welcome = json!({
            "protocol": 1, "serverVersion": "0.1.0", "leaseTtlMs": 1, "renewEveryMs": 1, "leaseMarginMs": 1,
            "stale": [], "cancel": [],
        });
        assert!(!serde_json::from_value::<Welcome>(welcome).unwrap().seals_secrets);
        // An offer goes through JSON as it is.
        hello.sealing = Some(crate::sealing::SealingKeys::generate().unwrap().offer_in_process());
        let text = serde_json::to_string(&hello).unwrap();
        assert_eq!(serde_json::from_str::<Hello>(&text).unwrap().sealing, hello.sealing);
    }

    #[test]
    fn variants_are_tagged() {
        let lease = Lease { execution: ExecutionId::new(), epoch: 1 };
        let json = serde_json::to_value(AgentMessage::Started { lease }).unwrap();
        assert_eq!(json["type"], "started");
        assert_eq!(json["lease"]["epoch"], 1);
    }
}
