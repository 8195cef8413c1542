//! Packages, their versions, and where they are active.

use super::{Table, table};
use crate::maintenance::value::Kind::{Integer, Text, Uuid};

pub(super) const TABLES: &[Table] = &[
    table(
        "packages",
        &[
            ("id", Uuid),
            ("name", Text),
            ("description", Text),
            ("max_concurrent", Integer),
            ("creator_id", Uuid),
            ("created_at", Integer),
            ("updated_at", Integer),
            ("deleted_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "package_versions",
        &[
            ("id", Uuid),
            ("package_id", Uuid),
            ("version_number", Text),
            ("digest", Text),
            ("size", Integer),
            ("manifest", Text),
            ("signature", Text),
            ("author", Text),
            ("created_by", Uuid),
            ("created_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "agent_preparations",
        &[("agent_id", Uuid), ("version_id", Uuid), ("state", Text), ("reason", Text), ("at", Integer)],
    ),
    table(
        "deployments",
        &[
            ("id", Uuid),
            ("package_id", Uuid),
            ("environment_id", Uuid),
            ("version_id", Uuid),
            ("deployed_by", Uuid),
            ("deployed_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "rollouts",
        &[
            ("id", Uuid),
            ("package_id", Uuid),
            ("environment_id", Uuid),
            ("version_id", Uuid),
            ("kind", Text),
            ("from_environment_id", Uuid),
            ("previous_version_id", Uuid),
            ("state", Text),
            ("requested_by", Uuid),
            ("requested_at", Integer),
            ("decided_by", Uuid),
            ("decided_at", Integer),
            ("comment", Text),
            ("revision", Integer),
        ],
    ),
];
