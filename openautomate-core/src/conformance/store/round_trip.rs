//! Every field of every record is read as it was written, at its emptiest and at its fullest, when it is new
//! and when it was changed.

use serde_json::{Map, json};

use super::sample::{self, World, at, hash, instant, map};
use crate::changes::Record;
use crate::conformance::fixture::StoreFixture;
use crate::domain::{
    ActorKind, ActorRef, Agent, AgentFacts, AgentHost, AgentPool, AgentStatus, AllowedPackage, Asset,
    AssetFile, AssetFormat, AssetKind, Calendar, Concurrency, Deployment, EnrolmentToken, Environment,
    EnvironmentPause, EnvironmentRoles, Execution, ExecutionOptions, ExecutionState, FiringCause, Invitation,
    MaintenanceWindow, OnAgentLost, Origin, Package, PackageVersion, Pause, Progress, PythonRequirement,
    Quarantine, Requirements, RetryOptions, RetryPolicy, Role, Rollout, RolloutKind, RolloutState, RunError,
    Schedule, Session, TraceFrame, User,
};
use crate::id::{EnrolmentTokenId, EnvironmentId, ExecutionId, InvitationId, PoolId, RoleId, RolloutId};
use crate::package::manifest::Manifest;
use crate::schedule::{CalendarRule, DstGap, DstOverlap, MisfirePolicy, OverlapPolicy};

const ODD_KEY: &str = "É\u{1F600} '\"\\ key";
const ODD: &str = "ä € 😀 'quoted' \"twice\" \\ % _ ; --";

/// People.
pub async fn users<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = User { roles: vec![], ..sample::user("empty") };
    let full = User {
        custom_roles: vec![RoleId::new(), RoleId::new()],
        environment_roles: vec![
            EnvironmentRoles {
                environment_id: EnvironmentId::new(),
                roles: Role::ALL.to_vec(),
                custom_roles: vec![],
            },
            EnvironmentRoles {
                environment_id: EnvironmentId::new(),
                roles: vec![],
                custom_roles: vec![RoleId::new(), RoleId::new()],
            },
        ],
        username: ODD.to_owned(),
        roles: Role::ALL.to_vec(),
        disabled: true,
        last_login: Some(at(5)),
        deleted_at: Some(at(6)),
        revision: 9,
        ..sample::user("full")
    };
    for user in [empty, full] {
        world.insert(Record::User(user.clone())).await;
        assert_eq!(world.store.user(user.id).await.unwrap(), Some(user.clone()));
        let changed = User {
            username: format!("{} changed", user.username),
            email: format!("changed.{}", user.email),
            password_hash: "$argon2id$other".to_owned(),
            roles: vec![Role::Viewer],
            environment_roles: vec![],
            disabled: !user.disabled,
            last_login: Some(at(8)),
            deleted_at: user.deleted_at.is_none().then(|| at(9)),
            ..user
        };
        world.update(Record::User(changed.clone())).await;
        let expected = User { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.user(expected.id).await.unwrap(), Some(expected));
    }
}

/// Sessions.
pub async fn sessions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let full = Session {
        previous_token_hash: Some(hash()),
        revoked_at: Some(at(5)),
        revision: 2,
        ..world.session()
    };
    for session in [world.session(), full] {
        world.insert(Record::Session(session.clone())).await;
        assert_eq!(world.store.session(session.id).await.unwrap(), Some(session.clone()));
        let changed = Session {
            token_hash: hash(),
            previous_token_hash: Some(session.token_hash),
            rotated_at: at(9),
            expires_at: at(99),
            revoked_at: session.revoked_at.is_none().then(|| at(9)),
            ..session
        };
        world.update(Record::Session(changed.clone())).await;
        let expected = Session { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.session(expected.id).await.unwrap(), Some(expected));
    }
}

/// Invitations.
pub async fn invitations<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let first = Invitation { email: String::new(), roles: vec![], created_by: None, ..world.invitation() };
    let full = Invitation { roles: Role::ALL.to_vec(), used_at: Some(at(1)), ..world.invitation() };
    for invitation in [Invitation { id: InvitationId::new(), ..first }, full] {
        world.insert(Record::Invitation(invitation.clone())).await;
        let by_token = async || world.store.invitation_by_token(&invitation.token_hash).await.unwrap();
        assert_eq!(by_token().await, Some(invitation.clone()));
        let changed = Invitation { used_at: Some(at(7)), ..invitation.clone() };
        world.update(Record::Invitation(changed.clone())).await;
        assert_eq!(by_token().await, Some(Invitation { revision: 1, ..changed }));
    }
}

