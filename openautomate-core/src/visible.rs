//! Text from outside that is shown to people or written into a log: what could act on the reader is made visible.
//!
//! A terminal obeys escape sequences, a carriage return writes over what was there, and marks of direction have a line read
//! otherwise than it is (CVE-2021-42574). Stored texts are left as they are; this is for where they are shown.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

/// Whether a character does something other than to show itself.
///
/// These are the control characters of ASCII and Latin-1 but for the tab, the separators of lines and paragraphs, marks of
/// direction, and characters that nobody sees. The joiners that some scripts and emoji are written with are none.
#[must_use]
pub fn acts(character: char) -> bool {
    match character {
        '\t' => false,
        '\u{00ad}'
        | '\u{061c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        other => other.is_control(),
    }
}

/// The text with such characters as `\u{1b}`, or `\n` and `\r`, as Rust writes them. The result is one line.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if acts(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// As [`visible`], but that lines stay lines: each but the first is indented, so that none looks like a line of its own.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return visible(text);
    }
    let lines: Vec<_> =
        text.split('\n').map(|line| visible(line.strip_suffix('\r').unwrap_or(line))).collect();
    Cow::Owned(lines.join("\n    "))
}

/// How the lines look that a [`VisibleLines`] gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineForm {
    /// Text.
    Text,
    /// Text for a terminal, with the sequences that colour it (SGR, ECMA-48 8.3.117). Whoever writes it must have escaped
    /// such sequences in what came from outside.
    Coloured,
    /// An object of JSON a line.
    Json,
}

/// Writes events of a log, each as one line whatever is in it: for `tracing_subscriber`, which writes one event at a time
/// and leaves line ends in messages.
#[derive(Debug)]
pub struct VisibleLines<W> {
    inner: W,
    form: LineForm,
}

impl<W> VisibleLines<W> {
    /// A writer that gives lines of this form to another.
    pub const fn new(inner: W, form: LineForm) -> Self {
        Self { inner, form }
    }
}

impl<W: io::Write> io::Write for VisibleLines<W> {
    /// Writes one event, whole. A line end at its end stays one.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let (line, end) = text.strip_suffix('\n').map_or((&*text, ""), |line| (line, "\n"));
        if line.contains(acts) {
            self.inner.write_all(format!("{}{end}", escaped(line, self.form)).as_bytes())?;
        } else {
            self.inner.write_all(event)?;
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn escaped(line: &str, form: LineForm) -> String {
    let mut shown = String::with_capacity(line.len() + 16);
    let mut rest = line;
    while let Some(character) = rest.chars().next() {
        let colour = if form == LineForm::Coloured { colour(rest) } else { 0 };
        if colour > 0 {
            shown.push_str(&rest[..colour]);
            rest = &rest[colour..];
            continue;
        }
        if !acts(character) {
            shown.push(character);
        } else if form == LineForm::Json {
            // In JSON they stand in texts only (RFC 8259, 7).
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string does not fail.
                let _ = write!(shown, "\\u{unit:04x}");
            }
        } else {
            shown.extend(character.escape_default());
        }
        rest = &rest[character.len_utf8()..];
    }
    shown
}

/// How long the sequence that changes the colour is, with which a text begins; 0 if it begins with none.
fn colour(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else { return 0 };
    let length = parameters.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b';').count();
    if parameters[length..].starts_with('m') { length + 3 } else { 0 }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_acts_is_shown_and_the_rest_is_left() {
        for plain in
            ["", "hello", "a\tb", "äöü 中文 日本語 🚀", "👩\u{200d}💻", "می\u{200c}خواهم", "<script>"]
        {
            assert!(matches!(visible(plain), Cow::Borrowed(text) if text == plain), "{plain:?}");
        }
        for (text, shown) in [
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("one\rtwo\nthree", "one\\rtwo\\nthree"),
            ("nul\0bell\u{7}del\u{7f}", "nul\\u{0}bell\\u{7}del\\u{7f}"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("a\u{2028}b\u{2029}c\u{85}d", "a\\u{2028}b\\u{2029}c\\u{85}d"),
            ("\u{feff}bom\u{200b}zero", "\\u{feff}bom\\u{200b}zero"),
            ("\u{e0041}", "\\u{e0041}"),
        ] {
            assert_eq!(visible(text), shown);
            assert_eq!(visible(&visible(text)), shown);
        }
    }

    #[test]
    fn a_line_never_looks_like_another() {
        assert_eq!(
            visible_lines("one\r\ntwo\n2026-01-01T00:00:00Z INFO forged"),
            "one\n    two\n    2026-01-01T00:00:00Z INFO forged"
        );
        assert_eq!(visible_lines("\u{1b}c\n\u{1b}c"), "\\u{1b}c\n    \\u{1b}c");
    }

    fn written(event: &str, form: LineForm) -> String {
        let mut out = Vec::new();
        VisibleLines::new(&mut out, form).write_all(event.as_bytes()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_event_is_one_line() {
        assert_eq!(written("one\ntwo\r\u{1b}[2J\n", LineForm::Text), "one\\ntwo\\r\\u{1b}[2J\n");
        assert_eq!(written("plain\n", LineForm::Text), "plain\n");
        let coloured =
            written("\u{1b}[2m10:00\u{1b}[0m \u{1b}[31mred\u{1b}[2J\u{1b}]8;;x\n", LineForm::Coloured);
        assert_eq!(coloured, "\u{1b}[2m10:00\u{1b}[0m \u{1b}[31mred\\u{1b}[2J\\u{1b}]8;;x\n");
        let json = written("{\"message\":\"a\u{202e}b\u{e0041}\"}\n", LineForm::Json);
        assert_eq!(json, "{\"message\":\"a\\u202eb\\udb40\\udc41\"}\n");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&json).unwrap()["message"],
            "a\u{202e}b\u{e0041}"
        );
    }
}
