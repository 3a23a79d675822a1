//! What the fixtures say, field by field where it matters, and a real page.

#![allow(clippy::unwrap_used, reason = "a test fails where it has to")]

#[allow(dead_code, reason = "each test uses a part")]
#[path = "../../discuz/tests/fixture/mod.rs"]
mod fixture;

use std::io::Read;
use std::path::Path;

use caifeng_plugin_sdk::{Crawl, Failure, Kind, Page, Post, Request, Response, Target, dates};
use caifeng_tieba::native;

fn read(name: &str) -> Result<Page, Failure> {
    let fixture = fixture::named(name);
    let (request, response) = fixture.call.unwrap();
    native::parse(&fixture.crawl, &request, &response)
}

fn page(name: &str) -> Page {
    read(name).unwrap_or_else(|failure| panic!("{name}: {failure}"))
}

fn ids(page: &Page) -> Vec<&str> {
    page.posts.iter().map(|post| post.id.as_str()).collect()
}

fn followed(page: &Page) -> Vec<(&str, &str, &str)> {
    page.follow.iter().map(|ask| (ask.step.as_str(), ask.url.as_str(), ask.context.as_str())).collect()
}

fn at(text: &str) -> Option<i64> {
    dates::parse(text, 0, 28_800).map(|moment| moment.timestamp)
}

fn author(post: &Post) -> (&str, &str) {
    post.author.as_ref().map_or(("", ""), |author| (&author.id, &author.name))
}

const BAR: &str = "https://tieba.baidu.com/f?kw=%E6%B8%85%E6%B2%B3%E5%8E%BF&ie=utf-8";

#[test]
fn a_crawl_starts_where_the_target_says() {
    let start = |name: &str| native::start(&fixture::named(name).crawl).unwrap().remove(0);
    assert_eq!(start("start-bar").url, BAR);
    assert_eq!(start("start-thread").url, "https://tieba.baidu.com/p/7000000001");
    let mut crawl = fixture::named("start-bar").crawl;
    crawl.target = Target::Item("https://tieba.baidu.com/home/main".into());
    assert!(matches!(native::start(&crawl), Err(Failure::Unsupported(_))));
}

#[test]
fn reads_the_rows_of_a_bar_out_of_the_comment() {
    let bar = page("bar");
    assert_eq!(ids(&bar), ["t6900000000", "t7000000001", "t6999999990"]);
    let row = &bar.posts[1];
    assert_eq!(row.title.as_deref(), Some("清河大桥又堵了，交警在哪里 & 谁来管"));
    assert_eq!((author(row), row.text.as_str()), (("1002", "桥头居民老张"), "早上七点半到八点半，桥头一动不动。"));
    assert_eq!((row.published, row.day_only), (at("2026-03-09T08:10:00+08:00"), false));
    assert_eq!((row.kind, row.reactions.replies), (Kind::Post, Some(4)));
    assert_eq!(row.media, ["https://tiebapic.baidu.com/forum/big/1.jpg"]);
    // "2024-12" is no date.
    assert_eq!(bar.posts[0].published, None);
    let expected = [
        ("thread", "https://tieba.baidu.com/p/6900000000", "crawl"),
        ("thread", "https://tieba.baidu.com/p/7000000001", "crawl"),
        ("bar", "https://tieba.baidu.com/f?kw=%E6%B8%85%E6%B2%B3%E5%8E%BF&ie=utf-8&pn=50", ""),
    ];
    assert_eq!(followed(&bar), expected);
    assert_eq!(ids(&page("bar-unpacked")), ids(&bar));
    assert!(page("bar-crawl").posts.is_empty() && page("bar-crawl").follow.len() == 3);
}

#[test]
fn reads_the_floors_of_a_thread() {
    let thread = page("thread");
    assert_eq!(ids(&thread), ["t7000000001", "p80000000102", "c80000000110", "p80000000103"]);
    let [first, second, comment, anonymous] = &thread.posts[..] else { panic!("four posts") };
    assert_eq!(first.title.as_deref(), Some("清河大桥又堵了，交警在哪里 & 谁来管"));
    assert_eq!(first.text, "早上七点半到八点半，桥头一动不动。\n打电话说正在安排。");
    assert_eq!(first.media, ["https://imgsa.baidu.com/forum/w%3D580/1.jpg"]);
    assert_eq!((author(first), first.reactions.replies), (("1002", "老张"), Some(4)));
    assert_eq!((first.url.as_str(), first.kind), ("https://tieba.baidu.com/p/7000000001", Kind::Post));
    assert_eq!((second.kind, second.parent.as_deref()), (Kind::Comment, Some("t7000000001")));
    assert_eq!((second.published, second.reactions.replies), (at("2026-03-09T08:30:00+08:00"), Some(1)));
    assert_eq!((comment.parent.as_deref(), comment.text.as_str()), (Some("p80000000102"), "西门也堵"));
    assert_eq!((author(comment), comment.published), (("tb.1.eee.Qi", "骑车的"), at("2026-03-09T09:01:00+08:00")));
    assert_eq!(author(anonymous), ("", ""));
    assert_eq!(followed(&thread), [("thread", "https://tieba.baidu.com/p/7000000001?pn=2", "back")]);
    let last = page("thread-page-2");
    assert_eq!((ids(&last), last.posts[0].parent.as_deref()), (vec!["p80000000104"], Some("t7000000001")));
    assert!(last.follow.is_empty());
}

#[test]
fn tells_walls_from_what_is_gone() {
    assert_eq!(read("gone").unwrap_err(), Failure::Gone);
    assert_eq!(read("bar-none").unwrap_err(), Failure::Gone);
    for name in ["captcha", "login"] {
        assert!(matches!(read(name), Err(Failure::Blocked(_))), "{name}: {:?}", read(name).err());
    }
    assert!(matches!(read("app-only"), Err(Failure::Unexpected(_))));
}

#[test]
fn reads_a_recorded_bar() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/forum/tieba/gne_tieba_list.html.gz");
    let Ok(file) = std::fs::File::open(path) else {
        println!("skipped: ../shared/data is not there");
        return;
    };
    let mut body = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut body).unwrap();
    let url = "http://recorded.example/tieba.html".to_owned();
    let (rows, tids) = (body.matches("data-tid=").count(), body.matches("j_thread_list clearfix").count());
    // Saved on 2020-08-03, 16:10 in China.
    let now = 1_596_442_200;
    let target = Target::Listing(url.clone());
    let crawl = Crawl { target, site: None, settings: vec![], since: 0, now, utc_offset: 28_800 };
    let response = Response { url: url.clone(), status: 200, headers: vec![], body, fetched: now };
    let page = native::parse(&crawl, &Request::get("bar", url), &response).unwrap();
    let whole = |post: &&Post| post.author.is_some() && post.reactions.replies.is_some() && post.title.is_some();
    let dated = page.posts.iter().filter(|post| post.published.is_some()).count();
    println!("{} posts of {rows}/{tids} rows, {dated} with a date, skipped: {:?}", page.posts.len(), page.skipped);
    assert_eq!((page.posts.len(), page.skipped.len()), (50, 0));
    assert_eq!(page.posts.iter().filter(whole).count(), 50);
    assert!(dated >= 47);
    let row = page.posts.iter().find(|post| post.id == "t6855574054").unwrap();
    assert_eq!((author(row), row.published), (("302871001", "这个头像够霸气"), at("2020-08-03T08:52:00+08:00")));
}
