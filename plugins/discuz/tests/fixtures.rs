//! What the fixtures say, field by field where it matters.

#![allow(clippy::unwrap_used, reason = "a test fails where it has to")]

#[allow(dead_code, reason = "each test uses a part")]
mod fixture;

use caifeng_discuz::native;
use caifeng_plugin_sdk::{Failure, Kind, Page, Post, dates};

fn read(name: &str) -> Result<Page, Failure> {
    let fixture = fixture::named(name);
    let (request, response) = fixture.call.unwrap();
    native::parse(&fixture.crawl, &request, &response)
}

fn page(name: &str) -> Page {
    read(name).unwrap_or_else(|failure| panic!("{name}: {failure}"))
}

fn followed(page: &Page) -> Vec<(&str, &str, &str)> {
    page.follow.iter().map(|ask| (ask.step.as_str(), ask.url.as_str(), ask.context.as_str())).collect()
}

fn ids(page: &Page) -> Vec<&str> {
    page.posts.iter().map(|post| post.id.as_str()).collect()
}

fn at(text: &str) -> Option<i64> {
    dates::parse(text, 0, 28_800).map(|moment| moment.timestamp)
}

fn author(post: &Post) -> (&str, &str) {
    post.author.as_ref().map_or(("", ""), |author| (&author.id, &author.name))
}

const SITE: &str = "https://bbs.qinghe.example/";

#[test]
fn a_crawl_starts_where_the_target_says() {
    let start = |name: &str| native::start(&fixture::named(name).crawl).unwrap().remove(0);
    assert_eq!(start("start-board").url, format!("{SITE}forum-2-1.html"));
    assert_eq!(start("start-thread").url, format!("{SITE}thread-1201-1-1.html"));
    assert_eq!(start("start-search").url, format!("{SITE}search.php?mod=forum"));
    let mut crawl = fixture::named("start-search").crawl;
    crawl.site = None;
    assert!(matches!(native::start(&crawl), Err(Failure::Unsupported(_))));
}

#[test]
fn reads_the_rows_of_a_board() {
    let board = page("board-x35");
    assert_eq!(ids(&board), ["t88", "t1201", "t1198", "t1150"]);
    let row = &board.posts[1];
    assert_eq!(row.title.as_deref(), Some("城东路的路灯坏了两周 & 没人修"));
    assert_eq!(row.url, format!("{SITE}thread-1201-1-1.html"));
    assert_eq!((row.kind, author(row)), (Kind::Post, ("31", "河边散步")));
    assert_eq!((row.published, row.day_only), (at("2026-03-08"), true));
    assert_eq!((row.reactions.replies, row.reactions.views), (Some(12), Some(13_000)));
    // The thread of January was not answered since.
    let expected = [
        ("thread", format!("{SITE}thread-1201-1-1.html"), "crawl"),
        ("thread", format!("{SITE}thread-1198-1-1.html"), "crawl"),
        ("board", format!("{SITE}forum-2-2.html"), ""),
    ];
    let expected: Vec<_> = expected.iter().map(|(step, url, context)| (*step, url.as_str(), *context)).collect();
    assert_eq!(followed(&board), expected);
    assert!(board.skipped.is_empty());
}

#[test]
fn within_a_crawl_threads_are_read_and_not_their_rows() {
    let board = page("board-crawl");
    assert!(board.posts.is_empty());
    assert_eq!(board.follow.len(), 2);
    assert_eq!(board.follow[1].context, "crawl");
}

#[test]
fn does_not_follow_to_other_sites() {
    let fixture = fixture::named("board-crawl");
    let (request, mut response) = fixture.call.unwrap();
    response.body =
        response.body.replace("href=\"thread-1201-1-1.html\"", "href=\"https://other.example/thread-1201-1-1.html\"");
    let page = native::parse(&fixture.crawl, &request, &response).unwrap();
    assert_eq!(page.follow.len(), 1);
}

