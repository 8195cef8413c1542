//! How often a sign-in to one account may fail, whichever servers are asked.
//!
//! A try counts as failed until it is known to have succeeded, so that many tries at once gain nothing. All servers on
//! the same data share the count: it is in the store, and each try is admitted there by one atomic operation.

use std::num::NonZeroU32;
use std::time::Duration;

use chrono::TimeDelta;
use sha2::{Digest as _, Sha256};

use super::Orchestrator;
use crate::clock::Timestamp;
use crate::domain::{Session, SignInMethod, User};
use crate::error::Result;
use crate::id::LoginTryId;
use crate::store::{LoginAdmission, LoginTry};

/// A try that was admitted.
#[derive(Clone, Copy, Debug)]
pub struct AdmittedLogin {
    id: LoginTryId,
    account: [u8; 32],
}

/// What became of a try.
#[derive(Clone, Copy, Debug)]
pub enum LoginGate {
    /// It may go on.
    Open(AdmittedLogin),
    /// Too many failed.
    Closed {
        /// After so long the next one may succeed.
        retry_after: Duration,
    },
}

impl Orchestrator {
    /// Counts a try to sign in to `account`, whatever text stands for it; at most `most` count at once, each for
    /// `window`. Tell afterwards how it ended, unless it failed.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn begin_login(&self, account: &str, most: NonZeroU32, window: Duration) -> Result<LoginGate> {
        let now = self.clock().now();
        let window = TimeDelta::from_std(window).unwrap_or(TimeDelta::MAX);
        let login = LoginTry {
            id: LoginTryId::new(),
            account: self.login_account(account),
            now,
            expires_at: now.checked_add_signed(window).unwrap_or(Timestamp::MAX_UTC),
            most: most.get(),
        };
        Ok(match self.store().begin_login(login).await? {
            LoginAdmission::Admitted => {
                LoginGate::Open(AdmittedLogin { id: login.id, account: login.account })
            }
            LoginAdmission::Refused { until } => {
                LoginGate::Closed { retry_after: (until - now).to_std().unwrap_or_default() }
            }
        })
    }

    /// A try succeeded: the account begins anew.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn login_succeeded(&self, login: AdmittedLogin) -> Result<()> {
        self.store().forget_logins(&login.account).await
    }

    /// A try came to no answer: it does not count.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn login_undecided(&self, login: AdmittedLogin) -> Result<()> {
        self.store().take_back_login(login.id).await
    }

    /// Whether a person who signed in by password lacks the authenticator that the operator asks of them. Until they
    /// have one, they may do nothing but enrol it. An identity provider asks for a second factor itself.
    ///
    /// # Errors
    /// `Unavailable` if the store does not answer.
    pub async fn must_enrol(&self, user: &User, session: &Session) -> Result<bool> {
        if session.method == SignInMethod::External || !self.settings().require_totp.concerns(&user.roles) {
            return Ok(false);
        }
        let factor = self.store().second_factor(user.id).await?;
        Ok(!factor.is_some_and(|factor| factor.is_on()))
    }

    /// Of a name that nobody has, too, so it is hashed with a key: it may be a password in the wrong field.
    fn login_account(&self, account: &str) -> [u8; 32] {
        let key = self.inner.vault.derive("openautomate-login-account-v1");
        Sha256::new().chain_update(key.expose()).chain_update(account).finalize().into()
    }
}
