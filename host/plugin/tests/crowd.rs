//! A thousand calls at once: all are answered, and memory is that of the slots and not of the callers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod guests;

use caifeng_plugin_host::artifact::Artifact;
use caifeng_plugin_host::source::Source;
use guests::{ENGINE, SOURCE, crawl, request, response};
use std::sync::Barrier;

const CALLERS: usize = 1_000;

/// The most memory that this process has held, in MiB (`VmHWM`).
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// The ill source with as much time as anybody gets: its own limit is a fifth of a second by the clock, which sixty-four
/// calls on two cores may well take.
fn patient() -> Artifact {
    let (short, long) = ("time-ms = 200", "time-ms=9999 ");
    let at = SOURCE.bytes().windows(short.len()).position(|window| window == short.as_bytes()).unwrap();
    let mut bytes = SOURCE.bytes().to_vec();
    bytes[at..at + short.len()].copy_from_slice(long.as_bytes());
    Artifact::read(bytes).unwrap()
}

#[test]
fn a_thousand_calls_at_once_take_bounded_memory() {
    let source = Source::load(&ENGINE, &patient()).unwrap();
    let body = "一页，一百千字节。".repeat(4_000);
    let at_once = Barrier::new(CALLERS);
    let before = peak();
    std::thread::scope(|scope| {
        for nth in 0..CALLERS {
            let (source, at_once, body) = (source.clone(), &at_once, &body);
            let call = move || {
                let mut crawling = source.crawl(&crawl("echo"));
                at_once.wait();
                let page = crawling.parse(&request(), &response(body)).outcome.unwrap();
                assert_eq!(page.posts[0].text, *body, "caller {nth}");
            };
            std::thread::Builder::new().spawn_scoped(scope, call).unwrap();
        }
    });
    // Each caller holds its page twice and a stack; an instance a caller would be half a gibibyte more.
    let grown = peak() - before;
    assert!(grown < 200, "{grown} MiB more than before");
    println!("{grown} MiB more than before");
}
