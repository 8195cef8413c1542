//! Signed tokens: JWTs (RFC 7519, best practice RFC 8725) with Ed25519 and nothing else.
//!
//! Each kind of token has its own `typ` claim and audience, so that none is taken for another. Times are
//! checked against the orchestrator's clock.

use std::fmt;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use openautomate_core::clock::Timestamp;
use openautomate_core::error::{Error, Result};
use openautomate_core::id::{SessionId, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::platform::create_private_file;

const ISSUER: &str = "openautomate";
/// How long an access token is good.
pub(crate) const ACCESS_LIFE: TimeDelta = TimeDelta::minutes(10);
/// How far the clocks of two servers may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(30);
/// Longer ones are none of ours.
const MAX_TOKEN_BYTES: usize = 4_096;

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenType {
    /// A person's requests.
    Access,
    /// An agent's requests.
    Agent,
    /// What an agent shall sign.
    AgentChallenge,
    /// Opening one live connection.
    LiveTicket,
}

impl TokenType {
    const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Agent => "agent",
            Self::AgentChallenge => "agent-challenge",
            Self::LiveTicket => "live-ticket",
        }
    }

    const fn audience(self) -> &'static str {
        match self {
            Self::Access => "openautomate-api",
            Self::Agent => "openautomate-agent",
            Self::AgentChallenge => "openautomate-agent-challenge",
            Self::LiveTicket => "openautomate-live",
        }
    }
}

/// What all tokens say.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Claims<T> {
    iss: String,
    aud: String,
    typ: String,
    iat: i64,
    nbf: i64,
    pub(crate) exp: i64,
    pub(crate) jti: Uuid,
    #[serde(flatten)]
    pub(crate) content: T,
}

/// What an access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccessClaims {
    /// Who.
    pub(crate) sub: UserId,
    /// In which session.
    pub(crate) sid: SessionId,
}

/// The key pair that signs tokens. Clones are the same one.
#[derive(Clone)]
pub struct JwtKeys {
    inner: Arc<Keys>,
}

struct Keys {
    signing: EncodingKey,
    verifying: DecodingKey,
    id: String,
}

impl fmt::Debug for JwtKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtKeys").field("id", &self.inner.id).finish_non_exhaustive()
    }
}

fn broken(source: impl fmt::Display) -> Error {
    Error::invalid(
        "jwt.key_file",
        "the key file of the access tokens holds no Ed25519 key in PKCS #8 PEM; restore it or remove it",
    )
    .with_source(source.to_string())
}

fn unwritable(error: std::io::Error) -> Error {
    Error::internal("jwt.io", "the key file of the access tokens can't be read or made").with_source(error)
}

impl JwtKeys {
    /// The key of a file (PKCS #8 PEM). If there is no file, one with a new key is made that this user alone
    /// may read. Whoever removes the file signs everybody out.
    ///
    /// # Errors
    /// `Invalid` with `jwt.key_file` if the file holds no such key; `Internal` with `jwt.io` if it can't be
    /// read or made.
    pub fn load_or_create(path: &Path) -> Result<Self> {
        match std::fs::read_to_string(path) {
            Ok(pem) => Self::from_key(&SigningKey::from_pkcs8_pem(&pem).map_err(broken)?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let key = new_key()?;
                let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(broken)?;
                match create_private_file(path) {
                    Ok(mut file) => {
                        file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).map_err(unwritable)?;
                        Self::from_key(&key)
                    }
                    // Another server that shares the file was faster.
                    Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                        let pem = std::fs::read_to_string(path).map_err(unwritable)?;
                        Self::from_key(&SigningKey::from_pkcs8_pem(&pem).map_err(broken)?)
                    }
                    Err(error) => Err(unwritable(error)),
                }
            }
            Err(error) => Err(unwritable(error)),
        }
    }

    /// A new key that is kept nowhere: its tokens end with the process.
    ///
    /// # Errors
    /// `Unavailable` if the operating system gives no randomness.
    pub fn generate() -> Result<Self> {
        Self::from_key(&new_key()?)
    }

    fn from_key(key: &SigningKey) -> Result<Self> {
        let public = key.verifying_key().to_bytes();
        let pem = key.to_pkcs8_pem(LineEnding::LF).map_err(broken)?;
        let id = hex::encode(&Sha256::digest(public)[..8]);
        Ok(Self {
            inner: Arc::new(Keys {
                signing: EncodingKey::from_ed_pem(pem.as_bytes()).map_err(broken)?,
                verifying: DecodingKey::from_ed_components(&URL_SAFE_NO_PAD.encode(public))
                    .map_err(broken)?,
                id,
            }),
        })
    }

    /// A signed token.
    pub(crate) fn sign<T: Serialize>(
        &self,
        typ: TokenType,
        content: T,
        now: Timestamp,
        life: TimeDelta,
    ) -> Result<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: typ.audience().to_owned(),
            typ: typ.name().to_owned(),
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: (now + life).timestamp(),
            jti: Uuid::new_v4(),
            content,
        };
        let header = Header { kid: Some(self.inner.id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.inner.signing)
            .map_err(|error| Error::internal("jwt.sign", "a token can't be signed").with_source(error))
    }

    /// What a token says, if it is one of ours, of this type, and good at `now`.
    ///
    /// The answer to a bad one never says what is wrong with it.
    pub(crate) fn verify<T: DeserializeOwned>(
        &self,
        typ: TokenType,
        token: &str,
        now: Timestamp,
    ) -> Result<Claims<T>> {
        let refuse = || {
            Error::unauthenticated("the token is expired, revoked or not one of this server; sign in again")
        };
        if token.len() > MAX_TOKEN_BYTES {
            return Err(refuse());
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| refuse())?;
        if header.kid.as_deref() != Some(self.inner.id.as_str()) {
            return Err(refuse());
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[typ.audience()]);
        // Both are checked below, by the orchestrator's clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims: Claims<T> =
            jsonwebtoken::decode(token, &self.inner.verifying, &validation).map_err(|_| refuse())?.claims;
        let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
        if claims.typ != typ.name() || claims.exp + leeway <= now || claims.nbf - leeway > now {
            return Err(refuse());
        }
        Ok(claims)
    }
}

