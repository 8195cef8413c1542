//! Identifiers: UUIDv7 (RFC 9562) newtypes, one a noun, so that no id stands where another belongs.
//!
//! They sort by creation time. They are never a secret and never the access control.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Error;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id that sorts after the ones made before it.
            #[must_use]
            #[allow(clippy::new_without_default, reason = "a default id would be a random one")]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }

            /// The id with this value.
            #[must_use]
            pub const fn from_uuid(value: Uuid) -> Self {
                Self(value)
            }

            /// The value.
            #[must_use]
            pub const fn as_uuid(&self) -> &Uuid {
                &self.0
            }

            /// The sixteen bytes, as adapters store them.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", $what, self.0)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Uuid::try_parse(text).map(Self).map_err(|_| {
                    Error::invalid("request.id", concat!("the id of the ", $what, " is not a UUID"))
                })
            }
        }
    )*};
}

ids! {
    /// A person with an account.
    UserId = "user";
    /// A signed-in session: the family of its refresh tokens.
    SessionId = "session";
    /// An API key of a person.
    ApiKeyId = "API key";
    /// A role that people made.
    RoleId = "role";
    /// An account at an identity provider.
    ExternalIdentityId = "external identity";
    /// An invitation to register.
    InvitationId = "invitation";
    /// An environment: development, testing, production or one of the user's own.
    EnvironmentId = "environment";
    /// An agent on a machine.
    AgentId = "agent";
    /// A named set of agents.
    PoolId = "agent pool";
    /// A release of the agent program.
    AgentReleaseId = "agent release";
    /// A release on its way to agents.
    AgentRolloutId = "agent rollout";
    /// One agent's part of a rollout.
    AgentUpdateId = "agent update";
    /// A token that enrols an agent once.
    EnrolmentTokenId = "enrolment token";
    /// An automation package.
    PackageId = "package";
    /// One immutable version of a package.
    VersionId = "package version";
    /// The place of a version as the active one of an environment.
    DeploymentId = "deployment";
    /// A wish to deploy a version, and what became of it.
    RolloutId = "rollout";
    /// An execution of a package version.
    ExecutionId = "execution";
    /// A file that an execution left.
    ArtifactId = "artifact";
    /// A file that somebody uploaded as an input.
    FileId = "file";
    /// The archived lines of an attempt.
    LogArchiveId = "log archive";
    /// A schedule.
    ScheduleId = "schedule";
    /// A calendar of days without work.
    CalendarId = "calendar";
    /// A trigger: what makes executions when something happens.
    TriggerId = "trigger";
    /// A question to a person that an execution waits for.
    ApprovalId = "approval";
    /// An asset: a plain value or a secret.
    AssetId = "asset";
    /// A try to sign in.
    LoginTryId = "login try";
    /// A work queue.
    WorkQueueId = "work queue";
    /// An item of a work queue.
    WorkItemId = "work item";
    /// A storage bucket.
    BucketId = "bucket";
    /// The content of an object in a bucket.
    ObjectId = "object";
    /// An audit entry.
    AuditId = "audit entry";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_creation_and_survive_json() {
        let (first, second) = (ExecutionId::new(), ExecutionId::new());
        assert!(first < second);
        let json = serde_json::to_string(&first).unwrap();
        assert_eq!(serde_json::from_str::<ExecutionId>(&json).unwrap(), first);
    }

    #[test]
    fn a_bad_id_names_the_noun() {
        assert_eq!("x".parse::<AgentId>().unwrap_err().message(), "the id of the agent is not a UUID");
    }
}
