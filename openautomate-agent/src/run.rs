//! Running one attempt to its end, within its lease.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use openautomate_core::ErrorKind;
use openautomate_core::domain::{IsolationLevel, LogLevel, LogLine, LogStream, PreparationState, RunResult};
use openautomate_core::id::VersionId;
use openautomate_core::package::manifest::{self, IN_PACKAGE, WORKDIR_VARIABLE};
use openautomate_core::runner::{Job, RunControl};
use openautomate_core::secret::Masker;
use openautomate_core::transport::{Assignment, PackageGrant, PackageRef};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::agent::Inner;
use crate::attempt::{Attempt, name};
use crate::disk::{self, blocking};
use crate::environment::{Environment, Failure};
use crate::error::Error;
use crate::fetch::Package;
use crate::input_file;
use crate::listen::{EVENTS, Listener};
use crate::outcome::{cancelled, failed, lease_lost, tellable};
use crate::pace::{self, Turn};

/// How long a fetch waits before it is tried again.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a package is fetched of which a hash differs: the line may have broken it once.
const MAX_BROKEN_FETCHES: u32 = 3;
/// How long the server usually takes to have a result.
const TELLING: Duration = Duration::from_millis(50);
/// What a runner gets beyond the grace of a cancelled run, before it is dropped as defective.
const STOP_SLACK: Duration = Duration::from_secs(15);

/// Runs it to its end and keeps the result. Never fails: whatever goes wrong is the result.
pub(crate) async fn run(attempt: Arc<Attempt>, agent: Arc<Inner>, assignment: Assignment) {
    let turn = pace::turn(&attempt, &agent).await;
    if turn == Turn::TooLate {
        give_back(&attempt, &agent);
        return;
    }
    let began = Instant::now();
    let work_dir = agent.work_dir.join(name(attempt.lease));
    let kept = {
        let (attempt, assignment, fresh) = (Arc::clone(&attempt), assignment.clone(), work_dir.clone());
        // One way to another thread for both.
        blocking(move || {
            attempt.keep_assignment(&assignment)?;
            Ok(disk::make_fresh(&fresh))
        })
        .await
    };
    let made = match kept {
        Ok(made) => made,
        Err(error) => {
            tracing::error!(lease = ?attempt.lease, %error, "an assignment can't be taken; it is given back");
            agent.take_nothing_for_a_while();
            give_back(&attempt, &agent);
            return;
        }
    };
    let masker = attempt.masker.clone();
    let grace = Duration::from_millis(assignment.grace_ms);
    let runs = async {
        // Who waited in vain for a slot has none to run in.
        if turn != Turn::Slot {
            return if attempt.cancel.is_cancelled() {
                cancelled("cancelled before it began")
            } else {
                lease_lost()
            };
        }
        run_within_lease(&attempt, &agent, assignment, (work_dir.clone(), made), &masker).await
    };
    // A runner that panics must take neither its slot nor the agent with it.
    let runs = AssertUnwindSafe(runs).catch_unwind();
    // The run is dropped in here, and with it its processes.
    let ended = tokio::select! {
        result = runs => result.unwrap_or_else(|_| {
            failed("RunnerPanicked", "the runner has a defect; see the agent's log")
        }),
        () = attempt.deadline_passed() => lease_lost(),
        () = attempt.lost.cancelled() => lease_lost(),
        () = does_not_stop(&attempt, grace) => cancelled("the run did not stop by itself and was killed"),
    };
    let result = tellable(ended, &masker);
    let (settled, teller) = (Arc::clone(&attempt), Arc::clone(&agent));
    let settling = blocking(move || {
        if !settled.is_given_up() {
            settled.finish(result);
        }
        let is_given_up = settled.rest();
        teller.pace.took(began.elapsed());
        teller.pace.freed();
        // The server hears of it before the folder is gone.
        teller.changed.notify_one();
        if let Err(error) = disk::remove(&work_dir) {
            tracing::warn!(%error, "the working folder of a run stays on disk");
        }
        if is_given_up {
            teller.drop_attempt(&settled);
        }
        Ok(())
    });
    if let Err(error) = settling.await {
        tracing::error!(%error, "the end of a run could not be kept");
    }
    keep_unless_told(attempt).await;
}

