//! A server with its API on a port of this machine.

use std::net::SocketAddr;
use std::time::Duration;

use openautomate_core::Orchestrator;
use openautomate_http::{HttpOptions, JwtKeys, RateLimit, router};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Options under which a test may ask as often as it likes.
pub(super) fn options() -> HttpOptions {
    let mut options = HttpOptions::new(JwtKeys::generate().unwrap());
    options.public_requests = RateLimit::new(100_000, Duration::from_secs(60));
    options
}

/// Serves the API.
pub(crate) async fn serve(orchestrator: Orchestrator) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = router(orchestrator, options()).into_make_service_with_connect_info::<SocketAddr>();
    (address, tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }))
}
