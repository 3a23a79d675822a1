//! CSV and JSON Lines.

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use encoding_rs::{Encoding, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;
use serde_json::Value;

use super::{Counted, FileFault, Item, LONGEST, Take, bad, meant, sniff};
use crate::hand::columns::{self, Columns, Field};
use crate::hand::post::Cells;

/// A text file as UTF-8, whatever it is in.
fn decoded(path: &Path, encoding: &'static Encoding, come: &Arc<AtomicU64>) -> io::Result<impl Read> {
    let mut builder = DecodeReaderBytesBuilder::new();
    builder.encoding(Some(encoding)).bom_override(true).strip_bom(true);
    Ok(builder.build(Counted::open(path, come)?))
}

/// What ends a row that has no end.
const ENDLESS: &str = "longer than 8 MiB: is a quotation mark not closed?";

/// Ends with an error when too much was read since the last row.
struct Limited<R> {
    inner: R,
    since: Rc<Cell<u64>>,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since.get() > LONGEST {
            return Err(io::Error::other(ENDLESS));
        }
        let read = self.inner.read(buffer)?;
        self.since.set(self.since.get() + read as u64);
        Ok(read)
    }
}

/// The first line with text in it, as far as it is needed to see the delimiter.
fn first_line(path: &Path, encoding: &'static Encoding) -> io::Result<String> {
    let mut head = Vec::new();
    decoded(path, encoding, &Arc::new(AtomicU64::new(0)))?.take(64 << 10).read_to_end(&mut head)?;
    let head = String::from_utf8_lossy(&head);
    Ok(head.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned())
}

pub(super) fn csv(path: &Path, come: &Arc<AtomicU64>, take: &mut Take<'_>) -> Result<(), FileFault> {
    let encoding = sniff::encoding(path)?;
    let delimiter = sniff::delimiter(&first_line(path, encoding)?);
    let since = Rc::new(Cell::new(0));
    let limited = Limited { inner: decoded(path, encoding, come)?, since: Rc::clone(&since) };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(limited);
    let mut record = csv::ByteRecord::new();
    let mut columns: Option<Columns> = None;
    loop {
        since.set(0);
        let line = reader.position().line();
        match reader.read_byte_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Err(FileFault::Wrong(format!("line {line}: {error}"))),
        }
        let number = record.position().map_or(line, csv::Position::line);
        let cells: Vec<_> = record.iter().take(columns::MOST + 1).map(String::from_utf8_lossy).collect();
        let item = match &columns {
            None if cells.iter().all(|cell| cell.trim().is_empty()) => continue,
            None => {
                let known = Columns::of(&cells).map_err(|what| FileFault::Wrong(format!("line {number}: {what}")))?;
                let columns = columns.insert(known);
                let between = match delimiter {
                    b'\t' => "tabs",
                    b';' => "semicolons",
                    _ => "commas",
                };
                Item::Header { columns, form: format!("{}, fields between {between}", encoding.name()) }
            }
            Some(columns) if record.len() > columns.count() => {
                let what = format!(
                    "{} cells, the first row has {}: put text that holds the delimiter in quotation marks",
                    record.len(),
                    columns.count()
                );
                bad(number, None, what)
            }
            Some(columns) => match meant(columns, cells.iter().map(AsRef::as_ref).enumerate()) {
                Some(cells) => Item::Row { number, cells },
                None => continue,
            },
        };
        if take(item).is_break() {
            return Ok(());
        }
    }
    match columns {
        None => Err(FileFault::Wrong("empty: write the names of the columns into the first row".to_owned())),
        Some(_) => Ok(()),
    }
}

/// A line of a file, as far as it can be held.
enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads one line into `line`, of which no more than [`LONGEST`] bytes are kept.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let (mut long, mut any) = (false, false);
    loop {
        let buffer = reader.fill_buf()?;
        if buffer.is_empty() {
            return Ok(if long {
                Line::TooLong
            } else if any {
                Line::Whole
            } else {
                Line::End
            });
        }
        any = true;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let part = &buffer[..end.unwrap_or(buffer.len())];
        if (line.len() + part.len()) as u64 > LONGEST {
            long = true;
        } else if !long {
            line.extend_from_slice(part);
        }
        let used = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            return Ok(if long { Line::TooLong } else { Line::Whole });
        }
    }
}

pub(super) fn jsonl(path: &Path, come: &Arc<AtomicU64>, take: &mut Take<'_>) -> Result<(), FileFault> {
    let mut reader = BufReader::with_capacity(64 << 10, decoded(path, UTF_8, come)?);
    let mut line = Vec::new();
    let (mut number, mut told) = (0, false);
    loop {
        number += 1;
        let item = match next_line(&mut reader, &mut line)? {
            Line::End => break,
            Line::TooLong => bad(number, None, "longer than 8 MiB: write one object a line"),
            Line::Whole if line.trim_ascii().is_empty() => continue,
            Line::Whole => match serde_json::from_slice::<Value>(&line) {
                Ok(Value::Object(object)) => {
                    if !told {
                        let keys: Vec<&str> = object.keys().map(String::as_str).collect();
                        let columns =
                            Columns::of(&keys).map_err(|what| FileFault::Wrong(format!("line {number}: {what}")))?;
                        told = true;
                        let form = "JSON Lines, keys of the first line".to_owned();
                        if take(Item::Header { columns: &columns, form }).is_break() {
                            return Ok(());
                        }
                    }
                    Item::Row { number, cells: object_cells(object) }
                }
                Ok(_) => bad(number, None, "not an object: write {\"title\": \"…\", \"text\": \"…\"}"),
                Err(error) => bad(number, None, format!("not JSON: {error}")),
            },
        };
        if take(item).is_break() {
            return Ok(());
        }
    }
    if told { Ok(()) } else { Err(FileFault::Wrong("no line is a JSON object".to_owned())) }
}

/// The keys of an object that mean something, each field once; of what is nested only a `name`.
fn object_cells(object: serde_json::Map<String, Value>) -> Cells {
    let mut cells = Cells::new();
    let mut put = |key: &str, value: Value| {
        let Some(field) = Field::of(key) else { return };
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Object(mut nested) => match nested.remove("name") {
                Some(Value::String(name)) => name,
                _ => return,
            },
            Value::Null | Value::Array(_) => return,
        };
        if !text.trim().is_empty() && !cells.iter().any(|(known, _)| *known == field) {
            cells.push((field, text));
        }
    };
    for (key, value) in object {
        match value {
            // As `caifeng posts --json` writes it.
            Value::Object(nested) if key == "reactions" => {
                for (key, value) in nested {
                    put(&key, value);
                }
            }
            value => put(&key, value),
        }
    }
    cells
}
