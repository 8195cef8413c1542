//! What was sealed opens in its place, and nowhere else.

use bytes::Bytes;
use ed25519_dalek::{Signer as _, SigningKey};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::*;
use crate::conformance::store::sample;
use crate::domain::{Agent, Lease};
use crate::error::{Error, ErrorKind, Result};
use crate::id::{AssetId, EnvironmentId, ExecutionId, UserId};
use crate::secret::Secret;

const TOKEN: &str = "the token of this line";
const PROOF: LineProof = LineProof::SameProcess;

fn agent(key: Option<&SigningKey>) -> Agent {
    let public_key = key.map(|key| key.verifying_key().to_bytes());
    Agent { public_key, ..sample::agent("bot", EnvironmentId::new(), UserId::new()) }
}

fn pair() -> (SealingKeys, Recipient) {
    let keys = SealingKeys::generate().unwrap();
    let offer = keys.offer_in_process();
    let recipient = Recipient::verified(&offer, &agent(None), Some(PROOF), SealingPurpose::Connection);
    (keys, recipient.unwrap())
}

fn lease() -> Lease {
    Lease { execution: ExecutionId::new(), epoch: 3 }
}

fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

fn is_refused(keys: &SealingKeys, sealed: &SealedToAgent, question: &Question<'_>) -> bool {
    keys.open(sealed, question).is_err_and(|error| error.code() == "asset.seal")
}

#[test]
fn a_value_opens_as_the_answer_to_its_question_and_to_no_other() {
    let (keys, recipient) = pair();
    let question = Question { lease: lease(), request: 7, name: "erp" };
    let asset = AssetId::new();
    let sealed = recipient.seal(&secret("open sesame"), &question, (asset, 4)).unwrap();
    // As it goes over a wire.
    let text = serde_json::to_string(&sealed).unwrap();
    assert!(!text.contains("sesame") && !format!("{sealed:?} {keys:?} {recipient:?}").contains("sesame"));
    let sealed: SealedToAgent = serde_json::from_str(&text).unwrap();
    assert_eq!(keys.open(&sealed, &question).unwrap().expose(), "open sesame");
    let Lease { execution, epoch } = question.lease;
    for other in [
        Question { request: 8, ..question },
        Question { name: "erq", ..question },
        Question { name: "", ..question },
        Question { lease: lease(), ..question },
        Question { lease: Lease { execution, epoch: epoch + 1 }, ..question },
    ] {
        assert!(is_refused(&keys, &sealed, &other), "{other:?}");
    }
    for other in [
        SealedToAgent { asset: AssetId::new(), ..sealed.clone() },
        SealedToAgent { revision: 5, ..sealed.clone() },
        SealedToAgent { encapsulated: vec![0; 32], ..sealed.clone() },
        SealedToAgent { encapsulated: Vec::new(), ..sealed.clone() },
        SealedToAgent { encapsulated: vec![7; 33], ..sealed.clone() },
        SealedToAgent { ciphertext: Vec::new(), ..sealed.clone() },
    ] {
        assert!(is_refused(&keys, &other, &question));
    }
    assert!(is_refused(&pair().0, &sealed, &question), "another agent's keys, or another connection's");
}

#[test]
fn every_byte_counts_and_is_needed() {
    let (keys, recipient) = pair();
    let question = Question { lease: lease(), request: 1, name: "erp" };
    let sealed = recipient.seal(&secret("hunter2!"), &question, (AssetId::new(), 0)).unwrap();
    for byte in 0..sealed.ciphertext.len() {
        let mut altered = sealed.clone();
        altered.ciphertext[byte] ^= 1 << (byte % 8);
        assert!(is_refused(&keys, &altered, &question), "byte {byte}");
    }
    // X25519 ignores the highest bit of a point; the key schedule does not.
    for byte in 0..sealed.encapsulated.len() {
        let mut altered = sealed.clone();
        altered.encapsulated[byte] ^= 1 << (byte % 8);
        assert!(is_refused(&keys, &altered, &question), "byte {byte}");
    }
    for length in 0..sealed.ciphertext.len() {
        let mut cut = sealed.clone();
        cut.ciphertext.truncate(length);
        assert!(is_refused(&keys, &cut, &question), "{length} bytes");
    }
}

