//! What an operator sets.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::Role;
use crate::permission::{Actor, Permission, Principal};

/// Who may make an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Registration {
    /// Who was invited.
    #[default]
    Invite,
    /// Everybody; the account may only look.
    Open,
    /// Nobody, once there is an Administrator.
    Closed,
}

/// Who must sign in with the code of an authenticator beside their password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RequireTotp {
    /// Whoever enrolled one.
    #[default]
    Nobody,
    /// Administrators; without one they can do nothing but enrol one.
    Administrators,
    /// Everybody; without one they can do nothing but enrol one.
    Everybody,
}

impl RequireTotp {
    /// Whether it is asked of somebody with these roles.
    #[must_use]
    pub fn concerns(self, roles: &[Role]) -> bool {
        match self {
            Self::Nobody => false,
            Self::Administrators => roles.contains(&Role::Administrator),
            Self::Everybody => true,
        }
    }
}

/// The shortest time between two due times of a schedule, by the role of who sets it. An Administrator, and the
/// program that embeds the orchestrator, may set any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleIntervals {
    /// What an Operator may set.
    pub operator: Duration,
    /// What a Developer may set.
    pub developer: Duration,
}

impl ScheduleIntervals {
    /// What an actor may set: with several roles, the shortest that any of them allows. Whoever may write schedules by a
    /// custom role alone may set what a Developer may.
    #[must_use]
    pub fn shortest_for(&self, actor: &Actor) -> Duration {
        let Principal::User { roles, .. } = &actor.principal else { return Duration::ZERO };
        let allowed = roles.iter().filter_map(|role| match role {
            Role::Administrator => Some(Duration::ZERO),
            Role::Operator => Some(self.operator),
            Role::Developer => Some(self.developer),
            Role::Viewer => None,
        });
        let mut others = actor.powers.environments.values().chain([&actor.powers.added]);
        let custom = others.any(|one| one.contains(Permission::WriteSchedules)).then_some(self.developer);
        allowed.chain(custom).min().unwrap_or(Duration::MAX)
    }
}

impl Default for ScheduleIntervals {
    fn default() -> Self {
        Self { operator: Duration::from_secs(10), developer: Duration::from_secs(10) }
    }
}

/// What an operator sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a lease holds after a renewal.
    pub lease_ttl: Duration,
    /// How often agents renew.
    pub renew_every: Duration,
    /// How long before the end of an unrenewed lease its processes must be dead: more than the longest grace
    /// of a kill and the time to notice.
    pub lease_margin: Duration,
    /// Who may make an account.
    pub registration: Registration,
    /// Who must sign in with the code of an authenticator.
    pub require_totp: RequireTotp,
    /// How long a session lasts at most.
    pub session_life: Duration,
    /// How long an enrolment token is good by default.
    pub enrolment_token_life: Duration,
    /// The largest artifact in bytes.
    pub max_artifact_bytes: u64,
    /// The largest file that may be uploaded as an input, in bytes.
    pub max_file_bytes: u64,
    /// How long an uploaded file lives that nothing uses.
    pub file_life: Duration,
    /// How long a blob that nothing refers to is left alone, at least; the same on all servers. Writing one that is
    /// to be referred to may take half as long.
    pub blob_grace: Duration,
    /// Never removes blobs that nothing refers to.
    pub keep_all_blobs: bool,
    /// How long after the end of an execution its log lines are moved from the database into a blob; `None` is never.
    pub archive_logs_after: Option<Duration>,
    /// How often schedules may be due, by role.
    pub schedule_intervals: ScheduleIntervals,
    /// A schedule that fires later than this, or whose execution was not begun after so long, is told of.
    pub schedule_late_after: Duration,
    /// Where signed checkpoints of the audit are written beside the database: a file, a line each, or a folder that is
    /// there, a file each.
    pub audit_checkpoints: Option<PathBuf>,
    /// Gives secrets to agents sealed only. Without it, an agent of a release that offers no key gets them in clear, within
    /// TLS, and so does whoever takes the offer out of a hello on its way.
    pub require_sealed_secrets: bool,
    /// How many passwords are hashed at once.
    pub password_parallelism: usize,
}

impl Settings {
    /// Leases that hold `ttl`, renewed four times within it, with a margin of a quarter.
    #[must_use]
    pub fn with_lease_ttl(mut self, ttl: Duration) -> Self {
        self.lease_ttl = ttl;
        self.renew_every = ttl / 4;
        self.lease_margin = ttl / 4;
        self
    }

    /// How long writing a blob may take that is committed then. The other half of the grace period is for the commit
    /// and for clocks that differ.
    pub(crate) fn blob_deadline(&self) -> Duration {
        self.blob_grace / 2
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            lease_ttl: Duration::from_secs(60),
            renew_every: Duration::from_secs(15),
            lease_margin: Duration::from_secs(15),
            registration: Registration::default(),
            require_totp: RequireTotp::default(),
            session_life: Duration::from_secs(7 * 24 * 3_600),
            enrolment_token_life: Duration::from_secs(3_600),
            max_artifact_bytes: 10 * 1024 * 1024 * 1024,
            max_file_bytes: 500 * 1024 * 1024,
            file_life: Duration::from_secs(24 * 3_600),
            blob_grace: Duration::from_secs(24 * 3_600),
            keep_all_blobs: false,
            archive_logs_after: Some(Duration::from_secs(7 * 24 * 3_600)),
            schedule_intervals: ScheduleIntervals::default(),
            schedule_late_after: Duration::from_secs(60),
            audit_checkpoints: None,
            require_sealed_secrets: false,
            password_parallelism: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        }
    }
}
