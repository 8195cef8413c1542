//! Making, changing and deleting triggers.

pub(crate) mod arrival;
pub(crate) mod backlog;
pub(crate) mod fire;
pub mod webhook;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use crate::changes::{Changes, Event, Record};
use crate::command::inputs::{check_assets, check_inputs};
use crate::command::package::check_revision;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Trigger, TriggerSource, check_name};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, PackageId, TriggerId};
use crate::permission::{Access, Permission};
use crate::secret::Secret;

/// The most inputs that a trigger maps.
pub const MAX_MAPPED: usize = 200;
const MAX_POINTER: usize = 1_000;

/// Everything that a person sets of a trigger.
#[derive(Clone, Debug)]
pub struct TriggerSettings {
    /// A name for people.
    pub name: String,
    /// What is run.
    pub package_id: PackageId,
    /// Where; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
    /// What it waits for.
    pub source: TriggerSource,
    /// Inputs that are the same each time.
    pub inputs: Map<String, Value>,
    /// Further inputs by name, each with a JSON Pointer to its value.
    pub mapping: BTreeMap<String, String>,
    /// Whether it fires.
    pub is_active: bool,
}

impl TriggerSettings {
    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_inputs(&self.inputs)?;
        match &self.source {
            TriggerSource::WorkQueue(source) => source.validate()?,
            TriggerSource::FileArrival(source) => source.validate()?,
            TriggerSource::Webhook { .. } | TriggerSource::ExecutionFinished { .. } => {}
        }
        if self.mapping.len() > MAX_MAPPED {
            return Err(Error::invalid_field("mapping", format!("names more than {MAX_MAPPED} inputs")));
        }
        for (name, pointer) in &self.mapping {
            let field = || format!("mapping.{name}");
            if self.inputs.contains_key(name) {
                return Err(Error::invalid_field(field(), "is given in inputs too; give it once"));
            }
            if !is_pointer(pointer) {
                let message = "is no JSON Pointer (RFC 6901); begin with / as in /outputs/total";
                return Err(Error::invalid_field(field(), message));
            }
        }
        Ok(())
    }

    /// Checks what it names; gives the environment.
    async fn check_references(&self, context: &CommandContext<'_>) -> Result<EnvironmentId> {
        check_package(context, "packageId", self.package_id).await?;
        let environment = context.environment(self.environment_id).await?.id;
        if let Some(after) = self.source.package_id() {
            check_package(context, "source.packageId", after).await?;
        }
        // The inputs are whole only when it fires, and are checked then; another version may be active by then, too.
        if let Some(version) = context.store.active_version(self.package_id, environment).await? {
            check_assets(context, &version, environment, &self.inputs).await?;
        }
        Ok(environment)
    }

    fn apply(self, trigger: &mut Trigger, environment_id: EnvironmentId) {
        trigger.name = self.name;
        trigger.package_id = self.package_id;
        trigger.environment_id = environment_id;
        trigger.source = self.source;
        trigger.inputs = self.inputs;
        trigger.mapping = self.mapping;
        trigger.is_active = self.is_active;
    }
}

/// Whether a text is a JSON Pointer: empty, or parts that each begin with `/`, in which `~` stands before 0 or 1.
fn is_pointer(text: &str) -> bool {
    let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.len() <= MAX_POINTER && (text.is_empty() || text.starts_with('/')) && escapes
}

async fn check_package(context: &CommandContext<'_>, field: &'static str, id: PackageId) -> Result<()> {
    match context.store.package(id).await? {
        Some(package) if package.deleted_at.is_none() => Ok(()),
        _ => Err(Error::invalid_field(field, "names no package; list them first")),
    }
}

