//! Whole sweeps, over recordings and made-up answers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use caifeng_plugin_host::contract::Request;

use super::failing::{DETAIL, with_advice};
use super::*;
use crate::clock::SetClock;
use crate::config::Config;
use crate::daemon::{Daemon, Parts};
use crate::directory::Directory;
use crate::evidence::archive::Archive;
use crate::evidence::warc::{Exchange, Sent, Writer};
use crate::fetch::replay::{self, Replay};
use crate::fetch::validator::Validator;
use crate::fetch::{FetchError, Fetched, Made};
use crate::plugins::{Origin, Registry};
use crate::store::PostQuery;
use caifeng_plugin_host::engine::{EngineConfig, Trap};

/// 2026-03-09T12:00:00+08:00.
const NOW: Timestamp = 1_773_028_800;
const HOUR: i64 = 3600;

/// A data directory, what it hears and the time.
struct World {
    dir: tempfile::TempDir,
    clock: Arc<SetClock>,
    sweeper: Sweeper,
    runtime: tokio::runtime::Runtime,
}

impl World {
    /// One watch `w` of `plugin`; `more` stands in it. `None`, with a note, where plugins were not built.
    fn new(plugin: &str, target: &str, more: &str) -> Option<Self> {
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins");
        if !plugins.join("feed.wasm").exists() {
            println!("skipped: no plugins in target/plugins; run make plugins");
            return None;
        }
        let (dir, clock) = (tempfile::tempdir().unwrap(), Arc::new(SetClock::new(NOW)));
        let kind = if target.starts_with("http") { "listing" } else { "keyword" };
        let config = format!(
            "[[topic]]\nname = \"路灯\"\nany = [\"路灯\"]\n[[watch]]\nid = \"w\"\nplugin = \"{plugin}\"\n\
             target = {{ {kind} = \"{target}\" }}\n{more}\n"
        );
        let own = Directory::at(dir.path()).plugins();
        let daemon = Daemon::open(Parts {
            directory: Directory::at(dir.path()),
            config: Config::parse(&config, Path::new("caifeng.toml")).unwrap(),
            follow: true,
            file: None,
            recording: None,
            registry: Arc::new(Registry::read(&[(plugins, Origin::Shipped), (own, Origin::Installed)]).unwrap()),
            engine: Engine::new(EngineConfig::default()).unwrap(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
        });
        let sweeper = daemon.unwrap().sweeper;
        Some(Self { dir, clock, sweeper, runtime: tokio::runtime::Runtime::new().unwrap() })
    }

    fn replays(mut self, pages: &[(String, String)]) -> Self {
        let mut writer = Writer::new(Vec::new(), false, [7; 16]);
        for (url, body) in pages {
            let sent = Sent { method: "GET".to_owned(), url: url.clone(), headers: Vec::new(), body: Vec::new() };
            let kind = if body.starts_with("<feed") { "application/atom+xml" } else { "text/html" };
            let headers = vec![("Content-Type".to_owned(), format!("{kind}; charset=utf-8"))];
            let body = body.clone().into_bytes();
            writer.exchange(&Exchange { date: NOW, sent, status: 200, headers, body }).unwrap();
        }
        let archive = Archive::from_bytes(writer.finish().unwrap()).unwrap();
        self.sweeper.fetcher = Arc::new(Fetcher::Replay(Replay::new(archive)));
        self
    }

    fn makes(self, made: impl Fn(&Request) -> Fetched + Send + Sync + 'static) -> Self {
        self.tries(move |request| Ok(made(request)))
    }

    fn tries(mut self, made: impl Fn(&Request) -> Result<Fetched, FetchError> + Send + Sync + 'static) -> Self {
        self.sweeper.fetcher = Arc::new(Fetcher::Made(Made(Box::new(made))));
        self
    }

    fn try_sweep(&self) -> Result<SweepTally, StoreError> {
        let watch = self.sweeper.reader.watches().unwrap().remove(0).watch;
        Ok(self.runtime.block_on(self.sweeper.sweep(&watch, When::Live))?.tally)
    }

    fn sweep(&self) -> SweepTally {
        self.try_sweep().unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "a test looks behind the store")]
    fn db(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("caifeng.db")).unwrap()
    }
}

