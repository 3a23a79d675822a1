//! The score card on plugins as somebody else writes them: whose every answer looks right, and which are wrong all the same.
//!
//! A line for each plugin and law that is not simply kept: what the card says, and with which words. Whatever is not in the
//! line is kept.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod guests;

use caifeng_plugin_host::contract::{Crawl, Request, Response};
use caifeng_plugin_host::engine::CompiledCache;
use caifeng_plugin_host::fixture::{Call, Fixture, Listed};
use caifeng_plugin_host::laws::{Law, Laws, ScoreCard, Verdict};
use caifeng_plugin_host::loaded::Loaded;
use guests::{ENGINE, SOURCE, crawl, request, response};
use std::path::PathBuf;
use std::sync::LazyLock;

use Law::{Closure, Damage, Manifest, Posts, Termination};
use Verdict::{Fail, Warn};

static LAWS: LazyLock<Laws> = LazyLock::new(|| {
    let dir = guests::root().join("target/guests/unseen-compiled");
    Laws::new(Some(CompiledCache { dir, key: [7; 32] })).unwrap()
});

static LOADED: LazyLock<Loaded> = LazyLock::new(|| Loaded::load(&ENGINE, &SOURCE).unwrap());

const TODAY: i64 = 1_700_000_000;

/// A page of the list; the first was fetched at 06:13 on 2023-11-15 in China.
fn list(page: u32, rows: &[(u32, &str, &str)]) -> String {
    let rows: String = rows
        .iter()
        .map(|(id, title, time)| {
            format!("<li class=\"topic\"><a class=\"title\" href=\"/t/{id}\">{title}</a><time>{time}</time></li>\n")
        })
        .collect();
    let links: String = (1..=4)
        .filter(|other| *other != page)
        .map(|other| format!("<a href=\"https://example.cn/list?page={other}\">{other}</a>\n"))
        .collect();
    format!("<html>\n<body>\n<ul class=\"topics\">\n{rows}</ul>\n<p>\n{links}</p>\n</body>\n</html>\n")
}

const FIRST: [(u32, &str, &str); 5] = [
    (10_231, "幸福路的路灯坏了", "10分钟前"),
    (10_229, "城东片区停水", "2023-11-15 05:30"),
    (10_220, "建议增设公交站", "2023-11-15 04:10"),
    (10_217, "窗口态度很好", "2023-11-14 23:05"),
    (10_208, "河边有人倒垃圾", "2023-11-14 21:40"),
];

const SECOND: [(u32, &str, &str); 4] = [
    (10_190, "图书馆周末几点开门", "2023-11-14 18:20"),
    (10_181, "学校门口堵车", "2023-11-14 17:02"),
    (10_177, "老旧小区加装电梯", "2023-11-14 11:45"),
    (10_160, "感谢环卫工人", "2023-11-14 09:12"),
];

const ITEM: &str = "<html>\n<article id=\"20001\">一篇文章，说的是停水的事。</article>\n</html>\n";

fn fixture(name: &str, call: Call) -> Listed {
    let mut fixture = Fixture { name: name.to_owned(), note: String::new(), call, expect: None };
    fixture.expect = fixture.run(&LOADED).unwrap().outcome.ok();
    (PathBuf::from(name), Ok(fixture))
}

fn parse(crawl: Crawl, step: &str, url: &str, body: &str) -> Call {
    let request = Request { step: step.to_owned(), url: url.to_owned(), context: "page".to_owned(), ..request() };
    Call::Parse { crawl, request, response: Response { url: url.to_owned(), ..response(body) } }
}

fn card(how: &str, phrase: &str) -> ScoreCard {
    let told = |how: &str| Crawl { settings: vec![("phrase".to_owned(), phrase.to_owned())], ..crawl(how) };
    let fixtures = [
        fixture("first", parse(told(how), "list", "https://example.cn/list", &list(1, &FIRST))),
        fixture("second", parse(told(how), "list", "https://example.cn/list?page=2", &list(2, &SECOND))),
        fixture("item", parse(told("reads"), "item", "https://example.cn/t/20001", ITEM)),
    ];
    LAWS.check(SOURCE.bytes(), &fixtures, TODAY)
}

