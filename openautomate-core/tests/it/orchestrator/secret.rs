//! Assets: sealed, given to a live lease only, every read audited.

use openautomate_core::ErrorKind;
use openautomate_core::command::asset::{AssetReaders, DeleteAsset, PutAsset};
use openautomate_core::domain::{AssetFormat, AssetKind, RunResult};
use openautomate_core::orchestrator::Settings;
use openautomate_core::sealing::Question;
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
        readers: AssetReaders::AsBefore,
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
    assert_eq!(value.into_secret().expose(), "second-value");
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
async fn an_agent_that_offers_a_key_is_given_sealed_values_only() {
    let place = Place::new().await;
    let package = place.greeter().await;
    place.orchestrator.execute(&place.admin, put("open-sesame", AssetKind::Secret)).await.unwrap();
    let agent = place.agent("bot").await;
    let (mut bot, keys) = place.connect_sealed(&agent).await;
    assert!(bot.welcome.as_ref().unwrap().seals_secrets);
    bot.ready(1).await;
    place.enqueue(&package).await;
    let lease = bot.assignment().await.lease;
    let SecretAnswer::Sealed(sealed) = ask(&mut bot, lease).await else { panic!("in clear") };
    let question = Question { lease, request: 9, name: "erp" };
    assert_eq!(keys.open(&sealed, &question).unwrap().expose(), "open-sesame");
    assert!(keys.open(&sealed, &Question { request: 8, ..question }).is_err());
    // Another connection has another key, and what was sealed for the one before stays shut.
    let (_bot, other_keys) = place.connect_sealed(&agent).await;
    assert_eq!(other_keys.open(&sealed, &question).unwrap_err().code(), "asset.seal");
}

#[tokio::test]
async fn a_server_may_give_no_value_in_clear() {
    let settings = Settings { require_sealed_secrets: true, ..Settings::default() };
    let place = Place::with(settings).await;
    let package = place.greeter().await;
    place.orchestrator.execute(&place.admin, put("open-sesame", AssetKind::Secret)).await.unwrap();
    let agent = place.agent("bot").await;
    // It connects, so that it can be updated, and works; but for secrets.
    let mut old = place.connect(&agent, vec![]).await;
    assert!(!old.welcome.as_ref().unwrap().seals_secrets);
    old.ready(1).await;
    place.enqueue(&package).await;
    let lease = old.assignment().await.lease;
    let SecretAnswer::Refused { kind, message } = ask(&mut old, lease).await else { panic!("given") };
    assert_eq!(kind, ErrorKind::Forbidden);
    assert!(message.contains("update the agent"), "{message}");
    old.finish(lease, RunResult::succeeded(Map::new()), 0).await;
    let (mut bot, _) = place.connect_sealed(&agent).await;
    bot.ready(1).await;
    place.enqueue(&package).await;
    let lease = bot.assignment().await.lease;
    assert!(matches!(ask(&mut bot, lease).await, SecretAnswer::Sealed(_)));
    let filter =
        openautomate_core::query::AuditFilter { action: Some("asset.read".into()), ..Default::default() };
    let reads = place.orchestrator.store().audit_entries(&filter, Default::default()).await.unwrap();
    assert_eq!(reads.items.len(), 1, "what was refused was not read");
}