fn give_back(attempt: &Attempt, agent: &Inner) {
    attempt.rest();
    attempt.refuse();
    agent.pace.freed();
    agent.changed.notify_one();
}

/// Has the result outlive a loss of power, unless the server has it within a moment: then there is nothing left
/// that could be lost.
async fn keep_unless_told(attempt: Arc<Attempt>) {
    tokio::time::sleep(TELLING).await;
    if !attempt.is_done() && !attempt.is_given_up() {
        let kept = blocking(move || attempt.sync_result()).await;
        if let Err(error) = kept {
            tracing::warn!(%error, "a result that the server does not have may not outlive a loss of power");
        }
    }
}

async fn does_not_stop(attempt: &Attempt, grace: Duration) {
    attempt.cancel.cancelled().await;
    tokio::time::sleep(grace + STOP_SLACK).await;
    tracing::error!(lease = ?attempt.lease, "a runner did not end a cancelled run in time; it is killed");
}

async fn run_within_lease(
    attempt: &Arc<Attempt>,
    agent: &Arc<Inner>,
    assignment: Assignment,
    (work_dir, is_made): (PathBuf, Result<(), Error>),
    masker: &Masker,
) -> RunResult {
    let runner = match agent.runners.get(&assignment.runtime) {
        Ok(runner) => runner,
        Err(error) => return failed("StartFailed", error.message()),
    };
    // Also of a package that is there already: it may have been fetched under another name.
    if let Err(error) = agent.trust.check(&assignment.package) {
        return failed("PackageUntrusted", of_package(&assignment.package, &error));
    }
    let (package, environment) = match made_ready(attempt, agent, &assignment).await {
        Ok(made) => made,
        Err(result) => return result,
    };
    // Whoever expects its own files in its working directory gets a copy: a run must not change the package.
    let in_package = assignment.env.get(WORKDIR_VARIABLE).is_some_and(|value| value == IN_PACKAGE);
    let copied = match is_made {
        Ok(()) if in_package => {
            let (source, target) = (package.folder.clone(), work_dir.clone());
            blocking(move || disk::copy_tree(&source, &target)).await
        }
        is_made => is_made,
    };
    if let Err(error) = copied {
        return failed("StartFailed", error.to_string());
    }
    let mut inputs = assignment.inputs;
    let fetched = tokio::select! {
        fetched = input_file::fetch(&*agent.transport, attempt.lease, &assignment.files, &work_dir, &mut inputs) => fetched,
        () = attempt.cancel.cancelled() => return cancelled("cancelled before its input files were there"),
    };
    match fetched {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::StaleLease => return lease_lost(),
        Err(error) => return failed("InputFileFailed", error.message()),
    }
    let job = Job {
        lease: assignment.lease,
        package: assignment.package.name,
        package_dir: if in_package { work_dir.clone() } else { package.folder.clone() },
        work_dir,
        entrypoint: assignment.entrypoint,
        command: assignment.command,
        inputs,
        env: assignment.env,
        timeout: assignment.timeout_ms.map(Duration::from_millis),
        grace: Duration::from_millis(assignment.grace_ms),
        python: environment.as_ref().map(Environment::python),
        limits: assignment.limits.within(&agent.limits),
        isolation: assignment.isolation.max(agent.isolation),
    };
    let (events, receiver) = mpsc::channel(EVENTS);
    if let Some(bytes) = job.limits.log_bytes {
        attempt.state().spool.keep_at_most(bytes);
    }
    let mut listener =
        Listener::new(attempt, agent, masker, job.limits.log_lines_per_second, job.work_dir.clone());
    if job.isolation == IsolationLevel::L2 {
        listener = listener.confined_to([job.work_dir.clone(), job.package_dir.clone()]);
    }
    attempt.state().started = true;
    agent.changed.notify_one();
    let runs = runner.run(job, RunControl { events, cancel: attempt.cancel.clone() });
    let (result, ()) = tokio::join!(runs, listener.listen(receiver));
    result
}

