//! How much may be asked of the server, and what it may ask of others.

use std::time::Duration;

use clap::Args;
use openautomate_http::outbound::OutboundRule;
use openautomate_http::{HttpOptions, RateLimit};

/// Requests that are counted over so long.
const SPAN: u32 = 10;

/// How much may be asked. Each server counts for itself.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits of requests")]
pub(crate) struct LimitArgs {
    /// Requests a second of a person who is signed in; ten times as many may come at once.
    #[arg(long, env = "OPENAUTOMATE_MAX_USER_REQUESTS", default_value_t = 3_000, value_name = "A SECOND",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_user_requests: u32,
    /// Requests a second of an agent, without the messages of its connection; ten times as many may come at once.
    #[arg(long, env = "OPENAUTOMATE_MAX_AGENT_REQUESTS", default_value_t = 3_000, value_name = "A SECOND",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_agent_requests: u32,
    /// Requests a minute of an address that is not signed in: logins, enrolments, challenges. Many agents behind one
    /// address need more when they come back at once.
    #[arg(long, env = "OPENAUTOMATE_MAX_PUBLIC_REQUESTS", default_value_t = 20, value_name = "A MINUTE",
        value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_public_requests: u32,
    /// A host, an address or a network inside that the server may call where somebody names it (webhooks,
    /// notifications), at any port and without TLS; may be given again. Otherwise it calls the
    /// public internet alone.
    #[arg(long, env = "OPENAUTOMATE_OUTBOUND_ALLOW", value_name = "HOST|NET", value_delimiter = ',')]
    outbound_allow: Vec<OutboundRule>,
}

impl LimitArgs {
    /// Sets them.
    pub(crate) fn apply(&self, options: &mut HttpOptions) {
        options.outbound.allow.clone_from(&self.outbound_allow);
        let a_second = |requests: u32| RateLimit::new(requests * SPAN, Duration::from_secs(SPAN.into()));
        options.user_requests = a_second(self.max_user_requests);
        options.agent_requests = a_second(self.max_agent_requests);
        options.public_requests = RateLimit::new(self.max_public_requests, Duration::from_secs(60));
    }
}
