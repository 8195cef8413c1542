//! WebSockets.

pub(crate) mod agent;
