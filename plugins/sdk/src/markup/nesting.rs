//! Which element lies in which, while the page streams by.
//!
//! A stack of the open elements and the rules by which the HTML Standard
//! (section 13.2.6) closes them: void elements, end tags that may be left out,
//! and how far up an end tag may reach. A stray `</div>` in a table cell, for
//! instance, closes nothing outside of that cell. The stack is searched, never
//! rebuilt, and no deeper than [`DEPTH`]: so no page takes more than linear time.

use std::ops::Range;

use super::names::*;
use super::token::{Tag, Token, Tokens, key};

/// Elements deeper than this are treated as empty, as browsers flatten them.
pub const DEPTH: usize = 512;

/// What comes next in a page whose nesting is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// An element begins.
    Open(Tag<'a>),
    /// The innermost open element ends; a void one does so at once.
    Close,
    /// Text with its character references, as written.
    Text(&'a str),
    /// The content of `script`, `style` and the like.
    Raw(&'a str),
    /// The content of a comment.
    Comment(&'a str),
}

/// The events of a page: every [`Event::Open`] has its [`Event::Close`].
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    tokens: Tokens<'a>,
    /// The open elements, outermost first.
    open: Vec<u64>,
    /// How many of them stay open; the others are being closed.
    until: usize,
    /// The start tag that closes them.
    held: Option<Tag<'a>>,
    /// Open `p`, so that the many tags that close one need not look for it.
    paragraphs: usize,
    /// Start tags without a place on the stack.
    deeper: usize,
    /// The last event opened a void element.
    void: bool,
    /// The last event closed it.
    after_void: bool,
    ended: bool,
}

impl<'a> Walk<'a> {
    /// The events of a page or of a part of one.
    pub const fn new(page: &'a str) -> Self {
        let tokens = Tokens::new(page);
        Self {
            tokens,
            open: Vec::new(),
            until: 0,
            held: None,
            paragraphs: 0,
            deeper: 0,
            void: false,
            after_void: false,
            ended: false,
        }
    }

    /// How many elements are open: after [`Event::Open`] with that element,
    /// after [`Event::Close`] without it.
    pub const fn depth(&self) -> usize {
        self.open.len()
    }

    /// Where in the page the last event stands, in bytes. For a close it is the
    /// tag that closes the element, also if that is the end tag or the start
    /// tag of another one; for the close of a void element, the end of its tag.
    pub fn range(&self) -> Range<usize> {
        let range = self.tokens.range();
        if self.after_void { range.end..range.end } else { range }
    }

    /// The page is read; what now closes was left open.
    pub const fn at_end(&self) -> bool {
        self.ended
    }

    fn push(&mut self, tag: &Tag<'a>) {
        let place = self.open.len() < DEPTH;
        let empty = is_void(tag.key) || tag.closes_itself() && !is_known(tag.key);
        self.open.push(tag.key);
        self.paragraphs += usize::from(tag.key == P);
        self.void = empty || !place;
        self.until = self.open.len() - usize::from(self.void);
        self.deeper += usize::from(!place && !empty);
    }

    /// How many elements stay open when `tag` begins.
    fn before_start(&self, tag: u64) -> usize {
        let closed = match tag {
            LI => self.nearest(|name| name == LI, |name| is_list(name) || is_scope(name)),
            DT | DD => self.nearest(|name| matches!(name, DT | DD), |name| name == DL || is_scope(name)),
            TD | TH => self.nearest(|name| matches!(name, TD | TH), |name| matches!(name, TR | TABLE | TEMPLATE)),
            TR => self.within_table(&[TR, TD, TH]),
            TBODY | THEAD | TFOOT => self.within_table(&[TBODY, THEAD, TFOOT, TR, TD, TH]),
            OPTION => self.nearest(|name| name == OPTION, |name| !is_phrase(name)),
            OPTGROUP => self
                .nearest(|name| name == OPTGROUP, |name| name == SELECT || is_scope(name))
                .or_else(|| self.nearest(|name| name == OPTION, |name| !is_phrase(name))),
            A => self.nearest(|name| name == A, |name| !is_phrase(name)),
            BODY => self.nearest(|name| name == HEAD, |_| false),
            _ => None,
        };
        closed.or_else(|| self.paragraph(tag)).unwrap_or(self.open.len())
    }

    /// The place of the innermost of these names within the innermost table,
    /// the first name before the second.
    fn within_table(&self, names: &[u64]) -> Option<usize> {
        let barrier = |name| matches!(name, TABLE | TEMPLATE);
        names.iter().find_map(|wanted| self.nearest(|name| name == *wanted, barrier))
    }

    /// Where the paragraph stands that a tag closes.
    fn paragraph(&self, tag: u64) -> Option<usize> {
        if self.paragraphs == 0 || !closes_paragraph(tag) {
            return None;
        }
        self.nearest(|name| name == P, |name| is_scope(name) || name == BUTTON)
    }

    /// How many elements stay open after an end tag.
    fn after_end(&mut self, name: u64) -> usize {
        let structural = is_table(name) || is_list(name) || matches!(name, LI | DD | DT | DL);
        if self.deeper > 0 && !structural {
            self.deeper -= 1;
            return self.open.len();
        }
        let found = match name {
            BODY | HTML => None,
            TABLE => self.nearest(|open| open == TABLE, |open| open == TEMPLATE),
            _ if is_table(name) => self.nearest(|open| open == name, |open| matches!(open, TABLE | TEMPLATE)),
            LI => self.nearest(|open| open == LI, |open| is_list(open) || is_scope(open)),
            _ if is_heading(name) => self.nearest(is_heading, is_scope),
            _ if is_phrase(name) => self.nearest(|open| open == name, |open| !is_phrase(open)),
            _ => self.nearest(|open| open == name, is_scope),
        };
        found.unwrap_or(self.open.len())
    }

    /// The place of the innermost element that fits, unless a barrier lies
    /// further in.
    fn nearest(&self, fits: impl Fn(u64) -> bool, barrier: impl Fn(u64) -> bool) -> Option<usize> {
        for (place, name) in self.open.iter().enumerate().rev() {
            if fits(*name) {
                return Some(place);
            }
            if barrier(*name) {
                return None;
            }
        }
        None
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = Event<'a>;

    fn next(&mut self) -> Option<Event<'a>> {
        loop {
            if self.open.len() > self.until {
                self.after_void = self.void;
                self.void = false;
                let closed = self.open.pop();
                self.paragraphs -= usize::from(closed == Some(P));
                if self.open.len() < DEPTH - 1 {
                    self.deeper = 0;
                }
                return Some(Event::Close);
            }
            self.after_void = false;
            if let Some(tag) = self.held.take() {
                self.push(&tag);
                return Some(Event::Open(tag));
            }
            match self.tokens.next() {
                Some(Token::Text(text)) => return Some(Event::Text(text)),
                Some(Token::Raw(text)) => return Some(Event::Raw(text)),
                Some(Token::Comment(text)) => return Some(Event::Comment(text)),
                Some(Token::Start(tag)) => {
                    self.until = self.before_start(tag.key);
                    self.held = Some(tag);
                }
                Some(Token::End(name)) => self.until = self.after_end(key(name)),
                None if self.open.is_empty() => return None,
                None => {
                    self.ended = true;
                    self.until = 0;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each element as its name and its content in brackets, text as written.
    fn shown(page: &str) -> String {
        let mut out = String::new();
        for event in Walk::new(page) {
            match event {
                Event::Open(tag) => {
                    out.push_str(tag.name());
                    out.push('[');
                }
                Event::Close => out.push(']'),
                Event::Text(text) | Event::Raw(text) => out.push_str(text),
                Event::Comment(_) => {}
            }
        }
        out
    }

    #[test]
    fn ends_what_need_not_be_ended() {
        for (page, expected) in [
            ("<p>a<p>b", "p[a]p[b]"),
            ("<p>a<div>b</p>c", "p[a]div[bc]"),
            ("<p><b>a</b><table><tr><td><p>b</table>c", "p[b[a]]table[tr[td[p[b]]]]c"),
            ("<ul><li>a<div>b<li>c</ul>", "ul[li[adiv[b]]li[c]]"),
            ("<li>a<ul><li>b</ul><li>c", "li[aul[li[b]]]li[c]"),
            ("<dl><dt>a<dd>b<dl><dd>c</dl><dt>d</dl>", "dl[dt[a]dd[bdl[dd[c]]]dt[d]]"),
            ("<table><tr><td>a<th>b<tr><td>c<tbody><tr>d", "table[tr[td[a]th[b]]tr[td[c]]tbody[tr[d]]]"),
            ("<table><tbody><tr><td>a<tbody><tr><td>b", "table[tbody[tr[td[a]]]tbody[tr[td[b]]]]"),
            ("<td><table><tr><td>a</table>b<td>c", "td[table[tr[td[a]]]b]td[c]"),
            (
                "<select><optgroup><option>a<option>b<optgroup>c</select>",
                "select[optgroup[option[a]option[b]]optgroup[c]]",
            ),
            ("<a>a<a>b</a>c", "a[a]a[b]c"),
            ("<head><title>a<b></title><body>b", "head[title[a<b>]]body[b]"),
            ("a<br>b<img src=x/>c<br/>", "abr[]bimg[]cbr[]"),
            ("<svg><path/><g><use/></g></svg><div/>a", "svg[path[]g[use[]]]div[a]"),
        ] {
            assert_eq!(shown(page), expected, "{page}");
        }
    }

    #[test]
    fn an_end_tag_reaches_no_further_than_it_may() {
        for (page, expected) in [
            ("<div>a</span>b</div>c", "div[ab]c"),
            ("<div><span>a</div>b", "div[span[a]]b"),
            ("<span><div>a</span>b</div>c</span>d", "span[div[ab]c]d"),
            ("<div><table><tr><td>a</div>b</table>c</div>d", "div[table[tr[td[ab]]]c]d"),
            ("<ul><li><ul></li>a</ul>b</ul>c", "ul[li[ul[a]b]]c"),
            ("<table><tr><td><table></td></tr>a</table>b", "table[tr[td[table[a]b]]]"),
            ("<body>a</body></html><p>b", "body[ap[b]]"),
            ("<h2>a</h3>b", "h2[a]b"),
            ("</p>a</div>", "a"),
        ] {
            assert_eq!(shown(page), expected, "{page}");
        }
    }

    #[test]
    fn what_is_too_deep_is_flat() {
        let deep = DEPTH * 3;
        let page = format!("{}a{}b<i>c</i>", "<div>".repeat(deep), "</div>".repeat(deep));
        assert_eq!(Walk::new(&page).count(), deep * 2 + 5);
        let mut walk = Walk::new(&page);
        let mut deepest = 0;
        while let Some(event) = walk.next() {
            deepest = deepest.max(walk.depth());
            if event == Event::Text("b") {
                assert_eq!(walk.depth(), 0);
            }
        }
        assert_eq!(deepest, DEPTH + 1);
        // A cell that ends ends what was too deep in it.
        let page = format!("<table><tr><td>{}<td>a</table>b", "<font>".repeat(deep));
        assert!(shown(&page).ends_with("]td[a]]]b"));
        let page = format!("<table><tr><td>{}<td><b>a</b>b</table>c", "<font>".repeat(deep));
        assert!(shown(&page).ends_with("]td[b[a]b]]]c"));
    }
}
