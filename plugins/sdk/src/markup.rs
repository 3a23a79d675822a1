//! HTML as a stream: tokens, nesting, and the elements that a plugin asks for.
//!
//! A page is read once, from front to back, without a tree and without a copy:
//! a tree of a list page costs more than everything else that is done with it.
//! Three layers, each usable alone:
//!
//! * [`Tokens`] cuts a page into tags, text and comments. It follows the
//!   tokeniser of the HTML Standard where pages depend on it (raw text, quotes,
//!   comments) and never fails.
//! * [`Walk`] adds the nesting: every [`Event::Open`] has its [`Event::Close`],
//!   also where the page leaves end tags out or writes one too many.
//! * [`select`] finds elements: a closure says which, and each comes back with
//!   its content when it ends. This is what a plugin for a list of rows needs.
//!
//! ```
//! use caifeng_plugin_sdk::markup::select;
//!
//! let page = r#"<table id="threads">
//!     <tr><th><a href="thread-7-1-1.html">路灯 &amp; 井盖</a><td class="num">12
//!     <tr><th><a href="thread-9-1-1.html">停水</a><td class="num">3
//! </table><a href="/about">关于</a>"#;
//!
//! enum Part { Table, Row, Link, Replies }
//!
//! let (mut link, mut replies, mut rows) = (None, None, Vec::new());
//! for found in select(page, |tag, inside| match inside {
//!     None => tag.has_id("threads").then_some(Part::Table),
//!     Some(Part::Table) => tag.is("tr").then_some(Part::Row),
//!     Some(Part::Row) if tag.is("a") => Some(Part::Link),
//!     Some(Part::Row) if tag.is("td") && tag.has_class("num") => Some(Part::Replies),
//!     Some(_) => None,
//! }) {
//!     match found.key {
//!         Part::Link => link = found.tag.attribute("href").map(|href| (href, found.text())),
//!         Part::Replies => replies = Some(found.text()),
//!         Part::Row => rows.push((link.take().unwrap(), replies.take().unwrap())),
//!         Part::Table => {}
//!     }
//! }
//! assert_eq!(rows[0], (("thread-7-1-1.html".into(), "路灯 & 井盖".into()), "12".into()));
//! assert_eq!(rows[1].1, "3");
//! ```
//!
//! Elements come in the order in which they end, so the parts of a row come
//! before the row. A part that must be read before its ancestor ends, or for
//! which order matters, is read from [`Found::inner`] with a `select` of its
//! own: that reads those bytes once more and nothing else.
//!
//! What it gives up: nothing is moved as browsers move it (foster parenting,
//! the adoption of misnested `<b>`), elements nested deeper than
//! [`DEPTH`](nesting::DEPTH) are not told apart, and a `</script>` within a
//! comment within a script ends the script. Time is linear in the length of the
//! page and memory bounded by the depth, whatever it contains.

mod names;
pub mod nesting;
pub mod token;

pub use nesting::{Event, Walk};
pub use token::{Attributes, Tag, Token, Tokens};

use crate::html;

/// An element that was asked for, with its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found<'a, K> {
    /// What the closure said of it.
    pub key: K,
    /// The start tag.
    pub tag: Tag<'a>,
    /// The markup between start tag and end tag, as written; empty for a void
    /// element. Where the end tag is missing it ends where the element does.
    pub inner: &'a str,
    /// Where in the page the start tag begins, in bytes.
    pub start: usize,
    /// How many elements that were asked for it lies in.
    pub depth: usize,
    /// Nothing closed it: the page ends within it.
    pub torn: bool,
}

impl<K> Found<'_, K> {
    /// The content as plain text, as [`html::text`] makes it.
    pub fn text(&self) -> String {
        html::text(self.inner)
    }
}

