//! What is done with a whole database.

mod copy;
mod doctor;
mod installation;
mod life;
mod migration;
#[cfg(unix)]
mod snapshot;