fn new_key() -> Result<SigningKey> {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).map_err(|error| {
        Error::unavailable("random.unavailable", "the operating system gives no randomness")
            .with_source(error.to_string())
    })?;
    Ok(SigningKey::from_bytes(&seed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use openautomate_core::clock::{Clock as _, SystemClock};

    fn claims() -> AccessClaims {
        AccessClaims { sub: UserId::new(), sid: SessionId::new() }
    }

    #[test]
    fn a_token_is_good_for_its_time_and_purpose_only() {
        let (keys, now) = (JwtKeys::generate().unwrap(), SystemClock.now());
        let said = claims();
        let token = keys.sign(TokenType::Access, said, now, ACCESS_LIFE).unwrap();
        let read = |typ, at| keys.verify::<AccessClaims>(typ, &token, at).map(|claims| claims.content);
        assert_eq!(read(TokenType::Access, now).unwrap(), said);
        assert!(read(TokenType::Access, now + ACCESS_LIFE + TimeDelta::seconds(29)).is_ok());
        assert!(read(TokenType::Access, now + ACCESS_LIFE + TimeDelta::seconds(31)).is_err());
        assert!(read(TokenType::Access, now - TimeDelta::seconds(32)).is_err());
        assert!(read(TokenType::Agent, now).is_err());
        assert!(read(TokenType::AgentChallenge, now).is_err());
        assert!(read(TokenType::LiveTicket, now).is_err());
    }

    #[test]
    fn another_key_or_algorithm_is_refused() {
        let (keys, now) = (JwtKeys::generate().unwrap(), SystemClock.now());
        let other = JwtKeys::generate().unwrap().sign(TokenType::Access, claims(), now, ACCESS_LIFE).unwrap();
        assert!(keys.verify::<AccessClaims>(TokenType::Access, &other, now).is_err());
        let good = keys.sign(TokenType::Access, claims(), now, ACCESS_LIFE).unwrap();
        let (_, rest) = good.split_once('.').unwrap();
        for alg in ["none", "HS256", "RS256", "ES256"] {
            let header = format!(r#"{{"alg":"{alg}","kid":"{}"}}"#, keys.inner.id);
            let forged = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
            assert!(keys.verify::<AccessClaims>(TokenType::Access, &forged, now).is_err(), "{alg}");
        }
        for junk in ["", ".", "..", "a.b.c", &"x".repeat(10_000)] {
            assert!(keys.verify::<AccessClaims>(TokenType::Access, junk, now).is_err());
        }
    }

    #[test]
    fn the_key_file_outlives_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("jwt.pem");
        let now = SystemClock.now();
        let first = JwtKeys::load_or_create(&path).unwrap();
        let token = first.sign(TokenType::Access, claims(), now, ACCESS_LIFE).unwrap();
        let second = JwtKeys::load_or_create(&path).unwrap();
        assert!(second.verify::<AccessClaims>(TokenType::Access, &token, now).is_ok());
        std::fs::write(&path, "no key").unwrap();
        assert_eq!(JwtKeys::load_or_create(&path).unwrap_err().code(), "jwt.key_file");
    }
}
