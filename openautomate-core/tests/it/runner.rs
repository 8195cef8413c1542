//! The runners: the public suite on each of them, and the command runner's own cases.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use openautomate_core::conformance::runner::RunnerFixture;
use openautomate_core::runner::Runner;
use openautomate_core::runner::python::{IsolatedPython, install_runtime};
use tempfile::TempDir;

#[cfg(unix)]
mod command;
mod pool;
mod published;

/// The interpreter of the tests: `OPENAUTOMATE_TEST_PYTHON`, or the one on the path.
fn python() -> PathBuf {
    std::env::var_os("OPENAUTOMATE_TEST_PYTHON").map_or_else(|| PathBuf::from("python3"), PathBuf::from)
}

/// A process for each run, with the bridge in Python.
struct Fallback {
    runner: Arc<IsolatedPython>,
    _dir: TempDir,
}

#[async_trait]
impl RunnerFixture for Fallback {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runtime = install_runtime(dir.path(), None).unwrap();
        Self { runner: Arc::new(IsolatedPython::new(python(), runtime)), _dir: dir }
    }

    fn runner(&self) -> Arc<dyn Runner> {
        self.runner.clone()
    }
}

openautomate_core::runner_conformance!(fallback, Fallback);
openautomate_core::isolated_runner_conformance!(fallback_isolated, Fallback);

/// A process for each run, with the native bridge: the library that `make extension` builds.
struct Native {
    runner: Arc<IsolatedPython>,
    _dir: TempDir,
}

#[async_trait]
impl RunnerFixture for Native {
    async fn open() -> Self {
        let (runner, dir) = native();
        Self { runner: Arc::new(runner), _dir: dir }
    }

    fn runner(&self) -> Arc<dyn Runner> {
        self.runner.clone()
    }
}

fn native() -> (IsolatedPython, TempDir) {
    let extension = std::env::var_os("OPENAUTOMATE_EXTENSION").map_or_else(beside, PathBuf::from);
    assert!(extension.is_file(), "there is no {}; run `make extension`", extension.display());
    let dir = tempfile::tempdir().unwrap();
    let runtime = install_runtime(dir.path(), Some(&extension)).unwrap();
    (IsolatedPython::new(python(), runtime), dir)
}

/// `make extension` puts the library two folders above the tests.
fn beside() -> PathBuf {
    let name = if cfg!(windows) { "_openautomate.pyd" } else { "_openautomate.abi3.so" };
    std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join(name)
}

openautomate_core::runner_conformance!(native, Native);
openautomate_core::isolated_runner_conformance!(native_isolated, Native);
#[cfg(target_os = "linux")]
openautomate_core::confining_runner_conformance!(native_confining, Native);

#[tokio::test]
async fn the_native_bridge_is_used() {
    let source = "import sys\ndef run(): return 'openautomate._openautomate' in sys.modules";
    let play = || openautomate_core::conformance::runner::play::Play::main(source);
    assert_eq!(play().run(&Native::open().await).await.outputs()["result"], true);
    assert_eq!(play().run(&Fallback::open().await).await.outputs()["result"], false);
}

#[cfg(feature = "python")]
mod in_process {
    use openautomate_core::runner::python::InProcess;

    use super::*;

    /// This process, whose interpreter keeps what it has imported: one runtime serves all tests.
    struct Embedded(Arc<InProcess>);

    #[async_trait]
    impl RunnerFixture for Embedded {
        async fn open() -> Self {
            static RUNTIME: std::sync::OnceLock<(PathBuf, TempDir)> = std::sync::OnceLock::new();
            let (runtime, _) = RUNTIME.get_or_init(|| {
                let dir = tempfile::tempdir().unwrap();
                (install_runtime(dir.path(), None).unwrap(), dir)
            });
            Self(Arc::new(InProcess::new(runtime)))
        }

        fn runner(&self) -> Arc<dyn Runner> {
            self.0.clone()
        }
    }

    openautomate_core::runner_conformance!(embedded, Embedded);

    #[tokio::test(flavor = "multi_thread")]
    async fn a_run_that_cannot_be_stopped_is_given_up() {
        let source = "import time\ndef run():\n  print('go')\n  time.sleep(3)";
        let play = openautomate_core::conformance::runner::play::Play::main(source);
        let started = std::time::Instant::now();
        let ended = play.cancel_at(&Embedded::open().await, "go").await;
        ended.expect(openautomate_core::domain::RunStatus::Cancelled);
        assert!(started.elapsed() < std::time::Duration::from_secs(3));
        assert!(ended.texts()[1].contains("can't be stopped"), "{:?}", ended.texts());
    }
}
