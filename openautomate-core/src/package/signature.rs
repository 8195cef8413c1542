//! Signatures of versions: Ed25519 (RFC 8032) over what a version is, never over where it lies.
//!
//! The repository signs every version that it publishes, so that nothing between the publishing and the run can
//! put another in its place. An author may sign too: agents and environments can be told to run nothing else.

use std::collections::HashSet;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature as DalekSignature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::credential::key_weakness;
use crate::error::{Error, Result};
use crate::id::PackageId;
use crate::private_file;
use crate::secret::Secret;

const SEED_BYTES: usize = 32;
const SIGNATURE_BYTES: usize = 64;
const MAX_KEY_FILE: u64 = 4 * 1024;
/// How many checked signatures are remembered at most, a few hundred bytes each.
const MAX_REMEMBERED: usize = 1_000;

macro_rules! base64url {
    ($name:ident, $length:expr, $code:literal, $what:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                let bytes = URL_SAFE_NO_PAD.decode(text.trim()).ok();
                let bytes = bytes.and_then(|bytes| <[u8; $length]>::try_from(bytes).ok());
                bytes.map(Self).ok_or_else(|| Error::invalid($code, $what))
            }
        }

        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    };
}

/// Who signs: an Ed25519 public key, written as base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey([u8; 32]);
base64url!(
    PublicKey,
    32,
    "signature.key",
    "a key is not 32 bytes in base64url without padding (RFC 4648, 5)"
);

impl Signature {
    /// The signature of these bytes, as RFC 8032 writes it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; SIGNATURE_BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes, as RFC 8032 writes them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; SIGNATURE_BYTES] {
        &self.0
    }
}

impl PublicKey {
    /// The key of these bytes, as RFC 8032 writes it.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes, as RFC 8032 writes them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// An Ed25519 signature, written as base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Signature([u8; SIGNATURE_BYTES]);
base64url!(
    Signature,
    SIGNATURE_BYTES,
    "signature.form",
    "a signature is not 64 bytes in base64url without padding (RFC 4648, 5)"
);

/// A signature and the key that made it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signed {
    /// The key.
    pub key: PublicKey,
    /// The signature.
    pub signature: Signature,
}

/// What is signed. No text of one kind is a text of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statement<'a> {
    /// This content is this version of this package. Said by the repository.
    Published {
        /// Of which package.
        package: PackageId,
        /// Which number.
        version: &'a str,
        /// The digest of the version.
        digest: &'a str,
    },
    /// This is a release of the agent program. Said by who makes releases.
    Released {
        /// SHA-256 of its manifest in hex.
        digest: &'a str,
    },
    /// The audit's chain ended so. Said by the server that sealed it.
    AuditCheckpoint {
        /// The number of its last entry.
        sequence: u64,
        /// The hash of its last entry in hex.
        hash: &'a str,
        /// When, in microseconds since 1970.
        made_at: i64,
    },
    /// I made this content. Said by an author. Name and version stand in the content.
    Authored {
        /// The digest of the version.
        digest: &'a str,
    },
}

impl Statement<'_> {
    fn text(&self) -> String {
        match self {
            Self::Published { package, version, digest } => {
                format!("openautomate-published-v1\n{package}\n{version}\n{digest}\n")
            }
            Self::Released { digest } => format!("openautomate-agent-release-v1\n{digest}\n"),
            Self::AuditCheckpoint { sequence, hash, made_at } => {
                format!("openautomate-audit-checkpoint-v1\n{sequence}\n{hash}\n{made_at}\n")
            }
            Self::Authored { digest } => format!("openautomate-authored-v1\n{digest}\n"),
        }
    }

    const fn what(&self) -> &'static str {
        match self {
            Self::Published { .. } | Self::Authored { .. } => "the package",
            Self::Released { .. } => "the release",
            Self::AuditCheckpoint { .. } => "the checkpoint",
        }
    }

    /// Checks that one of `trusted` signed this, strictly (no small-order keys).
    ///
    /// # Errors
    /// `Forbidden` with `signature.untrusted` if the key is another one, `signature.wrong` if the signature does
    /// not fit.
    pub fn verify(&self, signed: &Signed, trusted: &[PublicKey]) -> Result<()> {
        self.check_trusted(signed, trusted)?;
        self.check_fits(signed)
    }

    fn check_trusted(&self, signed: &Signed, trusted: &[PublicKey]) -> Result<()> {
        if trusted.contains(&signed.key) {
            return Ok(());
        }
        let message = format!("{} is signed by a key that is not trusted here", self.what());
        Err(refused("signature.untrusted", message))
    }

    fn check_fits(&self, signed: &Signed) -> Result<()> {
        let wrong = || {
            let message = format!("the signature of {} does not fit what it signs", self.what());
            refused("signature.wrong", message)
        };
        let key = VerifyingKey::from_bytes(&signed.key.0).map_err(|_| wrong())?;
        let signature = DalekSignature::from_bytes(&signed.signature.0);
        key.verify_strict(self.text().as_bytes(), &signature).map_err(|_| wrong())
    }
}

