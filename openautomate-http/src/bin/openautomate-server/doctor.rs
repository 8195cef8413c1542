//! `doctor`: does an installation hold together?

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_store::maintenance::{Check, Database};
use serde_json::json;

use crate::blobs::BlobArgs;
use crate::config::size;
use crate::data_dir::DataDir;
use crate::database::DatabaseArgs;
use crate::vault_key::VaultKeyArgs;
use crate::{disk, installation};

/// What a doctor who can't look says.
const CANNOT_LOOK: u8 = 2;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The data folder.
    #[arg(long, env = "OPENAUTOMATE_DATA_DIR", default_value = "openautomate-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    blobs: BlobArgs,
    #[command(flatten)]
    vault_key: VaultKeyArgs,
    /// Reads the content of everything too: packages, files, log lines. That takes as long as reading all of it.
    #[arg(long)]
    deep: bool,
    /// How much room must be left on the disk of the data folder, as in 2G.
    #[arg(long, default_value = "512M", value_parser = size)]
    min_free: u64,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Looks, and tells what was found.
pub(crate) async fn doctor(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    match examine(args).await {
        Ok(checks) => {
            tell(args, &checks)?;
            Ok(if checks.iter().all(Check::is_ok) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Err(error) => {
            let line = format!("{error:#}").replace(['\n', '\r'], " ");
            writeln!(std::io::stderr(), "error: {line}")?;
            Ok(ExitCode::from(CANNOT_LOOK))
        }
    }
}

async fn examine(args: &DoctorArgs) -> anyhow::Result<Vec<Check>> {
    args.database.check()?;
    let data = if args.database.is_in_data_dir() {
        DataDir::existing(&args.data_dir)?
    } else {
        DataDir::at(&args.data_dir)
    };
    let (address, options) = args.database.place(Some(&data))?;
    let mut database = Database::open(address.expose(), &options).await?;
    let mut checks = database.check(SystemClock.now(), args.deep).await?;
    // Rows of another version may mean something else.
    if checks.iter().any(|check| check.id != "database.migrations") {
        checks.extend(
            installation::check(&data, &args.blobs, &args.vault_key, &mut database, args.deep).await?,
        );
    }
    database.close().await;
    checks.push(room(&data, args.min_free));
    Ok(checks)
}

fn room(data: &DataDir, least: u64) -> Check {
    let free = disk::free(data.root()).filter(|free| *free < least);
    Check::new(
        "disk.free",
        "there is room on the disk of the data folder",
        "make room: a full disk stops every write",
        free.map(|free| format!("{} MiB are free", free / 1024 / 1024)).into_iter().collect(),
    )
}

fn tell(args: &DoctorArgs, checks: &[Check]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let problems = checks.iter().filter(|check| !check.is_ok()).count();
    if args.json {
        writeln!(out, "{}", json!({"ok": problems == 0, "problems": problems, "checks": checks}))?;
        return Ok(());
    }
    for check in checks {
        if check.is_ok() {
            writeln!(out, "ok       {:24} {}", check.id, check.holds)?;
            continue;
        }
        writeln!(out, "PROBLEM  {:24} should hold: {}", check.id, check.holds)?;
        for example in &check.examples {
            // What stands in rows may be anything.
            writeln!(out, "           {}", example.escape_debug())?;
        }
        let hidden = check.found.saturating_sub(check.examples.len() as u64);
        if hidden > 0 {
            writeln!(out, "           and {hidden} more")?;
        }
        writeln!(out, "         next: {}", check.next)?;
    }
    writeln!(out, "{} checks, {problems} problems", checks.len())?;
    Ok(())
}
