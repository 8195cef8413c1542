//! Many items at once: collected one by one, checked as they come, written together.

use jsonschema::Validator;

use super::new_item::validator;
use crate::domain::{NewItem, WorkQueue};
use crate::error::{Error, ErrorKind, Result};
use crate::id::WorkItemId;
use crate::package::inputs::check::check_value;
use crate::store::PackedItem;

/// The most items of one import.
pub const MAX_IMPORT_ITEMS: usize = 100_000;
/// The most that the payloads of one import take as JSON, in bytes.
pub const MAX_IMPORT_BYTES: usize = 64 * 1024 * 1024;
/// The most rejected lines that are told one by one.
const MAX_TOLD: usize = 1_000;

/// A line that became no item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Which line, from 1.
    pub line: u64,
    /// What is wrong with it; never its content.
    pub message: String,
}

/// Items that are to be added together.
pub struct Import {
    pub(crate) queue: WorkQueue,
    validator: Option<Validator>,
    /// Whether lines that are wrong are left out, rather than refusing all.
    pub(crate) skip: bool,
    pub(crate) items: Vec<PackedItem>,
    /// The line of each item.
    lines: Vec<u64>,
    bytes: usize,
    rejected: Vec<Rejected>,
    rejected_count: u64,
}

impl std::fmt::Debug for Import {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Import")
            .field("queue", &self.queue.id)
            .field("items", &self.items.len())
            .finish_non_exhaustive()
    }
}

impl Import {
    /// Nothing yet, for this queue. With `skip`, what is wrong is left out and told.
    ///
    /// # Errors
    /// `Internal` if the schema of the queue can't be used.
    pub fn new(queue: WorkQueue, skip: bool) -> Result<Self> {
        let validator = validator(&queue)?;
        Ok(Self {
            queue,
            validator,
            skip,
            items: Vec::new(),
            lines: Vec::new(),
            bytes: 0,
            rejected: Vec::new(),
            rejected_count: 0,
        })
    }

    /// Takes what a line holds, or why it can't be read.
    ///
    /// # Errors
    /// `Invalid` with the number of the line, unless wrong lines are left out; `QuotaExceeded` if there is more than
    /// one import may hold.
    pub fn push(&mut self, line: u64, item: Result<NewItem>) -> Result<()> {
        if self.items.len() >= MAX_IMPORT_ITEMS || self.bytes > MAX_IMPORT_BYTES {
            let message = format!(
                "one import takes at most {MAX_IMPORT_ITEMS} items and {MAX_IMPORT_BYTES} bytes of payloads; \
                 split it"
            );
            return Err(Error::new(ErrorKind::QuotaExceeded, "workItem.import", message));
        }
        match item.and_then(|item| self.packed(item)) {
            Ok(packed) => {
                self.bytes += packed.payload.len();
                self.items.push(packed);
                self.lines.push(line);
                Ok(())
            }
            Err(error) if self.skip && error.kind() == ErrorKind::Invalid => {
                self.reject(line, told(&error));
                Ok(())
            }
            Err(error) if error.kind() == ErrorKind::Invalid => {
                Err(Error::invalid_field(format!("line {line}"), told(&error)))
            }
            Err(error) => Err(error),
        }
    }

    fn packed(&self, item: NewItem) -> Result<PackedItem> {
        item.validate()?;
        if !item.files.is_empty() {
            return Err(Error::invalid_field("files", "are not taken here; add such an item by itself"));
        }
        if let Some(validator) = &self.validator {
            check_value("payload", validator, &item.payload)?;
        }
        Ok(PackedItem {
            id: WorkItemId::new(),
            payload: item.payload.to_string(),
            reference: item.reference,
            priority: item.priority,
            due_at: item.due_at,
            defer_until: item.defer_until,
        })
    }

    pub(crate) fn reject(&mut self, line: u64, message: String) {
        self.rejected_count += 1;
        if self.rejected.len() < MAX_TOLD {
            self.rejected.push(Rejected { line, message });
        }
    }

    /// The line of an item by its position.
    pub(crate) fn line_of(&self, position: usize) -> u64 {
        self.lines.get(position).copied().unwrap_or_default()
    }

    /// How many lines became no item, and the first of them by line.
    pub(crate) fn into_rejected(mut self) -> (u64, Vec<Rejected>) {
        self.rejected.sort_by_key(|rejected| rejected.line);
        (self.rejected_count, self.rejected)
    }

    pub(crate) fn rejected_count(&self) -> u64 {
        self.rejected_count
    }
}

fn told(error: &Error) -> String {
    match error.field() {
        Some(field) => format!("{field} {}", error.message()),
        None => error.message().to_owned(),
    }
}