/// Environments.
pub async fn environments<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let environment = sample::environment(ODD);
    for stored in [&world.environment, &environment] {
        if stored.id == environment.id {
            world.insert(Record::Environment(environment.clone())).await;
        }
        assert_eq!(world.store.environment(stored.id).await.unwrap().as_ref(), Some(stored));
    }
    let keys = vec![world.version.signature.key];
    let changed = Environment {
        name: "renamed".to_owned(),
        author_keys: keys,
        max_concurrent: Some(7),
        four_eyes: true,
        pause: Some(EnvironmentPause {
            at: at(1),
            by: ActorRef { kind: ActorKind::User, id: Some(world.user.id.to_string()), name: ODD.to_owned() },
            reason: ODD.to_owned(),
            until: Some(at(60)),
        }),
        ..environment
    };
    world.update(Record::Environment(changed.clone())).await;
    let expected = Environment { revision: 1, ..changed };
    assert_eq!(world.store.environment(expected.id).await.unwrap(), Some(expected));
}

fn windows() -> Vec<MaintenanceWindow> {
    vec![
        MaintenanceWindow::Once { starts_at: at(1), ends_at: at(2) },
        MaintenanceWindow::Recurring {
            cron_expression: "0 2 * * SUN".to_owned(),
            time_zone: "Europe/Berlin".to_owned(),
            duration_ms: 3_600_000,
        },
    ]
}

fn options() -> ExecutionOptions {
    ExecutionOptions {
        os: Some("linux".to_owned()),
        python: Some(">=3.11".to_owned()),
        pool: Some(ODD.to_owned()),
        concurrency: Some(Concurrency { key: "sap-{region}".to_owned(), limit: 3 }),
        retry: RetryOptions {
            max_attempts: Some(4),
            backoff_factor: Some(1.5),
            jitter: Some(true),
            only_errors: Some(vec!["ValueError".to_owned()]),
            ..RetryOptions::default()
        },
        queue_timeout_ms: Some(60_000),
    }
}

/// Pools of agents.
pub async fn agent_pools<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let pool = AgentPool { name: ODD.to_owned(), ..sample::pool("fast", world.environment.id) };
    world.insert(Record::AgentPool(pool.clone())).await;
    assert_eq!(world.store.agent_pool(pool.id).await.unwrap(), Some(pool.clone()));
    let changed =
        AgentPool { name: "slow".to_owned(), description: ODD.to_owned(), deleted_at: Some(at(9)), ..pool };
    world.update(Record::AgentPool(changed.clone())).await;
    let expected = AgentPool { revision: 1, ..changed };
    assert_eq!(world.store.agent_pool(expected.id).await.unwrap(), Some(expected));
}

fn agent_host() -> AgentHost {
    AgentHost { instance: "i".to_owned(), name: ODD.to_owned(), seen_at: Some(at(2)), ..AgentHost::default() }
}

/// Agents.
pub async fn agents<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = Agent { slots: 0, ..sample::agent("empty", world.environment.id, world.user.id) };
    let full = Agent {
        name: ODD.to_owned(),
        ip_address: "2001:db8::1".to_owned(),
        status: AgentStatus::Draining,
        labels: vec!["excel".to_owned(), "os=linux".to_owned()],
        pool_ids: vec![PoolId::new(), PoolId::new()],
        drain_until: Some(at(60)),
        maintenance_windows: windows(),
        slots: u32::MAX,
        public_key: Some(hash()),
        facts: AgentFacts {
            agent_version: "1.0.0".to_owned(),
            os: "windows".to_owned(),
            arch: "x86_64".to_owned(),
            python_versions: vec!["3.13.0".to_owned()],
            cpus: 64,
            memory_bytes: u64::MAX,
            disk_bytes: 1,
            is_updatable: true,
            hosts: vec![agent_host()],
        },
        quarantine: Some(Quarantine { since: at(3), hosts: vec![agent_host()], released_at: None }),
        last_heartbeat: at(4),
        deleted_at: Some(at(5)),
        revision: 3,
        ..sample::agent("full", world.environment.id, world.user.id)
    };
    for agent in [empty, full] {
        world.insert(Record::Agent(agent.clone())).await;
        assert_eq!(world.store.agent(agent.id).await.unwrap(), Some(agent.clone()));
        let changed = Agent {
            name: format!("{} changed", agent.name),
            machine_name: "other".to_owned(),
            ip_address: "198.51.100.1".to_owned(),
            status: AgentStatus::Disabled,
            labels: vec!["sap".to_owned()],
            pool_ids: vec![PoolId::new()],
            drain_until: agent.drain_until.is_none().then(|| at(7)),
            maintenance_windows: windows()[..1].to_vec(),
            public_key: agent.public_key.is_none().then(hash),
            quarantine: agent.quarantine.is_none().then(|| Quarantine {
                since: at(3),
                hosts: vec![agent_host(), AgentHost::default()],
                released_at: Some(at(8)),
            }),
            deleted_at: agent.deleted_at.is_none().then(|| at(9)),
            ..agent
        };
        world.update(Record::Agent(changed.clone())).await;
        let expected = Agent { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.agent(expected.id).await.unwrap(), Some(expected));
    }
}

