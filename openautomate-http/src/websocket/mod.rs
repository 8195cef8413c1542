//! WebSockets.

pub(crate) mod agent;
pub(crate) mod live;
