//! The agent: runs automations on a machine, for a server that it reaches through a `Transport`.
//!
//! | module | holds |
//! |---|---|
//! | `agent` | putting an agent together and running it |
//! | `session` | one connection: hello, heartbeats, what is sent and acknowledged |
//! | `attempt` | one attempt from assignment to acknowledged finish |
//! | `run` | running it: package, working folder, runner, deadline |
//! | `pace` | which assignments wait here for a slot |
//! | `listen` | what a run tells: lines, progress, files, assets |
//! | `question` | what runs ask of the server |
//! | `loopback` | the API on this machine that bots of the original template speak to |
//! | `outcome` | how a run ended, masked and cut to what a message carries |
//! | `spool` | the log lines of an attempt on disk until they are acknowledged |
//! | `fetch` | the packages on disk |
//! | `environment` | the Python environments on disk |
//! | `adopt` | what an agent that was killed left behind |
//! | `websocket` | the transport over HTTP and WebSocket |
//! | `way` | how requests get to the server: straight, or by way of a NATS |
//! | `release` | releases of this program, and the launcher that starts them |
//! | `identity` | which agent of which server this is, and its key |
//! | `local` | a package run without any server: a server for one execution, in this process |
//! | `watch` | the folders that triggers wait for files in |
//! | `bucket` | objects of buckets and assets that are files, to and from a run |
//! | `disk` | small files that are there whole or not at all |
//! | `platform` | what differs between systems |
//! | `facts` | what the machine is |

//!
//! | feature | adds |
//! |---|---|
//! | `nats` (default) | the way to the server through a NATS; off until somebody names one |

mod adopt;
mod agent;
mod artifact;
mod attempt;
mod bucket;
mod call;
mod disk;
mod environment;
mod error;
mod facts;
mod fetch;
mod host;
mod identity;
mod input_file;
mod listen;
pub mod local;
mod loopback;
mod opener;
mod outcome;
mod pace;
mod platform;
mod prepare;
mod question;
mod queue;
pub mod release;
mod run;
mod server_trust;
mod session;
mod spool;
mod trust;
mod usage;
mod watch;
mod way;
mod websocket;

pub use agent::{Agent, AgentBuilder, default_slots};
pub use environment::{EnvironmentSettings, find_uv};
pub use error::{Error, Result};
pub use facts::facts;
#[cfg(feature = "nats")]
pub use identity::enrol_by_nats;
pub use identity::{Identity, enrol, enrol_trusting};
pub use loopback::DEFAULT_PORT as DEFAULT_LOOPBACK_PORT;
pub use platform::StopSignals;
pub use server_trust::{ClientCertificate, ServerPin, ServerTrust};
pub use websocket::WebSocketTransport;
