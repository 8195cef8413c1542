//! Tries to sign in.

use async_trait::async_trait;

use super::MemoryStore;
use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::LoginTryId;
use crate::store::{LoginAdmission, LoginStore, LoginTry};

#[async_trait]
impl LoginStore for MemoryStore {
    async fn begin_login(&self, login: LoginTry) -> Result<LoginAdmission> {
        let mut state = self.state();
        let counts = |(account, expires_at): &(_, Timestamp)| {
            (*account == login.account && *expires_at > login.now).then_some(*expires_at)
        };
        let counting: Vec<Timestamp> = state.login_tries.values().filter_map(counts).collect();
        if counting.len() < login.most as usize {
            state.login_tries.insert(login.id, (login.account, login.expires_at));
            return Ok(LoginAdmission::Admitted);
        }
        let until = counting.into_iter().min().unwrap_or(login.now);
        Ok(LoginAdmission::Refused { until })
    }

    async fn forget_logins(&self, account: &[u8; 32]) -> Result<()> {
        self.state().login_tries.retain(|_, (of, _)| of != account);
        Ok(())
    }

    async fn take_back_login(&self, id: LoginTryId) -> Result<()> {
        self.state().login_tries.remove(&id);
        Ok(())
    }

    async fn prune_logins(&self, now: Timestamp, limit: u32) -> Result<u64> {
        let mut state = self.state();
        let over = state.login_tries.iter().filter(|(_, (_, expires_at))| *expires_at <= now);
        let mut over: Vec<_> = over.map(|(id, (_, expires_at))| (*expires_at, *id)).collect();
        over.sort_unstable();
        over.truncate(limit as usize);
        for (_, id) in &over {
            state.login_tries.remove(id);
        }
        Ok(over.len() as u64)
    }
}
