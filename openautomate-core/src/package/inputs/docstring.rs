//! What docstrings say of a function and of each parameter, in the styles of Google, NumPy and reST.

use std::collections::HashMap;

/// A longer description is cut.
const MAX_TEXT: usize = 2_000;
const GOOGLE: [&str; 6] = ["Args", "Arguments", "Parameters", "Params", "Keyword Args", "Attributes"];
const NUMPY: [&str; 3] = ["Parameters", "Other Parameters", "Attributes"];
const REST: [&str; 8] = ["param", "parameter", "arg", "argument", "key", "keyword", "ivar", "cvar"];

/// A docstring, taken apart.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Docstring {
    /// The first paragraph.
    pub(super) summary: String,
    /// What each parameter or attribute is.
    pub(super) parameters: HashMap<String, String>,
}

struct Line<'d> {
    indent: usize,
    text: &'d str,
}

impl Docstring {
    pub(super) fn parse(doc: &str) -> Self {
        let lines: Vec<Line<'_>> =
            doc.lines().enumerate().map(|(at, line)| Line::new(line, at == 0)).collect();
        let mut parsed = Self { summary: summary(&lines), parameters: HashMap::new() };
        for (at, line) in lines.iter().enumerate() {
            let below = &lines[at + 1..];
            if line.text.strip_suffix(':').is_some_and(|name| GOOGLE.contains(&name)) {
                parsed.google(below, line.indent);
            } else if NUMPY.contains(&line.text) && below.first().is_some_and(Line::is_rule) {
                parsed.numpy(&below[1..], line.indent);
            } else if let Some((name, said)) = rest_field(line.text) {
                parsed.add(name, said, continued(below, line.indent));
            }
        }
        parsed
    }

    /// Entries `name (type): text`, deeper than the heading; deeper still, they go on.
    fn google(&mut self, below: &[Line<'_>], heading: usize) {
        let entries = section(below, heading);
        let Some(indent) = entries.iter().find(|line| !line.text.is_empty()).map(|line| line.indent) else {
            return;
        };
        for (at, line) in entries.iter().enumerate().filter(|(_, line)| line.indent == indent) {
            let Some((name, said)) = google_entry(line.text) else { continue };
            self.add(name, said, continued(&entries[at + 1..], indent));
        }
    }

    /// Lines `name : type`, as deep as the heading, with the text below them.
    fn numpy(&mut self, below: &[Line<'_>], heading: usize) {
        for (at, line) in below.iter().enumerate() {
            if line.text.is_empty() || line.indent > heading {
                continue;
            }
            if line.indent < heading || below.get(at + 1).is_some_and(Line::is_rule) {
                return;
            }
            let names = line.text.split(':').next().unwrap_or_default();
            for name in names.split(',') {
                self.add(name, "", continued(&below[at + 1..], heading));
            }
        }
    }

    fn add(&mut self, name: &str, first: &str, rest: Vec<&str>) {
        let name = name.trim().trim_start_matches('*');
        let said = std::iter::once(first.trim()).chain(rest).filter(|line| !line.is_empty());
        let said = cut(&said.collect::<Vec<_>>().join(" "));
        if !said.is_empty() {
            self.parameters.entry(name.to_owned()).or_insert(said);
        }
    }
}

impl<'d> Line<'d> {
    fn new(line: &'d str, is_first: bool) -> Self {
        let text = line.trim();
        let blank = line.len() - line.trim_start().len();
        // The first line stands behind the quotes, so its indentation says nothing.
        let indent = if is_first { 0 } else { line[..blank].replace('\t', "        ").len() };
        Self { indent, text }
    }

    fn is_rule(&self) -> bool {
        self.text.len() >= 3 && self.text.bytes().all(|byte| byte == b'-')
    }
}

/// A longer text is cut, with a sign that it was.
pub(super) fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn summary(lines: &[Line<'_>]) -> String {
    let text = lines.iter().map(|line| line.text).skip_while(|text| text.is_empty());
    let text: Vec<&str> = text.take_while(|text| !text.is_empty() && !is_heading(text)).collect();
    cut(&text.join(" "))
}

fn is_heading(text: &str) -> bool {
    text.strip_suffix(':').is_some_and(|name| GOOGLE.contains(&name)) || rest_field(text).is_some()
}

/// The lines of a section: until one that is not deeper than its heading.
fn section<'l, 'd>(below: &'l [Line<'d>], heading: usize) -> &'l [Line<'d>] {
    let end = below.iter().position(|line| !line.text.is_empty() && line.indent <= heading);
    &below[..end.unwrap_or(below.len())]
}

/// The text that goes on below an entry: deeper lines, until an empty one.
fn continued<'d>(below: &[Line<'d>], indent: usize) -> Vec<&'d str> {
    let deeper = below.iter().take_while(|line| !line.text.is_empty() && line.indent > indent);
    deeper.map(|line| line.text).collect()
}

