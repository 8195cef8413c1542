//! The roles that a person has in a single environment.

use serde::{Deserialize, Serialize};

use crate::domain::Role;
use crate::id::{EnvironmentId, RoleId};

/// The roles that a person has in one environment, besides those that they have everywhere. They give there what is
/// about what lives in an environment ([`Scope`](crate::permission::Scope)).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentRoles {
    /// Where.
    pub environment_id: EnvironmentId,
    /// The built-in roles; sorted, without repetition.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// The roles that people made; sorted, without repetition.
    #[serde(default)]
    pub custom_roles: Vec<RoleId>,
}

impl EnvironmentRoles {
    /// How they are kept: one entry an environment, by id; none without roles; roles sorted and without repetition.
    #[must_use]
    pub fn sorted(mut all: Vec<Self>) -> Vec<Self> {
        all.sort_by_key(|one| one.environment_id);
        let mut kept: Vec<Self> = Vec::with_capacity(all.len());
        for one in all {
            match kept.last_mut().filter(|last| last.environment_id == one.environment_id) {
                Some(last) => {
                    last.roles.extend(one.roles);
                    last.custom_roles.extend(one.custom_roles);
                }
                None => kept.push(one),
            }
        }
        for one in &mut kept {
            one.roles.sort();
            one.roles.dedup();
            one.custom_roles.sort_unstable();
            one.custom_roles.dedup();
        }
        kept.retain(|one| !one.roles.is_empty() || !one.custom_roles.is_empty());
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_is_named_once() {
        let (first, second, third) = (EnvironmentId::new(), EnvironmentId::new(), EnvironmentId::new());
        let custom = RoleId::new();
        let one = |environment_id, roles: &[Role], custom_roles: &[RoleId]| EnvironmentRoles {
            environment_id,
            roles: roles.to_vec(),
            custom_roles: custom_roles.to_vec(),
        };
        let sorted = EnvironmentRoles::sorted(vec![
            one(second, &[Role::Viewer, Role::Operator], &[]),
            one(third, &[], &[]),
            one(first, &[Role::Viewer], &[]),
            one(second, &[Role::Operator], &[custom, custom]),
        ]);
        let kept =
            [one(first, &[Role::Viewer], &[]), one(second, &[Role::Operator, Role::Viewer], &[custom])];
        assert_eq!(sorted, kept);
    }
}
