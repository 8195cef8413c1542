//! An axum service that has the orchestrator inside: its own route beside the whole API, in one process.
//!
//! ```sh
//! cargo run -p openautomate-http --example embedded
//! ```

#![allow(clippy::print_stdout, reason = "an example talks to whoever runs it")]

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use axum::serve::ListenerExt as _;
use openautomate_core::Orchestrator;
use openautomate_core::blob::ObjectBlobStore;
use openautomate_core::command::identity::OfferSetup;
use openautomate_core::permission::Actor;
use openautomate_core::vault::Vault;
use openautomate_http::{HttpOptions, JwtKeys, router};
use openautomate_store::{StoreOptions, connect};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::temp_dir().join("openautomate-embedded");
    std::fs::create_dir_all(&folder)?;
    let database = format!("sqlite:{}", folder.join("automation.db").display());
    let store = connect(&database, StoreOptions::default()).await?;
    let blobs = Arc::new(ObjectBlobStore::local(folder.join("blobs"))?);
    let vault = Vault::open_or_create(&folder.join("vault.key"))?;
    let orchestrator = Orchestrator::builder(store, blobs, vault).build().await?;
    orchestrator.start();

    // Whatever the API can do, the program around it can too: one command, authorized and audited alike.
    if let Some(setup) = orchestrator.execute(&Actor::system(), OfferSetup).await? {
        println!("first administrator: http://127.0.0.1:8081/setup#token={}", setup.token.expose());
    }
    let keys = JwtKeys::load_or_create(&folder.join("jwt.pem"))?;
    let automation = router(orchestrator.clone(), HttpOptions::new(keys));
    let app = Router::new().route("/shop", get(|| async { "our own page" })).fallback_service(automation);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8081").await?;
    // Without this, messages to agents wait for one another.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    println!("our page: http://127.0.0.1:8081/shop, the API: http://127.0.0.1:8081/api/docs/");
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>())
        .with_graceful_shutdown(async { tokio::signal::ctrl_c().await.unwrap_or_default() })
        .await?;
    orchestrator.shutdown().await;
    Ok(())
}
