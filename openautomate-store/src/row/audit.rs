//! Audit entries.

use openautomate_core::domain::{ActorRef, AuditCheckpoint, AuditEntry, AuditSeal};
use openautomate_core::id::AuditId;
use openautomate_core::package::signature::{PublicKey, Signature};

use crate::driver::{Columns, Row};
use crate::error::Result;

pub(crate) fn read_entry<R: Row>(row: &R) -> Result<AuditEntry> {
    let columns = Columns::of(row, "audit entry");
    let seal = match columns.unsigned_or_none("sequence")? {
        Some(sequence) => {
            Some(AuditSeal { sequence, previous: columns.hash("previous")?, hash: columns.hash("hash")? })
        }
        None => None,
    };
    Ok(AuditEntry {
        id: AuditId::from_uuid(columns.uuid("id")?),
        at: columns.time("at")?,
        actor: ActorRef {
            kind: columns.word("actor_kind")?,
            id: columns.get("actor_id")?,
            name: columns.get("actor_name")?,
        },
        action: columns.get("action")?,
        object_kind: columns.get("object_kind")?,
        object_id: columns.get("object_id")?,
        detail: columns.json("detail")?,
        request_id: columns.get("request_id")?,
        ip_address: columns.get("ip_address")?,
        seal,
    })
}

pub(crate) fn read_checkpoint<R: Row>(row: &R) -> Result<AuditCheckpoint> {
    let columns = Columns::of(row, "audit checkpoint");
    Ok(AuditCheckpoint {
        sequence: columns.unsigned("sequence")?,
        hash: columns.hash("hash")?,
        made_at: columns.time("made_at")?,
        key: PublicKey::from_bytes(columns.hash("signer")?),
        signature: Signature::from_bytes(columns.signature("signature")?),
    })
}