/// Remembers which signatures fitted what they sign, since that never changes: a version that is run often is
/// checked once. Whether a key is trusted is asked each time.
#[derive(Debug, Default)]
pub struct Verified {
    fitted: Mutex<HashSet<(String, Signed)>>,
}

impl Verified {
    /// As [`Statement::verify`].
    ///
    /// # Errors
    /// As [`Statement::verify`].
    pub fn verify(&self, statement: &Statement<'_>, signed: &Signed, trusted: &[PublicKey]) -> Result<()> {
        statement.check_trusted(signed, trusted)?;
        let fitted = || self.fitted.lock().unwrap_or_else(PoisonError::into_inner);
        let proof = (statement.text(), signed.clone());
        if fitted().contains(&proof) {
            return Ok(());
        }
        statement.check_fits(signed)?;
        let mut fitted = fitted();
        if fitted.len() >= MAX_REMEMBERED {
            fitted.clear();
        }
        fitted.insert(proof);
        Ok(())
    }
}

fn refused(code: &'static str, message: String) -> Error {
    Error::new(crate::error::ErrorKind::Forbidden, code, message)
}

/// Signs versions. Clones share the key.
#[derive(Clone)]
pub struct PackageSigner {
    key: SigningKey,
}

impl fmt::Debug for PackageSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PackageSigner").field("public_key", &self.public_key()).finish_non_exhaustive()
    }
}

impl PackageSigner {
    /// A signer with this Ed25519 seed.
    #[must_use]
    pub fn from_seed(seed: &Secret<[u8; SEED_BYTES]>) -> Self {
        Self { key: SigningKey::from_bytes(seed.expose()) }
    }

    /// A signer with a new key that is kept nowhere.
    ///
    /// # Errors
    /// `Internal` if the system gives no random bytes.
    pub fn generate() -> Result<Self> {
        new_seed().map(|seed| Self::from_seed(&seed))
    }

    /// The signer of a key file: the seed in base64url. If there is no file, one with a new key is made, on Unix
    /// readable by this user alone. It blocks for a moment, and syncs a new file to disk before it returns.
    ///
    /// # Errors
    /// `Invalid` with `signature.key_file` if the file holds no key or others may read it; `Internal` if it
    /// can't be read or made.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        if let Some(signer) = Self::load(path)? {
            return Ok(signer);
        }
        let seed = new_seed()?;
        let text = Secret::new(URL_SAFE_NO_PAD.encode(seed.expose()) + "\n");
        private_file::create(path, &text).map_err(|error| unreadable(path, "made", error))?;
        // Read back: another process may have been faster, and what counts is what the next start will find.
        Self::load(path)?.ok_or_else(|| unreadable(path, "read", std::io::ErrorKind::NotFound.into()))
    }

    /// The signer of a key file; `None` if there is no file.
    ///
    /// # Errors
    /// As [`PackageSigner::load_or_create`].
    pub fn load(path: &Path) -> Result<Option<Self>> {
        let read = private_file::read(path, MAX_KEY_FILE).map_err(|error| unreadable(path, "read", error))?;
        let text = match read {
            private_file::Read::Missing => return Ok(None),
            private_file::Read::OpenToOthers => {
                let message =
                    format!("other users may read the key file {}; set its mode to 0600", path.display());
                return Err(Error::invalid("signature.key_file", message));
            }
            private_file::Read::Text(text) => text,
        };
        let seed = URL_SAFE_NO_PAD.decode(text.expose().trim()).ok();
        let seed = seed.and_then(|bytes| <[u8; SEED_BYTES]>::try_from(bytes).ok()).ok_or_else(|| {
            let message = format!("the key file {} holds no key of 32 bytes in base64url", path.display());
            Error::invalid("signature.key_file", message)
        })?;
        if let Some(why) = key_weakness(&seed) {
            let message = format!("the key in {} {why}; put the right one back", path.display());
            return Err(Error::invalid("signature.weak_key", message));
        }
        Ok(Some(Self::from_seed(&Secret::new(seed))))
    }

    /// The key by which others check what this one signs.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    /// Signs a statement.
    #[must_use]
    pub fn sign(&self, statement: &Statement<'_>) -> Signed {
        let signature = Signature(self.key.sign(statement.text().as_bytes()).to_bytes());
        Signed { key: self.public_key(), signature }
    }
}

