//! Authenticators: enrolling one, its recovery codes, turning it off, and the code that a login asks for.

use async_trait::async_trait;
use serde_json::json;

use crate::changes::{Changes, Record};
use crate::command::session::{revoke_other_sessions, revoke_sessions};
use crate::command::{Command, CommandContext, Decision, giving};
use crate::credential::{TotpSecret, recovery_codes, recovery_hash};
use crate::domain::{SecondFactor, User};
use crate::error::{Error, ErrorKind, Result};
use crate::id::UserId;
use crate::permission::{Access, Permission};
use crate::secret::Secret;
use crate::vault::{Sealed, Vault};

const MAX_CODE: usize = 64;

/// What somebody shows beside their password.
#[derive(Clone, Debug)]
pub enum SecondProof {
    /// The code that the authenticator shows now.
    Totp(Secret<String>),
    /// One of the recovery codes.
    RecoveryCode(Secret<String>),
}

impl SecondProof {
    /// The field of a request that it comes in.
    const fn field(&self) -> &'static str {
        match self {
            Self::Totp(_) => "totp",
            Self::RecoveryCode(_) => "recoveryCode",
        }
    }

    pub(crate) fn check(&self) -> Result<()> {
        let (Self::Totp(code) | Self::RecoveryCode(code)) = self;
        if code.expose().is_empty() || code.expose().len() > MAX_CODE {
            let message = format!("is empty or longer than {MAX_CODE} bytes");
            return Err(Error::invalid_field(self.field(), message));
        }
        Ok(())
    }
}

/// A login lacks the code of the authenticator.
pub(crate) fn code_required() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "totpRequired",
        "the password is right; give the code of your authenticator as totp, or a recovery code as recoveryCode",
    )
}

pub(crate) fn wrong_code() -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        "totpWrong",
        "the code is wrong or was used before; wait for the next one, and look whether the clock of the device is right",
    )
}

/// Uses a proof up: the factor as it is afterwards, or `None` if the proof is no good.
///
/// # Errors
/// `Internal` if the secret does not open.
pub(crate) fn use_proof(
    context: &CommandContext<'_>,
    mut factor: SecondFactor,
    proof: &SecondProof,
) -> Result<Option<SecondFactor>> {
    match proof {
        SecondProof::Totp(code) => {
            let secret = open(context.vault, &factor)?;
            let Some(step) = secret.step_of(code.expose(), context.now, factor.last_step)? else {
                return Ok(None);
            };
            factor.last_step = step;
        }
        SecondProof::RecoveryCode(code) => {
            let hash = recovery_hash(code.expose());
            let Some(place) = factor.recovery.iter().position(|kept| *kept == hash) else { return Ok(None) };
            factor.recovery.remove(place);
        }
    }
    factor.updated_at = context.now;
    Ok(Some(factor))
}

/// What the seal of a secret is bound to: one that is moved to another person's row does not open.
pub(crate) fn binding(user: UserId) -> Vec<u8> {
    [b"openautomate-totp-v1".as_slice(), user.as_bytes()].concat()
}

fn open(vault: &Vault, factor: &SecondFactor) -> Result<TotpSecret> {
    let sealed = factor.secret.as_deref().ok_or_else(not_on)?;
    vault.open(&Sealed::from_bytes(sealed)?, &binding(factor.user_id)).map(TotpSecret::from_bytes)
}

fn not_on() -> Error {
    Error::conflict("totp.off", "no authenticator is enrolled; enrol one first")
}

async fn person(context: &CommandContext<'_>) -> Result<User> {
    let id = context.user_id()?;
    context.store.user(id).await?.ok_or_else(|| Error::not_found("user", id))
}

async fn check_password(context: &CommandContext<'_>, user: &User, password: &Secret<String>) -> Result<()> {
    if context.passwords.verify(password.clone(), user.hash()).await? {
        return Ok(());
    }
    Err(Error::invalid_field("password", "is not your present password"))
}

/// What an authenticator is told. It is shown once.
#[derive(Debug)]
pub struct EnrolledTotp {
    /// The secret in base32, for who types it.
    pub secret: Secret<String>,
    /// The same as an address, for who takes a picture of it.
    pub uri: Secret<String>,
}

/// Begins to enrol the caller's authenticator. It is asked for after [`ConfirmTotp`].
#[derive(Clone, Debug)]
pub struct EnrolTotp {
    /// The present password: a session that somebody left open must not be enough.
    pub password: Secret<String>,
}

#[async_trait]
impl Command for EnrolTotp {
    type Output = EnrolledTotp;
    const NAME: &'static str = "totp.enrol";

    fn access(&self) -> Access {
        Access::InPerson
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<EnrolledTotp>> {
        let user = person(context).await?;
        check_password(context, &user, &self.password).await?;
        let old = context.store.second_factor(user.id).await?;
        if old.as_ref().is_some_and(SecondFactor::is_on) {
            let message = "an authenticator is enrolled already; turn it off first";
            return Err(Error::conflict("totp.on", message));
        }
        let secret = TotpSecret::generate()?;
        let sealed = context.vault.seal(secret.bytes(), &binding(user.id))?;
        let factor = SecondFactor {
            user_id: user.id,
            secret: Some(sealed.to_bytes()),
            confirmed_at: None,
            last_step: old.as_ref().map_or(0, |old| old.last_step),
            recovery: Vec::new(),
            updated_at: context.now,
            revision: old.as_ref().map_or(0, |old| old.revision),
        };
        let record = Record::SecondFactor(factor);
        let changes =
            if old.is_some() { Changes::none().update(record) } else { Changes::none().insert(record) };
        let output = EnrolledTotp { secret: secret.to_base32()?, uri: secret.to_uri(&user.username)? };
        Ok(Decision::new(changes.audited(context.audit("user", user.id, json!({}))), output))
    }
}

/// Recovery codes. They are shown once.
pub type RecoveryCodes = Vec<Secret<String>>;

/// Shows that the caller's authenticator has the secret: from now on a login asks for its code. The caller's other
/// sessions end.
#[derive(Clone, Debug)]
pub struct ConfirmTotp {
    /// The code that it shows.
    pub code: Secret<String>,
}

#[async_trait]
impl Command for ConfirmTotp {
    type Output = RecoveryCodes;
    const NAME: &'static str = "totp.confirm";

