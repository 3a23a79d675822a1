//! What was acknowledged is on disk, exactly once, whatever happens to the
//! process: kill −9 at any moment, a full disk, two of them at once.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod people;
mod recording;
mod site;
mod terminal;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use terminal::{Place, Running};

/// Feeds in the recording; each has three posts.
const FEEDS: usize = 150;

/// KiB that a file may have on a disk that is almost full: more than the memory of the largest plugin (which is a file
/// to the system), less than the store's log of [`FEEDS`] sweeps.
const SPACE: u32 = 4_096;

const SWEEP: &str = "sweep --plugin feed --replay many.warc.gz --data data --json";

fn place_with_many(feeds: usize) -> Place {
    let place = Place::new();
    recording::write(&place.path("many.warc.gz"), &recording::many(feeds));
    place
}

/// The feed that a printed report is about; a line that was cut off is no report.
fn acknowledged(line: &str) -> Option<usize> {
    let report: serde_json::Value = serde_json::from_str(line).ok()?;
    let url = report["watch"].as_str()?;
    assert_eq!(report["failures"], serde_json::json!([]), "{report}");
    url.strip_prefix("https://site")?.strip_suffix(".example/feed.xml")?.parse().ok()
}

/// What is stored, by site and id, and that each post is there once, whole and in one incident.
fn stored(place: &Place) -> BTreeSet<(String, String)> {
    let mut keys = BTreeSet::new();
    let mut in_incident: BTreeMap<i64, u64> = BTreeMap::new();
    let posts = place.run("posts --data data --json").ends(0).json();
    for post in &posts {
        let key = (post["site"].as_str().unwrap().to_owned(), post["id"].as_str().unwrap().to_owned());
        assert!(keys.insert(key), "stored twice: {post}");
        assert_eq!(post["version"], 1, "nothing changed: {post}");
        *in_incident.entry(post["incident"].as_i64().expect("every post is a mention")).or_default() += 1;
    }
    let incidents = place.run("incident list --data data --json").ends(0).json();
    let counted: BTreeMap<_, _> =
        incidents.iter().map(|i| (i["id"].as_i64().unwrap(), i["posts"].as_u64().unwrap())).collect();
    assert_eq!(counted, in_incident, "incident list count their posts");
    place.run("audit verify --data data").ends(0);
    keys
}

#[track_caller]
fn assert_holds(stored: &BTreeSet<(String, String)>, feed: usize) {
    for id in recording::many_ids(feed) {
        // The plugin puts the feed's path before the ids of its items.
        let key = (format!("site{feed}.example"), format!("/feed.xml#{id}"));
        assert!(stored.contains(&key), "acknowledged and lost: {id}");
    }
}

#[test]
fn kill_9_in_a_loop_loses_and_doubles_nothing() {
    let place = place_with_many(FEEDS);
    let mut acknowledged_so_far = BTreeSet::new();
    let mut partly = 0;
    // Each round reads so many reports before the kill; later rounds get further into what is new.
    for reports in [1, 2, 9, 10, 31, 45, 64, 65, 90, 115] {
        let mut sweep = place.start(SWEEP);
        let mut lines: Vec<String> = (0..reports).map(|_| sweep.line().expect("a report")).collect();
        // What had been printed when it died counts as well.
        lines.extend(sweep.kill().lines().map(str::to_owned));
        acknowledged_so_far.extend(lines.iter().filter_map(|line| acknowledged(line)));
        assert!(acknowledged_so_far.len() >= reports, "{reports}");
        let stored = stored(&place);
        acknowledged_so_far.iter().for_each(|&feed| assert_holds(&stored, feed));
        assert_eq!(stored.len() % 3, 0, "a page is stored whole or not at all");
        partly += usize::from(stored.len() < FEEDS * 3);
    }
    assert!(partly >= 8, "the kills came too late to matter: {partly}");

    place.run(SWEEP).ends(0);
    let all = stored(&place);
    (0..FEEDS).for_each(|feed| assert_holds(&all, feed));
    assert_eq!(all.len(), FEEDS * 3);
    let again = place.run(SWEEP).ends(0);
    for report in again.json() {
        let added = ["new", "changed", "matched"].map(|key| report[key].as_u64().unwrap());
        assert_eq!(added, [0, 0, 0], "{report}");
    }
    assert_eq!(stored(&place), all);
}

