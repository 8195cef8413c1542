//! What a proxy in front says of the request, and whether it is believed.
//!
//! Anybody can write `X-Forwarded-…` into a request. They count only if the connection comes from a proxy that the
//! operator named; from everybody else they are taken out before anything reads them.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderName;

use crate::options::HttpOptions;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// All that a proxy of one's own says, and nobody else.
const SAID_BY_PROXIES: [HeaderName; 5] = [
    X_FORWARDED_FOR,
    X_FORWARDED_PROTO,
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("forwarded"),
];

/// Where a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The client's address.
    pub(crate) address: Option<IpAddr>,
    /// Whether a proxy that is believed says that the client spoke TLS with it.
    pub(crate) is_https: bool,
}

/// Where a request comes from. What nobody who is believed says of that is taken out of it.
pub(crate) fn origin(request: &mut Request, options: &HttpOptions) -> Origin {
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = connection.map(|connection| connection.0.ip().to_canonical());
    let is_trusted =
        |address: IpAddr| options.trusted_proxies.iter().any(|network| network.contains(address));
    // Without a connection the router is driven in the same process, by the proxy itself.
    if !options.behind_proxy || peer.is_some_and(|peer| !is_trusted(peer)) {
        let mut has_said = false;
        for name in SAID_BY_PROXIES {
            has_said |= request.headers_mut().remove(name).is_some();
        }
        if has_said && options.behind_proxy {
            tracing::debug!(
                ?peer,
                "somebody who is no trusted proxy says whom it speaks for; name proxies by --trusted-proxy"
            );
        }
        return Origin { address: peer, is_https: false };
    }
    let mut address = peer;
    let told = request.headers().get_all(X_FORWARDED_FOR);
    let mut told: Vec<&str> =
        told.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    // From the right: each entry was written by the one to its right, the last by the proxy that is connected. Before
    // the first one who is not trusted, anything may stand.
    while let Some(entry) = told.pop() {
        let Some(entry) = parsed(entry) else { break };
        address = Some(entry);
        if !is_trusted(entry) {
            break;
        }
    }
    let proto = request.headers().get_all(X_FORWARDED_PROTO).iter().next_back();
    let proto = proto.and_then(|value| value.to_str().ok()).and_then(|value| value.rsplit(',').next());
    Origin { address, is_https: proto.is_some_and(|proto| proto.trim().eq_ignore_ascii_case("https")) }
}

/// An entry: an address, which some proxies give a port.
fn parsed(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let address =
        entry.parse::<IpAddr>().ok().or_else(|| entry.parse::<SocketAddr>().ok().map(|with| with.ip()));
    let bracketed = || entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JwtKeys, Network};
    use axum::body::Body;
    use axum::http::HeaderValue;

    fn options(behind_proxy: bool, trusted: &[&str]) -> HttpOptions {
        let dir = tempfile::tempdir().unwrap();
        let mut options = HttpOptions::new(JwtKeys::load_or_create(&dir.path().join("jwt.pem")).unwrap());
        options.behind_proxy = behind_proxy;
        options.trusted_proxies.extend(trusted.iter().map(|network| network.parse::<Network>().unwrap()));
        options
    }

    fn request(peer: &str, headers: &[(&'static str, &'static str)]) -> Request {
        let mut request = Request::new(Body::empty());
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        let peer: IpAddr = peer.parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((peer, 9))));
        request
    }

    fn address(options: &HttpOptions, peer: &str, told: &'static str) -> String {
        let origin = origin(&mut request(peer, &[("x-forwarded-for", told)]), options);
        origin.address.map(|address| address.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_right_most_address_counts_that_is_no_proxy_of_ours() {
        let behind = options(true, &["10.0.0.0/8"]);
        for (peer, told, wanted) in [
            ("127.0.0.1", "198.51.100.9, 192.0.2.7", "192.0.2.7"),
            ("127.0.0.1", "203.0.113.5, 192.0.2.7, 10.1.1.1", "192.0.2.7"),
            ("10.9.9.9", "192.0.2.7,10.1.1.1 , 10.1.1.2", "192.0.2.7"),
            ("10.9.9.9", "10.1.1.1", "10.1.1.1"),
            ("10.9.9.9", "192.0.2.7:4711", "192.0.2.7"),
            ("10.9.9.9", "[2001:db8::7]:4711", "2001:db8::7"),
            ("10.9.9.9", "[2001:db8::7]", "2001:db8::7"),
            ("::ffff:10.9.9.9", "::ffff:192.0.2.7", "192.0.2.7"),
            ("10.9.9.9", "192.0.2.7, nonsense", "10.9.9.9"),
            ("10.9.9.9", "", "10.9.9.9"),
            // A stranger may say what it likes.
            ("192.0.2.99", "198.51.100.9", "192.0.2.99"),
            ("192.0.2.99", "10.1.1.1", "192.0.2.99"),
            ("172.16.0.1", "198.51.100.9", "172.16.0.1"),
        ] {
            assert_eq!(address(&behind, peer, told), wanted, "{peer} {told}");
        }
        assert_eq!(address(&options(false, &["10.0.0.0/8"]), "10.9.9.9", "192.0.2.7"), "10.9.9.9");
    }

    #[test]
    fn what_strangers_say_is_taken_out() {
        let said = [
            ("x-forwarded-proto", "https"),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "for=192.0.2.1"),
        ];
        for (options, peer, is_believed) in [
            (options(true, &[]), "127.0.0.1", true),
            (options(true, &[]), "192.0.2.9", false),
            (options(false, &[]), "127.0.0.1", false),
        ] {
            let mut request = request(peer, &said);
            assert_eq!(origin(&mut request, &options).is_https, is_believed);
            assert_eq!(request.headers().len(), if is_believed { 3 } else { 0 });
        }
    }
}
