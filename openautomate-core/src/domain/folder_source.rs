//! The source of a trigger that waits for files in a folder of an agent, and what agents tell of such folders.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::clock::Timestamp;
use crate::domain::{Agent, NamePattern, check_label};
use crate::error::{Error, Result};
use crate::id::{AgentId, ExecutionId, PoolId, TriggerId};

/// The longest path of a folder in bytes.
const MAX_FOLDER: usize = 1_000;
/// The longest pattern in bytes.
const MAX_PATTERN: usize = 255;
/// The shortest and the longest time that a file has to be left alone, in milliseconds: half a second, a day.
const SETTLE_MS: std::ops::RangeInclusive<u64> = 500..=24 * 60 * 60 * 1_000;
/// The most arrivals of one trigger in an hour.
const MAX_PER_HOUR: u32 = 100_000;

/// What becomes of a file that made an execution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AfterArrival {
    /// It stays where it is. Changed, it has arrived anew.
    #[default]
    Leave,
    /// It is moved into the subfolder `processed`.
    Move,
    /// It is removed.
    Remove,
}

/// What an execution gets of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PassAs {
    /// Its content: it is uploaded, and the run has a copy wherever it runs.
    #[default]
    File,
    /// Its path alone: the execution runs on the agent that found it.
    Path,
}

/// A folder in which files arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderSource {
    /// The agent whose folder it is; it, the label or the pool is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// Every agent with this label watches a folder of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Every agent of this pool watches a folder of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_id: Option<PoolId>,
    /// The folder: an absolute path as the agent's system has it. What lies in its subfolders does not count.
    pub folder: String,
    /// Which names count: `*` for any characters, `?` for one, `[a-z]` and `[!a-z]` for one of some.
    pub pattern: String,
    /// How long a file has to keep its size and its time before it has arrived, in milliseconds.
    pub settle_ms: u64,
    /// Whether files count that are there when an agent watches for the first time.
    pub include_existing: bool,
    /// What becomes of a file that made an execution.
    pub after: AfterArrival,
    /// What the execution gets of it.
    pub pass: PassAs,
    /// The largest file that counts, in bytes.
    pub max_bytes: u64,
    /// The most executions within an hour; further files wait.
    pub max_per_hour: u32,
}

impl FolderSource {
    /// Checks what it says by itself.
    ///
    /// # Errors
    /// `Invalid`, naming the field.
    pub fn validate(&self) -> Result<()> {
        let whose = usize::from(self.agent_id.is_some())
            + usize::from(self.label.is_some())
            + usize::from(self.pool_id.is_some());
        if whose != 1 {
            return Err(Error::invalid_field("source.agentId", "give one of agentId, label and poolId"));
        }
        if let Some(label) = &self.label {
            check_label("source.label", label)?;
        }
        check_folder(&self.folder)?;
        check_pattern(&self.pattern)?;
        if !SETTLE_MS.contains(&self.settle_ms) {
            let message = format!("is not between {} and {}", SETTLE_MS.start(), SETTLE_MS.end());
            return Err(Error::invalid_field("source.settleMs", message));
        }
        if self.pass == PassAs::Path && self.after != AfterArrival::Leave {
            let message = "a file whose path is passed must stay: give after = leave, or pass = file";
            return Err(Error::invalid_field("source.after", message));
        }
        if self.max_bytes == 0 {
            return Err(Error::invalid_field("source.maxBytes", "is not at least 1"));
        }
        if !(1..=MAX_PER_HOUR).contains(&self.max_per_hour) {
            return Err(Error::invalid_field(
                "source.maxPerHour",
                format!("is not between 1 and {MAX_PER_HOUR}"),
            ));
        }
        Ok(())
    }

    /// Whether an agent is to watch it.
    #[must_use]
    pub fn is_for(&self, agent: AgentId, labels: &[String], pools: &[PoolId]) -> bool {
        self.agent_id.is_none_or(|id| id == agent)
            && self.label.as_ref().is_none_or(|label| labels.contains(label))
            && self.pool_id.is_none_or(|pool| pools.contains(&pool))
    }

    /// The same of the row of an agent.
    #[must_use]
    pub fn is_for_agent(&self, agent: &Agent) -> bool {
        self.is_for(agent.id, &agent.labels, &agent.pool_ids)
    }

    /// The path of a file with this name.
    #[must_use]
    pub fn path_of(&self, name: &str) -> String {
        let separator = if self.folder.starts_with('/') { '/' } else { '\\' };
        format!("{}{separator}{name}", self.folder.trim_end_matches(['/', '\\']))
    }
}

