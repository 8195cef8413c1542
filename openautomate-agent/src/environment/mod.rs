//! Python environments: what a package needs is installed once, by `uv`, and shared by all executions and
//! versions that need the same.
//!
//! | module | holds |
//! |---|---|
//! | `settings` | what an operator says of them |
//! | `requirement` | what a package asks for, and by which file |
//! | `requirements_txt` | the reading of one of those files |
//! | `python` | which Python a package wants, and which interpreters there are |
//! | `key` | when two packages share an environment |
//! | `url` | hiding users and passwords in URLs |
//! | `uv` | the program that makes one |
//! | `build` | the steps by which one is made |
//! | `cache` | the environments on disk, made once, leased to runs |
//! | `collect` | removing those that nobody uses |
//! | `failure` | why one could not be made |

mod build;
mod cache;
mod collect;
mod failure;
mod key;
mod python;
mod requirement;
mod requirements_txt;
mod settings;
mod url;
mod uv;

// uv is counted and held by a shell script.
#[cfg(all(test, unix))]
mod tests;

pub(crate) use cache::{Environment, EnvironmentCache};
pub(crate) use failure::Failure;
pub use settings::EnvironmentSettings;
pub use uv::find as find_uv;
