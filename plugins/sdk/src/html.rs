//! Plain text from HTML, in one pass and without a tree.
//!
//! Made for fragments of posts and articles, not for finding a post in a page.
//! A block element or `<br>` breaks the line, runs of white space become one
//! space (except in `<pre>`), `script`, `style` and `template` are dropped with
//! their content, character references are decoded once. What it gives up:
//! nothing is laid out, and implied end tags are not worked out.

use std::borrow::Cow;

use crate::entities::NAMED;

/// The text of an HTML fragment, lines separated by `\n`, never more than one
/// empty line in a row, no white space at either end.
///
/// Time is linear in the length of the fragment, whatever it contains.
///
/// ```
/// use caifeng_plugin_sdk::html;
///
/// assert_eq!(html::text("<p>停水&nbsp;通知</p><p>城东 &lt;3日&gt;<br>请储水"), "停水 通知\n\n城东 <3日>\n请储水");
/// ```
pub fn text(fragment: &str) -> String {
    let mut writer = Writer::new(fragment.len());
    let mut scan = Scan { source: fragment, at: 0, quotes: true, comments: true };
    while let Some(piece) = scan.next() {
        match piece {
            Piece::Text(text) => writer.text(text),
            Piece::Open(name) => writer.open(&name),
            Piece::Close(name) => writer.close(&name),
        }
    }
    writer.out
}

