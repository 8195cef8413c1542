//! `collect-blobs`: a round of the blob collector, without asking a server.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use openautomate_core::clock::SystemClock;
use openautomate_core::package::signature::PackageSigner;
use openautomate_core::service::BlobCollection;

use crate::config::CollectArgs;
use crate::data_dir::DataDir;

/// Removes what nothing refers to, and tells what it was.
pub(crate) async fn collect(args: &CollectArgs) -> anyhow::Result<ExitCode> {
    let data = match args.database.is_in_data_dir() {
        true => DataDir::existing(&args.data_dir)?,
        false => DataDir::at(&args.data_dir),
    };
    // A key made now would be another installation's.
    let key = data.package_key();
    if !key.is_file() {
        bail!("{} is not there; give the data folder of a server", key.display());
    }
    let store = args.database.open(Some(&data)).await?;
    let blobs = args.blobs.open(&data).await?;
    let owner = PackageSigner::load_or_create(&key)?.public_key();
    let collection = BlobCollection {
        store: &*store,
        blobs: &blobs,
        owner,
        clock: &SystemClock,
        grace: args.blobs.grace(),
        dry_run: args.dry_run,
    };
    let report = collection.run().await?;
    let mut out = std::io::stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        let verb = if args.dry_run { "to remove" } else { "removed" };
        writeln!(
            out,
            "ok: {} blobs looked at, {} {verb} ({} bytes), {} set aside to be removed later, {} put back",
            report.listed, report.removed, report.removed_bytes, report.retired, report.restored
        )?;
    }
    Ok(ExitCode::SUCCESS)
}
