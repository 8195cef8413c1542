//! What the agent and the process of a run say to each other: a JSON object a line, both ways, over a socket
//! pair (two named pipes on Windows).
//!
//! The process may be hostile: a line has a bound, and what does not fit ends the run, never the agent.
//! Unknown fields are ignored, so that either side may be newer.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{LogLevel, RunError};
use crate::error::ErrorKind;
use crate::transport::message::{QueueCall, QueueReply};

/// The version of the protocol; it changes when a message changes its meaning.
pub const VERSION: u32 = 1;

/// The longest message in bytes; it bounds the outputs.
pub const MAX_MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// What the agent says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ParentMessage {
    /// What to run; the first message.
    Start {
        /// `module:function` or `script.py`.
        entrypoint: String,
        /// The unpacked package.
        package_dir: String,
        /// The inputs by name.
        inputs: Map<String, Value>,
        /// What a process that was started before its run was known has to take over.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        place: Option<Place>,
        /// What it may read and write, if it shall be confined.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        confine: Option<Confine>,
    },
    /// Stop soon.
    Cancel,
    /// The file was kept.
    ArtifactKept {
        /// The question's number.
        id: u64,
    },
    /// The file was not kept.
    ArtifactRefused {
        /// The question's number.
        id: u64,
        /// Why.
        message: String,
    },
    /// The value of a secret.
    SecretValue {
        /// The question's number.
        id: u64,
        /// The value.
        value: String,
    },
    /// The secret is not given.
    SecretRefused {
        /// The question's number.
        id: u64,
        /// Why.
        message: String,
    },
    /// What came of the work with a queue.
    QueueReply {
        /// The question's number.
        id: u64,
        /// The answer.
        reply: QueueReply,
    },
    /// What was wanted of a queue is refused.
    QueueRefused {
        /// The question's number.
        id: u64,
        /// What kind of reason.
        kind: ErrorKind,
        /// Why.
        message: String,
    },
}

/// What a process gets at its start, if its run is known by then.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    /// The value of the mark of the run's processes.
    pub mark: String,
    /// The working directory; absolute.
    pub work_dir: String,
    /// The environment variables that the package asks for.
    pub env: BTreeMap<String, String>,
}

/// How a run is confined: beyond what every program reads and writes, and its interpreter.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Confine {
    /// Folders that it may read.
    pub readable: Vec<PathBuf>,
    /// Folders that it may write.
    pub writable: Vec<PathBuf>,
}

impl std::fmt::Debug for Place {
    /// Hides the variables: packages put all sorts of things there.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Place").field("mark", &self.mark).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ParentMessage {
    /// Names the message and hides inputs, secrets and payloads.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Start { .. } => "Start",
            Self::Cancel => "Cancel",
            Self::ArtifactKept { .. } => "ArtifactKept",
            Self::ArtifactRefused { .. } => "ArtifactRefused",
            Self::SecretValue { .. } => "SecretValue",
            Self::SecretRefused { .. } => "SecretRefused",
            Self::QueueReply { .. } => "QueueReply",
            Self::QueueRefused { .. } => "QueueRefused",
        })
    }
}

/// What the process says.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ChildMessage {
    /// The interpreter is up and waits for the start; the first message.
    Ready {
        /// The version of the protocol.
        version: u32,
        /// The version of Python.
        python: String,
        /// Whether the native bridge speaks, or the one in Python.
        native: bool,
    },
    /// The automation's first instruction is about to run.
    Started {
        /// Whether files and system calls are confined.
        #[serde(default)]
        confined: bool,
    },
    /// A record of `logging`.
    Log {
        /// When, in microseconds since 1970.
        time: i64,
        /// How severe.
        level: LogLevel,
        /// The logger's name.
        logger: String,
        /// `file:line`.
        source: Option<String>,
        /// The text with the traceback.
        message: String,
        /// How much the process had written to stdout through `sys.stdout` by then.
        stdout_bytes: u64,
        /// The same for stderr.
        stderr_bytes: u64,
    },
    /// How far it is.
    Progress {
        /// 0 to 1.
        fraction: f64,
        /// What it does.
        message: Option<String>,
    },
    /// Keep a file; an answer is awaited.
    Artifact {
        /// The question's number.
        id: u64,
        /// The name to keep it under.
        name: String,
        /// Where it lies; absolute.
        path: String,
        /// Its media type.
        content_type: Option<String>,
    },
    /// Give a secret; an answer is awaited.
    Secret {
        /// The question's number.
        id: u64,
        /// Its name.
        name: String,
    },
    /// Work with a queue; an answer is awaited.
    Queue {
        /// The question's number.
        id: u64,
        /// What is wanted.
        call: QueueCall,
    },
    /// The automation has ended; threads of it may go on until the process ends.
    Finished(Finished),
}

