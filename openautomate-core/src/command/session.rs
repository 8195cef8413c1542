//! Signing in, staying signed in, signing out.

use async_trait::async_trait;
use chrono::TimeDelta;
use serde_json::json;

use crate::changes::{Changes, Record};
use crate::clock::Timestamp;
use crate::command::second_factor::{SecondProof, code_required, use_proof, wrong_code};
use crate::command::{Command, CommandContext, Decision};
use crate::credential::{OpaqueToken, token_hash};
use crate::domain::{ActorKind, ActorRef, AuditEntry, SecondFactor, Session, SignInMethod, User};
use crate::error::{Error, Result};
use crate::id::{SessionId, UserId};
use crate::permission::{Access, Principal};
use crate::secret::Secret;

mod end;

pub use end::{EndSession, EndSessions};

/// How long the token before the current one is still good: two requests of one client may race.
const REUSE_GRACE: TimeDelta = TimeDelta::seconds(10);
const MAX_LOGIN: usize = 254;
/// Of what a program says of itself, so much is kept.
const MAX_USER_AGENT: usize = 256;

/// A session and the refresh token of it. The token's text is shown once.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// The session.
    pub session: SessionId,
    /// The refresh token.
    pub refresh_token: Secret<String>,
    /// After this instant no refresh is accepted.
    pub expires_at: Timestamp,
}

/// Signs a person in by password, and by the code of their authenticator if they have one.
#[derive(Clone, Debug)]
pub struct LogIn {
    /// The user name or the address.
    pub login: String,
    /// The password.
    pub password: Secret<String>,
    /// What is shown beside it. Without it, the login of somebody who has an authenticator is refused with code
    /// `totpRequired`.
    pub proof: Option<SecondProof>,
    /// The program that asks, as it names itself.
    pub user_agent: Option<String>,
}

#[async_trait]
impl Command for LogIn {
    type Output = SignedIn;
    const NAME: &'static str = "session.login";

    fn access(&self) -> Access {
        Access::Public
    }

    fn validate(&self) -> Result<()> {
        if self.login.is_empty() || self.login.len() > MAX_LOGIN {
            return Err(Error::invalid_field(
                "username",
                format!("is empty or longer than {MAX_LOGIN} bytes"),
            ));
        }
        if self.password.expose().len() > 1_024 {
            return Err(Error::invalid_field("password", "is longer than 1024 bytes"));
        }
        self.proof.iter().try_for_each(SecondProof::check)
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<SignedIn>> {
        let user = context.store.user_by_login(&self.login).await?;
        let hash = user.as_ref().and_then(User::hash);
        let right = context.passwords.verify(self.password.clone(), hash).await?;
        let refused = || Error::unauthenticated("user name or password is wrong");
        let Some(user) = user else {
            let entry = context.audit_action("session.login_refused", "user", "unknown", json!({}));
            return Ok(Decision::refused(Changes::none().audited(entry), refused()));
        };
        if !right || user.disabled {
            let detail = json!({"disabled": user.disabled});
            let entry = context.audit_action("session.login_refused", "user", user.id, detail);
            return Ok(Decision::refused(Changes::none().audited(entry), refused()));
        }
        let mut changes = Changes::none();
        let factor = context.store.second_factor(user.id).await?.filter(SecondFactor::is_on);
        if let Some(factor) = factor {
            let proof = self.proof.as_ref().ok_or_else(code_required)?;
            match use_proof(context, factor, proof)? {
                Some(used) => changes = changes.update(Record::SecondFactor(used)),
                None => {
                    let detail = json!({"secondFactor": true});
                    let entry = context.audit_action("session.login_refused", "user", user.id, detail);
                    return Ok(Decision::refused(Changes::none().audited(entry), wrong_code()));
                }
            }
        }
        let user_agent = self.user_agent.as_deref();
        begin(context, changes, user, SignInMethod::Password, user_agent)
    }
}

/// Begins a session, as part of a sign-in.
pub(super) fn begin(
    context: &CommandContext<'_>,
    changes: Changes,
    mut user: User,
    method: SignInMethod,
    user_agent: Option<&str>,
) -> Result<Decision<SignedIn>> {
    let made = OpaqueToken::generate("oa_refresh_")?;
    let session = Session {
        id: SessionId::new(),
        user_id: user.id,
        method,
        token_hash: made.hash,
        previous_token_hash: None,
        created_at: context.now,
        rotated_at: context.now,
        ip_address: context.actor.ip_address.clone(),
        user_agent: shortened(user_agent),
        expires_at: context.now + life(context),
        revoked_at: None,
        revision: 0,
    };
    user.last_login = Some(context.now);
    let output = SignedIn {
        user: User { revision: user.revision + 1, ..user.clone() },
        session: session.id,
        refresh_token: made.token,
        expires_at: session.expires_at,
    };
    // Whoever asked was nobody yet, and is this person from now on.
    let actor =
        ActorRef { kind: ActorKind::User, id: Some(user.id.to_string()), name: user.username.clone() };
    let entry = context.audit("user", user.id, json!({"sessionId": session.id}));
    let entry = AuditEntry { actor, ..entry };
    let changes = changes.update(Record::User(user)).insert(Record::Session(session)).audited(entry);
    Ok(Decision::new(changes, output))
}

/// What a program says of itself, without what could not be shown or kept.
fn shortened(user_agent: Option<&str>) -> Option<String> {
    let plain = user_agent?.chars().filter(|c| !c.is_control()).take(MAX_USER_AGENT);
    Some(plain.collect::<String>()).filter(|text| !text.is_empty())
}

fn life(context: &CommandContext<'_>) -> TimeDelta {
    TimeDelta::from_std(context.settings.session_life).unwrap_or(TimeDelta::days(7))
}

/// Trades a refresh token for the next one.
///
/// A token that was traded before is a copy in the wrong hands: the session ends (RFC 9700, 4.14.2).
#[derive(Clone, Debug)]
pub struct RefreshSession {
    /// The refresh token.
    pub token: Secret<String>,
    /// The program that asks, as it names itself.
    pub user_agent: Option<String>,
}

#[async_trait]
impl Command for RefreshSession {
    type Output = SignedIn;
    const NAME: &'static str = "session.refresh";

