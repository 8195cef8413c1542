//! Programs that serve the agent itself, as the one that installs what a package needs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::supervise::{Bounds, Stop, supervise};
use super::{Exit, Launch, Launched, Mark, Process, launch, platform};
use crate::domain::{IsolationLevel, Limits, LogStream};
use crate::runner::RunEvent;
use crate::runner::command::capture;
use crate::runner::environment;
use crate::runner::output::Stream;

/// What a program may take to end by itself once it was asked to.
const GRACE: Duration = Duration::from_secs(2);
/// Lines that wait to be taken.
const LINES: usize = 256;

/// A program with its arguments. It lives as a run does: in a session of its own, dead with all that it
/// started when [`Program::run`] returns, and dead with the agent.
///
/// It sees what a run sees of the agent's environment variables, and what [`Program::env`] gives it.
pub struct Program {
    launch: Launch,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramEnd {
    /// By itself.
    Exited(Exit),
    /// It was stopped, since nobody wants it any more.
    Cancelled,
    /// It was stopped, since it took longer than its limit.
    TimedOut,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The variables may hold secrets.
        f.debug_struct("Program").field("program", &self.launch.program).finish_non_exhaustive()
    }
}

impl Program {
    /// A program that is started in `dir`. `mark` marks its processes: all that bear it are dead when the
    /// program has ended, so no two that run at the same time may share one. See [`Program::kill_left`].
    #[must_use]
    pub fn new(program: impl Into<PathBuf>, dir: impl Into<PathBuf>, mark: Mark) -> Self {
        let launch = Launch {
            program: program.into(),
            args: Vec::new(),
            env: environment::with(BTreeMap::new()),
            dir: dir.into(),
            mark,
            has_channel: false,
        };
        Self { launch }
    }

    /// Adds arguments. Everybody on the machine can see them: no secrets.
    #[must_use]
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.launch.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.launch.env.push((name.into(), value.into()));
        self
    }

    /// Runs it to its end and gives `each` every line that it writes, cut to the length of a log line.
    ///
    /// Dropping the future kills what it started, without waiting for the end of it.
    ///
    /// # Errors
    /// If it can't be started.
    pub async fn run(
        self,
        limit: Duration,
        cancel: &CancellationToken,
        mut each: impl FnMut(LogStream, String),
    ) -> io::Result<ProgramEnd> {
        let work_dir = self.launch.dir.clone();
        let Launched { mut process, stdout, stderr, .. } = launch(self.launch).await?;
        let (events, mut receiver) = mpsc::channel(LINES);
        let (exited, abort) = (CancellationToken::new(), CancellationToken::new());
        let bounds = Bounds {
            timeout: Some(limit),
            grace: GRACE,
            cancel,
            abort: &abort,
            limits: &Limits::default(),
            work_dir: &work_dir,
            isolation: IsolationLevel::L0,
        };
        let supervision = async {
            let ended = supervise(&mut process, bounds, |process: &Process, _| process.terminate()).await;
            exited.cancel();
            ended
        };
        let captures = async {
            let streams = [Stream::new(stdout, LogStream::Stdout), Stream::new(stderr, LogStream::Stderr)];
            capture(streams, &events, &exited).await;
            drop(events);
        };
        let takes = async {
            while let Some(event) = receiver.recv().await {
                if let RunEvent::Log(line) = event {
                    each(line.stream, line.text);
                }
            }
        };
        let (ended, (), ()) = tokio::join!(supervision, captures, takes);
        let ended = ended?;
        Ok(match ended.stop {
            Some(Stop::Cancelled) => ProgramEnd::Cancelled,
            Some(Stop::TimedOut(_)) => ProgramEnd::TimedOut,
            // It has no limits that it could exceed.
            None | Some(Stop::Exceeded(_)) => ProgramEnd::Exited(ended.exit),
        })
    }

    /// Kills what is left of a program with this mark that another, dead agent process started; gives the
    /// number of processes that were found. See [`kill_marked`](super::kill_marked).
    pub async fn kill_left(mark: &Mark) -> usize {
        platform::kill_marked(mark).await
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Program {
        marked(script, Mark::program(&uuid::Uuid::new_v4().to_string()))
    }

    fn marked(script: &str, mark: Mark) -> Program {
        Program::new("/bin/sh", "/", mark).args(["-c", script])
    }

    const LIMIT: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn lines_exit_code_and_environment_are_as_they_should_be() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let each = |stream, text| if stream == LogStream::Stdout { out.push(text) } else { err.push(text) };
        let program = shell("echo $GIVEN; echo two >&2; exit 3").env("GIVEN", "one");
        let end = program.run(LIMIT, &CancellationToken::new(), each).await.unwrap();
        assert_eq!(end, ProgramEnd::Exited(Exit::Code(3)));
        assert_eq!((out, err), (vec!["one".to_owned()], vec!["two".to_owned()]));
    }

    #[tokio::test]
    async fn a_cancel_and_the_limit_stop_it_with_what_it_started() {
        let cancel = CancellationToken::new();
        let mark = Mark::program(&uuid::Uuid::new_v4().to_string());
        let program = marked("trap '' TERM; sleep 60 & echo started; wait", mark.clone());
        let end = program.run(LIMIT, &cancel, |_, _| cancel.cancel()).await.unwrap();
        assert_eq!(end, ProgramEnd::Cancelled);
        assert_eq!(Program::kill_left(&mark).await, 0, "what it started lives on");
        let never = CancellationToken::new();
        let end = shell("sleep 60").run(Duration::from_millis(50), &never, |_, _| {}).await.unwrap();
        assert_eq!(end, ProgramEnd::TimedOut);
    }

    #[tokio::test]
    async fn what_cannot_be_started_is_an_error() {
        let program = Program::new("/no/such/program", "/", Mark::program("none"));
        assert!(program.run(LIMIT, &CancellationToken::new(), |_, _| {}).await.is_err());
    }
}
