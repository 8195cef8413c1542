//! How a browser opens a live connection: a WebSocket takes no header of one's own there, so a signed-in person asks
//! for a ticket that opens one connection, soon. And how many of them a session may hold open.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::TimeDelta;
use openautomate_core::clock::Timestamp;
use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::id::{ApiKeyId, SessionId};

use super::jwt::{AccessClaims, TokenType};
use super::jwt_keys::JwtKeys;
use super::used_once::UsedOnce;

/// How long a ticket waits to be used.
pub(crate) const LIVE_TICKET_LIFE: TimeDelta = TimeDelta::seconds(30);
/// So many live connections a session or an API key may hold open: one for each tab of a browser.
const PER_SESSION: usize = 32;

/// By what a live connection is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LiveHolder {
    /// A session.
    Session(SessionId),
    /// An API key.
    Key(ApiKeyId),
}

/// Gives and takes tickets, and counts what is open.
#[derive(Debug)]
pub(crate) struct LiveTickets {
    keys: JwtKeys,
    /// Those that were used here. Another server would take one again; whoever could repeat it has seen into TLS.
    used: UsedOnce,
    open: Arc<Mutex<HashMap<LiveHolder, usize>>>,
}

impl LiveTickets {
    pub(crate) fn new(keys: JwtKeys) -> Self {
        Self { keys, used: UsedOnce::default(), open: Arc::default() }
    }

    /// A ticket for whoever these claims are of.
    pub(crate) fn make(&self, claims: AccessClaims, now: Timestamp) -> Result<String> {
        self.keys.sign(TokenType::LiveTicket, claims, now, LIVE_TICKET_LIFE)
    }

    /// Whose a ticket is; each is taken once.
    pub(crate) fn take(&self, ticket: &str, now: Timestamp) -> Result<AccessClaims> {
        let claims = self.keys.verify::<AccessClaims>(TokenType::LiveTicket, ticket, now)?;
        if self.used.use_up(claims.jti, claims.exp, now) {
            Ok(claims.content)
        } else {
            Err(Error::unauthenticated("the ticket was used before; ask for another"))
        }
    }

    /// A place for one more connection of a session or an API key; it is free again when it is dropped.
    pub(crate) fn enter(&self, holder: LiveHolder) -> Result<LivePlace> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(holder).or_default();
        if *count >= PER_SESSION {
            return Err(Error::new(
                ErrorKind::QuotaExceeded,
                "live.connections",
                format!("this session or key has {PER_SESSION} live connections open; close one"),
            ));
        }
        *count += 1;
        Ok(LivePlace { open: self.open.clone(), holder })
    }
}

/// The place of one live connection.
#[derive(Debug)]
pub(crate) struct LivePlace {
    open: Arc<Mutex<HashMap<LiveHolder, usize>>>,
    holder: LiveHolder,
}

impl Drop for LivePlace {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.holder) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openautomate_core::clock::{Clock as _, SystemClock};
    use openautomate_core::id::UserId;

    #[test]
    fn a_ticket_opens_once_and_soon() {
        let tickets = LiveTickets::new(JwtKeys::generate().unwrap());
        let (now, claims) = (SystemClock.now(), AccessClaims { sub: UserId::new(), sid: SessionId::new() });
        let ticket = tickets.make(claims, now).unwrap();
        assert!(tickets.take(&ticket, now + TimeDelta::seconds(61)).is_err());
        assert_eq!(tickets.take(&ticket, now).unwrap(), claims);
        assert!(tickets.take(&ticket, now).is_err());
    }

    #[test]
    fn a_session_holds_so_many_open() {
        let tickets = LiveTickets::new(JwtKeys::generate().unwrap());
        let (one, other) = (LiveHolder::Session(SessionId::new()), LiveHolder::Key(ApiKeyId::new()));
        let mut places: Vec<_> = (0..PER_SESSION).map(|_| tickets.enter(one).unwrap()).collect();
        assert_eq!(tickets.enter(one).unwrap_err().code(), "live.connections");
        assert!(tickets.enter(other).is_ok());
        places.pop();
        assert!(tickets.enter(one).is_ok());
        places.clear();
        assert!(tickets.open.lock().unwrap().is_empty());
    }
}
