//! Cuts HTML into tokens.
//!
//! The states of the HTML Standard, section 13.2.5, folded into a few searches
//! for one byte each. A tag remembers where its attributes stand and reads them
//! when they are asked for, because few of them ever are. Where a quote or a
//! `>` is missing up to the end of the page, the tag ends at the next `>`, or
//! the page ends: what was looked for up to the end is not there a second time,
//! so that time stays linear.
//!
//! In one thing it does not follow the Standard: `<script/>`, `<title/>` and their like have
//! no content. A browser would read the page up to the next end tag as a script;
//! whoever writes that means XML, as archives do, which write every page so.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memchr;

use crate::html;

/// One token, borrowing from the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// `<name attributes>`.
    Start(Tag<'a>),
    /// The name in `</name>`, as written.
    End(&'a str),
    /// Text with its character references, as written: [`html::decode`] them.
    Text(&'a str),
    /// The content of `script`, `style` and others that hold no markup and no
    /// references.
    Raw(&'a str),
    /// The content of a comment.
    Comment(&'a str),
}

/// The tokens of a page. Declarations and processing instructions are left out.
#[derive(Clone, Debug)]
pub struct Tokens<'a> {
    page: &'a str,
    /// The last token.
    range: Range<usize>,
    /// The element whose content ends at its own end tag only.
    raw: Option<(&'a str, bool)>,
}

impl<'a> Tokens<'a> {
    /// The tokens of a page or of a part of one.
    pub const fn new(page: &'a str) -> Self {
        Self { page, range: 0..0, raw: None }
    }

    /// Where in the page the last token stands, in bytes.
    pub const fn range(&self) -> Range<usize> {
        self.range.start..self.range.end
    }

    fn token(&mut self) -> Option<Token<'a>> {
        let bytes = self.page.as_bytes();
        loop {
            let at = self.range.end;
            self.range.start = at;
            if at >= bytes.len() {
                return None;
            }
            if let Some((name, markup)) = self.raw.take() {
                let end = raw_end(bytes, at, name.as_bytes());
                if end > at {
                    self.range.end = end;
                    let text = self.slice(at, end);
                    return Some(if markup { Token::Text(text) } else { Token::Raw(text) });
                }
            }
            let open = next_markup(bytes, at);
            if open > at {
                self.range.end = open;
                return Some(Token::Text(self.slice(at, open)));
            }
            let token = match bytes[at + 1] {
                b'/' => self.end_tag(at),
                b'!' | b'?' => self.declaration(at),
                _ => self.start_tag(at),
            };
            if token.is_some() {
                return token;
            }
        }
    }

    fn slice(&self, from: usize, to: usize) -> &'a str {
        self.page.get(from..to).unwrap_or_default()
    }

    fn start_tag(&mut self, at: usize) -> Option<Token<'a>> {
        let bytes = self.page.as_bytes();
        let name_end = name_end(bytes, at + 1);
        let Some(close) = tag_close(bytes, name_end) else {
            self.range.end = bytes.len();
            return None;
        };
        self.range.end = close + 1;
        let name = self.slice(at + 1, name_end);
        let tag = Tag { name, attributes: self.slice(name_end, close), key: key(name) };
        self.raw = match tag.key {
            _ if tag.closes_itself() => None,
            SCRIPT | STYLE | XMP | IFRAME | NOEMBED | NOFRAMES => Some((name, false)),
            TITLE | TEXTAREA => Some((name, true)),
            _ => None,
        };
        Some(Token::Start(tag))
    }

    fn end_tag(&mut self, at: usize) -> Option<Token<'a>> {
        let bytes = self.page.as_bytes();
        let close = memchr(b'>', &bytes[at + 2..]).map(|len| at + 2 + len);
        self.range.end = close.map_or(bytes.len(), |close| close + 1);
        close?;
        if !bytes[at + 2].is_ascii_alphabetic() {
            return None;
        }
        Some(Token::End(self.slice(at + 2, name_end(bytes, at + 2))))
    }

    fn declaration(&mut self, at: usize) -> Option<Token<'a>> {
        let bytes = self.page.as_bytes();
        if !bytes[at..].starts_with(b"<!--") {
            self.range.end = memchr(b'>', &bytes[at..]).map_or(bytes.len(), |len| at + len + 1);
            return None;
        }
        let from = at + 4;
        let (end, after) = comment_end(bytes, from);
        self.range.end = after;
        Some(Token::Comment(self.slice(from, end)))
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        self.token()
    }
}

