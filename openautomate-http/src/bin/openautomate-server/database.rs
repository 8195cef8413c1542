//! Which database, and how its password gets here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use openautomate_core::secret::Secret;
use openautomate_core::store::Store;
use openautomate_store::StoreOptions;

use crate::data_dir::DataDir;
use crate::environment::{self, DATABASE, DATABASE_PASSWORD};

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct DatabaseArgs {
    /// The database: postgres://user@host/database?schema=name. Without it a SQLite file in the data folder is
    /// used. Servers on one database also need the same keys and archives: let them share the data folder.
    ///
    /// The password is taken from OPENAUTOMATE_DATABASE_PASSWORD, from the file, or from an address that
    /// comes by environment variable; other users of the machine can read a command line.
    #[arg(long, env = DATABASE, hide_env_values = true)]
    database: Option<Secret<String>>,
    /// A file with the password of the database.
    #[arg(long, env = "OPENAUTOMATE_DATABASE_PASSWORD_FILE")]
    database_password_file: Option<PathBuf>,
}

impl DatabaseArgs {
    /// The address, unless it is the file in the data folder.
    fn address(&self) -> Option<&str> {
        self.database.as_ref().map(|address| address.expose().as_str()).filter(|address| !address.is_empty())
    }

    /// Whether the database is the file in the data folder.
    pub(crate) fn is_in_data_dir(&self) -> bool {
        self.address().is_none()
    }

    /// Refuses a password on the command line.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        let Some(address) = self.address() else { return Ok(()) };
        let by_environment =
            environment::secret(DATABASE).is_some_and(|variable| variable.expose() == address);
        if by_environment { Ok(()) } else { refuse_password("--database", address) }
    }

    /// Opens the store.
    pub(crate) async fn open(&self, data: Option<&DataDir>) -> anyhow::Result<Arc<dyn Store>> {
        let (address, options) = self.place(data)?;
        Ok(openautomate_store::connect(address.expose(), options).await?)
    }

    /// Where the database is, and how it is opened.
    pub(crate) fn place(&self, data: Option<&DataDir>) -> anyhow::Result<(Secret<String>, StoreOptions)> {
        self.check()?;
        let options = StoreOptions {
            password: password(self.database_password_file.as_deref())?,
            ..StoreOptions::default()
        };
        let address = match (self.address(), data) {
            (Some(address), _) => address.to_owned(),
            (None, Some(data)) => data.database()?,
            (None, None) => bail!("no database is named"),
        };
        Ok((Secret::new(address), options))
    }
}

/// Refuses an address with a password, which came by a flag.
pub(crate) fn refuse_password(flag: &str, address: &str) -> anyhow::Result<()> {
    if has_password(address) {
        bail!(
            "a command line can be read by others, so it takes no password; leave it out of {flag} and set {DATABASE_PASSWORD}, or give the whole address as {DATABASE}"
        );
    }
    Ok(())
}

/// The password: from the file, or from the environment.
pub(crate) fn password(file: Option<&Path>) -> anyhow::Result<Option<Secret<String>>> {
    if let Some(path) = file {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the password file {} can't be read", path.display()))?;
        return Ok(Some(Secret::new(text.trim_end_matches(['\n', '\r']).to_owned())));
    }
    Ok(environment::secret(DATABASE_PASSWORD))
}

/// Whether `scheme://user:password@host` has a password.
fn has_password(address: &str) -> bool {
    let Some((_, rest)) = address.split_once("://") else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_found() {
        assert!(has_password("postgres://ada:hunter2@db/oa"));
        assert!(has_password("postgres://ada:p@ss@db/oa"));
        assert!(!has_password("postgres://ada@db:5432/oa"));
        assert!(!has_password("sqlite:a/b.db"));
    }

    #[test]
    fn a_password_on_the_command_line_is_refused_and_not_shown() {
        let database = Some(Secret::new("postgres://ada:hunter2@db/oa".to_owned()));
        let args = DatabaseArgs { database, database_password_file: None };
        let error = args.check().unwrap_err();
        assert!(!format!("{error:?} {args:?}").contains("hunter2"));
    }
}
