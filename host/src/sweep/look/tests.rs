//! Visits of a data directory without plugins, on a clock that is moved by hand.

#![expect(clippy::disallowed_methods, reason = "puts a post among those that were often looked at")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use caifeng_plugin_host::contract::{Kind, Post};
use caifeng_plugin_host::engine::{Engine, EngineConfig};
use tokio::net::TcpListener;

use super::*;
use crate::clock::SetClock;
use crate::config::Config;
use crate::daemon::{Daemon, Parts};
use crate::directory::Directory;
use crate::evidence::archive::Archive;
use crate::evidence::vault;
use crate::evidence::warc::{Exchange, Sent, Writer};
use crate::fetch::replay::Replay;
use crate::fetch::{Fetcher, Made};
use crate::store::Caller;
use crate::store::model::{Batch, PostRowId, Prepared, Submission};

/// 2026-07-01T00:00:00Z.
const NOW: Timestamp = 1_782_864_000;
const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

struct Rig {
    dir: tempfile::TempDir,
    sweeper: Sweeper,
    clock: Arc<SetClock>,
}

fn post(url: &str) -> Post {
    Post { text: format!("停水 {url}"), ..Post::new(Kind::Post, url, url) }
}

fn prepared(url: &str) -> Prepared {
    let (topics, tokens) = (Some(Vec::new()), "停水".to_owned());
    let telling = crate::text::telling::Telling::default();
    Prepared { telling, post: post(url), tokens, signature: None, links: Vec::new(), topics, labels: Vec::new() }
}

impl Rig {
    /// With a watch of `host`, which the operator lists as private.
    fn of(host: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(SetClock::new(NOW));
        let config = format!(
            "[network]\nprivate = [\"{host}\"]\n[[watch]]\nid = \"w\"\nplugin = \"feed\"\ntarget = {{ listing = \"http://{host}/feed\" }}\n"
        );
        let daemon = Daemon::open(Parts {
            directory: Directory::at(dir.path()),
            config: Config::parse(&config, Path::new("caifeng.toml")).unwrap(),
            follow: true,
            file: None,
            recording: None,
            registry: Arc::default(),
            engine: Engine::new(EngineConfig::default()).unwrap(),
            clock: Arc::clone(&clock) as Arc<dyn crate::clock::Clock>,
        })
        .unwrap();
        Self { dir, sweeper: daemon.sweeper, clock }
    }

    /// A post that `plugin` heard through the watch, as an incident of its own.
    fn hear(&self, plugin: &str, url: &str) -> PostRowId {
        let (store, now) = (&self.sweeper.store, self.now());
        let sweep = Some(store.begin_sweep("w", now).unwrap());
        let (plugin, site) = (plugin.to_owned(), "s".to_owned());
        store.ingest(Batch { sweep, plugin, site, captured: now, posts: vec![prepared(url)] }).unwrap();
        self.sweeper.reader.posts(&crate::store::PostQuery::default()).unwrap().iter().map(|p| p.row).max().unwrap()
    }

    fn now(&self) -> Timestamp {
        self.sweeper.clock.now()
    }

    fn later(&self, seconds: i64) {
        self.clock.set(self.now() + seconds);
    }

    fn due(&self) -> Vec<String> {
        let due = self.sweeper.reader.due_visits(self.now(), 50).unwrap();
        due.into_iter().map(|due| due.url).collect()
    }

    /// What the last look at a post found.
    fn last(&self, row: PostRowId) -> (String, String) {
        let look = self.sweeper.reader.life(row).unwrap().looks.pop().unwrap();
        (look.found, look.detail.unwrap_or_default())
    }

    fn answers(&mut self, url: &str, status: u16, body: &str) {
        let mut writer = Writer::new(Vec::new(), false, [7; 16]);
        let sent = Sent { method: "GET".to_owned(), url: url.to_owned(), headers: Vec::new(), body: Vec::new() };
        let body = body.as_bytes().to_vec();
        writer.exchange(&Exchange { date: self.now(), sent, status, headers: Vec::new(), body }).unwrap();
        let archive = Archive::from_bytes(writer.finish().unwrap()).unwrap();
        self.sweeper.fetcher = Arc::new(Fetcher::Replay(Replay::new(archive)));
    }