/// Page `n` of a feed: three posts, eight hours older than those of the page before it.
fn page(n: i64, pages: i64) -> String {
    let mut feed = String::from("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>清河</title>");
    if n < pages {
        let _ = write!(feed, "<link rel=\"prev-archive\" href=\"/feed/{}\"/>", n + 1);
    }
    for post in 0..3 {
        let at = crate::clock::rfc3339(NOW - (n - 1) * 8 * HOUR - post * HOUR);
        let _ = write!(
            feed,
            "<entry><id>p{n}-{post}</id><title>路灯坏了，第{n}页第{post}条</title><link href=\"/p/{n}/{post}\"/>\
             <published>{at}</published><updated>{at}</updated></entry>"
        );
    }
    feed + "</feed>"
}

const FEED: &str = "https://bbs.example/feed/1";

fn archive(pages: i64) -> Vec<(String, String)> {
    (1..=pages).map(|n| (format!("https://bbs.example/feed/{n}"), page(n, pages))).collect()
}

#[test]
fn every_post_of_a_crawl_has_the_capture_of_its_own_page() {
    let Some(world) = World::new("feed", FEED, "") else { return };
    let mut pages = archive(5);
    // As another program may write the address of a page down.
    pages[2].0 = "https://BBS.example:443/feed/3".to_owned();
    let world = world.replays(&pages);
    let tally = world.sweep();
    assert_eq!((tally.pages, tally.new, tally.failures), (5, 15, vec![]));
    let reader = &world.sweeper.reader;
    let posts = reader.posts(&PostQuery::default()).unwrap();
    let incidents: std::collections::BTreeSet<_> = posts.iter().filter_map(|post| post.incident).collect();
    let proofs: Vec<_> = incidents.into_iter().flat_map(|incident| reader.proofs(incident).unwrap()).collect();
    for post in &posts {
        let n = post.id.split_once('p').unwrap().1.rsplit_once('-').unwrap().0.rsplit('p').next().unwrap().to_owned();
        let own = proofs.iter().filter(|proof| proof.row == post.row).map(|proof| proof.capture.url.to_lowercase());
        let own: Vec<_> = own.collect();
        assert!(own.len() == 1 && own[0].ends_with(&format!("/feed/{n}")), "{}: {own:?}", post.id);
    }
    let captures: i64 = world.db().query_row("SELECT count(*) FROM capture", [], |r| r.get(0)).unwrap();
    assert_eq!(captures, 5, "each answer once");
}

#[test]
fn an_archive_beyond_the_budget_is_no_failure_of_the_first_sweep_and_not_read_again() {
    let Some(world) = World::new("feed", FEED, "budget = { requests = 10 }") else { return };
    let world = world.replays(&archive(40));
    let first = world.sweep();
    assert_eq!((first.requests, first.unasked, &first.failures), (10, 1, &vec![]));
    assert_eq!(world.sweeper.reader.heard_until("w").unwrap(), (Some(NOW), None));
    world.clock.set(NOW + HOUR);
    let second = world.sweep();
    assert!(second.requests <= 6 && second.unasked == 0 && second.failures.is_empty(), "{second:?}");
    // What is left out of what is said since is told, once.
    let little = Limits { requests: 2, ..Limits::default() };
    world.sweeper.budgets.set(HashMap::from([("w".to_owned(), little)]));
    let third = world.sweep();
    assert_eq!((third.failures.len(), third.failures[0].kind, third.unasked), (1, FailureKind::Budget, 1));
    assert!(third.failures[0].detail.contains("may use 2 requests"), "{third:?}");
}

#[test]
fn a_sweep_that_takes_too_long_keeps_what_it_read_and_says_what_it_left() {
    let Some(world) = World::new("feed", FEED, "") else { return };
    let clock = Arc::clone(&world.clock);
    let slow = move |request: &Request| {
        clock.set(clock.now() + 16 * 60);
        let n = request.url.rsplit('/').next().unwrap().parse().unwrap();
        replay::saved(&request.url, Some("application/atom+xml"), page(n, 9).as_bytes(), NOW)
    };
    let world = world.makes(slow);
    let first = world.sweep();
    assert_eq!((first.pages, first.new, first.unasked, first.failures), (2, 6, 1, vec![]));
    let second = world.sweep();
    assert_eq!((second.pages, second.unasked, second.failures[0].kind), (2, 1, FailureKind::Budget));
    assert!(second.failures[0].detail.contains("30 minutes"), "{second:?}");
}

