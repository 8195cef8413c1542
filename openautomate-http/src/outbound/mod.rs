//! Calling what others named: webhooks, notifications, an identity provider.
//!
//! Whoever may name an address would otherwise reach through this server what only it reaches: its own machine, its
//! network, and those who tell a machine in a cloud its credentials. So an address is looked at before it is used, and a
//! name where it leads, by the very answer that the connection is then made with. Nothing is followed, and nothing comes
//! between: no redirects, no proxies of the environment, no connection of an earlier call.

mod address;
mod resolver;
mod target;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, Response};
use bytes::{Bytes, BytesMut};
use openautomate_core::error::{Error, ErrorKind};
use reqwest::{Client, Url, redirect};

use self::resolver::{Guarded, Inside};

pub use address::is_public;
pub use resolver::{Lookup, SystemLookup};
pub use target::OutboundRule;

/// What may be called, and what it may take (RELIABILITY 7.11).
#[derive(Clone, Debug)]
pub struct OutboundOptions {
    /// What is inside and may be called all the same. Default: nothing.
    pub allow: Vec<OutboundRule>,
    /// By which ports. Default: 443, 80 and 8443.
    pub ports: Vec<u16>,
    /// Whether anything may be called by plain HTTP. Default: no.
    pub plain_http: bool,
    /// How long a call may take, from the question for its name to the end of the answer. Default: 10 seconds.
    pub timeout: Duration,
    /// The largest answer in bytes. Default: 256 KiB.
    pub max_answer_bytes: usize,
}

impl Default for OutboundOptions {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            ports: vec![443, 80, 8443],
            plain_http: false,
            timeout: Duration::from_secs(10),
            max_answer_bytes: 256 * 1024,
        }
    }
}

/// Why a call has no answer. None of it repeats what the other end said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutboundError {
    /// It may not be called.
    #[error("this may not be called: {0}. An operator can allow hosts and networks by --outbound-allow")]
    Refused(&'static str),
    /// The address is none.
    #[error("the address is none that can be called; give one of the form https://host/path")]
    Address,
    /// It can't be reached.
    #[error("it can't be reached; check its address, its name and its certificate")]
    Unreachable(#[source] reqwest::Error),
    /// It took too long.
    #[error("it gave no whole answer within {} seconds", .0.as_secs())]
    TooSlow(Duration),
    /// The answer is too large.
    #[error("its answer is larger than {0} bytes")]
    TooLarge(usize),
    /// TLS can't be used.
    #[error("the machine's TLS can't be used")]
    Tls(#[source] reqwest::Error),
}

impl From<OutboundError> for Error {
    fn from(error: OutboundError) -> Self {
        let (kind, code) = match &error {
            OutboundError::Refused(_) | OutboundError::Address => (ErrorKind::Invalid, "outbound.refused"),
            OutboundError::Tls(_) => (ErrorKind::Internal, "outbound.tls"),
            OutboundError::TooLarge(_) => (ErrorKind::Unavailable, "outbound.too_large"),
            OutboundError::Unreachable(_) | OutboundError::TooSlow(_) => {
                (ErrorKind::Unavailable, "outbound.unreachable")
            }
        };
        Self::new(kind, code, error.to_string()).with_source(error)
    }
}

/// Calls what others named. Clones are the same one.
#[derive(Clone, Debug)]
pub struct OutboundClient {
    client: Client,
    options: Arc<OutboundOptions>,
}

impl OutboundClient {
    /// A client that looks up names as the system does.
    ///
    /// # Errors
    /// [`OutboundError::Tls`] if the machine's TLS can't be used.
    pub fn new(options: OutboundOptions) -> Result<Self, OutboundError> {
        Self::with_lookup(options, Arc::new(SystemLookup))
    }

    /// A client that looks up names by `lookup`.
    ///
    /// # Errors
    /// [`OutboundError::Tls`] if the machine's TLS can't be used.
    pub fn with_lookup(options: OutboundOptions, lookup: Arc<dyn Lookup>) -> Result<Self, OutboundError> {
        let options = Arc::new(options);
        let client = Client::builder()
            .user_agent(concat!("openautomate/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Guarded { lookup, options: Arc::clone(&options) })
            .redirect(redirect::Policy::none())
            .no_proxy()
            .referer(false)
            // A connection that is kept would be used for a name without looking where it leads now.
            .pool_max_idle_per_host(0)
            .timeout(options.timeout)
            .build()
            .map_err(OutboundError::Tls)?;
        Ok(Self { client, options })
    }

    /// Says whether an address may be called, as far as that can be told without looking up its name: to refuse one
    /// while it is entered. A call looks again.
    ///
    /// # Errors
    /// [`OutboundError::Address`] or [`OutboundError::Refused`].
    pub fn check(&self, address: &str) -> Result<(), OutboundError> {
        let url = Url::parse(address).map_err(|_| OutboundError::Address)?;
        target::check(&url, &self.options)
    }

    /// Makes a call, once. An answer of whatever status is one; a redirect is not followed.
    ///
    /// # Errors
    /// If it may not be called, can't be reached, takes too long, or says too much.
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, OutboundError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| OutboundError::Address)?;
        target::check(&url, &self.options)?;
        let calling = self.client.request(parts.method, url).headers(parts.headers).body(body).send();
        let mut answer = calling.await.map_err(|error| self.failed(error))?;
        let mut read = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(|error| self.failed(error))? {
            if read.len() + piece.len() > self.options.max_answer_bytes {
                return Err(OutboundError::TooLarge(self.options.max_answer_bytes));
            }
            read.extend_from_slice(&piece);
        }
        let mut response = Response::new(read.freeze());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        Ok(response)
    }

    fn failed(&self, error: reqwest::Error) -> OutboundError {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(one) = cause {
            if one.is::<Inside>() {
                return OutboundError::Refused(
                    "its name leads to an address that is none of the public internet",
                );
            }
            cause = one.source();
        }
        if error.is_timeout() {
            OutboundError::TooSlow(self.options.timeout)
        } else {
            // The address may hold a secret of whoever named it.
            OutboundError::Unreachable(error.without_url())
        }
    }
}
