//! The worker's part of an update: fetched, checked, staged, and started once there is nothing to do.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt as _;
use openautomate_core::ErrorKind;
use openautomate_core::domain::AgentUpdateState;
use openautomate_core::error::{Error as CoreError, Result as CoreResult};
use openautomate_core::id::AgentRolloutId;
use openautomate_core::package::signature::PublicKey;
use openautomate_core::release::{ReleaseFile, ReleaseManifest};
use openautomate_core::transport::{AgentMessage, PROTOCOL_VERSION, UpdateOrder};
use semver::Version;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::TARGET;
use super::folder::{Current, ReleaseFolder, is_file};
use crate::agent::Inner;
use crate::disk::blocking;
use crate::platform;

/// The pause before a fetch is tried again; each further one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often a program is fetched that comes otherwise than it was signed.
const MAX_DAMAGED: u32 = 3;
/// What an update leaves free of the disk, in bytes.
const ROOM: u64 = 64 * 1024 * 1024;
/// How often it is looked whether there is nothing to do.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long the server may take to hear that the agent restarts.
const TELLING: Duration = Duration::from_secs(2);

/// What an agent needs to take releases from its server.
#[derive(Clone, Debug)]
pub struct UpdateSettings {
    /// The keys of which one has to have signed a release.
    pub release_keys: Vec<PublicKey>,
    /// As which version the launcher started this program; `None` if nothing starts it again.
    pub launched_as: Option<String>,
}

/// What is known of updates.
#[derive(Debug)]
pub(crate) struct Updates {
    settings: Option<UpdateSettings>,
    folder: ReleaseFolder,
    state: Mutex<State>,
    came: Notify,
    /// Nothing new is taken.
    draining: AtomicBool,
    /// There is nothing to do, and the program ends.
    leaving: AtomicBool,
    /// Ends the program so that it is started again.
    restart: CancellationToken,
}

#[derive(Debug, Default)]
struct State {
    order: Option<UpdateOrder>,
    word: Option<Word>,
    is_said: bool,
}

#[derive(Clone, Debug)]
struct Word {
    rollout: AgentRolloutId,
    state: AgentUpdateState,
    reason: Option<String>,
}

impl Updates {
    pub(crate) fn new(settings: Option<UpdateSettings>, data_dir: &Path) -> Self {
        Self {
            settings,
            folder: ReleaseFolder::of(data_dir),
            state: Mutex::default(),
            came: Notify::new(),
            draining: AtomicBool::new(false),
            leaving: AtomicBool::new(false),
            restart: CancellationToken::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a release can be taken at all.
    pub(crate) fn is_possible(&self) -> bool {
        let launched = self.settings.as_ref().filter(|settings| !settings.release_keys.is_empty());
        launched.is_some_and(|settings| settings.launched_as.is_some())
    }

    /// The version that runs.
    pub(crate) fn version(&self) -> &str {
        let launched = self.settings.as_ref().and_then(|settings| settings.launched_as.as_deref());
        launched.unwrap_or(env!("CARGO_PKG_VERSION"))
    }

    /// Takes what the server asks for.
    pub(crate) fn order(&self, order: UpdateOrder) {
        self.lock().order = Some(order);
        self.came.notify_one();
    }

    async fn next(&self) -> UpdateOrder {
        loop {
            let next = self.lock().order.take();
            match next {
                Some(order) => return order,
                None => self.came.notified().await,
            }
        }
    }

    /// What the server was not told, to be told now. Should it be lost with the connection, the server asks again.
    pub(crate) fn unsaid(&self) -> Option<AgentMessage> {
        let mut state = self.lock();
        let word = state.word.clone().filter(|_| !state.is_said)?;
        state.is_said = true;
        let Word { rollout, state, reason } = word;
        Some(AgentMessage::Update { rollout, state, reason })
    }

    /// Whether there is something to tell.
    fn has_unsaid(&self) -> bool {
        let state = self.lock();
        state.word.is_some() && !state.is_said
    }

    /// Whether nothing new is taken.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::SeqCst)
    }

    /// Has the program end; the caller saw that there is nothing to do, and lets nothing come in between.
    pub(crate) fn leave(&self) {
        self.leaving.store(true, Ordering::SeqCst);
    }

    /// Whether the program ends, so that nothing may begin.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::SeqCst)
    }

    /// The signal that the program shall end and be started again.
    pub(crate) fn restart(&self) -> &CancellationToken {
        &self.restart
    }

    /// Notes that the server welcomed this program: a release that was on trial has proved itself.
    pub(crate) async fn welcomed(&self) {
        let Some(version) = self.settings.as_ref().and_then(|settings| settings.launched_as.clone()) else {
            return;
        };
        let folder = self.folder.clone();
        let marked = blocking(move || {
            let is_release = folder.current().is_some_and(|current| current.version == version);
            if is_release { folder.mark_healthy(&version) } else { Ok(()) }
        });
        if let Err(error) = marked.await {
            tracing::error!(%error, "it can't be kept that this release is healthy");
        }
    }
}

