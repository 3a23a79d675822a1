//! What the class and the id of an element say about it.
//!
//! Site builders name things alike, in English and in pinyin. The words, and what
//! each counts for, began as those of Mozilla's Readability; those of Chinese
//! systems (TRS, UCAP, Discuz! portals, the big portals) were added.

/// What was found, as a set of the flags below.
pub(crate) type Marks = u16;

/// Hardly part of the text.
pub(crate) const UNLIKELY: Marks = 1;
/// May hold the text, whatever else is said.
pub(crate) const MAYBE: Marks = 2;
/// The sort of thing that text stands in.
pub(crate) const POSITIVE: Marks = 4;
/// The sort of thing that text does not stand in.
pub(crate) const NEGATIVE: Marks = 8;
/// Buttons that share.
pub(crate) const SHARE: Marks = 16;
/// A date, a source or an author.
pub(crate) const BYLINE: Marks = 32;
/// A title.
pub(crate) const TITLE: Marks = 64;
/// Steps from page to page.
pub(crate) const PAGER: Marks = 128;
/// The way to this page, or a menu.
pub(crate) const MENU: Marks = 256;
/// Words below a picture.
pub(crate) const CAPTION: Marks = 512;
/// Who wrote it.
pub(crate) const AUTHOR: Marks = 1024;

const UN: Marks = UNLIKELY | NEGATIVE;

/// A word, whether it must stand alone, and what it says. In order of the first letter.
const WORDS: [(&str, bool, Marks); 126] = [
    ("ad", true, UN),
    ("ads", true, UN),
    ("adbox", false, UN),
    ("advert", false, UN),
    ("agegate", false, UNLIKELY),
    ("ai2html", false, UNLIKELY),
    ("and", true, MAYBE),
    ("article", false, MAYBE | POSITIVE),
    ("artical", false, MAYBE | POSITIVE),
    ("artibody", false, MAYBE | POSITIVE),
    ("author", false, BYLINE | AUTHOR),
    ("banner", false, UN),
    ("bdshare", false, UN | SHARE),
    ("blog", false, POSITIVE),
    ("body", false, MAYBE | POSITIVE),
    ("breadcrumb", false, UNLIKELY | MENU),
    ("byline", false, BYLINE | AUTHOR),
    ("caption", false, CAPTION),
    ("column", false, MAYBE),
    ("combx", false, UN),
    ("com-", false, NEGATIVE),
    ("comment", false, UN),
    ("community", false, UNLIKELY),
    ("contact", false, NEGATIVE),
    ("content", false, MAYBE | POSITIVE),
    ("copyright", false, UN),
    ("cover-wrap", false, UNLIKELY),
    ("crumb", false, UNLIKELY | MENU),
    ("date", false, BYLINE),
    ("declare", false, NEGATIVE),
    ("detail", false, POSITIVE),
    ("dianzan", false, UN),
    ("disclaimer", false, UN),
    ("disqus", false, UN),
    ("entry", false, POSITIVE),
    ("erweima", false, UN),
    ("ewm", true, UN),
    ("extra", false, UNLIKELY),
    ("fenxiang", false, UN | SHARE),
    ("footer", false, UN),
    ("foot", true, UN),
    ("footnote", false, NEGATIVE),
    ("friendlink", false, UN),
    ("friend-link", false, UN),
    ("gdpr", false, UN),
    ("guess", false, UN),
    ("headline", false, TITLE),
    ("header", false, UNLIKELY),
    ("hentry", false, POSITIVE),
    ("hidden", false, NEGATIVE),
    ("hid", true, NEGATIVE),
    ("hot", true, UN),
    ("hotnews", false, UN),
    ("img_descr", false, CAPTION),
    ("imgdesc", false, CAPTION),
    ("info", true, BYLINE),
    ("js_name", false, AUTHOR),
    ("legends", false, UNLIKELY),
    ("laiyuan", false, BYLINE),
    ("lbcn", false, POSITIVE),
    ("main", false, MAYBE | POSITIVE),
    ("masthead", false, NEGATIVE),
    ("mathjax", false, MAYBE),
    ("media", true, NEGATIVE),
    ("menu", false, UNLIKELY | MENU),
    ("meta", false, NEGATIVE | BYLINE),
    ("mianze", false, UN),
    ("nav", true, UN | MENU),
    ("navbar", false, UN | MENU),
    ("navigation", false, MENU),
    ("neirong", false, MAYBE | POSITIVE),
    ("newstext", false, POSITIVE),
    ("newsletter", false, NEGATIVE),
    ("outbrain", false, UN),
    ("page", false, POSITIVE),
    ("pager", false, UNLIKELY | PAGER),
    ("pages", true, PAGER),
    ("pagelist", false, PAGER),
    ("paging", false, PAGER),
    ("pagination", false, UNLIKELY | PAGER),
    ("paywall", false, NEGATIVE),
    ("picdesc", false, CAPTION),
    ("pinglun", false, UN),
    ("popup", false, UN),
    ("position", true, MENU),
    ("post", false, POSITIVE),
    ("promo", false, NEGATIVE),
    ("pubtime", false, BYLINE),
    ("publish", false, BYLINE),
    ("qrcode", false, UN),
    ("rank", true, UN),
    ("ranking", false, UN),
    ("recommend", false, UN),
    ("related", false, UN),
    ("remark", false, UNLIKELY),
    ("replies", false, UNLIKELY),
    ("rich_media_content", false, MAYBE | POSITIVE),
    ("rss", true, UNLIKELY),
    ("scroll", false, NEGATIVE),
    ("shadow", false, MAYBE),
    ("share", false, NEGATIVE | SHARE),
    ("shopping", false, NEGATIVE),
    ("shoutbox", false, UN),
    ("sidebar", false, UN),
    ("side-bar", false, UN),
    ("skyscraper", false, UN),
    ("social", false, UNLIKELY | SHARE),
    ("source", false, BYLINE),
    ("sponsor", false, UN),
    ("story", false, POSITIVE),
    ("subscribe", false, NEGATIVE),
    ("supplemental", false, UNLIKELY),
    ("taboola", false, UN),
    ("tags", false, NEGATIVE),
    ("text", false, POSITIVE),
    ("time", false, BYLINE),
    ("title", false, TITLE),
    ("tj", true, NEGATIVE),
    ("trs_editor", false, MAYBE | POSITIVE),
    ("tuijian", false, UN),
    ("ucapcontent", false, MAYBE | POSITIVE),
    ("widget", false, NEGATIVE),
    ("xiangguan", false, UN),
    ("yom-remote", false, UNLIKELY),
    ("zhengwen", false, MAYBE | POSITIVE),
    ("zoom", true, POSITIVE),
];

