//! The command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use openautomate_agent::{ClientCertificate, DEFAULT_LOOPBACK_PORT, ServerPin, ServerTrust};
use openautomate_core::domain::Limits;
use openautomate_core::package::limits::parse_size;
use openautomate_core::package::signature::PublicKey;

#[cfg(feature = "nats")]
use crate::nats::NatsOptions;

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
    Enrol(Box<EnrolOptions>),
    /// Connects and runs what the server assigns, until it is stopped.
    Run(Box<RunOptions>),
    /// Runs a package on this machine with no server, as an agent would, and prints what it says.
    ///
    /// Lines go to standard error, the outputs as JSON to standard output. The exit code is 0 if it succeeded,
    /// 1 if it failed, 2 if it can't be run at all, 124 if its time was over, 130 if it was cancelled.
    Exec(Box<ExecOptions>),
    /// Signs the content of a package as its author, for environments and agents that ask for it, and prints what
    /// to publish it with.
    Sign(SignOptions),
    /// Makes release keys, and signs releases of this program.
    #[command(subcommand)]
    Release(ReleaseCommand),
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
    /// The server's address, as in https://automation.example.org; or that of a NATS which both reach, as in
    /// nats://nats.example.org:4222.
    #[arg(long, env = "OPENAUTOMATE_AGENT_SERVER")]
    pub(crate) server: String,
    /// By way of a NATS: the key that the server tells when it starts. The token is told to nobody else. May be given
    /// again.
    #[arg(long, env = "OPENAUTOMATE_AGENT_SERVER_KEY", value_delimiter = ',')]
    pub(crate) server_key: Vec<PublicKey>,
    #[command(flatten)]
    pub(crate) trust: TrustOptions,
    #[command(flatten)]
    pub(crate) certificate: CertificateOptions,
    #[cfg(feature = "nats")]
    #[command(flatten)]
    pub(crate) nats: NatsOptions,
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

/// What the server has to show by https; kept with the enrolment. Otherwise a certificate that the machine trusts.
#[derive(Args, Debug)]
pub(crate) struct TrustOptions {
    /// The pin of the server's key, as it tells it when it starts, or as curl takes it: sha256// and base64. The token is
    /// told to nobody else. May be given again, for a key that is to come.
    #[arg(long, env = "OPENAUTOMATE_AGENT_SERVER_PIN", value_name = "PIN", value_delimiter = ',')]
    server_pin: Vec<ServerPin>,
    /// The file of the certificate authority (PEM) that vouches for the server, in place of those that the machine
    /// trusts.
    #[arg(long, env = "OPENAUTOMATE_AGENT_SERVER_CA", value_name = "FILE")]
    server_ca: Option<PathBuf>,
}

impl TrustOptions {
    pub(crate) fn trust(&self) -> anyhow::Result<ServerTrust> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))
        };
        let authority = self.server_ca.as_ref().map(read).transpose()?;
        Ok(ServerTrust { pins: self.server_pin.clone(), authority })
    }
}

/// What a server is shown that asks agents for a certificate.
#[derive(Args, Debug)]
pub(crate) struct CertificateOptions {
    /// The certificate (PEM) for a server that asks agents for one.
    #[arg(
        long,
        env = "OPENAUTOMATE_AGENT_TLS_CLIENT_CERT",
        value_name = "FILE",
        requires = "tls_client_key"
    )]
    tls_client_cert: Option<PathBuf>,
    /// The file of that certificate's key (PEM).
    #[arg(
        long,
        env = "OPENAUTOMATE_AGENT_TLS_CLIENT_KEY",
        value_name = "FILE",
        requires = "tls_client_cert"
    )]
    tls_client_key: Option<PathBuf>,
}

impl CertificateOptions {
    pub(crate) fn load(&self) -> anyhow::Result<Option<ClientCertificate>> {
        let files = self.tls_client_cert.as_ref().zip(self.tls_client_key.as_ref());
        Ok(files.map(|(certificate, key)| ClientCertificate::load(certificate, key)).transpose()?)
    }
}

