//! Ingested text on its way to a page: cut to length, evidence marked.
//!
//! Everything here yields plain text in pieces; the template escapes each piece.
//! A piece is marked when it is part of an excerpt that a classifier gave as
//! evidence. Excerpts are verbatim, so finding them again is a search, and an
//! excerpt that does not occur (a plugin that lies) marks nothing.

/// A run of text, marked as evidence or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Part of an excerpt.
    pub(crate) marked: bool,
    /// The text, unescaped.
    pub(crate) text: String,
}

/// Text divided into what is shown at once and what is shown on request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    /// The head of the text.
    pub(crate) head: Vec<Piece>,
    /// The remainder; empty when the head is all.
    pub(crate) rest: Vec<Piece>,
}

impl Said {
    /// Divides `text` after about `limit` characters, at a sentence or line end
    /// when one is near, and marks the excerpts in both parts.
    pub(crate) fn new(text: &str, excerpts: &[&str], limit: usize) -> Self {
        let text = text.trim();
        let (head, rest) = text.split_at(cut(text, limit));
        Self { head: pieces(head, excerpts), rest: pieces(rest.trim_start(), excerpts) }
    }
}

/// Marks every occurrence of every excerpt; overlapping ones become one mark.
pub(crate) fn pieces(text: &str, excerpts: &[&str]) -> Vec<Piece> {
    let mut spans: Vec<(usize, usize)> = excerpts
        .iter()
        .filter(|e| !e.trim().is_empty())
        .flat_map(|e| text.match_indices(e).map(|(at, found)| (at, at + found.len())))
        .collect();
    spans.sort_unstable();
    let mut out = Vec::new();
    let mut at = 0;
    let mut push = |marked, part: &str| {
        if !part.is_empty() {
            out.push(Piece { marked, text: part.to_owned() });
        }
    };
    let mut spans = spans.into_iter().peekable();
    while let Some((from, mut to)) = spans.next() {
        while let Some((_, next)) = spans.next_if(|(start, _)| *start <= to) {
            to = to.max(next);
        }
        push(false, &text[at..from]);
        push(true, &text[from..to]);
        at = to;
    }
    push(false, &text[at..]);
    out
}

/// Text on one line, at most `limit` characters, with an ellipsis when cut.
/// Marks that turn the direction of writing are dropped: in a heading or a
/// window's title they would turn words that are not theirs.
pub(crate) fn line(text: &str, limit: usize) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text: String = text.chars().filter(|c| !turns(*c)).collect();
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(limit) {
        words.truncate(at);
        words.push('…');
    }
    words
}

/// Where to divide: the byte offset of the end of text when it is short enough
/// to be shown whole, else of the last stop within the limit's last third, else
/// of the limit.
fn cut(text: &str, limit: usize) -> usize {
    // A remainder of a few characters is not worth a click.
    if text.chars().nth(limit + limit / 8).is_none() {
        return text.len();
    }
    let mut end = text.len();
    let mut stop = None;
    for (count, (at, c)) in text.char_indices().enumerate() {
        if count == limit {
            end = at;
            break;
        }
        if count * 3 >= limit * 2 && matches!(c, '。' | '！' | '？' | '\n') {
            stop = Some(at + c.len_utf8());
        }
    }
    stop.unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, excerpts: &[&str]) -> String {
        let wrap = |p: Piece| {
            if p.marked { format!("[{}]", p.text) } else { p.text }
        };
        pieces(text, excerpts).into_iter().map(wrap).collect()
    }

    #[test]
    fn every_occurrence_is_marked_and_overlaps_are_joined() {
        assert_eq!(shown("停水两天，又停水", &["停水"]), "[停水]两天，又[停水]");
        assert_eq!(shown("已经举报三次", &["已经举报", "举报三次"]), "[已经举报三次]");
        assert_eq!(shown("没有任何通知", &["", " ", "不存在"]), "没有任何通知");
    }

    #[test]
    fn long_text_is_cut_at_a_sentence() {
        let text = format!("{}。{}", "甲".repeat(80), "乙".repeat(80));
        let said = Said::new(&text, &[], 100);
        assert_eq!(said.head[0].text.chars().count(), 81);
        assert_eq!(said.rest[0].text.chars().count(), 80);
    }

    #[test]
    fn a_short_remainder_stays_with_the_head() {
        assert!(Said::new(&"甲".repeat(110), &[], 100).rest.is_empty());
        assert_eq!(Said::new(&"甲".repeat(130), &[], 100).head[0].text.chars().count(), 100);
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line("一 \n 二\t三", 9), "一 二 三");
        assert_eq!(line("一二三四", 3), "一二三…");
        assert_eq!(line("\u{202e}drowssap", 9), "drowssap");
    }

    proptest! {
        #[test]
        fn marking_never_changes_the_text(text in "[停水ab ]{0,40}", a in "[停水ab]{0,4}", b in "[停水ab]{0,4}") {
            let joined: String = pieces(&text, &[&a, &b]).into_iter().map(|p| p.text).collect();
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn cutting_loses_only_white_space(text in "\\PC{0,200}", limit in 1usize..60) {
            let said = Said::new(&text, &[], limit);
            let joined: String = said.head.iter().chain(&said.rest).map(|p| p.text.as_str()).collect();
            let bare = |s: &str| s.split_whitespace().collect::<String>();
            prop_assert_eq!(bare(&joined), bare(&text));
        }
    }
}
