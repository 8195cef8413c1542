//! Who may do what: one table, and the one place where a permission is decided.

mod explain;
mod powers;
mod set;
mod words;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::explain::{Decided, Grant, Withheld, explain};
pub use self::powers::{KeyInUse, Powers};
pub use self::set::PermissionSet;
use crate::domain::{ActorKind, ActorRef, Role};
use crate::error::{Error, Result};
use crate::id::{AgentId, SessionId, UserId};

/// What can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Permission {
    /// Invite, change, disable and delete people; give roles.
    ManageUsers,
    /// Make enrolment tokens, register and delete agents.
    EnrolAgents,
    /// Change, drain and disable agents.
    ManageAgents,
    /// See agents.
    ReadAgents,
    /// Upload and delete releases of the agent program, and bring them to agents.
    ManageReleases,
    /// Make and change packages, publish versions.
    WritePackages,
    /// Make a version the active one of an environment.
    DeployVersions,
    /// Delete packages.
    DeletePackages,
    /// See packages and versions.
    ReadPackages,
    /// Download archives.
    DownloadPackages,
    /// Trigger and retry executions.
    RunExecutions,
    /// Cancel executions.
    CancelExecutions,
    /// See executions, logs and artifacts.
    ReadExecutions,
    /// Make, change and delete schedules.
    WriteSchedules,
    /// See schedules and calendars.
    ReadSchedules,
    /// Make, change and remove calendars, which changes when schedules run.
    ManageCalendars,
    /// Make, change and delete triggers.
    WriteTriggers,
    /// See triggers, and what they did.
    ReadTriggers,
    /// Answer the approvals that executions wait for.
    AnswerApprovals,
    /// Write and delete assets.
    WriteAssets,
    /// See the names of assets and the values of plain ones.
    ReadAssets,
    /// Make, change and delete work queues.
    WriteQueues,
    /// Add, take, end, reprocess and delete work items.
    WriteWorkItems,
    /// See work queues and their items.
    ReadQueues,
    /// Make, change and delete storage buckets.
    ManageBuckets,
    /// Write, move and delete objects of buckets.
    WriteObjects,
    /// See buckets, and read their objects.
    ReadObjects,
    /// See environments.
    ReadEnvironments,
    /// Change environments.
    ManageEnvironments,
    /// Pause environments and resume them.
    PauseEnvironments,
    /// Read and verify the audit.
    ReadAudit,
    /// See metrics and settings.
    ReadSettings,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 32] = [
        Self::ManageUsers,
        Self::EnrolAgents,
        Self::ManageAgents,
        Self::ReadAgents,
        Self::ManageReleases,
        Self::WritePackages,
        Self::DeployVersions,
        Self::DeletePackages,
        Self::ReadPackages,
        Self::DownloadPackages,
        Self::RunExecutions,
        Self::CancelExecutions,
        Self::ReadExecutions,
        Self::WriteSchedules,
        Self::ReadSchedules,
        Self::ManageCalendars,
        Self::WriteTriggers,
        Self::ReadTriggers,
        Self::AnswerApprovals,
        Self::WriteAssets,
        Self::ReadAssets,
        Self::WriteQueues,
        Self::WriteWorkItems,
        Self::ReadQueues,
        Self::ManageBuckets,
        Self::WriteObjects,
        Self::ReadObjects,
        Self::ReadEnvironments,
        Self::ManageEnvironments,
        Self::PauseEnvironments,
        Self::ReadAudit,
        Self::ReadSettings,
    ];

    /// The table: the roles that have this permission.
    #[must_use]
    pub const fn roles(self) -> &'static [Role] {
        use Role::{Administrator as A, Developer as D, Operator as O, Viewer as V};
        match self {
            Self::ManageUsers
            | Self::EnrolAgents
            | Self::ManageReleases
            | Self::ManageEnvironments
            | Self::ReadAudit
            | Self::ReadSettings => &[A],
            Self::ManageAgents | Self::WriteAssets | Self::ManageCalendars | Self::PauseEnvironments => {
                &[A, O]
            }
            Self::WritePackages | Self::DeletePackages | Self::DownloadPackages => &[A, D],
            Self::DeployVersions
            | Self::RunExecutions
            | Self::CancelExecutions
            | Self::WriteSchedules
            | Self::WriteQueues
            | Self::WriteWorkItems
            | Self::WriteTriggers
            | Self::ManageBuckets
            | Self::WriteObjects
            | Self::AnswerApprovals
            | Self::ReadAssets => &[A, O, D],
            Self::ReadAgents
            | Self::ReadPackages
            | Self::ReadExecutions
            | Self::ReadSchedules
            | Self::ReadQueues
            | Self::ReadTriggers
            | Self::ReadObjects
            | Self::ReadEnvironments => &[A, O, D, V],
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person who is signed in.
    User {
        /// Who.
        id: UserId,
        /// The user name.
        name: String,
        /// What they may do.
        roles: Vec<Role>,
        /// In which session, where there is one.
        session: Option<SessionId>,
    },
    /// An agent that proved its key.
    Agent {
        /// Which.
        id: AgentId,
        /// Its name.
        name: String,
    },
    /// The orchestrator, or the program that embeds it.
    System,
    /// Nobody is signed in.
    Anonymous,
}

