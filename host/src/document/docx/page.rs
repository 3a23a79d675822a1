//! The page: its size, margins, grid of lines, and numbers.

use docx_rs::{
    AlignmentType, CharacterSpacingValues, DocGrid, DocGridType, Docx, Footer, PageMargin, PageNum, Paragraph, Run,
};

use super::style::LINE;

/// Twentieths of a point in so many millimetres.
const fn mm(length: i32) -> i32 {
    length * 1440 * 10 / 254
}

/// A4 with the norm's margins (5.1, 5.2.1), 22 lines of 28 characters (5.2.3).
pub(super) fn of(docx: Docx) -> Docx {
    // The number stands 7 mm below the text (7.5): 23 mm above the edge with its own height.
    let margin =
        PageMargin::new().top(mm(37)).bottom(mm(35)).left(mm(28)).right(mm(26)).header(mm(15)).footer(mm(23)).gutter(0);
    let mut docx = docx
        .page_size(11906, 16838)
        .page_margin(margin)
        .footer(Footer::new().add_paragraph(number(AlignmentType::Right)))
        .even_footer(Footer::new().add_paragraph(number(AlignmentType::Left)));
    let grid = DocGrid::with_empty().grid_type(DocGridType::Lines).line_pitch(LINE.unsigned_abs() as usize);
    docx.document.section_property = docx.document.section_property.doc_grid(grid);
    docx.settings = docx
        .settings
        .even_and_odd_headers()
        .adjust_line_height_in_table()
        .character_spacing_control(CharacterSpacingValues::CompressPunctuation);
    docx
}

/// — 1 —, one character from the edge.
fn number(side: AlignmentType) -> Paragraph {
    let dash = |words: &str| Run::new().add_text(words);
    let paragraph = Paragraph::new().style("Number").add_run(dash("— ")).add_page_num(PageNum::new()).add_run(dash(" —"));
    match side {
        AlignmentType::Right => paragraph.align(AlignmentType::Right).indent(None, None, Some(280), None),
        side => paragraph.align(side).indent(Some(280), None, None, None),
    }
}
