//! Open sessions and invitations, and what people sign in with beside a password.

use super::expect::{assert_code, assert_stale_row};
use super::sample::{self, World, at, hash, instant};
use crate::changes::{Changes, Record, Write};
use crate::conformance::fixture::StoreFixture;
use crate::domain::{ExternalIdentity, Invitation, PasswordReset, SecondFactor, Session, SignInMethod};
use crate::error::ErrorKind;
use crate::id::{InvitationId, UserId};
use crate::query::PageRequest;

async fn refused(world: &World, record: Record, kind: ErrorKind, code: &str) {
    assert_code(world.store.commit(Changes::none().insert(record)).await, kind, code);
}

/// Second factors, password resets and external identities come back as they were written, and as they were changed.
pub async fn round_trip<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (id, factor) = (world.user.id, world.second_factor());
    assert_eq!(world.store.second_factor(id).await.unwrap(), None);
    world.insert(Record::SecondFactor(factor.clone())).await;
    assert_eq!(world.store.second_factor(id).await.unwrap(), Some(factor.clone()));
    let off = SecondFactor {
        secret: None,
        confirmed_at: None,
        last_step: factor.last_step + 1,
        recovery: Vec::new(),
        updated_at: at(5),
        ..factor
    };
    world.update(Record::SecondFactor(off.clone())).await;
    assert_eq!(
        world.store.second_factor(id).await.unwrap(),
        Some(SecondFactor { revision: 1, ..off.clone() })
    );
    assert_stale_row(world.store.commit(Changes::none().update(Record::SecondFactor(off))).await);

    let reset = PasswordReset { created_by: None, ..world.password_reset() };
    world.insert(Record::PasswordReset(reset.clone())).await;
    assert_eq!(world.store.password_reset(id).await.unwrap(), Some(reset.clone()));
    let used =
        PasswordReset { token_hash: hash(), created_by: Some(id), used_at: Some(at(2)), ..reset.clone() };
    world.update(Record::PasswordReset(used.clone())).await;
    let used = PasswordReset { revision: 1, ..used };
    let by_token = async |hash: [u8; 32]| world.store.password_reset_by_token(&hash).await.unwrap();
    assert_eq!(by_token(used.token_hash).await, Some(used));
    assert_eq!(by_token(reset.token_hash).await, None, "the link before is no good");

    let identity = world.external_identity("sub-\u{e4}");
    world.insert(Record::ExternalIdentity(identity.clone())).await;
    let find = async || world.store.external_identity(&identity.issuer, &identity.subject).await.unwrap();
    assert_eq!(find().await, Some(identity.clone()));
    let seen = ExternalIdentity { last_login: Some(at(9)), ..identity.clone() };
    world.update(Record::ExternalIdentity(seen.clone())).await;
    assert_eq!(find().await, Some(ExternalIdentity { revision: 1, ..seen }));

    let session = Session {
        method: SignInMethod::External,
        ip_address: Some("2001:db8::7".to_owned()),
        user_agent: Some("Browser/1.0 (\u{e4})".to_owned()),
        ..world.session()
    };
    world.insert(Record::Session(session.clone())).await;
    assert_eq!(world.store.session(session.id).await.unwrap(), Some(session.clone()));
    let moved = Session { ip_address: None, user_agent: Some("other".to_owned()), ..session };
    world.update(Record::Session(moved.clone())).await;
    assert_eq!(world.store.session(moved.id).await.unwrap(), Some(Session { revision: 1, ..moved }));
    let withdrawn = Invitation { withdrawn_at: Some(at(3)), ..world.invitation() };
    world.insert(Record::Invitation(withdrawn.clone())).await;
    assert_eq!(world.store.invitation(withdrawn.id).await.unwrap(), Some(withdrawn));
    assert_eq!(world.store.invitation(InvitationId::new()).await.unwrap(), None);
}

/// Of a person's sessions, those are open that are neither revoked nor expired; page by page, newest first.
pub async fn open_sessions<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let other = sample::user("grace");
    world.insert(Record::User(other.clone())).await;
    let (first, second) = (world.session(), world.session());
    let all = [
        first.clone(),
        Session { revoked_at: Some(at(1)), ..world.session() },
        Session { expires_at: at(10), ..world.session() },
        second.clone(),
        Session { user_id: other.id, ..world.session() },
    ];
    for session in all {
        world.insert(Record::Session(session)).await;
    }
    let open = async |after, limit| {
        world.store.open_sessions(world.user.id, at(10), PageRequest::new(after, limit)).await.unwrap()
    };
    let page = open(None, 1).await;
    assert_eq!(page.items, [second]);
    let page = open(page.next, 1).await;
    assert_eq!((page.items, page.next), (vec![first], None));
}

