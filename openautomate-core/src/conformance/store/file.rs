//! Uploaded files: kept, used, expired, forgotten.

use super::expect::assert_code;
use super::sample::{World, at};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{FileUser, InputFile};
use crate::error::{ErrorKind, Result};
use crate::id::{ExecutionId, FileId, ScheduleId, UserId};

impl World {
    async fn uploaded(&self, name: &str) -> InputFile {
        let file = self.file(name);
        self.insert(Record::InputFile(file.clone())).await;
        file
    }

    async fn use_files(&self, user: FileUser, files: &[FileId]) -> Result<()> {
        let write = Write::UseFiles { user, files: files.to_vec() };
        self.store.commit(Changes { writes: vec![write], ..Changes::none() }).await
    }

    async fn used(&self, user: FileUser) -> Vec<FileId> {
        self.store.files_used(user).await.unwrap().into_iter().map(|file| file.id).collect()
    }

    async fn enqueued(&self) -> FileUser {
        FileUser::Execution(self.enqueue(self.execution()).await.id)
    }

    async fn scheduled(&self) -> FileUser {
        let schedule = self.schedule();
        self.insert(Record::Schedule(Box::new(schedule.clone()))).await;
        FileUser::Schedule(schedule.id)
    }
}

/// Every field of a file is kept, its id is taken once, and whoever uploaded it exists.
pub async fn round_trip<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    assert_eq!(world.store.file(FileId::new()).await.unwrap(), None);
    let file = InputFile { size: u64::MAX, ..world.file("Überweisung 07.pdf") };
    world.insert(Record::InputFile(file.clone())).await;
    assert_eq!(world.store.file(file.id).await.unwrap(), Some(file.clone()));
    let again = Changes::none().insert(Record::InputFile(file.clone()));
    assert_code(world.store.commit(again).await, ErrorKind::Conflict, "name.taken");
    let nobodys = InputFile { created_by: UserId::new(), ..world.file("a") };
    let nobodys = Changes::none().insert(Record::InputFile(nobodys));
    assert_code(world.store.commit(nobodys).await, ErrorKind::Invalid, "reference.missing");
    let removed = InputFile { removed_at: Some(at(5)), ..file };
    world.update(Record::InputFile(removed.clone())).await;
    let expected = InputFile { revision: 1, ..removed };
    assert_eq!(world.store.file(expected.id).await.unwrap(), Some(expected));
}

/// Executions and schedules use files, each its own, one that is named twice once.
pub async fn uses<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (a, b) = (world.uploaded("a").await, world.uploaded("b").await);
    let (execution, other) = (world.enqueued().await, world.enqueued().await);
    let schedule = world.scheduled().await;
    world.use_files(execution, &[b.id, a.id, b.id]).await.unwrap();
    world.use_files(schedule, &[b.id]).await.unwrap();
    assert_eq!(world.store.files_used(execution).await.unwrap(), [a, b.clone()]);
    assert_eq!(world.used(schedule).await, [b.id]);
    assert_eq!(world.used(other).await, []);
    assert_eq!(world.used(FileUser::Execution(ExecutionId::new())).await, []);
}

/// What is used from now on is all that is used.
pub async fn uses_are_replaced<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (a, b) = (world.uploaded("a").await, world.uploaded("b").await);
    for user in [world.scheduled().await, world.enqueued().await] {
        world.use_files(user, &[a.id, b.id]).await.unwrap();
        world.use_files(user, &[b.id]).await.unwrap();
        assert_eq!(world.used(user).await, [b.id]);
        world.use_files(user, &[]).await.unwrap();
        assert_eq!(world.used(user).await, []);
    }
}

