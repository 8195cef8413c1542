//! Parsing Python within bounds: a source that takes too long is given up, and one that is broken gives the parts
//! that can be read.

use std::ops::ControlFlow;

use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser, Tree};

/// The parser reports every 100 steps: ordinary code takes one report for 200 bytes, the densest one for 20.
const BYTES_PER_REPORT: usize = 16;
/// What any source may have besides, so that short ones are not cut off.
const FREE_REPORTS: usize = 1_000;
/// After an error each step may cost a thousand times as much, so there are no more than these. Python itself runs
/// nothing with an error; what it runs and the grammar does not know is rare and short.
const REPORTS_AFTER_ERROR: usize = 500;

/// The tree of a source; `None` if it takes too long to parse.
pub(super) fn parse(source: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&Language::new(tree_sitter_python::LANGUAGE)).ok()?;
    let bytes = source.as_bytes();
    let mut left = FREE_REPORTS + bytes.len() / BYTES_PER_REPORT;
    let mut report = |state: &ParseState| {
        if state.has_error() {
            left = left.min(REPORTS_AFTER_ERROR);
        }
        match left.checked_sub(1) {
            Some(fewer) => {
                left = fewer;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        }
    };
    let options = ParseOptions::new().progress_callback(&mut report);
    parser.parse_with_options(&mut |at, _| bytes.get(at..).unwrap_or_default(), None, Some(options))
}

/// The text of a node.
pub(super) fn text<'s>(node: Node<'_>, source: &'s str) -> &'s str {
    source.get(node.byte_range()).unwrap_or_default()
}

/// The named children that are no comments.
pub(super) fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// The children of one field.
pub(super) fn fields<'t>(node: Node<'t>, name: &str) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    node.children_by_field_name(name, &mut cursor).collect()
}

/// What a string literal says; `None` for bytes and for one that is put together at run time.
pub(super) fn string(node: Node<'_>, source: &str) -> Option<String> {
    let literal = text(node, source);
    let quote = literal.find(['"', '\''])?;
    let prefix = literal[..quote].to_ascii_lowercase();
    if prefix.contains(['b', 'f', 't']) {
        return None;
    }
    let body = &literal[quote..];
    let width =
        if body.len() >= 6 && (body.starts_with("\"\"\"") || body.starts_with("'''")) { 3 } else { 1 };
    let inner = body.get(width..body.len().checked_sub(width)?)?;
    Some(if prefix.contains('r') { inner.to_owned() } else { unescape(inner) })
}

/// A string literal with its escapes made good; those that name a character (`\N{…}`) stay.
fn unescape(inner: &str) -> String {
    let mut said = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        said.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(character) = rest.chars().next() else {
            said.push('\\');
            break;
        };
        let (decoded, used) = escaped(character, rest);
        match decoded {
            Some(Some(character)) => said.push(character),
            Some(None) => {}
            None => {
                said.push('\\');
                said.push_str(&rest[..used]);
            }
        }
        rest = &rest[used..];
    }
    said.push_str(rest);
    said
}

/// What the escape that begins with `first` means (`Some(None)`: nothing, as before the end of a line), and how
/// many bytes it takes.
fn escaped(first: char, rest: &str) -> (Option<Option<char>>, usize) {
    let coded = |digits: usize, radix: u32, from: usize| {
        let code = rest.get(from..from + digits).and_then(|text| u32::from_str_radix(text, radix).ok());
        match code.and_then(char::from_u32) {
            Some(character) => (Some(Some(character)), from + digits),
            None => (None, first.len_utf8()),
        }
    };
    match first {
        '\n' => (Some(None), 1),
        '\\' | '\'' | '"' => (Some(Some(first)), 1),
        'n' => (Some(Some('\n')), 1),
        't' => (Some(Some('\t')), 1),
        'r' => (Some(Some('\r')), 1),
        'a' => (Some(Some('\u{7}')), 1),
        'b' => (Some(Some('\u{8}')), 1),
        'f' => (Some(Some('\u{c}')), 1),
        'v' => (Some(Some('\u{b}')), 1),
        'x' => coded(2, 16, 1),
        'u' => coded(4, 16, 1),
        'U' => coded(8, 16, 1),
        '0'..='7' => {
            coded(rest.bytes().take(3).take_while(|byte| (b'0'..=b'7').contains(byte)).count(), 8, 0)
        }
        _ => (None, first.len_utf8()),
    }
}
