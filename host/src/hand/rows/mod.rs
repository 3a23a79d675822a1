//! The rows of a file, one at a time: CSV, XLSX, JSON Lines.
//!
//! A file may be larger than memory and was written by somebody else's program, so nothing here
//! holds more than one row, and every way in which a row can have no end has a bound. A row
//! that cannot be read is told with its number and passed over; what makes the rest of the
//! file unreadable (an unclosed quote, a damaged archive) ends it.

mod sniff;
mod text;
mod xlsx;

pub(crate) use sniff::delimiter;

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::columns::{Columns, Field};
use super::post::Cells;

/// Longest row, in bytes: forty times the longest text that is stored.
pub(super) const LONGEST: u64 = 8 << 20;

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Fields between commas, semicolons or tabs.
    Csv,
    /// A workbook; its first sheet.
    Xlsx,
    /// One JSON object a line.
    Jsonl,
    /// A list of feeds.
    Opml,
}

impl Format {
    /// What the name of a file says about its form.
    #[must_use]
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_lowercase();
        match extension.as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "xlsx" | "xlsm" => Some(Self::Xlsx),
            "jsonl" | "ndjson" | "json" => Some(Self::Jsonl),
            "opml" | "xml" => Some(Self::Opml),
            _ => None,
        }
    }
}

/// A row that is not taken: whoever made the table must correct it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BadRow {
    /// Line of a text file, row of a sheet; from 1.
    pub row: u64,
    /// The column, as messages name it.
    pub column: Option<String>,
    /// What is wrong and what to write.
    pub message: String,
}

/// What is found in a file, in its order.
#[derive(Debug)]
pub enum Item<'a> {
    /// How it is read; before the first row.
    Header {
        /// What the columns mean.
        columns: &'a Columns,
        /// The encoding, the delimiter or the sheet.
        form: String,
    },
    /// A row that means something.
    Row {
        /// Line or row.
        number: u64,
        /// Its cells.
        cells: Cells,
    },
    /// A row that cannot be read.
    Bad(BadRow),
}

/// Why a file cannot be read, or no further.
#[derive(Debug, thiserror::Error)]
pub enum FileFault {
    /// The machine.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// What it holds.
    #[error("{0}")]
    Wrong(String),
}

/// Takes the items of a file until it breaks.
pub type Take<'a> = dyn FnMut(Item<'_>) -> ControlFlow<()> + 'a;

/// Hands every row of a file to `take`; `come` counts the bytes that were read.
///
/// # Errors
/// When the file cannot be read, or no further than the rows that were handed over.
pub fn read(path: &Path, format: Format, come: &Arc<AtomicU64>, take: &mut Take<'_>) -> Result<(), FileFault> {
    match format {
        Format::Csv => text::csv(path, come, take),
        Format::Jsonl => text::jsonl(path, come, take),
        Format::Xlsx => xlsx::xlsx(path, come, take),
        Format::Opml => Err(FileFault::Wrong("a list of feeds has no rows".to_owned())),
    }
}

/// A file that counts what is read of it.
struct Counted {
    file: File,
    come: Arc<AtomicU64>,
}

impl Counted {
    fn open(path: &Path, come: &Arc<AtomicU64>) -> io::Result<Self> {
        let file = File::open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("not a file"));
        }
        come.store(0, Ordering::Relaxed);
        Ok(Self { file, come: Arc::clone(come) })
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.come.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// The cells of a row that mean something; `None` for a row without any text.
fn meant<'a>(columns: &Columns, cells: impl Iterator<Item = (usize, &'a str)>) -> Option<Cells> {
    let mut empty = true;
    let mut meant = Cells::new();
    for (column, text) in cells {
        let text = text.trim();
        empty &= text.is_empty();
        if let Some(field) = columns.field(column).filter(|_| !text.is_empty()) {
            meant.push((field, text.to_owned()));
        }
    }
    (!empty).then_some(meant)
}

/// A row that cannot be read.
fn bad(row: u64, field: Option<Field>, message: impl Into<String>) -> Item<'static> {
    Item::Bad(BadRow { row, column: field.map(Field::name), message: message.into() })
}

#[cfg(test)]
mod tests;
