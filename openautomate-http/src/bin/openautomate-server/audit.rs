//! `audit verify` and `audit export`: the audit's chain, without asking a server.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use futures_util::TryStreamExt as _;
use openautomate_core::audit_export::{AuditExport, AuditFormat, ExportVerifier, export_chain};
use openautomate_core::clock::{Clock as _, SystemClock, Timestamp};
use openautomate_core::domain::AuditCheckpoint;
use openautomate_core::package::signature::{PackageSigner, PublicKey};
use openautomate_core::service::{AuditReport, read_checkpoints, verify_chain_with};
use openautomate_http::create_private_file;

use crate::data_dir::DataDir;
use crate::database::DatabaseArgs;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The data folder.
    #[arg(long, env = "OPENAUTOMATE_DATA_DIR", default_value = "openautomate-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Signed checkpoints that were kept elsewhere (`serve --audit-checkpoints`, /api/audit/checkpoints): a file or a
    /// folder. They show what was cut off, or written anew.
    #[arg(long, value_name = "FILE|DIR")]
    checkpoints: Option<PathBuf>,
    /// Believes checkpoints of this key only, as `audit key` prints it. May be given more than once. Without it, those
    /// of any key whose signature is right.
    #[arg(long, value_name = "KEY")]
    key: Vec<PublicKey>,
    /// Verifies an export in JSON lines instead, without any database.
    #[arg(long, value_name = "FILE", conflicts_with = "database")]
    export: Option<PathBuf>,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The data folder.
    #[arg(long, env = "OPENAUTOMATE_DATA_DIR", default_value = "openautomate-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// How the entries stand in the file.
    #[arg(long, value_enum, default_value = "jsonl")]
    format: Format,
    /// Not before this time, as in 2026-11-30T08:00:00Z.
    #[arg(long)]
    from: Option<Timestamp>,
    /// Before this time.
    #[arg(long)]
    to: Option<Timestamp>,
    /// Where to write them: a file that is not there yet. Standard output without.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// The data folder.
    #[arg(long, env = "OPENAUTOMATE_DATA_DIR", default_value = "openautomate-data")]
    data_dir: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A line of JSON each; `audit verify --export` verifies it.
    Jsonl,
    /// Comma-separated values.
    Csv,
}

/// Verifies the chain, or an export of it, and tells what was found.
pub(crate) async fn verify(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let kept = args.checkpoints.as_deref().map(read_checkpoints).transpose()?.unwrap_or_default();
    let (report, head) = match &args.export {
        Some(path) => (verify_export(path, &kept, &args.key)?, None),
        None => {
            let data =
                args.database.is_in_data_dir().then(|| DataDir::existing(&args.data_dir)).transpose()?;
            let store = args.database.open(data.as_ref()).await?;
            let report = verify_chain_with(&*store, &kept, &args.key).await?;
            (report, Some(store.audit_head().await?))
        }
    };
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut json = serde_json::to_value(&report)?;
        if let Some(head) = head {
            json["head"] = serde_json::json!({"sequence": head.sequence, "hash": hex::encode(head.hash)});
        }
        writeln!(out, "{json}")?;
    } else if report.ok {
        let last = head.map(|head| format!(", the last is {}", hex::encode(head.hash))).unwrap_or_default();
        let (entries, checkpoints) = (report.verified, report.checkpoints);
        writeln!(out, "ok: {entries} entries and {checkpoints} checkpoints{last}")?;
    } else {
        let reason = report.reason.as_deref().unwrap_or("it is not as it was written");
        writeln!(out, "broken at entry {}: {reason}", report.first_bad.unwrap_or_default())?;
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn verify_export(
    path: &Path,
    checkpoints: &[AuditCheckpoint],
    trusted: &[PublicKey],
) -> anyhow::Result<AuditReport> {
    for checkpoint in checkpoints {
        checkpoint.verify(trusted).with_context(|| {
            format!("the checkpoint of entry {} is not to be believed", checkpoint.sequence)
        })?;
    }
    let file = File::open(path).with_context(|| format!("{} can't be read", path.display()))?;
    let mut lines = BufReader::new(file).lines();
    let Some(first) = lines.next().transpose()? else { bail!("{} is empty", path.display()) };
    let mut verifier = ExportVerifier::begin(&first, checkpoints)?;
    for line in lines {
        if let Some(report) = verifier.follow(&line?) {
            return Ok(report);
        }
    }
    Ok(verifier.finish())
}

/// Writes the sealed entries into a file or to standard output.
pub(crate) async fn export(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let data = args.database.is_in_data_dir().then(|| DataDir::existing(&args.data_dir)).transpose()?;
    let store = args.database.open(data.as_ref()).await?;
    let format = match args.format {
        Format::Jsonl => AuditFormat::Jsonl,
        Format::Csv => AuditFormat::Csv,
    };
    let export = AuditExport { format, from: args.from, to: args.to };
    let mut pieces = Box::pin(export_chain(store, export, SystemClock.now()).await?);
    let mut out: Box<dyn Write> = match &args.output {
        Some(path) => {
            Box::new(create_private_file(path).with_context(|| format!("{} can't be made", path.display()))?)
        }
        None => Box::new(std::io::stdout().lock()),
    };
    while let Some(piece) = pieces.try_next().await? {
        out.write_all(&piece)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the key that signs checkpoints.
pub(crate) fn key(args: &KeyArgs) -> anyhow::Result<ExitCode> {
    let path = DataDir::at(&args.data_dir).package_key();
    let Some(signer) = PackageSigner::load(&path)? else {
        bail!("{} is not there; give the data folder of a server", path.display());
    };
    writeln!(std::io::stdout(), "{}", signer.public_key())?;
    Ok(ExitCode::SUCCESS)
}
