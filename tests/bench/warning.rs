//! Early warning: what it costs to judge what is due, whatever is stored, and to replay a past.

use std::path::Path;
use std::time::Duration;

use caifeng::store::Store;
use caifeng::store::model::{Batch, Prepared};
use caifeng::text::telling::Telling;
use caifeng::warning::backtest::{Said, replay};
use caifeng::warning::known::{Hearing, Kind};
use caifeng_plugin_host::contract::{Kind as Form, Post};
use jiff::tz::TimeZone;

use crate::report::{Figure, Goal, cpu, note};

const HOUR: i64 = 3600;
/// When it is judged.
const NOW: i64 = 1_800_000_000;
/// Incidents that are judged, and a tenth of them to compare with.
const INCIDENTS: [u64; 2] = [1_000, 10_000];
/// Posts of each, besides the one that opens it: enough that all of it is worked out.
const ANSWERS: u64 = 5;
/// Posts of a replayed past.
const REPLAYED: i64 = 100_000;

/// Prints what judging costs an incident, beside fewer incidents and beside a longer history, and what a replay costs a post.
pub(crate) fn run(scratch: &Path) -> anyhow::Result<()> {
    let mut costs = Vec::new();
    for incidents in INCIDENTS {
        let store = Store::open(&scratch.join(format!("warning-{incidents}")), None)?;
        fill(&store, 0, incidents, NOW)?;
        costs.push(judged(&store, incidents)?);
        if incidents == INCIDENTS[1] {
            // As many again, forty days old: they are due once and never again.
            fill(&store, 1, incidents, NOW - 40 * 24 * HOUR)?;
            store.judge(NOW + 60, &TimeZone::UTC)?;
            // One more post each makes the first ones due again.
            answer(&store, incidents)?;
            costs.push(judged(&store, incidents)?);
        }
        store.close();
    }
    let micros = |cost: Duration| cost.as_secs_f64() * 1e6;
    Figure::new("warning.judge", micros(costs[1]), "us CPU per incident, 10,000 due")
        .against("1,000 due", micros(costs[0]))
        .goal(Goal::AtMost(1.3))
        .print();
    Figure::new("warning.judge.history", micros(costs[2]), "us CPU per incident, twice the history stored")
        .against("10,000 stored", micros(costs[1]))
        .goal(Goal::AtMost(1.3))
        .print();
    let said = (0..REPLAYED).map(|n| Said { at: n * 600 + n * n % 577, ..Said::default() }).collect();
    let start = cpu();
    let replayed = replay(said, Kind::Topic, &Hearing::default(), &TimeZone::UTC, 300);
    let each = (cpu() - start).as_secs_f64() * 1e6 / REPLAYED as f64;
    note(format_args!("replayed {} posts: {} warnings", replayed.posts, replayed.told.len()));
    Figure::new("warning.replay", each, "us CPU per post").print();
    Ok(())
}

/// Judges all that is due.
fn judged(store: &Store, incidents: u64) -> anyhow::Result<Duration> {
    let start = cpu();
    let told = store.judge(NOW + 120, &TimeZone::UTC)?;
    let spent = cpu() - start;
    note(format_args!("judged {incidents} incidents in {spent:?} of processor time: {told} warnings"));
    Ok(spent / u32::try_from(incidents)?)
}

/// Incidents with answers that were published in the hours before `at`.
fn fill(store: &Store, part: u64, incidents: u64, at: i64) -> anyhow::Result<()> {
    for first in (0..incidents).step_by(50) {
        let posts = (first..first + 50).flat_map(|incident| {
            (0..=ANSWERS).map(move |n| post(part * 1_000_000 + incident, n, at - 9 * HOUR + HOUR * n as i64))
        });
        store.ingest(batch(posts.collect(), at))?;
    }
    Ok(())
}

/// One more answer to each of the first part.
fn answer(store: &Store, incidents: u64) -> anyhow::Result<()> {
    for first in (0..incidents).step_by(50) {
        let posts = (first..first + 50).map(|incident| post(incident, 99, NOW + 100));
        store.ingest(batch(posts.collect(), NOW + 110))?;
    }
    Ok(())
}

fn batch(posts: Vec<Prepared>, captured: i64) -> Batch {
    Batch { sweep: None, plugin: "bench".to_owned(), site: "bench.example".to_owned(), captured, posts }
}

fn post(incident: u64, n: u64, published: i64) -> Prepared {
    let id = format!("{incident}-{n}");
    let post = Post {
        published: Some(published),
        parent: (n > 0).then(|| format!("{incident}-0")),
        ..Post::new(Form::Post, &id, format!("https://bench.example/{id}"))
    };
    Prepared {
        tokens: id,
        post,
        signature: None,
        telling: Telling::default(),
        links: Vec::new(),
        topics: Some(vec!["bench".to_owned()]),
        labels: Vec::new(),
    }
}
