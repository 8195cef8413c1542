//! A small identity provider that speaks the protocol over HTTP, and says what a test wants it to say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, Header};
use openautomate_core::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::key::ProviderKey;

pub(crate) const CLIENT: &str = "openautomate";
pub(crate) const SECRET: &str = "s3cret: with signs & all";

/// What a code stands for.
#[derive(Clone)]
struct Asked {
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

/// How the next token is spoilt.
type Spoil = Box<dyn Fn(&mut Value, &mut Header) + Send>;

pub(crate) struct Said {
    asked: HashMap<String, Asked>,
    /// The claims of whoever signs in, beside those of the protocol.
    pub(crate) claims: Value,
    pub(crate) spoil: Option<Spoil>,
    /// Signs the next token in place of the real key.
    pub(crate) signer: Option<ProviderKey>,
    /// In place of a signed token.
    pub(crate) token: Option<Box<dyn Fn(Value) -> String + Send>>,
    /// Takes codes again and again, as no provider should.
    pub(crate) takes_codes_again: bool,
    /// Does not look whether who brings a code asked for it (RFC 7636), as no provider should.
    pub(crate) ignores_pkce: bool,
    /// Answers each request for a token so.
    pub(crate) refuses: Option<(StatusCode, Value)>,
    /// The keys that it says it has.
    pub(crate) keys: Vec<(String, ProviderKey)>,
    pub(crate) issuer: String,
    pub(crate) exchanges: usize,
    pub(crate) key_reads: usize,
}

#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) url: String,
    pub(crate) said: Arc<Mutex<Said>>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        Self::signing_by(Algorithm::EdDSA).await
    }

    pub(crate) async fn signing_by(algorithm: Algorithm) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let said = Said {
            asked: HashMap::new(),
            claims: json!({"sub": "248289761001"}),
            spoil: None,
            signer: None,
            token: None,
            takes_codes_again: false,
            ignores_pkce: false,
            refuses: None,
            keys: vec![("one".to_owned(), ProviderKey::new(algorithm))],
            issuer: url.clone(),
            exchanges: 0,
            key_reads: 0,
        };
        let provider = Self { url, said: Arc::new(Mutex::new(said)) };
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/jwks", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        provider
    }

    /// Whoever signs in from now on.
    pub(crate) fn is(&self, claims: Value) {
        self.said.lock().unwrap().claims = claims;
    }
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let (url, said) = (&provider.url, provider.said.lock().unwrap());
    Json(json!({
        "issuer": said.issuer,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "jwks_uri": format!("{url}/jwks"),
        "response_types_supported": ["code"],
        "id_token_signing_alg_values_supported": ["EdDSA", "ES256", "RS256"],
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut said = provider.said.lock().unwrap();
    said.key_reads += 1;
    let mut list: Vec<Value> = said.keys.iter().map(|(id, key)| key.shown(id)).collect();
    list.push(json!({"kty": "FUTURE", "kid": "unknown", "x": "?"}));
    Json(json!({"keys": list}))
}

/// Signs in at once, and sends the browser back.
async fn authorize(
    State(provider): State<Provider>,
    Query(query): Query<HashMap<String, String>>,
) -> Response {
    let field = |name: &str| query.get(name).cloned().unwrap_or_default();
    assert_eq!((field("response_type"), field("client_id")), ("code".into(), CLIENT.into()));
    assert_eq!(field("code_challenge_method"), "S256");
    assert!(field("scope").split(' ').any(|scope| scope == "openid"));
    let code = uuid::Uuid::new_v4().to_string();
    let asked = Asked {
        nonce: field("nonce"),
        challenge: field("code_challenge"),
        redirect_uri: field("redirect_uri"),
    };
    assert!(asked.nonce.len() >= 32 && asked.challenge.len() == 43 && field("state").len() >= 32);
    provider.said.lock().unwrap().asked.insert(code.clone(), asked);
    let mut back = reqwest::Url::parse(&field("redirect_uri")).unwrap();
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &field("state"))
        .append_pair("iss", &provider.url);
    Redirect::to(back.as_str()).into_response()
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut said = provider.said.lock().unwrap();
    said.exchanges += 1;
    let field = |name: &str| form.get(name).cloned().unwrap_or_default();
    // The secret as in a form: every sign encoded.
    let pair = STANDARD.encode(format!("{CLIENT}:s3cret%3A+with+signs+%26+all"));
    let is_client = headers.get("authorization").is_some_and(|sent| sent == &format!("Basic {pair}"));
    if let Some((status, body)) = said.refuses.clone() {
        return (status, Json(body)).into_response();
    }
    let asked = said.asked.get(&field("code")).cloned();
    let asked = asked.filter(|asked| {
        let proven = said.ignores_pkce
            || URL_SAFE_NO_PAD.encode(Sha256::digest(field("code_verifier"))) == asked.challenge;
        proven && asked.redirect_uri == field("redirect_uri") && field("grant_type") == "authorization_code"
    });
    let (Some(asked), true) = (asked, is_client) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    if !said.takes_codes_again {
        said.asked.remove(&field("code"));
    }
    let now = SystemClock.now().timestamp();
    let mut claims =
        json!({"iss": provider.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked.nonce});
    claims.as_object_mut().unwrap().extend(said.claims.as_object().unwrap().clone());
    let (id, key) = said.keys[0].clone();
    let mut header = key.header(&id);
    if let Some(spoil) = said.spoil.take() {
        spoil(&mut claims, &mut header);
    }
    let signer = said.signer.take().unwrap_or(key);
    let token = match said.token.take() {
        Some(make) => make(claims),
        None => signer.sign(&header, &claims),
    };
    Json(json!({"access_token": "unused", "token_type": "Bearer", "id_token": token})).into_response()
}
