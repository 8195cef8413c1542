//! The transport suite over the network: a real server, and an agent with a key of its own.

#[cfg(feature = "nats")]
mod hostile;
mod line;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "nats")]
mod nats_server;
#[cfg(feature = "nats")]
mod peers;
mod sealed;
mod served;
mod tls;
mod web_socket;

pub(crate) use served::serve;
