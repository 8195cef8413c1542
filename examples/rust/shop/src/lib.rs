//! A small shop with OpenAutomate inside: no server beside it, its own database, its own transactions.
//!
//! | module | shows |
//! |---|---|
//! | `sqlite` | an order and its run in one `sqlx` transaction of a SQLite file |
//! | `postgres` | the same in PostgreSQL, where the shop has a schema and OpenAutomate another |
//! | `trial` | what the tests ask of every shop |
//! | `automation` | what the shop embeds: orchestrator, a package, an agent in this process |

pub mod automation;
pub mod order;
pub mod postgres;
pub mod sqlite;
pub mod trial;
