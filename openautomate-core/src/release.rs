//! Releases of the agent program: what a manifest says, and who signed it.
//!
//! A release is signed by a key of its own, which no server has: an agent trusts the release keys that it was given
//! on its machine, and a server that somebody took over can't have agents run another program.

use std::collections::BTreeMap;

use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::check_file_name;
use crate::error::{Error, Result};
use crate::package::signature::{PackageSigner, PublicKey, Signed, Statement};

/// The form of manifests that this version reads. A manifest of another form is refused, so that nothing that it
/// demands is passed over.
pub const MANIFEST_FORMAT: u32 = 1;
/// The longest manifest, in bytes.
pub const MAX_MANIFEST_BYTES: usize = 64 * 1024;
/// The largest program, in bytes.
pub const MAX_PROGRAM_BYTES: u64 = 1 << 30;
/// How many targets a release may have.
pub const MAX_TARGETS: usize = 50;
const MAX_TARGET_CHARS: usize = 100;
const MAX_VERSION_CHARS: usize = 64;

/// The program of one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseFile {
    /// The file's name: a plain one.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its content in lower-case hex.
    pub sha256: String,
}

/// What a release is. It is signed as the text that it was written as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseManifest {
    /// [`MANIFEST_FORMAT`].
    pub format: u32,
    /// The version, as `SemVer` 2.0.0 writes it.
    pub version: String,
    /// The lowest version of the protocol that the program can speak with its server.
    pub min_protocol: u32,
    /// Whether agents may go back to it from a newer version.
    #[serde(default)]
    pub allow_downgrade: bool,
    /// The program of each target, by its triple, as in `x86_64-unknown-linux-gnu`.
    pub targets: BTreeMap<String, ReleaseFile>,
}

impl ReleaseManifest {
    /// Reads a manifest and checks it.
    ///
    /// # Errors
    /// `Invalid` with `release.manifest`, saying what is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_MANIFEST_BYTES {
            return Err(wrong(format!("is longer than {MAX_MANIFEST_BYTES} bytes")));
        }
        let manifest: Self =
            serde_json::from_str(text).map_err(|error| wrong(format!("can't be read: {error}")))?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<()> {
        if self.format != MANIFEST_FORMAT {
            return Err(wrong(format!(
                "is of the form {}; this version reads {MANIFEST_FORMAT}",
                self.format
            )));
        }
        self.version()?;
        if self.targets.is_empty() || self.targets.len() > MAX_TARGETS {
            return Err(wrong(format!("does not name 1 to {MAX_TARGETS} targets")));
        }
        for (target, file) in &self.targets {
            let is_triple =
                target.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b));
            if target.is_empty() || target.len() > MAX_TARGET_CHARS || !is_triple {
                return Err(wrong("names a target that is no triple, as in x86_64-unknown-linux-gnu"));
            }
            check_file_name("manifest", &file.name)?;
            let is_hash = file.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
            if file.sha256.len() != 64 || !is_hash {
                return Err(wrong(format!("has no SHA-256 in lower-case hex for {target}")));
            }
            if file.size == 0 || file.size > MAX_PROGRAM_BYTES {
                return Err(wrong(format!(
                    "has a program for {target} that is not 1 to {MAX_PROGRAM_BYTES} bytes"
                )));
            }
        }
        Ok(())
    }

    /// Its version, to be compared.
    ///
    /// # Errors
    /// `Invalid` with `release.manifest` if it is none. One with build metadata is none, since these have no order.
    pub fn version(&self) -> Result<Version> {
        let parsed = Version::parse(&self.version).ok().filter(|_| self.version.len() <= MAX_VERSION_CHARS);
        parsed
            .filter(|version| version.build.is_empty())
            .ok_or_else(|| wrong("has a version that is not as SemVer writes it, as in 1.4.2 or 1.5.0-rc.1"))
    }

    /// Whether an agent of another version may go over to this one.
    ///
    /// # Errors
    /// `Conflict` with `release.older` if it is no newer and may not go back, or is the same.
    pub fn check_follows(&self, running: &Version) -> Result<()> {
        let version = self.version()?;
        if version == *running || (version < *running && !self.allow_downgrade) {
            let message = format!("the release {version} is not newer than {running}, which runs");
            return Err(Error::conflict("release.older", message));
        }
        Ok(())
    }
}

/// A manifest as it was written, with the signature over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignedManifest {
    /// The manifest, to the byte.
    pub manifest: String,
    /// Who signed it.
    pub signature: Signed,
}

impl SignedManifest {
    /// Writes a manifest and signs it.
    ///
    /// # Errors
    /// `Invalid` with `release.manifest` if it is no good.
    pub fn sign(manifest: &ReleaseManifest, signer: &PackageSigner) -> Result<Self> {
        manifest.check()?;
        let mut text = serde_json::to_string_pretty(manifest).map_err(|error| {
            Error::internal("release.manifest", "the manifest can't be written").with_source(error)
        })?;
        text.push('\n');
        let signature = signer.sign(&Statement::Released { digest: &digest(&text) });
        Ok(Self { manifest: text, signature })
    }