/// Decodes the character references of a text once: `&lt;`, `&#x4e2d;`, `&#20013`.
///
/// Unknown or malformed ones stay as they are. References to C1 controls mean
/// the characters of Windows-1252, as in HTML.
pub fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = text.find('&') else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut next = Some(first);
    while let Some(at) = next {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(rest) {
            Some((c, len)) => {
                out.push(c);
                rest = &rest[len..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
        next = rest.find('&');
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The value of an attribute as it stands in a start tag (`<img alt="…">`), with
/// or without quotes, not decoded. Nothing if the tag has no such attribute.
///
/// ```
/// use caifeng_plugin_sdk::html;
///
/// assert_eq!(html::attribute("<img alt=[赞] src=\"//e.org/d.png\">", "src"), Some("//e.org/d.png"));
/// assert_eq!(html::attribute("<img alt=[赞] data-src=x>", "src"), None);
/// ```
pub fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut from = 0;
    loop {
        let at = from + tag[from..].find(name)?;
        from = at + name.len();
        let begins = at > 0 && tag.as_bytes()[at - 1].is_ascii_whitespace();
        let (true, Some(value)) = (begins, tag[from..].strip_prefix('=')) else { continue };
        return match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split(quote).next(),
            _ => value.split(|c: char| c.is_ascii_whitespace() || c == '>').next(),
        };
    }
}

/// The character that a reference at the start of `text` stands for, and the
/// length of the reference in bytes.
pub fn reference(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    if let Some(number) = body.strip_prefix('#') {
        let (digits, radix, skip) = match number.as_bytes().first()? {
            b'x' | b'X' => (&number[1..], 16, 3),
            _ => (number, 10, 2),
        };
        let len = digits.bytes().take(8).take_while(|b| (*b as char).is_digit(radix)).count();
        let value = u32::from_str_radix(digits.get(..len)?, radix).ok()?;
        let semicolon = usize::from(digits.as_bytes().get(len) == Some(&b';'));
        return Some((numbered(value)?, skip + len + semicolon));
    }
    let len = body.bytes().take(10).take_while(u8::is_ascii_alphanumeric).count();
    if body.as_bytes().get(len) != Some(&b';') {
        return None;
    }
    named(&body[..len]).map(|c| (c, len + 2))
}

/// What a named reference stands for; `name` without `&` and `;`.
pub fn named(name: &str) -> Option<char> {
    NAMED.binary_search_by_key(&name, |(key, _)| key).ok().map(|i| NAMED[i].1)
}

fn numbered(value: u32) -> Option<char> {
    match value {
        0x80..=0x9f => Some(WINDOWS_1252[value as usize - 0x80]),
        0 => None,
        _ => char::from_u32(value),
    }
}

/// Windows-1252, 0x80 to 0x9f; the five codes that it leaves undefined stay.
pub const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Collects text and remembers the white space that is still owed, so that none
/// is written at an end or twice.
struct Writer {
    out: String,
    space: bool,
    breaks: u8,
    preformatted: u32,
}

impl Writer {
    fn new(len: usize) -> Self {
        Self { out: String::with_capacity(len / 2), space: false, breaks: 0, preformatted: 0 }
    }

    fn text(&mut self, text: &str) {
        let mut rest = text;
        while !rest.is_empty() {
            let end = plain(rest.as_bytes());
            if end > 0 {
                self.word(&rest[..end]);
                rest = &rest[end..];
                continue;
            }
            let (c, len) = match rest.as_bytes()[0] {
                b'&' => reference(rest).unwrap_or(('&', 1)),
                b => (b as char, 1),
            };
            self.character(c);
            rest = &rest[len..];
        }
    }

    fn character(&mut self, c: char) {
        match c {
            '\n' if self.preformatted > 0 => self.line(1),
            ' ' | '\t' | '\n' | '\r' | '\x0c' | '\u{a0}' => self.space = true,
            '\u{ad}' | '\u{200b}' | '\u{feff}' => {}
            _ => self.word(c.encode_utf8(&mut [0; 4])),
        }
    }

    fn word(&mut self, word: &str) {
        if !self.out.is_empty() {
            if self.breaks > 0 {
                self.out.push_str(if self.breaks > 1 { "\n\n" } else { "\n" });
            } else if self.space {
                self.out.push(' ');
            }
        }
        self.breaks = 0;
        self.space = false;
        self.out.push_str(word);
    }

    /// At least `breaks` line breaks before the next word.
    fn line(&mut self, breaks: u8) {
        self.breaks = self.breaks.max(breaks);
    }

    fn open(&mut self, name: &str) {
        match name {
            "br" => self.breaks = (self.breaks + 1).min(2),
            "pre" => {
                self.preformatted += 1;
                self.line(1);
            }
            _ => self.boundary(name),
        }
    }

    fn close(&mut self, name: &str) {
        if name == "pre" {
            self.preformatted = self.preformatted.saturating_sub(1);
            self.line(1);
        } else {
            self.boundary(name);
        }
    }

    fn boundary(&mut self, name: &str) {
        match name {
            "p" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "blockquote" | "table" | "ul" | "ol" | "dl" | "hr" => {
                self.line(2);
            }
            "div" | "li" | "tr" | "dt" | "dd" | "section" | "article" | "header" | "footer" | "figure"
            | "figcaption" | "aside" | "nav" | "main" | "form" | "fieldset" | "option" | "address" | "caption"
            | "center" | "body" | "details" | "summary" => {
                self.line(1);
            }
            "td" | "th" => self.space = true,
            _ => {}
        }
    }
}

enum Piece<'a> {
    Text(&'a str),
    Open(Cow<'a, str>),
    Close(Cow<'a, str>),
}

/// Cuts a fragment into text and tags. The two flags make the time linear: what
/// was once looked for up to the end and not found is not looked for again.
struct Scan<'a> {
    source: &'a str,
    at: usize,
    quotes: bool,
    comments: bool,
}

impl<'a> Scan<'a> {
    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            let rest = self.source.get(self.at..).filter(|rest| !rest.is_empty())?;
            let bytes = rest.as_bytes();
            if bytes[0] != b'<' {
                let end = find(bytes, b'<', 0).unwrap_or(bytes.len());
                self.at += end;
                return Some(Piece::Text(&rest[..end]));
            }
            match bytes.get(1) {
                Some(b'!' | b'?') => self.at += self.declaration(rest),
                Some(b) if b.is_ascii_alphabetic() || *b == b'/' => {
                    if let Some(piece) = self.tag(rest) {
                        return Some(piece);
                    }
                }
                _ => {
                    self.at += 1;
                    return Some(Piece::Text("<"));
                }
            }
        }
    }

    /// The length of a comment, a declaration or a processing instruction.
    fn declaration(&mut self, rest: &str) -> usize {
        if rest.starts_with("<!--") {
            if let Some(end) = self.comments.then(|| rest[4..].find("-->")).flatten() {
                return end + 7;
            }
            self.comments = false;
        }
        find(rest.as_bytes(), b'>', 2).map_or(rest.len(), |end| end + 1)
    }

    fn tag(&mut self, rest: &'a str) -> Option<Piece<'a>> {
        let bytes = rest.as_bytes();
        let start = if bytes[1] == b'/' { 2 } else { 1 };
        let len = bytes[start..]
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b':' | b'_')))
            .unwrap_or(bytes.len() - start);
        let name = lower(&rest[start..start + len]);
        self.at += self.tag_end(bytes);
        if start == 2 {
            return Some(Piece::Close(name));
        }
        if matches!(&*name, "script" | "style" | "template") {
            self.skip_to_close(&name);
            return None;
        }
        Some(Piece::Open(name))
    }

    /// The length of a tag, not fooled by `>` between quotes.
    fn tag_end(&mut self, tag: &[u8]) -> usize {
        let end = if self.quotes { quoted_end(tag) } else { None };
        if let Some(end) = end {
            return end;
        }
        self.quotes = false;
        find(tag, b'>', 1).map_or(tag.len(), |end| end + 1)
    }

    fn skip_to_close(&mut self, name: &str) {
        let bytes = self.source.as_bytes();
        let mut at = self.at;
        while let Some(open) = find(bytes, b'<', at) {
            let after = bytes.get(open + 2..).unwrap_or_default();
            if bytes.get(open + 1) == Some(&b'/')
                && after.get(..name.len()).is_some_and(|tag| tag.eq_ignore_ascii_case(name.as_bytes()))
            {
                self.at = find(bytes, b'>', open).map_or(bytes.len(), |end| end + 1);
                return;
            }
            at = open + 1;
        }
        self.at = bytes.len();
    }
}

