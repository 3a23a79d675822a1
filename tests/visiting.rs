//! How a site is visited, through the binary: what is not asked again, how far a sweep
//! goes, what the operator vouches for, and what is kept secret.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod site;
mod terminal;

use std::os::unix::fs::PermissionsExt as _;

use site::{POSTS, Site, archive};
use terminal::Place;

const OK: &str = "200 OK\r\nContent-Type: application/atom+xml";

/// `/feed/1` … of so many pages.
fn pages(count: usize) -> Site {
    Site::serve(move |path, _| match path.strip_prefix("/feed/").and_then(|n| n.parse().ok()) {
        Some(n) => (OK.to_owned(), archive(n, count)),
        None => ("404 Not Found".to_owned(), String::new()),
    })
}

#[test]
fn a_page_that_is_unchanged_is_not_sent_again_also_after_a_restart() {
    let site = Site::serve(|_, head| {
        if head.contains("if-none-match: \"v1\"") {
            ("304 Not Modified".to_owned(), String::new())
        } else {
            (format!("{OK}\r\nETag: \"v1\""), archive(1, 1))
        }
    });
    let place = Place::new();
    place.write("data/caifeng.toml", site.config(&["/feed/1"], ""));
    let sweep = || place.run("sweep --all --data data --json").ends(0).json().remove(0);
    let first = sweep();
    assert_eq!((first["requests"].as_u64(), first["new"].as_u64()), (Some(1), Some(3)), "{first}");
    assert!(!site.asked()[0].contains("if-none-match"));
    let second = sweep();
    assert_eq!(second["failures"], serde_json::json!([]), "an unchanged page is a page that was heard: {second}");
    let counted = ["requests", "bytes", "seen", "new", "unchanged"].map(|key| second[key].as_u64().unwrap());
    assert_eq!(counted, [1, 0, 0, 0, 1], "{second}");
    let record = place.run("record --data data --format jsonl").ends(0);
    assert!(record.out.contains("\"unchanged\":1"), "{record}");
    let asked = site.asked();
    assert!(asked.len() == 1 && asked[0].contains("if-none-match: \"v1\""), "{asked:?}");
    // Another form of the watch has to see the page for itself.
    let other = format!("site = \"http://{}/\"", site.at);
    place.write("data/caifeng.toml", site.config(&["/feed/1"], &other));
    assert_eq!(sweep()["seen"].as_u64(), Some(3));
    assert!(!site.asked()[0].contains("if-none-match"));
    // A recording has to hold all pages.
    place.run("sweep --all --data data --record one.warc.gz").ends(0);
    assert!(!site.asked()[0].contains("if-none-match"));
}

#[test]
fn a_page_that_leads_further_is_always_asked_for_whole() {
    let site = Site::serve(|path, _| {
        let n = path.trim_start_matches("/feed/").parse().unwrap();
        (format!("{OK}\r\nETag: \"{n}\""), archive(n, 3))
    });
    let place = Place::new();
    place.write("data/caifeng.toml", site.config(&["/feed/1"], ""));
    for conditional in [[false; 3], [false, false, true]] {
        place.run("sweep --all --data data").ends(0);
        let asked: Vec<_> = site.asked().iter().map(|head| head.contains("if-none-match")).collect();
        assert_eq!(asked, conditional, "only the last page leads nowhere");
    }
}

#[test]
fn a_canary_is_looked_for_on_pages_that_have_not_changed() {
    let site = Site::serve(|path, head| {
        let n = path.trim_start_matches("/feed/").parse().unwrap();
        if head.contains("if-none-match") {
            return ("304 Not Modified".to_owned(), String::new());
        }
        (format!("{OK}\r\nETag: \"{n}\""), archive(n, 2))
    });
    let place = Place::new();
    place.write("data/caifeng.toml", site.config(&["/feed/1"], "canary = \"第2页\""));
    for _ in 0..2 {
        let report = place.run("sweep --all --data data --json").ends(0).json().remove(0);
        assert_eq!((&report["canary"], &report["failures"]), (&true.into(), &serde_json::json!([])), "{report}");
    }
}

