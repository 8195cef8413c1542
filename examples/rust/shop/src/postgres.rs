//! The shop on PostgreSQL: it has a schema of the database, and OpenAutomate another.

use std::path::Path;
use std::sync::Arc;

use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Router, serve};
use openautomate_store::StoreOptions;
use openautomate_store::sqlx::PostgresStore;
use sqlx::postgres::PgPool;

use crate::automation::Automation;
use crate::order::{Failed, NewOrder, Order};

/// What a handler needs.
#[derive(Clone, Debug)]
pub struct Shop {
    /// The shop's own connections.
    pub pool: PgPool,
    /// OpenAutomate's store, in the same database.
    pub store: PostgresStore,
    /// OpenAutomate.
    pub automation: Automation,
}

impl Shop {
    /// Opens the shop on its own connections; `store` is the address of the schema that OpenAutomate has for itself
    /// in the same database. What is no row (keys, archives) lies in `folder`.
    ///
    /// # Errors
    /// If the folder can't be written, or the database does not answer.
    pub async fn open(pool: PgPool, store: &str, folder: &Path, python: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let store = PostgresStore::open(store, StoreOptions::default()).await?;
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS orders (
                number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer TEXT NOT NULL,
                cents BIGINT NOT NULL CHECK (cents > 0), invoice_run UUID)",
        )
        .execute(&pool)
        .await?;
        let automation = Automation::start(Arc::new(store.clone()), folder, python).await?;
        Ok(Self { pool, store, automation })
    }

    /// The shop's routes.
    pub fn router(self) -> Router {
        Router::new().route("/orders", post(order)).with_state(self)
    }

    /// Serves until the process ends.
    ///
    /// # Errors
    /// If the address is in use.
    pub async fn serve(self, address: &str) -> anyhow::Result<()> {
        Ok(serve(tokio::net::TcpListener::bind(address).await?, self.router()).await?)
    }
}

/// An order, and the run that writes its invoice: both or none.
async fn order(
    State(shop): State<Shop>,
    Json(new): Json<NewOrder>,
) -> Result<(StatusCode, Json<Order>), Failed> {
    let Automation { orchestrator, .. } = &shop.automation;
    let mut transaction = shop.pool.begin().await?;
    let number: i64 =
        sqlx::query_scalar("INSERT INTO orders (customer, cents) VALUES ($1, $2) RETURNING number")
            .bind(&new.customer)
            .bind(new.cents)
            .fetch_one(&mut *transaction)
            .await?;
    // If this is refused, the order was never there.
    let run = orchestrator
        .enqueue_in(
            &mut shop.store.joining(&mut transaction),
            &shop.automation.owner,
            shop.automation.invoice_of(number, &new.customer, new.cents),
        )
        .await?;
    sqlx::query("UPDATE orders SET invoice_run = $1 WHERE number = $2")
        .bind(run.output().id.as_uuid())
        .bind(number)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    let execution = run.announce(orchestrator).id;
    Ok((StatusCode::CREATED, Json(Order { number, execution })))
}
