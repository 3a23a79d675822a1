//! The text as a person pastes it: for one channel, in as many parts as its length asks for.
//!
//! The program does not publish. What it can do is to see that what is pasted is what was approved, fits, and breaks
//! between sentences.

use super::citation;
use crate::plan::answer::Channel;

/// The most parts of one answer: more is an article, and reads as one.
pub const PARTS: usize = 5;

/// Room that the number of a part takes: `（1/5）`.
const NUMBER: usize = 5;

/// A text that does not fit: its author must shorten it, or another channel must carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the text has {characters} characters and {channel_takes} fit: shorten it, or publish it as an article and link to it"
)]
pub struct TooLong {
    /// Of the text.
    pub characters: usize,
    /// In all parts together.
    pub channel_takes: usize,
}

/// The parts of `text` for `channel`, each to be pasted by itself.
///
/// # Errors
/// When it does not fit.
pub fn prepare(text: &str, channel: &Channel) -> Result<Vec<String>, TooLong> {
    let text = tidy(&citation::without(text));
    let characters = text.chars().count();
    let Some(limit) = channel.length.filter(|limit| characters > *limit) else { return Ok(vec![text]) };
    let room = limit.saturating_sub(NUMBER);
    let too_long = TooLong { characters, channel_takes: room * PARTS };
    let parts = split(&text, room).filter(|parts| parts.len() <= PARTS).ok_or(too_long)?;
    let all = parts.len();
    Ok(parts.iter().enumerate().map(|(index, part)| format!("（{}/{all}）{part}", index + 1)).collect())
}

/// Whether a page shows `text`: every sentence of it, whatever stands between them and however they are broken.
#[must_use]
pub fn is_shown(page: &str, text: &str) -> bool {
    let packed = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let page = packed(&without_tags(page));
    let text = citation::without(text);
    let said: Vec<String> = sentences(&text).map(packed).filter(|sentence| !sentence.is_empty()).collect();
    !said.is_empty() && said.iter().all(|sentence| page.contains(sentence.as_str()))
}

/// A page's words: what stands between angle brackets is left out, the commonest entities are read.
fn without_tags(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut rest = page;
    while let Some((before, tag)) = rest.split_once('<') {
        out.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    let entities =
        [("&nbsp;", " "), ("&quot;", "\""), ("&ldquo;", "“"), ("&rdquo;", "”"), ("&lt;", "<"), ("&gt;", ">")];
    let read = entities.iter().fold(out, |text, (entity, character)| text.replace(entity, character));
    read.replace("&amp;", "&")
}

/// Without spaces at the ends of lines and more than one empty line.
fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim().lines().map(str::trim_end) {
        if !(line.is_empty() && lines.last().is_some_and(|last| last.is_empty())) {
            lines.push(line);
        }
    }
    lines.join("\n")
}

/// Sentences put together to parts of at most `room` characters; `None` when a sentence alone is longer.
fn split(text: &str, room: usize) -> Option<Vec<String>> {
    let mut parts = vec![String::new()];
    for sentence in sentences(text) {
        let length = sentence.trim().chars().count();
        if length > room {
            return None;
        }
        let part = parts.last_mut()?;
        if part.trim_start().chars().count() + sentence.trim_end().chars().count() <= room {
            part.push_str(sentence);
        } else {
            parts.push(sentence.to_owned());
        }
    }
    Some(parts.iter().map(|part| part.trim().to_owned()).collect())
}

/// The sentences of a text with what ends them; all of the text is in one of them.
pub fn sentences(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let end =
            rest.char_indices().find(|(at, c)| ends(rest, *at, *c)).map_or(rest.len(), |(at, c)| at + c.len_utf8());
        // What closes a quotation belongs to the sentence.
        let closing: usize = rest[end..].chars().take_while(|c| "”’」』）)\"".contains(*c)).map(char::len_utf8).sum();
        let (sentence, after) = rest.split_at(end + closing);
        rest = after;
        (!sentence.is_empty()).then_some(sentence)
    })
}

/// A full stop of either script; a Latin one only before a space, because of 1.5 and example.cn.
fn ends(text: &str, at: usize, c: char) -> bool {
    match c {
        '。' | '！' | '？' | '；' | '\n' | '!' | '?' => true,
        '.' => text[at + 1..].chars().next().is_none_or(char::is_whitespace),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::plan::Plan;

    fn channel(length: usize) -> Channel {
        Channel { length: Some(length), ..Plan::built_in().channel("weibo-comment").unwrap().clone() }
    }

    #[test]
    fn what_fits_is_one_part_without_citations() {
        let parts = prepare("  停水至18时 [post:12]。  \n\n\n\n敬请谅解。", &channel(140)).unwrap();
        assert_eq!(parts, ["停水至18时。\n\n敬请谅解。"]);
    }

    #[test]
    fn what_does_not_breaks_between_sentences_and_is_numbered() {
        let parts = prepare("第一句话在这里。第二句“话”也在这里！Third 1.5 here. 完。", &channel(21)).unwrap();
        let expected =
            ["（1/4）第一句话在这里。", "（2/4）第二句“话”也在这里！", "（3/4）Third 1.5 here.", "（4/4）完。"];
        assert_eq!(parts, expected);
    }

    #[test]
    fn a_page_shows_a_text_however_it_is_broken() {
        let text = "停水至18时 [post:12]。\n敬请“谅解”。";
        assert!(is_shown("<p>停水至<b>18</b>时。</p>\n<br/><p>敬请&ldquo;谅解&rdquo;。</p><i", text));
        assert!(!is_shown("<p>停水至19时。敬请“谅解”。</p>", text));
        assert!(!is_shown("<p>停水</p>", " "));
    }

    #[test]
    fn what_fits_nowhere_is_refused_with_both_figures() {
        let long = "这一句没有停顿".repeat(30);
        let error = prepare(&long, &channel(140)).unwrap_err();
        assert_eq!((error.characters, error.channel_takes), (210, 675));
        assert!(prepare(&"一句。".repeat(500), &channel(140)).is_err());
        assert!(prepare("一句。一句。", &channel(1)).is_err());
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_every_part_fits(text in "[一-丁a-c。！ \n.”]{0,400}", limit in 8_usize..80) {
            prop_assert_eq!(sentences(&text).collect::<String>(), text.as_str());
            if let Ok(parts) = prepare(&text, &channel(limit)) {
                prop_assert!(parts.len() <= PARTS);
                prop_assert!(parts.iter().all(|part| part.chars().count() <= limit));
                let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
                let pasted: String = parts.iter().map(|part| if parts.len() > 1 { &part["（1/5）".len()..] } else { part }).map(bare).collect();
                prop_assert_eq!(pasted, bare(&text));
            }
        }
    }
}
