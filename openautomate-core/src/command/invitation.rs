//! Withdrawing invitations.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Record};
use crate::command::{Command, CommandContext, Decision};
use crate::error::{Error, Result};
use crate::id::InvitationId;
use crate::permission::{Access, Permission};

/// Withdraws an invitation: nobody may accept it any more.
#[derive(Clone, Debug)]
pub struct WithdrawInvitation {
    /// Which.
    pub id: InvitationId,
}

#[async_trait]
impl Command for WithdrawInvitation {
    type Output = ();
    const NAME: &'static str = "user.withdraw_invitation";

    fn access(&self) -> Access {
        Access::PermissionInPerson(Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let found = context.store.invitation(self.id).await?;
        let mut invitation = found
            .filter(|invitation| !invitation.email.is_empty() && invitation.withdrawn_at.is_none())
            .ok_or_else(|| Error::not_found("invitation", self.id))?;
        if invitation.used_at.is_some() {
            return Err(Error::conflict(
                "invitation.used",
                "the invitation was accepted already; disable or delete the person in its place",
            ));
        }
        invitation.withdrawn_at = Some(context.now);
        let entry = context.audit("invitation", self.id, json!({}));
        Ok(Decision::new(Changes::none().update(Record::Invitation(invitation)).audited(entry), ()))
    }
}