/// Follows what the server asks for, one release at a time, until it is dropped.
pub(crate) async fn update_always(agent: &Inner) {
    let updates = &agent.updates;
    let mut order = updates.next().await;
    loop {
        let replaced = follow_until_replaced(agent, &order).await;
        updates.draining.store(updates.is_leaving(), Ordering::SeqCst);
        agent.changed.notify_one();
        order = match replaced {
            Some(order) => order,
            None => updates.next().await,
        };
    }
}

/// Follows an order to its end; gives the one that came in its place.
async fn follow_until_replaced(agent: &Inner, order: &UpdateOrder) -> Option<UpdateOrder> {
    let updates = &agent.updates;
    let following = follow(agent, order);
    tokio::pin!(following);
    loop {
        tokio::select! {
            () = &mut following => return None,
            next = updates.next() => {
                let is_same = next.rollout == order.rollout && next.is_cancelled == order.is_cancelled;
                // Once it leaves, nothing holds it back: it would take nothing new and go on for ever.
                if !is_same && !updates.is_leaving() {
                    return Some(next);
                }
                // The server forgot, or never heard.
                updates.lock().is_said = false;
                agent.changed.notify_one();
            }
        }
    }
}

/// Why an update ends.
struct End(AgentUpdateState, Option<String>);

fn failed(why: impl Into<String>) -> End {
    End(AgentUpdateState::Failed, Some(why.into()))
}

impl From<CoreError> for End {
    fn from(error: CoreError) -> Self {
        failed(error.message())
    }
}

impl From<crate::error::Error> for End {
    fn from(error: crate::error::Error) -> Self {
        failed(error.to_string())
    }
}

fn say(agent: &Inner, order: &UpdateOrder, state: AgentUpdateState, reason: Option<String>) {
    let mut kept = agent.updates.lock();
    kept.word = Some(Word { rollout: order.rollout, state, reason });
    kept.is_said = false;
    drop(kept);
    agent.changed.notify_one();
}

async fn follow(agent: &Inner, order: &UpdateOrder) {
    if let Err(End(state, reason)) = step_by_step(agent, order).await {
        tracing::info!(?state, reason, "an update has ended");
        say(agent, order, state, reason);
    }
}

