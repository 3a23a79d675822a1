//! Text that may stand in a document: whatever somebody posted, without what acts instead of being read.
//!
//! A report is opened in programs that obey what text says to them. So the model holds no [`String`] but a [`Plain`],
//! and this is the one place where text becomes one. It drops what XML forbids (XML 1.0, 2.2 *Char*), control
//! characters, marks that turn the direction of writing (UAX 9; the words after them would read as somebody else's),
//! and characters that show nothing and can carry hidden words. Lines become one line. What a format takes for its own
//! signs (`<`, `|`, `=`) is left to its writer.

use std::fmt;

/// One line of text that is only read. See the [module](self).
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Plain(String);

impl Plain {
    /// Whatever `text` says, on one line.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                    if !out.is_empty() && !out.ends_with(' ') {
                        out.push(' ');
                    }
                }
                c if is_dropped(c) => {}
                c => out.push(c),
            }
        }
        out.truncate(out.trim_end().len());
        Self(out)
    }

    /// The lines of `text` that say something, one each.
    #[must_use]
    pub fn lines(text: &str) -> Vec<Self> {
        text.lines().map(Self::of).filter(|line| !line.0.trim().is_empty()).collect()
    }

    /// At most `limit` characters, with an ellipsis when cut.
    #[must_use]
    pub fn cut(&self, limit: usize) -> Self {
        match self.0.char_indices().nth(limit) {
            None => self.clone(),
            Some((end, _)) => Self(format!("{}…", self.0[..end].trim_end())),
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.trim().is_empty()
    }

    /// How many characters it has.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.0.chars().count()
    }
}

/// Controls, what XML forbids, marks of direction, what shows nothing. Joiners stay: emoji and some scripts are made of
/// them.
fn is_dropped(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
            | '\u{e0000}'..='\u{e0fff}')
        || (c as u32 & 0xfffe) == 0xfffe
}

impl From<&str> for Plain {
    fn from(text: &str) -> Self {
        Self::of(text)
    }
}

impl From<String> for Plain {
    fn from(text: String) -> Self {
        Self::of(&text)
    }
}

impl From<&String> for Plain {
    fn from(text: &String) -> Self {
        Self::of(text)
    }
}

impl From<&Self> for Plain {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address that a reader may follow: absolute, `http` or `https`, as a URL writes it (WHATWG URL), so that no
/// character in it means anything to a format around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// `None` when nobody should follow it.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let url = url::Url::parse(text.trim()).ok()?;
        let web = matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty();
        web.then(|| Self(url.as_str().replace('\'', "%27")))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_is_dropped_and_what_is_read_stays() {
        let of = |text| Plain::of(text).to_string();
        assert_eq!(of("好\u{0}\u{1}\u{8}\u{1b}[31m事\u{7f}"), "好[31m事");
        assert_eq!(of("\u{202e}drowssap\u{202c} \u{2066}x\u{2069}\u{200e}\u{61c}"), "drowssap x");
        assert_eq!(of("一\r\n二\u{2028}三\t四\n"), "一 二 三 四");
        assert_eq!(of("a\u{fffe}b\u{ffff}c\u{1fffe}d\u{feff}\u{fff9}e"), "abcde");
        assert_eq!(of("藏\u{e0041}\u{e0042}字\u{200b}"), "藏字");
        assert_eq!(of("👨\u{200d}👩\u{200d}👧 <b> =1+1 @all"), "👨\u{200d}👩\u{200d}👧 <b> =1+1 @all");
        assert_eq!(Plain::lines("一\n\n  \n二\u{0}").len(), 2);
        assert_eq!(Plain::of("一二三四").cut(3).as_str(), "一二三…");
        assert_eq!(Plain::of("一二三").cut(3).as_str(), "一二三");
    }

    #[test]
    fn only_the_web_is_followed() {
        for bad in ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "/a", "", "https://u:p@a.example/"] {
            assert_eq!(Address::of(bad), None, "{bad}");
        }
        let hostile = Address::of("https://a.example/\"><script>\u{202e}'(x)").unwrap();
        assert_eq!(hostile.as_str(), "https://a.example/%22%3E%3Cscript%3E%E2%80%AE%27(x)");
    }

    proptest! {
        #[test]
        fn whatever_is_written_xml_permits(text in any::<String>()) {
            let plain = Plain::of(&text);
            let permitted = |c: char| matches!(c, ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
            prop_assert!(plain.as_str().chars().all(|c| permitted(c) && !c.is_control()));
            prop_assert_eq!(&Plain::of(plain.as_str()), &plain);
        }
    }
}
