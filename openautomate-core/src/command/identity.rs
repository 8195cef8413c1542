//! Setting the place up, inviting, registering, changing and deleting people.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::json;

use crate::changes::{Changes, Record};
use crate::clock::Timestamp;
use crate::command::package::check_revision;
use crate::command::session::revoke_sessions;
use crate::command::{Command, CommandContext, Decision, giving};
use crate::credential::{OpaqueToken, check_password, token_hash};
use crate::domain::{Environment, EnvironmentRoles, Invitation, Role, User, check_email, check_name};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, InvitationId, RoleId, UserId};
use crate::orchestrator::Registration;
use crate::permission::{Access, Permission, PermissionSet};
use crate::secret::Secret;

const SETUP_LIFE: Duration = Duration::from_secs(3_600);
const INVITATION_LIFE: Duration = Duration::from_secs(7 * 24 * 3_600);

pub(crate) fn new_user(username: &str, email: &str, hash: String, roles: &[Role], now: Timestamp) -> User {
    let mut roles = roles.to_vec();
    roles.sort();
    roles.dedup();
    User {
        id: UserId::new(),
        username: username.to_owned(),
        email: email.to_owned(),
        password_hash: hash,
        roles,
        custom_roles: Vec::new(),
        environment_roles: Vec::new(),
        disabled: false,
        created_at: now,
        last_login: None,
        deleted_at: None,
        revision: 0,
    }
}

fn after(now: Timestamp, life: Duration) -> Timestamp {
    now + TimeDelta::from_std(life).unwrap_or(TimeDelta::zero())
}

/// Makes what every installation starts with: the environments development, testing and production.
#[derive(Clone, Debug)]
pub struct PrepareInstallation;

#[async_trait]
impl Command for PrepareInstallation {
    type Output = ();
    const NAME: &'static str = "installation.prepare";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        if !context.store.environments().await?.is_empty() {
            return Ok(Decision::unchanged(()));
        }
        let mut changes = Changes::none();
        for (name, is_default) in [("development", false), ("testing", false), ("production", true)] {
            let environment = Environment {
                id: EnvironmentId::new(),
                name: name.to_owned(),
                is_default,
                author_keys: Vec::new(),
                max_concurrent: None,
                four_eyes: false,
                pause: None,
                created_at: context.now,
                revision: 0,
            };
            let entry = context.audit("environment", environment.id, json!({"name": name}));
            changes = changes.insert(Record::Environment(environment)).audited(entry);
        }
        Ok(Decision::new(changes, ()))
    }
}

/// A made invitation. The token is shown once and never again.
#[derive(Debug)]
pub struct MadeInvitation {
    /// The invitation's id.
    pub id: InvitationId,
    /// The token.
    pub token: Secret<String>,
    /// After this instant it is no good.
    pub expires_at: Timestamp,
}

fn invitation(
    context: &CommandContext<'_>,
    email: &str,
    roles: &[Role],
    life: Duration,
) -> Result<Decision<MadeInvitation>> {
    let made = OpaqueToken::generate("oa_invite_")?;
    let invitation = Invitation {
        id: InvitationId::new(),
        token_hash: made.hash,
        email: email.to_owned(),
        roles: roles.to_vec(),
        created_by: context.actor.user_id(),
        created_at: context.now,
        expires_at: after(context.now, life),
        used_at: None,
        withdrawn_at: None,
        revision: 0,
    };
    let output = MadeInvitation { id: invitation.id, token: made.token, expires_at: invitation.expires_at };
    let entry = context.audit("invitation", invitation.id, json!({"roles": roles}));
    Ok(Decision::new(Changes::none().insert(Record::Invitation(invitation)).audited(entry), output))
}

/// Makes the one-time invitation of the first Administrator, while there is none; good for an hour.
#[derive(Clone, Debug)]
pub struct OfferSetup;

#[async_trait]
impl Command for OfferSetup {
    type Output = Option<MadeInvitation>;
    const NAME: &'static str = "installation.offer_setup";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Option<MadeInvitation>>> {
        if context.store.count_administrators().await? > 0 {
            return Ok(Decision::unchanged(None));
        }
        let made = invitation(context, "", &[Role::Administrator], SETUP_LIFE)?;
        Ok(Decision { changes: made.changes, output: made.output.map(Some) })
    }
}

/// Makes the first Administrator from what the operator gave at start. Does nothing where there is one.
#[derive(Clone, Debug)]
pub struct CreateFirstAdministrator {
    /// The user name.
    pub username: String,
    /// The address.
    pub email: String,
    /// The password.
    pub password: Secret<String>,
}

