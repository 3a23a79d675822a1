//! What a message says, as plain text that fits its channel.
//!
//! Titles were written by the public, and a robot or a mail program may obey what it reads: `@all`, markup, links, marks
//! that turn the direction of writing. So messages are plain text, and what is ingested loses everything that
//! any channel could take for more: it is one line, `@`, `<` and `>` are their full-width twins, and an address in
//! it is no link. The only link is our own.

use crate::lang::Lang;

/// Characters of a title.
const TITLE: usize = 60;
/// Bytes of one notice among others, but for its number.
const LINE: usize = 360;

/// Foreign text in one line, without what turns its direction, hides in it or moves a cursor.
#[must_use]
pub fn one_line(text: &str) -> String {
    let turns = |c: char| {
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{061c}')
            || ('\u{e0000}'..='\u{e007f}').contains(&c)
    };
    let kept = text.chars().filter(|c| !turns(*c)).map(|c| if c.is_control() { ' ' } else { c });
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Ingested text as it may stand in a message: one line that nobody obeys, at most 60 characters.
#[must_use]
pub fn plain(text: &str) -> String {
    let twin = |c: char| match c {
        '@' => '＠',
        '<' => '＜',
        '>' => '＞',
        c => c,
    };
    let mut line = one_line(text).chars().map(twin).collect::<String>().replace("://", "：//");
    if let Some((at, _)) = line.char_indices().nth(TITLE) {
        line.truncate(at);
        line.push('…');
    }
    line
}

/// At most so many bytes, cut at a character, with an ellipsis when cut.
#[must_use]
pub fn cut(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.to_owned();
    }
    let room = bytes.saturating_sub('…'.len_utf8());
    let end = (0..=room).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    if bytes < '…'.len_utf8() { String::new() } else { format!("{}…", &text[..end]) }
}

/// What one notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// The sentence.
    pub text: String,
    /// Where more is to be read.
    pub link: Option<String>,
    /// It is urgent.
    pub urgent: bool,
}

/// A message before it takes the form of its channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The first line; a mail's subject.
    pub heading: String,
    /// Heading included, within the limit.
    pub text: String,
    /// How many of the sayings are in it.
    pub holds: usize,
}

/// Puts into one message as many of `sayings` as fit into `bytes`, one at least, which is cut where it must be. `again`: it may
/// have arrived before. `link`: where the product is.
#[must_use]
pub fn compose(lang: Lang, sayings: &[Saying], again: bool, link: Option<&str>, bytes: usize) -> Message {
    match sayings {
        [one] => alone(lang, one, again, bytes),
        many => together(lang, many, again, link, bytes),
    }
}

fn heading(lang: Lang, key: &str, again: bool) -> String {
    let mark = if again { lang.t("notify.again") } else { String::new() };
    format!("{}{mark}", lang.t(key))
}

fn alone(lang: Lang, saying: &Saying, again: bool, bytes: usize) -> Message {
    let head = heading(lang, if saying.urgent { "notify.head-urgent" } else { "notify.head" }, again);
    let link = saying.link.as_ref().map_or_else(String::new, |link| format!("\n{link}"));
    let said = cut(&saying.text, bytes.saturating_sub(head.len() + link.len()));
    Message { text: format!("{head}{said}{link}"), heading: format!("{head}{}", cut(&saying.text, 150)), holds: 1 }
}

