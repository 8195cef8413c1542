//! Commits: each write is applied at once and noted, and a failure takes the noted ones back.

use async_trait::async_trait;

use super::MemoryStore;
use super::row::{Row, exists, taken};
use super::state::State;
use super::trigger::{add_child, fire_trigger, take_turn};
use super::vault::{forget_key, keep_key};
use crate::changes::{Changes, Record, Write};
use crate::clock::Timestamp;
use crate::domain::{
    AgentRelease, Asset, AuditEntry, Calendar, CustomRole, Execution, ExternalIdentity, FileUser, Firing,
    IdempotencyRecord, InputFile, Schedule, WorkItem,
};
use crate::error::{Error, Result};
use crate::id::{AssetId, FileId, UserId};
use crate::store::CommitStore;

/// How to take back what was applied, in the order in which it was.
pub(super) type Undo = Vec<Box<dyn FnOnce(&mut State) + Send>>;

#[async_trait]
impl CommitStore for MemoryStore {
    async fn commit(&self, changes: Changes) -> Result<()> {
        let mut state = self.state();
        let mut undo = Undo::new();
        let result = apply(&mut state, changes, &mut undo);
        if result.is_err() {
            take_back(&mut state, undo);
        }
        result
    }

    async fn idempotency(&self, user: UserId, key: &str) -> Result<Option<IdempotencyRecord>> {
        Ok(self.state().idempotency.get(&(user, key.to_owned())).cloned())
    }

    async fn prune_idempotency(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let mut state = self.state();
        let old = state.idempotency.values().filter(|record| record.created_at < before);
        let mut old: Vec<_> =
            old.map(|record| (record.created_at, (record.user_id, record.key.clone()))).collect();
        old.sort();
        old.truncate(limit as usize);
        for (_, key) in &old {
            state.idempotency.remove(key);
        }
        Ok(old.len() as u64)
    }
}

/// Takes back what was applied.
pub(super) fn take_back(state: &mut State, undo: Undo) {
    for step in undo.into_iter().rev() {
        step(state);
    }
}

fn apply(state: &mut State, changes: Changes, undo: &mut Undo) -> Result<()> {
    for write in changes.writes {
        match write {
            Write::Insert(record) => write_record(state, record, Kind::Insert, undo)?,
            Write::Update(record) => write_record(state, record, Kind::Update, undo)?,
            Write::DeleteAsset { id, revision } => {
                delete_row::<Asset>(state, id, revision, undo)?;
                seal_content(state, id, None, undo);
            }
            Write::SealAssetContent { id, sealed } => {
                exists::<Asset>(state, id)?;
                seal_content(state, id, sealed, undo);
            }
            Write::DeleteExternalIdentity { id, revision } => {
                delete_row::<ExternalIdentity>(state, id, revision, undo)?;
            }
            Write::DeleteRole { id, revision } => delete_row::<CustomRole>(state, id, revision, undo)?,
            Write::DeleteCalendar { id, revision } => {
                delete_row::<Calendar>(state, id, revision, undo)?;
                if state.schedules.values().any(|schedule| schedule.calendar_id == Some(id)) {
                    let message = "a schedule uses the calendar; give the schedule another, or none, first";
                    return Err(Error::conflict("calendar.in_use", message));
                }
            }
            Write::UseFiles { user, files } => use_files(state, user, &files, undo)?,
            Write::Fire(firing) => fire(state, firing, false, undo)?,
            Write::FireSkipped(firing) => fire(state, firing, true, undo)?,
            Write::FireTrigger(firing) => fire_trigger(state, firing, undo)?,
            Write::TakeTurn(turn) => take_turn(state, turn, undo)?,
            Write::AddChild(call) => add_child(state, call, undo)?,
            Write::KeepVaultKey(key) => keep_key(state, key, undo)?,
            Write::ForgetVaultKey { id } => forget_key(state, id, undo),
        }
    }
    for entry in changes.audit {
        note(state, entry, undo)?;
    }
    changes.idempotency.map_or(Ok(()), |record| keep_answer(state, record, undo))
}

#[derive(Clone, Copy)]
enum Kind {
    Insert,
    Update,
}

fn write_record(state: &mut State, record: Record, kind: Kind, undo: &mut Undo) -> Result<()> {
    match record {
        Record::User(row) => write_row(state, row, kind, undo),
        Record::Session(row) => write_row(state, row, kind, undo),
        Record::ApiKey(row) => write_row(state, row, kind, undo),
        Record::CustomRole(row) => write_row(state, row, kind, undo),
        Record::Invitation(row) => write_row(state, row, kind, undo),
        Record::SecondFactor(row) => write_row(state, row, kind, undo),
        Record::PasswordReset(row) => write_row(state, row, kind, undo),
        Record::ExternalIdentity(row) => write_row(state, row, kind, undo),
        Record::Environment(row) => write_row(state, row, kind, undo),
        Record::Agent(row) => write_row(state, row, kind, undo),
        Record::AgentPool(row) => write_row(state, row, kind, undo),
        Record::AgentRelease(row) => write_row(state, *row, kind, undo),
        Record::AgentRollout(row) => write_row(state, *row, kind, undo),
        Record::AgentUpdate(row) => write_row(state, row, kind, undo),
        Record::EnrolmentToken(row) => write_row(state, row, kind, undo),
        Record::Package(row) => write_row(state, row, kind, undo),
        Record::PackageVersion(row) => write_row(state, row, kind, undo),
        Record::Deployment(row) => write_row(state, row, kind, undo),
        Record::Rollout(row) => write_row(state, *row, kind, undo),
        Record::Execution(row) => write_row(state, *row, kind, undo),
        Record::Schedule(row) => write_row(state, *row, kind, undo),
        Record::Calendar(row) => write_row(state, row, kind, undo),
        Record::Trigger(row) => write_row(state, *row, kind, undo),
        Record::Approval(row) => write_row(state, *row, kind, undo),
        Record::Asset(row) => write_row(state, row, kind, undo),
        Record::InputFile(row) => write_row(state, row, kind, undo),
        Record::WorkQueue(row) => write_row(state, *row, kind, undo),
        Record::WorkItem(row) => write_row(state, *row, kind, undo),
        Record::Bucket(row) => write_row(state, row, kind, undo),
    }
}

