//! Which addresses are asked, and what a request carries for its own answer.

use caifeng_plugin_sdk::json::{self, Value};
use caifeng_plugin_sdk::{Crawl, Failure, Request, Target, url};
use serde_json::json;

/// Posts that the forum gives in one answer of a topic.
const CHUNK: usize = 20;
/// Post numbers that a context has room for, at nine digits each.
const CARRIED: usize = 280;

/// What a request carries. Absent from a response that this plugin did not ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Context {
    /// Which page of its list or which part of its topic, from 1.
    pub(crate) page: u32,
    /// The topic whose posts are asked for.
    pub(crate) topic: Option<u64>,
    pub(crate) title: Option<String>,
    pub(crate) slug: Option<String>,
    /// Numbers of posts of the topic that are older than those asked for.
    pub(crate) rest: Vec<u64>,
}

impl Context {
    pub(crate) fn page(page: u32) -> Self {
        Self { page, ..Self::default() }
    }

    pub(crate) fn topic(topic: u64) -> Self {
        Self { page: 1, topic: Some(topic), ..Self::default() }
    }

    /// Reads what [`request`] wrote; nothing for an empty context.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        Some(Self {
            page: json::count(&value, "page").and_then(|page| u32::try_from(page).ok()).unwrap_or(1),
            topic: json::count(&value, "topic"),
            title: json::text(&value, "title"),
            slug: json::text(&value, "slug"),
            rest: json::list(&value, "rest").iter().filter_map(Value::as_u64).collect(),
        })
    }

    fn write(&self) -> String {
        let Self { page, topic, title, slug, rest } = self;
        json!({ "page": page, "topic": topic, "title": title, "slug": slug, "rest": rest }).to_string()
    }
}

/// A request with its context.
pub(crate) fn request(step: &str, address: String, context: &Context) -> Request {
    Request { context: context.write(), ..Request::get(step, address) }
}

/// The first requests of a crawl.
pub(crate) fn first(crawl: &Crawl) -> Result<Vec<Request>, Failure> {
    let request = match &crawl.target {
        // The forum's operators for what one person wrote.
        Target::Keyword(words) if words.split_whitespace().any(is_person) => {
            return Err(Failure::unsupported("what one person writes is not searched for"));
        }
        Target::Keyword(words) => {
            let site = crawl.site.as_deref().and_then(base).ok_or_else(|| {
                Failure::unsupported("a search needs the forum's address: name it as the site of the watch")
            })?;
            // Newest first; the forum's own order is by relevance.
            let words = url::encode(&format!("{words} order:latest"));
            request("search", format!("{site}/search.json?q={words}&page=1"), &Context::page(1))
        }
        Target::Account(_) => return Err(Failure::unsupported("accounts of a forum are persons and are not watched")),
        Target::Listing(address) | Target::Item(address) => {
            page(address).ok_or_else(|| Failure::unsupported(format!("no address of a forum: {address}")))?
        }
    };
    Ok(vec![request])
}

/// Whether a word of a search asks for the posts of a person.
fn is_person(word: &str) -> bool {
    let word = word.trim_start_matches('-').to_lowercase();
    word.starts_with('@') || word.starts_with("user:") || word.starts_with("posted_by:")
}

/// Segments that begin a page of a Discourse forum; what stands before them is
/// where the forum is installed.
const PAGES: [&str; 14] =
    ["c", "t", "p", "posts", "latest", "top", "hot", "new", "unread", "tag", "tags", "filter", "search", "categories"];

/// Where the forum is installed, without a slash at the end.
pub(crate) fn base(address: &str) -> Option<String> {
    let origin = url::origin(address)?;
    let mut base = origin.to_owned();
    for segment in url::path(address).split('/').filter(|segment| !segment.is_empty()) {
        let name = segment.trim_end_matches(".json");
        if PAGES.contains(&name) || segment.ends_with(".json") {
            break;
        }
        base.push('/');
        base.push_str(segment);
    }
    Some(base)
}

/// The request for the page that a person pasted.
fn page(address: &str) -> Option<Request> {
    let of_person = ["/u/", "/users/", "/topics/created-by/"].iter().any(|page| url::path(address).contains(page));
    let base = base(address).filter(|_| !of_person)?;
    let rest = address.get(base.len()..)?.split('#').next().unwrap_or_default();
    let (path, query) = rest.split_once('?').map_or((rest, ""), |(path, query)| (path, query));
    let path = path.trim_matches('/').trim_end_matches(".json");
    let segments: Vec<&str> = path.split('/').collect();
    let numbers = || segments.iter().skip(1).filter_map(|segment| segment.parse::<u64>().ok());
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    Some(match segments[0] {
        "t" => topic(&base, numbers().next()?),
        "p" | "posts" if numbers().next().is_some() => {
            request("post", format!("{base}/posts/{}.json", numbers().next()?), &Context::page(1))
        }
        "posts" => request("recent", format!("{base}/posts.json{query}"), &Context::page(1)),
        // Searches are keywords; what one person wrote is not listed.
        "search" => return None,
        "" | "categories" => request("list", format!("{base}/latest.json"), &Context::page(1)),
        _ => request("list", format!("{base}/{path}.json{query}"), &Context::page(1)),
    })
}

