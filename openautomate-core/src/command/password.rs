//! A new password for who has forgotten theirs.

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::json;

use crate::changes::{Changes, Record};
use crate::clock::Timestamp;
use crate::command::session::revoke_sessions;
use crate::command::{Command, CommandContext, Decision, giving};
use crate::credential::{OpaqueToken, check_password, token_hash};
use crate::domain::PasswordReset;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::permission::{Access, Permission};
use crate::secret::Secret;

/// How long a link is good.
const RESET_LIFE: TimeDelta = TimeDelta::hours(1);

/// A made link. The token is shown once and never again.
#[derive(Debug)]
pub struct OfferedReset {
    /// The token.
    pub token: Secret<String>,
    /// After this instant it is no good.
    pub expires_at: Timestamp,
}

/// Makes a link by which somebody sets a new password, once, within an hour. The link before it is no good any more.
#[derive(Clone, Debug)]
pub struct OfferPasswordReset {
    /// Who has forgotten theirs.
    pub user_id: UserId,
}

#[async_trait]
impl Command for OfferPasswordReset {
    type Output = OfferedReset;
    const NAME: &'static str = "user.offer_password_reset";

    fn access(&self) -> Access {
        Access::PermissionInPerson(Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<OfferedReset>> {
        let id = self.user_id;
        let user = context.store.user(id).await?.filter(|user| user.deleted_at.is_none());
        let user = user.ok_or_else(|| Error::not_found("user", id))?;
        // Whoever has the link is that person.
        giving::check_not_above(context, &user).await?;
        let made = OpaqueToken::generate("oa_reset_")?;
        let old = context.store.password_reset(id).await?;
        let reset = PasswordReset {
            user_id: id,
            token_hash: made.hash,
            created_by: context.actor.user_id(),
            created_at: context.now,
            expires_at: context.now + RESET_LIFE,
            used_at: None,
            revision: old.as_ref().map_or(0, |old| old.revision),
        };
        let output = OfferedReset { token: made.token, expires_at: reset.expires_at };
        let record = Record::PasswordReset(reset);
        let changes =
            if old.is_some() { Changes::none().update(record) } else { Changes::none().insert(record) };
        let entry = context.audit("user", id, json!({"username": user.username}));
        Ok(Decision::new(changes.audited(entry), output))
    }
}

/// Sets the password of whoever a link was made for. Their sessions end; an authenticator stays, and is asked for.
#[derive(Clone, Debug)]
pub struct ResetPassword {
    /// The token of the link.
    pub token: Secret<String>,
    /// The new password.
    pub password: Secret<String>,
}

#[async_trait]
impl Command for ResetPassword {
    type Output = ();
    const NAME: &'static str = "user.reset_password";

    fn access(&self) -> Access {
        Access::Public
    }

    fn validate(&self) -> Result<()> {
        // More is checked when it is known whose it shall be; what is refused here costs no hash.
        check_password(&self.password, "")
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let refuse = || Error::forbidden("the link is unknown, used or expired; ask for a new one");
        let reset = context.store.password_reset_by_token(&token_hash(self.token.expose())).await?;
        let mut reset = reset
            .filter(|reset| reset.used_at.is_none() && reset.expires_at > context.now)
            .ok_or_else(refuse)?;
        let user = context.store.user(reset.user_id).await?;
        let mut user = user.filter(|user| !user.disabled && user.deleted_at.is_none()).ok_or_else(refuse)?;
        check_password(&self.password, &user.username)?;
        user.password_hash = context.passwords.hash(self.password.clone()).await?;
        reset.used_at = Some(context.now);
        let entry = context.audit("user", user.id, json!({"username": user.username}));
        let changes = revoke_sessions(context, &user, Changes::none()).await?;
        let changes = changes.update(Record::PasswordReset(reset)).update(Record::User(user));
        Ok(Decision::new(changes.audited(entry), ()))
    }
}
