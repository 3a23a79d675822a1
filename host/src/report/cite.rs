//! Captured posts as sources of sentences.

use super::facts::{Frame, Heard};
use super::words;
use crate::document::{Address, Document, Plain, Run, Source};

/// Characters of a quoted post.
const QUOTE: usize = 80;
/// Characters of a title in the list of sources.
const TITLE: usize = 40;

/// The citation of a post.
pub(super) fn cite(document: &mut Document, heard: &Heard, frame: &Frame<'_>) -> Run {
    let capture = match heard.capture {
        Some(capture) => format!("{capture}"),
        None => frame.lang.with("report.uncaptured", &[("post", &heard.row)]),
    };
    document.cite(Source {
        title: title(heard),
        site: (&heard.site).into(),
        url: Address::of(&heard.url),
        published: heard.published.map(|at| words::moment(frame, at).into()),
        captured: words::moment(frame, heard.captured).into(),
        capture: capture.into(),
    })
}

/// The citations of several; a place to fill when there is none.
pub(super) fn cite_all<'a>(
    document: &mut Document,
    heard: impl IntoIterator<Item = &'a Heard>,
    frame: &Frame<'_>,
) -> Vec<Run> {
    let mut runs: Vec<Run> = heard.into_iter().map(|heard| cite(document, heard, frame)).collect();
    runs.dedup();
    if runs.is_empty() { vec![Run::missing(frame.lang)] } else { runs }
}

/// A post's title, or how it begins.
pub(super) fn title(heard: &Heard) -> Plain {
    let words = heard.title.as_deref().filter(|title| !title.trim().is_empty()).unwrap_or(&heard.text);
    Plain::of(words).cut(TITLE)
}

/// What a post says, cut and in quotation marks, with where and its citation.
pub(super) fn quote(document: &mut Document, heard: &Heard, frame: &Frame<'_>) -> Vec<Run> {
    let words = Plain::of(&heard.text);
    let words = if words.is_empty() { title(heard) } else { words.cut(QUOTE) };
    let told = frame.lang.with("report.quote", &[("site", &heard.site), ("words", &words)]);
    let mut runs = vec![Run::text(told), cite(document, heard, frame)];
    if let Some((by, said)) = &heard.suggested {
        let by = frame.lang.with("report.suggested-by", &[("by", by)]);
        runs.push(Run::Suggested { by: by.into(), words: Plain::of(said).cut(QUOTE) });
    }
    runs
}
