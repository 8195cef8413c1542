//! Making, changing and removing roles: named sets of permissions.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Record, Write};
use crate::command::package::check_revision;
use crate::command::session::revoke_sessions;
use crate::command::{Command, CommandContext, Decision, giving};
use crate::domain::{CustomRole, Role, check_description, check_name};
use crate::error::{Error, Result};
use crate::id::RoleId;
use crate::permission::{Access, Permission, PermissionSet};

/// They are listed whole.
const MAX_ROLES: usize = 200;
/// So many may have one role.
const MAX_HOLDERS: u32 = 2_000;
/// So many of them are named when a role can't be removed.
const NAMED: usize = 5;

/// Everything that a person sets of a role.
#[derive(Clone, Debug)]
pub struct RoleSettings {
    /// The name, unique without regard to case, and none of the built-in roles'.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What it allows; at least one permission.
    pub permissions: PermissionSet,
}

impl RoleSettings {
    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_description("description", &self.description)?;
        if Role::ALL.iter().any(|role| format!("{role:?}").eq_ignore_ascii_case(&self.name)) {
            return Err(Error::invalid_field("name", "is a built-in role's; choose another"));
        }
        if self.permissions.is_empty() {
            return Err(Error::invalid_field("permissions", "is empty; give at least one permission"));
        }
        Ok(())
    }
}

fn detail(role: &CustomRole) -> serde_json::Value {
    json!({"name": role.name, "permissions": role.permissions})
}

async fn load(context: &CommandContext<'_>, id: RoleId) -> Result<CustomRole> {
    context.store.custom_role(id).await?.ok_or_else(|| Error::not_found("role", id))
}

/// Makes a role. Only an Administrator makes one with what Administrators alone may, and nobody one with what they may
/// not do themselves.
#[derive(Clone, Debug)]
pub struct CreateRole {
    /// What it shall be.
    pub settings: RoleSettings,
}

#[async_trait]
impl Command for CreateRole {
    type Output = CustomRole;
    const NAME: &'static str = "role.create";

    fn access(&self) -> Access {
        Access::PermissionInPerson(Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<CustomRole>> {
        giving::check(context.actor, &[], self.settings.permissions)?;
        if context.store.custom_roles().await?.len() >= MAX_ROLES {
            let message = format!("there are {MAX_ROLES} roles already; remove one");
            return Err(Error::conflict("role.too_many", message));
        }
        let role = CustomRole {
            id: RoleId::new(),
            name: self.settings.name.clone(),
            description: self.settings.description.clone(),
            permissions: self.settings.permissions,
            created_at: context.now,
            updated_at: context.now,
            revision: 0,
        };
        let changes = Changes::none().insert(Record::CustomRole(role.clone())).audited(context.audit(
            "role",
            role.id,
            detail(&role),
        ));
        Ok(Decision::new(changes, role))
    }
}

/// Replaces a role. Requests of whoever has it follow at once; if it loses a permission, their sessions end, so that
/// nothing stays open that was opened with it.
#[derive(Clone, Debug)]
pub struct UpdateRole {
    /// Which.
    pub id: RoleId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// What it shall be.
    pub settings: RoleSettings,
}

#[async_trait]
impl Command for UpdateRole {
    type Output = CustomRole;
    const NAME: &'static str = "role.update";

    fn access(&self) -> Access {
        Access::PermissionInPerson(Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<CustomRole>> {
        let before = load(context, self.id).await?;
        check_revision(self.revision, before.revision)?;
        let permissions = self.settings.permissions;
        // Either way it is a change of what others may.
        giving::check(context.actor, &[], permissions.without(before.permissions))?;
        giving::check(context.actor, &[], before.permissions.without(permissions))?;
        let mut changes = Changes::none();
        if !before.permissions.is_subset(permissions) {
            for user in context.store.users_with_role(self.id, MAX_HOLDERS).await? {
                changes = revoke_sessions(context, &user, changes).await?;
            }
        }
        let mut role = CustomRole {
            name: self.settings.name.clone(),
            description: self.settings.description.clone(),
            permissions,
            updated_at: context.now,
            ..before
        };
        let changes = changes.update(Record::CustomRole(role.clone())).audited(context.audit(
            "role",
            role.id,
            detail(&role),
        ));
        role.revision += 1;
        Ok(Decision::new(changes, role))
    }
}

/// Removes a role that nobody has.
#[derive(Clone, Debug)]
pub struct DeleteRole {
    /// Which.
    pub id: RoleId,
}

#[async_trait]
impl Command for DeleteRole {
    type Output = ();
    const NAME: &'static str = "role.delete";

    fn access(&self) -> Access {
        Access::PermissionInPerson(Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let role = load(context, self.id).await?;
        let holders = context.store.users_with_role(self.id, MAX_HOLDERS).await?;
        if !holders.is_empty() {
            let mut names: Vec<&str> =
                holders.iter().take(NAMED).map(|user| user.username.as_str()).collect();
            if holders.len() > NAMED {
                names.push("others");
            }
            let message = format!("these have the role: {}; take it from them first", names.join(", "));
            return Err(Error::conflict("role.in_use", message));
        }
        let mut changes = Changes::none().audited(context.audit("role", role.id, detail(&role)));
        changes.writes.push(Write::DeleteRole { id: role.id, revision: role.revision });
        Ok(Decision::new(changes, ()))
    }
}
