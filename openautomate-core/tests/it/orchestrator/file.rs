//! Uploaded files: who may use them, how long they live.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use openautomate_core::ErrorKind;
use openautomate_core::blob::{BlobKey, ObjectBlobStore};
use openautomate_core::command::execution::{CancelExecution, EnqueueExecution, RetryExecution};
use openautomate_core::command::schedule::{
    CreateSchedule, DeleteSchedule, ScheduleSettings, UpdateSchedule,
};
use openautomate_core::domain::{Execution, ExecutionState, FileUser, InputFile, Package};
use openautomate_core::error::Result;
use openautomate_core::id::FileId;
use openautomate_core::orchestrator::{FileIntake, Settings};
use openautomate_core::permission::Actor;
use openautomate_core::query::{ExecutionFilter, FiringFilter, PageRequest};
use openautomate_core::schedule::OverlapPolicy;
use openautomate_core::service::{Pruner, Scheduler};
use openautomate_core::transport::Transport as _;
use openautomate_core::transport::in_process::InProcessTransport;
use serde_json::{Map, Value, json};

use super::place::Place;

const SOURCE: &str = "from pathlib import Path\ndef run(file: Path): ...\n";
const DAY: Duration = Duration::from_secs(24 * 3_600 + 1);

fn intake(content: &'static str) -> FileIntake {
    let body = futures_util::stream::once(async move { Ok(Bytes::from_static(content.as_bytes())) }).boxed();
    FileIntake { name: "a.txt".into(), content_type: "text/plain".into(), size: None, body }
}

async fn upload(place: &Place) -> InputFile {
    place.orchestrator.keep_file(&place.admin, None, intake("content")).await.unwrap()
}

async fn reader(place: &Place) -> Package {
    let package = place.package("reader").await;
    place.publish_source(&package, "1.0.0", SOURCE).await;
    package
}

fn named(file: &InputFile) -> Map<String, Value> {
    json!({"file": file.id}).as_object().cloned().unwrap()
}

async fn enqueue(place: &Place, package: &Package, file: &InputFile) -> Result<Execution> {
    let command = EnqueueExecution { inputs: named(file), ..EnqueueExecution::new(package.id) };
    place.orchestrator.execute(&place.admin, command).await
}

async fn prune(place: &Place) -> u64 {
    Pruner::new(place.orchestrator.clone()).remove_expired_files().await.unwrap()
}

async fn lives(place: &Place, file: &InputFile) -> bool {
    let has_row = place.orchestrator.store().file(file.id).await.unwrap().is_some();
    let has_content = place.orchestrator.blobs().contains(&BlobKey::input_file(file.id)).await.unwrap();
    assert_eq!(has_row, has_content);
    has_row
}

async fn used(place: &Place, user: FileUser) -> Vec<FileId> {
    place.orchestrator.store().files_used(user).await.unwrap().into_iter().map(|file| file.id).collect()
}

#[tokio::test]
async fn what_nothing_uses_expires_and_what_is_used_stays() {
    let place = Place::new().await;
    let package = reader(&place).await;
    let (unused, file) = (upload(&place).await, upload(&place).await);
    let execution = enqueue(&place, &package, &file).await.unwrap();
    assert_eq!(prune(&place).await, 0);
    place.clock.advance(DAY);
    let young = upload(&place).await;
    assert_eq!(prune(&place).await, 1);
    assert!(!lives(&place, &unused).await && lives(&place, &file).await && lives(&place, &young).await);
    // The same files again, after they would have expired.
    place.orchestrator.execute(&place.admin, CancelExecution { id: execution.id }).await.unwrap();
    let again = place.orchestrator.execute(&place.admin, RetryExecution::new(execution.id)).await.unwrap();
    assert_eq!(used(&place, FileUser::Execution(again.id)).await, [file.id]);
    let gone = enqueue(&place, &package, &unused).await.unwrap_err();
    assert_eq!(gone.field(), Some("inputs.file"));
}

#[tokio::test]
async fn what_could_not_be_removed_is_removed_later() {
    let folder = tempfile::tempdir().unwrap();
    let place =
        Place::keeping(ObjectBlobStore::local(folder.path().join("blobs")).unwrap(), Settings::default())
            .await;
    let file = upload(&place).await;
    place.clock.advance(DAY);
    // A crash after the file was taken out of use.
    let expired =
        place.orchestrator.store().expire_files(place.orchestrator.clock().now(), 10).await.unwrap();
    assert_eq!(expired, [file.id]);
    let refused = place.orchestrator.file(&place.admin, file.id).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    assert_eq!(prune(&place).await, 1);
    assert!(!lives(&place, &file).await);
}

