//! What an ill-behaved source gets: a clear error, at the cost of one call,
//! after which the next call is answered.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod guests;

use caifeng_plugin_host::contract::{Failure, Page};
use caifeng_plugin_host::engine::{CallError, Called, LoadError, Trap};
use caifeng_plugin_host::source::Source;
use guests::{CLASSIFIER, ENGINE, SOURCE, crawl, request, response};

fn source() -> Source {
    Source::load(&ENGINE, &SOURCE).unwrap()
}

fn parse(keyword: &str) -> Called<Page> {
    source().crawl(&crawl(keyword)).parse(&request(), &response("一\n二"))
}

fn trap(keyword: &str) -> Trap {
    match parse(keyword).outcome {
        Err(CallError::Trap(trap)) => trap,
        other => panic!("{keyword} was not stopped: {other:?}"),
    }
}

/// A crawl whose call failed goes on with the next, and so does every other.
#[test]
fn after_every_misbehaviour_the_next_call_is_answered() {
    let source = source();
    for keyword in ["loop", "allocate", "panic", "abort", "stack", "million", "giant", "index", "clock"] {
        let mut bad = source.crawl(&crawl(keyword));
        let mut good = source.crawl(&crawl("3"));
        for _ in 0..2 {
            let outcome = bad.parse(&request(), &response("一\n二")).outcome;
            assert!(matches!(outcome, Err(CallError::Trap(_))), "{keyword}: {outcome:?}");
            assert_eq!(bad.start().outcome.unwrap(), [request()], "{keyword}");
            assert_eq!(good.parse(&request(), &response("")).outcome.unwrap().posts.len(), 3, "{keyword}");
        }
    }
}

#[test]
fn an_endless_loop_is_stopped_at_its_limit() {
    let called = parse("loop");
    let trap = Trap::Timeout(std::time::Duration::from_millis(200));
    assert_eq!(called.outcome, Err(CallError::Trap(trap)));
    assert!(called.cost.wall >= std::time::Duration::from_millis(200));
    let started = source().crawl(&crawl("start-loop")).start();
    assert!(matches!(started.outcome, Err(CallError::Trap(Trap::Timeout(_)))));
}

#[test]
fn allocating_without_end_stops_at_the_limit() {
    let called = parse("allocate");
    assert_eq!(called.outcome, Err(CallError::Trap(Trap::Memory(64 << 20))));
    assert!(called.cost.memory > 32 << 20 && called.cost.memory <= 64 << 20, "{}", called.cost.memory);
}

#[test]
fn a_panic_says_what_it_says() {
    let Trap::Other(message) = trap("panic") else { panic!("no message") };
    assert!(message.contains("第 2 行读不懂"), "{message}");
    assert!(message.contains("src/lib.rs"), "{message}");
    assert!(!message.contains("RUST_BACKTRACE"), "{message}");
    let Trap::Other(message) = trap("index") else { panic!("no message") };
    assert!(message.contains("index out of bounds"), "{message}");
}

#[test]
fn a_stack_overflow_and_an_abort_are_traps() {
    assert!(trap("stack").to_string().contains("stack overflow"));
    assert!(matches!(trap("abort"), Trap::Other(_)));
    assert!(matches!(trap("clock"), Trap::Other(_)));
}

#[test]
fn what_is_too_large_is_refused() {
    // A million posts do not fit the memory, twenty thousand not the page, a giant text not the copy.
    assert!(matches!(trap("million"), Trap::Memory(_) | Trap::TooLarge(_) | Trap::Timeout(_)));
    assert_eq!(trap("many"), Trap::TooLarge("20000 posts, limit 10000".to_owned()));
    assert_eq!(trap("giant"), Trap::TooLarge("more than 8 MiB".to_owned()));
    assert_eq!(parse("skipped").outcome.unwrap().skipped.len(), 1000);
}

