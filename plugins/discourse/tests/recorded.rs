//! The plugin over answers from Discourse's own tests, kept outside the
//! repository.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and says what it skipped")]

use std::path::Path;

use caifeng_discourse::Discourse;
use caifeng_plugin_sdk::{Crawl, Request, Response, Source, Target};

const NOW: i64 = 1_773_028_800;

#[test]
fn every_recorded_answer_gives_its_posts() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/forum/discourse");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return;
    }
    for (file, posts) in [
        ("category_latest_topics", 2),
        ("category_topics", 2),
        ("hot", 3),
        // Its three topics have one number.
        ("latest", 1),
        ("new", 3),
        ("post", 1),
        ("posts_before", 3),
        ("search", 3),
        ("topic", 4),
        ("topics_created_by", 1),
    ] {
        let url = format!("http://recorded.example/discourse/{file}.json");
        let body = std::fs::read_to_string(folder.join(format!("{file}.json"))).unwrap();
        let crawl = Crawl {
            target: Target::Listing(url.clone()),
            site: None,
            settings: vec![],
            since: 0,
            now: NOW,
            utc_offset: 0,
        };
        let response = Response { url: url.clone(), status: 200, headers: vec![], body, fetched: NOW };
        let page = Discourse::parse(&crawl, &Request::get("list", url), &response).unwrap();
        assert_eq!(
            (page.posts.len(), page.skipped.len(), page.follow.len()),
            (posts, if file == "latest" { 2 } else { 0 }, 0),
            "{file}"
        );
        let dated = page.posts.iter().filter(|post| post.published.is_some()).count();
        assert_eq!(dated, if file == "search" { 0 } else { posts }, "{file}: only the old search has no dates");
    }
}