#[tokio::test]
async fn a_secret_value_is_never_shown_and_never_becomes_plain() {
    let place = Place::new().await;
    let secret = place.orchestrator.execute(&place.admin, put("a-value", AssetKind::Secret)).await.unwrap();
    assert!(place.orchestrator.asset_value(&place.admin, &secret).await.is_err());
    let plain = place.orchestrator.execute(&place.admin, put("a-value", AssetKind::Plain)).await;
    assert_eq!(plain.unwrap_err().code(), "asset.secret");
    place.orchestrator.execute(&place.admin, DeleteAsset { id: secret.id }).await.unwrap();
    place.orchestrator.execute(&place.admin, put("open", AssetKind::Plain)).await.unwrap();
    let environment = secret.environment_id;
    let plain = place.orchestrator.store().asset_by_name(environment, "ERP").await.unwrap().unwrap();
    assert_eq!(place.orchestrator.asset_value(&place.admin, &plain).await.unwrap(), "open");
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

#[tokio::test]
async fn only_the_packages_that_an_asset_names_read_it() {
    let place = Place::new().await;
    let (greeter, other) = (place.greeter().await, place.package("other").await);
    place.publish(&other, super::place::MANIFEST).await;
    let open = PutAsset { name: "open".into(), ..put("some-value", AssetKind::Secret) };
    place.orchestrator.execute(&place.admin, open).await.unwrap();
    let readers =
        |names: &[&str]| AssetReaders::Packages(names.iter().map(|name| (*name).to_owned()).collect());
    let guarded = |readers| PutAsset { readers, ..put("guarded-value", AssetKind::Secret) };
    let unknown = place.orchestrator.execute(&place.admin, guarded(readers(&["nobody"]))).await;
    assert_eq!(unknown.unwrap_err().field(), Some("allowedPackages"));
    let asset =
        place.orchestrator.execute(&place.admin, guarded(readers(&["Other", "other"]))).await.unwrap();
    assert_eq!(asset.allowed_packages.as_ref().map(Vec::len), Some(1));
    // A new value leaves the list.
    let asset = place.orchestrator.execute(&place.admin, guarded(AssetReaders::AsBefore)).await.unwrap();
    assert!(asset.is_open_to(other.id) && !asset.is_open_to(greeter.id));
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    let names = |message| match message {
        ServerMessage::AssetNames { request: 4, answer } => Some(answer),
        _ => None,
    };
    for (package, may) in [(&greeter, false), (&other, true)] {
        bot.ready(1).await;
        place.enqueue(package).await;
        let lease = bot.assignment().await.lease;
        match ask(&mut bot, lease).await {
            SecretAnswer::Value(value) => assert!(may && value.into_secret().expose() == "guarded-value"),
            SecretAnswer::Sealed(_) => panic!("sealed for nobody"),
            SecretAnswer::Refused { kind, .. } => assert_eq!((may, kind), (false, ErrorKind::Forbidden)),
        }
        bot.send(AgentMessage::AssetNames { request: 4, lease }).await;
        let NamesAnswer::Names(told) = bot.until(names).await else { panic!("refused") };
        assert_eq!(told, if may { vec!["erp", "open"] } else { vec!["open"] });
        bot.finish(lease, RunResult::succeeded(Map::new()), 0).await;
    }
    // Nobody, and then everybody again.
    place.orchestrator.execute(&place.admin, guarded(readers(&[]))).await.unwrap();
    let asset = place.orchestrator.execute(&place.admin, guarded(AssetReaders::AsBefore)).await.unwrap();
    assert!(!asset.is_open_to(other.id));
    let asset = place.orchestrator.execute(&place.admin, guarded(AssetReaders::Every)).await.unwrap();
    assert!(asset.is_open_to(greeter.id));
}

#[tokio::test]
async fn what_an_agent_does_not_mask_the_server_masks() {
    let place = Place::new().await;
    let package = place.greeter().await;
    place.orchestrator.execute(&place.admin, put("open-sesame", AssetKind::Secret)).await.unwrap();
    let agent = place.agent("bot").await;
    let mut bot = place.connect(&agent, vec![]).await;
    bot.ready(1).await;
    let execution = place.enqueue(&package).await;
    let lease = bot.assignment().await.lease;
    bot.send(AgentMessage::Started { lease }).await;
    // Known to no run yet, so it is what it is.
    bot.say(lease, 1, &["not given: open-sesame"]).await;
    let SecretAnswer::Value(_) = ask(&mut bot, lease).await else { panic!("refused") };
    bot.say(lease, 2, &["given: open-sesame", "hex 6f70656e2d736573616d65"]).await;
    let outputs = Map::from_iter([("password".to_owned(), "open-sesame".into())]);
    bot.finish(lease, RunResult::succeeded(outputs), 3).await;
    let ended = place.execution(execution.id).await;
    assert_eq!(ended.outputs.unwrap()["password"], "***");
    let lines = place.orchestrator.read_log(lease, 0, 10).await;
    let lines = format!("{lines:?}");
    assert!(lines.contains("given: ***") && lines.contains("hex ***"), "{lines}");
    assert_eq!(lines.matches("sesame").count(), 1, "{lines}");
}
