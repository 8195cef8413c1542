//! Days without work out of a CSV file: `date,name,yearly`.

use chrono::NaiveDate;

use super::icalendar::MAX_CALENDAR_FILE_BYTES;
use super::working_days::DayOff;
use crate::error::{Error, Result};

/// Reads one day a line: the date as in `2026-12-25`, then, where there are, its name, and `yearly` if it comes every
/// year. The first line may be a heading that begins with `date`.
///
/// # Errors
/// `Invalid` for the field `csv`; the message names the line.
pub fn read_calendar_csv(text: &str) -> Result<Vec<DayOff>> {
    if text.len() > MAX_CALENDAR_FILE_BYTES {
        return Err(Error::invalid_field("csv", format!("is longer than {MAX_CALENDAR_FILE_BYTES} bytes")));
    }
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut days = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = record.map_err(|error| {
            let place = error.position().cloned();
            wrong(text, place.as_ref(), "is no line of CSV").with_source(error)
        })?;
        let wrong = |what| wrong(text, record.position(), what);
        let cell = |place| record.get(place).unwrap_or_default();
        if index == 0 && cell(0).eq_ignore_ascii_case("date") {
            continue;
        }
        let date = NaiveDate::parse_from_str(cell(0), "%Y-%m-%d");
        let date =
            date.map_err(|error| wrong("does not begin with a date as in 2026-12-25").with_source(error))?;
        let yearly = match cell(2).to_ascii_lowercase().as_str() {
            "yearly" => true,
            "" => false,
            _ => return Err(wrong("has something else than `yearly` in its third column")),
        };
        if record.len() > 3 {
            return Err(wrong("has more than three columns: date, name, yearly"));
        }
        days.push(DayOff { date, name: cell(1).to_owned(), yearly, until: None });
    }
    Ok(days)
}

fn wrong(text: &str, place: Option<&csv::Position>, what: &str) -> Error {
    // The reader counts a record from the empty lines before it on.
    let byte = place.and_then(|place| usize::try_from(place.byte()).ok()).unwrap_or_default();
    let (before, rest) = text.split_at_checked(byte).unwrap_or((text, ""));
    let empty = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    let lines = |text: &str| text.matches('\n').count();
    let line = 1 + lines(before) + lines(rest.get(..empty).unwrap_or_default());
    Error::invalid_field("csv", format!("line {line} {what}"))
}
