//! Kept answers, the audit, and what a server notes of itself.

use super::{Table, table};
use crate::maintenance::value::Kind::{Bytes, Integer, Short, Text, Uuid};

pub(super) const TABLES: &[Table] = &[
    table(
        "idempotency_records",
        &[
            ("user_id", Uuid),
            ("key", Text),
            ("fingerprint", Bytes),
            ("output", Text),
            ("created_at", Integer),
        ],
    ),
    table(
        "audit_entries",
        &[
            ("id", Uuid),
            ("at", Integer),
            ("actor_kind", Text),
            ("actor_id", Text),
            ("actor_name", Text),
            ("action", Text),
            ("object_kind", Text),
            ("object_id", Text),
            ("detail", Text),
            ("request_id", Text),
            ("ip_address", Text),
            ("sequence", Integer),
            ("previous", Bytes),
            ("hash", Bytes),
        ],
    ),
    table("login_tries", &[("id", Uuid), ("account", Bytes), ("expires_at", Integer)]),
    table("audit_head", &[("id", Short), ("sequence", Integer), ("hash", Bytes)]),
    table(
        "audit_checkpoints",
        &[
            ("sequence", Integer),
            ("hash", Bytes),
            ("made_at", Integer),
            ("signer", Bytes),
            ("signature", Bytes),
        ],
    ),
    table("vault_keys", &[("id", Integer), ("mark", Bytes), ("added_at", Integer)]),
];
