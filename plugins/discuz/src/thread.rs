//! The floors of a thread.

use std::collections::HashSet;

use caifeng_plugin_sdk::dates::Moment;
use caifeng_plugin_sdk::markup::{Found, Tag, select};
use caifeng_plugin_sdk::{Author, Crawl, Kind, Page, Post, Request, Response, count};

use crate::comment::{self, Comment};
use crate::message::{self, Message};
use crate::pager::{self, Pager};
use crate::{BACK, THREAD, address, list, request as ask};

/// What one floor says.
#[derive(Debug, Default)]
struct Floor {
    pid: String,
    /// 1 is the first; forums also write words in its place.
    number: Option<u32>,
    author: Option<Author>,
    published: Option<Moment>,
    message: Option<Message>,
    comments: Vec<Comment>,
}

/// What the page says of the whole thread.
#[derive(Debug, Default)]
struct Head {
    title: Option<String>,
    views: Option<u64>,
    replies: Option<u64>,
    /// The title stood where only a title stands.
    certain: bool,
}

/// Reads a page of a thread; nothing if it has no floor.
pub(crate) fn read(crawl: &Crawl, asked: &Request, response: &Response) -> Option<Page> {
    let mut page = Page::default();
    let mut head = Head::default();
    let floors = floors(crawl, response, &mut head, &mut page.skipped);
    if floors.is_empty() && page.skipped.is_empty() {
        return None;
    }
    let pager = pager::read(&response.body, &response.url);
    let named = address::thread(&response.url).filter(|_| !response.url.contains("goto="));
    let number = match named {
        Some(_) => address::page(&response.url),
        None => number(&floors, &pager),
    };
    let first = if number == 1 { opening(&floors) } else { None };
    let tid = named.or_else(|| told(&response.body)).map(|tid| format!("t{tid}"));
    let thread = tid.or_else(|| first.and_then(|at| floors.get(at)).map(|floor| format!("p{}", floor.pid)));
    let newest = floors.iter().filter_map(|floor| floor.published).map(|moment| moment.timestamp).max();
    let mut said = HashSet::new();
    for (at, mut floor) in floors.into_iter().enumerate() {
        let head = (first == Some(at)).then_some(&head);
        let comments = std::mem::take(&mut floor.comments);
        // What the forum hides is not public; only the thread itself is still told of.
        if floor.message.is_none() && head.is_none() {
            continue;
        }
        let (pid, post) = (floor.pid.clone(), post(floor, head, thread.as_deref(), response));
        let comments = comments.into_iter().map(|comment| comment.post(&pid, &post.id, &post.url));
        let comments: Vec<_> = comments.collect();
        page.posts.push(post);
        page.posts.extend(comments.into_iter().filter(|comment| said.insert(comment.id.clone())));
    }
    page.follow = follow(crawl, asked, response, &pager, number, newest);
    Some(page)
}

fn post(floor: Floor, head: Option<&Head>, thread: Option<&str>, response: &Response) -> Post {
    let own = format!("p{}", floor.pid);
    let at = response.url.split('#').next().unwrap_or_default();
    let mut post = match head {
        Some(_) => Post::new(Kind::Post, thread.unwrap_or(&own), at),
        None => Post::new(Kind::Comment, own, format!("{at}#pid{}", floor.pid)),
    };
    if let Some(head) = head {
        post.title.clone_from(&head.title);
        post.reactions.views = head.views;
        post.reactions.replies = head.replies;
        post.extra.push(("pid".to_owned(), floor.pid));
    } else {
        post.parent = thread.map(str::to_owned);
    }
    post.author = floor.author;
    post.published = floor.published.map(|moment| moment.timestamp);
    post.day_only = floor.published.is_some_and(|moment| moment.day_only);
    if let Some(number) = floor.number {
        post.extra.push(("floor".to_owned(), number.to_string()));
    }
    match floor.message {
        Some(message) => {
            post.text = message.text;
            post.media = message.media;
            post.edited = message.edited;
            post.extra.extend(message.quotes.map(|pid| ("quotes".to_owned(), format!("p{pid}"))));
        }
        None => post.extra.push(("hidden".to_owned(), "true".to_owned())),
    }
    post
}