#[async_trait]
impl Command for CreateFirstAdministrator {
    type Output = ();
    const NAME: &'static str = "installation.first_administrator";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        check_account(&self.username, &self.email, &self.password)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        if context.store.count_administrators().await? > 0 {
            return Ok(Decision::unchanged(()));
        }
        let hash = context.passwords.hash(self.password.clone()).await?;
        let user = new_user(&self.username, &self.email, hash, &[Role::Administrator], context.now);
        let entry = context.audit("user", user.id, json!({"username": user.username}));
        Ok(Decision::new(Changes::none().insert(Record::User(user)).audited(entry), ()))
    }
}

fn check_account(username: &str, email: &str, password: &Secret<String>) -> Result<()> {
    check_name("username", username)?;
    if username.contains('@') {
        return Err(Error::invalid_field("username", "holds an @; that is for addresses"));
    }
    check_email(email)?;
    check_password(password, username)
}

/// Invites a person.
#[derive(Clone, Debug)]
pub struct InviteUser {
    /// The address; the account gets this one.
    pub email: String,
    /// The roles that the account gets.
    pub roles: Vec<Role>,
}

#[async_trait]
impl Command for InviteUser {
    type Output = MadeInvitation;
    const NAME: &'static str = "user.invite";

    fn access(&self) -> Access {
        Access::PermissionInPerson(Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        check_email(&self.email)?;
        if self.roles.is_empty() {
            return Err(Error::invalid_field("roles", "is empty; give at least one role"));
        }
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<MadeInvitation>> {
        giving::check(context.actor, &self.roles, PermissionSet::EMPTY)?;
        if context.store.user_by_login(&self.email).await?.is_some() {
            return Err(Error::conflict("name.taken", "an account with this address exists"));
        }
        invitation(context, &self.email, &self.roles, INVITATION_LIFE)
    }
}

/// Makes an account: by invitation, or freely where the operator allows it.
#[derive(Clone, Debug)]
pub struct RegisterUser {
    /// The user name.
    pub username: String,
    /// The address.
    pub email: String,
    /// The password.
    pub password: Secret<String>,
    /// The invitation's token.
    pub invitation: Option<Secret<String>>,
}

#[async_trait]
impl Command for RegisterUser {
    type Output = User;
    const NAME: &'static str = "user.register";

    fn access(&self) -> Access {
        Access::Public
    }

    fn validate(&self) -> Result<()> {
        check_account(&self.username, &self.email, &self.password)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<User>> {
        let (changes, roles) = match &self.invitation {
            Some(token) => self.accept(token, context).await?,
            None if context.settings.registration == Registration::Open => {
                (Changes::none(), vec![Role::Viewer])
            }
            None => {
                return Err(Error::forbidden(
                    "accounts are made by invitation here; ask an administrator for one",
                ));
            }
        };
        let hash = context.passwords.hash(self.password.clone()).await?;
        let user = new_user(&self.username, &self.email, hash, &roles, context.now);
        let detail = json!({"username": user.username, "roles": user.roles});
        let entry = context.audit("user", user.id, detail);
        Ok(Decision::new(changes.insert(Record::User(user.clone())).audited(entry), user))
    }
}

impl RegisterUser {
    async fn accept(
        &self,
        token: &Secret<String>,
        context: &CommandContext<'_>,
    ) -> Result<(Changes, Vec<Role>)> {
        let refuse =
            || Error::forbidden("the invitation is unknown, used, withdrawn or expired; ask for a new one");
        let found = context.store.invitation_by_token(&token_hash(token.expose())).await?;
        let mut invitation = found.ok_or_else(refuse)?;
        if !invitation.is_open(context.now) {
            return Err(refuse());
        }
        // The set-up invitation names no address and makes the first Administrator only.
        if invitation.email.is_empty() {
            if context.store.count_administrators().await? > 0 {
                return Err(refuse());
            }
        } else if context.settings.registration == Registration::Closed {
            return Err(Error::forbidden("no accounts are made here; the operator closed registration"));
        } else if !invitation.email.eq_ignore_ascii_case(&self.email) {
            return Err(Error::invalid_field("email", "is not the address that was invited"));
        }
        invitation.used_at = Some(context.now);
        let roles = invitation.roles.clone();
        Ok((Changes::none().update(Record::Invitation(invitation)), roles))
    }
}

/// Changes a person. Roles and `disabled` are for those who manage people, and not for oneself.
#[derive(Clone, Debug)]
pub struct UpdateUser {
    /// Which.
    pub id: UserId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// The new user name.
    pub username: Option<String>,
    /// The new address.
    pub email: Option<String>,
    /// The new built-in roles.
    pub roles: Option<Vec<Role>>,
    /// The new custom roles.
    pub custom_roles: Option<Vec<RoleId>>,
    /// The new roles in single environments.
    pub environment_roles: Option<Vec<EnvironmentRoles>>,
    /// Whether the person may sign in.
    pub disabled: Option<bool>,
}

#[async_trait]
impl Command for UpdateUser {
    type Output = User;
    const NAME: &'static str = "user.update";

    fn access(&self) -> Access {
        if self.changes_power() {
            Access::PermissionInPerson(Permission::ManageUsers)
        } else {
            Access::SelfInPersonOr(self.id, Permission::ManageUsers)
        }
    }

    fn validate(&self) -> Result<()> {
        self.username.iter().try_for_each(|name| check_name("username", name))?;
        self.email.iter().try_for_each(|email| check_email(email))?;
        self.custom_roles.as_deref().map_or(Ok(()), giving::check_custom_roles)?;
        self.environment_roles.as_deref().map_or(Ok(()), giving::check_environment_roles)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<User>> {
        let mut user = load(context, self.id).await?;
        check_revision(self.revision, user.revision)?;
        let power_changes = self.changes_power();
        if power_changes && context.actor.user_id() == Some(self.id) {
            return Err(Error::forbidden("nobody changes their own roles; ask another administrator"));
        }
        if context.actor.user_id() != Some(self.id) {
            giving::check_not_above(context, &user).await?;
        }
        let was_administrator = is_active_administrator(&user);
        user.username = self.username.clone().unwrap_or(user.username);
        user.email = self.email.clone().unwrap_or(user.email);
        user.disabled = self.disabled.unwrap_or(user.disabled);
        if let Some(roles) = &self.roles {
            user.roles.clone_from(roles);
            user.roles.sort();
            user.roles.dedup();
        }
        let mut changes = Changes::none();
        if let Some(roles) = &self.custom_roles {
            for role in giving::custom_roles(context, "customRoles", roles).await? {
                if !user.custom_roles.contains(&role.id) {
                    // Raised, so that it is not removed at the same time.
                    changes = changes.update(Record::CustomRole(role));
                }
            }
            user.custom_roles.clone_from(roles);
            user.custom_roles.sort_unstable();
            user.custom_roles.dedup();
        }
        if let Some(given) = &self.environment_roles {
            let given = EnvironmentRoles::sorted(given.clone());
            changes = giving::give_in_environments(context, &user, &given, changes).await?;
            user.environment_roles = given;
        }
        if user.roles.is_empty() && user.custom_roles.is_empty() && user.environment_roles.is_empty() {
            return Err(Error::invalid_field("roles", "is empty; give at least one role"));
        }
        giving::check(
            context.actor,
            &self.roles.clone().unwrap_or_default(),
            giving::added_by(context, self.custom_roles.as_deref().unwrap_or_default()).await?,
        )?;
        if was_administrator && !is_active_administrator(&user) {
            keep_an_administrator(context).await?;
        }
        if power_changes {
            changes = revoke_sessions(context, &user, changes).await?;
        }
        let detail = json!({
            "username": user.username, "roles": user.roles, "customRoles": user.custom_roles,
            "environmentRoles": user.environment_roles, "disabled": user.disabled,
        });
        let changes =
            changes.update(Record::User(user.clone())).audited(context.audit("user", user.id, detail));
        user.revision += 1;
        Ok(Decision::new(changes, user))
    }
}

impl UpdateUser {
    /// Whether it changes what the person may.
    fn changes_power(&self) -> bool {
        self.roles.is_some()
            || self.custom_roles.is_some()
            || self.environment_roles.is_some()
            || self.disabled.is_some()
    }
}

async fn load(context: &CommandContext<'_>, id: UserId) -> Result<User> {
    let user = context.store.user(id).await?.filter(|user| user.deleted_at.is_none());
    user.ok_or_else(|| Error::not_found("user", id))
}

pub(crate) fn is_active_administrator(user: &User) -> bool {
    !user.disabled && user.deleted_at.is_none() && user.roles.contains(&Role::Administrator)
}

pub(crate) async fn keep_an_administrator(context: &CommandContext<'_>) -> Result<()> {
    if context.store.count_administrators().await? <= 1 {
        return Err(Error::conflict(
            "user.last_administrator",
            "this is the last administrator; make another first",
        ));
    }
    Ok(())
}

/// Deletes a person: they can't sign in, their sessions end, what they did stays.
#[derive(Clone, Debug)]
pub struct DeleteUser {
    /// Which.
    pub id: UserId,
}

#[async_trait]
impl Command for DeleteUser {
    type Output = ();
    const NAME: &'static str = "user.delete";

    fn access(&self) -> Access {
        Access::PermissionInPerson(Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut user = load(context, self.id).await?;
        if context.actor.user_id() == Some(self.id) {
            return Err(Error::forbidden("nobody deletes their own account; ask another administrator"));
        }
        giving::check_not_above(context, &user).await?;
        if is_active_administrator(&user) {
            keep_an_administrator(context).await?;
        }
        let changes = revoke_sessions(context, &user, Changes::none()).await?;
        let entry = context.audit("user", user.id, json!({"username": user.username}));
        user.deleted_at = Some(context.now);
        user.disabled = true;
        Ok(Decision::new(changes.update(Record::User(user)).audited(entry), ()))
    }
}