/// What a law says, and a part of its words.
type Expected = (Law, Verdict, &'static str);

/// How the plugin is, and what the card must say of it.
#[rustfmt::skip]
const UNSEEN: &[(&str, &[Expected])] = &[
    ("dated", &[]),
    ("dated-asks-for-itself", &[(Closure, Warn, "asks for the page that it has just read")]),
    ("dated-skips-pages", &[(Closure, Warn, "second, the page itself: page 3 is linked, and https://example.cn/list?page=4 is asked for")]),
    ("dated-ignores-since", &[(Closure, Fail, "though every post is older than crawl.since")]),
    ("dated-follows-anybody", &[(Closure, Fail, "with links to another host: request outside of network.allow: https://elsewhere.example.net/")]),
    ("dated-counts-from-now", &[(Posts, Fail, "read by a crawl forty days later: post 10231 has another time")]),
    ("dated-guesses", &[(Posts, Warn, "a time that is not on the page stays none")]),
    ("dated-reads-utc", &[(Posts, Fail, "\"2023-11-15 05:30\" was read as UTC")]),
    ("dated-ids-by-title", &[(Posts, Warn, "with a title that was edited: post 幸福路的路灯坏了 is 幸福路的路灯坏了（更正）")]),
    ("dated-ids-by-time", &[(Posts, Fail, "sent by the site forty days later: a post has another id")]),
    ("dated-ids-by-crawl", &[(Posts, Fail, "read by a crawl forty days later: a post has another id")]),
    ("dated-ids-by-row", &[(Posts, Fail, "its id is also that of another post, in first"), (Damage, Fail, "elements reversed: the id of a post is its place on the page")]),
    ("dated-takes-new-layout-for-quiet", &[(Damage, Fail, "with an empty page in its place: takes a page without content for a page")]),
    ("dated-takes-404-for-quiet", &[(Damage, Fail, "with \"not found\" in its place: takes a page that says \"not found\" for a page")]),
    ("dated-loses-words", &[(Damage, Fail, "with other classes or keys: post 10231 has lost its words")]),
    ("dated-nests", &[(Damage, Fail, "followed by 20000 brackets: no answer: stack overflow")]),
    ("dated-needs-context", &[(Termination, Fail, "first, with an empty context: no answer: trapped: ")]),
    ("dated-refuses-without-context", &[(Termination, Warn, "every step must read a page that comes without")]),
];

#[track_caller]
fn says(how: &str, card: &ScoreCard, expected: &[(Law, Verdict, &str)]) {
    for score in &card.laws {
        let wanted = expected.iter().find(|(law, ..)| *law == score.law);
        let verdict = wanted.map_or(Verdict::Pass, |(_, verdict, _)| *verdict);
        assert_eq!(score.verdict, verdict, "{how}: {}\n{card}", score.law.as_str());
        let found: String = score.findings.iter().map(|finding| format!("{finding}\n")).collect();
        let words = wanted.map_or("", |(_, _, words)| *words);
        assert!(found.contains(words), "{how}: {words}\n{card}");
    }
}

#[test]
fn the_card_is_right_about_plugins_that_nobody_here_wrote() {
    for (how, expected) in UNSEEN {
        says(how, &card(how, "encoded"), expected);
    }
}

#[test]
fn a_phrase_is_a_persons_words_and_nothing_more() {
    says(
        "raw",
        &card("dated", "raw"),
        &[(Closure, Fail, "adds parts to the request, encode it: https://example.cn/?q=a/zq9/?zq9=1&zq9=1#zq9")],
    );
    says("ignored", &card("dated", "ignored"), &[(Manifest, Warn, "start asks the same whatever the phrase is")]);
}