    fn db(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.dir.path().join("caifeng.db")).unwrap()
    }
}

/// A feed names addresses inside the network: of a bridge that the operator lists, and of anything else.
#[tokio::test]
async fn an_address_that_a_page_named_leads_nowhere_inside() {
    let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (host, knocks) = (trap.local_addr().unwrap().to_string(), Arc::new(AtomicU32::new(0)));
    let counted = Arc::clone(&knocks);
    tokio::spawn(async move {
        while trap.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let rig = Rig::of(&host);
    let bridge = rig.hear(SUBMITTED, &format!("http://{host}/admin"));
    let port = rig.hear(SUBMITTED, "http://127.0.0.1:1/");
    let inside = rig.hear(SUBMITTED, "http://127.0.0.1/");
    rig.later(15 * MINUTE);
    assert_eq!(rig.sweeper.visit_due(20).await.unwrap(), 3);
    for (row, said) in [(bridge, "not a public address"), (port, "port of its own"), (inside, "not a public address")] {
        let (found, detail) = rig.last(row);
        assert!(found == "unclear" && detail.contains(said), "{found}: {detail}");
    }
    assert_eq!(knocks.load(Ordering::SeqCst), 0, "an address inside was reached");
}

#[tokio::test]
async fn what_a_plugin_may_not_ask_nobody_asks_in_its_place() {
    let mut rig = Rig::of("bbs.example:80");
    let row = rig.hear("absent", "http://bbs.example/1");
    rig.answers("http://bbs.example/1", 404, "");
    rig.later(15 * MINUTE);
    assert_eq!(rig.sweeper.visit_due(20).await.unwrap(), 1);
    let (found, detail) = rig.last(row);
    assert!(found == "unclear" && detail.contains("no plugin \"absent\" is installed"), "{found}: {detail}");
    assert_eq!(rig.sweeper.reader.sweeps(Some("revisits of absent"), 1).unwrap()[0].tally.requests, 0);
}

#[tokio::test]
async fn the_pages_that_prove_a_deletion_stay() {
    let mut rig = Rig::of("bbs.example:80");
    let url = "http://bbs.example/1";
    let row = rig.hear(SUBMITTED, url);
    for (wait, status, body) in [
        (15 * MINUTE, 200, "第一次看"),
        (60 * MINUTE, 200, "第二次看"),
        (240 * MINUTE, 200, "抱歉，该帖子已被删除"),
        (60 * MINUTE, 404, "没有"),
    ] {
        rig.later(wait);
        rig.answers(url, status, body);
        assert_eq!(rig.sweeper.visit_due(20).await.unwrap(), 1);
    }
    assert!(rig.sweeper.reader.life(row).unwrap().deleted.is_some());
    let pages = |rig: &Rig| {
        let dir = rig.dir.path().join("evidence");
        let proofs = rig.sweeper.reader.proofs(1).unwrap();
        let body = |proof: &crate::store::Proof| {
            let bytes = vault::bytes(&dir, &proof.capture).unwrap();
            let record = vault::response(&bytes, &proof.capture.digest).unwrap();
            let found = proof.look.clone().unwrap();
            (found, String::from_utf8(record.http.unwrap().body).unwrap())
        };
        proofs.iter().map(body).collect::<Vec<_>>()
    };
    assert_eq!(pages(&rig).len(), 4);
    rig.later(20 * DAY);
    rig.sweeper.keeper().run(rig.now()).unwrap();
    let kept = [("there", "第二次看"), ("gone", "抱歉，该帖子已被删除"), ("gone", "没有")];
    assert_eq!(pages(&rig), kept.map(|(found, body)| (found.to_owned(), body.to_owned())));
}

#[tokio::test]
async fn a_visit_that_panics_is_told_and_the_others_are_made() {
    let mut rig = Rig::of("bbs.example:80");
    let rows = ["http://bbs.example/1", "http://bbs.example/2"].map(|url| rig.hear(SUBMITTED, url));
    rig.sweeper.fetcher = Arc::new(Fetcher::Made(Made(Box::new(|_| panic!("a fault")))));
    rig.later(15 * MINUTE);
    assert_eq!(rig.sweeper.visit_due(20).await.unwrap(), 2);
    assert_eq!(rows.map(|row| rig.last(row).1), [FAULT, FAULT]);
    assert_eq!(rig.due(), [] as [String; 0]);
}

#[tokio::test]
async fn a_round_that_took_too_long_leaves_the_rest_to_the_next() {
    let mut rig = Rig::of("bbs.example:80");
    let urls = ["http://bbs.example/1", "http://bbs.example/2", "http://bbs.example/3"];
    let plugins = [SUBMITTED, SUBMITTED, IMPORTED];
    for (url, plugin) in urls.iter().zip(plugins) {
        rig.hear(plugin, url);
    }
    rig.answers(urls[0], 404, "");
    rig.later(15 * MINUTE);
    for left in [2, 1, 0] {
        assert_eq!(rig.sweeper.visit_within(Duration::ZERO, 20).await.unwrap(), 1);
        assert_eq!(rig.due().len(), left);
    }
}

#[test]
fn new_posts_are_visited_before_a_backlog() {
    let rig = Rig::of("bbs.example:80");
    let old = rig.hear(SUBMITTED, "http://bbs.example/old");
    rig.db().execute("UPDATE revisit SET looks = 5 WHERE row = ?1", [old]).unwrap();
    rig.later(DAY);
    rig.hear(SUBMITTED, "http://bbs.example/new");
    rig.later(15 * MINUTE);
    assert_eq!(rig.due(), ["http://bbs.example/new", "http://bbs.example/old"]);
}

#[test]
fn a_quiet_incident_is_left_alone_until_something_happens_in_it() {
    let rig = Rig::of("bbs.example:80");
    let url = "http://bbs.example/1";
    let row = rig.hear(SUBMITTED, url);
    let looked = |views: u64| {
        let reactions = Reactions { views: Some(views), ..Reactions::default() };
        let look = Look { row, at: rig.now(), found: Found::There, detail: None, reactions, proof: None };
        rig.sweeper.store.looked(look).unwrap();
    };
    rig.later(DAY);
    looked(7);
    rig.later(29 * DAY);
    assert_eq!(rig.due(), [url]);
    looked(7);
    rig.later(2 * DAY);
    assert_eq!(rig.due(), [] as [&str; 0], "the same counts as before are no news");
    looked(8);
    rig.later(DAY);
    assert_eq!(rig.due(), [url]);
    rig.later(30 * DAY);
    assert_eq!(rig.due(), [] as [&str; 0]);
}

/// The sweep that reads it belongs to a watch that is swept once.
#[test]
fn a_page_that_was_handed_in_is_visited() {
    let rig = Rig::of("bbs.example:80");
    let url = "http://bbs.example/1";
    let watch = rig.sweeper.reader.watches().unwrap().remove(0).watch;
    let target = Target::Item(url.to_owned());
    let one_off = Watch { id: Watch::handed_in("feed", url), target, recorded: true, ..watch };
    let store = &rig.sweeper.store;
    store.put_watches(std::slice::from_ref(&one_off)).unwrap();
    let sweep = Some(store.begin_sweep(&one_off.id, NOW).unwrap());
    let (plugin, site) = ("feed".to_owned(), "s".to_owned());
    let batch = Batch { sweep, plugin: plugin.clone(), site: site.clone(), captured: NOW, posts: vec![prepared(url)] };
    store.ingest(batch).unwrap();
    rig.later(15 * MINUTE);
    assert_eq!(rig.due(), [] as [&str; 0]);
    let by = Caller { token: None, account: 1 };
    store.submit(Submission { plugin, site, at: rig.now(), prepared: prepared(url), note: None, by }).unwrap();
    rig.later(15 * MINUTE);
    assert_eq!(rig.due(), [url]);
}