/// Who asks, and through which request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Who.
    pub principal: Principal,
    /// The request's id.
    pub request_id: Option<String>,
    /// The address that asks.
    pub ip_address: Option<String>,
    /// What a person may beyond, or short of, their built-in roles.
    pub powers: Powers,
}

impl Actor {
    /// The orchestrator itself, or the program that embeds it: may do everything.
    #[must_use]
    pub fn system() -> Self {
        Self::of(Principal::System)
    }

    /// Nobody is signed in.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::of(Principal::Anonymous)
    }

    /// A principal without a request.
    #[must_use]
    pub fn of(principal: Principal) -> Self {
        Self { principal, request_id: None, ip_address: None, powers: Powers::default() }
    }

    /// The same with these powers.
    #[must_use]
    pub fn with_powers(self, powers: Powers) -> Self {
        Self { powers, ..self }
    }

    /// What a person may at this moment: what their roles give, built-in and custom, and with an API key no more than
    /// it is for. Nothing for others than people.
    #[must_use]
    pub fn permissions(&self) -> PermissionSet {
        let Principal::User { roles, .. } = &self.principal else { return PermissionSet::EMPTY };
        let given =
            roles.iter().fold(self.powers.added, |set, role| set.union(PermissionSet::of_role(*role)));
        self.powers.key.map_or(given, |key| given.intersection(key.scopes))
    }

    /// Whether it is an Administrator in person, and not one of their API keys.
    #[must_use]
    pub fn is_administrator(&self) -> bool {
        let Principal::User { roles, .. } = &self.principal else { return false };
        self.powers.key.is_none() && roles.contains(&Role::Administrator)
    }

    /// The person's id.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self.principal {
            Principal::User { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The detail of an audit entry of this actor: it names the API key that the person came by.
    pub(crate) fn detail(&self, mut detail: Value) -> Value {
        if let (Some(key), Some(map)) = (self.powers.key, detail.as_object_mut()) {
            map.insert("apiKeyId".to_owned(), Value::String(key.id.to_string()));
        }
        detail
    }

    /// How the audit names the actor.
    #[must_use]
    pub fn to_ref(&self) -> ActorRef {
        let (kind, id, name) = match &self.principal {
            Principal::User { id, name, .. } => (ActorKind::User, Some(id.to_string()), name.as_str()),
            Principal::Agent { id, name } => (ActorKind::Agent, Some(id.to_string()), name.as_str()),
            Principal::System => (ActorKind::System, None, "system"),
            Principal::Anonymous => (ActorKind::Anonymous, None, "anonymous"),
        };
        ActorRef { kind, id, name: name.to_owned() }
    }
}

/// What a command or query asks of its actor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing: the request carries its own proof (a password, a token), checked by the handler.
    Public,
    /// This permission.
    Permission(Permission),
    /// To be this person, or to have this permission.
    SelfOr(UserId, Permission),
    /// To be signed in in person: an API key does not count. What changes who may what takes this.
    InPerson,
    /// This permission, in person.
    PermissionInPerson(Permission),
    /// To be this person or to have this permission, in person.
    SelfInPersonOr(UserId, Permission),
    /// To be the orchestrator or its embedder.
    System,
}

/// Decides. Whatever the table does not allow is refused.
///
/// # Errors
/// `Unauthenticated` if nobody is signed in, `Forbidden` if the actor may not.
pub fn authorize(actor: &Actor, access: Access) -> Result<()> {
    if actor.principal == Principal::System {
        return Ok(());
    }
    let permission = match access {
        Access::Public => return Ok(()),
        Access::System => return Err(Error::forbidden("only the orchestrator itself may do this")),
        Access::InPerson | Access::PermissionInPerson(_) | Access::SelfInPersonOr(..)
            if actor.powers.key.is_some() =>
        {
            return Err(Error::forbidden("an API key may not do this; sign in with your password"));
        }
        Access::SelfOr(id, _) | Access::SelfInPersonOr(id, _) if actor.user_id() == Some(id) => return Ok(()),
        Access::InPerson if actor.user_id().is_some() => return Ok(()),
        Access::InPerson => None,
        Access::Permission(permission)
        | Access::SelfOr(_, permission)
        | Access::PermissionInPerson(permission)
        | Access::SelfInPersonOr(_, permission) => Some(permission),
    };
    match (&actor.principal, permission) {
        (Principal::User { roles, .. }, Some(permission)) if allows(actor, roles, permission) => Ok(()),
        (Principal::User { .. }, Some(permission)) if actor.powers.key.is_some() => Err(Error::forbidden(
            format!("the API key does not allow this, or you may not yourself; it takes {permission:?}"),
        )),
        (Principal::User { .. }, Some(permission)) => Err(Error::forbidden(format!(
            "your roles do not allow this; it takes {permission:?}, which {:?} have",
            permission.roles()
        ))),
        (Principal::Anonymous, _) => Err(Error::unauthenticated("sign in first: this takes an access token")),
        (Principal::User { .. } | Principal::Agent { .. } | Principal::System, _) => {
            Err(Error::forbidden("an agent may only work on its own leases"))
        }
    }
}

