//! Schedules: one firing a due time, overlaps, what was missed.

use std::time::Duration;

use openautomate_core::command::environment::UpdateEnvironment;
use openautomate_core::command::package::CreatePackage;
use openautomate_core::command::schedule::{
    CreateSchedule, DeleteSchedule, ScheduleSettings, UpdateSchedule,
};
use openautomate_core::domain::{ExecutionSummary, Origin, Package, Schedule};
use openautomate_core::package::signature::PackageSigner;
use openautomate_core::query::{ExecutionFilter, FiringFilter, PageRequest};
use openautomate_core::schedule::{MisfirePolicy, OverlapPolicy};
use openautomate_core::service::Scheduler;

use super::place::Place;

async fn schedule(place: &Place, package: &Package, change: impl FnOnce(&mut ScheduleSettings)) -> Schedule {
    let mut settings = ScheduleSettings::new("each minute", package.id, "* * * * *");
    change(&mut settings);
    place.orchestrator.execute(&place.admin, CreateSchedule { settings }).await.unwrap()
}

async fn fired(place: &Place, schedule: &Schedule) -> Vec<ExecutionSummary> {
    let filter = ExecutionFilter { schedule_id: Some(schedule.id), ..Default::default() };
    place.orchestrator.store().executions(&filter, PageRequest::new(None, 200)).await.unwrap().items
}

/// Lets several schedulers look at the same instant.
async fn look(place: &Place) {
    let scheduler = || Scheduler::new(place.orchestrator.clone());
    let (one, two, three) = (scheduler(), scheduler(), scheduler());
    let (one, two, three) = tokio::join!(one.fire_due(), two.fire_due(), three.fire_due());
    one.and(two).and(three).unwrap();
}

#[tokio::test]
async fn each_due_time_fires_once_whatever_the_number_of_schedulers() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let schedule = schedule(&place, &package, |s| s.overlap = OverlapPolicy::Allow).await;
    for _ in 0..5 {
        place.clock.advance(Duration::from_secs(60));
        look(&place).await;
    }
    let dues: std::collections::BTreeSet<_> = fired(&place, &schedule)
        .await
        .iter()
        .map(|execution| match execution.origin {
            Origin::Schedule { due_at, schedule_id, .. } if schedule_id == schedule.id => due_at,
            ref other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!((dues.len(), fired(&place, &schedule).await.len()), (5, 5));
    assert_eq!(
        place.orchestrator.store().firings(schedule.id, FiringFilter::default(), 100).await.unwrap().len(),
        5
    );
}

#[tokio::test]
async fn an_overlap_is_skipped_and_recorded() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let schedule = schedule(&place, &package, |_| {}).await;
    for _ in 0..3 {
        place.clock.advance(Duration::from_secs(60));
        look(&place).await;
    }
    assert_eq!(fired(&place, &schedule).await.len(), 1);
    let firings =
        place.orchestrator.store().firings(schedule.id, FiringFilter::default(), 100).await.unwrap();
    assert_eq!(firings.iter().filter(|f| f.skipped.as_deref() == Some("overlap")).count(), 2);
}

#[tokio::test]
async fn the_running_one_may_be_cancelled_instead() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let schedule = schedule(&place, &package, |s| s.overlap = OverlapPolicy::CancelRunning).await;
    for _ in 0..3 {
        place.clock.advance(Duration::from_secs(60));
        look(&place).await;
    }
    let open = place.orchestrator.store().open_executions_of_schedule(schedule.id).await.unwrap();
    assert_eq!((fired(&place, &schedule).await.len(), open.len()), (3, 1));
}

#[tokio::test]
async fn what_was_missed_is_made_up_for_by_policy() {
    for (misfire, expected) in [(MisfirePolicy::Skip, 0), (MisfirePolicy::Latest, 1), (MisfirePolicy::All, 4)]
    {
        let place = Place::new().await;
        let package = place.greeter().await;
        let schedule = schedule(&place, &package, |s| {
            s.cron_expression = "0 * * * *".into();
            s.overlap = OverlapPolicy::Allow;
            s.misfire = misfire;
            s.max_catchup = 4;
            s.catchup_window_ms = 86_400_000;
        })
        .await;
        // Ten hours without a server, ending well after a due time.
        let next = schedule.next_due.unwrap();
        let to_due = (next - openautomate_core::clock::Clock::now(&place.clock)).to_std().unwrap();
        place.clock.advance(to_due + Duration::from_secs(10 * 3600 + 600));
        look(&place).await;
        look(&place).await;
        assert_eq!(fired(&place, &schedule).await.len(), expected, "{misfire:?}");
        let now = place.orchestrator.store().schedule(schedule.id).await.unwrap().unwrap();
        assert!(now.next_due.unwrap() > openautomate_core::clock::Clock::now(&place.clock));
    }
}

