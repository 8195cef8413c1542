//! Calls to the outside: sixty ways to the inside, and no connection.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use axum::http::Request;
use bytes::Bytes;
use openautomate_http::outbound::{Lookup, OutboundClient, OutboundError, OutboundOptions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Listens on every address of this machine, and counts who comes.
struct Inside {
    port: u16,
    came: Arc<AtomicUsize>,
}

impl Inside {
    async fn listen(answer: &'static [u8]) -> Self {
        let listener = TcpListener::bind("[::]:0").await.unwrap();
        let (port, came) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&came);
        tokio::spawn(async move {
            loop {
                let (mut socket, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let _ = socket.read(&mut [0; 4096]).await;
                    let _ = socket.write_all(answer).await;
                });
            }
        });
        Self { port, came }
    }

    fn came(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

/// Answers as a name server of somebody else's may: each time with the next of these.
#[derive(Debug)]
struct Told {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Told {
    fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parsed = |answer: &&[&str]| answer.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(Self { answers: answers.iter().map(parsed).collect(), asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Lookup for Told {
    async fn lookup(&self, _: &str) -> std::io::Result<Vec<IpAddr>> {
        let asked = self.asked.fetch_add(1, Ordering::SeqCst);
        Ok(self.answers[asked.min(self.answers.len() - 1)].clone())
    }
}

/// Only addresses stand in the way: the port is allowed, and so is plain HTTP.
fn open_but_for_addresses(port: u16, allow: &[&str]) -> OutboundOptions {
    let allow = allow.iter().map(|rule| rule.parse().unwrap()).collect();
    OutboundOptions {
        allow,
        ports: vec![port, 443],
        plain_http: true,
        timeout: Duration::from_secs(2),
        ..OutboundOptions::default()
    }
}

async fn call(client: &OutboundClient, url: &str) -> Result<(u16, usize), OutboundError> {
    let request = Request::get(url).body(Bytes::new()).map_err(|_| OutboundError::Address)?;
    client.call(request).await.map(|answer| (answer.status().as_u16(), answer.body().len()))
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";

/// Hosts as they stand in an address.
const LITERALS: [&str; 49] = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "0",
    "0.0.0.0",
    "0x0",
    "00",
    "127.0.0.1.",
    "%31%32%37.0.0.1",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "169.254.43518",
    "100.100.100.200",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[::127.0.0.1]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::169.254.169.254]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "[2001:db8::1]",
];

/// Where names lead.
const ANSWERS: [&[&str]; 9] = [
    &["127.0.0.1"],
    &["::1"],
    &["::ffff:127.0.0.1"],
    &["10.1.2.3"],
    &["169.254.169.254"],
    // One that is public hides one that is not, in whatever order.
    &["93.184.215.14", "127.0.0.1"],
    &["127.0.0.1", "93.184.215.14"],
    &["2606:4700::1111", "::1"],
    &["0.0.0.0"],
];

#[tokio::test]
async fn sixty_ways_to_the_inside_and_no_connection() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let inside = Inside::listen(OK).await;
    let port = inside.port;
    let mut refused = 0;
    let client = OutboundClient::new(open_but_for_addresses(port, &[])).unwrap();
    for host in LITERALS {
        for url in [format!("http://{host}:{port}/"), format!("https://{host}/")] {
            let by_entry = client.check(&url);
            assert!(
                matches!(by_entry, Err(OutboundError::Refused(_) | OutboundError::Address)),
                "{url} {by_entry:?}"
            );
        }
        let url = format!("http://{host}:{port}/");
        let by_call = call(&client, &url).await;
        assert!(
            matches!(by_call, Err(OutboundError::Refused(_) | OutboundError::Address)),
            "{url} {by_call:?}"
        );
        refused += 1;
    }
    for answer in ANSWERS {
        let told = Told::new(&[answer]);
        let client = OutboundClient::with_lookup(open_but_for_addresses(port, &[]), told).unwrap();
        let url = format!("http://hooks.example:{port}/");
        client.check(&url).unwrap();
        let by_call = call(&client, &url).await;
        assert!(matches!(by_call, Err(OutboundError::Refused(_))), "{answer:?} {by_call:?}");
        refused += 1;
    }
    // The machine's own name server knows these.
    for name in ["localhost", "LOCALHOST.", "ip6-localhost"] {
        let by_call = call(&client, &format!("http://{name}:{port}/")).await;
        assert!(by_call.is_err(), "{name} {by_call:?}");
        refused += 1;
    }
    // Other schemes, ports and names in the address.
    for url in [
        "ftp://hooks.example/",
        "gopher://hooks.example:443/",
        "http://hooks.example:22/",
        "http://a:b@hooks.example:443/",
    ] {
        assert!(client.check(url).is_err(), "{url}");
        refused += 1;
    }
    assert!(refused >= 60, "{refused}");
    assert_eq!(inside.came(), 0, "nothing was connected to");

    // All of that was because of the addresses: an operator who allows one is connected.
    let allowed = OutboundClient::new(open_but_for_addresses(port, &["127.0.0.0/8"])).unwrap();
    assert_eq!(call(&allowed, &format!("http://0x7f.1:{port}/")).await.unwrap(), (200, 2));
    assert_eq!(inside.came(), 1);
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_the_next_time_is_looked_at_again() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let inside = Inside::listen(OK).await;
    let port = inside.port;
    let told = Told::new(&[&["127.0.0.2"], &["127.0.0.1"], &["127.0.0.2"], &["127.0.0.2", "127.0.0.1"]]);
    let options = open_but_for_addresses(port, &["127.0.0.2"]);
    let client = OutboundClient::with_lookup(options, Arc::clone(&told) as _).unwrap();
    let url = format!("http://hooks.example:{port}/");
    for is_let_through in [true, false, true, false] {
        let before = (inside.came(), told.asked.load(Ordering::SeqCst));
        assert_eq!(call(&client, &url).await.is_ok(), is_let_through);
        // Asked once a call: what was looked at is what was connected to.
        assert_eq!(told.asked.load(Ordering::SeqCst), before.1 + 1);
        assert_eq!(inside.came(), before.0 + usize::from(is_let_through));
    }
}

#[tokio::test]
async fn an_answer_is_bounded_and_a_redirect_is_not_followed() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let target = Inside::listen(OK).await;
    let location = format!(
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
        target.port
    );
    let redirecting = Inside::listen(location.leak().as_bytes()).await;
    let client = |port, options: fn(&mut OutboundOptions)| {
        let mut own = open_but_for_addresses(port, &["127.0.0.1"]);
        options(&mut own);
        OutboundClient::new(own).unwrap()
    };
    let url = |port: u16| format!("http://127.0.0.1:{port}/");
    let redirected = call(&client(redirecting.port, |_| {}), &url(redirecting.port)).await.unwrap();
    assert_eq!((redirected.0, target.came()), (302, 0));
    let small = client(target.port, |options| options.max_answer_bytes = 1);
    assert!(matches!(call(&small, &url(target.port)).await, Err(OutboundError::TooLarge(1))));
    let silent = Inside::listen(b"").await;
    let hasty = client(silent.port, |options| options.timeout = Duration::from_millis(300));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let SocketAddr::V4(never) = listener.local_addr().unwrap() else { panic!() };
    let begun = std::time::Instant::now();
    let late = call(&hasty, &url(never.port())).await;
    assert!(matches!(late, Err(OutboundError::TooSlow(_))), "{late:?}");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn proxies_of_the_environment_count_for_nothing() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (target, proxy) = (Inside::listen(OK).await, Inside::listen(OK).await);
    // In a process of its own: the environment belongs to all tests of this one.
    let name = "outbound::called_with_a_proxy_in_the_environment";
    let mut run = std::process::Command::new(std::env::current_exe().unwrap());
    run.args(["--exact", name, "--ignored", "--nocapture"])
        .env("TARGET_PORT", target.port.to_string())
        .env("http_proxy", format!("http://127.0.0.1:{}", proxy.port))
        .env("HTTP_PROXY", format!("http://127.0.0.1:{}", proxy.port))
        .env("ALL_PROXY", format!("http://127.0.0.1:{}", proxy.port));
    let output = tokio::task::spawn_blocking(move || run.output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!((target.came(), proxy.came()), (1, 0));
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn called_with_a_proxy_in_the_environment() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let port: u16 = std::env::var("TARGET_PORT").unwrap().parse().unwrap();
    let client = OutboundClient::new(open_but_for_addresses(port, &["127.0.0.1"])).unwrap();
    assert_eq!(call(&client, &format!("http://127.0.0.1:{port}/")).await.unwrap(), (200, 2));
}
