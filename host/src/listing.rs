//! A list of posts for other programs: CSV, a workbook, or one JSON object a line.
//!
//! It says what was said, where and when, and what the desk made of it; neither a name nor a pseudonym of who said it. What
//! sites wrote never becomes a formula ([`crate::document::sheet`]) and turns no direction of writing
//! ([`crate::document::plain`]). A list has an end ([`MOST`], [`BYTES`]), and one that was cut says so in its last line.

use std::io::{self, Write};
use std::ops::ControlFlow;

use caifeng_plugin_host::contract::Timestamp;
use jiff::tz::TimeZone;
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::clock::rfc3339;
use crate::document::Plain;
use crate::document::sheet::{self, csv_head, harmless, local, quoted};
use crate::hex::hex;
use crate::lang::Lang;
use crate::store::model::PostRow;

/// Posts of a list, the newest.
pub const MOST: u64 = 100_000;
/// Bytes of what its posts say, all together.
pub const BYTES: usize = 256 << 20;
/// Characters of a cell: a little less than a sheet holds (32,767).
const CELL: usize = 32_000;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// RFC 4180, UTF-8 with a byte order mark.
    Csv,
    /// A workbook (ECMA-376).
    Xlsx,
    /// One JSON object a line.
    Jsonl,
}

impl Form {
    /// In the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Xlsx, Self::Jsonl];

    /// What its files end with, and forms and commands call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Jsonl => "jsonl",
        }
    }

    /// The form of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == name)
    }

    /// What it is served as.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Jsonl => "application/jsonl",
        }
    }
}

/// What a list came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// Its form.
    pub form: Form,
    /// How many posts are in it.
    pub posts: u64,
    /// There were more, or there may be.
    pub cut: bool,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// An entry of the record: a list of posts was handed out. It belongs to no incident. Its JSON form is hashed: a variant or
/// field may be added, never changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum ListingEntry {
    /// Somebody took posts away as a file.
    PostsHandedOut {
        /// Which file.
        #[serde(flatten)]
        listed: Listed,
    },
}