#[tokio::test]
async fn without_an_active_version_it_skips_and_says_so() {
    let place = Place::new().await;
    let command = CreatePackage { name: "empty".into(), description: String::new() };
    let package = place.orchestrator.execute(&place.admin, command).await.unwrap();
    let schedule = schedule(&place, &package, |_| {}).await;
    place.clock.advance(Duration::from_secs(60));
    look(&place).await;
    let firings =
        place.orchestrator.store().firings(schedule.id, FiringFilter::default(), 100).await.unwrap();
    assert_eq!(firings[0].skipped.as_deref(), Some("noActiveVersion"));
}

#[tokio::test]
async fn a_version_that_no_trusted_author_signed_is_skipped() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let schedule = schedule(&place, &package, |_| {}).await;
    let author_keys = Some(vec![PackageSigner::generate().unwrap().public_key()]);
    let update = UpdateEnvironment { author_keys, ..UpdateEnvironment::new(place.environment().await) };
    place.orchestrator.execute(&place.admin, update).await.unwrap();
    place.clock.advance(Duration::from_secs(60));
    look(&place).await;
    let firings =
        place.orchestrator.store().firings(schedule.id, FiringFilter::default(), 100).await.unwrap();
    assert_eq!(firings[0].skipped.as_deref(), Some("untrustedVersion"));
}

#[tokio::test]
async fn paused_and_deleted_schedules_rest() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let paused = schedule(&place, &package, |_| {}).await;
    let mut settings = ScheduleSettings::new("each minute", package.id, "* * * * *");
    settings.is_active = Some(false);
    let update = UpdateSchedule { id: paused.id, revision: Some(paused.revision), settings };
    let updated = place.orchestrator.execute(&place.admin, update.clone()).await.unwrap();
    assert_eq!(updated.next_due, None);
    let stale = place.orchestrator.execute(&place.admin, update).await;
    assert_eq!(stale.unwrap_err().code(), "revision.mismatch");
    let deleted = schedule(&place, &package, |_| {}).await;
    place.orchestrator.execute(&place.admin, DeleteSchedule { id: deleted.id }).await.unwrap();
    place.clock.advance(Duration::from_secs(300));
    look(&place).await;
    assert!(fired(&place, &paused).await.is_empty() && fired(&place, &deleted).await.is_empty());
}

#[tokio::test]
async fn start_and_end_bound_it() {
    let place = Place::new().await;
    let package = place.greeter().await;
    let now = openautomate_core::clock::Clock::now(&place.clock);
    let bounded = schedule(&place, &package, |s| {
        s.overlap = OverlapPolicy::Allow;
        s.starts_at = Some(now + chrono::TimeDelta::minutes(3));
        s.ends_at = Some(now + chrono::TimeDelta::minutes(6));
    })
    .await;
    for _ in 0..10 {
        place.clock.advance(Duration::from_secs(60));
        look(&place).await;
    }
    assert_eq!(fired(&place, &bounded).await.len(), 3);
}

#[tokio::test]
async fn what_can_never_be_is_refused() {
    let place = Place::new().await;
    let package = place.greeter().await;
    for (expression, zone, field) in [
        ("not a cron", "UTC", "cronExpression"),
        ("0 0 30 2 *", "UTC", "cronExpression"),
        ("61 * * * *", "UTC", "cronExpression"),
        ("* * * * *", "Mars/Olympus", "timeZone"),
    ] {
        let mut settings = ScheduleSettings::new("x", package.id, expression);
        settings.time_zone = zone.into();
        let refused = place.orchestrator.execute(&place.admin, CreateSchedule { settings }).await;
        assert_eq!(refused.unwrap_err().field(), Some(field), "{expression} {zone}");
    }
}

#[tokio::test]
async fn inputs_that_a_newer_version_does_not_take_skip_the_firing() {
    let place = Place::new().await;
    let package = place.package("greeter").await;
    let source = |name: &str| format!("def run({name}: str): ...\n");
    place.publish_source(&package, "1.0.0", &source("name")).await;
    let inputs = serde_json::json!({"name": "Ada"}).as_object().unwrap().clone();
    let schedule = schedule(&place, &package, |s| {
        s.overlap = OverlapPolicy::Allow;
        s.inputs = inputs;
    })
    .await;
    place.clock.advance(Duration::from_secs(60));
    look(&place).await;
    place.publish_source(&package, "2.0.0", &source("title")).await;
    place.clock.advance(Duration::from_secs(60));
    look(&place).await;
    assert_eq!(fired(&place, &schedule).await.len(), 1);
    let firings =
        place.orchestrator.store().firings(schedule.id, FiringFilter::default(), 100).await.unwrap();
    let skipped: Vec<_> = firings.iter().filter_map(|firing| firing.skipped.as_deref()).collect();
    assert_eq!(skipped, ["invalidInputs"]);
}
