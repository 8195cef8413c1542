//! Signing in by an account at an identity provider.
//!
//! Whoever calls this has verified what the provider said. The key of an account is the issuer and the subject, never
//! an address: an address that somebody gives up belongs to another person next, and providers let people write any.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Record, Write};
use crate::command::identity::{is_active_administrator, keep_an_administrator, new_user};
use crate::command::session::{SignedIn, begin, revoke_external_sessions, revoke_sessions};
use crate::command::{Command, CommandContext, Decision, giving};
use crate::domain::{ExternalIdentity, Role, SignInMethod, User, check_email, check_name};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{ExternalIdentityId, UserId};
use crate::permission::{Access, Permission};

/// OpenID Connect Core 1.0, 2: a subject has at most 255 ASCII characters.
const MAX_SUBJECT: usize = 255;
const MAX_ISSUER: usize = 512;
/// How many names are tried for somebody whose own is taken.
const MAX_NAMES: u32 = 20;

/// Nobody signs in by this account, or whoever did may not. Which of them is not said.
fn not_invited() -> Error {
    let message = "nobody here signs in by this account; ask an administrator";
    Error::new(ErrorKind::Forbidden, "oidc.not_invited", message)
}

/// An account at a provider, as the provider says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenAccount {
    /// The provider (`iss`).
    pub issuer: String,
    /// The account (`sub`).
    pub subject: String,
}

impl ProvenAccount {
    fn check(&self) -> Result<()> {
        let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let holds = |text: &str, most: usize| !text.is_empty() && text.len() <= most && is_plain(text);
        if holds(&self.issuer, MAX_ISSUER) && holds(&self.subject, MAX_SUBJECT) {
            return Ok(());
        }
        Err(Error::unauthenticated("the identity provider names an account that no provider may have"))
    }
}

/// What the provider says of somebody who has no account here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewcomerProfile {
    /// The name that the account gets, or one like it if that is taken.
    pub username: String,
    /// The address; none if the provider did not verify it.
    pub email: Option<String>,
    /// The roles that the account gets, where the provider says nothing of roles.
    pub roles: Vec<Role>,
}

/// Signs a person in by an account at a provider.
#[derive(Clone, Debug)]
pub struct LogInExternally {
    /// The account.
    pub account: ProvenAccount,
    /// The roles that the person gets with this login; `None` leaves them as they are.
    pub roles: Option<Vec<Role>>,
    /// What is known of somebody who is new; `None` lets nobody in who has no account.
    pub newcomer: Option<NewcomerProfile>,
    /// The program that asks, as it names itself.
    pub user_agent: Option<String>,
}

#[async_trait]
impl Command for LogInExternally {
    type Output = SignedIn;
    const NAME: &'static str = "session.external_login";

    fn access(&self) -> Access {
        // Only what has spoken with the provider can say that this is proven.
        Access::System
    }

    fn validate(&self) -> Result<()> {
        self.account.check()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<SignedIn>> {
        // Asked before the account is: whoever signs in in another window at this moment becomes a person and has the
        // account at once, and would pass for somebody else who has the address.
        let is_known = match self.newcomer.as_ref().and_then(|newcomer| newcomer.email.as_deref()) {
            Some(email) => context.store.user_by_login(email).await?.is_some(),
            None => false,
        };
        let found = context.store.external_identity(&self.account.issuer, &self.account.subject).await?;
        let Some(mut identity) = found else {
            return self.welcome(context, is_known).await;
        };
        let user = context.store.user(identity.user_id).await?;
        let Some(mut user) = user.filter(|user| !user.disabled && user.deleted_at.is_none()) else {
            let detail = json!({"identity": identity.id, "disabled": true});
            let entry = context.audit_action("session.login_refused", "user", identity.user_id, detail);
            return Ok(Decision::refused(Changes::none().audited(entry), not_invited()));
        };
        let mut changes = Changes::none();
        if let Some(roles) = self.roles.as_deref().map(sorted).filter(|roles| *roles != user.roles) {
            if roles.is_empty() {
                let detail = json!({"identity": identity.id, "roles": []});
                let entry = context.audit_action("session.login_refused", "user", user.id, detail);
                // What was signed in with the roles of before ends with them.
                let changes = revoke_sessions(context, &user, changes).await?.audited(entry);
                return Ok(Decision::refused(changes, not_invited()));
            }
            let was_administrator = is_active_administrator(&user);
            user.roles = roles;
            if was_administrator && !is_active_administrator(&user) {
                keep_an_administrator(context).await?;
            }
            changes = revoke_sessions(context, &user, changes).await?;
            let detail = json!({"username": user.username, "roles": user.roles, "by": self.account.issuer});
            changes = changes.audited(context.audit_action("user.update", "user", user.id, detail));
        }
        identity.last_login = Some(context.now);
        let changes = changes.update(Record::ExternalIdentity(identity));
        begin(context, changes, user, SignInMethod::External, self.user_agent.as_deref())
    }
}

impl LogInExternally {
    /// Makes an account for somebody who is new. `is_known`: somebody here has the address.
    async fn welcome(&self, context: &CommandContext<'_>, is_known: bool) -> Result<Decision<SignedIn>> {
        let given = self.newcomer.as_ref().map(|newcomer| newcomer.roles.as_slice());
        let roles = sorted(self.roles.as_deref().or(given).unwrap_or_default());
        let newcomer = self.newcomer.as_ref().filter(|_| !roles.is_empty());
        let Some(newcomer) = newcomer else {
            let detail = json!({"issuer": self.account.issuer, "roles": roles});
            let entry = context.audit_action("session.login_refused", "user", "unknown", detail);
            return Ok(Decision::refused(Changes::none().audited(entry), not_invited()));
        };
        let email =
            newcomer.email.as_deref().filter(|email| check_email(email).is_ok()).ok_or_else(|| {
                let message = "the identity provider tells no verified address, and an account needs one";
                Error::new(ErrorKind::Forbidden, "oidc.email_unverified", message)
            })?;
        if is_known {
            return Err(Error::conflict(
                "oidc.email_taken",
                "an account with this address exists; sign in by its password and link this account to it",
            ));
        }
        let username = self.free_name(context, &newcomer.username).await?;
        let user = new_user(&username, email, String::new(), &roles, context.now);
        let identity = ExternalIdentity {
            id: ExternalIdentityId::new(),
            user_id: user.id,
            issuer: self.account.issuer.clone(),
            subject: self.account.subject.clone(),
            created_at: context.now,
            last_login: Some(context.now),
            revision: 0,
        };
        let detail = json!({"username": user.username, "roles": user.roles, "by": self.account.issuer});
        let changes = Changes::none()
            .insert(Record::User(user.clone()))
            .insert(Record::ExternalIdentity(identity))
            .audited(context.audit_action("user.register", "user", user.id, detail));
        begin(context, changes, user, SignInMethod::External, self.user_agent.as_deref())
    }

