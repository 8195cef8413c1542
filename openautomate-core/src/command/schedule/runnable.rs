//! Whether a schedule could run now, and what.

use crate::clock::Timestamp;
use crate::command::deployment::check_author;
use crate::command::execution::{Pools, new_execution, settle};
use crate::command::inputs::files_named;
use crate::domain::{Execution, FileUser, Origin, Schedule};
use crate::error::{Error, Result};
use crate::id::FileId;
use crate::package::inputs::check::check;
use crate::store::Store;

/// What a schedule runs.
#[derive(Debug)]
pub(crate) struct Runnable {
    /// An execution of the version that is active now, placed as the package and the schedule say: the pattern of
    /// those that are made at this moment.
    pub(crate) pattern: Execution,
    /// The files that its inputs name.
    pub(crate) files: Vec<FileId>,
}

/// Why a schedule can run nothing at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotRunnable {
    /// The package has no active version in the environment.
    NoActiveVersion,
    /// No author signed the active version that the environment trusts.
    UntrustedVersion,
    /// The active version does not take the inputs, or they name files that the schedule does not have for it.
    InvalidInputs {
        /// The inputs that are wrong, as in `inputs.invoice.total`.
        fields: Vec<String>,
    },
    /// Its executions can't be placed or repeated as the package and the schedule say.
    InvalidOptions {
        /// What is wrong.
        message: String,
    },
}

impl NotRunnable {
    /// The word that stands in firings.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NoActiveVersion => "noActiveVersion",
            Self::UntrustedVersion => "untrustedVersion",
            Self::InvalidInputs { .. } => "invalidInputs",
            Self::InvalidOptions { .. } => "invalidOptions",
        }
    }

    /// The error for somebody who asks for a run.
    #[must_use]
    pub fn into_error(self) -> Error {
        match self {
            Self::NoActiveVersion => Error::conflict(
                "package.no_active_version",
                "the package of the schedule has no active version in its environment; deploy one",
            ),
            Self::UntrustedVersion => Error::conflict(
                "version.untrusted",
                "no author whom the environment trusts signed the active version; deploy one that is signed",
            ),
            Self::InvalidInputs { .. } => Error::conflict(
                "schedule.inputs",
                "the active version does not take the inputs of the schedule; change them",
            ),
            Self::InvalidOptions { message } => Error::conflict(
                "schedule.options",
                format!("the executions of the schedule can't be placed as its options say: {message}"),
            ),
        }
    }
}

/// What a schedule would run at this moment, or why it can't.
pub(crate) async fn runnable(
    store: &dyn Store,
    schedule: &Schedule,
    now: Timestamp,
) -> Result<Result<Runnable, NotRunnable>> {
    let active = store.active_version(schedule.package_id, schedule.environment_id).await?;
    let Some(version) = active else { return Ok(Err(NotRunnable::NoActiveVersion)) };
    let environment = store.environment(schedule.environment_id).await?;
    if environment.is_none_or(|environment| check_author(&version, &environment).is_err()) {
        return Ok(Err(NotRunnable::UntrustedVersion));
    }
    // Another version may be active than when the schedule was saved. An execution of it could but fail, and each due
    // time anew.
    if let Err(error) = check(version.manifest.inputs.as_ref(), &schedule.inputs) {
        let fields = error.fields().iter().map(|wrong| wrong.field.clone()).collect();
        return Ok(Err(NotRunnable::InvalidInputs { fields }));
    }
    let files = files_named(&version, &schedule.inputs);
    if !files.is_empty() {
        // To another version another text may be a file: only those count that the schedule was allowed.
        let used = store.files_used(FileUser::Schedule(schedule.id)).await?;
        if !files.iter().all(|id| used.iter().any(|file| file.id == *id)) {
            return Ok(Err(NotRunnable::InvalidInputs { fields: vec!["inputs".to_owned()] }));
        }
    }
    let (environment, options) = (schedule.environment_id, &schedule.options);
    // Pools may have gone since the schedule was saved, and another version may ask for others.
    let pools = match Pools::named(store, environment, &version, options).await {
        Err(error) if error.kind().is_retryable() => return Err(error),
        pools => pools,
    };
    let mut pattern = new_execution(&version, environment, schedule.inputs.clone(), Origin::Embedded, now);
    if let Err(error) = pools.and_then(|pools| settle(&mut pattern, &version, options, pools)) {
        return Ok(Err(NotRunnable::InvalidOptions { message: told(&error) }));
    }
    Ok(Ok(Runnable { pattern, files }))
}

/// An error with the field that it is about.
fn told(error: &Error) -> String {
    error.field().map_or_else(|| error.message().to_owned(), |field| format!("{field} {}", error.message()))
}
