//! The data folder and what lies in it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use openautomate_http::create_private_dir;

/// The data folder.
#[derive(Debug)]
pub(crate) struct DataDir {
    root: PathBuf,
}

impl DataDir {
    /// The folder, made if it is not there.
    pub(crate) fn create(root: &Path) -> anyhow::Result<Self> {
        let dir = Self { root: root.to_owned() };
        for path in [root.to_owned(), dir.keys()] {
            create_private_dir(&path)
                .with_context(|| format!("the data folder {} can't be made", path.display()))?;
        }
        Ok(dir)
    }

    /// The folder, as it is.
    pub(crate) fn existing(root: &Path) -> anyhow::Result<Self> {
        let dir = Self { root: root.to_owned() };
        if dir.database_path().is_file() {
            return Ok(dir);
        }
        Err(anyhow!("there is no database in {}; give the data folder of a server", root.display()))
    }

    /// The folder of an installation whose database may be elsewhere, as it is.
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    pub(crate) fn jwt_key(&self) -> PathBuf {
        self.keys().join("jwt.pem")
    }

    pub(crate) fn vault_key(&self) -> PathBuf {
        self.keys().join("vault.key")
    }

    pub(crate) fn package_key(&self) -> PathBuf {
        self.keys().join("package.key")
    }

    /// By what agents know the server that come by way of NATS.
    #[cfg(feature = "nats")]
    pub(crate) fn server_key(&self) -> PathBuf {
        self.keys().join("server.pem")
    }

    pub(crate) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub(crate) fn database_path(&self) -> PathBuf {
        self.root.join("openautomate.db")
    }

    /// The database as an address for the store.
    pub(crate) fn database(&self) -> anyhow::Result<String> {
        let path = self.database_path();
        path.to_str()
            .map(ToOwned::to_owned)
            .ok_or_else(|| anyhow!("the path of the data folder is no UTF-8; choose another"))
    }
}
