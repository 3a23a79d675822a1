//! A document as DOCX, in the layout of official papers (GB/T 9704—2012).
//!
//! Written with docx-rs, which knows the format. Everything that a style can say is a style, so that who edits the paper
//! in a word processor changes it in one place. What the norm asks and where it lives:
//!
//! | clause | what | where |
//! | --- | --- | --- |
//! | 5.1, 5.2.1 | A4, margins 37 mm above, 28 mm at the binding, text of 156 × 225 mm | [`page`] |
//! | 5.2.2, 5.2.3 | 3 号仿宋, 22 lines of 28 characters | [`page`], [`style`] |
//! | 7.2 | the red head and its line | [`head`] |
//! | 7.3.1, 7.3.3 | title 2 号小标宋; 黑体, 楷体, 仿宋 for the levels | [`style`] |
//! | 7.5 | page numbers 4 号宋体 between dashes, odd on the right, even on the left | [`page`] |

mod body;
mod fonts;
mod head;
mod page;
mod style;
mod table;

use std::io::Cursor;

use docx_rs::{AlignmentType, Docx, Paragraph};

use super::outline::Outline;
use super::picture::Fonts;
use super::{Document, Unwritable};
use body::Body;

/// Width of the text, in twentieths of a point: 156 mm.
const WIDTH: usize = 8845;

/// Writes a document as DOCX.
///
/// # Errors
/// A chart could not be drawn, or the file could not be put together.
pub fn write(document: &Document, fonts: &Fonts) -> Result<Vec<u8>, Unwritable> {
    let mut docx = style::all(page::of(Docx::new()));
    docx = head::write(docx, document);
    let mut body = Body { docx, outline: Outline::default(), figures: 0, document, fonts };
    for block in &document.blocks {
        body = body.block(block)?;
    }
    body.docx = signed(body.docx, document);
    let mut parts = body.sources().build();
    parts.font_table = fonts::table();
    parts.doc_props.core = head::properties(document);
    table::repeat_heads(&mut parts.document);
    let mut file = Cursor::new(Vec::new());
    parts.pack(&mut file).map_err(|error| Unwritable::Docx(error.to_string()))?;
    Ok(file.into_inner())
}

/// The signature, four characters from the right (7.3.5.2), kept together with its date.
fn signed(docx: Docx, document: &Document) -> Docx {
    let Some(signature) = &document.signature else { return docx };
    let line = |words: &str| {
        let run = docx_rs::Run::new().add_text(words);
        Paragraph::new().style("Body").align(AlignmentType::Right).indent(None, None, Some(1280), None).add_run(run)
    };
    docx.add_paragraph(Paragraph::new().style("Flush").keep_next(true))
        .add_paragraph(line(signature.unit.as_str()).keep_next(true))
        .add_paragraph(line(signature.date.as_str()))
}
