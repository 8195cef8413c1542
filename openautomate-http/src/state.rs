//! What every handler reaches.

use std::sync::Arc;

use openautomate_core::Orchestrator;
use openautomate_core::clock::Timestamp;
use openautomate_core::id::{AgentId, TriggerId, UserId};

use crate::auth::{AgentTokens, LiveTickets, PublicLimiter, RequestBuckets, UsedOnce};
use crate::oidc::OidcClients;
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
    refreshes: PublicLimiter,
    hooks: RequestBuckets<TriggerId>,
    people: RequestBuckets<UserId>,
    agents: RequestBuckets<AgentId>,
    hook_senders: PublicLimiter,
    agent_tokens: AgentTokens,
    live_tickets: LiveTickets,
    oidc: OidcClients,
    oidc_logins: UsedOnce,
}

impl AppState {
    pub(crate) fn new(orchestrator: Orchestrator, options: HttpOptions) -> Self {
        let limiter = PublicLimiter::new(options.public_requests);
        let refreshes = PublicLimiter::new(options.cookie_refreshes);
        let hooks = RequestBuckets::new(
            options.hook_requests,
            "webhook.rate",
            "too many webhooks came for this trigger; wait and send it again",
        );
        let people = RequestBuckets::new(
            options.user_requests,
            "user.rate",
            "too many requests came from this account; wait and try again, or ask for more at once",
        );
        let agents = RequestBuckets::new(
            options.agent_requests,
            "agent.rate",
            "too many requests came from this agent; wait and try again",
        );
        let hook_senders = PublicLimiter::new(options.hook_requests);
        let agent_tokens = AgentTokens::new(options.keys.clone());
        let live_tickets = LiveTickets::new(options.keys.clone());
        let oidc = OidcClients::new(options.oidc.clone());
        let inner = Inner {
            orchestrator,
            options,
            limiter,
            refreshes,
            hooks,
            people,
            agents,
            hook_senders,
            agent_tokens,
            live_tickets,
            oidc,
            oidc_logins: UsedOnce::default(),
        };
        Self { inner: Arc::new(inner) }
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

    pub(crate) fn refreshes(&self) -> &PublicLimiter {
        &self.inner.refreshes
    }

    pub(crate) fn hooks(&self) -> &RequestBuckets<TriggerId> {
        &self.inner.hooks
    }

    /// The requests of each person, by whatever they signed in.
    pub(crate) fn people(&self) -> &RequestBuckets<UserId> {
        &self.inner.people
    }

    /// The requests of each agent.
    pub(crate) fn agents(&self) -> &RequestBuckets<AgentId> {
        &self.inner.agents
    }

    pub(crate) fn hook_senders(&self) -> &PublicLimiter {
        &self.inner.hook_senders
    }

    pub(crate) fn agent_tokens(&self) -> &AgentTokens {
        &self.inner.agent_tokens
    }

    pub(crate) fn live_tickets(&self) -> &LiveTickets {
        &self.inner.live_tickets
    }

    pub(crate) fn oidc(&self) -> &OidcClients {
        &self.inner.oidc
    }

    /// The logins that came back here. Another server would take one again, and the provider takes no code twice.
    pub(crate) fn oidc_logins(&self) -> &UsedOnce {
        &self.inner.oidc_logins
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.orchestrator().clock().now()
    }
}
