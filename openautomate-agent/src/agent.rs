//! Putting an agent together and running it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use openautomate_core::clock::{Clock, SystemClock};
use openautomate_core::domain::{AgentFacts, IsolationLevel, Lease, Limits, Origin};
use openautomate_core::package::signature::PublicKey;
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::transport::{AgentMessage, Assignment, Transport};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::attempt::{Attempt, Attempts};
use crate::environment::{EnvironmentCache, EnvironmentSettings};
use crate::error::{Error, Result};
use crate::fetch::{DEFAULT_CACHE_BYTES, PackageCache};
use crate::loopback::Loopback;
use crate::pace::Pace;
use crate::prepare::{Preparations, prepare_always};
use crate::question::Questions;
use crate::release::{UpdateSettings, Updates, update_always};
use crate::trust::Trust;
use crate::usage::UsageMeter;
use crate::watch::{Folders, watch_always};
use crate::{adopt, facts, platform, run, session};

/// How long nothing is taken after an assignment could not be: the server would give it back at once.
const REFUSAL_PAUSE: Duration = Duration::from_secs(10);

/// Puts an [`Agent`] together.
#[derive(Debug)]
pub struct AgentBuilder {
    transport: Arc<dyn Transport>,
    data_dir: PathBuf,
    slots: u32,
    runners: RunnerRegistry,
    clock: Arc<dyn Clock>,
    drain_timeout: Duration,
    limits: Limits,
    isolation: IsolationLevel,
    facts: AgentFacts,
    loopback_port: Option<u16>,
    environments: Option<EnvironmentSettings>,
    package_keys: Vec<PublicKey>,
    author_keys: Vec<PublicKey>,
    cache_bytes: u64,
    watch_roots: Vec<PathBuf>,
    updates: Option<UpdateSettings>,
}

impl AgentBuilder {
    /// Runs this many executions at once; by default as many as there are processors.
    #[must_use]
    pub fn slots(mut self, slots: u32) -> Self {
        self.slots = slots.max(1);
        self
    }

    /// Runs executions with these runners; by default there is none.
    #[must_use]
    pub fn runners(mut self, runners: RunnerRegistry) -> Self {
        self.runners = runners;
        self
    }

    /// Takes the time of log lines from here.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Tells the server that these Pythons are here, as in `3.12.1`; by default none.
    #[must_use]
    pub fn python_versions(mut self, versions: Vec<String>) -> Self {
        self.facts.python_versions = versions;
        self
    }

