//! What an honest hello looks like.

use super::quarantine::check_hosts;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::{Hello, PROTOCOL_VERSION};

/// More leases than this are no honest hello or heartbeat.
pub(super) const MAX_LEASES: usize = 10_000;
pub(super) const MAX_SLOTS: u32 = 1_000;
const MAX_INTERPRETERS: usize = 100;
const MAX_FACT: usize = 200;

/// Refuses a hello that no agent of this release says.
pub(super) fn check_hello(hello: &Hello) -> Result<()> {
    if hello.protocol != PROTOCOL_VERSION {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "agent.protocol",
            format!(
                "the agent speaks version {} of the protocol and this server version {PROTOCOL_VERSION}; \
                 install the agent of this server's release",
                hello.protocol
            ),
        ));
    }
    if hello.leases.len() > MAX_LEASES || hello.slots == 0 || hello.slots > MAX_SLOTS {
        return Err(Error::invalid(
            "agent.hello",
            format!("the hello names no 1 to {MAX_SLOTS} slots, or too many leases"),
        ));
    }
    let facts = &hello.facts;
    check_hosts(&facts.hosts)?;
    let texts = facts.python_versions.iter().chain([&facts.agent_version, &facts.os, &facts.arch]);
    if facts.python_versions.len() > MAX_INTERPRETERS || texts.into_iter().any(|text| text.len() > MAX_FACT) {
        let why = format!("the hello names more than {MAX_INTERPRETERS} interpreters, or a fact is too long");
        return Err(Error::invalid("agent.hello", why));
    }
    Ok(())
}
