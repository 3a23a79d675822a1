//! Documents that leave the product: one model, four ways to write it down (P20, P22–P24). Pure.
//!
//! Whoever has something to tell — a report, a case, the course of a drill — builds a [`Document`] of [`Block`]s and
//! hands it to a writer: [`docx`] in the layout of official papers (GB/T 9704—2012), [`html`] in one file, [`markdown`],
//! or [`sheet`] for the figures alone.
//!
//! ```
//! use caifeng::document::{Block, Document, Run, html};
//! use caifeng::lang::Lang;
//!
//! let mut paper = Document::new(Lang::Zh, "充电桩选址情况");
//! paper.heading(1, "基本情况");
//! paper.push(Block::Paragraph(vec![Run::text("六月共收到 12 条意见。")]));
//! assert!(html::write(&paper).contains("一、基本情况"));
//! ```
//!
//! Three things cannot be got wrong by who builds one. All text is [`Plain`], whoever wrote it. A [`Source`] is cited by
//! [`Document::cite`], which numbers it and lists it at the end. A statement for which there is no source is
//! [`Run::missing`], which every writer shows as a place to fill.

pub mod chart;
pub mod docx;
pub mod html;
pub mod markdown;
mod outline;
pub mod picture;
pub mod plain;
pub mod sheet;
#[cfg(test)]
mod tests;

use crate::lang::Lang;
use chart::Chart;
pub use plain::{Address, Plain};

/// A document. Built from top to bottom; see the [module](self).
#[derive(Clone, Debug, PartialEq)]
pub struct Document {
    /// The language of what the writers add: headings' numbers, captions, the list of sources.
    pub lang: Lang,
    /// The red head of an official paper, if it has one.
    pub head: Option<Head>,
    /// What it is called.
    pub title: Plain,
    /// The line below the title: a span of time, a number.
    pub subtitle: Option<Plain>,
    /// What it says.
    pub blocks: Vec<Block>,
    /// Who signs, below everything but the sources.
    pub signature: Option<Signature>,
    /// What is cited, in the order of first citation; number 1 is the first.
    pub sources: Vec<Source>,
}

/// The red head (发文机关标志): what series the paper belongs to, and who puts it out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// In large red letters: `网络舆情快报`.
    pub name: Plain,
    /// Below it: `第 12 期`. May be empty.
    pub number: Plain,
    /// On the left above the red line.
    pub unit: Plain,
    /// On the right above the red line.
    pub date: Plain,
}

/// Who signs, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The unit or person.
    pub unit: Plain,
    /// The day.
    pub date: Plain,
}

/// A captured post that a statement rests on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The post's title or its first words.
    pub title: Plain,
    /// The site it stood on.
    pub site: Plain,
    /// Where it stood; `None` when it was handed in without an address, or nobody should follow it.
    pub url: Option<Address>,
    /// When it was published, in words.
    pub published: Option<Plain>,
    /// When it was captured, in words.
    pub captured: Plain,
    /// What the capture is known by: a post's number and version.
    pub capture: Plain,
}

/// A piece of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// Words.
    Text(Plain),
    /// Words that matter.
    Strong(Plain),
    /// Words that lead somewhere.
    Link(Plain, Address),
    /// The number of a [`Source`], from 1. Made by [`Document::cite`].
    Cite(usize),
    /// A place to fill: nothing that was captured says it. Made by [`Run::missing`].
    Missing(Plain),
    /// Words that a model server suggested: shown with its name and marked as not from a person.
    Suggested {
        /// Whose words they are.
        by: Plain,
        /// The words.
        words: Plain,
    },
}

impl Run {
    /// Words.
    pub fn text(words: impl Into<Plain>) -> Self {
        Self::Text(words.into())
    }

    /// Words that matter.
    pub fn strong(words: impl Into<Plain>) -> Self {
        Self::Strong(words.into())
    }

    /// Words that lead to `address`, or only the words when nobody should follow it.
    pub fn link(words: impl Into<Plain>, address: &str) -> Self {
        match Address::of(address) {
            Some(address) => Self::Link(words.into(), address),
            None => Self::Text(words.into()),
        }
    }

    /// The place of a statement that rests on nothing.
    #[must_use]
    pub fn missing(lang: Lang) -> Self {
        Self::Missing(lang.t("paper.missing").into())
    }

    /// What is read, with `[1]` for a citation.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Text(words) | Self::Strong(words) | Self::Link(words, _) | Self::Missing(words) => words.to_string(),
            Self::Cite(number) => format!("[{number}]"),
            Self::Suggested { by, words } => format!("{words}（{by}）"),
        }
    }
}