#[derive(Args, Debug)]
pub(crate) struct SignOptions {
    /// The package: a folder or a zip archive.
    pub(crate) package: PathBuf,
    /// The file of the author's key; made if it is not there.
    #[arg(long, env = "OPENAUTOMATE_AUTHOR_KEY_FILE")]
    pub(crate) key: PathBuf,
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
    /// A module that the waiting interpreters import ahead, in the environments that have it; may be given again.
    /// One that starts threads when it is imported is left out.
    #[arg(long, env = "OPENAUTOMATE_AGENT_PRELOAD", value_delimiter = ',')]
    pub(crate) preload: Vec<String>,
    #[command(flatten)]
    pub(crate) limits: LimitOptions,
    /// Confines files and system calls of every run (level L2), also of packages that do not ask for it.
    #[arg(long, env = "OPENAUTOMATE_AGENT_CONFINE")]
    pub(crate) confine: bool,
    #[command(flatten)]
    pub(crate) environments: EnvironmentOptions,
    /// The key of an author; may be given again. If there is any, only packages that one of them signed are run.
    #[arg(long, env = "OPENAUTOMATE_AGENT_AUTHOR_KEYS", value_delimiter = ',')]
    pub(crate) author_key: Vec<PublicKey>,
    /// A folder below which triggers may have files watched; may be given again. Without any, none are.
    #[arg(long, value_name = "DIR", env = "OPENAUTOMATE_AGENT_WATCH_ROOTS", value_delimiter = ',')]
    pub(crate) watch_root: Vec<PathBuf>,
    /// How much unpacked packages may take on disk, and as much again what they were made of, as in 10G.
    #[arg(long, env = "OPENAUTOMATE_AGENT_PACKAGE_CACHE", default_value = "10G", value_parser = size)]
    pub(crate) package_cache: u64,
    /// How long runs may go on after a stop was asked for, in seconds.
    #[arg(long, env = "OPENAUTOMATE_AGENT_DRAIN_TIMEOUT", default_value_t = 30)]
    pub(crate) drain_timeout: u64,
    /// Writes the log as JSON.
    #[arg(long)]
    pub(crate) json_logs: bool,
    #[command(flatten)]
    pub(crate) loopback: LoopbackOptions,
    #[command(flatten)]
    pub(crate) certificate: CertificateOptions,
    #[command(flatten)]
    pub(crate) updates: UpdateOptions,
    #[cfg(feature = "nats")]
    #[command(flatten)]
    pub(crate) nats: NatsOptions,
}

/// Releases of this program that the server brings.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Updates from the server")]
pub(crate) struct UpdateOptions {
    /// The key of who makes releases: a file that holds it, or the key itself; may be given again. If there is any, a
    /// release that one of them signed is fetched from the server and started in place of this program, once there is
    /// nothing to do; without one, none is. What a server says of keys counts for nothing.
    #[arg(long = "release-key", env = "OPENAUTOMATE_AGENT_RELEASE_KEYS", value_name = "FILE|KEY",
        value_delimiter = ',', value_parser = release_key)]
    pub(crate) release_keys: Vec<PublicKey>,
    /// How long a new release may take until it is connected, in seconds; then the one before runs again.
    #[arg(long, env = "OPENAUTOMATE_AGENT_HEALTHY_WITHIN", default_value_t = 60, value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) healthy_within: u64,
    /// As which version the launcher started this program.
    #[arg(long, hide = true)]
    pub(crate) launched_as: Option<String>,
}

