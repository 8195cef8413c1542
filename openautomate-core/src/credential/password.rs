//! Passwords: argon2id (RFC 9106) with the parameters of OWASP ASVS 5.0 appendix C.

use std::sync::Arc;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use tokio::sync::Semaphore;

use super::guessable::is_guessable;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const MIN_CHARS: usize = 8;
const MAX_BYTES: usize = 1_024;
/// How many hashes wait for a processor before more are refused: a flood of logins must not fill the memory.
const MAX_WAITING: usize = 100;

/// Checks what a new password must be: 8 characters or more, 1,024 bytes or less, not among those that are guessed
/// first, which have the user's own name and this product's among them. No rules of composition (NIST SP 800-63B-4, 3.1.1.2).
///
/// # Errors
/// `Invalid`, naming `password`.
pub fn check_password(password: &Secret<String>, username: &str) -> Result<()> {
    let text = password.expose();
    if text.chars().count() < MIN_CHARS {
        return Err(Error::invalid_field("password", "is shorter than 8 characters; choose a longer one"));
    }
    if text.len() > MAX_BYTES {
        return Err(Error::invalid_field("password", "is longer than 1024 bytes; choose a shorter one"));
    }
    if is_guessable(text, &[username]) {
        return Err(Error::invalid_field(
            "password",
            "is one of those that are guessed first; choose another",
        ));
    }
    Ok(())
}

/// Hashes and verifies passwords away from the async threads, one a processor at a time.
#[derive(Clone, Debug)]
pub struct PasswordHasher {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    dummy: Arc<str>,
}

impl PasswordHasher {
    /// A hasher that uses at most `parallelism` processors.
    ///
    /// # Errors
    /// `Internal` if argon2 refuses its parameters.
    pub fn new(parallelism: usize) -> Result<Self> {
        Ok(Self {
            running: Arc::new(Semaphore::new(parallelism.max(1))),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            dummy: hash_now("no account has this password")?.into(),
        })
    }

    /// The hash of a password in PHC form.
    ///
    /// # Errors
    /// `QuotaExceeded` if too many wait already.
    pub async fn hash(&self, password: Secret<String>) -> Result<String> {
        self.blocking(move || hash_now(password.expose())).await
    }

    /// Whether the password belongs to the hash. Without a hash (no such account) it takes as long and says
    /// no.
    ///
    /// # Errors
    /// `QuotaExceeded` if too many wait already.
    pub async fn verify(&self, password: Secret<String>, hash: Option<String>) -> Result<bool> {
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.dummy.to_string());
        let right = self.blocking(move || Ok(verify_now(password.expose(), &hash))).await?;
        Ok(right && known)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Ok(_place) = self.waiting.try_acquire() else {
            return Err(Error::new(
                ErrorKind::QuotaExceeded,
                "login.busy",
                "too many people sign in at this moment; try again in a few seconds",
            ));
        };
        let _turn = self
            .running
            .acquire()
            .await
            .map_err(|_| Error::internal("login.closed", "the hasher is closed"))?;
        tokio::task::spawn_blocking(work).await.map_err(|error| {
            Error::internal("login.panicked", "hashing a password failed").with_source(error)
        })?
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| {
        Error::internal("login.parameters", "argon2 refuses its parameters").with_source(error.to_string())
    })?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_now(password: &str) -> Result<String> {
    let hash = argon2()?.hash_password(password.as_bytes()).map_err(|error| {
        Error::internal("login.hash", "a password can't be hashed").with_source(error.to_string())
    })?;
    Ok(hash.to_string())
}

fn verify_now(password: &str, hash: &str) -> bool {
    let Ok(argon2) = argon2() else { return false };
    PasswordHash::new(hash).is_ok_and(|hash| argon2.verify_password(password.as_bytes(), &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_verifies_against_its_own_hash_only() {
        let hasher = PasswordHasher::new(2).unwrap();
        let hash = hasher.hash(secret("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify(secret("correct horse"), Some(hash.clone())).await.unwrap());
        assert!(!hasher.verify(secret("wrong horse"), Some(hash)).await.unwrap());
        assert!(!hasher.verify(secret("no account has this password"), None).await.unwrap());
    }

    #[test]
    fn weak_passwords_are_refused() {
        for weak in ["short", "Password1", "ada.lovelace"] {
            assert!(check_password(&secret(weak), "ada.lovelace").is_err(), "{weak}");
        }
        assert!(check_password(&secret("correct horse battery"), "ada").is_ok());
    }
}
