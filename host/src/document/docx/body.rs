//! The parts of a document, one after the other.

use docx_rs::{
    AlignmentType, BorderType, BreakType, Docx, Hyperlink, HyperlinkType, Paragraph, ParagraphBorder,
    ParagraphBorderPosition, ParagraphBorders, Pic, Run as Piece, RunProperty, SpecialIndentType, VertAlignType,
};

use super::fonts::Font;
use super::table;
use crate::document::chart::{Chart, Palette};
use crate::document::outline::Outline;
use crate::document::picture::{Fonts, draw};
use crate::document::{Block, Document, Plain, Run, Unwritable};

/// Width of a picture, in English metric units: the text's 156 mm.
const PICTURE: u32 = 156 * 36_000;

/// A document half written.
pub(super) struct Body<'a> {
    pub(super) docx: Docx,
    pub(super) outline: Outline,
    /// Figures so far.
    pub(super) figures: u32,
    pub(super) document: &'a Document,
    pub(super) fonts: &'a Fonts,
}

impl Body<'_> {
    /// Adds a part.
    pub(super) fn block(mut self, block: &Block) -> Result<Self, Unwritable> {
        match block {
            Block::Heading(level, words) => {
                let number = self.outline.next(*level, self.document.lang);
                let style = format!("Heading{level}");
                let words = Piece::new().add_text(format!("{number}{words}"));
                Ok(self.paragraph(Paragraph::new().style(&style).keep_next(true).add_run(words)))
            }
            Block::Paragraph(runs) => Ok(self.paragraph(filled("Body", runs))),
            Block::Quote(runs) => Ok(self.paragraph(filled("Quote", runs))),
            Block::Note(runs) => Ok(self.paragraph(filled("Note", runs))),
            Block::Summary(runs) => Ok(self.paragraph(framed(filled("Summary", runs)))),
            Block::List { ordered, items } => Ok(self.points(*ordered, items)),
            Block::Table(table) => {
                self = self.caption(&table.caption, true);
                self.docx = self.docx.add_table(table::of(table, false));
                Ok(self.paragraph(Paragraph::new().style("Small")))
            }
            Block::Form(form) => {
                self.docx = self.docx.add_table(table::form(form));
                Ok(self.paragraph(Paragraph::new().style("Small")))
            }
            Block::Figure(chart) => self.figure(chart),
            Block::PageBreak => {
                let turn = Piece::new().add_break(BreakType::Page);
                Ok(self.paragraph(Paragraph::new().style("Small").add_run(turn)))
            }
        }
    }

    fn paragraph(mut self, paragraph: Paragraph) -> Self {
        self.docx = self.docx.add_paragraph(paragraph);
        self
    }

    fn caption(self, words: &Plain, above: bool) -> Self {
        if words.is_empty() {
            return self;
        }
        let words = Piece::new().add_text(words.as_str());
        self.paragraph(Paragraph::new().style("Caption").keep_next(above).add_run(words))
    }

    fn points(mut self, ordered: bool, items: &[Vec<Run>]) -> Self {
        for (n, item) in (1_u32..).zip(items) {
            let mark = if ordered { format!("{n}. ") } else { "· ".to_owned() };
            let mark = Paragraph::new().style("Point").add_run(Piece::new().add_text(mark)).indent(
                Some(1000),
                Some(SpecialIndentType::Hanging(360)),
                None,
                None,
            );
            self = self.paragraph(add(mark, item));
        }
        self
    }

    /// The picture, its legend in words of the document, and the table behind it.
    fn figure(mut self, chart: &Chart) -> Result<Self, Unwritable> {
        self.figures += 1;
        let number = self.figures;
        let picture = draw(&chart.svg(&Palette::PAPER, &format!("f{number}")), self.fonts)?;
        let tall = u64::from(PICTURE) * u64::from(picture.height) / u64::from(picture.width.max(1));
        let pic = Pic::new_with_dimensions(picture.png, picture.width, picture.height)
            .size(PICTURE, u32::try_from(tall).unwrap_or(PICTURE));
        let lang = self.document.lang;
        let caption = lang.with("paper.figure", &[("n", &number), ("title", &chart.title), ("unit", &chart.unit)]);
        self = self.caption(&caption.into(), true);
        let shown = Paragraph::new().style("Picture").keep_next(true).add_run(Piece::new().add_image(pic));
        self = self.paragraph(shown);
        let legend = chart.legend();
        if !legend.is_empty() {
            let mut line = Paragraph::new().style("Legend").keep_next(true);
            for (name, colour) in legend {
                let colour = Palette::PAPER.of(colour).trim_start_matches('#');
                line = line.add_run(Piece::new().add_text("■").color(colour));
                line = line.add_run(Piece::new().add_text(format!(" {name}　")));
            }
            self = self.paragraph(line);
        }
        let (figures, left_out) = table::without_zeros(chart.table(lang));
        self.docx = self.docx.add_table(table::of(&figures, true));
        let below = if left_out { lang.t("paper.zeros") } else { String::new() };
        Ok(self.paragraph(Paragraph::new().style("Small").add_run(Piece::new().add_text(below))))
    }

    /// The list of what is cited.
    pub(super) fn sources(mut self) -> Docx {
        let document = self.document;
        if document.sources.is_empty() {
            return self.docx;
        }
        let head = Piece::new().add_text(document.lang.t("paper.sources"));
        self = self
            .paragraph(Paragraph::new().style("SmallHead").align(AlignmentType::Left).keep_next(true).add_run(head));
        for (n, source) in (1_u32..).zip(&document.sources) {
            let about = format!("[{n}] {}　{}　{}", source.site, source.title, document.source_line(source));
            let mut line = Paragraph::new().style("Source").add_run(Piece::new().add_text(about));
            if let Some(address) = &source.url {
                line = line.add_run(Piece::new().add_text("　"));
                line = line.add_hyperlink(link(address.as_str(), address.as_str()));
            }
            self = self.paragraph(line);
        }
        self.docx
    }
}

