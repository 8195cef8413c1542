//! How many executions are leased at once: of an environment, of a package, of a key.

use super::child::asked;
use super::sample::{self, World, at, instant, succeeded};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{ChildCall, Concurrency, Environment, Execution, ExecutionState, Package};
use crate::id::ExecutionId;
use crate::store::ClaimRequest;

fn keyed(world: &World, key: &str, limit: u32) -> Execution {
    Execution { concurrency: Some(Concurrency { key: key.to_owned(), limit }), ..world.execution() }
}

async fn claimed(world: &World, limit: u32) -> Vec<ExecutionId> {
    let claimed = world.store.claim(world.claim_request(limit)).await.expect("a claim");
    claimed.iter().map(|execution| execution.id).collect()
}

/// No more of a key than its limit; first come, first served; what follows is not held up.
pub async fn keys<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let mut sap = Vec::new();
    for _ in 0..5 {
        sap.push(world.enqueue(keyed(&world, "sap", 2)).await.id);
    }
    let other = world.enqueue(keyed(&world, "crm", 1)).await.id;
    let free = world.enqueue(world.execution()).await.id;
    sap.sort();
    assert_eq!(claimed(&world, 1).await, sap[..1]);
    let mut rest = vec![sap[1], other, free];
    rest.sort();
    let mut more = claimed(&world, 10).await;
    more.sort();
    assert_eq!(more, rest);
    assert_eq!(claimed(&world, 10).await, []);
}

/// Keys are compared with regard to case, and those of another environment are others.
pub async fn keys_are_of_one_environment<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let testing = sample::environment("testing");
    world.insert(Record::Environment(testing.clone())).await;
    world.enqueue(keyed(&world, "sap", 1)).await;
    world.enqueue(keyed(&world, "SAP", 1)).await;
    world.enqueue(Execution { environment_id: testing.id, ..keyed(&world, "sap", 1) }).await;
    assert_eq!(claimed(&world, 10).await.len(), 2);
    let there = ClaimRequest { environment_id: testing.id, ..world.claim_request(10) };
    assert_eq!(world.store.claim(there).await.unwrap().len(), 1);
}

/// Each execution of a key is held to its own limit.
pub async fn each_has_its_own_limit<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for limit in [1, 3, 3, 3] {
        world.enqueue(keyed(&world, "sap", limit)).await;
    }
    assert_eq!(claimed(&world, 10).await.len(), 3, "the one with the limit 1 came first");
    world.enqueue(Execution { priority: 9, ..keyed(&world, "sap", 1) }).await;
    assert_eq!(claimed(&world, 10).await, []);
}

/// No more of a package than its limit, whatever else runs.
pub async fn packages<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    world.update(Record::Package(Package { max_concurrent: Some(2), ..world.package.clone() })).await;
    let other = sample::package("receipts", world.user.id);
    let version = sample::version(other.id, "1.0.0", world.user.id);
    world.insert(Record::Package(other.clone())).await;
    world.insert(Record::PackageVersion(version.clone())).await;
    for _ in 0..4 {
        world.enqueue(world.execution()).await;
    }
    for _ in 0..3 {
        world.enqueue(Execution { package_id: other.id, version_id: version.id, ..world.execution() }).await;
    }
    assert_eq!(claimed(&world, 10).await.len(), 5);
    assert_eq!(claimed(&world, 10).await, []);
}

/// No more of an environment than its limit, until the limit is taken away.
pub async fn environments<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    world
        .update(Record::Environment(Environment { max_concurrent: Some(3), ..world.environment.clone() }))
        .await;
    for _ in 0..5 {
        world.enqueue(world.execution()).await;
    }
    assert_eq!(claimed(&world, 2).await.len(), 2);
    assert_eq!(claimed(&world, 10).await.len(), 1);
    assert_eq!(claimed(&world, 10).await, []);
    world.update(Record::Environment(Environment { revision: 1, ..world.environment.clone() })).await;
    assert_eq!(claimed(&world, 10).await.len(), 2);
}

