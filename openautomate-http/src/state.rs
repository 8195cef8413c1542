//! What every handler reaches.

use std::sync::Arc;

use openautomate_core::Orchestrator;
use openautomate_core::clock::Timestamp;

use crate::auth::{AgentTokens, PublicLimiter};
use crate::options::HttpOptions;

/// What every handler reaches. Clones are the same one.
#[derive(Clone, Debug)]
pub(crate) struct AppState {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    orchestrator: Orchestrator,
    options: HttpOptions,
    limiter: PublicLimiter,
    agent_tokens: AgentTokens,
}

impl AppState {
    pub(crate) fn new(orchestrator: Orchestrator, options: HttpOptions) -> Self {
        let limiter = PublicLimiter::new(options.public_requests);
        let agent_tokens = AgentTokens::new(options.keys.clone());
        Self { inner: Arc::new(Inner { orchestrator, options, limiter, agent_tokens }) }
    }

    pub(crate) fn orchestrator(&self) -> &Orchestrator {
        &self.inner.orchestrator
    }

    pub(crate) fn options(&self) -> &HttpOptions {
        &self.inner.options
    }

    pub(crate) fn limiter(&self) -> &PublicLimiter {
        &self.inner.limiter
    }

    pub(crate) fn agent_tokens(&self) -> &AgentTokens {
        &self.inner.agent_tokens
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.orchestrator().clock().now()
    }
}
