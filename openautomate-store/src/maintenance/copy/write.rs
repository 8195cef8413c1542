//! Rows into a table of the other database, many in one statement.

use serde_json::Value as Json;

use super::super::connection::{Connection, Values};
use super::super::value::{Kind, Value};
use super::table::{DERIVED, Table};
use crate::error::Result;

/// What one statement carries at most: rows, bytes, and parameters (SQLite takes 32,766).
const MAX_ROWS: usize = 500;
const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_PARAMETERS: usize = 30_000;

/// Rows that wait to be written.
pub(super) struct Writer<'t> {
    table: &'t Table,
    has_message: bool,
    rows: Vec<Values>,
    bytes: usize,
}

impl<'t> Writer<'t> {
    pub(super) fn new(table: &'t Table, target: &Connection) -> Self {
        let has_message = table.name == DERIVED.0 && target.is_postgres();
        Self { table, has_message, rows: Vec::new(), bytes: 0 }
    }

    /// Takes a row, and writes those that wait if they are many.
    pub(super) async fn push(&mut self, row: Values, target: &mut Connection) -> Result<()> {
        self.bytes += row.iter().map(Value::bytes).sum::<usize>();
        self.rows.push(row);
        let is_full = self.rows.len() >= MAX_ROWS
            || self.bytes >= MAX_BYTES
            || (self.rows.len() + 1) * self.width() > MAX_PARAMETERS;
        if is_full { self.flush(target).await } else { Ok(()) }
    }

    /// Writes what waits.
    pub(super) async fn flush(&mut self, target: &mut Connection) -> Result<()> {
        self.bytes = 0;
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() {
            return Ok(());
        }
        let statement = self.statement(rows.len());
        let mut values = Vec::with_capacity(rows.len() * self.width());
        for row in rows {
            let message = if self.has_message { Some(self.message(&row)) } else { None };
            values.extend(self.table.columns.iter().map(|(_, kind)| *kind).zip(row));
            values.extend(message.map(|message| (Kind::Text, message)));
        }
        target.run(statement, values).await
    }

    fn width(&self) -> usize {
        self.table.columns.len() + usize::from(self.has_message)
    }

    fn statement(&self, rows: usize) -> String {
        let mut columns: Vec<_> = self.table.columns.iter().map(|(name, _)| *name).collect();
        columns.extend(self.has_message.then_some(DERIVED.1));
        let width = columns.len();
        let groups: Vec<_> = (0..rows)
            .map(|row| {
                let group: Vec<_> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
                format!("({})", group.join(", "))
            })
            .collect();
        format!("INSERT INTO {} ({}) VALUES {}", self.table.name, columns.join(", "), groups.join(", "))
    }

    /// The message in a row's error as JSON, as the adapter of PostgreSQL writes it.
    fn message(&self, row: &[Value]) -> Value {
        let index = self.table.columns.iter().position(|(name, _)| *name == "error");
        let error = index.and_then(|index| row.get(index));
        let Some(Value::Text(error)) = error else { return Value::Null };
        let parsed: Option<Json> = serde_json::from_str(error).ok();
        parsed.and_then(|error| error.get("message").map(Json::to_string)).map_or(Value::Null, Value::Text)
    }
}
