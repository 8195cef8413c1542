//! What was opened with an access that may end: streams of people, connections of agents.
//!
//! A request is checked when it comes, against the store: session, account and roles, or the agent's row. What stays
//! open longer is checked again and again by [`AccessWatch`](crate::service::AccessWatch), which has the argument why
//! a revocation holds everywhere within five seconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio_util::sync::CancellationToken;

use super::Orchestrator;
use crate::error::{ErrorKind, Result};
use crate::id::{AgentId, SessionId};
use crate::permission::{Actor, Principal};

/// Says when the session ends in which something was opened. Hold it as long as that is open.
#[derive(Clone, Debug)]
pub struct AccessGuard {
    /// None if there is no session that could end.
    session: Option<Arc<CancellationToken>>,
}

impl AccessGuard {
    /// Waits until the session has ended, or nobody can say whether it has. Cancel safe.
    pub async fn ended(&self) {
        match &self.session {
            Some(session) => session.cancelled().await,
            None => std::future::pending().await,
        }
    }
}

/// The sessions in which something is open.
#[derive(Debug, Default)]
pub(crate) struct OpenSessions {
    sessions: Mutex<HashMap<SessionId, Weak<CancellationToken>>>,
}

impl OpenSessions {
    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Weak<CancellationToken>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, id: SessionId) -> Arc<CancellationToken> {
        let mut sessions = self.lock();
        if let Some(session) = sessions.get(&id).and_then(Weak::upgrade) {
            return session;
        }
        let session = Arc::new(CancellationToken::new());
        sessions.insert(id, Arc::downgrade(&session));
        session
    }

    /// Those in which something is still open.
    pub(crate) fn ids(&self) -> Vec<SessionId> {
        let mut sessions = self.lock();
        sessions.retain(|_, session| session.strong_count() > 0);
        sessions.keys().copied().collect()
    }

    /// Ends what is open in a session.
    pub(crate) fn end(&self, id: SessionId) {
        let session = self.lock().remove(&id);
        if let Some(session) = session.and_then(|session| session.upgrade()) {
            session.cancel();
        }
    }
}

impl Orchestrator {
    /// Watches over something that an actor opens. Ask for it after the actor's session was read: it is read again from
    /// then on. Whoever is not signed in by a session is not watched.
    #[must_use]
    pub fn guard(&self, actor: &Actor) -> AccessGuard {
        let session = match &actor.principal {
            Principal::User { session: Some(id), .. } => Some(self.inner.open_sessions.open(*id)),
            _ => None,
        };
        AccessGuard { session }
    }

    pub(crate) fn open_sessions(&self) -> &OpenSessions {
        &self.inner.open_sessions
    }

    /// Takes over what somebody changed of a connected agent; one that may not connect any more, or has another key
    /// now, is cut off.
    pub(crate) async fn take_over(&self, id: AgentId) -> Result<()> {
        let connections = self.connections();
        if !connections.contains(id) {
            return Ok(());
        }
        match self.connectable(id).await {
            Ok(agent) => connections.update(agent),
            Err(error) if error.kind() == ErrorKind::Forbidden => connections.end(id),
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_known_while_something_is_open_in_them() {
        let open = OpenSessions::default();
        let (first, second) = (SessionId::new(), SessionId::new());
        let (one, again, other) = (open.open(first), open.open(first), open.open(second));
        drop(one);
        assert_eq!(open.ids().len(), 2);
        drop(other);
        assert_eq!(open.ids(), [first]);
        open.end(first);
        assert!(again.is_cancelled());
        assert!(!open.open(first).is_cancelled(), "what is opened later was checked later");
    }
}
