//! Roles that people made.

use async_trait::async_trait;

use crate::domain::{CustomRole, User};
use crate::error::Result;
use crate::id::RoleId;

/// Reads custom roles and who has them. Every method fails with `Unavailable` if the database does not answer, and in
/// no other way.
///
/// # Contract
/// - Names are unique without regard to ASCII case (`role::names_are_unique`).
/// - `users_with_role` gives those who have it everywhere or in an environment and are not deleted, disabled ones too
///   (`role::holders`).
#[async_trait]
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub trait RoleStore {
    /// The role with this id.
    async fn custom_role(&self, id: RoleId) -> Result<Option<CustomRole>>;
    /// All of them, oldest first.
    async fn custom_roles(&self) -> Result<Vec<CustomRole>>;
    /// Who has a role, oldest first, at most `limit`.
    async fn users_with_role(&self, id: RoleId, limit: u32) -> Result<Vec<User>>;
}
