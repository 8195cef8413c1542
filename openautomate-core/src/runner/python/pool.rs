//! Processes that wait for runs, so that a run does not wait for a process.
//!
//! Each is used once. Which interpreter it is, is settled at its start; everything else it takes over from
//! the run: working directory, environment variables, mark, limits. On Linux they are forked from a zygote
//! an interpreter; elsewhere, and where the zygote fails, each is started by itself.

use std::collections::{HashMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::time::Instant;

use super::isolated::Program;
use crate::runner::process::{Launched, launch};

#[cfg(target_os = "linux")]
use crate::runner::process::linux::Zygote;

/// How long a process may take until it waits.
const START: Duration = Duration::from_secs(20);
/// An interpreter whose processes don't come up is left alone for this long.
const PAUSE: Duration = Duration::from_secs(60);
/// How long demand is remembered.
const WINDOW: Duration = Duration::from_secs(2);
/// How often what is too much is ended.
const SWEEP: Duration = Duration::from_secs(5);
/// What a process says when it is ready is shorter.
const MAX_READY: usize = 1024;

/// How many processes wait for runs.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// At most so many, over all interpreters; 0 switches the pool off.
    pub max_idle: usize,
    /// At most so many bytes of memory in those that wait.
    pub max_idle_bytes: u64,
    /// An interpreter that ran nothing for this long keeps nothing waiting.
    pub keep: Duration,
    /// Whether Linux forks them from a zygote.
    pub zygote: bool,
    /// Modules that a zygote imports before it forks: every run has them loaded. One that an environment lacks,
    /// or that starts a thread when it is imported, is left out there, and the log says so. Libraries of linear
    /// algebra that are preloaded compute in one thread.
    pub preload: Vec<String>,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_idle: 8,
            max_idle_bytes: 256 * 1024 * 1024,
            keep: Duration::from_secs(600),
            zygote: true,
            preload: Vec::new(),
        }
    }
}

/// A process that waits, with what it has said so far.
#[derive(Debug)]
pub(super) struct Warm {
    pub(super) launched: Launched,
    pub(super) said: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct Pool {
    settings: PoolSettings,
    program: Program,
    environments: Mutex<HashMap<PathBuf, Environment>>,
}

#[derive(Debug)]
struct Environment {
    idle: VecDeque<(Warm, u64)>,
    /// Being started.
    coming: usize,
    /// When runs took one, within the window.
    takes: VecDeque<Instant>,
    last_used: Instant,
    /// No process comes up before.
    broken_until: Option<Instant>,
    #[cfg(target_os = "linux")]
    zygote: Option<Arc<Zygote>>,
    /// The memory of one that the zygote forked.
    #[cfg(target_os = "linux")]
    forked_bytes: Option<u64>,
    is_swept: bool,
}

impl Environment {
    fn new() -> Self {
        Self {
            idle: VecDeque::new(),
            coming: 0,
            takes: VecDeque::new(),
            last_used: Instant::now(),
            broken_until: None,
            #[cfg(target_os = "linux")]
            zygote: None,
            #[cfg(target_os = "linux")]
            forked_bytes: None,
            is_swept: false,
        }
    }

