//! What a decision costs when much has happened: 10,000 open incidents with 1,000,000 events, beside a store with a
//! hundredth of that, and beside SQLite that syncs the same rows and knows nothing.
//!
//! The history is written as the program would have written it, hash by hash, but without asking it a million times.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use caifeng::incident::chain::{Hash, Record};
use caifeng::incident::event::Role;
use caifeng::incident::{Category, IncidentId};
use caifeng::store::model::{Batch, Prepared};
use caifeng::store::{Caller, Decision, Seen, Store, UserChange};
use caifeng::text::telling::Telling;
use caifeng_plugin_host::contract::{Kind, Post};
use rusqlite::{Connection, params};

use crate::report::{Figure, Goal, note, percentile};

/// Open incidents, and events of each.
const INCIDENTS: u64 = 10_000;
const EVENTS: u64 = 100;
/// Decisions that are timed.
const DECISIONS: u64 = 400;
const NOW: i64 = 1_800_000_000;

/// Prints what one decision takes until it is on disk.
pub(crate) fn run(scratch: &Path) -> anyhow::Result<()> {
    let (large, open_large) = store(&scratch.join("large"), INCIDENTS, EVENTS)?;
    let (small, open_small) = store(&scratch.join("small"), INCIDENTS / 100, EVENTS)?;
    let bare = Bare::open(&scratch.join("bare.db"))?;
    let (mut in_large, mut in_small, mut in_bare) = (Vec::new(), Vec::new(), Vec::new());
    // In turn, so that what else the machine does meets all three.
    for n in 0..DECISIONS {
        in_large.push(large.decide(n * 37 % INCIDENTS, n)?);
        in_small.push(small.decide(n * 37 % (INCIDENTS / 100), n)?);
        in_bare.push(bare.write(n)?);
    }
    let median = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        percentile(times, 0.5)
    };
    let (large_ms, small_ms, bare_ms) = (median(&mut in_large), median(&mut in_small), median(&mut in_bare));
    Figure::new("decide.median", large_ms, "ms until on disk, of 10,000 incidents with 1,000,000 events")
        .goal(Goal::AtMost(20.0))
        .print();
    Figure::new("decide.p99", percentile(&in_large, 0.99), "ms until on disk").print();
    Figure::new("decide.beside-bare", large_ms, "ms").against("SQLite, the same rows, synced", bare_ms).print();
    let hundredth = "a store with a hundredth of the history";
    Figure::new("decide.flat", large_ms, "ms").against(hundredth, small_ms).goal(Goal::AtMost(2.0)).print();
    Figure::new("decide.open", open_large, "ms to open the store").against(hundredth, open_small).print();
    Ok(())
}

/// A store in which somebody may decide.
struct Decider {
    store: Store,
    head: Caller,
}

