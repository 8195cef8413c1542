//! On which machine this process runs, so that the server tells a copy of it from itself.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::LazyLock;

use openautomate_core::domain::AgentHost;
use sha2::{Digest as _, Sha256};

use crate::platform;

/// A machine's id is a secret of it and goes nowhere as it is (machine-id(5)).
const CONTEXT: &[u8] = b"openautomate-machine-v1\n";

/// This process and its machine. An agent that is built again in the same process is another one.
pub(crate) fn this_host() -> AgentHost {
    static MACHINE: LazyLock<AgentHost> = LazyLock::new(|| AgentHost {
        instance: String::new(),
        machine: platform::machine_id().map(|id| hashed(&id)).unwrap_or_default(),
        boot: platform::boot_id().unwrap_or_default(),
        name: machine_name(),
        address: address().unwrap_or_default(),
        seen_at: None,
    });
    AgentHost { instance: uuid::Uuid::new_v4().to_string(), ..MACHINE.clone() }
}

fn hashed(id: &str) -> String {
    let hash = Sha256::new().chain_update(CONTEXT).chain_update(id.trim()).finalize();
    hash[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The machine's name, as its system tells it.
pub(crate) fn machine_name() -> String {
    let told = std::env::var("COMPUTERNAME")
        .or_else(|_| std::fs::read_to_string("/proc/sys/kernel/hostname"))
        .or_else(|_| std::fs::read_to_string("/etc/hostname"))
        .map(|name| name.trim().to_owned());
    told.ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

/// The address by which this machine reaches others. Connecting a datagram socket sends nothing; the address is one for
/// documentation (RFC 5737).
fn address() -> Option<String> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    Some(socket.local_addr().ok()?.ip().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_is_another_process_on_the_same_host() {
        let (one, other) = (this_host(), this_host());
        assert_ne!(one.instance, other.instance);
        assert!(one.is_same_host(&other) && !one.name.is_empty());
        if let Some(id) = platform::machine_id() {
            assert!(!one.machine.is_empty() && !one.machine.contains(id.trim()));
        }
    }
}
