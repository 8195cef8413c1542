//! Making packages, publishing versions.

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::json;

use crate::changes::{Changes, Event, Record};
use crate::command::environment::check_new_limit;
use crate::command::rollout::begin;
use crate::command::{Command, CommandContext, Decision};
use crate::domain::{Package, PackageVersion, RolloutKind, RolloutState, check_description, check_name};
use crate::error::{Error, Result};
use crate::id::{EnvironmentId, PackageId, VersionId};
use crate::package::keep::{Kept, keep};
use crate::package::signature::{Signed, Statement};
use crate::permission::{Access, Permission};

pub(super) async fn load(context: &CommandContext<'_>, id: PackageId) -> Result<Package> {
    let package = context.store.package(id).await?.filter(|package| package.deleted_at.is_none());
    package.ok_or_else(|| Error::not_found("package", id))
}

/// Makes a package without versions.
#[derive(Clone, Debug)]
pub struct CreatePackage {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
}

#[async_trait]
impl Command for CreatePackage {
    type Output = Package;
    const NAME: &'static str = "package.create";

    fn access(&self) -> Access {
        Access::Permission(Permission::WritePackages)
    }

    fn validate(&self) -> Result<()> {
        check_name("name", &self.name)?;
        check_description("description", &self.description)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Package>> {
        let package = Package {
            id: PackageId::new(),
            name: self.name.clone(),
            description: self.description.clone(),
            max_concurrent: None,
            creator_id: context.user_id()?,
            created_at: context.now,
            updated_at: context.now,
            deleted_at: None,
            revision: 0,
        };
        let changes = Changes::none()
            .insert(Record::Package(package.clone()))
            .audited(context.audit("package", package.id, json!({"name": package.name})))
            .event(Event::PackageChanged { package_id: package.id });
        Ok(Decision::new(changes, package))
    }
}

/// Changes a package's name, description, or how many of its executions run at once.
#[derive(Clone, Debug)]
pub struct UpdatePackage {
    /// Which.
    pub id: PackageId,
    /// The revision that the caller saw, where they insist on it.
    pub revision: Option<i64>,
    /// The new name.
    pub name: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// How many executions may be with agents at once in an environment; 0 for no limit.
    pub max_concurrent: Option<u32>,
}

#[async_trait]
impl Command for UpdatePackage {
    type Output = Package;
    const NAME: &'static str = "package.update";

    fn access(&self) -> Access {
        Access::Permission(Permission::WritePackages)
    }

    fn validate(&self) -> Result<()> {
        self.name.iter().try_for_each(|name| check_name("name", name))?;
        self.description.iter().try_for_each(|text| check_description("description", text))?;
        self.max_concurrent.iter().try_for_each(|limit| check_new_limit(*limit))
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<Package>> {
        let mut package = load(context, self.id).await?;
        check_revision(self.revision, package.revision)?;
        package.name = self.name.clone().unwrap_or(package.name);
        package.description = self.description.clone().unwrap_or(package.description);
        let limit = self.max_concurrent.map(|limit| Some(limit).filter(|limit| *limit > 0));
        package.max_concurrent = limit.unwrap_or(package.max_concurrent);
        package.updated_at = context.now;
        let detail = json!({"name": package.name, "maxConcurrent": package.max_concurrent});
        let changes = Changes::none()
            .update(Record::Package(package.clone()))
            .audited(context.audit("package", package.id, detail))
            // A higher limit makes way for what waits.
            .event(Event::ExecutionsWoken)
            .event(Event::PackageChanged { package_id: package.id });
        package.revision += 1;
        Ok(Decision::new(changes, package))
    }
}

/// Refuses a change by somebody who saw an older state.
///
/// # Errors
/// `Conflict` with code `revision.mismatch`.
pub(crate) fn check_revision(seen: Option<i64>, now: i64) -> Result<()> {
    match seen {
        Some(seen) if seen != now => Err(Error::conflict(
            "revision.mismatch",
            "it was changed since you read it; read it again and decide again",
        )),
        _ => Ok(()),
    }
}

/// Deletes a package. Its executions stay; its name is free again.
#[derive(Clone, Debug)]
pub struct DeletePackage {
    /// Which.
    pub id: PackageId,
}

#[async_trait]
impl Command for DeletePackage {
    type Output = ();
    const NAME: &'static str = "package.delete";