#[test]
fn reads_boards_of_other_generations() {
    let seven = page("board-7");
    assert_eq!(ids(&seven), ["t511", "t509"]);
    assert_eq!(author(&seven.posts[0]), ("21", "桥头人家"));
    assert_eq!((seven.posts[0].reactions.replies, seven.posts[0].reactions.views), (Some(8), Some(1204)));
    assert_eq!(seven.posts[0].published, at("2010-03-08"));
    let mobile = page("board-mobile");
    assert_eq!(ids(&mobile), ["t1201", "t1198"]);
    assert_eq!(mobile.posts[0].title.as_deref(), Some("城东路的路灯坏了两周 & 没人修"));
    assert_eq!((author(&mobile.posts[1]).1, mobile.posts[1].reactions.replies), ("清水街老王", Some(3)));
    let newer = page("board-mobile-x35");
    assert_eq!((ids(&newer), author(&newer.posts[0])), (vec!["t1201"], ("31", "河边散步")));
    assert_eq!(newer.posts[0].published, at("2026-03-08"));
    assert_eq!(newer.posts[0].title.as_deref(), Some("城东路的路灯坏了两周"));
}

#[test]
fn reads_the_floors_of_a_thread() {
    let thread = page("thread-x35");
    let (comments, thread) = {
        let mut floors = thread;
        let (comments, posts) = floors.posts.into_iter().partition(is_short);
        floors.posts = posts;
        let comments: Vec<Post> = comments;
        (comments, floors)
    };
    assert_eq!(comments.len(), 3);
    // The floor that the forum hides is left out.
    assert_eq!(ids(&thread), ["t1201", "p70012", "p70014"]);
    let first = &thread.posts[0];
    assert_eq!(first.title.as_deref(), Some("城东路的路灯坏了两周 & 没人修"));
    assert_eq!(first.text, "城东路从二中到菜场这一段，路灯坏了两周。\n晚上黑得看不见路，打过 12345。");
    assert_eq!(first.media, [format!("{SITE}data/attachment/forum/202603/08/201501abc.jpg")]);
    assert_eq!((first.published, first.edited), (at("2026-03-08T20:15:01+08:00"), at("2026-03-08T21:00:00+08:00")));
    assert_eq!((first.reactions.views, first.reactions.replies), (Some(13_021), Some(12)));
    assert_eq!((first.kind, author(first)), (Kind::Post, ("31", "河边散步")));
    let reply = &thread.posts[1];
    assert_eq!((reply.kind, reply.parent.as_deref()), (Kind::Comment, Some("t1201")));
    assert!(reply.text.ends_with("我们这边也是，孩子放学要打手电。"));
    assert!(reply.extra.contains(&("quotes".to_owned(), "p70011".to_owned())));
    assert_eq!(reply.url, format!("{SITE}thread-1201-1-1.html#pid70012"));
    assert_eq!(author(&thread.posts[2]), ("36", "12345679"));
    assert_eq!(followed(&thread), [("thread", format!("{SITE}thread-1201-2-1.html").as_str(), "back")]);
}

/// A short comment under a floor.
fn is_short(post: &Post) -> bool {
    post.id.strip_prefix('p').is_some_and(|id| id.contains('c'))
}

#[test]
fn reads_what_was_said_of_a_floor_in_a_few_words() {
    let thread = page("thread-x35");
    let short: Vec<_> = thread.posts.iter().filter(|post| is_short(post)).collect();
    let [of_first, with_link, of_second] = short[..] else { panic!("{short:#?}") };
    assert_eq!(
        (of_first.kind, of_first.parent.as_deref(), author(of_first)),
        (Kind::Comment, Some("t1201"), ("41", "菜场门口"))
    );
    assert_eq!(of_first.text, "我家楼下那盏也是，两盏都不亮");
    assert_eq!(
        (of_first.published, of_first.url.as_str()),
        (at("2026-03-08T22:05:00+08:00"), thread.posts[0].url.as_str())
    );
    assert_eq!((with_link.text.as_str(), with_link.published), ("详情见我的回帖", at("2026-03-08T20:32:00+08:00")));
    // The same words under another floor are said to somebody else.
    assert_eq!((of_second.parent.as_deref(), &of_second.text), (Some("p70012"), &of_first.text));
    assert_eq!((of_first.id.as_str(), of_second.id.as_str()), ("p70011cff3effb02f82ce10", "p70012cff3effb02f82ce10"));

    // The date that the page shows moves from "昨天" to a day; the comment stays what it was.
    let fixture = fixture::named("thread-x35");
    let (request, mut response) = fixture.call.unwrap();
    response.body = response.body.replace("<span title=\"2026-3-8 22:05\">昨天&nbsp;22:05</span>", "2026-3-8 22:05");
    let later = native::parse(&fixture.crawl, &request, &response).unwrap();
    assert!(later.posts.iter().any(|post| post == of_first));
    // A page that ends within a comment has not the whole of it.
    let cut = response.body.find("两盏").unwrap();
    response.body.truncate(cut);
    let cut = native::parse(&fixture.crawl, &request, &response).unwrap();
    assert!(!cut.posts.iter().any(is_short), "{:?}", ids(&cut));
}