/// Enrolment tokens.
pub async fn enrolment_tokens<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = EnrolmentToken { labels: vec![], ..world.enrolment_token() };
    let full = EnrolmentToken {
        id: EnrolmentTokenId::new(),
        agent_id: Some(world.agent.id),
        used_at: Some(at(5)),
        ..world.enrolment_token()
    };
    for token in [empty, full] {
        world.insert(Record::EnrolmentToken(token.clone())).await;
        let by_hash = async || world.store.enrolment_token(&token.token_hash).await.unwrap();
        assert_eq!(by_hash().await, Some(token.clone()));
        let changed = EnrolmentToken { used_at: Some(at(7)), ..token.clone() };
        world.update(Record::EnrolmentToken(changed.clone())).await;
        assert_eq!(by_hash().await, Some(EnrolmentToken { revision: 1, ..changed }));
    }
}

/// Packages.
pub async fn packages<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = Package { description: String::new(), ..sample::package("empty", world.user.id) };
    let full = Package { deleted_at: Some(at(2)), revision: 5, ..sample::package(ODD, world.user.id) };
    for package in [empty, full] {
        world.insert(Record::Package(package.clone())).await;
        assert_eq!(world.store.package(package.id).await.unwrap(), Some(package.clone()));
        let changed = Package {
            name: format!("{} changed", package.name),
            description: ODD.repeat(50),
            updated_at: at(7),
            deleted_at: package.deleted_at.is_none().then(|| at(8)),
            ..package
        };
        world.update(Record::Package(changed.clone())).await;
        let expected = Package { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.package(expected.id).await.unwrap(), Some(expected));
    }
}

/// Versions, with their manifests.
pub async fn versions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let plain = Manifest::parse("", Some("main.py")).expect("a plain script's manifest");
    let version = PackageVersion {
        version_number: "10.20.30-rc.1+build.5".to_owned(),
        size: i64::MAX as u64,
        manifest: plain,
        author: None,
        ..sample::version(world.package.id, "", world.user.id)
    };
    world.insert(Record::PackageVersion(version.clone())).await;
    assert_eq!(world.store.version(version.id).await.unwrap(), Some(version));
    let stored = world.store.version(world.version.id).await.unwrap();
    assert_eq!(stored.as_ref(), Some(&world.version));
    let changed = PackageVersion { author: None, ..world.version.clone() };
    world.update(Record::PackageVersion(changed.clone())).await;
    let expected = PackageVersion { revision: 1, ..changed };
    assert_eq!(world.store.version(expected.id).await.unwrap(), Some(expected));
}

/// Deployments.
pub async fn deployments<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let stored = async || world.store.deployment(world.package.id, world.environment.id).await.unwrap();
    assert_eq!(stored().await, Some(world.deployment.clone()));
    let next = sample::version(world.package.id, "2.0.0", world.user.id);
    world.insert(Record::PackageVersion(next.clone())).await;
    let changed = Deployment { version_id: next.id, deployed_at: at(7), ..world.deployment.clone() };
    world.update(Record::Deployment(changed.clone())).await;
    assert_eq!(stored().await, Some(Deployment { revision: 1, ..changed }));
}

