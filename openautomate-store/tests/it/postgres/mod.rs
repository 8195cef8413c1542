//! PostgreSQL.

pub(crate) mod fixture;
