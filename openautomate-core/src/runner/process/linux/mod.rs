//! What only Linux offers: finding the processes of a run, forking them from a process that waits, and telling
//! which run a connection comes from.

mod cgroup;
mod client;
#[cfg(feature = "python")]
pub(crate) mod confine;
mod family;
mod leaders;
mod limit;
mod meter;
mod nursery;
mod zygote;

pub(super) use client::mark_of;
pub(super) use family::{Family, Killed};
pub(super) use leaders::Leader;
pub(crate) use meter::Meter;
pub(super) use zygote::Forked;
pub(crate) use zygote::Zygote;

/// The memory of a process in bytes that no other shares, plus its part of what is shared (`proc(5)`, Pss).
pub(super) fn memory(pid: i32) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes * 1024)
}
