//! Tries to sign in.

use async_trait::async_trait;
use openautomate_core::clock::Timestamp;
use openautomate_core::error::Result as CoreResult;
use openautomate_core::id::LoginTryId;
use openautomate_core::store::{LoginAdmission, LoginStore, LoginTry};

use super::transact::{Operation, repeat, transact};
use super::{PostgresDriver, PostgresStore};
use crate::driver::{Connection, micros, query};
use crate::error::Result;
use crate::row::{admits, insert_login};

#[async_trait]
impl<P: PostgresDriver> LoginStore for PostgresStore<P> {
    async fn begin_login(&self, login: LoginTry) -> CoreResult<LoginAdmission> {
        Ok(transact(&Begin(login), &self.pool).await?)
    }

    async fn forget_logins(&self, account: &[u8; 32]) -> CoreResult<()> {
        const DELETE: &str = "DELETE FROM login_tries WHERE account = $1";
        let delete = || async { Ok(query(DELETE).bind(&account[..]).execute(&self.pool).await?) };
        repeat(delete).await?;
        Ok(())
    }

    async fn take_back_login(&self, id: LoginTryId) -> CoreResult<()> {
        const DELETE: &str = "DELETE FROM login_tries WHERE id = $1";
        let delete = || async { Ok(query(DELETE).bind(id.as_uuid()).execute(&self.pool).await?) };
        repeat(delete).await?;
        Ok(())
    }

    async fn prune_logins(&self, now: Timestamp, limit: u32) -> CoreResult<u64> {
        // What another server removes at this moment is left to it.
        const DELETE: &str = "DELETE FROM login_tries WHERE id IN (
            SELECT id FROM login_tries WHERE expires_at <= $1 ORDER BY expires_at, id LIMIT $2
            FOR UPDATE SKIP LOCKED)";
        let delete = || async {
            Ok(query(DELETE).bind(micros(now)).bind(i64::from(limit)).execute(&self.pool).await?)
        };
        Ok(repeat(delete).await?)
    }
}

struct Begin(LoginTry);

impl Operation for Begin {
    type Output = LoginAdmission;

    async fn run<C: Connection>(&self, connection: &mut C) -> Result<LoginAdmission> {
        // Held until the end of the transaction, so that the next count sees what this one leaves. There may be no row
        // yet that could be locked; two accounts that share a number wait for each other, and no more.
        const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
        const COUNT: &str = "SELECT count(*) AS tries, min(expires_at) AS until FROM login_tries
            WHERE account = $1 AND expires_at > $2";
        let [a, b, c, d, e, f, g, h, ..] = self.0.account;
        let number = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
        query(LOCK).bind(number).execute(&mut *connection).await?;
        let count = query(COUNT).bind(&self.0.account[..]).bind(micros(self.0.now));
        let admission = admits(&count.fetch_one(&mut *connection).await?, &self.0)?;
        if admission == LoginAdmission::Admitted {
            insert_login(&self.0, connection).await?;
        }
        Ok(admission)
    }
}
