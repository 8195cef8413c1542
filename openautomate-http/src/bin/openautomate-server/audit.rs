//! `audit verify`: the audit's chain, without asking a server.

use std::io::Write as _;
use std::process::ExitCode;

use openautomate_core::service::verify_chain;

use crate::config::VerifyArgs;
use crate::data_dir::DataDir;

/// Verifies the chain and tells what was found.
pub(crate) async fn verify(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let data = args.database.is_in_data_dir().then(|| DataDir::existing(&args.data_dir)).transpose()?;
    let store = args.database.open(data.as_ref()).await?;
    let report = verify_chain(&*store).await?;
    let head = store.audit_head().await?;
    let mut out = std::io::stdout().lock();
    if args.json {
        let mut json = serde_json::to_value(&report)?;
        json["head"] = serde_json::json!({"sequence": head.sequence, "hash": hex::encode(head.hash)});
        writeln!(out, "{json}")?;
    } else if report.ok {
        writeln!(out, "ok: {} entries, the last is {}", report.verified, hex::encode(head.hash))?;
    } else {
        let reason = report.reason.as_deref().unwrap_or("it is not as it was written");
        writeln!(out, "broken at entry {}: {reason}", report.first_bad.unwrap_or_default())?;
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
