//! The agent against a real orchestrator over the in-process transport, against a server that a test plays
//! message by message, and as a program.

#![allow(clippy::unwrap_used, reason = "a test that can't go on panics")]

mod binary;
mod breaks;
#[cfg(unix)]
mod environment;
mod evidence;
mod files;
mod foreign;
mod local;
#[cfg(target_os = "linux")]
mod loopback;
mod place;
mod played;
mod runs;
mod sealing;
mod stage;
mod tampering;
mod transport;
mod twins;
mod watch;
