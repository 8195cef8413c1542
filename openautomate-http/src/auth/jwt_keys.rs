//! The keys that sign tokens: which there are, which one signs, which still verify.
//!
//! They lie in one file, oldest first. A key is there before it signs, so that every server that reads the file knows
//! it by then, and it verifies until the last token that it signed has ended.

use std::fmt;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use jsonwebtoken::{DecodingKey, EncodingKey};
use openautomate_core::clock::{Clock as _, SystemClock, Timestamp};
use openautomate_core::credential::key_weakness;
use openautomate_core::error::{Error, Result};
use openautomate_core::private_file;
use openautomate_core::secret::Secret;
use sha2::{Digest as _, Sha256};

/// The longest life of a token, an agent's, and the leeway that its end is given.
const OVERLAP: TimeDelta = TimeDelta::minutes(16);
const MAX_FILE_BYTES: u64 = 64 * 1024;
const MADE: &str = "# made ";
const SIGNS_FROM: &str = "# signs from ";
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// The keys that sign tokens. Clones are the same ones.
#[derive(Clone)]
pub struct JwtKeys {
    inner: Arc<Inner>,
}

struct Inner {
    /// None for keys that are kept nowhere.
    path: Option<PathBuf>,
    ring: RwLock<Arc<Ring>>,
}

/// By when they sign, the first to do so first; never empty.
#[derive(PartialEq, Eq)]
struct Ring(Vec<Arc<TokenKey>>);

/// One key.
pub(super) struct TokenKey {
    pub(super) id: String,
    pub(super) signing: EncodingKey,
    pub(super) verifying: DecodingKey,
    /// PKCS #8 PEM.
    pem: Secret<String>,
    made_at: Timestamp,
    signs_from: Timestamp,
}

impl PartialEq for TokenKey {
    fn eq(&self, other: &Self) -> bool {
        // The id is a hash of the public key.
        (&self.id, self.signs_from) == (&other.id, other.signs_from)
    }
}

impl Eq for TokenKey {}

/// How keys are rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// After how long the new key signs: by then all servers must have read the file, which they do every few seconds.
    pub signs_after: Duration,
    /// Whether the keys of before verify nothing any more, from now on: for a key that others have seen. Tokens of
    /// people are then renewed by their refresh tokens, and agents sign in anew.
    pub end_others: bool,
}

/// What became of a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotatedKeys {
    /// The id of the new key, as it stands in tokens as `kid`.
    pub id: String,
    /// When it signs.
    pub signs_from: Timestamp,
    /// The ids of those that still verify.
    pub kept: Vec<String>,
}

impl fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKeys").field("ids", &self.ids()).finish_non_exhaustive()
    }
}

fn broken(path: &Path, why: &str) -> Error {
    Error::invalid(
        "jwt.key_file",
        format!("the key file of the tokens, {}, {why}; put it back from a backup", path.display()),
    )
}

fn failed(path: &Path, what: &str, error: std::io::Error) -> Error {
    let message = format!("the key file of the tokens, {}, can't be {what}", path.display());
    Error::internal("jwt.io", message).with_source(error)
}

