use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use openautomate_core::clock::{Clock as _, SystemClock};
use openautomate_http::{JwtKeys, KeyRotation};
use serde_json::{Value, json};

use crate::server::{Person, TestServer, problem};

/// The claims of a good token, to be spoilt.
fn claims(token: &str) -> Value {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&payload).unwrap()
}

fn kid(token: &str) -> String {
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    serde_json::from_slice::<Value>(&header).unwrap()["kid"].as_str().unwrap().to_owned()
}

fn with(mut claims: Value, changes: &Value) -> Value {
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    claims
}

/// How many were tried; the promise is of forty.
static TRIED: AtomicUsize = AtomicUsize::new(0);

async fn refused(server: &TestServer, why: &str, token: &str) {
    TRIED.fetch_add(1, Ordering::Relaxed);
    let response = server.get("/api/auth/me", token).send().await.unwrap();
    assert_eq!(response.status(), 401, "{why}");
    problem(response, 401).await;
}

#[tokio::test]
async fn no_forged_token_is_taken() {
    let server = TestServer::start().await;
    let Person { token, .. } = server.admin().await;
    let pem = std::fs::read_to_string(server.dir.path().join("jwt.pem")).unwrap();
    let key = ed25519_dalek::SigningKey::from_pkcs8_pem(&pem).unwrap();
    let public = key.verifying_key().to_bytes();
    let own = EncodingKey::from_ed_pem(pem.as_bytes()).unwrap();
    let stranger = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let stranger = stranger.to_pkcs8_pem(ed25519_dalek::pkcs8::spki::der::pem::LineEnding::LF).unwrap();
    let stranger = EncodingKey::from_ed_pem(stranger.as_bytes()).unwrap();
    let (good, kid) = (claims(&token), kid(&token));
    let header = |alg| Header { kid: Some(kid.clone()), ..Header::new(alg) };
    let sign = |claims: &Value, key: &EncodingKey| {
        jsonwebtoken::encode(&header(Algorithm::EdDSA), claims, key).unwrap()
    };

    // The forger's tools work: the good claims under our own key are taken.
    let response = server.get("/api/auth/me", &sign(&good, &own)).send().await.unwrap();
    assert_eq!(response.status(), 200);

    refused(&server, "another key", &sign(&good, &stranger)).await;
    let public_pem = EncodingKey::from_secret(&public);
    let hs256 = jsonwebtoken::encode(&header(Algorithm::HS256), &good, &public_pem).unwrap();
    refused(&server, "HS256 with the public key", &hs256).await;
    let parts: Vec<&str> = token.split('.').collect();
    for alg in ["none", "None", "NONE", ""] {
        let none = URL_SAFE_NO_PAD.encode(json!({"alg": alg, "typ": "JWT", "kid": kid}).to_string());
        refused(&server, "no algorithm", &format!("{none}.{}.", parts[1])).await;
        refused(&server, "no algorithm, old signature", &format!("{none}.{}.{}", parts[1], parts[2])).await;
    }
    let now = good["iat"].as_i64().unwrap();
    for (why, changes) in [
        ("expired", json!({"exp": now - 31})),
        ("not yet", json!({"nbf": now + 3_600})),
        ("for agents", json!({"typ": "agent"})),
        ("for agents by audience", json!({"aud": "openautomate-agent"})),
        ("a challenge", json!({"typ": "agent-challenge", "aud": "openautomate-agent-challenge"})),
        ("another issuer", json!({"iss": "somebody"})),
        ("another person's session", json!({"sub": uuid::Uuid::now_v7()})),
        ("no such session", json!({"sid": uuid::Uuid::now_v7()})),
        ("no time", json!({"exp": null})),
        ("a time that is text", json!({"exp": "never"})),
        ("a person that is no id", json!({"sub": "admin"})),
    ] {
        refused(&server, why, &sign(&with(good.clone(), &changes), &own)).await;
    }
    for other in ["../../etc/passwd", "", "0000000000000000"] {
        let header = Header { kid: Some(other.to_owned()), ..Header::new(Algorithm::EdDSA) };
        refused(&server, "another kid", &jsonwebtoken::encode(&header, &good, &own).unwrap()).await;
    }
    let swapped =
        URL_SAFE_NO_PAD.encode(with(good.clone(), &json!({"sub": uuid::Uuid::now_v7()})).to_string());
    refused(&server, "changed claims", &format!("{}.{swapped}.{}", parts[0], parts[2])).await;
    refused(&server, "cut", &token[..token.len() - 2]).await;
    refused(&server, "long", &format!("{token}{}", "A".repeat(10_000))).await;
    for junk in ["x", "..", "a.b.c", "null"] {
        refused(&server, "junk", junk).await;
    }
    rotated(&server, &good, &own, &kid).await;
    assert!(TRIED.load(Ordering::Relaxed) >= 40, "{TRIED:?}");
}