/// Why a list is not written.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// The file cannot be written: the operator must make room for it.
    #[error("the list cannot be written: {0}; the operator must free space")]
    File(#[from] io::Error),
    /// The workbook cannot be made.
    #[error("the workbook cannot be made: {0}")]
    Workbook(#[from] XlsxError),
}

/// A list under way.
pub struct Listing<W: Write + Send> {
    form: Form,
    lang: Lang,
    zone: TimeZone,
    out: Sealed<W>,
    book: Workbook,
    posts: u64,
    bytes: usize,
    most: u64,
    cut: bool,
}

impl<W: Write + Send> Listing<W> {
    /// Begins a list; moments are told in `zone`, columns in `lang`.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn begin(form: Form, out: W, lang: Lang, zone: TimeZone) -> Result<Self, ListingError> {
        let out = Sealed { out, hash: Sha256::new() };
        let book = Workbook::new();
        let mut list = Self { form, lang, zone, out, book, posts: 0, bytes: 0, most: MOST, cut: false };
        match form {
            Form::Csv => list.out.write_all(csv_head(&COLUMNS.map(|(key, _)| lang.t(key))).as_bytes())?,
            Form::Xlsx => list.head()?,
            Form::Jsonl => {}
        }
        Ok(list)
    }

    /// Takes one post more, the newest first; breaks when the list has reached its end, and then without it.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn take(&mut self, post: &PostRow) -> Result<ControlFlow<()>, ListingError> {
        if self.posts == self.most || self.bytes >= BYTES {
            self.cut = true;
            return Ok(ControlFlow::Break(()));
        }
        self.posts += 1;
        self.bytes += post.text.len() + post.title.as_ref().map_or(0, String::len) + post.url.len();
        match self.form {
            Form::Csv => self.out.write_all(csv_line(post, self.lang, &self.zone).as_bytes())?,
            Form::Xlsx => self.row(post)?,
            Form::Jsonl => self.out.write_all(format!("{}\n", object(post)).as_bytes())?,
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The list may lack posts for another reason than its length.
    pub fn cut(&mut self) {
        self.cut = true;
    }

    /// Ends the list: what was written, and what it came to.
    ///
    /// # Errors
    /// [`ListingError`].
    pub fn end(mut self) -> Result<(W, Listed), ListingError> {
        let (form, posts, cut) = (self.form, self.posts, self.cut);
        let said = self.lang.count("listing.cut", posts);
        match form {
            Form::Csv if cut => self.out.write_all(format!("{}\r\n", quoted(&said)).as_bytes())?,
            Form::Jsonl if cut => writeln!(self.out, "{}", json!({ "cut": said }))?,
            Form::Csv | Form::Jsonl => {}
            Form::Xlsx => {
                if cut {
                    let row = u32::try_from(posts + 1).unwrap_or(u32::MAX);
                    self.book.worksheet_from_index(0)?.write_string(row, 0, said)?;
                }
                self.book.save_to_writer(&mut self.out)?;
            }
        }
        self.out.flush()?;
        let sha256 = hex(&self.out.hash.finalize());
        Ok((self.out.out, Listed { form, posts, cut, sha256 }))
    }

    /// The first row of the workbook. Rows go to a file as they come, so that no list is held in memory.
    fn head(&mut self) -> Result<(), ListingError> {
        let bold = Format::new().set_bold();
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(self.lang.t("listing.sheet"))?;
        sheet.set_freeze_panes(1, 0)?;
        for (column, (key, width)) in (0_u16..).zip(COLUMNS) {
            sheet.set_column_width(column, width)?;
            sheet.write_string_with_format(0, column, self.lang.t(key), &bold)?;
        }
        Ok(())
    }

    fn row(&mut self, post: &PostRow) -> Result<(), ListingError> {
        let moment = Format::new().set_num_format("yyyy-mm-dd hh:mm:ss");
        let row = u32::try_from(self.posts).unwrap_or(u32::MAX);
        let sheet = self.book.worksheet_from_index(0)?;
        for (column, cell) in (0_u16..).zip(cells(post, self.lang)) {
            match cell {
                Cell::Text(text) => drop(sheet.write_string(row, column, text)?),
                #[expect(clippy::cast_precision_loss, reason = "a sheet knows no other numbers")]
                Cell::Number(Some(n)) => drop(sheet.write_number(row, column, n as f64)?),
                Cell::Number(None) => {}
                Cell::Moment(at) => {
                    let at = sheet::serial(at, &self.zone);
                    sheet.write_number_with_format(row, column, at, &moment)?;
                }
                Cell::Day(at) => {
                    let day = local(at, &self.zone).date().to_string();
                    sheet.write_string(row, column, day)?;
                }
            }
        }
        Ok(())
    }
}

/// What is written, with its SHA-256.
struct Sealed<W> {
    out: W,
    hash: Sha256,
}

impl<W: Write> Write for Sealed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Catalogue keys of the columns, and how wide they are in characters.
const COLUMNS: [(&str, f64); 15] = [
    ("listing.published", 20.0),
    ("listing.captured", 20.0),
    ("listing.site", 20.0),
    ("listing.kind", 8.0),
    ("listing.title", 40.0),
    ("listing.text", 80.0),
    ("listing.address", 40.0),
    ("listing.origin", 18.0),
    ("listing.views", 10.0),
    ("listing.shares", 10.0),
    ("listing.replies", 10.0),
    ("listing.likes", 10.0),
    ("listing.version", 8.0),
    ("listing.topics", 18.0),
    ("listing.incident", 10.0),
];

enum Cell {
    Text(String),
    Number(Option<u64>),
    Moment(Timestamp),
    /// A day without a time.
    Day(Timestamp),
}

/// No column says who said it.
fn cells(post: &PostRow, lang: Lang) -> [Cell; COLUMNS.len()] {
    use Cell::{Day, Moment, Number, Text};
    let held = |text: &str| Text(lines(text).chars().take(CELL).collect());
    let counts = &post.reactions;
    [
        match post.published {
            Some(at) if post.day_only => Day(at),
            Some(at) => Moment(at),
            None => Text(String::new()),
        },
        Moment(post.captured),
        held(&post.site),
        Text(lang.kind(post.kind)),
        held(post.title.as_deref().unwrap_or_default()),
        held(&post.text),
        held(&post.url),
        held(post.publisher.as_deref().unwrap_or_default()),
        Number(counts.views),
        Number(counts.shares),
        Number(counts.replies),
        Number(counts.likes),
        Number(Some(post.version.into())),
        held(&lang.list(&post.topics)),
        Number(post.incident.map(i64::unsigned_abs)),
    ]
}

/// What a text says, line by line, without what acts instead of being read.
fn lines(text: &str) -> String {
    Plain::lines(text).iter().map(Plain::as_str).collect::<Vec<_>>().join("\n")
}

fn csv_line(post: &PostRow, lang: Lang, zone: &TimeZone) -> String {
    let told = |cell: Cell| match cell {
        Cell::Text(text) => quoted(&harmless(&text)),
        Cell::Number(n) => n.map_or_else(String::new, |n| n.to_string()),
        Cell::Moment(at) => local(at, zone).strftime("%Y-%m-%d %H:%M:%S%:z").to_string(),
        Cell::Day(at) => local(at, zone).date().to_string(),
    };
    cells(post, lang).map(told).join(",") + "\r\n"
}

/// What a program reads; the text is as it was captured.
fn object(post: &PostRow) -> serde_json::Value {
    json!({
        "published": post.published.map(rfc3339), "day_only": post.day_only, "captured": rfc3339(post.captured),
        "site": post.site, "kind": post.kind, "title": post.title, "text": post.text, "url": post.url,
        "origin": post.publisher, "reactions": post.reactions, "version": post.version, "topics": post.topics,
        "incident": post.incident,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Posts that were written to break a page.
    fn posts() -> Vec<PostRow> {
        let mut posts = crate::web::fixed::posts();
        posts[0].text = "=1+1\u{202e}\n第二行".to_owned();
        posts[0].title = Some("+cmd|' /C calc'!A0".to_owned());
        posts[0].author = Some("PSEUDONYM".to_owned());
        posts
    }

    fn written(form: Form, posts: &[PostRow], most: u64) -> (Vec<u8>, Listed) {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let mut list = Listing::begin(form, Vec::new(), Lang::Zh, zone).unwrap();
        list.most = most;
        for post in posts {
            if list.take(post).unwrap().is_break() {
                break;
            }
        }
        list.end().unwrap()
    }

    #[test]
    fn a_table_is_read_back_by_any_reader_and_holds_no_formula() {
        let (bytes, listed) = written(Form::Csv, &posts(), MOST);
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(text.starts_with("\u{feff}发布时间,"), "{text}");
        assert!(!text.contains('\u{202e}'), "a mark of direction");
        let mut reader = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        assert_eq!((rows.len() as u64, listed.posts, listed.cut), (posts().len() as u64, listed.posts, false));
        assert_eq!((&rows[0][4], &rows[0][5]), ("'+cmd|' /C calc'!A0", "'=1+1\n第二行"));
        assert_eq!(listed.sha256, hex(&Sha256::digest(&bytes)));
    }

    #[test]
    fn no_form_says_who_said_it() {
        for form in [Form::Csv, Form::Jsonl] {
            let text = String::from_utf8(written(form, &posts(), MOST).0).unwrap();
            assert!(!text.contains("PSEUDONYM") && !text.to_lowercase().contains("author"), "{text}");
        }
        for (key, _) in COLUMNS {
            assert!(!Lang::En.t(key).contains("author"), "{key}");
        }
        assert_eq!(
            cells(&posts()[0], Lang::En)
                .iter()
                .filter(|cell| matches!(cell, Cell::Text(text) if text.contains("PSEUDONYM")))
                .count(),
            0
        );
    }

    #[test]
    fn a_list_that_was_cut_says_so() {
        let two = posts().len() as u64 - 1;
        for form in [Form::Csv, Form::Jsonl] {
            let (bytes, listed) = written(form, &posts(), two);
            assert_eq!((listed.posts, listed.cut), (two, true));
            let text = String::from_utf8(bytes).unwrap();
            let last = text.lines().last().unwrap();
            assert!(last.contains("只有最新的"), "{last}");
            let whole = String::from_utf8(written(form, &posts(), two + 1).0).unwrap();
            assert!(!whole.contains("只有最新的"), "all of them fit");
        }
        assert!(written(Form::Xlsx, &posts(), two).1.cut);
    }

    #[test]
    fn a_workbook_holds_text_as_text() {
        use calamine::{Data, Reader as _};
        let (bytes, listed) = written(Form::Xlsx, &posts(), MOST);
        let mut book = calamine::Xlsx::new(io::Cursor::new(bytes)).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        assert_eq!(sheet.height() as u64, listed.posts + 1);
        assert_eq!(sheet.get((1, 5)), Some(&Data::String("=1+1\n第二行".to_owned())));
        assert!(matches!(sheet.get((1, 1)), Some(Data::DateTime(_) | Data::Float(_))));
    }
}
