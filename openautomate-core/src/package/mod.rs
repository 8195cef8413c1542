//! Automation packages: the manifest, the archive, the entry point, and how versions are kept and moved.
//!
//! An archive comes from outside and is not trusted: it is refused whole or taken whole, never repaired.
//! Nothing in it is executed here. What was taken is cut into [`chunk`]s, which an [`index`] puts together
//! again.

pub mod archive;
pub mod assemble;
pub mod chunk;
pub mod entrypoint;
pub mod foreign;
pub mod index;
pub mod inputs;
pub mod limits;
pub mod loaded;
pub mod manifest;
pub mod repack;
pub mod signature;

mod duration;
pub(crate) mod keep;
mod placement;
mod staging;
mod version;

/// Text from an archive for an error message: control characters and quotes escaped, cut to a length.
fn shown(text: &str) -> String {
    const MOST: usize = 80;
    let escaped: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().count() > MOST { format!("\"{escaped}…\"") } else { format!("\"{escaped}\"") }
}
