//! One watched folder: listed, its files told once they are left alone, and put away.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use openautomate_core::ErrorKind;
use openautomate_core::domain::{
    AfterArrival, ArrivalOutcome, FileArrival, FolderWatch, NamePattern, PassAs, WatchProblem,
    check_file_name,
};
use openautomate_core::error::Error;
use openautomate_core::transport::ArrivedFile;
use tokio::time::Instant;

use super::ledger::{Ledger, Version};
use super::{Root, problem};
use crate::agent::Inner;
use crate::platform;

/// The subfolder into which files are moved.
const PROCESSED: &str = "processed";
/// More entries of a folder than this are not looked at.
const MAX_ENTRIES: usize = 100_000;
/// How often a folder is listed at most and at least, as far as that takes a small part of the time.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// A listing that takes long is followed by a pause of this many times as long.
const SHARE: u32 = 10;
/// How long nothing is told after the server did not take something.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);
/// How often a name is looked for that is free in the subfolder.
const MAX_NAMES: u32 = 1_000;

/// Watches a folder until it is dropped.
pub(super) async fn watch(agent: &Inner, watch: FolderWatch) {
    let path = agent.folders.ledgers.join(watch.trigger.to_string());
    let ledger = loop {
        let path = path.clone();
        match blocking(move || Ledger::open(&path)).await {
            Ok(ledger) => break ledger,
            Err(error) => {
                tracing::error!(trigger = %watch.trigger, %error, "what was told of a folder can't be read");
                note(
                    agent,
                    &watch,
                    Some(problem("agentDisk", "the agent can't read its own notes; see its log")),
                );
                tokio::time::sleep(REFUSED_PAUSE).await;
            }
        }
    };
    let mut watcher = Watcher {
        agent,
        pattern: NamePattern::new(&watch.pattern),
        watch,
        ledger,
        seen: BTreeMap::new(),
        stuck: None,
    };
    loop {
        let pause = watcher.look().await;
        tokio::time::sleep(pause).await;
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)?
}

fn note(agent: &Inner, watch: &FolderWatch, problem: Option<WatchProblem>) {
    if let Some(problem) = &problem {
        tracing::debug!(trigger = %watch.trigger, code = problem.code, "a watched folder has a problem");
    }
    if agent.folders.note(watch.trigger, problem) {
        agent.changed.notify_one();
    }
}

/// How a file was when it was seen last.
#[derive(Clone, Copy, Debug)]
struct Seen {
    version: Version,
    /// Since when it is like that.
    since: Instant,
    /// The server does not take it as it is.
    is_refused: bool,
}

struct Watcher<'a> {
    agent: &'a Inner,
    watch: FolderWatch,
    pattern: NamePattern,
    ledger: Ledger,
    seen: BTreeMap<String, Seen>,
    /// The last file could not be put away.
    stuck: Option<WatchProblem>,
}

/// What a folder holds.
#[derive(Debug, Default)]
struct Listing {
    /// The folder with all links followed.
    folder: PathBuf,
    /// Plain files whose names count, with what they are.
    files: Vec<(String, Version)>,
    /// Something is wrong with a part of it.
    problem: Option<WatchProblem>,
    /// Whether every entry was looked at.
    is_whole: bool,
}

/// What became of a file that was told.
enum Told {
    /// The server knows it.
    Taken(ArrivalOutcome),
    /// It is not as it was seen.
    Changed,
    /// The server takes it later, perhaps.
    Later,
    /// The server does not take it as it is.
    Refused(WatchProblem),
}

