//! What notices cost: queued in the transaction of what causes them, beside bare inserts of the same rows; and a thousand of one second,
//! until the last has left within its channel's limit, on a clock that is moved by hand.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::ensure;
use caifeng::clock::{Clock as _, SetClock};
use caifeng::incident::event::Role;
use caifeng::lang::Lang;
use caifeng::notify::channel::Notify;
use caifeng::notify::courier::{Courier, Load};
use caifeng::notify::dispatcher::Dispatcher;
use caifeng::notify::route::Routes;
use caifeng::notify::{Carried, Notice, Occasion, Tell};
use caifeng::plan::Plan;
use caifeng::store::Store;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};

use crate::report::{Figure, Goal};

const NOTICES: usize = 1_000;
const NOW: i64 = 1_800_000_000;
/// Messages a minute that a 企业微信 robot takes.
const LIMIT: usize = 20;

const CHANNEL: &str = "[[channel]]\nid = \"duty\"\nkind = \"wecom\"\ntell = [\"monitor\"]\n";

fn notice() -> Notice {
    let tell = Tell { roles: vec![Role::Monitor], users: Vec::new() };
    Notice { incident: None, urgent: false, occasion: Occasion::Opened, tell }
}

/// Prints what queueing costs, and how long a thousand take to leave.
pub(crate) fn run(scratch: &Path) -> anyhow::Result<()> {
    let store = Store::open(&scratch.join("notify"), None)?;
    let ours = queue(&store)?;
    let bare = bare(&scratch.join("notify-bare.db"))?;
    Figure::new("notify.queue", ours, "µs a notice until on disk, 8 at once")
        .against("SQLite, the same rows, synced one by one", bare)
        .goal(Goal::AtMost(1.5))
        .print();
    let (seconds, messages, millis) = tokio::runtime::Runtime::new()?.block_on(leave(&store))?;
    let least = NOTICES as f64 / 16.0 / LIMIT as f64 * 60.0;
    Figure::new("notify.leave", seconds, "s until the last of 1,000 has left a robot of 20 messages a minute")
        .against("as many full messages at the limit", least)
        .goal(Goal::AtMost(1.5))
        .print();
    Figure::new("notify.messages", messages, "messages for 1,000 notices").print();
    Figure::new("notify.work", millis, "ms of work for all of them").print();
    Ok(())
}

/// Microseconds for each of a thousand notices that eight callers queue at once.
fn queue(store: &Store) -> anyhow::Result<f64> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| (0..NOTICES / 8).try_for_each(|_| store.queue_notice(notice(), NOW))))
            .collect();
        callers.into_iter().try_for_each(|caller| caller.join().unwrap_or(Err(caifeng::store::StoreError::Closed)))
    })?;
    Ok(start.elapsed().as_secs_f64() * 1e6 / NOTICES as f64)
}

fn bare(path: &Path) -> anyhow::Result<f64> {
    let db = Connection::open(path)?;
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER, incident INTEGER, urgent INTEGER,
                              body TEXT, routed INTEGER);
         CREATE INDEX unrouted ON outbox (id) WHERE routed IS NULL; CREATE INDEX by_incident ON outbox (incident, id)",
    )?;
    let body = serde_json::to_string(&notice())?;
    let mut insert = db.prepare("INSERT INTO outbox (at, incident, urgent, body) VALUES (?1, NULL, 0, ?2)")?;
    let start = Instant::now();
    for _ in 0..NOTICES {
        insert.execute(params![NOW, body])?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / NOTICES as f64)
}

/// Seconds by the clock until all have left, messages, and milliseconds of work.
async fn leave(store: &Store) -> anyhow::Result<(f64, f64, f64)> {
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
        routes: Arc::new(Routes { channels, quiet: None, zone: TimeZone::UTC }),
        plan: Arc::new(Plan::built_in().clone()),
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
    let work = start.elapsed().as_secs_f64() * 1e3;
    Ok(((clock.now() - NOW) as f64, messages.load(Ordering::Relaxed) as f64, work))
}