fn allows(actor: &Actor, roles: &[Role], permission: Permission) -> bool {
    let given =
        actor.powers.added.contains(permission) || roles.iter().any(|role| permission.roles().contains(role));
    given && actor.powers.key.is_none_or(|key| key.scopes.contains(permission))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn user(roles: &[Role]) -> Actor {
        Actor::of(Principal::User {
            id: UserId::new(),
            name: "ada".into(),
            roles: roles.to_vec(),
            session: None,
        })
    }

    #[test]
    fn the_table_decides_for_every_role_and_permission() {
        for permission in Permission::ALL {
            for role in Role::ALL {
                let allowed = authorize(&user(&[role]), Access::Permission(permission)).is_ok();
                assert_eq!(allowed, permission.roles().contains(&role), "{role:?} {permission:?}");
            }
            assert!(authorize(&user(&[]), Access::Permission(permission)).is_err());
            assert!(permission.roles().contains(&Role::Administrator));
        }
    }

    #[test]
    fn a_viewer_changes_nothing() {
        let reads = [
            Permission::ReadAgents,
            Permission::ReadPackages,
            Permission::ReadExecutions,
            Permission::ReadSchedules,
            Permission::ReadQueues,
            Permission::ReadTriggers,
            Permission::ReadObjects,
            Permission::ReadEnvironments,
        ];
        for permission in Permission::ALL {
            assert_eq!(permission.roles().contains(&Role::Viewer), reads.contains(&permission));
        }
    }

    #[test]
    fn agents_and_strangers_have_no_permission() {
        let agent = Actor::of(Principal::Agent { id: AgentId::new(), name: "bot".into() });
        for permission in Permission::ALL {
            assert!(authorize(&agent, Access::Permission(permission)).is_err());
            let error = authorize(&Actor::anonymous(), Access::Permission(permission)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        }
        assert!(authorize(&user(&[Role::Administrator]), Access::System).is_err());
    }

    #[test]
    fn everybody_is_themselves() {
        let ada = user(&[Role::Viewer]);
        let id = ada.user_id().unwrap();
        assert!(authorize(&ada, Access::SelfOr(id, Permission::ManageUsers)).is_ok());
        assert!(authorize(&ada, Access::SelfOr(UserId::new(), Permission::ManageUsers)).is_err());
    }

    #[test]
    fn a_custom_role_adds_and_a_key_only_takes_away() {
        let added: PermissionSet = [Permission::ReadAudit].into_iter().collect();
        let viewer = user(&[Role::Viewer]).with_powers(Powers { added, key: None });
        let scopes: PermissionSet =
            [Permission::ReadAudit, Permission::ReadAgents, Permission::ManageUsers].into_iter().collect();
        let key = Some(KeyInUse { id: crate::id::ApiKeyId::new(), scopes });
        let by_key = viewer.clone().with_powers(Powers { added, key });
        for permission in Permission::ALL {
            let given = permission.roles().contains(&Role::Viewer) || added.contains(permission);
            assert_eq!(authorize(&viewer, Access::Permission(permission)).is_ok(), given);
            assert_eq!(viewer.permissions().contains(permission), given);
            let allowed = given && scopes.contains(permission);
            assert_eq!(authorize(&by_key, Access::Permission(permission)).is_ok(), allowed);
            assert_eq!(by_key.permissions().contains(permission), allowed);
            assert_eq!(authorize(&viewer, Access::PermissionInPerson(permission)).is_ok(), given);
            assert!(authorize(&by_key, Access::PermissionInPerson(permission)).is_err());
        }
    }

    #[test]
    fn a_key_never_stands_for_the_person_themselves() {
        let admin = user(&[Role::Administrator]);
        let id = admin.user_id().unwrap();
        let scopes = Permission::ALL.into_iter().collect();
        let key = Some(KeyInUse { id: crate::id::ApiKeyId::new(), scopes });
        let by_key = admin.clone().with_powers(Powers { added: PermissionSet::EMPTY, key });
        for access in [Access::InPerson, Access::SelfInPersonOr(id, Permission::ManageUsers)] {
            assert!(authorize(&admin, access).is_ok());
            assert_eq!(authorize(&by_key, access).unwrap_err().kind(), ErrorKind::Forbidden);
        }
        assert!(authorize(&by_key, Access::SelfOr(id, Permission::ManageUsers)).is_ok());
        assert!(admin.is_administrator() && !by_key.is_administrator());
        let error = authorize(&Actor::anonymous(), Access::InPerson).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        let agent = Actor::of(Principal::Agent { id: AgentId::new(), name: "bot".into() });
        assert!(authorize(&agent, Access::InPerson).is_err());
    }
}