/// A government's list of notices, and one notice for each address that it names.
fn notices(request: &Request) -> Fetched {
    let body = if request.url.contains("/t20") { NOTICE } else { LIST };
    replay::saved(&request.url, Some("text/html"), body.as_bytes(), NOW)
}

const NOTICES: &str = "https://www.qinghe.example/zwgk/tzgg/";
const LIST: &str = include_str!("../../../plugins/news/fixtures/gov-list/body.html");
const NOTICE: &str = include_str!("../../../plugins/news/fixtures/gov-article/body.html");

#[test]
fn what_was_learnt_of_pages_outlives_a_sweep_that_breaks_off() {
    let Some(world) = World::new("news", NOTICES, "") else { return };
    let asked = AtomicU64::new(0);
    let world = world.makes(move |request| {
        let notice = request.url.contains("/t20");
        assert!(!notice || asked.fetch_add(1, Ordering::Relaxed) < 2, "the test breaks the sweep off");
        let etag = notice.then(|| "\"1\"".to_owned());
        Fetched { validator: Some(Validator { etag, modified: None }), ..notices(request) }
    });
    let tally = world.sweep();
    assert_eq!(
        (tally.failures[0].kind, tally.new > 0, tally.unasked > 0),
        (FailureKind::Trap, true, true),
        "{tally:?}"
    );
    let known: i64 = world.db().query_row("SELECT count(*) FROM known_page", [], |r| r.get(0)).unwrap();
    assert!(known >= 1, "the notice that was read to the end");
}

#[test]
fn what_the_canary_costs_is_counted() {
    let canary = format!("canary = \"{NOTICES}202001/t20200102_80001.html\"");
    let Some(world) = World::new("news", NOTICES, &canary) else { return };
    let asked = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&asked);
    let world = world.makes(move |request| {
        counted.fetch_add(1, Ordering::Relaxed);
        notices(request)
    });
    let tally = world.sweep();
    assert_eq!((tally.canary, &tally.failures), (Some(true), &vec![]));
    assert_eq!(tally.requests, asked.load(Ordering::Relaxed));
}

#[test]
fn a_past_that_cannot_be_read_leaves_no_sweep_open() {
    let Some(world) = World::new("feed", FEED, "") else { return };
    let world = world.replays(&archive(1));
    world.sweep();
    let broken = "INSERT INTO sweep (watch, started, ended, newest) VALUES ('w', ?1, ?1, 'no number')";
    world.db().execute(broken, [NOW]).unwrap();
    world.clock.set(NOW + HOUR);
    world.try_sweep().unwrap_err();
    let last = "SELECT ended, failures FROM sweep ORDER BY id DESC LIMIT 1";
    let (ended, failures): (Option<i64>, String) =
        world.db().query_row(last, [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
    assert!(ended.is_some() && failures.contains("refused"), "{failures}");
}

#[test]
fn a_plugin_at_fault_three_times_rests_until_it_is_resumed() {
    let Some(world) = World::new("feed", FEED, "") else { return };
    let world = world.replays(&archive(2));
    let watch = world.sweeper.reader.watches().unwrap().remove(0).watch;
    for fault in ["1: trap", "2: trap", "2: trap"] {
        world.sweeper.note_trap(&watch, fault);
    }
    assert_eq!(world.sweep().failures, [], "two distinct ones are pages that are broken");
    world.sweeper.note_trap(&watch, "3: trap");
    let failures = world.sweep().failures;
    assert_eq!(failures[0].kind, FailureKind::Refused);
    for said in ["plugin feed", "is suspended since", "caifeng plugin resume feed", "the last was: 3: trap"] {
        assert!(failures[0].detail.contains(said), "{said}: {failures:?}");
    }
    // The daemon need not be told: the file says who rests.
    let directory = Directory::at(world.dir.path());
    assert!(crate::plugins::suspension::Suspensions::of(&directory).resume("feed").unwrap());
    assert_eq!(world.sweep().failures, []);
    // What was recorded shows its faults each time.
    let recorded = Watch { recorded: true, ..watch };
    (0..9).for_each(|fault| world.sweeper.note_trap(&recorded, &fault.to_string()));
    assert_eq!(world.sweep().failures, []);
}

/// Who labelled each post, by its id; none of them twice.
fn labelled_by(world: &World) -> BTreeMap<String, Vec<String>> {
    let by = |post: &crate::store::model::PostRow| {
        let own = post.labels.iter().map(|label| label.by.clone()).filter(|by| by.starts_with("triage"));
        own.collect::<BTreeSet<_>>().into_iter().collect()
    };
    world.sweeper.reader.posts(&PostQuery::default()).unwrap().iter().map(|post| (post.id.clone(), by(post))).collect()
}

/// The shipped classifier as its author's next version.
fn install_next(world: &World) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugins/triage.wasm");
    let mut file = std::fs::read(shipped).unwrap();
    let (old, new) = (b"version = \"0.1.0\"", b"version = \"0.1.1\"");
    let at = file.windows(old.len()).rposition(|window| window == old).unwrap();
    file[at..at + new.len()].copy_from_slice(new);
    let own = Directory::at(world.dir.path()).plugins();
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("triage.wasm"), file).unwrap();
}