/// The same posts give the same incidents, whether or not the process died between them.
#[test]
fn a_kill_does_not_change_what_is_grouped() {
    let place = place_with_many(40);
    let mut sweep = place.start(SWEEP);
    for _ in 0..15 {
        sweep.line().expect("a report");
    }
    sweep.kill();
    place.run(SWEEP).ends(0);
    let grouped = |place: &Place| -> Vec<(String, u64)> {
        let incidents = place.run("incident list --data data --json").ends(0).json();
        let mut of: Vec<_> =
            incidents.iter().map(|i| (i["title"].as_str().unwrap().to_owned(), i["posts"].as_u64().unwrap())).collect();
        of.sort();
        of
    };
    let undisturbed = place_with_many(40);
    undisturbed.run(SWEEP).ends(0);
    let (with, without) = (grouped(&place), grouped(&undisturbed));
    assert!(with.iter().any(|(_, posts)| *posts > 5), "the same story is one incident: {with:?}");
    assert_eq!(with, without);
}

/// A sweep of a real site dies while it waits for a page: what was read before is there, and the next sweep ends it.
#[test]
fn a_kill_in_the_middle_of_a_site_loses_and_doubles_nothing() {
    const PAGES: usize = 12;
    let (reached, waiting) = std::sync::mpsc::sync_channel(64);
    let stuck = std::sync::Arc::new(AtomicUsize::new(0));
    let site = site::Site::serve({
        let stuck = std::sync::Arc::clone(&stuck);
        move |path, _| {
            let n = path.trim_start_matches("/feed/").parse().unwrap();
            if n == stuck.load(Ordering::SeqCst) {
                reached.send(()).unwrap();
                // Until the visitor is dead, and longer.
                std::thread::park();
            }
            ("200 OK\r\nContent-Type: application/atom+xml".to_owned(), site::archive(n, PAGES))
        }
    });
    let place = Place::new();
    place.write("data/caifeng.toml", site.config(&["/feed/1"], ""));
    for at in [2, 3, 7, 12] {
        stuck.store(at, Ordering::SeqCst);
        let sweep = place.start("sweep --all --data data --json");
        waiting.recv_timeout(terminal::DEADLINE).unwrap();
        sweep.kill();
        assert_eq!(stored(&place).len(), (at - 1) * site::POSTS, "all that was read before page {at}");
    }
    stuck.store(0, Ordering::SeqCst);
    let whole = place.run("sweep --all --data data --json").ends(0).json().remove(0);
    assert_eq!((&whole["failures"], whole["new"].as_u64()), (&serde_json::json!([]), Some(site::POSTS as u64)));
    assert_eq!(stored(&place).len(), PAGES * site::POSTS);
}

/// What was read of a site is on disk although the site keeps the next page for ever, and a kill cannot take it.
#[test]
#[allow(clippy::disallowed_methods, reason = "the site writes today's date, as the sweep will understand it")]
fn what_was_read_does_not_wait_for_a_page_that_never_comes() {
    let (reached, waiting) = std::sync::mpsc::sync_channel(64);
    let today = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let site = site::Site::serve(move |path, _| {
        let page = |body: String| ("200 OK\r\nContent-Type: text/html; charset=utf-8".to_owned(), body);
        let title = |n: usize| format!("清河县第{n}片区三月停水通知");
        match path.trim_start_matches("/n/").trim_end_matches(".html").parse::<usize>() {
            Ok(3) => {
                reached.send(()).unwrap();
                // Until the visitor is dead, and longer.
                std::thread::park();
                page(String::new())
            }
            Ok(n) => page(format!(
                "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>发布时间：{today}</p><div><p>{1}</p></div></body></html>",
                title(n),
                "因管网改造，城东片区将于明日八时至十八时停水，请居民提前储水，由此带来的不便敬请谅解。".repeat(4)
            )),
            Err(_) => {
                let rows =
                    (1..=6).map(|n| format!("<li><a href=\"/n/{n}.html\">{}</a><span>{today}</span></li>", title(n)));
                page(format!("<html><body><ul class=\"list\">{}</ul></body></html>", rows.collect::<String>()))
            }
        }
    });
    let place = Place::new();
    place.write("data/caifeng.toml", site.config(&["/list/"], "").replace("\"feed\"", "\"news\""));
    let sweep = place.start("sweep --all --data data --json");
    waiting.recv_timeout(terminal::DEADLINE).unwrap();
    // Each look starts a process, which takes its time; half a second is enough for the two pages before the third.
    let seen = (0..200).any(|_| place.run("posts --data data --json").ends(0).json().len() == 2);
    sweep.kill();
    assert!(seen);
    assert_eq!(stored(&place).len(), 2);
}

