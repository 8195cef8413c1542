//! Rows whose columns are known only when they come.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use diesel::backend::Backend;
use diesel::row::{Field, NamedRow};
use uuid::Uuid;

use crate::driver::{BoxError, Row};

/// A row that was found.
pub struct Found {
    names: Arc<[String]>,
    cells: Vec<Cell>,
}

/// What stands in a column.
pub(super) enum Cell {
    Null,
    Bool(bool),
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
    Uuid(Uuid),
    Json(serde_json::Value),
    /// Something that no statement of ours reads.
    Other,
}

thread_local! {
    /// The names of the row that was read last: the next one is of the same statement, nearly always.
    static NAMES: RefCell<Arc<[String]>> = RefCell::new(Arc::new([]));
}

impl Found {
    /// Reads a row, whose values `cell` reads.
    pub(super) fn read<'a, DB: Backend, R: NamedRow<'a, DB>>(
        row: &R,
        cell: impl Fn(DB::RawValue<'_>) -> diesel::deserialize::Result<Cell>,
    ) -> diesel::deserialize::Result<Self> {
        let count = row.field_count();
        let mut cells = Vec::with_capacity(count);
        let last = NAMES.with_borrow(Arc::clone);
        let mut is_same = last.len() == count;
        for index in 0..count {
            let field = diesel::row::Row::get(row, index).ok_or("a row ends before its last column")?;
            is_same = is_same && field.field_name() == last.get(index).map(String::as_str);
            cells.push(field.value().map_or(Ok(Cell::Null), &cell)?);
        }
        if is_same {
            return Ok(Self { names: last, cells });
        }
        let name = |index| {
            let field = diesel::row::Row::get(row, index)?;
            Some(field.field_name().unwrap_or_default().to_owned())
        };
        let names: Arc<[String]> = (0..count).filter_map(name).collect();
        NAMES.with_borrow_mut(|last| last.clone_from(&names));
        Ok(Self { names, cells })
    }

    fn cell(&self, column: &str) -> Result<&Cell, BoxError> {
        let place = self.names.iter().position(|name| name == column);
        place.and_then(|place| self.cells.get(place)).ok_or_else(|| format!("no column {column}").into())
    }
}

/// Its columns may hold secrets.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Found").finish_non_exhaustive()
    }
}

fn another<T>(column: &str) -> Result<T, BoxError> {
    Err(format!("the column {column} is of another type").into())
}

impl Row for Found {
    fn bool(&self, column: &str) -> Result<Option<bool>, BoxError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Bool(value) => Ok(Some(*value)),
            // SQLite's.
            Cell::Integer(value) => Ok(Some(*value != 0)),
            _ => another(column),
        }
    }

    fn int(&self, column: &str) -> Result<Option<i32>, BoxError> {
        Ok(self.big_int(column)?.map(i32::try_from).transpose()?)
    }

    fn big_int(&self, column: &str) -> Result<Option<i64>, BoxError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Integer(value) => Ok(Some(*value)),
            _ => another(column),
        }
    }

    fn text(&self, column: &str) -> Result<Option<&str>, BoxError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Text(value) => Ok(Some(value)),
            _ => another(column),
        }
    }

    fn bytes(&self, column: &str) -> Result<Option<&[u8]>, BoxError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Bytes(value) => Ok(Some(value)),
            _ => another(column),
        }
    }

    fn uuid(&self, column: &str) -> Result<Option<Uuid>, BoxError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Uuid(value) => Ok(Some(*value)),
            // SQLite's.
            Cell::Bytes(value) => Ok(Some(Uuid::from_slice(value)?)),
            _ => another(column),
        }
    }

    fn jsonb(&self, column: &str) -> Result<Option<serde_json::Value>, BoxError> {
        match self.cell(column)? {
            Cell::Null => Ok(None),
            Cell::Json(value) => Ok(Some(value.clone())),
            // SQLite's.
            Cell::Text(value) => Ok(Some(serde_json::from_str(value)?)),
            _ => another(column),
        }
    }
}
