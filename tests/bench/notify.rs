//! What notices cost: queued in the transaction of what causes them, beside bare inserts of the same rows; and a thousand of one second,
//! until the last has left within its channel's limit, on a clock that is moved by hand.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use caifeng::clock::{Clock as _, SetClock};
use caifeng::current::Current;
use caifeng::incident::IncidentId;
use caifeng::incident::event::Role;
use caifeng::lang::Lang;
use caifeng::notify::channel::Notify;
use caifeng::notify::courier::{Courier, Load};
use caifeng::notify::dispatcher::Dispatcher;
use caifeng::notify::route::Routes;
use caifeng::notify::{Carried, Notice, Occasion, Tell};
use caifeng::plan::Plan;
use caifeng::store::model::{Batch, Prepared};
use caifeng::store::{Store, StoreError};
use caifeng::text::telling::Telling;
use caifeng_plugin_host::contract::{Kind, Post};
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};

use crate::report::{Figure, Goal};

const NOTICES: usize = 1_000;
const NOW: i64 = 1_800_000_000;
/// Messages a minute that a 企业微信 robot takes.
const LIMIT: usize = 20;

const CHANNEL: &str = "[[channel]]\nid = \"duty\"\nkind = \"wecom\"\ntell = [\"monitor\"]\n";

fn notice(incident: IncidentId) -> Notice {
    let tell = Tell { roles: vec![Role::Monitor], users: Vec::new() };
    Notice { incident: Some(incident), urgent: false, occasion: Occasion::Opened, tell }
}

/// Prints what queueing costs, and how long a thousand take to leave.
pub(crate) fn run(scratch: &Path) -> anyhow::Result<()> {
    let store = Store::open(&scratch.join("notify"), None)?;
    let incident = incident(&store)?;
    let bare = bare(&scratch.join("notify-bare.db"), &notice(incident))?;
    let (alone, start) = (NOTICES / 4, Instant::now());
    (0..alone).try_for_each(|_| store.queue_notice(notice(incident), NOW))?;
    let ours = micros(start, alone);
    let against = "SQLite, the same rows, synced one by one";
    Figure::new("notify.queue", ours, "µs a notice until on disk")
        .against(against, bare)
        .goal(Goal::AtMost(1.5))
        .print();
    let eight = storm(&store, incident, NOTICES - alone)?;
    Figure::new("notify.queue-8", eight, "µs a notice until on disk, eight at once").against(against, bare).print();
    let Left { seconds, messages, millis } = tokio::runtime::Runtime::new()?.block_on(leave(&store))?;
    // The first minute's share leaves at once.
    let least = (messages.saturating_sub(1) / LIMIT) as f64 * 60.0;
    Figure::new("notify.leave", seconds, "s until the last of 1,000 notices has left a robot of 20 messages a minute")
        .against("as many messages, exactly at that limit", least)
        .goal(Goal::AtMost(1.2))
        .print();
    Figure::new("notify.messages", messages as f64, "messages for 1,000 notices").print();
    Figure::new("notify.work", millis, "ms of work for all of them, receipts in the record included").print();
    Ok(())
}

fn micros(start: Instant, notices: usize) -> f64 {
    start.elapsed().as_secs_f64() * 1e6 / notices as f64
}

/// One that all notices are about.
fn incident(store: &Store) -> anyhow::Result<IncidentId> {
    let title = Some("城南水厂爆管，三个小区停水两天无人答复".to_owned());
    let post = Post { title, text: "停水".into(), ..Post::new(Kind::Post, "1", "http://bench.example/1") };
    let (tokens, signature, telling, links) = (String::new(), None, Telling::default(), Vec::new());
    let post = Prepared { post, tokens, signature, telling, links, topics: Some(Vec::new()), labels: Vec::new() };
    let (plugin, site) = ("feed".to_owned(), "bench.example".to_owned());
    let opened = store.ingest(Batch { sweep: None, plugin, site, captured: NOW, posts: vec![post] })?.opened;
    // What it tells by itself is told to nobody here.
    let nobody = Arc::new(Routes { channels: Vec::new(), quiet: None, zone: TimeZone::UTC });
    store.route_notices(&nobody, NOW)?;
    opened.first().copied().context("it was not opened")
}

/// Microseconds for each of many notices that eight callers queue at once.
fn storm(store: &Store, incident: IncidentId, notices: usize) -> anyhow::Result<f64> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let mine =
            |first: usize| (first..notices).step_by(8).try_for_each(|_| store.queue_notice(notice(incident), NOW));
        let callers: Vec<_> = (0..8).map(|first| scope.spawn(move || mine(first))).collect();
        callers.into_iter().try_for_each(|caller| caller.join().unwrap_or(Err(StoreError::Closed)))
    })?;
    Ok(micros(start, notices))
}

fn bare(path: &Path, notice: &Notice) -> anyhow::Result<f64> {
    let db = Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, incident INTEGER, urgent INTEGER,
                              body TEXT, routed INTEGER);
         CREATE INDEX unrouted ON outbox (id) WHERE routed IS NULL; CREATE INDEX by_incident ON outbox (incident, id)",
    )?;
    let body = serde_json::to_string(notice)?;
    let mut insert = db.prepare("INSERT INTO outbox (at, incident, urgent, body) VALUES (?1, NULL, 0, ?2)")?;
    let start = Instant::now();
    for _ in 0..NOTICES {
        insert.execute(params![NOW, body])?;
    }
    Ok(micros(start, NOTICES))
}

/// How a thousand left.
struct Left {
    /// By the clock, until the last.
    seconds: f64,
    messages: usize,
    /// Of work.
    millis: f64,
}

async fn leave(store: &Store) -> anyhow::Result<Left> {
    let clock = Arc::new(SetClock::new(NOW));
    let told = Arc::new(AtomicUsize::new(0));
    let messages = Arc::new(AtomicUsize::new(0));
    let counted = (Arc::clone(&told), Arc::clone(&messages));
    let take = move |load: &Load<'_>| {
        counted.0.fetch_add(load.items.len(), Ordering::Relaxed);
        counted.1.fetch_add(1, Ordering::Relaxed);
        Carried::Delivered
    };
    let channels = toml::from_str::<Notify>(CHANNEL)?.channels;
    let dispatcher = Dispatcher {
        store: store.clone(),
        reader: store.reader()?,
        courier: Arc::new(Courier::Made(Box::new(take))),
        routes: Current::new(Routes { channels, quiet: None, zone: TimeZone::UTC }),
        plan: Current::new(Plan::built_in().clone()),
        lang: Lang::Zh,
        link: Some("https://caifeng.example.gov.cn".to_owned()),
        clock: clock.clone(),
    };
    let start = Instant::now();
    dispatcher.route().await?;
    let mut by_minute = Vec::new();
    while told.load(Ordering::Relaxed) < NOTICES {
        let sent = dispatcher.round("duty").await?;
        by_minute.push(sent);
        let minute: usize = by_minute.iter().rev().take(60).sum();
        ensure!(minute <= LIMIT, "{minute} messages within a minute");
        ensure!(clock.now() < NOW + 3_600, "they do not leave");
        clock.set(clock.now() + 1);
    }
    ensure!(told.load(Ordering::Relaxed) == NOTICES, "none is told twice");
    let millis = start.elapsed().as_secs_f64() * 1e3;
    // The clock has moved on after the last.
    let seconds = (clock.now() - 1 - NOW) as f64;
    Ok(Left { seconds, messages: messages.load(Ordering::Relaxed), millis })
}