/// The names of keys after a rotation: each stands for its own key alone, and for none once it is over.
async fn rotated(server: &TestServer, good: &Value, old: &EncodingKey, old_id: &str) {
    let path = server.dir.path().join("jwt.pem");
    let soon = KeyRotation { signs_after: Duration::from_secs(60), end_others: false };
    let new_id = JwtKeys::rotate(&path, soon, SystemClock.now()).unwrap().id;
    assert!(server.options.keys.reload().unwrap());
    let text = std::fs::read_to_string(&path).unwrap();
    let pem = &text[text.rfind("-----BEGIN").unwrap()..];
    let new = EncodingKey::from_ed_pem(pem.as_bytes()).unwrap();
    let sign = |id: &str, key: &EncodingKey| {
        let header = Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, good, key).unwrap()
    };
    for (id, key) in [(old_id, old), (&new_id, &new)] {
        let response = server.get("/api/auth/me", &sign(id, key)).send().await.unwrap();
        assert_eq!(response.status(), 200, "both are good");
    }
    refused(server, "the new key under the name of the old one", &sign(old_id, &new)).await;
    refused(server, "the old key under the name of the new one", &sign(&new_id, old)).await;
    for id in [format!("{old_id},{new_id}"), new_id.to_uppercase() + "x", format!("{new_id}\0"), "*".into()] {
        refused(server, "both names", &sign(&id, &new)).await;
    }
    let unnamed = jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), good, &new).unwrap();
    refused(server, "no name", &unnamed).await;
    let pointing = |field: &str, value: Value| {
        let mut header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "elsewhere"});
        header[field] = value;
        let good = sign(&new_id, &new);
        let rest = good.split_once('.').unwrap().1.to_owned();
        format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string()))
    };
    refused(server, "a key from elsewhere", &pointing("jku", json!("https://evil.example/jwks"))).await;
    refused(server, "a chain from elsewhere", &pointing("x5u", json!("https://evil.example/chain.pem")))
        .await;
    refused(server, "a key with it", &pointing("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "AAAA"})))
        .await;
    let ended = KeyRotation { end_others: true, ..soon };
    JwtKeys::rotate(&path, ended, SystemClock.now()).unwrap();
    assert!(server.options.keys.reload().unwrap());
    refused(server, "a key that was ended", &sign(&new_id, &new)).await;
    refused(server, "the one before it", &sign(old_id, old)).await;
}

#[tokio::test]
async fn other_schemes_are_no_sign_in() {
    let server = TestServer::start().await;
    let Person { token, .. } = server.admin().await;
    for header in [format!("Basic {token}"), token.clone(), "Bearer".to_owned(), String::new()] {
        let request = server.request(reqwest::Method::GET, "/api/auth/me").header("authorization", header);
        problem(request.send().await.unwrap(), 401).await;
    }
    let query = server.request(reqwest::Method::GET, &format!("/api/auth/me?access_token={token}"));
    problem(query.send().await.unwrap(), 401).await;
}
