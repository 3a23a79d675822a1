//! The figures of a document for programs that count: a workbook, or one CSV.
//!
//! In the workbook each table and chart is a sheet, numbers are numbers, and the first sheet says what the document is
//! and what it does not cover; the last lists what is cited. The CSV has one line for each figure — table, row, column,
//! value — because a file of several tables side by side is read by nobody but people.
//!
//! What sites and plugins wrote never becomes a formula: in CSV such a cell gets an apostrophe before it (OWASP, CSV
//! injection), in a workbook it is written as text.

use std::collections::BTreeSet;

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};

use super::{Block, Cell, Document, Table, Unwritable, said};

/// Characters that a cell of a sheet holds, less a few (the limit is 32,767).
const CELL: usize = 32_000;
/// Characters of a sheet's name.
const NAME: usize = 31;

/// Writes the figures of a document as a workbook.
///
/// # Errors
/// More rows than a sheet holds.
pub fn xlsx(document: &Document) -> Result<Vec<u8>, Unwritable> {
    let mut book = Workbook::new();
    let mut names = BTreeSet::new();
    about(book.add_worksheet(), document)?.set_name(name(&document.lang.t("paper.about"), &mut names))?;
    for table in document.tables() {
        sheet(book.add_worksheet(), &table)?.set_name(name(table.caption.as_str(), &mut names))?;
    }
    if !document.sources.is_empty() {
        let table = sources(document);
        sheet(book.add_worksheet(), &table)?.set_name(name(table.caption.as_str(), &mut names))?;
    }
    Ok(book.save_to_buffer()?)
}

/// What the document is: its title, and its notes line by line.
fn about<'a>(sheet: &'a mut Worksheet, document: &Document) -> Result<&'a mut Worksheet, XlsxError> {
    let (title, words) = (Format::new().set_bold().set_font_size(16), Format::new().set_text_wrap());
    sheet.set_column_width(0, 100)?;
    sheet.write_string_with_format(0, 0, held(document.title.as_str()), &title)?;
    for (row, line) in (1..).zip(remarks(document)) {
        sheet.write_string_with_format(row, 0, held(&line), &words)?;
    }
    Ok(sheet)
}

/// What belongs to the figures in words: the span, who signs, the notes.
fn remarks(document: &Document) -> Vec<String> {
    let mut lines: Vec<String> = document.subtitle.iter().map(ToString::to_string).collect();
    if let Some(head) = &document.head {
        lines.push(format!("{} {} {} {}", head.name, head.number, head.unit, head.date));
    }
    lines.extend(document.blocks.iter().filter_map(|block| match block {
        Block::Summary(runs) | Block::Note(runs) => Some(said(runs)),
        _ => None,
    }));
    lines
}

fn sources(document: &Document) -> Table {
    let lang = document.lang;
    let columns = [
        "source.number",
        "source.site",
        "source.heading",
        "source.address",
        "source.published",
        "source.captured",
        "source.capture",
    ];
    let columns = columns.map(|key| super::Column::new(lang.t(key), 2));
    let row = |(n, source): (u64, &super::Source)| {
        let address = source.url.as_ref().map_or("", |url| url.as_str());
        let published = source.published.clone().unwrap_or_default();
        let words = [
            source.site.clone(),
            source.title.clone(),
            address.into(),
            published,
            source.captured.clone(),
            source.capture.clone(),
        ];
        std::iter::once(Cell::Count(n)).chain(words.into_iter().map(Cell::text)).collect()
    };
    Table {
        caption: lang.t("paper.sources").into(),
        columns: columns.to_vec(),
        rows: (1..).zip(&document.sources).map(row).collect(),
    }
}

fn sheet<'a>(sheet: &'a mut Worksheet, table: &Table) -> Result<&'a mut Worksheet, XlsxError> {
    let head = Format::new().set_bold().set_align(FormatAlign::Center);
    let share = Format::new().set_num_format("0.0%");
    sheet.set_freeze_panes(1, 0)?;
    for (column, of) in (0_u16..).zip(&table.columns) {
        sheet.write_string_with_format(0, column, held(of.name.as_str()), &head)?;
        sheet.set_column_width(column, (f64::from(of.share) * 8.0).clamp(10.0, 60.0))?;
    }
    for (row, cells) in (1_u32..).zip(&table.rows) {
        for (column, cell) in (0_u16..).zip(cells.iter().take(table.columns.len())) {
            match cell {
                Cell::Words(runs) => sheet.write_string(row, column, held(&said(runs)))?,
                #[expect(clippy::cast_precision_loss, reason = "a sheet knows no other numbers")]
                Cell::Count(n) => sheet.write_number(row, column, *n as f64)?,
                Cell::Ratio(of) => sheet.write_number_with_format(row, column, *of, &share)?,
            };
        }
    }
    Ok(sheet)
}

