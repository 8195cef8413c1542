//! `openautomate-server`: the orchestrator with its API, on SQLite or PostgreSQL.

mod audit;
mod backup;
mod blobs;
mod collect;
mod config;
mod copy;
mod data_dir;
mod database;
mod disk;
mod doctor;
mod environment;
mod installation;
mod keys;
mod limits;
mod manifest;
mod memory;
mod migrate;
#[cfg(feature = "nats")]
mod nats;
mod oidc;
mod progress;
mod restore;
mod serve;
mod signal;
mod staging;
mod tls;
mod vault;
mod vault_key;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

use config::{AuditCommand, Cli, Command};
use keys::KeysCommand;
use openautomate_core::visible::visible;

fn main() -> ExitCode {
    memory::give_large_blocks_back();
    let cli = Cli::parse();
    environment::take_secrets();
    match run(cli) {
        Ok(code) => code,
        Err(error) => {
            let line = format!("{error:#}").replace(['\n', '\r'], " ");
            let line = visible(&line);
            // Nobody is left to be told if standard error is closed.
            let _ = writeln!(std::io::stderr(), "error: {line}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command.unwrap_or_else(|| Command::Serve(Box::new(cli.serve))) {
        Command::Serve(args) => {
            // Before anything makes a TLS connection; an error means that it is done already.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(serve::serve(*args))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::CollectBlobs(args) => {
            // As for serving.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(collect::collect(&args))
        }
        Command::Audit { command: AuditCommand::Verify(args) } => block_on(audit::verify(&args)),
        Command::Keys { command: KeysCommand::Rotate(args) } => keys::rotate(&args),
        Command::Audit { command: AuditCommand::Export(args) } => block_on(audit::export(&args)),
        Command::Audit { command: AuditCommand::Key(args) } => audit::key(&args),
        Command::Vault { command } => block_on(vault::run(command)),
        Command::Doctor(args) => block_on(doctor::doctor(&args)),
        Command::Migrate(args) => block_on(migrate::migrate(&args)),
        Command::Backup(args) => block_on(backup::backup(&args)),
        Command::Restore(args) => block_on(restore::restore(&args)),
        Command::Copy(args) => block_on(copy::copy(&args)),
        Command::Openapi => {
            let document = openautomate_http::document().to_pretty_json()?;
            writeln!(std::io::stdout(), "{document}")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Version => {
            writeln!(std::io::stdout(), "openautomate-server {}", env!("CARGO_PKG_VERSION"))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Runs a command that does one thing and ends.
fn block_on(command: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    // Before anything makes a TLS connection; an error means that it is done already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command)
}
