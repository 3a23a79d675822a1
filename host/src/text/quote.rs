//! The passages of a text that its writer took over from others.
//!
//! Whoever passes a post on with a word of their own, answers it, or speaks about a notice, often has its text in theirs.
//! A passage is what follows a repost mark (`//@name:`, 转发：, 原文：), lines quoted with `>`, and what stands between
//! quotation marks. What it gives up: passages of less than [`SHORTEST`] characters, which may be a proverb or a slogan
//! that says nothing about the matter, and quotations without any mark.

/// Fewest characters of a passage.
const SHORTEST: usize = 24;
/// Most passages of one text, the longest first.
pub const MOST: usize = 3;
/// Only so many bytes of a text are looked through: what is passed on stands at its beginning or soon after.
const HEAD: usize = 32 * 1_024;

/// Quotation marks that enclose what somebody said.
const MARKS: [(char, char); 3] = [('“', '”'), ('「', '」'), ('『', '』')];
/// What stands, with a colon, before a text that is passed on.
const HEADINGS: [&str; 8] = ["转发", "转载", "原文", "原帖", "转帖", "引用", "轉發", "引文"];

/// The passages of a text that come from elsewhere, the longest first, at most [`MOST`].
#[must_use]
pub fn quotes(text: &str) -> Vec<&str> {
    let text = &text[..text.floor_char_boundary(HEAD)];
    let mut found: Vec<&str> = chain(text).chain(headed(text)).chain(quoted_lines(text)).chain(marked(text)).collect();
    found.retain(|passage| passage.chars().nth(SHORTEST - 1).is_some() && passage.len() < text.trim().len());
    found.sort_by_key(|passage| std::cmp::Reverse(passage.len()));
    found.dedup();
    found.truncate(MOST);
    found
}

/// What each of a chain of reposts said: `mine//@a:hers//@b:his`.
fn chain(text: &str) -> impl Iterator<Item = &str> {
    text.split("//@").skip(1).filter_map(|link| Some(after_colon(link)?.trim()))
}

/// What follows the first colon, if a name stands before it.
fn after_colon(link: &str) -> Option<&str> {
    let (name, said) = link.split_once([':', '：'])?;
    (name.len() <= 96).then_some(said)
}

/// The rest of a text behind a heading at the beginning of a line.
fn headed(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').filter_map(move |line| {
        let rest =
            HEADINGS.iter().find_map(|heading| line.trim_start_matches(['【', '[', ' ']).strip_prefix(heading))?;
        let said = after_colon(rest)?;
        let at = said.as_ptr() as usize - text.as_ptr() as usize;
        Some(text[at..].trim())
    })
}

/// Runs of lines that begin with `>`, as one passage each, as they stand.
fn quoted_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = if rest.starts_with('>') { 0 } else { rest.find("\n>")? + 1 };
        let quoted = rest[start..].split_inclusive('\n').take_while(|line| line.starts_with('>'));
        let end = start + quoted.map(str::len).sum::<usize>();
        let passage = &rest[start..end];
        rest = &rest[end..];
        Some(passage.trim())
    })
}

/// What stands between quotation marks.
fn marked(text: &str) -> impl Iterator<Item = &str> {
    MARKS.into_iter().flat_map(move |(open, close)| {
        text.split(open).skip(1).filter_map(move |part| Some(part.split_once(close)?.0.trim()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOTICE: &str = "因管网抢修，桥西路片区今晚八点起停水，预计明早六点恢复，请居民提前储水";

    #[test]
    fn what_was_taken_over_is_found_whatever_marks_it() {
        for text in [
            format!("又来了，一个月三次//@云河发布:{NOTICE}"),
            format!("大家看看\n转发：{NOTICE}"),
            format!("怎么回事？\n【原文】：{NOTICE}"),
            format!("> {NOTICE}\n\n上次也是这么说的"),
            format!("官方说“{NOTICE}”，可是现在还没来水"),
            format!("官方说「{NOTICE}」，可是现在还没来水"),
        ] {
            let found = quotes(&text);
            assert!(found.iter().any(|passage| passage.contains(NOTICE)), "{text}: {found:?}");
        }
        let chain = format!("//@甲:哎//@乙:{NOTICE}//@丙:{NOTICE}！");
        assert_eq!(quotes(&chain).len(), 2, "{:?}", quotes(&chain));
    }

    #[test]
    fn slogans_and_own_words_are_no_quotations() {
        assert_eq!(quotes("坚持“绿水青山就是金山银山”的理念"), [""; 0]);
        assert_eq!(quotes(NOTICE), [""; 0]);
        assert_eq!(quotes(&format!("“{NOTICE}")), [""; 0], "it is never closed");
        assert_eq!(quotes("http://a.example//@x"), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_in_bounds(text in "(?s)(?://@|[:：“”「」>\\n]|转发|原文|\\PC){0,60}") {
            let found = quotes(&text);
            prop_assert!(found.len() <= MOST && found.iter().all(|passage| text.contains(passage)));
        }
    }

    #[test]
    fn a_megabyte_of_marks_is_read_in_bounds() {
        for hostile in ["//@a:", "“", "“”", "\n>", "转发：\n", ">"] {
            assert!(quotes(&hostile.repeat(1_000_000 / hostile.len())).len() <= MOST);
        }
    }
}