/// An absolute path of Unix or Windows, without steps up.
fn check_folder(folder: &str) -> Result<()> {
    let wrong = |message: &'static str| Err(Error::invalid_field("source.folder", message));
    let drive = folder.as_bytes();
    let has_drive = matches!(drive, [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    if !folder.starts_with('/') && !folder.starts_with(r"\\") && !has_drive {
        return wrong("is no absolute path; give it from the root or the drive on");
    }
    if folder.len() > MAX_FOLDER || folder.chars().any(char::is_control) {
        return wrong("is longer than 1000 bytes, or holds control characters");
    }
    if folder.split(['/', '\\']).any(|part| part == "..") {
        return wrong("holds a step up; give the path without ..");
    }
    Ok(())
}

fn check_pattern(pattern: &str) -> Result<()> {
    let wrong = |message: &'static str| Err(Error::invalid_field("source.pattern", message));
    if pattern.is_empty() || pattern.len() > MAX_PATTERN {
        return wrong("is not 1 to 255 bytes long");
    }
    if pattern.contains(['/', '\\']) || pattern.chars().any(char::is_control) {
        return wrong("is for names alone; leave folders and control characters out");
    }
    match NamePattern::parse(pattern) {
        Some(_) => Ok(()),
        None => wrong("has a [ without its ]; close it, or write [[]"),
    }
}

/// A folder that an agent is asked to watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FolderWatch {
    /// For which trigger.
    pub trigger: TriggerId,
    /// Which folder.
    pub folder: String,
    /// Which names count.
    pub pattern: String,
    /// How long a file has to be left alone, in milliseconds.
    pub settle_ms: u64,
    /// Whether files count that are there at first.
    pub include_existing: bool,
    /// What becomes of a file that made an execution.
    pub after: AfterArrival,
    /// What is sent of it.
    pub pass: PassAs,
    /// The largest file that counts, in bytes.
    pub max_bytes: u64,
}

/// What an agent says of a folder that it is asked to watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchState {
    /// For which trigger.
    pub trigger: TriggerId,
    /// What is wrong, if anything is.
    pub problem: Option<WatchProblem>,
}

/// What is wrong with a folder or with files in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WatchProblem {
    /// What kind, as in `outsideRoots`.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
}

/// What an agent said last of a trigger's folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TriggerWatch {
    /// Which trigger.
    pub trigger_id: TriggerId,
    /// Which agent.
    pub agent_id: AgentId,
    /// What is wrong, if anything is.
    pub problem: Option<WatchProblem>,
    /// When it said so.
    pub told_at: Timestamp,
}

/// A file that arrived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileArrival {
    /// For which trigger.
    pub trigger: TriggerId,
    /// Its name.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written, in microseconds since 1970.
    pub modified_us: i64,
}

impl FileArrival {
    /// What tells it from every other arrival of its trigger: told again, it is the same.
    #[must_use]
    pub fn key(&self, agent: AgentId) -> String {
        let mut hash = Sha256::new();
        hash.update(agent.as_bytes());
        hash.update(self.size.to_be_bytes());
        hash.update(self.modified_us.to_be_bytes());
        hash.update(self.name.as_bytes());
        hex::encode(hash.finalize())
    }
}

/// What became of an arrival.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArrivalOutcome {
    /// The execution that it made, now or when it was told before.
    pub execution_id: Option<ExecutionId>,
    /// Why it made none; the file is left alone then.
    pub skipped: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> FolderSource {
        FolderSource {
            agent_id: Some(AgentId::new()),
            label: None,
            pool_id: None,
            folder: "/srv/in".into(),
            pattern: "*.csv".into(),
            settle_ms: 1_000,
            include_existing: false,
            after: AfterArrival::Leave,
            pass: PassAs::File,
            max_bytes: 1,
            max_per_hour: 10,
        }
    }

    #[test]
    fn what_could_not_be_watched_is_refused() {
        source().validate().unwrap();
        for folder in [r"C:\in", "d:/in", r"\\server\share"] {
            FolderSource { folder: folder.into(), ..source() }.validate().unwrap();
        }
        let path = FolderSource { pass: PassAs::Path, after: AfterArrival::Remove, ..source() };
        for (bad, field) in [
            (FolderSource { agent_id: None, ..source() }, "source.agentId"),
            (FolderSource { label: Some("a".into()), ..source() }, "source.agentId"),
            (FolderSource { folder: "in".into(), ..source() }, "source.folder"),
            (FolderSource { folder: "/srv/../etc".into(), ..source() }, "source.folder"),
            (FolderSource { folder: "/srv/\n".into(), ..source() }, "source.folder"),
            (FolderSource { pattern: String::new(), ..source() }, "source.pattern"),
            (FolderSource { pattern: "a/*".into(), ..source() }, "source.pattern"),
            (FolderSource { pattern: "[a".into(), ..source() }, "source.pattern"),
            (FolderSource { settle_ms: 1, ..source() }, "source.settleMs"),
            (FolderSource { max_bytes: 0, ..source() }, "source.maxBytes"),
            (FolderSource { max_per_hour: 0, ..source() }, "source.maxPerHour"),
            (path, "source.after"),
        ] {
            assert_eq!(bad.validate().unwrap_err().field(), Some(field));
        }
    }

    #[test]
    fn a_path_is_one_of_the_agents_system() {
        let of = |folder: &str| FolderSource { folder: folder.into(), ..source() }.path_of("a.csv");
        assert_eq!(of("/srv/in/"), "/srv/in/a.csv");
        assert_eq!(of(r"C:\in"), r"C:\in\a.csv");
        assert_eq!(of("/"), "/a.csv");
    }

    #[test]
    fn another_agent_time_or_size_is_another_arrival() {
        let (agent, trigger) = (AgentId::new(), TriggerId::new());
        let arrival = FileArrival { trigger, name: "a.csv".into(), size: 1, modified_us: -5 };
        let key = arrival.key(agent);
        assert_eq!(arrival.clone().key(agent), key);
        for other in [
            FileArrival { size: 2, ..arrival.clone() },
            FileArrival { modified_us: 5, ..arrival.clone() },
            FileArrival { name: "b.csv".into(), ..arrival.clone() },
        ] {
            assert_ne!(other.key(agent), key);
        }
        assert_ne!(arrival.key(AgentId::new()), key);
    }
}