/// A paragraph of a style with what it says.
pub(super) fn filled(style: &str, runs: &[Run]) -> Paragraph {
    add(Paragraph::new().style(style), runs)
}

fn add(paragraph: Paragraph, runs: &[Run]) -> Paragraph {
    runs.iter().fold(paragraph, |paragraph, run| match run {
        Run::Text(words) => paragraph.add_run(Piece::new().add_text(words.as_str())),
        Run::Strong(words) => paragraph.add_run(Piece::new().add_text(words.as_str()).fonts(Font::Strong.run())),
        Run::Link(words, address) => paragraph.add_hyperlink(link(words.as_str(), address.as_str())),
        Run::Cite(_) => paragraph.add_run(raised(&run.words())),
        Run::Missing(words) => paragraph.add_run(Piece::new().add_text(words.as_str()).highlight("yellow")),
        Run::Suggested { by, words } => paragraph
            .add_run(Piece::new().add_text(words.as_str()).fonts(Font::Kai.run()))
            .add_run(Piece::new().add_text(format!("（{by}）")).color("8A5A00")),
    })
}

fn raised(words: &str) -> Piece {
    let mut piece = Piece::new().add_text(words);
    piece.run_property = RunProperty::new().vert_align(VertAlignType::SuperScript);
    piece
}

fn link(words: &str, address: &str) -> Hyperlink {
    Hyperlink::new(address, HyperlinkType::External).add_run(Piece::new().add_text(words).color("1F4E79"))
}

/// A thin frame around a paragraph.
fn framed(mut paragraph: Paragraph) -> Paragraph {
    use ParagraphBorderPosition::{Bottom, Left, Right, Top};
    let side = |at| ParagraphBorder::new(at).val(BorderType::Single).size(8).space(6).color("7F7F7F");
    let frame =
        [Top, Left, Bottom, Right].map(side).into_iter().fold(ParagraphBorders::with_empty(), ParagraphBorders::set);
    paragraph.property = paragraph.property.set_borders(frame);
    paragraph
}
