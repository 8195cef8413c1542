//! What is kept of versions, and how it comes out again.

use std::path::Path;

use futures_util::TryStreamExt as _;
use openautomate_core::ErrorKind;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::command::package::PublishVersion;
use openautomate_core::domain::{Package, PackageVersion};
use openautomate_core::orchestrator::Settings;
use openautomate_core::package::loaded::LoadedVersion;

use super::place::{MANIFEST, Place, archive_with};

/// Bytes that neither repeat nor compress.
fn noise(length: usize, mut state: u64) -> Vec<u8> {
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn bytes_below(folder: &Path) -> u64 {
    let items = std::fs::read_dir(folder).unwrap().map(|item| item.unwrap());
    items
        .map(
            |item| {
                if item.path().is_dir() { bytes_below(&item.path()) } else { item.metadata().unwrap().len() }
            },
        )
        .sum()
}

async fn publish(place: &Place, package: &Package, patch: u32, model: &[u8]) -> PackageVersion {
    let manifest = MANIFEST.replace("1.0.0", &format!("1.0.{patch}"));
    let archive = archive_with(&manifest, &[("model.bin", model)]);
    place.orchestrator.execute(&place.admin, PublishVersion::new(package.id, archive)).await.unwrap()
}

#[tokio::test]
async fn a_hundred_versions_that_differ_little_take_little_more_than_one() {
    const SIZE: usize = 4 * 1024 * 1024;
    let folder = tempfile::tempdir().unwrap();
    let place = Place::keeping(ObjectBlobStore::local(folder.path()).unwrap(), Settings::default()).await;
    let package = place.package("greeter").await;
    let mut model = noise(SIZE, 7);
    publish(&place, &package, 0, &model).await;
    let one = bytes_below(folder.path());
    for patch in 1..100_u32 {
        // Always the same line, as in a file of settings.
        model.splice(1_000_000..1_000_016, format!("release {patch:>8}").into_bytes());
        publish(&place, &package, patch, &model).await;
    }
    let hundred = bytes_below(folder.path());
    assert!(one > SIZE as u64 && hundred < one * 4, "{hundred} bytes for a hundred, {one} for one");
}

#[tokio::test]
async fn a_version_comes_out_as_it_went_in() {
    let place = Place::new().await;
    let package = place.package("greeter").await;
    let model = noise(700_000, 7);
    let version = publish(&place, &package, 0, &model).await;
    let read = async || {
        let stream = place.orchestrator.package_archive(&version).await.unwrap();
        stream
            .try_fold(Vec::new(), |all, piece| async move { Ok([all, piece.to_vec()].concat()) })
            .await
            .unwrap()
    };
    let zip = read().await;
    assert_eq!(LoadedVersion::of(&zip).unwrap().digest, version.digest);
    assert_eq!(read().await, zip);
    let gone = PackageVersion { digest: "0".repeat(64), ..version };
    let refused = place.orchestrator.package_archive(&gone).await.map(drop).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_archive_that_is_refused_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::keeping(ObjectBlobStore::local(folder.path()).unwrap(), Settings::default()).await;
    let package = place.package("greeter").await;
    let mut broken = archive_with(MANIFEST, &[("model.bin", &noise(2_000_000, 7))]).to_vec();
    broken[1_000_000] ^= 1;
    let refused =
        place.orchestrator.execute(&place.admin, PublishVersion::new(package.id, broken.into())).await;
    assert_eq!(refused.unwrap_err().code(), "package.damaged");
    assert_eq!(bytes_below(folder.path()), 0);
}
