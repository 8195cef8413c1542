//! Why somebody may do something, or may not.

use super::{Permission, PermissionSet, Scope};
use crate::domain::{CustomRole, Role};
use crate::id::{EnvironmentId, RoleId};

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
    /// Roles give it in some environments, and not where it was asked for.
    Elsewhere,
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
    /// What gives it, whether or not it counts; with the environment, where it is a role in one alone.
    pub by: Vec<(Option<EnvironmentId>, Grant)>,
    /// Why they may not; `None` if they may.
    pub withheld: Option<Withheld>,
}

/// Roles that somebody has, everywhere or in one environment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Held {
    /// The built-in ones.
    pub roles: Vec<Role>,
    /// Those that people made.
    pub custom: Vec<CustomRole>,
}

impl Held {
    fn grants(&self, permission: Permission) -> impl Iterator<Item = Grant> {
        let built_in = self.roles.iter().filter(move |role| permission.roles().contains(role));
        let made = self.custom.iter().filter(move |role| role.permissions.contains(permission));
        let made = made.map(|role| Grant::CustomRole { id: role.id, name: role.name.clone() });
        built_in.map(|role| Grant::Role(*role)).chain(made)
    }
}

/// Explains what [`authorize`](super::authorize) decides for a person who holds these roles everywhere and in single
/// environments, who comes by a key with these scopes where there are any. With an environment, what
/// [`authorize_in`](super::authorize_in) decides there.
#[must_use]
pub fn explain(
    everywhere: &Held,
    environments: &[(EnvironmentId, Held)],
    scopes: Option<PermissionSet>,
    (permission, environment): (Permission, Option<EnvironmentId>),
) -> Decided {
    let scope = permission.scope();
    let here = |id: EnvironmentId| match environment {
        Some(asked) => asked == id,
        None => scope == Scope::Shared,
    };
    let in_one = environments.iter().filter(|_| scope != Scope::Installation);
    let in_one = in_one.flat_map(|(id, held)| held.grants(permission).map(|grant| (Some(*id), grant)));
    let (counting, elsewhere): (Vec<_>, Vec<_>) = in_one.partition(|(id, _)| id.is_none_or(here));
    let by: Vec<_> = everywhere.grants(permission).map(|grant| (None, grant)).chain(counting).collect();
    let withheld = match (by.is_empty(), elsewhere.is_empty()) {
        (true, true) => Some(Withheld::NoRole),
        (true, false) => Some(Withheld::Elsewhere),
        (false, _) if scopes.is_some_and(|scopes| !scopes.contains(permission)) => Some(Withheld::Scopes),
        (false, _) => None,
    };
    Decided { permission, by, withheld }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{ApiKeyId, UserId};
    use crate::permission::{
        Access, Actor, KeyInUse, Powers, Principal, authorize, authorize_in, given_in_environment,
    };

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

    fn actor(everywhere: &Held, here: &[(EnvironmentId, Held)], scopes: Option<PermissionSet>) -> Actor {
        let custom = everywhere.custom.iter();
        let added = custom.fold(PermissionSet::EMPTY, |set, role| set.union(role.permissions));
        let environments =
            here.iter().map(|(id, held)| (*id, given_in_environment(&held.roles, &held.custom)));
        let powers = Powers {
            added,
            environments: environments.collect(),
            key: scopes.map(|scopes| KeyInUse { id: ApiKeyId::new(), scopes }),
        };
        let (id, name) = (UserId::new(), "ada".to_owned());
        let roles = everywhere.roles.clone();
        Actor::of(Principal::User { id, name, roles, session: None }).with_powers(powers)
    }

    /// With every set of built-in roles, custom roles and scopes there are here, everywhere and in an environment, for
    /// every permission.
    #[test]
    fn what_is_explained_is_what_is_decided() {
        let made = [
            role("auditors", &[Permission::ReadAudit]),
            role("night", &[Permission::RunExecutions, Permission::PauseEnvironments]),
        ];
        let held = |number: u32| {
            let has = |bit: u32| number & (1 << bit) != 0;
            let roles = Role::ALL.into_iter().zip(0..).filter(|(_, bit)| has(*bit)).map(|(role, _)| role);
            let custom = made.iter().zip(4..).filter(|(_, bit)| has(*bit)).map(|(role, _)| role.clone());
            Held { roles: roles.collect(), custom: custom.collect() }
        };
        let scopes: PermissionSet = [Permission::ReadAudit, Permission::RunExecutions].into_iter().collect();
        let (here, there) = (EnvironmentId::new(), EnvironmentId::new());
        for number in 0..64_u32 {
            // The same roles everywhere and nowhere else; nowhere but here; and others everywhere than here.
            let cases = [
                (held(number), vec![]),
                (Held::default(), vec![(here, held(number))]),
                (held(number), vec![(here, held(63 - number))]),
            ];
            for ((everywhere, environments), scopes) in cases.iter().flat_map(|case| {
                [None, Some(scopes), Some(PermissionSet::EMPTY)].map(|scopes| (case, scopes))
            }) {
                let actor = actor(everywhere, environments, scopes);
                for permission in Permission::ALL {
                    let decided = explain(everywhere, environments, scopes, (permission, None));
                    let may = authorize(&actor, Access::Permission(permission)).is_ok();
                    assert_eq!(decided.withheld.is_none(), may, "{number} {scopes:?} {permission:?}");
                    for id in [here, there] {
                        let decided = explain(everywhere, environments, scopes, (permission, Some(id)));
                        let may = authorize_in(&actor, permission, id).is_ok();
                        assert_eq!(decided.withheld.is_none(), may, "{number} {scopes:?} {permission:?}");
                        let nothing = [Some(Withheld::NoRole), Some(Withheld::Elsewhere)];
                        assert_eq!(decided.by.is_empty(), nothing.contains(&decided.withheld));
                    }
                }
            }
        }
    }

    #[test]
    fn a_role_in_an_environment_is_named_with_it() {
        let (here, there) = (EnvironmentId::new(), EnvironmentId::new());
        let operator = Held { roles: vec![Role::Operator], custom: vec![] };
        let all = [(here, operator)];
        let ask = |permission, environment| explain(&Held::default(), &all, None, (permission, environment));
        let run = ask(Permission::RunExecutions, Some(here));
        assert_eq!((run.by, run.withheld), (vec![(Some(here), Grant::Role(Role::Operator))], None));
        assert_eq!(ask(Permission::RunExecutions, Some(there)).withheld, Some(Withheld::Elsewhere));
        assert_eq!(ask(Permission::RunExecutions, None).withheld, Some(Withheld::Elsewhere));
        assert_eq!(ask(Permission::ReadPackages, None).withheld, None);
        // What belongs to the installation is not given by it anywhere.
        assert_eq!(ask(Permission::ManageCalendars, Some(here)).withheld, Some(Withheld::NoRole));
    }
}
