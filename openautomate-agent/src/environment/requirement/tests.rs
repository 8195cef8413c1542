use super::*;

fn read(files: &[(&str, &str)]) -> Result<Requirement, String> {
    read_script(files, "m:f")
}

fn read_script(files: &[(&str, &str)], entrypoint: &str) -> Result<Requirement, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    Requirement::read(folder.path(), entrypoint, "digest").map_err(|failure| failure.to_string())
}

const PROJECT: &str = "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"six>=1\", \"attrs\"]\n";
const EMPTY: &str = "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = []\n";
const SCRIPT: &str = "# /// script\n# requires-python = \">=3.11\"\n# dependencies = [\"rich\"]\n# ///\n";

fn lock(packages: &[(&str, &str)]) -> String {
    let package = |(name, source): &(&str, &str)| {
        format!("[[package]]\nname = \"{name}\"\nversion = \"1\"\nsource = {{ {source} }}\n")
    };
    packages.iter().map(package).collect()
}

const PYPI: &str = "registry = \"https://pypi.org/simple\"";

#[test]
fn the_first_source_that_says_something_counts() {
    let locked = lock(&[("a", "virtual = \".\""), ("six", PYPI), ("attrs", PYPI), ("x", PYPI)]);
    let all = [
        ("uv.lock", locked.as_str()),
        ("requirements.txt", "humanize\n"),
        ("pyproject.toml", PROJECT),
        ("main.py", SCRIPT),
    ];
    let found = |files: &[(&str, &str)]| {
        let found = read_script(files, "main.py").unwrap();
        (found.source, found.distributions)
    };
    assert_eq!(found(&all), (Source::Lock, 3));
    assert_eq!(found(&all[1..]), (Source::Requirements, 1));
    assert_eq!(found(&all[2..]), (Source::Project, 2));
    assert_eq!(found(&[("pyproject.toml", EMPTY), ("main.py", SCRIPT)]), (Source::Script, 1));
    assert_eq!(found(&[("main.py", "print()")]), (Source::Nothing, 0));
    let nothing = lock(&[("a", "editable = \".\"")]);
    let files = [("uv.lock", nothing.as_str()), ("requirements.txt", "# none\n"), ("pyproject.toml", EMPTY)];
    assert_eq!(found(&files), (Source::Nothing, 0));
}

#[test]
fn a_robot_needs_what_its_conda_file_lists_for_pip() {
    let robot = "tasks:\n  Go:\n    shell: python -m robocorp.tasks run tasks.py\nenvironmentConfigs:\n  - conda.yaml\n";
    let conda = "dependencies:\n  - python=3.11.4\n  - pip:\n      - rich==13.0\n      - attrs\n";
    let files = [("robot.yaml", robot), ("conda.yaml", conda), ("requirements.txt", "pytest\n")];
    let found = read_script(&files, ROBOT).unwrap();
    assert_eq!((found.source, found.distributions), (Source::Robot, 2));
    assert!(found.python.allows("3.11.9") && !found.python.allows("3.12.0"));
    let text = "[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"six\"]\n";
    let with_project = [files[0], files[1], ("pyproject.toml", text)];
    assert_eq!(read_script(&with_project, ROBOT).unwrap().source, Source::Project);
}

#[test]
fn only_a_script_has_script_metadata() {
    assert_eq!(read_script(&[("main.py", SCRIPT)], "main:run").unwrap().source, Source::Nothing);
}

#[test]
fn nothing_is_needed_if_the_own_python_will_do() {
    assert!(read(&[("pyproject.toml", EMPTY)]).unwrap().is_met_by("3.11.7"));
    assert!(!read(&[("pyproject.toml", PROJECT)]).unwrap().is_met_by("3.11.7"));
    let newer = "[project]\nname = \"a\"\nversion = \"1\"\nrequires-python = \">=3.12\"\n";
    assert!(!read(&[("pyproject.toml", newer)]).unwrap().is_met_by("3.11.7"));
    assert!(read(&[("pyproject.toml", newer)]).unwrap().is_met_by("3.12.0"));
    assert!(
        !read(&[("pyproject.toml", EMPTY), (".python-version", "# ours\n3.12\n")])
            .unwrap()
            .is_met_by("3.11.7")
    );
    // What the manifest says goes before `.python-version`.
    let own = "[tool.openautomate]\npython = \"3.11\"\n";
    assert!(read(&[("pyproject.toml", own), (".python-version", "3.12")]).unwrap().is_met_by("3.11.7"));
    assert!(!read_script(&[("main.py", SCRIPT)], "main.py").unwrap().python.allows("3.10.1"));
}

#[test]
fn what_names_the_package_itself_is_not_shared() {
    let is_local = |files: &[(&str, &str)]| read(files).unwrap().local.is_some();
    let with = |dependency: &str| {
        format!("[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"{dependency}\"]\n")
    };
    assert!(is_local(&[("pyproject.toml", &with("x @ file:///tmp/x.whl"))]));
    assert!(!is_local(&[("pyproject.toml", &with("x @ https://h/x.zip"))]));
    assert!(is_local(&[("requirements.txt", "./vendor/x")]));
    let locked = lock(&[("six", PYPI), ("x", "path = \"vendor/x.whl\"")]);
    assert!(is_local(&[("pyproject.toml", EMPTY), ("uv.lock", &locked)]));
    let sources = format!("{PROJECT}\n[tool.uv.sources]\nsix = {{ path = \"vendor/six\" }}\n");
    assert!(is_local(&[("pyproject.toml", &sources)]));
}

#[test]
fn where_single_distributions_come_from_is_kept() {
    let text = format!(
        "{PROJECT}\n[tool.uv.sources]\nsix = {{ index = \"own\" }}\n\
         [[tool.uv.index]]\nname = \"own\"\nurl = \"https://own.example.org/simple\"\n"
    );
    let found = read(&[("pyproject.toml", &text)]).unwrap();
    assert_eq!(found.files[0].0, "pyproject.toml");
    assert!(found.files[0].1.contains("own.example.org") && found.local.is_none());
    let other = "registry = \"https://own.example.org/simple\"";
    let locked = lock(&[("six", PYPI), ("x", other), ("y", other)]);
    let found = read(&[("pyproject.toml", EMPTY), ("uv.lock", &locked)]).unwrap();
    assert_eq!(found.indexes, ["https://own.example.org/simple"]);
}

#[test]
fn what_is_no_requirement_is_refused_and_no_password_is_told() {
    for dependency in ["-e .", "--index-url=https://h", "a\\nb", "", "a\\\\", "# x"] {
        let text = format!("[project]\nname = \"a\"\nversion = \"1\"\ndependencies = [\"{dependency}\"]\n");
        assert!(read(&[("pyproject.toml", &text)]).is_err(), "{dependency}");
    }
    let error = read(&[("requirements.txt", "-r https://robot:correct-horse@h/x.txt")]).unwrap_err();
    assert!(error.contains("***@h") && !error.contains("horse"), "{error}");
    for files in [
        [("pyproject.toml", "[project"), ("x", "")],
        [("pyproject.toml", EMPTY), ("uv.lock", "no = toml =")],
        [("pyproject.toml", "[project]\nrequires-python = \"three\"\n"), ("x", "")],
        [("pyproject.toml", EMPTY), (".python-version", "pypy3.10")],
    ] {
        assert!(read(&files).is_err(), "{files:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("requirements.txt"), b"\xff\xfes\0i\0x\0").unwrap();
    let error = Requirement::read(folder.path(), "m:f", "digest").unwrap_err();
    assert!(error.to_string().contains("UTF-8"), "{error}");
}
