//! A command that forgets to ask where something is: whatever it decides, nothing is written outside of the environments
//! in which its actor may.

use std::sync::Arc;

use async_trait::async_trait;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::changes::{Changes, Record, Write};
use openautomate_core::command::{Command, CommandContext, Decision};
use openautomate_core::conformance::store::sample::{self, World};
use openautomate_core::domain::{Agent, Asset, Execution, FileUser, InputFile, Role, Schedule};
use openautomate_core::error::Result;
use openautomate_core::id::{EnvironmentId, ExecutionId};
use openautomate_core::permission::{Access, Actor, Permission, Powers, Principal, given_in_environment};
use openautomate_core::store::memory::MemoryStore;
use openautomate_core::vault::Vault;
use openautomate_core::{ErrorKind, Orchestrator};

/// Writes whatever it is told to, and asks nothing.
struct Forgetful(Changes);

#[async_trait]
impl Command for Forgetful {
    type Output = ();
    const NAME: &'static str = "test.forgetful";

    fn access(&self) -> Access {
        Access::Permission(Permission::RunExecutions)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, _: &CommandContext<'_>) -> Result<Decision<()>> {
        Ok(Decision::new(self.0.clone(), ()))
    }
}

struct Place {
    world: World,
    orchestrator: Orchestrator,
    /// May everything in the environment of the world, and nothing elsewhere.
    here: Actor,
    other: EnvironmentId,
    _keys: tempfile::TempDir,
}

impl Drop for Place {
    fn drop(&mut self) {
        let orchestrator = self.orchestrator.clone();
        tokio::spawn(async move { orchestrator.shutdown().await });
    }
}

impl Place {
    async fn new() -> Self {
        let world = World::new(Arc::new(MemoryStore::new())).await;
        let other = sample::environment("other");
        world.insert(Record::Environment(other.clone())).await;
        let keys = tempfile::tempdir().unwrap();
        let vault = Vault::open_or_create(&keys.path().join("vault.key")).unwrap();
        let blobs = Arc::new(ObjectBlobStore::memory());
        let builder = Orchestrator::builder(Arc::clone(&world.store), blobs, vault);
        let orchestrator = builder.build().await.unwrap();
        let environments = [(world.environment.id, given_in_environment(&[Role::Administrator], []))].into();
        let (id, name) = (world.user.id, "tess".to_owned());
        let here = Actor::of(Principal::User { id, name, roles: Vec::new(), session: None })
            .with_powers(Powers { environments, ..Powers::default() });
        Self { world, orchestrator, here, other: other.id, _keys: keys }
    }

    async fn try_to(&self, writes: Vec<Write>) -> std::result::Result<(), ErrorKind> {
        let command = Forgetful(Changes { writes, ..Changes::none() });
        self.orchestrator.execute(&self.here, command).await.map_err(|error| error.kind())
    }
}

fn execution(row: Execution) -> Record {
    Record::Execution(Box::new(row))
}

#[tokio::test]
async fn what_is_new_is_where_the_actor_may() {
    let place = Place::new().await;
    let (world, other) = (&place.world, place.other);
    assert_eq!(place.try_to(vec![Write::Insert(execution(world.execution()))]).await, Ok(()));
    let elsewhere = Execution { environment_id: other, ..world.execution() };
    let refused = Err(ErrorKind::Forbidden);
    assert_eq!(place.try_to(vec![Write::Insert(execution(elsewhere.clone()))]).await, refused);
    assert_eq!(world.store.execution(elsewhere.id).await.unwrap(), None);
    // One wrong write among right ones refuses all.
    let right = world.execution();
    let both = vec![Write::Insert(execution(right.clone())), Write::Insert(execution(elsewhere))];
    assert_eq!(place.try_to(both).await, refused);
    assert_eq!(world.store.execution(right.id).await.unwrap(), None);
    // What is in no environment is nowhere that they may.
    for record in [
        Record::User(sample::user("mallory")),
        Record::CustomRole(sample::custom_role("everything")),
        Record::Package(sample::package("mine", world.user.id)),
        Record::Calendar(world.calendar("mine")),
        Record::Environment(sample::environment("mine")),
    ] {
        assert_eq!(place.try_to(vec![Write::Insert(record.clone())]).await, refused, "{record:?}");
    }
}

