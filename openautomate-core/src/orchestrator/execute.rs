//! The mediator: what is done for every command alike.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Orchestrator, reach};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::IdempotencyRecord;
use crate::error::{Error, Result};
use crate::permission::{Actor, Environments, PermissionSet, authorize_somewhere};

/// How often a command is decided again because a row was changed meanwhile.
pub(super) const MAX_TRIES: u32 = 16;
const MAX_KEY: usize = 255;

/// The `Idempotency-Key` of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key, 1 to 255 visible ASCII characters.
    pub key: String,
    /// SHA-256 over what was asked.
    pub fingerprint: [u8; 32],
}

impl Idempotency {
    /// Checks a key.
    ///
    /// # Errors
    /// `Invalid`, naming the header.
    pub fn new(key: impl Into<String>, fingerprint: [u8; 32]) -> Result<Self> {
        let key = key.into();
        if key.is_empty() || key.len() > MAX_KEY || !key.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::invalid_field("Idempotency-Key", "is not 1 to 255 visible ASCII characters"));
        }
        Ok(Self { key, fingerprint })
    }
}

impl Orchestrator {
    /// Executes a command: authorizes, validates, handles, commits in one transaction, publishes. Whoever has the
    /// permission in some environments only may write what is of these.
    ///
    /// When it returns `Ok`, the change is durable. Dropping the future leaves either all of the change or
    /// nothing.
    ///
    /// # Errors
    /// `Unauthenticated`, `Forbidden`, `Invalid`, and whatever the handler says.
    pub async fn execute<C: Command>(&self, actor: &Actor, command: C) -> Result<C::Output> {
        let environments = authorize_somewhere(actor, command.access())?;
        command.validate()?;
        self.decide_and_commit((actor, &environments), &command, |_| Ok(None)).await
    }

    /// Executes a command once for a key: the same request again gives the first answer again and changes
    /// nothing.
    ///
    /// # Errors
    /// `Invalid` with code `idempotency.mismatch` if the key came with another request before; otherwise as
    /// [`Orchestrator::execute`].
    pub async fn execute_once<C>(
        &self,
        actor: &Actor,
        idempotency: Option<Idempotency>,
        command: C,
    ) -> Result<C::Output>
    where
        C: Command,
        C::Output: Serialize + DeserializeOwned,
    {
        let (Some(asked), Some(user_id)) = (idempotency, actor.user_id()) else {
            return self.execute(actor, command).await;
        };
        let environments = authorize_somewhere(actor, command.access())?;
        command.validate()?;
        if let Some(kept) = self.kept_answer(actor, &asked).await? {
            self.still_allowed((actor, &environments), &command).await?;
            return Ok(kept);
        }
        let now = self.clock().now();
        let record = |output: &C::Output| {
            let output = serde_json::to_value(output).map_err(|error| {
                Error::internal("idempotency.encode", "an answer can't be kept").with_source(error)
            })?;
            let Idempotency { key, fingerprint } = asked.clone();
            Ok(Some(IdempotencyRecord { user_id, key, fingerprint, output, created_at: now }))
        };
        match self.decide_and_commit((actor, &environments), &command, record).await {
            // The same request won the race: its answer is there now. (So is a taken name that it took.)
            Err(error) if error.kind() == crate::ErrorKind::Conflict => {
                self.kept_answer(actor, &asked).await?.ok_or(error)
            }
            other => other,
        }
    }

    pub(super) async fn kept_answer<T: DeserializeOwned>(
        &self,
        actor: &Actor,
        asked: &Idempotency,
    ) -> Result<Option<T>> {
        let Some(user_id) = actor.user_id() else { return Ok(None) };
        let Some(kept) = self.store().idempotency(user_id, &asked.key).await? else { return Ok(None) };
        if kept.fingerprint != asked.fingerprint {
            return Err(Error::invalid(
                "idempotency.mismatch",
                "this idempotency key came with another request before; use a new key for a new request",
            ));
        }
        serde_json::from_value(kept.output).map(Some).map_err(|error| {
            Error::internal("idempotency.decode", "a kept answer can't be read").with_source(error)
        })
    }

    /// Has a command decide, in time for what it wrote beside the database.
    pub(super) async fn decide<C: Command>(&self, actor: &Actor, command: &C) -> Result<Decision<C::Output>> {
        let context = CommandContext {
            actor,
            now: self.clock().now(),
            store: self.store(),
            blobs: self.blobs(),
            signer: &self.inner.signer,
            vault: &self.inner.vault,
            passwords: &self.inner.passwords,
            settings: &self.inner.settings,
            action: C::NAME,
            permission: command.access().by_environment(),
        };
        let decision = command.handle(&context).await?;
        let taken = (self.clock().now() - context.now).to_std().unwrap_or_default();
        if taken > self.settings().blob_deadline() {
            // What it wrote may count as forgotten by now (`blob::retired`); the machine slept, perhaps.
            let message = "the decision took too long to be still right; ask again";
            return Err(Error::unavailable("command.slow", message));
        }
        Ok(decision)
    }

    /// Whether somebody who may in some environments only may still have the answer that was kept: a role may have been
    /// taken from them since. What else is decided by now does not matter.
    async fn still_allowed<C: Command>(
        &self,
        (actor, environments): (&Actor, &Environments),
        command: &C,
    ) -> Result<()> {
        if *environments == Environments::Everywhere {
            return Ok(());
        }
        let refused = match self.decide(actor, command).await {
            Ok(decision) => {
                return reach::check(self.store(), actor, environments, &decision.changes).await;
            }
            Err(refused) => refused,
        };
        // Whether it is for what they may is seen by what somebody would hear who may everywhere.
        let mut unbounded = actor.clone();
        unbounded.powers.added = unbounded.powers.added.union(PermissionSet::in_an_environment());
        match self.decide(&unbounded, command).await {
            Err(other) if (other.code(), other.message()) == (refused.code(), refused.message()) => Ok(()),
            Err(error) if error.kind().is_retryable() => Err(error),
            _ => Err(refused),
        }
    }

    async fn decide_and_commit<C: Command>(
        &self,
        (actor, environments): (&Actor, &Environments),
        command: &C,
        keep: impl Fn(&C::Output) -> Result<Option<IdempotencyRecord>>,
    ) -> Result<C::Output> {
        let mut tries = 0;
        loop {
            let mut decision = self.decide(actor, command).await?;
            reach::check(self.store(), actor, environments, &decision.changes).await?;
            if let Ok(output) = &decision.output {
                decision.changes.idempotency = keep(output)?;
            }
            let events = std::mem::take(&mut decision.changes.events);
            if decision.changes != crate::changes::Changes::none() {
                tries += 1;
                match self.store().commit(decision.changes).await {
                    Err(error) if error.is_stale_row() && tries < MAX_TRIES => continue,
                    other => other?,
                }
            }
            for event in events {
                self.publish(event);
            }
            return decision.output;
        }
    }
}