    /// Lets runs go on for this long after the agent was asked to stop; by default 30 seconds.
    #[must_use]
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_timeout = timeout;
        self
    }

    /// Lets no run use more than this, whatever its package asks for; by default there is no limit.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Confines every run at least so far, where the machine can; by default as far as its package asks.
    #[must_use]
    pub fn isolation(mut self, level: IsolationLevel) -> Self {
        self.isolation = level;
        self
    }

    /// Serves the API that bots of the original template speak to on this port of the loopback; 0 takes a free
    /// one. It is off by default, and only processes of a running execution are answered.
    #[must_use]
    pub fn loopback_api(mut self, port: u16) -> Self {
        self.loopback_port = Some(port);
        self
    }

    /// Makes the environments that packages ask for; by default every package runs on the runner's own
    /// interpreter, whatever it asks for.
    #[must_use]
    pub fn environments(mut self, settings: EnvironmentSettings) -> Self {
        self.environments = Some(settings);
        self
    }

    /// Runs packages only that a repository with one of these keys published; by default the keys count that the
    /// server tells.
    #[must_use]
    pub fn package_keys(mut self, keys: Vec<PublicKey>) -> Self {
        self.package_keys = keys;
        self
    }

    /// Runs packages only that one of these authors signed as well; by default everybody's.
    #[must_use]
    pub fn author_keys(mut self, keys: Vec<PublicKey>) -> Self {
        self.author_keys = keys;
        self
    }

    /// Keeps unpacked packages of at most this many bytes, beside those in use, and as many bytes of chunks; by
    /// default 10 GiB.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Watches folders below these for triggers that wait for files; by default none, and a trigger for another folder
    /// is refused.
    #[must_use]
    pub fn watch_roots(mut self, roots: Vec<PathBuf>) -> Self {
        self.watch_roots = roots;
        self
    }

    /// Takes releases of the program from the server; by default they are refused.
    #[must_use]
    pub fn updates(mut self, settings: UpdateSettings) -> Self {
        self.updates = Some(settings);
        self
    }

    /// Makes the agent: takes its folder and takes up what is left in it.
    ///
    /// # Errors
    /// [`Error::InUse`] if another agent uses the folder; [`Error::Io`] if it can't be used;
    /// [`Error::Loopback`] if the port of the loopback API can't be had.
    pub fn build(mut self) -> Result<Agent> {
        // Runs work in folders of their own, where a relative path would mean another place.
        self.data_dir = std::path::absolute(&self.data_dir).map_err(Error::io("found", &self.data_dir))?;
        platform::create_private_dir(&self.data_dir).map_err(Error::io("made", &self.data_dir))?;
        let lock = lock(&self.data_dir)?;
        let attempts_dir = self.data_dir.join("attempts");
        std::fs::create_dir_all(&attempts_dir).map_err(Error::io("made", &attempts_dir))?;
        let attempts = adopt::leftovers(&attempts_dir, &*self.clock)?;
        let work_dir = self.data_dir.join("work");
        adopt::clear_work(&work_dir)?;
        let loopback = self.loopback_port.map(Loopback::bind).transpose()?;
        let environments = match self.environments {
            Some(settings) => {
                let folder = settings.folder.clone();
                let folder = folder.unwrap_or_else(|| self.data_dir.join("environments"));
                Some(EnvironmentCache::open(&folder, settings, Arc::clone(&self.clock))?)
            }
            None => None,
        };
        let updates = Updates::new(self.updates, &self.data_dir);
        let facts = AgentFacts {
            agent_version: updates.version().to_owned(),
            disk_bytes: platform::disk_bytes(&self.data_dir),
            is_updatable: updates.is_possible(),
            ..self.facts
        };
        let inner = Inner {
            transport: self.transport,
            packages: PackageCache::open(&self.data_dir, self.cache_bytes)?,
            trust: Trust::new(self.package_keys, self.author_keys),
            folders: Folders::new(&self.watch_roots, &self.data_dir)?,
            preparations: Preparations::default(),
            environments,
            attempts_dir,
            work_dir,
            slots: self.slots,
            pace: Pace::new(),
            runners: self.runners,
            clock: self.clock,
            drain_timeout: self.drain_timeout,
            limits: self.limits,
            isolation: self.isolation,
            facts,
            updates,
            usage: UsageMeter::default(),
            max_artifact_bytes: AtomicU64::new(u64::MAX),
            seals: AtomicBool::new(false),
            attempts: Mutex::new(
                attempts.into_iter().map(|attempt| (attempt.lease, Arc::new(attempt))).collect(),
            ),
            changed: Notify::new(),
            connection: watch::Sender::new(None),
            questions: Questions::default(),
            takes_from: Mutex::new(Instant::now()),
            running: TaskTracker::new(),
            loopback,
            _lock: lock,
        };
        Ok(Agent { inner: Arc::new(inner) })
    }
}

fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let file = File::create(&path).map_err(Error::io("opened", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::InUse(folder.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(Error::io("locked", &path)(error)),
    }
}

/// How many executions run at once unless something else is asked for: as many as there are processors.
#[must_use]
pub fn default_slots() -> u32 {
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    u32::try_from(processors).unwrap_or(2)
}

/// An agent.
#[derive(Clone, Debug)]
pub struct Agent {
    inner: Arc<Inner>,
}

impl Agent {
    /// Begins to put an agent together that keeps what it needs in a folder.
    #[must_use]
    pub fn builder(transport: Arc<dyn Transport>, data_dir: impl Into<PathBuf>) -> AgentBuilder {
        AgentBuilder {
            transport,
            data_dir: data_dir.into(),
            slots: default_slots(),
            runners: RunnerRegistry::new(),
            clock: Arc::new(SystemClock),
            drain_timeout: Duration::from_secs(30),
            limits: Limits::default(),
            isolation: IsolationLevel::default(),
            facts: facts(),
            loopback_port: None,
            environments: None,
            package_keys: Vec::new(),
            author_keys: Vec::new(),
            cache_bytes: DEFAULT_CACHE_BYTES,
            watch_roots: Vec::new(),
            updates: None,
        }
    }

    /// The port of the loopback API, if it is on.
    #[must_use]
    pub fn loopback_port(&self) -> Option<u16> {
        self.inner.loopback.as_ref().map(Loopback::port)
    }

    /// Works until `stop` is cancelled: then takes nothing new, lets runs go on for the drain timeout, and
    /// cancels the rest. What could not be told to the server is told at the next start. It also ends when another
    /// release of the program shall run ([`Agent::restarts`]).
    pub async fn run(&self, stop: CancellationToken) {
        let stops = stop.child_token();
        let works = session::run(Arc::clone(&self.inner), stops.clone());
        let serves = async {
            match &self.inner.loopback {
                Some(loopback) => loopback.serve(&self.inner).await,
                None => std::future::pending().await,
            }
        };
        let collects = async {
            match &self.inner.environments {
                Some(environments) => environments.collect_always().await,
                None => std::future::pending().await,
            }
        };
        // Nobody is left to ask when the runs have ended.
        tokio::select! {
            () = works => {}
            () = async {
                let restarts = async {
                    self.inner.updates.restart().cancelled().await;
                    stops.cancel();
                };
                tokio::join!(
                    serves,
                    collects,
                    restarts,
                    prepare_always(&self.inner),
                    watch_always(&self.inner),
                    update_always(&self.inner)
                );
                std::future::pending::<()>().await;
            } => {}
        }
    }

    /// Whether [`Agent::run`] ended so that the launcher starts another release of the program.
    #[must_use]
    pub fn restarts(&self) -> bool {
        self.inner.updates.restart().is_cancelled()
    }

    /// Kills every run at once. Nothing is told of it.
    pub(crate) fn kill_runs(&self) {
        for attempt in self.inner.attempts() {
            attempt.lost.cancel();
        }
    }
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) packages: PackageCache,
    pub(crate) trust: Trust,
    pub(crate) folders: Folders,
    /// What was deployed and is not ready.
    pub(crate) preparations: Preparations,
    /// `None` if packages run on the runner's own interpreter.
    pub(crate) environments: Option<EnvironmentCache>,
    attempts_dir: PathBuf,
    /// The working folders of the runs.
    pub(crate) work_dir: PathBuf,
    pub(crate) slots: u32,
    pub(crate) pace: Pace,
    pub(crate) runners: RunnerRegistry,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) drain_timeout: Duration,
    pub(crate) limits: Limits,
    pub(crate) isolation: IsolationLevel,
    pub(crate) facts: AgentFacts,
    pub(crate) usage: UsageMeter,
    pub(crate) updates: Updates,
    /// The largest file that the server keeps.
    pub(crate) max_artifact_bytes: AtomicU64,
    /// Whether the server gives secrets sealed only.
    pub(crate) seals: AtomicBool,
    attempts: Mutex<Attempts>,
    /// Something may be there to send.
    pub(crate) changed: Notify,
    /// How to reach the server, while there is a connection.
    pub(crate) connection: watch::Sender<Option<mpsc::Sender<AgentMessage>>>,
    /// What was asked of the server and is not answered.
    pub(crate) questions: Questions,
    takes_from: Mutex<Instant>,
    /// The runs.
    pub(crate) running: TaskTracker,
    loopback: Option<Loopback>,
    _lock: File,
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The attempts that are this agent's.
    pub(crate) fn attempts(&self) -> Vec<Arc<Attempt>> {
        self.lock().values().filter(|attempt| !attempt.is_given_up()).cloned().collect()
    }

    pub(crate) fn attempt(&self, lease: Lease) -> Option<Arc<Attempt>> {
        self.lock().get(&lease).filter(|attempt| !attempt.is_given_up()).cloned()
    }

    /// Tells no more of an attempt. Its run is killed, if there is one; then nothing of it stays.
    pub(crate) fn forget(&self, lease: Lease) {
        let attempt = self.lock().get(&lease).cloned();
        if let Some(attempt) = attempt.filter(|attempt| !attempt.give_up()) {
            self.drop_attempt(&attempt);
        }
    }

    /// Removes an attempt that nobody works on.
    pub(crate) fn drop_attempt(&self, attempt: &Attempt) {
        attempt.remove();
        self.lock().remove(&attempt.lease);
        self.changed.notify_one();
    }

    /// Gives an attempt one of the slots, if one is free.
    pub(crate) fn takes_a_slot(&self, attempt: &Attempt) -> bool {
        let attempts = self.lock();
        let busy = attempts.values().filter(|other| other.has_begun() && other.takes_slot()).count();
        let is_free = busy < self.slots as usize;
        if is_free {
            attempt.begin();
        }
        is_free
    }

    /// How many executions it would take now: as slots are free, and ahead of those that will be soon.
    pub(crate) fn free(&self) -> (u32, u32) {
        if self.updates.is_draining()
            || Instant::now() < *self.takes_from.lock().unwrap_or_else(PoisonError::into_inner)
        {
            return (0, 0);
        }
        let (mut busy, mut alive) = (0_u32, 0_u32);
        for attempt in self.lock().values() {
            busy += u32::from(attempt.takes_slot());
            alive += u32::from(attempt.is_alive());
        }
        let ahead = if self.pace.is_short() { self.slots } else { 0 };
        let free = self.slots.saturating_sub(busy);
        // Lent slots come on top. Executions that wait for each other stand no deeper than this, so that the last one
        // of each line finds room.
        let most = self.slots.saturating_mul(Origin::MAX_DEPTH + 1);
        let room = most.saturating_sub(alive);
        let ahead = (self.slots + ahead).saturating_sub(busy) - free;
        (free.min(room), ahead.min(room.saturating_sub(free)))
    }

    /// Has nothing begin any more if there is nothing to do; whether it was so.
    pub(crate) fn leave_if_idle(&self) -> bool {
        let attempts = self.lock();
        let is_idle = attempts.is_empty();
        if is_idle {
            self.updates.leave();
        }
        is_idle
    }

    /// After an assignment that could not be taken.
    pub(crate) fn take_nothing_for_a_while(&self) {
        *self.takes_from.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + REFUSAL_PAUSE;
    }

    /// Begins to run an assignment. One that it has already goes on as it is.
    pub(crate) fn begin(self: &Arc<Self>, assignment: Assignment, margin: Duration) {
        let lease = assignment.lease;
        let attempt = Arc::new(Attempt::assigned(&self.attempts_dir, &assignment, margin));
        let superseded: Vec<Lease> = {
            let mut attempts = self.lock();
            if self.updates.is_leaving() {
                // The next hello does not name it, so it is given to somebody else.
                return;
            }
            if attempts.contains_key(&lease) {
                tracing::warn!(?lease, "an assignment came twice; the second one is passed over");
                return;
            }
            attempts.insert(lease, Arc::clone(&attempt));
            let older = |known: &&Lease| known.execution == lease.execution && known.epoch < lease.epoch;
            attempts.keys().filter(older).copied().collect()
        };
        // A newer grant of the same execution says that the older ones are no more.
        for old in superseded {
            self.forget(old);
        }
        self.running.spawn(run::run(attempt, Arc::clone(self), assignment));
    }
}
