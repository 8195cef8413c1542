//! What the audit keeps of the keys that sign access tokens. They lie in a file, which another process may change.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::Changes;
use crate::command::{Command, CommandContext, Decision};
use crate::error::Result;
use crate::permission::Access;

/// Notes that other keys sign and verify tokens than before.
#[derive(Clone, Debug)]
pub struct NoteTokenKeys {
    /// The ids of those that there are now; they are no secret.
    pub ids: Vec<String>,
}

#[async_trait]
impl Command for NoteTokenKeys {
    type Output = ();
    const NAME: &'static str = "installation.token_keys";

    fn access(&self) -> Access {
        Access::System
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let entry = context.audit("installation", "token_keys", json!({"ids": self.ids}));
        Ok(Decision::new(Changes::none().audited(entry), ()))
    }
}
