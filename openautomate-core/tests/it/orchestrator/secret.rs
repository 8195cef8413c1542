//! Assets: sealed, given to a live lease only, every read audited.

use openautomate_core::ErrorKind;
use openautomate_core::command::asset::{DeleteAsset, PutAsset};
use openautomate_core::domain::{AssetFormat, AssetKind, RunResult};
use openautomate_core::secret::Secret;
use openautomate_core::transport::message::{NamesAnswer, SecretAnswer};
use openautomate_core::transport::{AgentMessage, ServerMessage};
use serde_json::Map;

use super::place::{Place, ScriptedAgent};

fn put(value: &str, kind: AssetKind) -> PutAsset {
    PutAsset {
        format: AssetFormat::Text,
        environment_id: None,
        name: "erp".into(),
        kind,
        value: Secret::new(value.to_owned()),
        description: String::new(),
        create_only: false,
    }
}

async fn ask(bot: &mut ScriptedAgent, lease: openautomate_core::domain::Lease) -> SecretAnswer {
    bot.send(AgentMessage::Secret { request: 9, lease, name: "erp".into() }).await;
    bot.until(|message| match message {
        ServerMessage::Secret { request: 9, answer } => Some(answer),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn a_value_is_given_to_a_live_lease_only_and_the_read_is_audited() {
    let place = Place::new().await;
    let package = place.greeter().await;
    place.orchestrator.execute(&place.admin, put("first-value", AssetKind::Secret)).await.unwrap();
    let asset =
        place.orchestrator.execute(&place.admin, put("second-value", AssetKind::Secret)).await.unwrap();
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    place.enqueue(&package).await;
    let lease = bot.assignment().await.lease;
    let SecretAnswer::Value(value) = ask(&mut bot, lease).await else { panic!("refused") };
    assert_eq!(value.0.expose(), "second-value");
    bot.finish(lease, RunResult::succeeded(Map::new()), 0).await;
    let SecretAnswer::Refused { kind, .. } = ask(&mut bot, lease).await else { panic!("given") };
    assert_eq!(kind, ErrorKind::StaleLease);
    let filter =
        openautomate_core::query::AuditFilter { action: Some("asset.read".into()), ..Default::default() };
    let reads = place.orchestrator.store().audit_entries(&filter, Default::default()).await.unwrap();
    assert_eq!(reads.items.len(), 1);
    let everything =
        place.orchestrator.store().audit_entries(&Default::default(), Default::default()).await.unwrap();
    assert!(!format!("{everything:?}").contains("second-value"));
    assert!(!format!("{asset:?}").contains("second-value"));
}

#[tokio::test]
async fn a_secret_value_is_never_shown_and_never_becomes_plain() {
    let place = Place::new().await;
    let secret = place.orchestrator.execute(&place.admin, put("a-value", AssetKind::Secret)).await.unwrap();
    assert!(place.orchestrator.asset_value(&place.admin, &secret).is_err());
    let plain = place.orchestrator.execute(&place.admin, put("a-value", AssetKind::Plain)).await;
    assert_eq!(plain.unwrap_err().code(), "asset.secret");
    place.orchestrator.execute(&place.admin, DeleteAsset { id: secret.id }).await.unwrap();
    place.orchestrator.execute(&place.admin, put("open", AssetKind::Plain)).await.unwrap();
    let environment = secret.environment_id;
    let plain = place.orchestrator.store().asset_by_name(environment, "ERP").await.unwrap().unwrap();
    assert_eq!(place.orchestrator.asset_value(&place.admin, &plain).unwrap(), "open");
}

#[tokio::test]
async fn names_are_told_to_a_live_lease_only() {
    let place = Place::new().await;
    let package = place.greeter().await;
    for name in ["zebra", "erp"] {
        let asset = PutAsset { name: name.into(), ..put("some-value", AssetKind::Secret) };
        place.orchestrator.execute(&place.admin, asset).await.unwrap();
    }
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    place.enqueue(&package).await;
    let lease = bot.assignment().await.lease;
    let answer = |message| match message {
        ServerMessage::AssetNames { request: 4, answer } => Some(answer),
        _ => None,
    };
    bot.send(AgentMessage::AssetNames { request: 4, lease }).await;
    let NamesAnswer::Names(names) = bot.until(answer).await else { panic!("refused") };
    assert_eq!(names, ["erp", "zebra"]);
    bot.finish(lease, RunResult::succeeded(Map::new()), 0).await;
    bot.send(AgentMessage::AssetNames { request: 4, lease }).await;
    let NamesAnswer::Refused { kind, .. } = bot.until(answer).await else { panic!("told") };
    assert_eq!(kind, ErrorKind::StaleLease);
}
