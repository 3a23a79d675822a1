//! The text of an element and what it is written in.

use std::borrow::Cow;

use caifeng_plugin_sdk::html;

/// What the text of an element is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Plain text, as far as the feed says.
    Plain,
    /// Escaped HTML.
    Html,
    /// Markup that stands in the feed as elements.
    Markup,
    /// Base64; what is inside is guessed.
    Base64,
}

impl Form {
    /// The form that the attributes `type` and `mode` name.
    pub(crate) fn declared(kind: Option<&str>, mode: Option<&str>, default: Self) -> Self {
        if mode == Some("base64") {
            return Self::Base64;
        }
        let Some(kind) = kind else {
            return default;
        };
        let kind = kind.trim().to_ascii_lowercase();
        match &*kind {
            "" => default,
            "text" | "plain" => Self::Plain,
            "html" => Self::Html,
            "xhtml" => Self::Markup,
            kind if kind.starts_with("text/html") => Self::Html,
            kind if kind.ends_with("+xml") || kind.ends_with("/xml") => Self::Markup,
            kind if kind.starts_with("text") || !kind.contains('/') => Self::Plain,
            _ => Self::Base64,
        }
    }
}

/// The text of an element, not yet made plain.
///
/// Feeds of every format call HTML plain text, so plain text that shows itself
/// to be HTML is read as HTML.
#[derive(Clone, Debug)]
pub(crate) struct Value {
    raw: String,
    form: Form,
}

impl Value {
    pub(crate) fn new(raw: String, form: Form) -> Self {
        if form == Form::Base64 {
            let decoded = base64(&raw).and_then(|bytes| String::from_utf8(bytes).ok());
            return Self { raw: decoded.unwrap_or(raw), form: Form::Plain };
        }
        Self { raw, form }
    }

    /// The length as written, by which the fuller of two texts is chosen.
    pub(crate) fn len(&self) -> usize {
        self.raw.len()
    }

    /// One line of plain text.
    pub(crate) fn into_line(self) -> String {
        let text = self.into_text();
        if is_line(&text) {
            return text;
        }
        let mut out = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(word);
        }
        out
    }

    /// Plain text with its line breaks. What is plain already is not copied.
    pub(crate) fn into_text(self) -> String {
        let text = match self.readable() {
            Cow::Owned(text) => Some(text),
            Cow::Borrowed(_) => None,
        };
        let text = trimmed(text.unwrap_or(self.raw));
        match repair(&text) {
            Cow::Owned(text) => text,
            Cow::Borrowed(_) => text,
        }
    }

    fn readable(&self) -> Cow<'_, str> {
        let is_html = match self.form {
            Form::Html | Form::Markup => true,
            Form::Plain | Form::Base64 => looks_like_html(&self.raw),
        };
        if !is_html {
            Cow::Borrowed(&self.raw)
        } else if memchr::memchr(b'<', self.raw.as_bytes()).is_some() {
            Cow::Owned(html::text(&self.raw))
        } else {
            html::decode(&self.raw)
        }
    }
}

/// Text without white space at its ends.
pub(crate) fn trimmed(text: String) -> String {
    let inner = text.trim();
    if inner.len() == text.len() { text } else { inner.to_owned() }
}

/// Whether all white space in it is single blanks.
fn is_line(text: &str) -> bool {
    // Every character that is white space begins with one of these bytes; most lines have none of them.
    let begins = |b: u8| (b <= b' ') | (b == 0xc2) | (b == 0xe1) | (b == 0xe2) | (b == 0xe3);
    if !text.bytes().fold(false, |any, b| any | begins(b)) {
        return true;
    }
    !text.contains(|c: char| c.is_whitespace() && c != ' ') && !text.as_bytes().windows(2).any(|pair| pair == b"  ")
}

/// Whether text that is said to be plain is HTML all the same: it closes a tag
/// or has a character reference, and every tag and reference in it is one that
/// HTML knows.
fn looks_like_html(text: &str) -> bool {
    let mut evidence = false;
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'<', b'&', rest.as_bytes()) {
        let is_tag = rest.as_bytes()[at] == b'<';
        rest = &rest[at + 1..];
        if is_tag {
            let (closes, name) = match rest.strip_prefix('/') {
                Some(name) => (true, name),
                None => (false, rest),
            };
            let name = word(name);
            if name.is_empty() {
                continue;
            }
            if !is_html_tag(name) {
                return false;
            }
            evidence |= closes && rest.as_bytes().get(1 + name.len()) == Some(&b'>');
        } else {
            let name = word(rest.strip_prefix('#').unwrap_or(rest));
            let end = name.len() + usize::from(rest.starts_with('#'));
            if name.is_empty() || rest.as_bytes().get(end) != Some(&b';') {
                continue;
            }
            if !rest.starts_with('#') && html::named(name).is_none() {
                return false;
            }
            evidence = true;
        }
    }
    evidence
}

