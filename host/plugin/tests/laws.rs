//! Each law is broken by a plugin that has one fault, and by no other; a plugin
//! without a fault breaks none.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod guests;

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::contract::{Crawl, Page, Post, Request, Target};
use caifeng_plugin_host::engine::CompiledCache;
use caifeng_plugin_host::fixture::{Answer, Call, Fixture, Listed};
use caifeng_plugin_host::laws::{Law, Laws, Score, ScoreCard, Verdict};
use caifeng_plugin_host::loaded::Loaded;
use guests::{CLASSIFIER, ENGINE, SOURCE, crawl, post, request, response};
use std::path::PathBuf;
use std::sync::LazyLock;

static LAWS: LazyLock<Laws> = LazyLock::new(|| {
    // The same plugin is checked many times; its code is compiled once.
    let dir = guests::root().join("target/guests/laws-compiled");
    Laws::new(Some(CompiledCache { dir, key: [7; 32] })).unwrap()
});

static LOADED: LazyLock<[Loaded; 2]> =
    LazyLock::new(|| [&*SOURCE, &*CLASSIFIER].map(|plugin| Loaded::load(&ENGINE, plugin).unwrap()));

/// A day on which no fixture is old.
const TODAY: i64 = 1_700_000_000;

const LIST: &str = "<html>\n<ul>\n<li id=\"10231\">幸福路的路灯坏了</li>\n<li id=\"10232\">城东片区停水</li>\n<li id=\"10233\">建议增设公交站</li>\n<li id=\"10234\">窗口态度很好</li>\n<li id=\"10235\">河边有人倒垃圾</li>\n</ul>\n</html>\n";
const ITEM: &str = "<html>\n<article id=\"20001\">一篇文章，说的是停水的事。</article>\n</html>\n";

/// A fixture that expects what the plugin answers now.
fn accepted(plugin: &Artifact, name: &str, call: Call) -> Listed {
    let mut fixture = Fixture { name: name.to_owned(), note: String::new(), call, expect: None };
    let loaded = LOADED.iter().find(|loaded| loaded.artifact().digest() == plugin.digest()).unwrap();
    fixture.expect = fixture.run(loaded).unwrap().outcome.ok();
    (PathBuf::from(name), Ok(fixture))
}

fn reading(how: &str, step: &str, body: &str) -> Call {
    let request = Request { step: step.to_owned(), ..request() };
    Call::Parse { crawl: crawl(how), request, response: response(body) }
}

/// What the laws say of the ill source when it behaves so.
fn source(how: &str) -> ScoreCard {
    let list = accepted(&SOURCE, "list", reading(how, "list", LIST));
    // Only the list is read with the fault, so that what is found is found once.
    let item = accepted(&SOURCE, "item", reading("reads", "item", ITEM));
    LAWS.check(SOURCE.bytes(), &[list, item], TODAY)
}

/// What does not answer cannot answer as expected either: that is told of the law that it breaks.
fn broken(card: &ScoreCard) -> Vec<Law> {
    let failed = card.laws.iter().filter(|score| score.verdict == Verdict::Fail);
    let unanswered = |score: &&Score| {
        score.law == Law::Expectations
            && score.findings.iter().all(|finding| finding.problem.starts_with("no answer: "))
    };
    failed.filter(|score| !unanswered(score)).map(|score| score.law).collect()
}

fn lines(score: &Score) -> String {
    score.findings.iter().map(|finding| format!("{finding}\n")).collect()
}

/// The one law that is broken says this.
#[track_caller]
fn breaks(card: &ScoreCard, law: Law, says: &str) {
    assert_eq!(broken(card), [law], "{card}");
    let found = lines(card.of(law).unwrap());
    assert!(found.contains(says), "{says}\n{card}");
    assert!(!card.passes());
}

#[test]
fn a_good_source_breaks_no_law() {
    let card = source("reads");
    assert!(card.passes(), "{card}");
    assert!(card.laws.iter().all(|score| score.verdict == Verdict::Pass), "{card}");
    assert!(card.of(Law::Labels).is_none());
    assert!(card.calls > 50, "{}", card.calls);
}

#[test]
fn the_same_plugin_gets_the_same_card() {
    assert_eq!(source("reads-half-ids"), source("reads-half-ids"));
}

