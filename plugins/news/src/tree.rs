//! A page as a flat tree.
//!
//! Nodes stand in document order and each knows where its subtree ends, so that
//! a subtree is a range, children and descendants need no pointers, and sums over
//! subtrees are one pass backwards. End tags that pages leave out are implied as
//! browsers imply them; misnested formatting is not rebuilt, which changes where
//! bold text ends and nothing else.

use caifeng_plugin_sdk::markup::{Attributes, Token, Tokens};

use crate::tag::Tag;

/// Deeper elements are read as children of the one at this depth.
const DEEPEST: usize = 220;

/// The most nodes that are kept; what follows is not read.
const MOST_NODES: usize = 400_000;

/// One element or one run of characters.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node<'a> {
    pub(crate) tag: Tag,
    pub(crate) parent: u32,
    /// The first node after the subtree.
    pub(crate) end: u32,
    /// The characters as written, or the attributes of an element.
    pub(crate) source: &'a str,
    /// The content of a raw element.
    pub(crate) raw: &'a str,
}

/// A page. Node 0 is the document.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    pub(crate) nodes: Vec<Node<'a>>,
}

impl<'a> Tree<'a> {
    pub(crate) fn parse(page: &'a str) -> Self {
        let mut builder = Builder {
            nodes: Vec::with_capacity(page.len() / 24 + 16),
            stack: Vec::new(),
            lost: 0,
            body: false,
            raw: None,
            noscript: false,
        };
        builder.push(Tag::Html, "");
        builder.stack.push(0);
        for token in Tokens::new(page) {
            if builder.nodes.len() >= MOST_NODES {
                break;
            }
            builder.token(token);
        }
        builder.close(0);
        Self { nodes: builder.nodes }
    }

    pub(crate) fn node(&self, at: usize) -> Node<'a> {
        self.nodes[at]
    }

    pub(crate) fn tag(&self, at: usize) -> Tag {
        self.nodes[at].tag
    }

    pub(crate) fn end(&self, at: usize) -> usize {
        self.nodes[at].end as usize
    }

    pub(crate) fn parent(&self, at: usize) -> usize {
        self.nodes[at].parent as usize
    }

    /// The nodes below one.
    pub(crate) fn below(&self, at: usize) -> std::ops::Range<usize> {
        at + 1..self.end(at)
    }

    /// The children of a node.
    pub(crate) fn children(&self, at: usize) -> impl Iterator<Item = usize> {
        let end = self.end(at);
        let mut next = at + 1;
        std::iter::from_fn(move || {
            let child = next;
            (child < end).then(|| {
                next = self.end(child);
                child
            })
        })
    }

    /// The nodes above one, nearest first, without the document.
    pub(crate) fn above(&self, at: usize) -> impl Iterator<Item = usize> {
        let mut next = at;
        std::iter::from_fn(move || {
            next = self.parent(next);
            (next > 0).then_some(next)
        })
    }

    /// An attribute of an element, as written.
    pub(crate) fn attribute(&self, at: usize, name: &str) -> Option<&'a str> {
        let node = self.nodes[at];
        if node.tag == Tag::Text || node.source.len() <= name.len() {
            None
        } else {
            Attributes::new(node.source).named(name)
        }
    }

    /// All text of a subtree but that of silent elements, on one line.
    pub(crate) fn line(&self, at: usize) -> String {
        let mut line = Line::default();
        let mut next = at;
        while next < self.end(at).max(at + 1) {
            let node = self.nodes[next];
            if node.tag == Tag::Text {
                line.text(node.source);
            } else if node.tag.is_silent() && next != at {
                line.space();
                next = self.end(next);
                continue;
            } else if !node.tag.is_inline() || node.tag == Tag::Br {
                line.space();
            }
            if !node.raw.is_empty() && next == at {
                line.text(node.raw);
            }
            next += 1;
        }
        line.out
    }
}

