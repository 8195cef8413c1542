//! Valid records to write, and a small world in which they hold together.

mod access;
mod pool;
mod release;
mod schedule;
mod sign_in;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta};
use serde_json::{Map, Value, json};

use crate::changes::{Changes, Record};
use crate::clock::Timestamp;
use crate::domain::{
    ActorKind, ActorRef, Agent, AgentFacts, AgentStatus, Artifact, Asset, AssetFormat, AssetKind, AuditEntry,
    Deployment, EnrolmentToken, Environment, Execution, ExecutionState, InputFile, Invitation,
    IsolationLevel, Lease, LogChunk, LogLevel, LogLine, LogStream, OnAgentLost, Origin, Package,
    PackageVersion, Requirements, RetryPolicy, Role, Rollout, RolloutKind, RolloutState, RunError, RunReport,
    RunResult, RunStatus, Session, SignInMethod, StopProof, StopReason, User,
};
use crate::id::{
    AgentId, ArtifactId, AssetId, AuditId, DeploymentId, EnrolmentTokenId, EnvironmentId, ExecutionId,
    FileId, InvitationId, PackageId, RolloutId, SessionId, UserId, VersionId,
};
use crate::package::manifest::Manifest;
use crate::package::signature::{PackageSigner, Signed, Statement};
use crate::secret::Secret;
use crate::store::Store;

pub use access::{api_key, custom_role};
pub use pool::pool;
pub use release::agent_update;

/// A fixed instant with microseconds, so that a store that keeps milliseconds is found out.
///
/// # Panics
/// Never: the instant is in the calendar.
#[must_use]
pub fn instant() -> Timestamp {
    DateTime::from_timestamp_micros(1_767_323_045_678_901).expect("invariant: it is in the calendar")
}

/// So many seconds after [`instant`].
#[must_use]
pub fn at(seconds: i64) -> Timestamp {
    instant() + TimeDelta::seconds(seconds)
}

/// Thirty-two bytes that no other call gives.
#[must_use]
pub fn hash() -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..16].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    hash[16..].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
    hash
}

/// A map from JSON text of an object.
///
/// # Panics
/// If the value is no object.
#[must_use]
pub fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}

/// A person with this name, and an address made of it.
#[must_use]
pub fn user(name: &str) -> User {
    User {
        id: UserId::new(),
        username: name.to_owned(),
        email: format!("{name}@example.org"),
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
        roles: vec![Role::Operator, Role::Developer],
        custom_roles: Vec::new(),
        environment_roles: Vec::new(),
        disabled: false,
        created_at: instant(),
        last_login: None,
        deleted_at: None,
        revision: 0,
    }
}

/// An environment that is not the default.
#[must_use]
pub fn environment(name: &str) -> Environment {
    Environment {
        id: EnvironmentId::new(),
        name: name.to_owned(),
        is_default: false,
        author_keys: Vec::new(),
        max_concurrent: None,
        four_eyes: false,
        pause: None,
        created_at: instant(),
        revision: 0,
    }
}

/// A manifest with most of its keys.
///
/// # Panics
/// If the reader of manifests refuses it.
#[must_use]
pub fn manifest() -> Manifest {
    let text = r#"
        [project]
        name = "invoices"
        version = "1.2.3"
        description = "Reads invoices"
        requires-python = ">=3.10"
        dependencies = ["requests>=2"]

        [tool.openautomate]
        entrypoint = "invoices.main:run"
        timeout = "10m"
        retries = 2
        backoff = "30s"
        labels = ["excel", "linux"]
        priority = 3
        env = { LANG = "C.UTF-8" }
        python = "3.12"
    "#;
    Manifest::parse(text, None).unwrap_or_else(|error| panic!("the sample manifest is refused: {error}"))
}

/// An audit entry of the orchestrator itself.
#[must_use]
pub fn audit(action: &str) -> AuditEntry {
    AuditEntry {
        id: AuditId::new(),
        at: instant(),
        actor: ActorRef { kind: ActorKind::System, id: None, name: "system".to_owned() },
        action: action.to_owned(),
        object_kind: "package".to_owned(),
        object_id: PackageId::new().to_string(),
        detail: json!({"name": "invoices", "count": 2}),
        request_id: None,
        ip_address: None,
        seal: None,
    }
}

/// One line of standard output.
#[must_use]
pub fn line(text: &str) -> LogLine {
    LogLine::new(instant(), LogLevel::Info, LogStream::Stdout, text)
}

/// The lines `first ..= last` of a lease.
#[must_use]
pub fn chunk(lease: Lease, first: u64, last: u64) -> LogChunk {
    LogChunk {
        lease,
        first_seq: first,
        lines: (first..=last).map(|seq| line(&format!("line {seq}"))).collect(),
    }
}