    fn access(&self) -> Access {
        Access::InPerson
    }

    fn validate(&self) -> Result<()> {
        SecondProof::Totp(self.code.clone()).check()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<RecoveryCodes>> {
        let id = context.user_id()?;
        let factor = context.store.second_factor(id).await?.ok_or_else(not_on)?;
        if factor.is_on() {
            return Err(Error::conflict("totp.on", "the authenticator is confirmed already"));
        }
        let factor = use_proof(context, factor, &SecondProof::Totp(self.code.clone()))?;
        let mut factor =
            factor.ok_or_else(|| Error::invalid_field("totp", wrong_code().message().to_owned()))?;
        factor.confirmed_at = Some(context.now);
        let (codes, hashes) = recovery_codes()?;
        factor.recovery = hashes;
        let changes = revoke_other_sessions(context, id, Changes::none()).await?;
        let entry = context.audit("user", id, json!({}));
        Ok(Decision::new(changes.update(Record::SecondFactor(factor)).audited(entry), codes))
    }
}

/// Makes the caller's recovery codes anew; the old ones are no good any more.
#[derive(Clone, Debug)]
pub struct RenewRecoveryCodes {
    /// The present password.
    pub password: Secret<String>,
    /// The code that the authenticator shows, or a recovery code.
    pub proof: SecondProof,
}

/// The caller's authenticator after a proof of it was used up.
async fn proven(
    context: &CommandContext<'_>,
    password: &Secret<String>,
    proof: &SecondProof,
) -> Result<SecondFactor> {
    let user = person(context).await?;
    check_password(context, &user, password).await?;
    let factor =
        context.store.second_factor(user.id).await?.filter(SecondFactor::is_on).ok_or_else(not_on)?;
    let used = use_proof(context, factor, proof)?;
    used.ok_or_else(|| Error::invalid_field(proof.field(), wrong_code().message().to_owned()))
}

#[async_trait]
impl Command for RenewRecoveryCodes {
    type Output = RecoveryCodes;
    const NAME: &'static str = "totp.recovery_codes";

    fn access(&self) -> Access {
        Access::InPerson
    }

    fn validate(&self) -> Result<()> {
        self.proof.check()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<RecoveryCodes>> {
        let mut factor = proven(context, &self.password, &self.proof).await?;
        let (codes, hashes) = recovery_codes()?;
        factor.recovery = hashes;
        let entry = context.audit("user", factor.user_id, json!({}));
        Ok(Decision::new(Changes::none().update(Record::SecondFactor(factor)).audited(entry), codes))
    }
}

/// Turns the caller's authenticator off. Their other sessions end.
#[derive(Clone, Debug)]
pub struct DisableTotp {
    /// The present password.
    pub password: Secret<String>,
    /// The code that the authenticator shows, or a recovery code.
    pub proof: SecondProof,
}

#[async_trait]
impl Command for DisableTotp {
    type Output = ();
    const NAME: &'static str = "totp.disable";

    fn access(&self) -> Access {
        Access::InPerson
    }

    fn validate(&self) -> Result<()> {
        self.proof.check()
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let factor = proven(context, &self.password, &self.proof).await?;
        let id = factor.user_id;
        let changes = revoke_other_sessions(context, id, Changes::none()).await?;
        let entry = context.audit("user", id, json!({}));
        Ok(Decision::new(changes.update(Record::SecondFactor(off(factor, context))).audited(entry), ()))
    }
}

/// Without secret and codes; the last step stays, so that no code of before comes back.
fn off(mut factor: SecondFactor, context: &CommandContext<'_>) -> SecondFactor {
    (factor.secret, factor.confirmed_at) = (None, None);
    factor.recovery.clear();
    factor.updated_at = context.now;
    factor
}

/// Turns the authenticator of somebody off who has lost it. Their sessions end.
#[derive(Clone, Debug)]
pub struct ResetTotp {
    /// Whose.
    pub user_id: UserId,
}

#[async_trait]
impl Command for ResetTotp {
    type Output = ();
    const NAME: &'static str = "totp.reset";

    fn access(&self) -> Access {
        Access::PermissionInPerson(Permission::ManageUsers)
    }

    fn validate(&self) -> Result<()> {
        Ok(())
    }

    async fn handle(&self, context: &CommandContext<'_>) -> Result<Decision<()>> {
        let id = self.user_id;
        if context.actor.user_id() == Some(id) {
            return Err(Error::forbidden(
                "nobody resets their own authenticator; turn it off with a code, or ask another administrator",
            ));
        }
        let user = context.store.user(id).await?.filter(|user| user.deleted_at.is_none());
        let user = user.ok_or_else(|| Error::not_found("user", id))?;
        giving::check_not_above(context, &user).await?;
        let Some(factor) = context.store.second_factor(id).await?.filter(|factor| factor.secret.is_some())
        else {
            return Ok(Decision::unchanged(()));
        };
        let changes = revoke_sessions(context, &user, Changes::none()).await?;
        let entry = context.audit("user", id, json!({"username": user.username}));
        Ok(Decision::new(changes.update(Record::SecondFactor(off(factor, context))).audited(entry), ()))
    }
}