/// Collects text with single spaces.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) out: String,
    space: bool,
}

impl Line {
    pub(crate) fn space(&mut self) {
        self.space = true;
    }

    /// Adds characters as written in the page.
    pub(crate) fn text(&mut self, source: &str) {
        let text = caifeng_plugin_sdk::html::decode(source);
        let mut rest = &*text;
        while !rest.is_empty() {
            let end = rest.find(is_blank).unwrap_or(rest.len());
            if end > 0 {
                self.word(&rest[..end]);
            }
            rest = &rest[end..];
            let mut blanks = rest.chars().take_while(|c| is_blank(*c));
            let mut skip = 0;
            for c in &mut blanks {
                skip += c.len_utf8();
                self.space |= !is_invisible(c);
            }
            rest = &rest[skip..];
        }
    }

    fn word(&mut self, word: &str) {
        if self.space && !self.out.is_empty() {
            self.out.push(' ');
        }
        self.space = false;
        self.out.push_str(word);
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c' | '\u{a0}' | '\u{3000}' | '\u{2002}' | '\u{2003}') || is_invisible(c)
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{feff}' | '\u{2060}')
        || (c < ' ' && !c.is_ascii_whitespace())
}

struct Builder<'a> {
    nodes: Vec<Node<'a>>,
    /// The open elements.
    stack: Vec<u32>,
    /// Open elements that lie too deep to be on the stack.
    lost: u32,
    /// The body has begun.
    body: bool,
    /// The raw element whose content comes next.
    raw: Option<usize>,
    /// What comes is for browsers that run no scripts, and stands for nobody's reading.
    noscript: bool,
}

impl<'a> Builder<'a> {
    fn push(&mut self, tag: Tag, source: &'a str) {
        let parent = self.stack.last().copied().unwrap_or(0);
        let at = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        self.nodes.push(Node { tag, parent, end: at + 1, source, raw: "" });
    }

    fn token(&mut self, token: Token<'a>) {
        if self.noscript {
            self.noscript = !ends_noscript(token);
            if self.noscript || matches!(token, Token::End(name) if Tag::of(name) == Tag::Noscript) {
                return;
            }
        }
        match (self.raw.take(), token) {
            (Some(raw), Token::Text(text) | Token::Raw(text)) => self.nodes[raw].raw = text,
            (_, Token::Raw(_) | Token::Comment(_)) => {}
            (_, Token::Text(text)) => {
                let blank = text.trim_ascii_start().is_empty();
                if !blank && self.top() == Tag::Head {
                    self.close(1);
                }
                if !(blank && self.is_structure(self.top())) {
                    self.push(Tag::Text, text);
                }
            }
            (_, Token::Start(start)) => {
                let (tag, attributes, empty) =
                    (Tag::of(start.name()), start.attributes().as_str(), start.closes_itself());
                match tag {
                    Tag::Style => {}
                    _ if tag.is_raw() && !empty => {
                        self.raw = Some(self.nodes.len());
                        self.push(tag, attributes);
                    }
                    Tag::Noscript if !empty => {
                        self.noscript = true;
                        self.push(tag, attributes);
                    }
                    _ => self.start(tag, attributes, empty),
                }
            }
            (_, Token::End(name)) => {
                let tag = Tag::of(name);
                if !tag.is_raw() {
                    self.end(tag);
                }
            }
        }
    }

    fn top(&self) -> Tag {
        self.tag(self.stack.len())
    }

    /// The element at a height of the stack, counted from 1.
    fn tag(&self, height: usize) -> Tag {
        let at = height.checked_sub(1).and_then(|at| self.stack.get(at));
        at.map_or(Tag::Html, |at| self.nodes[*at as usize].tag)
    }

    /// Whether white space below this element means nothing.
    fn is_structure(&self, tag: Tag) -> bool {
        tag.is_list() || matches!(tag, Tag::Html | Tag::Head | Tag::Table | Tag::Tbody | Tag::Tr | Tag::Select)
    }