/// What a sentence of several pieces says.
#[must_use]
pub fn said(runs: &[Run]) -> String {
    runs.iter().map(Run::words).collect()
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// A heading of level 1 to 3; the writers number it.
    Heading(u8, Plain),
    /// A paragraph.
    Paragraph(Vec<Run>),
    /// What others said, set apart.
    Quote(Vec<Run>),
    /// The head of a special report: what a reader who reads nothing else must know.
    Summary(Vec<Run>),
    /// Points; `ordered` ones are numbered.
    List {
        /// Numbered, not dotted.
        ordered: bool,
        /// The points.
        items: Vec<Vec<Run>>,
    },
    /// Rows and columns.
    Table(Table),
    /// A form to fill: labels and values.
    Form(Form),
    /// A chart with the table behind it.
    Figure(Chart),
    /// Small print that belongs to the document: what was not heard, how figures are counted.
    Note(Vec<Run>),
    /// What follows begins on a new page.
    PageBreak,
}

/// Rows and columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it shows.
    pub caption: Plain,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; what lies beyond the columns is not shown.
    pub rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its head.
    pub name: Plain,
    /// Its part of the width, relative to the others.
    pub share: u16,
}

impl Column {
    /// A column.
    pub fn new(name: impl Into<Plain>, share: u16) -> Self {
        Self { name: name.into(), share }
    }
}

/// A cell of a table. Numbers stay numbers, so that a sheet can count with them.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Words.
    Words(Vec<Run>),
    /// A number of things.
    Count(u64),
    /// A share of a whole, 0 to 1.
    Ratio(f64),
}

impl Cell {
    /// Words.
    pub fn text(words: impl Into<Plain>) -> Self {
        Self::Words(vec![Run::text(words)])
    }

    /// What is read.
    #[must_use]
    pub fn said(&self) -> String {
        match self {
            Self::Words(runs) => said(runs),
            Self::Count(n) => n.to_string(),
            Self::Ratio(share) => format!("{:.1}%", share * 100.0),
        }
    }

    /// Whether it stands on the right.
    #[must_use]
    pub fn is_figure(&self) -> bool {
        !matches!(self, Self::Words(_))
    }
}

/// A form: rows of labelled fields, one or two in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// The rows.
    pub rows: Vec<Vec<Field>>,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What belongs there.
    pub label: Plain,
    /// What stands there; nothing leaves room for a pen.
    pub value: Vec<Vec<Run>>,
    /// Lines that it has at least.
    pub lines: u8,
}

impl Field {
    /// A field of one line.
    pub fn new(label: impl Into<Plain>, value: Vec<Run>) -> Self {
        Self { label: label.into(), value: vec![value], lines: 1 }
    }

    /// A field with room for a pen.
    pub fn room(label: impl Into<Plain>, value: Vec<Vec<Run>>, lines: u8) -> Self {
        Self { label: label.into(), value, lines }
    }
}

impl Form {
    /// Adds a row of one field or two.
    pub fn row(&mut self, fields: impl Into<Vec<Field>>) {
        self.rows.push(fields.into());
    }
}

impl Document {
    /// An empty document.
    pub fn new(lang: Lang, title: impl Into<Plain>) -> Self {
        Self {
            lang,
            head: None,
            title: title.into(),
            subtitle: None,
            blocks: Vec::new(),
            signature: None,
            sources: Vec::new(),
        }
    }

    /// Adds a part.
    pub fn push(&mut self, block: Block) {
        self.blocks.push(block);
    }

    /// Adds a heading of level 1 to 3.
    pub fn heading(&mut self, level: u8, words: impl Into<Plain>) {
        self.push(Block::Heading(level.clamp(1, 3), words.into()));
    }

    /// Adds a paragraph.
    pub fn paragraph(&mut self, runs: Vec<Run>) {
        self.push(Block::Paragraph(runs));
    }

    /// Cites a source: the same capture is listed once.
    pub fn cite(&mut self, source: Source) -> Run {
        let known = self.sources.iter().position(|known| known.capture == source.capture && known.url == source.url);
        Run::Cite(1 + known.unwrap_or_else(|| {
            self.sources.push(source);
            self.sources.len() - 1
        }))
    }

    /// The tables, those behind the figures included, in the order of the document.
    pub fn tables(&self) -> impl Iterator<Item = Table> + '_ {
        self.blocks.iter().filter_map(|block| match block {
            Block::Table(table) => Some(table.clone()),
            Block::Figure(chart) => Some(chart.table(self.lang)),
            _ => None,
        })
    }

    /// What every writer says of a source after its number.
    fn source_line(&self, source: &Source) -> String {
        let published = source.published.as_ref().map_or_else(String::new, |at| {
            self.lang.with("paper.published", &[("time", at)])
        });
        let told: [(&str, &dyn std::fmt::Display); 3] =
            [("published", &published), ("time", &source.captured), ("capture", &source.capture)];
        self.lang.with("paper.captured", &told)
    }
}

/// Why a document could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Unwritable {
    /// The word processor's file could not be put together.
    #[error("the document could not be written as DOCX: {0}")]
    Docx(String),
    /// A sheet cannot hold it.
    #[error("the figures do not fit into a workbook: {0}")]
    Sheet(#[from] rust_xlsxwriter::XlsxError),
    /// A chart could not be drawn.
    #[error("a chart could not be drawn: {0}")]
    Picture(String),
}