/// What an agent tells of a run that was stopped.
#[must_use]
pub fn report() -> RunReport {
    let at =
        |second: i64| chrono::DateTime::from_timestamp(1_790_000_000 + second, 5_000).unwrap_or_default();
    RunReport {
        isolation: IsolationLevel::L2,
        stop: Some(StopProof {
            reason: StopReason::LimitExceeded,
            requested_at: at(0),
            delivered_at: at(1),
            killed: true,
            empty_at: Some(at(2)),
            survivors: 0,
        }),
        left_behind: 3,
    }
}

/// A run that failed.
#[must_use]
pub fn failed() -> RunResult {
    RunResult {
        exit_code: Some(1),
        report: Some(report()),
        ..RunResult::ended(RunStatus::Failed, RunError::new("ValueError", "no total"))
    }
}

/// A run that ended well with one output.
#[must_use]
pub fn succeeded() -> RunResult {
    let result = RunResult::succeeded(map(json!({"total": 12.5})));
    RunResult { exit_code: Some(0), report: Some(report()), ..result }
}

/// A store that holds one of each thing that an execution needs.
#[derive(Clone, Debug)]
pub struct World {
    /// The store.
    pub store: Arc<dyn Store>,
    /// Who made everything.
    pub user: User,
    /// The default environment.
    pub environment: Environment,
    /// An agent in it, without labels.
    pub agent: Agent,
    /// A package.
    pub package: Package,
    /// Its active version.
    pub version: PackageVersion,
    /// What makes it the active one of the environment.
    pub deployment: Deployment,
}

impl World {
    /// Writes the world into an empty store.
    ///
    /// # Panics
    /// If the store refuses it.
    pub async fn new(store: Arc<dyn Store>) -> Self {
        let user = user("ada");
        let environment = Environment { is_default: true, ..environment("production") };
        let (environment_id, user_id) = (environment.id, user.id);
        let agent = agent("bot-1", environment_id, user_id);
        let package = package("invoices", user_id);
        let version = version(package.id, "1.2.3", user_id);
        let deployment = deployment(&version, environment_id);
        let changes = Changes::none()
            .insert(Record::User(user.clone()))
            .insert(Record::Environment(environment.clone()))
            .insert(Record::Agent(agent.clone()))
            .insert(Record::Package(package.clone()))
            .insert(Record::PackageVersion(version.clone()))
            .insert(Record::Deployment(deployment.clone()));
        store.commit(changes).await.unwrap_or_else(|error| panic!("the sample world is refused: {error}"));
        Self { store, user, environment, agent, package, version, deployment }
    }

    /// Another deployment of the version; not written yet.
    #[must_use]
    pub fn new_deployment(&self, environment: EnvironmentId) -> Deployment {
        deployment(&self.version, environment)
    }

    /// A `Pending` execution that is due at [`instant`] and is tried once; not written yet.
    #[must_use]
    pub fn execution(&self) -> Execution {
        Execution {
            id: ExecutionId::new(),
            package_id: self.package.id,
            version_id: self.version.id,
            environment_id: self.environment.id,
            state: ExecutionState::Pending,
            priority: 0,
            labels: Vec::new(),
            pinned_agent_id: None,
            requirements: Requirements::default(),
            concurrency: None,
            inputs: Map::new(),
            outputs: None,
            error: None,
            origin: Origin::Manual { user_id: self.user.id },
            retry: RetryPolicy::new(1, 1_000, OnAgentLost::Fail),
            timeout_ms: None,
            queue_timeout_ms: None,
            run_at: instant(),
            lease_epoch: 0,
            agent_id: None,
            lease_until: None,
            failed_attempts: 0,
            progress: None,
            cancel_requested_at: None,
            created_at: instant(),
            started_at: None,
            ended_at: None,
            revision: 0,
        }
    }

    /// An execution that is tried `max_attempts` times, also when its agent is lost.
    #[must_use]
    pub fn retried(&self, max_attempts: u32) -> Execution {
        let retry = RetryPolicy::new(max_attempts, 1_000, OnAgentLost::Retry);
        Execution { retry, ..self.execution() }
    }

    /// A plain asset; not written yet.
    #[must_use]
    pub fn asset(&self, name: &str) -> Asset {
        Asset {
            id: AssetId::new(),
            environment_id: self.environment.id,
            name: name.to_owned(),
            kind: AssetKind::Plain,
            format: AssetFormat::Text,
            file: None,
            allowed_packages: None,
            description: "an address".to_owned(),
            sealed: vec![0, 1, 2, 0xFF],
            updated_by: self.user.id,
            created_at: instant(),
            updated_at: instant(),
            revision: 0,
        }
    }