/// The next `<` from `at` on that begins markup, or the end.
fn next_markup(bytes: &[u8], mut at: usize) -> usize {
    while let Some(len) = bytes.get(at..).and_then(|rest| memchr(b'<', rest)) {
        at += len;
        match bytes.get(at + 1) {
            Some(b'!' | b'?') => return at,
            Some(b'/') if bytes.get(at + 2).is_some() => return at,
            Some(b) if b.is_ascii_alphabetic() => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn name_end(bytes: &[u8], from: usize) -> usize {
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'>' | b'/');
    bytes[from..].iter().position(ends).map_or(bytes.len(), |len| from + len)
}

/// The `>` that ends a tag whose name ends at `at`: one between the quotes of a
/// value does not.
fn tag_close(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(|b| matches!(b, b'>' | b'='))?;
        if bytes[at] == b'>' {
            return Some(at);
        }
        at += 1;
        at += bytes[at..].iter().position(|b| !b.is_ascii_whitespace())?;
        let quote = bytes[at];
        if matches!(quote, b'"' | b'\'') {
            match memchr(quote, &bytes[at + 1..]) {
                Some(len) => at += len + 2,
                None => return memchr(b'>', &bytes[at..]).map(|len| at + len),
            }
        } else {
            at += bytes[at..].iter().position(|b| b.is_ascii_whitespace() || *b == b'>')?;
        }
    }
}

/// Where the end tag of a raw text element begins, or the end of the page.
fn raw_end(bytes: &[u8], mut at: usize, name: &[u8]) -> usize {
    while let Some(len) = bytes.get(at..).and_then(|rest| memchr(b'<', rest)) {
        at += len;
        let after = bytes.get(at + 2..).unwrap_or_default();
        let ends = after.get(name.len()).is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'));
        if ends && bytes[at + 1] == b'/' && after[..name.len()].eq_ignore_ascii_case(name) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

/// The end of a comment's content and the end of the comment.
fn comment_end(bytes: &[u8], from: usize) -> (usize, usize) {
    let rest = &bytes[from..];
    if rest.starts_with(b">") {
        return (from, from + 1);
    }
    if rest.starts_with(b"->") {
        return (from, from + 2);
    }
    let mut at = from;
    while let Some(len) = memchr(b'>', &bytes[at..]) {
        let close = at + len;
        let content = &bytes[from..close];
        if content.ends_with(b"--") {
            return (close - 2, close + 1);
        }
        if content.ends_with(b"--!") {
            return (close - 3, close + 1);
        }
        at = close + 1;
    }
    (bytes.len(), bytes.len())
}

/// A start tag; its attributes are read when they are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag<'a> {
    name: &'a str,
    attributes: &'a str,
    pub(super) key: u64,
}

impl<'a> Tag<'a> {
    /// The name, as written.
    pub const fn name(&self) -> &'a str {
        self.name
    }

    /// Whether it has that name, whatever the case.
    #[inline]
    pub const fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The decoded value of the first attribute of that name, whatever its case;
    /// empty if it has no value.
    pub fn attribute(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).map(html::decode)
    }

    /// As [`attribute`](Self::attribute), but as written.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.attributes().named(name)
    }

    /// Whether its `id` is exactly that.
    pub fn has_id(&self, id: &str) -> bool {
        self.raw("id").is_some_and(|value| value.trim_ascii() == id)
    }

    /// Whether its `class` has that word.
    pub fn has_class(&self, class: &str) -> bool {
        self.raw("class").is_some_and(|value| value.split_ascii_whitespace().any(|word| word == class))
    }

    /// All attributes.
    pub const fn attributes(&self) -> Attributes<'a> {
        Attributes(self.attributes)
    }

    /// Whether it is written `<name/>`; a slash may also end a value without quotes.
    pub fn closes_itself(&self) -> bool {
        self.attributes.strip_suffix('/').is_some_and(|before| {
            let last = before.rsplit(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
            !last.contains('=') || last.ends_with(['"', '\''])
        })
    }
}

/// Names and values of a tag's attributes, as written, without quotes.
#[derive(Clone, Debug)]
pub struct Attributes<'a>(&'a str);

impl<'a> Attributes<'a> {
    /// The attributes of a tag as [`as_str`](Self::as_str) gave them.
    pub const fn new(source: &'a str) -> Self {
        Self(source)
    }

    /// What is yet to be read, as written: less to remember of a tag than the tag.
    pub const fn as_str(&self) -> &'a str {
        self.0
    }

    /// The value, as written, of the first one of that name in any case; empty if it has none.
    pub fn named(mut self, name: &str) -> Option<&'a str> {
        self.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let source = self.0;
        let bytes = source.as_bytes();
        let slice = |from: usize, to: usize| source.get(from..to).unwrap_or_default();
        let start = bytes.iter().position(|b| !(b.is_ascii_whitespace() || *b == b'/'))?;
        let named = bytes[start..].iter().position(|b| b.is_ascii_whitespace() || matches!(b, b'=' | b'/'));
        let name_end = named.map_or(bytes.len(), |len| start + len.max(1));
        let white = |from: usize| from + bytes[from..].iter().take_while(|b| b.is_ascii_whitespace()).count();
        let mut at = white(name_end);
        if bytes.get(at) != Some(&b'=') {
            self.0 = slice(name_end, bytes.len());
            return Some((slice(start, name_end), ""));
        }
        at = white(at + 1);
        let quote = bytes.get(at).copied().filter(|b| matches!(b, b'"' | b'\''));
        let (from, end) = match quote {
            Some(quote) => (at + 1, memchr(quote, &bytes[at + 1..]).map(|len| at + 1 + len)),
            None => (at, bytes[at..].iter().position(u8::is_ascii_whitespace).map(|len| at + len)),
        };
        let end = end.unwrap_or(bytes.len());
        self.0 = slice((end + usize::from(quote.is_some())).min(bytes.len()), bytes.len());
        Some((slice(start, name_end), slice(from, end)))
    }
}

