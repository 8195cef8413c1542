//! Writing the records of commands, whichever table they belong to.

use openautomate_core::changes::Record;
use openautomate_core::domain::{ChildCall, TriggerFiring};
use openautomate_core::error::Error as CoreError;
use openautomate_core::id::{AssetId, CalendarId, ExternalIdentityId, RoleId};

use crate::driver::{Columns, Connection, Executor, micros, query};
use crate::error::Result;
use crate::table::{insert, update};

pub(crate) async fn insert_record(record: &Record, connection: &mut impl Connection) -> Result<()> {
    match record {
        Record::User(record) => insert(record, connection).await,
        Record::Session(record) => insert(record, connection).await,
        Record::ApiKey(record) => insert(record, connection).await,
        Record::CustomRole(record) => insert(record, connection).await,
        Record::Invitation(record) => insert(record, connection).await,
        Record::SecondFactor(record) => insert(record, connection).await,
        Record::PasswordReset(record) => insert(record, connection).await,
        Record::ExternalIdentity(record) => insert(record, connection).await,
        Record::Environment(record) => insert(record, connection).await,
        Record::Agent(record) => insert(record, connection).await,
        Record::AgentPool(record) => insert(record, connection).await,
        Record::AgentRelease(record) => insert(record.as_ref(), connection).await,
        Record::AgentRollout(record) => insert(record.as_ref(), connection).await,
        Record::AgentUpdate(record) => insert(record, connection).await,
        Record::EnrolmentToken(record) => insert(record, connection).await,
        Record::Package(record) => insert(record, connection).await,
        Record::PackageVersion(record) => insert(record, connection).await,
        Record::Deployment(record) => insert(record, connection).await,
        Record::Rollout(record) => insert(record.as_ref(), connection).await,
        Record::Execution(record) => insert(record.as_ref(), connection).await,
        Record::Schedule(record) => insert(record.as_ref(), connection).await,
        Record::Calendar(record) => insert(record, connection).await,
        Record::Trigger(record) => insert(record.as_ref(), connection).await,
        Record::Approval(record) => insert(record.as_ref(), connection).await,
        Record::Asset(record) => insert(record, connection).await,
        Record::InputFile(record) => insert(record, connection).await,
        Record::WorkQueue(record) => insert(record.as_ref(), connection).await,
        Record::WorkItem(record) => insert(record.as_ref(), connection).await,
        Record::Bucket(record) => insert(record, connection).await,
    }
}

pub(crate) async fn update_record(record: &Record, connection: &mut impl Connection) -> Result<()> {
    match record {
        Record::User(record) => update(record, connection).await,
        Record::Session(record) => update(record, connection).await,
        Record::ApiKey(record) => update(record, connection).await,
        Record::CustomRole(record) => update(record, connection).await,
        Record::Invitation(record) => update(record, connection).await,
        Record::SecondFactor(record) => update(record, connection).await,
        Record::PasswordReset(record) => update(record, connection).await,
        Record::ExternalIdentity(record) => update(record, connection).await,
        Record::Environment(record) => update(record, connection).await,
        Record::Agent(record) => update(record, connection).await,
        Record::AgentPool(record) => update(record, connection).await,
        Record::AgentRelease(record) => update(record.as_ref(), connection).await,
        Record::AgentRollout(record) => update(record.as_ref(), connection).await,
        Record::AgentUpdate(record) => update(record, connection).await,
        Record::EnrolmentToken(record) => update(record, connection).await,
        Record::Package(record) => update(record, connection).await,
        Record::PackageVersion(record) => update(record, connection).await,
        Record::Deployment(record) => update(record, connection).await,
        Record::Rollout(record) => update(record.as_ref(), connection).await,
        Record::Execution(record) => update(record.as_ref(), connection).await,
        Record::Schedule(record) => update(record.as_ref(), connection).await,
        Record::Calendar(record) => update(record, connection).await,
        Record::Trigger(record) => update(record.as_ref(), connection).await,
        Record::Approval(record) => update(record.as_ref(), connection).await,
        Record::Asset(record) => update(record, connection).await,
        Record::InputFile(record) => update(record, connection).await,
        Record::WorkQueue(record) => update(record.as_ref(), connection).await,
        Record::WorkItem(record) => update(record.as_ref(), connection).await,
        Record::Bucket(record) => update(record, connection).await,
    }
}

pub(crate) async fn delete_asset(id: AssetId, revision: i64, connection: &mut impl Connection) -> Result<()> {
    let delete =
        query("DELETE FROM assets WHERE id = $1 AND revision = $2").bind(id.as_uuid()).bind(revision);
    match delete.execute(connection).await? {
        0 => Err(CoreError::stale_row("asset").into()),
        _ => Ok(()),
    }
}

