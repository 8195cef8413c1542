//! The shop on SQLite: its table and OpenAutomate's lie in one file.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Json, State};
use axum::http::StatusCode;
use axum::routing::post;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, ExpressionMethods as _, RunQueryDsl as _, SqliteConnection};
use openautomate_example_shop::automation::Automation;
use openautomate_example_shop::order::{Failed, NewOrder, Order};
use openautomate_store::StoreOptions;
use openautomate_store::diesel::SqliteStore;
use tokio::runtime::Handle;

use crate::refused::Refused;
use crate::schema::orders;

/// What a handler needs.
#[derive(Clone)]
pub struct Shop {
    connection: Arc<Mutex<SqliteConnection>>,
    store: SqliteStore,
    /// OpenAutomate.
    pub automation: Automation,
}

impl fmt::Debug for Shop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shop").field("automation", &self.automation).finish_non_exhaustive()
    }
}

impl Shop {
    /// Opens the shop in a folder.
    ///
    /// # Errors
    /// If the folder can't be written.
    pub async fn open(folder: &Path, python: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = folder.join("shop.db");
        let store = SqliteStore::open(&file, StoreOptions::default()).await?;
        let mut connection = SqliteConnection::establish(&file.display().to_string())?;
        connection.batch_execute(
            "PRAGMA foreign_keys = ON;
            PRAGMA busy_timeout = 5000;
            CREATE TABLE IF NOT EXISTS orders (
                number INTEGER PRIMARY KEY, customer TEXT NOT NULL, cents INTEGER NOT NULL CHECK (cents > 0))",
        )?;
        let automation = Automation::start(Arc::new(store.clone()), folder, python).await?;
        Ok(Self { connection: Arc::new(Mutex::new(connection)), store, automation })
    }

    /// The shop's routes.
    pub fn router(self) -> Router {
        Router::new().route("/orders", post(order)).with_state(self)
    }

    /// An order, and the run that writes its invoice: both or none. Blocks.
    fn order(&self, new: &NewOrder) -> Result<Order, Failed> {
        let Automation { orchestrator, owner, .. } = &self.automation;
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let (number, run) = connection.immediate_transaction(|connection| {
            let number: i64 = diesel::insert_into(orders::table)
                .values((orders::customer.eq(&new.customer), orders::cents.eq(new.cents)))
                .returning(orders::number)
                .get_result(connection)?;
            let command = self.automation.invoice_of(number, &new.customer, new.cents);
            // diesel's connection does at once what it is asked, so this waits for reads alone.
            let run = Handle::current().block_on(orchestrator.enqueue_in(
                &mut self.store.joining(connection),
                owner,
                command,
            ))?;
            Ok::<_, Refused>((number, run))
        })?;
        Ok(Order { number, execution: run.announce(orchestrator).id })
    }
}

async fn order(
    State(shop): State<Shop>,
    Json(new): Json<NewOrder>,
) -> Result<(StatusCode, Json<Order>), Failed> {
    let order = tokio::task::spawn_blocking(move || shop.order(&new)).await.map_err(Failed::internal)??;
    Ok((StatusCode::CREATED, Json(order)))
}