    async fn free_name(&self, context: &CommandContext<'_>, wished: &str) -> Result<String> {
        // A name with an @ in it could be taken for somebody's address.
        let wished = wished.split('@').next().unwrap_or_default();
        let wished = if check_name("username", wished).is_ok() { wished } else { "person" };
        for number in 1..=MAX_NAMES {
            let name = if number == 1 { wished.to_owned() } else { format!("{wished}-{number}") };
            if check_name("username", &name).is_ok() && context.store.user_by_login(&name).await?.is_none() {
                return Ok(name);
            }
        }
        Err(Error::conflict(
            "oidc.name_taken",
            "too many people have this name; ask an administrator for an account",
        ))
    }
}

fn sorted(roles: &[Role]) -> Vec<Role> {
    let mut roles = roles.to_vec();
    roles.sort();
    roles.dedup();
    roles
}

/// Lets a person who is signed in sign in by an account at a provider from now on.
#[derive(Clone, Debug)]
pub struct LinkExternalIdentity {
    /// Who.
    pub user_id: UserId,
    /// The account.
    pub account: ProvenAccount,
}

#[async_trait]
impl Command for LinkExternalIdentity {
    type Output = User;
    const NAME: &'static str = "user.link_identity";

    fn access(&self) -> Access {
        Access::SelfInPersonOr(self.user_id, Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        self.account.check()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<User>> {
        let user = context.store.user(self.user_id).await?.filter(|user| user.deleted_at.is_none());
        let user = user.ok_or_else(|| Error::not_found("user", self.user_id))?;
        if context.actor.user_id() != Some(user.id) {
            giving::check_not_above(context, &user).await?;
        }
        let found = context.store.external_identity(&self.account.issuer, &self.account.subject).await?;
        if let Some(found) = found {
            if found.user_id == user.id {
                return Ok(Decision::unchanged(user));
            }
            let message = "somebody else signs in by this account; use another";
            return Err(Error::conflict("oidc.linked_elsewhere", message));
        }
        let identity = ExternalIdentity {
            id: ExternalIdentityId::new(),
            user_id: user.id,
            issuer: self.account.issuer.clone(),
            subject: self.account.subject.clone(),
            created_at: context.now,
            last_login: None,
            revision: 0,
        };
        let entry = context.audit("user", user.id, json!({"issuer": identity.issuer}));
        Ok(Decision::new(Changes::none().insert(Record::ExternalIdentity(identity)).audited(entry), user))
    }
}

/// Takes an account at a provider from a person: nobody signs in by it from now on. Where somebody is signed in by such
/// an account ends with it, but for the session that asks.
#[derive(Clone, Debug)]
pub struct UnlinkExternalIdentity {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub id: ExternalIdentityId,
}

#[async_trait]
impl Command for UnlinkExternalIdentity {
    type Output = ();
    const NAME: &'static str = "user.unlink_identity";

    fn access(&self) -> Access {
        Access::SelfInPersonOr(self.user_id, Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let user = context.store.user(self.user_id).await?.filter(|user| user.deleted_at.is_none());
        let user = user.ok_or_else(|| Error::not_found("user", self.user_id))?;
        if context.actor.user_id() != Some(user.id) {
            giving::check_not_above(context, &user).await?;
        }
        let linked = context.store.external_identities(user.id).await?;
        let missing = || Error::not_found("linked account", self.id);
        let identity = linked.iter().find(|one| one.id == self.id).ok_or_else(missing)?;
        if user.hash().is_none() && linked.len() == 1 {
            let message = "nothing else signs this person in; link another account first, or ask an administrator for \
                           a link to a new password";
            return Err(Error::conflict("identity.last", message));
        }
        let entry = context.audit("user", user.id, json!({"issuer": identity.issuer}));
        // The person's row is written, so that two who unlink at once don't each leave the other's.
        let mut changes = revoke_external_sessions(context, user.id, Changes::none())
            .await?
            .update(Record::User(user))
            .audited(entry);
        changes.writes.push(Write::DeleteExternalIdentity { id: identity.id, revision: identity.revision });
        Ok(Decision::new(changes, ()))
    }
}