#[test]
fn values_of_any_size_go_through_and_no_two_look_alike() {
    let (keys, recipient) = pair();
    let name = "n".repeat(100_000);
    let question = Question { lease: lease(), request: u64::MAX, name: &name };
    for size in [0, 1, 64 * 1024, 1024 * 1024] {
        let value = secret(&"ä".repeat(size / 2));
        let sealed = recipient.seal(&value, &question, (AssetId::new(), i64::MIN)).unwrap();
        assert_eq!(keys.open(&sealed, &question).unwrap().expose(), value.expose());
    }
    let place = (AssetId::new(), 1);
    let seal = || recipient.seal(&secret("same"), &question, place).unwrap();
    assert_ne!(seal().ciphertext, seal().ciphertext);
}

#[test]
fn an_offer_counts_for_its_agent_its_line_and_its_purpose() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let agent = agent(Some(&key));
    let keys = SealingKeys::generate().unwrap();
    let file = SealingPurpose::AssetFile { lease: lease(), asset: AssetId::new() };
    let line = Some(LineProof::of_token(TOKEN));
    let sign = |key: &SigningKey, purpose| {
        let key = key.clone();
        keys.offer(agent.id, TOKEN, purpose, move |text| key.sign(text).to_bytes())
    };
    for purpose in [SealingPurpose::Connection, file] {
        let offer = sign(&key, purpose);
        Recipient::verified(&offer, &agent, line, purpose).unwrap();
        let text = offer.to_string();
        assert_eq!(text.parse::<SealingOffer>().unwrap(), offer);
        assert_eq!(
            serde_json::from_value::<SealingOffer>(serde_json::to_value(&offer).unwrap()).unwrap(),
            offer
        );
    }
    let offer = sign(&key, SealingPurpose::Connection);
    let other_line = Some(LineProof::of_token("another token"));
    let another = self::agent(Some(&key));
    let enrolled_again = Agent { public_key: Some([9; 32]), ..agent.clone() };
    let keyless = Agent { public_key: None, ..agent.clone() };
    let mut other_key = offer.clone();
    other_key.key = SealingKeys::generate().unwrap().public;
    let unsigned = SealingOffer { signature: None, ..offer.clone() };
    let strangers = sign(&SigningKey::from_bytes(&[8; 32]), SealingPurpose::Connection);
    let small_order = keys.offer(agent.id, TOKEN, SealingPurpose::Connection, |_| [0; 64]);
    let connection = SealingPurpose::Connection;
    for (what, refused) in [
        ("another purpose", Recipient::verified(&offer, &agent, line, file)),
        ("a file's for a connection", Recipient::verified(&sign(&key, file), &agent, line, connection)),
        ("another line", Recipient::verified(&offer, &agent, other_line, connection)),
        ("a line that nothing is known of", Recipient::verified(&offer, &agent, None, connection)),
        ("another agent", Recipient::verified(&offer, &another, line, connection)),
        ("enrolled again", Recipient::verified(&offer, &enrolled_again, line, connection)),
        ("an agent without a key", Recipient::verified(&offer, &keyless, line, connection)),
        ("another key", Recipient::verified(&other_key, &agent, line, connection)),
        ("no signature", Recipient::verified(&unsigned, &agent, line, connection)),
        ("a stranger's signature", Recipient::verified(&strangers, &agent, line, connection)),
        ("no signature at all", Recipient::verified(&small_order, &agent, line, connection)),
    ] {
        let error = refused.expect_err(what);
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, "agent.sealing_key"), "{what}");
    }
    for text in ["", ".", "AAAA.AAAA", "no key", &format!("{}.x", "A".repeat(43))] {
        assert!(text.parse::<SealingOffer>().is_err(), "{text:?}");
    }
}

#[test]
fn nothing_is_sealed_for_a_key_of_small_order() {
    // With these everybody would know the secret (RFC 7748, 6.1).
    let mut one = [0; 32];
    one[0] = 1;
    for key in [[0; 32], one] {
        let offer = SealingOffer { key, signature: None };
        let recipient = Recipient::verified(&offer, &agent(None), Some(PROOF), SealingPurpose::Connection);
        let (recipient, place) = (recipient.unwrap(), (AssetId::new(), 0));
        let question = Question { lease: lease(), request: 1, name: "erp" };
        assert_eq!(recipient.seal(&secret("hunter2!"), &question, place).unwrap_err().code(), "asset.seal");
        let file = recipient.seal_file(Secret::new(vec![7; 9]), question.lease, place);
        assert_eq!(file.err().unwrap().code(), "asset.seal");
    }
}

