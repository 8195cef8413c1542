//! Tries to sign in.

use openautomate_core::store::{LoginAdmission, LoginTry};

use crate::driver::{Columns, Connection, Row, micros, query};
use crate::error::Result;

/// What a try is told where a row says how many `tries` count, and that the first does so `until`.
pub(crate) fn admits<R: Row>(row: &R, login: &LoginTry) -> Result<LoginAdmission> {
    let columns = Columns::of(row, "login try");
    if columns.get::<i64>("tries")? < i64::from(login.most) {
        return Ok(LoginAdmission::Admitted);
    }
    let until = columns.time_or_none("until")?.unwrap_or(login.now);
    Ok(LoginAdmission::Refused { until })
}

/// Counts a try.
pub(crate) async fn insert_login(login: &LoginTry, connection: &mut impl Connection) -> Result<()> {
    const INSERT: &str = "INSERT INTO login_tries (id, account, expires_at) VALUES ($1, $2, $3)";
    let insert = query(INSERT).bind(login.id.as_uuid()).bind(&login.account[..]);
    insert.bind(micros(login.expires_at)).execute(connection).await?;
    Ok(())
}