#[test]
fn what_is_invented_is_found_in_each_damage() {
    let cases = [
        ("reads-half-ids", "list, cut at "),
        ("reads-everything-anew", "list, emptied: invents a post"),
        ("reads-login-as-post", "list, with a login page in its place: invents a post"),
        ("reads-text-into-ids", "list, elements reversed: invents a post"),
        ("reads-between-the-lines", "list, lines reversed: invents a post"),
        ("reads-other-pages", "list, with the body of item: invents a post"),
    ];
    for (how, says) in cases {
        breaks(&source(how), Law::Damage, says);
    }
}

#[test]
fn an_id_that_was_cut_is_another_posts() {
    let card = source("reads-half-ids");
    let found = lines(card.of(Law::Damage).unwrap());
    assert!(found.contains("invents a post of a page that was cut: 102"), "{found}");
}

#[test]
fn silence_is_found_where_a_page_is_broken() {
    let cases = [
        ("reads-empty-as-empty", "list, emptied: takes an empty body for a page"),
        ("reads-captcha-as-empty", "list, with a captcha page in its place: takes a login or captcha page for a page"),
        ("reads-half-as-empty", "an empty page of a page that was cut"),
        ("reads-half-as-gone", "says \"gone\" of a page that was cut"),
        ("reads-other-pages-as-empty", "list, with the body of item: an empty page, where another step reads posts"),
        ("reads-and-panics-on-half", "no answer: trapped: "),
    ];
    for (how, says) in cases {
        breaks(&source(how), Law::Damage, says);
    }
}

#[test]
fn what_remembers_is_not_determined() {
    let card = source("remember");
    assert!(broken(&card).contains(&Law::Determinism), "{card}");
    let found = lines(card.of(Law::Determinism).unwrap());
    assert!(found.contains("list, fresh against warm: post 0: not expected"), "{found}");
    assert!(!found.contains("fresh against fresh"), "{found}");
}

#[test]
fn requests_beyond_the_allow_list_are_found_on_whole_and_on_damaged_pages() {
    let found = lines(source("follow").of(Law::Closure).unwrap());
    for says in [
        "list, the page itself: request outside of network.allow: https://evil.example.net/",
        "request for a step that the manifest does not declare: elsewhere",
        "request for what is not a web address: file:///etc/passwd",
        "request with a context of 5000 bytes",
    ] {
        assert!(found.contains(says), "{says}\n{found}");
    }
    breaks(&source("reads-elsewhere"), Law::Closure, "request outside of network.allow");
    let identity = source("identity");
    assert_eq!(identity.of(Law::Closure).unwrap().verdict, Verdict::Warn, "{identity}");
}

#[test]
fn what_does_not_end_is_found() {
    for (how, says) in [
        ("loop", "no answer: stopped after 200 ms"),
        ("allocate", "no answer: out of memory"),
        ("stack", "stack overflow"),
        ("panic", "读不懂"),
    ] {
        let card = source(how);
        assert!(broken(&card).contains(&Law::Termination), "{how}\n{card}");
        let found = lines(card.of(Law::Termination).unwrap());
        assert!(found.contains("list, the page itself: ") && found.contains(says), "{how}\n{found}");
    }
    let list = accepted(&SOURCE, "list", reading("reads-quadratically", "list", &LIST.repeat(2)));
    let item = accepted(&SOURCE, "item", reading("reads", "item", ITEM));
    let card = LAWS.check(SOURCE.bytes(), &[list, item], TODAY);
    assert!(lines(card.of(Law::Termination).unwrap()).contains("grows faster than the page"), "{card}");
}

#[test]
fn posts_that_are_not_what_the_contract_says() {
    for (how, says) in [
        ("ids-empty", "post 1: no id"),
        ("ids-long", "an id of 5000 bytes"),
        ("javascript", "not an absolute http or https address: \" java script:alert(1)\""),
        ("own-parent", "it is its own parent"),
        ("year-10000", "published outside of the years 1900 to 9999"),
        ("day-without", "day-only without a day"),
        ("twins", "another post of the page has its id"),
    ] {
        let card = source(how);
        assert!(broken(&card).contains(&Law::Posts), "{how}\n{card}");
        assert!(lines(card.of(Law::Posts).unwrap()).contains(says), "{how}\n{card}");
    }
    let markup = source("markup");
    assert_eq!(markup.of(Law::Posts).unwrap().verdict, Verdict::Warn, "{markup}");
}