    fn access(&self) -> Access {
        Access::Public
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<SignedIn>> {
        let refuse =
            || Error::unauthenticated("the refresh token is unknown, expired or revoked; sign in again");
        let hash = token_hash(self.token.expose());
        let mut session = context.store.session_by_token(&hash).await?.ok_or_else(refuse)?;
        if session.revoked_at.is_some() || session.expires_at <= context.now {
            return Err(refuse());
        }
        if session.token_hash != hash && context.now - session.rotated_at > REUSE_GRACE {
            session.revoked_at = Some(context.now);
            let entry = context.audit_action(
                "session.reuse",
                "session",
                session.id,
                json!({"userId": session.user_id}),
            );
            let changes = Changes::none().update(Record::Session(session)).audited(entry);
            return Ok(Decision::refused(changes, refuse()));
        }
        let user = context.store.user(session.user_id).await?;
        let user = user.filter(|user| !user.disabled && user.deleted_at.is_none()).ok_or_else(refuse)?;
        let made = OpaqueToken::generate("oa_refresh_")?;
        session.previous_token_hash = Some(session.token_hash);
        session.token_hash = made.hash;
        session.rotated_at = context.now;
        session.ip_address.clone_from(&context.actor.ip_address);
        session.user_agent = shortened(self.user_agent.as_deref());
        let output =
            SignedIn { user, session: session.id, refresh_token: made.token, expires_at: session.expires_at };
        Ok(Decision::new(Changes::none().update(Record::Session(session)), output))
    }
}

/// Ends the session of the caller.
#[derive(Clone, Debug)]
pub struct LogOut;

#[async_trait]
impl Command for LogOut {
    type Output = ();
    const NAME: &'static str = "session.logout";

    fn access(&self) -> Access {
        // Whoever has a session may end it; the handler looks for one.
        Access::Public
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let Principal::User { session: Some(id), .. } = &context.actor.principal else {
            return Err(Error::unauthenticated("there is no session to end; sign in first"));
        };
        let Some(session) = context.store.session(*id).await?.filter(|session| session.revoked_at.is_none())
        else {
            return Ok(Decision::unchanged(()));
        };
        let entry = context.audit("session", session.id, json!({}));
        Ok(Decision::new(revoke(session, context.now).audited(entry), ()))
    }
}

fn revoke(mut session: Session, now: Timestamp) -> Changes {
    session.revoked_at = Some(now);
    Changes::none().update(Record::Session(session))
}

/// Ends every session of a person, as part of another change.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub(crate) async fn revoke_sessions(
    context: &CommandContext<'_>,
    user: &User,
    mut changes: Changes,
) -> Result<Changes> {
    for session in context.store.sessions_of(user.id).await? {
        changes.writes.extend(revoke(session, context.now).writes);
    }
    Ok(changes)
}

/// Ends every session of the caller but the one that asks, as part of another change.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub(crate) async fn revoke_other_sessions(
    context: &CommandContext<'_>,
    user: UserId,
    mut changes: Changes,
) -> Result<Changes> {
    let Principal::User { session: own, .. } = &context.actor.principal else { return Ok(changes) };
    let sessions = context.store.sessions_of(user).await?;
    for session in sessions.into_iter().filter(|session| Some(session.id) != *own) {
        changes.writes.extend(revoke(session, context.now).writes);
    }
    Ok(changes)
}

/// Ends the sessions of a person that they signed in to by an account at a provider, but for the one that asks, as part
/// of another change.
///
/// # Errors
/// `Unavailable` if the store does not answer.
pub(super) async fn revoke_external_sessions(
    context: &CommandContext<'_>,
    user: UserId,
    mut changes: Changes,
) -> Result<Changes> {
    let own = match &context.actor.principal {
        Principal::User { session, .. } => *session,
        _ => None,
    };
    let sessions = context.store.sessions_of(user).await?.into_iter();
    for session in sessions.filter(|one| one.method == SignInMethod::External && Some(one.id) != own) {
        changes.writes.extend(revoke(session, context.now).writes);
    }
    Ok(changes)
}

/// Changes a person's own password and ends their other sessions.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// The present password.
    pub current: Secret<String>,
    /// The new one.
    pub new: Secret<String>,
}

#[async_trait]
impl Command for ChangePassword {
    type Output = ();
    const NAME: &'static str = "user.password";

    fn access(&self) -> Access {
        Access::InPerson
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let id = context.user_id()?;
        let mut user = context.store.user(id).await?.ok_or_else(|| Error::not_found("user", id))?;
        crate::credential::check_password(&self.new, &user.username)?;
        if !context.passwords.verify(self.current.clone(), user.hash()).await? {
            return Err(Error::invalid_field("currentPassword", "is not your present password"));
        }
        user.password_hash = context.passwords.hash(self.new.clone()).await?;
        let changes = revoke_sessions(context, &user, Changes::none()).await?;
        let entry = context.audit("user", id, json!({}));
        Ok(Decision::new(changes.update(Record::User(user)).audited(entry), ()))
    }
}