    /// How many should wait: one, and as many more as were taken just now.
    fn target(&mut self, settings: &PoolSettings) -> usize {
        let now = Instant::now();
        if self.broken_until.is_some_and(|until| now < until) || self.last_used + settings.keep < now {
            return 0;
        }
        while self.takes.front().is_some_and(|take| *take + WINDOW < now) {
            self.takes.pop_front();
        }
        (1 + self.takes.len()).min(settings.max_idle)
    }
}

impl Pool {
    pub(super) fn new(settings: PoolSettings, program: Program) -> Self {
        Self { settings, program, environments: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PathBuf, Environment>> {
        self.environments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A process for a run with this interpreter, if one waits or can be forked at once.
    pub(super) async fn take(self: &Arc<Self>, python: &Path) -> Option<Warm> {
        let found = {
            let mut environments = self.lock();
            let environment = environments.entry(python.to_owned()).or_insert_with(Environment::new);
            environment.last_used = Instant::now();
            environment.takes.push_back(Instant::now());
            environment.idle.pop_front()
        };
        let warm = match found {
            Some((warm, _)) => Some(warm),
            None => self.fork(python).await,
        };
        self.refill(python);
        warm
    }

    /// Has one wait for this interpreter soon.
    pub(super) fn prepare(self: &Arc<Self>, python: &Path) {
        self.lock().entry(python.to_owned()).or_insert_with(Environment::new).last_used = Instant::now();
        self.refill(python);
    }

    /// How many wait for this interpreter.
    pub(super) fn idle(&self, python: &Path) -> usize {
        self.lock().get(python).map_or(0, |environment| environment.idle.len())
    }

    #[cfg(target_os = "linux")]
    async fn fork(&self, python: &Path) -> Option<Warm> {
        let zygote = self.lock().get(python)?.zygote.clone()?;
        let launched = zygote.fork().await.ok()?;
        Some(Warm { launched, said: Vec::new() })
    }

    #[cfg(not(target_os = "linux"))]
    #[expect(clippy::unused_async, reason = "its twin waits")]
    async fn fork(&self, _: &Path) -> Option<Warm> {
        None
    }

    /// Starts as many as are missing, beside the caller.
    fn refill(self: &Arc<Self>, python: &Path) {
        let missing = {
            let mut environments = self.lock();
            let total: usize = environments.values().map(|one| one.idle.len() + one.coming).sum();
            let Some(environment) = environments.get_mut(python) else { return };
            let wanted = environment.target(&self.settings);
            let missing = wanted.saturating_sub(environment.idle.len() + environment.coming);
            let missing = missing.min(self.settings.max_idle.saturating_sub(total));
            // One after the other where one is coming already: the processors belong to the runs.
            let missing = if environment.coming > 0 { 0 } else { missing };
            environment.coming += missing;
            if missing > 0 && !environment.is_swept {
                environment.is_swept = true;
                tokio::spawn(sweep(Arc::downgrade(self), python.to_owned()));
            }
            missing
        };
        if missing > 0 {
            let (pool, python) = (Arc::clone(self), python.to_owned());
            tokio::spawn(async move {
                for _ in 0..missing {
                    let started = tokio::time::timeout(START, pool.start(&python)).await;
                    pool.settle(&python, started.unwrap_or(None));
                }
                // More may have been taken meanwhile.
                pool.refill(&python);
            });
        }
    }

    /// Notes what became of a start.
    fn settle(&self, python: &Path, started: Option<Warm>) {
        let bytes = started.as_ref().map_or(0, |warm| self.memory(python, warm));
        let mut environments = self.lock();
        let held: u64 = environments.values().flat_map(|one| &one.idle).map(|(_, bytes)| bytes).sum();
        let Some(environment) = environments.get_mut(python) else { return };
        environment.coming -= 1;
        match started {
            Some(warm) if held + bytes <= self.settings.max_idle_bytes => {
                environment.idle.push_back((warm, bytes));
            }
            Some(_) => tracing::debug!("no more memory is spent on processes that wait"),
            None => {
                tracing::debug!(python = %python.display(), "no process waits for runs of this interpreter");
                environment.broken_until = Some(Instant::now() + PAUSE);
            }
        }
    }

    /// The memory of one that waits. Those that a zygote forks are alike, and the kernel takes its time to count.
    fn memory(&self, python: &Path, warm: &Warm) -> u64 {
        #[cfg(target_os = "linux")]
        if let Some(bytes) = self.lock().get(python).and_then(|environment| environment.forked_bytes) {
            return bytes;
        }
        let bytes = warm.launched.process.memory().unwrap_or(0);
        #[cfg(target_os = "linux")]
        if let Some(environment) =
            self.lock().get_mut(python).filter(|environment| environment.zygote.is_some())
        {
            environment.forked_bytes = Some(bytes);
        }
        bytes
    }

    /// Starts one process and waits until it waits.
    async fn start(&self, python: &Path) -> Option<Warm> {
        #[cfg(target_os = "linux")]
        if self.settings.zygote {
            self.start_zygote(python).await;
        }
        let mut warm = match self.fork(python).await {
            Some(warm) => warm,
            None => {
                let launched = launch(self.program.waiting(python)).await.ok()?;
                Warm { launched, said: Vec::new() }
            }
        };
        let channel = &mut warm.launched.channel.as_mut()?.0;
        let mut buffer = [0; 256];
        while !warm.said.contains(&b'\n') {
            channel.ready().await;
            match channel.read_now(&mut buffer) {
                None => {}
                Some(0) => return None,
                Some(count) => warm.said.extend_from_slice(&buffer[..count]),
            }
            if warm.said.len() > MAX_READY {
                return None;
            }
        }
        Some(warm)
    }

    #[cfg(target_os = "linux")]
    async fn start_zygote(&self, python: &Path) {
        let has_one =
            |environment: &Environment| environment.zygote.as_ref().is_some_and(|zygote| !zygote.has_ended());
        if self.lock().get(python).is_none_or(has_one) {
            return;
        }
        // One start an interpreter goes on at a time, so there is no second zygote.
        match Zygote::start(self.program.zygote(python, &self.settings.preload)).await {
            Ok(zygote) => {
                if let Some(environment) = self.lock().get_mut(python) {
                    (environment.zygote, environment.forked_bytes) = (Some(Arc::new(zygote)), None);
                }
            }
            Err(error) => tracing::warn!(%error, "processes are started one by one"),
        }
    }

    /// Ends what waits in vain; whether there is anything left to look after.
    fn trim(&self, python: &Path) -> bool {
        let mut ended = Vec::new();
        let mut environments = self.lock();
        let Some(environment) = environments.get_mut(python) else { return false };
        let target = environment.target(&self.settings);
        while environment.idle.len() > target {
            ended.extend(environment.idle.pop_front());
        }
        let is_over = environment.last_used + self.settings.keep < Instant::now() && environment.coming == 0;
        let forgotten = if is_over { environments.remove(python) } else { None };
        drop(environments);
        // Killing takes a moment, so it is done without the lock.
        drop((ended, forgotten));
        !is_over
    }
}

async fn sweep(pool: Weak<Pool>, python: PathBuf) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let Some(pool) = pool.upgrade() else { return };
        if !pool.trim(&python) {
            return;
        }
        pool.refill(&python);
    }
}
