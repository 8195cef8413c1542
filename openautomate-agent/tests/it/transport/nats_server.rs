//! A NATS server of a test's own, which it may kill.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The program: `.ci/nats` finds or installs it.
fn program() -> PathBuf {
    let named = std::env::var_os("OPENAUTOMATE_TEST_NATS_SERVER").map(PathBuf::from);
    let usual =
        ["/usr/sbin/nats-server", "/usr/local/bin/nats-server", "/usr/bin/nats-server"].map(PathBuf::from);
    named
        .or_else(|| usual.into_iter().find(|path| path.is_file()))
        .expect("there is no nats-server; .ci/nats installs it, or name it by OPENAUTOMATE_TEST_NATS_SERVER")
}

pub(super) struct NatsServer {
    folder: tempfile::TempDir,
    port: u16,
    process: Mutex<Child>,
}

impl NatsServer {
    pub(super) fn start() -> Self {
        Self::with("")
    }

    /// With these lines in its configuration.
    pub(super) fn with(configuration: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("nats.conf"), configuration).unwrap();
        let process = spawn(folder.path(), -1);
        let port = port(folder.path(), process.id());
        Self { folder, port, process: Mutex::new(process) }
    }

    pub(super) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Kills it without warning and starts it again, at the same port.
    pub(super) fn restart(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
        *process = spawn(self.folder.path(), i32::from(self.port));
        port(self.folder.path(), process.id());
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        let process = self.process.get_mut().unwrap();
        let _ = process.kill();
        let _ = process.wait();
    }
}

fn spawn(folder: &Path, port: i32) -> Child {
    let log = std::fs::File::options().create(true).append(true).open(folder.join("log")).unwrap();
    Command::new(program())
        .args(["--addr", "127.0.0.1", "--port", &port.to_string(), "--ports_file_dir"])
        .arg(folder)
        .arg("--config")
        .arg(folder.join("nats.conf"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// The port that it tells once it listens.
fn port(folder: &Path, process: u32) -> u16 {
    let path = folder.join(format!("nats-server_{process}.ports"));
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let told = std::fs::read_to_string(&path).ok();
        let told = told.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
        if let Some(url) = told.as_ref().and_then(|ports| ports["nats"][0].as_str()) {
            return url.rsplit(':').next().unwrap().parse().unwrap();
        }
        assert!(
            Instant::now() < end,
            "NATS does not start: {}",
            std::fs::read_to_string(folder.join("log")).unwrap()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
