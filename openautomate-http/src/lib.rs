//! The REST and WebSocket face of OpenAutomate: an axum router over an
//! [`Orchestrator`](openautomate_core::Orchestrator).
//!
//! ```no_run
//! # async fn serve(orchestrator: openautomate_core::Orchestrator) -> std::io::Result<()> {
//! use std::net::SocketAddr;
//! use axum::serve::ListenerExt as _;
//! use openautomate_http::{HttpOptions, JwtKeys, router};
//!
//! let keys = JwtKeys::load_or_create("jwt.pem".as_ref()).map_err(std::io::Error::other)?;
//! let app = router(orchestrator, HttpOptions::new(keys));
//! // Without this, messages to agents wait for one another.
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
//! axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
//! # }
//! ```
//!
//! | feature | adds |
//! |---|---|
//! | `server` (default) | the binary `openautomate-server` and what it needs |
//! | `panel` (with `server`) | the control panel at `/`, if it was built (`make panel`) before |
//! | `nats` (default) | agents that reach the server by way of NATS; off until somebody calls it |

mod access;
mod auth;
mod extract;
mod health;
mod lingering;
#[cfg(feature = "server")]
pub mod listen;
mod middleware;
#[cfg(feature = "nats")]
pub mod nats;
mod network;
pub mod oidc;
mod openapi;
mod options;
pub mod outbound;
#[cfg(feature = "panel")]
mod panel;
mod platform;
mod problem;
mod proxy;
mod route;
mod router;
mod schema;
mod state;
mod steady;
mod websocket;

pub use auth::{JwtKeys, KeyRotation, RotatedKeys};
pub use network::{Network, NoNetwork};
pub use openapi::document;
pub use options::{HttpOptions, RateLimit};
pub use platform::{create_private_dir, create_private_file};
pub use router::router;
