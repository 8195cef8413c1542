//! People: setting up, registering, signing in, staying signed in.

use std::time::Duration;

use openautomate_core::ErrorKind;
use openautomate_core::command::identity::{DeleteUser, InviteUser, OfferSetup, RegisterUser, UpdateUser};
use openautomate_core::command::session::{LogIn, LogOut, RefreshSession};
use openautomate_core::domain::Role;
use openautomate_core::orchestrator::{Registration, Settings};
use openautomate_core::permission::{Actor, Principal};
use openautomate_core::secret::Secret;

use super::place::Place;

fn log_in(password: &str) -> LogIn {
    LogIn { login: "ADA".into(), password: Secret::new(password.to_owned()), proof: None, user_agent: None }
}

fn register(name: &str, invitation: Option<Secret<String>>) -> RegisterUser {
    RegisterUser {
        username: name.into(),
        email: format!("{name}@example.org"),
        password: Secret::new("correct horse battery".to_owned()),
        invitation,
    }
}

#[tokio::test]
async fn a_refused_login_is_audited() {
    let place = Place::new().await;
    let refused = place.orchestrator.execute(&Actor::anonymous(), log_in("wrong horse battery")).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let filter = openautomate_core::query::AuditFilter {
        action: Some("session.login_refused".into()),
        ..Default::default()
    };
    let entries = place.orchestrator.store().audit_entries(&filter, Default::default()).await.unwrap();
    assert_eq!(entries.items.len(), 1);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_session() {
    let place = Place::new().await;
    let signed_in =
        place.orchestrator.execute(&Actor::anonymous(), log_in("correct horse battery")).await.unwrap();
    let nobody = Actor::anonymous();
    let refresh = |token: &Secret<String>| {
        place.orchestrator.execute(&nobody, RefreshSession { token: token.clone(), user_agent: None })
    };
    let next = refresh(&signed_in.refresh_token).await.unwrap();
    place.clock.advance(Duration::from_secs(11));
    assert!(refresh(&signed_in.refresh_token).await.is_err());
    assert!(refresh(&next.refresh_token).await.is_err(), "the thief's session goes on");
}

#[tokio::test]
async fn a_log_out_ends_the_session() {
    let place = Place::new().await;
    let signed_in =
        place.orchestrator.execute(&Actor::anonymous(), log_in("correct horse battery")).await.unwrap();
    let actor = Actor::of(Principal::User {
        id: signed_in.user.id,
        name: "ada".into(),
        roles: vec![Role::Administrator],
        session: Some(signed_in.session),
    });
    place.orchestrator.execute(&actor, LogOut).await.unwrap();
    let refresh = RefreshSession { token: signed_in.refresh_token, user_agent: None };
    assert!(place.orchestrator.execute(&Actor::anonymous(), refresh).await.is_err());
}

#[tokio::test]
async fn accounts_are_made_by_invitation_once() {
    let place = Place::new().await;
    let refused = place.orchestrator.execute(&Actor::anonymous(), register("bob", None)).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Forbidden);
    let invite = InviteUser { email: "bob@example.org".into(), roles: vec![Role::Developer] };
    let made = place.orchestrator.execute(&place.admin, invite).await.unwrap();
    let other =
        place.orchestrator.execute(&Actor::anonymous(), register("eve", Some(made.token.clone()))).await;
    assert_eq!(other.unwrap_err().field(), Some("email"));
    let bob = place
        .orchestrator
        .execute(&Actor::anonymous(), register("bob", Some(made.token.clone())))
        .await
        .unwrap();
    assert_eq!(bob.roles, [Role::Developer]);
    let again = place.orchestrator.execute(&Actor::anonymous(), register("bob", Some(made.token))).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn registration_may_be_open_and_gives_little() {
    let settings = Settings { registration: Registration::Open, ..Settings::default() };
    let place = Place::with(settings).await;
    let bob = place.orchestrator.execute(&Actor::anonymous(), register("bob", None)).await.unwrap();
    assert_eq!(bob.roles, [Role::Viewer]);
}

#[tokio::test]
async fn there_is_no_set_up_where_there_is_an_administrator() {
    let place = Place::new().await;
    assert!(place.orchestrator.execute(&Actor::system(), OfferSetup).await.unwrap().is_none());
    assert!(place.orchestrator.execute(&place.admin, OfferSetup).await.is_err());
}

#[tokio::test]
async fn nobody_raises_themselves_or_leaves_the_place_without_an_administrator() {
    let place = Place::new().await;
    let id = place.admin.user_id().unwrap();
    let update = UpdateUser {
        id,
        revision: None,
        username: None,
        email: None,
        roles: Some(vec![Role::Viewer]),
        custom_roles: None,
        environment_roles: None,
        disabled: None,
    };
    assert!(place.orchestrator.execute(&place.admin, update.clone()).await.is_err());
    let last = place.orchestrator.execute(&Actor::system(), update).await;
    assert_eq!(last.unwrap_err().code(), "user.last_administrator");
    let last = place.orchestrator.execute(&Actor::system(), DeleteUser { id }).await;
    assert_eq!(last.unwrap_err().code(), "user.last_administrator");
}
