//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The agent of OpenAutomate: runs automations on this machine.
#[derive(Debug, Parser)]
#[command(name = "openautomate-agent", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Trades a one-time token for a key of this machine's own.
    Enrol(EnrolOptions),
    /// Connects and runs what the server assigns, until it is stopped.
    Run(RunOptions),
    /// Says which agent of which server this is.
    Status {
        /// Where the agent keeps its data.
        #[arg(long, env = "OPENAUTOMATE_AGENT_DATA_DIR", default_value = "openautomate-agent-data")]
        data_dir: PathBuf,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args, Debug)]
pub(crate) struct EnrolOptions {
    /// The server's address, as in https://automation.example.org.
    #[arg(long, env = "OPENAUTOMATE_AGENT_SERVER")]
    pub(crate) server: String,
    /// The file that holds the token; otherwise OPENAUTOMATE_ENROLMENT_TOKEN or standard input.
    #[arg(long)]
    pub(crate) token_file: Option<PathBuf>,
    /// The agent's name; otherwise the machine's.
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Where the agent keeps its data.
    #[arg(long, env = "OPENAUTOMATE_AGENT_DATA_DIR", default_value = "openautomate-agent-data")]
    pub(crate) data_dir: PathBuf,
    /// Talks plain HTTP to another machine: only where the way to it is safe.
    #[arg(long)]
    pub(crate) allow_plain_http: bool,
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct RunOptions {
    /// Where the agent keeps its data.
    #[arg(long, env = "OPENAUTOMATE_AGENT_DATA_DIR", default_value = "openautomate-agent-data")]
    pub(crate) data_dir: PathBuf,
    /// How many executions run at once; otherwise as many as there are processors.
    #[arg(long, env = "OPENAUTOMATE_AGENT_SLOTS", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) slots: Option<u32>,
    /// The Python interpreter that runs automations; otherwise the first python3 on the path.
    #[arg(long, env = "OPENAUTOMATE_AGENT_PYTHON")]
    pub(crate) python: Option<PathBuf>,
    /// The native half of the Python module; otherwise the one beside this program, if there is one.
    #[arg(long, env = "OPENAUTOMATE_AGENT_EXTENSION")]
    pub(crate) extension: Option<PathBuf>,
    /// How many interpreters wait for runs at most, so that these start at once; 0 for none. Otherwise two more
    /// than there are slots.
    #[arg(long, env = "OPENAUTOMATE_AGENT_WARM", value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) warm: Option<u32>,
    /// A module that the waiting interpreters import ahead; may be given again. None may start threads.
    #[arg(long, env = "OPENAUTOMATE_AGENT_PRELOAD", value_delimiter = ',')]
    pub(crate) preload: Vec<String>,
    /// How long runs may go on after a stop was asked for, in seconds.
    #[arg(long, env = "OPENAUTOMATE_AGENT_DRAIN_TIMEOUT", default_value_t = 30)]
    pub(crate) drain_timeout: u64,
    /// Writes the log as JSON.
    #[arg(long)]
    pub(crate) json_logs: bool,
}