fn together(lang: Lang, sayings: &[Saying], again: bool, link: Option<&str>, bytes: usize) -> Message {
    let urgent = sayings.iter().any(|saying| saying.urgent);
    let head = heading(lang, if urgent { "notify.head-urgent" } else { "notify.head" }, again);
    let link = link.map_or_else(String::new, |link| format!("\n{link}"));
    let titled = |n: usize| format!("{head}{}", lang.count("notify.digest", u64::try_from(n).unwrap_or(u64::MAX)));
    // The number in the title only ever gets shorter; and what goes out again, marked, holds what it held before.
    let mark = if again { 0 } else { lang.t("notify.again").len() };
    let mut room = bytes.saturating_sub(titled(sayings.len()).len() + link.len() + mark);
    let mut lines = String::new();
    let mut holds = 0;
    for (n, saying) in sayings.iter().enumerate() {
        let mark = if saying.urgent { lang.t("notify.mark-urgent") } else { String::new() };
        let line = format!("\n{}. {mark}{}", n + 1, cut(&saying.text, LINE));
        let line = if n == 0 { cut(&line, room) } else { line };
        let Some(left) = room.checked_sub(line.len()) else { break };
        room = left;
        lines.push_str(&line);
        holds += 1;
    }
    let heading = titled(holds);
    Message { text: format!("{heading}{lines}{link}"), heading, holds }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOSTILE: &str = "@all <at user_id=\"all\">所有人</at> [点我](https://evil.example) \r\nBcc: x@y.cn \u{202e}倒\u{200b}转\u{1b}[31m\0";

    fn saying(text: &str) -> Saying {
        Saying { text: text.to_owned(), link: Some("https://a.gov.cn/incidents/7".into()), urgent: false }
    }

    #[test]
    fn what_the_public_wrote_is_one_line_that_nobody_obeys() {
        let said = plain(HOSTILE);
        for obeyed in ["@", "<", ">", "\n", "\r", "://", "\u{202e}", "\u{200b}", "\u{1b}", "\0"] {
            assert!(!said.contains(obeyed), "{obeyed:?} in {said:?}");
        }
        assert!(said.starts_with("＠all ＜at user_id=\"all\"＞所有人"), "{said}");
        assert_eq!(plain(&"水".repeat(100)).chars().count(), TITLE + 1);
    }

    #[test]
    fn one_notice_is_cut_at_a_character_and_keeps_its_link() {
        let message = compose(Lang::Zh, &[saying(&"路灯坏了".repeat(400))], false, None, 2_048);
        assert!(message.text.len() <= 2_048 && message.text.len() > 2_040, "{}", message.text.len());
        assert!(message.text.ends_with("…\nhttps://a.gov.cn/incidents/7"), "{}", message.text);
        assert_eq!(message.holds, 1);
        let short = compose(Lang::Zh, &[Saying { urgent: true, ..saying("水厂爆管") }], true, None, 2_048);
        assert_eq!(short.text, "【采风·紧急】（可能重复）水厂爆管\nhttps://a.gov.cn/incidents/7");
    }

    #[test]
    fn many_are_numbered_and_the_title_says_how_many_are_in_it() {
        let all: Vec<Saying> = (0..100).map(|n| saying(&format!("第{n}件事 {}", "很长的标题".repeat(8)))).collect();
        let message = compose(Lang::Zh, &all, false, Some("https://a.gov.cn"), 2_048);
        assert!(message.text.len() <= 2_048);
        assert!(message.holds > 10 && message.holds < 20, "{}", message.holds);
        assert!(message.text.starts_with(&format!("【采风】{} 条提醒\n1. 第0件事", message.holds)), "{}", message.text);
        assert!(message.text.ends_with("\nhttps://a.gov.cn"));
        assert_eq!(message.text.lines().count(), message.holds + 2);
    }

    proptest! {
        #[test]
        fn whatever_is_said_fits_and_something_is_always_told(
            texts in prop::collection::vec("\\PC{0,400}", 1..30), bytes in 300_usize..3_000, again: bool
        ) {
            let all: Vec<Saying> = texts.iter().map(|text| saying(text)).collect();
            let message = compose(Lang::Zh, &all, again, Some("https://a.gov.cn"), bytes);
            prop_assert!(message.text.len() <= bytes, "{} of {bytes}", message.text.len());
            prop_assert!((1..=all.len()).contains(&message.holds));
        }

        #[test]
        fn plain_text_has_nothing_that_is_obeyed(text in "\\PC{0,200}|[@<>:/\\r\\n\\t\u{200b}-\u{202e}]{0,80}") {
            let said = plain(&text);
            prop_assert!(!said.contains(['@', '<', '>', '\n', '\r']) && !said.contains("://"));
            prop_assert_eq!(plain(&said), said.clone());
        }
    }
}