    /// Checks that one of these keys signed it, and reads it: in this order, so that nothing is read of what a
    /// stranger wrote.
    ///
    /// # Errors
    /// `Forbidden` with `signature.untrusted` or `signature.wrong`; `Invalid` with `release.manifest`.
    pub fn open(&self, trusted: &[PublicKey]) -> Result<ReleaseManifest> {
        Statement::Released { digest: &digest(&self.manifest) }.verify(&self.signature, trusted)?;
        ReleaseManifest::parse(&self.manifest)
    }
}

fn digest(manifest: &str) -> String {
    Sha256::digest(manifest).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn wrong(what: impl AsRef<str>) -> Error {
    let message = format!("the manifest of the release {}", what.as_ref());
    Error::invalid("release.manifest", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(version: &str) -> ReleaseManifest {
        let file = ReleaseFile { name: "openautomate-agent".to_owned(), size: 3, sha256: "ab".repeat(32) };
        ReleaseManifest {
            format: MANIFEST_FORMAT,
            version: version.to_owned(),
            min_protocol: 1,
            allow_downgrade: false,
            targets: [("x86_64-unknown-linux-gnu".to_owned(), file)].into(),
        }
    }

    #[test]
    fn a_manifest_is_what_was_signed_or_nothing() {
        let [signer, stranger] = [(); 2].map(|()| PackageSigner::generate().unwrap());
        let signed = SignedManifest::sign(&manifest("1.4.2"), &signer).unwrap();
        assert_eq!(signed.open(&[signer.public_key()]).unwrap(), manifest("1.4.2"));
        for trusted in [vec![], vec![stranger.public_key()]] {
            assert_eq!(signed.open(&trusted).unwrap_err().code(), "signature.untrusted");
        }
        for at in 0..signed.manifest.len() {
            let mut bytes = signed.manifest.clone().into_bytes();
            bytes[at] ^= 1;
            let Ok(changed) = String::from_utf8(bytes) else { continue };
            let changed = SignedManifest { manifest: changed, ..signed.clone() };
            assert_eq!(changed.open(&[signer.public_key()]).unwrap_err().code(), "signature.wrong");
        }
        // A signature of another kind over the same digest is none.
        let authored = signer.sign(&Statement::Authored { digest: &digest(&signed.manifest) });
        let swapped = SignedManifest { signature: authored, ..signed };
        assert_eq!(swapped.open(&[signer.public_key()]).unwrap_err().code(), "signature.wrong");
    }

    #[test]
    fn a_manifest_that_is_no_good_is_refused() {
        let good = serde_json::to_value(manifest("1.4.2")).unwrap();
        let target = "/targets/x86_64-unknown-linux-gnu";
        for (place, value) in [
            ("/format".to_owned(), serde_json::json!(2)),
            ("/version".to_owned(), "1.4".into()),
            ("/version".to_owned(), "1.4.2+build".into()),
            ("/version".to_owned(), "../../1.4.2".into()),
            ("/minProtocol".to_owned(), (-1).into()),
            ("/targets".to_owned(), serde_json::json!({})),
            (format!("{target}/name"), "../agent".into()),
            (format!("{target}/sha256"), "AB".repeat(32).into()),
            (format!("{target}/size"), 0.into()),
            (format!("{target}/size"), (MAX_PROGRAM_BYTES + 1).into()),
        ] {
            let mut bad = good.clone();
            *bad.pointer_mut(&place).unwrap() = value;
            let error = ReleaseManifest::parse(&bad.to_string()).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Invalid, "{place}");
        }
        let mut more = good;
        more["expires"] = "2027-01-01".into();
        assert!(ReleaseManifest::parse(&more.to_string()).is_err(), "what it demands is not passed over");
        assert!(ReleaseManifest::parse(&" ".repeat(MAX_MANIFEST_BYTES + 1)).is_err());
    }

    #[test]
    fn nobody_goes_back_unless_the_manifest_says_so() {
        let follows = |version, allow_downgrade, running: &str| {
            let manifest = ReleaseManifest { allow_downgrade, ..manifest(version) };
            manifest.check_follows(&Version::parse(running).unwrap()).is_ok()
        };
        assert!(follows("1.4.2", false, "1.4.1"));
        assert!(follows("1.4.2", false, "1.4.2-rc.1"));
        assert!(!follows("1.4.2", false, "1.4.2"));
        assert!(!follows("1.4.2", true, "1.4.2"));
        assert!(!follows("1.4.2", false, "1.10.0"));
        assert!(follows("1.4.2", true, "1.10.0"));
    }
}
