//! The launcher: starts the program that shall run, and goes back to the one before if a new one is not healthy.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use openautomate_core::package::signature::PublicKey;
use semver::Version;
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::Instant;

use super::folder::{Current, ReleaseFolder};
use crate::disk::blocking;
use crate::error::{Error, Result};
use crate::platform::StopSignals;

/// The exit code of a worker that asks to be started again: the launcher decides anew what that is. It is `EX_TEMPFAIL`
/// of `sysexits.h`.
pub const RESTART: u8 = 75;
/// How often a release may be started that was never healthy: one that takes the launcher with it shall not be tried
/// for ever.
const MOST_TRIES: u32 = 5;
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long a worker rests that asks for a restart at once.
const PAUSE: Duration = Duration::from_secs(1);

/// How the agent is started.
#[derive(Clone, Debug)]
pub struct LaunchSettings {
    /// The agent's data folder.
    pub data_dir: PathBuf,
    /// The installed program.
    pub program: PathBuf,
    /// The version of the installed program.
    pub version: String,
    /// What each worker is started with.
    pub arguments: Vec<OsString>,
    /// The keys of which one has signed what is started, beside the installed program.
    pub release_keys: Vec<PublicKey>,
    /// How long a new program may take until it is healthy.
    pub healthy_within: Duration,
}

/// What is started.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Choice {
    program: PathBuf,
    version: String,
    /// Whether it has to prove itself.
    is_trial: bool,
}

/// How a worker ended.
enum Ended {
    /// By itself, or as it was asked to.
    With(ExitStatus),
    /// It shall be started again, or another one in its place.
    Again,
    /// It was new and not healthy, for this reason.
    Unhealthy(String),
}

/// Runs workers until one ends for good; gives its exit code. Blocks nobody; dropped, it kills the worker.
///
/// # Errors
/// [`Error::Io`] if a program can't be started, or the state of the releases can't be written.
pub async fn launch(settings: LaunchSettings) -> Result<u8> {
    let folder = ReleaseFolder::of(&settings.data_dir);
    let mut signals = StopSignals::listen().map_err(Error::io("heard by signals", &settings.program))?;
    let mut last: Option<Choice> = None;
    loop {
        let (chooser, found) = (settings.clone(), folder.clone());
        let choice = blocking(move || choose(&chooser, &found)).await?;
        if last.as_ref() == Some(&choice) {
            tokio::time::sleep(PAUSE).await;
        }
        tracing::info!(version = choice.version, trial = choice.is_trial, "starting the agent");
        let ended = match start(&settings, &choice) {
            Ok(mut child) => watch(&mut child, &choice, &settings, &folder, &mut signals).await?,
            Err(error) if choice.program == settings.program => return Err(error),
            Err(error) => Ended::Unhealthy(error.to_string()),
        };
        match ended {
            Ended::With(status) => {
                return Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
            }
            Ended::Again => {}
            Ended::Unhealthy(reason) => {
                tracing::error!(version = choice.version, reason, "the new agent is not healthy; going back");
                let (found, version) = (folder.clone(), choice.version.clone());
                blocking(move || give_up(&found, &version, &reason)).await?;
            }
        }
        last = Some(choice);
    }
}

/// The program that shall run: the current release if it is all right, else the one before, else the installed one.
fn choose(settings: &LaunchSettings, folder: &ReleaseFolder) -> Result<Choice> {
    let installed =
        || Choice { program: settings.program.clone(), version: settings.version.clone(), is_trial: false };
    while let Some(current) = folder.current() {
        match folder.check(&current.version, &settings.release_keys) {
            Ok(_) if was_replaced(settings, &current) => {
                tracing::info!(
                    version = settings.version,
                    "a newer program was installed; it runs from now on"
                );
                folder.set_current(None)?;
            }
            Ok(_) => {
                let is_trial = !folder.is_healthy(&current.version);
                if is_trial && folder.count_try(&current.version)? > MOST_TRIES {
                    let reason = format!("it was started {MOST_TRIES} times and never became healthy");
                    give_up(folder, &current.version, &reason)?;
                    continue;
                }
                // Where it lies is found from whatever folder it is started in.
                let program = folder.program(&current.version);
                let program = std::path::absolute(&program).map_err(Error::io("found", &program))?;
                return Ok(Choice { program, version: current.version, is_trial });
            }
            Err(reason) => {
                tracing::error!(version = current.version, reason, "a release is not started");
                give_up(folder, &current.version, &reason)?;
            }
        }
    }
    Ok(installed())
}

/// Whether a program was installed since the release was chosen that is newer than it.
fn was_replaced(settings: &LaunchSettings, current: &Current) -> bool {
    let is_newer = match (Version::parse(&settings.version), Version::parse(&current.version)) {
        (Ok(installed), Ok(release)) => installed >= release,
        _ => false,
    };
    is_newer && settings.version != current.over
}

/// Has a release never started again, and the one before be the current one. In this order: a kill in between leaves a
/// current release that is bad, which is found out at the next start.
fn give_up(folder: &ReleaseFolder, version: &str, reason: &str) -> Result<()> {
    let current = folder.current().filter(|current| current.version == version);
    folder.mark_bad(version, reason)?;
    let Some(current) = current else { return Ok(()) };
    let before = current.previous.filter(|before| before != version);
    let before = before.map(|version| Current { version, previous: None, over: current.over });
    folder.set_current(before.as_ref())
}

fn start(settings: &LaunchSettings, choice: &Choice) -> Result<Child> {
    let mut command = Command::new(&choice.program);
    command.args(&settings.arguments).arg("--launched-as").arg(&choice.version);
    command.stdin(Stdio::piped()).kill_on_drop(true);
    command.spawn().map_err(Error::io("started", &choice.program))
}

async fn watch(
    child: &mut Child,
    choice: &Choice,
    settings: &LaunchSettings,
    folder: &ReleaseFolder,
    signals: &mut StopSignals,
) -> Result<Ended> {
    // Kept open until the worker has ended: the end of the line tells it that the launcher is gone.
    let mut line = child.stdin.take();
    let deadline = Instant::now() + settings.healthy_within;
    let (mut is_trial, mut stops) = (choice.is_trial, 0_u32);
    let mut look = tokio::time::interval(LOOK_EVERY);
    loop {
        tokio::select! {
            ended = child.wait() => {
                let status = ended.map_err(Error::io("waited for", &choice.program))?;
                let was_healthy = !is_trial || folder.is_healthy(&choice.version);
                return Ok(match status.code() {
                    Some(code) if code == i32::from(RESTART) && stops == 0 => Ended::Again,
                    _ if stops > 0 || was_healthy => Ended::With(status),
                    _ => Ended::Unhealthy(format!("it ended before it was connected: {status}")),
                });
            }
            () = signals.next() => {
                stops += 1;
                say(&mut line, if stops == 1 { "stop\n" } else { "kill\n" }).await;
            }
            _ = look.tick(), if is_trial && stops == 0 => {
                if folder.is_healthy(&choice.version) {
                    is_trial = false;
                    tracing::info!(version = choice.version, "the new agent is healthy");
                } else if Instant::now() > deadline {
                    // One that can't be killed is gone already.
                    let _ = child.kill().await;
                    let seconds = settings.healthy_within.as_secs();
                    return Ok(Ended::Unhealthy(format!("it was not connected within {seconds} seconds")));
                }
            }
        }
    }
}

/// Tells the worker something; one that hears nothing ends by itself.
async fn say(line: &mut Option<ChildStdin>, text: &str) {
    if let Some(line) = line {
        let _ = line.write_all(text.as_bytes()).await;
        let _ = line.flush().await;
    }
}