#[test]
fn what_a_budget_leaves_out_is_said() {
    let site = pages(9);
    for (budget, read, said) in [
        ("budget = { requests = 4 }", 4, "may use 4 requests"),
        ("budget = { bytes = 1 }", 1, "may use 1 bytes"),
        ("budget = { depth = 2 }", 3, "may use 2 steps"),
    ] {
        let place = Place::new();
        place.write("data/caifeng.toml", site.config(&["/feed/1"], budget));
        let sweep = || place.run("sweep --all --data data --json").ends(0).json().remove(0);
        let first = sweep();
        assert_eq!((&first["requests"], &first["new"]), (&read.into(), &(read * POSTS).into()), "{first}");
        // Nobody promised to read all that was ever said, but nobody is silent about it.
        assert_eq!((&first["unasked"], &first["failures"]), (&1.into(), &serde_json::json!([])), "{first}");
        let record = place.run("record --data data").ends(0);
        assert!(record.out.contains("1 left out"), "{record}");
        let report = sweep();
        let failures = report["failures"].as_array().unwrap();
        assert_eq!((failures.len(), failures[0]["kind"].as_str()), (1, Some("budget")), "{report}");
        let detail = failures[0]["detail"].as_str().unwrap();
        assert!(detail.contains(said) && detail.contains("raise budget"), "{detail}");
        let shown = place.run("sweep --all --data data").ends(0);
        assert!(shown.err.contains("were left out"), "{shown}");
        let fresh = Place::new();
        fresh.write("data/caifeng.toml", site.config(&["/feed/1"], budget));
        let shown = fresh.run("sweep --all --data data").ends(0);
        assert!(shown.err.contains("1 pages were left out"), "{shown}");
    }
    let place = Place::new();
    place.write("data/caifeng.toml", site.config(&["/feed/1"], ""));
    let report = place.run("sweep --all --data data --json").ends(0).json().remove(0);
    assert_eq!((&report["requests"], &report["failures"]), (&9.into(), &serde_json::json!([])));
}

#[test]
fn what_the_operator_vouches_for_is_said_recorded_and_ended() {
    let site = pages(1);
    let place = Place::new();
    let host = site.at.to_string();
    place.write("data/caifeng.toml", site.config(&["/feed/1"], ""));
    let swept = place.run("sweep --all --data data").ends(0);
    assert!(swept.err.contains(&format!("robots.txt is not asked at {host}")), "{swept}");
    assert!(swept.err.contains("our own test"), "{swept}");
    assert!(site.asked().iter().all(|head| !head.contains("robots.txt")));
    let permissions = || place.run("audit permissions --data data --json").ends(0).json();
    let since = permissions()[0]["since"].clone();
    place.run("sweep --all --data data").ends(0);
    assert_eq!(permissions(), [serde_json::json!({"host": host, "reason": "our own test", "since": since})]);
    let shown = place.run("audit permissions --data data").ends(0);
    assert!(shown.out.starts_with(&format!("{host}  since 20")), "{shown}");
    let before = place.run("audit verify --data data --json").ends(0).json().remove(0);
    // Without the declaration the site's rules are asked again, and there are none.
    let config = site.config(&["/feed/1"], "");
    let without =
        config.lines().filter(|line| !["[[network.", "host", "reason", "pace"].iter().any(|key| line.starts_with(key)));
    place.write("data/caifeng.toml", without.collect::<Vec<_>>().join("\n"));
    let swept = place.run("sweep --all --data data").ends(0);
    assert!(!swept.err.contains("robots.txt"), "{swept}");
    assert!(site.asked().iter().any(|head| head.contains("get /robots.txt")));
    assert!(permissions().is_empty());
    let after = place.run("audit verify --data data --json").ends(0).json().remove(0);
    assert_eq!(after["events"].as_i64().unwrap(), before["events"].as_i64().unwrap() + 1, "{after}");
}

#[test]
fn secrets_that_others_can_read_stop_everything() {
    let site = pages(1);
    let place = Place::new();
    place.write("data/caifeng.toml", site.config(&["/feed/1"], ""));
    let file = place.write("data/secrets.toml", "[nosuch]\naccess-token = \"hunter2hunter2\"\n");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let refused = place.run("sweep --all --data data").ends(2);
    assert!(refused.err.contains("chmod 600") && !refused.err.contains("hunter2"), "{refused}");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let swept = place.run("sweep --all --data data").ends(0);
    assert!(swept.err.contains("not installed: [nosuch]") && !swept.err.contains("hunter2"), "{swept}");
    place.write("data/secrets.toml", "[feed]\ntoken = hunter2hunter2\n");
    let refused = place.run("sweep --all --data data").ends(2);
    assert!(refused.err.contains("secrets.toml:2") && !refused.err.contains("hunter2"), "{refused}");
}

#[test]
fn a_robots_txt_is_judged_line_by_line() {
    let place = Place::new();
    place.write("robots.txt", "User-agent: *\nDisallow: /inner\n\nUser-agent: newsbot\nDisallow: /\n");
    let judged = |agent: &str| {
        let urls = "http://a.cn/ http://a.cn/inner/x http://a.cn/robots.txt";
        place.run(&format!("robots robots.txt {agent} {urls}")).ends(0).out
    };
    assert_eq!(judged(""), "allowed\ndisallowed\nallowed\n");
    assert_eq!(judged("--agent NewsBot"), "disallowed\ndisallowed\nallowed\n");
    assert_eq!(judged("--agent NewsBot/2.1"), "disallowed\ndisallowed\nallowed\n");
    place.run("robots missing.txt http://a.cn/").ends(2);
    place.run("robots robots.txt").ends(2);
}