    fn start(&mut self, tag: Tag, attributes: &'a str, empty: bool) {
        match tag {
            Tag::Html => {
                // The document itself stands for this element.
                if self.nodes[0].source.is_empty() {
                    self.nodes[0].source = attributes;
                }
                return;
            }
            Tag::Body | Tag::Head if self.body => return,
            Tag::Body => {
                self.body = true;
                self.close(1);
            }
            _ if self.top() == Tag::Head && !of_head(tag) => self.close(1),
            _ => {}
        }
        self.imply(tag);
        self.push(tag, attributes);
        if tag.is_void() || empty {
            return;
        }
        if self.stack.len() >= DEEPEST {
            self.lost += 1;
        } else {
            self.stack.push(u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX));
        }
    }

    /// Closes what the start of an element closes.
    fn imply(&mut self, tag: Tag) {
        match tag {
            Tag::Li => self.close_open(|tag| tag == Tag::Li, |tag| tag.is_list() || tag == Tag::Td),
            Tag::Dd | Tag::Dt => {
                self.close_open(|tag| matches!(tag, Tag::Dd | Tag::Dt), |tag| tag.is_list() || tag == Tag::Td);
            }
            Tag::Td | Tag::Th => {
                self.close_open(|tag| matches!(tag, Tag::Td | Tag::Th), |tag| matches!(tag, Tag::Tr | Tag::Table));
            }
            Tag::Tr => self.close_open(|tag| tag == Tag::Tr, |tag| tag == Tag::Table),
            Tag::Tbody => self.close_open(|tag| tag == Tag::Tbody, |tag| tag == Tag::Table),
            Tag::Option => self.close_open(|tag| tag == Tag::Option, |tag| tag == Tag::Select),
            Tag::A => self.close_open(|tag| tag == Tag::A, |tag| matches!(tag, Tag::Td | Tag::Table)),
            _ => {}
        }
        if !tag.is_inline() {
            self.close_open(|tag| tag == Tag::P, |tag| !tag.is_inline());
        }
    }

    fn end(&mut self, tag: Tag) {
        if self.lost > 0 {
            self.lost -= 1;
            return;
        }
        match tag {
            Tag::Html | Tag::Body | Tag::Head => {
                if tag == Tag::Head {
                    self.close_open(|open| open == Tag::Head, |_| false);
                }
            }
            Tag::Table => self.close_open(|open| open == tag, |_| false),
            Tag::Tr | Tag::Tbody | Tag::Td | Tag::Th => {
                self.close_open(|open| open == tag, |open| open == Tag::Table);
            }
            Tag::A => self.close_open(|open| open == tag, |open| matches!(open, Tag::Td | Tag::Th)),
            Tag::Li | Tag::Dd | Tag::Dt => {
                self.close_open(|open| open == tag, |open| open.is_list() || matches!(open, Tag::Td | Tag::Th));
            }
            _ if tag.is_heading() => self.close_open(Tag::is_heading, |open| matches!(open, Tag::Td | Tag::Th)),
            _ if tag.is_inline() => self.close_open(|open| open == tag, |open| !open.is_inline()),
            _ => self.close_open(|open| open == tag, |open| matches!(open, Tag::Td | Tag::Th)),
        }
    }

    /// Closes the innermost open element that `wanted` accepts and all within it,
    /// looking no further than one that `bound` accepts.
    fn close_open(&mut self, wanted: impl Fn(Tag) -> bool, bound: impl Fn(Tag) -> bool) {
        for height in (2..=self.stack.len()).rev() {
            let tag = self.tag(height);
            if wanted(tag) {
                self.close(height - 1);
                return;
            }
            if bound(tag) {
                return;
            }
        }
    }

    /// Closes elements until `height` of them are open.
    fn close(&mut self, height: usize) {
        let end = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        for at in self.stack.drain(height.min(self.stack.len())..) {
            self.nodes[at as usize].end = end;
        }
    }
}

