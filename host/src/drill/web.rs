//! What the sites of a drill show: the posts of a case as feeds, one answer for each moment at which something was heard.
//!
//! Each site is a host of its own below `drill.invalid`, and keeps its name before that, so that the team sees where
//! something was said and that it is a drill.

use std::collections::BTreeMap;

use atom_syndication::{Content, Entry, Feed, FixedDateTime, Link, Text};
use caifeng_plugin_host::contract::Timestamp;

use crate::case::Case;
use crate::clock::rfc3339;
use crate::evidence::warc::{Exchange, Sent};

/// Posts that a feed lists at most, as feeds do: the newest.
const LISTED: usize = 20;
/// The site on which the trainer's posts appear when no other is named.
pub const TRAINER: &str = "trainer";
/// What all hosts of a drill end with: no name server knows it (RFC 2606, section 2).
const DOMAIN: &str = ".drill.invalid";

/// A site of a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Id of its watch.
    pub id: String,
    /// Address of its feed.
    pub feed: String,
}

/// Something that is said in a drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Its number on its site.
    pub number: usize,
    /// When it is heard.
    pub heard: Timestamp,
    /// When it was said.
    pub said: Option<Timestamp>,
    /// Headline.
    pub title: Option<String>,
    /// Text.
    pub text: String,
}

impl Site {
    fn new(id: &str) -> Self {
        Self { id: id.to_owned(), feed: format!("http://{id}{DOMAIN}/feed.atom") }
    }

    fn address(&self, post: &Post) -> String {
        let home = self.feed.trim_end_matches("/feed.atom");
        format!("{home}/{}", post.number)
    }
}

/// The sites of a case, and what is said on each, in the order in which it is heard; the trainer's comes last.
#[must_use]
pub fn sites(case: &Case) -> Vec<(Site, Vec<Post>)> {
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let mut sites: Vec<(Site, Vec<Post>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for said in &case.posts {
        let id = ids.entry(said.site.clone()).or_insert_with(|| {
            let id = name(&said.site);
            // Two sites may differ in nothing that a name of a host can say.
            if places.contains_key(&id) || id == TRAINER { format!("{id}-{}", places.len() + 1) } else { id }
        });
        let at = *places.entry(id.clone()).or_insert_with(|| {
            sites.push((Site::new(id), Vec::new()));
            sites.len() - 1
        });
        let posts = &mut sites[at].1;
        let number = posts.len() + 1;
        let title = said.title.as_ref().map(|title| title.shown());
        posts.push(Post { number, heard: said.heard, said: said.said, title, text: said.text.shown() });
    }
    sites.push((Site::new(TRAINER), Vec::new()));
    sites
}

/// A site's name as part of the name of a host: letters, digits and hyphens (RFC 1123), and an id of a watch.
fn name(site: &str) -> String {
    let host = site.split_once("://").map_or(site, |(_, rest)| rest);
    let host = host.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let plain: String = host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let plain: String = plain.trim_matches('-').chars().take(50).collect();
    if plain.is_empty() { "site".to_owned() } else { plain.trim_matches('-').to_owned() }
}

/// The answers of a site, oldest first: one for each moment at which something new is heard there.
#[must_use]
pub fn answers(site: &Site, posts: &[Post]) -> Vec<Exchange> {
    let mut answers = Vec::new();
    let mut end = 0;
    while let Some(next) = posts.get(end) {
        let begin = end;
        end += posts[begin..].iter().take_while(|post| post.heard == next.heard).count();
        // Everything that is new, however much, and of the rest what a feed still lists.
        let listed = &posts[begin.min(end.saturating_sub(LISTED))..end];
        answers.push(answer(site, listed, next.heard));
    }
    answers
}

/// What a feed still lists of what was said on it.
#[must_use]
pub fn newest(posts: &[Post]) -> &[Post] {
    &posts[posts.len().saturating_sub(LISTED)..]
}

/// What the feed of a site shows at a moment.
#[must_use]
pub fn answer(site: &Site, listed: &[Post], at: Timestamp) -> Exchange {
    let feed = Feed {
        title: Text::plain(site.id.clone()),
        id: site.feed.clone(),
        updated: moment(at),
        entries: listed.iter().rev().map(|post| entry(site, post)).collect(),
        ..Feed::default()
    };
    let headers = vec![("Content-Type".to_owned(), "application/atom+xml; charset=utf-8".to_owned())];
    let sent = Sent { method: "GET".to_owned(), url: site.feed.clone(), headers: Vec::new(), body: Vec::new() };
    Exchange { date: at, sent, status: 200, headers, body: feed.to_string().into_bytes() }
}

fn entry(site: &Site, post: &Post) -> Entry {
    let address = site.address(post);
    Entry {
        title: Text::plain(post.title.clone().unwrap_or_default()),
        id: address.clone(),
        updated: moment(post.said.unwrap_or(post.heard)),
        published: post.said.map(moment),
        links: vec![Link { href: address, rel: "alternate".to_owned(), ..Link::default() }],
        content: Some(Content {
            value: Some(post.text.clone()),
            content_type: Some("text".to_owned()),
            ..Content::default()
        }),
        ..Entry::default()
    }
}

/// A moment as Atom writes it (RFC 3339).
fn moment(at: Timestamp) -> FixedDateTime {
    rfc3339(at).parse().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(number: usize, heard: Timestamp) -> Post {
        Post { number, heard, said: Some(heard - 60), title: None, text: format!("第{number}条 <b>&") }
    }

    #[test]
    fn a_feed_shows_everything_new_and_a_little_of_what_was_there() {
        let site = Site::new("bbs-example");
        // 30 at once, then one every minute.
        let posts: Vec<Post> =
            (1..=30).map(|n| post(n, 100)).chain((31..=40).map(|n| post(n, 100 + n as i64 * 60))).collect();
        let answers = answers(&site, &posts);
        let entries = |answer: &Exchange| String::from_utf8(answer.body.clone()).unwrap().matches("<entry>").count();
        assert_eq!(answers.iter().map(|answer| answer.date).collect::<Vec<_>>()[..2], [100, 100 + 31 * 60]);
        assert_eq!(answers.iter().map(entries).collect::<Vec<_>>()[..3], [30, LISTED, LISTED]);
        let body = String::from_utf8(answers[10].body.clone()).unwrap();
        assert!(
            body.contains("第40条 &lt;b&gt;&amp;") && body.contains("http://bbs-example.drill.invalid/40"),
            "{body}"
        );
    }

    #[test]
    fn sites_keep_their_names_and_become_hosts_that_nobody_knows() {
        for (site, id) in [
            ("https://bbs.yunxi.example/forum", "bbs-yunxi-example"),
            ("weibo.com", "weibo-com"),
            ("submitted", "submitted"),
            ("微博", "site"),
            ("-..-", "site"),
        ] {
            assert_eq!(name(site), id, "{site}");
        }
    }
}
