//! Clauses: how much of a text is shown as the evidence of a label.
//!
//! A word alone proves nothing to the person who decides, and a whole letter hides it. What is shown is the clause
//! around the word, verbatim: to the nearest mark on either side, and never further than a given number of characters.

/// What stands around the bytes from `start` to before `end`: to the nearest mark that [`ends`] a clause, and at most
/// `reach` characters on either side, without the blanks at its ends. It is a part of `text`.
///
/// `start` and `end` lie between characters of `text`, in this order; where they do not, the answer is empty.
///
/// ```
/// use caifeng_plugin_sdk::clause;
///
/// let text = "多次反映，至今没有人修，请查处";
/// let at = text.find("没有").unwrap();
/// assert_eq!(clause::around(text, at, at + "没有".len(), 20), "至今没有人修");
/// assert_eq!(clause::around(text, at, at + "没有".len(), 1), "今没有人");
/// ```
#[must_use]
pub fn around(text: &str, start: usize, end: usize, reach: usize) -> &str {
    if text.get(start..end).is_none() {
        return "";
    }
    let inside = |c: &char| !ends(*c);
    let before: usize = text[..start].chars().rev().take(reach).take_while(inside).map(char::len_utf8).sum();
    let after: usize = text[end..].chars().take(reach).take_while(inside).map(char::len_utf8).sum();
    text[start - before..end + after].trim()
}

/// Whether a clause ends here. A mark within numbers, addresses, names and tags does not end one.
#[must_use]
pub fn ends(c: char) -> bool {
    // Most characters are ideographs, and none of them is a mark.
    !matches!(c, '\u{4e00}'..='\u{9fff}') && is_mark(c)
}

fn is_mark(c: char) -> bool {
    matches!(
        c,
        '，' | '。'
            | '！'
            | '？'
            | '；'
            | '：'
            | '、'
            | '…'
            | '“'
            | '”'
            | '【'
            | '】'
            | '（'
            | '）'
            | '《'
            | '》'
            | '\n'
            | '\r'
            | '\t'
    ) || (c.is_ascii_punctuation() && !matches!(c, '.' | '-' | '@' | '#' | '/' | '%' | ':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clause_ends_at_marks_and_not_within_names() {
        let text = "见 https://a.cn/b-1#2，3.5%的人\n说";
        let at = text.find("a.cn").unwrap_or_default();
        assert_eq!(around(text, at, at + 4, 50), "见 https://a.cn/b-1#2");
        let at = text.find('5').unwrap_or_default();
        assert_eq!(around(text, at, at + 1, 50), "3.5%的人");
    }

    #[test]
    fn a_place_that_is_none_shows_nothing() {
        for (start, end) in [(1, 3), (3, 99), (6, 3)] {
            assert_eq!(around("没有人修", start, end, 5), "", "{start} {end}");
        }
        assert_eq!(around("", 0, 0, 5), "");
    }
}
