//! The text of one floor, without what the forum puts into it.
//!
//! Left out: what is not shown (the noise that some forums write between the
//! lines against copying), the menus of pictures, and the line that says who
//! edited it when — that becomes [`Message::edited`].

use caifeng_plugin_sdk::markup::{Event, Tag, Walk};
use caifeng_plugin_sdk::{Crawl, Timestamp, dates, html, url};

use crate::address;

/// What a floor says.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) text: String,
    pub(crate) media: Vec<String>,
    pub(crate) edited: Option<Timestamp>,
    /// The floor that it quotes.
    pub(crate) quotes: Option<String>,
}

/// Reads the content of a `postmessage` element; `base` is the page's address.
pub(crate) fn read(inner: &str, base: &str, crawl: &Crawl, fetched: Timestamp) -> Message {
    let mut message = Message::default();
    let mut kept = String::with_capacity(inner.len());
    let mut walk = Walk::new(inner);
    // The depth outside what is being left out, and where it began.
    let mut left_out: Option<(usize, usize, bool)> = None;
    let mut from = 0;
    while let Some(event) = walk.next() {
        match (event, left_out) {
            (Event::Open(tag), None) => {
                if tag.is("img") {
                    message.media.extend(picture(&tag, base));
                } else if tag.is("a") && message.quotes.is_none() {
                    message.quotes = tag.attribute("href").and_then(|href| quoted(&href));
                }
                let status = tag.has_class("pstatus");
                if status || is_hidden(&tag) {
                    kept.push_str(inner.get(from..walk.range().start).unwrap_or_default());
                    left_out = Some((walk.depth() - 1, walk.range().end, status));
                }
            }
            (Event::Close, Some((depth, start, status))) if walk.depth() == depth => {
                let range = walk.range();
                let content = inner.get(start..range.start).unwrap_or_default();
                if status {
                    message.edited = edited(&html::text(content), crawl, fetched);
                }
                // Its own end tag goes with it; a tag that closes it otherwise stays.
                from = if is_end_tag(inner, &range) { range.end } else { range.start };
                left_out = None;
            }
            _ => {}
        }
    }
    if left_out.is_none() {
        kept.push_str(inner.get(from..).unwrap_or_default());
    }
    message.text = html::text(&kept);
    message
}

fn is_end_tag(inner: &str, range: &std::ops::Range<usize>) -> bool {
    inner.get(range.clone()).is_some_and(|tag| tag.starts_with("</"))
}

fn is_hidden(tag: &Tag<'_>) -> bool {
    let unseen = |style: &str| {
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
        style.to_ascii_lowercase().contains("display:none")
    };
    tag.raw("style").is_some_and(unseen)
        || ["jammer", "aimg_tip", "attach_popup"].iter().any(|class| tag.has_class(class))
}

/// The address of a picture that belongs to the floor: no face, no icon.
fn picture(tag: &Tag<'_>, base: &str) -> Option<String> {
    if tag.raw("smilieid").is_some() {
        return None;
    }
    let source =
        ["zoomfile", "file", "src"].iter().find_map(|name| tag.attribute(name).filter(|src| !src.is_empty()))?;
    let own =
        ["smiley", "smilies", "static/image", "images/common", "images/default", "none.gif", "data:", "attachicons"];
    if own.iter().any(|part| source.contains(part)) {
        return None;
    }
    Some(url::join(base, &source)).filter(|at| at.starts_with("http"))
}

/// The floor that a link back leads to.
fn quoted(href: &str) -> Option<String> {
    (href.contains("findpost"))
        .then(|| address::after(href, "&pid=").or_else(|| address::after(href, "?pid=")))?
        .map(str::to_owned)
}

/// "本帖最后由 某人 于 2026-3-9 12:00 编辑"
fn edited(line: &str, crawl: &Crawl, fetched: Timestamp) -> Option<Timestamp> {
    let (_, when) = line.rsplit_once('于')?;
    dates::parse(when, fetched, crawl.utc_offset).map(|moment| moment.timestamp)
}
