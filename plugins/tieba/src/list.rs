//! The threads of a bar.

use std::collections::HashSet;

use caifeng_plugin_sdk::dates::Moment;
use caifeng_plugin_sdk::markup::{Found, Tag, Token, Tokens, select};
use caifeng_plugin_sdk::{Author, Crawl, Kind, Page, Post, Request, Response, count, url};
use serde_json::Value;

use crate::{BAR, CRAWL, THREAD, author, field, moment, number, request as ask, text, thread_page};

/// What a row says.
#[derive(Debug, Default)]
struct Row {
    id: String,
    title: String,
    excerpt: String,
    author: Option<Author>,
    published: Option<Moment>,
    /// When it was last answered.
    last: Option<Moment>,
    replies: Option<u64>,
    media: Vec<String>,
    sticky: bool,
}

/// Reads a bar; nothing if the page has no row.
pub(crate) fn read(crawl: &Crawl, asked: &Request, response: &Response) -> Option<Page> {
    let mut page = Page::default();
    let mut rows: Vec<Row> = Vec::new();
    let mut seen = HashSet::new();
    let mut next = None;
    for part in parts(&response.body, &["j_thread_list", "frs_list_pager"]) {
        for found in select(part, place) {
            match found.key {
                Place::Row if found.torn => page.skipped.push("the page ends within a row".to_owned()),
                Place::Row => match row(&found, crawl, response) {
                    Some(row) if seen.insert(row.id.clone()) => rows.push(row),
                    Some(_) => {}
                    None => page.skipped.push(format!("a row without a thread: {}", line(&found.text()))),
                },
                Place::Next => {
                    next = next.or_else(|| found.tag.attribute("href").map(|href| url::join(&response.url, &href)));
                }
            }
        }
    }
    if rows.is_empty() && page.skipped.is_empty() {
        return None;
    }
    let crawling = asked.context == CRAWL;
    let mut current = false;
    for row in rows {
        let newest = row.last.into_iter().chain(row.published).map(end).max();
        let wanted = newest.is_none_or(|newest| newest >= crawl.since);
        current |= wanted && newest.is_some() && !row.sticky;
        if wanted {
            page.follow.push(ask(THREAD, &thread_page(&row.id, 1), CRAWL));
        }
        if !crawling {
            page.posts.push(post(row));
        }
    }
    page.follow.extend(next.filter(|next| current && is_bar(next)).map(|next| ask(BAR, &next, &asked.context)));
    Some(page)
}

/// A page, and what it hides in comments for a script to unpack, if that holds
/// any of the marks.
pub(crate) fn parts<'a>(body: &'a str, marks: &[&str]) -> Vec<&'a str> {
    let hidden = Tokens::new(body).filter_map(|token| match token {
        Token::Comment(text) if marks.iter().any(|mark| text.contains(mark)) => Some(text),
        _ => None,
    });
    std::iter::once(body).chain(hidden).collect()
}

fn is_bar(url: &str) -> bool {
    let rest = url.strip_prefix("https:").or_else(|| url.strip_prefix("http:")).unwrap_or_default();
    rest.starts_with("//tieba.baidu.com/f?")
}

/// The last second that a moment can mean.
fn end(moment: Moment) -> i64 {
    moment.timestamp + if moment.day_only { 86_399 } else { 59 }
}

fn line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    line[..line.floor_char_boundary(80)].to_owned()
}

enum Place {
    Row,
    Next,
}

fn place(tag: &Tag<'_>, inside: Option<&Place>) -> Option<Place> {
    if inside.is_some() {
        None
    } else if tag.is("li") && tag.has_class("j_thread_list") {
        Some(Place::Row)
    } else {
        (tag.is("a") && tag.has_class("next") && tag.has_class("pagination-item")).then_some(Place::Next)
    }
}

enum Part {
    Title,
    Excerpt,
    Author,
    Name,
    Created,
    Answered,
    Replies,
    Picture,
}

fn part(tag: &Tag<'_>, inside: Option<&Part>) -> Option<Part> {
    match inside {
        None if tag.is("a") && tag.has_class("j_th_tit") => Some(Part::Title),
        None if tag.has_class("threadlist_abs") => Some(Part::Excerpt),
        None if tag.has_class("tb_icon_author") => Some(Part::Author),
        Some(Part::Author) if tag.has_class("frs-author-name") => Some(Part::Name),
        None if tag.has_class("is_show_create_time") => Some(Part::Created),
        None if tag.has_class("threadlist_reply_date") => Some(Part::Answered),
        None if tag.has_class("threadlist_rep_num") => Some(Part::Replies),
        None if tag.is("img") && tag.has_class("threadlist_pic") => Some(Part::Picture),
        _ => None,
    }
}

fn row(found: &Found<'_, Place>, crawl: &Crawl, response: &Response) -> Option<Row> {
    let own = field(&found.tag).unwrap_or(Value::Null);
    let id = found.tag.raw("data-tid").map(str::to_owned).or_else(|| number(&own["id"]))?;
    let mut row =
        Row { sticky: found.tag.has_class("thread_top"), replies: own["reply_num"].as_u64(), ..Row::default() };
    let (mut user, mut name) = (None, None);
    for part in select(found.inner, part) {
        let at = |text: &str| moment(text, response.fetched, crawl.utc_offset);
        match part.key {
            // The words of a link are cut where the row is narrow, its title is not.
            Part::Title => {
                row.title = part
                    .tag
                    .attribute("title")
                    .filter(|title| !title.is_empty())
                    .map_or_else(|| part.text(), Into::into);
            }
            Part::Excerpt => row.excerpt = part.text(),
            Part::Name => name = name.or_else(|| field(&part.tag)).or(Some(Value::Null)),
            Part::Author => user = field(&part.tag).as_ref().and_then(|field| number(&field["user_id"])),
            Part::Created => row.published = at(&part.text()),
            Part::Answered => row.last = at(&part.text()),
            Part::Replies => row.replies = row.replies.or_else(|| count::parse(&part.text())),
            Part::Picture => {
                let source = ["bpic", "data-original", "src"].iter().find_map(|name| part.tag.attribute(name));
                row.media.extend(source.map(|source| url::join(&response.url, &source)));
            }
        }
    }
    let name = name.unwrap_or(Value::Null);
    let shown = text(&own["author_nickname"]).or_else(|| text(&own["author_name"])).or_else(|| text(&name["un"]));
    row.author = author(user, text(&own["author_portrait"]).or_else(|| text(&name["id"])), shown);
    row.id = Some(id).filter(|id| !id.is_empty() && crate::digits(id) == id)?;
    (!row.title.is_empty()).then_some(row)
}

fn post(row: Row) -> Post {
    let mut post = Post::new(Kind::Post, format!("t{}", row.id), thread_page(&row.id, 1));
    post.title = Some(row.title);
    post.text = row.excerpt;
    post.author = row.author;
    post.published = row.published.map(|moment| moment.timestamp);
    post.day_only = row.published.is_some_and(|moment| moment.day_only);
    post.reactions.replies = row.replies;
    post.media = row.media;
    if row.sticky {
        post.extra.push(("sticky".to_owned(), "true".to_owned()));
    }
    post
}
