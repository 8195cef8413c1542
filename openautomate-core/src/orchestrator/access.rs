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
use crate::id::{AgentId, ApiKeyId, SessionId};
use crate::permission::{Actor, Allowed, Principal};

/// Says when the access ends with which something was opened. Hold it as long as that is open.
#[derive(Clone, Debug)]
pub struct AccessGuard {
    /// None if there is neither a session nor a key that could end.
    access: Option<Arc<CancellationToken>>,
}

impl AccessGuard {
    /// Waits until the session or the API key has ended, or nobody can say whether it has. Cancel safe.
    pub async fn ended(&self) {
        match &self.access {
            Some(access) => access.cancelled().await,
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

/// The API keys with which something is open, and what they allowed when it was opened.
#[derive(Debug, Default)]
pub(crate) struct OpenKeys {
    keys: Mutex<HashMap<ApiKeyId, (Weak<CancellationToken>, Allowed)>>,
}

impl OpenKeys {
    fn lock(&self) -> MutexGuard<'_, HashMap<ApiKeyId, (Weak<CancellationToken>, Allowed)>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self, id: ApiKeyId, allowed: Allowed) -> Arc<CancellationToken> {
        let mut keys = self.lock();
        if let Some((known, opened_with)) = keys.get_mut(&id)
            && let Some(key) = known.upgrade()
        {
            *opened_with = std::mem::take(opened_with).union(&allowed);
            return key;
        }
        let key = Arc::new(CancellationToken::new());
        keys.insert(id, (Arc::downgrade(&key), allowed));
        key
    }

    /// Those with which something is still open, and what they allowed when it was opened.
    pub(crate) fn all(&self) -> Vec<(ApiKeyId, Allowed)> {
        let mut keys = self.lock();
        keys.retain(|_, (key, _)| key.strong_count() > 0);
        keys.iter().map(|(id, (_, allowed))| (*id, allowed.clone())).collect()
    }

    /// Ends what is open with a key.
    pub(crate) fn end(&self, id: ApiKeyId) {
        let key = self.lock().remove(&id);
        if let Some(key) = key.and_then(|(key, _)| key.upgrade()) {
            key.cancel();
        }
    }
}

impl Orchestrator {
    /// Watches over something that an actor opens. Ask for it after the actor's session or API key was read: it is read
    /// again from then on. Whoever is signed in by neither is not watched.
    #[must_use]
    pub fn guard(&self, actor: &Actor) -> AccessGuard {
        let access = match (&actor.principal, actor.powers.key) {
            (_, Some(key)) => Some(self.inner.open_keys.open(key.id, actor.allowed())),
            (Principal::User { session: Some(id), .. }, None) => Some(self.inner.open_sessions.open(*id)),
            _ => None,
        };
        AccessGuard { access }
    }

    pub(crate) fn open_keys(&self) -> &OpenKeys {
        &self.inner.open_keys
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
    use crate::id::EnvironmentId;
    use crate::permission::Permission;

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

    #[test]
    fn keys_are_known_with_what_they_allowed() {
        let open = OpenKeys::default();
        let id = ApiKeyId::new();
        let reads = Allowed::everywhere([Permission::ReadExecutions].into_iter().collect());
        let environments = [(EnvironmentId::new(), [Permission::ReadAgents].into_iter().collect())];
        let more = Allowed { environments: environments.into(), ..Allowed::default() };
        let (one, again) = (open.open(id, reads.clone()), open.open(id, more.clone()));
        assert_eq!(open.all(), [(id, reads.clone().union(&more))], "what lost either is ended");
        drop(again);
        open.end(id);
        assert!(one.is_cancelled() && open.all().is_empty());
        assert!(!open.open(id, reads).is_cancelled(), "what is opened later was checked later");
    }
}
