//! Reads that are audited: what an auditor asks who saw. An entry that can't be written refuses the read.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _};
use serde_json::{Value, json};

use super::Orchestrator;
use crate::audit_export::{AuditExport, export_chain};
use crate::changes::Changes;
use crate::domain::{Asset, AssetKind, AuditEntry, PackageVersion};
use crate::error::{Error, Result};
use crate::id::AuditId;
use crate::permission::{Access, Actor, Permission, authorize_in};
use crate::service::{AuditReport, AuditSealer, verify_chain};

impl Orchestrator {
    /// Writes down that somebody reads something, before they do.
    async fn note_read(
        &self,
        actor: &Actor,
        action: &str,
        object: (&str, String),
        detail: Value,
    ) -> Result<()> {
        let entry = AuditEntry {
            id: AuditId::new(),
            at: self.clock().now(),
            actor: actor.to_ref(),
            action: action.to_owned(),
            object_kind: object.0.to_owned(),
            object_id: object.1,
            detail,
            request_id: actor.request_id.clone(),
            ip_address: actor.ip_address.clone(),
            seal: None,
        };
        self.store().commit(Changes::none().audited(entry)).await
    }

    /// The value of a plain asset, for those who may read assets. The read is audited as `asset.show`.
    ///
    /// # Errors
    /// `Forbidden` if the asset is secret or the actor may not read assets; `Internal` if it can't be opened;
    /// `Unavailable` if the read can't be audited.
    pub async fn asset_value(&self, actor: &Actor, asset: &Asset) -> Result<String> {
        authorize_in(actor, Permission::ReadAssets, asset.environment_id)?;
        if asset.kind == AssetKind::Secret {
            return Err(Error::forbidden("the value of a secret asset is never shown"));
        }
        self.note_read(actor, "asset.show", ("asset", asset.id.to_string()), json!({"name": asset.name}))
            .await?;
        Ok(crate::command::asset::open(&self.inner.vault, asset)?.expose().clone())
    }

    /// The archive of a version, for people. The read is audited as `package.download`.
    ///
    /// # Errors
    /// `Forbidden` for those who may not download packages; `NotFound` if its content is gone; `Unavailable` if the read
    /// can't be audited. The stream ends with an error if the storage fails.
    pub async fn download_package(
        &self,
        actor: &Actor,
        package: &str,
        version: &PackageVersion,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.authorize(actor, Access::Permission(Permission::DownloadPackages))?;
        let detail = json!({"name": package, "version": version.version_number});
        self.note_read(actor, "package.download", ("packageVersion", version.id.to_string()), detail).await?;
        self.package_archive(version).await
    }

    /// Verifies the audit's chain and its checkpoints. The read is audited as `audit.verify`.
    ///
    /// # Errors
    /// `Forbidden` for those who may not read the audit; `Unavailable` if the store does not answer or the read can't be
    /// audited.
    pub async fn verify_audit(&self, actor: &Actor) -> Result<AuditReport> {
        self.authorize(actor, Access::Permission(Permission::ReadAudit))?;
        self.note_read(actor, "audit.verify", ("audit", String::new()), json!({})).await?;
        // What waits belongs to it; the entry of this very look does too.
        AuditSealer::new(self.clone()).seal().await?;
        verify_chain(self.store()).await
    }

    /// The audit as a file, oldest entry first. The read is audited as `audit.export`, and that entry is in it if its time
    /// is asked for.
    ///
    /// # Errors
    /// As [`Orchestrator::verify_audit`]. The stream ends with an error if the store does not answer.
    pub async fn export_audit(
        &self,
        actor: &Actor,
        export: AuditExport,
    ) -> Result<BoxStream<'static, Result<Bytes>>> {
        self.authorize(actor, Access::Permission(Permission::ReadAudit))?;
        let detail = json!({"format": export.format, "from": export.from, "to": export.to});
        self.note_read(actor, "audit.export", ("audit", String::new()), detail).await?;
        AuditSealer::new(self.clone()).seal().await?;
        let now = self.clock().now();
        Ok(export_chain(Arc::clone(&self.inner.store), export, now).await?.boxed())
    }
}
