//! The transport suite over the network: a real server, and an agent with a key of its own.

mod line;
mod served;
mod web_socket;