impl Decider {
    /// Changes the level of an incident; how many milliseconds until it is on disk.
    fn decide(&self, incident: u64, n: u64) -> anyhow::Result<f64> {
        let level = ["iii", "iv"][usize::try_from(n % 2)?].to_owned();
        let seen = Seen { id: IncidentId::try_from(incident)? + 1, version: None };
        let decision = Decision::SetLevel { level, reason: "按预案调整".to_owned() };
        let start = Instant::now();
        self.store.decide(&self.head, seen, decision, NOW + 1_000 + i64::try_from(n)?)?;
        Ok(milliseconds(start.elapsed()))
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// So many open incidents with so many events each, and what opening the store took.
fn store(folder: &Path, incidents: u64, events: u64) -> anyhow::Result<(Decider, f64)> {
    let begun = Instant::now();
    let store = Store::open(folder, None)?;
    for first in (0..incidents).step_by(500) {
        let posts = (first..(first + 500).min(incidents)).map(post).collect();
        store.ingest(Batch {
            sweep: None,
            plugin: "feed".into(),
            site: "bench.example".into(),
            captured: NOW,
            posts,
        })?;
    }
    let head = head(&store)?;
    for id in 0..incidents {
        let decision =
            Decision::Assess { category: Category::Problem, level: Some("iv".into()), reason: "属实".into() };
        store.decide(&head, Seen { id: IncidentId::try_from(id)? + 1, version: None }, decision, NOW)?;
    }
    store.close();
    let total = remember(&folder.join("caifeng.db"), incidents, incidents * events)?;
    note(format_args!("decide: {incidents} incidents with {total} events in {:.0} s", begun.elapsed().as_secs_f64()));
    let start = Instant::now();
    let store = Store::open(folder, None)?;
    let took = milliseconds(start.elapsed());
    Ok((Decider { store, head }, took))
}

fn post(n: u64) -> Prepared {
    let post = Post {
        text: format!("第{n}件事"),
        ..Post::new(Kind::Post, n.to_string(), format!("http://bench.example/{n}"))
    };
    let (tokens, signature, telling, links) = (String::new(), None, Telling::default(), Vec::new());
    Prepared { post, tokens, signature, telling, links, topics: Some(Vec::new()), labels: Vec::new() }
}

/// A head of the leading group, added by administrators.
fn head(store: &Store) -> anyhow::Result<Caller> {
    let change = |by: &Caller, change| store.change_user(by, change, NOW).map(|changed| changed.token);
    let caller = |token| Caller { token, account: 0 };
    let add = |by: &Caller, name: &str, roles: Vec<Role>| {
        change(by, UserChange::Add { name: name.into(), roles }).map(caller)
    };
    let system = add(&caller(None), "system", vec![Role::System])?;
    let security = add(&system, "security", vec![Role::Security])?;
    let head = add(&system, "head", Vec::new())?;
    change(&security, UserChange::Roles { user: "head".into(), roles: vec![Role::Head] })?;
    Ok(head)
}

/// Appends notes to the chain until it has `total` events.
fn remember(file: &Path, incidents: u64, total: u64) -> anyhow::Result<u64> {
    let db = Connection::open(file)?;
    db.execute_batch("PRAGMA synchronous = OFF; BEGIN")?;
    let head = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1";
    let (mut seq, hash): (i64, [u8; 32]) = db.query_row(head, [], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let (mut prev, total) = (Hash(hash), i64::try_from(total)?);
    let (actor, seal) = (r#"{"actor":"person","user":"u3","role":"head","token":3}"#, "0".repeat(64));
    let mut insert =
        db.prepare("INSERT INTO event (seq, at, incident, actor, body, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    while seq < total {
        seq += 1;
        let incident = seq % i64::try_from(incidents)? + 1;
        let body = format!(r#"{{"event":"noted","note":{{"id":{seq},"seal":"{seal}"}}}}"#);
        prev = Record { seq, at: NOW, incident, actor, body: &body }.hash(&prev);
        insert.execute(params![seq, NOW, incident, actor, body, prev.0])?;
    }
    drop(insert);
    db.execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)").context("the history is not written")?;
    Ok(u64::try_from(seq)?)
}

/// A database that keeps rows of the same size and syncs them.
struct Bare(Connection);

impl Bare {
    fn open(path: &Path) -> anyhow::Result<Self> {
        let db = Connection::open(path)?;
        db.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE event (seq INTEGER PRIMARY KEY, actor TEXT, body TEXT, hash BLOB);
             CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT);
             CREATE TABLE incident (id INTEGER PRIMARY KEY, life TEXT);
             INSERT INTO incident VALUES (1, '')",
        )?;
        Ok(Self(db))
    }

    /// One event, its note and its snapshot, in one transaction.
    fn write(&self, n: u64) -> anyhow::Result<f64> {
        let (life, body) = ("x".repeat(2_500 + usize::try_from(n % 2)?), "y".repeat(130));
        let start = Instant::now();
        self.0.execute_batch("BEGIN IMMEDIATE")?;
        self.0.prepare_cached("INSERT INTO note (text) VALUES (?1)")?.execute(["按预案调整"])?;
        let insert = "INSERT INTO event (actor, body, hash) VALUES (?1, ?2, ?3)";
        self.0.prepare_cached(insert)?.execute(params!["z".repeat(55), body, [7_u8; 32]])?;
        self.0.prepare_cached("UPDATE incident SET life = ?1")?.execute([life])?;
        self.0.execute_batch("COMMIT")?;
        Ok(milliseconds(start.elapsed()))
    }
}