#[test]
fn posts_without_an_id_are_no_posts() {
    let page = parse("ids-empty").outcome.unwrap();
    assert_eq!(page.posts.len(), 1);
    assert_eq!(page.skipped.len(), 2);
    let page = parse("ids-long").outcome.unwrap();
    assert_eq!(page.posts.len(), 1);
    assert!(page.skipped[0].starts_with("post with an id of 5000 bytes"), "{:?}", page.skipped);
    // Two posts with one id are two versions of one post: the store decides.
    assert_eq!(parse("ids-repeated").outcome.unwrap().posts.len(), 2);
}

#[test]
fn addresses_that_would_run_are_emptied() {
    let page = parse("javascript").outcome.unwrap();
    assert_eq!(page.posts[0].url, "");
    assert_eq!(page.posts[0].media, ["https://example.cn/a.png"]);
    assert_eq!(page.skipped.len(), 1);
}

#[test]
fn requests_that_the_host_would_not_carry_are_dropped() {
    let page = parse("follow").outcome.unwrap();
    let kept: Vec<_> = page.follow.iter().map(|request| request.url.as_str()).collect();
    assert_eq!(kept, ["https://example.cn/2", "https://evil.example.net/"], "the grant refuses hosts, not this crate");
    insta::assert_snapshot!(page.skipped.join("\n"), @r"
    request for a step that the manifest does not declare: elsewhere
    request for what is not a web address: file:///etc/passwd
    request with a context of 5000 bytes, limit 4096
    ");
    for keyword in ["start-undeclared", "start-javascript"] {
        let outcome = source().crawl(&crawl(keyword)).start().outcome;
        assert!(matches!(outcome, Err(CallError::Trap(Trap::Contract(_)))), "{outcome:?}");
    }
}

#[test]
fn failures_arrive_as_they_are() {
    let failure = |keyword: &str| match parse(keyword).outcome {
        Err(CallError::Failure(failure)) => failure,
        other => panic!("{keyword}: {other:?}"),
    };
    assert_eq!(failure("gone"), Failure::Gone);
    assert_eq!(failure("blocked"), Failure::Blocked("captcha".to_owned()));
    assert_eq!(failure("unexpected"), Failure::Unexpected("no list".to_owned()));
    let started = source().crawl(&crawl("start-unsupported")).start().outcome;
    assert_eq!(started, Err(CallError::Failure(Failure::Unsupported("no such board".to_owned()))));
}

#[test]
fn what_goes_in_comes_out() {
    let asked = caifeng_plugin_host::contract::Request { context: "页=2".to_owned(), ..request() };
    let body = "采风 📰 \u{0} line\r\nend".repeat(1000);
    let page = source().crawl(&crawl("echo")).parse(&asked, &response(&body)).outcome.unwrap();
    assert_eq!(page.posts[0].text, body);
    assert_eq!(page.posts[0].title.as_deref(), Some("页=2"));
}

#[test]
fn an_instance_lives_for_one_crawl() {
    let source = source();
    let mut crawling = source.crawl(&crawl("remember"));
    let count = |crawling: &mut caifeng_plugin_host::source::Crawling| {
        crawling.parse(&request(), &response("")).outcome.unwrap().posts.len()
    };
    assert_eq!((count(&mut crawling), count(&mut crawling)), (0, 1));
    assert_eq!(count(&mut source.crawl(&crawl("remember"))), 0);
}

#[test]
fn nothing_is_random() {
    assert_eq!(parse("hash").outcome, parse("hash").outcome);
}

/// More crawls than slots, all alive at once: none fails and none waits for ever.
#[test]
fn more_crawls_than_slots() {
    let source = source();
    let mut crawls: Vec<_> = (0..100).map(|_| source.crawl(&crawl("1"))).collect();
    for _ in 0..2 {
        for crawling in &mut crawls {
            assert_eq!(crawling.parse(&request(), &response("")).outcome.unwrap().posts.len(), 1);
        }
    }
}

#[test]
fn a_classifier_is_no_source() {
    assert!(matches!(Source::load(&ENGINE, &CLASSIFIER), Err(LoadError::Kind { .. })));
}
