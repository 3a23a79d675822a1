//! Short comments under a floor (点评).
//!
//! A page gives them no number, and nobody can change one: so what names it is who said what under which floor. The
//! same words by the same person under the same floor are one comment.
//!
//! Given up: what stands on further pages of a floor's comments, which a script fetches.

use caifeng_plugin_sdk::dates::Moment;
use caifeng_plugin_sdk::markup::{Event, Found, Tag, Walk};
use caifeng_plugin_sdk::{Author, Crawl, Kind, Post, Response, html};

use crate::list;

/// What one comment says.
#[derive(Debug, Default)]
pub(crate) struct Comment {
    author: Option<Author>,
    published: Option<Moment>,
    text: String,
}

/// A part of one comment.
pub(crate) enum Part {
    Person,
    Saying,
}

/// Whether an element inside a floor's comments is one of them; so is the sum of opinions above them, which says nothing.
pub(crate) fn is_comment(tag: &Tag<'_>) -> bool {
    tag.has_class("pstl")
}

pub(crate) fn part(tag: &Tag<'_>) -> Option<Part> {
    if tag.has_class("psti") {
        Some(Part::Saying)
    } else {
        (tag.is("a") && tag.raw("href").is_some_and(|href| crate::address::person(href).is_some()))
            .then_some(Part::Person)
    }
}

impl Comment {
    /// Takes a part when its element ends.
    pub(crate) fn take<K>(&mut self, part: &Part, found: &Found<'_, K>, crawl: &Crawl, response: &Response) {
        match part {
            Part::Person if self.author.is_none() => self.author = list::author(&found.tag, found.text()),
            Part::Person => {}
            Part::Saying => {
                let (said, after) = found.inner.split_at(end_of_words(found.inner));
                self.text = html::text(said);
                self.published = list::moment(after, response.fetched, crawl.utc_offset);
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The comment as a post under `floor`, whose id among posts is `parent`.
    pub(crate) fn post(self, floor: &str, parent: &str, at: &str) -> Post {
        let who = self.author.as_ref().map_or("", |author| author.id.as_str());
        let id = format!("p{floor}c{:016x}", sum(&[who, &self.text]));
        let mut post = Post::new(Kind::Comment, id, at);
        post.parent = Some(parent.to_owned());
        post.author = self.author;
        post.published = self.published.map(|moment| moment.timestamp);
        post.day_only = self.published.is_some_and(|moment| moment.day_only);
        post.text = self.text;
        post
    }
}

/// Where the forum's own words begin: links to a longer answer, and when it was said.
fn end_of_words(inner: &str) -> usize {
    let mut walk = Walk::new(inner);
    while let Some(event) = walk.next() {
        let Event::Open(tag) = event else { continue };
        let link = tag.is("a")
            && tag.raw("href").is_some_and(|href| href.contains("goto=findpost") || href.contains("action=reply"));
        if link || tag.is("span") && tag.has_class("xg1") {
            return walk.range().start;
        }
    }
    inner.len()
}

/// FNV-1a of texts, each with its end: the same on every machine and in every version.
fn sum(texts: &[&str]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