/// A name as a number, lower case: eight bytes as they are, longer ones folded.
/// Two long names of one key would be taken for one; no element of HTML is.
pub(super) const fn key(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let mut key: u64 = 0;
    let mut at = 0;
    while at < bytes.len() && at < 64 {
        key = key.rotate_left(8) ^ bytes[at].to_ascii_lowercase() as u64;
        at += 1;
    }
    key
}

const SCRIPT: u64 = key("script");
const STYLE: u64 = key("style");
const XMP: u64 = key("xmp");
const IFRAME: u64 = key("iframe");
const NOEMBED: u64 = key("noembed");
const NOFRAMES: u64 = key("noframes");
const TITLE: u64 = key("title");
const TEXTAREA: u64 = key("textarea");

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(page: &str) -> Vec<String> {
        let shown = |token| match token {
            Token::Start(tag) => {
                let attributes: Vec<_> = tag.attributes().map(|(name, value)| format!(" {name}={value}")).collect();
                format!("<{}{}>", tag.name(), attributes.concat())
            }
            Token::End(name) => format!("</{name}>"),
            Token::Text(text) => text.to_owned(),
            Token::Raw(text) => format!("raw {text}"),
            Token::Comment(text) => format!("comment {text}"),
        };
        Tokens::new(page).map(shown).collect()
    }

    #[test]
    fn cuts_tags_text_and_comments() {
        assert_eq!(
            tokens("<!DOCTYPE html><p class=a>一 < 二<!-- <b> --><BR/></P >三"),
            ["<p class=a>", "一 < 二", "comment  <b> ", "<BR>", "</P>", "三"]
        );
        assert_eq!(tokens("a<b"), ["a"]);
        assert_eq!(tokens("a<!-- b > c"), ["a", "comment  b > c"]);
        assert_eq!(tokens("<!-->a<!--->b<!--c--!>d<?php x?>"), ["comment ", "a", "comment ", "b", "comment c", "d"]);
        assert_eq!(tokens("</><a></3>b</"), ["<a>", "b</"]);
    }

    #[test]
    fn raw_text_ends_at_its_own_end_tag_only() {
        assert_eq!(
            tokens("<script>if (a</b>c) '</scripts>'</SCRIPT >d"),
            ["<script>", "raw if (a</b>c) '</scripts>'", "</SCRIPT>", "d"]
        );
        assert_eq!(
            tokens("<title>a <b> c</title><style></style>"),
            ["<title>", "a <b> c", "</title>", "<style>", "</style>"]
        );
        assert_eq!(tokens("<textarea>a</texta"), ["<textarea>", "a</texta"]);
    }

    #[test]
    fn a_slash_ends_an_element_unless_it_is_of_a_value() {
        assert_eq!(
            tokens("<script src='x' />a<b></script><title/>c"),
            ["<script src=x>", "a", "<b>", "</script>", "<title>", "c"]
        );
        assert_eq!(tokens("<script src=x/>a<b></script>"), ["<script src=x/>", "raw a<b>", "</script>"]);
        let closes = |page| matches!(Tokens::new(page).next(), Some(Token::Start(tag)) if tag.closes_itself());
        assert!(closes("<a href=\"/x/\"/>") && closes("<a/>") && closes("<a b=c d/>"));
        assert!(!closes("<a href=/x/>") && !closes("<a href='/'>") && !closes("<a>"));
        let Some(Token::Start(tag)) = Tokens::new("<a ID=b c d='e'>").next() else { panic!("no tag") };
        let kept = tag.attributes().as_str();
        assert_eq!(
            ["id", "c", "D", "e"].map(|name| Attributes::new(kept).named(name)),
            [Some("b"), Some(""), Some("e"), None]
        );
    }

    #[test]
    fn attributes_bear_bad_quoting() {
        assert_eq!(
            tokens("<a HREF=x?y=\"z b = 'c > d' e f=\"g\"h='i'/j =k>"),
            ["<a HREF=x?y=\"z b=c > d e= f=g h=i j=k>"]
        );
        assert_eq!(tokens("<a title=\"b>c</a>d"), ["<a title=b>", "c", "</a>", "d"]);
        assert_eq!(tokens("<a b=>c"), ["<a b=>", "c"]);
        let Some(Token::Start(tag)) = Tokens::new("<a Id=' x ' class='b&amp;  c' href='?a&amp;b'/>").next() else {
            panic!("no tag");
        };
        assert!(tag.has_id("x") && tag.has_class("c") && !tag.has_class("b") && tag.closes_itself());
        assert_eq!(tag.attribute("href").as_deref(), Some("?a&b"));
        assert_eq!(tag.attribute("src"), None);
    }
}
