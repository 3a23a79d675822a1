//! The part of a text that shows why it was found: as many of its hits as fit, from the beginning of a sentence.

use std::ops::Range;

/// A part of a text on one line, and what is marked in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snippet {
    /// The part; line ends and tabs are spaces, so that ranges stay what they were.
    pub text: String,
    /// What is marked, in bytes of `text`, in order and apart.
    pub marks: Vec<Range<usize>>,
    /// Something stands before it.
    pub cut_before: bool,
    /// Something stands after it.
    pub cut_after: bool,
}

impl Snippet {
    /// About `width` characters of `text` around `hits`, which lie on character boundaries, in order; the beginning when
    /// there are none.
    #[must_use]
    pub fn of(text: &str, hits: &[Range<usize>], width: usize) -> Self {
        let joined = join(hits);
        let from = start(text, hits, width);
        let part = head(&text[from..], width);
        let to = from + part.len();
        let inside = joined.iter().filter(|hit| hit.start < to && hit.end > from);
        Self {
            marks: inside.map(|hit| hit.start.max(from) - from..hit.end.min(to) - from).collect(),
            cut_before: !text[..from].trim().is_empty(),
            cut_after: !text[to..].trim().is_empty(),
            text: part.replace(['\n', '\r', '\t'], " "),
        }
    }

    /// The text in pieces, each marked or not.
    pub fn pieces(&self) -> impl Iterator<Item = (bool, &str)> {
        let ends = self.marks.iter().map(|mark| mark.end);
        let gaps =
            std::iter::once(0).chain(ends).zip(self.marks.iter().map(|mark| mark.start).chain([self.text.len()]));
        let marks = self.marks.iter().map(Some).chain([None]);
        let pieces = gaps.zip(marks).flat_map(|((from, to), mark)| {
            let marked = mark.map(|mark| (true, &self.text[mark.clone()]));
            [Some((false, &self.text[from..to])), marked]
        });
        pieces.flatten().filter(|(_, piece)| !piece.is_empty())
    }
}

/// Hits that touch or overlap are one.
fn join(hits: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut joined: Vec<Range<usize>> = Vec::new();
    for hit in hits {
        match joined.last_mut() {
            Some(last) if last.end >= hit.start => last.end = last.end.max(hit.end),
            _ => joined.push(hit.clone()),
        }
    }
    joined
}

/// Where the part begins: of all hits the one that most others follow closely, else the earliest; a little before it,
/// at the beginning of its sentence when that is near.
fn start(text: &str, hits: &[Range<usize>], width: usize) -> usize {
    if text.chars().nth(width).is_none() {
        return 0;
    }
    // A character of a Chinese page has three bytes; nothing depends on it but which hit is chosen.
    let near = width * 3 * 3 / 4;
    let follow = |n: usize| hits[n..].partition_point(|hit| hit.end <= hits[n].start + near);
    let best = (0..hits.len()).max_by_key(|&n| (follow(n), std::cmp::Reverse(n)));
    let Some(first) = best.map(|n| hits[n].start) else { return 0 };
    let mut from = first;
    for (at, c) in text[..first].char_indices().rev().take(width / 4) {
        if matches!(c, '。' | '！' | '？' | '\n') {
            break;
        }
        from = at;
    }
    from
}

/// The first `width` characters.
fn head(text: &str, width: usize) -> &str {
    text.char_indices().nth(width).map_or(text, |(end, _)| &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, words: &[&str], width: usize) -> String {
        let mut hits: Vec<_> =
            words.iter().flat_map(|w| text.match_indices(w).map(|(at, w)| at..at + w.len())).collect();
        hits.sort_by_key(|hit| hit.start);
        let snippet = Snippet::of(text, &hits, width);
        let pieces =
            snippet.pieces().map(|(marked, piece)| if marked { format!("[{piece}]") } else { piece.to_owned() });
        let mark = |cut: bool| if cut { "…" } else { "" };
        format!("{}{}{}", mark(snippet.cut_before), pieces.collect::<String>(), mark(snippet.cut_after))
    }

    #[test]
    fn a_part_begins_with_the_sentence_of_its_first_hit() {
        let text = "今天上班。桥西又停水了，\n打电话没人接。";
        assert_eq!(shown(text, &["停水"], 12), "…桥西又[停水]了， 打电话没…");
        assert_eq!(shown(text, &["停水", "水了", "没有"], 40), "今天上班。桥西又[停水了]， 打电话没人接。", "all of it fits");
        assert_eq!(shown(text, &[], 4), "今天上班…");
        assert_eq!(shown("", &["停水"], 4), "");
    }

    #[test]
    fn the_densest_part_is_shown() {
        let text = format!("停水{}停水停电", "一".repeat(100));
        assert_eq!(shown(&text, &["停水", "停电"], 20), "…一一一一一[停水停电]");
    }

    proptest! {
        #[test]
        fn a_part_is_of_the_text_and_no_longer(
            text in "[停水电a。\\n ]{0,60}", word in "[停水电a]{1,2}", width in 1usize..40,
        ) {
            let hits: Vec<_> = text.match_indices(&word).map(|(at, w)| at..at + w.len()).collect();
            let snippet = Snippet::of(&text, &hits, width);
            prop_assert!(snippet.text.chars().count() <= width);
            prop_assert!(text.replace('\n', " ").contains(&snippet.text));
            let joined: String = snippet.pieces().map(|(_, piece)| piece).collect();
            prop_assert_eq!(&joined, &snippet.text);
            prop_assert_eq!(snippet.marks.is_empty(), hits.is_empty());
        }
    }
}
