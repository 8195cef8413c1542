//! The names of entries: which are refused, and which clash with each other on some system.

use std::collections::HashMap;

use super::refused;
use crate::error::Result;

/// Checks one path without its trailing `/`.
///
/// What only one system would take is refused on all, so that a package means the same on each.
pub(in crate::package) fn check(path: &str, max_length: usize, max_depth: usize) -> Result<()> {
    let refuse = |why: &str| Err(refused("package.path", path, why));
    if path.is_empty() {
        return refuse("has no name; pack the folder again");
    }
    if path.len() > max_length {
        return refuse("has a path that is too long; shorten it to 240 bytes");
    }
    if path.contains('\0') || path.chars().any(char::is_control) {
        return refuse("holds a control character; rename it");
    }
    if path.contains('\\') {
        return refuse("holds a backslash; separate folders by /");
    }
    if path.starts_with('/') {
        return refuse("is an absolute path; pack paths relative to the package's folder");
    }
    let drive = path.as_bytes();
    if drive.len() > 1 && drive[0].is_ascii_alphabetic() && drive[1] == b':' {
        return refuse("begins with a drive letter; pack paths relative to the package's folder");
    }
    if let Some(bad) = path.chars().find(|c| ":<>\"|?*".contains(*c)) {
        return refuse(&format!("holds the character {bad}, which Windows does not take; rename it"));
    }
    if path.chars().any(is_invisible) {
        return refuse("holds an invisible or text-direction character; rename it");
    }
    if path.chars().any(|c| ('\u{300}'..='\u{36f}').contains(&c)) {
        return refuse("holds a combining accent; write its name in composed Unicode (NFC)");
    }
    if path.split('/').count() > max_depth {
        return refuse("lies more than 32 folders deep; move it up");
    }
    path.split('/').try_for_each(|part| check_part(path, part))
}

fn check_part(path: &str, part: &str) -> Result<()> {
    let refuse = |why: &str| Err(refused("package.path", path, why));
    match part {
        "" => return refuse("has an empty folder name; remove the doubled /"),
        "." | ".." => return refuse("has . or .. in its path; pack paths relative to the package's folder"),
        _ => {}
    }
    if part.ends_with(['.', ' ']) || part.starts_with(' ') {
        return refuse("has a name with a space at an end or a dot at its end; rename it");
    }
    if part.len() > 255 {
        return refuse("has a name over 255 bytes; shorten it");
    }
    if is_reserved(part) {
        return refuse("has a name that Windows keeps for a device; rename it");
    }
    Ok(())
}

/// Names of devices, with any extension and in any letter case.
fn is_reserved(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end().to_ascii_uppercase();
    if matches!(stem.as_str(), "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" | "CLOCK$") {
        return true;
    }
    let port = stem.strip_prefix("COM").or_else(|| stem.strip_prefix("LPT"));
    let mut digits = port.unwrap_or_default().chars();
    // The superscript digits count as well.
    matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The paths of an archive so far, as a system without letter case sees them.
#[derive(Debug, Default)]
pub(in crate::package) struct Tree {
    seen: HashMap<String, Node>,
}

#[derive(Debug)]
struct Node {
    spelling: String,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    File,
    Folder,
    /// A folder that only the path of another entry names.
    Implied,
}

impl Tree {
    /// Adds a path, without a trailing `/`.
    pub(in crate::package) fn add(&mut self, path: &str, is_folder: bool) -> Result<()> {
        let folded = fold(path);
        // Folding keeps each `/`, so the two have their folders in common.
        for ((end, _), (folded_end, _)) in path.match_indices('/').zip(folded.match_indices('/')) {
            self.place(path, &path[..end], &folded[..folded_end], Kind::Implied)?;
        }
        self.place(path, path, &folded, if is_folder { Kind::Folder } else { Kind::File })
    }

    fn place(&mut self, path: &str, spelling: &str, folded: &str, kind: Kind) -> Result<()> {
        let Some(node) = self.seen.get_mut(folded) else {
            self.seen.insert(folded.to_owned(), Node { spelling: spelling.to_owned(), kind });
            return Ok(());
        };
        let why = match (node.kind, kind) {
            _ if node.spelling != spelling => {
                "differs from another entry in letter case only; rename one of them"
            }
            (Kind::File, Kind::File) | (Kind::Folder, Kind::Folder) => {
                "is there twice; pack the folder again"
            }
            (Kind::File, _) | (_, Kind::File) => "is a file and a folder at once; rename one of them",
            (_, Kind::Implied) => return Ok(()),
            (Kind::Implied, Kind::Folder) => {
                node.kind = kind;
                return Ok(());
            }
        };
        Err(refused("package.duplicate", path, why))
    }
}

fn fold(path: &str) -> String {
    // By way of the upper case, so that ß and ss, ſ and s meet.
    path.to_uppercase().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_paths_pass() {
        for path in [
            "a",
            "src/a/b.py",
            ".env.example",
            "a b/c-d_e.txt",
            "größe/日本.py",
            "console.py",
            "com10.txt",
            "auxiliary/x",
        ] {
            check(path, 240, 32).unwrap();
        }
    }

    #[test]
    fn clashes_are_refused() {
        for pair in [
            ["a", "a"],
            ["a/b", "a/b"],
            ["a", "A"],
            ["a/x", "A/y"],
            ["a", "a/b"],
            ["a/b", "a"],
            ["straße", "STRASSE"],
            ["\u{212a}", "k"],
        ] {
            let mut tree = Tree::default();
            tree.add(pair[0], false).unwrap();
            assert_eq!(tree.add(pair[1], false).unwrap_err().code(), "package.duplicate", "{pair:?}");
        }
    }

    #[test]
    fn folders_may_be_named_before_or_after_their_files() {
        let mut tree = Tree::default();
        tree.add("a", true).unwrap();
        tree.add("a/b/c", false).unwrap();
        tree.add("a/b", true).unwrap();
        assert!(tree.add("a/b", true).is_err());
    }
}