/// A topic from its beginning.
pub(crate) fn topic(base: &str, id: u64) -> Request {
    request("topic", format!("{base}/t/{id}.json"), &Context::topic(id))
}

/// The newest of `missing` posts of a topic; the older ones go on in the context.
pub(crate) fn newest(base: &str, topic: &Context, mut missing: Vec<u64>, page: u32) -> Option<Request> {
    let asked = missing.split_off(missing.len().saturating_sub(CHUNK));
    let rest = missing.split_off(missing.len().saturating_sub(CARRIED));
    if asked.is_empty() {
        return None;
    }
    posts(base, &Context { page, rest, ..topic.clone() }, &asked)
}

/// Posts of a topic, by their numbers in the forum.
pub(crate) fn posts(base: &str, context: &Context, asked: &[u64]) -> Option<Request> {
    let numbers: Vec<String> = asked.iter().map(|number| format!("post_ids[]={number}")).collect();
    let address = format!("{base}/t/{}/posts.json?{}", context.topic?, numbers.join("&"));
    Some(request("posts", address, context))
}

/// The next page of a list, which the forum names without `.json`, and behind a
/// proxy sometimes at another host: only its path and query are taken.
pub(crate) fn more(asked: &str, next: &str, page: u32) -> Option<Request> {
    let next = url::path_and_query(&url::join(asked, next));
    let (path, query) = next.split_once('?').unwrap_or((&next, ""));
    let path = path.trim_end_matches(".json");
    Some(request("list", format!("{}{path}.json?{query}", url::origin(asked)?), &Context::page(page)))
}

/// `address` with one parameter set anew.
pub(crate) fn with(address: &str, name: &str, value: &str) -> String {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let others = query.split('&').filter(|pair| !pair.is_empty() && pair.split('=').next() != Some(name));
    let others: String = others.flat_map(|pair| [pair, "&"]).collect();
    format!("{path}?{others}{name}={value}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pasted_addresses_become_those_of_the_json() {
        for (pasted, step, asked) in [
            ("https://f.example", "list", "https://f.example/latest.json"),
            ("https://f.example/", "list", "https://f.example/latest.json"),
            ("https://f.example/latest?order=created#x", "list", "https://f.example/latest.json?order=created"),
            ("https://f.example/c/local/5", "list", "https://f.example/c/local/5.json"),
            ("https://f.example/c/town/local/5/l/top.json", "list", "https://f.example/c/town/local/5/l/top.json"),
            ("https://f.example/tag/水", "list", "https://f.example/tag/水.json"),
            ("https://f.example/categories", "list", "https://f.example/latest.json"),
            ("https://e.example/forum/c/local/5", "list", "https://e.example/forum/c/local/5.json"),
            ("https://e.example/forum/", "list", "https://e.example/forum/latest.json"),
            ("https://f.example/t/water/123/7?u=a", "topic", "https://f.example/t/123.json"),
            ("https://f.example/t/123", "topic", "https://f.example/t/123.json"),
            ("https://f.example/t/2024/123", "topic", "https://f.example/t/2024.json"),
            ("https://f.example/p/99", "post", "https://f.example/posts/99.json"),
            ("https://f.example/posts", "recent", "https://f.example/posts.json"),
        ] {
            let request = page(pasted).unwrap();
            assert_eq!((request.step.as_str(), request.url.as_str()), (step, asked), "{pasted}");
        }
        assert_eq!(page("https://f.example/t/no-number"), None);
        for person in ["u/laowang/activity", "topics/created-by/laowang", "search?q=@laowang"] {
            assert_eq!(page(&format!("https://f.example/{person}")), None, "{person}");
        }
        assert!(is_person("@laowang") && is_person("User:laowang") && !is_person("停水"));
    }

    #[test]
    fn the_next_page_is_at_the_same_forum() {
        for (next, asked) in [
            ("/latest?page=1", "https://f.example/latest.json?page=1"),
            ("/latest.json?page=1", "https://f.example/latest.json?page=1"),
            ("http://inner.example:3000/c/x/5?page=1", "https://f.example/c/x/5.json?page=1"),
        ] {
            assert_eq!(more("https://f.example/latest.json", next, 2).unwrap().url, asked, "{next}");
        }
    }

    #[test]
    fn a_topic_of_any_length_fits_its_context() {
        let context = Context { title: Some("题".repeat(255)), slug: Some("s".repeat(255)), ..Context::topic(1) };
        let request = newest("https://f.example", &context, (100_000_000..100_002_000).collect(), 2).unwrap();
        assert!(request.context.len() <= 4096, "{}", request.context.len());
        assert!(request.url.ends_with("post_ids[]=100001999"), "{}", request.url);
        let read = Context::read(&request.context).unwrap();
        assert_eq!((read.rest.len(), read.rest.last()), (CARRIED, Some(&100_001_979)));
        assert_eq!(newest("https://f.example", &context, vec![], 2), None);
    }
}
