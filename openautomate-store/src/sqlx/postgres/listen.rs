//! Hearing what is notified.

use sqlx::postgres::{PgListener, PgPool};

use crate::driver::Result;
use crate::postgres::{Listener, PostgresPool};

impl PostgresPool for PgPool {
    type Listener = PgListener;

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