async fn frames(recipient: &Recipient, content: &[u8], lease: Lease, place: (AssetId, i64)) -> Vec<Bytes> {
    let sealed = recipient.seal_file(Secret::new(content.to_vec()), lease, place).unwrap();
    sealed.try_collect().await.unwrap()
}

fn again(keys: &SealingKeys) -> SealingKeys {
    SealingKeys { private: keys.private.clone(), public: keys.public }
}

async fn opened(keys: &SealingKeys, lease: Lease, asset: AssetId, frames: Vec<Bytes>) -> Result<Vec<u8>> {
    let frames = stream::iter(frames.into_iter().map(Ok::<_, Error>)).boxed();
    let pieces: Vec<Bytes> = again(keys).open_file(lease, asset, frames).try_collect().await?;
    Ok(pieces.concat())
}

#[tokio::test]
async fn a_content_opens_whole_or_not_at_all() {
    let (keys, recipient) = pair();
    let (lease, asset) = (lease(), AssetId::new());
    for size in [0, 1, 65_535, 65_536, 65_537, 3 * 65_536, 1_000_003] {
        let content: Vec<u8> =
            (0..size).map(|n: u32| n.to_le_bytes()[usize::from(n.is_multiple_of(3))]).collect();
        let frames = frames(&recipient, &content, lease, (asset, 2)).await;
        assert!(frames.iter().all(|frame| frame.len() <= MAX_FRAME_BYTES));
        assert!(opened(&keys, lease, asset, frames).await.unwrap() == content, "{size}");
    }
    let frames = frames(&recipient, &[7; 200_000], lease, (asset, 2)).await;
    assert_eq!(frames.len(), 5);
    for length in 0..frames.len() {
        let error = opened(&keys, lease, asset, frames[..length].to_vec()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "asset.cut"), "{length} frames");
    }
    let refused = async |what: &str, change: &dyn Fn(&mut Vec<Bytes>)| {
        let mut frames = frames.clone();
        change(&mut frames);
        let error = opened(&keys, lease, asset, frames).await.expect_err(what);
        assert_eq!(error.code(), "asset.seal", "{what}");
    };
    let marked = |frame: &Bytes, mark: u8| Bytes::from([&[mark], &frame[1..]].concat());
    refused("in another order", &|frames| frames.swap(1, 2)).await;
    refused("one twice", &|frames| frames.insert(2, frames[1].clone())).await;
    refused("one missing", &|frames| drop(frames.remove(2))).await;
    refused("said to be the last", &|frames| {
        frames.truncate(3);
        frames[2] = marked(&frames[2], 1);
    })
    .await;
    refused("the last not said to be", &|frames| frames[4] = marked(&frames[4], 0)).await;
    refused("an unknown mark", &|frames| frames[4] = marked(&frames[4], 2)).await;
    refused("something behind the last", &|frames| frames.push(frames[4].clone())).await;
    refused("an empty frame", &|frames| frames[1] = Bytes::new()).await;
    refused("a head that is too short", &|frames| frames[0] = frames[0].slice(..39)).await;
    refused("a head that is too long", &|frames| frames[0] = Bytes::from([&frames[0][..], &[0]].concat()))
        .await;
    refused("another revision", &|frames| {
        frames[0] = Bytes::from([&frames[0][..32], &3_i64.to_be_bytes()].concat());
    })
    .await;
    refused("one byte altered", &|frames| {
        let mut altered = frames[3].to_vec();
        altered[1_000] ^= 1;
        frames[3] = altered.into();
    })
    .await;
    let other = Lease { epoch: lease.epoch + 1, ..lease };
    assert_eq!(opened(&keys, other, asset, frames.clone()).await.unwrap_err().code(), "asset.seal");
    assert_eq!(opened(&keys, lease, AssetId::new(), frames.clone()).await.unwrap_err().code(), "asset.seal");
    assert_eq!(opened(&pair().0, lease, asset, frames).await.unwrap_err().code(), "asset.seal");
}