/// A key, or the file that holds one.
fn release_key(text: &str) -> Result<PublicKey, String> {
    if let Ok(key) = text.parse() {
        return Ok(key);
    }
    let held = std::fs::read_to_string(text)
        .map_err(|error| format!("neither a key in base64url nor a file that can be read: {error}"))?;
    held.parse().map_err(|_| "the file holds no key of 32 bytes in base64url; give the public key".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseCommand {
    /// Makes a release key, and prints its public half, which agents are given as --release-key.
    Keygen {
        /// The file to make; one that is there stays as it is.
        #[arg(long, env = "OPENAUTOMATE_RELEASE_KEY_FILE")]
        key: PathBuf,
    },
    /// Writes the manifest of a release and signs it; prints what to upload to /api/agent-releases, but for the ids of
    /// the uploaded programs.
    Sign(ReleaseSignOptions),
}

#[derive(Args, Debug)]
pub(crate) struct ReleaseSignOptions {
    /// The file of the release key. The key itself is never an argument, since those are for all to see.
    #[arg(long, env = "OPENAUTOMATE_RELEASE_KEY_FILE")]
    pub(crate) key: PathBuf,
    /// The version, as in 1.4.2.
    #[arg(long)]
    pub(crate) version: String,
    /// The lowest version of the protocol that the program can speak with its server.
    #[arg(long, default_value_t = openautomate_core::transport::PROTOCOL_VERSION)]
    pub(crate) min_protocol: u32,
    /// Lets agents go back to this release from a newer one.
    #[arg(long)]
    pub(crate) allow_downgrade: bool,
    /// The program of a target, as in x86_64-unknown-linux-gnu=path; without a target, of the one of this program. May
    /// be repeated.
    #[arg(required = true, value_name = "[TARGET=]PROGRAM")]
    pub(crate) programs: Vec<String>,
}

/// The API that bots of the original template speak to.
#[derive(Args, Debug)]
pub(crate) struct LoopbackOptions {
    /// Serves the API of the original agent on the loopback: assets, status and log for bots of its template.
    /// Only processes of a running execution are answered. Linux only.
    #[arg(long, env = "OPENAUTOMATE_AGENT_LOOPBACK_API")]
    loopback_api: bool,
    /// The port of that API.
    #[arg(long, env = "OPENAUTOMATE_AGENT_LOOPBACK_PORT", default_value_t = DEFAULT_LOOPBACK_PORT,
        value_parser = clap::value_parser!(u16).range(1..))]
    loopback_port: u16,
}

impl LoopbackOptions {
    /// The port, if it shall be served.
    pub(crate) fn port(&self) -> Option<u16> {
        self.loopback_api.then_some(self.loopback_port)
    }
}

/// What no run may exceed, whatever its package asks for.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits of each run")]
pub(crate) struct LimitOptions {
    /// Memory, as in 2G.
    #[arg(long, env = "OPENAUTOMATE_AGENT_MAX_MEMORY", value_parser = size)]
    max_memory: Option<u64>,
    /// Processor time of each process, in seconds.
    #[arg(long, env = "OPENAUTOMATE_AGENT_MAX_CPU", value_parser = clap::value_parser!(u64).range(1..))]
    max_cpu: Option<u64>,
    /// Processes at one time.
    #[arg(long, env = "OPENAUTOMATE_AGENT_MAX_PROCESSES", value_parser = clap::value_parser!(u32).range(1..))]
    max_processes: Option<u32>,
    /// Open files of each process.
    #[arg(long, env = "OPENAUTOMATE_AGENT_MAX_OPEN_FILES", value_parser = clap::value_parser!(u32).range(16..))]
    max_open_files: Option<u32>,
    /// Room in the working folder, as in 10G.
    #[arg(long, env = "OPENAUTOMATE_AGENT_MAX_DISK", value_parser = size)]
    max_disk: Option<u64>,
    /// Log that is kept, as in 100M.
    #[arg(long, env = "OPENAUTOMATE_AGENT_MAX_LOG", value_parser = size)]
    max_log: Option<u64>,
    /// Log lines a second; a run that says more is slowed down.
    #[arg(long, env = "OPENAUTOMATE_AGENT_MAX_LOG_RATE", value_parser = clap::value_parser!(u32).range(1..))]
    max_log_rate: Option<u32>,
}

fn size(text: &str) -> Result<u64, String> {
    parse_size(text).ok_or_else(|| "is no size of the form 512M, 2G or 100K".to_owned())
}

