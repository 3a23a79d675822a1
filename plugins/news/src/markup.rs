//! Cuts a page into tags and text, copying nothing.
//!
//! It follows what browsers do with what real pages send: quotes protect `>`,
//! scripts and their like run to their own end tag, comments vanish, whatever is
//! no markup is text. Only `<name/>` is taken at its word, as XML means it: who
//! writes it means it, and archives write every page so. It never fails and its time is linear: what was once
//! looked for up to the end and not found is not looked for again.

use crate::tag::Tag;

/// One token, borrowing from the page.
#[derive(Debug, PartialEq)]
pub(crate) enum Token<'a> {
    /// A start tag; `empty` for `<name/>`.
    Start {
        tag: Tag,
        attributes: &'a str,
        empty: bool,
    },
    /// An element whose content is characters only.
    Raw {
        tag: Tag,
        attributes: &'a str,
        content: &'a str,
    },
    End(Tag),
    /// Characters with their references, as written.
    Text(&'a str),
}

/// The tokens of a page.
pub(crate) struct Tokens<'a> {
    source: &'a str,
    at: usize,
    quotes: bool,
    comments: bool,
    /// Raw elements are still trusted to be closed.
    raw: bool,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(source: &'a str) -> Self {
        Self { source, at: 0, quotes: true, comments: true, raw: true }
    }

    fn declaration(&mut self, rest: &str) {
        if rest.starts_with("<!--") {
            let end = if self.comments { memchr::memmem::find(&rest.as_bytes()[4..], b"-->") } else { None };
            if let Some(end) = end {
                self.at += end + 7;
                return;
            }
            self.comments = false;
        }
        self.at += find(rest.as_bytes(), b'>', 2).map_or(rest.len(), |end| end + 1);
    }

    fn end(&mut self, rest: &'a str) -> Token<'a> {
        let len = name_length(&rest.as_bytes()[2..]);
        self.at += find(rest.as_bytes(), b'>', 2).map_or(rest.len(), |end| end + 1);
        Token::End(Tag::of(&rest[2..2 + len]))
    }

    fn start(&mut self, rest: &'a str) -> Token<'a> {
        let bytes = rest.as_bytes();
        let name = name_length(&bytes[1..]) + 1;
        let tag = Tag::of(&rest[1..name]);
        let end = self.tag_end(bytes, name);
        self.at += end;
        let inner = rest[name..end].strip_suffix('>').unwrap_or(&rest[name..end]);
        let (attributes, empty) = match inner.strip_suffix('/') {
            Some(attributes) if !ends_in_value(attributes) => (attributes, true),
            _ => (inner, false),
        };
        if tag.is_raw()
            && !empty
            && let Some(content) = self.content(&rest[1..name], tag)
        {
            return Token::Raw { tag, attributes, content };
        }
        Token::Start { tag, attributes, empty }
    }

    /// The length of a start tag, not fooled by `>` between quotes.
    fn tag_end(&mut self, tag: &[u8], from: usize) -> usize {
        let mut at = from;
        while let Some(next) = tag.get(at..).and_then(|rest| memchr::memchr3(b'>', b'"', b'\'', rest)) {
            let found = at + next;
            if tag[found] == b'>' {
                return found + 1;
            }
            at = found + 1;
            if self.quotes && opens_value(tag, found) {
                match find(tag, tag[found], at) {
                    Some(end) => at = end + 1,
                    None => self.quotes = false,
                }
            }
        }
        find(tag, b'>', from).map_or(tag.len(), |end| end + 1)
    }

    /// The content of a raw element and the step past its end tag.
    fn content(&mut self, name: &str, tag: Tag) -> Option<&'a str> {
        let source = self.source;
        let bytes = source.as_bytes();
        let mut at = self.at;
        while self.raw
            && let Some(open) = find(bytes, b'<', at)
        {
            let after = bytes.get(open + 2..).unwrap_or_default();
            let closes = bytes.get(open + 1) == Some(&b'/')
                && after.get(..name.len()).is_some_and(|end| end.eq_ignore_ascii_case(name.as_bytes()));
            if closes {
                let content = &source[self.at..open];
                self.at = find(bytes, b'>', open).map_or(bytes.len(), |end| end + 1);
                return Some(content);
            }
            at = open + 1;
        }
        self.raw = false;
        // A script that never ends is the rest of the page; a title is not.
        if matches!(tag, Tag::Script | Tag::Style) {
            let content = &source[self.at..];
            self.at = bytes.len();
            return Some(content);
        }
        None
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            let rest = self.source.get(self.at..).filter(|rest| !rest.is_empty())?;
            let bytes = rest.as_bytes();
            if bytes[0] != b'<' {
                let end = find(bytes, b'<', 0).unwrap_or(bytes.len());
                self.at += end;
                return Some(Token::Text(&rest[..end]));
            }
            match bytes.get(1) {
                Some(b'!' | b'?') => self.declaration(rest),
                Some(b'/') if bytes.get(2).is_some_and(u8::is_ascii_alphabetic) => return Some(self.end(rest)),
                Some(b'/') => self.at += find(bytes, b'>', 2).map_or(rest.len(), |end| end + 1),
                Some(b) if b.is_ascii_alphabetic() => return Some(self.start(rest)),
                _ => {
                    self.at += 1;
                    return Some(Token::Text("<"));
                }
            }
        }
    }
}

