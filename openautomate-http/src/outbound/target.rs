//! What may be asked, before anybody looks where it is.

use std::net::IpAddr;
use std::str::FromStr;

use reqwest::Url;

use super::address::is_public;
use super::{OutboundError, OutboundOptions};
use crate::network::Network;

/// Something inside that may be called all the same, by any port and without TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboundRule {
    /// A host, by the name that stands in the address, wherever that leads.
    Host(String),
    /// Addresses, whatever names lead to them.
    Network(Network),
}

impl FromStr for OutboundRule {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(network) = text.parse() {
            return Ok(Self::Network(network));
        }
        let is_name = !text.is_empty()
            && text.len() <= 253
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
            && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        if is_name {
            Ok(Self::Host(plain(text)))
        } else {
            Err("is neither a host name nor an address or network of the form 10.0.0.0/8")
        }
    }
}

/// A name as it is compared: case counts for nothing, nor does the dot at its end.
fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

impl OutboundOptions {
    fn allows_name(&self, name: &str) -> bool {
        let name = plain(name);
        self.allow.iter().any(|rule| matches!(rule, OutboundRule::Host(host) if *host == name))
    }

    fn allows_address(&self, address: IpAddr) -> bool {
        let has = |rule: &OutboundRule| matches!(rule, OutboundRule::Network(net) if net.contains(address));
        self.allow.iter().any(has)
    }

    /// Whether connections to this address, which a name led to, may be made.
    pub(super) fn reaches(&self, name: &str, address: IpAddr) -> bool {
        is_public(address) || self.allows_address(address) || self.allows_name(name)
    }
}

/// Looks at an address before it is used. A host that is written as a number, in whatever spelling, has become a plain
/// address by then (the URL standard's host parser), and is judged here: it never comes to a resolver.
pub(super) fn check(url: &Url, options: &OutboundOptions) -> Result<(), OutboundError> {
    let refused = |why: &'static str| Err(OutboundError::Refused(why));
    if !url.username().is_empty() || url.password().is_some() {
        return refused("its address holds a name or a password; give those apart");
    }
    let Some(host) = url.host_str() else { return refused("its address names no host") };
    let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
    let is_allowed = match literal {
        Some(address) if options.allows_address(address) => true,
        Some(address) if !is_public(address) => {
            return refused("it is at an address that is none of the public internet");
        }
        Some(_) => false,
        None => options.allows_name(host),
    };
    match url.scheme() {
        "https" => {}
        "http" if is_allowed || options.plain_http => {}
        "http" => return refused("it is plain HTTP; use https"),
        _ => return refused("it is neither http nor https"),
    }
    let port = url.port_or_known_default().unwrap_or_default();
    if !is_allowed && !options.ports.contains(&port) {
        return refused("it is at a port where nothing may be called; use 443");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(url: &str, allow: &[&str]) -> bool {
        let allow = allow.iter().map(|rule| rule.parse().unwrap()).collect();
        check(&Url::parse(url).unwrap(), &OutboundOptions { allow, ..OutboundOptions::default() }).is_err()
    }

    #[test]
    fn scheme_port_and_literal_are_judged() {
        for url in [
            "https://hooks.example",
            "https://hooks.example:8443/x",
            "https://1.1.1.1/",
            "https://[2606:4700::1111]",
        ] {
            assert!(!is_refused(url, &[]), "{url}");
        }
        for url in [
            "http://hooks.example",
            "https://hooks.example:22",
            "ftp://hooks.example",
            "https://a:b@hooks.example",
            "https://a@hooks.example",
            "https://127.0.0.1",
            "https://2130706433",
            "https://0x7f.1",
            "https://0177.0.0.1",
            "https://0",
            "https://[::ffff:10.0.0.1]",
            "file:///etc/passwd",
            "gopher://hooks.example:443",
        ] {
            assert!(is_refused(url, &[]), "{url}");
        }
    }

    #[test]
    fn what_is_allowed_may_be_plain_and_at_any_port() {
        assert!(!is_refused("http://mail.internal:2525/", &["mail.internal"]));
        assert!(!is_refused("http://MAIL.internal.:2525/", &["Mail.Internal"]));
        assert!(is_refused("http://mail.internal.example:2525/", &["mail.internal"]));
        assert!(!is_refused("http://10.1.2.3:9000/", &["10.1.0.0/16"]));
        assert!(is_refused("http://10.2.2.3:9000/", &["10.1.0.0/16"]));
        for bad in ["", "*", "10.0.0.0/40", "a b", "1.2.3", "http://x"] {
            assert!(bad.parse::<OutboundRule>().is_err(), "{bad}");
        }
    }
}
