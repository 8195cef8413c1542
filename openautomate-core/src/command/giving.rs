//! Who may give what: nobody makes anybody, themselves included, into more than they are.

use crate::command::CommandContext;
use crate::domain::{CustomRole, Role, User};
use crate::error::{Error, Result};
use crate::id::RoleId;
use crate::permission::{Actor, PermissionSet, Principal};

/// Checks that an actor may give these built-in roles, and these permissions by custom roles. An Administrator gives
/// everything; anybody else what they have themselves, and nothing of what Administrators alone have.
///
/// # Errors
/// `Forbidden`, naming what is too much.
pub(super) fn check(actor: &Actor, roles: &[Role], added: PermissionSet) -> Result<()> {
    if actor.principal == Principal::System || actor.is_administrator() {
        return Ok(());
    }
    let given = roles.iter().fold(added, |set, role| set.union(PermissionSet::of_role(*role)));
    let reserved = given.intersection(PermissionSet::reserved());
    if !reserved.is_empty() {
        return Err(Error::forbidden(format!("only an Administrator gives this: {reserved}")));
    }
    let beyond = given.without(actor.permissions());
    if beyond.is_empty() {
        return Ok(());
    }
    Err(Error::forbidden(format!("you can't give what you may not do yourself: {beyond}")))
}

/// Checks that a person may no more than who wants to change them: whoever changes somebody's address or disables them
/// has power over them.
///
/// # Errors
/// `Forbidden` if the person may more.
pub(super) async fn check_not_above(context: &CommandContext<'_>, user: &User) -> Result<()> {
    let actor = context.actor;
    if actor.principal == Principal::System || actor.is_administrator() {
        return Ok(());
    }
    let added = added_by(context, &user.custom_roles).await?;
    let theirs = user.roles.iter().fold(added, |set, role| set.union(PermissionSet::of_role(*role)));
    let is_administrator = user.roles.contains(&Role::Administrator);
    if !is_administrator && theirs.is_subset(actor.permissions()) {
        return Ok(());
    }
    Err(Error::forbidden("this person may more than you do; ask an Administrator"))
}

/// The custom roles with these ids.
///
/// # Errors
/// `Invalid` if there is no such role.
pub(super) async fn custom_roles(context: &CommandContext<'_>, ids: &[RoleId]) -> Result<Vec<CustomRole>> {
    let mut roles = Vec::with_capacity(ids.len());
    for id in ids {
        let role = context.store.custom_role(*id).await?;
        let missing = || Error::invalid_field("customRoles", format!("names no role: {id}; list them first"));
        roles.push(role.ok_or_else(missing)?);
    }
    Ok(roles)
}

/// What the custom roles with these ids allow together; one that is gone allows nothing.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub(super) async fn added_by(context: &CommandContext<'_>, ids: &[RoleId]) -> Result<PermissionSet> {
    let mut added = PermissionSet::EMPTY;
    for id in ids {
        if let Some(role) = context.store.custom_role(*id).await? {
            added = added.union(role.permissions);
        }
    }
    Ok(added)
}