#[test]
fn a_new_version_of_a_classifier_takes_over_between_sweeps_and_what_is_under_way_ends_with_the_old() {
    let Some(world) = World::new("feed", FEED, "") else { return };
    let world = world.replays(&archive(1));
    world.sweep();
    let first = labelled_by(&world);
    assert!(!first.is_empty() && first.values().all(|by| *by == ["triage@0.1.0"]), "{first:?}");
    let under_way = world.sweeper.pipeline.held();
    install_next(&world);
    let triage = |pipeline: &crate::ingest::Pipeline| {
        let voices = pipeline.voices.now();
        voices.iter().map(|voice| voice.by.clone()).filter(|by| by.starts_with("triage")).collect::<Vec<_>>()
    };
    assert_eq!(triage(&world.sweeper.pipeline), ["triage@0.1.1"]);
    assert_eq!(triage(&under_way), ["triage@0.1.0"]);
    // Older pages are new to the store; what was labelled keeps its votes.
    let world = world.replays(&archive(3));
    world.sweep();
    let all = labelled_by(&world);
    assert!(all.len() > first.len(), "{all:?}");
    for (id, by) in &all {
        let wanted = if first.contains_key(id) { "triage@0.1.0" } else { "triage@0.1.1" };
        assert_eq!(*by, [wanted], "{id}");
    }
    // A file that is no plugin changes nothing.
    std::fs::write(Directory::at(world.dir.path()).plugins().join("triage.wasm"), "no plugin").unwrap();
    assert_eq!(triage(&world.sweeper.pipeline), ["triage@0.1.1"]);
    let calls = world.sweeper.plugins.tally.all();
    let of = |plugin: &str, version: &str| {
        let own = calls.iter().filter(|((id, own, _), _)| id == plugin && own == version);
        own.map(|(_, course)| course.all()).sum::<u64>()
    };
    assert!(of("triage", "0.1.0") > 0 && of("triage", "0.1.1") > 0 && of("feed", "0.1.0") > 0, "{calls:?}");
}

#[test]
fn a_classifier_at_fault_three_times_rests_and_costs_no_sweep() {
    let Some(world) = World::new("feed", FEED, "") else { return };
    let world = world.replays(&archive(1));
    let voices = world.sweeper.pipeline.voices.now();
    let voice = voices.iter().find(|voice| voice.by.starts_with("triage")).unwrap();
    let oversight = voice.oversight.as_ref().unwrap();
    let fault = |post: &str| oversight.note_fault(voice.classifier.artifact(), post, &Trap::Stack.into());
    ["/1", "/2", "/2"].into_iter().for_each(fault);
    assert!(oversight.resting(voice.classifier.artifact()).is_none(), "two posts that it cannot read");
    fault("/3");
    assert_eq!(world.sweep().failures, []);
    assert!(labelled_by(&world).values().all(Vec::is_empty));
    let directory = Directory::at(world.dir.path());
    assert!(crate::plugins::suspension::Suspensions::of(&directory).resume("triage").unwrap());
    let world = world.replays(&archive(2));
    world.sweep();
    assert!(labelled_by(&world).values().any(|by| *by == ["triage@0.1.0"]));
}

