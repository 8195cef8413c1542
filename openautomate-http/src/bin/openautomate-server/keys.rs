//! The keys of an installation: that those of one that is there are there too, and the rotation of the keys of tokens.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::SecondsFormat;
use clap::{Args, Subcommand};
use openautomate_core::Orchestrator;
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::command::token_keys::NoteTokenKeys;
use openautomate_core::package::signature::PackageSigner;
use openautomate_core::permission::Actor;
use openautomate_http::{JwtKeys, KeyRotation};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::data_dir::DataDir;

/// How often a server looks whether the keys of tokens were changed.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// A new key is in the file so long before it signs: several looks of every server that reads the file.
const KNOWN_BEFORE: Duration = Duration::from_secs(60);

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Makes a new key that signs access tokens. The old one verifies until its last token has ended, so nobody notices.
    ///
    /// A server that runs takes it over within seconds. Servers on other machines need a copy of keys/jwt.pem before the
    /// key signs: give --signs-after enough minutes for that.
    Rotate(RotateArgs),
}

#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    /// The data folder.
    #[arg(long, env = "OPENAUTOMATE_DATA_DIR", default_value = "openautomate-data")]
    data_dir: PathBuf,
    /// After how many minutes the new key signs.
    #[arg(long, default_value_t = 1, value_name = "MINUTES", value_parser = clap::value_parser!(u64).range(1..=10_080))]
    signs_after: u64,
    /// The keys of before verify nothing any more, from now on: for a key that others have seen.
    #[arg(long, conflicts_with = "signs_after")]
    end_others: bool,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Rotates the keys of tokens.
pub(crate) fn rotate(args: &RotateArgs) -> anyhow::Result<ExitCode> {
    let data = DataDir::at(&args.data_dir);
    if !data.keys().is_dir() {
        bail!("there are no keys in {}; give the data folder of a server", args.data_dir.display());
    }
    let rotation =
        KeyRotation { signs_after: Duration::from_secs(args.signs_after * 60), end_others: args.end_others };
    let path = data.jwt_key();
    // A file that can't be read, or holds a weak key, is replaced only by who says that nothing of it counts.
    if args.end_others {
        set_aside(&path)?;
    }
    let rotated = JwtKeys::rotate(&path, rotation, SystemClock.now())?;
    let signs_from = rotated.signs_from.to_rfc3339_opts(SecondsFormat::Secs, true);
    let mut out = std::io::stdout().lock();
    if args.json {
        let json = json!({"id": rotated.id, "signsFrom": signs_from, "kept": rotated.kept});
        writeln!(out, "{json}")?;
    } else {
        writeln!(out, "the key {} signs from {signs_from} on", rotated.id)?;
        match rotated.kept.as_slice() {
            [] => writeln!(out, "no other key is good any more: all access tokens are renewed")?,
            kept => writeln!(out, "until their tokens have ended, these verify too: {}", kept.join(", "))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn set_aside(path: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} can't be removed", path.display()))
        }
        _ => Ok(()),
    }
}

/// The keys of tokens and of packages: made for a new installation, and never for one that is there, whose agents would
/// not believe them. (Those of the vault: [`VaultKeyArgs`](crate::vault_key::VaultKeyArgs).)
pub(crate) fn open(data: &DataDir, is_new: bool) -> anyhow::Result<(JwtKeys, PackageSigner)> {
    if !is_new {
        let missing: Vec<String> = [data.jwt_key(), data.package_key()]
            .iter()
            .filter(|path| !path.is_file())
            .map(|path| path.display().to_string())
            .collect();
        if !missing.is_empty() {
            bail!(
                "the database holds an installation, and keys of it are missing: {}; put them back from a backup, or copy \
                 them from another server of the installation. (Without the old jwt.pem, `openautomate-server keys rotate` \
                 makes a new one, and everybody signs in again.)",
                missing.join(", ")
            );
        }
    }
    let keys = JwtKeys::load_or_create(&data.jwt_key())?;
    let signer = PackageSigner::load_or_create(&data.package_key())?;
    Ok((keys, signer))
}

/// Takes over what becomes of the keys of tokens, until it is told to stop; and makes a new one when the newest is `age`
/// old.
pub(crate) async fn watch(
    keys: JwtKeys,
    path: PathBuf,
    age: Option<Duration>,
    orchestrator: Orchestrator,
    stop: CancellationToken,
) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = look.tick() => {}
        }
        if let Err(error) = look_at(&keys, &path, age, &orchestrator).await {
            tracing::error!(%error, "the keys of the tokens stay as they are");
        }
    }
}

async fn look_at(
    keys: &JwtKeys,
    path: &Path,
    age: Option<Duration>,
    orchestrator: &Orchestrator,
) -> openautomate_core::Result<()> {
    let now = orchestrator.clock().now();
    let is_old = |age: Duration| (now - keys.newest_made_at()).to_std().is_ok_and(|old| old >= age);
    if keys.reload()? {
        let ids = keys.ids();
        tracing::info!(?ids, "the keys of the tokens were changed");
        orchestrator.execute(&Actor::system(), NoteTokenKeys { ids }).await?;
    } else if age.is_some_and(is_old) {
        let (path, rotation) =
            (path.to_owned(), KeyRotation { signs_after: KNOWN_BEFORE, end_others: false });
        let rotate = move || JwtKeys::rotate(&path, rotation, now);
        tokio::task::spawn_blocking(rotate).await.map_err(|error| {
            openautomate_core::Error::internal("jwt.io", "the keys of the tokens can't be rotated")
                .with_source(error)
        })??;
    }
    Ok(())
}