    /// An uploaded file of the user that expires at [`at`] 60; not written yet.
    #[must_use]
    pub fn file(&self, name: &str) -> InputFile {
        InputFile {
            id: FileId::new(),
            name: name.to_owned(),
            content_type: "application/pdf".to_owned(),
            size: 4,
            sha256: "ab".repeat(32),
            created_by: self.user.id,
            created_at: instant(),
            expires_at: at(60),
            removed_at: None,
            revision: 0,
        }
    }

    /// A session of the user; not written yet.
    #[must_use]
    pub fn session(&self) -> Session {
        Session {
            id: SessionId::new(),
            user_id: self.user.id,
            method: SignInMethod::Password,
            token_hash: hash(),
            previous_token_hash: None,
            created_at: instant(),
            rotated_at: instant(),
            ip_address: None,
            user_agent: None,
            expires_at: at(3_600),
            revoked_at: None,
            revision: 0,
        }
    }

    /// An invitation by the user; not written yet.
    #[must_use]
    pub fn invitation(&self) -> Invitation {
        Invitation {
            id: InvitationId::new(),
            token_hash: hash(),
            email: "grace@example.org".to_owned(),
            roles: vec![Role::Viewer],
            created_by: Some(self.user.id),
            created_at: instant(),
            expires_at: at(3_600),
            used_at: None,
            withdrawn_at: None,
            revision: 0,
        }
    }

    /// An enrolment token for a new agent; not written yet.
    #[must_use]
    pub fn enrolment_token(&self) -> EnrolmentToken {
        EnrolmentToken {
            id: EnrolmentTokenId::new(),
            token_hash: hash(),
            agent_id: None,
            environment_id: self.environment.id,
            labels: vec!["linux".to_owned()],
            created_by: self.user.id,
            created_at: instant(),
            expires_at: at(3_600),
            used_at: None,
            revision: 0,
        }
    }

    /// A file of a lease; not written yet.
    #[must_use]
    pub fn artifact(&self, lease: Lease, name: &str) -> Artifact {
        Artifact {
            id: ArtifactId::new(),
            execution_id: lease.execution,
            epoch: lease.epoch,
            name: name.to_owned(),
            content_type: "text/csv".to_owned(),
            size: 5_000_000_000,
            sha256: hex::encode(hash()),
            created_at: instant(),
        }
    }
}

/// An agent in an environment.
#[must_use]
pub fn agent(name: &str, environment_id: EnvironmentId, owner_id: UserId) -> Agent {
    Agent {
        id: AgentId::new(),
        name: name.to_owned(),
        machine_name: format!("{name}.example.org"),
        ip_address: "192.0.2.7".to_owned(),
        status: AgentStatus::Active,
        environment_id,
        owner_id,
        labels: Vec::new(),
        pool_ids: Vec::new(),
        drain_until: None,
        quarantine: None,
        maintenance_windows: Vec::new(),
        slots: 4,
        public_key: None,
        facts: AgentFacts::default(),
        registered_at: instant(),
        last_heartbeat: instant(),
        deleted_at: None,
        revision: 0,
    }
}

/// A package.
#[must_use]
pub fn package(name: &str, creator_id: UserId) -> Package {
    Package {
        id: PackageId::new(),
        name: name.to_owned(),
        description: "Reads invoices".to_owned(),
        max_concurrent: None,
        creator_id,
        created_at: instant(),
        updated_at: instant(),
        deleted_at: None,
        revision: 0,
    }
}

/// A version of a package.
#[must_use]
pub fn version(package_id: PackageId, number: &str, created_by: UserId) -> PackageVersion {
    PackageVersion {
        id: VersionId::new(),
        package_id,
        version_number: number.to_owned(),
        digest: hex::encode(hash()),
        size: 123_456,
        manifest: manifest(),
        signature: signed(),
        author: Some(signed()),
        created_by,
        created_at: instant(),
        revision: 0,
    }
}

/// A version as the active one of an environment.
#[must_use]
pub fn deployment(version: &PackageVersion, environment_id: EnvironmentId) -> Deployment {
    Deployment {
        id: DeploymentId::new(),
        package_id: version.package_id,
        environment_id,
        version_id: version.id,
        deployed_by: version.created_by,
        deployed_at: instant(),
        revision: 0,
    }
}

/// A rollout of a version to an environment, that waits.
#[must_use]
pub fn rollout(version: &PackageVersion, environment_id: EnvironmentId) -> Rollout {
    Rollout {
        id: RolloutId::new(),
        package_id: version.package_id,
        environment_id,
        version_id: version.id,
        kind: RolloutKind::Deploy,
        from_environment_id: None,
        previous_version_id: None,
        state: RolloutState::Waiting,
        requested_by: version.created_by,
        requested_at: instant(),
        decided_by: None,
        decided_at: None,
        comment: String::new(),
        revision: 0,
    }
}

/// A signature; a store does not look at what it says.
fn signed() -> Signed {
    PackageSigner::from_seed(&Secret::new([7; 32])).sign(&Statement::Authored { digest: "" })
}
