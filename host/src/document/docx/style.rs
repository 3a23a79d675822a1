//! The styles: sizes, fonts and spacing of the norm.
//!
//! 三号 is 16 pt, 二号 22 pt, 四号 14 pt, 小四 12 pt. 22 lines in 225 mm are 28.95 pt each (5.2.3); the line is fixed, so
//! that a page holds what the norm says whatever font stands in.

use docx_rs::{AlignmentType, Docx, LineSpacing, LineSpacingType, SpecialIndentType, Style, StyleType};

use super::fonts::Font;

/// Height of a line, in twentieths of a point.
pub(super) const LINE: i32 = 579;
/// Height of a line of small print.
const SMALL: i32 = 400;

/// A style to begin with: `size` in half points. Lines are as high as the style says: the grid, to which a word processor
/// would round every one of them up, is there for who types.
fn style(id: &str, name: &str, font: Font, size: usize) -> Style {
    Style::new(id, StyleType::Paragraph)
        .name(name)
        .fonts(font.run())
        .size(size)
        .line_spacing(fixed(LINE))
        .snap_to_grid(false)
}

/// Lines of one height, nothing above and below.
fn fixed(line: i32) -> LineSpacing {
    LineSpacing::new().line_rule(LineSpacingType::Exact).line(line).before(0).after(0)
}

/// Lines as high as what stands in them: pictures, cells.
fn loose(before: u32, after: u32) -> LineSpacing {
    LineSpacing::new().line_rule(LineSpacingType::Auto).line(240).before(before).after(after)
}

/// Two characters in at the beginning.
fn begun(style: Style, two: i32) -> Style {
    style.indent(None, Some(SpecialIndentType::FirstLine(two)), None, None).first_line_chars(200)
}

/// Adds the styles.
pub(super) fn all(docx: Docx) -> Docx {
    let heading = |id: &str, name: &str, font, level| {
        begun(style(id, name, font, 32), 640).outline_lvl(level).based_on("Normal").next("Body")
    };
    let docx = docx
        .default_fonts(Font::Body.run())
        .default_size(32)
        .add_style(style("Normal", "Normal", Font::Body, 32))
        .add_style(
            style("Title", "Title", Font::Title, 44)
                .align(AlignmentType::Center)
                .line_spacing(LineSpacing::new().line_rule(LineSpacingType::Exact).line(700).before(280).after(120)),
        )
        .add_style(
            style("Subtitle", "Subtitle", Font::Kai, 32)
                .align(AlignmentType::Center)
                .line_spacing(LineSpacing::new().line_rule(LineSpacingType::Exact).line(LINE).before(0).after(200)),
        )
        .add_style(heading("Heading1", "heading 1", Font::Strong, 0))
        .add_style(heading("Heading2", "heading 2", Font::Kai, 1))
        .add_style(heading("Heading3", "heading 3", Font::Body, 2).bold())
        .add_style(begun(style("Body", "Body Text", Font::Body, 32), 640).align(AlignmentType::Both))
        .add_style(style("Flush", "Flush", Font::Body, 32));
    small(docx)
}

/// Styles that are not of the running text.
fn small(docx: Docx) -> Docx {
    docx.add_style(
        begun(style("Quote", "Quote", Font::Kai, 32), 640)
            .indent(Some(640), Some(SpecialIndentType::FirstLine(640)), Some(320), None)
            .align(AlignmentType::Both),
    )
    .add_style(begun(style("Summary", "Summary", Font::Kai, 32), 640).align(AlignmentType::Both))
    .add_style(style("Point", "Point", Font::Body, 32).align(AlignmentType::Both))
    .add_style(begun(style("Note", "Note", Font::Kai, 24).line_spacing(fixed(SMALL)), 480).align(AlignmentType::Both))
    .add_style(style("Source", "Source", Font::Body, 21).line_spacing(fixed(340)).indent(
        Some(480),
        Some(SpecialIndentType::Hanging(480)),
        None,
        None,
    ))
    .add_style(style("Caption", "caption", Font::Strong, 24).align(AlignmentType::Center).line_spacing(loose(160, 60)))
    .add_style(style("Picture", "Picture", Font::Body, 24).align(AlignmentType::Center).line_spacing(loose(0, 0)))
    .add_style(style("Legend", "Legend", Font::Body, 21).align(AlignmentType::Center).line_spacing(loose(40, 80)))
    .add_style(style("Cell", "Cell", Font::Body, 24).line_spacing(loose(20, 20)))
    .add_style(
        style("CellHead", "Cell Head", Font::Strong, 24).align(AlignmentType::Center).line_spacing(loose(20, 20)),
    )
    .add_style(style("Small", "Small Cell", Font::Body, 21).line_spacing(loose(0, 0)))
    .add_style(
        style("SmallHead", "Small Head", Font::Strong, 21).align(AlignmentType::Center).line_spacing(loose(0, 0)),
    )
    .add_style(
        style("RedHead", "Red Head", Font::Title, 96)
            .color("FF0000")
            .align(AlignmentType::Center)
            .line_spacing(LineSpacing::new().line_rule(LineSpacingType::Auto).line(240).before(0).after(120)),
    )
    .add_style(style("HeadLine", "Head Line", Font::Body, 32))
    .add_style(style("Number", "footer", Font::Song, 28).line_spacing(loose(0, 0)))
}
