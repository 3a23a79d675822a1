//! Sitemaps, sitemap indexes and news sitemaps.
//!
//! Read as text rather than as a tree: four elements matter, none nests in
//! itself, and real ones name their namespaces as they like. Source: sitemaps.org
//! protocol 0.9, Google news sitemaps 0.9. Compressed sitemaps are not followed:
//! a plugin sees text only.

use caifeng_plugin_sdk::dates;
use caifeng_plugin_sdk::{Crawl, Failure, Page, Request, html, url};

use crate::address;
use crate::{ARTICLE, SITEMAP};

/// The most articles that one sitemap sends on, newest first.
const MOST_ARTICLES: usize = 500;

/// The most sitemaps that one index sends on, newest first.
const MOST_SITEMAPS: usize = 20;

/// The most entries that are read.
const MOST_ENTRIES: usize = 60_000;

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Index,
    Articles,
}

struct Entry {
    address: String,
    date: Option<i64>,
    day_only: bool,
}

/// Whether a document is a sitemap or an index of them.
pub(crate) fn is_sitemap(body: &str) -> bool {
    form(body).is_some()
}

fn form(body: &str) -> Option<Form> {
    let head = &body.as_bytes()[..body.len().min(4_000)];
    let names = |words: [&str; 2]| words.iter().any(|word| memchr::memmem::find(head, word.as_bytes()).is_some());
    if names(["<sitemapindex", ":sitemapindex"]) {
        Some(Form::Index)
    } else {
        names(["<urlset", ":urlset"]).then_some(Form::Articles)
    }
}

/// Whether its root element ends.
fn is_whole(body: &str) -> bool {
    let end = body.rfind("</").map_or("", |at| &body[at + 2..]);
    ["urlset", "sitemapindex"].iter().any(|root| end.trim_end().trim_end_matches('>').trim_end().ends_with(root))
}

/// The requests that a sitemap makes: articles, or further sitemaps, that are not
/// older than `since` as far as it tells.
///
/// # Errors
/// [`Failure::Unexpected`] if it is no sitemap, or lists something and none of it can be read.
pub(crate) fn read(crawl: &Crawl, body: &str, own: &str) -> Result<Page, Failure> {
    let Some(form) = form(body) else {
        return Err(Failure::unexpected("no sitemap"));
    };
    let mut page = Page::default();
    let mut entries = Vec::new();
    let name = if form == Form::Index { "sitemap" } else { "url" };
    let blocks = Blocks { rest: body, name };
    for block in blocks.take(MOST_ENTRIES) {
        match entry(crawl, block, own) {
            Some(entry) if entry.address.ends_with(".gz") => {
                page.skipped.push(format!("a compressed sitemap: {}", entry.address));
            }
            Some(entry) => entries.push(entry),
            None => page.skipped.push("an entry without an address".to_owned()),
        }
    }
    if !is_whole(body) {
        page.skipped.push("the sitemap is cut off".to_owned());
    }
    let listed = entries.len();
    entries.retain(|entry| address::same_host(&entry.address, own) && address::is_web(&entry.address));
    if listed > 0 && entries.is_empty() {
        return Err(Failure::unexpected("the sitemap lists other hosts only: watch one of them"));
    }
    // A day without a time lasts until its end.
    entries.retain(|entry| entry.date.is_none_or(|date| date + if entry.day_only { 86_399 } else { 0 } >= crawl.since));
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.date));
    let (step, most) = if form == Form::Index { (SITEMAP, MOST_SITEMAPS) } else { (ARTICLE, MOST_ARTICLES) };
    page.skipped.truncate(100);
    page.follow = entries.into_iter().take(most).map(|entry| Request::get(step, entry.address)).collect();
    Ok(page)
}

fn entry(crawl: &Crawl, block: &str, own: &str) -> Option<Entry> {
    let location = content(block, "loc").filter(|location| !location.is_empty())?;
    let date = content(block, "publication_date").or_else(|| content(block, "lastmod"));
    let moment = date.and_then(|date| dates::parse(&date, crawl.now, crawl.utc_offset));
    Some(Entry {
        address: url::join(own, &location),
        date: moment.map(|moment| moment.timestamp),
        day_only: moment.is_some_and(|moment| moment.day_only),
    })
}

/// The contents of the elements of one name, whatever their prefix.
struct Blocks<'a> {
    rest: &'a str,
    name: &'a str,
}

impl<'a> Iterator for Blocks<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (content, rest) = element(self.rest, self.name)?;
        self.rest = rest;
        Some(content)
    }
}

/// The content of the first element of that name, and what follows it.
fn element<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    let mut at = 0;
    loop {
        let open = memchr::memchr(b'<', &text.as_bytes()[at..])? + at;
        let tag = &text[open + 1..];
        let len = tag.bytes().take_while(|b| !b.is_ascii_whitespace() && !matches!(b, b'>' | b'/' | b'<')).count();
        let local = tag[..len].rsplit(':').next().unwrap_or_default();
        at = open + 1;
        if local.eq_ignore_ascii_case(name) {
            let start = memchr::memchr(b'>', tag.as_bytes())? + 1;
            let close = format!("</{}", &tag[..len]);
            let end = memchr::memmem::find(&tag.as_bytes()[start..], close.as_bytes())? + start;
            return Some((&tag[start..end], &tag[end + close.len()..]));
        }
    }
}

fn content(block: &str, name: &str) -> Option<String> {
    let (content, _) = element(block, name)?;
    let content = content.trim();
    let content = content.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>")).unwrap_or(content);
    Some(html::decode(content.trim()).into_owned())
}
