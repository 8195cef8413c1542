//! Tries to sign in, counted for all servers together.

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::Result;
use crate::id::LoginTryId;

/// A try to sign in to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoginTry {
    /// The try.
    pub id: LoginTryId,
    /// The account: a hash, since an unknown name may be a password in the wrong field.
    pub account: [u8; 32],
    /// The present instant.
    pub now: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// So many may count at once.
    pub most: u32,
}

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginAdmission {
    /// It counts from now on.
    Admitted,
    /// There are too many.
    Refused {
        /// The first of them counts until then.
        until: Timestamp,
    },
}

/// Counts tries to sign in.
///
/// # Contract
/// - `begin_login` admits a try and counts it while fewer than `most` tries of the account count at `now`; otherwise it
///   changes nothing (`login::counts_each_account`, `login::expired_tries_do_not_count`). Tries that come at once, on
///   several servers too, share the count (`login::tries_at_once_share_the_count`).
/// - `forget_logins` ends the count of an account (`login::an_account_begins_anew`), `take_back_login` that of one try
///   (`login::a_try_is_taken_back`). What is not there is no error.
/// - `prune_logins` removes tries that count no more, the first to expire first, at most `limit`; says how many
///   (`login::prunes_what_expired`).
#[async_trait]
pub trait LoginStore {
    /// Counts a try, if there may be one more.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn begin_login(&self, login: LoginTry) -> Result<LoginAdmission>;

    /// Forgets the tries of an account.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn forget_logins(&self, account: &[u8; 32]) -> Result<()>;

    /// Forgets one try.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn take_back_login(&self, id: LoginTryId) -> Result<()>;

    /// Removes what counts no more.
    ///
    /// # Errors
    /// `Unavailable` if the database does not answer.
    async fn prune_logins(&self, now: Timestamp, limit: u32) -> Result<u64>;
}
