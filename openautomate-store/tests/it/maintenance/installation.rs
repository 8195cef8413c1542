//! A store with rows of every kind, some of them in the middle of something.

use std::sync::Arc;

use openautomate_core::changes::{Changes, Record, Write};
use openautomate_core::conformance::store::sample::{
    self, World, at, audit, chunk, failed, hash, instant, map, succeeded, user,
};
use openautomate_core::domain::{
    ActorKind, ActorRef, AssetKind, AuditEntry, Concurrency, Execution, ExecutionState, FileUser, Firing,
    IdempotencyRecord, InputFile, Lease, Origin, Progress, PythonRequirement, Requirements, Role, Schedule,
    Session, Usage, UsagePoint, User,
};
use openautomate_core::store::{FinishAttempt, Store};
use serde_json::json;

/// Fills an empty store.
pub(super) async fn fill(store: Arc<dyn Store>) -> World {
    let world = World::new(store).await;
    people(&world).await;
    deployments(&world).await;
    let file = files(&world).await;
    ended(&world, &file).await;
    in_the_middle(&world).await;
    scheduled(&world, &file).await;
    audited(&world).await;
    world
}

async fn people(world: &World) {
    let ruler = User {
        roles: vec![Role::Administrator],
        last_login: Some(at(5)),
        email: "Grace.Hopper+\u{e4}\u{1f600}@example.org".to_owned(),
        ..user("Grace")
    };
    world.insert(Record::User(ruler)).await;
    let gone = User { disabled: true, deleted_at: Some(at(9)), ..user("gone") };
    world.insert(Record::User(gone)).await;
    world.insert(Record::Session(world.session())).await;
    let rotated = Session { previous_token_hash: Some(hash()), revoked_at: Some(at(3)), ..world.session() };
    world.insert(Record::Session(rotated)).await;
    world.insert(Record::Invitation(world.invitation())).await;
    world.insert(Record::EnrolmentToken(world.enrolment_token())).await;
    for (name, kind) in [("url", AssetKind::Plain), ("password", AssetKind::Secret)] {
        let asset = openautomate_core::domain::Asset { kind, sealed: vec![0, 255, 7], ..world.asset(name) };
        world.insert(Record::Asset(asset)).await;
    }
    let record = IdempotencyRecord {
        user_id: world.user.id,
        key: "Order-7 \u{e4}".to_owned(),
        fingerprint: hash(),
        output: json!({"id": 7, "text": "nul \u{0} in it", "fraction": 0.1}),
        created_at: instant(),
    };
    let changes = Changes { idempotency: Some(record), ..Changes::none() };
    world.store.commit(changes).await.unwrap();
}

async fn deployments(world: &World) {
    let staging = sample::environment("staging");
    world.insert(Record::Environment(staging.clone())).await;
    world.insert(Record::Deployment(world.new_deployment(staging.id))).await;
    let agent = openautomate_core::domain::Agent {
        labels: vec!["linux".to_owned(), "excel".to_owned()],
        public_key: Some(hash()),
        ..sample::agent("bot-2", staging.id, world.user.id)
    };
    world.insert(Record::Agent(agent)).await;
    world.insert(Record::AgentPool(sample::pool("fast", staging.id))).await;
    let usage = Usage { cpu_permille: 250, memory_used_bytes: 1 << 33 };
    world.store.note_usage(world.agent.id, UsagePoint { at: at(1), usage }).await.unwrap();
    let other = sample::package("payments", world.user.id);
    world.insert(Record::Package(other.clone())).await;
    world.insert(Record::PackageVersion(sample::version(other.id, "1.0.0", world.user.id))).await;
}

async fn files(world: &World) -> InputFile {
    let file = world.file("invoice.pdf");
    world.insert(Record::InputFile(file.clone())).await;
    world.insert(Record::InputFile(InputFile { removed_at: Some(at(4)), ..world.file("gone.pdf") })).await;
    file
}

