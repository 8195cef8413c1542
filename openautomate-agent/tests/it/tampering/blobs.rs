//! What lies in the server's storage, and the archive that is published.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use openautomate_agent::Agent;
use openautomate_core::ErrorKind;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::command::execution::EnqueueExecution;
use openautomate_core::command::package::{CreatePackage, PublishVersion};
use openautomate_core::domain::{ExecutionState, PackageVersion};
use openautomate_core::orchestrator::Settings;
use openautomate_core::package::archive::pack;
use openautomate_core::package::loaded::LoadedVersion;
use openautomate_core::package::signature::{PackageSigner, Statement};
use openautomate_core::runner::registry::RunnerRegistry;
use tokio_util::sync::CancellationToken;

use super::chance::{Chance, text};
use super::{FLIPS, Ran, clear_cache, files, flip_file, manifest};
use crate::place::Place;
use crate::stage::flip;

/// The archive of a package of several chunks.
fn archive(version: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("pyproject.toml"), manifest(version)).unwrap();
    std::fs::write(folder.path().join("main.py"), "print('sealed')\n").unwrap();
    std::fs::write(folder.path().join("data.txt"), text(&mut Chance::new(5), 240_000)).unwrap();
    pack(folder.path()).unwrap()
}

/// A version as people download it; `None` if it can't be had whole.
async fn downloaded(place: &Place, version: &PackageVersion) -> Option<Vec<u8>> {
    let stream = place.orchestrator.package_archive(version).await.ok()?;
    stream.try_fold(Vec::new(), |all, piece| async move { Ok([all, piece.to_vec()].concat()) }).await.ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn not_one_bit_may_differ_of_what_the_server_keeps() {
    let storage = tempfile::tempdir().unwrap();
    let place = Place::keeping(ObjectBlobStore::local(storage.path()).unwrap(), Settings::default()).await;
    // What is there by now belongs to another package.
    let others = files(storage.path());
    let create = CreatePackage { name: "sealed".into(), description: String::new() };
    let package = place.orchestrator.execute(&place.admin, create).await.unwrap();
    let publish = PublishVersion::new(package.id, archive("1.0.0").into());
    let version = place.orchestrator.execute(&place.admin, publish).await.unwrap();
    let kept: Vec<_> =
        files(storage.path()).into_iter().filter(|(path, _)| !others.contains_key(path)).collect();
    assert!(kept.len() >= 3, "an index and chunks: {}", kept.len());

    let (ran, data) = (Ran::default(), place.folder.path().join("agent"));
    let agent = Agent::builder(place.transport(None), &data).slots(1);
    let agent = agent.runners(RunnerRegistry::new().with(Arc::new(ran.runner()))).build().unwrap();
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { agent.run(stop).await }
    });
    let execute = async || {
        let made = place.orchestrator.execute(&place.admin, EnqueueExecution::new(package.id)).await;
        made.unwrap().id
    };
    place.reaches(execute().await, ExecutionState::Succeeded).await;
    let (published, mut runs) = (ran.files(), 1);
    assert_eq!(published.len(), 3);
    // Both packages are deployed, and so fetched before they are run; nothing fetches after that.
    let fetched = async {
        let packages = data.join("packages");
        let index =
            |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "index");
        while std::fs::read_dir(&packages).unwrap().filter(|one| index(&one.as_ref().unwrap().path())).count()
            < 2
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), fetched).await.expect("what is deployed is fetched");

    let mut chance = Chance::new(6);
    let mut refused = 0;
    for number in 0..FLIPS {
        clear_cache(&data);
        let bit = chance.below(1 << 24);
        let (blob, content) = &kept[chance.below(kept.len())];
        let what = format!("{number}: bit {bit} of {}", blob.display());
        flip_file(&storage.path().join(blob), bit, number % 2 == 0);
        if let Some(zip) = downloaded(&place, &version).await {
            assert_eq!(LoadedVersion::of(&zip).unwrap().digest, version.digest, "{what}");
        }
        let execution = execute().await;
        let ended = async {
            loop {
                let found = place.orchestrator.store().execution(execution).await.unwrap().unwrap();
                if matches!(found.state, ExecutionState::Failed | ExecutionState::Succeeded) {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(20), ended).await.expect(&what);
        match ended.error {
            Some(error) => {
                refused += 1;
                assert_eq!(error.kind, "PackageInvalid", "{what}");
                assert!(error.message.starts_with("package sealed 1.0.0: "), "{what}: {}", error.message);
            }
            // A frame of zstd has a bit or two that mean nothing.
            None => {
                runs += 1;
                assert!(blob.starts_with("chunks") && ran.files() == published, "{what}");
            }
        }
        assert_eq!(ran.count(), runs, "{what}");
        std::fs::write(storage.path().join(blob), content).unwrap();
    }
    assert!(refused >= FLIPS - 2, "{refused} of {FLIPS}");
    clear_cache(&data);
    place.reaches(execute().await, ExecutionState::Succeeded).await;
    assert!(ran.files() == published);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test]
async fn not_one_bit_may_differ_of_an_archive_that_its_author_signed() {
    let place = Place::new(Settings::default()).await;
    let author = PackageSigner::generate().unwrap();
    let whole = archive("1.0.0");
    let digest = LoadedVersion::of(&whole).unwrap().digest;
    let signed = author.sign(&Statement::Authored { digest: &digest });
    let create = async |number: usize| {
        let command = CreatePackage { name: format!("sealed-{number}"), description: String::new() };
        place.orchestrator.execute(&place.admin, command).await.unwrap().id
    };
    let publish = async |package, archive: Vec<u8>| {
        let command = PublishVersion::new(package, archive.into());
        let command = PublishVersion { author: Some(signed.clone()), ..command };
        place.orchestrator.execute(&place.admin, command).await
    };
    let mut package = create(FLIPS).await;
    let mut chance = Chance::new(7);
    let mut refused = 0;
    for number in 0..FLIPS {
        let mut archive = whole.clone();
        // Every other one is in the directory at its end, which is small.
        let from = if number % 2 == 0 { 0 } else { archive.len() - 300 };
        let bit = from * 8 + chance.below((archive.len() - from) * 8);
        flip(&mut archive, bit);
        match publish(package, archive).await {
            // Times and the like of a zip are neither kept nor signed: the content is what it was.
            Ok(version) => {
                assert_eq!(version.digest, digest, "{number}: bit {bit}");
                package = create(number).await;
            }
            Err(error) => {
                refused += 1;
                assert_eq!(error.kind(), ErrorKind::Invalid, "{number}: bit {bit}: {error}");
            }
        }
    }
    assert!(refused > FLIPS / 2, "{refused} of {FLIPS}");
    assert_eq!(publish(package, whole).await.unwrap().digest, digest);
}
