//! The plugin over answers that m.weibo.cn gave in 2019, kept outside the
//! repository.

#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test fails by panicking and says what it skipped")]

use std::path::Path;

use caifeng_plugin_sdk::{Crawl, Kind, Page, Request, Response, Source, Target};
use caifeng_weibo::Weibo;

/// 2019-06-16 12:00 in China.
const THEN: i64 = 1_560_657_600;

fn read(file: &str) -> Option<Page> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/weibo").join(file);
    let Ok(body) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: {} is not there", path.display());
        return None;
    };
    let url = format!("http://recorded.example/{file}");
    let crawl = Crawl {
        target: Target::Listing(url.clone()),
        site: None,
        settings: vec![],
        since: 0,
        now: THEN,
        utc_offset: 0,
    };
    let response = Response { url: url.clone(), status: 200, headers: vec![], body, fetched: THEN };
    Some(Weibo::parse(&crawl, &Request::get("timeline", url), &response).unwrap())
}

#[test]
fn a_timeline() {
    let Some(page) = read("m_weibo_cn.cards1.json") else { return };
    assert_eq!(page.skipped, [""; 0]);
    let post = page.posts.iter().find(|post| post.id == "4383183661430868").unwrap();
    assert!(post.url.ends_with("/HyTZc60ew"), "{}", post.url);
    assert!(post.text.contains("[偷笑]"), "{}", post.text);
    assert_eq!((post.published, post.day_only), (Some(1_560_515_883), false), "06-14, by its number at 20:38:03");
    assert_eq!(post.media.len(), 3);
    assert!(page.posts.len() >= 10);
}

#[test]
fn comments_old_and_hot() {
    let Some(page) = read("m_weibo_cn.comments1.json") else { return };
    assert_eq!((page.posts.len(), page.skipped.len()), (12, 0));
    assert!(page.posts.iter().all(|post| post.kind == Kind::Comment && post.published.is_some()));
}

#[test]
fn a_long_text_alone_and_an_account() {
    let Some(page) = read("m_weibo_cn.statuses1.json") else { return };
    assert_eq!((page.posts.len(), page.skipped.len()), (0, 1));
    assert_eq!(read("m_weibo_cn.userInfo.json"), Some(Page::default()));
}