impl Watcher<'_> {
    /// Lists the folder once and tells what has arrived. Says how long to pause.
    async fn look(&mut self) -> Duration {
        let begun = Instant::now();
        let (roots, watch) = (self.agent.folders.roots.clone(), self.watch.clone());
        let listed = tokio::task::spawn_blocking(move || list(&roots, &watch)).await;
        let listing = match listed {
            Ok(Ok(listing)) => listing,
            Ok(Err(problem)) => {
                note(self.agent, &self.watch, Some(problem));
                return LONGEST_PAUSE;
            }
            Err(_) => return LONGEST_PAUSE,
        };
        let took = begun.elapsed();
        let half = Duration::from_millis(self.watch.settle_ms / 2);
        let mut pause = half.clamp(SHORTEST_PAUSE, LONGEST_PAUSE).max(took * SHARE);
        let files: Vec<(String, Version)> =
            listing.files.iter().filter(|(name, _)| self.pattern.matches(name)).cloned().collect();
        let mut trouble = listing.problem.clone();
        if self.ledger.is_new() {
            let known = if self.watch.include_existing { Vec::new() } else { files.clone() };
            trouble = trouble.or_else(|| self.keep(known));
        }
        for (name, version) in self.settled(&files) {
            match self.tell(&listing.folder, &name, version).await {
                Told::Taken(outcome) => {
                    trouble = trouble.or(self.put_away(&listing.folder, name, version, outcome).await);
                }
                Told::Changed => drop(self.seen.remove(&name)),
                Told::Later => {
                    pause = pause.max(REFUSED_PAUSE);
                    break;
                }
                Told::Refused(why) => {
                    self.seen.insert(name, Seen { version, since: begun, is_refused: true });
                    trouble = trouble.or(Some(why));
                }
            }
        }
        if listing.is_whole {
            let present: BTreeSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            if let Err(error) = self.ledger.keep_only(&present) {
                tracing::warn!(trigger = %self.watch.trigger, %error, "what was told of a folder can't be noted");
            }
        }
        // A file that the server refuses stays a problem as long as it is there.
        let refused =
            || self.seen.iter().find(|(_, seen)| seen.is_refused).map(|(name, _)| refused_before(name));
        let trouble = trouble.or_else(|| self.stuck.clone()).or_else(refused);
        note(self.agent, &self.watch, trouble);
        pause
    }

    /// The files that were left alone for long enough and are not known; notes how the others are.
    fn settled(&mut self, files: &[(String, Version)]) -> Vec<(String, Version)> {
        let now = Instant::now();
        let settle = Duration::from_millis(self.watch.settle_ms);
        let mut seen = BTreeMap::new();
        let mut settled = Vec::new();
        for (name, version) in files {
            if self.ledger.knows(name, *version) {
                continue;
            }
            let before = self.seen.get(name).filter(|before| before.version == *version);
            let own = before.copied().unwrap_or(Seen { version: *version, since: now, is_refused: false });
            if !own.is_refused && now - own.since >= settle {
                settled.push((name.clone(), *version));
            }
            seen.insert(name.clone(), own);
        }
        self.seen = seen;
        settled.sort_by(|a, b| (a.1.modified_us, &a.0).cmp(&(b.1.modified_us, &b.0)));
        settled
    }

    async fn tell(&self, folder: &Path, name: &str, version: Version) -> Told {
        let (folder, own) = (folder.to_owned(), name.to_owned());
        // The file is held open until the server has it, so what was judged is what is sent.
        let opened = match blocking(move || open(&folder, &own, version)).await {
            Ok(Some(opened)) => opened,
            Ok(None) => return Told::Changed,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Told::Changed,
            Err(_) => return Told::Refused(problem("unreadable", format!("the agent can't read {name}"))),
        };
        let arrival = FileArrival {
            trigger: self.watch.trigger,
            name: name.to_owned(),
            size: version.size,
            modified_us: version.modified_us,
        };
        let content = (self.watch.pass == PassAs::File).then(|| opened.path.clone());
        match self.agent.transport.put_arrival(ArrivedFile { arrival, content }).await {
            Ok(outcome) => Told::Taken(outcome),
            Err(error) => refusal(name, &error),
        }
    }

    /// Does with a file what the trigger says, and notes it; says what went wrong, if anything did.
    async fn put_away(
        &mut self,
        folder: &Path,
        name: String,
        version: Version,
        outcome: ArrivalOutcome,
    ) -> Option<WatchProblem> {
        self.seen.remove(&name);
        if let Some(reason) = outcome.skipped {
            tracing::warn!(trigger = %self.watch.trigger, reason, "a file made no execution and is left where it is");
            return self.keep(vec![(name, version)]);
        }
        tracing::info!(trigger = %self.watch.trigger, execution = ?outcome.execution_id, "a file arrived");
        let (folder, own, after) = (folder.to_owned(), name.clone(), self.watch.after);
        let done = blocking(move || match after {
            AfterArrival::Leave => Ok(false),
            AfterArrival::Move => move_away(&folder, &own, version).map(|()| true),
            AfterArrival::Remove => remove(&folder, &own, version).map(|()| true),
        });
        match done.await {
            Ok(is_gone) => {
                self.stuck = None;
                if is_gone { None } else { self.keep(vec![(name, version)]) }
            }
            Err(error) => {
                tracing::warn!(trigger = %self.watch.trigger, %error, "a file that arrived can't be put away");
                let message = format!(
                    "{name} made its execution, and the agent can't move or remove it; see its rights"
                );
                self.stuck = Some(problem("notPutAway", message));
                self.keep(vec![(name, version)])
            }
        }
    }

    fn keep(&mut self, files: Vec<(String, Version)>) -> Option<WatchProblem> {
        self.ledger.add(files).err().map(|error| {
            tracing::error!(trigger = %self.watch.trigger, %error, "what was told of a folder can't be noted");
            problem("agentDisk", "the agent can't write its own notes; see whether its disk is full")
        })
    }
}

/// What an error of the server means for a file.
fn refusal(name: &str, error: &Error) -> Told {
    match error.kind() {
        ErrorKind::Unavailable => Told::Later,
        _ if error.code() == "trigger.rate" => Told::Later,
        // It grew, or the trigger was changed this moment: it is looked at anew.
        ErrorKind::Conflict | ErrorKind::NotFound => Told::Changed,
        _ => {
            tracing::warn!(%error, "the server takes no such file");
            Told::Refused(problem("refused", format!("the server does not take {name}: {}", error.message())))
        }
    }
}