/// Goes as far as it can; ends by a restart of the program, or says why not. Cancel safe: what was fetched is gone on
/// with.
async fn step_by_step(agent: &Inner, order: &UpdateOrder) -> Result<(), End> {
    let updates = &agent.updates;
    let keys = updates.settings.as_ref().map(|settings| settings.release_keys.as_slice()).unwrap_or_default();
    if keys.is_empty() {
        return Err(failed("this agent trusts no release key; start it with --release-key"));
    }
    let manifest = order.release.open(keys)?;
    let missing = || failed(format!("the release {} has no program for {TARGET}", manifest.version));
    let file = manifest.targets.get(TARGET).ok_or_else(missing)?.clone();
    let (folder, version) = (updates.folder.clone(), manifest.version.clone());
    let (found, wanted) = (folder.clone(), file.clone());
    let bad = blocking(move || Ok(found.bad(&version, &wanted))).await?;
    if updates.version() == manifest.version {
        return Err(End(AgentUpdateState::Healthy, None));
    }
    if let Some(reason) = bad {
        return Err(End(AgentUpdateState::RolledBack, Some(reason)));
    }
    if order.is_cancelled {
        blocking(move || {
            folder.drop_other_partials(None);
            Ok(())
        })
        .await?;
        return Err(End(AgentUpdateState::Cancelled, None));
    }
    check(updates, &manifest)?;
    say(agent, order, AgentUpdateState::Fetching, None);
    stage(agent, order, &manifest, &file).await?;
    say(agent, order, AgentUpdateState::Staged, None);
    tracing::info!(version = manifest.version, "a release is staged; it starts once there is nothing to do");
    updates.draining.store(true, Ordering::SeqCst);
    say(agent, order, AgentUpdateState::Draining, None);
    while !agent.leave_if_idle() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    say(agent, order, AgentUpdateState::Restarting, None);
    let told = async {
        while updates.has_unsaid() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    // A server that is away hears it from the program that starts.
    let _ = tokio::time::timeout(TELLING, told).await;
    let version = manifest.version.clone();
    let switched = blocking(move || {
        let before = folder.current();
        // The first release is chosen by the installed program, and tells the others which that was.
        let over = before.as_ref().map_or(env!("CARGO_PKG_VERSION"), |before| &before.over).to_owned();
        let previous = before.map(|before| before.version).filter(|before| *before != version);
        let keep: Vec<&str> = previous.iter().map(String::as_str).chain([version.as_str()]).collect();
        folder.prune(&keep);
        folder.set_current(Some(&Current { version, previous, over }))
    });
    if let Err(error) = switched.await {
        // It goes on as it is.
        updates.leaving.store(false, Ordering::SeqCst);
        return Err(error.into());
    }
    updates.restart.cancel();
    Ok(())
}

/// Whether this agent may go over to a release.
fn check(updates: &Updates, manifest: &ReleaseManifest) -> Result<(), End> {
    let running = Version::parse(updates.version())
        .map_err(|_| failed(format!("this agent's own version, {}, can't be compared", updates.version())))?;
    manifest.check_follows(&running)?;
    if manifest.min_protocol > PROTOCOL_VERSION {
        let least = manifest.min_protocol;
        return Err(failed(format!(
            "the release speaks version {least} of the protocol at least, and the server {PROTOCOL_VERSION}"
        )));
    }
    if !updates.is_possible() {
        return Err(failed(
            "nothing starts this agent again; it is not openautomate-agent with --release-key",
        ));
    }
    Ok(())
}

/// Fetches a program and puts it into its place, unless it lies there.
async fn stage(
    agent: &Inner,
    order: &UpdateOrder,
    manifest: &ReleaseManifest,
    file: &ReleaseFile,
) -> Result<(), End> {
    let folder = agent.updates.folder.clone();
    let keys =
        agent.updates.settings.as_ref().map(|settings| settings.release_keys.clone()).unwrap_or_default();
    let (found, version, wanted) = (folder.clone(), manifest.version.clone(), file.clone());
    let (is_there, partial) = blocking(move || {
        let program = found.program(&version);
        let is_there = found.check(&version, &keys).is_ok() && is_file(&program, &wanted).unwrap_or(false);
        found.drop_other_partials(Some(&wanted));
        Ok((is_there, found.partial(&wanted)?))
    })
    .await?;
    if is_there {
        return Ok(());
    }
    fetch(agent, order, file, &partial).await?;
    let (version, signed) = (manifest.version.clone(), order.release.clone());
    Ok(blocking(move || folder.stage(&version, &signed, &partial)).await?)
}

/// Fetches a program, however long the server is away.
async fn fetch(agent: &Inner, order: &UpdateOrder, file: &ReleaseFile, partial: &Path) -> Result<(), End> {
    let (mut pause, mut damaged) = (FIRST_PAUSE, 0);
    loop {
        match fetch_rest(agent, order, file, partial).await {
            Ok(()) => {
                let (path, wanted) = (partial.to_owned(), file.clone());
                if blocking(move || Ok(is_file(&path, &wanted).unwrap_or(false))).await? {
                    return Ok(());
                }
                let path = partial.to_owned();
                blocking(move || crate::disk::remove(&path)).await?;
                damaged += 1;
                if damaged == MAX_DAMAGED {
                    return Err(failed("the program that comes is not the one that was signed"));
                }
            }
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                tracing::info!(%error, "a release could not be fetched; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Fetches what is not there yet.
async fn fetch_rest(
    agent: &Inner,
    order: &UpdateOrder,
    file: &ReleaseFile,
    partial: &Path,
) -> CoreResult<()> {
    let options = tokio::fs::File::options().create(true).append(true).open(partial).await;
    let mut out = options.map_err(unwritable)?;
    let mut there = out.metadata().await.map_err(unwritable)?.len();
    if there > file.size {
        out.set_len(0).await.map_err(unwritable)?;
        there = 0;
    }
    let needed = (file.size - there).saturating_add(ROOM);
    if let Some(free) = platform::free_bytes(partial).filter(|free| *free < needed) {
        let message =
            format!("the release takes {needed} bytes of the agent's disk, and {free} are free; make room");
        return Err(CoreError::new(ErrorKind::QuotaExceeded, "release.room", message));
    }
    let mut content = agent.transport.fetch_program(order.rollout, TARGET, there).await?;
    while let Some(piece) = content.next().await {
        let piece = piece?;
        there += piece.len() as u64;
        if there > file.size {
            let message = "the server sends more than the program that was signed";
            return Err(CoreError::invalid("release.size", message));
        }
        out.write_all(&piece).await.map_err(unwritable)?;
    }
    out.flush().await.map_err(unwritable)?;
    if there < file.size {
        return Err(CoreError::unavailable("release.short", "the program ended before it should"));
    }
    out.sync_all().await.map_err(unwritable)
}

fn unwritable(error: std::io::Error) -> CoreError {
    CoreError::internal("release.io", "the release can't be kept on the agent's disk; see whether it is full")
        .with_source(error)
}