#[tokio::test]
async fn nothing_is_changed_moved_or_taken_that_is_elsewhere() {
    let place = Place::new().await;
    let (world, other) = (&place.world, place.other);
    let refused = Err(ErrorKind::Forbidden);
    let theirs = Execution { environment_id: other, ..world.execution() };
    let agent = sample::agent("bot of the other", other, world.user.id);
    let schedule = Schedule { environment_id: other, ..world.schedule() };
    let asset = Asset { environment_id: other, ..world.asset("theirs") };
    for record in [
        execution(theirs.clone()),
        Record::Agent(agent.clone()),
        Record::Schedule(Box::new(schedule.clone())),
        Record::Asset(asset.clone()),
    ] {
        world.insert(record).await;
    }
    let here = world.environment.id;
    for record in [
        // As it is there, and as if it were here.
        execution(theirs.clone()),
        execution(Execution { environment_id: here, ..theirs.clone() }),
        Record::Agent(Agent { environment_id: here, ..agent.clone() }),
        Record::Schedule(Box::new(Schedule { environment_id: here, ..schedule.clone() })),
        Record::Asset(Asset { environment_id: here, ..asset.clone() }),
        // And what is here, as if it were there.
        Record::Agent(Agent { environment_id: other, ..world.agent.clone() }),
    ] {
        assert_eq!(place.try_to(vec![Write::Update(record.clone())]).await, refused, "{record:?}");
    }
    let nobody = ExecutionId::new();
    for write in [
        Write::DeleteAsset { id: asset.id, revision: 0 },
        Write::SealAssetContent { id: asset.id, sealed: None },
        Write::UseFiles { user: FileUser::Execution(theirs.id), files: vec![] },
        Write::UseFiles { user: FileUser::Schedule(schedule.id), files: vec![] },
        Write::UseFiles { user: FileUser::Execution(nobody), files: vec![] },
    ] {
        assert_eq!(place.try_to(vec![write.clone()]).await, refused, "{write:?}");
    }
    assert_eq!(world.store.execution(theirs.id).await.unwrap(), Some(theirs));
    assert_eq!(world.store.asset(asset.id).await.unwrap(), Some(asset));
    assert_eq!(world.store.agent(agent.id).await.unwrap(), Some(agent));
}

#[tokio::test]
async fn what_is_theirs_is_changed_and_a_calendar_is_only_raised() {
    let place = Place::new().await;
    let world = &place.world;
    let row = Agent { labels: vec!["gpu".to_owned()], ..world.agent.clone() };
    assert_eq!(place.try_to(vec![Write::Update(Record::Agent(row))]).await, Ok(()));
    let new = world.execution();
    let uses = Write::UseFiles { user: FileUser::Execution(new.id), files: vec![] };
    assert_eq!(place.try_to(vec![Write::Insert(execution(new)), uses]).await, Ok(()));

    // Whoever saves a schedule raises the calendar that it uses; to change one takes more.
    let calendar = world.calendar("holidays");
    world.insert(Record::Calendar(calendar.clone())).await;
    assert_eq!(place.try_to(vec![Write::Update(Record::Calendar(calendar.clone()))]).await, Ok(()));
    let mut changed = world.store.calendar(calendar.id).await.unwrap().unwrap();
    assert_eq!(changed.revision, calendar.revision + 1);
    changed.name = "none".to_owned();
    let change = vec![Write::Update(Record::Calendar(changed))];
    assert_eq!(place.try_to(change).await, Err(ErrorKind::Forbidden));

    // Files are their owner's, and in no environment.
    let mine = world.file("mine.txt");
    assert_eq!(place.try_to(vec![Write::Insert(Record::InputFile(mine))]).await, Ok(()));
    let another = sample::user("another");
    world.insert(Record::User(another.clone())).await;
    let theirs = InputFile { created_by: another.id, ..world.file("theirs.txt") };
    world.insert(Record::InputFile(theirs.clone())).await;
    let stolen = InputFile { created_by: world.user.id, ..theirs };
    let steal = vec![Write::Update(Record::InputFile(stolen))];
    assert_eq!(place.try_to(steal).await, Err(ErrorKind::Forbidden));
}

#[tokio::test]
async fn whoever_may_everywhere_or_nowhere_is_not_looked_at() {
    let place = Place::new().await;
    let elsewhere = Execution { environment_id: place.other, ..place.world.execution() };
    let write = || Forgetful(Changes::none().insert(execution(elsewhere.clone())));
    let nobody = Actor { powers: Powers::default(), ..place.here.clone() };
    let refused = place.orchestrator.execute(&nobody, write()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
    place.orchestrator.execute(&Actor::system(), write()).await.unwrap();
}