/// Refuses a trigger by which the end of a package's execution would lead to an execution of that package again.
/// Inactive triggers count, so that one may be made active without another look.
///
/// Two triggers that are saved at the same moment may close a cycle all the same; the depth of a chain is bounded.
async fn check_cycle(context: &CommandContext<'_>, trigger: &Trigger) -> Result<()> {
    let Some(source) = trigger.source.package_id() else { return Ok(()) };
    let mut came_from: BTreeMap<PackageId, PackageId> = BTreeMap::new();
    let mut seen = BTreeSet::from([trigger.package_id]);
    let mut open = VecDeque::from([trigger.package_id]);
    while let Some(package) = open.pop_front() {
        if package == source {
            let mut cycle = vec![source];
            let mut at = source;
            while let Some(before) = came_from.get(&at) {
                cycle.push(*before);
                at = *before;
            }
            cycle.push(source);
            cycle.reverse();
            return Err(cycle_error(context, &cycle).await?);
        }
        for next in context.store.triggers_after(package, trigger.environment_id).await? {
            if next.id != trigger.id && seen.insert(next.package_id) {
                came_from.insert(next.package_id, package);
                open.push_back(next.package_id);
            }
        }
    }
    Ok(())
}

/// Checks what a source names.
async fn check_source(context: &CommandContext<'_>, trigger: &Trigger) -> Result<()> {
    check_cycle(context, trigger).await?;
    backlog::check_queue(context, trigger).await?;
    arrival::check_agents(context, trigger).await
}

async fn cycle_error(context: &CommandContext<'_>, cycle: &[PackageId]) -> Result<Error> {
    let mut names = Vec::with_capacity(cycle.len());
    for id in cycle {
        let package = context.store.package(*id).await?;
        names.push(package.map_or_else(|| id.to_string(), |package| package.name));
    }
    let message = format!("would make a cycle: {}; leave one of its triggers out", names.join(" -> "));
    Ok(Error::invalid_field("source.packageId", message))
}

/// A trigger that was made, with what is shown once.
#[derive(Clone, Debug)]
pub struct NewTrigger {
    /// The trigger.
    pub trigger: Trigger,
    /// The secret that its sender signs with, if it is a webhook.
    pub secret: Option<Secret<String>>,
}

/// Makes a trigger.
#[derive(Clone, Debug)]
pub struct CreateTrigger {
    /// What it shall be.
    pub settings: TriggerSettings,
}

#[async_trait]
impl Command for CreateTrigger {
    type Output = NewTrigger;
    const NAME: &'static str = "trigger.create";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteTriggers)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<NewTrigger>> {
        let environment_id = self.settings.check_references(context).await?;
        let settings = self.settings.clone();
        let mut trigger = Trigger {
            id: TriggerId::new(),
            name: String::new(),
            package_id: settings.package_id,
            environment_id,
            source: settings.source.clone(),
            inputs: Map::new(),
            mapping: BTreeMap::new(),
            is_active: settings.is_active,
            sealed: None,
            created_by_id: context.user_id()?,
            created_at: context.now,
            updated_at: context.now,
            deleted_at: None,
            revision: 0,
        };
        settings.apply(&mut trigger, environment_id);
        check_source(context, &trigger).await?;
        let secret = match trigger.source {
            TriggerSource::Webhook { .. } => Some(webhook::new_secret(context.vault, &mut trigger)?),
            _ => None,
        };
        let changes = Changes::none()
            .insert(Record::Trigger(Box::new(trigger.clone())))
            .audited(context.audit("trigger", trigger.id, detail(&trigger)))
            .event(Event::TriggerChanged { trigger_id: trigger.id });
        Ok(Decision::new(changes, NewTrigger { trigger, secret }))
    }
}

fn detail(trigger: &Trigger) -> Value {
    json!({
        "name": trigger.name,
        "packageId": trigger.package_id,
        "source": trigger.source,
        "isActive": trigger.is_active,
    })
}

async fn load(context: &CommandContext<'_>, id: TriggerId) -> Result<Trigger> {
    let trigger = context.store.trigger(id).await?.filter(|trigger| trigger.deleted_at.is_none());
    let missing = || Error::not_found("trigger", id);
    let trigger = trigger.ok_or_else(missing)?;
    context.allowed_in(trigger.environment_id, missing)?;
    Ok(trigger)
}