#[test]
fn reads_a_thread_from_its_end() {
    let second = page("thread-x35-page-2");
    assert_eq!(ids(&second), ["p70025", "p70026"]);
    assert!(second.posts.iter().all(|post| post.parent.as_deref() == Some("t1201") && post.title.is_none()));
    assert_eq!(second.posts[1].published, at("2026-03-09T11:57:12+08:00"));
    assert!(second.follow.is_empty());
    let third = page("thread-x35-back");
    assert_eq!(followed(&third)[0].1, format!("{SITE}thread-1201-2-1.html"));
}

#[test]
fn reads_threads_of_other_generations() {
    let seven = page("thread-7");
    assert_eq!(ids(&seven), ["t511", "p9002"]);
    assert_eq!(seven.posts[0].title.as_deref(), Some("清河大桥何时通车？"));
    assert_eq!(seven.posts[0].text, "去年说年底通车，\n现在三月了。");
    assert_eq!(seven.posts[1].published, at("2010-03-09T10:05:00+08:00"));
    let six = page("thread-6");
    assert_eq!(ids(&six), ["t77", "p3002"]);
    assert_eq!(six.posts[0].published, at("2007-12-01T07:45:00+08:00"));
    assert_eq!((author(&six.posts[1]), six.posts[1].text.as_str()), (("12", "老师"), "建议错时上学。"));
    assert_eq!(six.posts[0].title.as_deref(), Some("小学门口天天堵车"));
    let mobile = page("thread-mobile");
    assert_eq!(ids(&mobile), ["t1201", "p70012"]);
    assert_eq!(mobile.posts[1].published, at("2026-03-08T20:31:00+08:00"));
    assert_eq!((author(&mobile.posts[0]), mobile.posts[0].text.as_str()), (("31", "河边散步"), "晚上黑得看不见路。"));
}

#[test]
fn searches_in_the_encoding_of_the_forum() {
    let asked = |name: &str| page(name).follow.remove(0).url;
    let tail = "&orderby=lastpost&ascdesc=desc&searchsubmit=yes";
    let utf_8 = format!("{SITE}search.php?mod=forum&srchtxt=%E8%B7%AF%E7%81%AF%20%E7%BB%B4%E4%BF%AE{tail}");
    assert_eq!(asked("search-form"), utf_8);
    let gbk = format!("{SITE}search.php?mod=forum&srchtxt=%C2%B7%B5%C6%20%CE%AC%D0%DE{tail}");
    assert_eq!(asked("search-form-gbk"), gbk);
    assert!(asked("search-onward").starts_with("http://old.qinghe.example/search.php?searchid=9&"));
}

#[test]
fn reads_the_results_of_a_search() {
    let results = page("search-results");
    assert_eq!(ids(&results), ["t1201", "t1100"]);
    let row = &results.posts[0];
    assert_eq!(row.title.as_deref(), Some("城东路的路灯坏了两周"));
    assert_eq!(row.text, "城东路从二中到菜场这一段，路灯坏了两周 ...");
    assert_eq!((row.published, author(row)), (at("2026-03-08T20:15:00+08:00"), ("31", "河边散步")));
    assert_eq!((row.reactions.replies, row.reactions.views), (Some(12), Some(13_021)));
    let crawl = page("search-results-crawl");
    assert!(crawl.posts.is_empty());
    assert_eq!(crawl.follow.iter().map(|ask| ask.step.as_str()).collect::<Vec<_>>(), ["thread", "search"]);
    let seven = page("search-results-7");
    assert_eq!((ids(&seven), seven.posts[0].published), (vec!["t480"], at("2010-03-01")));
    assert_eq!(seven.posts[0].title.as_deref(), Some("路灯亮了一整天"));
}

#[test]
fn tells_an_empty_list_from_a_refusal() {
    for name in ["board-empty", "search-none"] {
        assert_eq!((page(name).posts.len(), page(name).follow.len()), (0, 0), "{name}");
    }
    assert_eq!(read("gone").unwrap_err(), Failure::Gone);
    for name in ["login", "forbidden", "captcha", "waf", "search-too-soon"] {
        assert!(matches!(read(name), Err(Failure::Blocked(_))), "{name}: {:?}", read(name).err());
    }
    assert!(matches!(read("system-error"), Err(Failure::Unexpected(_))));
}
