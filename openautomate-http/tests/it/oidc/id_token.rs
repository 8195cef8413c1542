//! Tokens of a provider: those of each algorithm that is allowed are taken, and nothing else is.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::key::ProviderKey;
use super::provider::{CLIENT, Provider, SECRET};
use super::{Browser, ada, configured, refused, server, server_by_clock, signed_in};
use crate::server::TestServer;

type Spoil = fn(&mut Value, &mut Header);

/// What may be wrong with a token that the provider's own key signed.
const SPOILT: &[(&str, Spoil)] = &[
    ("another nonce", |claims, _| claims["nonce"] = json!("n-0S6_WzA2Mj")),
    ("no nonce", |claims, _| claims["nonce"] = Value::Null),
    ("another audience", |claims, _| claims["aud"] = json!("somebody-else")),
    ("an audience that begins alike", |claims, _| claims["aud"] = json!(format!("{CLIENT}-2"))),
    ("no audience", |claims, _| claims["aud"] = json!([])),
    ("several audiences, for nobody said", |claims, _| claims["aud"] = json!([CLIENT, "other"])),
    ("several audiences, made for another", |claims, _| {
        claims["aud"] = json!([CLIENT, "other"]);
        claims["azp"] = json!("other");
    }),
    ("made for somebody else", |claims, _| claims["azp"] = json!("other")),
    ("another issuer", |claims, _| claims["iss"] = json!("https://login.example.org")),
    ("an issuer with a slash more", |claims, _| {
        claims["iss"] = json!(format!("{}/", claims["iss"].as_str().unwrap_or_default()));
    }),
    ("several issuers", |claims, _| claims["iss"] = json!([claims["iss"], "https://login.example.org"])),
    ("no issuer", |claims, _| claims["iss"] = Value::Null),
    ("expired", |claims, _| claims["exp"] = json!(1_700_000_000)),
    ("expired two minutes ago", |claims, _| {
        claims["exp"] = json!(claims["iat"].as_i64().unwrap_or_default() - 120);
    }),
    ("no end", |claims, _| claims["exp"] = Value::Null),
    ("an end that is text", |claims, _| claims["exp"] = json!("never")),
    ("made in the future", |claims, _| claims["iat"] = json!(4_000_000_000_u32)),
    ("made in two minutes", |claims, _| {
        claims["iat"] = json!(claims["iat"].as_i64().unwrap_or_default() + 120);
    }),
    ("made nobody knows when", |claims, _| claims["iat"] = Value::Null),
    ("not good yet", |claims, _| claims["nbf"] = json!(4_000_000_000_u32)),
    ("nobody", |claims, _| claims["sub"] = json!("")),
    ("no subject", |claims, _| claims["sub"] = Value::Null),
    ("a subject that is none", |claims, _| claims["sub"] = json!("a\nb")),
    ("a long subject", |claims, _| claims["sub"] = json!("x".repeat(256))),
    ("an unknown key id", |_, header| header.kid = Some("two".into())),
    ("a key id that is a path", |_, header| header.kid = Some("../one".into())),
    ("a key of an unknown kind", |_, header| header.kid = Some("unknown".into())),
    ("an extension that must be known", |_, header| header.crit = Some(vec!["b64".into()])),
];

