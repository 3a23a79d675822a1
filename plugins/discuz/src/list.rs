//! Rows of a board, of a search, and of both on a telephone.

use std::collections::HashSet;

use caifeng_plugin_sdk::dates::{self, Moment};
use caifeng_plugin_sdk::markup::{Found, Tag, select};
use caifeng_plugin_sdk::{Author, Crawl, Kind, Page, Post, Request, Response, count, html, url};

use crate::address::Holds;
use crate::{BOARD, CRAWL, SEARCH, THREAD, address, pager, request as ask};

/// What a row says.
#[derive(Debug, Default)]
struct Row {
    tid: String,
    title: String,
    href: Option<String>,
    author: Option<Author>,
    published: Option<Moment>,
    /// When it was last answered.
    last: Option<Moment>,
    replies: Option<u64>,
    views: Option<u64>,
    /// The beginning of the text, in a search.
    excerpt: String,
    sticky: bool,
}

/// Reads a list; nothing if the page has no row.
pub(crate) fn read(crawl: &Crawl, asked: &Request, response: &Response, holds: Option<Holds>) -> Option<Page> {
    let reader = Reader { crawl, response, holds };
    let mut page = Page::default();
    let rows = reader.rows(&mut page.skipped);
    if rows.is_empty() {
        return None;
    }
    let crawling = asked.context == CRAWL;
    let mut current = false;
    for row in rows {
        let newest = row.last.into_iter().chain(row.published).map(end).max();
        let wanted = newest.is_none_or(|newest| newest >= crawl.since);
        current |= wanted && newest.is_some() && !row.sticky;
        let at = reader.address(&row);
        if wanted {
            page.follow.push(ask(THREAD, &at, CRAWL));
        }
        if !crawling {
            page.posts.push(post(row, at));
        }
    }
    let next = pager::read(&response.body, &response.url).next;
    if let Some(next) = next.filter(|next| current && *next != response.url) {
        let step = if asked.step == SEARCH { SEARCH } else { BOARD };
        page.follow.push(ask(step, &next, &asked.context));
    }
    Some(page)
}

/// The last second that a moment can mean.
fn end(moment: Moment) -> i64 {
    moment.timestamp + if moment.day_only { 86_399 } else { 59 }
}

fn post(row: Row, at: String) -> Post {
    let mut post = Post::new(Kind::Post, format!("t{}", row.tid), at);
    post.title = Some(row.title);
    post.text = row.excerpt;
    post.author = row.author;
    post.published = row.published.map(|moment| moment.timestamp);
    post.day_only = row.published.is_some_and(|moment| moment.day_only);
    post.reactions.replies = row.replies;
    post.reactions.views = row.views;
    if row.sticky {
        post.extra.push(("sticky".to_owned(), "true".to_owned()));
    }
    post
}

/// Where a row was found.
enum Place<'a> {
    /// An element whose id says that it is a thread.
    Thread(&'a str, bool),
    /// A list in which rows have no such id.
    Region,
    /// A row of it.
    Entry,
}

struct Reader<'a> {
    crawl: &'a Crawl,
    response: &'a Response,
    /// What the address allows for.
    holds: Option<Holds>,
}

