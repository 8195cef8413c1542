//! A store with rows of every kind, some of them in the middle of something.

use std::sync::Arc;

use openautomate_core::changes::{Changes, Record, Write};
use openautomate_core::conformance::store::sample::{
    self, World, agent_update, at, audit, chunk, failed, hash, instant, map, succeeded, user,
};
use openautomate_core::domain::{
    ActorKind, ActorRef, AgentPreparation, AgentRelease, AgentRollout, AgentUpdate, AgentUpdateState,
    AllowedPackage, ApiKey, Approval, ApprovalState, AssetFile, AssetFormat, AssetKind, AuditCheckpoint,
    AuditEntry, Bucket, BucketObject, ChildCall, Concurrency, EndedAs, Environment, EnvironmentPause,
    EnvironmentRoles, Execution, ExecutionState, FileUser, Firing, FiringCause, IdempotencyRecord, InputFile,
    ItemHolder, Lease, LogArchive, LogFrame, ObjectCondition, ObjectWriter, Origin, PreparationState,
    Progress, PythonRequirement, Requirements, Role, Schedule, Session, Trigger, TriggerFiring, TriggerTurn,
    TriggerWatch, Usage, UsagePoint, User, WatchProblem, WorkItem, WorkItemError, WorkQueue,
};
use openautomate_core::id::{BucketId, ExecutionId, LogArchiveId, LoginTryId, ObjectId};
use openautomate_core::package::signature::PackageSigner;
use openautomate_core::query::{ExecutionFilter, PageRequest};
use openautomate_core::store::{FinishAttempt, LoginTry, PutObject, Store, TakeItems, VaultKey};
use serde_json::json;

/// Fills an empty store.
pub(super) async fn fill(store: Arc<dyn Store>) -> World {
    let world = World::new(store).await;
    people(&world).await;
    deployments(&world).await;
    let file = files(&world).await;
    ended(&world, &file).await;
    in_the_middle(&world, &file).await;
    scheduled(&world, &file).await;
    triggered(&world).await;
    stored(&world).await;
    audited(&world).await;
    vault(&world).await;
    released(&world, &file).await;
    tried(&world).await;
    world
}

/// A bucket with objects of a person, a run and nobody, another one that was deleted, and an asset that is a file.
async fn stored(world: &World) {
    let bucket = Bucket {
        id: BucketId::new(),
        environment_id: world.environment.id,
        name: "reports".to_owned(),
        description: "\u{dc}berweisungen".to_owned(),
        max_bytes: 1 << 40,
        max_objects: 1_000,
        max_object_bytes: 1 << 30,
        retention_days: Some(30),
        used_bytes: 0,
        object_count: 0,
        created_by_id: world.user.id,
        created_at: instant(),
        updated_at: at(1),
        deleted_at: None,
        revision: 3,
    };
    let gone =
        Bucket { id: BucketId::new(), retention_days: None, deleted_at: Some(at(2)), ..bucket.clone() };
    let lease = Lease { execution: ExecutionId::new(), epoch: 2 };
    let writers =
        [ObjectWriter::User { id: world.user.id }, ObjectWriter::Execution { lease }, ObjectWriter::System];
    world.insert(Record::Bucket(gone)).await;
    world.insert(Record::Bucket(bucket.clone())).await;
    for (number, written_by) in writers.into_iter().enumerate() {
        let object = BucketObject {
            id: ObjectId::new(),
            bucket_id: bucket.id,
            key: format!("a/\u{e4}-{number}"),
            size: number as u64,
            sha256: "ab".repeat(32),
            content_type: "text/csv".to_owned(),
            written_by,
            written_at: at(3),
        };
        let (condition, audit) = (ObjectCondition::Absent, audit("object.put"));
        world.store.put_object(PutObject { object, condition, lease: None, audit }).await.unwrap();
    }
    let file = Some(AssetFile { name: "client.pfx".to_owned(), size: 4 });
    let kind = AssetKind::Secret;
    let asset =
        openautomate_core::domain::Asset { kind, format: AssetFormat::File, file, ..world.asset("cert") };
    let seal = Write::SealAssetContent { id: asset.id, sealed: Some(vec![0, 1, 254, 255]) };
    let writes = vec![Write::Insert(Record::Asset(asset)), seal];
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
}

/// Somebody tried to sign in, not long ago.
async fn tried(world: &World) {
    let login =
        LoginTry { id: LoginTryId::new(), account: hash(), now: instant(), expires_at: at(900), most: 5 };
    world.store.begin_login(login).await.unwrap();
}