/// Keeps the sealed content of an asset that is a file, or none.
pub(crate) async fn seal_asset_content(
    id: AssetId,
    sealed: Option<&[u8]>,
    connection: &mut impl Connection,
) -> Result<()> {
    const DELETE: &str = "DELETE FROM asset_contents WHERE asset_id = $1";
    const PUT: &str = "INSERT INTO asset_contents (asset_id, sealed) VALUES ($1, $2)
        ON CONFLICT (asset_id) DO UPDATE SET sealed = excluded.sealed";
    match sealed {
        Some(sealed) => query(PUT).bind(id.as_uuid()).bind(sealed).execute(connection).await?,
        None => query(DELETE).bind(id.as_uuid()).execute(connection).await?,
    };
    Ok(())
}

/// The sealed content of an asset that is a file.
pub(crate) async fn asset_content(id: AssetId, on: impl Executor) -> Result<Option<Vec<u8>>> {
    const SELECT: &str = "SELECT sealed FROM asset_contents WHERE asset_id = $1";
    let row = query(SELECT).bind(id.as_uuid()).fetch_optional(on).await?;
    row.map(|row| Columns::of(&row, "asset").get("sealed")).transpose()
}

pub(crate) async fn delete_external_identity(
    id: ExternalIdentityId,
    revision: i64,
    connection: &mut impl Connection,
) -> Result<()> {
    const DELETE: &str = "DELETE FROM external_identities WHERE id = $1 AND revision = $2";
    match query(DELETE).bind(id.as_uuid()).bind(revision).execute(connection).await? {
        0 => Err(CoreError::stale_row("external identity").into()),
        _ => Ok(()),
    }
}

pub(crate) async fn delete_role(id: RoleId, revision: i64, connection: &mut impl Connection) -> Result<()> {
    const DELETE: &str = "DELETE FROM custom_roles WHERE id = $1 AND revision = $2";
    match query(DELETE).bind(id.as_uuid()).bind(revision).execute(connection).await? {
        0 => Err(CoreError::stale_row("role").into()),
        _ => Ok(()),
    }
}

pub(crate) async fn delete_calendar(
    id: CalendarId,
    revision: i64,
    connection: &mut impl Connection,
) -> Result<()> {
    let delete =
        query("DELETE FROM calendars WHERE id = $1 AND revision = $2").bind(id.as_uuid()).bind(revision);
    match delete.execute(connection).await? {
        0 => Err(CoreError::stale_row("calendar").into()),
        _ => Ok(()),
    }
}

/// Writes a firing of a trigger, and settles what it was due for; one that is there already means that another server
/// was first, or that it happened before.
pub(crate) async fn insert_trigger_firing(
    firing: &TriggerFiring,
    connection: &mut impl Connection,
) -> Result<()> {
    const INSERT: &str =
        "INSERT INTO trigger_firings (trigger_id, key, after_execution_id, fired_at, execution_id, skipped)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (trigger_id, key) DO NOTHING";
    const SETTLE: &str = "DELETE FROM due_triggers WHERE execution_id = $1 AND trigger_id = $2";
    let insert = query(INSERT)
        .bind(firing.trigger_id.as_uuid())
        .bind(&firing.key)
        .bind(firing.after.map(|id| *id.as_uuid()))
        .bind(micros(firing.fired_at))
        .bind(firing.execution_id.map(|id| *id.as_uuid()))
        .bind(firing.skipped.as_deref());
    if insert.execute(&mut *connection).await? == 0 {
        return Err(CoreError::stale_row("trigger").into());
    }
    if let Some(after) = firing.after {
        query(SETTLE).bind(after.as_uuid()).bind(firing.trigger_id.as_uuid()).execute(connection).await?;
    }
    Ok(())
}

/// Writes who asked for an execution; a call that is there already was told before.
pub(crate) async fn insert_child(call: &ChildCall, connection: &mut impl Connection) -> Result<()> {
    const INSERT: &str = "INSERT INTO execution_children (parent_id, attempt_try, call, child_id, is_open)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (parent_id, attempt_try, call) DO NOTHING";
    let insert = query(INSERT)
        .bind(call.parent_id.as_uuid())
        .bind(call.attempt_try)
        .bind(call.call)
        .bind(call.child_id.as_uuid())
        .bind(true);
    match insert.execute(connection).await? {
        0 => Err(CoreError::stale_row("call").into()),
        _ => Ok(()),
    }
}
