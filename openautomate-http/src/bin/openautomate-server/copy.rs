//! `copy`: the whole of one database into another, of the other kind.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::secret::Secret;
use openautomate_store::StoreOptions;
use openautomate_store::maintenance::{self, Check, CopiedTable, Database};
use serde_json::json;

use crate::data_dir::DataDir;
use crate::database::{password, refuse_password};
use crate::progress;

#[derive(Debug, Args)]
pub(crate) struct CopyArgs {
    /// The database to copy: sqlite://FOLDER, with the data folder of a server; sqlite://FILE; or
    /// postgres://user@host/database?schema=name. No server may run on it.
    #[arg(long)]
    from: Secret<String>,
    /// The database to make, named alike. It must be empty, or not be there yet.
    #[arg(long)]
    to: Secret<String>,
    /// A file with the password of the PostgreSQL database. Without it OPENAUTOMATE_DATABASE_PASSWORD is taken; if both
    /// databases are PostgreSQL with passwords of their own, let libpq's password file name them.
    #[arg(long)]
    database_password_file: Option<PathBuf>,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Copies, and looks at the copy. Keys and blobs stay where they are.
pub(crate) async fn copy(args: &CopyArgs) -> anyhow::Result<ExitCode> {
    for (flag, address) in [("--from", &args.from), ("--to", &args.to)] {
        refuse_password(flag, address.expose())?;
    }
    let password = password(args.database_password_file.as_deref())?;
    let options = StoreOptions { password, ..StoreOptions::default() };
    let from = resolved(args.from.expose(), false)?;
    let to = resolved(args.to.expose(), true)?;
    let bar = progress::rows("copying");
    let copied = maintenance::copy((&from, &options), (&to, &options), |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
    })
    .await?;
    bar.finish_and_clear();
    let mut target = Database::open(&to, &options).await?;
    let checks = target.check(SystemClock.now(), false).await?;
    target.close().await;
    let wrong: Vec<_> = checks.iter().filter(|check| !check.is_ok()).collect();
    tell(args, &copied, &wrong)?;
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A folder stands for the database in it.
fn resolved(address: &str, is_made: bool) -> anyhow::Result<String> {
    let Some(path) = address.strip_prefix("sqlite:") else { return Ok(address.to_owned()) };
    let path = Path::new(path.strip_prefix("//").unwrap_or(path));
    let is_folder = path.is_dir() || (is_made && path.extension().is_none());
    if !is_folder {
        return Ok(address.to_owned());
    }
    let data = if is_made { DataDir::create(path)? } else { DataDir::existing(path)? };
    Ok(format!("sqlite:{}", data.database_path().to_str().context("the path is no UTF-8; choose another")?))
}

fn tell(args: &CopyArgs, copied: &[CopiedTable], wrong: &[&Check]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let rows: u64 = copied.iter().map(|table| table.rows).sum();
    if args.json {
        writeln!(
            out,
            "{}",
            json!({"ok": wrong.is_empty(), "rows": rows, "tables": copied, "problems": wrong})
        )?;
        return Ok(());
    }
    for table in copied.iter().filter(|table| table.rows > 0) {
        writeln!(out, "{:>12} {}", table.rows, table.name)?;
    }
    writeln!(out, "ok: {rows} rows are the same in both, and the audit's chain is whole")?;
    for check in wrong {
        writeln!(
            out,
            "PROBLEM {}, in the source too: should hold: {}; next: {}",
            check.id, check.holds, check.next
        )?;
    }
    writeln!(
        out,
        "the keys and the content of packages stay in the data folder: start the server with it and the new database"
    )?;
    writeln!(out, "start nothing on the old database any more; two that go on apart can't be joined again")?;
    Ok(())
}