/// An invitation is open until it is used, withdrawn or expired; the set-up's is not listed.
pub async fn open_invitations<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let (first, second) = (world.invitation(), world.invitation());
    let all = [
        first.clone(),
        Invitation { used_at: Some(at(1)), ..world.invitation() },
        Invitation { withdrawn_at: Some(at(1)), ..world.invitation() },
        Invitation { expires_at: at(10), ..world.invitation() },
        Invitation { email: String::new(), created_by: None, ..world.invitation() },
        second.clone(),
    ];
    for invitation in all {
        world.insert(Record::Invitation(invitation)).await;
    }
    let open = async |after, limit| {
        world.store.open_invitations(at(10), PageRequest::new(after, limit)).await.unwrap()
    };
    let page = open(None, 1).await;
    assert_eq!(page.items, [second]);
    let page = open(page.next, 1).await;
    assert_eq!((page.items, page.next), (vec![first], None));
}

/// A person has one second factor and one password reset at most, whose token nobody else has; both are of somebody.
pub async fn one_a_person<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let grace = sample::user("grace");
    world.insert(Record::User(grace.clone())).await;
    let (factor, reset) = (world.second_factor(), world.password_reset());
    world.insert(Record::SecondFactor(factor.clone())).await;
    world.insert(Record::PasswordReset(reset.clone())).await;
    refused(&world, Record::SecondFactor(factor.clone()), ErrorKind::Conflict, "name.taken").await;
    let again = PasswordReset { token_hash: hash(), ..reset.clone() };
    refused(&world, Record::PasswordReset(again), ErrorKind::Conflict, "name.taken").await;
    let same_token = PasswordReset { user_id: grace.id, ..reset.clone() };
    refused(&world, Record::PasswordReset(same_token), ErrorKind::Conflict, "name.taken").await;
    let nobody = UserId::new();
    let missing = (ErrorKind::Invalid, "reference.missing");
    let of_nobody = SecondFactor { user_id: nobody, ..factor };
    refused(&world, Record::SecondFactor(of_nobody), missing.0, missing.1).await;
    let of_nobody = PasswordReset { user_id: nobody, token_hash: hash(), ..reset };
    refused(&world, Record::PasswordReset(of_nobody), missing.0, missing.1).await;
}

/// An account of a provider is one person; another provider may have one of the same name.
pub async fn external_identities<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let identity = world.external_identity("7");
    world.insert(Record::ExternalIdentity(identity.clone())).await;
    let again = Record::ExternalIdentity(world.external_identity("7"));
    refused(&world, again, ErrorKind::Conflict, "name.taken").await;
    let elsewhere =
        ExternalIdentity { issuer: "https://Login.example.org".to_owned(), ..world.external_identity("7") };
    world.insert(Record::ExternalIdentity(elsewhere)).await;
    world.insert(Record::ExternalIdentity(world.external_identity("8"))).await;
    let found = world.store.external_identity(&identity.issuer, "7").await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(identity.id));
    assert_eq!(world.store.external_identity(&identity.issuer, "9").await.unwrap(), None);
    assert_eq!(world.store.external_identity("7", &identity.issuer).await.unwrap(), None);
    assert_eq!(world.store.external_identity("nul \0", "7").await.unwrap(), None);
    let of_nobody =
        ExternalIdentity { user_id: UserId::new(), created_at: instant(), ..world.external_identity("10") };
    refused(&world, Record::ExternalIdentity(of_nobody), ErrorKind::Invalid, "reference.missing").await;
}

/// What a person has linked, oldest first; what is removed is gone, and may be linked again.
pub async fn linked_accounts<F: StoreFixture>(fixture: F) {
    let world = World::new(fixture.store()).await;
    let grace = sample::user("grace");
    world.insert(Record::User(grace.clone())).await;
    let (first, second) = (world.external_identity("7"), world.external_identity("8"));
    let hers = ExternalIdentity { user_id: grace.id, ..world.external_identity("9") };
    for identity in [&first, &hers, &second] {
        world.insert(Record::ExternalIdentity(identity.clone())).await;
    }
    let linked = async |user| world.store.external_identities(user).await.unwrap();
    assert_eq!(linked(world.user.id).await, [first.clone(), second.clone()]);
    assert_eq!(linked(grace.id).await, [hers]);
    assert_eq!(linked(UserId::new()).await, []);
    let remove = |id, revision| {
        let mut changes = Changes::none();
        changes.writes.push(Write::DeleteExternalIdentity { id, revision });
        changes
    };
    assert_stale_row(world.store.commit(remove(first.id, 1)).await);
    world.store.commit(remove(first.id, 0)).await.unwrap();
    assert_stale_row(world.store.commit(remove(first.id, 0)).await);
    assert_eq!(linked(world.user.id).await, std::slice::from_ref(&second));
    assert_eq!(world.store.external_identity(&first.issuer, "7").await.unwrap(), None);
    let again = ExternalIdentity { user_id: grace.id, ..world.external_identity("7") };
    world.insert(Record::ExternalIdentity(again.clone())).await;
    let found = world.store.external_identity(&again.issuer, "7").await.unwrap();
    assert_eq!(found.map(|found| found.user_id), Some(grace.id));
}
