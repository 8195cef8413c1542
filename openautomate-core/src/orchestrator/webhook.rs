//! Who sent a webhook.

use super::Orchestrator;
use crate::command::trigger::webhook::{Delivery, Verified, verify};
use crate::error::{Error, Result};
use crate::id::TriggerId;

impl Orchestrator {
    /// Checks who sent a request to a webhook. It makes its execution by
    /// [`ReceiveWebhook`](crate::command::trigger::webhook::ReceiveWebhook).
    ///
    /// # Errors
    /// `NotFound` if there is no such webhook; `QuotaExceeded` with `request.too_large`; `Unauthenticated` with
    /// `webhook.signature` or `webhook.expired`; `Invalid` with `request.malformed` if the body is no JSON.
    pub async fn verify_webhook(&self, id: TriggerId, delivery: Delivery<'_>) -> Result<Verified> {
        let trigger = self.store().trigger(id).await?.filter(|trigger| trigger.deleted_at.is_none());
        let trigger = trigger.ok_or_else(|| Error::not_found("webhook", id))?;
        verify(&self.inner.vault, &trigger, delivery, self.clock().now())
    }
}
