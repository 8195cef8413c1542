//! How often a login to one account may fail. The count is shared by all servers on the same data:
//! [`openautomate_core::Orchestrator::begin_login`].

use openautomate_core::orchestrator::{AdmittedLogin, LoginGate};
use openautomate_core::{Error, ErrorKind, Orchestrator};

use crate::options::RateLimit;
use crate::problem::Problem;

/// A try that counts as failed until its end is told.
#[derive(Debug)]
pub(crate) struct LoginAttempt<'a> {
    orchestrator: &'a Orchestrator,
    admitted: AdmittedLogin,
}

impl<'a> LoginAttempt<'a> {
    /// Counts a try.
    pub(crate) async fn begin(
        orchestrator: &'a Orchestrator,
        account: &str,
        limit: RateLimit,
    ) -> Result<Self, Problem> {
        match orchestrator.begin_login(account, limit.requests, limit.per).await? {
            LoginGate::Open(admitted) => Ok(Self { orchestrator, admitted }),
            LoginGate::Closed { retry_after } => {
                let message = "too many logins to this account failed; wait and try again";
                let error = Error::new(ErrorKind::QuotaExceeded, "login.rate", message);
                Err(Problem::retry_after(error, retry_after.as_secs() + 1))
            }
        }
    }

    /// It succeeded: the account begins anew.
    pub(crate) async fn succeeded(self) {
        noted(self.orchestrator.login_succeeded(self.admitted).await);
    }

    /// It came to no answer: it does not count.
    pub(crate) async fn undecided(self) {
        noted(self.orchestrator.login_undecided(self.admitted).await);
    }
}

/// A try that is counted though it did not fail costs a wait, and is no reason to refuse what succeeded.
fn noted(result: openautomate_core::Result<()>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the end of a login was not noted, so it counts as a failed one for a while");
    }
}
