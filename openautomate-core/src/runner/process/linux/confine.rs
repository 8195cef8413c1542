//! Confines this process, which is that of a run, and all that it starts: files by Landlock, system calls by
//! seccomp. It can't be undone.
//!
//! It keeps a careless or curious automation from the rest of the machine. Whoever runs programs of strangers
//! puts the agent into a container or a machine of its own besides.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};
use nix::libc;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

/// What the newest kernel here is asked for; an older one does what it can.
const WANTED: ABI = ABI::V6;

/// What every program reads: itself, its libraries, how the machine is set up.
const READABLE: [&str; 11] =
    ["/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc", "/opt", "/proc", "/sys", "/dev"];

/// What every program writes to.
const WRITABLE: [&str; 9] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/pts",
    "/dev/shm",
];

/// What no automation needs: looking into other processes, changing the kernel or the mounts, and interfaces
/// that were often the way out. The list follows that of Docker's default profile.
const REFUSED: [libc::c_long; 32] = [
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kcmp,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_acct,
    libc::SYS_open_by_handle_at,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// Why it could not be confined.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("files can't be confined: {0}")]
    Landlock(#[from] RulesetError),
    #[error("this kernel has no Landlock")]
    Absent,
    #[error("system calls can't be confined: {0}")]
    Seccomp(String),
}

/// Confines this thread, and what it starts from now on. `readable` and `writable` are what the run needs beyond
/// what every program does.
pub(crate) fn confine(readable: &[PathBuf], writable: &[PathBuf]) -> Result<(), Error> {
    let there = |paths: &[&str]| paths.iter().map(PathBuf::from).filter(|path| path.exists()).collect();
    let mut all_readable: Vec<PathBuf> = there(&READABLE);
    all_readable.extend_from_slice(readable);
    let mut all_writable: Vec<PathBuf> = there(&WRITABLE);
    all_writable.extend_from_slice(writable);
    let status = restrict(&all_readable, &all_writable)?;
    if status.ruleset == RulesetStatus::NotEnforced {
        return Err(Error::Absent);
    }
    filter()
}

fn restrict(
    readable: &[impl AsRef<Path>],
    writable: &[impl AsRef<Path>],
) -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?
        .create()?
        .add_rules(path_beneath_rules(readable, AccessFs::from_read(WANTED)))?
        .add_rules(path_beneath_rules(writable, AccessFs::from_all(WANTED)))?
        .restrict_self()
}

fn filter() -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Seccomp(error.to_string());
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|error| failed(&error))?;
    let rules = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch).map_err(|error| failed(&error))?;
    let program: BpfProgram = filter.try_into().map_err(|error| failed(&error))?;
    apply_filter(&program).map_err(|error| failed(&error))
}