#[test]
fn advice_is_never_cut_off() {
    let long = "登录".repeat(DETAIL);
    let advised = with_advice(long, Some("no secret \"login\" is set: write it"));
    assert!(advised.len() <= DETAIL && advised.ends_with("; no secret \"login\" is set: write it"), "{advised}");
    assert_eq!(with_advice("a".to_owned(), None), "a");
}

/// A search of Weibo that shows one long post, cut.
fn cut_post(request: &Request, now: Timestamp) -> Fetched {
    const CUT: &str = r#"{"ok":1,"data":{"cardlistInfo":{"containerid":"100103type=61"},"cards":[{"card_type":9,"mblog":{"id":"5274100003456789","mid":"5274100003456789","created_at":"Mon Mar 09 11:00:00 +0800 2026","text":"城东路灯又坏了...<a href=\"/status/5274100003456789\">全文</a>","isLongText":true,"reposts_count":1,"comments_count":2,"attitudes_count":3,"user":{"id":1000000019,"screen_name":"qh"}}}]}}"#;
    const WHOLE: &str = r#"{"ok":1,"data":{"ok":1,"longTextContent":"城东路灯又坏了，从桥西路到河边都是黑的。"}}"#;
    let body = if request.step == "long" { WHOLE } else { CUT };
    replay::saved(&request.url, Some("application/json; charset=utf-8"), body.as_bytes(), now)
}

#[test]
fn a_long_text_that_could_not_be_fetched_is_heard_by_the_next_sweep_and_never_as_an_excerpt() {
    let Some(world) = World::new("weibo", "城东 路灯", "settings = { pages = \"1\" }") else { return };
    let down = Arc::new(AtomicU64::new(1));
    let (site, clock) = (Arc::clone(&down), Arc::clone(&world.clock));
    let world = world.tries(move |request| match (request.step.as_str(), site.load(Ordering::Relaxed)) {
        ("long", 1) => Err(FetchError::Network { detail: "connection reset".to_owned() }),
        _ => Ok(cut_post(request, clock.now())),
    });
    let first = world.sweep();
    assert_eq!((first.new, first.failures.len(), first.failures[0].kind), (0, 1, FailureKind::Network), "{first:?}");
    // Days pass, the site recovers, and the post is older than what a watch that had heard it would ask for.
    world.clock.set(NOW + 3 * 24 * HOUR);
    down.store(0, Ordering::Relaxed);
    let second = world.sweep();
    assert_eq!((second.new, second.changed, second.failures), (1, 0, vec![]));
    let post = world.sweeper.reader.posts(&PostQuery::default()).unwrap().remove(0);
    assert_eq!((post.version, post.text.as_str()), (1, "城东路灯又坏了，从桥西路到河边都是黑的。"));
}

/// Transactions in the log: frames that say how large the database is after them (SQLite's file format, 4.1).
fn transactions(world: &World) -> usize {
    const HEAD: usize = 32;
    const FRAME: usize = 24 + 4_096;
    let log = std::fs::read(world.dir.path().join("caifeng.db-wal")).unwrap();
    log[HEAD..].chunks_exact(FRAME).filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn pages_of_a_sweep_share_a_transaction_and_each_post_has_the_capture_of_its_own_page() {
    let Some(mut world) = World::new("news", NOTICES, "") else { return };
    // Time stands still while a page is read: none waits too long for the others.
    world.runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let days = ["03/t20260308_81024", "03/t20260307_81011", "03/t20260306_80990", "03/t20260303_80961"];
    let notices = days.iter().map(|day| (format!("{NOTICES}2026{day}.html"), NOTICE.to_owned()));
    let pages: Vec<_> = std::iter::once((NOTICES.to_owned(), LIST.to_owned())).chain(notices).collect();
    let world = world.replays(&pages);
    let before = transactions(&world);
    assert_eq!(world.sweep().new, 4);
    assert_eq!(transactions(&world) - before, 3, "begun, stored with its evidence, ended");
    let own = "SELECT count(*) FROM post p JOIN post_capture pc ON pc.row = p.row JOIN capture c ON c.id = pc.capture
               WHERE c.url = p.url AND c.sweep = p.sweep";
    assert_eq!(world.db().query_row(own, [], |r| r.get::<_, i64>(0)).unwrap(), 4);
}
