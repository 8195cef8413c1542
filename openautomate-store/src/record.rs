//! Writing the records of commands, whichever table they belong to.

use openautomate_core::changes::Record;
use openautomate_core::error::Error as CoreError;
use openautomate_core::id::{AssetId, CalendarId};

use crate::driver::{Connection, query};
use crate::error::Result;
use crate::table::{insert, update};

pub(crate) async fn insert_record(record: &Record, connection: &mut impl Connection) -> Result<()> {
    match record {
        Record::User(record) => insert(record, connection).await,
        Record::Session(record) => insert(record, connection).await,
        Record::Invitation(record) => insert(record, connection).await,
        Record::Environment(record) => insert(record, connection).await,
        Record::Agent(record) => insert(record, connection).await,
        Record::AgentPool(record) => insert(record, connection).await,
        Record::EnrolmentToken(record) => insert(record, connection).await,
        Record::Package(record) => insert(record, connection).await,
        Record::PackageVersion(record) => insert(record, connection).await,
        Record::Deployment(record) => insert(record, connection).await,
        Record::Rollout(record) => insert(record.as_ref(), connection).await,
        Record::Execution(record) => insert(record.as_ref(), connection).await,
        Record::Schedule(record) => insert(record.as_ref(), connection).await,
        Record::Calendar(record) => insert(record, connection).await,
        Record::Asset(record) => insert(record, connection).await,
        Record::InputFile(record) => insert(record, connection).await,
        Record::WorkQueue(record) => insert(record.as_ref(), connection).await,
        Record::WorkItem(record) => insert(record.as_ref(), connection).await,
    }
}

pub(crate) async fn update_record(record: &Record, connection: &mut impl Connection) -> Result<()> {
    match record {
        Record::User(record) => update(record, connection).await,
        Record::Session(record) => update(record, connection).await,
        Record::Invitation(record) => update(record, connection).await,
        Record::Environment(record) => update(record, connection).await,
        Record::Agent(record) => update(record, connection).await,
        Record::AgentPool(record) => update(record, connection).await,
        Record::EnrolmentToken(record) => update(record, connection).await,
        Record::Package(record) => update(record, connection).await,
        Record::PackageVersion(record) => update(record, connection).await,
        Record::Deployment(record) => update(record, connection).await,
        Record::Rollout(record) => update(record.as_ref(), connection).await,
        Record::Execution(record) => update(record.as_ref(), connection).await,
        Record::Schedule(record) => update(record.as_ref(), connection).await,
        Record::Calendar(record) => update(record, connection).await,
        Record::Asset(record) => update(record, connection).await,
        Record::InputFile(record) => update(record, connection).await,
        Record::WorkQueue(record) => update(record.as_ref(), connection).await,
        Record::WorkItem(record) => update(record.as_ref(), connection).await,
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