fn refused_before(name: &str) -> WatchProblem {
    problem("refused", format!("the server does not take {name} as it is; see the log of the agent"))
}

/// The folder with all links followed, if it lies below one of the roots. Of what lies elsewhere nothing is told, not
/// even whether it is there.
fn allowed(roots: &[Root], folder: &str) -> Result<PathBuf, WatchProblem> {
    let outside = || {
        let message = format!(
            "{folder} is below no folder that the agent may watch; its operator allows one by --watch-root"
        );
        problem("outsideRoots", message)
    };
    let path = Path::new(folder);
    if !roots.iter().any(|root| path.starts_with(&root.given) || path.starts_with(&root.real)) {
        return Err(outside());
    }
    let missing = |_| problem("missing", format!("{folder} is not there, or the agent may not enter it"));
    let real = path.canonicalize().map_err(missing)?;
    if roots.iter().any(|root| real.starts_with(&root.real)) { Ok(real) } else { Err(outside()) }
}

fn list(roots: &[Root], watch: &FolderWatch) -> Result<Listing, WatchProblem> {
    let folder = allowed(roots, &watch.folder)?;
    let unreadable = |_| problem("unreadable", format!("the agent may not list {}", watch.folder));
    let mut listing = Listing { folder: folder.clone(), is_whole: true, ..Listing::default() };
    for (position, entry) in std::fs::read_dir(&folder).map_err(unreadable)?.enumerate() {
        if position == MAX_ENTRIES {
            listing.is_whole = false;
            let message =
                format!("the folder holds more than {MAX_ENTRIES} entries; move old files elsewhere");
            listing.problem = Some(problem("tooMany", message));
            break;
        }
        let entry = entry.map_err(unreadable)?;
        // Of the entry itself: what a link leads to does not count.
        let Ok(metadata) = entry.metadata() else { continue };
        if !metadata.is_file() {
            continue;
        }
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| check_file_name("name", name).is_ok()) else {
            let message = "a file has a name that is no plain text, or is too long; rename it";
            listing.problem.get_or_insert_with(|| problem("oddName", message));
            continue;
        };
        let Some(version) = version_of(&metadata) else { continue };
        if version.size > watch.max_bytes {
            let message = format!("{name} is larger than {} bytes", watch.max_bytes);
            listing.problem.get_or_insert_with(|| problem("tooLarge", message));
            continue;
        }
        listing.files.push((name.to_owned(), version));
    }
    Ok(listing)
}

fn version_of(metadata: &std::fs::Metadata) -> Option<Version> {
    let modified = metadata.modified().ok()?;
    let modified_us = match modified.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).ok()?,
        Err(before) => i64::try_from(before.duration().as_micros()).ok()?.checked_neg()?,
    };
    Some(Version { size: metadata.len(), modified_us })
}

/// Opens a file of the folder, if it is the one that was seen: not a link, not another one.
fn open(folder: &Path, name: &str, version: Version) -> std::io::Result<Option<platform::Opened>> {
    let path = folder.join(name);
    if !is_still(&path, version)? {
        return Ok(None);
    }
    let opened = platform::open_at_once(&path)?;
    let found = opened.file.metadata()?;
    let is_it = opened.place == path && found.is_file() && version_of(&found) == Some(version);
    Ok(is_it.then_some(opened))
}

/// Whether a path is a plain file as it was seen.
fn is_still(path: &Path, version: Version) -> std::io::Result<bool> {
    let found = std::fs::symlink_metadata(path)?;
    Ok(found.is_file() && version_of(&found) == Some(version))
}

/// Moves a file into the subfolder; beside one of the same name it gets a number. One that is another by now stays.
fn move_away(folder: &Path, name: &str, version: Version) -> std::io::Result<()> {
    let processed = folder.join(PROCESSED);
    if let Err(error) = std::fs::create_dir(&processed)
        && error.kind() != std::io::ErrorKind::AlreadyExists
    {
        return Err(error);
    }
    // A link would lead out of what the operator allowed.
    if !std::fs::symlink_metadata(&processed)?.is_dir() {
        return Err(std::io::Error::other("the subfolder processed is none"));
    }
    if !is_still(&folder.join(name), version)? {
        return Ok(());
    }
    for number in 1..=MAX_NAMES {
        let target = processed.join(numbered(name, number));
        if std::fs::symlink_metadata(&target).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        {
            return std::fs::rename(folder.join(name), target);
        }
    }
    Err(std::io::Error::other("the subfolder processed holds too many files of this name"))
}

fn numbered(name: &str, number: u32) -> String {
    match name.rsplit_once('.') {
        _ if number == 1 => name.to_owned(),
        Some((stem, ending)) if !stem.is_empty() => format!("{stem} ({number}).{ending}"),
        _ => format!("{name} ({number})"),
    }
}

fn remove(folder: &Path, name: &str, version: Version) -> std::io::Result<()> {
    let path = folder.join(name);
    if is_still(&path, version)? { std::fs::remove_file(path) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