fn new_seed() -> Result<Secret<[u8; SEED_BYTES]>> {
    let mut seed = [0; SEED_BYTES];
    getrandom::fill(&mut seed).map_err(|error| {
        Error::internal("signature.random", "the system gives no random bytes").with_source(error.to_string())
    })?;
    Ok(Secret::new(seed))
}

fn unreadable(path: &Path, what: &str, error: std::io::Error) -> Error {
    Error::internal("signature.io", format!("the key file {} can't be {what}", path.display()))
        .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer(byte: u8) -> PackageSigner {
        PackageSigner::from_seed(&Secret::new([byte; 32]))
    }

    #[test]
    fn a_signature_speaks_for_one_version_of_one_package() {
        let (signer, package) = (signer(7), PackageId::new());
        let trusted = [signer.public_key()];
        let digest = "ab".repeat(32);
        let statement = Statement::Published { package, version: "1.2.3", digest: &digest };
        let signed = signer.sign(&statement);
        statement.verify(&signed, &trusted).unwrap();
        let other_digest = "ac".repeat(32);
        for other in [
            Statement::Published { package: PackageId::new(), version: "1.2.3", digest: &digest },
            Statement::Published { package, version: "1.2.4", digest: &digest },
            Statement::Published { package, version: "1.2.3", digest: &other_digest },
            Statement::Authored { digest: &digest },
            Statement::Released { digest: &digest },
        ] {
            assert_eq!(other.verify(&signed, &trusted).unwrap_err().code(), "signature.wrong");
        }
        for trusted in [vec![], vec![self::signer(8).public_key()]] {
            assert_eq!(statement.verify(&signed, &trusted).unwrap_err().code(), "signature.untrusted");
        }
        // A key of small order verifies much; it is never believed.
        let weak = PublicKey([0; 32]);
        let forged = Signed { key: weak, signature: Signature([0; 64]) };
        assert!(statement.verify(&forged, &[weak]).is_err());
    }

    #[test]
    fn every_bit_of_a_signature_counts() {
        let signer = signer(7);
        let digest = "00".repeat(32);
        let statement = Statement::Authored { digest: &digest };
        let signed = signer.sign(&statement);
        for bit in 0..SIGNATURE_BYTES * 8 {
            let mut flipped = signed.clone();
            flipped.signature.0[bit / 8] ^= 1 << (bit % 8);
            assert!(statement.verify(&flipped, &[signer.public_key()]).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("package.key");
        assert!(PackageSigner::load(&path).unwrap().is_none());
        let made = PackageSigner::load_or_create(&path).unwrap();
        assert_eq!(PackageSigner::load_or_create(&path).unwrap().public_key(), made.public_key());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let seed = std::fs::read_to_string(&path).unwrap();
        assert!(!format!("{made:?}").contains(seed.trim()));
        std::fs::write(&path, "no key").unwrap();
        assert_eq!(PackageSigner::load(&path).unwrap_err().code(), "signature.key_file");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::write(&path, seed).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
            assert_eq!(PackageSigner::load(&path).unwrap_err().code(), "signature.key_file");
        }
    }

    #[test]
    fn keys_are_written_as_base64url() {
        let key = signer(7).public_key();
        assert_eq!(key.to_string().parse::<PublicKey>().unwrap(), key);
        for bad in ["", "AAAA", &"=".repeat(43), &"A".repeat(44)] {
            assert_eq!(bad.parse::<PublicKey>().unwrap_err().code(), "signature.key", "{bad}");
        }
    }
}
