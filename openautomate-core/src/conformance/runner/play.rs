//! One run of a case: its package, what it told, and how it ended.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::RunnerFixture;
use crate::domain::{
    ExecutionState, IsolationLevel, Lease, Limits, LogLine, LogStream, Progress, RunError, RunResult,
    RunStatus,
};
use crate::error::{Error, ErrorKind};
use crate::id::{AssetId, ExecutionId, ObjectId, WorkItemId};
use crate::runner::{Job, RunControl, RunEvent};
use crate::secret::Secret;
use crate::transport::message::{
    BucketCall, CallAnswer, ObjectInfo, QueueCall, QueueReply, RunCall, TakenItem,
};

/// What a run told.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// It begins.
    Started,
    /// A line.
    Line(LogLine),
    /// How far it is.
    Progress(Progress),
    /// A file: name, content, media type.
    Artifact(String, Vec<u8>, Option<String>),
    /// It asked for a secret.
    Secret(String),
    /// It worked with a queue.
    Queue(QueueCall),
    /// It wants something of the orchestrator.
    Call(RunCall),
}

/// A run that is being prepared. The artifact `refused.txt`, every secret but `password` and every queue but `invoices`
/// are refused; that one has the item `{"n": 1}`, once.
#[derive(Debug)]
pub struct Play {
    dir: TempDir,
    /// What is run; cases change it.
    pub job: Job,
    /// Stops the run.
    pub cancel: CancellationToken,
}