/// Finds the elements for which `pick` returns a key.
///
/// `pick` sees every start tag, in the order of the page, and the key of the
/// innermost picked element around it. An element is yielded when it ends; one
/// that the page leaves open ends with it.
pub fn select<'a, K, F>(page: &'a str, pick: F) -> Select<'a, K, F>
where
    F: FnMut(&Tag<'a>, Option<&K>) -> Option<K>,
{
    Select { walk: Walk::new(page), page, pick, open: Vec::new() }
}

/// The iterator of [`select`].
pub struct Select<'a, K, F> {
    walk: Walk<'a>,
    page: &'a str,
    pick: F,
    open: Vec<Pending<'a, K>>,
}

struct Pending<'a, K> {
    key: K,
    tag: Tag<'a>,
    /// The depth of the walk outside this element.
    outside: usize,
    start: usize,
    inner: usize,
}

impl<'a, K, F> Iterator for Select<'a, K, F>
where
    F: FnMut(&Tag<'a>, Option<&K>) -> Option<K>,
{
    type Item = Found<'a, K>;

    fn next(&mut self) -> Option<Found<'a, K>> {
        loop {
            match self.walk.next()? {
                Event::Open(tag) => {
                    if let Some(key) = (self.pick)(&tag, self.open.last().map(|open| &open.key)) {
                        let range = self.walk.range();
                        let outside = self.walk.depth() - 1;
                        self.open.push(Pending { key, tag, outside, start: range.start, inner: range.end });
                    }
                }
                Event::Close => {
                    let depth = self.walk.depth();
                    if let Some(open) = self.open.pop_if(|open| open.outside == depth) {
                        let end = self.walk.range().start;
                        return Some(Found {
                            key: open.key,
                            tag: open.tag,
                            inner: self.page.get(open.inner..end).unwrap_or_default(),
                            start: open.start,
                            depth: self.open.len(),
                            torn: self.walk.at_end(),
                        });
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(page: &str, name: &str) -> Vec<String> {
        select(page, |tag, _: Option<&()>| tag.is(name).then_some(())).map(|found| found.text()).collect()
    }

    #[test]
    fn finds_elements_that_are_never_closed() {
        assert_eq!(texts("<ul><li>一<li>二<ul><li>三</ul></ul>四", "li"), ["一", "三", "二\n\n三"]);
        assert_eq!(texts("<p>一<p>二<div>三</div>四", "p"), ["一", "二"]);
        assert_eq!(texts("<table><tr><td>甲<td>乙<tr><td>丙</table>丁", "td"), ["甲", "乙", "丙"]);
        assert_eq!(texts("<dl><dt>甲<dd>乙<dt>丙<dd>丁</dl>", "dd"), ["乙", "丁"]);
        assert_eq!(texts("<select><option>甲<option>乙</select>", "option"), ["甲", "乙"]);
    }

    #[test]
    fn an_end_tag_too_many_changes_nothing() {
        assert_eq!(texts("<div><span>一</p></b></span>二</div>", "div"), ["一\n\n二"]);
        assert_eq!(texts("<div><table><tr><td>一</div>二</td></tr></table>三</div>", "div"), ["一\n二\n\n三"]);
    }

    #[test]
    fn tells_where_an_element_lies() {
        let page = "一<i>二</i><br>四<b id=x>三";
        let found: Vec<_> = select(page, |tag, _| Some(tag.name().len())).collect();
        assert_eq!(found.iter().map(|f| &page[f.start..][..3]).collect::<Vec<_>>(), ["<i>", "<br", "<b "]);
        assert_eq!(found.iter().map(|f| f.inner).collect::<Vec<_>>(), ["二", "", "三"]);
        assert_eq!(found.iter().map(|f| f.torn).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn tells_what_it_lies_in() {
        let page = "<div><a>一</a><p><a>二</a></p></div><a>三</a>";
        let found: Vec<_> = select(page, |tag, inside| match inside {
            None => tag.is("div").then_some("outer"),
            Some(_) => tag.is("a").then_some("inner"),
        })
        .map(|found| (found.key, found.text(), found.depth))
        .collect();
        assert_eq!(found[..2], [("inner", "一".to_owned(), 1), ("inner", "二".to_owned(), 1)]);
        assert_eq!((found[2].0, found[2].2, found.len()), ("outer", 0, 3));
    }
}
