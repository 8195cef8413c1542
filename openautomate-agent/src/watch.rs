//! Watching the folders that triggers wait for files in: only below the roots that this machine's operator allowed.
//!
//! A folder is listed again and again, since shares of the network tell nobody of their changes. A file has arrived
//! once its size and its time were the same for a while; it is told to the server until that has answered, and only
//! then noted (`ledger`) and moved or removed. The server counts each arrival once, so telling it again does no harm.

mod folder;
mod ledger;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;
use openautomate_core::domain::{FolderWatch, WatchProblem, WatchState};
use openautomate_core::id::TriggerId;
use tokio::sync::watch;

use crate::agent::Inner;
use crate::error::{Error, Result};

/// A root, as its operator gave it and as it is with all links followed.
#[derive(Clone, Debug)]
pub(crate) struct Root {
    given: PathBuf,
    real: PathBuf,
}

impl Root {
    fn new(path: &Path) -> Result<Self> {
        let given = std::path::absolute(path).map_err(Error::io("found", path))?;
        let real = given.canonicalize().map_err(Error::io("found", path))?;
        Ok(Self { given, real })
    }
}

/// What of folders is to be watched, and how they are.
#[derive(Debug)]
pub(crate) struct Folders {
    roots: Vec<Root>,
    /// Where it is noted what was told of each trigger's files.
    ledgers: PathBuf,
    wanted: watch::Sender<Vec<FolderWatch>>,
    told: Mutex<Told>,
}

/// What the server knows of the folders.
#[derive(Debug, Default)]
struct Told {
    states: BTreeMap<TriggerId, Option<WatchProblem>>,
    /// Whether it does not know the last.
    is_news: bool,
}

impl Folders {
    /// Folders below these roots, with what was noted of them in a folder of the agent.
    ///
    /// # Errors
    /// [`Error::Io`] if a root is not there, or the folder can't be made.
    pub(crate) fn new(roots: &[PathBuf], data_dir: &Path) -> Result<Self> {
        let ledgers = data_dir.join("watches");
        std::fs::create_dir_all(&ledgers).map_err(Error::io("made", &ledgers))?;
        let roots = roots.iter().map(|root| Root::new(root)).collect::<Result<_>>()?;
        Ok(Self { roots, ledgers, wanted: watch::Sender::new(Vec::new()), told: Mutex::default() })
    }

    fn lock(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Watches these from now on, and no others.
    pub(crate) fn want(&self, folders: Vec<FolderWatch>) {
        let mut told = self.lock();
        told.states.retain(|trigger, _| folders.iter().any(|folder| folder.trigger == *trigger));
        // A server that names folders wants to hear of them, if there is something to say already.
        told.is_news = !told.states.is_empty();
        drop(told);
        self.wanted.send_if_modified(|wanted| {
            let is_other = *wanted != folders;
            *wanted = folders;
            is_other
        });
    }

    /// What is to be told, if anything is.
    pub(crate) fn news(&self) -> Option<Vec<WatchState>> {
        let mut told = self.lock();
        if !std::mem::take(&mut told.is_news) {
            return None;
        }
        let state = |(trigger, problem): (&TriggerId, &Option<WatchProblem>)| WatchState {
            trigger: *trigger,
            problem: problem.clone(),
        };
        Some(told.states.iter().map(state).collect())
    }

    /// Notes how a folder is; says whether that is news.
    fn note(&self, trigger: TriggerId, problem: Option<WatchProblem>) -> bool {
        if !self.wanted.borrow().iter().any(|folder| folder.trigger == trigger) {
            return false;
        }
        let mut told = self.lock();
        let is_news = told.states.get(&trigger) != Some(&problem);
        told.states.insert(trigger, problem);
        told.is_news |= is_news;
        is_news
    }
}

/// A problem, for people.
fn problem(code: &str, message: impl Into<String>) -> WatchProblem {
    WatchProblem { code: code.to_owned(), message: message.into() }
}

/// Watches what is wanted until it is dropped.
pub(crate) async fn watch_always(agent: &Inner) {
    let mut wanted = agent.folders.wanted.subscribe();
    let mut running = FuturesUnordered::new();
    let mut handles: BTreeMap<TriggerId, (FolderWatch, AbortHandle)> = BTreeMap::new();
    loop {
        let folders = wanted.borrow_and_update().clone();
        handles.retain(|_, (folder, handle)| {
            let stays = folders.contains(folder);
            if !stays {
                handle.abort();
            }
            stays
        });
        for folder in folders {
            if let Entry::Vacant(place) = handles.entry(folder.trigger) {
                let (handle, registration) = AbortHandle::new_pair();
                place.insert((folder.clone(), handle));
                running.push(Abortable::new(Box::pin(folder::watch(agent, folder)), registration));
            }
        }
        tokio::select! {
            changed = wanted.changed() => if changed.is_err() { return },
            // Only those end that were aborted.
            _ = running.next(), if !running.is_empty() => {}
        }
    }
}
