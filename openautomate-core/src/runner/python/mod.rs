//! Running Python: in a process of its own, or in this one.

#[cfg(feature = "python")]
pub mod bootstrap;
#[cfg(feature = "python")]
pub mod bridge;
#[cfg(feature = "python")]
mod convert;
#[cfg(feature = "python")]
pub mod in_process;
pub mod isolated;
pub mod pool;
pub mod protocol;
pub mod runtime;
mod session;

#[cfg(feature = "python")]
pub use in_process::InProcess;
pub use isolated::IsolatedPython;
pub use pool::PoolSettings;
pub use runtime::install_runtime;
