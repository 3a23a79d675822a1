//! What people and sites leave alone when they pass a text on.

use super::super::fold::{each_folded, is_alphanumeric};
use super::LONGEST;

/// Appends what remains of a text when repost marks, addresses, names, emoji
/// codes, hashtag marks, spaces and punctuation are gone, folded; stops at
/// [`LONGEST`] characters.
pub(super) fn essence(text: &str, out: &mut Vec<char>) {
    let mut rest = text;
    let mut line_start = true;
    while let Some(c) = rest.chars().next() {
        if out.len() >= LONGEST {
            return;
        }
        let skipped = if line_start { skip_mark(rest).or_else(|| skip_inline(rest, c)) } else { skip_inline(rest, c) };
        if let Some(length) = skipped {
            rest = &rest[length..];
            continue;
        }
        line_start = c == '\n' || (line_start && !is_alphanumeric(c));
        each_folded(c, |c| {
            if is_alphanumeric(c) {
                out.push(c);
            }
        });
        rest = &rest[c.len_utf8()..];
    }
}

/// What people and sites put before a text that they pass on. Checked at the
/// start of a line, where the words cannot be part of a sentence.
const REPOST_MARKS: [&str; 8] = ["转发微博", "转载自", "轉發微博", "转自", "转载", "转发", "转", "RT"];
/// Lines that name where a text came from; they differ from copy to copy.
const ORIGIN_MARKS: [&str; 6] = ["来源", "文章来源", "原标题", "责任编辑", "责编", "编辑"];

/// Length of a repost mark or a line of origin at the start of a line.
fn skip_mark(line: &str) -> Option<usize> {
    let colon = |rest: &str| rest.starts_with([':', '：']);
    for mark in ORIGIN_MARKS {
        if line.strip_prefix(mark).is_some_and(colon) {
            // "来源：某报 记者…": the name ends at a space; a line without one is all name.
            let end = line.find(char::is_whitespace).unwrap_or(line.len());
            return (end <= 96).then_some(end);
        }
    }
    for mark in REPOST_MARKS {
        if let Some(rest) = line.strip_prefix(mark)
            && (rest.is_empty() || rest.starts_with([':', '：', ' ', '@', '/', '\n', ']', '】', '）', ')']))
        {
            return Some(mark.len());
        }
    }
    None
}

/// Length of an address, a name or an emoji code at the start of `rest`.
fn skip_inline(rest: &str, first: char) -> Option<usize> {
    match first {
        'h' | 'H' | 'w' | 'W' => skip_address(rest),
        '@' | '＠' => {
            let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '·');
            let after = &rest[first.len_utf8()..];
            let length: usize = after.chars().take(30).take_while(|&c| name(c)).map(char::len_utf8).sum();
            Some(first.len_utf8() + length)
        }
        '[' => {
            let (end, _) = rest.char_indices().take(10).find(|&(_, c)| c == ']')?;
            let inside = &rest[1..end];
            (!inside.is_empty() && inside.chars().all(char::is_alphanumeric)).then_some(end + 1)
        }
        _ => None,
    }
}

fn skip_address(rest: &str) -> Option<usize> {
    let begins = |mark: &str| rest.get(..mark.len()).is_some_and(|head| head.eq_ignore_ascii_case(mark));
    ["http://", "https://", "www."].iter().any(|mark| begins(mark)).then(|| super::super::links::address_length(rest))
}
