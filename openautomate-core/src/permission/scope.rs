//! What a permission is about: what lives in an environment, or the whole installation.

use super::{Permission, PermissionSet};

/// What a permission is about, and so whether a role in a single environment gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// What lives in an environment, or the environment itself: a role there gives it for that environment.
    Environment,
    /// What lives in no environment, and has to be seen by whoever works in one: a role in any environment gives it.
    Shared,
    /// What lives in no environment: no role in an environment gives it.
    Installation,
}

impl Permission {
    /// What it is about.
    #[must_use]
    pub const fn scope(self) -> Scope {
        match self {
            Self::EnrolAgents
            | Self::ManageAgents
            | Self::ReadAgents
            | Self::DeployVersions
            | Self::RunExecutions
            | Self::CancelExecutions
            | Self::ReadExecutions
            | Self::WriteSchedules
            | Self::ReadSchedules
            | Self::WriteTriggers
            | Self::ReadTriggers
            | Self::AnswerApprovals
            | Self::WriteAssets
            | Self::ReadAssets
            | Self::WriteQueues
            | Self::WriteWorkItems
            | Self::ReadQueues
            | Self::ManageBuckets
            | Self::WriteObjects
            | Self::ReadObjects
            | Self::ReadEnvironments
            | Self::PauseEnvironments => Scope::Environment,
            // Whoever runs something chooses a package first.
            Self::ReadPackages => Scope::Shared,
            Self::ManageUsers
            | Self::ManageReleases
            | Self::WritePackages
            | Self::DeletePackages
            | Self::DownloadPackages
            | Self::ManageCalendars
            | Self::ManageEnvironments
            | Self::ReadAudit
            | Self::ReadSettings => Scope::Installation,
        }
    }

    /// What it takes to see what this is about: of what somebody may not see, they don't hear whether it is there.
    #[must_use]
    pub const fn seeing(self) -> Self {
        match self {
            Self::EnrolAgents | Self::ManageAgents | Self::ReadAgents => Self::ReadAgents,
            Self::RunExecutions | Self::CancelExecutions | Self::ReadExecutions | Self::AnswerApprovals => {
                Self::ReadExecutions
            }
            Self::WriteSchedules | Self::ReadSchedules | Self::ManageCalendars => Self::ReadSchedules,
            Self::WriteTriggers | Self::ReadTriggers => Self::ReadTriggers,
            Self::WriteAssets | Self::ReadAssets => Self::ReadAssets,
            Self::WriteQueues | Self::WriteWorkItems | Self::ReadQueues => Self::ReadQueues,
            Self::ManageBuckets | Self::WriteObjects | Self::ReadObjects => Self::ReadObjects,
            Self::ManageEnvironments | Self::PauseEnvironments | Self::ReadEnvironments => {
                Self::ReadEnvironments
            }
            Self::WritePackages
            | Self::DeployVersions
            | Self::DeletePackages
            | Self::DownloadPackages
            | Self::ReadPackages => Self::ReadPackages,
            Self::ManageUsers | Self::ManageReleases | Self::ReadAudit | Self::ReadSettings => self,
        }
    }
}

impl PermissionSet {
    /// Those that a role in an environment gives there.
    #[must_use]
    pub fn in_an_environment() -> Self {
        Permission::ALL.into_iter().filter(|one| one.scope() != Scope::Installation).collect()
    }

    /// Those that count everywhere wherever they are given.
    #[must_use]
    pub fn shared() -> Self {
        Permission::ALL.into_iter().filter(|one| one.scope() == Scope::Shared).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;

    #[test]
    fn what_belongs_to_the_whole_installation_is_given_by_no_role_in_an_environment() {
        let given = PermissionSet::in_an_environment();
        let beyond = PermissionSet::of_role(Role::Administrator).without(given);
        let names = "ManageUsers, ManageReleases, WritePackages, DeletePackages, DownloadPackages, ManageCalendars, \
                     ManageEnvironments, ReadAudit, ReadSettings";
        assert_eq!(beyond.to_string(), names);
        assert_eq!(PermissionSet::shared().to_string(), "ReadPackages");
        assert!(PermissionSet::shared().is_subset(given));
    }

    #[test]
    fn to_see_takes_no_more_than_to_do() {
        for permission in Permission::ALL {
            let seeing = permission.seeing();
            assert_eq!(seeing.seeing(), seeing);
            let may_see = |role| seeing.roles().contains(role);
            assert!(permission.roles().iter().all(may_see), "{permission:?}");
            if permission.scope() == Scope::Environment {
                assert_ne!(seeing.scope(), Scope::Installation, "{permission:?}");
            }
        }
    }

    #[test]
    fn a_viewer_sees_all_there_is_in_an_environment() {
        assert!(PermissionSet::of_role(Role::Viewer).is_subset(PermissionSet::in_an_environment()));
    }
}