fn configured() -> Place {
    let place = place_with_many(30);
    place.write("data/caifeng.toml", "[organisation]\nname = \"县局\"\n");
    place
}

#[test]
fn one_process_owns_a_data_directory() {
    let place = configured();
    let (mut daemon, _) = place.serve("--data data");
    let second = place.run("serve --bind 127.0.0.1:0 --data data").ends(1);
    assert!(second.err.contains(&format!("process {}", daemon.id())), "{second}");
    // Whoever wants to write asks the owner, and sees the same reports.
    let swept = place.run("sweep --plugin feed --replay many.warc.gz --data data").ends(0);
    assert!(swept.out.contains("\n30 sweeps, 30 heard: 90 new posts"), "{swept}");
    let again = place.run(SWEEP).ends(0).json();
    assert_eq!(again.iter().map(|report| report["new"].as_u64().unwrap()).collect::<Vec<_>>(), [0; 30]);
    // Wrong orders end as they do without a daemon.
    place.run("sweep nosuch --data data").ends(2);
    place.run("sweep --plugin nosuch --replay many.warc.gz --data data").ends(2);
    place.run("sweep --plugin feed --replay missing.warc.gz --data data").ends(2);
    // Readers need nobody.
    assert_eq!(stored(&place).len(), 90);
    assert!(daemon.terminate().success());
}

#[test]
fn nonsense_on_the_socket_is_refused_and_harms_nobody() {
    let place = configured();
    let (mut daemon, _) = place.serve("--data data");
    for nonsense in [&b"not json\n"[..], b"{\"selection\":\"all\"", b"\xff\xfe\n", b""] {
        let mut socket = UnixStream::connect(place.path("data/caifeng.sock")).unwrap();
        socket.write_all(nonsense).unwrap();
        socket.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut socket, &mut answer).unwrap();
        assert!(answer.is_empty() || answer.contains("failed"), "{answer}");
    }
    place.run(SWEEP).ends(0);
    assert!(daemon.terminate().success());
}

#[test]
fn a_daemon_that_is_told_to_stop_tidies_up() {
    let place = configured();
    let (mut daemon, _) = place.serve("--data data");
    let socket = place.path("data/caifeng.sock");
    assert!(socket.exists());
    assert_eq!(daemon.terminate().code(), Some(0));
    assert!(!socket.exists());
    // The next one finds nothing in its way.
    let (mut next, _) = place.serve("--data data");
    assert_eq!(next.terminate().code(), Some(0));
}

#[test]
fn a_killed_daemon_leaves_nothing_in_the_way() {
    let place = configured();
    let (daemon, _) = place.serve("--data data");
    daemon.kill();
    assert!(place.path("data/caifeng.sock").exists(), "it had no chance to remove it");
    place.run(SWEEP).ends(0);
    let (daemon, _) = place.serve("--data data");
    daemon.kill();
    let (mut daemon, _) = place.serve("--data data");
    assert_eq!(stored(&place).len(), 90);
    assert!(daemon.terminate().success());
}

/// `arguments` of `caifeng` under a soft limit on the size of files, in KiB:
/// to SQLite the same as a full disk, and nobody needs to be root.
fn with_little_space(place: &Place, kib: u32, arguments: &str) -> Command {
    let mut shell = place.program("sh");
    // POSIX counts in blocks of 512 bytes. The signal would end the process before it could say anything.
    let script = format!("trap '' XFSZ; ulimit -S -f {}; exec \"$0\" {arguments}", kib * 2);
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_caifeng")]);
    shell
}

