//! What the machine is.

use openautomate_core::domain::AgentFacts;

use crate::platform;

/// What an agent tells of its machine. Which Pythons there are, and how large the disk is, is for the program to find
/// out.
#[must_use]
pub fn facts() -> AgentFacts {
    AgentFacts {
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        python_versions: Vec::new(),
        cpus: std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1)),
        memory_bytes: platform::memory_bytes(),
        disk_bytes: 0,
        is_updatable: false,
        hosts: vec![crate::host::this_host()],
    }
}
