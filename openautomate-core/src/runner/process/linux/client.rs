//! Which run a connection over the loopback comes from: asked of the kernel, not of the client.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::super::Mark;
use super::family::{Member, stat};
use super::leaders;

/// States in which a client still may read an answer: established, and its own side closed.
const ALIVE: [&str; 3] = ["01", "04", "05"];
/// No real tree is deeper.
const MAX_DEPTH: usize = 256;

/// The mark of the one run whose processes hold the client's end of a connection; `None` if no run of this
/// agent does, or more than one. Blocks.
pub(in super::super) fn mark_of(client: SocketAddr, server: SocketAddr) -> Option<Mark> {
    let socket = format!("socket:[{}]", inode(client, server)?);
    let leaders = leaders::marks();
    let members = members(&leaders);
    let mut holders = members.iter().filter(|(pid, _)| holds(**pid, &socket)).map(|(_, mark)| mark);
    let mark = holders.next()?;
    // A socket that two runs share tells nothing.
    holders.all(|other| other == mark).then(|| mark.clone())
}

/// The number of the client's socket in the tables of the kernel.
fn inode(client: SocketAddr, server: SocketAddr) -> Option<u64> {
    ["/proc/self/net/tcp", "/proc/self/net/tcp6"].iter().find_map(|table| {
        let text = fs::read_to_string(table).ok()?;
        text.lines().skip(1).find_map(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            let is_it = address(fields.get(1)?)? == canonical(client)
                && address(fields.get(2)?)? == canonical(server)
                && ALIVE.contains(fields.get(3)?);
            // A socket without an owner has the number 0.
            is_it.then(|| fields.get(9)?.parse().ok())?.filter(|inode| *inode != 0)
        })
    })
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// Reads `0100007F:1F90`: words of 32 bits in the order of the machine, and a port.
fn address(text: &str) -> Option<SocketAddr> {
    let (ip, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let mut bytes = Vec::with_capacity(16);
    for at in (0..ip.len()).step_by(8) {
        let word = u32::from_str_radix(ip.get(at..at + 8)?, 16).ok()?;
        bytes.extend_from_slice(&word.to_ne_bytes());
    }
    let ip = if let Ok(four) = <[u8; 4]>::try_from(bytes.as_slice()) {
        IpAddr::V4(Ipv4Addr::from(four))
    } else {
        IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes.as_slice()).ok()?)).to_canonical()
    };
    Some(SocketAddr::new(ip, port))
}

/// The living processes of the runs: in the session of a leader, or descended from one. The nearest leader
/// counts.
fn members(leaders: &HashMap<i32, Mark>) -> HashMap<i32, Mark> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let all: HashMap<i32, Member> = pids.filter_map(|pid| Some((pid, stat(pid)?))).collect();
    let run_of = |member: &Member| {
        let mut at = Some(member);
        for _ in 0..MAX_DEPTH {
            let member = at?;
            let found = leaders.get(&member.pid).or_else(|| leaders.get(&member.session));
            if found.is_some() {
                return found;
            }
            at = all.get(&member.parent);
        }
        None
    };
    let living = all.values().filter(|member| !member.is_dead);
    living.filter_map(|member| Some((member.pid, run_of(member)?.clone()))).collect()
}

fn holds(pid: i32, socket: &str) -> bool {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
    descriptors
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .any(|target| target.as_os_str() == socket)
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::domain::Lease;
    use crate::id::ExecutionId;

    #[test]
    fn addresses_are_read() {
        let four = u32::from_ne_bytes([127, 0, 0, 1]);
        assert_eq!(address(&format!("{four:08X}:1F90")), Some("127.0.0.1:8080".parse().unwrap()));
        let zero = "00000000";
        let one = u32::from_ne_bytes([0, 0, 0, 1]);
        assert_eq!(address(&format!("{zero}{zero}{zero}{one:08X}:0050")), Some("[::1]:80".parse().unwrap()));
        let mapped = u32::from_ne_bytes([0, 0, 0xff, 0xff]);
        let text = format!("{zero}{zero}{mapped:08X}{four:08X}:0050");
        assert_eq!(address(&text), Some("127.0.0.1:80".parse().unwrap()));
        for bad in ["", ":", "zz:1", "0100007F", "0100007F:zz", "0100:1"] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_stranger_has_no_run() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_accepted, peer) = listener.accept().unwrap();
        assert!(inode(peer, listener.local_addr().unwrap()).is_some(), "its socket is found");
        assert_eq!(mark_of(peer, listener.local_addr().unwrap()), None);
        drop(client);
        assert_eq!(mark_of("127.0.0.1:1".parse().unwrap(), listener.local_addr().unwrap()), None);
    }

    #[test]
    fn who_has_a_leader_in_its_line_belongs_to_its_run() {
        let own = i32::try_from(std::process::id()).unwrap();
        let mark = Mark::of(Lease { execution: ExecutionId::new(), epoch: 1 });
        let leaders = HashMap::from([(own, mark.clone())]);
        let mut child = std::process::Command::new("sleep").arg("20").spawn().unwrap();
        let found = members(&leaders);
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(found.get(&i32::try_from(child.id()).unwrap()), Some(&mark));
        assert!(!found.contains_key(&1));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (_accepted, peer) = listener.accept().unwrap();
        let leader = leaders::Leader::of(own, &mark);
        assert_eq!(mark_of(peer, listener.local_addr().unwrap()), Some(mark));
        drop(leader);
        assert_eq!(mark_of(peer, listener.local_addr().unwrap()), None);
    }
}
