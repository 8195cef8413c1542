//! Asking an identity provider: what it offers, its keys, and the token for a code.
//!
//! The addresses come from the operator and from what the provider at that address says. Whatever guards other requests
//! to the outside belongs into [`http_client`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use futures_util::StreamExt as _;
use jsonwebtoken::jwk::Jwk;
use openautomate_core::clock::Timestamp;
use openautomate_core::error::{Error, Result};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::{RequestBuilder, Response, Url};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::id_token::{self, Expected, refused};
use super::login_cookie::LoginClaims;
use super::provider::{OidcProvider, may_be_asked};

/// How long one question to a provider takes at most.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long somebody waits for the provider at most: less than a request may take, so that they are told why.
const WHOLE_PATIENCE: Duration = Duration::from_secs(15);
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// How long what a provider says of itself is believed.
const FRESH: TimeDelta = TimeDelta::hours(1);
/// How often a key that is not known makes us ask again.
const ASK_AGAIN: TimeDelta = TimeDelta::seconds(30);

/// The providers by name.
#[derive(Debug)]
pub(crate) struct OidcClients {
    providers: Vec<Arc<OidcProvider>>,
    /// What each says of itself. Whoever asks one holds its lock, so that it is asked once; the others go on.
    known: HashMap<String, Mutex<Option<Arc<Known>>>>,
}

/// What a provider says of itself.
#[derive(Debug)]
struct Known {
    discovery: Discovery,
    keys: Vec<Jwk>,
    asked_at: Timestamp,
}

/// OpenID Connect Discovery 1.0, 3; as much of it as is used.
#[derive(Clone, Debug, Deserialize)]
struct Discovery {
    issuer: String,
    #[serde(deserialize_with = "address")]
    authorization_endpoint: Url,
    #[serde(deserialize_with = "address")]
    token_endpoint: Url,
    #[serde(deserialize_with = "address")]
    jwks_uri: Url,
    /// RFC 9207: the answer says who gave it.
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

fn address<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    Url::parse(&String::deserialize(from)?).map_err(serde::de::Error::custom)
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
}

/// Why there is no token (RFC 6749, 5.2).
#[derive(Deserialize)]
struct TokenError {
    error: String,
}

/// What the provider sent back with the person.
#[derive(Debug)]
pub(crate) struct Returned<'a> {
    pub(crate) code: &'a str,
    pub(crate) iss: Option<&'a str>,
}

fn unreached(provider: &OidcProvider, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    let message =
        format!("the identity provider {} does not answer as it should; try again later", provider.name);
    Error::unavailable("oidc.provider", message).with_source(source)
}

fn http_client(provider: &OidcProvider) -> Result<reqwest::Client> {
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .connect_timeout(PATIENCE / 2)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| unreached(provider, error))
}

/// The JSON of a good answer.
async fn ask<T: DeserializeOwned>(provider: &OidcProvider, request: RequestBuilder) -> Result<T> {
    let answer = send(provider, request).await?;
    if !answer.status().is_success() {
        return Err(unreached(provider, format!("it answers with status {}", answer.status())));
    }
    json_of(provider, answer).await
}

async fn send(provider: &OidcProvider, request: RequestBuilder) -> Result<Response> {
    let answer = request.header(ACCEPT, "application/json").send().await;
    // The address may hold nothing secret, but it is not said to strangers either.
    answer.map_err(|error| unreached(provider, error.without_url()))
}

/// The JSON of an answer, which must not be long.
async fn json_of<T: DeserializeOwned>(provider: &OidcProvider, answer: Response) -> Result<T> {
    let (mut stream, mut body) = (answer.bytes_stream(), Vec::new());
    while let Some(part) = stream.next().await {
        body.extend_from_slice(&part.map_err(|error| unreached(provider, error.without_url()))?);
        if body.len() > MAX_ANSWER_BYTES {
            return Err(unreached(provider, "its answer is too long"));
        }
    }
    // The error of the reader could quote a token.
    serde_json::from_slice(&body).map_err(|_| unreached(provider, "its answer is not what it should be"))
}

impl OidcClients {
    pub(crate) fn new(providers: Vec<OidcProvider>) -> Self {
        let known = providers.iter().map(|provider| (provider.name.clone(), Mutex::default())).collect();
        Self { providers: providers.into_iter().map(Arc::new).collect(), known }
    }

    pub(crate) fn providers(&self) -> &[Arc<OidcProvider>] {
        &self.providers
    }

    pub(crate) fn provider(&self, name: &str) -> Result<Arc<OidcProvider>> {
        let found = self.providers.iter().find(|provider| provider.name == name).cloned();
        found.ok_or_else(|| Error::not_found("identity provider", name.chars().take(32).collect::<String>()))
    }

