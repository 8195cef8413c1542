//! Values that statements look for.

use uuid::Uuid;

use crate::driver::Json;

/// Ids as one JSON value, `["<id in hex>", ...]`, for a statement over all of them.
pub(super) fn id_list<'a>(ids: impl Iterator<Item = &'a Uuid>) -> Json<Vec<String>> {
    Json(ids.map(|id| id.simple().to_string()).collect())
}
