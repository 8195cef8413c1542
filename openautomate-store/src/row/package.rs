//! Packages and versions.

use openautomate_core::domain::{Deployment, Package, PackageVersion};
use openautomate_core::id::{DeploymentId, EnvironmentId, PackageId, UserId, VersionId};
use uuid::Uuid;

use crate::driver::{Columns, Dialect, Json, Row, Statement, micros, micros_of};
use crate::error::Result;
use crate::table::{Table, table};

impl Table for Package {
    table!(
        "package",
        "packages",
        [name, description, max_concurrent, creator_id, created_at, updated_at, deleted_at]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(&self.name)
            .bind(&self.description)
            .bind(self.max_concurrent)
            .bind(self.creator_id.as_uuid())
            .bind(micros(self.created_at))
            .bind(micros(self.updated_at))
            .bind(micros_of(self.deleted_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: PackageId::from_uuid(columns.uuid("id")?),
            name: columns.get("name")?,
            description: columns.get("description")?,
            max_concurrent: columns.count_or_none("max_concurrent")?,
            creator_id: UserId::from_uuid(columns.uuid("creator_id")?),
            created_at: columns.time("created_at")?,
            updated_at: columns.time("updated_at")?,
            deleted_at: columns.time_or_none("deleted_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for PackageVersion {
    table!(
        "package version",
        "package_versions",
        [package_id, version_number, digest, size, manifest, signature, author, created_by, created_at]
    );

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(self.package_id.as_uuid())
            .bind(&self.version_number)
            .bind(&self.digest)
            .bind(self.size.cast_signed())
            .bind(Json(&self.manifest))
            .bind(Json(&self.signature))
            .bind(self.author.as_ref().map(Json))
            .bind(self.created_by.as_uuid())
            .bind(micros(self.created_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: VersionId::from_uuid(columns.uuid("id")?),
            package_id: PackageId::from_uuid(columns.uuid("package_id")?),
            version_number: columns.get("version_number")?,
            digest: columns.get("digest")?,
            size: columns.unsigned("size")?,
            manifest: columns.json("manifest")?,
            signature: columns.json("signature")?,
            author: columns.json_or_none("author")?,
            created_by: UserId::from_uuid(columns.uuid("created_by")?),
            created_at: columns.time("created_at")?,
            revision: columns.get("revision")?,
        })
    }
}

impl Table for Deployment {
    table!("deployment", "deployments", [package_id, environment_id, version_id, deployed_by, deployed_at]);

    fn id(&self) -> &Uuid {
        self.id.as_uuid()
    }

    fn revision(&self) -> i64 {
        self.revision
    }

    fn bind(&self, _: Dialect, statement: Statement) -> Statement {
        statement
            .bind(self.package_id.as_uuid())
            .bind(self.environment_id.as_uuid())
            .bind(self.version_id.as_uuid())
            .bind(self.deployed_by.as_uuid())
            .bind(micros(self.deployed_at))
    }

    fn read<R: Row>(row: &R) -> Result<Self> {
        let columns = Columns::of(row, Self::WHAT);
        Ok(Self {
            id: DeploymentId::from_uuid(columns.uuid("id")?),
            package_id: PackageId::from_uuid(columns.uuid("package_id")?),
            environment_id: EnvironmentId::from_uuid(columns.uuid("environment_id")?),
            version_id: VersionId::from_uuid(columns.uuid("version_id")?),
            deployed_by: UserId::from_uuid(columns.uuid("deployed_by")?),
            deployed_at: columns.time("deployed_at")?,
            revision: columns.get("revision")?,
        })
    }
}