    /// What a provider says of itself; asked for again once it is not fresh, or older than `at_least`.
    async fn known(
        &self,
        provider: &OidcProvider,
        now: Timestamp,
        at_least: Option<Timestamp>,
    ) -> Result<Arc<Known>> {
        let missing = || Error::not_found("identity provider", &provider.name);
        let mut known = self.known.get(&provider.name).ok_or_else(missing)?.lock().await;
        let held = known.as_ref().filter(|held| {
            let is_fresh = now - held.asked_at < FRESH && held.asked_at <= now + FRESH;
            is_fresh && at_least.is_none_or(|instant| held.asked_at >= instant)
        });
        if let Some(held) = held {
            return Ok(held.clone());
        }
        let http = http_client(provider)?;
        // OpenID Connect Discovery 1.0, 4: behind the path of the issuer.
        let address = format!("{}/.well-known/openid-configuration", provider.issuer.trim_end_matches('/'));
        let discovery: Discovery = ask(provider, http.get(address)).await?;
        if discovery.issuer != provider.issuer {
            return Err(unreached(provider, "it says that it is another issuer"));
        }
        let endpoints = [&discovery.authorization_endpoint, &discovery.token_endpoint, &discovery.jwks_uri];
        if !endpoints.into_iter().all(may_be_asked) {
            return Err(unreached(provider, "an address of it is not https"));
        }
        let keys: Keys = ask(provider, http.get(discovery.jwks_uri.clone())).await?;
        // Keys of a kind that is not known here don't spoil the others.
        let keys = keys.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
        let fresh = Arc::new(Known { discovery, keys, asked_at: now });
        *known = Some(fresh.clone());
        Ok(fresh)
    }

    /// The address at which a person signs in.
    pub(crate) async fn authorization_url(
        &self,
        provider: &OidcProvider,
        login: &LoginClaims,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<Url> {
        let known = within(provider, self.known(provider, now, None)).await?;
        let mut url = known.discovery.authorization_endpoint.clone();
        let scopes: Vec<&str> =
            std::iter::once("openid").chain(provider.scopes.iter().map(String::as_str)).collect();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &login.state)
            .append_pair("nonce", &login.nonce)
            .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(Sha256::digest(&login.verifier)))
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// What the provider says of whoever came back with a code.
    ///
    /// # Errors
    /// `Unauthenticated` with `oidc.failed` if that is not good, `Unavailable` with `oidc.provider` if it says nothing.
    pub(crate) async fn claims(
        &self,
        provider: &OidcProvider,
        login: &LoginClaims,
        returned: Returned<'_>,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<Map<String, Value>> {
        within(provider, self.proven(provider, login, returned, redirect_uri, now)).await
    }

    async fn proven(
        &self,
        provider: &OidcProvider,
        login: &LoginClaims,
        returned: Returned<'_>,
        redirect_uri: &str,
        now: Timestamp,
    ) -> Result<Map<String, Value>> {
        let known = self.known(provider, now, None).await?;
        match returned.iss {
            Some(iss) if iss != provider.issuer => {
                return Err(refused("another provider sent the person back"));
            }
            None if known.discovery.authorization_response_iss_parameter_supported => {
                return Err(refused("it does not say which provider sent the person back"));
            }
            _ => {}
        }
        let token = exchange(provider, &known.discovery, login, returned.code, redirect_uri).await?;
        let header = id_token::header(&token)?;
        let expected =
            Expected { issuer: &provider.issuer, client_id: &provider.client_id, nonce: &login.nonce, now };
        if let Some(key) = id_token::key(&known.keys, &header) {
            return id_token::verify(&token, &header, key, expected);
        }
        // It may have a new key. Who makes up keys does not make us ask all the time.
        let known = self.known(provider, now, Some(now - ASK_AGAIN)).await?;
        let key = id_token::key(&known.keys, &header)
            .ok_or_else(|| refused("the key is none of the provider's"))?;
        id_token::verify(&token, &header, key, expected)
    }
}

/// Trades a code for the token that says who it is.
async fn exchange(
    provider: &OidcProvider,
    discovery: &Discovery,
    login: &LoginClaims,
    code: &str,
    redirect_uri: &str,
) -> Result<String> {
    let mut form = Url::parse("http://form/").map_err(|error| unreached(provider, error))?;
    form.query_pairs_mut()
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", redirect_uri)
        .append_pair("code_verifier", &login.verifier);
    if provider.client_secret.is_none() {
        form.query_pairs_mut().append_pair("client_id", &provider.client_id);
    }
    let body = form.query().unwrap_or_default().to_owned();
    let request = http_client(provider)?
        .post(discovery.token_endpoint.clone())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body);
    let request = match &provider.client_secret {
        Some(secret) => {
            // RFC 6749, 2.3.1: both are encoded as in a form before they are put together.
            let pair = format!("{}:{}", encoded(&provider.client_id), encoded(secret.expose()));
            let mut value =
                reqwest::header::HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
                    .map_err(|error| unreached(provider, error))?;
            value.set_sensitive(true);
            request.header(AUTHORIZATION, value)
        }
        None => request,
    };
    let answer = send(provider, request).await?;
    if answer.status().is_success() {
        return Ok(json_of::<Tokens>(provider, answer).await?.id_token);
    }
    let status = answer.status();
    let said = json_of::<TokenError>(provider, answer).await.map(|said| said.error).unwrap_or_default();
    // RFC 6749, 5.2: the code, or what came with it, is no good. Whatever else it says is the operator's to mend.
    if said == "invalid_grant" {
        return Err(refused("the provider does not take the code"));
    }
    Err(unreached(provider, format!("it gives no token: status {status}, {}", plain(&said))))
}

/// A word of somebody else's, as it may stand in a log.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).take(64).collect()
}

/// What comes of asking a provider, if that does not take too long.
async fn within<T>(provider: &OidcProvider, asking: impl Future<Output = Result<T>>) -> Result<T> {
    let done = tokio::time::timeout(WHOLE_PATIENCE, asking).await;
    done.unwrap_or_else(|_| Err(unreached(provider, "it takes too long")))
}

fn encoded(text: &str) -> String {
    let Ok(mut url) = Url::parse("http://form/") else { return String::new() };
    url.query_pairs_mut().append_key_only(text);
    url.query().unwrap_or_default().to_owned()
}
