//! The floors of a thread, and the comments under them that the page shows.

use std::collections::HashSet;

use caifeng_plugin_sdk::dates::Moment;
use caifeng_plugin_sdk::markup::{Found, Tag, select};
use caifeng_plugin_sdk::{Crawl, Kind, Page, Post, Request, Response, count, url};
use serde_json::Value;

use crate::{BACK, THREAD, author, digits, field, list, moment, number, request as ask, text, thread_id, thread_page};

/// What the page says of the whole thread.
#[derive(Debug, Default)]
struct Head {
    id: Option<String>,
    title: Option<String>,
    replies: Option<u64>,
    /// How many pages the thread has.
    pages: Option<u32>,
}

/// What one floor says.
#[derive(Debug, Default)]
struct Floor {
    text: Option<String>,
    media: Vec<String>,
    name: Option<String>,
    /// Its number and its date, each in an element of the same kind.
    number: Option<u32>,
    published: Option<Moment>,
    comments: Vec<Post>,
}

/// Reads a page of a thread; nothing if it has no floor.
pub(crate) fn read(crawl: &Crawl, asked: &Request, response: &Response) -> Option<Page> {
    let reader = Reader { crawl, response };
    let mut page = Page::default();
    let mut head = Head { id: thread_id(&response.url).map(str::to_owned), ..Head::default() };
    let mut floors: Vec<Post> = Vec::new();
    let mut open = Floor::default();
    let parts = list::parts(&response.body, &["j_l_post"]);
    for found in parts.into_iter().flat_map(|markup| select(markup, part)) {
        match found.key {
            Part::Floor => {
                let floor = std::mem::take(&mut open);
                match reader.floor(&found, floor) {
                    Some(mut posts) => floors.append(&mut posts),
                    None => page.skipped.push("a floor without a number or a text".to_owned()),
                }
            }
            _ => reader.part(&found, &mut open, &mut head),
        }
    }
    if floors.is_empty() && page.skipped.is_empty() {
        return None;
    }
    let newest = floors.iter().filter_map(|post| post.published).max();
    page.posts = assemble(floors, &head, response);
    page.follow = follow(crawl, asked, response, &head, newest);
    Some(page)
}

/// Floors know their thread only together.
fn assemble(floors: Vec<Post>, head: &Head, response: &Response) -> Vec<Post> {
    let thread = head.id.as_ref().map(|id| format!("t{id}"));
    let mut posts: Vec<Post> = Vec::with_capacity(floors.len());
    let mut seen = HashSet::new();
    for mut post in floors {
        let opens = post.kind == Kind::Post;
        if let (true, Some(thread), Some(id)) = (opens, &thread, &head.id) {
            post.extra.push(("pid".to_owned(), post.id[1..].to_owned()));
            post.id.clone_from(thread);
            post.url = thread_page(id, 1);
        } else if post.parent.is_none() && !opens {
            post.parent.clone_from(&thread);
        }
        if opens {
            post.title.clone_from(&head.title);
            post.reactions.replies = head.replies;
        }
        if post.url.is_empty() {
            let at = response.url.split('#').next().unwrap_or_default();
            post.url = format!("{at}#post_content_{}", &post.id[1..]);
        }
        if seen.insert(post.id.clone()) {
            posts.push(post);
        }
    }
    // A comment under the first floor answers the thread.
    if let (Some(thread), Some(first)) = (&thread, posts.iter().find(|post| post.kind == Kind::Post)) {
        let own = first.extra.iter().find(|(name, _)| name == "pid").map(|(_, pid)| format!("p{pid}"));
        for post in &mut posts {
            if own.is_some() && post.parent == own {
                post.parent = Some(thread.clone());
            }
        }
    }
    posts
}

/// Of the first page the last one; from there on the one before, until they are
/// older than what is known.
fn follow(crawl: &Crawl, asked: &Request, response: &Response, head: &Head, newest: Option<i64>) -> Vec<Request> {
    let Some(id) = &head.id else { return Vec::new() };
    let asked_page = response.url.split("pn=").nth(1).and_then(|rest| digits(rest).parse::<u32>().ok());
    let (current, pages) = (asked_page.unwrap_or(1), head.pages.unwrap_or(1));
    let to = match asked.context.as_str() {
        BACK if current > 2 && newest.is_none_or(|newest| newest >= crawl.since) => current - 1,
        BACK => return Vec::new(),
        _ if pages > current => pages,
        _ => return Vec::new(),
    };
    vec![ask(THREAD, &thread_page(id, to), BACK)]
}

enum Part {
    Floor,
    Text,
    Name,
    /// The number of the floor, its date, or from where it was written.
    Tail,
    Comment,
    CommentText,
    CommentTime,
    CommentName,
    Title,
    Counts,
    Count,
    Canonical,
}

