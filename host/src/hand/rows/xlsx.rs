//! Workbooks: the first sheet of an XLSX file.
//!
//! A workbook is a ZIP archive, and what an archive says about its own sizes may be a lie. So every part is
//! unpacked once into nothing, up to a bound, before anything reads it for its content: a
//! bomb costs its bound in time and nothing in memory. Cells are then read as they come;
//! only the shared strings are held, which the same bound covers.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use calamine::{DataRef, Reader as _, Xlsx, XlsxError};
use zip::ZipArchive;

use super::{Counted, FileFault, Item, Take, bad, meant};
use crate::hand::columns::{Columns, MOST};

/// Bytes that a workbook may unpack to, all its parts together.
const UNPACKED: u64 = 512 << 20;
/// Of these, its strings, which are held in memory.
const STRINGS: u64 = 128 << 20;
/// Parts of a workbook; one of many sheets and pictures has hundreds.
const PARTS: usize = 10_000;

fn damaged(error: impl std::fmt::Display) -> FileFault {
    FileFault::Wrong(format!("not a workbook, or a damaged one: {error}: save it anew as XLSX, or as CSV in UTF-8"))
}

/// Unpacks everything into nothing, and refuses what does not end.
fn weigh(path: &Path) -> Result<(), FileFault> {
    let mut archive = ZipArchive::new(BufReader::new(File::open(path)?)).map_err(damaged)?;
    if archive.len() > PARTS {
        return Err(FileFault::Wrong(format!("a workbook of more than {PARTS} parts: save the sheet alone")));
    }
    let mut left = UNPACKED;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(damaged)?;
        let strings = part.name().is_ok_and(|name| name.ends_with("sharedStrings.xml"));
        let bound = if strings { STRINGS.min(left) } else { left };
        let unpacked = io::copy(&mut part.take(bound + 1), &mut io::sink()).map_err(damaged)?;
        if unpacked > bound {
            let mib = bound >> 20;
            return Err(FileFault::Wrong(format!("unpacks to more than {mib} MiB: split it, or save it as CSV")));
        }
        left -= unpacked;
    }
    Ok(())
}

/// One row while its cells come.
#[derive(Default)]
struct Gathered {
    cells: Vec<(usize, String)>,
    /// A column whose formula has no stored value, and one whose value is an error.
    hollow: Option<usize>,
    error: Option<usize>,
    wide: bool,
}

pub(super) fn xlsx(path: &Path, come: &Arc<AtomicU64>, take: &mut Take<'_>) -> Result<(), FileFault> {
    drop(Counted::open(path, come)?);
    weigh(path)?;
    let size = std::fs::metadata(path)?.len();
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(File::open(path)?)).map_err(|error: XlsxError| damaged(error))?;
    let name = book.sheet_names().into_iter().next().ok_or_else(|| damaged("it has no sheet"))?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(damaged)?;
    let (mut sheet, mut row, mut at) = (Sheet { name: name.clone(), columns: None }, Gathered::default(), 0);
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(damaged)? {
        let (line, column) = cell.pos;
        if line != at {
            if sheet.row(at, std::mem::take(&mut row), take)? {
                return Ok(());
            }
            at = line;
        }
        row.add(column as usize, &cell.value, cell.formula.is_some());
    }
    sheet.row(at, row, take)?;
    come.store(size, Ordering::Relaxed);
    match sheet.columns {
        None => {
            Err(FileFault::Wrong(format!("sheet {name:?} is empty: write the names of the columns into its first row")))
        }
        Some(_) => Ok(()),
    }
}

impl Gathered {
    fn add(&mut self, column: usize, value: &DataRef<'_>, formula: bool) {
        if column >= MOST {
            self.wide |= !matches!(value, DataRef::Empty);
            return;
        }
        let text = match value {
            DataRef::Empty => {
                if formula {
                    self.hollow.get_or_insert(column);
                }
                return;
            }
            DataRef::Error(_) => {
                self.error.get_or_insert(column);
                return;
            }
            DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
            DataRef::SharedString(text) => (*text).to_owned(),
            DataRef::Int(number) => number.to_string(),
            DataRef::Float(number) => number.to_string(),
            DataRef::Bool(flag) => flag.to_string(),
            DataRef::DateTime(moment) => {
                let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
                if (hour, minute, second) == (0, 0, 0) {
                    format!("{year:04}-{month:02}-{day:02}")
                } else {
                    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
                }
            }
        };
        self.cells.push((column, text));
    }
}

/// A sheet while its rows come.
struct Sheet {
    name: String,
    columns: Option<Columns>,
}

impl Sheet {
    /// Hands a row over; `true` when no more are wanted.
    fn row(&mut self, at: u32, row: Gathered, take: &mut Take<'_>) -> Result<bool, FileFault> {
        let number = u64::from(at) + 1;
        let item = match &self.columns {
            None if row.cells.is_empty() => return Ok(false),
            None => {
                if row.wide {
                    return Err(FileFault::Wrong(format!("row {number}: more than {MOST} columns")));
                }
                let last = row.cells.iter().map(|(column, _)| column + 1).max().unwrap_or_default();
                let mut names = vec![String::new(); last];
                for (column, name) in row.cells {
                    names[column] = name;
                }
                let known = Columns::of(&names).map_err(|what| FileFault::Wrong(format!("row {number}: {what}")))?;
                Item::Header { columns: self.columns.insert(known), form: format!("sheet {:?}", self.name) }
            }
            Some(columns) => {
                let field = |column: Option<usize>| column.and_then(|column| columns.field(column));
                if let Some(field) = field(row.hollow) {
                    let what = "a formula without a stored value: open the file in a spreadsheet program and save it";
                    bad(number, Some(field), what)
                } else if let Some(field) = field(row.error) {
                    bad(number, Some(field), "an error such as #REF!: write the value")
                } else {
                    match meant(columns, row.cells.iter().map(|(column, text)| (*column, text.as_str()))) {
                        Some(cells) => Item::Row { number, cells },
                        None => return Ok(false),
                    }
                }
            }
        };
        Ok(take(item).is_break())
    }
}