impl Reader<'_> {
    fn rows(&self, skipped: &mut Vec<String>) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        let mut seen = HashSet::new();
        for found in select(&self.response.body, |tag, inside| place(tag, inside, self.holds)) {
            let (tid, sticky) = match found.key {
                Place::Thread(tid, sticky) => (Some(tid), sticky),
                Place::Entry => (None, false),
                Place::Region => continue,
            };
            let mut row = self.row(&found);
            row.sticky |= sticky;
            if let Some(tid) = tid {
                tid.clone_into(&mut row.tid);
            }
            match (row.tid.is_empty(), row.title.is_empty()) {
                (false, false) if found.torn => {
                    skipped.push(format!("the page ends within the row of thread {}", row.tid));
                }
                (false, false) if seen.insert(row.tid.clone()) => rows.push(row),
                (false, true) if tid.is_some() => skipped.push(format!("a row without a title: thread {}", row.tid)),
                _ => {}
            }
        }
        rows
    }

    fn row(&self, found: &Found<'_, Place<'_>>) -> Row {
        let mut row = Row::default();
        let mut by = 0;
        for part in select(found.inner, part) {
            match part.key {
                Part::Title => self.title(&part, &mut row),
                Part::By => by += 1,
                Part::Name if by == 0 => name(&part, &mut row),
                Part::When => {
                    let when = self.moment(part.inner);
                    let place = if by == 0 { &mut row.published } else { &mut row.last };
                    *place = place.or(when);
                }
                Part::Replies => row.replies = row.replies.or_else(|| count::parse(&part.text())),
                Part::Views => row.views = row.views.or_else(|| count::parse(&part.text())),
                Part::Line => self.line(&part, &mut row),
                Part::Name | Part::Numbers | Part::Heading => {}
            }
        }
        row
    }

    /// The link to a thread with words in it; a row has others around it.
    fn title(&self, part: &Found<'_, Part>, row: &mut Row) {
        let href = part.tag.attribute("href").unwrap_or_default();
        let tid = address::thread(&href);
        let certain = part.tag.has_class("xst");
        if !row.title.is_empty() || tid.is_none() && !certain {
            return;
        }
        let (title, more) = inner_title(part.inner);
        if title.is_empty() || !certain && address::leading_digits(&title) == title {
            return;
        }
        row.title = title;
        if let Some((class, text)) = more {
            match class {
                "by" if row.author.is_none() => row.author = Some(Author { id: text.clone(), name: text }),
                _ => row.replies = row.replies.or_else(|| count::parse(&text)),
            }
        }
        if let Some(tid) = tid {
            tid.clone_into(&mut row.tid);
            row.href = Some(href.into_owned());
        }
    }

    /// A paragraph of a search result: counts, then the text, then when and who.
    fn line(&self, part: &Found<'_, Part>, row: &mut Row) {
        let text = part.text();
        if part.tag.has_class("xg1") || text.contains("个回复") && text.contains("次查看") {
            let (replies, views) = text.split_once('-').unwrap_or((&text, ""));
            row.replies = count::parse(replies);
            row.views = count::parse(views);
            return;
        }
        let person = select(part.inner, |tag, _: Option<&()>| is_person(tag).then_some(())).next();
        match person {
            Some(found) => {
                row.author = row.author.take().or_else(|| author(&found.tag, found.text()));
                row.published = row.published.or_else(|| self.moment(part.inner));
            }
            None if row.excerpt.is_empty() => row.excerpt = text,
            None => {}
        }
    }

    /// A date, the exact one where the page shows "3 分钟前".
    fn moment(&self, inner: &str) -> Option<Moment> {
        moment(inner, self.response.fetched, self.crawl.utc_offset)
    }

    fn address(&self, row: &Row) -> String {
        let base = &self.response.url;
        match &row.href {
            Some(href) => url::join(base, href),
            None => url::join(base, &format!("forum.php?mod=viewthread&tid={}", row.tid)),
        }
    }
}

/// The date in a piece of markup: of a `title`, else of the text.
pub(crate) fn moment(inner: &str, fetched: i64, utc_offset: i32) -> Option<Moment> {
    let titled = select(inner, |tag, _: Option<&()>| tag.raw("title").is_some().then_some(()))
        .find_map(|found| dates::parse(&found.tag.attribute("title")?, fetched, utc_offset));
    titled.or_else(|| {
        let text = html::text(inner);
        // More than a date in many words: a name or a title that holds digits.
        if text.len() > 120 { None } else { dates::parse(&text, fetched, utc_offset) }
    })
}

