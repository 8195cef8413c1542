//! Files and folders that this user alone may read.

use std::fs::File;
use std::io;
use std::path::Path;

#[cfg(unix)]
mod imp {
    use std::fs::{DirBuilder, OpenOptions};
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};

    pub(super) fn private_file(options: &mut OpenOptions) -> &mut OpenOptions {
        options.mode(0o600)
    }

    pub(super) fn private_dir(builder: &mut DirBuilder) -> &mut DirBuilder {
        builder.mode(0o700)
    }

    /// As PostgreSQL has it for its key: nobody but the owner, and where that is root, at most a group that reads.
    #[cfg(feature = "server")]
    pub(super) fn is_private(file: &std::fs::File) -> std::io::Result<bool> {
        use std::os::unix::fs::MetadataExt as _;
        let found = file.metadata()?;
        let others = if found.uid() == 0 { 0o037 } else { 0o077 };
        Ok(found.mode() & others == 0)
    }
}

// On Windows a new file inherits the access list of its folder, which in a user's profile is private.
#[cfg(windows)]
mod imp {
    use std::fs::{DirBuilder, OpenOptions};

    pub(super) fn private_file(options: &mut OpenOptions) -> &mut OpenOptions {
        options
    }

    pub(super) fn private_dir(builder: &mut DirBuilder) -> &mut DirBuilder {
        builder
    }

    #[cfg(feature = "server")]
    pub(super) fn is_private(_: &std::fs::File) -> std::io::Result<bool> {
        Ok(true)
    }
}

/// Makes a new file that this user alone may read (on Windows: as the folder says).
///
/// # Errors
/// If it exists or can't be made.
pub fn create_private_file(path: &Path) -> io::Result<File> {
    imp::private_file(std::fs::OpenOptions::new().write(true).create_new(true)).open(path)
}

/// What a file holds, unless others than its owner may read or change it; a group may read one that root owns (on
/// Windows: as the folder says).
///
/// # Errors
/// If it can't be read.
#[cfg(feature = "server")]
pub(crate) fn read_private_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    use std::io::Read as _;
    let mut file = File::open(path)?;
    if !imp::is_private(&file)? {
        return Ok(None);
    }
    let mut content = Vec::new();
    file.read_to_end(&mut content)?;
    Ok(Some(content))
}

/// Makes a folder, and those above it, that this user alone may enter (on Windows: as the folder above
/// says). One that is there is left as it is.
///
/// # Errors
/// If it can't be made.
pub fn create_private_dir(path: &Path) -> io::Result<()> {
    imp::private_dir(std::fs::DirBuilder::new().recursive(true)).create(path)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn nobody_else_may_look() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("a/b");
        create_private_dir(&inner).unwrap();
        create_private_dir(&inner).unwrap();
        let file = inner.join("key");
        create_private_file(&file).unwrap();
        assert!(create_private_file(&file).is_err());
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&inner), mode(&file)), (0o700, 0o600));
    }
}
