//! Comma-separated values as in RFC 4180, a line at a time.

use openautomate_core::domain::NewItem;
use openautomate_core::error::{Error, Result};
use serde_json::{Map, Value};

/// The most columns of a file, and the longest row that goes over several lines.
const MAX_COLUMNS: usize = 500;
const MAX_ROW: usize = 1024 * 1024;

fn wrong(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::invalid("workItem.line", message)
}

/// Puts rows together whose quoted fields go over several lines.
#[derive(Debug, Default)]
pub(super) struct CsvReader {
    /// The lines of a row that is not over, and the number of the first.
    open: Option<(u64, Vec<u8>)>,
}

impl CsvReader {
    /// Takes a line without its end; gives the row that is over with it, and the number of its first line. Empty lines
    /// are passed over.
    pub(super) fn take(&mut self, number: u64, line: &[u8]) -> Option<(u64, Result<Vec<String>>)> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = if number == 1 { line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line) } else { line };
        let (first, row) = match self.open.take() {
            Some((first, mut row)) => {
                row.push(b'\n');
                row.extend_from_slice(line);
                (first, row)
            }
            None if line.is_empty() => return None,
            None => (number, line.to_vec()),
        };
        if row.len() > MAX_ROW {
            return Some((first, Err(wrong("is longer than a row may be; is a quotation mark missing?"))));
        }
        // Quotation marks within fields are doubled, so an odd number of them leaves one open.
        if row.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
            self.open = Some((first, row));
            return None;
        }
        Some((first, fields(&row)))
    }

    /// There are no more lines.
    pub(super) fn end(&mut self) -> Option<(u64, Result<Vec<String>>)> {
        let (first, _) = self.open.take()?;
        Some((first, Err(wrong("has a quotation mark that is never closed"))))
    }
}

fn fields(row: &[u8]) -> Result<Vec<String>> {
    let text = std::str::from_utf8(row).map_err(|_| wrong("is no UTF-8; save the file as UTF-8"))?;
    let (mut fields, mut rest) = (Vec::new(), text);
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        fields.push(field);
        if fields.len() > MAX_COLUMNS {
            return Err(wrong(format!("has more than {MAX_COLUMNS} columns")));
        }
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return Err(wrong("has text behind a closing quotation mark")),
        }
    }
}

/// A field whose opening quotation mark was taken, and what follows it.
fn quoted_field(quoted: &str) -> Result<(String, &str)> {
    let (mut field, mut rest) = (String::new(), quoted);
    loop {
        let end = rest.find('"').ok_or_else(|| wrong("has a quotation mark that is never closed"))?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return Ok((field, rest)),
        }
    }
}

/// What the columns of a file mean.
#[derive(Debug)]
pub(super) struct Columns {
    names: Vec<String>,
    reference: Option<usize>,
}

const OWN: [&str; 4] = ["@reference", "@priority", "@dueAt", "@deferUntil"];

