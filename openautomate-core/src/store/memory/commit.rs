//! Commits: each write is applied at once and noted, and a failure takes the noted ones back.

use async_trait::async_trait;

use super::MemoryStore;
use super::row::{Row, exists, taken};
use super::state::State;
use crate::changes::{Changes, Record, Write};
use crate::clock::Timestamp;
use crate::domain::{Asset, AuditEntry, Execution, FileUser, Firing, IdempotencyRecord, InputFile, Schedule};
use crate::error::{Error, Result};
use crate::id::{AssetId, FileId, UserId};
use crate::store::CommitStore;

/// How to take back what was applied, in the order in which it was.
type Undo = Vec<Box<dyn FnOnce(&mut State) + Send>>;

#[async_trait]
impl CommitStore for MemoryStore {
    async fn commit(&self, changes: Changes) -> Result<()> {
        let mut state = self.state();
        let mut undo = Undo::new();
        let result = apply(&mut state, changes, &mut undo);
        if result.is_err() {
            for step in undo.into_iter().rev() {
                step(&mut state);
            }
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

fn apply(state: &mut State, changes: Changes, undo: &mut Undo) -> Result<()> {
    for write in changes.writes {
        match write {
            Write::Insert(record) => write_record(state, record, Kind::Insert, undo)?,
            Write::Update(record) => write_record(state, record, Kind::Update, undo)?,
            Write::DeleteAsset { id, revision } => delete_asset(state, id, revision, undo)?,
            Write::UseFiles { user, files } => use_files(state, user, &files, undo)?,
            Write::Fire(firing) => fire(state, firing, undo)?,
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
        Record::Invitation(row) => write_row(state, row, kind, undo),
        Record::Environment(row) => write_row(state, row, kind, undo),
        Record::Agent(row) => write_row(state, row, kind, undo),
        Record::AgentPool(row) => write_row(state, row, kind, undo),
        Record::EnrolmentToken(row) => write_row(state, row, kind, undo),
        Record::Package(row) => write_row(state, row, kind, undo),
        Record::PackageVersion(row) => write_row(state, row, kind, undo),
        Record::Deployment(row) => write_row(state, row, kind, undo),
        Record::Execution(row) => write_row(state, *row, kind, undo),
        Record::Schedule(row) => write_row(state, *row, kind, undo),
        Record::Asset(row) => write_row(state, row, kind, undo),
        Record::InputFile(row) => write_row(state, row, kind, undo),
    }
}

fn write_row<R: Row>(state: &mut State, mut row: R, kind: Kind, undo: &mut Undo) -> Result<()> {
    let id = row.id();
    let stored = R::table(state).get(&id);
    match (kind, stored) {
        (Kind::Insert, None) => {}
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

fn delete_asset(state: &mut State, id: AssetId, revision: i64, undo: &mut Undo) -> Result<()> {
    if state.assets.get(&id).is_none_or(|asset| asset.revision != revision) {
        return Err(Error::stale_row(Asset::NOUN));
    }
    if let Some(asset) = state.remove::<Asset>(id) {
        undo.push(Box::new(move |state| drop(state.put(asset))));
    }
    Ok(())
}

fn use_files(state: &mut State, user: FileUser, files: &[FileId], undo: &mut Undo) -> Result<()> {
    match user {
        FileUser::Execution(id) => exists::<Execution>(state, id)?,
        FileUser::Schedule(id) => exists::<Schedule>(state, id)?,
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

fn fire(state: &mut State, firing: Firing, undo: &mut Undo) -> Result<()> {
    let key = (firing.schedule_id, firing.due_at);
    if state.firings.contains_key(&key) {
        return Err(Error::stale_row("schedule"));
    }
    exists::<Schedule>(state, firing.schedule_id)?;
    firing.execution_id.iter().try_for_each(|id| exists::<Execution>(state, *id))?;
    state.firings.insert(key, firing);
    undo.push(Box::new(move |state| drop(state.firings.remove(&key))));
    Ok(())
}

fn note(state: &mut State, mut entry: AuditEntry, undo: &mut Undo) -> Result<()> {
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

fn keep_answer(state: &mut State, record: IdempotencyRecord, undo: &mut Undo) -> Result<()> {
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