/// How an automation ended.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finished {
    /// Whether it returned.
    pub succeeded: bool,
    /// The outputs by name.
    #[serde(default)]
    pub outputs: Map<String, Value>,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<RunError>,
    /// Whether it had been asked to stop before it ended.
    #[serde(default)]
    pub saw_cancel: bool,
}

/// A message as a line.
///
/// # Errors
/// If it can't be written as JSON, which happens for no message that was read from JSON.
pub fn encode(message: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    Ok(line)
}

/// Cuts the bytes of a channel into messages, within [`MAX_MESSAGE_BYTES`].
#[derive(Debug, Default)]
pub struct Inbox {
    bytes: Vec<u8>,
    /// Where the next message begins.
    start: usize,
    /// How far the bytes were searched for its end.
    searched: usize,
}

/// A line was longer than [`MAX_MESSAGE_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message has more than {MAX_MESSAGE_BYTES} bytes")]
pub struct TooLong;

impl Inbox {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole line.
    ///
    /// # Errors
    /// [`TooLong`] once more bytes than a message may have came without an end of line.
    pub fn next_line(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        let end = self.bytes[self.searched..].iter().position(|byte| *byte == b'\n');
        let end = end.map(|end| end + self.searched);
        self.searched = end.map_or(self.bytes.len(), |end| end + 1);
        let line = &self.bytes[self.start..end.unwrap_or(self.bytes.len())];
        if line.len() > MAX_MESSAGE_BYTES {
            return Err(TooLong);
        }
        Ok(end.map(|_| {
            let line = line.to_vec();
            self.start = self.searched;
            line
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_come_whole_whatever_the_reads() {
        let mut inbox = Inbox::default();
        inbox.push(b"on");
        assert_eq!(inbox.next_line(), Ok(None));
        inbox.push(b"e\ntwo\nth");
        assert_eq!(inbox.next_line(), Ok(Some(b"one".to_vec())));
        assert_eq!(inbox.next_line(), Ok(Some(b"two".to_vec())));
        assert_eq!(inbox.next_line(), Ok(None));
    }

    #[test]
    fn a_line_without_end_is_refused() {
        let mut inbox = Inbox::default();
        inbox.push(&vec![b'x'; MAX_MESSAGE_BYTES + 1]);
        assert_eq!(inbox.next_line(), Err(TooLong));
    }

    #[test]
    fn messages_have_stable_names() {
        let line = encode(&ParentMessage::SecretRefused { id: 7, message: "no".to_owned() }).unwrap();
        assert_eq!(line, b"{\"type\":\"secretRefused\",\"id\":7,\"message\":\"no\"}\n");
        let text = r#"{"type":"log","time":1,"level":"info","logger":"a","source":null,"message":"m",
            "stdoutBytes":3,"stderrBytes":0,"added":"later"}"#;
        let message: ChildMessage = serde_json::from_str(text).unwrap();
        assert!(matches!(message, ChildMessage::Log { stdout_bytes: 3, level: LogLevel::Info, .. }));
    }

    #[test]
    fn debug_hides_values() {
        let message = ParentMessage::SecretValue { id: 1, value: "hunter2".to_owned() };
        assert_eq!(format!("{message:?}"), "SecretValue");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = serde_json::from_slice::<ChildMessage>(&bytes);
        }
    }
}
