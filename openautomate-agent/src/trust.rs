//! Whose packages an agent runs.

use std::sync::{PoisonError, RwLock};

use openautomate_core::error::{Error, ErrorKind, Result};
use openautomate_core::package::signature::{PublicKey, Statement, Verified};
use openautomate_core::transport::PackageRef;

/// The keys that an agent trusts.
#[derive(Debug)]
pub(crate) struct Trust {
    /// The repository's: from the enrolment, or else as the server tells them.
    repository: RwLock<Vec<PublicKey>>,
    /// Whether what the server tells is passed over.
    is_pinned: bool,
    /// If there are any, one of them must have signed as well.
    authors: Vec<PublicKey>,
    verified: Verified,
}

impl Trust {
    /// Trusts these keys of the repository, or those that the server tells if there are none.
    pub(crate) fn new(repository: Vec<PublicKey>, authors: Vec<PublicKey>) -> Self {
        let is_pinned = !repository.is_empty();
        Self { is_pinned, repository: RwLock::new(repository), authors, verified: Verified::default() }
    }

    /// Takes the keys that a server tells, unless others were given.
    pub(crate) fn told(&self, keys: Vec<PublicKey>) {
        if !self.is_pinned {
            *self.repository.write().unwrap_or_else(PoisonError::into_inner) = keys;
        }
    }

    /// Checks that a package is what its repository published, and that an author whom this agent trusts made
    /// it, if it asks for one.
    ///
    /// # Errors
    /// `Forbidden` with a code `signature.*`.
    pub(crate) fn check(&self, package: &PackageRef) -> Result<()> {
        let published = Statement::Published {
            package: package.id,
            version: &package.version_number,
            digest: &package.digest,
        };
        let repository = self.repository.read().unwrap_or_else(PoisonError::into_inner);
        self.verified.verify(&published, &package.signature, &repository)?;
        if self.authors.is_empty() {
            return Ok(());
        }
        let signed = package.author.as_ref().ok_or_else(|| {
            let message =
                "this agent runs packages only that one of its authors signed, and nobody signed this one";
            Error::new(ErrorKind::Forbidden, "signature.missing", message)
        })?;
        let authored = Statement::Authored { digest: &package.digest };
        self.verified.verify(&authored, signed, &self.authors)
    }
}

#[cfg(test)]
mod tests {
    use openautomate_core::id::PackageId;
    use openautomate_core::package::signature::PackageSigner;

    use super::*;

    fn package(signer: &PackageSigner, author: Option<&PackageSigner>) -> PackageRef {
        let (id, digest) = (PackageId::new(), "ab".repeat(32));
        let published = Statement::Published { package: id, version: "1.0.0", digest: &digest };
        PackageRef {
            id,
            name: "job".to_owned(),
            version_number: "1.0.0".to_owned(),
            size: 1,
            signature: signer.sign(&published),
            author: author.map(|author| author.sign(&Statement::Authored { digest: &digest })),
            digest,
        }
    }

    #[test]
    fn a_package_is_run_as_it_was_published_or_not_at_all() {
        let server = PackageSigner::generate().unwrap();
        let trust = Trust::new(vec![server.public_key()], Vec::new());
        let good = package(&server, None);
        // The second time by what is remembered.
        for _ in 0..2 {
            trust.check(&good).unwrap();
        }
        let swapped = PackageRef { signature: package(&server, None).signature, ..good.clone() };
        let downgraded = PackageRef { version_number: "0.9.0".to_owned(), ..good.clone() };
        let changed = PackageRef { digest: "ac".repeat(32), ..good.clone() };
        let moved = PackageRef { id: PackageId::new(), ..good.clone() };
        for bad in [swapped, downgraded, changed, moved] {
            assert_eq!(trust.check(&bad).unwrap_err().code(), "signature.wrong");
        }
        let stranger = PackageSigner::generate().unwrap();
        trust.told(vec![stranger.public_key()]);
        let untrusted = trust.check(&package(&stranger, None)).unwrap_err();
        assert_eq!(untrusted.code(), "signature.untrusted", "what was pinned stays");
    }

    #[test]
    fn keys_that_the_server_tells_count_for_who_has_none() {
        let server = PackageSigner::generate().unwrap();
        let trust = Trust::new(Vec::new(), Vec::new());
        assert!(trust.check(&package(&server, None)).is_err());
        trust.told(vec![server.public_key()]);
        trust.check(&package(&server, None)).unwrap();
    }

    #[test]
    fn an_agent_may_ask_for_an_author() {
        let [server, author, other] = [0; 3].map(|_| PackageSigner::generate().unwrap());
        let trust = Trust::new(vec![server.public_key()], vec![author.public_key()]);
        trust.check(&package(&server, Some(&author))).unwrap();
        assert_eq!(trust.check(&package(&server, None)).unwrap_err().code(), "signature.missing");
        assert_eq!(trust.check(&package(&server, Some(&other))).unwrap_err().code(), "signature.untrusted");
    }
}
