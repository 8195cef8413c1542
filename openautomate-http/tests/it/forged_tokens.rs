use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
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

async fn refused(server: &TestServer, why: &str, token: &str) {
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
