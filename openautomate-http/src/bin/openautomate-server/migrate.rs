//! `migrate`: the database brought up to this version, or only looked at.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use openautomate_store::maintenance::{self, MigrationStatus};

use crate::data_dir::DataDir;
use crate::database::DatabaseArgs;

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    /// The data folder.
    #[arg(long, env = "OPENAUTOMATE_DATA_DIR", default_value = "openautomate-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Changes nothing: tells what is missing, also beside a server that runs. Exits with 1 if something is.
    #[arg(long)]
    check: bool,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Migrates and tells what was done. A database of a newer version, or with other migrations, is refused.
pub(crate) async fn migrate(args: &MigrateArgs) -> anyhow::Result<ExitCode> {
    args.database.check()?;
    let data = match (args.database.is_in_data_dir(), args.check) {
        (false, _) => None,
        (true, true) => Some(DataDir::existing(&args.data_dir)?),
        (true, false) => Some(DataDir::create(&args.data_dir)?),
    };
    let (address, options) = args.database.place(data.as_ref())?;
    let status = if args.check {
        maintenance::migration_status(address.expose(), &options).await?
    } else {
        maintenance::migrate(address.expose(), options).await?
    };
    status.check()?;
    tell(args, &status)?;
    Ok(if status.is_current() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(args: &MigrateArgs, status: &MigrationStatus) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(status)?)?;
    } else if status.is_current() {
        writeln!(out, "ok: the database has all {} migrations of this version", status.applied.len())?;
    } else {
        let pending: Vec<_> = status.pending.iter().map(ToString::to_string).collect();
        writeln!(
            out,
            "behind: migrations {} have not run; run `openautomate-server migrate`",
            pending.join(", ")
        )?;
    }
    Ok(())
}
