//! Sets of permissions: what a role gives, what an API key may be used for.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Permission;
use crate::domain::Role;

/// A set of permissions. As JSON it is the list of their names, in the order of the table.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct PermissionSet(u64);

// Each permission has a bit.
const _: () = assert!(Permission::ALL.len() <= 64);

impl PermissionSet {
    /// Without any.
    pub const EMPTY: Self = Self(0);

    const fn bit(permission: Permission) -> u64 {
        1 << permission as u8
    }

    /// What a built-in role gives.
    #[must_use]
    pub fn of_role(role: Role) -> Self {
        Permission::ALL.into_iter().filter(|permission| permission.roles().contains(&role)).collect()
    }

    /// What Administrators have and no other built-in role: what would let somebody rise.
    #[must_use]
    pub fn reserved() -> Self {
        Permission::ALL.into_iter().filter(|one| one.roles() == [Role::Administrator]).collect()
    }

    /// Whether this one is in it.
    #[must_use]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & Self::bit(permission) != 0
    }

    /// Whether there is none in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many are in it.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// Those of either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of both.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that the other has not.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the other has each of them.
    #[must_use]
    pub const fn is_subset(self, other: Self) -> bool {
        self.without(other).is_empty()
    }

    /// Each of them, in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.contains(*permission))
    }
}

impl FromIterator<Permission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        permissions.into_iter().fold(Self::EMPTY, |set, one| Self(set.0 | Self::bit(one)))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, permission) in self.iter().enumerate() {
            write!(f, "{}{permission:?}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Serialize for PermissionSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for PermissionSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<Permission>::deserialize(deserializer).map(|list| list.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_its_own_bit() {
        for (index, one) in Permission::ALL.into_iter().enumerate() {
            let alone: PermissionSet = [one].into_iter().collect();
            assert_eq!((one as usize, alone.len()), (index, 1), "{one:?} stands elsewhere in ALL");
            for other in Permission::ALL {
                assert_eq!(alone.contains(other), one == other);
            }
        }
    }

    #[test]
    fn a_set_is_a_list_of_names() {
        let set: PermissionSet =
            [Permission::ReadAudit, Permission::ManageUsers, Permission::ReadAudit].into_iter().collect();
        let text = serde_json::to_string(&set).unwrap();
        assert_eq!(text, r#"["ManageUsers","ReadAudit"]"#);
        assert_eq!(serde_json::from_str::<PermissionSet>(&text).unwrap(), set);
        assert!(serde_json::from_str::<PermissionSet>(r#"["Everything"]"#).is_err());
        assert_eq!(set.to_string(), "ManageUsers, ReadAudit");
    }

    #[test]
    fn sets_are_sets() {
        let (viewer, developer) =
            (PermissionSet::of_role(Role::Viewer), PermissionSet::of_role(Role::Developer));
        assert!(viewer.is_subset(developer) && !developer.is_subset(viewer));
        assert_eq!(viewer.union(developer), developer);
        assert_eq!(viewer.intersection(developer), viewer);
        assert!(viewer.without(developer).is_empty());
        assert!(developer.intersection(PermissionSet::reserved()).is_empty());
        assert!(PermissionSet::reserved().contains(Permission::ManageUsers));
    }
}
