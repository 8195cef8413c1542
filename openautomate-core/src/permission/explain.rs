//! Why somebody may do something, or may not.

use super::{Permission, PermissionSet};
use crate::domain::{CustomRole, Role};
use crate::id::RoleId;

/// What gives a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grant {
    /// A built-in role.
    Role(Role),
    /// A role that people made.
    CustomRole {
        /// Which.
        id: RoleId,
        /// Its name.
        name: String,
    },
}

/// Why a permission that is given does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withheld {
    /// No role gives it.
    NoRole,
    /// The API key is not for it.
    Scopes,
    /// The person is disabled.
    Disabled,
}

/// Whether somebody may do something, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What was asked.
    pub permission: Permission,
    /// What gives it, whether or not it counts.
    pub by: Vec<Grant>,
    /// Why they may not; `None` if they may.
    pub withheld: Option<Withheld>,
}

/// Explains what [`authorize`](super::authorize) decides for a person with these roles, who comes by a key with these
/// scopes where there are any.
#[must_use]
pub fn explain(
    roles: &[Role],
    custom: &[CustomRole],
    scopes: Option<PermissionSet>,
    permission: Permission,
) -> Decided {
    let built_in =
        roles.iter().filter(|role| permission.roles().contains(role)).map(|role| Grant::Role(*role));
    let made = custom.iter().filter(|role| role.permissions.contains(permission));
    let made = made.map(|role| Grant::CustomRole { id: role.id, name: role.name.clone() });
    let by: Vec<Grant> = built_in.chain(made).collect();
    let withheld = if by.is_empty() {
        Some(Withheld::NoRole)
    } else if scopes.is_some_and(|scopes| !scopes.contains(permission)) {
        Some(Withheld::Scopes)
    } else {
        None
    };
    Decided { permission, by, withheld }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ApiKeyId, UserId};
    use crate::permission::{Access, Actor, KeyInUse, Powers, Principal, authorize};

    fn role(name: &str, permissions: &[Permission]) -> CustomRole {
        CustomRole {
            id: RoleId::new(),
            name: name.to_owned(),
            description: String::new(),
            permissions: permissions.iter().copied().collect(),
            created_at: chrono::DateTime::UNIX_EPOCH,
            updated_at: chrono::DateTime::UNIX_EPOCH,
            revision: 0,
        }
    }

    /// With every set of built-in roles, custom roles and scopes there are here, for every permission.
    #[test]
    fn what_is_explained_is_what_is_decided() {
        let made = [
            role("auditors", &[Permission::ReadAudit]),
            role("night", &[Permission::RunExecutions, Permission::PauseEnvironments]),
        ];
        let scopes: PermissionSet = [Permission::ReadAudit, Permission::RunExecutions].into_iter().collect();
        for number in 0..64_u32 {
            let has = |bit: u32| number & (1 << bit) != 0;
            let roles: Vec<Role> =
                Role::ALL.into_iter().zip(0..).filter(|(_, bit)| has(*bit)).map(|(r, _)| r).collect();
            let custom: Vec<CustomRole> =
                made.iter().zip(4..).filter(|(_, bit)| has(*bit)).map(|(role, _)| role.clone()).collect();
            let added = custom.iter().fold(PermissionSet::EMPTY, |set, role| set.union(role.permissions));
            for scopes in [None, Some(scopes), Some(PermissionSet::EMPTY)] {
                let key = scopes.map(|scopes| KeyInUse { id: ApiKeyId::new(), scopes });
                let (id, name) = (UserId::new(), "ada".to_owned());
                let actor = Actor::of(Principal::User { id, name, roles: roles.clone(), session: None })
                    .with_powers(Powers { added, key });
                for permission in Permission::ALL {
                    let decided = explain(&roles, &custom, scopes, permission);
                    let may = authorize(&actor, Access::Permission(permission)).is_ok();
                    assert_eq!(decided.withheld.is_none(), may, "{number} {scopes:?} {permission:?}");
                    assert_eq!(decided.by.is_empty(), decided.withheld == Some(Withheld::NoRole));
                }
            }
        }
    }
}