impl From<LimitOptions> for Limits {
    fn from(options: LimitOptions) -> Self {
        Self {
            memory_bytes: options.max_memory,
            cpu_ms: options.max_cpu.map(|seconds| seconds.saturating_mul(1000)),
            processes: options.max_processes,
            open_files: options.max_open_files,
            disk_bytes: options.max_disk,
            log_bytes: options.max_log,
            log_lines_per_second: options.max_log_rate,
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct ExecOptions {
    /// A folder, a zip archive or one script.
    pub(crate) package: PathBuf,
    /// An input as name=value; the value is JSON if it reads as JSON, else text; a file as
    /// name=@path. May be repeated.
    #[arg(long = "input", value_name = "NAME=VALUE")]
    pub(crate) input: Vec<String>,
    /// A file with the inputs as a JSON object; an --input of the same name wins.
    #[arg(long, value_name = "FILE")]
    pub(crate) inputs: Option<PathBuf>,
    /// A file with the values of assets as a JSON object of texts. One that is not in it is looked for in the
    /// environment, as OPENAUTOMATE_SECRET_<NAME>. Never an argument, since those are for all to see.
    #[arg(long, value_name = "FILE")]
    pub(crate) assets: Option<PathBuf>,
    /// The time limit in seconds; otherwise what the package says.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) timeout: Option<u64>,
    /// The folder to keep the files of the run in; without it they are named and dropped.
    #[arg(long, value_name = "DIR")]
    pub(crate) artifacts: Option<PathBuf>,
    /// The folder of the work queues: the queue `invoices` is the file invoices.jsonl in it, an item a line with
    /// its `payload`; what became of each is told in invoices.results.jsonl.
    #[arg(long, value_name = "DIR")]
    pub(crate) queues: Option<PathBuf>,
    /// The folder of the storage buckets: the bucket `reports` is the folder reports in it, an object a file.
    #[arg(long, value_name = "DIR")]
    pub(crate) buckets: Option<PathBuf>,
    /// Prints everything as JSON to standard output, an object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// The Python interpreter; otherwise the first python3 on the path.
    #[arg(long, env = "OPENAUTOMATE_AGENT_PYTHON")]
    pub(crate) python: Option<PathBuf>,
    /// The native half of the Python module; otherwise the one beside this program, if there is one.
    #[arg(long, env = "OPENAUTOMATE_AGENT_EXTENSION")]
    pub(crate) extension: Option<PathBuf>,
    /// Where environments are kept between runs; otherwise in the user's folder for caches.
    #[arg(long, value_name = "DIR", env = "OPENAUTOMATE_ENVIRONMENTS")]
    pub(crate) environments_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) environments: EnvironmentOptions,
    #[command(flatten)]
    pub(crate) loopback: LoopbackOptions,
    #[command(flatten)]
    pub(crate) limits: LimitOptions,
}

/// The environments that packages ask for.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "What packages depend on")]
pub(crate) struct EnvironmentOptions {
    /// The program uv; otherwise the one beside the Python interpreter, or the first on the path.
    #[arg(long, env = "OPENAUTOMATE_UV")]
    pub(crate) uv: Option<PathBuf>,
    /// The package index to use in place of pypi.org. One with a password goes into the variable, since
    /// arguments are for all to see.
    #[arg(long, env = "OPENAUTOMATE_AGENT_INDEX_URL", hide_env_values = true)]
    pub(crate) index_url: Option<String>,
    /// An index that is asked before that one; may be given several times, in the variable between spaces.
    #[arg(long, env = "OPENAUTOMATE_AGENT_EXTRA_INDEX_URL", hide_env_values = true, value_delimiter = ' ')]
    pub(crate) extra_index_url: Vec<String>,
    /// A folder of wheels: everything is installed from it, and nothing from the network.
    #[arg(long, env = "OPENAUTOMATE_AGENT_WHEELS", conflicts_with_all = ["index_url", "extra_index_url"])]
    pub(crate) wheels: Option<PathBuf>,
    /// Installs only what packages pin by version and hash.
    #[arg(
        long,
        env = "OPENAUTOMATE_AGENT_REQUIRE_HASHES",
        value_parser = clap::builder::FalseyValueParser::new()
    )]
    pub(crate) require_hashes: bool,
    /// After how many days without use an environment is removed.
    #[arg(
        long,
        env = "OPENAUTOMATE_AGENT_ENVIRONMENT_DAYS",
        default_value_t = 14,
        value_parser = clap::value_parser!(u32).range(1..=3650)
    )]
    pub(crate) environment_days: u32,
}
