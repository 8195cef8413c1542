//! Tries to sign in.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::error::Result as CoreResult;
use openautomate_core::id::LoginTryId;
use openautomate_core::store::{LoginAdmission, LoginStore, LoginTry};

use super::SqliteStore;
use super::group_commit::Operation;
use crate::driver::{Connection, Pool, micros, query};
use crate::error::Result;
use crate::row::{admits, insert_login};

#[async_trait]
impl<P: Pool> LoginStore for SqliteStore<P> {
    async fn begin_login(&self, login: LoginTry) -> CoreResult<LoginAdmission> {
        self.writer.commit(Begin(login)).await
    }

    async fn forget_logins(&self, account: &[u8; 32]) -> CoreResult<()> {
        self.writer.commit(Forget(*account)).await
    }

    async fn take_back_login(&self, id: LoginTryId) -> CoreResult<()> {
        self.writer.commit(TakeBack(id)).await
    }

    async fn prune_logins(&self, now: Timestamp, limit: u32) -> CoreResult<u64> {
        self.writer.commit(Prune { now, limit }).await
    }
}

struct Begin(LoginTry);

impl Operation for Begin {
    type Output = LoginAdmission;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<LoginAdmission> {
        const COUNT: &str = "SELECT count(*) AS tries, min(expires_at) AS until FROM login_tries
            WHERE account = ? AND expires_at > ?";
        let count = query(COUNT).bind(&self.0.account[..]).bind(micros(self.0.now));
        let admission = admits(&count.fetch_one(&mut *connection).await?, &self.0)?;
        if admission == LoginAdmission::Admitted {
            insert_login(&self.0, connection).await?;
        }
        Ok(admission)
    }
}

struct Forget([u8; 32]);

impl Operation for Forget {
    type Output = ();

    async fn run<C: Connection>(self, connection: &mut C) -> Result<()> {
        query("DELETE FROM login_tries WHERE account = ?").bind(&self.0[..]).execute(connection).await?;
        Ok(())
    }
}

struct TakeBack(LoginTryId);

impl Operation for TakeBack {
    type Output = ();

    async fn run<C: Connection>(self, connection: &mut C) -> Result<()> {
        query("DELETE FROM login_tries WHERE id = ?").bind(self.0.as_uuid()).execute(connection).await?;
        Ok(())
    }
}

struct Prune {
    now: Timestamp,
    limit: u32,
}

impl Operation for Prune {
    type Output = u64;

    async fn run<C: Connection>(self, connection: &mut C) -> Result<u64> {
        const DELETE: &str = "DELETE FROM login_tries WHERE id IN (
            SELECT id FROM login_tries WHERE expires_at <= ? ORDER BY expires_at, id LIMIT ? + 0)";
        Ok(query(DELETE).bind(micros(self.now)).bind(self.limit).execute(connection).await?)
    }
}
