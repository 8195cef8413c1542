//! Where the keys of the vault come from: the file in the data folder, the environment, or a command such as that of a
//! key management service.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::Args;
use openautomate_core::secret::Secret;
use openautomate_core::service::vault_is_in_use;
use openautomate_core::store::Store;
use openautomate_core::vault::{KeyRing, Vault};
use tokio::io::AsyncReadExt as _;
use tokio::process::Command;

use crate::data_dir::DataDir;
use crate::environment::{self, VAULT_KEY};

/// How long the command may take.
const PATIENCE: Duration = Duration::from_secs(10);
const MAX_BYTES: u64 = 64 * 1024;

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct VaultKeyArgs {
    /// Takes the keys of the vault from what this program prints, as in a key file: `ID HEX` a line. No shell is asked,
    /// and it may take 10 seconds. What follows are its arguments, up to the end or a `;`.
    ///
    /// Without it they are taken from the environment variable OPENAUTOMATE_VAULT_KEY, if it is set, or from
    /// keys/vault.key in the data folder, which the first start makes.
    #[arg(long, num_args = 1.., allow_hyphen_values = true, value_terminator = ";", value_names = ["PROGRAM", "ARG"])]
    vault_key_command: Vec<String>,
}

impl VaultKeyArgs {
    /// Whether the keys come from the file, so that they may be changed here.
    pub(crate) fn is_file(&self) -> bool {
        self.vault_key_command.is_empty() && variable().is_none()
    }

    /// The vault with its keys. A key file is made only for a database that holds nothing sealed.
    pub(crate) async fn open(&self, data: &DataDir, store: &dyn Store) -> anyhow::Result<Vault> {
        if let Some(vault) = self.elsewhere().await? {
            return Ok(vault);
        }
        let path = data.vault_key();
        if vault_is_in_use(store).await? {
            return Ok(Vault::open_file(&path)?);
        }
        Ok(Vault::open_or_create(&path)?)
    }

    /// The vault with its keys, if they are there.
    pub(crate) async fn existing(&self, data: &DataDir) -> anyhow::Result<Vault> {
        match self.elsewhere().await? {
            Some(vault) => Ok(vault),
            None => Ok(Vault::open_file(&data.vault_key())?),
        }
    }

    async fn elsewhere(&self) -> anyhow::Result<Option<Vault>> {
        if let Some((program, arguments)) = self.vault_key_command.split_first() {
            ensure!(variable().is_none(), "give --vault-key-command or {VAULT_KEY}, not both");
            let text = told_by(program, arguments).await?;
            return Ok(Some(Vault::new(KeyRing::read("what the command of the vault key printed", &text)?)));
        }
        let Some(text) = variable() else { return Ok(None) };
        Ok(Some(Vault::new(KeyRing::read(VAULT_KEY, &text)?)))
    }
}

fn variable() -> Option<Secret<String>> {
    environment::secret(VAULT_KEY)
}

/// What a program prints. Its standard error is the server's, and so is its environment, in which no secret of the
/// server's own is left by now.
async fn told_by(program: &str, arguments: &[String]) -> anyhow::Result<Secret<String>> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("the command of the vault key, {program}, can't be started"))?;
    let out = child.stdout.take().ok_or_else(|| anyhow!("the command of the vault key has no output"))?;
    let told = async {
        let mut text = String::new();
        let read = out.take(MAX_BYTES).read_to_string(&mut text).await;
        let text = Secret::new(text);
        let status = child.wait().await?;
        read.map(|_| (text, status))
    };
    let Ok(told) = tokio::time::timeout(PATIENCE, told).await else {
        bail!("the command of the vault key, {program}, took longer than {} seconds", PATIENCE.as_secs());
    };
    let (text, status) =
        told.with_context(|| format!("the command of the vault key, {program}, can't be read"))?;
    ensure!(status.success(), "the command of the vault key, {program}, failed: {status}");
    Ok(text)
}
