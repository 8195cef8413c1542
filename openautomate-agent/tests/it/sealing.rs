//! What an agent believes of the secrets that come to it.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openautomate_core::conformance::store::sample;
use openautomate_core::domain::{Lease, RunResult};
use openautomate_core::id::{AssetId, EnvironmentId, ExecutionId, UserId};
use openautomate_core::runner::{RunControl, RunEvent};
use openautomate_core::sealing::{LineProof, Question, Recipient, SealingOffer, SealingPurpose};
use openautomate_core::secret::Secret;
use openautomate_core::transport::message::{CallAnswer, InClear, RunCall, SecretAnswer};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_X25519_HKDF_SHA256_CHACHA20_POLY1305;
use rustls::crypto::hpke::{EncapsulatedSecret, Hpke as _};
use serde_json::{Map, json};
use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

use super::place::Scripted;
use super::stage::{Server, Stage};

/// Whoever makes an offer within one process.
fn recipient(offer: &SealingOffer) -> Recipient {
    let agent = sample::agent("bot", EnvironmentId::new(), UserId::new());
    let proof = Some(LineProof::SameProcess);
    Recipient::verified(offer, &agent, proof, SealingPurpose::Connection).unwrap()
}

/// Another implementation of RFC 9180 opens what was sealed, bound as it is written here.
#[test]
fn what_is_sealed_is_hpke() {
    let suite = DH_KEM_X25519_HKDF_SHA256_CHACHA20_POLY1305;
    let (public, private) = suite.generate_key_pair().unwrap();
    let key = URL_SAFE_NO_PAD.encode(&public.0);
    let recipient = recipient(&serde_json::from_value(json!({"key": key})).unwrap());
    let lease = Lease { execution: ExecutionId::new(), epoch: 7 };
    let question = Question { lease, request: 9, name: "erp" };
    let value = Secret::new("open-sesame".to_owned());
    let asset = AssetId::new();
    let sealed = serde_json::to_value(recipient.seal(&value, &question, (asset, -3)).unwrap()).unwrap();
    assert_eq!((&sealed["asset"], &sealed["revision"]), (&json!(asset), &json!(-3)));
    let bytes = |field: &str| URL_SAFE_NO_PAD.decode(sealed[field].as_str().unwrap()).unwrap();
    let info = [
        b"openautomate-sealed-value-v1".as_slice(),
        lease.execution.as_bytes(),
        &7_u32.to_be_bytes(),
        &9_u64.to_be_bytes(),
        &Sha256::digest("erp"),
        asset.as_bytes(),
        &(-3_i64).to_be_bytes(),
    ]
    .concat();
    let encapsulated = EncapsulatedSecret(bytes("encapsulated"));
    let opened = suite.open(&encapsulated, &info, b"", &bytes("ciphertext"), &private).unwrap();
    assert_eq!(opened, b"open-sesame");
}

fn said(outcome: Result<String, openautomate_core::Error>) -> RunResult {
    let said = outcome.unwrap_or_else(|error| error.code().to_owned());
    RunResult::succeeded(Map::from_iter([("code".to_owned(), json!(said))]))
}

/// A run that says what came of one secret: its length, or the code of the error.
fn asks_once() -> Scripted {
    Scripted::new(|_, control: RunControl| async move {
        let (reply, value) = oneshot::channel();
        control.events.send(RunEvent::Secret { name: "erp".into(), reply }).await.unwrap();
        said(value.await.unwrap().map(|value| value.expose().len().to_string()))
    })
}

async fn asked(server: &mut Server) -> u64 {
    let asked = |message: &AgentMessage| match message {
        AgentMessage::Secret { request, .. } => Some(*request),
        _ => None,
    };
    server.until(asked).await
}

