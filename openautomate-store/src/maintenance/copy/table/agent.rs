//! Environments, and the agents in them.

use super::{Table, table};
use crate::maintenance::value::Kind::{Boolean, Bytes, Integer, Text, Uuid};

pub(super) const TABLES: &[Table] = &[
    table(
        "environments",
        &[
            ("id", Uuid),
            ("name", Text),
            ("is_default", Boolean),
            ("author_keys", Text),
            ("max_concurrent", Integer),
            ("four_eyes", Boolean),
            ("pause", Text),
            ("paused_until", Integer),
            ("created_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "agents",
        &[
            ("id", Uuid),
            ("name", Text),
            ("machine_name", Text),
            ("ip_address", Text),
            ("status", Text),
            ("environment_id", Uuid),
            ("owner_id", Uuid),
            ("labels", Text),
            ("pool_ids", Text),
            ("drain_until", Integer),
            ("maintenance_windows", Text),
            ("slots", Integer),
            ("public_key", Bytes),
            ("quarantine", Text),
            ("facts", Text),
            ("registered_at", Integer),
            ("last_heartbeat", Integer),
            ("deleted_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "agent_pools",
        &[
            ("id", Uuid),
            ("environment_id", Uuid),
            ("name", Text),
            ("description", Text),
            ("created_at", Integer),
            ("deleted_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "agent_usage",
        &[
            ("agent_id", Uuid),
            ("slot", Integer),
            ("at", Integer),
            ("cpu_permille", Integer),
            ("memory_used_bytes", Integer),
        ],
    ),
    table(
        "enrolment_tokens",
        &[
            ("id", Uuid),
            ("token_hash", Bytes),
            ("agent_id", Uuid),
            ("environment_id", Uuid),
            ("labels", Text),
            ("created_by", Uuid),
            ("created_at", Integer),
            ("expires_at", Integer),
            ("used_at", Integer),
            ("revision", Integer),
        ],
    ),
];
