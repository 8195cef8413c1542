//! How connections to a schema are made.

use std::str::FromStr;
use std::time::Duration;

use openautomate_core::error::Result as CoreResult;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use crate::driver::Result;
use crate::postgres::{Address, DURABLE, Listener, PostgresDriver, unreadable};

const STATEMENTS: usize = 256;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that rested longer is asked whether it is still there before it is used.
const RESTED: Duration = Duration::from_secs(15);

impl PostgresDriver for PgPool {
    type Listener = PgListener;
    type Target = PgConnectOptions;

    fn target(address: &Address) -> CoreResult<PgConnectOptions> {
        let options = PgConnectOptions::from_str(&address.url(&[])).map_err(|_| unreadable())?;
        let options = encrypted(options, address);
        let options = match &address.password {
            Some(password) => options.password(password.expose()),
            None => options,
        };
        Ok(options.statement_cache_capacity(STATEMENTS).disable_statement_logging())
    }

    async fn connect(target: &PgConnectOptions, settings: &[(&str, String)]) -> Result<PgConnection> {
        let connected = tokio::time::timeout(ACQUIRE_TIMEOUT, with(target, settings).connect()).await;
        Ok(connected.map_err(|_| sqlx::Error::PoolTimedOut)??)
    }

    fn pool(target: &PgConnectOptions, settings: &[(&str, String)], connections: u32) -> Self {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // A question before each use would double the round trips.
            .test_before_acquire(false)
            .before_acquire(|connection, rest| {
                Box::pin(async move {
                    if rest.idle_for > RESTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::query(DURABLE).execute(connection).await.map(drop) })
            })
            .connect_lazy_with(with(target, settings))
    }

    async fn listen(&self, channel: &str) -> Result<PgListener> {
        let mut listener = PgListener::connect_with(self).await?;
        listener.listen(channel).await?;
        Ok(listener)
    }
}

impl Listener for PgListener {
    async fn hear(&mut self) -> Result<Option<String>> {
        Ok(self.try_recv().await?.map(|notification| notification.payload().to_owned()))
    }
}

fn with(target: &PgConnectOptions, settings: &[(&str, String)]) -> PgConnectOptions {
    settings.iter().fold(target.clone(), |options, (name, value)| match *name {
        "application_name" => options.application_name(value),
        name => options.options([(name, value)]),
    })
}

/// Beyond this machine a connection is encrypted and the server's certificate checked, unless the address (or
/// PGSSLMODE) says otherwise.
fn encrypted(connection: PgConnectOptions, address: &Address) -> PgConnectOptions {
    let is_said = address.parameter("sslmode").is_some() || std::env::var_os("PGSSLMODE").is_some();
    let host = connection.get_host();
    let is_local = connection.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    if is_said || is_local { connection } else { connection.ssl_mode(PgSslMode::VerifyFull) }
}

#[cfg(test)]
mod tests {
    use crate::StoreOptions;

    use super::*;

    fn target(address: &str) -> CoreResult<PgConnectOptions> {
        PgPool::target(&Address::parse(address, &StoreOptions::default())?)
    }

    #[test]
    fn the_open_network_is_encrypted_and_checked() {
        let mode = |address: &str| format!("{:?}", target(address).unwrap().get_ssl_mode());
        assert_eq!(mode("postgres://db.example.org/oa"), "VerifyFull");
        assert_eq!(mode("postgres://db.example.org/oa?sslmode=require"), "Require");
        assert_eq!(mode("postgres://127.0.0.1/oa"), "Prefer");
    }

    #[test]
    fn no_error_shows_the_address() {
        let error = target("postgres://ada:hunter2@db:x/oa").err().unwrap();
        assert!(!format!("{error:?}").contains("hunter2"));
    }
}
