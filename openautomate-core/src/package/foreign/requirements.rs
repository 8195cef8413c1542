//! `requirements.txt`: the lines that name a distribution. Its options are for the tool that installs it.

use super::Found;

/// Adds what the file asks for.
pub(super) fn read(text: &str, found: &mut Found) {
    for line in joined(text) {
        match plain(&line) {
            Line::Empty => {}
            Line::Requirement(requirement) => found.dependencies.push(requirement),
            Line::Option(name) => {
                let notice = format!("requirements.txt: {name} is left to the tool that installs");
                if !found.notices.contains(&notice) {
                    found.notices.push(notice);
                }
            }
        }
    }
}

/// A line of the file, or of the pip part of another.
pub(super) enum Line {
    Empty,
    /// PEP 508, or a path or an address.
    Requirement(String),
    /// The name of an option, as in `--index-url`.
    Option(String),
}

/// Reads one line: no comment, no options at its end.
pub(super) fn plain(line: &str) -> Line {
    let without_comment = line.find(" #").map_or(line, |at| &line[..at]);
    let text = if without_comment.starts_with('#') { "" } else { without_comment.trim() };
    if let Some(option) = text.strip_prefix('-') {
        let end = option.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(option.len());
        return Line::Option(format!("-{}", &option[..end]));
    }
    // Hashes and the like, one a requirement.
    let requirement = text.find(" --").map_or(text, |at| text[..at].trim_end());
    if requirement.is_empty() { Line::Empty } else { Line::Requirement(requirement.to_owned()) }
}

/// The lines, those that end in a backslash joined with the next.
fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        let (part, more) = line.strip_suffix('\\').map_or((line, false), |part| (part, true));
        match lines.last_mut().filter(|_| goes_on) {
            Some(last) => last.push_str(part),
            None => lines.push(part.to_owned()),
        }
        goes_on = more;
    }
    lines
}