/// A claim under limits gives what any claim gives: epoch, agent, lease, attempt, in the order of the queue.
pub async fn grants<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let low = world.enqueue(Execution { priority: -1, ..keyed(&world, "a", 1) }).await;
    let high = world.enqueue(keyed(&world, "b", 1)).await;
    let given = world.store.claim(world.claim_request(5)).await.unwrap();
    let expected = [high, low].map(|execution| Execution {
        state: ExecutionState::Assigned,
        lease_epoch: 1,
        agent_id: Some(world.agent.id),
        lease_until: Some(at(60)),
        revision: 1,
        ..execution
    });
    assert_eq!(given, expected);
    for execution in expected {
        let attempts = world.store.attempts(execution.id).await.unwrap();
        assert_eq!((attempts.len(), attempts[0].assigned_at), (1, instant()));
        assert_eq!(world.stored(execution.id).await, execution);
    }
}

/// Behind any number of executions that a limit holds back, what is free is found.
pub async fn looks_past_what_is_held_back<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for _ in 0..60 {
        world.enqueue(Execution { priority: 9, ..keyed(&world, "sap", 1) }).await;
    }
    let others = ["a", "b", "c"].map(|key| keyed(&world, key, 1));
    for execution in &others {
        world.enqueue(execution.clone()).await;
    }
    assert_eq!(claimed(&world, 2).await.len(), 2);
    assert_eq!(claimed(&world, 10).await.len(), 2);
}

/// Finish, loss, release, cancel: each gives the place back with the lease.
pub async fn every_end_frees<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    for _ in 0..8 {
        world.enqueue(keyed(&world, "sap", 1)).await;
    }
    let next = async |now| {
        let request = ClaimRequest { now, lease_until: at(60), ..world.claim_request(5) };
        let mut given = world.store.claim(request).await.expect("a claim");
        assert_eq!(given.len(), 1, "one place is free");
        given.remove(0)
    };
    let finished = next(at(1)).await.lease().unwrap();
    world.finish(finished, succeeded(), at(2)).await;
    let released = next(at(2)).await.lease().unwrap();
    world.store.release(world.agent.id, &[released], at(3)).await.unwrap();
    let lost = next(at(3)).await;
    assert_eq!(lost.id, released.execution, "it comes first again");
    world.store.expire(at(61), 10).await.unwrap();
    let cancelled = next(at(4)).await;
    let asked = Execution { cancel_requested_at: Some(at(5)), ..cancelled.clone() };
    world.update(Record::Execution(Box::new(asked))).await;
    assert_eq!(claimed(&world, 5).await, [], "it runs until its agent says otherwise");
    world.store.release(world.agent.id, &[cancelled.lease().unwrap()], at(6)).await.unwrap();
    next(at(7)).await;
}

/// Whether anything that waits is under a limit.
pub async fn pending_under_limits<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let has = async || world.store.has_limited().await.unwrap();
    world.enqueue(world.execution()).await;
    assert!(!has().await);
    world.update(Record::Package(Package { max_concurrent: Some(9), ..world.package.clone() })).await;
    assert!(has().await);
    assert_eq!(claimed(&world, 1).await.len(), 1);
    assert!(!has().await, "nothing waits");
    world.enqueue(keyed(&world, "sap", 1)).await;
    assert!(has().await);
}

