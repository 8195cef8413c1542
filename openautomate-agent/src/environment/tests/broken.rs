//! What fails, is cancelled or killed on the way.

use openautomate_core::runner::process::Program;

use super::*;

/// Holds every installation until the file `go` is there.
fn holding(place: &Place) -> EnvironmentSettings {
    let script = format!(
        "if [ \"$1\" = pip ]; then until [ -e {} ]; do sleep 0.05; done; fi",
        place.path("go").display()
    );
    place.settings().uv(Some(place.uv(&script)))
}

async fn until(what: impl Fn() -> bool) {
    let waited = async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waited).await.expect("it never came to that");
}

fn begin(
    place: &Arc<Place>,
    cache: &EnvironmentCache,
) -> tokio::task::JoinHandle<Result<Environment, Failure>> {
    let (place, cache) = (Arc::clone(place), cache.clone());
    tokio::spawn(async move { place.ensure(&cache, &place.tiny("")).await })
}

#[tokio::test]
async fn a_failing_resolution_says_what_uv_said_and_is_not_repeated_at_once() {
    let place = Place::new();
    let cache = place.open(place.settings().failure_memory(Duration::from_millis(1_500)));
    let failure = place.ensure(&cache, &place.tiny(">=99")).await.unwrap_err();
    assert!(
        failure.to_string().starts_with("installing the distributions failed: uv exited with the code 1")
    );
    assert!(failure.to_string().contains("tiny>=99"), "{failure}");
    assert!(failure.words.iter().any(|line| line.contains("tiny>=99")));
    place.ensure(&cache, &place.tiny(">=99")).await.unwrap_err();
    assert_eq!(place.calls("venv"), 1);
    assert_eq!(place.left(), Vec::<String>::new());
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    wheel::write(&place.path("wheels"), "tiny", "99.0");
    let environment = place.ensure(&cache, &place.tiny(">=99")).await.unwrap();
    assert_eq!(say(&environment.python(), TINY).unwrap(), "99.0");
}

#[tokio::test]
async fn without_uv_it_says_what_to_install() {
    let place = Place::new();
    let cache = place.open(place.settings().uv(None));
    let failure = place.ensure(&cache, &place.tiny("")).await.unwrap_err().to_string();
    assert!(failure.contains("pip install uv") && failure.contains("--uv"), "{failure}");
    let cache = place.open(place.settings().uv(Some("/no/such/uv".into())));
    let failure = place.ensure(&cache, &place.tiny("")).await.unwrap_err().to_string();
    assert!(failure.contains("/no/such/uv"), "{failure}");
    let old = place.path("old-uv");
    executable(&old, "#!/bin/sh\necho uv 0.6.17\n");
    let cache = place.open(place.settings().uv(Some(old)));
    let failure = place.ensure(&cache, &place.tiny("")).await.unwrap_err().to_string();
    assert!(failure.contains("0.7.0"), "{failure}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_goes_on_while_somebody_waits_and_stops_when_nobody_does() {
    let place = Arc::new(Place::new());
    let cache = place.open(holding(&place));
    let first = begin(&place, &cache);
    until(|| place.calls("pip") == 1).await;
    let second = begin(&place, &cache);
    until(|| place.lines.lock().unwrap().iter().any(|(_, text)| text.starts_with("waiting"))).await;
    first.abort();
    second.abort();
    until(|| place.left().is_empty()).await;
    let key = super::super::key::of(
        &place.tiny(""),
        &super::super::python::Interpreter::ask(&python(), Path::new("/")).await.unwrap(),
        &place.settings(),
    );
    assert_eq!(Program::kill_left(&cache.shared.mark_of(&key)).await, 0, "uv lives on");

    let first = begin(&place, &cache);
    until(|| place.calls("pip") == 2).await;
    let second = begin(&place, &cache);
    until(|| place.lines.lock().unwrap().iter().filter(|(_, text)| text.starts_with("waiting")).count() == 2)
        .await;
    first.abort();
    std::fs::write(place.path("go"), "").unwrap();
    let environment = second.await.unwrap().unwrap();
    assert_eq!(say(&environment.python(), TINY).unwrap(), "2.0");
    assert_eq!((place.calls("venv"), place.calls("pip")), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_takes_too_long_is_stopped() {
    let place = Place::new();
    let cache = place.open(holding(&place).build_timeout(Duration::from_secs(3)));
    let failure = place.ensure(&cache, &place.tiny("")).await.unwrap_err().to_string();
    assert!(failure.contains("time limit"), "{failure}");
    assert_eq!(place.left(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_agent_left_half_done_is_not_used() {
    let place = Arc::new(Place::new());
    let cache = place.open(holding(&place));
    let building = begin(&place, &cache);
    until(|| place.calls("pip") == 1).await;
    // What is on disk now is what a killed agent leaves.
    let names = place.left();
    assert!(
        names.iter().any(|name| name.len() == 64) && names.iter().any(|name| name.starts_with(".scratch"))
    );
    let next = place.path("next");
    std::fs::create_dir(&next).unwrap();
    for name in names {
        let mut copy = std::process::Command::new("cp");
        copy.arg("-a").arg(place.path("environments").join(name)).arg(&next);
        assert!(copy.status().unwrap().success());
    }
    building.abort();
    std::fs::write(place.path("go"), "").unwrap();
    let cache = EnvironmentCache::open(&next, place.settings(), Arc::new(place.clock.clone())).unwrap();
    assert_eq!(std::fs::read_dir(&next).unwrap().count(), 0);
    let environment = place.ensure(&cache, &place.tiny("")).await.unwrap();
    assert_eq!(say(&environment.python(), TINY).unwrap(), "2.0");
}

#[tokio::test]
async fn an_environment_that_lost_its_content_is_made_again() {
    let place = Place::new();
    let environment = place.ensure(&place.open(place.settings()), &place.tiny("")).await.unwrap();
    let module = say(&environment.python(), "import tiny; print(tiny.__file__)").unwrap();
    // Not truncated in place: uv links the files of its cache.
    std::fs::remove_file(&module).unwrap();
    std::fs::write(&module, "").unwrap();
    drop(environment);
    let environment = place.ensure(&place.open(place.settings()), &place.tiny("")).await.unwrap();
    assert_eq!((say(&environment.python(), TINY).unwrap().as_str(), place.calls("venv")), ("2.0", 2));
}