fn base64(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

/// A token whose signature is these bytes.
fn unsigned(header: &Value, claims: &Value, signature: &[u8]) -> String {
    format!("{}.{}.{}", base64(header), base64(claims), URL_SAFE_NO_PAD.encode(signature))
}

/// Tokens that the provider never made, from what it signed honestly: `token`, with its `claims`.
fn forged(key: &ProviderKey, stranger: &ProviderKey, claims: &Value) -> Vec<(String, String)> {
    let mut forged = Vec::new();
    let mut add = |why: String, token: String| forged.push((why, token));
    for none in ["none", "None", "NONE", "nOnE", "", "HS256 ", "rs256"] {
        add(format!("alg {none:?}"), unsigned(&json!({"alg": none, "kid": "one"}), claims, b""));
    }
    // A secret that we know, and what everybody knows of the key, as keys of a MAC.
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        let header = Header { kid: Some("one".into()), ..Header::new(algorithm) };
        let secrets = key.public_forms().into_iter().chain([SECRET.as_bytes().to_vec(), CLIENT.into()]);
        for (number, secret) in secrets.enumerate() {
            let token = jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(&secret)).unwrap();
            add(format!("{algorithm:?} by what is known, number {number}"), token);
        }
    }
    // A stranger's key of the same kind, which the token brings along or says where to find.
    let public = serde_json::from_value(stranger.shown("one")).unwrap();
    let brings = Header { jwk: Some(public), ..key.header("one") };
    let leads = Header { jku: Some("https://evil.example/jwks".into()), ..key.header("one") };
    let chain = Header { x5u: Some("https://evil.example/x5u".into()), ..key.header("one") };
    for (why, header) in [
        ("under its name", key.header("one")),
        ("brought along", brings),
        ("by jku", leads),
        ("by x5u", chain),
    ] {
        add(format!("another key {why}"), stranger.sign(&header, claims));
    }
    let honest = key.sign(&key.header("one"), claims);
    let parts: Vec<&str> = honest.split('.').collect();
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let mut root = claims.clone();
    root["sub"] = json!("root");
    add("other claims".into(), format!("{}.{}.{}", parts[0], base64(&root), parts[2]));
    let header = json!({"alg": format!("{:?}", key.algorithm), "kid": "one"});
    for (why, bytes) in [
        ("no signature", Vec::new()),
        ("zeros", vec![0; signature.len()]),
        ("ones", vec![1; signature.len()]),
        ("a bit more", [&signature[..], &[0]].concat()),
        ("a bit less", signature[..signature.len() - 1].to_vec()),
        ("a bit changed", [&[signature[0] ^ 1], &signature[1..]].concat()),
    ] {
        add(
            format!("signature: {why}"),
            format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode(bytes)),
        );
    }
    // The right signature under the name of another algorithm.
    for other in ["RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA", "HS256", "none"] {
        if other != format!("{:?}", key.algorithm) {
            add(format!("as {other}"), unsigned(&json!({"alg": other, "kid": "one"}), claims, &signature));
        }
    }
    let doubled = format!("{honest}.{}", parts[2]);
    for (why, token) in [
        ("junk", "a.b.c".to_owned()),
        ("nothing", String::new()),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("four parts", doubled),
        ("too much", "x".repeat(100_000)),
        ("claims that are none", unsigned(&header, &json!("claims"), &signature)),
    ] {
        add(why.into(), token);
    }
    forged
}

/// Has the provider say each token that is no good, and none is taken; says how many there were.
async fn none_is_taken(provider: &Provider, server: &TestServer) -> usize {
    let mut tried = 0;
    for (why, spoil) in SPOILT {
        provider.is(ada());
        provider.said.lock().unwrap().spoil = Some(Box::new(*spoil));
        let mut browser = Browser::default();
        let answer = browser.sign_in(server).await;
        assert_eq!(super::location(&answer), "/login?error=oidc.failed", "{why}");
        assert!(browser.cookies.is_empty(), "{why}: nothing is kept");
        tried += 1;
    }
    let key = provider.said.lock().unwrap().keys[0].1.clone();
    let stranger = ProviderKey::new(key.algorithm);
    let names: Vec<String> =
        forged(&key, &stranger, &json!({"iat": 0})).into_iter().map(|(why, _)| why).collect();
    for (number, why) in names.iter().enumerate() {
        provider.is(ada());
        let (key, stranger) = (key.clone(), stranger.clone());
        // The claims are those of the login at hand, so that nothing but the forgery is wrong.
        let forge = move |claims: Value| forged(&key, &stranger, &claims).swap_remove(number).1;
        provider.said.lock().unwrap().token = Some(Box::new(forge));
        let answer = Browser::default().sign_in(server).await;
        assert_eq!(super::location(&answer), "/login?error=oidc.failed", "{why}");
        tried += 1;
    }
    tried
}

async fn only_good_ones_are_taken(algorithm: Algorithm) {
    let provider = Provider::signing_by(algorithm).await;
    let server = server(configured(&provider)).await;
    let tried = none_is_taken(&provider, &server).await;
    assert!(tried >= 80, "{tried}");
    // The tools work: what is good is taken, and so is what a clock that is a little off made.
    let good: [(&str, Spoil); 5] = [
        ("as it is", |_, _| {}),
        ("several audiences, made for us", |claims, _| {
            claims["aud"] = json!([CLIENT, "other"]);
            claims["azp"] = json!(CLIENT);
        }),
        ("a minute from now", |claims, _| {
            claims["iat"] = json!(claims["iat"].as_i64().unwrap_or_default() + 30);
        }),
        ("a moment too old", |claims, _| {
            claims["exp"] = json!(claims["iat"].as_i64().unwrap_or_default() - 20);
        }),
        ("without a key id", |_, header| header.kid = None),
    ];
    for (why, spoil) in good {
        provider.is(ada());
        provider.said.lock().unwrap().spoil = Some(Box::new(spoil));
        assert_eq!(super::location(&Browser::default().sign_in(&server).await), "/", "{why}");
    }
}

