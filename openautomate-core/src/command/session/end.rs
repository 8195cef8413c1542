//! Ending sessions that are not the caller's present one.

use async_trait::async_trait;
use serde_json::json;

use super::{revoke, revoke_other_sessions, revoke_sessions};
use crate::changes::Changes;
use crate::command::{Command, CommandContext, Decision, giving};
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::permission::{Access, Permission};

/// Ends one session of a person: one's own, or anybody's for who manages people.
#[derive(Clone, Debug)]
pub struct EndSession {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub id: SessionId,
}

#[async_trait]
impl Command for EndSession {
    type Output = ();
    const NAME: &'static str = "session.end";

    fn access(&self) -> Access {
        Access::SelfInPersonOr(self.user_id, Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let session = context.store.session(self.id).await?;
        let session = session
            .filter(|session| session.user_id == self.user_id && session.revoked_at.is_none())
            .ok_or_else(|| Error::not_found("session", self.id))?;
        check_not_above(context, self.user_id).await?;
        let entry = context.audit("session", self.id, json!({"userId": self.user_id}));
        Ok(Decision::new(revoke(session, context.now).audited(entry), ()))
    }
}

/// Ends all sessions of a person; of one's own, all but the one that asks.
#[derive(Clone, Debug)]
pub struct EndSessions {
    /// Whose.
    pub user_id: UserId,
}

#[async_trait]
impl Command for EndSessions {
    type Output = ();
    const NAME: &'static str = "session.end_all";

    fn access(&self) -> Access {
        Access::SelfInPersonOr(self.user_id, Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let id = self.user_id;
        let user = context.store.user(id).await?.ok_or_else(|| Error::not_found("user", id))?;
        check_not_above(context, id).await?;
        let changes = if context.actor.user_id() == Some(id) {
            revoke_other_sessions(context, id, Changes::none()).await?
        } else {
            revoke_sessions(context, &user, Changes::none()).await?
        };
        if changes.writes.is_empty() {
            return Ok(Decision::unchanged(()));
        }
        let entry = context.audit("user", id, json!({"sessions": changes.writes.len()}));
        Ok(Decision::new(changes.audited(entry), ()))
    }
}

/// Whoever ends the sessions of somebody else may do no less than they.
async fn check_not_above(context: &CommandContext<'_>, id: UserId) -> Result<()> {
    if context.actor.user_id() == Some(id) {
        return Ok(());
    }
    let user = context.store.user(id).await?.ok_or_else(|| Error::not_found("user", id))?;
    giving::check_not_above(context, &user).await
}