fn place<'a>(tag: &Tag<'a>, inside: Option<&Place<'a>>, holds: Option<Holds>) -> Option<Place<'a>> {
    let (board, search) = (holds != Some(Holds::Search), holds != Some(Holds::Board));
    if matches!(inside, Some(Place::Thread(..) | Place::Entry)) {
        return None;
    }
    if let Some(id) = tag.raw("id").filter(|_| board) {
        let kinds = [("normalthread_", false), ("stickthread_", true)];
        if let Some((tid, sticky)) = kinds.iter().find_map(|(mark, sticky)| Some((id.strip_prefix(mark)?, *sticky))) {
            return (!tid.is_empty() && address::leading_digits(tid) == tid).then_some(Place::Thread(tid, sticky));
        }
    }
    if search && tag.is("li") && tag.has_class("pbw") {
        return Some(Place::Entry);
    }
    match inside {
        Some(_) => (tag.is("li") || tag.is("tr")).then_some(Place::Entry),
        None => {
            let results = tag.has_class("searchlist");
            (results && search || !results && board && tag.has_class("threadlist")).then_some(Place::Region)
        }
    }
}

enum Part {
    Title,
    Heading,
    /// Who wrote, and when; the second says who answered last.
    By,
    Name,
    When,
    Numbers,
    Replies,
    Views,
    /// A paragraph of a search result.
    Line,
}

fn part(tag: &Tag<'_>, inside: Option<&Part>) -> Option<Part> {
    match inside {
        None | Some(Part::Heading) if tag.is("a") => Some(if tag.has_class("mmc") { Part::Name } else { Part::Title }),
        None if tag.is("h3") => Some(Part::Heading),
        None if tag.is("p") => Some(Part::Line),
        None if ["by", "author", "lastpost"].iter().any(|class| tag.has_class(class)) => Some(Part::By),
        None if tag.is("td") && (tag.has_class("num") || tag.has_class("nums")) => Some(Part::Numbers),
        None if tag.has_class("mtime") => Some(Part::When),
        None if tag.has_class("num") => Some(Part::Replies),
        Some(Part::By) if tag.is("a") && is_person(tag) => Some(Part::Name),
        Some(Part::By) if tag.is("cite") => None,
        Some(Part::By) if tag.is("em") => Some(Part::When),
        Some(Part::Numbers) if tag.is("a") || tag.is("strong") => Some(Part::Replies),
        Some(Part::Numbers) if tag.is("em") => Some(Part::Views),
        _ => None,
    }
}

fn is_person(tag: &Tag<'_>) -> bool {
    tag.is("a") && tag.raw("href").is_some_and(|href| address::person(href).is_some() || href.contains("space"))
}

fn name(part: &Found<'_, Part>, row: &mut Row) {
    row.author = row.author.take().or_else(|| author(&part.tag, part.text()));
}

/// A person, if the link has a name in it.
pub(crate) fn author(tag: &Tag<'_>, text: String) -> Option<Author> {
    let name = text.trim_start_matches("作者：").trim().to_owned();
    if name.is_empty() {
        return None;
    }
    let href = tag.attribute("href").unwrap_or_default();
    Some(Author { id: address::person(&href).unwrap_or(&name).to_owned(), name })
}

/// The words of a link without what telephones put into it: who wrote, how
/// many answers.
fn inner_title(inner: &str) -> (String, Option<(&'static str, String)>) {
    let words =
        select(inner, |tag, _: Option<&&str>| ["by", "num"].into_iter().find(|class| tag.has_class(class))).next();
    match words {
        Some(found) => {
            let (start, len) = (found.start, inner.len());
            let after = found.inner.as_ptr() as usize - inner.as_ptr() as usize + found.inner.len();
            let before = html::text(inner.get(..start).unwrap_or_default());
            let rest = html::text(inner.get(after..len).unwrap_or_default());
            (if before.is_empty() { rest } else { before }, Some((found.key, found.text())))
        }
        None => (html::text(inner), None),
    }
}
