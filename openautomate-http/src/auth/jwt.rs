//! Signed tokens: JWTs (RFC 7519, best practice RFC 8725) with Ed25519 and nothing else.
//!
//! Each kind of token has its own `typ` claim and audience, so that none is taken for another. Times are
//! checked against the orchestrator's clock.

use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, Header, Validation};
use openautomate_core::clock::Timestamp;
use openautomate_core::error::{Error, Result};
use openautomate_core::id::{SessionId, UserId};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::jwt_keys::JwtKeys;

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
    /// Coming back from an identity provider.
    OidcLogin,
}

impl TokenType {
    const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Agent => "agent",
            Self::AgentChallenge => "agent-challenge",
            Self::LiveTicket => "live-ticket",
            Self::OidcLogin => "oidc-login",
        }
    }

    const fn audience(self) -> &'static str {
        match self {
            Self::Access => "openautomate-api",
            Self::Agent => "openautomate-agent",
            Self::AgentChallenge => "openautomate-agent-challenge",
            Self::LiveTicket => "openautomate-live",
            Self::OidcLogin => "openautomate-oidc-login",
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

impl JwtKeys {
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
        let key = self.signing_key(now)?;
        let header = Header { kid: Some(key.id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &key.signing)
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
        let key = header.kid.as_deref().and_then(|id| self.verifying_key(id, now)).ok_or_else(refuse)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_required_spec_claims(&["exp", "nbf", "iss", "aud", "sub"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[typ.audience()]);
        // Both are checked below, by the orchestrator's clock.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims: Claims<T> =
            jsonwebtoken::decode(token, &key.verifying, &validation).map_err(|_| refuse())?.claims;
        let (now, leeway) = (now.timestamp(), LEEWAY.num_seconds());
        if claims.typ != typ.name() || claims.exp + leeway <= now || claims.nbf - leeway > now {
            return Err(refuse());
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
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
        assert!(read(TokenType::OidcLogin, now).is_err());
    }

    #[test]
    fn another_key_or_algorithm_is_refused() {
        let (keys, now) = (JwtKeys::generate().unwrap(), SystemClock.now());
        let other = JwtKeys::generate().unwrap().sign(TokenType::Access, claims(), now, ACCESS_LIFE).unwrap();
        assert!(keys.verify::<AccessClaims>(TokenType::Access, &other, now).is_err());
        let good = keys.sign(TokenType::Access, claims(), now, ACCESS_LIFE).unwrap();
        let (_, rest) = good.split_once('.').unwrap();
        for alg in ["none", "HS256", "RS256", "ES256"] {
            let header = format!(r#"{{"alg":"{alg}","kid":"{}"}}"#, keys.signing_key(now).unwrap().id);
            let forged = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
            assert!(keys.verify::<AccessClaims>(TokenType::Access, &forged, now).is_err(), "{alg}");
        }
        for junk in ["", ".", "..", "a.b.c", &"x".repeat(10_000)] {
            assert!(keys.verify::<AccessClaims>(TokenType::Access, junk, now).is_err());
        }
    }
}