    fn access(&self) -> Access {
        Access::Permission(Permission::DeletePackages)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let mut package = load(context, self.id).await?;
        let open = context.store.count_open_executions_of_package(self.id).await?;
        if open > 0 {
            return Err(Error::conflict(
                "package.in_use",
                format!("{open} executions of the package have not ended; cancel them or wait"),
            ));
        }
        let schedules =
            context.store.schedules(Some(self.id), crate::query::PageRequest::new(None, 1)).await?;
        if !schedules.items.is_empty() {
            return Err(Error::conflict("package.in_use", "schedules run this package; delete them first"));
        }
        package.deleted_at = Some(context.now);
        let changes = Changes::none()
            .audited(context.audit("package", self.id, json!({"name": package.name})))
            .update(Record::Package(package))
            .event(Event::PackageChanged { package_id: self.id });
        Ok(Decision::new(changes, ()))
    }
}

/// Publishes a version: checks the archive, keeps it under its hash, and activates it if asked.
#[derive(Clone, Debug)]
pub struct PublishVersion {
    /// Of which package.
    pub package_id: PackageId,
    /// The zip archive.
    pub archive: Bytes,
    /// The number, for archives that name none; must equal what the archive says otherwise.
    pub version_number: Option<String>,
    /// Whether it becomes the active version of an environment.
    pub activate: bool,
    /// Of which; `None` is the default environment.
    pub environment_id: Option<EnvironmentId>,
    /// An author's signature over the digest of the content.
    pub author: Option<Signed>,
}

impl PublishVersion {
    /// An archive that names its number and becomes the active version of the default environment.
    #[must_use]
    pub fn new(package_id: PackageId, archive: Bytes) -> Self {
        Self { package_id, archive, version_number: None, activate: true, environment_id: None, author: None }
    }
}

#[async_trait]
impl Command for PublishVersion {
    type Output = PackageVersion;
    const NAME: &'static str = "package.publish";

    fn access(&self) -> Access {
        Access::Permission(Permission::WritePackages)
    }

    fn validate(&self) -> Result<()> {
        if self.archive.is_empty() {
            return Err(Error::invalid("package.empty", "the request has no body; send the zip archive"));
        }
        if let Some(number) = &self.version_number {
            parse_number(number)?;
        }
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<PackageVersion>> {
        let mut package = load(context, self.package_id).await?;
        // Content is named by its hash, so it does no harm if the version is refused after all.
        let kept = keep(context.blobs, self.archive.clone(), context.settings.blob_deadline()).await?;
        let Kept { checked, digest, content_bytes } = kept;
        let number = self.number(checked.manifest.version.as_ref())?;
        if context.store.version_by_number(self.package_id, &number).await?.is_some() {
            return Err(Error::conflict(
                "version.exists",
                format!("version {number} is published already and never changes; raise the number"),
            ));
        }
        if let Some(author) = &self.author {
            // Whom to trust, environments and agents say; here it must only be what it claims to be.
            Statement::Authored { digest: &digest }.verify(author, &[author.key]).map_err(|_| {
                let message = format!("does not fit the content, whose digest is {digest}; sign that");
                Error::invalid_field("author", message)
            })?;
        }
        let statement = Statement::Published { package: self.package_id, version: &number, digest: &digest };
        let version = PackageVersion {
            id: VersionId::new(),
            package_id: self.package_id,
            signature: context.signer.sign(&statement),
            author: self.author.clone(),
            version_number: number,
            digest,
            size: content_bytes,
            manifest: checked.manifest,
            created_by: context.user_id()?,
            created_at: context.now,
            revision: 0,
        };
        package.updated_at = context.now;
        let mut detail = json!({
            "packageId": self.package_id,
            "versionNumber": version.version_number,
            "digest": version.digest,
        });
        let mut changes =
            Changes::none().update(Record::Package(package)).insert(Record::PackageVersion(version.clone()));
        if self.activate {
            let environment = context.environment(self.environment_id).await?;
            let why = (RolloutKind::Deploy, None);
            let (begun, rollout) = begin(context, &version, &environment, why, changes).await?;
            changes = begun;
            let is_done = rollout.is_some_and(|rollout| rollout.state == RolloutState::Done);
            detail[if is_done { "activatedIn" } else { "waitsFor" }] = json!(environment.name);
        }
        let changes = changes
            .audited(context.audit("packageVersion", version.id, detail))
            .event(Event::PackageChanged { package_id: self.package_id });
        Ok(Decision::new(changes, version))
    }
}

impl PublishVersion {
    fn number(&self, in_archive: Option<&semver::Version>) -> Result<String> {
        let asked = self.version_number.as_deref().map(parse_number).transpose()?;
        match (asked, in_archive) {
            (Some(asked), Some(archived)) if asked != *archived => Err(Error::invalid_field(
                "versionNumber",
                format!("is {asked}, but the archive says {archived}; leave it out or change pyproject.toml"),
            )),
            (Some(number), _) => Ok(number.to_string()),
            (None, Some(number)) => Ok(number.to_string()),
            (None, None) => Err(Error::invalid_field(
                "versionNumber",
                "is missing, and the archive has no pyproject.toml that names one",
            )),
        }
    }
}

fn parse_number(text: &str) -> Result<semver::Version> {
    semver::Version::parse(text).map_err(|_| {
        Error::invalid_field("versionNumber", "is not a version of the form 1.2.3 (SemVer 2.0.0)")
    })
}