/// Whether attributes end in a value without quotes, which a slash would belong to.
fn ends_in_value(attributes: &str) -> bool {
    let last = attributes.rsplit(|c: char| c.is_ascii_whitespace()).next().unwrap_or_default();
    last.contains('=') && !last.ends_with(['"', '\''])
}

fn name_length(rest: &[u8]) -> usize {
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'>' | b'/' | b'<');
    rest.iter().position(ends).unwrap_or(rest.len())
}

/// Whether the quote at `at` follows a `=`.
fn opens_value(tag: &[u8], at: usize) -> bool {
    tag[..at].iter().rev().find(|b| !b.is_ascii_whitespace()) == Some(&b'=')
}

fn find(bytes: &[u8], byte: u8, from: usize) -> Option<usize> {
    memchr::memchr(byte, bytes.get(from..)?).map(|at| at + from)
}

/// Names and values of a tag's attributes, as written.
pub(crate) fn attributes(source: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = source;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '"' | '\'' | ','));
        if rest.is_empty() {
            return None;
        }
        let bytes = rest.as_bytes();
        // A name of `=` alone is skipped, so that every step gets on.
        let end = bytes.iter().position(|b| b.is_ascii_whitespace() || *b == b'=').unwrap_or(bytes.len());
        let name = &rest[..end];
        let after = rest[end..].trim_ascii_start();
        let Some(value) = after.strip_prefix('=') else {
            rest = after;
            return Some((name, ""));
        };
        let value = value.trim_ascii_start();
        let (value, tail) = match value.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => match find(value.as_bytes(), *quote, 1) {
                Some(close) => (&value[1..close], &value[close + 1..]),
                None => (&value[1..], ""),
            },
            _ => value.split_at(value.bytes().position(|b| b.is_ascii_whitespace()).unwrap_or(value.len())),
        };
        rest = tail;
        Some((name, value))
    })
}

/// The value, as written, of the first attribute of that name in any case.
pub(crate) fn attribute<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    attributes(source).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_what_browsers_cut() {
        let tokens: Vec<_> = Tokens::new("<!DOCTYPE html><P class='a>b'>x &lt; 3<!-- <b> --></P><br/>1 < 2").collect();
        assert_eq!(
            tokens,
            [
                Token::Start { tag: Tag::P, attributes: " class='a>b'", empty: false },
                Token::Text("x &lt; 3"),
                Token::End(Tag::P),
                Token::Start { tag: Tag::Br, attributes: "", empty: true },
                Token::Text("1 "),
                Token::Text("<"),
                Token::Text(" 2"),
            ]
        );
    }

    #[test]
    fn raw_elements_run_to_their_end() {
        let mut tokens = Tokens::new("<script x>if (a<b) '</p>'</SCRIPT >c<title>d");
        assert_eq!(tokens.next(), Some(Token::Raw { tag: Tag::Script, attributes: " x", content: "if (a<b) '</p>'" }));
        assert_eq!(tokens.next(), Some(Token::Text("c")));
        assert_eq!(tokens.next(), Some(Token::Start { tag: Tag::Title, attributes: "", empty: false }));
        assert_eq!(tokens.next(), Some(Token::Text("d")));
    }

    #[test]
    fn a_slash_ends_an_element_unless_it_is_of_a_value() {
        let empty = |source| matches!(Tokens::new(source).next(), Some(Token::Start { empty: true, .. }));
        assert!(empty("<script src='x'/>a</script>"));
        assert!(empty("<div/>"));
        assert!(!empty("<a href=/x/>"));
    }

    #[test]
    fn attributes_bear_bad_quoting() {
        let source = " HREF=x?y&z b = 'c d' e f=\"g\"h='i' ==j k=\"open";
        assert_eq!(attribute(source, "href"), Some("x?y&z"));
        assert_eq!(attribute(source, "b"), Some("c d"));
        assert_eq!(attribute(source, "e"), Some(""));
        assert_eq!(attribute(source, "h"), Some("i"));
        assert_eq!(attribute(source, "k"), Some("open"));
        assert_eq!(attribute(source, "z"), None);
    }

    #[test]
    fn unclosed_things_take_linear_time() {
        for unit in
            ["<a href=\"", "<!--", "<script", "</p", "<", "<title>", "<iframe>", "<a b='>", "<a =", "<textarea x=\""]
        {
            let n = 1_000_000 / unit.len();
            assert!(Tokens::new(&unit.repeat(n)).count() <= 1_000_000);
        }
    }
}
