//! When two packages share an environment: when they have the same key.

use sha2::{Digest as _, Sha256};

use super::python::Interpreter;
use super::requirement::Requirement;
use super::settings::EnvironmentSettings;
use super::url::without_user;

/// A change of how environments are made changes this.
const SCHEME: &str = "openautomate-environment-1";

/// The key: a SHA-256 in hex over, in this order and each with its length before it,
///
/// 1. the scheme,
/// 2. the source's name and what it says. Of a lock file that is its content without the version of the
///    package itself, with sorted keys; of a list, its entries; of `requirements.txt`, the file and those that
///    it includes. Where something in the package itself is to be installed, the package's hash too,
/// 3. the interpreter: path, version, implementation, platform,
/// 4. the settings that change what is installed: the indexes (without user and password), the folder of
///    wheels, whether hashes are required.
///
/// The same in every start of the agent, and on every agent with the same interpreter and settings.
pub(super) fn of(
    requirement: &Requirement,
    interpreter: &Interpreter,
    settings: &EnvironmentSettings,
) -> String {
    let mut hash = Sha256::new();
    let mut add = |text: &str| {
        hash.update((text.len() as u64).to_le_bytes());
        hash.update(text.as_bytes());
    };
    add(SCHEME);
    add(requirement.source.as_str());
    add(&requirement.identity);
    add(&interpreter.path.to_string_lossy());
    add(&interpreter.version);
    add(&interpreter.implementation);
    add(&interpreter.platform);
    add(&settings.index_url.as_ref().map(|url| without_user(url.expose())).unwrap_or_default());
    add(&settings.extra_index_urls.len().to_string());
    settings.extra_index_urls.iter().for_each(|url| add(&without_user(url.expose())));
    add(&settings.wheels.as_ref().map(|path| path.to_string_lossy().into_owned()).unwrap_or_default());
    add(if settings.require_hashes { "hashes" } else { "" });
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use openautomate_core::secret::Secret;

    use super::*;

    fn key(
        files: &[(&str, &str)],
        change: impl FnOnce(&mut Interpreter, &mut EnvironmentSettings),
    ) -> String {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let requirement = Requirement::read(folder.path(), "m:f", "digest").unwrap();
        let mut interpreter = Interpreter {
            path: "/usr/bin/python3".into(),
            version: "3.12.1".into(),
            implementation: "cpython-312".into(),
            platform: "linux-x86_64".into(),
        };
        let mut settings = EnvironmentSettings::new("python3", "3.12.1");
        change(&mut interpreter, &mut settings);
        of(&requirement, &interpreter, &settings)
    }

    fn project(version: &str, dependency: &str) -> String {
        format!("[project]\nname = \"a\"\nversion = \"{version}\"\ndependencies = [\"{dependency}\"]\n")
    }

    fn lock(own: &str, six: &str) -> String {
        let package = |name: &str, version: &str, source: &str| {
            format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\nsource = {{ {source} }}\n")
        };
        let registry = "registry = \"https://pypi.org/simple\"";
        package("a", own, "virtual = \".\"") + &package("six", six, registry)
    }

    #[test]
    fn the_key_is_stable() {
        let found = key(&[("pyproject.toml", &project("1.0.0", "six>=1"))], |_, _| {});
        assert_eq!(found, "7fb385d8b241a54abfa05197138b0a1d150ef00eb1c1ce09199391ea032e7f55");
    }

    #[test]
    fn versions_of_a_package_share_it_and_dependencies_do_not() {
        let of_project =
            |version, dependency| key(&[("pyproject.toml", &project(version, dependency))], |_, _| {});
        assert_eq!(of_project("1.0.0", "six"), of_project("2.0.0", "six"));
        assert_ne!(of_project("1.0.0", "six"), of_project("1.0.0", "six>1"));
        let of_lock = |version: &str, six: &str| {
            key(&[("pyproject.toml", &project(version, "six")), ("uv.lock", &lock(version, six))], |_, _| {})
        };
        assert_eq!(of_lock("1.0.0", "1.16"), of_lock("2.0.0", "1.16"));
        assert_ne!(of_lock("1.0.0", "1.16"), of_lock("1.0.0", "1.17"));
        assert_ne!(of_lock("1.0.0", "1.16"), of_project("1.0.0", "six"));
    }

    #[test]
    fn what_changes_the_result_changes_it_and_a_password_does_not() {
        let project = project("1.0.0", "six");
        let with = |change: fn(&mut Interpreter, &mut EnvironmentSettings)| {
            key(&[("pyproject.toml", &project)], change)
        };
        let index = |user: &str| Some(Secret::new(format!("https://{user}pypi.example.org/simple")));
        let keys = [
            with(|_, _| {}),
            with(|python, _| python.version = "3.12.2".into()),
            with(|python, _| python.platform = "linux-aarch64".into()),
            with(|_, settings| settings.require_hashes = true),
            with(|_, settings| settings.wheels = Some("/wheels".into())),
            key(&[("pyproject.toml", &project)], |_, settings| settings.index_url = index("")),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{at}");
        }
        assert_eq!(key(&[("pyproject.toml", &project)], |_, s| s.index_url = index("u:p@")), keys[5]);
    }
}
