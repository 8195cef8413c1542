//! Releases of this program: fetched from the server, checked against the release keys of this machine, and started by
//! a launcher that goes back to the program before when a new one is not healthy.
//!
//! The program that was installed starts itself once more as the worker (`launcher`), so that something is left to
//! decide when the worker is gone. What they agree on has to stay as it is, since each may be of another version:
//! - the worker gets the launcher's arguments, and `--launched-as VERSION` behind them;
//! - its standard input is the launcher's line: `stop` asks it to stop, `kill` to stop at once, and the end of the line
//!   says that the launcher is gone;
//! - it ends with [`RESTART`] when another program shall be started;
//! - it writes the marker `healthy.json` once its server has welcomed it.
//!
//! **Invariant:** no program is started that was not found, right before, to be what a trusted release key signed.

mod folder;
mod launcher;
mod update;

pub use launcher::{LaunchSettings, RESTART, launch};
pub use update::UpdateSettings;
pub(crate) use update::{Updates, update_always};

/// The target that this program is made for, as releases name it.
pub const TARGET: &str = env!("OPENAUTOMATE_TARGET");