/// What is wrong with a package, with its name and version: who reads of a failed run may not know which it was.
fn of_package(package: &PackageRef, error: &openautomate_core::Error) -> String {
    format!("package {} {}: {}", package.name, package.version_number, error.message())
}

/// Notes how far the version is that shall run, until it was ready once: most runs find it so.
fn note(agent: &Inner, version: Option<VersionId>, state: PreparationState, reason: Option<&str>) {
    let Some(version) = version else { return };
    if agent.preparations.state(version) != Some(PreparationState::Ready) {
        agent.preparations.note(version, state, reason.map(str::to_owned));
        agent.changed.notify_one();
    }
}

/// What the run needs, neither of which is removed before it is over; or how the run ends without it.
async fn made_ready(
    attempt: &Attempt,
    agent: &Inner,
    assignment: &Assignment,
) -> Result<(Package, Option<Environment>), RunResult> {
    let version = assignment.version;
    note(agent, version, PreparationState::Fetching, None);
    let fetched = tokio::select! {
        fetched = fetch(agent, assignment) => fetched,
        () = attempt.cancel.cancelled() => return Err(cancelled("cancelled before it began")),
    };
    let package = match fetched {
        Ok(package) => package,
        Err(error) if error.kind() == ErrorKind::StaleLease => return Err(lease_lost()),
        Err(error) => {
            note(agent, version, PreparationState::Failed, Some(error.message()));
            return Err(failed("PackageInvalid", of_package(&assignment.package, &error)));
        }
    };
    let made = tokio::select! {
        made = environment(attempt, agent, assignment, &package.folder) => made,
        () = attempt.cancel.cancelled() => return Err(cancelled("cancelled before its environment was ready")),
    };
    let environment = made.map_err(|failure| {
        note(agent, version, PreparationState::Failed, Some(&failure.to_string()));
        failed("EnvironmentFailed", failure.to_string())
    })?;
    note(agent, version, PreparationState::Ready, None);
    Ok((package, environment))
}

/// The environment that the package asks for, made if need be; the log of the attempt tells of it.
async fn environment(
    attempt: &Attempt,
    agent: &Inner,
    assignment: &Assignment,
    package_dir: &Path,
) -> Result<Option<Environment>, Failure> {
    let Some(cache) = agent.environments.as_ref().filter(|_| assignment.runtime == manifest::PYTHON) else {
        return Ok(None);
    };
    let tell = |level, text: String| {
        attempt.append([LogLine::new(agent.clock.now(), level, LogStream::System, text)]);
        agent.changed.notify_one();
    };
    let made = async {
        let digest = &assignment.package.digest;
        match cache.requirement(package_dir, &assignment.entrypoint, digest).await? {
            Some(requirement) => {
                note(agent, assignment.version, PreparationState::Building, None);
                cache.ensure(&requirement, &tell).await.map(Some)
            }
            None => Ok(None),
        }
    };
    made.await.inspect_err(|failure: &Failure| {
        failure.words.iter().for_each(|line| tell(LogLevel::Error, line.clone()));
    })
}

async fn fetch(agent: &Inner, assignment: &Assignment) -> openautomate_core::Result<Package> {
    let grant = PackageGrant::Lease(assignment.lease);
    let mut broken = 0;
    loop {
        match agent.packages.fetch(&*agent.transport, grant, &assignment.package).await {
            Err(error) if matches!(error.code(), "index.damaged" | "chunk.damaged") => {
                broken += 1;
                if broken == MAX_BROKEN_FETCHES {
                    return Err(error);
                }
            }
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                tracing::debug!(%error, "a package could not be fetched; trying again");
                tokio::time::sleep(PAUSE).await;
            }
            other => return other,
        }
    }
}