async fn people(world: &World) {
    let ruler = User {
        roles: vec![Role::Administrator],
        last_login: Some(at(5)),
        email: "Grace.Hopper+\u{e4}\u{1f600}@example.org".to_owned(),
        ..user("Grace")
    };
    world.insert(Record::User(ruler)).await;
    let role = sample::custom_role("Auditors");
    world.insert(Record::CustomRole(role.clone())).await;
    world.insert(Record::User(User { custom_roles: vec![role.id], ..user("auditor") })).await;
    let role = sample::custom_role("Night shift");
    world.insert(Record::CustomRole(role.clone())).await;
    let here = EnvironmentRoles {
        environment_id: world.environment.id,
        roles: vec![Role::Operator],
        custom_roles: vec![role.id],
    };
    world.insert(Record::User(User { environment_roles: vec![here], ..user("night shift") })).await;
    world.insert(Record::ApiKey(sample::api_key(world.user.id))).await;
    let used =
        ApiKey { last_used_at: Some(at(2)), revoked_at: Some(at(3)), ..sample::api_key(world.user.id) };
    world.insert(Record::ApiKey(used)).await;
    let gone = User { disabled: true, deleted_at: Some(at(9)), ..user("gone") };
    world.insert(Record::User(gone)).await;
    world.insert(Record::Session(world.session())).await;
    let rotated = Session { previous_token_hash: Some(hash()), revoked_at: Some(at(3)), ..world.session() };
    world.insert(Record::Session(rotated)).await;
    world.insert(Record::Invitation(world.invitation())).await;
    world.insert(Record::SecondFactor(world.second_factor())).await;
    world.insert(Record::PasswordReset(world.password_reset())).await;
    world.insert(Record::ExternalIdentity(world.external_identity("7"))).await;
    world.insert(Record::EnrolmentToken(world.enrolment_token())).await;
    for (name, kind) in [("url", AssetKind::Plain), ("password", AssetKind::Secret)] {
        let allowed = AllowedPackage { id: world.package.id, name: "ä, \"b\"".to_owned() };
        let allowed_packages = (kind == AssetKind::Secret).then(|| vec![allowed]);
        let sealed = vec![0, 255, 7];
        let asset = openautomate_core::domain::Asset { kind, sealed, allowed_packages, ..world.asset(name) };
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
    world.insert(Record::Rollout(Box::new(sample::rollout(&world.version, staging.id)))).await;
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

/// A release that an agent has, and another one waits for; what an agent said of a version; a paused environment.
async fn released(world: &World, file: &InputFile) {
    let files = [("x86_64-unknown-linux-gnu".to_owned(), file.id)].into();
    let release = AgentRelease { files, ..world.agent_release("1.4.2") };
    let used = Write::UseFiles { user: FileUser::AgentRelease(release.id), files: vec![file.id] };
    let mut changes = Changes::none().insert(Record::AgentRelease(Box::new(release.clone())));
    changes.writes.push(used);
    world.store.commit(changes).await.unwrap();
    let rollout = AgentRollout { stage_healthy_at: Some(at(9)), ..world.agent_rollout(&release) };
    world.insert(Record::AgentRollout(Box::new(rollout.clone()))).await;
    let healthy = AgentUpdate { state: AgentUpdateState::Healthy, ..agent_update(&rollout, world.agent.id) };
    world.insert(Record::AgentUpdate(healthy)).await;
    let other = sample::agent("bot-3", world.environment.id, world.user.id);
    world.insert(Record::Agent(other.clone())).await;
    let reason = Some("later \u{e4}".to_owned());
    world
        .insert(Record::AgentUpdate(AgentUpdate { stage: 1, reason, ..agent_update(&rollout, other.id) }))
        .await;
    let word = AgentPreparation {
        agent_id: other.id,
        version_id: world.version.id,
        state: PreparationState::Failed,
        reason: Some("no space \u{e4}".to_owned()),
        at: at(3),
    };
    world.store.note_preparations(other.id, &[word]).await.unwrap();
    let by = ActorRef { kind: ActorKind::System, id: None, name: "system".to_owned() };
    let pause = EnvironmentPause { at: at(1), by, reason: "month end".to_owned(), until: None };
    let paused = Environment { pause: Some(pause), ..sample::environment("paused") };
    world.insert(Record::Environment(paused)).await;
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
    append(world, lease, &[(1, 7)]).await;
    finish(world, lease, failed(), 9).await;
    assert!(world.store.archive_log(archive(lease, 7), None).await.unwrap());
    append(world, lease, &[(8, 9)]).await;
    let cancelled = world.enqueue(world.execution()).await;
    let cancelled = Execution { state: ExecutionState::Cancelled, ended_at: Some(at(3)), ..cancelled };
    world.update(Record::Execution(Box::new(cancelled))).await;
}

async fn in_the_middle(world: &World, file: &InputFile) {
    let (_, lease) = world.running(world.retried(3)).await;
    finish(world, lease, failed(), 0).await;
    let (_, lease) = world.running(world.execution()).await;
    append(world, lease, &[(1, 5)]).await;
    queued(world, lease, file).await;
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

/// Items that a run and a caller hold, one that ended with an error, and one that waits with a file.
async fn queued(world: &World, lease: Lease, file: &InputFile) {
    let schema = Some(json!({"type": "object"}));
    let queue = WorkQueue { unique_references: true, payload_schema: schema, ..world.work_queue("invoices") };
    world.insert(Record::WorkQueue(Box::new(queue.clone()))).await;
    let caller = ItemHolder::Caller { user_id: Some(world.user.id) };
    let mut taken = Vec::new();
    for holder in [ItemHolder::Execution { lease }, caller, caller] {
        let payload = json!({"nul": "a\u{0}b", "list": [1, 2.5, null]});
        let item = WorkItem { payload, priority: -2, is_unique: true, ..world.work_item(&queue) };
        world.insert(Record::WorkItem(Box::new(item))).await;
        let take = TakeItems {
            queue_id: queue.id,
            limit: 1,
            holder,
            now: instant(),
            lease_until: at(60),
            audit: None,
        };
        taken.extend(world.store.take_items(take).await.unwrap());
    }
    let mut failed = taken.pop().unwrap();
    failed.fail(WorkItemError::lease_ran_out(), &WorkQueue { max_attempts: 1, ..queue.clone() }, at(2));
    world.update(Record::WorkItem(Box::new(failed.clone()))).await;
    let waiting = WorkItem {
        reference: Some("INV \u{e4}".to_owned()),
        files: vec![file.id],
        due_at: Some(at(9)),
        defer_until: Some(at(5)),
        parent_id: Some(failed.id),
        ..world.work_item(&queue)
    };
    let used = Write::UseFiles { user: FileUser::WorkItem(waiting.id), files: vec![file.id] };
    let mut changes = Changes::none().insert(Record::WorkItem(Box::new(waiting)));
    changes.writes.push(used);
    world.store.commit(changes).await.unwrap();
}

async fn scheduled(world: &World, file: &InputFile) {
    let calendar = world.calendar("holidays");
    world.insert(Record::Calendar(calendar.clone())).await;
    let schedule = Schedule {
        calendar_id: Some(calendar.id),
        pause_after_failures: Some(3),
        jitter_ms: 5_000,
        delay_ms: 1_234,
        resumed_at: Some(at(2)),
        queued_due: Some(at(90)),
        next_due: Some(at(120)),
        last_due: Some(at(60)),
        ..world.schedule()
    };
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let origin = Origin::Schedule { schedule_id: schedule.id, due_at: instant(), cause: FiringCause::Due };
    let execution = world.enqueue(Execution { origin, ..world.execution() }).await;
    let firing = Firing::new(schedule.id, 0, instant(), at(1)).made(execution.id);
    let skipped = Firing {
        cause: FiringCause::Backfill,
        requested_by: Some(world.user.id),
        due_times: 12,
        ..Firing::new(schedule.id, 1, at(60), at(1)).skipped("overlap")
    };
    let used = Write::UseFiles { user: FileUser::Schedule(schedule.id), files: vec![file.id] };
    let writes = vec![Write::Fire(firing), Write::Fire(skipped), used];
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
}

/// A trigger of a queue that took a turn, and one of a folder whose agent said something of it.
async fn watching(world: &World) {
    let (queue, folder) = (world.watching_queue(), world.watching_folder());
    for trigger in [&queue, &folder] {
        world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    }
    let origin = Origin::Trigger { trigger_id: queue.id, after: None, depth: 0 };
    let made =
        Execution { state: ExecutionState::Cancelled, ended_at: Some(at(3)), origin, ..world.execution() };
    let made = world.enqueue(made).await;
    let turn = TriggerTurn { trigger_id: queue.id, number: 1, taken_at: at(4), executions: vec![made.id] };
    let changes = Changes { writes: vec![Write::TakeTurn(turn)], ..Changes::none() };
    world.store.commit(changes).await.unwrap();
    let problem = WatchProblem { code: "missing".into(), message: "nul: a\u{0}b".into() };
    for (trigger, problem) in [(&folder, Some(problem)), (&queue, None)] {
        let watch =
            TriggerWatch { trigger_id: trigger.id, agent_id: world.agent.id, problem, told_at: at(5) };
        world.store.note_watch(watch).await.unwrap();
    }
}

/// One end that a trigger dealt with and one that it has not; a child; two approvals.
async fn triggered(world: &World) {
    let trigger = Trigger {
        inputs: map(json!({"nul": "a\u{0}b"})),
        mapping: [("total".to_owned(), "/outputs/total".to_owned())].into(),
        sealed: Some(vec![0, 255, 7]),
        ..world.trigger(EndedAs::Any)
    };
    world.insert(Record::Trigger(Box::new(trigger.clone()))).await;
    let over = |origin| Execution {
        state: ExecutionState::Cancelled,
        ended_at: Some(at(3)),
        origin,
        ..world.execution()
    };
    let mut ended = Vec::new();
    for _ in 0..2 {
        let open = world.enqueue(world.execution()).await;
        let end = Execution { state: ExecutionState::Cancelled, ended_at: Some(at(3)), ..open.clone() };
        world.update(Record::Execution(Box::new(end))).await;
        ended.push(open.id);
    }
    let after = Some(ended[0]);
    let made = world.enqueue(over(Origin::Trigger { trigger_id: trigger.id, after, depth: 1 })).await;
    let firing = TriggerFiring {
        trigger_id: trigger.id,
        key: ended[0].to_string(),
        after,
        fired_at: at(4),
        execution_id: Some(made.id),
        skipped: None,
    };
    let skipped = TriggerFiring {
        key: "ab".repeat(32),
        after: None,
        execution_id: None,
        skipped: Some("inactive".to_owned()),
        ..firing.clone()
    };
    let child = world.enqueue(over(Origin::Child { parent: ended[0], depth: 1 })).await;
    let call = ChildCall { parent_id: ended[0], attempt_try: 0, call: 1, child_id: child.id };
    let writes = vec![Write::FireTrigger(firing), Write::FireTrigger(skipped), Write::AddChild(call)];
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
    watching(world).await;
    let failed = ExecutionFilter { states: vec![ExecutionState::Failed], ..ExecutionFilter::default() };
    let failed = world.store.executions(&failed, PageRequest::default()).await.unwrap().items[0].id;
    let approval = Approval {
        data: json!({"iban": "DE", "nul": "a\u{0}b"}),
        approvers: vec![world.user.id],
        role: Some(Role::Operator),
        expires_at: Some(at(60)),
        state: ApprovalState::Rejected,
        comment: "no \u{e4}".to_owned(),
        answered_by_id: Some(world.user.id),
        answered_at: Some(at(7)),
        ..world.approval(failed, "pay")
    };
    world.insert(Record::Approval(Box::new(approval))).await;
    world.insert(Record::Approval(Box::new(world.approval(failed, "#1")))).await;
}

/// A key of the vault, and a checkpoint of the audit.
async fn vault(world: &World) {
    let key = VaultKey { id: u32::MAX - 1, mark: vec![1, 0, 255], added_at: at(3) };
    let writes = vec![Write::KeepVaultKey(key)];
    world.store.commit(Changes { writes, ..Changes::none() }).await.unwrap();
    let head = world.store.audit_head().await.unwrap();
    let checkpoint = AuditCheckpoint::sign(head, at(4), &PackageSigner::generate().unwrap());
    assert!(world.store.add_checkpoint(&checkpoint).await.unwrap());
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

fn archive(lease: Lease, last_seq: u64) -> LogArchive {
    LogArchive {
        id: LogArchiveId::new(),
        lease,
        last_seq,
        size: 321,
        sha256: "5e".repeat(32),
        frames: vec![LogFrame { first_seq: 1, offset: 0, content: 654 }],
        archived_at: at(5),
    }
}

async fn append(world: &World, lease: Lease, chunks: &[(u64, u64)]) {
    let chunks: Vec<_> = chunks.iter().map(|(first, last)| chunk(lease, *first, *last)).collect();
    world.store.append(world.agent.id, &chunks).await.unwrap();
}

async fn finish(world: &World, lease: Lease, result: openautomate_core::domain::RunResult, last: u64) {
    let message = FinishAttempt { final_log_seq: last, ..world.finish_message(lease, result, at(2)) };
    world.store.finish(message).await.unwrap();
}
