//! Deploying versions to environments.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Event, Record};
use crate::command::package::load;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Deployment, Environment, PackageVersion};
use crate::error::{Error, Result};
use crate::id::{DeploymentId, EnvironmentId, PackageId, VersionId};
use crate::package::signature::Statement;
use crate::permission::{Access, Permission};

/// Makes a published version the active one of an environment.
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
    type Output = PackageVersion;
    const NAME: &'static str = "package.deploy";

    fn access(&self) -> Access {
        Access::Permission(Permission::DeployVersions)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<PackageVersion>> {
        load(context, self.package_id).await?;
        let version = context.store.version(self.version_id).await?;
        let version = version.filter(|version| version.package_id == self.package_id);
        let version = version.ok_or_else(|| Error::not_found("package version", self.version_id))?;
        let environment = context.environment(self.environment_id).await?;
        let changes = deploy(context, &version, &environment, Changes::none()).await?;
        if changes.writes.is_empty() {
            return Ok(Decision::unchanged(version));
        }
        let detail = json!({
            "packageId": self.package_id,
            "versionNumber": version.version_number,
            "environment": environment.name,
        });
        let changes = changes.audited(context.audit("packageVersion", version.id, detail));
        Ok(Decision::new(changes, version))
    }
}

/// Adds what makes a version the active one of an environment; nothing if it is already.
pub(super) async fn deploy(
    context: &CommandContext<'_>,
    version: &PackageVersion,
    environment: &Environment,
    changes: Changes,
) -> Result<Changes> {
    check_author(version, environment)?;
    let deployment = Deployment {
        id: DeploymentId::new(),
        package_id: version.package_id,
        environment_id: environment.id,
        version_id: version.id,
        deployed_by: context.user_id()?,
        deployed_at: context.now,
        revision: 0,
    };
    let changes = match context.store.deployment(version.package_id, environment.id).await? {
        Some(now) if now.version_id == version.id => return Ok(changes),
        Some(now) => {
            let Deployment { id, revision, .. } = now;
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