/// Changes a trigger. A webhook stays one, with its secret, and what is none becomes none.
#[derive(Clone, Debug)]
pub struct UpdateTrigger {
    /// Which.
    pub id: TriggerId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// What it shall be.
    pub settings: TriggerSettings,
}

#[async_trait]
impl Command for UpdateTrigger {
    type Output = Trigger;
    const NAME: &'static str = "trigger.update";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteTriggers)
    }

    fn validate(&self) -> Result<()> {
        self.settings.validate()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Trigger>> {
        let mut trigger = load(context, self.id).await?;
        check_revision(self.revision, trigger.revision)?;
        let is_hook = |source: &TriggerSource| matches!(source, TriggerSource::Webhook { .. });
        if is_hook(&trigger.source) != is_hook(&self.settings.source) {
            let message = "can't become another kind; delete the trigger and make a new one";
            return Err(Error::invalid_field("source.kind", message));
        }
        let environment_id = self.settings.check_references(context).await?;
        self.settings.clone().apply(&mut trigger, environment_id);
        trigger.updated_at = context.now;
        check_source(context, &trigger).await?;
        let changes = Changes::none()
            .update(Record::Trigger(Box::new(trigger.clone())))
            .audited(context.audit("trigger", trigger.id, detail(&trigger)))
            .event(Event::TriggerChanged { trigger_id: trigger.id });
        trigger.revision += 1;
        Ok(Decision::new(changes, trigger))
    }
}

/// Gives a webhook a new secret; the old one is good no more.
#[derive(Clone, Debug)]
pub struct RotateSecret {
    /// Which.
    pub id: TriggerId,
}

#[async_trait]
impl Command for RotateSecret {
    type Output = NewTrigger;
    const NAME: &'static str = "trigger.rotate_secret";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteTriggers)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<NewTrigger>> {
        let mut trigger = load(context, self.id).await?;
        if trigger.sealed.is_none() {
            return Err(Error::conflict("trigger.no_secret", "only a webhook has a secret"));
        }
        let secret = webhook::new_secret(context.vault, &mut trigger)?;
        trigger.updated_at = context.now;
        let changes = Changes::none()
            .update(Record::Trigger(Box::new(trigger.clone())))
            .audited(context.audit("trigger", trigger.id, json!({"name": trigger.name})))
            .event(Event::TriggerChanged { trigger_id: trigger.id });
        trigger.revision += 1;
        Ok(Decision::new(changes, NewTrigger { trigger, secret: Some(secret) }))
    }
}

/// Deletes a trigger. Its executions stay.
#[derive(Clone, Debug)]
pub struct DeleteTrigger {
    /// Which.
    pub id: TriggerId,
}

#[async_trait]
impl Command for DeleteTrigger {
    type Output = ();
    const NAME: &'static str = "trigger.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::WriteTriggers)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut trigger = load(context, self.id).await?;
        trigger.deleted_at = Some(context.now);
        trigger.is_active = false;
        // What is not kept can't leak.
        trigger.sealed = None;
        let changes = Changes::none()
            .audited(context.audit("trigger", self.id, detail(&trigger)))
            .update(Record::Trigger(Box::new(trigger)))
            .event(Event::TriggerChanged { trigger_id: self.id });
        Ok(Decision::new(changes, ()))
    }
}

#[cfg(test)]
mod tests {
    use super::is_pointer;

    #[test]
    fn pointers_are_those_of_the_rfc() {
        for good in ["", "/", "/foo", "/foo/0", "/a~1b", "/m~0n", "/ ", "/k\"l", "/ä"] {
            assert!(is_pointer(good), "{good}");
        }
        for bad in ["foo", "#/foo", "/a~", "/a~2b", "~", &"/a".repeat(600)] {
            assert!(!is_pointer(bad), "{bad}");
        }
    }
}
