//! Many executions at once.

use async_trait::async_trait;

use super::{EnqueueExecution, Known};
use crate::changes::Changes;
use crate::command::{Command, CommandContext, Decision};
use crate::error::{Error, Result};
use crate::id::ExecutionId;
use crate::permission::{Access, Permission};

/// Asks for several executions in one commit: all of them, or none.
#[derive(Clone, Debug)]
pub struct EnqueueExecutions {
    /// What is asked for, 1 to [`EnqueueExecutions::MAX`].
    pub items: Vec<EnqueueExecution>,
}

impl EnqueueExecutions {
    /// The most at once: one commit shuts out other writers for as long as it takes.
    pub const MAX: usize = 1_000;
}

#[async_trait]
impl Command for EnqueueExecutions {
    /// The executions, in the order in which they were asked for.
    type Output = Vec<ExecutionId>;
    const NAME: &'static str = "execution.enqueue";

    fn access(&self) -> Access {
        Access::Permission(Permission::RunExecutions)
    }

    fn validate(&self) -> Result<()> {
        if !(1..=Self::MAX).contains(&self.items.len()) {
            let message = format!("holds {} executions; ask for 1 to {}", self.items.len(), Self::MAX);
            return Err(Error::invalid_field("items", message));
        }
        let mut items = self.items.iter().enumerate();
        items.try_for_each(|(index, item)| item.validate().map_err(|error| error.within(&place(index))))
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Vec<ExecutionId>>> {
        let mut known = Known::default();
        let (mut all, mut ids) = (Changes::none(), Vec::with_capacity(self.items.len()));
        for (index, item) in self.items.iter().enumerate() {
            let decided = item.decide(context, &mut known).await;
            let (changes, execution) = decided.map_err(|error| error.within(&place(index)))?;
            all.writes.extend(changes.writes);
            all.audit.extend(changes.audit);
            all.events.extend(changes.events);
            ids.push(execution.id);
        }
        Ok(Decision::new(all, ids))
    }
}

fn place(index: usize) -> String {
    format!("items[{index}]")
}