impl JwtKeys {
    /// The keys of a file (PKCS #8 PEM, one or more). If there is no file, one with a new key is made that this user
    /// alone may read.
    ///
    /// # Errors
    /// As [`JwtKeys::load`]; `Internal` with `jwt.io` if the file can't be made.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        if let Some(keys) = Self::load(path)? {
            return Ok(keys);
        }
        let now = SystemClock.now();
        let ring = Ring(vec![Arc::new(TokenKey::generate(now, now)?)]);
        private_file::create(path, &ring.text()).map_err(|error| failed(path, "made", error))?;
        // Read back: another process may have been faster, and what counts is what the next start will find.
        Self::load(path)?.ok_or_else(|| failed(path, "read", std::io::ErrorKind::NotFound.into()))
    }

    /// The keys of a file; `None` if there is no file.
    ///
    /// # Errors
    /// `Invalid` with `jwt.key_file` if the file holds no such key or others may read it, with `jwt.weak_key` if a key
    /// is none that a random source gives; `Internal` with `jwt.io` if it can't be read.
    pub fn load(path: &Path) -> Result<Option<Self>> {
        let ring = Ring::read(path)?;
        Ok(ring.map(|ring| Self::new(Some(path.to_owned()), ring)))
    }

    /// A new key that is kept nowhere: its tokens end with the process.
    ///
    /// # Errors
    /// `Unavailable` if the operating system gives no randomness.
    pub fn generate() -> Result<Self> {
        let now = SystemClock.now();
        Ok(Self::new(None, Ring(vec![Arc::new(TokenKey::generate(now, now)?)])))
    }

    /// Adds a new key to a file, or makes the file, and takes out those whose tokens have ended. Servers that run take
    /// it over by [`JwtKeys::reload`].
    ///
    /// # Errors
    /// As [`JwtKeys::load_or_create`].
    pub fn rotate(path: &Path, rotation: KeyRotation, now: Timestamp) -> Result<RotatedKeys> {
        let old = Ring::read(path)?.map(|ring| ring.0).unwrap_or_default();
        let alone = old.is_empty() || rotation.end_others;
        let delay = TimeDelta::from_std(rotation.signs_after).unwrap_or(TimeDelta::days(1));
        let signs_from = if alone { now } else { now + delay };
        let key = Arc::new(TokenKey::generate(now, signs_from)?);
        let mut keys = if alone { Vec::new() } else { Ring(old).verifying(now) };
        let kept = keys.iter().map(|key| key.id.clone()).collect();
        let rotated = RotatedKeys { id: key.id.clone(), signs_from, kept };
        keys.push(key);
        keys.sort_by_key(|key| key.signs_from);
        private_file::replace(path, &Ring(keys).text()).map_err(|error| failed(path, "replaced", error))?;
        Ok(rotated)
    }

    /// Takes over what is in the file now; says whether that is something else than before. On an error the keys of
    /// before stay.
    ///
    /// # Errors
    /// As [`JwtKeys::load`]; `Invalid` with `jwt.key_file` if the file is gone.
    pub fn reload(&self) -> Result<bool> {
        let Some(path) = &self.inner.path else { return Ok(false) };
        let ring = Ring::read(path)?.ok_or_else(|| broken(path, "is gone"))?;
        let mut held = self.inner.ring.write().unwrap_or_else(PoisonError::into_inner);
        if **held == ring {
            return Ok(false);
        }
        *held = Arc::new(ring);
        Ok(true)
    }

    /// When the newest key was made.
    #[must_use]
    pub fn newest_made_at(&self) -> Timestamp {
        self.ring().0.iter().map(|key| key.made_at).max().unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// The ids of the keys, as they stand in tokens as `kid`.
    #[must_use]
    pub fn ids(&self) -> Vec<String> {
        self.ring().0.iter().map(|key| key.id.clone()).collect()
    }

    fn new(path: Option<PathBuf>, ring: Ring) -> Self {
        Self { inner: Arc::new(Inner { path, ring: RwLock::new(Arc::new(ring)) }) }
    }

    fn ring(&self) -> Arc<Ring> {
        self.inner.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key that signs at `now`.
    pub(super) fn signing_key(&self, now: Timestamp) -> Result<Arc<TokenKey>> {
        let ring = self.ring();
        let signing = ring.0.iter().rev().find(|key| key.signs_from <= now).or_else(|| ring.0.first());
        signing.cloned().ok_or_else(|| Error::internal("jwt.no_key", "there is no key that signs tokens"))
    }

    /// The key with this id, if a token of it may still be good at `now`. Nothing but this set is looked into.
    pub(super) fn verifying_key(&self, id: &str, now: Timestamp) -> Option<Arc<TokenKey>> {
        self.ring().verifying(now).into_iter().find(|key| key.id == id)
    }
}

impl Ring {
    /// Those whose tokens may still be good at `now`.
    fn verifying(&self, now: Timestamp) -> Vec<Arc<TokenKey>> {
        let followed = |at: usize| self.0.get(at + 1).is_some_and(|next| next.signs_from + OVERLAP <= now);
        self.0.iter().enumerate().filter(|(at, _)| !followed(*at)).map(|(_, key)| key.clone()).collect()
    }

    fn text(&self) -> Secret<String> {
        let mut text =
            String::from("# Keys that sign access tokens: openautomate-server keys rotate adds one.\n");
        let time = |at: Timestamp| at.to_rfc3339_opts(SecondsFormat::Micros, true);
        for key in &self.0 {
            // Writing to a string can't fail.
            let _ = write!(text, "{MADE}{}\n{SIGNS_FROM}{}\n", time(key.made_at), time(key.signs_from));
            text.push_str(key.pem.expose());
        }
        Secret::new(text)
    }

    fn read(path: &Path) -> Result<Option<Self>> {
        match private_file::read(path, MAX_FILE_BYTES).map_err(|error| failed(path, "read", error))? {
            private_file::Read::Missing => Ok(None),
            private_file::Read::OpenToOthers => {
                let message = format!(
                    "other users may read the key file of the tokens, {}; set its mode to 0600, and make a new key by \
                     openautomate-server keys rotate --end-others if somebody may have",
                    path.display()
                );
                Err(Error::invalid("jwt.key_file", message))
            }
            private_file::Read::Text(text) => Self::parse(path, &text).map(Some),
        }
    }

    fn parse(path: &Path, text: &Secret<String>) -> Result<Self> {
        // Files of older versions say no times.
        let unsaid: Timestamp =
            std::fs::metadata(path).and_then(|file| file.modified()).map_or(DateTime::UNIX_EPOCH, Into::into);
        let (mut made_at, mut signs_from, mut pem) = (unsaid, unsaid, None::<String>);
        let mut keys = Vec::new();
        let time = |text: &str| {
            let read = DateTime::parse_from_rfc3339(text.trim()).map(|time| time.with_timezone(&Utc));
            read.map_err(|_| broken(path, "has a time that is none"))
        };
        for line in text.expose().lines() {
            let line = line.trim_end();
            if let Some(said) = line.strip_prefix(MADE) {
                made_at = time(said)?;
            } else if let Some(said) = line.strip_prefix(SIGNS_FROM) {
                signs_from = time(said)?;
            } else if line == BEGIN {
                pem = Some(format!("{line}\n"));
            } else if let Some(block) = &mut pem {
                block.push_str(line);
                block.push('\n');
                if line == END {
                    let block = Secret::new(pem.take().unwrap_or_default());
                    let key = SigningKey::from_pkcs8_pem(block.expose()).map_err(|error| {
                        broken(path, "holds no Ed25519 key in PKCS #8").with_source(error.to_string())
                    })?;
                    if let Some(why) = key_weakness(&key.to_bytes()) {
                        let message = format!(
                            "the key of the tokens in {} {why}; make one by openautomate-server keys rotate --end-others",
                            path.display()
                        );
                        return Err(Error::invalid("jwt.weak_key", message));
                    }
                    keys.push(Arc::new(TokenKey::new(&key, made_at, signs_from)?));
                    (made_at, signs_from) = (unsaid, unsaid);
                }
            }
        }
        if keys.is_empty() || pem.is_some() {
            return Err(broken(path, "holds no whole key"));
        }
        keys.sort_by_key(|key| key.signs_from);
        Ok(Self(keys))
    }
}

impl TokenKey {
    fn new(key: &SigningKey, made_at: Timestamp, signs_from: Timestamp) -> Result<Self> {
        let unusable = |error: String| {
            Error::internal("jwt.key", "a key of the tokens can't be used").with_source(error)
        };
        let public = key.verifying_key().to_bytes();
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(|error| unusable(error.to_string()))?;
        let signing =
            EncodingKey::from_ed_pem(pem.as_bytes()).map_err(|error| unusable(error.to_string()))?;
        let verifying = DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(public));
        Ok(Self {
            id: hex::encode(&Sha256::digest(public)[..8]),
            signing,
            verifying: verifying.map_err(|error| unusable(error.to_string()))?,
            pem: Secret::new(pem.to_string()),
            made_at,
            signs_from,
        })
    }

    fn generate(made_at: Timestamp, signs_from: Timestamp) -> Result<Self> {
        let mut seed = [0_u8; 32];
        getrandom::fill(&mut seed).map_err(|error| {
            Error::unavailable("random.unavailable", "the operating system gives no randomness")
                .with_source(error.to_string())
        })?;
        Self::new(&SigningKey::from_bytes(&seed), made_at, signs_from)
    }
}

#[cfg(test)]
mod tests;