impl Columns {
    /// The columns of a header.
    ///
    /// # Errors
    /// `Invalid` if a name is empty, there twice, or begins with `@` and is not known.
    pub(super) fn new(names: Vec<String>, reference_column: Option<&str>) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(|name| name.trim().to_owned()).collect();
        let mut seen = std::collections::HashSet::new();
        for name in &names {
            if name.is_empty() {
                return Err(wrong("has a column without a name"));
            }
            if name.starts_with('@') && !OWN.contains(&name.as_str()) {
                return Err(wrong(format!("has an unknown column; those with @ are {}", OWN.join(", "))));
            }
            if !seen.insert(name.as_str()) {
                return Err(wrong("has the same column twice"));
            }
        }
        let wanted = reference_column.unwrap_or("@reference");
        let reference = names.iter().position(|name| name == wanted);
        if reference_column.is_some() && reference.is_none() {
            return Err(wrong("has no column of the name that referenceColumn gives"));
        }
        Ok(Self { names, reference })
    }

    /// The item of a row.
    ///
    /// # Errors
    /// `Invalid`, naming the column, never its content.
    pub(super) fn item(&self, row: Vec<String>) -> Result<NewItem> {
        if row.len() != self.names.len() {
            let (has, needs) = (row.len(), self.names.len());
            return Err(wrong(format!("has {has} fields; the header has {needs}")));
        }
        let mut item = NewItem::default();
        let mut payload = Map::new();
        for (position, (name, value)) in self.names.iter().zip(row).enumerate() {
            if self.reference == Some(position) && !value.is_empty() {
                item.reference = Some(value.clone());
            }
            let is_there = !value.is_empty();
            match name.as_str() {
                "@reference" => {}
                "@priority" if is_there => {
                    item.priority = value
                        .trim()
                        .parse()
                        .map_err(|_| Error::invalid_field("@priority", "is no number"))?;
                }
                "@dueAt" if is_there => item.due_at = Some(instant("@dueAt", &value)?),
                "@deferUntil" if is_there => item.defer_until = Some(instant("@deferUntil", &value)?),
                name if name.starts_with('@') => {}
                name => {
                    payload.insert(name.to_owned(), Value::from(value));
                }
            }
        }
        item.payload = Value::Object(payload);
        Ok(item)
    }
}

fn instant(field: &'static str, text: &str) -> Result<chrono::DateTime<chrono::Utc>> {
    text.trim().parse().map_err(|_| {
        Error::invalid_field(
            field,
            "is no time as in 2026-01-31T12:00:00Z (RFC 3339); leave it empty for none",
        )
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows(text: &str) -> Vec<(u64, Result<Vec<String>>)> {
        let mut reader = CsvReader::default();
        let lines = text.split('\n').zip(1..);
        let mut rows: Vec<_> =
            lines.filter_map(|(line, number)| reader.take(number, line.as_bytes())).collect();
        rows.extend(reader.end());
        rows
    }

    fn good(text: &str) -> Vec<(u64, Vec<String>)> {
        rows(text).into_iter().map(|(line, row)| (line, row.unwrap())).collect()
    }

    #[test]
    fn quotes_commas_and_lines() {
        let text = "\u{feff}a,b\r\n\"x, \"\"y\"\"\",\r\n\r\n\"two\nlines\",z\r\n";
        let expected = [
            (1, vec!["a".to_owned(), "b".to_owned()]),
            (2, vec!["x, \"y\"".to_owned(), String::new()]),
            (4, vec!["two\nlines".to_owned(), "z".to_owned()]),
        ];
        assert_eq!(good(text), expected);
    }

    #[test]
    fn what_is_broken_is_told_by_its_line() {
        for (text, line) in [("a\n\"b", 2), ("a\nb\n\"c\"d\"\"", 3)] {
            let last = rows(text).pop().unwrap();
            assert_eq!(last.0, line);
            assert!(last.1.is_err(), "{text}");
        }
    }

    #[test]
    fn columns_are_payload_or_the_items_own() {
        let names = ["number", "total", "@priority", "@dueAt"].map(str::to_owned).to_vec();
        let columns = Columns::new(names, Some("number")).unwrap();
        let row = ["R-7", "1.50", "3", "2026-01-31T12:00:00Z"].map(str::to_owned).to_vec();
        let item = columns.item(row).unwrap();
        assert_eq!(item.payload, json!({"number": "R-7", "total": "1.50"}));
        assert_eq!((item.reference.as_deref(), item.priority), (Some("R-7"), 3));
        assert!(item.due_at.is_some());
        let bad = ["R-7", "1", "high", ""].map(str::to_owned).to_vec();
        assert_eq!(columns.item(bad).unwrap_err().field(), Some("@priority"));
        assert!(columns.item(vec!["R-7".to_owned()]).is_err());
        for names in [&["a", "a"][..], &["a", ""], &["@color"]] {
            assert!(Columns::new(names.iter().map(ToString::to_string).collect(), None).is_err());
        }
        assert!(Columns::new(vec!["a".to_owned()], Some("b")).is_err());
    }
}
