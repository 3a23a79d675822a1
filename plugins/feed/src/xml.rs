//! A tokeniser for what feeds send instead of XML.
//!
//! It never fails: whatever cannot be markup is text, so the reader above it
//! sees bare ampersands, unquoted attributes, stray `<` and a torn end without
//! a special case. It checks no nesting, expands no entity and copies nothing.
//! A conforming tokeniser was tried first and given up: it stops at the first
//! of these, and one real feed in thirty has one.

use std::borrow::Cow;

use caifeng_plugin_sdk::html;

/// One token, borrowing from the document.
#[derive(Debug, PartialEq)]
pub(crate) enum Token<'a> {
    /// `<name attributes>`; `empty` for `<name/>`.
    Start { name: &'a str, attributes: Attributes<'a>, empty: bool },
    /// `</name>`.
    End(&'a str),
    /// Character data with its references, as written.
    Text(&'a str),
    /// The content of a CDATA section.
    Cdata(&'a str),
    /// The content of `<!DOCTYPE …>`, with the internal subset.
    Doctype(&'a str),
    /// The document ends within this markup.
    Torn,
}

/// Cuts a document into tokens.
pub(crate) struct Tokens<'a> {
    source: &'a str,
    at: usize,
    /// Quotes are still trusted to be closed: what was once looked for up to the
    /// end and not found is not looked for again, or time would be quadratic.
    quotes: bool,
    /// So are comments and processing instructions.
    closed: bool,
    /// Only the first document type counts.
    doctype: bool,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, at: 0, quotes: true, closed: true, doctype: false }
    }

    fn markup(&mut self, rest: &'a str) -> Option<Token<'a>> {
        let bytes = rest.as_bytes();
        match bytes.get(1) {
            Some(b'/') => Some(self.end(rest)),
            Some(b'!') => self.declaration(rest),
            Some(b'?') => {
                self.skip(rest, "?>", 2);
                None
            }
            Some(b) if b.is_ascii_alphabetic() || *b == b'_' || *b >= 0x80 => Some(self.start(rest)),
            _ => {
                self.at += 1;
                Some(Token::Text(&rest[..1]))
            }
        }
    }

    /// Skips past `end`, or past the next `>` if there is no such end.
    fn skip(&mut self, rest: &str, end: &str, from: usize) {
        let found = if self.closed { rest.get(from..).and_then(|rest| rest.find(end)) } else { None };
        self.closed &= found.is_some();
        self.at += match found {
            Some(found) => from + found + end.len(),
            None => find(rest.as_bytes(), b'>', from).map_or(rest.len(), |close| close + 1),
        };
    }

    fn end(&mut self, rest: &'a str) -> Token<'a> {
        let Some(close) = find(rest.as_bytes(), b'>', 2) else {
            self.at = self.source.len();
            return Token::Torn;
        };
        // `</title<item>`: the next tag begins before this one ends.
        let close = match find(&rest.as_bytes()[..close], b'<', 2) {
            Some(open) => {
                self.at += open;
                open
            }
            None => {
                self.at += close + 1;
                close
            }
        };
        Token::End(rest[2..close].trim())
    }

    fn declaration(&mut self, rest: &'a str) -> Option<Token<'a>> {
        if let Some(content) = rest.strip_prefix("<![CDATA[") {
            let (end, after) = match memchr::memmem::find(content.as_bytes(), b"]]>") {
                Some(end) => (end, end + 12),
                None => (content.len(), rest.len()),
            };
            self.at += after;
            return Some(Token::Cdata(&content[..end]));
        }
        if rest.starts_with("<!--") {
            self.skip(rest, "-->", 4);
            return None;
        }
        let is_doctype = rest.get(2..9).is_some_and(|word| word.eq_ignore_ascii_case("doctype"));
        if !is_doctype || self.doctype {
            self.at += find(rest.as_bytes(), b'>', 2).map_or(rest.len(), |close| close + 1);
            return None;
        }
        self.doctype = true;
        let close = find(rest.as_bytes(), b'>', 9).unwrap_or(rest.len());
        let end = match find(&rest.as_bytes()[..close], b'[', 9) {
            Some(open) => rest[open..].find("]>").map_or(close, |end| open + end + 1),
            None => close,
        };
        self.at += (end + 1).min(rest.len());
        Some(Token::Doctype(&rest[9..end]))
    }

    fn start(&mut self, rest: &'a str) -> Token<'a> {
        let bytes = rest.as_bytes();
        let name_end = bytes
            .iter()
            .skip(1)
            .position(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'<' | b'='))
            .map_or(bytes.len(), |end| end + 1);
        let Some(close) = self.close(bytes, name_end) else {
            self.at = self.source.len();
            return Token::Torn;
        };
        self.at += close;
        if bytes[close - 1] == b'>' {
            let inner = rest[..close - 1].trim_end();
            let empty = inner.ends_with('/') && inner.len() > name_end - 1;
            let inner = if empty { &inner[..inner.len() - 1] } else { inner };
            let attributes = Attributes(inner.get(name_end..).unwrap_or_default());
            return Token::Start { name: &rest[1..name_end], attributes, empty };
        }
        let attributes = Attributes(&rest[name_end..close]);
        Token::Start { name: &rest[1..name_end], attributes, empty: false }
    }

    /// The length of a start tag: past its `>`, or up to a `<` that begins the
    /// next tag because the `>` was forgotten.
    fn close(&mut self, tag: &[u8], from: usize) -> Option<usize> {
        let mut at = from;
        while let Some(b) = tag.get(at) {
            match b {
                b'>' => return Some(at + 1),
                b'<' => return Some(at),
                b'"' | b'\'' if self.quotes && opens_value(tag, at) => match find(tag, *b, at + 1) {
                    Some(end) => at = end,
                    None => {
                        self.quotes = false;
                        return find(tag, b'>', from).map(|end| end + 1);
                    }
                },
                _ => {}
            }
            at += 1;
        }
        None
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.source.get(self.at..).filter(|rest| !rest.is_empty())?;
            if !rest.starts_with('<') {
                let end = find(rest.as_bytes(), b'<', 0).unwrap_or(rest.len());
                self.at += end;
                return Some(Token::Text(&rest[..end]));
            }
            if let Some(token) = self.markup(rest) {
                return Some(token);
            }
        }
    }
}

/// Whether the quote at `at` follows a `=`.
fn opens_value(tag: &[u8], at: usize) -> bool {
    tag[..at].iter().rev().find(|b| !b.is_ascii_whitespace()) == Some(&b'=')
}

fn find(bytes: &[u8], byte: u8, from: usize) -> Option<usize> {
    memchr::memchr(byte, bytes.get(from..)?).map(|at| at + from)
}

/// The attributes of a start tag, as written.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Attributes<'a>(&'a str);

impl<'a> Attributes<'a> {
    /// As written, for markup that is passed on.
    pub(crate) fn source(self) -> &'a str {
        self.0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0.trim_ascii().is_empty()
    }

    /// The decoded value of the first attribute of that name, whatever its case.
    pub(crate) fn get(self, name: &str) -> Option<Cow<'a, str>> {
        self.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| html::decode(value))
    }

    /// Names and values as written, without quotes.
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '"' | '\'' | ','));
            let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '=').unwrap_or(rest.len());
            let name = &rest[..end];
            if end == 0 && rest.is_empty() {
                return None;
            }
            let after = rest[end..].trim_ascii_start();
            let Some(value) = after.strip_prefix('=') else {
                rest = after;
                return Some((name, ""));
            };
            let value = value.trim_ascii_start();
            let (value, tail) = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
                _ => value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len())),
            };
            rest = tail;
            Some((name, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(source: &str) -> Vec<Token<'_>> {
        Tokens::new(source).collect()
    }

    #[test]
    fn cuts_what_is_well_formed() {
        assert_eq!(
            tokens("<?xml version='1.0'?><!-- <a> --><a x=\"1>2\" y='3'>b&amp;<![CDATA[<c>]]><d/></a>"),
            [
                Token::Start { name: "a", attributes: Attributes(" x=\"1>2\" y='3'"), empty: false },
                Token::Text("b&amp;"),
                Token::Cdata("<c>"),
                Token::Start { name: "d", attributes: Attributes(""), empty: true },
                Token::End("a"),
            ]
        );
    }

    #[test]
    fn whatever_is_no_markup_is_text() {
        assert_eq!(tokens("1 < 2"), [Token::Text("1 "), Token::Text("<"), Token::Text(" 2")]);
        assert_eq!(tokens("</a"), [Token::Torn]);
        assert_eq!(tokens("<a b='"), [Token::Torn]);
        assert_eq!(tokens("</a<b>")[0], Token::End("a"));
        assert_eq!(tokens("<![CDATA[x"), [Token::Cdata("x")]);
    }

    #[test]
    fn attributes_bear_bad_quoting() {
        let Token::Start { attributes, .. } = tokens("<a HREF=x?y&amp;z b = 'c d' e f=\"g\"h='i'>")[0] else {
            panic!("no start tag");
        };
        assert_eq!(attributes.get("href").as_deref(), Some("x?y&z"));
        assert_eq!(attributes.get("b").as_deref(), Some("c d"));
        assert_eq!(attributes.get("e").as_deref(), Some(""));
        assert_eq!(attributes.get("f").as_deref(), Some("g"));
        assert_eq!(attributes.get("h").as_deref(), Some("i"));
        assert_eq!(attributes.get("z"), None);
    }

    #[test]
    fn reads_a_doctype_with_its_subset() {
        assert_eq!(tokens("<!DOCTYPE a [<!ENTITY b \"c\">]><a>")[0], Token::Doctype(" a [<!ENTITY b \"c\">]"));
    }
}
