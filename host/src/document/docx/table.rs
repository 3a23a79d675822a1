//! Tables and forms.

use docx_rs::{
    AlignmentType, HeightRule, Paragraph, Run as Piece, Shading, ShdType, Table as Grid, TableCell, TableCellMargins,
    TableLayoutType, TableRow, VAlignType, WidthType,
};

use super::WIDTH;
use super::body::filled;
use crate::document::{Cell, Field, Form, Table};

/// Height that marks a row as the head of its table until [`repeat_heads`] has seen it, in twentieths of a point.
const HEAD: f32 = 397.0;
/// Height of a line in a form.
const LINE: f32 = 560.0;
/// Rows from which a table is long.
const LONG: usize = 12;
/// Width of a form's labels.
const LABEL: usize = 1700;

/// Rows and columns over the width of the text. `small` for what stands behind a figure.
pub(super) fn of(table: &Table, small: bool) -> Grid {
    let (head, body) = if small { ("SmallHead", "Small") } else { ("CellHead", "Cell") };
    let widths = widths(&table.columns.iter().map(|column| usize::from(column.share.max(1))).collect::<Vec<_>>());
    let name = |words: &str| Paragraph::new().style(head).add_run(Piece::new().add_text(words));
    let heads = table.columns.iter().zip(&widths).map(|(column, width)| {
        let shade = Shading::new().shd_type(ShdType::Clear).color("auto").fill("F2F2F2");
        cell(*width).shading(shade).add_paragraph(name(column.name.as_str()))
    });
    let mut rows = vec![TableRow::new(heads.collect()).row_height(HEAD).cant_split()];
    rows.extend(table.rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(value, width)| cell(*width).add_paragraph(told(value, body)));
        TableRow::new(cells.collect()).cant_split()
    }));
    bordered(rows, widths)
}

/// Rows of a long table that are all zero say nothing on paper; whether any were left out.
pub(super) fn without_zeros(mut table: Table) -> (Table, bool) {
    let all = table.rows.len();
    if all > LONG {
        table.rows.retain(|row| row.iter().any(|cell| matches!(cell, Cell::Count(n) if *n > 0)));
    }
    let left_out = table.rows.len() < all;
    (table, left_out)
}

/// What makes the first row of a table come again on every page (ECMA-376, 17.4.49), which docx-rs cannot say.
pub(super) fn repeat_heads(document: &mut Vec<u8>) {
    let mark = format!("<w:trHeight w:val=\"{HEAD}\" w:hRule=\"atLeast\" />");
    let text = String::from_utf8_lossy(document).replace(&mark, &format!("{mark}<w:tblHeader />"));
    *document = text.into_bytes();
}

/// A form: a label and a value, or two pairs, in a row.
pub(super) fn form(form: &Form) -> Grid {
    let half = WIDTH / 2 - LABEL;
    let grid = vec![LABEL, half, LABEL, WIDTH - 2 * LABEL - half];
    let rows = form.rows.iter().map(|fields| {
        let cells = match fields.as_slice() {
            [one, two, ..] => vec![label(one), value(one, half, 1), label(two), value(two, grid[3], 1)],
            [one] => vec![label(one), value(one, WIDTH - LABEL, 3)],
            [] => Vec::new(),
        };
        let lines = fields.iter().map(|field| field.lines).max().unwrap_or(1);
        TableRow::new(cells).row_height(LINE * f32::from(lines)).height_rule(HeightRule::AtLeast)
    });
    bordered(rows.collect(), grid)
}

fn bordered(rows: Vec<TableRow>, widths: Vec<usize>) -> Grid {
    Grid::new(rows)
        .set_grid(widths)
        .width(WIDTH, WidthType::Dxa)
        .layout(TableLayoutType::Fixed)
        .margins(TableCellMargins::new().margin(20, 80, 20, 80))
}

fn cell(width: usize) -> TableCell {
    TableCell::new().width(width, WidthType::Dxa).vertical_align(VAlignType::Center)
}

fn label(field: &Field) -> TableCell {
    let words = Piece::new().add_text(field.label.as_str());
    cell(LABEL).add_paragraph(Paragraph::new().style("CellHead").add_run(words))
}

fn value(field: &Field, width: usize, span: usize) -> TableCell {
    let empty = TableCell::new().width(width, WidthType::Dxa).grid_span(span).vertical_align(VAlignType::Center);
    if field.value.is_empty() {
        return empty.add_paragraph(Paragraph::new().style("Cell"));
    }
    field.value.iter().fold(empty, |cell, runs| cell.add_paragraph(filled("Cell", runs)))
}

fn told(value: &Cell, style: &str) -> Paragraph {
    match value {
        Cell::Words(runs) => filled(style, runs),
        figure => {
            let words = Piece::new().add_text(figure.said());
            Paragraph::new().style(style).align(AlignmentType::Right).add_run(words)
        }
    }
}

/// Shares of the width, the last taking what rounding leaves.
fn widths(shares: &[usize]) -> Vec<usize> {
    let whole: usize = shares.iter().sum::<usize>().max(1);
    let mut widths: Vec<usize> = shares.iter().map(|share| WIDTH * share / whole).collect();
    let left = WIDTH - widths.iter().sum::<usize>();
    if let Some(last) = widths.last_mut() {
        *last += left;
    }
    widths
}
