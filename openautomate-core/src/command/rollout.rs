//! Bringing versions into environments: deployed, promoted, rolled back, and agreed to by somebody else where an
//! environment asks for four eyes.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Event, Record};
use crate::command::deployment::{check_author, deploy};
use crate::command::package::load;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{
    Deployment, Environment, PackageVersion, Rollout, RolloutKind, RolloutState, check_description,
};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, PackageId, RolloutId, VersionId};
use crate::permission::{Access, Permission};
use crate::query::{PageRequest, RolloutFilter};

/// Begins to bring a version into an environment, and ends it where nobody else has to agree. Nothing is added and
/// `None` is given if it is the active one there already.
pub(super) async fn begin(
    context: &CommandContext<'_>,
    version: &PackageVersion,
    environment: &Environment,
    why: (RolloutKind, Option<EnvironmentId>),
    changes: Changes,
) -> Result<(Changes, Option<Rollout>)> {
    check_author(version, environment)?;
    let before = context.store.deployment(version.package_id, environment.id).await?;
    if before.as_ref().is_some_and(|now| now.version_id == version.id) {
        return Ok((changes, None));
    }
    let waiting = RolloutFilter {
        package_id: Some(version.package_id),
        environment_id: Some(environment.id),
        state: Some(RolloutState::Waiting),
        ..RolloutFilter::default()
    };
    if let Some(other) = context.store.rollouts(&waiting, PageRequest::new(None, 1)).await?.items.first() {
        return Err(Error::conflict(
            "rollout.waiting",
            format!(
                "the rollout {} of this package waits there; approve, reject or withdraw it first",
                other.id
            ),
        ));
    }
    let by = context.user_id()?;
    let mut rollout = Rollout {
        id: RolloutId::new(),
        package_id: version.package_id,
        environment_id: environment.id,
        version_id: version.id,
        kind: why.0,
        from_environment_id: why.1,
        previous_version_id: before.as_ref().map(|now| now.version_id),
        state: RolloutState::Waiting,
        requested_by: by,
        requested_at: context.now,
        decided_by: None,
        decided_at: None,
        comment: String::new(),
        revision: 0,
    };
    let changes = if environment.four_eyes {
        changes.event(Event::PackageChanged { package_id: version.package_id })
    } else {
        rollout = Rollout {
            state: RolloutState::Done,
            decided_by: Some(by),
            decided_at: Some(context.now),
            ..rollout
        };
        deploy(context, version, environment, before, changes)?
    };
    Ok((changes.insert(Record::Rollout(Box::new(rollout.clone()))), Some(rollout)))
}

/// The audit's words for a rollout.
pub(super) fn detail(
    version: &PackageVersion,
    environment: &Environment,
    rollout: &Rollout,
) -> serde_json::Value {
    json!({
        "packageId": version.package_id,
        "versionNumber": version.version_number,
        "environment": environment.name,
        "rolloutId": rollout.id,
        "kind": rollout.kind,
        "state": rollout.state,
    })
}

fn decided(
    context: &CommandContext<'_>,
    version: &PackageVersion,
    environment: &Environment,
    (changes, rollout): (Changes, Option<Rollout>),
) -> Result<Decision<Rollout>> {
    let Some(rollout) = rollout else {
        return Err(Error::conflict(
            "rollout.active",
            format!("version {} is the active one in {} already", version.version_number, environment.name),
        ));
    };
    let entry = context.audit("packageVersion", version.id, detail(version, environment, &rollout));
    Ok(Decision::new(changes.audited(entry), rollout))
}

async fn version_of(
    context: &CommandContext<'_>,
    package: PackageId,
    id: VersionId,
) -> Result<PackageVersion> {
    let version = context.store.version(id).await?.filter(|version| version.package_id == package);
    version.ok_or_else(|| Error::not_found("package version", id))
}

/// Brings the version that is active in one environment into another.
#[derive(Clone, Debug)]
pub struct PromoteVersion {
    /// Of which package.
    pub package_id: PackageId,
    /// From where.
    pub from: EnvironmentId,
    /// To where.
    pub to: EnvironmentId,
}

#[async_trait]
impl Command for PromoteVersion {
    type Output = Rollout;
    const NAME: &'static str = "package.promote";

    fn access(&self) -> Access {
        Access::Permission(Permission::DeployVersions)
    }

    fn validate(&self) -> Result<()> {
        if self.from == self.to {
            return Err(Error::invalid_field(
                "to",
                "is the environment that it is promoted from; name another",
            ));
        }
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Rollout>> {
        let package = load(context, self.package_id).await?;
        let missing = |field| Error::invalid_field(field, "names no environment; list them first");
        // What is active there has to be theirs to see; only where it comes to do they have to be allowed to deploy.
        let from = context.store.environment(self.from).await?;
        let from = from.filter(|from| context.sees(Permission::ReadPackages, from.id));
        let from = from.ok_or_else(|| missing("from"))?;
        let to = context.store.environment(self.to).await?.ok_or_else(|| missing("to"))?;
        context.allowed_in(to.id, || missing("to"))?;
        let version = context.store.active_version(package.id, from.id).await?.ok_or_else(|| {
            Error::conflict(
                "package.no_active_version",
                format!(
                    "the package {} has no active version in {}; deploy one there",
                    package.name, from.name
                ),
            )
        })?;
        let why = (RolloutKind::Promote, Some(from.id));
        let begun = begin(context, &version, &to, why, Changes::none()).await?;
        decided(context, &version, &to, begun)
    }
}

/// Makes the version the active one again that was before the present one came.
#[derive(Clone, Debug)]
pub struct RollBack {
    /// Of which package.
    pub package_id: PackageId,
    /// Where; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
}

#[async_trait]
impl Command for RollBack {
    type Output = Rollout;
    const NAME: &'static str = "package.roll_back";