/// Whether what is for browsers without scripts ends: at its end tag, where that is left out with the head or the body.
fn ends_noscript(token: Token<'_>) -> bool {
    match token {
        Token::End(name) => matches!(Tag::of(name), Tag::Noscript | Tag::Head | Tag::Body | Tag::Html),
        Token::Start(start) => Tag::of(start.name()) == Tag::Body,
        Token::Text(_) | Token::Raw(_) | Token::Comment(_) => false,
    }
}

/// Whether an element may stand in the head.
fn of_head(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Head
            | Tag::Meta
            | Tag::Link
            | Tag::Title
            | Tag::Script
            | Tag::Style
            | Tag::Base
            | Tag::Noscript
            | Tag::Template
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree as nested names, text as itself.
    fn shape(page: &str) -> String {
        fn write(tree: &Tree<'_>, at: usize, out: &mut String) {
            for child in tree.children(at) {
                let node = tree.node(child);
                if node.tag == Tag::Text {
                    out.push_str(node.source);
                } else {
                    out.push_str(&format!("{:?}(", node.tag));
                    write(tree, child, out);
                    out.push(')');
                }
            }
        }
        let mut out = String::new();
        write(&Tree::parse(page), 0, &mut out);
        out
    }

    #[test]
    fn implies_end_tags() {
        assert_eq!(shape("<ul><li>a<li>b</ul>c"), "Ul(Li(a)Li(b))c");
        assert_eq!(shape("<p>a<p>b<div>c</div>d</p>"), "P(a)P(b)Div(c)d");
        assert_eq!(shape("<table><tr><td>a<td>b<tr><td>c</table>d"), "Table(Tr(Td(a)Td(b))Tr(Td(c)))d");
        assert_eq!(shape("<a>x<a>y</a>z"), "A(x)A(y)z");
        assert_eq!(shape("<dl><dt>a<dd>b<dt>c</dl>"), "Dl(Dt(a)Dd(b)Dt(c))");
    }

    #[test]
    fn what_is_no_markup_is_no_node() {
        assert_eq!(shape("a<script>b<p>c</script>d<style>e</style>f<title/>g"), "aScript()dfTitle()g");
        let tree = Tree::parse("<title>a <b></title><textarea></textarea><p>c");
        assert_eq!((tree.node(1).raw, tree.node(2).raw, tree.tag(3)), ("a <b>", "", Tag::P));
        assert_eq!(shape("<p>a<noscript><meta><p>b</noscript>c<noscript>d</p></body>e"), "P(aNoscript()cNoscript()e)");
        assert_eq!(shape("<head><noscript><img><body><p>a"), "Head(Noscript())Body(P(a))");
    }

    #[test]
    fn bears_misnesting() {
        assert_eq!(shape("<div><b>a</div>b</b></div>c"), "Div(Other(a))bc");
        assert_eq!(shape("<table><tr><td></div>a</td></tr></table>"), "Table(Tr(Td(a)))");
        assert_eq!(shape("</p></li>a<body>b</body>c<body>d"), "aBody(bcd)");
        assert_eq!(shape("<head><meta><div>a</div>"), "Head(Meta())Div(a)");
    }

    #[test]
    fn a_subtree_is_a_range_and_a_line() {
        let tree = Tree::parse("<div>一 <b>二</b>\n<script>x</script><p>三&amp;</p></div><p>四</p>");
        assert_eq!(tree.line(1), "一 二 三&");
        assert_eq!(tree.end(1), 9);
        assert_eq!(tree.above(8).collect::<Vec<_>>(), [7, 1]);
    }

    #[test]
    fn depth_is_bounded() {
        let page = "<div><b>".repeat(100_000);
        let tree = Tree::parse(&page);
        assert!((0..tree.nodes.len()).step_by(997).all(|at| tree.above(at).count() <= DEEPEST));
    }
}
