//! The shop on PostgreSQL: it has a schema of the database, and OpenAutomate another.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::routing::post;
use diesel::ExpressionMethods as _;
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::{
    AnsiTransactionManager, AsyncPgConnection, RunQueryDsl as _, SimpleAsyncConnection as _,
    TransactionManager as _,
};
use openautomate_core::command::Command;
use openautomate_core::command::execution::EnqueueExecution;
use openautomate_core::orchestrator::Joined;
use openautomate_example_shop::automation::Automation;
use openautomate_example_shop::order::{Failed, NewOrder, Order};
use openautomate_store::StoreOptions;
use openautomate_store::diesel::PostgresStore;

use crate::refused::Refused;
use crate::schema::orders;

/// What a handler needs.
#[derive(Clone)]
pub struct Shop {
    pool: Pool<AsyncPgConnection>,
    store: PostgresStore,
    /// OpenAutomate.
    pub automation: Automation,
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop").field("automation", &self.automation).finish_non_exhaustive()
    }
}

impl Shop {
    /// Opens the shop on its own connections; `store` is the address of the schema that OpenAutomate has for itself
    /// in the same database. What is no row (keys, archives) lies in `folder`.
    ///
    /// # Errors
    /// If the folder can't be written, or the database does not answer.
    pub async fn open(
        pool: Pool<AsyncPgConnection>,
        store: &str,
        folder: &Path,
        python: &Path,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let store = PostgresStore::open(store, StoreOptions::default()).await?;
        pool.get()
            .await?
            .batch_execute(
                "CREATE TABLE IF NOT EXISTS orders (
                    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer TEXT NOT NULL,
                    cents BIGINT NOT NULL CHECK (cents > 0))",
            )
            .await?;
        let automation = Automation::start(Arc::new(store.clone()), folder, python).await?;
        Ok(Self { pool, store, automation })
    }

    /// The shop's routes.
    pub fn router(self) -> Router {
        Router::new().route("/orders", post(order)).with_state(self)
    }

    /// What belongs together, in a transaction that is open.
    async fn order_in(
        &self,
        connection: &mut AsyncPgConnection,
        new: &NewOrder,
    ) -> Result<(i64, Joined<<EnqueueExecution as Command>::Output>), Refused> {
        let number: i64 = diesel::insert_into(orders::table)
            .values((orders::customer.eq(&new.customer), orders::cents.eq(new.cents)))
            .returning(orders::number)
            .get_result(connection)
            .await?;
        let command = self.automation.invoice_of(number, &new.customer, new.cents);
        let mut transaction = self.store.joining(connection);
        let run = self.automation.orchestrator.enqueue_in(&mut transaction, &self.automation.owner, command);
        Ok((number, run.await?))
    }
}

/// An order, and the run that writes its invoice: both or none.
async fn order(
    State(shop): State<Shop>,
    Json(new): Json<NewOrder>,
) -> Result<(StatusCode, Json<Order>), Failed> {
    let mut connection = shop.pool.get().await.map_err(Failed::internal)?;
    AnsiTransactionManager::begin_transaction(&mut *connection).await.map_err(Failed::internal)?;
    let (number, run) = match shop.order_in(&mut connection, &new).await {
        Ok(ordered) => ordered,
        Err(refused) => {
            // If that fails the connection is gone, and the transaction with it.
            let _ = AnsiTransactionManager::rollback_transaction(&mut *connection).await;
            return Err(refused.into());
        }
    };
    AnsiTransactionManager::commit_transaction(&mut *connection).await.map_err(Failed::internal)?;
    let execution = run.announce(&shop.automation.orchestrator).id;
    Ok((StatusCode::CREATED, Json(Order { number, execution })))
}
