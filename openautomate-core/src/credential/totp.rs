//! Time-based one-time codes (RFC 6238): SHA-1, six digits, steps of 30 seconds, which is what every authenticator does.

use totp_rs::{Builder, Totp};

use crate::clock::Timestamp;
use crate::error::{Error, Result};
use crate::secret::Secret;

/// As many bytes as SHA-1 gives (RFC 4226, 4 R6).
const SECRET_BYTES: usize = 20;
const ISSUER: &str = "OpenAutomate";
/// How many steps a clock may be off, each way.
const SKEW: u16 = 1;

/// The secret that an authenticator shares with the orchestrator.
#[derive(Debug)]
pub struct TotpSecret(Secret<Vec<u8>>);

impl TotpSecret {
    /// A new one.
    ///
    /// # Errors
    /// `Unavailable` if the operating system gives no randomness.
    pub fn generate() -> Result<Self> {
        let mut bytes = vec![0; SECRET_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| {
            Error::unavailable("random.unavailable", "the operating system gives no randomness")
                .with_source(error.to_string())
        })?;
        Ok(Self(Secret::new(bytes)))
    }

    /// The one with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: Secret<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// Its bytes, to be sealed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.expose()
    }

    fn totp(&self, account: &str) -> Result<Totp> {
        let broken = |error: totp_rs::TotpError| {
            Error::internal("totp.secret", "the secret of an authenticator is no good; enrol it again")
                .with_source(error)
        };
        // A colon would end the issuer in the address (Key Uri Format); names of people may hold one.
        let account = account.replace(':', "_");
        Builder::new()
            .with_secret(self.bytes().to_vec())
            .with_skew(SKEW)
            .with_account_name(account)
            .with_issuer(Some(ISSUER))
            .build()
            .map_err(broken)
    }

    /// The secret in base32, for who types it.
    ///
    /// # Errors
    /// `Internal` with `totp.secret` if it is no secret of an authenticator.
    pub fn to_base32(&self) -> Result<Secret<String>> {
        Ok(Secret::new(self.totp("")?.secret().to_base32()))
    }

    /// The address `otpauth://…` that an authenticator takes, as from a picture.
    ///
    /// # Errors
    /// As [`TotpSecret::to_base32`].
    pub fn to_uri(&self, account: &str) -> Result<Secret<String>> {
        let uri = self.totp(account)?.to_url();
        uri.map(Secret::new).map_err(|error| {
            Error::internal("totp.uri", "the address for an authenticator can't be made").with_source(error)
        })
    }

    /// The step whose code this is, if that is the present one or one beside it, and later than `last`: each code is
    /// taken once (RFC 6238, 5.2). Codes are compared in constant time.
    ///
    /// # Errors
    /// As [`TotpSecret::to_base32`].
    pub fn step_of(&self, code: &str, now: Timestamp, last: u64) -> Result<Option<u64>> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let time = u64::try_from(now.timestamp()).unwrap_or_default();
        Ok(self.totp("")?.check(&code, time).filter(|step| *step > last))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238 appendix B, SHA-1: the last six of its eight digits.
    #[test]
    fn the_codes_are_those_of_the_standard() {
        let secret = TotpSecret::from_bytes(Secret::new(b"12345678901234567890".to_vec()));
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = u64::try_from(seconds / 30).unwrap();
            assert_eq!(secret.step_of(code, at(seconds), 0).unwrap(), Some(step), "{code}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_a_step_either_way() {
        let secret = TotpSecret::from_bytes(Secret::new(b"12345678901234567890".to_vec()));
        let (code, now) = ("005924", at(1_234_567_890));
        let step = 1_234_567_890 / 30;
        let taken = |seconds: i64, last| {
            secret.step_of(code, now + TimeDelta::seconds(seconds), last).unwrap() == Some(step)
        };
        assert!(taken(0, 0) && taken(0, step - 1) && taken(30, 0) && taken(-30, 0));
        assert!(!taken(60, 0) && !taken(-60, 0), "too far off");
        assert!(!taken(0, step) && !taken(0, step + 1), "used before");
        for wrong in ["", "005925", "5924", "0059240", "abcdef", "００５９２４"] {
            assert_eq!(secret.step_of(wrong, now, 0).unwrap(), None, "{wrong}");
        }
        assert_eq!(secret.step_of("005 924", now, 0).unwrap(), Some(step), "as it is shown in two groups");
    }

    #[test]
    fn the_address_names_the_account_and_nothing_is_shown_by_accident() {
        let secret = TotpSecret::generate().unwrap();
        let uri = secret.to_uri("ada: of example").unwrap();
        let base32 = secret.to_base32().unwrap();
        assert_eq!(base32.expose().len(), 32);
        assert!(uri.expose().starts_with("otpauth://totp/OpenAutomate:ada"), "{}", uri.expose());
        assert!(uri.expose().contains(base32.expose().as_str()));
        assert!(!format!("{secret:?}{uri:?}").contains(base32.expose().as_str()));
        assert_ne!(secret.bytes(), TotpSecret::generate().unwrap().bytes());
    }
}
