//! Automation packages: the manifest, the archive, the entry point.
//!
//! An archive comes from outside and is not trusted: it is refused whole or taken whole, never repaired.
//! Nothing in it is executed here.

pub mod archive;
pub mod entrypoint;
pub mod foreign;
pub mod inputs;
pub mod limits;
pub mod manifest;

mod duration;
mod version;

/// Text from an archive for an error message: control characters and quotes escaped, cut to a length.
fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let escaped: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().count() > MOST { format!("\"{escaped}…\"") } else { format!("\"{escaped}\"") }
}