/// Neither an absent file nor a removed one is used, and nobody who is absent uses one.
pub async fn only_what_is_there_is_used<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (file, gone) = (world.uploaded("a").await, world.uploaded("b").await);
    world.update(Record::InputFile(InputFile { removed_at: Some(at(1)), ..gone.clone() })).await;
    let missing = |result| assert_code::<()>(result, ErrorKind::Invalid, "reference.missing");
    for user in [world.enqueued().await, world.scheduled().await] {
        missing(world.use_files(user, &[FileId::new()]).await);
        missing(world.use_files(user, &[file.id, gone.id]).await);
        assert_eq!(world.used(user).await, []);
    }
    missing(world.use_files(FileUser::Execution(ExecutionId::new()), &[file.id]).await);
    missing(world.use_files(FileUser::Schedule(ScheduleId::new()), &[file.id]).await);
}

/// A file that something uses can't be removed, and can be once nothing does.
pub async fn what_is_used_stays<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let file = world.uploaded("a").await;
    let removed = Record::InputFile(InputFile { removed_at: Some(at(1)), ..file.clone() });
    for user in [world.enqueued().await, world.scheduled().await] {
        world.use_files(user, &[file.id]).await.unwrap();
        let changes = Changes::none().update(removed.clone());
        assert_code(world.store.commit(changes).await, ErrorKind::Conflict, "file.in_use");
        world.use_files(user, &[]).await.unwrap();
    }
    world.update(removed).await;
}

/// A commit that is refused leaves what was used.
pub async fn a_refused_commit_leaves_uses<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (a, b) = (world.uploaded("a").await, world.uploaded("b").await);
    let user = world.enqueued().await;
    world.use_files(user, &[a.id]).await.unwrap();
    let mut changes = Changes::none();
    changes.writes.push(Write::UseFiles { user, files: vec![b.id] });
    changes = changes.insert(Record::InputFile(a.clone()));
    assert_code(world.store.commit(changes).await, ErrorKind::Conflict, "name.taken");
    assert_eq!(world.used(user).await, [a.id]);
}

/// What expired and is used by nothing is removed, and told of until it is forgotten; the rest stays.
pub async fn expires_unused<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (unused, used) = (world.uploaded("a").await, world.uploaded("b").await);
    let later = InputFile { expires_at: at(90), ..world.file("c") };
    world.insert(Record::InputFile(later.clone())).await;
    let user = world.scheduled().await;
    world.use_files(user, &[used.id]).await.unwrap();
    assert_eq!(world.store.expire_files(at(60), 10).await.unwrap(), []);
    assert_eq!(world.store.expire_files(at(61), 10).await.unwrap(), [unused.id]);
    let stored = world.store.file(unused.id).await.unwrap().unwrap();
    assert_eq!((stored.removed_at, stored.revision), (Some(at(61)), 1));
    assert_eq!(world.store.expire_files(at(62), 10).await.unwrap(), [unused.id], "until it is forgotten");
    assert_eq!(world.store.file(unused.id).await.unwrap().unwrap().removed_at, Some(at(61)));
    for kept in [used.clone(), later] {
        assert_eq!(world.store.file(kept.id).await.unwrap(), Some(kept));
    }
    world.use_files(user, &[]).await.unwrap();
    assert_eq!(world.store.expire_files(at(63), 10).await.unwrap(), [unused.id, used.id]);
}

/// No more than asked for are removed at once, the oldest first.
pub async fn expires_in_batches<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(world.uploaded(name).await.id);
    }
    assert_eq!(world.store.expire_files(at(61), 2).await.unwrap(), ids[..2]);
    assert_eq!(world.store.file(ids[2]).await.unwrap().unwrap().removed_at, None);
    world.store.forget_files(&ids[..2]).await.unwrap();
    assert_eq!(world.store.expire_files(at(61), 2).await.unwrap(), ids[2..]);
}

/// Removed files are forgotten; the others, and those that are not there, are left as they are.
pub async fn forgets_removed_ones<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (kept, gone) = (world.uploaded("a").await, world.uploaded("b").await);
    world.update(Record::InputFile(InputFile { removed_at: Some(at(1)), ..gone.clone() })).await;
    world.store.forget_files(&[kept.id, gone.id, FileId::new()]).await.unwrap();
    world.store.forget_files(&[]).await.unwrap();
    assert_eq!(world.store.file(kept.id).await.unwrap(), Some(kept));
    assert_eq!(world.store.file(gone.id).await.unwrap(), None);
}
