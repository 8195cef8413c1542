//! Limits on the processes of a run that the kernel keeps for each of them (`prlimit(2)`).

#![expect(unsafe_code, reason = "limits of another process have no safe interface")]

use std::io;

use nix::libc;

use crate::domain::Limits;

/// Memory that is reserved is not memory that is used: what may be reserved is so many times the limit, which
/// the watch or the control group keeps.
const RESERVED: u64 = 2;
/// Processor seconds between the signal that may be caught and the kill.
const CPU_GRACE: u64 = 5;

/// Limits a process and all that it starts from now on, and has the kernel prefer it when memory runs out.
pub(super) fn limit(pid: i32, limits: &Limits) -> io::Result<()> {
    // Best effort: without it the agent is as likely to be chosen.
    let _ = std::fs::write(format!("/proc/{pid}/oom_score_adj"), "500");
    let cpu = limits.cpu_ms.map(|milliseconds| milliseconds.div_ceil(1000));
    let wanted = [
        (libc::RLIMIT_DATA, limits.memory_bytes.map(|bytes| bytes.saturating_mul(RESERVED)), 0),
        (libc::RLIMIT_CPU, cpu, CPU_GRACE),
        (libc::RLIMIT_NOFILE, limits.open_files.map(u64::from), 0),
        (libc::RLIMIT_FSIZE, limits.disk_bytes, 0),
    ];
    for (resource, value, more) in wanted {
        if let Some(soft) = value {
            set(pid, resource, soft, soft.saturating_add(more))?;
        }
    }
    Ok(())
}

fn set(pid: i32, resource: libc::__rlimit_resource_t, soft: u64, hard: u64) -> io::Result<()> {
    let mut old = libc::rlimit64 { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: both places are valid for the call; it changes limits only.
    let done = unsafe { libc::prlimit64(pid, resource, std::ptr::null(), &raw mut old) };
    if done != 0 {
        return Err(io::Error::last_os_error());
    }
    // Nobody may raise a hard limit.
    let hard = hard.min(old.rlim_max);
    let new = libc::rlimit64 { rlim_cur: soft.min(hard), rlim_max: hard };
    // SAFETY: as above.
    match unsafe { libc::prlimit64(pid, resource, &raw const new, std::ptr::null_mut()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