/// The length of the tag at the start of `tag`, or nothing if a quote or the
/// tag itself stays open.
fn quoted_end(tag: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        match tag.get(at)? {
            b'>' => return Some(at + 1),
            quote @ (b'"' | b'\'') if tag[at - 1] == b'=' || tag[at - 1].is_ascii_whitespace() => {
                at = find(tag, *quote, at + 1)? + 1;
            }
            _ => at += 1,
        }
    }
}

fn find(bytes: &[u8], byte: u8, from: usize) -> Option<usize> {
    memchr::memchr(byte, bytes.get(from..)?).map(|at| at + from)
}

/// How many bytes the text begins with that are neither white space nor `&`.
///
/// Sixteen at a time and without a branch, so that the compiler uses vectors:
/// in the sandbox every turn of a loop also looks at the clock.
fn plain(text: &[u8]) -> usize {
    let ends = |b: u8| (b == b' ') | (b == b'\t') | (b == b'\n') | (b == b'\r') | (b == b'\x0c') | (b == b'&');
    let (blocks, _) = text.as_chunks::<16>();
    let whole = blocks.iter().take_while(|block| !block.iter().fold(false, |any, b| any | ends(*b))).count() * 16;
    let rest = &text[whole..];
    whole + rest.iter().position(|b| ends(*b)).unwrap_or(rest.len())
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_breaks_become_lines() {
        assert_eq!(text("<div>一</div><div>二</div>三"), "一\n二\n三");
        assert_eq!(text("一<br>二<BR/>三<br><br><br>四"), "一\n二\n三\n\n四");
        assert_eq!(text("<p>一</p>\n<p>二</p>"), "一\n\n二");
        assert_eq!(text("<b>粗</b>体"), "粗体");
        assert_eq!(text("<table><tr><td>甲</td><td>乙</td></tr></table>"), "甲 乙");
        assert_eq!(text("<pre>a\n  b</pre>c"), "a\nb\nc");
    }

    #[test]
    fn white_space_folds_and_scripts_go() {
        assert_eq!(text("  a \n\t b&nbsp;&nbsp;c "), "a b c");
        assert_eq!(text("a<script>if (1<2) {}</script >b<STYLE>p{}</style>c"), "abc");
        assert_eq!(text("a<!-- <b> --> b <!-- open"), "a b");
        assert_eq!(text("a<style>never closed"), "a");
    }

    #[test]
    fn what_is_no_tag_is_text() {
        assert_eq!(text("1 < 2 & 3 > 2"), "1 < 2 & 3 > 2");
        assert_eq!(text("<a title=\"a > b\">c</a>"), "c");
        assert_eq!(text("<a title=\"a>c"), "c");
        assert_eq!(text("it's <i>don't</i>"), "it's don't");
    }

    #[test]
    fn references_are_decoded_once() {
        assert_eq!(decode("&amp;lt; &#20013;&#x56FD; &#150; &hellip;"), "&lt; 中国 – …");
        assert_eq!(decode("a&b &bogus; &#xfffffff; &#; &"), "a&b &bogus; &#xfffffff; &#; &");
        assert_eq!(text("&amp;lt;b&amp;gt;"), "&lt;b&gt;");
    }

    #[test]
    fn unclosed_things_take_linear_time() {
        // With quadratic scanning each of these would take minutes.
        for unit in ["<a href=\"", "<!--", "<script", "</p", "<", "&", "<style>", "<a b='>"] {
            let n = 1_000_000 / unit.len();
            assert!(text(&unit.repeat(n)).len() <= 1_000_000);
        }
    }
}