/// Rollouts, of every kind and in every state.
pub async fn rollouts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let stored = async |id| world.store.rollout(id).await.unwrap();
    let waiting = sample::rollout(&world.version, world.environment.id);
    world.insert(Record::Rollout(Box::new(waiting.clone()))).await;
    assert_eq!(stored(waiting.id).await, Some(waiting.clone()));
    assert_eq!(stored(RolloutId::new()).await, None);
    let mut last = waiting;
    for (kind, state) in [
        (RolloutKind::Promote, RolloutState::Done),
        (RolloutKind::RollBack, RolloutState::Rejected),
        (RolloutKind::Deploy, RolloutState::Withdrawn),
    ] {
        let decided = Rollout {
            kind,
            state,
            from_environment_id: Some(world.environment.id),
            previous_version_id: Some(world.version.id),
            decided_by: Some(world.user.id),
            decided_at: Some(at(9)),
            comment: ODD.to_owned(),
            ..last
        };
        world.update(Record::Rollout(Box::new(decided.clone()))).await;
        let expected = Rollout { revision: 1, ..decided };
        assert_eq!(stored(expected.id).await, Some(expected));
        last = sample::rollout(&world.version, world.environment.id);
        world.insert(Record::Rollout(Box::new(last.clone()))).await;
    }
}

/// Executions that nobody has run yet, from every origin.
pub async fn new_executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let schedule = world.schedule();
    world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
    let pool = sample::pool("fast", world.environment.id);
    world.insert(Record::AgentPool(pool.clone())).await;
    let first = world.enqueue(world.execution()).await;
    let user_id = world.user.id;
    let origins = [
        Origin::Manual { user_id },
        Origin::Schedule { schedule_id: schedule.id, due_at: at(-5), cause: FiringCause::Backfill },
        Origin::Retry { user_id, of: first.id },
        Origin::Embedded,
    ];
    for (origin, priority) in origins.into_iter().zip([i32::MIN, i32::MAX, 0, -1]) {
        let execution = Execution {
            origin,
            priority,
            labels: vec!["excel".to_owned(), "linux".to_owned()],
            pinned_agent_id: Some(world.agent.id),
            inputs: map(json!({
                "text": ODD, "none": null, "yes": true, "whole": u64::MAX, "negative": i64::MIN, "real": 0.5,
                "list": [1, [2], {"deep": {"er": []}}], "": "empty key",
            })),
            requirements: Requirements {
                os: Some("linux".to_owned()),
                python: Some(PythonRequirement::parse("python", ">=3.11, !=3.12.1").unwrap()),
                pool_id: Some(pool.id),
            },
            concurrency: Some(Concurrency { key: ODD_KEY.to_owned(), limit: u32::MAX }),
            queue_timeout_ms: Some(1),
            retry: RetryPolicy {
                backoff_factor: 0.1 + 0.2,
                max_backoff_ms: 1,
                jitter: true,
                only_errors: vec!["ValueError".to_owned()],
                ..RetryPolicy::new(u32::MAX, i64::MAX as u64, OnAgentLost::Retry)
            },
            timeout_ms: Some(i64::MAX as u64),
            run_at: at(1_000_000_000),
            ..world.execution()
        };
        world.enqueue(execution.clone()).await;
        assert_eq!(world.stored(execution.id).await, execution);
    }
    assert_eq!(world.stored(first.id).await, first);
}

/// Executions that have ended, as an import writes them.
pub async fn ended_executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let error = RunError {
        kind: "ValueError".to_owned(),
        message: ODD.to_owned(),
        traceback: Some("Traceback (most recent call last):\n  File \"main.py\"\n".to_owned()),
        frames: vec![
            TraceFrame { file: "main.py".to_owned(), line: 1, function: "<module>".to_owned() },
            TraceFrame { file: "invoices/reader.py".to_owned(), line: u32::MAX, function: "read".to_owned() },
        ],
    };
    let ended = Execution {
        id: ExecutionId::new(),
        state: ExecutionState::Failed,
        outputs: Some(map(json!({"partial": [1, 2, 3]}))),
        error: Some(error),
        lease_epoch: 3,
        agent_id: Some(world.agent.id),
        failed_attempts: 3,
        progress: Some(Progress { fraction: 1.0, message: Some(ODD.to_owned()) }),
        cancel_requested_at: Some(at(4)),
        started_at: Some(at(1)),
        ended_at: Some(at(5)),
        revision: 12,
        ..world.execution()
    };
    let bare = Execution {
        state: ExecutionState::Succeeded,
        outputs: Some(Map::new()),
        ended_at: Some(at(5)),
        ..world.execution()
    };
    for execution in [ended, bare] {
        world.enqueue(execution.clone()).await;
        assert_eq!(world.stored(execution.id).await, execution);
    }
}