#[tokio::test]
async fn only_what_was_sealed_for_this_question_is_believed_of_a_server_that_seals() {
    let mut stage = Stage::new();
    stage.transport.has_keys.store(true, Ordering::SeqCst);
    stage.start(asks_once());
    let (mut server, hello) = stage.welcomed(|welcome| welcome.seals_secrets = true).await;
    let recipient = recipient(&hello.sealing.expect("it offers a key"));
    let value = Secret::new("open-sesame".to_owned());
    for (shift, outcome) in [(Some(0), "11"), (Some(1), "asset.seal"), (None, "asset.unsealed")] {
        let assignment = stage.assignment("python", &[]);
        server.assign(&assignment).await;
        let request = asked(&mut server).await;
        let answer = match shift {
            None => SecretAnswer::Value(InClear::new(value.clone())),
            Some(shift) => {
                let question = Question { lease: assignment.lease, request: request + shift, name: "erp" };
                SecretAnswer::Sealed(recipient.seal(&value, &question, (AssetId::new(), 3)).unwrap())
            }
        };
        server.say(ServerMessage::Secret { request, answer }).await;
        assert_eq!(server.finished(assignment.lease).await.outputs["code"], outcome);
    }
    // Sealed for the connection before, it is nothing in the next one.
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    asked(&mut server).await;
    drop(server);
    let (mut server, hello) = stage.welcomed(|welcome| welcome.seals_secrets = true).await;
    assert_eq!(hello.leases, [assignment.lease]);
    let request = asked(&mut server).await;
    let question = Question { lease: assignment.lease, request, name: "erp" };
    let sealed = recipient.seal(&value, &question, (AssetId::new(), 3)).unwrap();
    server.say(ServerMessage::Secret { request, answer: SecretAnswer::Sealed(sealed) }).await;
    assert_eq!(server.finished(assignment.lease).await.outputs["code"], "asset.seal");
}

#[tokio::test]
async fn a_server_that_knows_nothing_of_sealing_gives_values_as_ever() {
    let mut stage = Stage::new();
    stage.transport.has_keys.store(true, Ordering::SeqCst);
    stage.start(asks_once());
    let (mut server, _) = stage.connected().await;
    let assignment = stage.assignment("python", &[]);
    server.assign(&assignment).await;
    let request = asked(&mut server).await;
    let answer = SecretAnswer::Value(InClear::new(Secret::new("open-sesame".to_owned())));
    server.say(ServerMessage::Secret { request, answer }).await;
    assert_eq!(server.finished(assignment.lease).await.outputs["code"], "11");
}

#[tokio::test]
async fn a_file_in_clear_is_not_believed_of_a_server_that_seals() {
    for seals in [false, true] {
        let mut stage = Stage::new();
        stage.transport.has_keys.store(true, Ordering::SeqCst);
        *stage.transport.asset.lock().unwrap() = Some("the content");
        stage.start(Scripted::new(|_, control: RunControl| async move {
            let (reply, answer) = oneshot::channel();
            let call = RunCall::AssetFile { name: "certificate".into() };
            control.events.send(RunEvent::Call { call, reply }).await.unwrap();
            said(answer.await.unwrap().map(|answer| match answer {
                CallAnswer::AssetFile { path: Some(path), .. } => std::fs::read_to_string(path).unwrap(),
                other => format!("{other:?}"),
            }))
        }));
        let (mut server, _) = stage.welcomed(|welcome| welcome.seals_secrets = seals).await;
        let assignment = stage.assignment("python", &[]);
        server.assign(&assignment).await;
        // Another server may have answered, so it asks a few times more.
        for _ in 0..if seals { 4 } else { 1 } {
            let request = server
                .until(|message| match message {
                    AgentMessage::Call { request, .. } => Some(*request),
                    _ => None,
                })
                .await;
            let answer =
                CallAnswer::AssetFile { asset: AssetId::new(), file_name: "client.pem".into(), path: None };
            server.say(ServerMessage::Called { request, answer }).await;
        }
        let outcome = if seals { "asset.unsealed" } else { "the content" };
        assert_eq!(server.finished(assignment.lease).await.outputs["code"], outcome);
    }
}
