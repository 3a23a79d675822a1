//! What stands above the text: the red head (7.2), the title (7.3.1); and what a file says of itself.

use docx_rs::{
    AlignmentType, BorderType, Docx, Paragraph, ParagraphBorder, ParagraphBorderPosition, ParagraphBorders, Run, Tab,
    TabValueType,
};
use quick_xml::escape::escape;

use super::WIDTH;
use crate::document::{Document, Head};

/// The red head, if there is one, and the title.
pub(super) fn write(docx: Docx, document: &Document) -> Docx {
    let docx = match &document.head {
        Some(head) => red(docx, head),
        None => docx,
    };
    let line = |style: &str, words: &str| Paragraph::new().style(style).add_run(Run::new().add_text(words));
    let docx = docx.add_paragraph(line("Title", document.title.as_str()).keep_next(true));
    match &document.subtitle {
        Some(words) => docx.add_paragraph(line("Subtitle", words.as_str())),
        None => docx,
    }
}

fn red(docx: Docx, head: &Head) -> Docx {
    let words = head.name.as_str();
    let name = Run::new().add_text(words).size(letters(words));
    let mut docx = docx.add_paragraph(Paragraph::new().style("RedHead").add_run(name));
    if !head.number.is_empty() {
        let number = Run::new().add_text(head.number.as_str());
        docx = docx.add_paragraph(Paragraph::new().style("HeadLine").align(AlignmentType::Center).add_run(number));
    }
    let line = Run::new().add_text(head.unit.as_str()).add_tab().add_text(head.date.as_str());
    let mut below = Paragraph::new()
        .style("HeadLine")
        .add_tab(Tab::new().val(TabValueType::Right).pos(WIDTH))
        .add_run(line);
    let rule = ParagraphBorder::new(ParagraphBorderPosition::Bottom)
        .val(BorderType::Single)
        .size(18)
        .space(6)
        .color("FF0000");
    below.property = below.property.set_borders(ParagraphBorders::with_empty().set(rule));
    docx.add_paragraph(below)
}

/// Letters as large as one line holds, in half points, at most 54 pt.
fn letters(words: &str) -> usize {
    let ems: f64 = words.chars().map(|c| if c.is_ascii() { 0.55 } else { 1.0 }).sum();
    // 156 mm are 442 pt.
    let points = (430.0 / ems.max(1.0)).clamp(16.0, 54.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 16 and 54")]
    let whole = points as usize;
    whole * 2
}

/// The part `docProps/core.xml`: the title and who signs. docx-rs has no way to set them.
pub(super) fn properties(document: &Document) -> Vec<u8> {
    let unit = document.signature.as_ref().map(|signature| &signature.unit);
    let unit = unit.or(document.head.as_ref().map(|head| &head.unit)).map_or("", |unit| unit.as_str());
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\
         <cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>{}</dc:title><dc:creator>{}</dc:creator>\
         <dc:language>{}</dc:language></cp:coreProperties>",
        escape(document.title.as_str()),
        escape(unit),
        document.lang.code()
    )
    .into_bytes()
}
