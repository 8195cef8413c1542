//! `vault status`, `vault rotate`, `vault remove-key`: the keys that seal the values of assets.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_core::service::{check_vault, forget_key, reseal_all};
use openautomate_core::store::{SealedCount, Store, VaultKey};
use openautomate_core::vault::Vault;
use openautomate_store::maintenance::Database;
use serde_json::json;

use crate::data_dir::DataDir;
use crate::database::DatabaseArgs;
use crate::progress;
use crate::vault_key::VaultKeyArgs;

/// How often it is looked how far servers are.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long servers may do nothing before they are given up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a server may go on sealing with the key of before: it reads the file every 2 seconds.
const SETTLE: Duration = Duration::from_secs(5);

#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// Says which keys there are, and how many values each of them seals. A server may run.
    Status(StatusArgs),
    /// Makes a new key and puts every value under it. Servers may run, and it may be killed at any point: the next call
    /// goes on. The key of before stays until `vault remove-key`.
    Rotate(RotateArgs),
    /// Takes a key out of the key file that seals nothing any more. Backups from before the rotation need it: keep their
    /// copy of the key file.
    RemoveKey(RemoveArgs),
}

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// The data folder.
    #[arg(long, env = "OPENAUTOMATE_DATA_DIR", default_value = "openautomate-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    vault_key: VaultKeyArgs,
    /// Prints the result as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    place: Place,
    /// Makes no new key: puts under the newest what is not there yet. For keys from the environment or a command it is the
    /// only way.
    #[arg(long = "continue")]
    go_on: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveArgs {
    /// The number of the key.
    id: u32,
    #[command(flatten)]
    place: Place,
    /// How many seconds ago the newest key must have come: longer than any request takes that may hold a value under the
    /// key of before.
    #[arg(long, default_value_t = 60)]
    wait: u32,
}

pub(crate) async fn run(command: VaultCommand) -> anyhow::Result<ExitCode> {
    match command {
        VaultCommand::Status(args) => status(&args.place).await,
        VaultCommand::Rotate(args) => rotate(&args).await,
        VaultCommand::RemoveKey(args) => remove_key(&args).await,
    }
}

impl Place {
    fn data(&self) -> anyhow::Result<DataDir> {
        if self.database.is_in_data_dir() {
            DataDir::existing(&self.data_dir)
        } else {
            Ok(DataDir::at(&self.data_dir))
        }
    }

    /// What the database knows, whoever else works in it.
    async fn known(&self, data: &DataDir) -> anyhow::Result<Known> {
        let (address, options) = self.database.place(Some(data))?;
        let mut database = Database::open(address.expose(), &options).await?;
        let known = Known { keys: database.vault_keys().await?, counts: database.sealed_counts().await? };
        database.close().await;
        Ok(known)
    }

    /// The store; `None` if it is a file that a server has.
    async fn store(&self, data: &DataDir) -> anyhow::Result<Option<std::sync::Arc<dyn Store>>> {
        match self.database.open(Some(data)).await {
            Ok(store) => Ok(Some(store)),
            Err(error) => match error.downcast_ref::<openautomate_core::Error>() {
                Some(core) if core.code() == "store.in_use" => Ok(None),
                _ => Err(error),
            },
        }
    }
}

struct Known {
    keys: Vec<VaultKey>,
    counts: Vec<SealedCount>,
}

impl Known {
    fn under(&self, id: u32) -> u64 {
        self.counts.iter().filter(|count| count.key_id == id).map(|count| count.values).sum()
    }

    fn total(&self) -> u64 {
        self.counts.iter().map(|count| count.values).sum()
    }

    /// How many values are not under this key.
    fn besides(&self, id: u32) -> u64 {
        self.total() - self.under(id)
    }

    fn highest(&self) -> u32 {
        let counted = self.counts.iter().map(|count| count.key_id).filter(|id| *id != u32::MAX);
        self.keys.iter().map(|key| key.id).chain(counted).max().unwrap_or(0)
    }
}