#[test]
fn every_step_needs_a_page_that_it_reads() {
    let list = || accepted(&SOURCE, "list", reading("reads", "list", LIST));
    breaks(&LAWS.check(SOURCE.bytes(), &[list()], TODAY), Law::Coverage, "step item: no fixture");
    let empty = accepted(&SOURCE, "none", reading("reads", "item", "<html></html>"));
    breaks(&LAWS.check(SOURCE.bytes(), &[list(), empty], TODAY), Law::Coverage, "step item: no fixture");
}

#[test]
fn fixtures_must_be_right_and_answered_as_expected() {
    let item = || accepted(&SOURCE, "item", reading("reads", "item", ITEM));
    let mut other = accepted(&SOURCE, "list", reading("reads", "list", LIST));
    if let Ok(Fixture { expect: Some(Answer::Page(Page { posts, .. })), .. }) = &mut other.1 {
        posts[0] = Post { text: "别的".to_owned(), ..posts[0].clone() };
    }
    let card = LAWS.check(SOURCE.bytes(), &[other, item()], TODAY);
    breaks(
        &card,
        Law::Expectations,
        "list, the answer: post 10231: text: expected \"别的\", found \"幸福路的路灯坏了\"",
    );

    let mut new = accepted(&SOURCE, "list", reading("reads", "list", LIST));
    new.1.as_mut().unwrap().expect = None;
    let card = LAWS.check(SOURCE.bytes(), &[new, item()], TODAY);
    assert_eq!(broken(&card), [Law::Expectations, Law::Coverage], "{card}");

    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("list");
    std::fs::create_dir(&place).unwrap();
    std::fs::write(place.join("call.toml"), "note = \"n\"\n\n[crawl]\ntarget = { bord = \"x\" }\n").unwrap();
    let listed = Fixture::all(dir.path()).unwrap();
    let found = LAWS.check(SOURCE.bytes(), &listed, TODAY);
    let found = lines(found.of(Law::Expectations).unwrap());
    assert!(found.contains("call.toml:4:12: unknown variant `bord`, expected one of `keyword`"), "{found}");

    let card = LAWS.check(SOURCE.bytes(), &[], TODAY);
    assert!(lines(card.of(Law::Expectations).unwrap()).contains("no fixtures"), "{card}");
}

/// Another plugin: a piece of its manifest is replaced, and nothing moves.
fn mended(plugin: &Artifact, from: &str, to: &str) -> Vec<u8> {
    let bytes = plugin.bytes();
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    let mut other = bytes.to_vec();
    other[at..at + from.len()].copy_from_slice(format!("{to:<width$}", width = from.len()).as_bytes());
    other
}

#[test]
fn examples_must_start() {
    let list = accepted(&SOURCE, "list", reading("reads", "list", LIST));
    let item = accepted(&SOURCE, "item", reading("reads", "item", ITEM));
    let fixtures = [list, item];
    let example = "example = \"as-a-good-plugin-does\"";
    for (how, says) in [
        ("start-panic", "start: trapped: "),
        ("start-loop", "start: stopped after 200 ms"),
        ("start-nothing", "start wants no page"),
        ("start-unsupported", "start says unsupported: no such board"),
    ] {
        let plugin = mended(&SOURCE, example, &format!("example = \"{how}\""));
        let card = LAWS.check(&plugin, &fixtures, TODAY);
        breaks(&card, Law::Manifest, says);
        assert!(lines(card.of(Law::Manifest).unwrap()).contains(&format!("example \"{how}\"")), "{card}");
    }
    for (how, says) in [("start-elsewhere", "outside of network.allow"), ("start-javascript", "not a web address")] {
        let plugin = mended(&SOURCE, example, &format!("example = \"{how}\""));
        breaks(&LAWS.check(&plugin, &fixtures, TODAY), Law::Closure, says);
    }
}

