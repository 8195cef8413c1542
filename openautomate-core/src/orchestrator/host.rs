//! Commands inside a transaction of a host application.

use super::execute::MAX_TRIES;
use super::{Orchestrator, reach};
use crate::changes::Event;
use crate::command::Command;
use crate::command::execution::EnqueueExecution;
use crate::command::work_item::AddWorkItem;
use crate::error::Result;
use crate::permission::{Actor, authorize_somewhere};
use crate::store::HostTransaction;

/// What a command answered, in a transaction that the host still has to commit.
#[derive(Debug)]
#[must_use = "announce it once you have committed; else it is found by a slow poll only"]
pub struct Joined<T> {
    events: Vec<Event>,
    output: T,
}

impl<T> Joined<T> {
    /// What the command answered. It means nothing if the transaction is rolled back.
    pub fn output(&self) -> &T {
        &self.output
    }

    /// Wakes whoever waits for what was committed, here and on other servers; gives the answer.
    ///
    /// To be called after the commit. A program that ends in between loses nothing: pending executions are also
    /// found by looking, within seconds.
    pub fn announce(self, orchestrator: &Orchestrator) -> T {
        for event in self.events {
            orchestrator.publish(event);
        }
        self.output
    }
}

impl Orchestrator {
    /// Enqueues an execution in a transaction of yours: it is there, with its audit entry, if and only if you commit.
    ///
    /// # Errors
    /// As [`Orchestrator::execute_in`].
    pub async fn enqueue_in(
        &self,
        transaction: &mut dyn HostTransaction,
        actor: &Actor,
        command: EnqueueExecution,
    ) -> Result<Joined<<EnqueueExecution as Command>::Output>> {
        self.execute_in(transaction, actor, command).await
    }

    /// Puts an item into a work queue in a transaction of yours: it is there, with its audit entry, if and only if you
    /// commit.
    ///
    /// # Errors
    /// As [`Orchestrator::execute_in`].
    pub async fn put_item_in(
        &self,
        transaction: &mut dyn HostTransaction,
        actor: &Actor,
        command: AddWorkItem,
    ) -> Result<Joined<<AddWorkItem as Command>::Output>> {
        self.execute_in(transaction, actor, command).await
    }

    /// Executes a command as [`Orchestrator::execute`] does, but writes what it decides in a transaction of yours.
    ///
    /// A command reads what is committed, and so not what your transaction wrote before: two commands about the same
    /// row belong into two transactions. Content of packages and artifacts is written beside the database, and stays
    /// as something to collect if you roll back.
    ///
    /// Dropped half-way it may have written a part: roll back then.
    ///
    /// # Errors
    /// Those of [`Orchestrator::execute`] and of [`HostTransaction::write`]. Of a command that is refused nothing is
    /// written, also where [`Orchestrator::execute`] would keep a trace, as of a login with a wrong password. Your
    /// transaction can go on.
    pub async fn execute_in<C: Command>(
        &self,
        transaction: &mut dyn HostTransaction,
        actor: &Actor,
        command: C,
    ) -> Result<Joined<C::Output>> {
        let environments = authorize_somewhere(actor, command.access())?;
        command.validate()?;
        let mut tries = 0;
        loop {
            let mut decision = self.decide(actor, &command).await?;
            reach::check(self.store(), actor, &environments, &decision.changes).await?;
            let output = decision.output?;
            let events = std::mem::take(&mut decision.changes.events);
            tries += 1;
            match transaction.write(&decision.changes).await {
                Err(error) if error.is_stale_row() && tries < MAX_TRIES => {}
                written => return written.map(|()| Joined { events, output }),
            }
        }
    }
}
