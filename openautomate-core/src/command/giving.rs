//! Who may give what: nobody makes anybody, themselves included, into more than they are.

use std::collections::BTreeSet;

use crate::changes::{Changes, Record, Write};
use crate::command::CommandContext;
use crate::domain::{CustomRole, EnvironmentRoles, Role, User};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, RoleId};
use crate::permission::{Actor, Allowed, PermissionSet, Principal, given_in_environment};

/// Each request of a person reads theirs.
const MAX_CUSTOM_ROLES: usize = 16;
/// In so many environments somebody may have roles of their own.
const MAX_ENVIRONMENT_ROLES: usize = 100;

/// Checks that an actor may give these built-in roles, and these permissions by custom roles, everywhere. An
/// Administrator gives everything; anybody else what they have themselves, and nothing of what Administrators alone have.
///
/// # Errors
/// `Forbidden`, naming what is too much.
pub(super) fn check(actor: &Actor, roles: &[Role], added: PermissionSet) -> Result<()> {
    let given = roles.iter().fold(added, |set, role| set.union(PermissionSet::of_role(*role)));
    check_allowed(actor, &Allowed::everywhere(given))
}

/// As [`check`], for what counts in single environments too: it is had there, or everywhere, by who gives it.
///
/// # Errors
/// `Forbidden`, naming what is too much.
pub(super) fn check_allowed(actor: &Actor, given: &Allowed) -> Result<()> {
    if actor.principal == Principal::System || actor.is_administrator() {
        return Ok(());
    }
    let reserved = given.clone().intersection(PermissionSet::reserved());
    if !reserved.is_empty() {
        return Err(Error::forbidden(format!("only an Administrator gives this: {reserved}")));
    }
    let beyond = given.without(&actor.allowed());
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
    let theirs = Allowed::everywhere(theirs).union(&in_environments(context, &user.environment_roles).await?);
    let is_administrator = user.roles.contains(&Role::Administrator);
    if !is_administrator && theirs.is_subset(&actor.allowed()) {
        return Ok(());
    }
    Err(Error::forbidden("this person may more than you do; ask an Administrator"))
}

/// The custom roles with these ids.
///
/// # Errors
/// `Invalid`, naming `field`, if there is no such role.
pub(super) async fn custom_roles(
    context: &CommandContext<'_>,
    field: &'static str,
    ids: &[RoleId],
) -> Result<Vec<CustomRole>> {
    let mut roles = Vec::with_capacity(ids.len());
    for id in ids {
        let role = context.store.custom_role(*id).await?;
        let missing = || Error::invalid_field(field, format!("names no role: {id}; list them first"));
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

/// What these roles allow in their environments; a custom role that is gone allows nothing.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub(super) async fn in_environments(
    context: &CommandContext<'_>,
    given: &[EnvironmentRoles],
) -> Result<Allowed> {
    let mut allowed = Allowed::default();
    for one in given {
        let added = added_by(context, &one.custom_roles).await?;
        let added = added.intersection(PermissionSet::in_an_environment());
        let all = given_in_environment(&one.roles, []).union(added);
        allowed.environments.insert(one.environment_id, all);
    }
    Ok(allowed)
}

/// Checks a list of custom roles.
///
/// # Errors
/// `Invalid` if there are too many.
pub(super) fn check_custom_roles(roles: &[RoleId]) -> Result<()> {
    if roles.len() > MAX_CUSTOM_ROLES {
        let message = format!("names more than {MAX_CUSTOM_ROLES} roles; make one of them");
        return Err(Error::invalid_field("customRoles", message));
    }
    Ok(())
}

/// Checks a list of roles in single environments.
///
/// # Errors
/// `Invalid` if it is too long.
pub(super) fn check_environment_roles(given: &[EnvironmentRoles]) -> Result<()> {
    if given.len() > MAX_ENVIRONMENT_ROLES {
        let message = format!("names more than {MAX_ENVIRONMENT_ROLES} environments; give a role everywhere");
        return Err(Error::invalid_field("environmentRoles", message));
    }
    let custom: BTreeSet<RoleId> = given.iter().flat_map(|one| one.custom_roles.iter().copied()).collect();
    if custom.len() > MAX_CUSTOM_ROLES {
        let message = format!("names more than {MAX_CUSTOM_ROLES} custom roles; make one of them");
        return Err(Error::invalid_field("environmentRoles", message));
    }
    Ok(())
}

/// Checks that these roles in single environments are there and may be given; raises the custom ones that the person
/// has nowhere yet, so that none is removed at the same time.
///
/// # Errors
/// `Invalid` if an environment or a role is not there, `Forbidden` if it is too much.
pub(super) async fn give_in_environments(
    context: &CommandContext<'_>,
    user: &User,
    given: &[EnvironmentRoles],
    mut changes: Changes,
) -> Result<Changes> {
    let known: Vec<EnvironmentId> =
        context.store.environments().await?.into_iter().map(|environment| environment.id).collect();
    if let Some(unknown) = given.iter().find(|one| !known.contains(&one.environment_id)) {
        let message = format!("names no environment: {}; list them first", unknown.environment_id);
        return Err(Error::invalid_field("environmentRoles", message));
    }
    let had = user.environment_roles.iter().flat_map(|one| &one.custom_roles).chain(&user.custom_roles);
    let had: BTreeSet<RoleId> = had.copied().collect();
    let ids: BTreeSet<RoleId> = given.iter().flat_map(|one| one.custom_roles.iter().copied()).collect();
    let ids: Vec<RoleId> = ids.into_iter().collect();
    for role in custom_roles(context, "environmentRoles", &ids).await? {
        let is_raised = changes
            .writes
            .iter()
            .any(|write| matches!(write, Write::Update(Record::CustomRole(raised)) if raised.id == role.id));
        if !is_raised && !had.contains(&role.id) {
            changes = changes.update(Record::CustomRole(role));
        }
    }
    check_allowed(context.actor, &in_environments(context, given).await?)?;
    Ok(changes)
}
