//! The shop of `openautomate-example-shop` for an application that lives on diesel: an order and the run that bills it in
//! one transaction of diesel.
//!
//! | module | shows |
//! |---|---|
//! | `sqlite` | diesel's own connection, which does at once what it is asked |
//! | `postgres` | a pool of diesel-async |

pub mod postgres;
mod refused;
mod schema;
pub mod sqlite;