    fn access(&self) -> Access {
        Access::Permission(Permission::DeployVersions)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Rollout>> {
        load(context, self.package_id).await?;
        let environment = context.environment(self.environment_id).await?;
        let nothing = || {
            Error::conflict(
                "rollout.no_earlier",
                format!(
                    "nothing is known to have been active in {} before; deploy a version",
                    environment.name
                ),
            )
        };
        let now = context.store.deployment(self.package_id, environment.id).await?.ok_or_else(nothing)?;
        let before = self.before(context, &now).await?.ok_or_else(nothing)?;
        let version = version_of(context, self.package_id, before).await?;
        let begun =
            begin(context, &version, &environment, (RolloutKind::RollBack, None), Changes::none()).await?;
        decided(context, &version, &environment, begun)
    }
}

impl RollBack {
    /// What was active before the present version first came; a second time leads one further back.
    async fn before(&self, context: &CommandContext<'_>, now: &Deployment) -> Result<Option<VersionId>> {
        let came = RolloutFilter {
            package_id: Some(self.package_id),
            environment_id: Some(now.environment_id),
            version_id: Some(now.version_id),
            state: Some(RolloutState::Done),
        };
        let mut after = None;
        loop {
            let page = context.store.rollouts(&came, PageRequest::new(after, PageRequest::MAX)).await?;
            let forward = page.items.iter().find(|rollout| rollout.kind != RolloutKind::RollBack);
            if forward.is_some() || page.next.is_none() {
                return Ok(forward.and_then(|rollout| rollout.previous_version_id));
            }
            after = page.next;
        }
    }
}

/// What becomes of a rollout that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutAnswer {
    /// It is deployed. Whoever asked for it can't say so.
    Approve,
    /// It is not. Whoever asked for it can't say so.
    Reject,
    /// Whoever asked for it takes it back.
    Withdraw,
}

/// Decides about a rollout that waits for somebody else's word.
#[derive(Clone, Debug)]
pub struct AnswerRollout {
    /// Which.
    pub id: RolloutId,
    /// How.
    pub answer: RolloutAnswer,
    /// Why.
    pub comment: String,
}

#[async_trait]
impl Command for AnswerRollout {
    type Output = Rollout;
    const NAME: &'static str = "rollout.answer";

    fn access(&self) -> Access {
        Access::Permission(Permission::DeployVersions)
    }

    fn validate(&self) -> Result<()> {
        check_description("comment", &self.comment)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Rollout>> {
        let rollout = context.store.rollout(self.id).await?;
        let missing = || Error::not_found("rollout", self.id);
        let rollout = rollout.ok_or_else(missing)?;
        context.allowed_in(rollout.environment_id, missing)?;
        if rollout.state != RolloutState::Waiting {
            return Err(Error::conflict("rollout.decided", "the rollout is decided already"));
        }
        let (by, is_own) = (context.user_id()?, rollout.requested_by == context.user_id()?);
        if is_own != (self.answer == RolloutAnswer::Withdraw) {
            return Err(Error::forbidden(if is_own {
                "somebody else than who asked for the rollout has to agree; you can withdraw it"
            } else {
                "only who asked for the rollout can withdraw it; you can reject it"
            }));
        }
        let environment = context.environment(Some(rollout.environment_id)).await?;
        let version = version_of(context, rollout.package_id, rollout.version_id).await?;
        let mut changes = Changes::none();
        let mut rollout = Rollout {
            decided_by: Some(by),
            decided_at: Some(context.now),
            comment: self.comment.clone(),
            ..rollout
        };
        rollout.state = match self.answer {
            RolloutAnswer::Reject => RolloutState::Rejected,
            RolloutAnswer::Withdraw => RolloutState::Withdrawn,
            RolloutAnswer::Approve => {
                load(context, rollout.package_id).await?;
                check_author(&version, &environment)?;
                let before = context.store.deployment(version.package_id, environment.id).await?;
                rollout.previous_version_id = before.as_ref().map(|now| now.version_id);
                changes = deploy(context, &version, &environment, before, changes)?;
                RolloutState::Done
            }
        };
        let changes = changes
            .update(Record::Rollout(Box::new(rollout.clone())))
            .audited(context.audit("packageVersion", version.id, detail(&version, &environment, &rollout)))
            .event(Event::PackageChanged { package_id: rollout.package_id });
        rollout.revision += 1;
        Ok(Decision::new(changes, rollout))
    }
}
