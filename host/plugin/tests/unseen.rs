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

/// The same plugin for whatever site a watch names: a piece of its manifest is replaced, and nothing moves.
static OF_MANY_SITES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let (from, to) =
        (allowing("\"example.cn\"", "as-a-good-plugin-does"), allowing("\"example.cn\", \"target\"", "good"));
    let at = SOURCE.bytes().windows(from.len()).position(|piece| piece == from.as_bytes()).unwrap();
    let mut bytes = SOURCE.bytes().to_vec();
    bytes[at..at + from.len()].copy_from_slice(format!("{to:<width$}", width = from.len()).as_bytes());
    bytes
});

fn allowing(hosts: &str, example: &str) -> String {
    format!("allow = [{hosts}]\n\n[[target]]\nkind = \"keyword\"\nexample = \"{example}\"")
}

/// What the card says of one page.
fn alone(how: &str, body: &str) -> ScoreCard {
    of(SOURCE.bytes(), how, body)
}

fn of(file: &[u8], how: &str, body: &str) -> ScoreCard {
    let fixtures = [
        fixture("first", parse(crawl(how), "list", "https://example.cn/list", body)),
        fixture("item", parse(crawl("reads"), "item", "https://example.cn/t/20001", ITEM)),
    ];
    LAWS.check(file, &fixtures, TODAY)
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
    // Of one site the zone is known.
    ("dated-reads-china", &[]),
    ("dated-reads-japan", &[(Posts, Warn, "first, read for a site in another zone: \"2023-11-14 21:40\" was read at +09:00 whatever")]),
    ("dated-titles-from-now", &[(Posts, Fail, "read by a crawl forty days later: post 10231: title: ")]),
    ("dated-guesses-some", &[(Posts, Warn, "first, the page itself: 2 posts were published in the second in which the page was fetched")]),
    ("dated-expects-more", &[(Posts, Warn, "first, the page itself: expected says that the page lists 8 posts, and 5 are read or skipped")]),
    ("dated-links", &[]),
    ("dated-links-all", &[(Closure, Warn, "first, read by a crawl that has all its posts: follows the same 6 pages whether crawl.since is 1970 or now")]),
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

#[test]
fn a_link_that_names_no_host_is_followed_to_none_but_the_sites_own() {
    let page = list(1, &FIRST).replace("https://example.cn/list", "/list");
    says("dated", &alone("dated", &page), &[]);
    let relative = "first, with its relative links to another host: request outside of network.allow: https://elsewhere.example.net/list?page=2";
    says("dated-joins", &alone("dated-joins", &page), &[(Closure, Fail, relative)]);
    let whole = "first, with the links that it follows to another host: request outside of network.allow: https://elsewhere.example.net/list?page=2";
    says("dated-follows-whole", &alone("dated-follows-whole", &page), &[(Closure, Fail, whole)]);
}

#[test]
fn a_plugin_for_many_sites_has_no_zone_of_its_own() {
    let page = list(1, &FIRST);
    says("dated", &of(&OF_MANY_SITES, "dated", &page), &[]);
    let read = "first, read for a site in another zone: \"2023-11-14 21:40\" was read at +08:00 whatever crawl.utc-offset says";
    says("dated-reads-china", &of(&OF_MANY_SITES, "dated-reads-china", &page), &[(Posts, Warn, read)]);
    // A page that says its zone may be read by what it says.
    let told = page.replace("</body>", "<p>GMT+8, 2023-11-15 06:13</p></body>");
    says("dated-reads-china", &of(&OF_MANY_SITES, "dated-reads-china", &told), &[]);
}

#[test]
fn a_number_that_was_rounded_stands_nowhere_on_the_page() {
    let page = list(1, &FIRST).replace("/t/10231", "/t/90000000000012345").replace("/t/10229", "/t/90000000000012329");
    says("dated", &alone("dated", &page), &[]);
    let rounded =
        "the id 90000000000012350 stands nowhere on the page, which has 90000000000012345: a number above 2^53";
    says("dated-rounds-ids", &alone("dated-rounds-ids", &page), &[(Posts, Warn, rounded)]);
}

#[test]
fn what_the_first_sweep_would_doubt_is_looked_at() {
    let rows = [&FIRST[..], &SECOND[..]].concat();
    says("dated", &alone("dated", &list(1, &rows)), &[]);
    let drift = "first, the page itself: 8 of 9 elements could not be read, and a sweep would report drift: a row of another kind";
    says("dated-reads-one", &alone("dated-reads-one", &list(1, &rows)), &[(Posts, Warn, drift)]);
}

/// One post is kept on top, so that the last is not surely the oldest.
#[test]
fn a_page_that_is_not_quite_in_order_is_tried_as_well() {
    let rows = [&[SECOND[3]], &FIRST[..]].concat();
    let good = alone("dated", &list(1, &rows));
    says("dated", &good, &[]);
    let summary = &good.of(Closure).unwrap().summary;
    assert!(summary.ends_with("; crawl.since tried on 1 of 1 pages that follow others"), "{summary}");
    let same = "follows the same page whether crawl.since is 1970 or now, though the page carries dates";
    says("dated-ignores-since", &alone("dated-ignores-since", &list(1, &rows)), &[(Closure, Warn, same)]);
}