/// Which page this is, where the address does not tell.
fn number(floors: &[Floor], pager: &Pager) -> u32 {
    let told = pager.current.unwrap_or(1);
    let numbers = || floors.iter().filter_map(|floor| floor.number);
    match numbers().min() {
        Some(1) => 1,
        Some(_) => told.max(2),
        None => told,
    }
}

/// The floor that opens a thread: on its first page the one with the lowest
/// number, since replies can be pinned above it.
fn opening(floors: &[Floor]) -> Option<usize> {
    let numbered = floors.iter().enumerate().filter_map(|(at, floor)| Some((floor.pid.parse::<u64>().ok()?, at)));
    numbered.min().map(|(_, at)| at)
}

/// Of the first page the last one; from there on the one before, until they are
/// older than what is known.
fn follow(
    crawl: &Crawl,
    asked: &Request,
    response: &Response,
    pager: &Pager,
    number: u32,
    newest: Option<i64>,
) -> Vec<Request> {
    let template = pager.last.as_ref().map_or(response.url.as_str(), |(_, address)| address.as_str());
    let to = match (&pager.last, asked.context.as_str()) {
        (Some((last, _)), context) if context != BACK && *last > number => *last,
        (_, BACK) if number > 2 && newest.is_none_or(|newest| newest >= crawl.since) => number - 1,
        _ => return Vec::new(),
    };
    vec![ask(THREAD, &address::with_page(template, to), BACK)]
}

/// The thread's number where the address does not name it.
fn told(body: &str) -> Option<&str> {
    let named = select(body, |tag, _: Option<&()>| {
        (tag.has_id("thread_subject") || tag.is("input") && tag.raw("name") == Some("tid")).then_some(())
    });
    for found in named {
        let value = found.tag.raw("href").and_then(address::thread).or_else(|| found.tag.raw("value"));
        if let Some(tid) = value.filter(|tid| !tid.is_empty() && address::leading_digits(tid) == *tid) {
            return Some(tid);
        }
    }
    ["mod=viewthread&amp;tid=", "viewthread.php?tid=", "mod=viewthread&tid=", "&amp;tid=", "ptid=", "thread-"]
        .iter()
        .find_map(|mark| address::after(body, mark))
}

enum Part<'a> {
    /// A floor, by the number of its post.
    Floor(&'a str),
    Number,
    Person,
    When,
    Message,
    Comments,
    Comment,
    OfComment(comment::Part),
    Title,
    Counts,
}

fn part<'a>(tag: &Tag<'a>, inside: Option<&Part<'a>>) -> Option<Part<'a>> {
    let numbered = |mark| {
        let digits = tag.raw("id")?.strip_prefix(mark)?;
        (!digits.is_empty() && address::leading_digits(digits) == digits).then_some(digits)
    };
    match inside {
        None => {
            if let Some(pid) = numbered("post_").or_else(|| numbered("pid")) {
                return Some(Part::Floor(pid));
            }
            outside(tag)
        }
        Some(Part::Floor(pid)) => {
            let mobile = tag.has_class("message");
            if numbered("postmessage_") == Some(pid) || mobile {
                Some(Part::Message)
            } else if numbered("comment_") == Some(pid) {
                Some(Part::Comments)
            } else if numbered("postnum") == Some(pid) || numbered("postnum_") == Some(pid) {
                Some(Part::Number)
            } else if numbered("authorposton") == Some(pid) {
                Some(Part::When)
            } else if tag.is("a") && tag.raw("href").is_some_and(|href| address::person(href).is_some()) {
                Some(Part::Person)
            } else if tag.is("h1") || tag.has_id("thread_subject") {
                Some(Part::Title)
            } else if tag.has_class("mtime") || tag.has_class("rela") {
                Some(Part::When)
            } else {
                None
            }
        }
        Some(Part::Comments) => comment::is_comment(tag).then_some(Part::Comment),
        Some(Part::Comment) => comment::part(tag).map(Part::OfComment),
        Some(Part::Title) if tag.has_id("thread_subject") => Some(Part::Title),
        _ => None,
    }
}

/// What stands outside of the floors.
fn outside<'a>(tag: &Tag<'a>) -> Option<Part<'a>> {
    if tag.has_id("thread_subject") || tag.is("h1") || tag.is("title") || tag.has_class("postlist_tit") {
        Some(Part::Title)
    } else if tag.has_class("hm") || tag.has_class("viewthread_tit") {
        Some(Part::Counts)
    } else {
        None
    }
}