#[tokio::test]
async fn ed_dsa_tokens() {
    only_good_ones_are_taken(Algorithm::EdDSA).await;
}

#[tokio::test]
async fn rs256_tokens() {
    only_good_ones_are_taken(Algorithm::RS256).await;
}

#[tokio::test]
async fn es256_tokens() {
    only_good_ones_are_taken(Algorithm::ES256).await;
}

#[tokio::test]
async fn every_algorithm_that_is_allowed_works() {
    for algorithm in [
        Algorithm::RS384,
        Algorithm::RS512,
        Algorithm::PS256,
        Algorithm::PS384,
        Algorithm::PS512,
        Algorithm::ES384,
    ] {
        let provider = Provider::signing_by(algorithm).await;
        let server = server(configured(&provider)).await;
        provider.is(ada());
        let answer = Browser::default().sign_in(&server).await;
        assert_eq!(super::location(&answer), "/", "{algorithm:?}");
        let stranger = ProviderKey::new(algorithm);
        provider.said.lock().unwrap().signer = Some(stranger);
        refused(Browser::default().sign_in(&server).await, "oidc.failed").await;
    }
}

#[tokio::test]
async fn a_key_signs_by_its_own_algorithm_alone() {
    let provider = Provider::signing_by(Algorithm::RS256).await;
    let server = server(configured(&provider)).await;
    provider.is(ada());
    let ec = ProviderKey::new(Algorithm::ES256);
    provider.said.lock().unwrap().keys.push(("two".into(), ec.clone()));
    // The second key is good under its name, and no other name.
    let under = |id: &'static str| {
        let ec = ec.clone();
        provider.said.lock().unwrap().token = Some(Box::new(move |claims| ec.sign(&ec.header(id), &claims)));
    };
    under("two");
    signed_in(&Browser::default().sign_in(&server).await);
    under("one");
    refused(Browser::default().sign_in(&server).await, "oidc.failed").await;
    signed_in(&Browser::default().sign_in(&server).await);
}

#[tokio::test]
async fn a_provider_may_change_its_keys() {
    for algorithm in [Algorithm::EdDSA, Algorithm::RS256, Algorithm::ES256] {
        let provider = Provider::signing_by(algorithm).await;
        let (server, clock) = server_by_clock(configured(&provider)).await;
        let reads = || provider.said.lock().unwrap().key_reads;
        provider.is(ada());
        // Many come at once, and one asks.
        let mut browsers: Vec<Browser> = (0..8).map(|_| Browser::default()).collect();
        let back = join_all(browsers.iter_mut().map(|browser| browser.at_provider(&server))).await;
        for (browser, back) in browsers.iter_mut().zip(&back) {
            signed_in(&browser.get(&server, back).await);
        }
        assert_eq!(reads(), 1);
        provider.said.lock().unwrap().keys = vec![("two".into(), ProviderKey::new(algorithm))];
        // What was asked a moment ago is not asked again for keys that somebody may have made up.
        for _ in 0..5 {
            refused(Browser::default().sign_in(&server).await, "oidc.failed").await;
        }
        assert_eq!(reads(), 1);
        clock.advance(Duration::from_secs(31));
        signed_in(&Browser::default().sign_in(&server).await);
        assert_eq!(reads(), 2);
        // The old key is good no more, though its name comes again.
        let old = ProviderKey::new(algorithm);
        let forge = move |claims: Value| old.sign(&old.header("one"), &claims);
        for _ in 0..5 {
            provider.said.lock().unwrap().token = Some(Box::new(forge.clone()));
            refused(Browser::default().sign_in(&server).await, "oidc.failed").await;
        }
        assert_eq!(reads(), 2);
        clock.advance(Duration::from_secs(31));
        for _ in 0..5 {
            provider.said.lock().unwrap().token = Some(Box::new(forge.clone()));
            refused(Browser::default().sign_in(&server).await, "oidc.failed").await;
        }
        assert_eq!(reads(), 3, "asked again once");
        signed_in(&Browser::default().sign_in(&server).await);
        assert_eq!(reads(), 3);
    }
}