fn held(text: &str) -> String {
    text.chars().take(CELL).collect()
}

/// A name that no other sheet has, without what sheets' names must not hold.
fn name(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let clean: String =
        wanted.chars().filter(|c| !matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'')).collect();
    let fit = |text: &str, room: usize| text.trim().chars().take(room).collect::<String>();
    let plain = fit(if clean.trim().is_empty() { "-" } else { &clean }, NAME);
    let others = (2_u32..).map(|n| format!("{} {n}", fit(&clean, NAME - 5)));
    let free = std::iter::once(plain).chain(others).find(|name| !taken.contains(&name.to_lowercase()));
    let free = free.unwrap_or_default();
    taken.insert(free.to_lowercase());
    free
}

/// Writes the figures of a document as CSV: table, row, column, value; with a byte order mark, because a spreadsheet
/// opens UTF-8 without one as something else (RFC 4180 otherwise). What [`xlsx`] says in words stands first.
#[must_use]
pub fn csv(document: &Document) -> String {
    let lang = document.lang;
    let mut out = csv_head(&["figures.table", "figures.row", "figures.column", "figures.value"].map(|key| lang.t(key)));
    let about = lang.t("paper.about");
    for (n, words) in (1..).zip(std::iter::once(document.title.to_string()).chain(remarks(document))) {
        out.push_str(&csv_line(&[&about, &n.to_string(), "", &words]));
    }
    let sources = (!document.sources.is_empty()).then(|| sources(document));
    for table in document.tables().chain(sources) {
        for row in &table.rows {
            let Some((first, rest)) = row.split_first() else { continue };
            for (column, cell) in table.columns.iter().skip(1).zip(rest) {
                let cells = [table.caption.as_str(), &first.said(), column.name.as_str(), &cell.said()];
                out.push_str(&csv_line(&cells));
            }
        }
    }
    out
}

/// The first line of a CSV, after the byte order mark.
#[must_use]
pub fn csv_head(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names.iter().map(|name| quoted(name.as_ref())).collect();
    format!("\u{feff}{}\r\n", names.join(","))
}

/// One line of a CSV of texts that others wrote.
#[must_use]
pub fn csv_line(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(&harmless(cell.as_ref()))).collect();
    cells.join(",") + "\r\n"
}

/// A text that no spreadsheet takes for a formula; full-width signs are signs there too.
#[must_use]
pub fn harmless(text: &str) -> String {
    let formula = |c: char| matches!(c, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠' | '\t' | '\r' | '\n');
    if text.starts_with(formula) { format!("'{text}") } else { text.to_owned() }
}

/// A cell as RFC 4180 has it.
#[must_use]
pub fn quoted(text: &str) -> String {
    let plain = !text.contains(['"', ',', '\r', '\n']);
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// A moment in the zone of whoever reads it.
pub(crate) fn local(at: Timestamp, zone: &TimeZone) -> jiff::Zoned {
    jiff::Timestamp::from_second(at).unwrap_or_default().to_zoned(zone.clone())
}

/// Days since 1899-12-30 of a moment's local time, which is how a sheet counts (ECMA-376, 18.17.4.1).
#[expect(clippy::cast_precision_loss, reason = "seconds of ten thousand years are exact in f64")]
pub(crate) fn serial(at: Timestamp, zone: &TimeZone) -> f64 {
    let local = local(at, zone);
    (local.timestamp().as_second() + i64::from(local.offset().seconds())) as f64 / 86_400.0 + 25_569.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_is_no_formula() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"] {
            assert!(csv_line(&[hostile, "x"]).starts_with(&format!("'{hostile},")), "{hostile}");
        }
        assert_eq!(harmless("停水=没通知"), "停水=没通知");
        assert_eq!(csv_line(&["a,\"b\"", "c\nd"]), "\"a,\"\"b\"\"\",\"c\nd\"\r\n");
    }

    #[test]
    fn sheets_have_names_that_a_workbook_takes() {
        let mut taken = BTreeSet::new();
        let long = "一".repeat(40);
        assert_eq!(name("a/b:c[1]?", &mut taken), "abc1");
        assert_eq!(name("ABC1", &mut taken), "ABC1 2");
        assert_eq!(name(&long, &mut taken).chars().count(), 31);
        assert_eq!(name(&long, &mut taken), format!("{} 2", "一".repeat(26)));
        assert_eq!(name("???", &mut taken), "-");
    }
}