#[test]
fn what_is_no_plugin_breaks_the_first_law_and_the_others_are_not_tried() {
    let card = LAWS.check(b"hello", &[], TODAY);
    breaks(&card, Law::Contract, "not a plugin");
    assert!(card.laws.iter().skip(1).all(|score| score.verdict == Verdict::Untried), "{card}");
    let card = LAWS.check(&mended(&SOURCE, "licence", "license"), &[], TODAY);
    breaks(&card, Law::Manifest, "unknown field `license`");
    assert_eq!(card.of(Law::Contract).unwrap().verdict, Verdict::Pass);
}

#[test]
fn old_fixtures_are_shown() {
    let list = accepted(&SOURCE, "list", reading("reads", "list", LIST));
    let item = accepted(&SOURCE, "item", reading("reads", "item", ITEM));
    let card = LAWS.check(SOURCE.bytes(), &[list, item], TODAY + 366 * 86_400);
    let age = card.of(Law::Age).unwrap();
    assert_eq!((age.verdict, age.findings.len()), (Verdict::Warn, 2), "{card}");
    assert!(card.passes());
}

#[test]
fn a_target_that_no_watch_can_have_is_refused() {
    let call = Call::Start(Crawl { target: Target::Item("https://example.cn/1".to_owned()), ..crawl("1") });
    let fixture = Fixture { name: "item".to_owned(), note: String::new(), call, expect: None };
    let card = LAWS.check(SOURCE.bytes(), &[(PathBuf::from("item"), Ok(fixture))], TODAY);
    let found = lines(card.of(Law::Expectations).unwrap());
    assert!(found.contains("does not observe this target, write one such as as-a-good-plugin-does"), "{found}");
}

fn classifier(how: &str) -> ScoreCard {
    let posts = vec![
        post("路灯 坏了"),
        Post { id: "2".to_owned(), ..post("停水 三天") },
        Post { id: "3".to_owned(), ..post("谢谢 帮忙") },
    ];
    let call = Call::Posts { settings: vec![("how".to_owned(), how.to_owned())], posts };
    LAWS.check(CLASSIFIER.bytes(), &[accepted(&CLASSIFIER, "two", call)], TODAY)
}

#[test]
fn a_good_classifier_breaks_no_law() {
    let card = classifier("good");
    assert!(card.passes(), "{card}");
    assert!(card.of(Law::Closure).is_none() && card.of(Law::Posts).is_none());
}

#[test]
fn labels_that_are_not_what_the_contract_says() {
    for (how, says) in [
        ("undeclared", "a label that the manifest does not declare"),
        ("score-high", "a score that is not between 0 and 1"),
        ("score-nan", "a score that is not between 0 and 1"),
        ("invented", "evidence that the post does not hold"),
        ("short", "2 lists of labels for 3 posts"),
    ] {
        let card = classifier(how);
        assert!(broken(&card).contains(&Law::Labels), "{how}\n{card}");
        assert!(lines(card.of(Law::Labels).unwrap()).contains(says), "{how}\n{card}");
    }
}

#[test]
fn classifiers_that_break_refuse_or_label_nothing_are_found() {
    let card = classifier("panic");
    assert!(lines(card.of(Law::Termination).unwrap()).contains("no opinion"), "{card}");
    breaks(&classifier("breaks-on-empty"), Law::Damage, "two, emptied: no answer: ");
    breaks(&classifier("refuses-empty"), Law::Damage, "two, emptied: refuses the whole batch");
    breaks(&classifier("labels-empty"), Law::Damage, "two, emptied: invents a label of a post without words: problem");
    breaks(&classifier("remembers"), Law::Determinism, "two, fresh against warm: post 1, label problem: score");
    breaks(&classifier("never"), Law::Coverage, "label problem: no fixture");
}

#[test]
fn build_servers_can_read_the_card() {
    let card = source("reads-half-ids");
    let xml = card.junit();
    assert!(
        xml.contains("<testcase classname=\"ill-source\" name=\"damage\"><failure message=\"invents a post"),
        "{xml}"
    );
    assert!(xml.contains("tests=\"10\" failures=\"1\""), "{xml}");
    assert!(!xml.contains("\"reads-half-ids"), "{xml}");
    let untried = LAWS.check(b"\0asm", &[], TODAY).junit();
    assert!(untried.contains("<skipped/>"), "{untried}");
}