fn part(tag: &Tag<'_>, inside: Option<&Part>) -> Option<Part> {
    let class = |name| tag.has_class(name);
    match inside {
        None if class("j_l_post") || class("l_post") => Some(Part::Floor),
        None if class("core_title_txt") => Some(Part::Title),
        None if tag.is("li") && class("l_reply_num") => Some(Part::Counts),
        Some(Part::Counts) if tag.is("span") && class("red") => Some(Part::Count),
        None if tag.is("link") && tag.raw("rel") == Some("canonical") => Some(Part::Canonical),
        Some(Part::Floor) if class("d_post_content") => Some(Part::Text),
        Some(Part::Floor) if class("p_author_name") => Some(Part::Name),
        Some(Part::Floor) if class("tail-info") => Some(Part::Tail),
        Some(Part::Floor) if class("lzl_single_post") => Some(Part::Comment),
        Some(Part::Comment) if class("lzl_content_main") => Some(Part::CommentText),
        Some(Part::Comment) if class("lzl_time") => Some(Part::CommentTime),
        Some(Part::Comment) if tag.is("a") && class("at") => Some(Part::CommentName),
        _ => None,
    }
}

struct Reader<'a> {
    crawl: &'a Crawl,
    response: &'a Response,
}

impl Reader<'_> {
    fn part(&self, found: &Found<'_, Part>, open: &mut Floor, head: &mut Head) {
        match found.key {
            Part::Text if !found.torn && open.text.is_none() => {
                open.text = Some(found.text());
                open.media = pictures(found.inner, &self.response.url);
            }
            Part::Name => open.name = Some(found.text()).filter(|name| !name.is_empty()),
            Part::Tail => {
                let text = found.text();
                if text.ends_with('楼') {
                    open.number = digits(&text).parse().ok();
                } else if open.published.is_none() && text.starts_with(|c: char| c.is_ascii_digit()) {
                    open.published = self.moment(&text);
                }
            }
            Part::Comment if !found.torn => open.comments.extend(self.comment(found)),
            Part::Title => {
                let title = found.tag.attribute("title").filter(|title| !title.is_empty());
                let title = title.map_or_else(|| found.text(), Into::into);
                head.title = head.title.take().or(Some(title)).filter(|title| !title.is_empty());
            }
            // The first number counts answers, the second pages.
            Part::Count if head.replies.is_none() => head.replies = count::parse(&found.text()),
            Part::Count => head.pages = head.pages.or_else(|| found.text().parse().ok()),
            Part::Canonical if head.id.is_none() => {
                head.id = found.tag.raw("href").and_then(thread_id).map(str::to_owned);
            }
            _ => {}
        }
    }

    fn moment(&self, text: &str) -> Option<Moment> {
        moment(text, self.response.fetched, self.crawl.utc_offset)
    }

    /// A floor and its comments; the first floor of a thread is a post.
    fn floor(&self, found: &Found<'_, Part>, floor: Floor) -> Option<Vec<Post>> {
        let own = field(&found.tag).unwrap_or(Value::Null);
        let content = &own["content"];
        let pid = found.tag.raw("data-pid").map(str::to_owned).or_else(|| number(&content["post_id"]))?;
        let pid = Some(pid).filter(|pid| !pid.is_empty() && digits(pid) == pid)?;
        let position = content["post_no"].as_u64().and_then(|no| u32::try_from(no).ok()).or(floor.number);
        let kind = if position == Some(1) { Kind::Post } else { Kind::Comment };
        let mut post = Post::new(kind, format!("p{pid}"), "");
        post.text = floor.text?;
        post.media = floor.media;
        let published = floor.published.or_else(|| self.moment(text(&content["date"])?));
        post.published = published.map(|moment| moment.timestamp);
        post.day_only = published.is_some_and(|moment| moment.day_only);
        let who = &own["author"];
        let name = floor.name.as_deref().or_else(|| text(&who["user_nickname"])).or_else(|| text(&who["user_name"]));
        post.author = author(number(&who["user_id"]), text(&who["portrait"]), name);
        post.extra.extend(position.map(|no| ("floor".to_owned(), no.to_string())));
        if kind == Kind::Comment {
            post.reactions.replies = content["comment_num"].as_u64();
        }
        let mut posts = vec![post];
        posts.extend(floor.comments.into_iter().map(|mut comment| {
            comment.parent = Some(format!("p{pid}"));
            comment
        }));
        Some(posts)
    }

    fn comment(&self, found: &Found<'_, Part>) -> Option<Post> {
        let own = field(&found.tag).unwrap_or(Value::Null);
        let id = number(&own["spid"])?;
        let mut post = Post::new(Kind::Comment, format!("c{id}"), "");
        let mut name: Option<String> = None;
        let parts = select(found.inner, |tag, _: Option<&Part>| part(tag, Some(&Part::Comment)));
        for found in parts {
            match found.key {
                Part::CommentText => post.text = found.text(),
                Part::CommentTime => {
                    let at = self.moment(&found.text());
                    post.published = at.map(|moment| moment.timestamp);
                    post.day_only = at.is_some_and(|moment| moment.day_only);
                }
                Part::CommentName => name = name.or_else(|| Some(found.text()).filter(|name| !name.is_empty())),
                _ => {}
            }
        }
        let shown = text(&own["showname"]).or(name.as_deref()).or_else(|| text(&own["user_name"]));
        post.author = author(number(&own["user_id"]), text(&own["portrait"]), shown);
        Some(post)
    }
}

/// The pictures that belong to a floor: no faces.
fn pictures(inner: &str, base: &str) -> Vec<String> {
    let images = select(inner, |tag, _: Option<&()>| (tag.is("img") && tag.has_class("BDE_Image")).then_some(()));
    images.filter_map(|found| found.tag.attribute("src").map(|source| url::join(base, &source))).collect()
}
