//! Names become addresses once, and the connection goes to what was looked at.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::OutboundOptions;

/// Looks up names.
#[async_trait]
pub trait Lookup: std::fmt::Debug + Send + Sync {
    /// The addresses of a name, all of them.
    ///
    /// # Errors
    /// If nobody knows it, or nobody answers.
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>>;
}

/// As the system looks up names.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

#[async_trait]
impl Lookup for SystemLookup {
    async fn lookup(&self, name: &str) -> std::io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect())
    }
}

/// A name leads where nothing may be called.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a name leads to an address that is none of the public internet")]
pub(super) struct Inside;

/// Refuses a name if any of its addresses is one that may not be called: whoever can have it answer with two has it
/// answer with one of them at the time of their choice.
#[derive(Debug)]
pub(super) struct Guarded {
    pub(super) lookup: Arc<dyn Lookup>,
    pub(super) options: Arc<OutboundOptions>,
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (lookup, options) = (Arc::clone(&self.lookup), Arc::clone(&self.options));
        Box::pin(async move {
            let found = lookup.lookup(name.as_str()).await?;
            if let Some(inside) = found.iter().find(|address| !options.reaches(name.as_str(), **address)) {
                tracing::warn!(name = name.as_str(), address = %inside, "a call to the outside was refused");
                return Err(Inside.into());
            }
            // The port of the request takes the place of this one.
            let found: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(found)
        })
    }
}
