//! Makes posts of entries.
//!
//! The id of a post must be stable and unique within the site, but a guid is
//! only unique within its feed, and not always that. So: path and query of the
//! watched address, `#`, then the guid, else the link, else a hash of title and
//! text. If a feed gives different entries one guid, a hash of link and title
//! is added to each of them, so that no id depends on the order.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use caifeng_plugin_sdk::{Author, Kind, Page, Post, Request, Timestamp, url};

use crate::Context;
use crate::entry::{Entry, Person};
use crate::reader::Document;
use crate::value::Value;

/// The page that a document makes.
pub(crate) fn page(document: Document, context: &Context<'_>) -> Page {
    let feed = url::path_and_query(context.target);
    let shared = shared_ids(&document.entries);
    let mut posts = Vec::with_capacity(document.entries.len());
    for entry in document.entries {
        let mut post = post(entry, &feed, &shared, context);
        if post.language.is_none() {
            post.language.clone_from(&document.language);
        }
        if post.author.is_none() {
            post.author = document.author.as_ref().and_then(author);
        }
        posts.push(post);
    }
    let follow = follow(document.older, &posts, context);
    Page { posts, follow, expected: None, skipped: document.skipped }
}

/// The ids that entries with different links or titles share.
fn shared_ids(entries: &[Entry]) -> HashSet<String> {
    let mut seen: HashMap<&str, &Entry> = HashMap::with_capacity(entries.len());
    let mut shared = HashSet::new();
    for entry in entries {
        if let Some(id) = &entry.id {
            let first = seen.entry(id).or_insert(entry);
            if !std::ptr::eq(*first, entry) && mark(first) != mark(entry) {
                shared.insert(id.clone());
            }
        }
    }
    shared
}

/// What tells entries with one guid apart.
fn mark(entry: &Entry) -> u64 {
    let title = entry.title.clone().map(Value::into_line).unwrap_or_default();
    hash(&[entry.link.as_deref().unwrap_or_default(), &title])
}

fn post(mut entry: Entry, feed: &str, shared: &HashSet<String>, context: &Context<'_>) -> Post {
    let marked = entry.id.as_ref().filter(|id| shared.contains(*id)).map(|id| format!("{id}~{:016x}", mark(&entry)));
    let title = entry.title.take().map(Value::into_line).filter(|title| !title.is_empty());
    let text = body(std::mem::take(&mut entry.bodies));
    let own = match (&marked, &entry.id, &entry.link) {
        (Some(id), ..) | (None, Some(id), _) => Cow::Borrowed(id.as_str()),
        (None, None, Some(link)) if !link.is_empty() => Cow::Borrowed(link.as_str()),
        _ => Cow::Owned(format!("{:016x}", hash(&[title.as_deref().unwrap_or_default(), &text]))),
    };
    let kind = if entry.reply_to.is_some() { Kind::Comment } else { Kind::Article };
    let mut post = Post::new(kind, [feed, "#", &own].concat(), address(&entry, context));
    post.parent = entry.reply_to.map(|parent| format!("{feed}#{parent}"));
    post.author = entry.author.as_ref().and_then(author);
    post.publisher = entry.publisher;
    post.title = title;
    post.text = text;
    post.language = entry.language;
    let published = entry.published.or(entry.updated).or(entry.created);
    post.published = published.map(|moment| moment.timestamp);
    post.day_only = published.is_some_and(|moment| moment.day_only);
    let edited = entry.updated.map(|moment| moment.timestamp);
    post.edited = edited.filter(|edited| post.published.is_some_and(|published| *edited > published));
    post.reactions = entry.reactions;
    post.media = entry.media;
    post.extra.extend(entry.categories.into_iter().map(|term| ("category".to_owned(), term)));
    post.extra.extend(entry.comments.map(|url| ("comments".to_owned(), url)));
    post
}

/// Where a person can read it: the link, else what else leads to it, else the
/// feed itself.
fn address(entry: &Entry, context: &Context<'_>) -> String {
    let id = entry.id.iter().filter(|id| id.starts_with("http://") || id.starts_with("https://"));
    let candidates = entry.link.iter().chain(id).chain(&entry.other_links).chain(&entry.media);
    let mut candidates = candidates.filter(|url| !url.is_empty());
    candidates.next().map_or_else(|| context.base.to_owned(), Clone::clone)
}

/// The fullest of the texts, as plain text.
fn body(mut bodies: Vec<Value>) -> String {
    bodies.sort_by_key(|body| std::cmp::Reverse(body.len()));
    let mut best = String::new();
    for body in bodies {
        // Markup can make the longer one the poorer: a picture and no word.
        if body.len() <= best.len() {
            break;
        }
        let text = body.into_text();
        if text.len() > best.len() {
            best = text;
        }
    }
    best
}

fn author(person: &Person) -> Option<Author> {
    if person.is_empty() {
        return None;
    }
    let or = |first: &String, second: &String| {
        if first.is_empty() { second.clone() } else { first.clone() }
    };
    Some(Author { id: or(&person.address, &person.name), name: or(&person.name, &person.address) })
}

/// The archive page before this one, as long as this one is newer than `since`
/// and it lies at the host that is watched, the only one that may be reached.
fn follow(older: Option<String>, posts: &[Post], context: &Context<'_>) -> Vec<Request> {
    let oldest: Option<Timestamp> = posts.iter().filter_map(|post| post.published).min();
    let wanted = !posts.is_empty() && oldest.is_none_or(|oldest| oldest >= context.since);
    let here = |url: &String| host(url).is_some_and(|host| self::host(context.target) == Some(host));
    let older = older.filter(|url| wanted && url != context.base && here(url));
    older.map(|url| Request::get(crate::STEP, url)).into_iter().collect()
}

/// The host of an absolute address, in lower case, without a port.
fn host(url: &str) -> Option<String> {
    let rest = url.get(url::scheme(url)?.len()..)?.strip_prefix("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    // An address of IPv6 has colons of its own, in brackets.
    let end = if host.starts_with('[') { host.find(']').map(|end| end + 1) } else { host.find(':') };
    Some(host.get(..end.unwrap_or(host.len()))?.to_ascii_lowercase())
}

/// FNV-1a over the parts, each ended by a zero byte.
fn hash(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
