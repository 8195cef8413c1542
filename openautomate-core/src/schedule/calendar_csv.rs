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
            let line = error.position().map_or(0, csv::Position::line);
            wrong(line, "is no line of CSV").with_source(error)
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |place| record.get(place).unwrap_or_default();
        if index == 0 && cell(0).eq_ignore_ascii_case("date") {
            continue;
        }
        let date = NaiveDate::parse_from_str(cell(0), "%Y-%m-%d");
        let date = date
            .map_err(|error| wrong(line, "does not begin with a date as in 2026-12-25").with_source(error))?;
        let yearly = match cell(2).to_ascii_lowercase().as_str() {
            "yearly" => true,
            "" => false,
            _ => return Err(wrong(line, "has something else than `yearly` in its third column")),
        };
        if record.len() > 3 {
            return Err(wrong(line, "has more than three columns: date, name, yearly"));
        }
        days.push(DayOff { date, name: cell(1).to_owned(), yearly, until: None });
    }
    Ok(days)
}

fn wrong(line: u64, what: &str) -> Error {
    Error::invalid_field("csv", format!("line {line} {what}"))
}