#[tokio::test]
async fn a_schedule_keeps_its_files_for_the_executions_that_it_makes() {
    let place = Place::new().await;
    let package = reader(&place).await;
    let (first, second) = (upload(&place).await, upload(&place).await);
    let settings = |file: &InputFile| ScheduleSettings {
        inputs: named(file),
        overlap: OverlapPolicy::Allow,
        ..ScheduleSettings::new("each hour", package.id, "0 * * * *")
    };
    let create = CreateSchedule { settings: settings(&first) };
    let schedule = place.orchestrator.execute(&place.admin, create).await.unwrap();
    place.clock.advance(DAY);
    Scheduler::new(place.orchestrator.clone()).fire_due().await.unwrap();
    assert_eq!(prune(&place).await, 1, "the second file");
    assert!(!lives(&place, &second).await);
    let filter = ExecutionFilter { schedule_id: Some(schedule.id), ..Default::default() };
    let page = PageRequest::new(None, 200);
    let fired = place.orchestrator.store().executions(&filter, page).await.unwrap().items;
    assert!(!fired.is_empty());
    for execution in fired {
        assert_eq!(used(&place, FileUser::Execution(execution.id)).await, [first.id]);
    }
    let third = upload(&place).await;
    let update = UpdateSchedule { id: schedule.id, revision: None, settings: settings(&third) };
    place.orchestrator.execute(&place.admin, update).await.unwrap();
    assert_eq!(used(&place, FileUser::Schedule(schedule.id)).await, [third.id]);
    place.orchestrator.execute(&place.admin, DeleteSchedule { id: schedule.id }).await.unwrap();
    assert_eq!(used(&place, FileUser::Schedule(schedule.id)).await, []);
}

#[tokio::test]
async fn a_version_that_reads_a_text_as_a_file_fires_nothing() {
    let place = Place::new().await;
    let package = place.package("reader").await;
    place.publish_source(&package, "1.0.0", "def run(file: str): ...\n").await;
    let file = upload(&place).await;
    let settings = ScheduleSettings {
        inputs: named(&file),
        ..ScheduleSettings::new("each minute", package.id, "* * * * *")
    };
    let schedule = place.orchestrator.execute(&place.admin, CreateSchedule { settings }).await.unwrap();
    assert_eq!(used(&place, FileUser::Schedule(schedule.id)).await, []);
    place.publish_source(&package, "2.0.0", SOURCE).await;
    place.clock.advance(Duration::from_secs(60));
    Scheduler::new(place.orchestrator.clone()).fire_due().await.unwrap();
    let firings = place.orchestrator.store().firings(schedule.id, FiringFilter::default(), 10).await.unwrap();
    assert_eq!(firings[0].skipped.as_deref(), Some("invalidInputs"));
}

#[tokio::test]
async fn a_lease_gives_the_files_of_its_execution_and_no_others() {
    let place = Place::new().await;
    let package = reader(&place).await;
    let (file, other) = (upload(&place).await, upload(&place).await);
    let (bot, stranger) = (place.agent("bot-1").await, place.agent("bot-2").await);
    let mut scripted = place.connect(&bot, vec![]).await;
    scripted.ready(1).await;
    let execution = enqueue(&place, &package, &file).await.unwrap();
    let assignment = scripted.assignment().await;
    place.reaches(execution.id, ExecutionState::Assigned).await;
    let lease = assignment.lease;
    assert_eq!((assignment.files[0].pointer.as_str(), assignment.files[0].id), ("/file", file.id));
    let transport = InProcessTransport::new(place.orchestrator.clone(), bot.id);
    let content: Vec<Bytes> =
        transport.fetch_file(lease, file.id).await.unwrap().try_collect().await.unwrap();
    assert_eq!(content.concat(), b"content");
    let refused = transport.fetch_file(lease, other.id).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
    let foreign = InProcessTransport::new(place.orchestrator.clone(), stranger.id);
    let refused = foreign.fetch_file(lease, file.id).await.err().unwrap();
    assert_eq!(refused.kind(), ErrorKind::StaleLease);
}

#[tokio::test]
async fn nobody_uploads_without_the_right() {
    let place = Place::new().await;
    let refused = place.orchestrator.keep_file(&Actor::anonymous(), None, intake("x")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unauthenticated);
    // A file belongs to a person.
    let refused = place.orchestrator.keep_file(&Actor::system(), None, intake("x")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Forbidden);
}