/// Where the words of each letter begin in [`WORDS`].
const LETTERS: [u8; 27] = letters();

const fn letters() -> [u8; 27] {
    let mut starts = [0; 27];
    let mut letter = 0;
    let mut at = 0;
    while letter < 27 {
        while at < WORDS.len() && (WORDS[at].0.as_bytes()[0] - b'a') < letter {
            at += 1;
        }
        starts[letter as usize] = at as u8;
        letter += 1;
    }
    starts
}

/// How much of a class or an id is looked at.
const ENOUGH: usize = 160;

/// What the value of a class or an id says.
pub(crate) fn marks(value: &str) -> Marks {
    let mut buffer = [0_u8; ENOUGH];
    let len = value.len().min(ENOUGH);
    let lower = &mut buffer[..len];
    lower.copy_from_slice(&value.as_bytes()[..len]);
    lower.make_ascii_lowercase();
    let mut found = 0;
    for (at, byte) in lower.iter().enumerate() {
        let Some(letter) = byte.checked_sub(b'a').filter(|letter| *letter < 26) else {
            continue;
        };
        let letter = usize::from(letter);
        for (word, alone, marks) in &WORDS[usize::from(LETTERS[letter])..usize::from(LETTERS[letter + 1])] {
            if lower[at..].starts_with(word.as_bytes()) && (!alone || is_alone(lower, at, word.len())) {
                found |= marks;
            }
        }
    }
    found
}

fn is_alone(text: &[u8], at: usize, len: usize) -> bool {
    let is_letter = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphabetic);
    !is_letter(at.checked_sub(1).and_then(|before| text.get(before))) && !is_letter(text.get(at + len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_whole_or_within() {
        assert_eq!(marks("Article-Content"), MAYBE | POSITIVE);
        assert_eq!(marks("ad-left"), UN);
        assert_eq!(marks("shadow-head"), MAYBE);
        assert_eq!(marks("navbar"), UN | MENU);
        assert_eq!(marks("unavoidable"), 0);
        assert_eq!(marks("TRS_Editor"), MAYBE | POSITIVE);
        assert_eq!(marks(""), 0);
    }

    #[test]
    fn every_word_can_be_found() {
        assert!(WORDS.is_sorted_by_key(|(word, ..)| word.as_bytes()[0]));
        for (word, _, expected) in WORDS {
            assert_eq!(marks(word) & expected, expected, "{word}");
        }
    }
}
