//! What the suite needs of the transport that it looks at.

use std::sync::Arc;

use async_trait::async_trait;

use crate::id::AgentId;
use crate::orchestrator::Orchestrator;
use crate::secret::Secret;
use crate::transport::Transport;

/// A transport under test, between an orchestrator and its agents.
///
/// # Contract
/// - `serve` makes the server's end of a line of its own, so that cases run side by side.
/// - Every transport that `transport` gives reaches that orchestrator, each as its agent.
/// - What `impostor` gives names an agent and can't prove to be that agent. Where nothing has to be proven, since
///   both ends are in one process, it is the transport of an agent that is not known.
///
/// A fixture panics where it can't do these things: a missing server is a failure, not a skipped case.
#[async_trait]
pub trait TransportFixture: Sized + Send + Sync + 'static {
    /// Serves the agents of an orchestrator.
    async fn serve(orchestrator: Orchestrator) -> Self;

    /// The transport of a registered agent. An agent that proves who it is trades the token for a key before.
    async fn transport(&self, agent: AgentId, token: Secret<String>) -> Arc<dyn Transport>;

    /// The transport of somebody else who claims to be this agent.
    async fn impostor(&self, agent: AgentId) -> Arc<dyn Transport>;

    /// Cuts the line as a broken cable does, for whatever is under way; what is begun afterwards gets through.
    /// `false` if there is no line, since both ends are in one process.
    async fn cut(&self) -> bool;

    /// Ends the server as a kill does, for good.
    async fn stop(&self);
}