/// An update of an execution writes everything that can change.
pub async fn updated_executions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let first = world.enqueue(world.execution()).await;
    let changed = Execution {
        state: ExecutionState::Cancelled,
        priority: 7,
        labels: vec!["sap".to_owned()],
        pinned_agent_id: Some(world.agent.id),
        inputs: map(json!({"page": 2})),
        outputs: Some(map(json!({"read": 0}))),
        error: Some(RunError::new("Cancelled", "cancelled before it ran")),
        requirements: Requirements { os: Some("windows".to_owned()), ..Requirements::default() },
        concurrency: Some(Concurrency { key: "sap".to_owned(), limit: 2 }),
        queue_timeout_ms: Some(5),
        retry: RetryPolicy::new(9, 9, OnAgentLost::Retry),
        timeout_ms: Some(1),
        run_at: at(3),
        failed_attempts: 1,
        progress: Some(Progress { fraction: 0.0, message: None }),
        cancel_requested_at: Some(at(4)),
        started_at: Some(at(5)),
        ended_at: Some(at(6)),
        ..first
    };
    world.update(Record::Execution(Box::new(changed.clone()))).await;
    assert_eq!(world.stored(changed.id).await, Execution { revision: 1, ..changed });
}

/// Schedules.
pub async fn schedules<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let calendar = world.calendar("holidays");
    world.insert(Record::Calendar(calendar.clone())).await;
    let empty = Schedule { next_due: None, is_active: false, ..world.schedule() };
    let full = Schedule {
        name: ODD.to_owned(),
        max_catchup: u32::MAX,
        catchup_window_ms: i64::MAX as u64,
        inputs: map(json!({"month": "last", "list": [null]})),
        options: options(),
        starts_at: Some(at(1)),
        ends_at: Some(at(2)),
        jitter_ms: i64::MAX as u64,
        calendar_id: Some(calendar.id),
        calendar_rule: CalendarRule::RunBefore,
        pause_after_failures: Some(u32::MAX),
        is_active: false,
        pause: Some(Pause { at: at(4), by: sample::audit("x").actor, reason: ODD.to_owned() }),
        resumed_at: Some(at(5)),
        delay_ms: 1_500,
        queued_due: Some(at(6)),
        last_due: Some(at(-60)),
        deleted_at: Some(at(3)),
        revision: 4,
        ..world.schedule()
    };
    for schedule in [empty, full] {
        world.insert(Record::Schedule(Box::new(schedule.clone()))).await;
        assert_eq!(world.store.schedule(schedule.id).await.unwrap(), Some(schedule.clone()));
        let changed = Schedule {
            name: "changed".to_owned(),
            cron_expression: "0 0 * * 1".to_owned(),
            time_zone: "UTC".to_owned(),
            max_catchup: 1,
            catchup_window_ms: 10_000,
            inputs: map(json!({"changed": true})),
            options: ExecutionOptions { pool: Some("fast".to_owned()), ..ExecutionOptions::default() },
            starts_at: schedule.starts_at.is_none().then(|| at(7)),
            ends_at: schedule.ends_at.is_none().then(|| at(8)),
            jitter_ms: 60_000,
            calendar_id: schedule.calendar_id.is_none().then_some(calendar.id),
            calendar_rule: CalendarRule::RunAfter,
            pause_after_failures: schedule.pause_after_failures.is_none().then_some(3),
            is_active: !schedule.is_active,
            pause: None,
            resumed_at: schedule.resumed_at.is_none().then(|| at(12)),
            delay_ms: 2,
            queued_due: schedule.queued_due.is_none().then(|| at(13)),
            next_due: schedule.next_due.is_none().then(|| at(9)),
            last_due: Some(instant()),
            updated_at: at(10),
            deleted_at: schedule.deleted_at.is_none().then(|| at(11)),
            ..schedule
        };
        world.update(Record::Schedule(Box::new(changed.clone()))).await;
        let expected = Schedule { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.schedule(expected.id).await.unwrap(), Some(expected));
    }
}

