//! Deploying versions to environments.

use async_trait::async_trait;

use crate::changes::{Changes, Event, Record};
use crate::command::package::load;
use crate::command::rollout::{begin, detail};
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Deployment, Environment, PackageVersion, Rollout, RolloutKind};
use crate::error::{Error, Result};
use crate::id::{DeploymentId, EnvironmentId, PackageId, VersionId};
use crate::package::signature::Statement;
use crate::permission::{Access, Permission};

/// Makes a published version the active one of an environment, or asks for it where somebody else has to agree.
#[derive(Clone, Debug)]
pub struct DeployVersion {
    /// Of which package.
    pub package_id: PackageId,
    /// Which.
    pub version_id: VersionId,
    /// Where; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
}

#[async_trait]
impl Command for DeployVersion {
    /// The version, and its rollout; none if it is the active one already.
    type Output = (PackageVersion, Option<Rollout>);
    const NAME: &'static str = "package.deploy";

    fn access(&self) -> Access {
        Access::Permission(Permission::DeployVersions)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Self::Output>> {
        load(context, self.package_id).await?;
        let version = context.store.version(self.version_id).await?;
        let version = version.filter(|version| version.package_id == self.package_id);
        let version = version.ok_or_else(|| Error::not_found("package version", self.version_id))?;
        let environment = context.environment(self.environment_id).await?;
        let why = (RolloutKind::Deploy, None);
        let (changes, rollout) = begin(context, &version, &environment, why, Changes::none()).await?;
        let Some(rollout) = rollout else { return Ok(Decision::unchanged((version, None))) };
        let entry = context.audit("packageVersion", version.id, detail(&version, &environment, &rollout));
        Ok(Decision::new(changes.audited(entry), (version, Some(rollout))))
    }
}

/// Adds what makes a version the active one of an environment, where another one or none is.
pub(super) fn deploy(
    context: &CommandContext<'_>,
    version: &PackageVersion,
    environment: &Environment,
    before: Option<Deployment>,
    changes: Changes,
) -> Result<Changes> {
    let deployment = Deployment {
        id: DeploymentId::new(),
        package_id: version.package_id,
        environment_id: environment.id,
        version_id: version.id,
        deployed_by: context.user_id()?,
        deployed_at: context.now,
        revision: 0,
    };
    let changes = match before {
        Some(Deployment { id, revision, .. }) => {
            changes.update(Record::Deployment(Deployment { id, revision, ..deployment }))
        }
        None => changes.insert(Record::Deployment(deployment)),
    };
    Ok(changes
        .event(Event::PackageChanged { package_id: version.package_id })
        .event(Event::VersionDeployed { version_id: version.id, environment_id: environment.id }))
}

/// Refuses a version that no author signed whom the environment trusts, if it asks for one.
pub(crate) fn check_author(version: &PackageVersion, environment: &Environment) -> Result<()> {
    if environment.author_keys.is_empty() {
        return Ok(());
    }
    let missing = || {
        Error::conflict(
            "signature.missing",
            format!(
                "the environment {} takes versions only that one of its authors signed; sign the package and \
                 publish it as a new version",
                environment.name
            ),
        )
    };
    let signed = version.author.as_ref().ok_or_else(missing)?;
    Statement::Authored { digest: &version.digest }
        .verify(signed, &environment.author_keys)
        .map_err(|_| missing())
}