fn floors(crawl: &Crawl, response: &Response, head: &mut Head, skipped: &mut Vec<String>) -> Vec<Floor> {
    let mut floors: Vec<Floor> = Vec::new();
    let mut seen = HashSet::new();
    let (mut open, mut comment) = (Floor::default(), Comment::default());
    for found in select(&response.body, part) {
        match found.key {
            Part::Floor(pid) => {
                let mut floor = std::mem::take(&mut open);
                pid.clone_into(&mut floor.pid);
                if seen.insert(pid) {
                    close(floor, &found, crawl, response, &mut floors, skipped);
                }
            }
            Part::Number => open.number = floor_number(&found.text()),
            Part::Person if open.author.is_none() && open.message.is_none() => {
                open.author = list::author(&found.tag, found.text());
            }
            Part::When => {
                open.published =
                    open.published.or_else(|| list::moment(found.inner, response.fetched, crawl.utc_offset));
            }
            // A page that ends within the text has not the whole of it.
            Part::Message if !found.torn && open.message.is_none() => {
                open.message = Some(message::read(found.inner, &response.url, crawl, response.fetched));
            }
            Part::OfComment(ref part) => comment.take(part, &found, crawl, response),
            Part::Comment => {
                let whole = std::mem::take(&mut comment);
                open.comments.extend(Some(whole).filter(|comment| !found.torn && !comment.is_empty()));
            }
            Part::Title => title(&found, head),
            Part::Counts => counts(&found.text(), head),
            Part::Person | Part::Message | Part::Comments => {}
        }
    }
    floors
}

/// Takes a floor when its element ends.
fn close(
    mut floor: Floor,
    found: &Found<'_, Part<'_>>,
    crawl: &Crawl,
    response: &Response,
    floors: &mut Vec<Floor>,
    skipped: &mut Vec<String>,
) {
    if floor.published.is_none() {
        floor.published = posted(found.inner, response.fetched, crawl.utc_offset);
    }
    let locked = found.inner.contains("class=\"locked\"");
    if floor.message.is_some() || locked && !found.torn {
        floors.push(floor);
    } else if found.torn || floor.author.is_some() || floor.published.is_some() {
        skipped.push(format!("a floor without a text: {}", floor.pid));
    }
}

/// The date after the words for "posted at", where it has no element of its own.
fn posted(inner: &str, fetched: i64, utc_offset: i32) -> Option<Moment> {
    let (_, after) = inner.split_once("发表于").or_else(|| inner.split_once("發表於"))?;
    list::moment(&after[..after.floor_char_boundary(60)], fetched, utc_offset)
}

/// "3#", "3楼", or the words for the first floors.
fn floor_number(text: &str) -> Option<u32> {
    let words = [("楼主", 1), ("樓主", 1), ("沙发", 2), ("板凳", 3), ("地板", 4)];
    let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let number = address::leading_digits(digits).parse().ok();
    number.or_else(|| words.iter().find(|(word, _)| text.contains(word)).map(|(_, number)| *number))
}

/// The surest of the places where the title stands.
fn title(found: &Found<'_, Part<'_>>, head: &mut Head) {
    let text = found.text();
    let certain = found.tag.has_id("thread_subject");
    if text.is_empty() || head.certain && !certain {
        return;
    }
    if found.tag.is("title") {
        let own = text.split(" - ").next().unwrap_or(&text).trim();
        head.title.get_or_insert_with(|| own.to_owned());
    } else {
        head.certain |= certain;
        head.title = Some(text);
    }
}

/// "查看: 1383 | 回复: 5"
fn counts(text: &str, head: &mut Head) {
    let after = |words: [&str; 3]| {
        let (_, rest) = words.iter().find_map(|word| text.split_once(word))?;
        let rest = rest.trim_start_matches([':', '：', ' ', '\n']);
        rest.starts_with(|c: char| c.is_ascii_digit()).then(|| count::parse(rest)).flatten()
    };
    head.views = head.views.or_else(|| after(["查看", "浏览", "阅读"]));
    head.replies = head.replies.or_else(|| after(["回复", "回帖", "回覆"]));
}