/// Released once, failed once, then ended well, with lines, a file and outputs.
async fn ended(world: &World, file: &InputFile) {
    let execution = Execution {
        labels: Vec::new(),
        inputs: map(json!({"invoice": file.id, "nul": "a\u{0}b", "nested": {"list": [1, 2.5, null]}})),
        ..world.retried(3)
    };
    let (taken, lease) = world.assigned(execution).await;
    let used = Write::UseFiles { user: FileUser::Execution(taken.id), files: vec![file.id] };
    world.store.commit(Changes { writes: vec![used], ..Changes::none() }).await.unwrap();
    world.store.release(world.agent.id, &[lease], at(1)).await.unwrap();
    let second = start(world, 1).await;
    append(world, second, &[(1, 3), (4, 6)]).await;
    finish(world, second, failed(), 6).await;
    world.store.wake(at(100_000), 10).await.unwrap();
    let third = start(world, 100_000).await;
    append(world, third, &[(1, 2)]).await;
    world.store.keep_artifact(third, world.agent.id, world.artifact(third, "a.csv")).await.unwrap();
    finish(world, third, succeeded(), 2).await;
    let (_, lease) = world.running(world.execution()).await;
    finish(world, lease, failed(), 0).await;
    let cancelled = world.enqueue(world.execution()).await;
    let cancelled = Execution { state: ExecutionState::Cancelled, ended_at: Some(at(3)), ..cancelled };
    world.update(Record::Execution(Box::new(cancelled))).await;
}

async fn in_the_middle(world: &World) {
    let (_, lease) = world.running(world.retried(3)).await;
    finish(world, lease, failed(), 0).await;
    let (_, lease) = world.running(world.execution()).await;
    append(world, lease, &[(1, 5)]).await;
    let progress = Progress { fraction: 0.1 + 0.2, message: Some("half way".to_owned()) };
    world.store.set_progress(lease, world.agent.id, progress).await.unwrap();
    world.assigned(world.execution()).await;
    let pool = sample::pool("large", world.environment.id);
    world.insert(Record::AgentPool(pool.clone())).await;
    let labelled = Execution {
        requirements: Requirements {
            os: Some("linux".to_owned()),
            python: Some(PythonRequirement::parse("python", ">=3.11,!=3.12.0").unwrap()),
            pool_id: Some(pool.id),
        },
        concurrency: Some(Concurrency { key: "sap \u{e4}".to_owned(), limit: 2 }),
        queue_timeout_ms: Some(86_400_000),
        labels: vec!["excel".to_owned(), "linux".to_owned()],
        pinned_agent_id: Some(world.agent.id),
        timeout_ms: Some(600_000),
        priority: -3,
        ..world.execution()
    };
    world.enqueue(labelled).await;
}

async fn scheduled(world: &World, file: &InputFile) {
    let schedule = Schedule { next_due: Some(at(120)), last_due: Some(at(60)), ..world.schedule() };
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let origin = Origin::Schedule { schedule_id: schedule.id, due_at: instant() };
    let execution = world.enqueue(Execution { origin, ..world.execution() }).await;
    let firing = Firing {
        schedule_id: schedule.id,
        due_at: instant(),
        fired_at: at(1),
        execution_id: Some(execution.id),
        skipped: None,
    };
    let skipped =
        Firing { due_at: at(60), execution_id: None, skipped: Some("overlap".to_owned()), ..firing.clone() };
    let used = Write::UseFiles { user: FileUser::Schedule(schedule.id), files: vec![file.id] };
    let writes = vec![Write::Fire(firing), Write::Fire(skipped), used];
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
}

async fn audited(world: &World) {
    let full = AuditEntry {
        actor: ActorRef { kind: ActorKind::User, id: Some("7".to_owned()), name: "Ada \u{e4}".to_owned() },
        detail: json!({"z": [1, 2.5, null, true], "a": {"b": "c\"d\u{0}"}}),
        request_id: Some("request-1".to_owned()),
        ip_address: Some("2001:db8::1".to_owned()),
        ..audit("user.create")
    };
    for entries in
        [vec![audit("agent.connect"), full, audit("package.publish")], vec![audit("package.delete")]]
    {
        world.store.commit(Changes { audit: entries, ..Changes::none() }).await.unwrap();
        // The last one stays without a seal.
        if world.store.audit_head().await.unwrap().sequence == 0 {
            world.store.seal(10).await.unwrap();
        }
    }
}

async fn start(world: &World, seconds: i64) -> Lease {
    let lease = world.claim_at(at(seconds)).await.lease().unwrap();
    world.store.start(lease, world.agent.id, at(seconds)).await.unwrap();
    lease
}

async fn append(world: &World, lease: Lease, chunks: &[(u64, u64)]) {
    let chunks: Vec<_> = chunks.iter().map(|(first, last)| chunk(lease, *first, *last)).collect();
    world.store.append(world.agent.id, &chunks).await.unwrap();
}

async fn finish(world: &World, lease: Lease, result: openautomate_core::domain::RunResult, last: u64) {
    let message = FinishAttempt { final_log_seq: last, ..world.finish_message(lease, result, at(2)) };
    world.store.finish(message).await.unwrap();
}
