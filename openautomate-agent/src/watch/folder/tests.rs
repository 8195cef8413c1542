use std::fs;

use openautomate_core::id::TriggerId;

use super::*;

fn watch(folder: &Path) -> FolderWatch {
    FolderWatch {
        trigger: TriggerId::new(),
        folder: folder.to_str().unwrap().to_owned(),
        pattern: "*".into(),
        settle_ms: 500,
        include_existing: true,
        after: AfterArrival::Leave,
        pass: PassAs::File,
        max_bytes: 10,
    }
}

fn roots(folder: &Path) -> Vec<Root> {
    vec![Root::new(folder).unwrap()]
}

fn code<T>(listed: Result<T, WatchProblem>) -> String {
    listed.err().map(|problem| problem.code).unwrap_or_default()
}

#[test]
fn only_what_lies_below_a_root_is_listed() {
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let own = inside.path().join("in");
    fs::create_dir(&own).unwrap();
    let roots = roots(inside.path());
    list(&roots, &watch(&own)).unwrap();
    list(&roots, &watch(inside.path())).unwrap();
    assert_eq!(code(list(&[], &watch(&own))), "outsideRoots");
    assert_eq!(code(list(&roots, &watch(&inside.path().join("absent")))), "missing");
    // Of what lies elsewhere it is not even told whether it is there.
    for folder in [outside.path().to_owned(), outside.path().join("absent")] {
        assert_eq!(code(list(&roots, &watch(&folder))), "outsideRoots");
    }
    let beside = PathBuf::from(format!("{}x", inside.path().display()));
    assert_eq!(code(list(&roots, &watch(&beside))), "outsideRoots");
}

#[test]
fn files_alone_are_listed_with_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    fs::write(folder.path().join("small"), "1234567890").unwrap();
    let listing = list(&roots(folder.path()), &watch(folder.path())).unwrap();
    assert_eq!((listing.files.len(), listing.problem, listing.is_whole), (1, None, true));
    assert_eq!((listing.files[0].0.as_str(), listing.files[0].1.size), ("small", 10));
    fs::write(folder.path().join("large"), "12345678901").unwrap();
    let listing = list(&roots(folder.path()), &watch(folder.path())).unwrap();
    assert_eq!((listing.files.len(), listing.problem.unwrap().code.as_str()), (1, "tooLarge"));
}

#[cfg(unix)]
#[test]
fn links_and_odd_names_count_for_nothing() {
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::symlink;
    let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let roots = roots(inside.path());
    // A folder that is a link out of the root.
    symlink(outside.path(), inside.path().join("link")).unwrap();
    assert_eq!(code(list(&roots, &watch(&inside.path().join("link")))), "outsideRoots");
    // A file that is a link, to whatever.
    let own = inside.path().join("in");
    fs::create_dir(&own).unwrap();
    symlink(outside.path().join("secret"), own.join("secret")).unwrap();
    symlink("/dev/zero", own.join("zero")).unwrap();
    let listing = list(&roots, &watch(&own)).unwrap();
    assert_eq!((listing.files, listing.problem), (Vec::new(), None));
    for name in [&b"a\nb"[..], b"\xff", b" a", b"tab\t"] {
        fs::write(own.join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
    }
    let listing = list(&roots, &watch(&own)).unwrap();
    assert_eq!((listing.files, listing.problem.unwrap().code.as_str()), (Vec::new(), "oddName"));
    // One that was a file when it was listed and is a link when it is opened.
    let swapped = own.join("swapped");
    fs::write(&swapped, "sixsix").unwrap();
    let version = version_of(&fs::metadata(&swapped).unwrap()).unwrap();
    assert!(open(&own, "swapped", version).unwrap().is_some());
    fs::remove_file(&swapped).unwrap();
    symlink(outside.path().join("secret"), &swapped).unwrap();
    assert!(open(&own, "swapped", version).unwrap().is_none());
}

#[test]
fn what_changed_meanwhile_is_neither_sent_nor_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    fs::write(&path, "old").unwrap();
    let version = version_of(&fs::metadata(&path).unwrap()).unwrap();
    fs::write(&path, "newer").unwrap();
    let folder = folder.path().canonicalize().unwrap();
    assert!(open(&folder, "a.csv", version).unwrap().is_none());
    remove(&folder, "a.csv", version).unwrap();
    move_away(&folder, "a.csv", version).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "newer");
}

#[test]
fn what_is_put_away_takes_nothing_from_another() {
    let folder = tempfile::tempdir().unwrap();
    for content in ["one", "two", "three"] {
        let path = folder.path().join("a.tar.gz");
        fs::write(&path, content).unwrap();
        move_away(folder.path(), "a.tar.gz", version_of(&fs::metadata(&path).unwrap()).unwrap()).unwrap();
        assert!(!path.exists());
    }
    let read = |name: &str| fs::read_to_string(folder.path().join("processed").join(name)).unwrap();
    assert_eq!([read("a.tar.gz"), read("a.tar (2).gz"), read("a.tar (3).gz")], ["one", "two", "three"]);
    assert_eq!(numbered(".env", 2), ".env (2)");
}

#[cfg(unix)]
#[test]
fn the_subfolder_may_not_lead_elsewhere() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::os::unix::fs::symlink(outside.path(), folder.path().join("processed")).unwrap();
    let path = folder.path().join("a");
    fs::write(&path, "x").unwrap();
    move_away(folder.path(), "a", version_of(&fs::metadata(&path).unwrap()).unwrap()).unwrap_err();
    assert!(path.exists() && !outside.path().join("a").exists());
}
