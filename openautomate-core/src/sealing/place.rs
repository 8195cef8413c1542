//! Where something sealed belongs. It is bound into the seal.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::base64url;
use crate::domain::Lease;
use crate::id::AssetId;

/// What a run asked, as both sides know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// The run.
    pub lease: Lease,
    /// The number of the question in the connection.
    pub request: u64,
    /// The name of the asset.
    pub name: &'a str,
}

/// A value that is sealed for the key of one connection of an agent, and for one question in it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedToAgent {
    /// The asset.
    pub asset: AssetId,
    /// Its revision.
    pub revision: i64,
    #[serde(with = "base64url")]
    pub(super) encapsulated: Vec<u8>,
    #[serde(with = "base64url")]
    pub(super) ciphertext: Vec<u8>,
}

impl fmt::Debug for SealedToAgent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedToAgent")
            .field("asset", &self.asset)
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

fn lease_bytes(lease: Lease) -> Vec<u8> {
    [&lease.execution.as_bytes()[..], &lease.epoch.to_be_bytes()].concat()
}

/// What the seal of a value is bound to. Each part is of one length, so no two places have the same bytes.
pub(super) fn of_value(question: &Question<'_>, asset: AssetId, revision: i64) -> Vec<u8> {
    [
        b"openautomate-sealed-value-v1".as_slice(),
        &lease_bytes(question.lease),
        &question.request.to_be_bytes(),
        &Sha256::digest(question.name),
        asset.as_bytes(),
        &revision.to_be_bytes(),
    ]
    .concat()
}

/// What the seal of a content is bound to.
pub(super) fn of_file(lease: Lease, asset: AssetId, revision: i64) -> Vec<u8> {
    [
        b"openautomate-sealed-file-v1".as_slice(),
        &lease_bytes(lease),
        asset.as_bytes(),
        &revision.to_be_bytes(),
    ]
    .concat()
}