fn write_row<R: Row>(state: &mut State, mut row: R, kind: Kind, undo: &mut Undo) -> Result<()> {
    let id = row.id();
    let stored = R::table(state).get(&id);
    match (kind, stored) {
        (Kind::Insert, None) => row.begin(),
        (Kind::Insert, Some(_)) => return Err(taken("id")),
        (Kind::Update, Some(stored)) if stored.revision() == row.revision() => {
            row.follow(stored)?;
            row.set_revision(stored.revision() + 1);
        }
        (Kind::Update, _) => return Err(Error::stale_row(R::NOUN)),
    }
    row.check(state)?;
    match state.put(row) {
        Some(old) => undo.push(Box::new(move |state| drop(state.put(old)))),
        None => undo.push(Box::new(move |state| drop(state.remove::<R>(id)))),
    }
    Ok(())
}

fn delete_row<R: Row>(state: &mut State, id: R::Id, revision: i64, undo: &mut Undo) -> Result<()> {
    if R::table(state).get(&id).is_none_or(|row| row.revision() != revision) {
        return Err(Error::stale_row(R::NOUN));
    }
    if let Some(row) = state.remove::<R>(id) {
        undo.push(Box::new(move |state| drop(state.put(row))));
    }
    Ok(())
}

fn seal_content(state: &mut State, id: AssetId, sealed: Option<Vec<u8>>, undo: &mut Undo) {
    let before = match sealed {
        Some(sealed) => state.asset_contents.insert(id, sealed),
        None => state.asset_contents.remove(&id),
    };
    undo.push(Box::new(move |state| match before {
        Some(before) => drop(state.asset_contents.insert(id, before)),
        None => drop(state.asset_contents.remove(&id)),
    }));
}

fn use_files(state: &mut State, user: FileUser, files: &[FileId], undo: &mut Undo) -> Result<()> {
    match user {
        FileUser::Execution(id) => exists::<Execution>(state, id)?,
        FileUser::Schedule(id) => exists::<Schedule>(state, id)?,
        FileUser::WorkItem(id) => exists::<WorkItem>(state, id)?,
        FileUser::AgentRelease(id) => exists::<AgentRelease>(state, id)?,
    }
    for id in files {
        exists::<InputFile>(state, *id)?;
        if state.files.get(id).is_some_and(|file| file.removed_at.is_some()) {
            return Err(Error::invalid("reference.missing", "the file was removed; upload it again"));
        }
    }
    let before = state.file_uses.insert(user, files.iter().copied().collect()).unwrap_or_default();
    undo.push(Box::new(move |state| drop(state.file_uses.insert(user, before))));
    Ok(())
}

/// Writes a firing; `again` in the place of one that was skipped.
fn fire(state: &mut State, firing: Firing, again: bool, undo: &mut Undo) -> Result<()> {
    let key = (firing.schedule_id, firing.due_at);
    let before = state.firings.get(&key).cloned();
    if before.as_ref().map(|before| before.execution_id.is_none()) != again.then_some(true) {
        return Err(Error::stale_row("firing"));
    }
    exists::<Schedule>(state, firing.schedule_id)?;
    firing.execution_id.iter().try_for_each(|id| exists::<Execution>(state, *id))?;
    state.firings.insert(key, firing);
    undo.push(Box::new(move |state| match before {
        Some(before) => drop(state.firings.insert(key, before)),
        None => drop(state.firings.remove(&key)),
    }));
    Ok(())
}

pub(super) fn note(state: &mut State, mut entry: AuditEntry, undo: &mut Undo) -> Result<()> {
    let id = entry.id;
    if state.audit.contains_key(&id) {
        return Err(taken("id"));
    }
    entry.seal = None;
    state.audit.insert(id, entry);
    state.unsealed.insert(id);
    undo.push(Box::new(move |state| {
        state.audit.remove(&id);
        state.unsealed.remove(&id);
    }));
    Ok(())
}

pub(super) fn keep_answer(state: &mut State, record: IdempotencyRecord, undo: &mut Undo) -> Result<()> {
    let key = (record.user_id, record.key.clone());
    if state.idempotency.contains_key(&key) {
        return Err(Error::conflict(
            "idempotency.exists",
            "the answer to a request with this idempotency key is kept already; read it",
        ));
    }
    state.idempotency.insert(key.clone(), record);
    undo.push(Box::new(move |state| drop(state.idempotency.remove(&key))));
    Ok(())
}