impl Play {
    /// A run of `main:run` in a package with these files.
    #[must_use]
    pub fn of(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        let (package_dir, work_dir) = (root.join("package"), root.join("work"));
        fs::create_dir(&work_dir).unwrap();
        for (name, text) in files {
            let path = package_dir.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let job = Job {
            lease: Lease { execution: ExecutionId::new(), epoch: 1 },
            package: "case".to_owned(),
            package_dir,
            work_dir,
            entrypoint: "main:run".to_owned(),
            command: Vec::new(),
            inputs: Map::new(),
            env: BTreeMap::new(),
            timeout: Some(Duration::from_secs(60)),
            grace: Duration::from_millis(300),
            python: None,
            limits: Limits::default(),
            isolation: IsolationLevel::L1,
        };
        Self { dir, job, cancel: CancellationToken::new() }
    }

    /// A run of `main.py`'s function `run`.
    #[must_use]
    pub fn main(source: &str) -> Self {
        Self::of(&[("main.py", source)])
    }

    /// With these inputs.
    #[must_use]
    pub fn inputs(mut self, inputs: &Value) -> Self {
        self.job.inputs = inputs.as_object().unwrap().clone();
        self
    }

    /// Runs it to its end.
    pub async fn run(self, fixture: &impl RunnerFixture) -> Ended {
        self.run_and(fixture, |_, _| {}).await
    }

    /// Runs it to its end and cancels it when it prints the line.
    pub async fn cancel_at(self, fixture: &impl RunnerFixture, line: &str) -> Ended {
        self.run_and(fixture, |told, cancel| {
            if matches!(told, Told::Line(told) if told.text == line) {
                cancel.cancel();
            }
        })
        .await
    }

    /// Runs it to its end and shows each thing that it tells.
    pub async fn run_and(
        self,
        fixture: &impl RunnerFixture,
        mut each: impl FnMut(&Told, &CancellationToken) + Send,
    ) -> Ended {
        let (events, mut receiver) = mpsc::channel(64);
        let control = RunControl { events, cancel: self.cancel.clone() };
        let runner = fixture.runner();
        let mut told = Vec::new();
        let taking = async {
            while let Some(event) = receiver.recv().await {
                let is_first = !told.iter().any(|told| matches!(told, Told::Queue(QueueCall::Take { .. })));
                let event = settle(event, is_first);
                each(&event, &self.cancel);
                told.push(event);
            }
        };
        let (result, ()) = tokio::join!(runner.run(self.job, control), taking);
        Ended { result, told, dir: Arc::new(self.dir) }
    }
}

fn settle(event: RunEvent, is_first: bool) -> Told {
    match event {
        RunEvent::Started => Told::Started,
        RunEvent::Log(line) => Told::Line(line),
        RunEvent::Progress(progress) => Told::Progress(progress),
        RunEvent::Artifact { name, path, content_type, reply } => {
            let content = fs::read(path).unwrap_or_default();
            let _ = reply.send(if name == "refused.txt" {
                Err(Error::invalid("artifact.refused", "the artifact is not wanted"))
            } else {
                Ok(())
            });
            Told::Artifact(name, content, content_type)
        }
        RunEvent::Secret { name, reply } => {
            let _ = reply.send(if name == "password" {
                Ok(Secret::new("hunter2".to_owned()))
            } else {
                Err(Error::not_found("asset", &name))
            });
            Told::Secret(name)
        }
        RunEvent::Queue { call, reply } => {
            let answered = match &call {
                QueueCall::Take { queue, .. } if queue == "invoices" => {
                    Ok(QueueReply::Item { item: is_first.then(|| Box::new(item())) })
                }
                QueueCall::Put { id, .. } => Ok(QueueReply::Added { id: *id }),
                QueueCall::Take { queue, .. } => Err(Error::not_found("work queue", queue)),
                _ => Ok(QueueReply::Done),
            };
            let _ = reply.send(answered);
            Told::Queue(call)
        }
        RunEvent::Call { call, reply } => {
            let _ = reply.send(Ok(answer(&call)));
            Told::Call(call)
        }
    }
}

fn item() -> TakenItem {
    TakenItem {
        id: WorkItemId::new(),
        epoch: 1,
        queue: "invoices".to_owned(),
        payload: serde_json::json!({"n": 1}),
        files: Vec::new(),
        reference: Some("INV-1".to_owned()),
        priority: 2,
        due_at: None,
        attempt: 1,
        max_attempts: 3,
    }
}

/// What an orchestrator might say: the bucket `absent` is not there, others hold `a/1` and `a/2`; the package `absent` is not there, `broken` fails, and nobody answers by the key
/// `later`.
fn answer(call: &RunCall) -> CallAnswer {
    let id = |last: u128| ExecutionId::from_uuid(uuid::Uuid::from_u128(last));
    match call {
        RunCall::StartChild { package, .. } if package == "absent" => {
            CallAnswer::Refused { error: ErrorKind::Invalid, message: "there is no such package".to_owned() }
        }
        RunCall::StartChild { package, .. } => {
            CallAnswer::Started { execution: id(if package == "broken" { 2 } else { 1 }) }
        }
        RunCall::AwaitChild { execution } if *execution == id(2) => CallAnswer::Ended {
            state: ExecutionState::Failed,
            outputs: serde_json::Map::new(),
            error: Some(RunError::new("ValueError", "no total")),
        },
        RunCall::AwaitChild { .. } => CallAnswer::Ended {
            state: ExecutionState::Succeeded,
            outputs: [("total".to_owned(), serde_json::json!(12.5))].into_iter().collect(),
            error: None,
        },
        RunCall::Bucket { call: BucketCall::Put { bucket, .. } } if bucket == "absent" => {
            CallAnswer::Refused { error: ErrorKind::NotFound, message: "there is no such bucket".to_owned() }
        }
        RunCall::Bucket { call: BucketCall::Put { key, path, content_type, .. } } => {
            let content = fs::read(path).unwrap();
            CallAnswer::Object { object: Some(object(key, &content, content_type.as_deref())), path: None }
        }
        RunCall::Bucket { call: BucketCall::List { from: None, .. } } => {
            CallAnswer::Objects { objects: vec![object("a/1", b"one", None)], next: Some("a/2".to_owned()) }
        }
        RunCall::Bucket { call: BucketCall::List { .. } } => {
            CallAnswer::Objects { objects: vec![object("a/2", b"two", None)], next: None }
        }
        RunCall::Bucket { call: BucketCall::Get { key, .. } } if key == "a/1" => {
            let path = std::env::temp_dir().join(format!("openautomate-{}", uuid::Uuid::new_v4()));
            fs::write(&path, b"one").unwrap();
            let path = Some(path.to_str().unwrap().to_owned());
            CallAnswer::Object { object: Some(object("a/1", b"one", None)), path }
        }
        RunCall::Bucket { call: BucketCall::Delete { key, .. } | BucketCall::Find { key, .. } }
            if key == "a/1" =>
        {
            CallAnswer::Object { object: Some(object("a/1", b"one", None)), path: None }
        }
        RunCall::Bucket { .. } => CallAnswer::Object { object: None, path: None },
        RunCall::AssetFile { name } if name == "certificate" => CallAnswer::AssetFile {
            asset: AssetId::from_uuid(uuid::Uuid::from_u128(3)),
            file_name: "client.pem".to_owned(),
            path: Some("/somewhere/client.pem".to_owned()),
        },
        RunCall::AssetFile { .. } => {
            CallAnswer::Refused { error: ErrorKind::NotFound, message: "there is no such asset".to_owned() }
        }
        RunCall::Approval(question) if question.key == "later" => CallAnswer::Waiting,
        RunCall::Approval(question) => CallAnswer::Answered {
            approved: question.key != "no",
            comment: "as agreed".to_owned(),
            answered_by: Some("ada".to_owned()),
        },
    }
}

fn object(key: &str, content: &[u8], content_type: Option<&str>) -> ObjectInfo {
    ObjectInfo {
        id: ObjectId::from_uuid(uuid::Uuid::from_u128(4)),
        key: key.to_owned(),
        size: content.len() as u64,
        sha256: hex::encode(Sha256::digest(content)),
        content_type: content_type.unwrap_or("text/plain").to_owned(),
        written_at: crate::clock::Timestamp::UNIX_EPOCH,
    }
}

/// A run that ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// How.
    pub result: RunResult,
    /// What it told, in order.
    pub told: Vec<Told>,
    /// Keeps the folders.
    pub dir: Arc<TempDir>,
}