/// What is leased is counted, and who holds places is told.
pub async fn occupancy<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    world.update(Record::Package(Package { max_concurrent: Some(9), ..world.package.clone() })).await;
    for _ in 0..3 {
        world.enqueue(keyed(&world, "sap", 2)).await;
    }
    world.enqueue(Execution { priority: -1, ..world.execution() }).await;
    let mut given = claimed(&world, 10).await;
    let (occupancy, limits) = world.store.occupancy(world.environment.id).await.unwrap();
    assert_eq!((occupancy.total, occupancy.keys.get("sap")), (3, Some(&2)));
    assert_eq!(occupancy.packages.get(&world.package.id), Some(&3));
    assert_eq!((limits.environment, limits.packages.get(&world.package.id)), (None, Some(&9)));
    let holders = async |key: Option<&str>, limit| {
        world.store.holders(world.environment.id, Some(world.package.id), key, limit).await.unwrap()
    };
    let mut of_key = given[..2].to_vec();
    of_key.sort();
    given.sort();
    assert_eq!(holders(Some("sap"), 9).await, of_key);
    assert_eq!(holders(None, 9).await, given);
    assert_eq!(holders(None, 1).await, given[..1]);
    assert_eq!(holders(Some("crm"), 9).await, []);
    let by_agent = world.store.leases_by_agent(world.environment.id).await.unwrap();
    assert_eq!(by_agent, [(world.agent.id, 3)]);
}

/// A child that its parent waits for takes no place where its parent, or one further up, holds one; anywhere else it
/// does. Others take none of theirs.
pub async fn stand_ins<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    world
        .update(Record::Environment(Environment { max_concurrent: Some(2), ..world.environment.clone() }))
        .await;
    let parent = world.enqueue(Execution { priority: 9, ..keyed(&world, "sap", 1) }).await;
    let crm = world.enqueue(Execution { priority: 8, ..keyed(&world, "crm", 1) }).await;
    assert_eq!(claimed(&world, 10).await, [parent.id, crm.id], "the environment is full");
    let lease = async |id| world.store.execution(id).await.unwrap().unwrap().lease().unwrap();
    let child = async |parent, call, key| {
        let (child, _) = asked(&world, parent, 0, call);
        let child = Execution { concurrency: keyed(&world, key, 1).concurrency, priority: 5, ..child };
        let mut changes = Changes::none().insert(Record::Execution(Box::new(child.clone())));
        let call = ChildCall { parent_id: parent, attempt_try: 0, call, child_id: child.id };
        changes.writes.push(Write::AddChild(call));
        world.store.commit(changes).await.unwrap();
        child.id
    };
    let stand_in = async |parent, child| {
        let held = lease(parent).await;
        world.store.stand_in(held, world.agent.id, child).await.unwrap()
    };
    let (first, second) = (child(parent.id, 1, "sap").await, child(parent.id, 2, "sap").await);
    let of_crm = child(crm.id, 1, "sap").await;
    world.enqueue(keyed(&world, "sap", 1)).await;
    assert_eq!(claimed(&world, 10).await, [], "nobody waits for them yet");
    assert!(stand_in(parent.id, first).await && stand_in(crm.id, of_crm).await);
    assert_eq!(claimed(&world, 10).await, [first], "crm's child needs a place of sap that crm has none of");
    // Further down: a grandchild of the same key.
    let grandchild = child(first, 1, "sap").await;
    assert!(stand_in(first, grandchild).await);
    assert_eq!(claimed(&world, 10).await, [grandchild]);
    let (occupancy, _) = world.store.occupancy(world.environment.id).await.unwrap();
    assert_eq!((occupancy.total, occupancy.keys["sap"], occupancy.keys["crm"]), (2, 1, 1));
    for id in [grandchild, first] {
        world.finish(lease(id).await, succeeded(), at(2)).await;
    }
    assert!(stand_in(parent.id, second).await);
    assert_eq!(claimed(&world, 10).await, [second]);
    // Without its parent it counts by itself.
    world.finish(lease(parent.id).await, succeeded(), at(3)).await;
    let (occupancy, _) = world.store.occupancy(world.environment.id).await.unwrap();
    assert_eq!((occupancy.total, occupancy.keys["sap"]), (2, 1));
    assert_eq!(claimed(&world, 10).await, []);
    world.finish(lease(second).await, succeeded(), at(4)).await;
    assert_eq!(claimed(&world, 1).await, [of_crm]);
}
