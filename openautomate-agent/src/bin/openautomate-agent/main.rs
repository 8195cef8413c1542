//! `openautomate-agent`: enrols a machine and runs automations on it.

mod config;
mod environment;
mod exec;
mod launched;
#[cfg(feature = "nats")]
mod nats;
mod python;
mod release;
mod sign;

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Parser as _;
#[cfg(feature = "nats")]
use openautomate_agent::enrol_by_nats;
use openautomate_agent::release::{RESTART, UpdateSettings};
use openautomate_agent::{
    Agent, Identity, StopSignals, WebSocketTransport, default_slots, enrol, enrol_trusting,
};
use openautomate_core::domain::IsolationLevel;
use openautomate_core::runner::python::PoolSettings;
use openautomate_core::runner::registry::RunnerRegistry;
use openautomate_core::secret::Secret;
#[cfg(feature = "nats")]
use openautomate_core::transport::nats::NatsSettings;
use openautomate_core::visible::{LineForm, VisibleLines, visible};
use tokio_util::sync::CancellationToken;

use config::{Arguments, Command, EnrolOptions, RunOptions};
use launched::Word;

const TOKEN_VARIABLE: &str = "OPENAUTOMATE_ENROLMENT_TOKEN";
const MAX_TOKEN: u64 = 4 * 1024;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The other half of the machine belongs to the runs.
    let workers = std::thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    let done = match runtime {
        // On a worker: between it and this thread each step would change threads.
        Ok(runtime) => match runtime.block_on(runtime.spawn(execute(arguments))) {
            Ok(done) => done,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        },
        Err(error) => Err(error.into()),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the one line that says why")]
            {
                eprintln!("error: {}", visible(&whole(&error)));
            }
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes, none of them twice.
fn whole(error: &anyhow::Error) -> String {
    error.chain().skip(1).map(ToString::to_string).fold(error.to_string(), |told, cause| {
        if told.contains(&cause) { told } else { format!("{told}: {cause}") }
    })
}

async fn execute(arguments: Arguments) -> anyhow::Result<ExitCode> {
    match arguments.command {
        Command::Enrol(options) => enrol_machine(*options).await?,
        Command::Run(options) => return run(*options).await,
        Command::Release(command) => release::release(&command)?,
        Command::Exec(options) => return exec::exec(*options).await,
        Command::Sign(options) => sign::sign(&options)?,
        Command::Status { data_dir, json } => status(&data_dir, json)?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn enrol_machine(options: EnrolOptions) -> anyhow::Result<()> {
    let token = enrolment_token(options.token_file.as_deref())?;
    #[cfg(feature = "nats")]
    if NatsSettings::is_nats(&options.server) {
        let settings = options.nats.settings(options.server)?;
        let enrolling = enrol_by_nats(&options.data_dir, settings, options.server_key, &token, options.name);
        let identity = enrolling.await?;
        return say(
            &identity,
            options.json,
            &format!("enrolled as {} ({})", identity.name, identity.agent_id),
        );
    }
    let (trust, certificate) = (options.trust.trust()?, options.certificate.load()?);
    let EnrolOptions { data_dir, server, name, allow_plain_http, json, .. } = options;
    let identity = if trust.is_the_machines() && certificate.is_none() {
        enrol(&data_dir, &server, &token, name, allow_plain_http).await?
    } else {
        enrol_trusting(&data_dir, &server, &token, name, (trust, certificate.as_ref())).await?
    };
    say(&identity, json, &format!("enrolled as {} ({})", identity.name, identity.agent_id))
}

/// The token: from a file, the environment or standard input. Never an argument, since those are for all to
/// see.
fn enrolment_token(file: Option<&Path>) -> anyhow::Result<Secret<String>> {
    let text = match (file, std::env::var(TOKEN_VARIABLE)) {
        (Some(path), _) => {
            std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?
        }
        (None, Ok(text)) => text,
        (None, Err(_)) => {
            let mut text = String::new();
            std::io::stdin()
                .take(MAX_TOKEN)
                .read_to_string(&mut text)
                .context("standard input can't be read")?;
            text
        }
    };
    let token = text.trim();
    if token.is_empty() {
        bail!(
            "there is no enrolment token; give it on standard input, by --token-file or in {TOKEN_VARIABLE}"
        );
    }
    Ok(Secret::new(token.to_owned()))
}

fn status(data_dir: &Path, json: bool) -> anyhow::Result<()> {
    let (identity, _) = Identity::load(data_dir)?;
    say(&identity, json, &format!("{} ({}) of {}", identity.name, identity.agent_id, identity.server))
}

#[expect(clippy::print_stdout, reason = "what was asked for")]
fn say(identity: &Identity, json: bool, text: &str) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(identity)?);
    } else {
        println!("{text}");
    }
    Ok(())
}