impl Ended {
    /// The lines of one stream.
    #[must_use]
    pub fn lines(&self, stream: LogStream) -> Vec<&str> {
        self.all_lines().filter(|line| line.stream == stream).map(|line| line.text.as_str()).collect()
    }

    /// The texts of all lines in order.
    #[must_use]
    pub fn texts(&self) -> Vec<&str> {
        self.all_lines().map(|line| line.text.as_str()).collect()
    }

    /// All lines in order.
    pub fn all_lines(&self) -> impl Iterator<Item = &LogLine> {
        self.told.iter().filter_map(|told| if let Told::Line(line) = told { Some(line) } else { None })
    }

    /// The outputs of a run that must have succeeded.
    #[must_use]
    pub fn outputs(&self) -> Value {
        self.expect(RunStatus::Succeeded);
        Value::Object(self.result.outputs.clone())
    }

    /// The error of a run that must have failed.
    #[must_use]
    pub fn error(&self) -> &RunError {
        self.expect(RunStatus::Failed);
        self.result.error.as_ref().unwrap()
    }

    /// Panics with all that is known if the status is another one.
    pub fn expect(&self, status: RunStatus) {
        assert_eq!(self.result.status, status, "{:#?}\n{:#?}", self.result, self.texts());
    }

    /// The whole number that a line `name=17` tells.
    #[must_use]
    pub fn number(&self, name: &str) -> i32 {
        let prefix = format!("{name}=");
        self.texts().iter().find_map(|text| text.strip_prefix(&prefix)).unwrap().parse().unwrap()
    }
}