async fn status(place: &Place) -> anyhow::Result<ExitCode> {
    let data = place.data()?;
    let known = place.known(&data).await?;
    let vault = place.vault_key.existing(&data).await?;
    tell(place, &vault, &known)?;
    let is_missing = known.counts.iter().any(|count| !vault.ring().contains(count.key_id));
    Ok(if is_missing { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn tell(place: &Place, vault: &Vault, known: &Known) -> anyhow::Result<()> {
    let ring = vault.ring();
    let mut keys: BTreeMap<u32, (bool, u64)> = ring.ids().map(|id| (id, (true, 0))).collect();
    for count in &known.counts {
        keys.entry(count.key_id).or_insert((false, 0)).1 += count.values;
    }
    let mut out = std::io::stdout().lock();
    if place.json {
        let keys: Vec<_> = keys
            .iter()
            .map(|(id, (is_there, values))| {
                let removable = *is_there && *values == 0 && *id != ring.current();
                json!({"id": id, "isThere": is_there, "values": values, "removable": removable})
            })
            .collect();
        let counts: Vec<_> = known.counts.iter().map(|count| json!(count)).collect();
        let rest = known.besides(ring.current());
        writeln!(
            out,
            "{}",
            json!({"current": ring.current(), "remaining": rest, "keys": keys, "counts": counts})
        )?;
        return Ok(());
    }
    for (id, (is_there, values)) in &keys {
        let what = match (*is_there, *id == ring.current(), *values) {
            (false, _, _) => "MISSING: put it back",
            (true, true, _) => "seals",
            (true, false, 0) => "seals nothing any more: `vault remove-key` takes it out",
            (true, false, _) => "is needed: `vault rotate --continue` puts its values under the newest key",
        };
        writeln!(out, "key {id}: {values} values; {what}")?;
    }
    Ok(())
}

async fn rotate(args: &RotateArgs) -> anyhow::Result<ExitCode> {
    let place = &args.place;
    let data = place.data()?;
    ensure!(
        args.go_on || place.vault_key.is_file(),
        "the keys of the vault do not come from the key file: add a key with a higher number where they come from, start \
         the servers anew, and run this with --continue"
    );
    let store = place.store(&data).await?;
    let vault = place.vault_key.existing(&data).await?;
    if let Some(store) = &store {
        check_vault(&**store, &vault, &SystemClock).await?;
    }
    let known = place.known(&data).await?;
    let is_begun = known.besides(vault.ring().current()) > 0;
    if !args.go_on && !is_begun {
        vault.add_key(known.highest())?;
    }
    match store {
        Some(store) => by_itself(place, &data, &*store, &vault).await?,
        None => by_servers(place, &data, &vault).await?,
    }
    let known = place.known(&data).await?;
    tell(place, &vault, &known)?;
    Ok(if known.besides(vault.ring().current()) == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Puts the values under the newest key, until none is left that servers sealed meanwhile.
async fn by_itself(place: &Place, data: &DataDir, store: &dyn Store, vault: &Vault) -> anyhow::Result<()> {
    check_vault(store, vault, &SystemClock).await?;
    let bar = progress::rows("sealing anew");
    let mut is_settled = place.database.is_in_data_dir();
    loop {
        let rest = place.known(data).await?.besides(vault.ring().current());
        bar.set_length(bar.position() + rest);
        let report = reseal_all(store, vault, &mut |done| bar.inc(done)).await?;
        if report.unopened > 0 {
            bar.abandon();
            bail!(
                "{} values do not open with the keys of the vault; run doctor to see which",
                report.unopened
            );
        }
        if is_settled && report.resealed == 0 {
            break;
        }
        // Beside a PostgreSQL database servers may run that read the key file a moment later.
        if !is_settled {
            tokio::time::sleep(SETTLE).await;
            is_settled = true;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Waits until the servers have put the values under the newest key, which they do by themselves.
async fn by_servers(place: &Place, data: &DataDir, vault: &Vault) -> anyhow::Result<()> {
    let bar: ProgressBar = progress::rows("the server seals anew");
    let (mut quiet, mut before) = (Duration::ZERO, u64::MAX);
    let mut last_zero = false;
    loop {
        let known = place.known(data).await?;
        let rest = known.besides(vault.ring().current());
        bar.set_length(known.total());
        bar.set_position(known.total() - rest);
        let is_noted = known.keys.iter().any(|key| key.id == vault.ring().current());
        if rest == 0 && is_noted && std::mem::replace(&mut last_zero, true) {
            break;
        }
        if rest != 0 {
            last_zero = false;
        }
        quiet = if rest == before { quiet + LOOK_EVERY } else { Duration::ZERO };
        before = rest;
        if quiet > PATIENCE {
            bar.abandon();
            bail!(
                "the server has sealed nothing anew for {} seconds; does it use this key file? Look into its log, then go \
                 on with `vault rotate --continue`",
                PATIENCE.as_secs()
            );
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    bar.finish_and_clear();
    Ok(())
}

async fn remove_key(args: &RemoveArgs) -> anyhow::Result<ExitCode> {
    let place = &args.place;
    let data = place.data()?;
    ensure!(
        place.vault_key.is_file(),
        "the keys of the vault do not come from the key file; take the key out where they come from"
    );
    let store = place.store(&data).await?;
    let known = place.known(&data).await?;
    let vault = place.vault_key.existing(&data).await?;
    let values = known.under(args.id);
    ensure!(values == 0, "{values} values are under key {}; run `vault rotate` first", args.id);
    // Nobody else works in a file that we have.
    let is_alone = place.database.is_in_data_dir() && store.is_some();
    if !is_alone {
        let current = vault.ring().current();
        let newest = known.keys.iter().find(|key| key.id == current).context(
            "no server has come with the newest key yet; start one, and run `vault rotate --continue`",
        )?;
        let age = (SystemClock.now() - newest.added_at).num_seconds();
        let wait = i64::from(args.wait);
        ensure!(
            age >= wait,
            "the newest key came {age} seconds ago, and a request may still hold a value under the key of before; try \
             again in {} seconds",
            wait - age
        );
    }
    vault.remove_key(args.id)?;
    if let Some(store) = store {
        forget_key(&*store, &SystemClock, args.id).await?;
    }
    let known = place.known(&data).await?;
    tell(place, &vault, &known)?;
    Ok(ExitCode::SUCCESS)
}