/// Calendars.
pub async fn calendars<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = Calendar { weekend: Vec::new(), days: Vec::new(), ..world.calendar("empty") };
    for calendar in [empty, world.calendar(ODD)] {
        world.insert(Record::Calendar(calendar.clone())).await;
        assert_eq!(world.store.calendar(calendar.id).await.unwrap(), Some(calendar.clone()));
        let name = format!("{} again", calendar.name);
        let changed = Calendar { name, updated_at: at(9), ..world.calendar("x") };
        let changed = Calendar { id: calendar.id, ..changed };
        world.update(Record::Calendar(changed.clone())).await;
        let expected = Calendar { revision: 1, ..changed };
        assert_eq!(world.store.calendar(calendar.id).await.unwrap(), Some(expected));
    }
}

/// The policies of schedules, each of them.
pub async fn schedule_policies<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let policies = [
        (DstGap::RunAfter, DstOverlap::First, MisfirePolicy::Skip, OverlapPolicy::Allow),
        (DstGap::Skip, DstOverlap::Second, MisfirePolicy::Latest, OverlapPolicy::Skip),
        (DstGap::RunAfter, DstOverlap::Both, MisfirePolicy::All, OverlapPolicy::QueueOne),
        (DstGap::Skip, DstOverlap::First, MisfirePolicy::All, OverlapPolicy::CancelRunning),
    ];
    let base = world.schedule();
    world.insert(Record::Schedule(Box::new(base.clone()))).await;
    for ((dst_gap, dst_overlap, misfire, overlap), revision) in policies.into_iter().zip(0..) {
        let changed = Schedule { dst_gap, dst_overlap, misfire, overlap, revision, ..base.clone() };
        world.update(Record::Schedule(Box::new(changed.clone()))).await;
        let expected = Schedule { revision: revision + 1, ..changed };
        assert_eq!(world.store.schedule(base.id).await.unwrap(), Some(expected));
    }
}

/// Every state and status that a row can have.
pub async fn enumerations<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let statuses = [AgentStatus::Draining, AgentStatus::Disabled, AgentStatus::Active];
    for (status, revision) in statuses.into_iter().zip(0..) {
        world.update(Record::Agent(Agent { status, revision, ..world.agent.clone() })).await;
        assert_eq!(world.store.agent(world.agent.id).await.unwrap().unwrap().status, status);
    }
    for (role, revision) in Role::ALL.into_iter().zip(0..) {
        world.update(Record::User(User { roles: vec![role], revision, ..world.user.clone() })).await;
        assert_eq!(world.store.user(world.user.id).await.unwrap().unwrap().roles, [role]);
    }
    for state in ExecutionState::ALL.into_iter().filter(|state| state.is_terminal()) {
        let ended = Execution { state, ended_at: Some(at(1)), ..world.execution() };
        world.enqueue(ended.clone()).await;
        assert_eq!(world.stored(ended.id).await, ended);
    }
}

/// Assets.
pub async fn assets<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let empty = Asset { description: String::new(), sealed: vec![], ..world.asset("empty") };
    let sealed = (0..=255).cycle().take(70_000).collect();
    let format = AssetFormat::Json;
    let allowed = vec![AllowedPackage { id: world.package.id, name: ODD.to_owned() }];
    let allowed_packages = Some(allowed);
    let full =
        Asset { kind: AssetKind::Secret, format, sealed, allowed_packages, revision: 8, ..world.asset(ODD) };
    let file = Some(AssetFile { name: "Überweisung 7.pfx".to_owned(), size: u64::MAX });
    let kept = Asset { kind: AssetKind::Secret, format: AssetFormat::File, file, ..world.asset("file") };
    for asset in [empty, full, kept] {
        world.insert(Record::Asset(asset.clone())).await;
        assert_eq!(world.store.asset(asset.id).await.unwrap(), Some(asset.clone()));
        let changed = Asset {
            name: format!("{} changed", asset.name),
            kind: if asset.kind == AssetKind::Plain { AssetKind::Secret } else { AssetKind::Plain },
            format: AssetFormat::Credential,
            file: None,
            allowed_packages: Some(vec![]),
            description: ODD.to_owned(),
            sealed: vec![9, 0, 9],
            updated_at: at(9),
            ..asset
        };
        world.update(Record::Asset(changed.clone())).await;
        let expected = Asset { revision: changed.revision + 1, ..changed };
        assert_eq!(world.store.asset(expected.id).await.unwrap(), Some(expected));
    }
}