fn google_entry(text: &str) -> Option<(&str, &str)> {
    let end = text.find([':', '(', ' '])?;
    let name = &text[..end];
    let after = text[end..].trim_start();
    // A type may hold brackets and colons of its own: the entry's colon follows the closing one.
    let after = match after.strip_prefix('(') {
        Some(typed) => typed.split_once("):").map(|(_, said)| said)?,
        None => after.strip_prefix(':')?,
    };
    (!name.is_empty()).then_some((name, after))
}

/// `:param name: text` or `:param type name: text`
fn rest_field(text: &str) -> Option<(&str, &str)> {
    let (field, said) = text.strip_prefix(':')?.split_once(':')?;
    let (kind, name) = field.split_once(' ')?;
    let name = name.trim().rsplit(' ').next()?;
    REST.contains(&kind).then_some((name, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(doc: &str) -> (String, Vec<(String, String)>) {
        let Docstring { summary, parameters } = Docstring::parse(doc);
        let mut parameters: Vec<_> = parameters.into_iter().collect();
        parameters.sort();
        (summary, parameters)
    }

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        all.iter().map(|(name, said)| ((*name).to_owned(), (*said).to_owned())).collect()
    }

    #[test]
    fn all_three_styles_are_read() {
        let google = "Reads it\n    all.\n\n    More.\n\n    Args:\n        a: First, on\n            two lines.\n        \
                      b (dict[str, int], optional): Second: with a colon.\n        *args: Rest.\n\n    Returns:\n        \
                      c: Not one.\n";
        let numpy = "Reads it all.\n\n    Parameters\n    ----------\n    a : int\n        First, on\n        \
                     two lines.\n    b, c\n        Both.\n\n    Returns\n    -------\n    d : int\n        Not one.\n";
        let rest = "Reads it all.\n\n    :param a: First, on\n        two lines.\n    :param int b: Second.\n    \
                    :returns: Not one.\n";
        let first = ("a", "First, on two lines.");
        let expected = (
            String::from("Reads it all."),
            pairs(&[first, ("args", "Rest."), ("b", "Second: with a colon.")]),
        );
        assert_eq!(parsed(google), expected);
        assert_eq!(parsed(numpy).1, pairs(&[first, ("b", "Both."), ("c", "Both.")]));
        assert_eq!(parsed(rest).1, pairs(&[first, ("b", "Second.")]));
    }

    #[test]
    fn odd_ones_do_no_harm() {
        assert_eq!(parsed(""), (String::new(), Vec::new()));
        assert_eq!(parsed("Args:"), (String::new(), Vec::new()));
        assert_eq!(parsed("Args:\n  : x\n  a\n  b(: y"), (String::new(), Vec::new()));
        assert_eq!(parsed(&"ä".repeat(5_000)).0.chars().count(), MAX_TEXT + 1);
    }
}
