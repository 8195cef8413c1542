//! Who may do what: one table, and the one place where a permission is decided.

mod actor;
mod allowed;
mod explain;
mod powers;
mod scope;
mod set;
mod words;

use serde::{Deserialize, Serialize};

pub use self::actor::{Actor, Principal};
pub use self::allowed::{Allowed, Environments, given_in_environment};
pub use self::explain::{Decided, Grant, Held, Withheld, explain};
pub use self::powers::{KeyInUse, Powers};
pub use self::scope::Scope;
pub use self::set::PermissionSet;
use crate::domain::Role;
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, UserId};

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

impl Access {
    /// The permission that counts in single environments too, where one is asked for.
    #[must_use]
    pub const fn by_environment(self) -> Option<Permission> {
        match self {
            Self::Permission(permission) if matches!(permission.scope(), Scope::Environment) => {
                Some(permission)
            }
            _ => None,
        }
    }
}

/// Decides. Whatever the table does not allow is refused, and what is allowed in some environments only.
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
        (Principal::User { .. }, Some(permission)) if actor.allows(permission) => Ok(()),
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

/// Decides as [`authorize`], but lets somebody pass who may in some environments only, and says in which. Whoever asks
/// refuses what is not of one of these.
///
/// # Errors
/// As [`authorize`].
pub fn authorize_somewhere(actor: &Actor, access: Access) -> Result<Environments> {
    let refused = match (authorize(actor, access), access) {
        // What of it lives in an environment is seen by whoever has it there.
        (Ok(()), Access::Permission(permission)) if permission.scope() == Scope::Shared => {
            return Ok(actor.environments_with(permission));
        }
        (Ok(()), _) => return Ok(Environments::Everywhere),
        (Err(refused), _) => refused,
    };
    let Some(permission) = access.by_environment() else { return Err(refused) };
    let environments = actor.environments_with(permission);
    if environments.is_empty() { Err(refused) } else { Ok(environments) }
}

/// Decides about one thing of an environment. Whoever may not even see what is of this kind there hears what they would
/// hear if it was not there.
///
/// # Errors
/// What `missing` says, if the actor may not see it; else as [`authorize_in`].
pub fn authorize_thing(
    actor: &Actor,
    permission: Permission,
    environment: EnvironmentId,
    missing: impl FnOnce() -> Error,
) -> Result<()> {
    if actor.allows_in(permission, environment) {
        return Ok(());
    }
    if actor.allows_in(permission.seeing(), environment) {
        return authorize_in(actor, permission, environment);
    }
    // Whoever may nowhere is told so: that says nothing of the thing.
    authorize_somewhere(actor, Access::Permission(permission))?;
    Err(missing())
}

/// Decides about what is of one environment.
///
/// # Errors
/// `Unauthenticated` if nobody is signed in, `Forbidden` if the actor may not there.
pub fn authorize_in(actor: &Actor, permission: Permission, environment: EnvironmentId) -> Result<()> {
    if actor.allows_in(permission, environment) {
        return Ok(());
    }
    // With the reason why not everywhere, where there is nothing more to say.
    authorize_somewhere(actor, Access::Permission(permission))?;
    Err(Error::forbidden(format!(
        "your roles do not allow this in this environment; it takes {permission:?} there"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::id::AgentId;

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
        let viewer = user(&[Role::Viewer]).with_powers(Powers { added, ..Powers::default() });
        let scopes: PermissionSet =
            [Permission::ReadAudit, Permission::ReadAgents, Permission::ManageUsers].into_iter().collect();
        let key = Some(KeyInUse { id: crate::id::ApiKeyId::new(), scopes });
        let by_key = viewer.clone().with_powers(Powers { added, key, ..Powers::default() });
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
        let by_key = admin.clone().with_powers(Powers { key, ..Powers::default() });
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

    fn in_environment(id: EnvironmentId, role: Role) -> Powers {
        let environments = [(id, given_in_environment(&[role], []))].into();
        Powers { environments, ..Powers::default() }
    }

    #[test]
    fn a_role_in_an_environment_holds_there() {
        let (here, there) = (EnvironmentId::new(), EnvironmentId::new());
        for role in Role::ALL {
            let ada = user(&[]).with_powers(in_environment(here, role));
            for permission in Permission::ALL {
                let given = permission.roles().contains(&role) && permission.scope() != Scope::Installation;
                let is_shared = permission.scope() == Scope::Shared;
                assert_eq!(ada.allows_in(permission, here), given, "{role:?} {permission:?}");
                assert!(!ada.allows_in(permission, there), "{role:?} {permission:?}");
                assert_eq!(ada.allows(permission), given && is_shared, "{role:?} {permission:?}");
                let access = Access::Permission(permission);
                assert_eq!(authorize(&ada, access).is_ok(), given && is_shared);
                let somewhere = authorize_somewhere(&ada, access);
                assert_eq!(somewhere.is_ok(), given, "{role:?} {permission:?}");
                if given {
                    assert_eq!(somewhere.unwrap(), Environments::Only(vec![here]));
                }
                assert_eq!(authorize_in(&ada, permission, here).is_ok(), given);
                assert_eq!(authorize_in(&ada, permission, there).unwrap_err().kind(), ErrorKind::Forbidden);
                // Never what is done in person, nor what the system does.
                assert_eq!(
                    authorize_somewhere(&ada, Access::PermissionInPerson(permission)).is_ok(),
                    given && is_shared
                );
            }
            assert!(authorize_somewhere(&ada, Access::System).is_err());
            assert!(!ada.is_administrator() && ada.permissions().is_empty());
        }
    }

    #[test]
    fn a_key_cuts_what_is_allowed_in_an_environment_too() {
        let here = EnvironmentId::new();
        let scopes = [Permission::ReadExecutions, Permission::ManageUsers].into_iter().collect();
        let key = Some(KeyInUse { id: crate::id::ApiKeyId::new(), scopes });
        let by_key = user(&[]).with_powers(Powers { key, ..in_environment(here, Role::Administrator) });
        let may: Vec<_> = Permission::ALL.into_iter().filter(|one| by_key.allows_in(*one, here)).collect();
        assert_eq!(may, [Permission::ReadExecutions]);
        assert!(Permission::ALL.into_iter().all(|permission| !by_key.allows(permission)));
    }

    #[test]
    fn only_people_have_anything_in_an_environment() {
        let here = EnvironmentId::new();
        let powers = in_environment(here, Role::Administrator);
        let agent = Actor::of(Principal::Agent { id: AgentId::new(), name: "bot".into() });
        for actor in [agent, Actor::anonymous()] {
            let actor = actor.with_powers(powers.clone());
            assert!(Permission::ALL.into_iter().all(|one| authorize_in(&actor, one, here).is_err()));
        }
        assert!(Permission::ALL.into_iter().all(|one| authorize_in(&Actor::system(), one, here).is_ok()));
    }
}
