//! The monitoring record (监测记录, P6) for other programs: CSV and XLSX.
//!
//! What sites and plugins wrote never becomes a formula: [`crate::document::sheet`].

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::document::sheet::{csv_head as head, harmless, local, quoted, serial};
use crate::lang::Lang;
use crate::watch::Sweep;

/// A sweep with what was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The sweep.
    pub sweep: Sweep,
    /// The source plugin.
    pub plugin: String,
    /// The target's text.
    pub target: String,
}

/// Catalogue keys of the columns.
pub const COLUMNS: [&str; 18] = [
    "record.number",
    "record.watch",
    "record.plugin",
    "record.target",
    "record.started",
    "record.ended",
    "record.requests",
    "record.bytes",
    "record.pages",
    "record.seen",
    "record.new",
    "record.changed",
    "record.matched",
    "record.skipped",
    "record.unasked",
    "record.failed",
    "record.kinds",
    "record.detail",
];

/// Entries that one workbook holds, the newest: what a sheet can hold, without its head.
pub const SHEET: usize = 1_048_575;

enum Cell {
    Text(String),
    Number(u64),
    Moment(Option<Timestamp>),
}

fn cells(entry: &Entry) -> [Cell; COLUMNS.len()] {
    use Cell::{Moment, Number, Text};
    let Entry { sweep, plugin, target } = entry;
    let tally = &sweep.tally;
    [
        Number(sweep.id.unsigned_abs()),
        Text(sweep.watch.clone()),
        Text(plugin.clone()),
        Text(target.clone()),
        Moment(Some(sweep.started)),
        Moment(sweep.ended),
        Number(tally.requests),
        Number(tally.bytes),
        Number(tally.pages),
        Number(tally.seen),
        Number(tally.new),
        Number(tally.changed),
        Number(tally.matched),
        Number(tally.skipped),
        Number(tally.unasked),
        Number(tally.failures.len() as u64),
        Text(kinds(sweep)),
        Text(tally.failures.first().map_or_else(String::new, |failure| failure.detail.clone())),
    ]
}

/// The failures of a sweep by kind, such as `network 2, blocked 1`.
#[must_use]
pub fn kinds(sweep: &Sweep) -> String {
    let kinds = sweep.tally.by_kind().into_iter();
    kinds.map(|(kind, n)| format!("{} {n}", kind.as_str())).collect::<Vec<_>>().join(", ")
}

/// The first line of a CSV, after the byte order mark.
#[must_use]
pub fn csv_head(lang: Lang) -> String {
    head(&COLUMNS.map(|key| lang.t(key)))
}

/// One line of a CSV; moments are told in `zone`, with their offset.
#[must_use]
pub fn csv_line(entry: &Entry, zone: &TimeZone) -> String {
    let told = |cell: &Cell| match cell {
        Cell::Text(text) => quoted(&harmless(text)),
        Cell::Number(n) => n.to_string(),
        Cell::Moment(at) => {
            at.map_or_else(String::new, |at| local(at, zone).strftime("%Y-%m-%d %H:%M:%S%:z").to_string())
        }
    };
    cells(entry).iter().map(told).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A workbook of one sheet; moments are dates in `zone`.
///
/// # Errors
/// More entries than [`SHEET`].
pub fn xlsx(entries: &[Entry], lang: Lang, zone: &TimeZone) -> Result<Vec<u8>, XlsxError> {
    let (head, moment) = (Format::new().set_bold(), Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"));
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(lang.t("record.sheet"))?;
    sheet.set_freeze_panes(1, 0)?;
    for (column, key) in (0_u16..).zip(COLUMNS) {
        sheet.write_string_with_format(0, column, lang.t(key), &head)?;
        let wide = match key {
            "record.target" | "record.detail" => 48,
            "record.started" | "record.ended" => 20,
            "record.watch" | "record.kinds" => 18,
            _ => 10,
        };
        sheet.set_column_width(column, wide)?;
    }
    for (row, entry) in (1_u32..).zip(entries) {
        for (column, cell) in (0_u16..).zip(cells(entry)) {
            match cell {
                Cell::Text(text) => sheet.write_string(row, column, text)?,
                #[expect(clippy::cast_precision_loss, reason = "a sheet knows no other numbers")]
                Cell::Number(n) => sheet.write_number(row, column, n as f64)?,
                Cell::Moment(Some(at)) => sheet.write_number_with_format(row, column, serial(at, zone), &moment)?,
                Cell::Moment(None) => sheet.write_blank(row, column, &moment)?,
            };
        }
    }
    let last = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    sheet.autofilter(0, 0, last, u16::try_from(COLUMNS.len() - 1).unwrap_or(0))?;
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::{FailureKind, SweepFailure, SweepTally};

    fn entry(target: &str, detail: &str) -> Entry {
        let failure = |kind| SweepFailure { kind, detail: detail.to_owned() };
        let failures =
            vec![failure(FailureKind::Network), failure(FailureKind::Blocked), failure(FailureKind::Network)];
        let tally = SweepTally { requests: 3, bytes: 9000, seen: 20, unasked: 41, failures, ..SweepTally::default() };
        let sweep = Sweep { id: 7, watch: "forum".into(), started: 1_782_662_400, ended: None, tally };
        Entry { sweep, plugin: "feed".into(), target: target.into() }
    }

    #[test]
    fn a_line_of_csv_is_read_back_by_any_reader() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        assert!(csv_head(Lang::Zh).starts_with("\u{feff}编号,监测点,"));
        assert_eq!(
            csv_line(&entry("https://a.example/?x=1,2", "he said \"no\"\nand left"), &zone),
            "7,forum,feed,\"https://a.example/?x=1,2\",2026-06-29 00:00:00+08:00,,3,9000,0,20,0,0,0,0,41,3,\
             \"blocked 1, network 2\",\"he said \"\"no\"\"\nand left\"\r\n"
        );
    }

    #[test]
    fn what_others_wrote_is_no_formula() {
        for hostile in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"] {
            let line = csv_line(&entry(hostile, hostile), &TimeZone::UTC);
            assert!(line.contains(&format!("feed,'{hostile}")), "{line}");
        }
    }

    #[test]
    fn a_workbook_holds_text_as_text() {
        let book =
            xlsx(&[entry("=HYPERLINK(\"http://evil.example\")", "\u{0}\u{1f}<&>")], Lang::En, &TimeZone::UTC).unwrap();
        assert!(book.starts_with(b"PK"));
        assert!((serial(0, &TimeZone::UTC) - 25_569.0).abs() < 1e-9);
        assert!((serial(1_782_662_400, &TimeZone::get("Asia/Shanghai").unwrap()) - 46_202.0).abs() < 1e-9);
    }
}
