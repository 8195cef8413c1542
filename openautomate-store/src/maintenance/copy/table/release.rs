//! Programs of agents and how they come to them; which files executions and schedules use.

use super::{Table, table};
use crate::maintenance::value::Kind::{Boolean, Integer, Text, Uuid};

pub(super) const TABLES: &[Table] = &[
    table(
        "agent_releases",
        &[
            ("id", Uuid),
            ("version", Text),
            ("manifest", Text),
            ("signature", Text),
            ("files", Text),
            ("created_by", Uuid),
            ("created_at", Integer),
            ("deleted_at", Integer),
            ("revision", Integer),
        ],
    ),
    table("agent_release_files", &[("release_id", Uuid), ("file_id", Uuid)]),
    table(
        "agent_rollouts",
        &[
            ("id", Uuid),
            ("release_id", Uuid),
            ("target", Text),
            ("stages", Text),
            ("soak_ms", Integer),
            ("deadline_ms", Integer),
            ("in_windows", Boolean),
            ("state", Text),
            ("stage", Integer),
            ("stage_healthy_at", Integer),
            ("reason", Text),
            ("created_by", Uuid),
            ("created_at", Integer),
            ("ended_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "agent_updates",
        &[
            ("id", Uuid),
            ("rollout_id", Uuid),
            ("agent_id", Uuid),
            ("stage", Integer),
            ("state", Text),
            ("reason", Text),
            ("changed_at", Integer),
            ("revision", Integer),
        ],
    ),
    table("execution_files", &[("execution_id", Uuid), ("file_id", Uuid)]),
    table("schedule_files", &[("schedule_id", Uuid), ("file_id", Uuid)]),
];
