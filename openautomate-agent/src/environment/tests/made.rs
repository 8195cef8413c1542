//! Environments that are made: by each source, once, with the Python that is asked for.

use super::*;

#[tokio::test]
async fn each_source_is_installed() {
    let place = Place::new();
    let cache = place.open(place.settings());
    let wheel = place.path("wheels/tiny-1.0-py3-none-any.whl");
    let lock = format!(
        "version = 1\nrequires-python = \">=3.10\"\n\n[[package]]\nname = \"job\"\nversion = \"1\"\n\
         source = {{ virtual = \".\" }}\ndependencies = [{{ name = \"tiny\" }}]\n\n[[package]]\nname = \"tiny\"\n\
         version = \"1.0\"\nsource = {{ registry = \"https://pypi.org/simple\" }}\nwheels = [{{ url = \
         \"https://example.org/tiny-1.0-py3-none-any.whl\", hash = \"sha256:{}\", size = 1 }}]\n",
        sha256(&wheel)
    );
    let locked = project("tiny") + "requires-python = \">=3.10\"\n";
    let script = "# /// script\n# dependencies = [\"tiny<2\"]\n# ///\nprint()\n";
    for files in [
        vec![("pyproject.toml", locked.as_str()), ("uv.lock", &lock)],
        vec![
            ("requirements.txt", "-r more.txt\n"),
            ("more.txt", "tiny\n-c limits/all.txt"),
            ("limits/all.txt", "tiny<2"),
        ],
        vec![("pyproject.toml", &project("tiny==1.0"))],
        vec![("main.py", script)],
    ] {
        let requirement = place.package(&files);
        let environment = place.ensure(&cache, &requirement).await.unwrap();
        assert_eq!(say(&environment.python(), TINY).unwrap(), "1.0", "{files:?}");
    }
    assert_eq!(place.calls("venv"), 4);
    let lines = place.lines.lock().unwrap();
    assert!(lines[0].1.starts_with("making the environment: 1 distribution by uv.lock"), "{lines:?}");
    assert!(lines.iter().any(|(level, text)| *level == LogLevel::Debug && text.contains("tiny==1.0")));
    assert!(place.left().iter().all(|name| !name.starts_with('.')), "{:?}", place.left());
}

#[tokio::test]
async fn a_wheel_that_is_not_the_locked_one_is_refused() {
    let place = Place::new();
    let cache = place.open(place.settings());
    let requirement =
        place.package(&[("requirements.txt", &format!("tiny==1.0 --hash=sha256:{}", "0".repeat(64)))]);
    let failure = place.ensure(&cache, &requirement).await.unwrap_err();
    assert!(failure.to_string().contains("ash mismatch"), "{failure}");
}

#[tokio::test]
async fn a_wheel_in_the_package_is_installed_and_the_package_stays_as_it_is() {
    let place = Place::new();
    let cache = place.open(place.settings());
    let package = place.path("package");
    std::fs::create_dir_all(package.join("vendor")).unwrap();
    wheel::write(&package.join("vendor"), "own", "3.0");
    std::fs::write(package.join("requirements.txt"), "./vendor/own-3.0-py3-none-any.whl\n").unwrap();
    let requirement = Arc::new(Requirement::read(&package, "main.py", "digest").unwrap());
    let environment = place.ensure(&cache, &requirement).await.unwrap();
    assert_eq!(say(&environment.python(), "import own; print(own.VERSION)").unwrap(), "3.0");
    assert_eq!(std::fs::read_dir(&package).unwrap().count(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_meanwhile_waits_for_the_same_build() {
    let place = Arc::new(Place::new());
    let cache = place.open(place.settings());
    let asked: Vec<_> = (0..8)
        .map(|_| {
            let (place, cache) = (Arc::clone(&place), cache.clone());
            tokio::spawn(async move { place.ensure(&cache, &place.tiny("")).await.unwrap().python() })
        })
        .collect();
    let mut pythons = Vec::new();
    for one in asked {
        pythons.push(one.await.unwrap());
    }
    assert!(pythons.iter().all(|python| *python == pythons[0]));
    assert_eq!((place.calls("venv"), place.calls("pip")), (1, 1));
    // It is there for the next agent too, at no cost.
    drop(cache);
    let environment = place.ensure(&place.open(place.settings()), &place.tiny("")).await.unwrap();
    assert_eq!((environment.python(), place.calls("venv")), (pythons[0].clone(), 1));
    assert_eq!(say(&environment.python(), TINY).unwrap(), "2.0");
}

#[tokio::test]
async fn a_package_without_dependencies_needs_no_environment() {
    let place = Place::new();
    let cache = place.open(place.settings());
    let package = place.path("package");
    std::fs::create_dir(&package).unwrap();
    std::fs::write(package.join("pyproject.toml"), "[project]\nname = \"a\"\nversion = \"1\"\n").unwrap();
    assert!(cache.requirement(&package, "main.py", "d1").await.unwrap().is_none());
    std::fs::write(package.join("pyproject.toml"), project("tiny")).unwrap();
    assert!(cache.requirement(&package, "main.py", "d2").await.unwrap().is_some());
    // By the hash of the package, which names its content.
    assert!(cache.requirement(&package, "main.py", "d1").await.unwrap().is_none());
    assert_eq!(place.calls(""), 0);
}

#[tokio::test]
async fn the_python_is_one_that_the_package_wants() {
    let place = Place::new();
    // This agent's own would be an older one, so uv looks for another.
    let settings = EnvironmentSettings::new("/no/such/python", "3.9.0").uv(Some(place.uv("")));
    let cache = place.open(settings.wheels(Some(place.path("wheels"))));
    let wants = |python: &str| {
        let text = format!("[project]\nname = \"a\"\nversion = \"1\"\nrequires-python = \"{python}\"\n");
        place.package(&[("pyproject.toml", &text)])
    };
    let environment = place.ensure(&cache, &wants(">=3.10")).await.unwrap();
    let found = say(
        &environment.python(),
        "import sys; print(sys.version_info >= (3, 10), sys.prefix != sys.base_prefix)",
    );
    assert_eq!(found.unwrap(), "True True");
    let failure = place.ensure(&cache, &wants(">=3.99")).await.unwrap_err().to_string();
    for word in [">=3.99", "3.9.0", "Install one", "finding the Python failed"] {
        assert!(failure.contains(word), "{failure}");
    }
    // Remembered, so that a queue does not ask again and again.
    let asked = place.calls("python find");
    place.ensure(&cache, &wants(">=3.99")).await.unwrap_err();
    assert_eq!(place.calls("python find"), asked);
}
