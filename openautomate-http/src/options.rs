//! What the program that serves the router sets.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::Quota;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::auth::JwtKeys;
use crate::network::Network;
use crate::oidc::OidcProvider;
use crate::outbound::OutboundOptions;

/// So many requests in a span of time, all of which may come at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How many.
    pub requests: NonZeroU32,
    /// In which time.
    pub per: Duration,
}

impl RateLimit {
    /// A limit; no requests at all counts as one.
    #[must_use]
    pub fn new(requests: u32, per: Duration) -> Self {
        Self { requests: NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN), per }
    }

    /// As a bucket that is full at first, and fills again within the time.
    pub(crate) fn quota(self) -> Quota {
        Quota::with_period(self.per / self.requests.get())
            .unwrap_or_else(|| Quota::per_second(self.requests))
            .allow_burst(self.requests)
    }
}

/// What the program that serves the router sets.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// The keys that sign access tokens.
    pub keys: JwtKeys,
    /// Per client address, for everything that nobody is signed in for: logins, refreshes, registrations,
    /// enrolments, challenges. Each server counts for itself, in memory: behind a balancer that spreads the requests of
    /// one address, N servers let N times as many through, and a restart begins anew. Default: 20 a minute.
    pub public_requests: RateLimit,
    /// Refreshes by a browser's cookie per client address: each page that is opened or reloaded asks for one, so it is
    /// more than [`public_requests`](Self::public_requests). Default: 120 a minute.
    pub cookie_refreshes: RateLimit,
    /// Webhooks per trigger, and per client address. Default: 600 a minute.
    pub hook_requests: RateLimit,
    /// Requests per person who is signed in, whatever they signed in by. Like the limits above it is counted by each
    /// server for itself. Default: 30,000 in ten seconds, which only a program that has lost its way reaches.
    pub user_requests: RateLimit,
    /// Requests per agent, without the messages of its connection. Default: 30,000 in ten seconds.
    pub agent_requests: RateLimit,
    /// Failed logins per account, counted in the store: one count for all servers, which a restart leaves. Default: 5
    /// in 15 minutes.
    pub login_failures: RateLimit,
    /// Whether a proxy of one's own stands in front: then the client's address is the right-most entry of
    /// `X-Forwarded-For` that is none of [`trusted_proxies`](Self::trusted_proxies), if the connection comes from one of
    /// these. Default: no.
    pub behind_proxy: bool,
    /// The address at which people reach the server, as in `https://bots.example.org`: identity providers send them back
    /// there. Default: none.
    pub public_url: Option<String>,
    /// The identity providers at which people may sign in; they need [`public_url`](Self::public_url). Default: none.
    pub oidc: Vec<OidcProvider>,
    /// Where the proxies are that are believed. Default: this machine alone. A network that others are in as well would
    /// let each of them say whom it speaks for: write any address into the audit, and be counted as somebody else.
    pub trusted_proxies: Vec<Network>,
    /// Whether agents have to show a certificate of the authority that
    /// [`ServerCertificate::tls`](crate::listen::ServerCertificate::tls) was given. Default: no.
    #[cfg(feature = "server")]
    pub agents_need_certificate: bool,
    /// The largest JSON body in bytes. Default: 1 MiB.
    pub max_json_bytes: usize,
    /// The largest package archive in bytes. Default: 200 MiB.
    pub max_package_bytes: usize,
    /// The longest address of a request in bytes. Default: 8 KiB.
    pub max_uri_bytes: usize,
    /// How much the names and values of a request's headers may take in bytes. Default: 32 KiB.
    pub max_header_bytes: usize,
    /// How slowly the body of an upload may come after [`upload_grace`](Self::upload_grace), in bytes a second, not
    /// counting the time for which the server takes nothing. Default: 1 KiB.
    pub min_upload_rate: u32,
    /// How long the body of an upload may keep the server waiting beyond that, in all. Default: 10 seconds.
    pub upload_grace: Duration,
    /// How long a request may take; uploads, downloads and streams are left out. Default: 30 seconds.
    pub request_timeout: Duration,
    /// Messages of a client on one live connection, its pings among them; one that says more is cut off. Default: 100 a
    /// second.
    pub live_messages: RateLimit,
    /// How long a client of a WebSocket may take nothing of a message, before it is cut off. Default: 20 seconds.
    pub send_limit: Duration,
    /// How often agents are pinged. Default: 20 seconds.
    pub ping_every: Duration,
    /// After how long a silence an agent's connection, or the upload of an input file, is given up. Default: 60
    /// seconds.
    pub silence_limit: Duration,
    /// What may be called outside, where others name it.
    pub outbound: OutboundOptions,
    /// Ends the log streams when it is cancelled, so that a graceful stop does not wait for them.
    pub stop: CancellationToken,
    /// Counts the agents' connections, so that a stop can wait for their last message to go out.
    pub tasks: TaskTracker,
}

impl HttpOptions {
    /// The defaults with these keys.
    #[must_use]
    pub fn new(keys: JwtKeys) -> Self {
        Self {
            keys,
            public_requests: RateLimit::new(20, Duration::from_secs(60)),
            cookie_refreshes: RateLimit::new(120, Duration::from_secs(60)),
            hook_requests: RateLimit::new(600, Duration::from_secs(60)),
            user_requests: RateLimit::new(30_000, Duration::from_secs(10)),
            agent_requests: RateLimit::new(30_000, Duration::from_secs(10)),
            login_failures: RateLimit::new(5, Duration::from_secs(15 * 60)),
            behind_proxy: false,
            public_url: None,
            oidc: Vec::new(),
            trusted_proxies: ["127.0.0.0/8", "::1"].iter().filter_map(|own| own.parse().ok()).collect(),
            #[cfg(feature = "server")]
            agents_need_certificate: false,
            max_json_bytes: 1024 * 1024,
            max_package_bytes: 200 * 1024 * 1024,
            max_uri_bytes: 8 * 1024,
            max_header_bytes: 32 * 1024,
            min_upload_rate: 1024,
            upload_grace: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            live_messages: RateLimit::new(100, Duration::from_secs(1)),
            send_limit: Duration::from_secs(20),
            ping_every: Duration::from_secs(20),
            silence_limit: Duration::from_secs(60),
            outbound: OutboundOptions::default(),
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }
}
