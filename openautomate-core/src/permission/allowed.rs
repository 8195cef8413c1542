//! What somebody may: everywhere, and in single environments besides.

use std::collections::BTreeMap;
use std::fmt;

use super::{Permission, PermissionSet};
use crate::domain::{CustomRole, Role};
use crate::id::EnvironmentId;

/// What somebody may: everywhere, and in single environments besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// In every environment, and about what lives in none.
    pub everywhere: PermissionSet,
    /// Besides, in these environments.
    pub environments: BTreeMap<EnvironmentId, PermissionSet>,
}

/// In which environments somebody may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Environments {
    /// In each of them, and about what lives in none.
    Everywhere,
    /// In these alone, by id; in none if it is empty.
    Only(Vec<EnvironmentId>),
}

impl Environments {
    /// Whether it is one of them.
    #[must_use]
    pub fn contains(&self, id: EnvironmentId) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Only(ids) => ids.contains(&id),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(ids) if ids.is_empty())
    }
}

/// What roles give in an environment.
#[must_use]
pub fn given_in_environment<'a>(
    roles: &[Role],
    custom: impl IntoIterator<Item = &'a CustomRole>,
) -> PermissionSet {
    let given = roles.iter().fold(PermissionSet::EMPTY, |set, role| set.union(PermissionSet::of_role(*role)));
    let given = custom.into_iter().fold(given, |set, role| set.union(role.permissions));
    given.intersection(PermissionSet::in_an_environment())
}

impl Allowed {
    /// Nothing but this, everywhere.
    #[must_use]
    pub const fn everywhere(permissions: PermissionSet) -> Self {
        Self { everywhere: permissions, environments: BTreeMap::new() }
    }

    /// What they may in an environment.
    #[must_use]
    pub fn in_environment(&self, id: EnvironmentId) -> PermissionSet {
        self.environments.get(&id).map_or(self.everywhere, |besides| self.everywhere.union(*besides))
    }

    /// What they may in one environment at least.
    #[must_use]
    pub fn somewhere(&self) -> PermissionSet {
        self.environments.values().fold(self.everywhere, |set, besides| set.union(*besides))
    }

    /// Whether they may do something everywhere. What whoever works in an environment has to see counts too.
    #[must_use]
    pub fn contains(&self, permission: Permission) -> bool {
        self.everywhere.contains(permission)
            || (PermissionSet::shared().contains(permission) && self.somewhere().contains(permission))
    }

    /// Where they may do something.
    #[must_use]
    pub fn environments_with(&self, permission: Permission) -> Environments {
        if self.everywhere.contains(permission) {
            return Environments::Everywhere;
        }
        let those = self.environments.iter().filter(|(_, besides)| besides.contains(permission));
        Environments::Only(those.map(|(id, _)| *id).collect())
    }

    /// What either may.
    #[must_use]
    pub fn union(mut self, other: &Self) -> Self {
        self.everywhere = self.everywhere.union(other.everywhere);
        for (id, besides) in &other.environments {
            let known = self.environments.entry(*id).or_default();
            *known = known.union(*besides);
        }
        self
    }

    /// No more than this, everywhere.
    #[must_use]
    pub fn intersection(mut self, permissions: PermissionSet) -> Self {
        self.everywhere = self.everywhere.intersection(permissions);
        self.environments.values_mut().for_each(|besides| *besides = besides.intersection(permissions));
        self
    }

    /// What of it the other may not do, in the same place.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let everywhere = self.everywhere.without(other.everywhere);
        let besides = self.environments.iter();
        let besides = besides.map(|(id, set)| (*id, set.without(other.in_environment(*id))));
        Self { everywhere, environments: besides.filter(|(_, set)| !set.is_empty()).collect() }
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.somewhere().is_empty()
    }

    /// Whether the other may all of it, in the same place.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.without(other).is_empty()
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.everywhere)?;
        let mut is_first = self.everywhere.is_empty();
        for (id, besides) in self.environments.iter().filter(|(_, besides)| !besides.is_empty()) {
            write!(f, "{}in the environment {id}: {besides}", if is_first { "" } else { "; " })?;
            is_first = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(permissions: &[Permission]) -> PermissionSet {
        permissions.iter().copied().collect()
    }

    fn allowed(everywhere: &[Permission], besides: &[(EnvironmentId, &[Permission])]) -> Allowed {
        let environments = besides.iter().map(|(id, permissions)| (*id, set(permissions))).collect();
        Allowed { everywhere: set(everywhere), environments }
    }

    #[test]
    fn what_is_allowed_everywhere_is_allowed_in_each() {
        let (here, there) = (EnvironmentId::new(), EnvironmentId::new());
        let somebody = allowed(&[Permission::ReadAgents], &[(here, &[Permission::RunExecutions])]);
        assert_eq!(somebody.in_environment(here), set(&[Permission::ReadAgents, Permission::RunExecutions]));
        assert_eq!(somebody.in_environment(there), set(&[Permission::ReadAgents]));
        assert_eq!(somebody.environments_with(Permission::ReadAgents), Environments::Everywhere);
        assert_eq!(somebody.environments_with(Permission::RunExecutions), Environments::Only(vec![here]));
        assert!(somebody.environments_with(Permission::ReadAudit).is_empty());
        assert!(somebody.contains(Permission::ReadAgents) && !somebody.contains(Permission::RunExecutions));
    }

    #[test]
    fn packages_are_seen_by_whoever_works_somewhere() {
        let here = EnvironmentId::new();
        let somebody = allowed(&[], &[(here, &[Permission::ReadPackages])]);
        assert!(somebody.contains(Permission::ReadPackages));
        // What is deployed elsewhere is not theirs to see.
        assert_eq!(somebody.environments_with(Permission::ReadPackages), Environments::Only(vec![here]));
        assert!(!somebody.clone().intersection(PermissionSet::EMPTY).contains(Permission::ReadPackages));
    }

    #[test]
    fn less_is_part_of_more_in_the_same_place_alone() {
        let (here, there) = (EnvironmentId::new(), EnvironmentId::new());
        let run: &[Permission] = &[Permission::RunExecutions];
        let (nothing, in_here) = (Allowed::default(), allowed(&[], &[(here, run)]));
        let (in_there, all) = (allowed(&[], &[(there, run)]), allowed(run, &[]));
        assert!(nothing.is_subset(&in_here) && in_here.is_subset(&in_here) && in_here.is_subset(&all));
        assert!(!in_here.is_subset(&in_there) && !all.is_subset(&in_here) && !in_here.is_subset(&nothing));
        let both = in_here.clone().union(&in_there);
        assert!(in_here.is_subset(&both) && in_there.is_subset(&both) && !both.is_subset(&in_here));
        assert_eq!(both.without(&in_here), in_there);
        // In each environment there is, and not in those to come.
        assert!(!all.is_subset(&both));
        let text = all.union(&in_here).to_string();
        assert_eq!(text, format!("RunExecutions; in the environment {here}: RunExecutions"));
    }
}
