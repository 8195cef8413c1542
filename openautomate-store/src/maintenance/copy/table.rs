//! Every table and its columns, in an order in which rows find what they refer to.
//!
//! A test compares this with what the migrations of both databases make, so that none is forgotten.

mod agent;
mod audit;
mod execution;
mod package;
mod release;
mod work;

use super::super::value::Kind;
use super::super::value::Kind::{Boolean, Bytes, Integer, Text, Uuid};

/// A table that is copied.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, Kind)],
}

const fn table(name: &'static str, columns: &'static [(&'static str, Kind)]) -> Table {
    Table { name, columns }
}

/// A column that PostgreSQL alone has, and what it follows from.
pub(super) const DERIVED: (&str, &str) = ("executions", "error_message");

/// People, and what they sign in with.
const PEOPLE: &[Table] = &[
    table(
        "users",
        &[
            ("id", Uuid),
            ("username", Text),
            ("email", Text),
            ("password_hash", Text),
            ("roles", Text),
            ("custom_roles", Text),
            ("environment_roles", Text),
            ("disabled", Boolean),
            ("created_at", Integer),
            ("last_login", Integer),
            ("deleted_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "sessions",
        &[
            ("id", Uuid),
            ("user_id", Uuid),
            ("token_hash", Bytes),
            ("previous_token_hash", Bytes),
            ("created_at", Integer),
            ("rotated_at", Integer),
            ("expires_at", Integer),
            ("revoked_at", Integer),
            ("method", Text),
            ("ip_address", Text),
            ("user_agent", Text),
            ("revision", Integer),
        ],
    ),
    table(
        "api_keys",
        &[
            ("id", Uuid),
            ("user_id", Uuid),
            ("name", Text),
            ("hint", Text),
            ("token_hash", Bytes),
            ("scopes", Text),
            ("created_at", Integer),
            ("expires_at", Integer),
            ("last_used_at", Integer),
            ("revoked_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "custom_roles",
        &[
            ("id", Uuid),
            ("name", Text),
            ("description", Text),
            ("permissions", Text),
            ("created_at", Integer),
            ("updated_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "invitations",
        &[
            ("id", Uuid),
            ("token_hash", Bytes),
            ("email", Text),
            ("roles", Text),
            ("created_by", Uuid),
            ("created_at", Integer),
            ("expires_at", Integer),
            ("used_at", Integer),
            ("withdrawn_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "second_factors",
        &[
            ("id", Uuid),
            ("secret", Bytes),
            ("confirmed_at", Integer),
            ("last_step", Integer),
            ("recovery", Text),
            ("updated_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "password_resets",
        &[
            ("id", Uuid),
            ("token_hash", Bytes),
            ("created_by", Uuid),
            ("created_at", Integer),
            ("expires_at", Integer),
            ("used_at", Integer),
            ("revision", Integer),
        ],
    ),
    table(
        "external_identities",
        &[
            ("id", Uuid),
            ("user_id", Uuid),
            ("issuer", Text),
            ("subject", Text),
            ("created_at", Integer),
            ("last_login", Integer),
            ("revision", Integer),
        ],
    ),
];

/// The parts, in the order of the whole.
const PARTS: [&[Table]; 7] =
    [PEOPLE, agent::TABLES, package::TABLES, execution::TABLES, work::TABLES, release::TABLES, audit::TABLES];

/// Every table.
pub(crate) fn tables() -> impl Iterator<Item = &'static Table> {
    PARTS.into_iter().flatten()
}