#[test]
fn a_full_disk_is_said_and_loses_nothing() {
    let place = place_with_many(FEEDS);
    // The compiled plugins are there already: it is the store that meets the limit.
    place.run("sweep --all --data data").ends(2);
    let mut sweep = Running::spawn(with_little_space(&place, SPACE, SWEEP));
    let mut reports = Vec::new();
    while let Some(line) = sweep.line() {
        reports.extend(acknowledged(&line));
    }
    let nobody = sweep.error_line();
    assert!(nobody.contains("nobody has been added here yet"), "{nobody}");
    let error = sweep.error_line();
    assert_eq!(sweep.wait().code(), Some(70), "{error}");
    assert!(error.contains("the disk is full or failing"), "{error}");
    assert!(!reports.is_empty() && reports.len() < FEEDS, "{}", reports.len());
    let before = stored(&place);
    reports.iter().for_each(|&feed| assert_holds(&before, feed));
    // Somebody made room.
    place.run(SWEEP).ends(0);
    assert_eq!(stored(&place).len(), FEEDS * 3);
}

#[test]
fn a_daemon_outlives_a_full_disk() {
    if Command::new("prlimit").arg("--version").output().is_err() {
        println!("skipped: no prlimit here");
        return;
    }
    let place = place_with_many(FEEDS);
    place.write("data/caifeng.toml", "[organisation]\nname = \"县局\"\n");
    place.run("sweep --all --data data").ends(2);
    let mut daemon = Running::spawn(with_little_space(&place, SPACE, "serve --bind 127.0.0.1:0 --data data"));
    let address = daemon.address();
    let ready = || terminal::http(&address, &format!("GET /readyz HTTP/1.1\nHost: {address}\nConnection: close\n\n"));
    assert!(ready().starts_with("HTTP/1.1 200"), "{}", ready());
    let full = place.run(SWEEP).ends(70);
    assert!(ready().starts_with("HTTP/1.1 503") && ready().contains("the disk is full or failing"), "{}", ready());
    assert!(full.err.contains("the disk is full or failing"), "{full}");
    let before = stored(&place);
    full.json().iter().for_each(|report| assert_holds(&before, acknowledged(&report.to_string()).unwrap()));
    // Somebody makes room: the same daemon goes on.
    let id = daemon.id().to_string();
    assert!(Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited"]).status().unwrap().success());
    place.run(SWEEP).ends(0);
    assert!(ready().starts_with("HTTP/1.1 200"), "{}", ready());
    assert_eq!(stored(&place).len(), FEEDS * 3);
    assert!(daemon.terminate().success());
}

/// The daemon dies while people decide: what was acknowledged to one of them is there, once, and so is its clock.
#[test]
fn a_kill_between_a_decision_and_its_acknowledgement_loses_and_doubles_nothing() {
    let office = people::Office::new();
    office.run("li", "submit --text 桥东路的路灯坏了半个月没有人修").ends(0);
    office.li(1, "assess", "problem --reason 属实").ends(0);
    let mut acknowledged = office.version(1);
    let mut cut_off = 0;
    for wait in [1_usize, 3, 4, 6] {
        let (daemon, _) = office.place.serve("--data data");
        let levels = ["iv", "iii"];
        for n in 0..wait {
            let said = office.li(1, "level", &format!("{} --reason 第{n}次", levels[n % 2])).ends(0);
            acknowledged = said.out.trim().strip_prefix("1@").unwrap().split(' ').next().unwrap().parse().unwrap();
        }
        // One more is on its way when the daemon dies.
        let version = office.version(1);
        let mut last =
            office.place.caifeng(&format!("incident level 1@{version} i --reason 升级 --data data --token li.token"));
        let last = last.spawn().unwrap();
        daemon.kill();
        let ended = last.wait_with_output().unwrap();
        if ended.status.success() {
            acknowledged = version + 1;
        } else {
            cut_off += 1;
        }
        let now = office.version(1);
        assert!(
            now == acknowledged || !ended.status.success() && now == version + 1,
            "{acknowledged} was acknowledged, {now} is stored"
        );
        acknowledged = now;
        office.place.run("audit verify --data data").ends(0);
    }
    let case = office.case(1);
    let levels = case["events"].as_array().unwrap().iter().filter(|told| told["event"]["event"] == "level-set").count();
    assert_eq!(acknowledged, 1 + levels as i64, "each decision once: {cut_off} were cut off");
    office.li(1, "dismiss", "--reason 到此为止").ends(0);
}
