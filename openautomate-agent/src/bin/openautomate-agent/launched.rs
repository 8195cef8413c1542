//! The program as its own launcher, and as what a launcher started.

use std::io::BufRead as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use openautomate_agent::release::{LaunchSettings, launch};
use tokio::sync::mpsc;

use crate::config::RunOptions;
use crate::python;

/// How often it is looked whether the worker before has ended, and after which pause.
const PATIENCE: u32 = 200;
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Whether this program is to start itself once more, since releases may take its place.
pub(crate) fn is_launcher(options: &RunOptions) -> bool {
    !options.updates.release_keys.is_empty() && options.updates.launched_as.is_none()
}

/// Starts the program that shall run, until one ends for good.
pub(crate) async fn run(options: &RunOptions) -> anyhow::Result<ExitCode> {
    let mut arguments: Vec<_> = std::env::args_os().skip(1).collect();
    // A release lies elsewhere, and finds nothing beside itself.
    if let Some(extension) = python::beside_this_program().filter(|_| options.extension.is_none()) {
        arguments.extend(["--extension".into(), extension.into()]);
    }
    let settings = LaunchSettings {
        data_dir: options.data_dir.clone(),
        program: std::env::current_exe()?,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        arguments,
        release_keys: options.updates.release_keys.clone(),
        healthy_within: Duration::from_secs(options.updates.healthy_within),
    };
    Ok(launch(settings).await?.into())
}

/// What a launcher says to the program that it started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// Stop, and let runs end.
    Stop,
    /// Stop at once.
    Kill,
}

/// Listens to the launcher; its end is a word to stop at once. Without a launcher nothing is ever said.
pub(crate) fn listen(is_launched: bool) -> mpsc::UnboundedReceiver<Word> {
    let (words, receiver) = mpsc::unbounded_channel();
    if is_launched {
        // A thread of its own: one of the runtime's that waits for input would hold up the end of the program.
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                let word = if line == "stop" { Word::Stop } else { Word::Kill };
                if words.send(word).is_err() {
                    return;
                }
            }
            // Nobody listens if the program ends anyway.
            let _ = words.send(Word::Kill);
        });
    } else {
        std::mem::forget(words);
    }
    receiver
}

/// Waits until nobody uses the data folder: the worker of a launcher that was killed ends by itself, a moment later. What
/// can't be found out is told when the folder is taken.
pub(crate) async fn await_folder(data_dir: &Path) {
    let lock = data_dir.join("lock");
    for _ in 0..PATIENCE {
        let is_free = std::fs::File::options().write(true).open(&lock).map(|file| file.try_lock().is_ok());
        if is_free.unwrap_or(true) {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