async fn run(options: RunOptions) -> anyhow::Result<ExitCode> {
    log_to_stderr("info", options.json_logs);
    if launched::is_launcher(&options) {
        return launched::run(&options).await;
    }
    let launched_as = options.updates.launched_as.clone();
    let mut launcher = launched::listen(launched_as.is_some());
    if launched_as.is_some() {
        launched::await_folder(&options.data_dir).await;
    }
    // First: what is refused here stands among the arguments for all to see.
    let indexes = environment::indexes(&options.environments)?;
    let (identity, key) = Identity::load(&options.data_dir)?;
    let package_keys = identity.package_keys.clone();
    let certificate = options.certificate.load()?;
    #[cfg(feature = "nats")]
    let transport = if NatsSettings::is_nats(&identity.server) {
        let settings = options.nats.settings(identity.server.clone())?;
        WebSocketTransport::by_nats(identity, key, settings)?
    } else {
        WebSocketTransport::certified(identity, key, certificate.as_ref())?
    };
    #[cfg(not(feature = "nats"))]
    let transport = WebSocketTransport::certified(identity, key, certificate.as_ref())?;
    let python = python::find(options.python.as_deref()).await?;
    let versions = vec![python.version.clone()];
    let slots = options.slots.unwrap_or_else(default_slots);
    let max_idle = usize::try_from(options.warm.unwrap_or(slots + 2))?;
    let pool = PoolSettings { max_idle, preload: options.preload, ..PoolSettings::default() };
    let environments = environment::settings(options.environments, indexes, &python)?;
    let runners = RunnerRegistry::new()
        .with(Arc::new(openautomate_core::runner::command::CommandRunner::new()))
        .with(python::runner(python, options.extension.as_deref(), &options.data_dir, pool).await?);
    let builder = Agent::builder(Arc::new(transport), &options.data_dir)
        .runners(runners)
        .python_versions(versions)
        .environments(environments)
        .package_keys(package_keys)
        .author_keys(options.author_key)
        .cache_bytes(options.package_cache)
        .watch_roots(options.watch_root)
        .drain_timeout(Duration::from_secs(options.drain_timeout))
        .limits(options.limits.into())
        .isolation(if options.confine { IsolationLevel::L2 } else { IsolationLevel::L0 })
        .slots(slots);
    let builder = match options.loopback.port() {
        Some(port) => builder.loopback_api(port),
        None => builder,
    };
    let builder = builder.updates(UpdateSettings { release_keys: options.updates.release_keys, launched_as });
    let agent = builder.build()?;
    let mut signals = StopSignals::listen().context("the signals of the system can't be heard")?;
    let stop = CancellationToken::new();
    let running = agent.run(stop.clone());
    tokio::pin!(running);
    let word = tokio::select! {
        () = &mut running => return Ok(how_it_ended(&agent)),
        () = signals.next() => Word::Stop,
        Some(word) = launcher.recv() => word,
    };
    if word == Word::Kill {
        bail!("stopped at once, since the launcher is gone or said so");
    }
    tracing::info!("stopping; a second signal stops at once");
    stop.cancel();
    let again = async {
        // The launcher hears the same signal, perhaps, and says so.
        while let Some(Word::Stop) = launcher.recv().await {}
    };
    tokio::select! {
        () = &mut running => Ok(ExitCode::SUCCESS),
        // The end of the program kills the runs; the next start reports them.
        () = signals.next() => bail!("stopped by a second signal before the runs had ended"),
        () = again => bail!("stopped at once by the launcher before the runs had ended"),
    }
}

fn how_it_ended(agent: &Agent) -> ExitCode {
    if agent.restarts() { RESTART.into() } else { ExitCode::SUCCESS }
}

fn log_to_stderr(level: &str, json: bool) {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let form = if json { LineForm::Json } else { LineForm::Text };
    let writer = move || VisibleLines::new(std::io::stderr(), form);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false);
    if json { builder.json().init() } else { builder.init() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let told = |error: anyhow::Error| whole(&error);
        assert_eq!(told(anyhow::anyhow!("b").context("a")), "a: b");
        assert_eq!(told(anyhow::anyhow!("b").context("a: b")), "a: b");
    }
}
