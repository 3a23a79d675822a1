//! Two posts of two pages under one id would be one post whose text changes: ids that count the rows of a page do that.

use super::card::{Law, Ledger};
use super::judge::words;
use crate::contract::{Page, Post, Response};
use crate::source::brief;
use std::collections::{BTreeSet, HashMap};
use url::Url;

/// Compares the posts of all pages: fixture, answer of the site, what the plugin read.
pub(super) fn check<'a>(ledger: &mut Ledger, pages: impl Iterator<Item = (&'a str, &'a Response, &'a Page)>) {
    let mut seen: HashMap<(String, &str), (&str, &Post)> = HashMap::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (fixture, response, page) in pages {
        let site = Url::parse(&response.url).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
        for post in &page.posts {
            let (first, other) = seen.entry((site.clone(), post.id.as_str())).or_insert((fixture, post));
            if *first != fixture && unlike(other, post) && told.insert(&post.id) {
                let problem = format!(
                    "its id is also that of another post, in {first}: each would be a new version of the other; make ids of what the site calls the post"
                );
                ledger.fail(Law::Posts, Some(fixture), &format!("post {}", brief(&post.id)), problem);
            }
        }
    }
}

/// Whether they lie elsewhere, are called otherwise and share few words.
fn unlike(one: &Post, other: &Post) -> bool {
    let bare = |url: &str| {
        url.split('#').next().unwrap_or_default().trim_start_matches("https").trim_start_matches("http").to_owned()
    };
    let named = |post: &Post| post.title.clone().filter(|title| !title.trim().is_empty());
    if bare(&one.url) == bare(&other.url) || named(one).is_some() && named(one) == named(other) {
        return false;
    }
    let said = |post: &Post| {
        let title = post.title.clone().unwrap_or_default();
        words(&title).chain(words(&post.text)).map(str::to_owned).collect::<BTreeSet<String>>()
    };
    let (one, other) = (said(one), said(other));
    let shared = one.intersection(&other).count();
    !one.is_empty() && !other.is_empty() && shared * 2 < one.len().min(other.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Kind;

    #[test]
    fn an_excerpt_is_no_other_post_and_another_story_is() {
        let post = |url: &str, text: &str| Post { text: text.to_owned(), ..Post::new(Kind::Post, "1", url) };
        let whole = post("https://a.example/1", "幸福路的路灯坏了三天，没有人来修");
        assert!(!unlike(&whole, &post("http://a.example/1#top", "别的话")));
        assert!(!unlike(&whole, &post("https://m.a.example/1", "幸福路的路灯坏了")));
        assert!(unlike(&whole, &post("https://a.example/2", "城东片区停水通知")));
        assert!(!unlike(&whole, &post("https://a.example/2", "")));
    }
}
