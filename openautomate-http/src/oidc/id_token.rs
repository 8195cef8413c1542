//! Checking what a provider says of somebody: OpenID Connect Core 1.0, 3.1.3.7.

use chrono::TimeDelta;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use openautomate_core::clock::Timestamp;
use openautomate_core::error::{Error, ErrorKind, Result};
use serde_json::{Map, Value};

use super::is_same;

/// How far the clocks of a provider and of a server may be apart.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);
/// Longer ones hold more than anybody needs.
const MAX_TOKEN_BYTES: usize = 64 * 1024;
/// None that takes a secret for a key, and not `none`.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What a token must be good for.
#[derive(Clone, Copy)]
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Timestamp,
}

/// Refuses a token. What is wrong with it goes to the log alone.
pub(super) fn refused(why: &'static str) -> Error {
    let message = "the identity provider's answer is no good; sign in again";
    Error::new(ErrorKind::Unauthenticated, "oidc.failed", message).with_source(why)
}

/// The header of a token, if it is one that may be looked at.
pub(super) fn header(token: &str) -> Result<Header> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(refused("the token is too long"));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| refused("the token has no header"))?;
    // RFC 7515, 4.1.11: it says that it can't be checked by whoever does not know these extensions, and none is known here.
    if header.crit.is_some() {
        return Err(refused("the token needs an extension that is not known"));
    }
    if ALGORITHMS.contains(&header.alg) { Ok(header) } else { Err(refused("the algorithm is not allowed")) }
}

/// The key of a set that a header names; without a name, the only one that fits.
pub(super) fn key<'a>(keys: &'a [Jwk], header: &Header) -> Option<&'a Jwk> {
    let is_of_kind = |key: &&Jwk| match &key.algorithm {
        AlgorithmParameters::RSA(_) => matches!(
            header.alg,
            Algorithm::RS256
                | Algorithm::RS384
                | Algorithm::RS512
                | Algorithm::PS256
                | Algorithm::PS384
                | Algorithm::PS512
        ),
        AlgorithmParameters::EllipticCurve(_) => matches!(header.alg, Algorithm::ES256 | Algorithm::ES384),
        AlgorithmParameters::OctetKeyPair(_) => header.alg == Algorithm::EdDSA,
        _ => false,
    };
    let fits = |key: &&Jwk| {
        let is_for_signing = !matches!(key.common.public_key_use, Some(PublicKeyUse::Encryption));
        let named = key.common.key_algorithm.map(|algorithm| algorithm.to_string());
        is_of_kind(key) && is_for_signing && named.is_none_or(|named| named == format!("{:?}", header.alg))
    };
    match &header.kid {
        Some(kid) => keys.iter().filter(fits).find(|key| key.common.key_id.as_ref() == Some(kid)),
        None => {
            let mut fitting = keys.iter().filter(fits);
            let only = fitting.next();
            if fitting.next().is_some() { None } else { only }
        }
    }
}

/// The claims of a token that this key signed, if they are for us, of now, and of this login.
pub(super) fn verify(
    token: &str,
    header: &Header,
    key: &Jwk,
    expected: Expected<'_>,
) -> Result<Map<String, Value>> {
    let key = DecodingKey::from_jwk(key).map_err(|_| refused("the key can't be used"))?;
    let mut validation = Validation::new(header.alg);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.set_issuer(&[expected.issuer]);
    validation.set_audience(&[expected.client_id]);
    // Checked below, by the orchestrator's clock.
    validation.validate_exp = false;
    validation.validate_nbf = false;
    let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation)
        .map_err(|_| refused("signature, issuer or audience is wrong"))?
        .claims;
    check(&claims, expected)?;
    Ok(claims)
}

fn check(claims: &Map<String, Value>, expected: Expected<'_>) -> Result<()> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let time = |name: &str| claims.get(name).and_then(Value::as_f64);
    if text("iss") != Some(expected.issuer) {
        return Err(refused("the issuer is another"));
    }
    let for_others = claims.get("aud").and_then(Value::as_array).is_some_and(|list| list.len() > 1);
    match text("azp") {
        Some(party) if party != expected.client_id => return Err(refused("it was made for somebody else")),
        None if for_others => {
            return Err(refused("it is for several, and does not say for whom it was made"));
        }
        _ => {}
    }
    // Seconds of this age are far below 2^52.
    let (now, leeway) = (expected.now.timestamp() as f64, LEEWAY.num_seconds() as f64);
    if time("exp").is_none_or(|end| end + leeway <= now) {
        return Err(refused("it is expired"));
    }
    if time("iat").is_none_or(|made| made - leeway > now)
        || time("nbf").is_some_and(|from| from - leeway > now)
    {
        return Err(refused("it is of a later time"));
    }
    if !text("nonce").is_some_and(|nonce| is_same(nonce, expected.nonce)) {
        return Err(refused("it is of another login"));
    }
    if text("sub").is_none_or(str::is_empty) {
        return Err(refused("it names nobody"));
    }
    Ok(())
}
