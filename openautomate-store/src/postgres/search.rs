//! Texts that are looked for.

/// A text to look for; none if no row can hold it: PostgreSQL keeps no NUL.
pub(super) fn searchable(text: &str) -> Option<&str> {
    (!text.contains('\0')).then_some(text)
}