fn word(text: &str) -> &str {
    let end = text.bytes().position(|b| !(b.is_ascii_alphanumeric() || b == b'_'));
    &text[..end.unwrap_or(text.len())]
}

/// Elements that occur within a text; others show that it only looks like HTML.
fn is_html_tag(name: &str) -> bool {
    const TAGS: [&str; 85] = [
        "a",
        "abbr",
        "acronym",
        "address",
        "area",
        "article",
        "aside",
        "audio",
        "b",
        "big",
        "blockquote",
        "br",
        "button",
        "canvas",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "em",
        "fieldset",
        "figcaption",
        "figure",
        "font",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "i",
        "img",
        "input",
        "ins",
        "kbd",
        "label",
        "legend",
        "li",
        "map",
        "menu",
        "meter",
        "nav",
        "noscript",
        "ol",
        "optgroup",
        "option",
        "output",
        "p",
        "pre",
        "progress",
        "q",
        "s",
        "samp",
        "section",
        "select",
        "small",
        "source",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
    ];
    let lower = name.to_ascii_lowercase();
    TAGS.binary_search(&&*lower).is_ok() || matches!(&*lower, "tt" | "u" | "ul" | "var" | "video")
}

/// Undoes two frequent mistakes of publishers: UTF-8 that was taken for
/// Latin-1 and encoded again, and the C1 controls that are Windows-1252 really.
fn repair(text: &str) -> Cow<'_, str> {
    // These two bytes begin U+0080 to U+00FF in UTF-8, and nothing else.
    if memchr::memchr2(0xc2, 0xc3, text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let latin: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    if let Some(text) = latin.and_then(|bytes| String::from_utf8(bytes).ok()) {
        return Cow::Owned(text);
    }
    if !text.chars().any(|c| ('\u{80}'..='\u{9f}').contains(&c)) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(
        text.chars()
            .map(|c| match u32::from(c) {
                code @ 0x80..=0x9f => html::WINDOWS_1252[code as usize - 0x80],
                _ => c,
            })
            .collect(),
    )
}

/// RFC 4648 with white space ignored; nothing if a foreign character occurs.
fn base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let mut bits = 0_u32;
    let mut count = 0;
    for b in text.bytes().filter(|b| !b.is_ascii_whitespace() && *b != b'=') {
        let digit = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(digit)) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(raw: &str, form: Form) -> String {
        Value::new(raw.to_owned(), form).into_line()
    }

    #[test]
    fn plain_text_that_is_html_is_read_as_html() {
        assert_eq!(line("A &amp; B", Form::Plain), "A & B");
        assert_eq!(line("<b>粗</b>体", Form::Plain), "粗体");
        assert_eq!(line("the <blink> tag", Form::Plain), "the <blink> tag");
        assert_eq!(line("1 < 2 &bogus; 3", Form::Plain), "1 < 2 &bogus; 3");
        assert_eq!(line("AT&T", Form::Plain), "AT&T");
    }

    #[test]
    fn white_space_of_any_kind_is_one_blank() {
        for raw in [
            "停水 通知",
            "停水  通知",
            " 停水\n通知 ",
            "停水\u{3000}通知",
            "停水\u{a0}通知",
            "停水\u{2003}通知",
            "停水\u{1680}通知",
        ] {
            assert_eq!(line(raw, Form::Plain), "停水 通知", "{raw:?}");
        }
        assert_eq!(line("“停水”。", Form::Plain), "“停水”。");
    }

    #[test]
    fn base64_is_decoded() {
        assert_eq!(line("RXhhbXBs\n ZSA8Yj5BdG9tPC9iPg==", Form::Base64), "Example Atom");
        assert_eq!(line("不是", Form::Base64), "不是");
    }

    #[test]
    fn mojibake_is_repaired() {
        assert_eq!(line("Ã¨", Form::Plain), "è");
        assert_eq!(line("è", Form::Plain), "è");
        assert_eq!(line("don\u{92}t é", Form::Plain), "don’t é");
    }

    #[test]
    fn declared_forms() {
        let form = |kind| Form::declared(Some(kind), None, Form::Plain);
        assert_eq!(form("text/HTML"), Form::Html);
        assert_eq!(form("xhtml"), Form::Markup);
        assert_eq!(form("application/atom+xml"), Form::Markup);
        assert_eq!(form("text/x-y"), Form::Plain);
        assert_eq!(form("application/octet-stream"), Form::Base64);
        assert_eq!(Form::declared(None, Some("base64"), Form::Html), Form::Base64);
    }
}
