//! What a command decided: rows to write, the audit entry, the kept answer, the events. A store commits all
//! of it or nothing.

use serde::{Deserialize, Serialize};

use crate::domain::{
    Agent, AgentPool, Asset, AuditEntry, Deployment, EnrolmentToken, Environment, Execution, ExecutionState,
    FileUser, Firing, IdempotencyRecord, InputFile, Invitation, Lease, Package, PackageVersion, Progress,
    Schedule, Session, User,
};
use crate::id::{
    AgentId, ArtifactId, AssetId, EnvironmentId, ExecutionId, FileId, PackageId, ScheduleId, VersionId,
};

/// A row of any kind that commands write.
#[expect(clippy::large_enum_variant, reason = "a change holds a few of them and lives for a moment")]
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A person.
    User(User),
    /// A session.
    Session(Session),
    /// An invitation.
    Invitation(Invitation),
    /// An environment.
    Environment(Environment),
    /// An agent.
    Agent(Agent),
    /// A pool of agents.
    AgentPool(AgentPool),
    /// An enrolment token.
    EnrolmentToken(EnrolmentToken),
    /// A package.
    Package(Package),
    /// A package version.
    PackageVersion(PackageVersion),
    /// A deployment.
    Deployment(Deployment),
    /// An execution.
    Execution(Box<Execution>),
    /// A schedule.
    Schedule(Box<Schedule>),
    /// An asset.
    Asset(Asset),
    /// An uploaded file.
    InputFile(InputFile),
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// A new row; its `revision` is stored as it is given (0 by custom). An id or unique name that is there
    /// already is a `Conflict`.
    Insert(Record),
    /// A changed row: the stored revision must equal the record's, and becomes one higher. Otherwise
    /// [`Error::stale_row`](crate::Error::stale_row).
    Update(Record),
    /// Removes an asset at this revision.
    DeleteAsset {
        /// Which.
        id: AssetId,
        /// The revision that was read.
        revision: i64,
    },
    /// From now on this execution or schedule uses these files, and no others.
    UseFiles {
        /// Which.
        user: FileUser,
        /// The files; one that is named twice counts once.
        files: Vec<FileId>,
    },
    /// A firing; one for the same schedule and due time that is there already is
    /// [`Error::stale_row`](crate::Error::stale_row): another server was first.
    Fire(Firing),
}

/// What became visible with a commit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// An execution was asked for, or waits no longer.
    ExecutionPending {
        /// Which.
        execution_id: ExecutionId,
    },
    /// An execution's state changed.
    ExecutionChanged {
        /// Which.
        execution_id: ExecutionId,
        /// The state now.
        state: ExecutionState,
    },
    /// An execution is further.
    ExecutionProgressed {
        /// Which.
        execution_id: ExecutionId,
        /// How far.
        progress: Progress,
    },
    /// A cancel was asked for an execution that an agent holds.
    CancelRequested {
        /// Which lease.
        lease: Lease,
        /// Whose.
        agent_id: AgentId,
    },
    /// Log lines were stored.
    LogAppended {
        /// Whose.
        lease: Lease,
        /// The highest line stored.
        stored_seq: u64,
    },
    /// The last log line of an ended attempt is stored.
    LogCompleted {
        /// Whose.
        lease: Lease,
    },
    /// A file was kept.
    ArtifactKept {
        /// Whose.
        execution_id: ExecutionId,
        /// Which.
        artifact_id: ArtifactId,
    },
    /// The back-off of some executions is over.
    ExecutionsWoken,
    /// An agent said how many slots are free.
    AgentReady {
        /// Which.
        agent_id: AgentId,
    },
    /// An agent was changed, came or went.
    AgentChanged {
        /// Which.
        agent_id: AgentId,
    },
    /// A package or one of its versions was changed.
    PackageChanged {
        /// Which.
        package_id: PackageId,
    },
    /// A version became the active one of an environment.
    VersionDeployed {
        /// Which.
        version_id: VersionId,
        /// Where.
        environment_id: EnvironmentId,
    },
    /// A schedule was made, changed, or fired.
    ScheduleChanged {
        /// Which.
        schedule_id: ScheduleId,
    },
    /// An agent connected; a connection that it has elsewhere is of no use any more.
    AgentConnected {
        /// Which.
        agent_id: AgentId,
    },
    /// Events of other servers may have been missed: whoever waits for one looks again.
    EventsMissed,
}

impl Event {
    /// Whether other servers on the same data want to know of it. What agents say of their slots is for the
    /// server that they are connected to; how far a run is may hold text of the automation, which is not sent
    /// around.
    #[must_use]
    pub const fn concerns_peers(&self) -> bool {
        !matches!(self, Self::AgentReady { .. } | Self::ExecutionProgressed { .. } | Self::EventsMissed)
    }
}

/// What a command decided.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// The rows, in the order in which they are written.
    pub writes: Vec<Write>,
    /// The audit entries, unsealed.
    pub audit: Vec<AuditEntry>,
    /// The answer to keep for a repeated request; a key that is there already is a `Conflict` with code
    /// `idempotency.exists`.
    pub idempotency: Option<IdempotencyRecord>,
    /// What subscribers hear after the commit. Stores don't look at them.
    pub events: Vec<Event>,
}

impl Changes {
    /// Nothing to write.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds a new row.
    #[must_use]
    pub fn insert(mut self, record: Record) -> Self {
        self.writes.push(Write::Insert(record));
        self
    }

    /// Adds a changed row.
    #[must_use]
    pub fn update(mut self, record: Record) -> Self {
        self.writes.push(Write::Update(record));
        self
    }

    /// Adds an event.
    #[must_use]
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }
}
